"""Two at one record: what somebody wrote since it was shown is never written over unseen."""

from __future__ import annotations

import sqlalchemy as sa
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.models import Client
from erp_desktop.services import clients
from erp_desktop.ui.forms.page import RecordPage
from tests.ui.company import Monde
from tests.ui.window import Bureau


def test_a_field_that_somebody_changed_meanwhile_is_shown_first_and_kept_from_an_undo(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    acteur = monde.responsable
    assert acteur is not None

    def elsewhere(**changes: object) -> None:
        # Another window: nothing tells this one.
        with transaction(sqlite_engine, acteur.user_id) as session:
            clients.update(session, acteur, ident, changes)

    def there() -> tuple[str | None, str | None]:
        with transaction(sqlite_engine, write=False) as session:
            row = session.get_one(Client, ident)
            return row.ville, row.telephone

    with transaction(sqlite_engine, write=False) as session:
        ident = session.scalars(sa.select(Client.id).order_by(Client.id).limit(1)).one()
    page = bureau.workspace.open_record("clients", ident)
    assert isinstance(page, RecordPage)
    bureau.settle()
    panel = page.panel

    def typed(name: str, words: str) -> None:
        panel.fields.editors[name].show_value("")
        qtbot.keyClicks(panel.fields.editors[name].inner, words)

    elsewhere(ville="Agadir", telephone="+212522000001")
    typed("ville", "Safi")
    panel.save()
    bureau.settle()
    assert there()[0] == "Agadir"
    said = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert any("Votre saisie de Ville est gardée" in words for words in said), said
    assert panel.fields.readable()["ville"] == "Safi"
    # Seen, it is the person's to decide; what they did not touch stays the other's.
    panel.save()
    bureau.settle()
    assert there() == ("Safi", "+212522000001")
    assert not panel.dirty
    # What is kept otherwise than it was typed is undone like anything else.
    typed("telephone", "0522 00 00 02")
    panel.save()
    bureau.settle()
    assert there()[1] == "+212522000002"
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    assert there() == ("Safi", "+212522000001")
    typed("ville", "Taza")
    panel.save()
    bureau.settle()
    # An undo gives back what was saved here, not what somebody wrote over it.
    undo = bureau.window.toaster.toasts[-1].undo
    elsewhere(ville="Essaouira")
    undo()
    bureau.settle()
    assert there()[0] == "Essaouira"
    told = bureau.window.toaster.toasts[-1].findChild(QLabel)
    assert isinstance(told, QLabel)
    assert told.text().startswith("Quelqu’un a changé cette fiche depuis")
