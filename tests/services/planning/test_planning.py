"""The planning's services on both engines: what a plan breaks, what follows from a slot, who would fit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import MotifHoraire, ReglePlanning, Role, StatutEquipement, VerdictPlanning
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.writing import bidi
from erp_desktop.errors import NotAllowedError, UserError, ValidationError
from erp_desktop.models import (
    Agence,
    Competence,
    Creneau,
    Equipement,
    HistoriqueIntervention,
    Intervention,
    JourFerie,
    TechnicienCompetence,
)
from erp_desktop.services import calendrier, interventions
from erp_desktop.services.planning import absences, actions, backlog, reading, settings, suggestion
from erp_desktop.services.planning.actions import PlanRefusedError, Wish
from erp_desktop.services.planning.collisions import collisions
from erp_desktop.services.shared import choices
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui.planning import words
from tests.services.branch import Monde

MONDAY = date(2027, 3, 1)
"""In no Ramadan of the tests' calendar, far enough to be ahead."""


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    """Local hours of that week."""
    return datetime(2027, 3, 1 + day, hour, minute, tzinfo=clock.CASABLANCA).astimezone(UTC)


@pytest.fixture
def semaine(monde: Monde) -> Monde:
    """Monday to Friday 8-12 and 14-18, Saturday morning; Wednesday is a holiday."""
    usual = dict.fromkeys(range(1, 6), ((480, 720), (840, 1080))) | {6: ((480, 720),)}
    with transaction(monde.engine) as session:
        calendrier.definir_horaires(session, session.get_one(Agence, monde.cas), usual)
        session.add(JourFerie(jour=date(2027, 3, 3), libelle="Fête du Trône"))
        ramadan = dict.fromkeys(range(1, 6), ((540, 900),))
        calendrier.definir_horaires(session, session.get_one(Agence, monde.cas), ramadan, du=date(2027, 3, 8),
                                    au=date(2027, 3, 12), motif=MotifHoraire.RAMADAN)  # fmt: skip
    return monde


def visit(monde: Monde, titre: str = "Fuite", **values: Any) -> int:
    saisie = InterventionInput(titre=titre, equipement_id=monde.equipement, **values)
    ident = monde.faire(interventions.create, monde.agent, saisie)
    monde.executer("UPDATE interventions SET date_limite = :d WHERE id = :i", i=ident, d=raw(monde, at(18, day=30)))
    return ident


def raw(monde: Monde, when: datetime) -> Any:
    """As a console of this engine writes an instant."""
    return clock.to_text(when) if monde.engine.dialect.name == "sqlite" else when


def seen(monde: Monde, fiche: int) -> tuple[Any, ...]:
    i = Intervention
    [row] = monde.lire(sa.select(i.statut, i.technicien_id, i.date_planifiee).where(i.id == fiche))
    return tuple(row)


def rules(problems: Any) -> list[ReglePlanning | None]:
    return [p.regle for p in problems]


def test_a_slot_is_the_plan_of_its_intervention(semaine: Monde) -> None:
    m = semaine
    fiche = visit(m)
    [done] = m.faire(actions.plan, m.agent, [Wish(fiche, m.karim, at(9), at(11))])
    assert seen(m, fiche) == ("affectee", m.karim, at(9))
    [moved] = m.faire(actions.plan, m.agent, [Wish(fiche, m.hind, at(10), at(11), done.slot_id)])
    assert seen(m, fiche) == ("affectee", m.hind, at(10))
    m.faire(actions.undo, m.agent, [moved])
    assert seen(m, fiche) == ("affectee", m.karim, at(9))
    # The form moves the slot, whole; taking the date away takes the slot off.
    m.faire(interventions.update, m.agent, fiche, {"date_planifiee": at(14), "technicien_id": m.hind})
    slots = sa.select(Creneau.technicien_id, Creneau.debut, Creneau.fin, Creneau.etat)
    assert m.lire(slots) == [(m.hind, at(14), at(16), "confirme")]
    m.faire(interventions.update, m.agent, fiche, {"date_planifiee": None})
    assert seen(m, fiche) == ("affectee", m.hind, None)
    assert [row.etat for row in m.lire(slots)] == ["annule"]
    # Planned again it is the same row; released, it is planned no more, and that is taken back whole.
    m.faire(actions.plan, m.agent, [Wish(fiche, m.karim, at(9, day=1), at(10, day=1))], "Client absent")
    assert len(m.lire(slots)) == 1
    retour = m.faire(interventions.changer_statut, m.agent, fiche, "ouverte")
    assert seen(m, fiche) == ("ouverte", None, None)
    m.faire(interventions.revenir, m.agent, retour)
    assert seen(m, fiche) == ("affectee", m.karim, at(9, day=1))
    # Who writes the plan as a console or an earlier program does moves the slot along.
    when = at(8, day=2)
    m.executer("UPDATE interventions SET date_planifiee = :d WHERE id = :i", i=fiche, d=raw(m, when))
    assert m.lire(slots) == [(m.karim, when, when + timedelta(hours=1), "confirme")]
    said = m.lire(sa.select(HistoriqueIntervention.action).where(HistoriqueIntervention.intervention_id == fiche))
    assert [row.action for row in said].count("planification") == 4
    # The first planning, taken back: open, nobody's, no date.
    other = visit(m)
    dones = m.faire(actions.plan, m.agent, [Wish(other, m.karim, at(14, day=1), at(15, day=1))])
    m.faire(actions.undo, m.agent, dones)
    assert seen(m, other) == ("ouverte", None, None)
    with pytest.raises(UserError, match="changé depuis"):
        m.faire(actions.undo, m.agent, dones)


def test_what_a_plan_breaks_is_refused_warned_of_or_ignored(semaine: Monde) -> None:
    m = semaine
    fiche, other = visit(m), visit(m, "Vibration")
    m.faire(actions.plan, m.agent, [Wish(other, m.karim, at(9), at(11))])

    def breaks(begin: datetime, end: datetime, who: int = m.karim) -> list[ReglePlanning | None]:
        return rules(m.faire(actions.check, m.agent, Wish(fiche, who, begin, end)))

    r = ReglePlanning
    assert breaks(at(14), at(16)) == []
    assert breaks(at(10), at(12)) == [r.CHEVAUCHEMENT]
    assert breaks(at(11), at(12)) == [], "one ends when the other begins"
    assert breaks(at(11), at(14)) == [r.HORAIRES], "over lunch"
    assert breaks(at(8, day=1), at(16, day=1)) == [], "nobody works six hours on end"
    assert breaks(at(8, day=1), at(14, day=1)) == [r.HORAIRES], "it ends before anybody is back"
    assert breaks(at(9, day=1), at(18, 30, day=1)) == [r.HORAIRES]
    assert breaks(at(9, day=5), at(12, day=5)) == [], "Saturday morning"
    assert breaks(at(11, day=5), at(13, day=5)) == [r.HORAIRES]
    assert breaks(at(14, day=2), at(15, day=2)) == [r.FERIE]
    assert breaks(at(9, day=6), at(10, day=6)) == [r.HORAIRES], "Sunday"
    assert breaks(at(8, day=7), at(9, day=7)) == [r.HORAIRES], "Ramadan opens at nine"
    assert breaks(at(9, day=8), at(15, day=9)) == [], "a job of two days may span the night"
    assert breaks(at(17, day=30), at(18, 30, day=30)) == [r.HORAIRES, r.SLA]
    assert breaks(at(11), at(9)) == [None]
    # Leaves, asked for and accepted; on call opens closed hours.
    leave = absences.AbsenceInput(technicien_id=m.karim, debut=at(0, day=1), fin=at(0, day=2))
    ident = m.faire(absences.create, m.agent, leave)
    assert breaks(at(9, day=1), at(10, day=1)) == []
    with pytest.raises(NotAllowedError):
        m.faire(absences.update, m.agent, ident, {"statut": "acceptee"})
    m.faire(absences.update, m.responsable, ident, {"statut": "acceptee"})
    assert breaks(at(9, day=1), at(10, day=1)) == [r.ABSENCE]
    with pytest.raises(PlanRefusedError, match="Karim Alaoui est en congé jusqu'au 02/03/2027") as refusal:
        m.faire(actions.plan, m.agent, [Wish(fiche, m.karim, at(9, day=1), at(10, day=1))], "Urgent")
    assert not refusal.value.needs_reason

    # Who is away says so wherever availability is shown, for as long as it lasts.
    def shown() -> dict[int, str]:
        return {c.id: c.disponibilite for c in m.faire(choices.techniciens, m.agent, "")}

    hour = timedelta(hours=1)
    today = absences.AbsenceInput(
        technicien_id=m.karim, type="maladie", statut="acceptee", debut=clock.now() - hour, fin=clock.now() + hour
    )
    ill = m.faire(absences.create, m.responsable, today)
    assert shown()[m.karim] == "conge"
    m.faire(absences.delete, m.responsable, ill)
    assert shown()[m.karim] == "disponible"
    course = {"technicien_id": m.hind, "statut": "acceptee"}
    each_week = absences.AbsenceInput(type="formation", debut=at(14), fin=at(16), recurrence="hebdomadaire",
                                      recurrence_fin=date(2027, 3, 8), **course)  # fmt: skip
    m.faire(absences.create, m.responsable, each_week)
    assert breaks(at(15), at(16), m.hind) == [r.INDISPONIBLE]
    assert r.INDISPONIBLE in breaks(at(14, day=7), at(15, day=7), m.hind)
    assert r.INDISPONIBLE not in breaks(at(14, day=14), at(15, day=14), m.hind)
    m.faire(absences.create, m.responsable,
            absences.AbsenceInput(type="astreinte", debut=at(18), fin=at(8, day=1), **course))  # fmt: skip
    assert breaks(at(20), at(22), m.hind) == []
    with pytest.raises(ValidationError, match="Le retour vient après le départ"):
        absences.AbsenceInput(technicien_id=m.karim, debut=at(9), fin=at(9))
    # Skills: missing, too low, expired.
    with transaction(m.engine) as session:
        skill = Competence(nom="Froid", duree_validite_mois=12)
        session.add(skill)
        session.flush()
        session.get_one(Equipement, m.equipement).type_equipement = "Groupe froid"
        settings.require(session, None, "groupe FROID", skill, reading_level("avance"))
        session.add(TechnicienCompetence(technicien_id=m.hind, competence_id=skill.id, agence_id=m.cas,
                                         niveau="expert", date_validation=date(2026, 3, 10)))  # fmt: skip
    assert breaks(at(16), at(17)) == [r.COMPETENCE]
    assert breaks(at(16), at(17), m.hind) == []
    assert breaks(at(10, day=10), at(11, day=10), m.hind) == [r.COMPETENCE], "its year is over"
    # A warning wants a reason, which stays in the history; an agency decides otherwise.
    clash = Wish(fiche, m.karim, at(10), at(11))
    with pytest.raises(PlanRefusedError) as warned:
        m.faire(actions.plan, m.agent, [clash])
    assert warned.value.needs_reason
    [done] = m.faire(actions.plan, m.agent, [clash], "Client prévenu")
    h = HistoriqueIntervention
    asked = sa.select(h.remarque).where(h.intervention_id == fiche, h.action == "planification")
    [(remark,)] = m.lire(asked)
    assert remark.endswith("Motif : Client prévenu")
    assert "déjà pris de 09:00 à 11:00" in remark
    with transaction(m.engine) as session:
        settings.decide(session, m.cas, r.CHEVAUCHEMENT, VerdictPlanning.REFUSER)
        settings.decide(session, None, r.CHEVAUCHEMENT, VerdictPlanning.IGNORER)
        settings.decide(session, None, r.COMPETENCE, VerdictPlanning.IGNORER)
    with pytest.raises(PlanRefusedError, match="déjà pris"):
        m.faire(actions.plan, m.agent, [Wish(fiche, m.karim, at(9), at(10), done.slot_id)], "Tant pis")
    # What nobody may do: a closed intervention, a retired machine, another agency's, a locked slot, a technicien.
    m.faire(actions.lock, m.agent, done.slot_id, locked=True)
    assert rules(m.faire(actions.check, m.agent, Wish(fiche, m.karim, at(16), at(17), done.slot_id))) == [None]
    m.faire(actions.lock, m.agent, done.slot_id, locked=False)
    with pytest.raises(NotAllowedError):
        m.faire(actions.plan, m.technicien, [Wish(fiche, m.karim, at(16), at(17))])
    with pytest.raises(UserError):
        m.faire(actions.plan, m.autre_agent, [Wish(fiche, m.karim, at(16), at(17))])
    with transaction(m.engine) as session:
        session.get_one(Equipement, m.equipement).statut = StatutEquipement.RETIRE.value
    assert r.EQUIPEMENT_RETIRE in breaks(at(16), at(17))
    # The form says so under its field.
    with pytest.raises(ValidationError, match="retirée du service"):
        m.faire(interventions.update, m.agent, fiche, {"date_planifiee": at(8, day=1), "technicien_id": m.hind})


def reading_level(value: str) -> Any:
    from erp_desktop.domain.enums import Niveau

    return Niveau(value)


def test_the_board_and_its_collisions(semaine: Monde) -> None:
    m = semaine
    fiches = [visit(m, f"Panne {n}", duree_estimee=90) for n in range(4)]
    waiting = visit(m, "À planifier", priorite="haute")
    plans = [(0, m.karim, 8, 10), (1, m.karim, 9, 11), (2, m.hind, 14, 17)]
    for n, who, a, b in plans:
        m.faire(actions.plan, m.agent, [Wish(fiches[n], who, at(a), at(b))], "Essai")
    # A plan of an import has no slot, and is on the board all the same.
    when = at(9, day=1)
    m.executer("UPDATE interventions SET technicien_id = :t, date_planifiee = :d WHERE id = :i", i=fiches[3],
               t=m.karim, d=raw(m, when))  # fmt: skip
    week = m.faire(reading.board, m.agent, MONDAY, 7)
    _read_by_days_and_states(m)
    cards = {c.visit.intervention_id: c for c in week.cards}
    assert set(cards) == set(fiches)
    assert (cards[fiches[3]].slot_id, cards[fiches[3]].fin - when) == (None, timedelta(minutes=90))
    assert [v.intervention_id for v in week.waiting.visits] == [waiting]
    assert week.feries == {date(2027, 3, 3): "Fête du Trône"}
    assert week.crossing == {cards[fiches[0]].key, cards[fiches[1]].key}
    from erp_desktop.services.planning import availability

    assert availability.load(week, m.karim, MONDAY) == (240, 480)
    assert availability.load(week, m.hind, date(2027, 3, 6)) == (0, 240), "a Saturday is half a day"
    # Both at once is told, with who planned the later one; so is a leave that came afterwards.
    [clash] = m.faire(collisions, m.agent, at(0))
    assert (clash.intervention_id, clash.autre_intervention_id) == (fiches[1], fiches[0])
    assert (clash.debut, clash.fin, clash.technicien, clash.auteur) == (at(9), at(10), "Karim Alaoui", "Salma Bennis")
    m.faire(absences.create, m.responsable, absences.AbsenceInput(
        technicien_id=m.hind, type="maladie", statut="acceptee", debut=at(0), fin=at(0, day=1)))  # fmt: skip
    assert [c.autre for c in m.faire(collisions, m.agent, at(0))] == [clash.autre, "maladie"]
    assert m.faire(collisions, m.autre_agent, at(0)) == []
    # Moved away, it is over by itself; a plan without a slot gets one when it moves.
    moved = [Wish(fiches[1], m.karim, at(14), at(16), cards[fiches[1]].slot_id, cards[fiches[1]]),
             Wish(fiches[3], m.karim, at(9, day=3), at(10, 30, day=3), None, cards[fiches[3]])]  # fmt: skip
    m.faire(actions.plan, m.agent, moved)
    assert len(m.faire(collisions, m.agent, at(0))) == 1
    assert seen(m, fiches[3])[1:] == (m.karim, at(9, day=3))
    with pytest.raises(UserError, match="entre-temps"):
        m.faire(actions.plan, m.agent, moved[:1])
    # A second person beside the first, and a second day, are slots of the same work.
    own = m.faire(reading.board, m.agent, MONDAY, 7)
    first = next(c for c in own.cards if c.visit.intervention_id == fiches[1])
    beside = Wish(fiches[1], m.hind, at(14, day=4), at(16, day=4), first.slot_id, first, copy=True)
    m.faire(actions.plan, m.agent, [beside])
    m.faire(actions.unplan, m.agent, first)
    assert seen(m, fiches[1])[1:] == (m.hind, at(14, day=4)), "the first live slot is the plan"
    again = m.faire(reading.board, m.agent, MONDAY, 7)
    last = next(c for c in again.cards if c.visit.intervention_id == fiches[1])
    m.faire(actions.unplan, m.agent, last)
    assert seen(m, fiches[1]) == ("affectee", m.hind, None)
    assert fiches[1] in [v.intervention_id for v in m.faire(reading.board, m.agent, MONDAY, 7).waiting.visits]
    m.executer("UPDATE techniciens SET is_active = :non WHERE id = :t", non=False, t=m.hind)
    assert [p.id for p in m.faire(reading.board, m.siege, MONDAY, 7, m.cas).techniciens if not p.parti] == [m.karim]


def test_what_waits_is_a_page_of_the_list(semaine: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows and the order of the list, and of all of them put in order at once; never all to show some."""
    m = semaine
    jobs = [visit(m, f"Panne {n % 4}") for n in range(14)]
    for n, ident in enumerate(jobs):
        due = None if n in (5, 11) else raw(m, at(8, day=(7 * n) % 11))
        m.executer("UPDATE interventions SET date_limite = :d, date_creation = :c WHERE id = :i", i=ident, d=due,
                   c=raw(m, at(0, n)))  # fmt: skip
    for ident in (jobs[2], jobs[6]):
        m.executer("UPDATE interventions SET statut = 'en_attente' WHERE id = :i", i=ident)
    m.executer("UPDATE interventions SET statut = 'annulee' WHERE id = :i", i=jobs[3])
    m.faire(actions.plan, m.agent, [Wish(jobs[4], m.karim, at(9), at(10))])
    # An import's plan that nobody is to do waits; so does who is to do it without a day.
    m.executer("UPDATE interventions SET date_planifiee = :d WHERE id = :i", i=jobs[7], d=raw(m, at(9, day=1)))
    m.executer("UPDATE interventions SET statut = 'affectee', technicien_id = :t WHERE id = :i", i=jobs[8], t=m.karim)

    i = Intervention
    rows = {row.id: row for row in m.lire(sa.select(i.id, i.statut, i.date_limite, i.date_creation))}
    waits = [rows[ident] for ident in jobs if ident not in (jobs[3], jobs[4])]
    runs = sorted(
        (r for r in waits if r.statut != "en_attente" and r.date_limite), key=lambda r: (r.date_limite, r.id)
    )
    stands = sorted(
        (r for r in waits if r.statut == "en_attente"), key=lambda r: (r.date_creation, r.id), reverse=True
    )
    timeless = sorted((r for r in waits if r.statut != "en_attente" and not r.date_limite), key=lambda r: -r.id)
    whole = [row.id for row in (*runs, *timeless, *stands)]
    assert len(whole) == 12
    listed = m.faire(interventions.ids, m.agent, ListQuery(backlog.FILTER, "sla", False))
    assert listed == whole
    for first in (1, 4, 12, 200):
        found = m.faire(backlog.page, m.agent, m.cas, "", first)
        assert [v.intervention_id for v in found.visits] == whole[:first]
        assert (found.total, found.over) == (12, False)
    some = m.faire(backlog.page, m.agent, m.cas, "titre panne priorite:normale")
    assert some.visits == ()
    some = m.faire(backlog.page, m.agent, m.cas, '"panne 1"')
    assert [v.intervention_id for v in some.visits] == [one for one in whole if jobs.index(one) % 4 == 1]
    assert m.faire(backlog.page, m.autre_agent, m.cas).visits == ()
    monkeypatch.setattr(backlog, "MOST", 5)
    cut = m.faire(backlog.page, m.agent, m.cas)
    assert ([v.intervention_id for v in cut.visits], cut.total, cut.over) == (whole[:5], 5, True)
    if m.engine.dialect.name == "sqlite":
        asked: list[tuple[str, Any]] = []
        with transaction(m.engine, write=False) as session:
            connection = session.connection()
            sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
            backlog.page(session, m.agent, m.cas, "", 3)
            [(first_, values), *_more] = [one for one in asked if "idx_intervention_echeance" in one[0]]
            steps = [step[3] for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {first_}", values)]
            assert not any("TEMP B-TREE" in step for step in steps), steps


def _read_by_days_and_states(m: Monde) -> None:
    """Never through all the work of an agency, which a cache is full of."""
    asked: list[tuple[str, Any]] = []
    if m.engine.dialect.name == "sqlite":
        with transaction(m.engine, write=False) as session:
            connection = session.connection()
            sa.event.listen(connection, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
            reading.board(session, m.agent, MONDAY, 7)
            for statement, values in asked[:]:
                for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
                    assert "idx_interventions_agence_id" not in step[3], statement


def test_who_and_when(semaine: Monde) -> None:
    m = semaine
    fiche = visit(m, duree_estimee=120)
    m.faire(actions.plan, m.agent, [Wish(visit(m, "Autre"), m.karim, at(8), at(12))])
    with transaction(m.engine) as session:
        skill = Competence(nom="Froid")
        session.add(skill)
        session.flush()
        session.get_one(Equipement, m.equipement).type_equipement = "Groupe froid"
        settings.require(session, m.cas, "Groupe froid", skill, reading_level("debutant"))
        session.add(TechnicienCompetence(technicien_id=m.hind, competence_id=skill.id, agence_id=m.cas,
                                         niveau="avance"))  # fmt: skip
    found = m.faire(suggestion.who_and_when, m.agent, fiche, at(7))
    assert [(s.technicien_id, s.debut, s.fin) for s in found][:1] == [(m.hind, at(8), at(10))]
    assert {(s.technicien_id, s.debut) for s in found} >= {(m.karim, at(14))}, "behind what is planned"
    assert len(found) <= suggestion.BEST
    assert found[0].phrase.startswith("Hind Berrada, le 01/03 de 08:00 à 10:00 : Froid avance, ")
    assert "charge 25 % ce jour-là" in found[0].phrase
    assert "sans la compétence Froid" in next(s for s in found if s.technicien_id == m.karim).phrase
    assert sorted((s.score for s in found), reverse=True) == [s.score for s in found]
    m.faire(absences.create, m.responsable, absences.AbsenceInput(
        technicien_id=m.hind, statut="acceptee", debut=at(0), fin=at(0, day=20)))  # fmt: skip
    left = m.faire(suggestion.who_and_when, m.agent, fiche, at(7))
    assert {s.technicien_id for s in left} == {m.karim}
    assert m.agent.role == Role.AGENT


def test_who_and_when_for_work_longer_than_half_a_day(semaine: Monde) -> None:
    """Nobody has six hours on end between eight and noon: the work goes on behind the break, or the next morning."""
    m = semaine
    fiche = visit(m, duree_estimee=360)
    m.faire(actions.plan, m.agent, [Wish(visit(m, "Autre"), m.karim, at(9), at(10))])
    found = m.faire(suggestion.who_and_when, m.agent, fiche, at(7))
    hours = [(s.technicien_id, s.debut, s.fin) for s in found]
    # Whoever is on the spot that day comes first.
    assert hours[:2] == [(m.karim, at(10), at(18)), (m.hind, at(8), at(16))]
    assert found[0].problems == found[1].problems == (), "no reason is asked for"
    assert not {(m.karim, at(8), at(16)), (m.karim, at(9), at(17))} & set(hours), "over what is planned"
    assert "charge 75 % ce jour-là" in found[1].phrase
    # Two days of work: Wednesday is a holiday, Saturday half a day.
    days = visit(m, "Révision", duree_estimee=960)
    two = m.faire(suggestion.who_and_when, m.agent, days, at(7))
    spans = [(s.technicien_id, s.debut, s.fin) for s in two]
    assert spans[0] == (m.hind, at(8), at(18, day=1))
    assert (m.karim, at(10), at(10, day=3)) in spans
    assert "charge 100 % ce jour-là" in two[0].phrase
    assert two[0].phrase.startswith("Hind Berrada, du 01/03 à 08:00 au 02/03 à 18:00 : ")
    assert bidi.nu(words.when(two[0])) == "Lun 01/03 08:00 – 02/03 18:00"
    assert bidi.nu(words.when(found[1])) == "Lun 01/03 · 08:00 – 16:00"
    endless = visit(m, "Arrêt annuel", duree_estimee=164 * 60)
    assert m.faire(suggestion.who_and_when, m.agent, endless, at(7)) == []
