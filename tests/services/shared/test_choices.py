"""What pickers offer: rows that can be told apart, and an availability that is true."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import Equipement, Intervention, Technicien
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.services import interventions, techniciens
from erp_desktop.services.shared import choices
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde, _compte


def _homonyme(monde: Monde, agence: int, nom: str, badge: str) -> int:
    with transaction(monde.engine) as session:
        compte = _compte(session, badge, Role.TECHNICIEN, agence)
        compte.full_name = nom
        ligne = Technicien(user_id=compte.id, agence_id=agence, numero_badge=badge)
        session.add(ligne)
        session.flush()
        return ligne.id


def _intervention(monde: Monde, technicien: int, statut: str, *, rabat: bool = False, **valeurs: object) -> int:
    qui, machine = (monde.autre_agent, monde.equipement_rab) if rabat else (monde.agent, monde.equipement)
    ident = monde.faire(interventions.create, qui, InterventionInput(titre="Panne", equipement_id=machine))
    with transaction(monde.engine) as session:
        session.execute(
            sa.update(Intervention).where(Intervention.id == ident).values(
                technicien_id=technicien, statut=statut, **valeurs)
        )  # fmt: skip
    return ident


def test_a_machine_is_offered_with_its_client_and_site(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        session.get_one(Equipement, monde.equipement).localisation = "Atelier B"
        session.get_one(Equipement, monde.equipement).numero_serie = "SN-77"
    [offert] = monde.faire(choices.equipements, monde.agent, "sertisseuse")
    assert offert.detail == "SR-03 · Conserveries Atlas · Atelier B · n° SN-77"
    assert [c.id for c in monde.faire(choices.equipements, monde.agent, "atelier b")] == [monde.equipement]
    [offert] = monde.faire(choices.equipements, monde.siege, "pont")
    assert offert.detail == "PR-01 · Céramiques du Sud · Rabat"


def test_the_availability_offered_is_the_true_one(monde: Monde) -> None:
    quand = datetime(2026, 12, 3, 9, tzinfo=UTC)
    _intervention(monde, monde.karim, "en_cours", date_debut_travaux=clock.now())
    _intervention(monde, monde.hind, "affectee", date_planifiee=quand - timedelta(minutes=90), duree_estimee=120)
    offerts = {c.id: c for c in monde.faire(choices.techniciens, monde.agent, "", quand=quand)}
    karim, hind = offerts[monde.karim], offerts[monde.hind]
    assert (karim.disponibilite, karim.en_cours, karim.prevues) == ("occupe", 1, 0)
    assert (hind.disponibilite, hind.en_cours, hind.prevues) == ("disponible", 0, 1)
    apres = {c.id: c for c in monde.faire(choices.techniciens, monde.agent, "", quand=quand + timedelta(hours=1))}
    assert apres[monde.hind].prevues == 0
    libres = monde.faire(techniciens.ids, monde.agent, ListQuery("disponibilite:disponible"))
    assert libres == [monde.hind]
    [ligne] = monde.faire(techniciens.rows, monde.agent, [monde.karim])
    assert (ligne.disponibilite, ligne.agence) == ("occupe", "Casablanca")


def test_techniciens_of_one_name_are_told_apart_everywhere(monde: Monde) -> None:
    rabat = _homonyme(monde, monde.rab, "karim  ALAOUI", "T-09")
    offerts = {c.id: c.libelle for c in monde.faire(choices.techniciens, monde.siege, "alaoui")}
    assert offerts == {monde.karim: "Karim Alaoui (CAS)", rabat: "karim  ALAOUI (RAB)"}
    [hind] = monde.faire(choices.techniciens, monde.siege, "berrada")
    assert hind.libelle == "Hind Berrada"
    mien = _intervention(monde, monde.karim, "cloturee", date_cloture=clock.now(), date_debut_travaux=clock.now(),
                         travaux_realises="Joint changé")  # fmt: skip
    autre = _intervention(monde, rabat, "affectee", rabat=True)
    lues = monde.faire(interventions.rows, monde.siege, [mien, autre])
    assert [r.technicien for r in lues] == ["Karim Alaoui (CAS)", "karim  ALAOUI (RAB)"]
    assert monde.faire(interventions.get, monde.siege, mien).technicien == "Karim Alaoui (CAS)"
    for libelle, attendu in (("Karim Alaoui (CAS)", mien), ("karim alaoui (rab)", autre)):
        trouve = monde.faire(interventions.ids, monde.siege, ListQuery(f'technicien:"{libelle}"'))
        assert trouve == [attendu]
    aujourdhui = clock.today()
    with transaction(monde.engine, write=False) as session:
        lu = calculer(session, ParamsRapport(date(aujourdhui.year, 1, 1), aujourdhui))
    assert [t.nom for t in lu.techniciens] == ["Karim Alaoui (CAS)"]


def test_two_of_one_name_in_one_agency_show_their_badges(monde: Monde) -> None:
    autre = _homonyme(monde, monde.cas, "Karim Alaoui", "T-09")
    offerts = {c.id: c.libelle for c in monde.faire(choices.techniciens, monde.agent, "alaoui")}
    assert offerts == {monde.karim: "Karim Alaoui (CAS, T-01)", autre: "Karim Alaoui (CAS, T-09)"}
