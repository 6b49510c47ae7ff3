"""The journal of acts and one person's data, through real widgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.saisie import LigneInput
from erp_desktop.models import Client, User
from erp_desktop.services import clients, interventions
from erp_desktop.settings import Mode
from erp_desktop.ui.administration.page import AdministrationPage
from erp_desktop.ui.audit import OpenBar, changed, where
from erp_desktop.ui.audit.page import AuditPage
from erp_desktop.ui.audit.people_page import PeoplePage
from erp_desktop.ui.audit.tab import RecordHistoryTab
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.kit.surfaces import Banner
from tests.ui.company import Monde
from tests.ui.window import Bureau

WAIT = 30_000


@pytest.fixture
def bureau(
    qtbot: QtBot, worker: DbWorker, monde: Monde, sqlite_engine: sa.Engine, tmp_path: Path
) -> Iterator[Bureau]:
    assert monde.responsable is not None
    with transaction(sqlite_engine) as session:
        session.get_one(User, monde.responsable.user_id).role = "admin"
    made = Bureau(qtbot, worker, replace(monde.responsable, role=Role.ADMIN), tmp_path)
    made.settings.mode = Mode.AUTONOME
    yield made
    assert made.failures == []


def texts(widget: object) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))  # type: ignore[attr-defined]


def test_a_manager_reads_who_did_what_and_opens_the_record(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    client, acteur = monde.clients[0], bureau.acteur
    with transaction(sqlite_engine, acteur.user_id) as session:
        clients.update(session, acteur, client, {"contact": "Fatima Lahlou", "telephone": "0522111222"})
        interventions.ajouter_ligne(
            session, acteur, monde.interventions[0],
            LigneInput(type_ligne="autre", designation="Joint", quantite=Decimal(2), prix_unitaire=Decimal(5)),
        )  # fmt: skip
    page = bureau.workspace.open_section("audit")
    assert isinstance(page, AuditPage)
    bureau.settle()
    assert page.findChildren(Banner) == [], "a stand-alone file has it all"
    page.filter.set_text("table:clients acte:modification fiche:atlas")
    qtbot.waitUntil(lambda: page.model.rowCount() == 1, timeout=WAIT)
    page.view.select_place(0)
    qtbot.waitUntil(lambda: page.form.record is not None, timeout=WAIT)
    bureau.settle()
    act = page.form.record
    assert {line.split(" : ")[0] for line in changed(act)} == {"Contact", "Téléphone"}
    assert "Contact : — → Fatima Lahlou" in changed(act)
    assert where(act) == "Ce poste, pas encore envoyé"
    page.filter.set_text("acte:ligne_ajoutee")
    bureau.settle()
    assert page.model.rowCount() == 1
    page.view.select_place(0)
    qtbot.waitUntil(lambda: page.form.record is not None and page.form.record.id != act.id, timeout=WAIT)
    # Named as the form of a line names them.
    assert {line.split(" : ")[0] for line in changed(page.form.record)} == {
        "Désignation", "Quantité", "Prix unitaire"
    }  # fmt: skip
    page.filter.set_text("table:clients acte:modification fiche:atlas")
    bureau.settle()
    page.view.select_place(0)
    qtbot.waitUntil(lambda: page.form.record is not None and page.form.record.id == act.id, timeout=WAIT)
    bureau.settle()
    bar = page.form.bar
    assert isinstance(bar, OpenBar)
    assert not bar.isHidden()
    bar.button.click()
    bureau.settle()
    record = bureau.workspace.page
    assert isinstance(record, RecordPage)
    assert record.panel.row_id == client
    history = next(p for p in record.panel.parts if isinstance(p, RecordHistoryTab))
    qtbot.waitUntil(lambda: "Fatima Lahlou" in texts(history), timeout=WAIT)
    assert "Création" in texts(history)
    # Read only, and one sentence for a period that ends before it begins.
    assert not page.form.save()


def test_a_person_is_erased_after_the_plan_was_read_and_the_name_typed(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot, tmp_path: Path
) -> None:
    client = monde.clients[0]
    with transaction(sqlite_engine) as session:
        row = session.get_one(Client, client)
        row.contact, row.notes = "Fatima Zahra Lahlou", "Mme Lahlou Fatima Zahra rappelle"
    admin = bureau.workspace.open_section("administration")
    assert isinstance(admin, AdministrationPage)
    bureau.settle()
    admin.show_room("personnes")
    page = admin.room
    assert isinstance(page, PeoplePage)
    assert not page.plan_button.isEnabled()
    page.person.line.setText("lahlou")
    page.person.settle()
    qtbot.waitUntil(page.plan_button.isEnabled, timeout=WAIT)
    page.write(tmp_path / "extrait.csv")
    bureau.settle()
    assert "Fatima Zahra Lahlou" in (tmp_path / "extrait.csv").read_text(encoding="utf-8-sig")
    # Two letters stand in texts about anybody; a plan of other names than those typed is none.
    page.others.setText("Mme Lahlou ; de")
    page.plan_button.click()
    bureau.settle()
    assert "ne nomme personne" in page.fields["aussi"].error.label.text()
    page.others.clear()
    page.plan_button.click()
    qtbot.waitUntil(lambda: "Effacé, ici et sur chaque poste" in texts(page), timeout=WAIT)
    page.others.setText("Mme Lahlou")
    bureau.settle()
    assert page._plan is None
    page.others.clear()
    page.plan_button.click()
    qtbot.waitUntil(lambda: "Effacé, ici et sur chaque poste" in texts(page), timeout=WAIT)
    assert not page.erase_button.isEnabled()
    page.confirm.setText("fatima zahra lahlou")
    assert page.erase_button.isEnabled()
    page.reference.setText("Fatima Zahra Lahlou")
    page.erase_button.click()
    qtbot.waitUntil(
        lambda: "ne doit pas nommer la personne" in page.fields["reference"].error.label.text(), timeout=WAIT
    )
    page.reference.setText("DEM-3")
    page.erase_button.click()
    qtbot.waitUntil(lambda: page.person.value() is None, timeout=WAIT)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        row = session.get_one(Client, client)
        assert (row.contact, row.notes) == (None, "Mme (effacé) rappelle")
        assert session.scalar(sa.text("SELECT reference FROM effacements")) == "DEM-3"
    # The legal rates have a screen, written by administrators alone.
    admin.show_room("legaux")
    bureau.settle()
    assert admin.room is not None
    assert admin.room.new_record()
