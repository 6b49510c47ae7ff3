"""Preventive plans: dates of a rule, visits made once, dates skipped and moved, what a new rule no longer gives."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from time import process_time
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut, StatutEquipement, StatutPlanning
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.domain.preventif.saisie import DeplacementInput, PieceInput, PlanInput, SautInput
from erp_desktop.errors import NotAllowedError, TransitionError, UserError, ValidationError
from erp_desktop.models import (
    Competence,
    Depot,
    Equipement,
    Intervention,
    JourFerie,
    LigneIntervention,
    Occurrence,
    PieceDetachee,
    Planning,
    PlanningPiece,
)
from erp_desktop.services import compteurs, interventions
from erp_desktop.services.compteurs import CompteurInput, ReleveInput
from erp_desktop.services.planning import reading
from erp_desktop.services.preventif import form, generation, meters, occurrences, parts, smoothing, year
from erp_desktop.services.preventif import list as plans
from erp_desktop.services.shared.lists import ListQuery
from tests.services.conftest import Monde

MONDAY = date(2026, 11, 16)


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    today(monkeypatch, MONDAY)


def today(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
    assert clock.today() == day


def plan(monde: Monde, **more: Any) -> int:
    values: dict[str, Any] = {
        "equipement_id": monde.equipement, "modele_titre": "Graissage", "frequence": "hebdomadaire",
        "date_debut": MONDAY, "modele_duree_estimee": 120,
    }  # fmt: skip
    return monde.faire(form.create, monde.responsable, PlanInput(**(values | more)))


def run(monde: Monde, until: date | None = None) -> generation.Bilan:
    return monde.faire(generation.generer, monde.responsable, jusqu_au=until)


def due(monde: Monde, ident: int) -> list[tuple[date, date, str]]:
    o = Occurrence
    found = monde.lire(
        sa.select(o.date_prevue, o.date_cible, o.etat).where(o.planning_id == ident).order_by(o.date_prevue, o.id)
    )
    return [(r.date_prevue, r.date_cible, r.etat) for r in found]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("coucou", "Cette règle ne se lit pas"), ("FREQ=HOURLY", "FREQ est DAILY"),
        ("FREQ=MONTHLY;BYEASTER=1", "n'est pas admis"), ("FREQ=DAILY;INTERVAL=0", "ne finit jamais"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL va de 1 à 999"), ("FREQ=DAILY;COUNT=0", "ne commence jamais"),
        ("FREQ=MONTHLY;UNTIL=20260101", "finit avant de commencer"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "ne commence jamais"),
        ("FREQ=WEEKLY;BYDAY=0MO", "BYDAY=0MO » ne se lit pas"),
        ("FREQ=MONTHLY;BYDAY=6MO", "ne commence jamais"), ("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2", "ne commence jamais"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=2", "ne commence jamais"), ("X" * 20_000, "ne se lit pas"),
        ("FREQ=YEARLY;BYSETPOS=9;BYMONTHDAY=31", "ne commence jamais"),
        ("FREQ=MONTHLY;BYMONTHDAY=29,30,31;BYDAY=MO,TU;BYSETPOS=3", "ne commence jamais"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_followed_is_refused_in_words(rule: str, sentence: str) -> None:
    began = process_time()
    with pytest.raises(ValueError, match=sentence):
        rythme.lire_regle(rule, date(2026, 11, 16))
    assert process_time() - began < 0.1, "the window waits for it: looked for until the calendar ends it took 0.4 s"


def test_dates_of_a_rule_are_those_of_the_calendar() -> None:
    def days(frequence: str, debut: date, au: date, **more: Any) -> list[str]:
        return [f"{d:%d/%m}" for d in rythme.dates(rythme.Rythme(frequence, debut, **more), debut, au)]

    end = date(2027, 12, 31)
    # The last day of a short month, the day itself again after it; a rule of RFC 5545 leaves the month out.
    assert days("mensuel", date(2027, 1, 31), date(2027, 5, 1)) == ["31/01", "28/02", "31/03", "30/04"]
    assert days("rrule", date(2027, 1, 31), date(2027, 5, 1), recurrence="FREQ=MONTHLY") == ["31/01", "31/03"]
    assert days("trimestriel", date(2027, 1, 15), end) == ["15/01", "15/04", "15/07", "15/10"]
    assert days("mensuel", date(2027, 1, 5), end, saison=(11, 2)) == ["05/01", "05/02", "05/11", "05/12"]
    assert days("mensuel", date(2027, 1, 5), end, fin=date(2027, 3, 4)) == ["05/01", "05/02"]
    first_monday = rythme.lire_regle("rrule:freq=monthly;byday=1mo;", date(2027, 1, 1))
    assert first_monday == "FREQ=MONTHLY;BYDAY=1MO"
    assert days("rrule", date(2027, 1, 1), date(2027, 3, 31), recurrence=first_monday) == ["04/01", "01/02", "01/03"]
    leap = "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29;UNTIL=20390101"
    assert days("rrule", date(2028, 2, 29), end.replace(year=2060), recurrence=leap) == ["29/02"] * 3
    # Straight to the window, on the same days as from the beginning.
    old = rythme.Rythme("hebdomadaire", date(2019, 1, 7))
    assert rythme.dates(old, date(2026, 11, 17), date(2026, 11, 30)) == [date(2026, 11, 23), date(2026, 11, 30)]
    # The first alone, of whatever is still to come: millions of days until the calendar's end.
    daily = rythme.Rythme("journalier", date(2019, 1, 7), saison=(3, 4))
    assert rythme.premiere(daily, date(2026, 11, 17), date.max) == date(2027, 3, 1)
    assert rythme.premiere(daily, date(2026, 11, 17), date(2026, 12, 31)) is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"date_fin": date(2026, 11, 15)}, "date_fin"), ({"saison_debut": 3}, "saison_fin"),
        ({"saison_debut": 13, "saison_fin": 2}, "saison_debut"), ({"frequence": "rrule"}, "recurrence"),
        ({"frequence": "rrule", "recurrence": "FREQ=DAILY;INTERVAL=0"}, "recurrence"),
        ({"frequence": "rrule", "recurrence": "X" * 20_000}, "recurrence"),
        ({"modele_description": "X" * 20_001}, "modele_description"), ({"modele_titre": "X" * 201}, "modele_titre"),
        ({"frequence": "annuel", "saison_debut": 1, "saison_fin": 2}, "saison_debut"),
        ({"ancre": "compteur"}, "compteur_id"), ({"ancre": "cloture", "frequence": "rrule"}, "frequence"),
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused_under_its_field(typed: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PlanInput(**({"equipement_id": 1, "modele_titre": "Graissage", "date_debut": MONDAY} | typed))
    assert set(refused.value.champs) == {field}


def test_visits_are_made_once_with_the_whole_model(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        piece = PieceDetachee(reference="GR-1", designation="Graisse", agence_id=monde.cas, prix_unitaire=Decimal(12))
        store = Depot(nom="Magasin", agence_id=monde.cas)
        session.add_all([piece, store, JourFerie(jour=date(2026, 11, 23), libelle="Fête", agence_id=None)])
        session.flush()
        part, depot = piece.id, store.id
    ident = plan(monde, technicien_prefere_id=monde.karim, tolerance_apres=2)
    monde.faire(parts.ajouter, monde.responsable, ident, PieceInput(piece_id=part, quantite="2"))
    done = run(monde, date(2026, 11, 30))
    assert len(done.generees) == 3
    # A holiday moves the visit, never the date that says which one it is.
    assert due(monde, ident) == [
        (date(2026, 11, 16), date(2026, 11, 16), "generee"), (date(2026, 11, 23), date(2026, 11, 24), "generee"),
        (date(2026, 11, 30), date(2026, 11, 30), "generee"),
    ]  # fmt: skip
    assert run(monde, date(2026, 11, 30)).generees == []
    with transaction(monde.engine, write=False) as session:
        visit = session.get_one(Intervention, done.generees[1])
        assert (visit.titre, visit.type, visit.priorite, visit.statut, visit.duree_estimee, visit.technicien_id) == (
            "Graissage", "preventive", "programmee", "ouverte", 120, monde.karim
        )  # fmt: skip
        assert visit.contrat_id == monde.contrat
        assert visit.date_limite is not None
        assert clock.local(visit.date_limite).date() == date(2026, 11, 26)
        line = session.scalars(
            sa.select(LigneIntervention).where(LigneIntervention.intervention_id == visit.id)
        ).one()
        assert (line.piece_id, line.quantite, line.prevue, line.depot_id) == (part, Decimal(2), True, depot)
        told = interventions.historique(session, monde.responsable, visit.id)
        assert {h.remarque for h in told} == {"Préventif : échéance du 23/11/2026"}
    assert monde.lire(sa.select(sa.func.count()).select_from(PlanningPiece))[0][0] == 1


def test_who_may_write_plans_and_on_which_machines(monde: Monde) -> None:
    with pytest.raises(NotAllowedError):
        monde.faire(form.create, monde.agent, PlanInput(equipement_id=monde.equipement, modele_titre="x",
                                                        date_debut=MONDAY))  # fmt: skip
    ident = plan(monde)
    assert monde.faire(form.get, monde.agent, ident).equipement == "Sertisseuse SR-03"
    with pytest.raises(NotAllowedError):
        monde.faire(form.update, monde.agent, ident, {"modele_titre": "Autre"})
    with pytest.raises(ValidationError, match="agence"):
        plan(monde, equipement_id=monde.equipement_rab)
    with transaction(monde.engine) as session:
        session.get_one(Equipement, monde.equipement).statut = StatutEquipement.RETIRE.value
    with pytest.raises(ValidationError, match="retiré"):
        plan(monde)
    # The plan that is there makes nothing any more.
    assert run(monde).generees == []


def test_a_date_is_skipped_with_a_reason_or_moved(monde: Monde) -> None:
    ident = plan(monde)
    run(monde, date(2026, 11, 30))
    first, second, _third = monde.faire(occurrences.lister, monde.agent, ident)[::-1]
    assert [first.etat, second.etat] == ["generee", "generee"]
    with pytest.raises(ValidationError):
        SautInput(motif=" ")
    monde.faire(occurrences.sauter, monde.responsable, first.id, SautInput(motif="Usine fermée"))
    monde.faire(occurrences.replanifier, monde.responsable, second.id,
                DeplacementInput(date_cible=date(2026, 11, 25), motif="À la demande du client"))  # fmt: skip
    monde.faire(occurrences.sauter_date, monde.responsable, ident, date(2026, 12, 7), SautInput(motif="Congés"))
    with pytest.raises(ValidationError):
        monde.faire(occurrences.sauter_date, monde.responsable, ident, date(2026, 12, 8), SautInput(motif="Congés"))
    assert len(run(monde, date(2026, 12, 14)).generees) == 1
    assert due(monde, ident) == [
        (date(2026, 11, 16), date(2026, 11, 16), "sautee"), (date(2026, 11, 23), date(2026, 11, 25), "generee"),
        (date(2026, 11, 30), date(2026, 11, 30), "generee"), (date(2026, 12, 7), date(2026, 12, 7), "sautee"),
        (date(2026, 12, 14), date(2026, 12, 14), "generee"),
    ]  # fmt: skip
    assert first.intervention_id is not None
    assert monde.lire(sa.select(Intervention.statut).where(Intervention.id == first.intervention_id)) == [
        ("annulee",)
    ]
    with pytest.raises(TransitionError):
        monde.faire(occurrences.sauter, monde.responsable, first.id, SautInput(motif="Encore"))
    assert monde.faire(occurrences.decaler_la_serie, monde.responsable, ident, 2, "Arrêt de ligne") == 3
    assert [d[1] for d in due(monde, ident)] == [
        date(2026, 11, 16), date(2026, 11, 27), date(2026, 12, 2), date(2026, 12, 7), date(2026, 12, 16)
    ]  # fmt: skip


def test_a_changed_plan_withdraws_what_nobody_worked_on(monde: Monde) -> None:
    ident = plan(monde)
    made = run(monde, date(2026, 12, 7)).generees
    with transaction(monde.engine) as session:
        interventions.update(session, monde.responsable, made[1], {"technicien_id": monde.karim})
    # Every second week from the same Monday: the 23rd and the 7th are not of it, and somebody is to go on the 23rd.
    monde.faire(form.update, monde.responsable, ident,
                {"frequence": "rrule", "recurrence": "FREQ=WEEKLY;INTERVAL=2"})  # fmt: skip
    done = run(monde, date(2026, 12, 28))
    assert (len(done.generees), done.retirees) == (2, 1)
    assert [(d[0].day, d[2]) for d in due(monde, ident)] == [
        (16, "generee"), (23, "generee"), (30, "generee"), (7, "retiree"), (14, "generee"), (28, "generee")
    ]  # fmt: skip
    # Weekly again: the 7th comes back, as another one.
    monde.faire(form.update, monde.responsable, ident, {"frequence": "hebdomadaire"})
    assert len(run(monde, date(2026, 12, 14)).generees) == 1
    assert [(d[0].day, d[2]) for d in due(monde, ident)][3:5] == [(7, "retiree"), (7, "generee")]
    # Suspended, its visits to come go but for the one that somebody has; taken up again, they are there.
    monde.faire(occurrences.changer_plan, monde.responsable, ident, StatutPlanning.SUSPENDU)
    assert {d[0].day for d in due(monde, ident) if d[2] == "generee"} == {16, 23}
    assert run(monde).generees == []
    monde.faire(occurrences.changer_plan, monde.responsable, ident, StatutPlanning.ACTIF)
    assert {d[0].day for d in due(monde, ident) if d[2] == "generee" and d[0] < date(2026, 12, 22)} == {
        16,
        23,
        30,
        7,
        14,
        21,
    }
    monde.faire(occurrences.changer_plan, monde.responsable, ident, StatutPlanning.TERMINE)
    with pytest.raises(UserError):
        monde.faire(form.update, monde.responsable, ident, {"modele_titre": "Autre"})


def close(monde: Monde, ident: int, monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    today(monkeypatch, day)
    with transaction(monde.engine) as session:
        person = monde.responsable
        interventions.update(session, person, ident, {"technicien_id": monde.karim, "diagnostic": "Fait"})
        for statut in (Statut.AFFECTEE, Statut.EN_COURS, Statut.CLOTUREE):
            interventions.changer_statut(session, person, ident, statut)


def test_counted_from_the_closing_the_next_visit_waits_for_it(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    ident = plan(monde, ancre="cloture", frequence="mensuel")
    (first,) = run(monde).generees
    assert run(monde).generees == []
    close(monde, first, monkeypatch, date(2026, 11, 20))
    # Made by the closing itself, from the day of the closing.
    assert [d[0] for d in due(monde, ident)] == [MONDAY, date(2026, 12, 20)]
    assert run(monde).generees == []


def test_a_meter_calls_for_a_visit_each_time_it_has_run(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = monde.faire(compteurs.ajouter, monde.agent, monde.equipement, CompteurInput(nom="Heures"))

    def read(value: str, **more: Any) -> generation.Bilan:
        return monde.faire(meters.relever, monde.technicien, meter, ReleveInput(valeur=value, **more))

    read("10250")
    ident = plan(monde, ancre="compteur", compteur_id=meter, seuil="500")
    assert run(monde).generees == []
    read("10600")
    today(monkeypatch, date(2026, 11, 18))
    with pytest.raises(ValidationError, match="10600"):
        read("10599")
    (visit,) = read("11900").generees  # three steps at once are one visit
    assert [d[0] for d in due(monde, ident)] == [date(2026, 11, 18)]
    assert read("12000").generees == []
    close(monde, visit, monkeypatch, date(2026, 11, 19))
    # The meter was changed: it begins at zero and what it ran goes on.
    assert read("20", remise_a_zero=True).generees == []
    today(monkeypatch, date(2026, 11, 25))
    assert len(read("260").generees) == 1
    assert [r.ecart for r in monde.faire(compteurs.releves, monde.agent, meter)] == [
        Decimal(240), Decimal(20), Decimal(100), Decimal(1300), Decimal(350), None
    ]  # fmt: skip
    assert [c.index_lu for c in monde.faire(compteurs.lister, monde.agent, monde.equipement)] == [Decimal(260)]


def test_the_list_the_year_and_the_weeks_tell_what_is_late(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    weekly, yearly = plan(monde, tolerance_apres=1), plan(monde, modele_titre="Thermographie", frequence="annuel",
                                                        date_debut=date(2026, 12, 1))  # fmt: skip
    made = run(monde, date(2026, 12, 7)).generees
    close(monde, made[0], monkeypatch, date(2026, 11, 17))
    today(monkeypatch, date(2026, 11, 26))

    def listed(text: str, tri: str = "") -> list[plans.PlanLigne]:
        with transaction(monde.engine, write=False) as session:
            return plans.rows(session, monde.agent, plans.ids(session, monde.agent, ListQuery(text, tri)))

    assert [(r.id, r.prochaine, r.retard) for r in listed("")] == [
        (weekly, date(2026, 11, 23), 3), (yearly, date(2026, 12, 1), 0)
    ]  # fmt: skip
    assert [r.id for r in listed("retard:oui")] == [weekly]
    assert [r.id for r in listed("thermo sertisseuse")] == [yearly]
    assert [r.id for r in listed("client:atlas frequence:annuel")] == [yearly]
    assert [r.id for r in listed("", "titre")] == [weekly, yearly]
    assert listed("equipement:inconnu") == []
    with transaction(monde.engine, write=False) as session:
        found = year.marks(session, monde.agent, [weekly, yearly], 2026)
        assert [(m.day.day, m.state) for m in found[weekly]][:5] == [
            (16, Etat.FAITE), (23, Etat.EN_RETARD), (30, Etat.GENEREE), (7, Etat.GENEREE), (14, Etat.A_GENERER)
        ]  # fmt: skip
        assert [m.state for m in found[yearly]] == [Etat.GENEREE]
        weeks = {w.monday: w for w in year.load(session, monde.agent, [Planning.agence_id == monde.cas], 2026)}
        assert (weeks[MONDAY].done, weeks[MONDAY].ahead) == (120, 0)
        assert weeks[date(2026, 11, 30)].ahead == 240
        assert weeks[MONDAY].capacity > 0
        assert plans.resume(session, monde.agent, 2026) == plans.Resume(2, 5, 50, 1)
    # The next date came as well: the one before was missed.
    today(monkeypatch, date(2026, 12, 1))
    states = [o.etat for o in monde.faire(occurrences.lister, monde.agent, weekly)]
    assert states == ["generee", "generee", "manquee", "faite"]
    assert len(made) == 5


def test_the_skill_of_a_plan_is_asked_of_whoever_is_planned(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        skill = Competence(nom="Froid")
        session.add(skill)
        session.flush()
        ident = skill.id
    plan(monde, competence_id=ident)
    (visit, *_rest) = run(monde, MONDAY).generees
    board = monde.faire(reading.board, monde.agent, MONDAY, 7)
    (waiting,) = [v for v in board.waiting.visits if v.intervention_id == visit]
    assert [s.nom for s in waiting.requises] == ["Froid"]


def test_an_overloaded_week_gives_visits_to_lighter_ones_and_takes_them_back(monde: Monde) -> None:
    after = date(2026, 11, 23)
    long = plan(monde, modele_titre="Longue", date_debut=after, frequence="annuel", modele_duree_estimee=3400,
                tolerance_avant=7, tolerance_apres=7)  # fmt: skip
    planned = plan(monde, modele_titre="Planifiée", date_debut=after, frequence="annuel", modele_duree_estimee=3200,
                   tolerance_avant=7, tolerance_apres=7)  # fmt: skip
    strict = plan(monde, modele_titre="Sans tolérance", date_debut=after, frequence="annuel",
                  modele_duree_estimee=1800)  # fmt: skip
    run(monde, date(2026, 12, 31))
    with transaction(monde.engine) as session:
        visit = session.scalars(
            sa.select(Intervention).join(Occurrence, Occurrence.id == Intervention.occurrence_id)
            .where(Occurrence.planning_id == planned)
        ).one()  # fmt: skip
        visit.date_planifiee = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def proposed() -> smoothing.Lissage:
        with transaction(monde.engine, write=False) as session:
            where = plans.conditions(session, monde.responsable, "")
            return smoothing.proposer(session, monde.responsable, where, after)

    found = proposed()
    assert found.avant == 8400 > found.capacite > 0
    # Only the one that has a tolerance and no slot moves, to the nearest open day of the lightest week.
    (one,) = found.visites
    assert (one.titre, one.du, one.minutes) == ("Longue", after, 3400)
    assert one.au.isocalendar().week != after.isocalendar().week
    assert abs((one.au - after).days) <= 7
    assert found.apres == 5000
    moves = [occurrences.Deplacement(one.occurrence_id, one.du, one.au, "Lissage")]
    back = monde.faire(occurrences.deplacer, monde.responsable, moves, "Lissage")
    assert due(monde, long) == [(after, one.au, "generee")]
    assert proposed().avant == 5000
    with pytest.raises(TransitionError, match="déplacée entre-temps"):
        monde.faire(occurrences.deplacer, monde.responsable, moves, "Lissage")
    monde.faire(occurrences.deplacer, monde.responsable, back, "lissage défait")
    assert due(monde, long) == [(after, after, "generee")]
    assert monde.lire(sa.select(Occurrence.motif).where(Occurrence.planning_id == long))[0].motif is None
    assert due(monde, strict) == [(after, after, "generee")]
    with pytest.raises(NotAllowedError):
        monde.faire(occurrences.deplacer, monde.agent, moves, "Lissage")
