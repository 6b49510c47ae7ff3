"""Plans of branches that were cut off: one visit is one slot, one move one question, and what collides is listed."""

from __future__ import annotations

from typing import Any

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.registry.rules import CLOSED_PLAN
from erp_desktop.services.planning.collisions import collisions
from erp_desktop.sync.inbox import conflicts
from tests.sync.histories.play import ASTRAY
from tests.sync.lab import Device, Lab, T

LATER = "2026-11-21T08:00:00.000000Z"
PLAN = "SELECT technicien_id, date_planifiee, statut FROM interventions WHERE id = ?"


def at(hour: int) -> str:
    return f"2026-12-01T{hour:02}:00:00.000000Z"


def plan(device: Device, fiche: int, technicien: int, begin: int, end: int) -> int:
    device.sql(
        "INSERT INTO creneaux (intervention_id, technicien_id, debut, fin, zone, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, 'Africa/Casablanca', ?, ?)", fiche, technicien, at(begin), at(end), T, LATER,
    )  # fmt: skip
    return int(device.value("SELECT id FROM creneaux WHERE intervention_id = ?", fiche))


def hire(lab: Lab) -> int:
    """Another technicien of CAS."""
    user = lab.value(
        "INSERT INTO users (agence_id, username, email, full_name, role, is_active, created_at, updated_at) "
        "VALUES (%s, 'renfort', 'renfort@mif.ma', 'Renfort', 'technicien', true, %s, %s) RETURNING id",
        lab.agence("CAS"), T, T,
    )  # fmt: skip
    return int(lab.value(
        "INSERT INTO techniciens (agence_id, user_id, created_at, updated_at) VALUES (%s, %s, %s, %s) RETURNING id",
        lab.agence("CAS"), user, T, T,
    ))  # fmt: skip


def settled(lab: Lab, *devices: Device) -> None:
    lab.settle()
    lab.converged()
    for ask in (lab.sql, *(d.sql for d in devices)):
        assert ask(ASTRAY) == []


def test_a_plan_taken_off_before_it_was_sent_leaves_its_technicien(lab: Lab) -> None:
    """The centre never saw it live: it had no technicien, and refused the statut that this desktop came to by it."""
    a, b = lab.device(), lab.device()
    technicien = lab.ids("techniciens")[0]
    planned, dated, typed, *_ = lab.ids("interventions")
    a.set("interventions", dated, date_planifiee=at(6), zone_planifiee="UTC")
    settled(lab, a, b)
    for fiche in (planned, dated, typed):
        plan(a, fiche, technicien, 8, 10)
        a.set("interventions", fiche, statut="affectee")
    a.sql("UPDATE creneaux SET etat = 'annule'")
    a.set("interventions", typed, date_planifiee=at(15), zone_planifiee="UTC")
    meant = {fiche: a.sql(PLAN, fiche) for fiche in (planned, dated, typed)}
    assert meant[dated] == [(technicien, None, "affectee")]
    a.sync()
    assert a.parked() == []
    settled(lab, a, b)
    for device in (a, b):
        assert {fiche: device.sql(PLAN, fiche) for fiche in meant} == meant
    assert a.conflicts() == b.conflicts() == []
    # Somebody else was sent there meanwhile.
    other = lab.ids("interventions")[3]
    plan(a, other, technicien, 8, 10)
    a.sql("UPDATE creneaux SET etat = 'annule' WHERE intervention_id = ?", other)
    colleague = hire(lab)
    lab.set("interventions", other, technicien_id=colleague, date_planifiee=at(12))
    settled(lab, a, b)
    assert a.sql(PLAN, other) == b.sql(PLAN, other) == [(colleague, at(12), "ouverte")]


def test_two_branches_plan_one_visit(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    fiche, technicien = lab.ids("interventions")[0], lab.ids("techniciens")[0]
    mine, theirs = plan(b, fiche, technicien, 14, 16), plan(a, fiche, technicien, 8, 10)
    # Assigned by the slot: the statut needs the technicien, which nobody wrote into the intervention.
    a.set("interventions", fiche, statut="affectee")
    assert a.sql(PLAN, fiche) == [(technicien, at(8), "affectee")]
    waiting = "SELECT colonne FROM sync_outbox WHERE nom_table = 'interventions' ORDER BY id"
    assert [c for (c,) in a.sql(waiting)] == ["statut"], "what follows from a slot is not sent"
    a.sync()
    settled(lab, a, b)
    # One slot, the first one's; the other branch is asked, once.
    assert [d.sql("SELECT id, debut FROM creneaux") for d in (a, b)] == [[(theirs, at(8))]] * 2
    assert mine != theirs
    assert [(t, pk, c, m["debut"]) for t, pk, c, _, m, _ in b.conflicts()] == [
        ("creneaux", theirs, "creneau", at(14))
    ]
    with transaction(b.engine, write=False) as session:
        (asked,) = conflicts.liste(session)
        number = b.value("SELECT numero FROM interventions WHERE id = ?", fiche)
        assert (asked.libelle, asked.libelle in asked.detail) == (number, False), "named as what it is a part of"
    assert a.conflicts() == []
    # Moved by one and taken off by the other: one question again, the centre's stands.
    a.set("creneaux", theirs, debut=at(9), fin=at(11))
    b.set("creneaux", theirs, etat="annule")
    assert b.sql(PLAN, fiche) == [(technicien, None, "affectee")]
    a.sync()
    settled(lab, a, b)
    assert b.sql(PLAN, fiche) == [(technicien, at(9), "affectee")]
    assert [c for _, _, c, *_ in b.conflicts()] == ["creneau", "creneau"]
    # Then off for good, everywhere; and the duration of the work is no part of that question.
    a.set("interventions", fiche, duree_estimee=45)
    b.set("creneaux", theirs, etat="annule")
    settled(lab, a, b)
    assert [d.sql(PLAN, fiche) for d in (a, b)] == [[(technicien, None, "affectee")]] * 2
    assert a.conflicts() == []


def test_a_plan_that_knows_no_slots_moves_them(lab: Lab) -> None:
    """A console or an earlier program writes the plan of the intervention; the centre's writer as well."""
    a, b = lab.device(), lab.device()
    one, two = lab.ids("techniciens")[0], lab.value("SELECT max(id) FROM techniciens")
    fiche = lab.ids("interventions")[0]
    slot = plan(a, fiche, one, 8, 10)
    settled(lab, a, b)
    b.set("interventions", fiche, date_planifiee=at(13))
    assert b.sql("SELECT debut, fin FROM creneaux") == [(at(13), at(15))]
    settled(lab, a, b)
    assert a.sql("SELECT id, debut, fin FROM creneaux") == [(slot, at(13), at(15))]
    assert a.conflicts() == b.conflicts() == []
    lab.set("interventions", fiche, date_planifiee=at(9))
    settled(lab, a, b)
    assert b.sql("SELECT debut, fin FROM creneaux") == [(at(9), at(11))]
    lab.set("interventions", fiche, technicien_id=None)
    settled(lab, a, b)
    assert b.sql("SELECT etat FROM creneaux") == [("annule",)]
    assert b.sql(PLAN, fiche) == [(None, None, "ouverte")]
    assert two is not None


def actor(device: Device) -> Acteur:
    user = device.value("SELECT min(id) FROM users WHERE role = 'agent'")
    return Acteur(user, "Agent", Role.AGENT, device.agence_id, "CAS", device.poste)


def listed(device: Device) -> list[tuple[Any, ...]]:
    with transaction(device.engine, write=False) as session:
        found = collisions(session, actor(device))
    return [(c.intervention_id, c.autre_intervention_id) for c in found]


def test_plans_that_collide_after_an_exchange_are_listed_on_every_side(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    technicien, (first, second) = lab.ids("techniciens")[0], lab.ids("interventions")[:2]
    plan(a, first, technicien, 8, 10)
    later = plan(b, second, technicien, 9, 11)
    b.set("creneaux", later, updated_at="2026-11-22T08:00:00.000000Z")
    assert listed(a) == listed(b) == []
    settled(lab, a, b)
    assert listed(a) == listed(b) == [(second, first)]
    assert a.parked() == b.parked() == []
    b.set("creneaux", later, debut=at(10), fin=at(12))
    settled(lab, a, b)
    assert listed(a) == listed(b) == []


def test_the_slot_of_a_closed_intervention_stays(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    technicien, fiche = lab.ids("techniciens")[0], lab.ids("interventions")[0]
    slot = plan(a, fiche, technicien, 8, 10)
    settled(lab, a, b)
    b.set("creneaux", slot, debut=at(9))
    for statut in ("affectee", "en_cours"):
        a.set("interventions", fiche, statut=statut)
    a.set("interventions", fiche, statut="cloturee", diagnostic="Joint usé")
    a.sync()
    lab.settle()
    assert [(code, CLOSED_PLAN in reason) for _, code, reason in b.parked()] == [("regle", True)]
