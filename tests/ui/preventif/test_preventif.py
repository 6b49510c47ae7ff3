"""Preventive maintenance through real widgets: a plan typed, its visits made, a date skipped, points answered."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.preventif.checklist import ChecklistInput, PointInput
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.models import Contrat, ContratEquipement, Equipement, Intervention, Occurrence, Planning, Releve
from erp_desktop.services import interventions
from erp_desktop.services.checklists import models
from erp_desktop.services.preventif import form, generation
from erp_desktop.ui.equipements.meters import MetersTab
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.interventions.checklist import ChecklistTab
from erp_desktop.ui.kit.i18n import isolate
from erp_desktop.ui.preventif.bar import PlanBar
from erp_desktop.ui.preventif.dates import DatesTab
from erp_desktop.ui.preventif.page import PlansPage
from erp_desktop.ui.preventif.parts import PartsTab
from tests.ui.company import MACHINES, Monde
from tests.ui.contrats.test_contrats import plain_words, said
from tests.ui.window import Bureau


def counted(engine: sa.Engine, what: type[object]) -> int:
    with transaction(engine, write=False) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(what)) or 0


def test_a_plan_is_typed_generated_and_decided_of(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste("preventif")
    assert isinstance(page, PlansPage)
    told = " ".join(label.text() for label in page.stack.currentWidget().findChildren(QLabel))
    assert "Aucun plan de maintenance" in told
    assert "Un plan crée ses interventions tout seul" in told
    assert page.new_record()
    bureau.settle()
    form = page.form
    bar, dates, parts, *_ = form.bar, *form.parts
    assert isinstance(bar, PlanBar)
    assert isinstance(dates, DatesTab)
    assert isinstance(parts, PartsTab)
    edit = form.fields.editors
    edit["equipement_id"].choose(monde.machines[0], "Machine")
    edit["modele_titre"].line.setText("Graissage du palettiseur")
    edit["frequence"].show_value("rrule")
    edit["date_debut"].line.setText(f"{clock.today():%d/%m/%Y}")
    # A rule that never ends: a sentence under its field, and nothing is lost.
    edit["recurrence"].line.setText("FREQ=WEEKLY;INTERVAL=0")
    form.save()
    bureau.settle()
    assert said(form.fields.rows["recurrence"]).startswith("Cette règle ne finit jamais")
    assert edit["modele_titre"].line.text() == "Graissage du palettiseur"
    edit["recurrence"].line.setText("freq=weekly")
    edit["saison_debut"].show_value("3")
    form.save()
    bureau.settle()
    assert said(form.fields.rows["saison_fin"]) == "Une saison a un premier et un dernier mois."
    edit["saison_debut"].show_value("")
    form.save()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert session.scalars(sa.select(Planning.recurrence)).all() == ["FREQ=WEEKLY"]
    assert page.model.rowCount() == 1
    assert "Prochaines dates" in plain_words(dates)

    # What would be made is shown first: Esc makes nothing, Enter all of it.
    page.view.setFocus()
    for key, made in ((Qt.Key.Key_Escape, 0), (Qt.Key.Key_Return, 13)):
        qtbot.keyClick(bureau.window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
        bureau.settle()
        assert page.forecast.title.text().startswith("13 visites")
        first, *told = (page.forecast.table.item(0, n).text() for n in range(3))
        assert told == [isolate(MACHINES[0][0]), isolate("Graissage du palettiseur")]
        qtbot.keyClick(page.forecast.table, key)
        bureau.settle()
        assert not page.forecast.isVisible()
        assert page.view.hasFocus()
        assert counted(sqlite_engine, Occurrence) == made
    qtbot.keyClick(bureau.window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    assert not page.forecast.isVisible(), "nothing is missing any more"
    with transaction(sqlite_engine, write=False) as session:
        made_first = session.scalar(sa.select(sa.func.min(Occurrence.date_cible)))
    assert first == isolate(f"{made_first:%d/%m/%Y}")
    assert counted(sqlite_engine, Occurrence) == 13
    assert "visites en" in page.figures.text()
    assert sum(w.ahead for w in page.load.weeks) > 0
    page.show_year(page.year + 1)
    bureau.settle()
    assert page.load.year == page.year

    # One date is skipped with a reason; without one, the sentence is under its field.
    with transaction(sqlite_engine, write=False) as session:
        first = session.scalars(sa.select(Occurrence).order_by(Occurrence.date_prevue)).first()
        assert first is not None
        ident = first.id
    line = next(one for one in _listed(bureau, dates) if one.id == ident)
    dates._aim(line)
    dates.skip()
    bureau.settle()
    assert said(dates.fields["motif"]) == "Ce champ est obligatoire."
    dates.motive.show_typed("Usine fermée")
    dates.skip()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        assert session.get_one(Occurrence, ident).etat == "sautee"
    # What follows is moved by as many days as the date aimed at.
    with transaction(sqlite_engine, write=False) as session:
        before = session.scalars(sa.select(Occurrence.date_cible).where(Occurrence.etat == "generee")).all()
    dates._aim(_listed(bureau, dates)[0])
    dates.day.show_value(dates._at.date_cible + timedelta(days=2))
    dates.motive.show_typed("Arrêt de ligne")
    dates.shift()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        after = session.scalars(sa.select(Occurrence.date_cible).where(Occurrence.etat == "generee")).all()
    assert sorted(after) == sorted(day + timedelta(days=2) for day in before)
    bar.buttons["suspendu"].click()
    bureau.settle()
    assert list(bar.buttons) == ["actif", "termine"]
    # Neither the pause nor the end, one press each, is without a way back.
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    assert list(bar.buttons) == ["suspendu", "termine"]
    bar.buttons["termine"].click()
    bureau.settle()
    assert bar.buttons == {}
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    assert list(bar.buttons) == ["suspendu", "termine"]


def _listed(bureau: Bureau, dates: DatesTab) -> list[object]:
    from erp_desktop.services.preventif import occurrences

    found: list[object] = []
    contexte = dates._panel.contexte
    row_id = dates._row_id
    assert row_id is not None
    contexte.tasks.run(lambda s: occurrences.lister(s, contexte.acteur, row_id), found.extend)
    bureau.settle()
    return found


def test_a_checklist_is_answered_in_the_form_and_a_meter_is_read(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        job = session.get_one(Intervention, monde.interventions[0])
        session.get_one(Equipement, job.equipement_id).type_equipement = "Presse"
        liste = models.create(session, who, ChecklistInput(nom="Visite de presse", type_equipement="Presse"), [
            PointInput(libelle="Carter en place"),
            PointInput(libelle="Pression", type_point="mesure", unite="bar", minimum="5", maximum="7"),
        ])  # fmt: skip
        job.checklist_id, job.checklist_version, machine = liste, 1, job.equipement_id
        job.statut, job.technicien_id = Statut.OUVERTE.value, None
    page = bureau.liste("interventions")
    page.view.select_id(monde.interventions[0])
    bureau.settle()
    tab = next(p for p in page.form.parts if isinstance(p, ChecklistTab))
    (yes,) = (i for i, v in tab.buttons if v == "oui")
    (measure,) = tab.entries
    tab.entries[measure].setText("beaucoup")
    tab._typed(measure)
    bureau.settle()
    assert "nombre" in tab.errors[measure].label.text()
    assert tab.entries[measure].text() == "beaucoup"
    tab.entries[measure].setText("9,5")
    tab._typed(measure)
    bureau.settle()
    tab.buttons[yes, "oui"].click()
    bureau.settle()
    told = plain_words(tab)
    assert "En défaut : Pression." in told
    assert "9,5 bar" in told
    tab.follow_up()
    bureau.settle()
    with transaction(sqlite_engine, write=False) as session:
        follow = session.scalars(
            sa.select(Intervention).where(Intervention.origine_id == monde.interventions[0])
        ).one()
        assert follow.titre.endswith("Pression")
        assert interventions.get(session, who, follow.id).equipement_id == machine

    machines = bureau.liste("equipements")
    machines.view.select_id(machine)
    bureau.settle()
    meters = next(p for p in machines.form.parts if isinstance(p, MetersTab))
    meters.name.show_typed("Heures")
    meters.add()
    bureau.settle()
    ((meter, fields),) = meters.readings.items()
    fields["valeur"].editor.line.setText("1 250,5")  # type: ignore[attr-defined]
    meters.read(meter)
    bureau.settle()
    assert counted(sqlite_engine, Releve) == 1
    fields = meters.readings[meter]
    fields["valeur"].editor.line.setText("1200")  # type: ignore[attr-defined]
    meters.read(meter)
    bureau.settle()
    assert said(fields["valeur"]).startswith("Le dernier relevé est de 1250.5")
    checklists = bureau.liste("checklists")
    assert checklists.model.rowCount() == 1


def test_an_overloaded_week_is_smoothed_after_a_look_and_given_back(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    who = monde.responsable
    assert who is not None
    day = clock.today() + timedelta(days=14 - clock.today().weekday())
    values = {"equipement_id": monde.machines[0], "frequence": "annuel", "date_debut": day,
              "tolerance_avant": 7, "tolerance_apres": 7, "modele_duree_estimee": 3000}  # fmt: skip
    with transaction(sqlite_engine, who.user_id) as session:
        for title in ("Révision", "Vidange", "Contrôle"):
            form.create(session, who, PlanInput(modele_titre=title, **values))
        generation.generer(session, who)

    def days() -> list[date]:
        with transaction(sqlite_engine, write=False) as session:
            return sorted(session.scalars(sa.select(Occurrence.date_cible)))

    page = bureau.liste("preventif")
    assert isinstance(page, PlansPage)
    page.show_year(day.year)
    bureau.settle()
    button = page.load.smooth_button
    assert button.isVisible()
    assert str(day.isocalendar().week) in button.text()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    bureau.settle()
    panel = page.smoothing.panel
    assert panel.isVisible()
    assert panel.table.item(0, 0).text() == isolate(f"{day:%d/%m/%Y}")
    qtbot.keyClick(panel.table, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert days() == [day] * 3, "nothing is written before it is confirmed"
    button.click()
    bureau.settle()
    moved = panel.table.rowCount()
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    bureau.settle()
    assert sum(one != day for one in days()) == moved > 0
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    assert days() == [day] * 3


def test_an_empty_list_begins_with_a_machine_under_contract(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    page = bureau.liste("preventif")
    assert isinstance(page, PlansPage)
    assert page.from_contracts.button is None, "no contract, no offer"
    today = clock.today()

    def contract(machine: int, **values: object) -> Contrat:
        dates = {"statut": "en_cours", "date_debut": today - timedelta(days=30), **values}
        return Contrat(numero_contrat=f"C-{machine}", client_id=monde.clients[MACHINES[machine][1]],
                       type_contrat="maintenance_preventive", agence_id=monde.agence, **dates)  # fmt: skip

    with transaction(sqlite_engine) as session:
        kept, over, draft = (
            contract(1),
            contract(0, date_fin=today - timedelta(days=1)),
            contract(2, statut="brouillon"),
        )
        session.add_all([kept, over, draft])
        session.flush()
        for one, machine in ((kept, 1), (over, 0), (draft, 2)):
            session.add(ContratEquipement(contrat_id=one.id, equipement_id=monde.machines[machine],
                                          du=today - timedelta(days=20), agence_id=monde.agence))  # fmt: skip
        session.get_one(Equipement, monde.machines[3]).contrat_id = kept.id
    page.reload()
    bureau.settle()
    offer = page.from_contracts
    assert offer.words is not None
    assert offer.words.text() == "Équipements sous contrat sans plan : 2. Contrats en vigueur : 1."
    assert offer.button is not None
    assert offer.button.isVisible()
    assert offer.menu is not None
    offer.button.click()
    assert offer.menu.isVisible()
    names = [action.text() for action in offer.menu.actions()]
    assert len(names) == 2
    assert MACHINES[1][0] in names[0]
    offer.menu.actions()[0].trigger()
    offer.menu.hide()
    bureau.settle()
    begun = bureau.workspace.page
    assert isinstance(begun, RecordPage)
    assert begun.panel.spec.kind == "preventif"
    assert begun.panel.fields.editors["equipement_id"].value() == monde.machines[1]
    assert counted(sqlite_engine, Planning) == 0, "nothing is saved"


def test_a_plan_that_cannot_be_read_stops_no_other_and_both_are_told(
    bureau: Bureau, monde: Monde, qtbot: QtBot, sqlite_engine: sa.Engine
) -> None:
    who = monde.responsable
    assert who is not None
    values = {"equipement_id": monde.machines[0], "date_debut": clock.today(), "frequence": "rrule"}
    with transaction(sqlite_engine, who.user_id) as session:
        form.create(session, who, PlanInput(modele_titre="Vidange", recurrence="FREQ=YEARLY", **values))
        torn = form.create(session, who, PlanInput(modele_titre="Contrôle", recurrence="FREQ=WEEKLY", **values))
        session.flush()
        # As an older program, or a console, may have left it.
        session.execute(sa.update(Planning).where(Planning.id == torn).values(recurrence="FREQ=WEEKLY;INTERVAL=0"))
    page = bureau.liste("preventif")
    assert isinstance(page, PlansPage)
    page.generate_button.click()
    bureau.settle()
    assert page.forecast.table.rowCount() == 1
    qtbot.keyClick(page.forecast.table, Qt.Key.Key_Return)
    bureau.settle()
    assert counted(sqlite_engine, Occurrence) == 1
    made, refused = (toast.accessibleName() for toast in bureau.window.toaster.toasts[-2:])
    assert made == "1 visite créée, 0 retirée"
    assert refused.startswith("Cette règle ne finit jamais")
