"""Times and downtime of branches that were cut off: durations are of all times, a machine stands still once."""

from __future__ import annotations

from erp_desktop.db.session import transaction
from erp_desktop.registry import rules
from erp_desktop.sync.exchange.reasons import french_reason
from erp_desktop.sync.inbox import discard
from tests.sync.histories.play import OVERLAPPING, durations_follow
from tests.sync.lab import Device, Lab, T

LATER = "2026-11-21T08:00:00.000000Z"


def at(hour: int) -> str:
    return f"2026-11-20T{hour:02}:00:00.000000Z"


def work(device: Device, fiche: int, technicien: int, begin: int, end: int, kind: str = "travail") -> int:
    device.sql(
        "INSERT INTO temps (intervention_id, technicien_id, debut, fin, type, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)", fiche, technicien, at(begin), at(end), kind, T, T,
    )  # fmt: skip
    return int(device.value("SELECT max(id) FROM temps"))


def stop(device: Device, machine: int, begin: int, end: int | None) -> None:
    device.sql(
        "INSERT INTO arrets (equipement_id, debut, fin, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
        machine, at(begin), None if end is None else at(end), T, T,
    )  # fmt: skip


def test_two_branches_note_times_of_one_intervention(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    fiche, who = lab.ids("interventions")[0], lab.ids("techniciens")[0]
    mine = work(a, fiche, who, 8, 9)
    work(a, fiche, who, 6, 8, "trajet")
    work(b, fiche, who, 10, 12)
    spent = "SELECT duree_reelle, temps_deplacement FROM interventions WHERE id = ?"
    assert (a.sql(spent, fiche), b.sql(spent, fiche)) == ([(60, 120)], [(120, None)])
    told = "SELECT DISTINCT nom_table FROM sync_outbox"
    assert a.sql(told) == b.sql(told) == [("temps",)], "what follows from times is not sent"
    # The one that closes it says how long it knew that it took.
    b.set("interventions", fiche, date_debut_travaux=at(10), date_fin_travaux=at(12))
    lab.settle()
    lab.converged()
    for ask in (lab.sql, a.sql, b.sql):
        durations_follow(ask)
    assert a.sql(spent, fiche) == b.sql(spent, fiche) == [(180, 120)]
    assert a.conflicts() == b.conflicts() == []
    # Corrected here and taken away there: a question, and one duration everywhere.
    a.set("temps", mine, fin=at(10), updated_at=LATER)
    b.sql("DELETE FROM temps WHERE id = ?", mine)
    lab.settle()
    lab.converged()
    for ask in (lab.sql, a.sql, b.sql):
        durations_follow(ask)


def test_a_machine_that_stood_still_already_is_told_to_the_branch_that_came_second(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    machine = lab.ids("equipements")[0]
    stop(a, machine, 8, None)
    a.sync()
    stop(b, machine, 9, 10)
    stop(b, machine, 5, 8)
    b.sync()
    [(_, code, detail)] = b.parked()
    assert french_reason(code, detail) == rules.STANDS_STILL
    (parked,) = b.sql("SELECT id FROM arrets WHERE debut = ?", at(9))
    with transaction(b.engine) as session:
        discard.abandonner(session, "arrets", parked[0])
    b.engine.dispose()
    lab.settle()
    lab.converged()
    assert lab.sql(OVERLAPPING) == []
    assert lab.value("SELECT count(*) FROM arrets") == 2
    # One ends and the next begins in one exchange.
    a.set("arrets", a.value("SELECT id FROM arrets WHERE fin IS NULL"), fin=at(11), updated_at=LATER)
    stop(a, machine, 11, 12)
    lab.settle()
    lab.converged()
    assert a.parked() == []
    assert lab.value("SELECT count(*) FROM arrets") == 3
