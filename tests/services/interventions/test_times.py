"""Times of several techniciens, what they cost on the day they were written, and when machines stood still."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import ReglePlanning, Statut, VerdictPlanning
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.temps import ArretInput, TempsInput
from erp_desktop.errors import NotAllowedError, NotFoundError, TransitionError, UserError, ValidationError
from erp_desktop.models import Arret, Intervention, Tarif, Technicien
from erp_desktop.registry import rules
from erp_desktop.services import arrets
from erp_desktop.services import interventions as svc
from erp_desktop.services.planning import settings
from tests.services.branch import Monde
from tests.services.interventions.test_interventions import creer, fiche, passer

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def note(monde: Monde, ident: int, begin: float, end: float, who: int | None = None, *, acteur: Acteur | None = None,
         **more: Any) -> int:  # fmt: skip
    saisie = TempsInput(technicien_id=who or monde.karim, debut=at(begin), fin=at(end), **more)
    return monde.faire(svc.ajouter_temps, acteur or monde.agent, ident, saisie)


def tariff(monde: Monde, kind: str, name: str, unit: str, price: str, since: date, agence: int | None = None) -> int:
    with transaction(monde.engine) as session:
        row = Tarif(
            type_ligne=kind, libelle=name, unite=unit, prix_unitaire=Decimal(price), taux_tva=Decimal(20),
            date_debut=since, agence_id=agence,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def refused(act: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        act()
    return caught.value.champs


def durations(monde: Monde, ident: int) -> tuple[int | None, int | None]:
    read = fiche(monde, ident)
    return read.duree_reelle, read.temps_deplacement


def test_an_intervention_lasts_as_long_as_the_times_of_its_techniciens(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        session.get_one(Technicien, monde.karim).cout_horaire = Decimal("90")
    tariff(monde, "main_oeuvre", "Main-d'œuvre", "h", "240", date(2026, 1, 1))
    tariff(monde, "main_oeuvre", "Main-d'œuvre 2027", "h", "260", date(2027, 1, 1))
    zone = tariff(monde, "deplacement", "Bouskoura", "forfait", "150", date(2026, 1, 1), monde.cas)
    road = tariff(monde, "deplacement", "Kilomètre", "km", "4.50", date(2026, 1, 1))
    ident, other = creer(monde, technicien_id=monde.karim), creer(monde, technicien_id=monde.hind)
    monde.faire(svc.update, monde.agent, ident, {"duree_reelle": 45, "temps_deplacement": 20})
    first = note(monde, ident, 8, 9.5)
    note(monde, ident, 8, 10, monde.hind)
    note(monde, ident, 7, 7.5, type="trajet", tarif_id=zone)
    note(monde, ident, 10, 11, type="attente")
    assert durations(monde, ident) == (210, 30)
    told = monde.faire(svc.temps, monde.agent, ident)
    assert [(t.technicien, t.type, t.minutes, t.montant, t.cout) for t in told] == [
        ("Karim Alaoui", "trajet", 30, Decimal("150.00"), Decimal("45.00")),
        ("Karim Alaoui", "travail", 90, Decimal("360.00"), Decimal("135.00")),
        ("Hind Berrada", "travail", 120, Decimal("480.00"), None),
        ("Karim Alaoui", "attente", 60, None, Decimal("90.00")),
    ]
    # What was written stays at what it cost that day.
    with transaction(monde.engine) as session:
        session.get_one(Technicien, monde.karim).cout_horaire = Decimal("120")
        session.execute(sa.update(Tarif).values(prix_unitaire=Decimal("999")))
    assert monde.faire(svc.temps, monde.agent, ident) == told
    assert refused(lambda: note(monde, ident, 11, 12, type="trajet", tarif_id=road)).keys() == {"quantite"}
    note(monde, ident, 11, 12, type="trajet", tarif_id=road, quantite=Decimal(46))
    assert durations(monde, ident) == (210, 90)
    # Neither is typed besides, on any engine; a row without times keeps what was typed.
    champs = refused(lambda: monde.faire(svc.update, monde.agent, ident, {"duree_reelle": 5, "temps_deplacement": 5}))
    assert champs.keys() == {"duree_reelle", "temps_deplacement"}
    with transaction(monde.engine) as session:
        session.execute(sa.update(Intervention).where(Intervention.id == ident).values(duree_reelle=5))
    assert durations(monde, ident) == (210, 90)
    monde.faire(svc.update, monde.agent, other, {"duree_reelle": 45})
    assert durations(monde, other) == (45, None)
    monde.faire(svc.supprimer_temps, monde.agent, first)
    assert durations(monde, ident) == (120, 90)
    for one in monde.faire(svc.temps, monde.agent, ident):
        monde.faire(svc.supprimer_temps, monde.agent, one.id)
    assert durations(monde, ident) == (None, None)
    actions = [h.action for h in monde.faire(svc.historique, monde.agent, ident)]
    assert (actions.count("Temps noté"), actions.count("Temps retiré")) == (15, 15)


def test_who_is_somewhere_else_is_asked_or_refused_as_the_agency_decided(monde: Monde) -> None:
    here, there = creer(monde), creer(monde)
    note(monde, here, 8, 10)
    words = f"Karim Alaoui est déjà pris de 08:00 à 10:00 par {fiche(monde, here).numero}."
    assert refused(lambda: note(monde, there, 9, 9.5)) == {"malgre": words}
    note(monde, there, 10, 11)
    note(monde, there, 9, 9.5, malgre=True)
    with transaction(monde.engine) as session:
        settings.decide(session, monde.cas, ReglePlanning.CHEVAUCHEMENT, VerdictPlanning.REFUSER)
    assert refused(lambda: note(monde, there, 8, 8.5, malgre=True)) == {"debut": words}
    with transaction(monde.engine) as session:
        settings.decide(session, monde.cas, ReglePlanning.CHEVAUCHEMENT, VerdictPlanning.IGNORER)
    note(monde, there, 8, 8.5)


def test_times_are_of_the_past_of_the_agency_and_final_once_closed(monde: Monde) -> None:
    ident = creer(monde, technicien_id=monde.karim, diagnostic="Joint usé")
    assert refused(lambda: note(monde, ident, 9, 9)).keys() == {"fin"}
    assert refused(lambda: note(monde, ident, 0, 24.5)).keys() == {"fin"}
    soon = clock.now() + timedelta(hours=1)
    late = TempsInput(technicien_id=monde.karim, debut=soon - timedelta(hours=2), fin=soon)
    assert refused(lambda: monde.faire(svc.ajouter_temps, monde.agent, ident, late)).keys() == {"fin"}
    with pytest.raises(NotFoundError):
        note(monde, ident, 8, 9, acteur=monde.autre_agent)
    own = note(monde, ident, 8, 9, acteur=monde.technicien)
    with pytest.raises(NotAllowedError):
        note(monde, ident, 8, 9, monde.hind, acteur=monde.technicien)
    passer(monde, ident, Statut.AFFECTEE, Statut.EN_COURS, Statut.CLOTUREE)
    with pytest.raises(TransitionError, match="ses temps sont définitifs"):
        monde.faire(svc.supprimer_temps, monde.agent, own)
    note(monde, ident, 9, 10)
    assert durations(monde, ident)[0] == 120
    passer(monde, ident, Statut.ARCHIVEE)
    with pytest.raises(TransitionError, match="ne reçoit plus de temps"):
        note(monde, ident, 10, 11)


def test_a_machine_stands_still_once_at_a_time(monde: Monde) -> None:
    ident = creer(monde, technicien_id=monde.karim)

    def stop(begin: float, end: float | None = None, acteur: Acteur | None = None, **more: Any) -> int:
        saisie = ArretInput(
            equipement_id=monde.equipement, debut=at(begin), fin=None if end is None else at(end), **more
        )
        return monde.faire(arrets.noter, acteur or monde.agent, saisie)

    first = stop(6, 8, cause="energie")
    running = stop(9, intervention_id=ident, acteur=monde.technicien)
    assert "depuis le 20/11/2026 09:00" in refused(lambda: stop(10, 11))["debut"]
    assert "du 20/11/2026 06:00 au 20/11/2026 08:00" in refused(lambda: stop(7, 8.5))["debut"]
    assert refused(lambda: stop(8, 7)).keys() == {"fin"}
    assert refused(lambda: monde.faire(arrets.modifier, monde.agent, running, {"fin": at(8)})).keys() == {"fin"}
    monde.faire(arrets.modifier, monde.agent, running, {"fin": at(12)})
    stop(8, 9)
    told = monde.faire(arrets.arrets, monde.agent, monde.equipement)
    assert [(a.cause, a.minutes, bool(a.numero)) for a in told] == [
        ("panne", 180, True), ("panne", 60, False), ("energie", 120, False)
    ]  # fmt: skip
    # Downtime is no working time.
    assert durations(monde, ident) == (None, None)
    assert refused(
        lambda: stop(13, 14, intervention_id=creer(monde, monde.admin, equipement_id=monde.equipement_rab))
    )
    with pytest.raises(NotAllowedError):
        stop(13, 14, acteur=monde.technicien)
    with pytest.raises(NotFoundError):
        stop(13, 14, acteur=monde.autre_agent)
    if monde.engine.dialect.name == "sqlite":
        again = Arret(equipement_id=monde.equipement, debut=at(7), fin=at(7.5), agence_id=monde.cas)
        with pytest.raises((UserError, sa.exc.IntegrityError), match=rules.STANDS_STILL):
            monde.faire(lambda session, _who: session.add(again), monde.agent)
    monde.faire(arrets.supprimer, monde.agent, first)
    stop(6.5, 7)
