"""A client or machine already on file is told while it is typed, on both engines."""

from __future__ import annotations

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.models import Client, Equipement
from erp_desktop.services.shared import duplicates
from tests.services.branch import Monde


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
