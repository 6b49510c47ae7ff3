"""A client or machine already on file is told while it is typed, on both engines."""

from __future__ import annotations

from datetime import date

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.domain.administration.saisie import CodePanneInput, CompetenceInput, FerieInput
from erp_desktop.domain.saisie.stock import DepotInput, PieceInput
from erp_desktop.errors import DuplicateError
from erp_desktop.models import Client, Equipement
from erp_desktop.services import equipements, views
from erp_desktop.services.administration import calendar
from erp_desktop.services.administration.referentials import FAILURE_CODES, SKILLS
from erp_desktop.services.equipements import EquipementInput
from erp_desktop.services.shared import duplicates
from erp_desktop.services.stock import depots, parts
from tests.services.branch import Monde, refused


def test_capitals_and_accents_make_no_other_name(monde: Monde) -> None:
    do, admin, agent = monde.faire, monde.admin, monde.agent
    there = [
        (depots.create, agent, DepotInput(nom="Réserve"), DepotInput(nom="RESERVE")),
        (parts.create, agent, PieceInput(reference="jnt-e1", designation="Joint"),
         PieceInput(reference="JNT-E1", designation="x")),
        (SKILLS.create, admin, CompetenceInput(nom="Électricité"), CompetenceInput(nom="electricite")),
        (FAILURE_CODES.create, admin, CodePanneInput(type="cause", code="mec", libelle="Usure"),
         CodePanneInput(type="cause", code="Mec", libelle="x")),
        (calendar.create, admin, FerieInput(jour=date(2027, 3, 3), libelle="Fête"),
         FerieInput(jour=date(2027, 3, 3), libelle="FÊTE")),
    ]  # fmt: skip
    for create, who, first, again in there:
        do(create, who, first)
        refused(lambda c=create, w=who, x=again: do(c, w, x), DuplicateError)  # type: ignore[misc]
    machine = EquipementInput(client_id=monde.client, nom="Four", code_interne="fr-1", numero_serie="Sn/9a")
    ident = do(equipements.create, agent, machine)
    for field in ("code_interne", "numero_serie"):
        told = {"code_interne": "FR-2", "numero_serie": "x", field: getattr(machine, field).upper()}
        with pytest.raises(DuplicateError) as said:
            do(equipements.create, agent, EquipementInput(client_id=monde.client, nom="a", **told))
        assert list(said.value.champs) == [field]
    do(equipements.update, agent, ident, {"code_interne": "FR-1"})
    # A row with a twin from before is changed elsewhere than in its name.
    monde.executer("UPDATE pieces_detachees SET reference = 'RLM-1' WHERE reference = 'jnt-e1'")
    twin = do(parts.create, agent, PieceInput(reference="twin", designation="Joint"))
    monde.executer("UPDATE pieces_detachees SET reference = 'rlm-1' WHERE reference = 'twin'")
    do(parts.update, agent, twin, {"designation": "Joint racleur"})
    # One's own of that name is replaced.
    for name, text in (("Été", "a"), ("ete", "b")):
        do(views.save, agent, "clients", name, views.Definition(text), shared=False)
    assert [(v.name, v.definition.text) for v in do(views.views, agent, "clients")] == [("Été", "b")]


@pytest.fixture
def froid(monde: Monde) -> int:
    with transaction(monde.engine) as session:
        client = Client(
            nom_entreprise="Froid Atlantique", ville="Rabat", agence_id=monde.cas, ice="001525713000089",
            email="contact@froid.ma", telephone="+212522401876",
        )  # fmt: skip
        session.add(client)
        session.get_one(Equipement, monde.equipement).numero_serie = "SN 77-A4"
        session.flush()
        return client.id


@pytest.mark.parametrize(
    ("tape", "meme"),
    [
        ("froid  atlantique", True), ("FROID ATLANTIQUE", True), ("Fróid Atlantiquê", True),
        ("Atlantique Froid", True), ("Froid-Atlantique SARL", True), ("Froid Atlantic", False),
        ("Froids Atlantiques", False),
    ],
)  # fmt: skip
def test_a_close_name_is_found(monde: Monde, froid: int, tape: str, meme: bool) -> None:
    [proche] = monde.faire(duplicates.clients, monde.agent, "nom_entreprise", tape, None)
    assert (proche.id, proche.libelle, proche.meme) == (froid, "Froid Atlantique (Rabat)", meme)


@pytest.mark.parametrize("tape", ["Froid Rabat", "Atlas", "Fr", "Menuiserie du Souss", "%_*?["])
def test_another_name_is_not(monde: Monde, froid: int, tape: str) -> None:
    assert froid not in [p.id for p in monde.faire(duplicates.clients, monde.agent, "nom_entreprise", tape, None)]


@pytest.mark.parametrize(
    ("champ", "tape"),
    [("ice", "001 525 713 000 089"), ("email", " Contact@FROID.ma"), ("telephone", "05 22 40 18 76"),
     ("telephone", "+212 522-401876")],
)  # fmt: skip
def test_the_same_number_is_found_however_it_is_typed(monde: Monde, froid: int, champ: str, tape: str) -> None:
    [proche] = monde.faire(duplicates.clients, monde.agent, champ, tape, None)
    assert (proche.id, proche.meme) == (froid, True)
    assert monde.faire(duplicates.clients, monde.agent, champ, tape, froid) == []
    assert monde.faire(duplicates.clients, monde.autre_agent, champ, tape, None) == []


def test_half_a_number_is_nobodys(monde: Monde, froid: int) -> None:
    assert froid
    assert monde.faire(duplicates.clients, monde.agent, "ice", "0015", None) == []
    assert monde.faire(duplicates.clients, monde.agent, "telephone", "05", None) == []


def test_the_same_serial_number_is_found(monde: Monde, froid: int) -> None:
    assert froid
    [proche] = monde.faire(duplicates.equipements, monde.agent, "numero_serie", "sn77a4", None)
    assert proche.libelle == "Sertisseuse SR-03 SR-03 (Conserveries Atlas)"
    [badge] = monde.faire(duplicates.techniciens, monde.agent, "numero_badge", "t01", None)
    assert badge.libelle == "Karim Alaoui"
