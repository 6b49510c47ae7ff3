"""What is stamped with a statut stands and falls with it, whoever comes first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import MotifAttente, Role, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import UserError
from erp_desktop.services.interventions import form
from erp_desktop.services.interventions.actions import changer_statut
from erp_desktop.sync.inbox import conflicts
from tests.sync.lab import Device, Lab, T

STAMPS = "SELECT statut, date_cloture IS NOT NULL, date_fin_travaux IS NOT NULL FROM interventions WHERE id = ?"
Act = Callable[[Device], None]


class Job:
    """One intervention at work, two desktops, and the responsable who is at both."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.pk = lab.ids("interventions")[0]
        boss = lab.value(
            "INSERT INTO users (agence_id, username, email, full_name, role, is_active, created_at, updated_at) "
            "VALUES (%s, 'chef', 'chef@mif.ma', 'Chef', 'responsable', true, %s, %s) RETURNING id",
            lab.agence("CAS"), T, T,
        )  # fmt: skip
        self.boss = Acteur(user_id=boss, nom="Chef", role=Role.RESPONSABLE, agence_id=lab.agence("CAS"))
        lab.set("interventions", self.pk, technicien_id=lab.ids("techniciens")[0], diagnostic="Joint usé")
        self.a, self.b = lab.device(), lab.device()
        self.steps(Statut.AFFECTEE, Statut.EN_COURS)(self.a)
        lab.settle()

    def steps(self, *steps: Statut) -> Act:
        """An act: those changes of statut, as the window makes them."""

        def act(device: Device) -> None:
            for step in steps:
                with transaction(device.engine) as session:
                    motif = MotifAttente.PIECE if step is Statut.EN_ATTENTE else MotifAttente.AUTRE
                    changer_statut(session, self.boss, self.pk, step, "Facture contestée", motif)

        return act

    def apart(self, first: Act, second: Act) -> tuple[object, ...]:
        """What becomes of it when ``first`` reaches the centre before ``second``."""
        first(self.a)
        second(self.b)
        self.a.sync()
        self.b.sync()
        assert [(code, reason) for d in (self.a, self.b) for _, code, reason in d.parked()] == []
        self.lab.settle()
        self.lab.converged()
        return self.a.sql(STAMPS, self.pk)[0]


@pytest.fixture
def job(lab: Lab) -> Job:
    return Job(lab)


def test_who_reopens_is_not_archived_over(job: Job) -> None:
    """Archived without having been closed again, it had no end and no closing date: no report counted it."""
    job.steps(Statut.CLOTUREE)(job.a)
    job.lab.settle()
    assert job.apart(job.steps(Statut.EN_COURS), job.steps(Statut.ARCHIVEE)) == ("en_cours", 0, 0)
    assert [c[2:] for c in job.b.conflicts()] == [("statut", "cloturee", "archivee", "en_cours")]
    # Two steps at once would be parked; it is to be closed first.
    with transaction(job.b.engine) as session, pytest.raises(UserError, match="ne peut plus passer"):
        conflicts.resolve(session, job.b.value("SELECT id FROM sync_conflits"), "mine")


def test_what_was_archived_keeps_the_end_of_its_work(job: Job) -> None:
    job.steps(Statut.CLOTUREE)(job.a)
    job.lab.settle()
    assert job.apart(job.steps(Statut.ARCHIVEE), job.steps(Statut.EN_COURS)) == ("archivee", 1, 1)
    asked = job.b.sql("SELECT colonne FROM sync_conflits WHERE a_decider ORDER BY colonne")
    assert asked == [("statut",)], "one question: the stamps go with it"
    kept = {c[2] for c in job.b.conflicts()}
    assert {"statut", "travaux", "date_cloture"} <= kept, "every value that lost is kept"


def test_a_cancelled_one_was_not_closed(job: Job) -> None:
    """A list of what was cancelled and one of what was closed both left it out."""
    assert job.apart(job.steps(Statut.ANNULEE), job.steps(Statut.CLOTUREE)) == ("annulee", 0, 0)
    asked = job.b.sql("SELECT colonne FROM sync_conflits WHERE a_decider ORDER BY colonne")
    assert asked == [("statut",)]


def test_the_closing_of_one_whose_beginning_was_corrected_has_its_dates(job: Job) -> None:
    def earlier(device: Device) -> None:
        with transaction(device.engine) as session:
            form.update(session, job.boss, job.pk, {"date_debut_travaux": "2026-11-20T08:30:00.000000Z"})

    begun = job.b.get("interventions", job.pk, "date_debut_travaux")
    assert job.apart(earlier, job.steps(Statut.CLOTUREE)) == ("cloturee", 1, 1)
    end = job.a.get("interventions", job.pk, "date_fin_travaux")
    # The beginning that somebody typed is not lost: whoever closed is asked which one it was.
    [(_, _, column, _, mine, theirs)] = job.b.conflicts()
    assert column == "travaux"
    assert mine == {"date_debut_travaux": begun, "date_fin_travaux": end}
    assert theirs == {"date_debut_travaux": "2026-11-20T08:30:00.000000Z", "date_fin_travaux": None}
    assert job.b.sql("SELECT a_decider FROM sync_conflits") == [(1,)]


def test_two_who_close_one_keep_the_first_ones_stamps(job: Job) -> None:
    assert job.apart(job.steps(Statut.CLOTUREE), job.steps(Statut.CLOTUREE)) == ("cloturee", 1, 1)
    told = {column: theirs for _, _, column, _, _, theirs in job.b.conflicts()}
    stands = job.a.sql("SELECT date_cloture, date_fin_travaux FROM interventions WHERE id = ?", job.pk)[0]
    assert (told["date_cloture"], told["travaux"]["date_fin_travaux"]) == stands


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_closed_waits_for_nothing(job: Job, turned: bool) -> None:
    acts = [job.steps(Statut.EN_ATTENTE), job.steps(Statut.CLOTUREE)]
    assert job.apart(*(reversed(acts) if turned else acts)) == ("cloturee", 1, 1)
    for ask in (job.a.sql, job.b.sql):
        assert ask("SELECT motif_attente FROM interventions WHERE id = ?", job.pk) == [(None,)]
