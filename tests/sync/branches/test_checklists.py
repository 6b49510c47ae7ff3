"""Checklists that branches revised while they were cut off: each revision is in the next version."""

from __future__ import annotations

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role, TypePoint
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.checklist import ChecklistInput, PointInput
from erp_desktop.services.checklists import models as checklists
from tests.sync.lab import Device, Lab


def boss(device: Device) -> Acteur:
    user = device.value("SELECT id FROM users WHERE username = 'cas_1'")
    return Acteur(user_id=user, nom="Chef", role=Role.RESPONSABLE, agence_id=device.agence_id)


def points(*labels: str) -> list[PointInput]:
    return [PointInput(libelle=label, type_point=TypePoint.OUI_NON) for label in labels]


def revise(device: Device, checklist: int, *labels: str) -> None:
    with transaction(device.engine) as session:
        checklists.reviser(session, boss(device), checklist, points(*labels))


def shown(device: Device, checklist: int) -> tuple[int, set[str]]:
    with transaction(device.engine, write=False) as session:
        card = checklists.get(session, boss(device), checklist)
    return card.version, {point.libelle for point in card.points}


@pytest.mark.parametrize("turned", [False, True])
def test_a_checklist_revised_once_here_and_twice_there_has_all_of_it(lab: Lab, turned: bool) -> None:
    """Of versions 2 and 3 the first that came stood: what began with version 3 was in none."""
    a, b = lab.device(), lab.device()
    with transaction(a.engine) as session:
        made = checklists.create(session, boss(a), ChecklistInput(nom="Presse"), points("Joints", "Huile"))
    lab.settle()
    revise(a, made, "Joints", "Huile", "Capot")
    revise(b, made, "Joints", "Huile", "Bruit")
    revise(b, made, "Joints", "Niveau d'huile", "Bruit")
    for device in (b, a) if turned else (a, b):
        device.sync()
    lab.settle()
    lab.converged()
    assert shown(a, made) == shown(b, made) == (3, {"Joints", "Niveau d'huile", "Capot", "Bruit"})
    assert a.conflicts() == b.conflicts() == []
