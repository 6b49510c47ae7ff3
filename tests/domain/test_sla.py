"""Deadlines on opening hours: laws over random instants, and a few days worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.errors import UserError

FETE = date(2026, 11, 18)
AGENCE = sla.lire_horaire("1,2,3,4,5,6", "08:30-12:30,14:00-18:30", [FETE])
instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001
minutes = st.integers(0, 20_000)


def le(jour: int, heure: str, mois: int = 11) -> datetime:
    return datetime.combine(date(2026, mois, jour), time.fromisoformat(heure), clock.CASABLANCA)


def naif(horaire: sla.Horaire, debut: datetime, fin: datetime) -> timedelta:
    """The slow way: day by day, interval by interval."""
    total, jour = timedelta(), debut.astimezone(horaire.zone).date()
    while jour <= fin.astimezone(horaire.zone).date():
        for a, b in horaire.ouvertures(jour):
            total += max(timedelta(), min(b, fin) - max(a, debut))
        jour += timedelta(days=1)
    return total


def test_an_agency_that_never_opens_is_said_to_whoever_typed_its_hours() -> None:
    """It was an unforeseen error."""
    closed, now = sla.composer([]), datetime(2026, 11, 16, 9, tzinfo=UTC)
    with pytest.raises(UserError, match="n'ouvre jamais"):
        sla.ajouter(closed, now, 60)
    with pytest.raises(UserError, match="n'ouvre jamais"):
        sla.fin_de_jour(closed, now)


@given(instants, instants)
def test_opening_minutes_equal_the_slow_count(a: datetime, b: datetime) -> None:
    debut, fin = sorted((a, b))
    assert sla.minutes_ouvertes(AGENCE, debut, fin) == int(naif(AGENCE, debut, fin).total_seconds() // 60)
    assert sla.minutes_ouvertes(AGENCE, fin, debut) == -sla.minutes_ouvertes(AGENCE, debut, fin)


@given(instants, minutes)
def test_adding_then_counting_gives_the_minutes_back(depart: datetime, n: int) -> None:
    fin = sla.ajouter(AGENCE, depart, n)
    assert fin >= depart
    assert sla.minutes_ouvertes(AGENCE, depart, fin) == n


@given(instants, instants, minutes, minutes)
def test_deadlines_are_monotone(a: datetime, b: datetime, n: int, m: int) -> None:
    tot, tard = sorted((a, b))
    peu, beaucoup = sorted((n, m))
    assert sla.ajouter(AGENCE, tot, peu) <= sla.ajouter(AGENCE, tard, peu)
    assert sla.ajouter(AGENCE, tot, peu) <= sla.ajouter(AGENCE, tot, beaucoup)


@given(instants, st.integers(1, 168), st.lists(instants, min_size=2, max_size=6, unique=True))
def test_a_pause_never_shortens_and_gives_back_what_it_took(
    depart: datetime, heures: int, bornes: list[datetime]
) -> None:
    bornes = sorted(bornes)
    pauses = list(zip(bornes[::2], bornes[1::2], strict=False))
    sans = sla.echeance(AGENCE, depart, heures)
    avec = sla.echeance(AGENCE, depart, heures, pauses=pauses)
    assert sans is not None
    assert avec is not None
    rendues = sum(sla.minutes_ouvertes(AGENCE, a, b) for a, b in pauses)
    assert sla.minutes_ouvertes(AGENCE, depart, avec) == heures * 60 + rendues
    assert avec >= sans


@given(instants, instants, instants)
def test_prolonging_keeps_the_rest(limite: datetime, a: datetime, b: datetime) -> None:
    debut, fin = sorted((a, b))
    nouvelle = sla.prolonger(AGENCE, limite, debut, fin)
    if limite <= debut:
        assert nouvelle == limite
    else:
        pris = sla.minutes_ouvertes(AGENCE, debut, fin)
        assert sla.minutes_ouvertes(AGENCE, limite, nouvelle) == pris


def test_days_worked_out_by_hand() -> None:
    # Tuesday 17 November 2026 at 17:30, two hours: one before closing, the 18th is a holiday, one on Thursday.
    assert sla.ajouter(AGENCE, le(17, "17:30"), 120) == le(19, "09:30")
    # Over lunch.
    assert sla.ajouter(AGENCE, le(17, "12:00"), 60) == le(17, "14:30")
    # Saturday evening to Monday; Sunday is closed.
    assert sla.ajouter(AGENCE, le(21, "18:00"), 60) == le(23, "09:00")
    assert sla.minutes_ouvertes(AGENCE, le(17, "00:00"), le(20, "00:00")) == 2 * 510
    assert AGENCE.minutes(date(2026, 11, 19)) == 510


def test_the_clock_change_of_september_2026_moves_opening_hours() -> None:
    """Morocco left UTC+1 on 20 September 2026: the same wall clock is another instant."""
    avant, apres = AGENCE.ouvertures(date(2026, 9, 18))[0], AGENCE.ouvertures(date(2026, 9, 21))[0]
    assert (avant[0].hour, avant[0].minute) == (7, 30)
    assert (apres[0].hour, apres[0].minute) == (8, 30)


def test_hours_granted() -> None:
    assert [sla.heures(p) for p in Priorite] == [2, 24, 72, 168, None]
    assert sla.heures(Priorite.URGENTE, 4, 8) == 4
    assert sla.heures(Priorite.NORMALE, 4, 8) == 8
    assert sla.heures(Priorite.PROGRAMMEE, 4, 8) is None
    assert sla.echeance(AGENCE, le(16, "09:00"), None, le(17, "10:00")) == le(17, "18:30")
    assert sla.echeance(AGENCE, le(16, "09:00"), None, le(18, "10:00")) == le(19, "18:30")
    assert sla.echeance(AGENCE, le(16, "09:00"), None) is None


def test_situations() -> None:
    creation, limite = le(16, "08:30"), le(16, "12:30")

    def etat(statut: Statut, maintenant: datetime, fin: datetime | None = None) -> tuple[str, int | None]:
        s = sla.situation(AGENCE, statut, creation, limite, fin, maintenant)
        return s.etat.value, s.reste_min

    assert etat(Statut.OUVERTE, le(16, "10:30")) == ("ok", 120)
    assert etat(Statut.EN_COURS, le(16, "12:00")) == ("soon", 30)
    assert etat(Statut.AFFECTEE, le(16, "15:00")) == ("late", -60)
    assert etat(Statut.EN_ATTENTE, le(16, "15:00")) == ("paused", -60)
    assert etat(Statut.CLOTUREE, le(20, "15:00"), le(16, "12:00")) == ("tenu", None)
    assert etat(Statut.ARCHIVEE, le(20, "15:00"), le(16, "14:30")) == ("late", -30)
    assert etat(Statut.ANNULEE, le(16, "10:30")) == ("none", None)
    assert sla.situation(AGENCE, Statut.OUVERTE, creation, None, None, limite).etat is sla.EtatSla.NONE


@pytest.mark.parametrize(
    ("jours", "horaires"),
    [("", "08:30-18:30"), ("8", "08:30-18:30"), ("1", "18:30-08:30"), ("1", "08:00-10:00,09:00-11:00"), ("1", "x")],
)
def test_unreadable_hours_are_refused(jours: str, horaires: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        sla.lire_horaire(jours, horaires)
