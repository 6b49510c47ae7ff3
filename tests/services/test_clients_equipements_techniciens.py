from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import DuplicateError, NotAllowedError, NotFoundError, ValidationError
from erp_desktop.models import Equipement, User
from erp_desktop.services import clients, equipements, interventions, techniciens
from erp_desktop.services.clients import ClientInput
from erp_desktop.services.equipements import EquipementInput
from erp_desktop.services.shared import choices
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.services.techniciens import TechnicienInput
from tests.services.branch import Monde

ICE = "001525713000089"


def nouveau_client(monde: Monde, **valeurs: object) -> int:
    return monde.faire(clients.create, monde.agent, ClientInput(**{"nom_entreprise": "Minoterie Chaouïa", **valeurs}))


def test_client_is_created_read_and_changed(monde: Monde) -> None:
    ident = nouveau_client(monde, ice=ICE, telephone="05 22 40 18 76", ville="Settat")
    lu = monde.faire(clients.get, monde.agent, ident)
    assert (lu.telephone, lu.agence_id, lu.agence_code, lu.ice) == ("+212522401876", monde.cas, "CAS", ICE)
    monde.faire(clients.update, monde.agent, ident, {"ville": "Berrechid", "nom_entreprise": "Minoterie Chaouïa"})
    [ligne] = monde.faire(clients.rows, monde.agent, [ident])
    assert (ligne.ville, ligne.telephone, ligne.nb_equipements) == ("Berrechid", "+212 5 22 40 18 76", 0)
    [atlas] = monde.faire(clients.rows, monde.agent, [monde.client])
    assert atlas.nb_equipements == 1


def test_ice_is_kept_once_and_a_doubtful_key_warns(monde: Monde) -> None:
    ident = nouveau_client(monde, ice="001525713000088")
    assert "clé" in monde.faire(clients.get, monde.agent, ident).avertissements["ice"]
    with pytest.raises(DuplicateError, match="Minoterie Chaouïa"):
        nouveau_client(monde, nom_entreprise="Autre", ice="001525713000088")
    monde.faire(clients.update, monde.agent, ident, {"ice": "001525713000088", "ville": "Settat"})
    with pytest.raises(ValidationError) as refus:
        monde.faire(clients.update, monde.agent, ident, {"ice": "123"})
    assert refus.value.champs == {"ice": "L'ICE compte 15 chiffres."}


def test_roles_and_agencies_hold(monde: Monde) -> None:
    with pytest.raises(NotAllowedError):
        monde.faire(clients.create, monde.technicien, ClientInput(nom_entreprise="x"))
    with pytest.raises(NotFoundError):
        monde.faire(clients.update, monde.autre_agent, monde.client, {"ville": "x"})
    with pytest.raises(NotAllowedError):
        monde.faire(clients.create, monde.agent, ClientInput(nom_entreprise="x", agence_id=monde.rab))
    with pytest.raises(ValidationError, match="agence"):
        monde.faire(clients.create, monde.siege, ClientInput(nom_entreprise="x"))
    partage = monde.faire(clients.create, monde.admin, ClientInput(nom_entreprise="Partagé"))
    assert monde.faire(clients.get, monde.autre_agent, partage).agence_id is None
    with pytest.raises(NotAllowedError, match="partagée"):
        monde.faire(clients.update, monde.agent, partage, {"ville": "x"})
    client = Acteur(1, "x", Role.CLIENT, monde.cas)
    with pytest.raises(NotAllowedError):
        monde.faire(clients.ids, client, ListQuery())


def test_client_filters_and_sorts(monde: Monde) -> None:
    minoterie = nouveau_client(monde, ville="Fès", niveau_service="premium", telephone="0522401876")
    for texte, attendu in {
        "": [monde.client, minoterie], "ville:fes": [minoterie], "service:premium": [minoterie],
        "chaouia": [minoterie], "0522401876": [minoterie], "type:entreprise atlas": [monde.client],
    }.items():  # fmt: skip
        assert monde.faire(clients.ids, monde.agent, ListQuery(texte)) == attendu, texte
    for tri in ("ville", "nb_equipements", "type_client", "ice", "niveau_service", "telephone"):
        assert len(monde.faire(clients.ids, monde.agent, ListQuery(tri=tri, descendant=True))) == 2
    assert clients.indices("vile:x")


@pytest.mark.timeout(60)
def test_a_circle_that_two_desktops_made_is_walked_once_around(monde: Monde) -> None:
    def creer(code: str, parent: int | None = None) -> int:
        champs = EquipementInput(client_id=monde.client, nom=code, code_interne=code, parent_id=parent)
        return monde.faire(equipements.create, monde.agent, champs)

    presse = creer("PH-1", monde.equipement)
    with transaction(monde.engine) as session:
        session.execute(sa.update(Equipement).where(Equipement.id == monde.equipement).values(parent_id=presse))
    pompe = creer("PO-1")
    monde.faire(equipements.update, monde.agent, pompe, {"parent_id": presse})
    with pytest.raises(ValidationError, match="faire partie de lui-même"):
        monde.faire(equipements.update, monde.agent, presse, {"parent_id": monde.equipement, "nom": "Presse A"})
    # One of them lets go.
    monde.faire(equipements.update, monde.agent, presse, {"parent_id": None})
    monde.faire(equipements.update, monde.agent, monde.equipement, {"nom": "Sertisseuse SR-3"})


def test_equipement_rules(monde: Monde) -> None:
    def creer(**valeurs: object) -> int:
        champs = {"client_id": monde.client, "nom": "Presse", "code_interne": "PH-204", **valeurs}
        return monde.faire(equipements.create, monde.agent, EquipementInput(**champs))

    presse = creer(numero_serie="S1", parent_id=monde.equipement, contrat_id=monde.contrat)
    with pytest.raises(DuplicateError, match=r"PH-204.*« Presse »"):
        creer()
    with pytest.raises(DuplicateError, match="S1"):
        creer(code_interne="PH-205", numero_serie="S1")
    with pytest.raises(ValidationError, match="client"):
        creer(code_interne="PH-206", client_id=monde.client_rab)
    with pytest.raises(ValidationError) as refus:
        monde.faire(equipements.update, monde.agent, monde.equipement, {"parent_id": presse})
    assert list(refus.value.champs) == ["parent_id"]
    lue = monde.faire(equipements.get, monde.agent, presse)
    assert (lue.client, lue.parent, lue.contrat) == ("Conserveries Atlas", "Sertisseuse SR-03", "CTR-2025-0117")
    monde.faire(equipements.update, monde.agent, presse, {"statut": "panne", "localisation": "Atelier B"})
    assert monde.faire(equipements.ids, monde.agent, ListQuery("statut:panne client:atlas atelier")) == [presse]
    [ligne] = monde.faire(equipements.rows, monde.agent, [presse])
    assert (ligne.statut, ligne.client, ligne.localisation) == ("panne", "Conserveries Atlas", "Atelier B")
    for tri in ("code_interne", "client", "criticite", "marque", "statut", "type_equipement"):
        assert set(monde.faire(equipements.ids, monde.agent, ListQuery(tri=tri))) == {presse, monde.equipement}


def test_techniciens(monde: Monde) -> None:
    intervention = monde.faire(
        interventions.create, monde.agent,
        InterventionInput(titre="x", equipement_id=monde.equipement, technicien_id=monde.karim),
    )  # fmt: skip
    monde.faire(interventions.changer_statut, monde.agent, intervention, "affectee")
    assert monde.faire(techniciens.ids, monde.agent, ListQuery(tri="nb_en_cours", descendant=True)) == [
        monde.karim, monde.hind,
    ]  # fmt: skip
    [karim, hind] = monde.faire(techniciens.rows, monde.agent, [monde.karim, monde.hind])
    assert (karim.nom, karim.nb_en_cours, hind.nb_en_cours) == ("Karim Alaoui", 1, 0)
    with pytest.raises(NotAllowedError):
        monde.faire(techniciens.update, monde.agent, monde.karim, {"niveau": "expert"})
    monde.faire(techniciens.update, monde.responsable, monde.karim, {"niveau": "expert", "astreinte": True})
    lu = monde.faire(techniciens.get, monde.agent, monde.karim)
    assert (lu.niveau, lu.astreinte, lu.nb_en_cours) == ("expert", True, 1)
    with pytest.raises(DuplicateError, match="Karim Alaoui"):
        monde.faire(techniciens.update, monde.responsable, monde.hind, {"numero_badge": "T-01"})
    assert monde.faire(techniciens.ids, monde.agent, ListQuery("niveau:expert karim")) == [monde.karim]
    assert monde.faire(techniciens.ids, monde.autre_agent, ListQuery()) == []
    with pytest.raises(DuplicateError):
        monde.faire(techniciens.create, monde.responsable, TechnicienInput(user_id=monde.technicien.user_id))
    with pytest.raises(ValidationError, match="rôle technicien"):
        monde.faire(techniciens.create, monde.responsable, TechnicienInput(user_id=monde.agent.user_id))

    def compte(session, _acteur):  # type: ignore[no-untyped-def]
        nouveau = User(username="n", email="n@n.ma", full_name="Nabil", role="technicien", agence_id=monde.cas)
        session.add(nouveau)
        session.flush()
        return nouveau.id

    user_id = monde.faire(compte, monde.admin)
    nabil = monde.faire(techniciens.create, monde.responsable, TechnicienInput(user_id=user_id, equipe="Froid"))
    assert monde.faire(techniciens.get, monde.agent, nabil).agence_id == monde.cas


def test_pickers(monde: Monde) -> None:
    assert [c.libelle for c in monde.faire(choices.clients, monde.agent, "atl")] == ["Conserveries Atlas"]
    assert len(monde.faire(choices.clients, monde.siege, "")) == 2
    assert len(monde.faire(choices.clients, monde.siege, "", limite=1)) == 1
    [machine] = monde.faire(choices.equipements, monde.agent, "sr03".replace("sr", "sr-"), client_id=monde.client)
    assert (machine.id, machine.detail) == (monde.equipement, "SR-03 · Conserveries Atlas · Casablanca")
    assert monde.faire(choices.equipements, monde.siege, "", client_id=monde.client_rab)[0].id == monde.equipement_rab
    assert [c.libelle for c in monde.faire(choices.techniciens, monde.agent, "berr")] == ["Hind Berrada"]
    [contrat] = monde.faire(choices.contrats, monde.agent, "", client_id=monde.client)
    assert (contrat.libelle, contrat.detail) == ("CTR-2025-0117", "réponse 2 h")
