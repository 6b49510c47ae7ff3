"""The calendar on both engines: hours by weekday and season, holidays, seeds, and deadlines that follow."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import MotifHoraire, Statut
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import DuplicateError, NotFoundError, ValidationError
from erp_desktop.models import Agence, Contrat, HistoriqueIntervention, Intervention, JourFerie, TauxTva
from erp_desktop.services import calendrier
from erp_desktop.services import interventions as svc
from erp_desktop.services.shared.clocks import Horloges
from tests.services.branch import Monde


def a(jour: date, heure: str) -> datetime:
    return datetime.combine(jour, time.fromisoformat(heure), clock.CASABLANCA)


def ouvertures(session: Session, agence: int, jour: date) -> list[tuple[str, str]]:
    return [
        (f"{clock.local(d):%d %H:%M}", f"{clock.local(f):%d %H:%M}")
        for d, f in Horloges(session).de(agence).ouvertures(jour)
    ]


def definir(session: Session, ident: int | None, semaine: str, **options: Any) -> None:
    agence = session.get(Agence, ident) if ident else None
    calendrier.definir_horaires(session, agence, calendrier.lire_semaine(semaine), **options)


def test_each_weekday_season_and_single_date_has_its_hours(monde: Monde) -> None:
    def essai(session: Session, _acteur: Any) -> None:
        definir(session, monde.cas, "1-5=08:30-12:30,14:00-18:30 6=08:30-12:30")
        definir(
            session, None, "1-6=09:00-15:00", du=date(2027, 2, 8), au=date(2027, 3, 9), motif=MotifHoraire.RAMADAN
        )
        definir(session, monde.rab, "1-7=00:00-24:00")
        calendrier.ajouter_ferie(session, date(2027, 1, 11), "Manifeste de l'indépendance")
        calendrier.ajouter_ferie(session, date(2027, 1, 14), "Nouvel an amazigh", ouvert="08:30-12:00")
        calendrier.ajouter_ferie(session, date(2027, 1, 15), "Inventaire", agence_id=monde.cas)
        # Friday, Saturday, Sunday.
        assert ouvertures(session, monde.cas, date(2027, 1, 8)) == [
            ("08 08:30", "08 12:30"),
            ("08 14:00", "08 18:30"),
        ]
        assert ouvertures(session, monde.cas, date(2027, 1, 9)) == [("09 08:30", "09 12:30")]
        assert ouvertures(session, monde.cas, date(2027, 1, 10)) == []
        assert ouvertures(session, monde.cas, date(2027, 1, 11)) == []
        assert ouvertures(session, monde.cas, date(2027, 1, 14)) == [("14 08:30", "14 12:00")]
        assert ouvertures(session, monde.cas, date(2027, 1, 15)) == []
        assert ouvertures(session, monde.cas, date(2027, 2, 8)) == [("08 09:00", "08 15:00")]
        assert ouvertures(session, monde.rab, date(2027, 1, 10)) == [("10 00:00", "11 00:00")]
        assert ouvertures(session, monde.rab, date(2027, 1, 15)) == [("15 00:00", "16 00:00")]
        # What an older program reads.
        agence = session.get_one(Agence, monde.rab)
        assert (agence.jours_ouvres, agence.horaires) == ("1,2,3,4,5,6,7", "00:00-23:59")

    monde.faire(essai, monde.admin)


def test_an_agency_without_dated_hours_keeps_those_of_its_text(monde: Monde) -> None:
    monde.executer("UPDATE agences SET jours_ouvres = '1,2', horaires = '07:00-09:00'")

    def essai(session: Session, _acteur: Any) -> None:
        assert ouvertures(session, monde.cas, date(2027, 1, 4)) == [("04 07:00", "04 09:00")]
        assert ouvertures(session, monde.cas, date(2027, 1, 6)) == []
        assert calendrier.semer(session)["horaires_agence"] == 4
        assert ouvertures(session, monde.cas, date(2027, 1, 4)) == [("04 07:00", "04 09:00")]

    monde.faire(essai, monde.admin)


def test_seeds_fill_once_and_never_over_somebodys_edit(monde: Monde) -> None:
    def semer(session: Session, _acteur: Any) -> dict[str, int]:
        return calendrier.semer(session)

    premiere = monde.faire(semer, monde.admin)
    assert premiere["taux_tva"] == 5
    assert premiere["jours_feries"] >= 30
    assert premiere["horaires_agence"] == 12
    monde.executer("DELETE FROM jours_feries WHERE libelle = 'Nouvel an Amazigh'")
    monde.executer("UPDATE taux_tva SET libelle = 'Autre' WHERE libelle = 'Taux normal'")
    assert set(monde.faire(semer, monde.admin).values()) == {0}
    assert monde.lire(sa.select(sa.func.count()).where(JourFerie.libelle == "Nouvel an Amazigh")) == [(0,)]
    assert monde.lire(sa.select(sa.func.count()).where(TauxTva.libelle == "Autre")) == [(1,)]


def test_two_holidays_may_fall_on_one_day_and_the_moons_are_provisional(monde: Monde) -> None:
    def essai(session: Session, _acteur: Any) -> None:
        calendrier.completer(session, 2027)
        du_jour = [f for f in calendrier.feries(session, 2027) if f.jour == date(2027, 8, 14)]
        assert sorted((f.libelle, f.provisoire) for f in du_jour) == [
            ("Allégeance Oued Eddahab", False), ("Anniversaire du prophète", True),
        ]  # fmt: skip
        with pytest.raises(NotFoundError, match="Plusieurs"):
            calendrier.ferie(session, date(2027, 8, 14), None, None)
        ligne = calendrier.ferie(session, date(2027, 8, 14), "Anniversaire du prophète", None)
        calendrier.confirmer_ferie(session, ligne, date(2027, 8, 16))
        assert (ligne.jour, ligne.provisoire, ligne.confirme_le) == (date(2027, 8, 16), False, clock.today())
        with pytest.raises(DuplicateError):
            calendrier.ajouter_ferie(session, date(2027, 8, 20), "La révolution du roi et du peuple")

    monde.faire(essai, monde.admin)


@pytest.mark.parametrize("texte", ["", "8=08:00-09:00", "1=09:00-08:00", "1=08:00-25:00", "lundi=08:00-09:00", "1=",
                                   "1=0001-01-01", "1=8-12", "1=08:60-12:00", "1=08:3-12:00"])  # fmt: skip
def test_an_unreadable_week_is_refused(texte: str) -> None:
    with pytest.raises(ValidationError) as refused:
        calendrier.lire_semaine(texte)
    assert list(refused.value.champs) == ["semaine"]


def test_hours_are_read_as_people_write_them() -> None:
    """``08.30`` was read as eight o'clock."""
    read = calendrier.lire_semaine("1=8h30-12.30,14h-18:30 2=08:00-24:00")
    assert read == {1: ((510, 750), (840, 1110)), 2: ((480, 1440),)}


def _creer(monde: Monde, **champs: Any) -> int:
    saisie = InterventionInput(titre="Fuite", equipement_id=monde.equipement, priorite="normale", **champs)
    return monde.faire(svc.create, monde.agent, saisie)


def _limite(monde: Monde, ident: int) -> datetime:
    ((limite,),) = monde.lire(sa.select(Intervention.date_limite).where(Intervention.id == ident))
    assert limite is not None
    return limite


def test_open_deadlines_follow_the_calendar_with_an_audit_row(monde: Monde) -> None:
    ouverte, finie, reprise = _creer(monde), _creer(monde), _creer(monde)
    fixe = a(date(2030, 1, 2), "12:00")
    monde.faire(lambda s, _a: s.execute(sa.update(Intervention).where(Intervention.id == reprise)
                                        .values(date_limite=fixe)), monde.admin)  # fmt: skip
    monde.faire(lambda s, _a: s.execute(sa.update(Intervention).where(Intervention.id == finie)
                                        .values(statut=Statut.ANNULEE.value)), monde.admin)  # fmt: skip
    avant = _limite(monde, ouverte)
    jour = clock.local(avant).date()

    def fermer(session: Session, _acteur: Any) -> calendrier.Recalcul:
        with calendrier.changement(session, "Fermeture exceptionnelle") as compte:
            calendrier.ajouter_ferie(session, jour, "Fermeture")
        return compte[0]

    assert monde.faire(fermer, monde.admin) == calendrier.Recalcul(ouvertes=1, deplacees=1)
    apres = _limite(monde, ouverte)
    assert clock.local(apres).date() > jour
    assert _limite(monde, finie) == avant or _limite(monde, finie) < apres
    assert _limite(monde, reprise) == fixe
    h = HistoriqueIntervention
    ligne = monde.lire(
        sa.select(h.remarque, h.ancienne_valeur, h.nouvelle_valeur)
        .where(h.intervention_id == ouverte, h.action == "echeance")
    )  # fmt: skip
    assert ligne == [
        ("échéance recalculée : Fermeture exceptionnelle", {"date_limite": clock.to_text(avant)},
         {"date_limite": clock.to_text(apres)})
    ]  # fmt: skip
    vue = [v for v in monde.faire(svc.historique, monde.agent, ouverte) if v.action == "Échéance recalculée"]
    assert [(v.champ, v.auteur) for v in vue] == [("Échéance", None)]

    def rouvrir(session: Session, _acteur: Any) -> None:
        with calendrier.changement(session, "Réouverture"):
            calendrier.retirer_ferie(session, calendrier.ferie(session, jour, None, None))

    monde.faire(rouvrir, monde.admin)
    assert _limite(monde, ouverte) == avant


def test_open_deadlines_follow_a_contract(monde: Monde) -> None:
    ident = _creer(monde, contrat_id=monde.contrat)
    avant = _limite(monde, ident)

    def changer(session: Session, _acteur: Any) -> calendrier.Recalcul:
        session.get_one(Contrat, monde.contrat).temps_reponse_normal = 200
        session.flush()
        return calendrier.recalculer(session, "contrat modifié", contrat_id=monde.contrat)

    assert monde.faire(changer, monde.admin).deplacees == 1
    assert _limite(monde, ident) > avant
