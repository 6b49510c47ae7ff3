"""The hours that a technicien keeps: judged, counted and offered by them, within the agency's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import ReglePlanning, VerdictPlanning
from erp_desktop.domain.people import horaires
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import ValidationError
from erp_desktop.models import Agence, Technicien
from erp_desktop.services import calendrier, interventions, techniciens
from erp_desktop.services.planning import actions, availability, postpone, reading, settings, suggestion
from erp_desktop.services.planning.actions import PlanRefusedError, Wish
from erp_desktop.services.preventif import year
from erp_desktop.services.shared.clocks import Horloges
from tests.services.branch import Monde

MONDAY = date(2027, 3, 1)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return datetime(2027, 3, 1 + day, hour, minute, tzinfo=clock.CASABLANCA).astimezone(UTC)


@pytest.fixture
def semaine(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> Monde:
    """Monday to Friday 8-12 and 14-18, Saturday morning; Karim leaves at four, and has his Tuesdays off."""
    monkeypatch.setattr(clock, "now", lambda: at(7))
    usual = dict.fromkeys(range(1, 6), ((480, 720), (840, 1080))) | {6: ((480, 720),)}
    with transaction(monde.engine) as session:
        calendrier.definir_horaires(session, session.get_one(Agence, monde.cas), usual)
    own = {"horaires_travail": "07:00-12:00, 14:00-16:00; mar repos"}
    monde.faire(techniciens.update, monde.responsable, monde.karim, own)
    return monde


def visit(monde: Monde, minutes: int) -> int:
    saisie = InterventionInput(titre="Fuite", equipement_id=monde.equipement, duree_estimee=minutes)
    return monde.faire(interventions.create, monde.agent, saisie)


def test_a_drop_outside_them_is_judged_as_outside_hours(semaine: Monde) -> None:
    m, fiche = semaine, visit(semaine, 60)

    def told(who: int, begin: datetime, end: datetime) -> list[str]:
        found = m.faire(actions.check, m.agent, Wish(fiche, who, begin, end))
        return [p.phrase for p in found if p.regle is ReglePlanning.HORAIRES]

    assert told(m.karim, at(15), at(16)) == []
    assert told(m.karim, at(16), at(17)) == ["En dehors des heures de Karim Alaoui (08:00 - 12:00, 14:00 - 16:00)."]
    assert told(m.karim, at(9, day=1), at(10, day=1)) == ["Karim Alaoui ne travaille pas ce jour-là."]
    assert told(m.karim, at(7), at(8)) == ["En dehors des heures de Karim Alaoui (08:00 - 12:00, 14:00 - 16:00)."], (
        "the agency is closed then"
    )
    assert told(m.karim, at(9, day=6), at(10, day=6)) == ["L'agence est fermée ce jour-là."]
    assert told(m.hind, at(16), at(17)) == [], "whose hours are the agency's"
    # The agency decides what becomes of it, as of its own hours.
    with transaction(m.engine) as session:
        settings.decide(session, m.cas, ReglePlanning.HORAIRES, VerdictPlanning.REFUSER)
    with pytest.raises(PlanRefusedError, match="En dehors des heures de Karim"):
        m.faire(actions.plan, m.agent, [Wish(fiche, m.karim, at(16), at(17))])


def test_load_suggestions_and_what_is_put_off_count_with_them(semaine: Monde) -> None:
    m, fiche = semaine, visit(semaine, 180)
    board = m.faire(reading.board, m.agent, MONDAY, 7, m.cas)
    assert [availability.load(board, m.karim, d)[1] for d in board.days] == [360, 0, 360, 360, 360, 240, 0]
    assert availability.load(board, m.hind, MONDAY)[1] == 480
    # From two in the afternoon on three hours fit before nobody's four o'clock: Wednesday morning, not Tuesday.
    found = m.faire(suggestion.who_and_when, m.agent, fiche, at(13), 180)
    assert {s.debut for s in found if s.technicien_id == m.karim} == {at(8, day=2), at(8, day=3)}
    assert min(s.debut for s in found if s.technicien_id == m.hind) == at(14)
    later = m.faire(postpone.offer, m.agent, Wish(fiche, m.karim, at(16), at(18)), at(7))
    assert later is not None
    assert (later.debut, later.fin) == (at(8, day=2), at(10, day=2))
    with transaction(m.engine, write=False) as session:
        weeks = year._capacity(Horloges(session), year._people(session, m.agent), [MONDAY])
    assert weeks == {MONDAY: 1680 + 2640}, "what the year's load is held against"


def test_they_are_written_so_that_they_can_be_read(semaine: Monde) -> None:
    """What an earlier program left stays as it is, beside what is changed, and the planning follows the agency."""
    m = semaine
    with pytest.raises(ValidationError) as refus:
        m.faire(techniciens.update, m.responsable, m.karim, {"horaires_travail": "équipe du matin"})
    assert refus.value.champs == {"horaires_travail": horaires.ILLISIBLE}
    m.executer("UPDATE techniciens SET horaires_travail = 'équipe du matin' WHERE id = :i", i=m.karim)
    m.faire(techniciens.update, m.responsable, m.karim, {"equipe": "Froid"})
    assert m.lire(sa.select(Technicien.horaires_travail, Technicien.equipe).where(Technicien.id == m.karim)) == [
        ("équipe du matin", "Froid")
    ]
    board = m.faire(reading.board, m.agent, MONDAY, 7, m.cas)
    assert availability.load(board, m.karim, MONDAY)[1] == 480
    m.faire(techniciens.update, m.responsable, m.karim, {"horaires_travail": None})
