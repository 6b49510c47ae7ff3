"""Preventive visits made on several replicas at once: one date, one intervention, whatever the order of exchanges."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from erp_desktop import clock
from erp_desktop.cli import preventif as command
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role, StatutPlanning
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.rythme import Rythme, dates
from erp_desktop.domain.preventif.saisie import PieceInput, PlanInput, SautInput
from erp_desktop.services import calendrier, interventions
from erp_desktop.services.preventif import form, generation, occurrences, parts
from tests.sync.histories.play import TWICE
from tests.sync.lab import Device, Lab

COUNTS = (
    "SELECT (SELECT count(*) FROM occurrences), (SELECT count(*) FROM interventions WHERE occurrence_id IS NOT NULL)"
    ", (SELECT count(*) FROM lignes_intervention WHERE planning_piece_id IS NOT NULL)"
)


def person(device: Device, lab: Lab) -> Acteur:
    user = lab.value("SELECT min(id) FROM users WHERE role = 'responsable'")
    return Acteur(user, "R", Role.RESPONSABLE, device.agence_id, device.agence, device.poste)


def do(device: Device, lab: Lab, act: Any, *values: Any, **named: Any) -> Any:
    """One act of the branch's responsable on a desktop."""
    who = person(device, lab)
    with transaction(device.engine, who.user_id) as session:
        return act(session, who, *values, **named)


def at_the_centre(lab: Lab, until: date | None = None) -> generation.Bilan:
    engine = create_pg_engine(lab.url)
    lab.engines.append(engine)
    with transaction(engine) as session:
        return generation.generer(session, calendrier.ADMINISTRATION, jusqu_au=until)


@pytest.fixture
def planned(lab: Lab) -> tuple[Lab, int]:
    """A weekly plan with a part of a machine of CAS, known to three desktops of the branch."""
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    devices = [lab.device() for _ in range(3)]
    plan = do(devices[0], lab, form.create, PlanInput(
        equipement_id=lab.ids("equipements")[0], modele_titre="Graissage", frequence="hebdomadaire",
        date_debut=clock.today(),
    ))  # fmt: skip
    do(devices[0], lab, parts.ajouter, plan, PieceInput(piece_id=lab.ids("pieces_detachees")[0]))
    lab.settle()
    return lab, plan


def settled(lab: Lab) -> None:
    lab.settle(10)
    for device in lab.devices:
        assert device.parked() == []
        assert device.sql("SELECT * FROM sync_recus_rejetes") == []
        assert device.waiting == 0
    lab.converged()


@pytest.mark.parametrize(
    "order",
    [(1, None, 0, 2), *(pytest.param(one, marks=pytest.mark.soak) for one in [(0, 1, 2, None), (None, 2, 1, 0)])],
)
def test_three_desktops_and_the_centre_generate_the_same_visits_once(
    planned: tuple[Lab, int], order: tuple[int | None, ...]
) -> None:
    lab, plan = planned
    until = clock.today() + timedelta(days=21)
    for who in order:
        made = (
            at_the_centre(lab, until)
            if who is None
            else do(lab.devices[who], lab, generation.generer, jusqu_au=until)
        )
        assert len(made.generees) == 4
    for who in order:
        if who is not None:
            lab.devices[who].sync()
    settled(lab)
    for ask in (lab.sql, *(d.sql for d in lab.devices)):
        assert ask(COUNTS) == [(4, 4, 4)]
        assert ask("SELECT count(DISTINCT numero) FROM interventions WHERE occurrence_id IS NOT NULL") == [(4,)]
    # Nobody typed anything: there is nothing to ask anybody.
    assert [d.conflicts() for d in lab.devices] == [[], [], []]
    again = [do(d, lab, generation.generer, jusqu_au=until).generees for d in lab.devices]
    assert [*again, at_the_centre(lab, until).generees] == [[], [], [], []]
    assert plan > 0


def test_what_one_of_them_worked_on_stands(planned: tuple[Lab, int]) -> None:
    lab, plan = planned
    a, b, c = lab.devices
    until = clock.today() + timedelta(days=7)
    (first, second) = do(a, lab, generation.generer, jusqu_au=until).generees
    other, skipped = do(b, lab, generation.generer, jusqu_au=until).generees
    do(b, lab, interventions.update, other, {"description": "Pompe 2"})
    of = b.get("interventions", skipped, "occurrence_id")
    do(b, lab, occurrences.sauter, of, SautInput(motif="Usine fermée"))
    a.sync()
    settled(lab)
    assert lab.get("interventions", first, "description") == "Pompe 2"
    assert lab.get("interventions", second, "statut") == "annulee"
    assert c.sql("SELECT etat, motif FROM occurrences ORDER BY date_prevue") == [
        ("generee", None), ("sautee", "Usine fermée")
    ]  # fmt: skip
    assert [d.conflicts() for d in lab.devices] == [[], [], []]
    # The rule changes on A while B makes visits under the old one: those that nobody touched are withdrawn.
    later = clock.today() + timedelta(days=28)
    do(b, lab, generation.generer, jusqu_au=later)
    do(a, lab, form.update, plan, {"frequence": "mensuel"})
    settled(lab)
    assert at_the_centre(lab, later).retirees == 3
    settled(lab)
    live = "SELECT count(*) FROM occurrences WHERE etat = 'generee' AND date_prevue > ?"
    assert b.value(live, (clock.today() + timedelta(days=7)).isoformat()) == 0


def test_a_desktop_makes_only_what_the_centre_has_not_done(planned: tuple[Lab, int]) -> None:
    lab, plan = planned
    a = lab.devices[0]
    assert len(at_the_centre(lab).generees) == 13
    reached = lab.get("plannings", plan, "genere_jusqu_au")
    assert reached == clock.today() + timedelta(days=90)
    settled(lab)
    assert do(a, lab, generation.generer).generees == []
    a.sql("DELETE FROM lignes_intervention")
    assert do(a, lab, generation.generer, jusqu_au=reached).generees == []
    beyond = do(a, lab, generation.generer, jusqu_au=reached + timedelta(days=14)).generees
    assert len(beyond) == 2
    settled(lab)


def test_an_act_on_a_plan_within_what_the_centre_has_done_shows_its_visits_at_once(planned: tuple[Lab, int]) -> None:
    """Suspended and taken up again, or under another rule: nobody waits for the centre to run again."""
    lab, plan = planned
    a, b, _ = lab.devices
    until = clock.today() + timedelta(days=90)
    assert len(at_the_centre(lab).generees) == 13
    settled(lab)

    def live(device: Device) -> list[str]:
        rows = device.sql("SELECT date_prevue FROM occurrences WHERE etat = 'generee' ORDER BY date_prevue")
        return [day for (day,) in rows]

    weekly = [(clock.today() + timedelta(weeks=n)).isoformat() for n in range(13)]
    assert live(a) == weekly
    back = do(a, lab, occurrences.changer_plan, plan, StatutPlanning.SUSPENDU)
    assert live(a) == weekly[:1]
    do(a, lab, occurrences.revenir_plan, back)
    assert live(a) == weekly
    do(a, lab, occurrences.changer_plan, plan, StatutPlanning.SUSPENDU)
    do(a, lab, occurrences.changer_plan, plan, StatutPlanning.ACTIF)
    assert live(a) == weekly
    # Another rule, and the same act on a desktop that has not heard of it: one date stays one visit.
    do(a, lab, form.update, plan, {"frequence": "rrule", "recurrence": "FREQ=WEEKLY;INTERVAL=4;BYDAY=TU"})
    do(a, lab, generation.generer)
    do(b, lab, occurrences.changer_plan, plan, StatutPlanning.SUSPENDU)
    do(b, lab, occurrences.changer_plan, plan, StatutPlanning.ACTIF)
    rule = Rythme("rrule", clock.today(), "FREQ=WEEKLY;INTERVAL=4;BYDAY=TU")
    tuesdays = [day.isoformat() for day in dates(rule, clock.today(), until)]
    assert live(a) == sorted({*tuesdays, weekly[0]})
    settled(lab)
    for ask in (do(a, lab, generation.generer), do(b, lab, generation.generer), at_the_centre(lab)):
        assert ask.generees == []
    settled(lab)
    for device in lab.devices:
        assert live(device) == sorted({*tuesdays, weekly[0]})
        assert device.sql(TWICE) == []


def test_a_device_cannot_say_what_the_centre_did(planned: tuple[Lab, int]) -> None:
    lab, plan = planned
    a = lab.devices[0]
    a.set("plannings", plan, genere_jusqu_au="2030-01-01")
    a.sync()
    assert [code for _, code, _ in a.parked()] == ["centre_seul"]
    assert lab.get("plannings", plan, "genere_jusqu_au") is None


def test_the_rules_of_preventive_work_hold_at_the_centre(planned: tuple[Lab, int]) -> None:
    """A device without its own guards: a date deleted, a reading that goes down, a plan of a retired machine."""
    lab, _ = planned
    a = lab.devices[0]
    (visit, *_rest) = do(a, lab, generation.generer, jusqu_au=clock.today() + timedelta(days=7)).generees
    machine = lab.ids("equipements")[1]
    lab.sql("UPDATE equipements SET statut = 'retire' WHERE id = %s", machine)
    a.sync()
    a.sync()
    a.without_local_rules()
    stamps = "'2026-11-20T08:00:00.000000Z', '2026-11-20T08:00:00.000000Z'"
    a.sql(
        "INSERT INTO plannings (equipement_id, frequence, modele_titre, created_at, updated_at) "
        f"VALUES (?, 'annuel', 'x', {stamps})", machine,
    )  # fmt: skip
    a.sql("INSERT INTO compteurs (equipement_id, nom, created_at, updated_at) "
          f"SELECT min(equipement_id), 'Heures', {stamps} FROM plannings")  # fmt: skip
    for value, when in (("20.000", "2026-11-20T08:00:00.000000Z"), ("10.000", "2026-11-21T08:00:00.000000Z")):
        a.sql("INSERT INTO releves (compteur_id, index_lu, releve_a, created_at, updated_at) "
              f"SELECT max(id), ?, ?, {stamps} FROM compteurs", value, when)  # fmt: skip
    a.set("occurrences", a.get("interventions", visit, "occurrence_id"), date_prevue="2027-01-01")
    a.sync()
    reasons = sorted(reason for _, _, reason in a.parked())
    assert len(reasons) == 3
    assert "équipement est retiré" in " ".join(reasons)
    assert "ne descend pas" in " ".join(reasons)
    assert "ne change pas de date" in " ".join(reasons)


def test_the_scheduler_of_the_centre_runs_the_command(
    planned: tuple[Lab, int], capsys: pytest.CaptureFixture[str]
) -> None:
    lab, _ = planned
    command.generate(jours=14, agence="CAS", url=lab.url, cache=None, secrets=None, as_json=True)
    assert '"generees": 3' in capsys.readouterr().out
    command.generate(jours=14, agence=None, url=lab.url, cache=None, secrets=None, as_json=False)
    assert capsys.readouterr().out.startswith("0 visite(s) créée(s), 0 retirée(s).")
    assert lab.value("SELECT count(*) FROM interventions WHERE occurrence_id IS NOT NULL") == 3
