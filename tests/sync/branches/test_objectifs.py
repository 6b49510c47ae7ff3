"""Targets that two branches set while they were cut off: one for a figure from a day on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import objectifs
from tests.sync.lab import Device, Lab

FIGURE, DAY = "sla_tenus", date(2026, 12, 1)


def boss(device: Device) -> Acteur:
    user = device.value("SELECT id FROM users WHERE username = 'cas_1'")
    return Acteur(user_id=user, nom="Chef", role=Role.RESPONSABLE, agence_id=device.agence_id)


def aim(device: Device, value: int) -> int:
    with transaction(device.engine) as session:
        typed = objectifs.ObjectifInput(chiffre=FIGURE, cible=Decimal(value), date_debut=DAY)
        return objectifs.create(session, boss(device), typed)


def test_two_who_set_a_target_from_one_day_on_set_one(lab: Lab) -> None:
    """There were two, and neither could be changed any more: each was refused because of the other."""
    a, b = lab.device(), lab.device()
    first = aim(a, 95)
    aim(b, 98)
    a.sync()
    b.sync()
    lab.settle()
    lab.converged()
    assert a.sql("SELECT id, cible FROM objectifs") == b.sql("SELECT id, cible FROM objectifs") == [(first, "95.00")]
    assert [(t, pk, mine, theirs) for t, pk, _, _, mine, theirs in b.conflicts()] == [
        ("objectifs", first, "98.00", "95.00")
    ]
    with transaction(b.engine) as session:
        objectifs.update(session, boss(b), first, {"cible": Decimal(97)})
    lab.settle()
    lab.converged()
    assert a.sql("SELECT cible FROM objectifs") == [("97.00",)]
