"""Contracts through real widgets: from draft to renewal, machines, quotas, the proposal in an intervention."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput, CouvertureInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.models import Contrat, Intervention
from erp_desktop.services import contrats
from erp_desktop.services.contrats import amendments, periods
from erp_desktop.ui.contrats.amendments import AmendmentsTab
from erp_desktop.ui.contrats.bar import ContractBar
from erp_desktop.ui.contrats.delays import DelaysTab
from erp_desktop.ui.contrats.history import ContractHistoryTab
from erp_desktop.ui.contrats.jobs import JobsTab
from erp_desktop.ui.contrats.machines import MachinesTab
from erp_desktop.ui.contrats.periods import PeriodsTab
from erp_desktop.ui.contrats.schedule import ScheduleTab
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.kit.surfaces import CountChip
from erp_desktop.ui.printing.preview import PreviewWindow
from tests.reports.papers.invoices import pages
from tests.ui.company import Monde
from tests.ui.window import Bureau


def said(field: QWidget) -> str:
    return field.error.label.text()  # type: ignore[attr-defined,no-any-return]


def words(widget: QWidget) -> str:
    return " | ".join(label.text() for label in widget.findChildren(Text) if label.isVisibleTo(widget))


def plain_words(widget: QWidget) -> str:
    """Without the marks that keep figures together."""
    return re.sub("[\u2066-\u2069]", "", words(widget)).replace("\u202f", " ").replace("\u00a0", " ")


@pytest.fixture
def contrat(monde: Monde, sqlite_engine: sa.Engine) -> int:
    """A running contract of two jobs that covers the first machine and ends in twenty days; two jobs are done."""
    who, today = monde.responsable, clock.today()
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        ident = contrats.create(
            session, who,
            ContratInput(client_id=monde.clients[0], date_debut=today - timedelta(days=200), preavis_jours=30,
                         date_fin=today + timedelta(days=20), nb_interventions_incluses=1, heures_incluses=10),
        )  # fmt: skip
        contrats.changer_statut(session, who, ident, StatutContrat.EN_COURS)
        contrats.couvrir(session, who, ident, CouvertureInput(equipement_id=monde.machines[0], du=today))
        for number, row in enumerate(monde.interventions[:1] + monde.interventions[-1:]):
            job = session.get_one(Intervention, row)
            job.contrat_id, job.statut, job.duree_reelle, job.diagnostic = ident, "cloturee", 90, "Joint usé"
            job.date_debut_travaux = datetime.now(UTC) - timedelta(days=9 - number)
            job.date_fin_travaux = job.date_debut_travaux + timedelta(minutes=90)
    return ident


def _file(folder: Path) -> Path:
    made = folder / "signe.pdf"
    made.write_bytes(b"%PDF-1.4 signed")
    return made


def test_a_contract_is_typed_validated_renewed_and_its_quota_overruled(
    bureau: Bureau, contrat: int, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    page = bureau.liste("contrats")
    assert page.model.rowCount() == 1
    page.view.select_id(contrat)
    bureau.settle()
    form = page.form
    bar, machines, delays, done, quotas, schedule, _amendments, files, past = form.bar, *form.parts
    assert isinstance(bar, ContractBar)
    assert isinstance(delays, DelaysTab)
    assert isinstance(files, DocumentsTab)
    delays.done.line.setText("1,5")
    delays.add()
    bureau.settle()
    assert "Urgente" in words(delays)
    assert "1\u00a0h\u00a030" in words(delays)
    files.attach([_file(tmp_path)])
    bureau.settle()
    assert "signe.pdf" in words(files)
    assert isinstance(machines, MachinesTab)
    assert isinstance(quotas, PeriodsTab)
    assert isinstance(schedule, ScheduleTab)
    assert words(schedule).startswith("Donnez le montant annuel")
    # What calls for a look, above the acts.
    assert "À renouveler dans 20 jours." in words(bar)
    assert "Quota dépassé : 200 %." in words(bar)
    assert list(bar.buttons) == ["renouveler", "suspendu", "resilie"]

    # An end before its beginning: a sentence under the field, and what was typed stays.
    end = form.fields.editors["date_fin"]
    end.line.setText("01/01/2020")
    end.changed.emit()
    form.save()
    bureau.settle()
    assert said(form.fields.rows["date_fin"]) == "Le contrat finit avant de commencer."
    assert end.line.text() == "01/01/2020"
    form.cancel()
    bureau.settle()

    # The schedule follows from the terms: a part of a hundred days past, the one that runs, cut short by the end.
    for name, text in (("montant_annuel", "120 000"), ("revision_pct", "2,5"), ("indice", "Clause 7")):
        form.fields.editors[name].line.setText(text)
        form.fields.editors[name].changed.emit()
    form.fields.editors["mode_facturation"].show_value("trimestriel")
    form.fields.editors["mode_facturation"].changed.emit()
    form.save()
    bureau.settle()
    assert [one.numero for one in schedule.shown] == [1, 2, 3]
    assert [one.montant for one in schedule.shown[:2]] == [30_000, 30_000]
    assert schedule.shown[2].au == clock.today() + timedelta(days=20)
    assert 0 < schedule.shown[2].montant < 30_000
    assert "Révisé de 2,5 % à chaque anniversaire (Clause 7). 2 échéances passées, 60" in plain_words(schedule)

    # On paper, from the form: its terms, its quota, its machine, what is invoiced.
    form.print_button.click()
    bureau.settle()
    (preview,) = bureau.window.findChildren(PreviewWindow)
    # Wholly on the screen, with the bar that a window manager draws over it.
    room = preview.screen().availableGeometry()
    assert preview.height() + 40 <= room.height()
    assert preview.width() <= room.width()
    qtbot.waitUntil(lambda: bool(preview.pages), timeout=30_000)
    preview.keep(tmp_path / "contrat.pdf")
    qtbot.waitUntil((tmp_path / "contrat.pdf").exists, timeout=30_000)
    told = "\n".join(pages((tmp_path / "contrat.pdf").read_bytes())[0]).replace("\u202f", " ")
    for line in ("Résumé de contrat", "120 000,00 MAD trimestrielle — 2,5 % · Clause 7", "2 / 1 3 / 10 1"):
        assert line in told
    assert f"{schedule.shown[2].au:%d/%m/%Y} {schedule.shown[2].montant:,.2f}".replace(",", " ").replace(
        ".", ","
    ) in told  # fmt: skip
    preview.close()

    # The job beyond the quota is billed, until a responsable says otherwise and why.
    form.tabs.set_current(2)
    bureau.settle()
    assert isinstance(done, JobsTab)
    assert "2 / 1" in plain_words(quotas)
    # 201 days of 221 have gone by.
    assert "épuisé ; 2 à la fin au rythme actuel" in plain_words(quotas)
    assert "rythme tenu : 3 h 18 à la fin" in plain_words(quotas)
    assert "Interventions incluses : 2 / 1 · Heures incluses : 3 h / 10" in plain_words(done)
    jobs = done.jobs
    billed = next(one for one in jobs._found if one.imputation == "a_facturer")
    assert billed.id == monde.interventions[-1]
    listed = list(jobs._found)
    assert "la section Interventions" not in plain_words(jobs)
    jobs.show_jobs(contrat, listed * 40)
    assert "Les 60 premières sur 80 : la section Interventions les montre toutes." in plain_words(jobs)
    jobs.show_jobs(contrat, listed)
    jobs.buttons[billed.id].click()
    assert jobs.motive is not None
    qtbot.keyClick(jobs.motive, Qt.Key.Key_Return)
    assert jobs.motive.property("invalid")
    qtbot.keyClicks(jobs.motive, "Geste comm")
    assert done.draft() == {"intervention": billed.id, "motif": "Geste comm"}
    # A change of this contract meanwhile, and another record, leave the reason and its place.
    bureau.bus.publish("contrats", contrat)
    bureau.settle()
    form.open_record(None)
    bureau.settle()
    assert done.draft() == {}
    form.open_record(contrat)
    bureau.settle()
    assert done.draft() == {"intervention": billed.id, "motif": "Geste comm"}
    assert jobs.motive.text() == "Geste comm"
    qtbot.keyClicks(jobs.motive, "ercial")
    qtbot.keyClick(jobs.motive, Qt.Key.Key_Return)
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        job = session.get_one(Intervention, billed.id)
        assert (job.imputation, job.imputation_motif) == ("contrat", "Geste commercial")
        (period,) = periods.lister(session, bureau.acteur, contrat)
        assert (period.interventions, period.hors_quota) == (2, 0)

    # A period that overlaps another is refused under its field.
    for name, text in (("du", "01/01/2026"), ("au", (clock.today() + timedelta(days=5)).strftime("%d/%m/%Y"))):
        quotas.fields[name].editor.line.setText(text)  # type: ignore[attr-defined]
    quotas.fields["du"].editor.line.setText(clock.today().strftime("%d/%m/%Y"))  # type: ignore[attr-defined]
    quotas.add()
    bureau.settle()
    assert said(quotas.fields["du"]).startswith("Ces dates chevauchent la période 1")
    quotas.restore({})

    # A machine taken off and brought back by the toast's undo stays one line.
    form.tabs.set_current(1)
    bureau.settle()
    assert "Sertisseuse SR-03" in words(machines)
    machines.add()
    bureau.settle()
    assert said(machines.fields["equipement_id"]) == "Ce champ est obligatoire."

    # What happened and what is to come, told from the facts.
    assert isinstance(past, ContractHistoryTab)
    told = plain_words(past)
    order = [told.index(one) for one in ("Fin du contrat", "Équipement couvert Sertisseuse SR-03", "Contrat créé")]
    assert order == sorted(order), "the latest first"
    assert "Période 1" in told
    assert "Nadia Chraibi" in told

    # Renewed for a year, then suspended with its reason.
    bar.buttons["renouveler"].click()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        after = session.get_one(Contrat, contrat).date_fin
        assert after is not None
        assert 384 <= (after - clock.today()).days <= 386
    bar.buttons["suspendu"].click()
    bar.confirm()
    assert bar.motive.property("invalid")
    qtbot.keyClicks(bar.motive, "Factures en retard")
    qtbot.keyClick(bar.motive, Qt.Key.Key_Return)
    bureau.settle()
    assert "Factures en retard" in words(bar)
    assert list(bar.buttons) == ["en_cours", "resilie"]
    page.search("statut:suspendu")
    bureau.settle()
    assert page.model.rowCount() == 1


def test_what_is_to_be_renewed_is_counted_and_one_click_away(
    bureau: Bureau, contrat: int, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    page = bureau.liste("contrats")

    def counted() -> list[str]:
        return [one.text() for one in page.chips.chips() if isinstance(one, CountChip)]

    assert counted() == ["À renouveler 1", "Quota dépassé 1"]
    assert [one.text() for one in page.chips.chips()].count("À renouveler") == 0, "said once"
    chip = next(one for one in page.chips.chips() if isinstance(one, CountChip))
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert (page.filter.text(), list(page.model.ids)) == ("renouveler:60", [contrat])
    assert counted() == ["Quota dépassé 1"]
    assert "À renouveler : Sous 60 jours" in [one.text().replace("\u202f", " ") for one in page.chips.chips()]
    page.filter.set_text("")
    with transaction(sqlite_engine, write=True) as session:
        session.get_one(Contrat, contrat).date_fin = clock.today() + timedelta(days=61)
    page.reload()
    qtbot.waitUntil(lambda: counted() == ["À renouveler", "Quota dépassé 1"])


def test_choosing_a_machine_fills_its_contract_in_and_says_why(
    bureau: Bureau, contrat: int, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste("interventions")
    page.new_record()
    bureau.settle()
    fields = page.form.fields
    machine, target, row = fields.editors["equipement_id"], fields.editors["contrat_id"], fields.rows["contrat_id"]
    machine.choose(monde.machines[1], "Broyeur BR-07")  # type: ignore[attr-defined]
    bureau.settle()
    assert target.value() is None
    machine.choose(monde.machines[0], "Sertisseuse SR-03")  # type: ignore[attr-defined]
    bureau.settle()
    assert target.value() == contrat
    assert "couvre cet équipement jusqu’au" in row.notice.label.text()
    fields.editors["titre"].line.setText("Sertisseuse bloquée")  # type: ignore[attr-defined]
    page.form.save()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        newest = session.scalars(sa.select(Intervention).order_by(Intervention.id.desc())).first()
        assert newest is not None
        assert (newest.titre, newest.contrat_id) == ("Sertisseuse bloquée", contrat)


def test_an_amendment_says_what_changes_and_from_when_and_is_taken_back(
    bureau: Bureau, contrat: int, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste("contrats")
    page.view.select_id(contrat)
    bureau.settle()
    (tab,) = (part for part in page.form.parts if isinstance(part, AmendmentsTab))
    page.form.show_part(tab)
    assert tab.subject.inner.hasFocus()

    def amend(subject: str, value: str, day: str) -> None:
        qtbot.keyClicks(tab.subject.line, subject)
        tab.term.show_value("montant_annuel")
        tab._term_changed()
        qtbot.keyClicks(tab.number.line, value)
        tab.fields["date_effet"].editor.line.setText(day)  # type: ignore[attr-defined]
        qtbot.keyClick(tab.number.line, Qt.Key.Key_Return)
        bureau.settle()

    def amount() -> object:
        with transaction(sqlite_engine, write=False) as session:
            return session.scalar(sa.select(Contrat.montant_annuel).where(Contrat.id == contrat))

    today = clock.today()
    amend("Machine de plus", "120000", f"{today:%d/%m/%Y}")
    assert amount() == 120_000
    assert "Machine de plus" in words(tab)
    amend("Prix de l'an prochain", "130000", f"{today + timedelta(days=10):%d/%m/%Y}")
    assert amount() == 120_000, "its day has not come"
    assert "pas encore dans le contrat" in words(tab)
    amend("Rien", "120000", f"{today:%d/%m/%Y}")
    assert said(tab.fields["valeur"]) == "Le contrat a déjà cette valeur."
    tab.restore({})
    with transaction(sqlite_engine, write=False) as session:
        first = next(a for a in amendments.amendments(session, bureau.acteur, contrat) if a.numero == 1)
    tab._remove(first)
    bureau.settle()
    assert amount() is None, "the contract has its former value back"
    bureau.window.toaster._undo_last()
    bureau.settle()
    assert amount() == 120_000
