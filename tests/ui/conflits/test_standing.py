"""The inbox says whose version a record has: the centre's, a closing's with its hours, a number given."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.controls import Button, Text
from tests.ui.branch import Labo, Poste
from tests.ui.conflits.test_merging import page_of
from tests.ui.window import Bureau

MINE = {
    "fr": "Votre version s’applique déjà ; choisissez champ par champ", "ar": "نسختك سارية؛ اختر حقلًا حقلًا",
    "en": "Your version already applies; choose field by field",
}  # fmt: skip


def words(page: ConflitsPage) -> str:
    return " | ".join(text.text() for text in page.findChildren(Text) if text.isVisible())


@pytest.mark.parametrize("langue", ["fr", "ar", "en"])
def test_the_begin_that_a_closing_took_along_is_said_to_stand(
    labo: Labo, mine: Poste, window: Bureau, qtbot: QtBot, qapp: QApplication, langue: str
) -> None:
    assert labo.salma is not None
    assert labo.nadia is not None
    i18n.set_language(qapp, langue)
    theme.install(qapp, theme.LIGHT)
    theirs, pk, now = labo.poste("atelier"), labo.monde.interventions[0], clock.now()
    begun, corrected = mine.value("interventions", pk, "date_debut_travaux"), clock.to_text(now - timedelta(hours=2))
    theirs.edit(labo.nadia.user_id, "interventions", pk, date_debut_travaux=corrected)
    mine.edit(labo.salma.user_id, "interventions", pk, statut="cloturee", diagnostic="Joint usé",
              date_fin_travaux=clock.to_text(now), date_cloture=clock.to_text(now))  # fmt: skip
    theirs.cycle()
    mine.cycle()
    assert mine.value("interventions", pk, "date_debut_travaux") == begun
    page = page_of(window)
    (row,) = page.rows
    assert row.conflit.champ == "travaux"
    assert row.conflit.tient == "mine"
    assert MINE[langue] in words(page)
    assert row.accessibleName().endswith(
        {"fr": "la mienne s’applique", "ar": "نسختي سارية", "en": "mine applies"}[langue]
    )
    # Theirs taken from the keyboard, it stands on both.
    row.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(row, Qt.Key.Key_L)
    window.settle()
    mine.cycle()
    theirs.cycle()
    assert [p.value("interventions", pk, "date_debut_travaux") for p in (mine, theirs)] == [corrected] * 2


def test_where_the_centres_stands_it_is_said_as_before_and_what_differs_is_named(
    labo: Labo, mine: Poste, window: Bureau
) -> None:
    theirs = labo.poste("atelier")
    labo.conflict(mine, theirs)
    page = page_of(window)
    assert {row.conflit.tient for row in page.rows} == {"theirs"}
    assert "La version du siège s’applique déjà ; choisissez" in words(page)
    assert "la mienne s’applique" not in words(page)
    # Typed again here since, without the inbox: it is mine that stands now.
    assert labo.salma is not None
    (field,) = (row.conflit for row in page.rows if row.conflit.champ == "diagnostic")
    mine.edit(labo.salma.user_id, "interventions", field.pk, diagnostic=field.mien)
    page.reload()
    window.settle()
    assert "La version du siège s’applique déjà, la vôtre pour « Diagnostic » ; choisissez" in words(page).replace(
        "\u00a0", " "
    )


def test_a_number_that_the_centre_gave_offers_nothing_to_keep(mine: Poste, window: Bureau) -> None:
    db = mine.cache.db
    db.execute(
        "INSERT INTO sync_conflits (id, nom_table, pk, colonne, politique, mien, leur, quand, a_decider) "
        "VALUES (1, 'avenants', 9, 'numero', 'centre_seul', '2', '3', ?, 0)", (clock.to_text(clock.now()),),
    )  # fmt: skip
    page = page_of(window)
    page.list.entries[0].click()
    window.settle()
    told = words(page).replace("\u00a0", " ")
    assert "Rien à choisir : le siège a renuméroté" in told
    assert "« 2 » était déjà pris sur un autre poste : le siège a donné « 3 »." in told
    assert [b.text() for b in page.findChildren(Button) if b.isVisible() and b.text().startswith("Garder")] == []
