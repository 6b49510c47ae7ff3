"""A refusal for the client's ICE: the draft takes the one of the record, a numbered invoice keeps its own."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.domain.factures.saisie import FactureInput
from erp_desktop.models import DemandeValidation
from erp_desktop.services import clients, factures
from erp_desktop.ui.factures.bar import InvoiceBar
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.surfaces import Banner
from tests.services.factures.office import law, line, validate
from tests.ui.company import Monde
from tests.ui.window import Bureau

ICE, MISTYPED = "001525713000097", "001525713000079"
REFUSED = "Le client Conserveries Atlas n'a pas d'ICE, obligatoire à partir de 10 000,00 MAD : complétez sa fiche."


@pytest.fixture
def draft(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> int:
    """A draft above what asks for an ICE, of a client who has none."""
    assert bureau.window
    assert monde.responsable is not None
    law(sqlite_engine)
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        session.execute(sa.text("UPDATE sync_meta SET valeur = 'agence' WHERE cle = 'mode'"))
        asked = FactureInput(client_id=monde.clients[0])
        made = factures.create(session, monde.responsable, asked)
        factures.ajouter(session, monde.responsable, made, line("12000"))
    return made


def muted(engine: sa.Engine, text: str, **values: object) -> None:
    """Written as an exchange brings it."""
    with transaction(engine) as session:
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        session.execute(sa.text(text), values)
        session.execute(sa.text("UPDATE _sync_session SET muet = 0"))


def requests(engine: sa.Engine) -> list[str]:
    with transaction(engine, write=False) as session:
        return list(session.scalars(sa.select(DemandeValidation.etat).order_by(DemandeValidation.id)))


def complete(bureau: Bureau, monde: Monde, engine: sa.Engine, ice: str) -> None:
    """The client's record gets an ICE elsewhere in the window."""
    assert monde.responsable is not None
    with transaction(engine, monde.responsable.user_id) as session:
        clients.update(session, monde.responsable, monde.clients[0], {"ice": ice})
    bureau.bus.publish("clients", monde.clients[0])
    bureau.settle()


def opened(bureau: Bureau, pk: int) -> InvoiceBar:
    record = bureau.workspace.open_record("factures", pk)
    assert isinstance(record, RecordPage)
    bureau.settle()
    bar = record.panel.findChild(InvoiceBar)
    assert isinstance(bar, InvoiceBar)
    return bar


def told(bar: InvoiceBar) -> list[str]:
    return [b.label.text() for b in bar.findChildren(Banner) if b.isVisible()]


def act(bar: InvoiceBar, words: str) -> list[Button]:
    return [b for b in bar.findChildren(Button) if b.text() == words and b.isVisible()]


@pytest.mark.parametrize("langue", ["fr", "ar"])
def test_a_refused_draft_takes_the_ice_that_the_record_has_since(
    qtbot: QtBot, qapp: QApplication, bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, draft: int, langue: str
) -> None:
    i18n.set_language(qapp, langue)
    theme.install(qapp, theme.LIGHT)
    take = {"fr": "Prendre l’ICE de la fiche", "ar": "أخذ المعرّف الموحد من البطاقة"}[langue]
    client = {"fr": "Ouvrir la fiche du client", "ar": "فتح بطاقة الزبون"}[langue]
    with transaction(sqlite_engine) as session:
        session.add(DemandeValidation(facture_id=draft, agence_id=monde.agence, total_ttc="14400", etat="en_attente"))
    muted(sqlite_engine, "UPDATE demandes_validation SET etat = 'refusee', motif = :m", m=REFUSED)
    bar = opened(bureau, draft)
    assert not act(bar, take)
    # No ICE yet: the record is where it is completed.
    (go,) = act(bar, client)
    go.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(go, Qt.Key.Key_Return)
    bureau.settle()
    assert f"clients/{monde.clients[0]}" in bureau.workspace.tabs.keys
    opened(bureau, draft)
    # One whose check digits are wrong is none.
    complete(bureau, monde, sqlite_engine, MISTYPED)
    assert not act(bar, take)
    complete(bureau, monde, sqlite_engine, ICE)
    (go,) = act(bar, take)
    assert ICE in " ".join(told(bar))
    go.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(go, Qt.Key.Key_Return)
    bureau.settle()
    assert requests(sqlite_engine) == ["refusee", "en_attente"]
    assert not act(bar, take)


def test_a_numbered_invoice_keeps_its_own_and_says_what_to_do(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, draft: int
) -> None:
    validate(SimpleNamespace(engine=sqlite_engine), draft)  # type: ignore[arg-type]
    rejected = "UPDATE factures SET statut_transmission = 'rejetee', motif_rejet = :m, client_fige = :c"
    frozen = '{"nom": "Conserveries Atlas", "ice": null}'
    muted(sqlite_engine, rejected, m="L'ICE du client est celui d'une autre société", c=frozen)
    bar = opened(bureau, draft)
    assert not any("numérotée" in words for words in told(bar))
    complete(bureau, monde, sqlite_engine, ICE)
    (words,) = [w for w in told(bar) if "numérotée" in w]
    assert ICE in words
    assert "rendez-la par un avoir" in words
    assert not act(bar, "Prendre l’ICE de la fiche")
    assert "avoir" in bar.buttons
    # On a small screen at 200 % both take several lines, and the page scrolls rather than squeeze them.
    bureau.window.setMinimumSize(0, 0)
    bureau.window.resize(683, 364)
    bar.setMaximumWidth(300)
    bureau.settle()
    for shown in (one for one in bar.findChildren(QWidget) if one.isVisible()):
        place = shown.geometry().translated(shown.parentWidget().mapTo(bar, QPoint()))
        assert bar.rect().contains(place), shown
        assert shown.height() >= shown.minimumSizeHint().height(), shown
    with sqlite_engine.connect() as connection:
        frozen = connection.scalar(sa.text("SELECT client_fige FROM factures WHERE id = :i"), {"i": draft})
    assert ICE not in frozen
