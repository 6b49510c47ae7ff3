"""An upgrade of a centre that is killed between two revisions: who is told what, and the next one that ends it."""

from __future__ import annotations

import signal
import uuid

import pytest
import sqlalchemy as sa

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import CentralWaitsError, DatabaseRefusedError, SchemaMismatchError
from erp_desktop.models import Client
from erp_desktop.registry import revisions
from erp_desktop.settings import CentralUpgrade
from erp_desktop.sync.exchange.link import LEFT_HALF_WAY
from erp_desktop.sync.watch import health
from erp_desktop.upgrade import audit
from erp_desktop.upgrade.audit import KILLED
from erp_desktop.upgrade.central import checklist, looking
from erp_desktop.upgrade.start import startup
from tests.processes import Program, child_environment, erp_admin
from tests.sync.lab import Device, Lab
from tests.upgrade.central.older_release import AVANT
from tests.upgrade.central.test_older_release import PLANNING, behind, centre_back, sync, whole_state

__all__ = ["behind"]

_KILLED = """
import os, signal, sys, time
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.upgrade.central import checklist

def tell(text):
    # At the end of a revision, before it is committed: those before it are kept.
    if text == f"Révision {sys.argv[2]}":
        if sys.argv[3] == "attendre":
            print(text, flush=True)
            time.sleep(600)
        os.kill(os.getpid(), signal.SIGKILL)

checklist.upgrade_central(create_pg_engine(sys.argv[1]), lambda _state: True, tell)
"""


def upgrading(lab: Lab, revision: str, then: str = "") -> Program:
    """An upgrade in a process of its own that kills itself in a revision; with « attendre » it waits to be killed."""
    return Program(["-c", _KILLED, lab.url, revision, then], env=child_environment())


@pytest.mark.soak
def test_devices_and_windows_are_told_and_the_next_upgrade_ends_it(lab: Lab, behind: Device) -> None:
    device = lab.device("CAS")
    device.sync()
    device.hang_up()
    centre_back(lab)
    behind.sql(PLANNING.format(c="rrule"))
    assert sync(behind)["attente"] == 0
    due = revisions.between(AVANT, revisions.head())
    at = due[len(due) // 2]
    engine, login = create_pg_engine(lab.url), f"commis_{uuid.uuid4().hex[:8]}"
    lab.sql(f"CREATE ROLE {login} LOGIN IN ROLE erp_central")
    clerk = create_pg_engine(sa.make_url(lab.url).set(username=login).render_as_string(hide_password=False))
    child = upgrading(lab, at, "attendre")
    assert child.stdout is not None
    assert child.stdout.readline() == f"Révision {at}\n"
    # Nobody is served any more, and somebody is at work.
    with pytest.raises(CentralWaitsError, match="en cours de mise à niveau"):
        device.sync()
    for one in (engine, clerk):
        state = checklist.check_central(one)
        assert (state.etat, state.en_cours) == ("ancien", True)
        assert state.message == "La base centrale est en cours de mise à niveau."
    child.kill()
    assert child.wait() == -signal.SIGKILL
    child.communicate()
    before = revisions.before(at)[-1]
    assert lab.sql("SELECT version_num FROM alembic_version") == [(before,)]
    # Nobody is at work any more, and nobody is served.
    device.hang_up()
    told = whole_state(device)
    assert (told.en_ligne, told.muet, told.erreur) == (False, False, LEFT_HALF_WAY)
    for one in (engine, clerk):
        seen = looking.look(one)
        assert (seen.running, seen.shut) == (False, True)
        with pytest.raises(DatabaseRefusedError, match="arrêtée en chemin"):
            startup.open_central(one.url.render_as_string(hide_password=False), policy=CentralUpgrade.NEVER)
    # A window that was open meanwhile is told so: it never shows a list that looks empty.
    ville = sa.select(Client.nom_entreprise)
    with pytest.raises(CentralWaitsError, match="arrêtée en chemin"), transaction(clerk, write=False) as session:
        session.scalars(ville).all()
    with pytest.raises(CentralWaitsError), transaction(clerk) as session:
        session.execute(sa.text("UPDATE public.clients SET ville = 'x'"))
    status, said = erp_admin("db", "status", "--url", lab.url), erp_admin("server", "health", "--url", lab.url)
    assert "arrêtée en chemin" in status.stdout
    assert f"révision {before}, {len(due) - due.index(at)} en attente" in said.stdout, said.stderr
    assert said.returncode == 1
    assert [(c.sujet, c.niveau) for c in health.sante_centre(engine)] == [("structure", health.PANNE)]
    # What is written meanwhile by the owner, and on a device, is kept.
    mine, theirs = lab.ids("clients")[:2]
    lab.set("clients", mine, ville="Changée à mi-chemin")
    device.set("clients", theirs, ville="Pendant ce temps")
    done = erp_admin("db", "upgrade", "--url", lab.url, "--yes", "--no-backup")
    assert done.returncode == 0, done.stderr
    assert lab.sql("SELECT to_regprocedure('sync.exiger_entier()')") == [(None,)]
    person = "SELECT %s, min(id) FROM users WHERE agence_id IS NOT NULL"
    lab.sql(f"INSERT INTO sync.logins (login, user_id) {person}", login)
    with transaction(clerk, write=False) as session:
        assert session.scalars(ville).all()
    assert sync(behind)["attente"] == 0
    device.hang_up()
    device.sync()
    assert device.get("clients", mine, "ville") == "Changée à mi-chemin"
    assert lab.get("clients", theirs, "ville") == "Pendant ce temps"
    assert device.sql("SELECT recurrence FROM plannings") == [("FREQ=WEEKLY",)]
    assert looking.look(engine).compared
    clerk.dispose()
    engine.dispose()
    lab.sql(f"DELETE FROM sync.logins WHERE login = '{login}'")
    lab.sql(f"DROP OWNED BY {login}")
    lab.sql(f"DROP ROLE {login}")


@pytest.mark.parametrize("place", [1, *(pytest.param(one, marks=pytest.mark.soak) for one in (0, -1))])
def test_killed_in_the_first_the_second_or_the_last_revision_it_ends_all_the_same(lab: Lab, place: int) -> None:
    device = lab.device("CAS")
    device.sync()
    device.hang_up()
    first = revisions.revisions()[-5].revision
    engine = create_pg_engine(lab.url)
    checklist.downgrade_central(engine, first)
    due = revisions.between(first, revisions.head())
    child = upgrading(lab, due[place])
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert lab.sql("SELECT version_num FROM alembic_version") == [(revisions.before(due[place])[-1],)]
    # Nothing of the first one is there: the centre is what it was, an older one that serves its own.
    with pytest.raises(CentralWaitsError if place else SchemaMismatchError, match="mise à niveau"):
        device.sync()
    device.hang_up()
    seen = looking.look(engine)
    assert (seen.running, seen.shut) == (False, place != 0)
    if place:
        assert whole_state(device).erreur == LEFT_HALF_WAY
        with pytest.raises(DatabaseRefusedError, match="arrêtée en chemin"):
            startup.open_central(lab.url, policy=CentralUpgrade.NEVER)
    done = checklist.upgrade_central(engine, lambda _state: True)
    assert done.revisions == tuple(due[place:] if place >= 0 else due[-1:])
    # Whoever was killed came to note nothing: what was committed before is in the journal all the same.
    kept = [(KILLED, first, revisions.before(due[place])[-1])] if place else []
    here = (audit.author(engine.connect()), revisions.before(due[place])[-1], revisions.head())
    legs = lab.sql("SELECT qui, de, vers FROM journal_migrations ORDER BY id DESC LIMIT %s", len(kept) + 1)
    assert legs == [here, *kept]
    device.sync()
    assert checklist.check_central(engine).etat == "egal"
    engine.dispose()
