"""The drawer and the inbox on real exchanges: two caches, one centre.

Long on purpose: what waits, what was refused and what lost are one morning of two devices.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.sync import status
from erp_desktop.sync.bundle.merging import merge
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.conflits.diff import mots
from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.interventions.history import HistoryTab
from erp_desktop.ui.kit.i18n import isolate
from erp_desktop.ui.synchro.cards import LigneJournal
from erp_desktop.ui.synchro.drawer import Panneau
from tests.ui.branch import Labo, Poste
from tests.ui.window import Bureau


@pytest.fixture
def theirs(labo: Labo) -> Poste:
    return labo.poste("atelier")


def _etat(window: Bureau, **known: object) -> EtatSync:
    found: list[EtatSync] = []
    window.tasks.run(lambda session: status.etat(session, **known), found.append)  # type: ignore[arg-type]
    window.settle()
    return found[0]


def _panel(window: Bureau, asked: list[str]) -> Panneau:
    contexte = window.workspace.contexte
    panel = Panneau(contexte, window.workspace, retry=lambda: asked.append("cycle"))
    panel.set_state(_etat(window, en_ligne=False, prochain_essai_s=42.0))
    panel.toggle()
    window.settle()
    return panel


def test_a_waiting_change_is_shown_old_to_new_and_taken_back(
    qtbot: QtBot, labo: Labo, mine: Poste, window: Bureau
) -> None:
    assert labo.salma is not None
    pk = labo.monde.interventions[3]
    mine.edit(labo.salma.user_id, "interventions", pk, titre="Capteur remplacé", statut="annulee")
    panel = _panel(window, [])
    assert panel.head.tiles["attente"].figure.text() == "1"
    change = next(c for c in panel.changes if c.sortant.table == "interventions")
    said = change.values.accessibleName() if change.values is not None else ""
    assert "Titre" in said
    assert "Capteur remplacé" in said
    assert "Annulée" in said
    qtbot.mouseClick(change.abandon_button, Qt.MouseButton.LeftButton)
    window.settle()
    assert panel.changes == []
    assert mine.value("interventions", pk, "titre") == "Capteur de niveau silo instable"
    assert mine.value("interventions", pk, "statut") == "ouverte"
    with Cache(mine.path) as cache:
        assert cache.value("SELECT count(*) FROM sync_outbox") == 0
        assert cache.value("SELECT count(*) FROM historiques_interventions") == 0
        assert cache.value("SELECT muet FROM _sync_session") == 0
    assert mine.cycle().pushed == 0


def test_a_refusal_says_why_and_goes_again(
    qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau
) -> None:
    client = labo.refusal(mine, theirs)
    panel = _panel(window, [])
    assert panel.head.tiles["refuses"].figure.text() == "1"
    change = panel.changes[0]
    assert change.sortant.refus == "Cet ICE appartient déjà à un autre client."
    with qtbot.waitSignal(panel.open_record) as corrected:
        qtbot.mouseClick(change.correct_button, Qt.MouseButton.LeftButton)
    assert corrected.args == ["clients", client]
    qtbot.mouseClick(change.resend_button, Qt.MouseButton.LeftButton)
    window.settle()
    assert [c.sortant.refus for c in panel.changes] == [None]
    theirs.edit(labo.nadia.user_id if labo.nadia else 0, "clients", labo.monde.clients[0], ice="001532097000099")
    theirs.cycle()
    assert mine.cycle().pushed == 1
    panel.reload()
    window.settle()
    assert panel.changes == []


def test_a_refusal_is_abandoned(qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau) -> None:
    client = labo.refusal(mine, theirs)
    panel = _panel(window, [])
    qtbot.mouseClick(panel.changes[0].abandon_button, Qt.MouseButton.LeftButton)
    window.settle()
    assert mine.value("clients", client, "ice") is None
    assert _etat(window).refuses == 0


def test_the_drawer_counts_down_asks_for_a_cycle_and_shows_the_journal(
    qtbot: QtBot, labo: Labo, mine: Poste, window: Bureau
) -> None:
    assert labo.salma is not None
    mine.edit(labo.salma.user_id, "clients", labo.monde.clients[0], ville="Rabat")
    mine.cycle()
    asked: list[str] = []
    panel = _panel(window, asked)
    assert panel.head.countdown.text() == "prochain essai dans 0:42"
    later = {f"prochain essai dans 0:{left:02d}" for left in range(42)}
    qtbot.waitUntil(lambda: panel.head.countdown.text() in later)
    qtbot.mouseClick(panel.head.retry_button, Qt.MouseButton.LeftButton)
    assert asked == ["cycle"]
    assert panel.head.line_button is None
    qtbot.mouseClick(panel.head.journal_button, Qt.MouseButton.LeftButton)
    assert any("1 envoyé" in line.accessibleName() for line in panel.findChildren(LigneJournal))
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.isHidden()


def test_the_first_copy_and_own_work_are_not_received(
    qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau
) -> None:
    assert labo.salma is not None
    assert labo.nadia is not None
    panel = _panel(window, [])
    mine.edit(labo.salma.user_id, "interventions", labo.monde.interventions[2], titre="Le mien")
    mine.cycle()
    panel.reload()
    window.settle()
    assert panel.tabs["recus"].text() == "Interventions reçues aujourd’hui 0"
    theirs.cycle()
    theirs.edit(labo.nadia.user_id, "interventions", labo.monde.interventions[3], titre="Le leur")
    theirs.cycle()
    mine.cycle()
    panel.reload()
    window.settle()
    assert panel.tabs["recus"].text() == "Interventions reçues aujourd’hui 1"


def test_the_switch_follows_the_line(qtbot: QtBot, window: Bureau) -> None:
    line = {"up": True}
    contexte = window.workspace.contexte
    panel = Panneau(
        contexte, window.workspace, retry=lambda: None, set_line=lambda up: line.update(up=up),
        line_up=lambda: line["up"],
    )  # fmt: skip
    panel.set_state(_etat(window, en_ligne=True))
    button = panel.head.line_button
    assert button is not None
    assert button.text() == "Couper la ligne"
    assert panel.head.retry_button.text() == "Échanger maintenant"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not line["up"]
    assert button.text() == "Rétablir la ligne"
    # Given back elsewhere, or by the drawer of another language.
    line["up"] = True
    panel.set_state(_etat(window, en_ligne=False))
    assert button.text() == "Couper la ligne"
    assert panel.head.retry_button.text() == "Réessayer maintenant"


def test_a_conflict_shows_three_versions_and_keeping_mine_is_undone(
    qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau
) -> None:
    pk = labo.conflict(mine, theirs)
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    window.settle()
    rows = {row.conflit.champ: row for row in page.rows}
    assert set(rows) == {"priorite", "diagnostic", "plan"}
    assert rows["plan"].mine.value.accessibleName().strip() == "Karim Alaoui"
    assert rows["plan"].theirs.value.accessibleName().strip() == "Hind Berrada"
    assert "Joint racleur" in rows["diagnostic"].mine.value.accessibleName()
    assert rows["priorite"].mine.value.accessibleName().endswith("Basse")
    assert all(row.height() < 200 for row in page.rows), "a card takes the height of its text"
    assert mine.value("interventions", pk, "priorite") == "normale"
    button = rows["priorite"].mine.button
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    window.settle()
    assert mine.value("interventions", pk, "priorite") == "basse"
    assert not next(row for row in page.rows if row.conflit.champ == "priorite").open
    qtbot.keyClick(window.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    window.settle()
    assert mine.value("interventions", pk, "priorite") == "normale"
    assert next(row for row in page.rows if row.conflit.champ == "priorite").open


def test_records_and_lines_stay_under_the_pointer_until_they_are_asked_to_move(
    qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau
) -> None:
    assert labo.salma is not None
    first = labo.conflict(mine, theirs)
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    window.settle()
    aimed, choices = page.list.entries[0], page.rows[0]
    QTest.mouseMove(aimed)
    qtbot.waitUntil(lambda: page.held.aimed)
    spot = aimed.mapTo(page, QPoint(0, 0))
    second = labo.conflict(mine, theirs, 3)
    window.bus.publish("interventions", second)
    qtbot.waitUntil(page.held.isVisible)
    window.settle()
    assert page.held.text() == "1 changement, relire"
    assert page.list.entries == [aimed]
    assert page.rows[0] is choices
    assert aimed.mapTo(page, QPoint(0, 0)) == spot
    qtbot.mouseClick(page.held, Qt.MouseButton.LeftButton)
    assert [entry.dossier.cle[1] for entry in page.list.entries] == [second, first]
    assert page.held.isHidden()
    # An editor that is open keeps them wherever the pointer is; one's own choice is shown at once.
    QTest.mouseMove(window.workspace.nav, QPoint(5, 5))
    row = next(row for row in page.rows if row.conflit.champ == "diagnostic")
    row.edit()
    assert page.held.aimed
    page.decide(row.conflit, "theirs")
    window.settle()
    assert not next(row for row in page.rows if row.conflit.champ == "diagnostic").open
    assert not page.held.aimed
    # The drawer's lines likewise, and they follow once the pointer is away.
    panel = _panel(window, [])
    before = panel.changes
    QTest.mouseMove(panel._area.viewport(), QPoint(20, 20))
    qtbot.waitUntil(lambda: panel.held.aimed)
    mine.edit(labo.salma.user_id, "clients", labo.monde.clients[0], ville="Rabat")
    window.bus.publish("clients", labo.monde.clients[0])
    qtbot.waitUntil(panel.held.isVisible)
    assert panel.changes == before
    QTest.mouseMove(window.workspace.nav, QPoint(5, 5))
    qtbot.waitUntil(lambda: len(panel.changes) == len(before) + 1)
    assert panel.held.isHidden()


def test_conflicts_are_settled_from_the_keyboard(
    qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau
) -> None:
    pk = labo.conflict(mine, theirs)
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    window.settle()

    def row(name: str) -> object:
        found = next(r for r in page.rows if r.conflit.champ == name)
        found.setFocus(Qt.FocusReason.TabFocusReason)
        return found

    qtbot.keyClick(row("priorite"), Qt.Key.Key_L)
    window.settle()
    qtbot.keyClick(row("plan"), Qt.Key.Key_M)
    window.settle()
    qtbot.keyClick(row("diagnostic"), Qt.Key.Key_E)
    editor = next(r for r in page.rows if r.conflit.champ == "diagnostic").editor
    assert editor is not None
    assert editor.text is not None
    editor.text.setPlainText("Fuite côté tige. Prévoir rechromage.")
    editor.text.setFocus()
    qtbot.keyClick(editor.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    window.settle()
    assert mine.value("interventions", pk, "priorite") == "normale"
    assert mine.value("interventions", pk, "technicien_id") == labo.monde.techniciens[0]
    assert mine.value("interventions", pk, "diagnostic") == "Fuite côté tige. Prévoir rechromage."
    assert [entry.text() for entry in page.list.entries if not entry.dossier.ouverts]
    mine.cycle()
    theirs.cycle()
    assert theirs.value("interventions", pk, "diagnostic") == "Fuite côté tige. Prévoir rechromage."


def test_keeping_everything_is_one_act(labo: Labo, mine: Poste, theirs: Poste, window: Bureau) -> None:
    pk = labo.conflict(mine, theirs)
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    window.settle()
    page.decide_all("mine")
    window.settle()
    assert mine.value("interventions", pk, "priorite") == "basse"
    assert mine.value("interventions", pk, "technicien_id") == labo.monde.techniciens[0]
    assert _etat(window).conflits == 0
    window.window.toaster.toasts[-1].undo()
    window.settle()
    assert mine.value("interventions", pk, "priorite") == "normale"
    assert _etat(window).conflits == 3


def test_what_was_settled_before_today_is_asked_for_and_a_record_leads_to_its_history(
    qtbot: QtBot, labo: Labo, mine: Poste, theirs: Poste, window: Bureau
) -> None:
    pk = labo.conflict(mine, theirs)
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    window.settle()
    assert page.list.history is None, "nothing was settled yet"
    before = clock.now()
    page.decide_all("theirs")
    window.settle()
    entry = next(one for one in page.list.entries if not one.dossier.ouverts)
    # The minute may turn meanwhile.
    minutes = tuple(clock.local(moment).strftime("%H:%M") for moment in (before, clock.now()))
    assert entry.accessibleName().endswith(minutes)
    long_ago = clock.now() - timedelta(days=40)
    with transaction(mine.engine(), write=True) as session:
        told = sa.text("UPDATE sync_conflits SET resolu_a = :a WHERE resolu IS NOT NULL")
        session.execute(told, {"a": clock.to_text(long_ago)})
    page.reload()
    window.settle()
    assert page.list.entries == []
    assert page.list.history is not None
    assert page.list.history.text() == "Réglés auparavant · 3"
    qtbot.mouseClick(page.list.history, Qt.MouseButton.LeftButton)
    window.settle()
    (past,) = page.list.entries
    day = clock.local(long_ago).strftime("%d/%m à %H:%M")
    assert past.accessibleName().endswith(f"la leur · le {day}")
    assert [row.conflit.resolu for row in page.rows] == ["theirs"] * 3
    assert page.list.history is not None
    assert page.list.history.text() == "Masquer l’historique"
    qtbot.mouseClick(page.history_button, Qt.MouseButton.LeftButton)
    window.settle()
    record = window.workspace.tabs.page(f"interventions/{pk}")
    assert isinstance(record, RecordPage)
    assert isinstance(record.panel.parts[record.panel.tabs.current() - 1], HistoryTab)
    # A form that is open already is brought to its history too.
    record.panel.tabs.set_current(0)
    page = window.workspace.open_section("conflits")
    assert isinstance(page, ConflitsPage)
    qtbot.mouseClick(page.history_button, Qt.MouseButton.LeftButton)
    window.settle()
    assert isinstance(record.panel.parts[record.panel.tabs.current() - 1], HistoryTab)
    page = window.workspace.open_section("conflits")
    assert page.list.history is not None
    qtbot.mouseClick(page.list.history, Qt.MouseButton.LeftButton)
    window.settle()
    assert page.list.entries == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a b c", "a b c", [("a b c", "egal")]),
        ("Normale", "Haute", [("Normale", "retire"), ("", "saut"), ("Haute", "ajoute")]),
        ("", "Haute", [("Haute", "ajoute")]),
        (
            "La tige de ce vérin fuit beaucoup depuis lundi matin.",
            "La tige de ce vérin fuit un peu depuis lundi matin.",
            [
                ("La tige de ce vérin fuit ", "egal"),
                ("beaucoup", "retire"),
                ("un peu", "ajoute"),
                (" depuis lundi matin.", "egal"),
            ],
        ),
    ],
)
def test_words_are_compared(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert [(part.texte, part.genre) for part in mots(old, new)] == expected


def test_a_stick_goes_to_the_head_office_and_comes_back(
    labo: Labo, mine: Poste, theirs: Poste, window: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert labo.salma is not None
    mine.cycle()
    pk = labo.monde.interventions[3]
    mine.edit(labo.salma.user_id, "interventions", pk, titre="Capteur remplacé")
    theirs.edit(labo.salma.user_id, "interventions", pk, diagnostic="Sonde encrassée")
    theirs.cycle()
    stick = tmp_path / "cle"
    stick.mkdir()
    panel = _panel(window, [])
    by_hand = panel.by_hand
    assert by_hand is not None
    by_hand._settings = window.settings.model_copy(
        update={"data_dir": mine.path.parent, "cache_name": mine.path.name}
    )

    def ended() -> None:
        window.qtbot.waitUntil(lambda: not by_hand.work.busy, timeout=30_000)
        window.settle()

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(stick))
    QTest.mouseClick(by_hand.export_button, Qt.MouseButton.LeftButton)
    ended()
    (bundle,) = stick.iterdir()
    assert by_hand.export_button.hasFocus()
    assert (
        by_hand.told.text()
        == f"Paquet 1 écrit : 1 changement(s), 0 document(s). Portez {isolate(bundle.name)} au siège."
    )
    answer = merge(labo.url, bundle, stick).fichier
    told: list[object] = []
    window.workspace.contexte.bus.data_changed.connect(lambda changes, _who: told.append(set(changes)))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(answer), ""))
    QTest.mouseClick(by_hand.import_button, Qt.MouseButton.LeftButton)
    ended()
    assert by_hand.told.text().startswith("Réponse 1 reprise : 1 changement(s) pris par le siège, ")
    assert (mine.value("interventions", pk, "diagnostic"), panel.changes) == ("Sonde encrassée", [])
    assert [tables for tables in told if "interventions" in tables] != []
    QTest.mouseClick(by_hand.import_button, Qt.MouseButton.LeftButton)
    ended()
    assert by_hand.told.text().startswith("Rien de nouveau")
    bundle.write_bytes(bundle.read_bytes()[:300])
    by_hand.import_from(bundle)
    ended()
    assert by_hand.told.text().startswith("Ce paquet part vers le centre")
