"""A client one release behind, and one that upgrades with changes waiting, across a column's change of name."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

import pytest

from erp_desktop import paths
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import CentralUnreachableError, DatabaseRefusedError, SchemaMismatchError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import RENAMED, TABLES
from erp_desktop.settings import CentralUpgrade, Settings
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import OLDER_CENTRE
from erp_desktop.sync.status import EtatSync
from erp_desktop.sync.watch.service import SyncService
from erp_desktop.upgrade import backup, structures
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.start import by_copy, startup
from tests.processes import child_environment
from tests.sync.lab import Device, Lab, T
from tests.upgrade.central.older_release import AVANT

RENAMED_SINCE = {r.new for r in RENAMED}
PLANNING = (
    "INSERT INTO plannings (equipement_id, frequence, {c}, modele_titre, created_at, updated_at) "
    f"SELECT min(id), 'rrule', 'FREQ=WEEKLY', 'Graissage', '{T}', '{T}' FROM equipements WHERE agence_id IS NOT NULL"
)


def former(command: str, target: object, *arguments: object) -> str:
    """Run a command of the release before."""
    # No fork: it is another program from its first import on.
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrade.central.older_release", command, str(target), *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=paths.ROOT, env=child_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def sync(device: Device) -> Any:
    return json.loads(former("sync", device.path, device.secrets_file).splitlines()[-1])


_FORMER: list[bytes] = []
"""The cache of the release before, once it was made."""


@pytest.fixture
def behind(lab: Lab) -> Device:
    """A device whose program and cache are of the release before; the centre is of this one."""
    device = lab.device("CAS")
    device.hang_up()
    if not _FORMER:
        by_copy.downgrade_local(device.path, device.key, AVANT)
        former("cache", device.path, device.secrets_file)
        assert not backup.siblings(device.path)
        _FORMER.append(device.path.read_bytes())
        return device
    own = "'url', 'login', 'poste', 'nom', 'epoque', 'curseur_xid'"
    identity = device.sql(f"SELECT valeur, cle FROM sync_meta WHERE cle IN ({own})")
    device.path.write_bytes(_FORMER[0])
    for row in identity:
        device.sql("UPDATE sync_meta SET valeur = ? WHERE cle = ?", *row)
    device.sql("UPDATE _allocateur SET poste = ?", device.poste)
    return device


def centre_back(lab: Lab) -> None:
    """The centre as the release before made it."""
    engine = create_pg_engine(lab.url)
    checklist.downgrade_central(engine, AVANT)
    engine.dispose()
    former("centre", lab.url)


def test_a_client_one_release_behind_keeps_syncing(lab: Lab, behind: Device) -> None:
    behind.sql(PLANNING.format(c="rrule"))
    assert sync(behind) == {"plannings": ["FREQ=WEEKLY"], "conflits": [], "dit": [], "cycles": 0, "attente": 0}
    assert lab.sql("SELECT recurrence FROM plannings") == [("FREQ=WEEKLY",)]
    behind.sql("UPDATE plannings SET rrule = 'FREQ=MONTHLY'")
    assert sync(behind)["attente"] == 0
    assert lab.sql("SELECT recurrence FROM plannings") == [("FREQ=MONTHLY",)]
    lab.sql("UPDATE plannings SET recurrence = 'FREQ=DAILY'")
    assert sync(behind)["plannings"] == ["FREQ=DAILY"]
    # Both sides at once: the conflict speaks to that program in its own words.
    lab.sql("UPDATE plannings SET recurrence = 'FREQ=YEARLY'")
    behind.sql("UPDATE plannings SET rrule = 'FREQ=HOURLY'")
    found = sync(behind)
    assert found["plannings"] == ["FREQ=YEARLY"]
    assert found["conflits"] == [["rrule", '"FREQ=HOURLY"', '"FREQ=YEARLY"']]


@pytest.mark.soak
def test_a_client_one_release_behind_reads_rows_that_have_columns_it_does_not_know(lab: Lab, behind: Device) -> None:
    part, depot, job = lab.ids("pieces_detachees")[0], lab.ids("depots")[0], lab.ids("interventions")[0]
    line = behind.value("SELECT min(id) FROM lignes_intervention WHERE intervention_id = ?", job)
    lab.set("pieces_detachees", part, code_barres="3606480012204", designation="Joint neuf")
    lab.set("lignes_intervention", line, depot_id=depot, designation="Joint racleur")
    lab.sql(
        "INSERT INTO mouvements_stock (piece_id, depot_id, type_mouvement, quantite, horodatage, motif, created_at, "
        f"updated_at) VALUES (%s, %s, 'entree', 3, '{T}', 'BL 7', '{T}', '{T}')", part, depot,
    )  # fmt: skip
    lab.sql(
        "INSERT INTO inventaires (depot_id, numero, ouvert_a, created_at, updated_at) "
        f"VALUES (%s, 'IVT-1', '{T}', '{T}', '{T}')", depot,
    )  # fmt: skip
    assert sync(behind)["attente"] == 0
    assert behind.get("pieces_detachees", part, "designation") == "Joint neuf"
    assert behind.get("lignes_intervention", line, "designation") == "Joint racleur"
    assert behind.sql("SELECT quantite, piece_id FROM mouvements_stock") == [("3.000", part)]
    # Compared as a whole, its rows are the centre's.
    assert json.loads(former("verifier", behind.path, behind.secrets_file)) == {}
    behind.set("lignes_intervention", line, designation="Joint torique")
    assert sync(behind)["attente"] == 0
    assert lab.sql("SELECT designation, depot_id FROM lignes_intervention WHERE id = %s", line) == [
        ("Joint torique", depot)
    ]


def test_columns_that_the_oldest_client_does_not_know_say_since_when_they_are() -> None:
    """Without it its rows would be longer than what it reads: ``models.base.since``."""
    history = structures.by_revision()
    served = [*history][[*history].index(revisions.minimum_client()) :]
    for table in TABLES:
        shapes = [history[revision][table.name]["colonne"] for revision in served if table.name in history[revision]]
        late = [c for c in table.names if any(c not in shape for shape in shapes)]
        told = [c for _, n in table.added[:1] for c in table.names[n:]]
        assert {*late} - RENAMED_SINCE == {*told}, f"{table.name}: declare with models.base.since"


def test_its_outbox_survives_its_own_upgrade_under_the_old_name(lab: Lab, behind: Device) -> None:
    behind.sql(PLANNING.format(c="rrule"))
    assert sync(behind)["attente"] == 0
    behind.sql("UPDATE plannings SET rrule = 'FREQ=MONTHLY'")
    # One change is frozen in a batch that was never answered, a later one waits, a deleted row is remembered.
    assert '"rrule"' in former("figer", behind.path, behind.secrets_file)
    behind.sql("UPDATE plannings SET rrule = 'FREQ=DAILY', modele_titre = 'Vidange'")
    waiting = behind.sql("SELECT id, nom_table, pk, op, ancien FROM sync_outbox ORDER BY id")
    startup.open_local(behind.path, behind.key).dispose()
    assert behind.sql("SELECT id, nom_table, pk, op, ancien FROM sync_outbox ORDER BY id") == waiting
    assert behind.sql("SELECT DISTINCT colonne FROM sync_outbox ORDER BY 1") == [("modele_titre",), ("recurrence",)]
    result = behind.sync()
    assert (result.waiting, result.parked, result.conflicts) == (0, 0, 0)
    assert lab.sql("SELECT recurrence, modele_titre FROM plannings") == [("FREQ=DAILY", "Vidange")]
    assert behind.sql("SELECT recurrence FROM plannings") == [("FREQ=DAILY",)]


def test_a_row_deleted_before_the_upgrade_is_remembered_under_the_new_name(lab: Lab, behind: Device) -> None:
    behind.sql(PLANNING.format(c="rrule"))
    assert sync(behind)["attente"] == 0
    behind.sql("DELETE FROM plannings")
    startup.open_local(behind.path, behind.key).dispose()
    kept = json.loads(behind.value("SELECT ancien FROM sync_outbox WHERE op = 'D'"))
    assert kept["recurrence"] == "FREQ=WEEKLY"
    assert "rrule" not in kept
    behind.sync()
    assert lab.sql("SELECT count(*) FROM plannings") == [(0,)]


def test_a_client_below_the_window_works_offline_with_its_outbox(lab: Lab, behind: Device) -> None:
    lab.sql(f"UPDATE sync.schema_compat SET min_client_revision = '{revisions.head()}'")
    behind.sql(PLANNING.format(c="rrule"))
    found = sync(behind)
    assert "Mise à jour nécessaire" in found["refus"]
    assert found["attente"] == 1
    assert lab.sql("SELECT count(*) FROM plannings") == [(0,)]


@pytest.mark.soak
def test_an_older_centre_is_left_alone_by_devices_and_offered_to_a_migrator(lab: Lab) -> None:
    device = lab.device("CAS")
    centre_back(lab)
    device.sql(PLANNING.format(c="recurrence"))
    with pytest.raises(SchemaMismatchError, match="plus ancienne que ce poste et attend sa mise à niveau"):
        device.sync()
    told = whole_state(device)
    assert (told.en_ligne, told.muet) == (False, False), "it answers"
    assert told.erreur == OLDER_CENTRE
    with Cache(device.path, device.key) as cache:
        assert cache.value("SELECT count(*) FROM sync_outbox WHERE refus IS NULL") > 0
    asked: list[str] = []
    with pytest.raises(DatabaseRefusedError):
        startup.open_central(lab.url, policy=CentralUpgrade.ASK, consent=lambda state: bool(asked.append(state.etat)))
    assert asked == ["ancien"]
    startup.open_central(lab.url, policy=CentralUpgrade.ASK, consent=lambda _state: True).dispose()
    device.sync()
    assert lab.sql("SELECT recurrence FROM plannings") == [("FREQ=WEEKLY",)]


def whole_state(device: Device) -> EtatSync:
    """What the service of a device tells its window after its first try."""
    told = list[EtatSync]()
    once = threading.Event()

    def listen(state: EtatSync) -> None:
        told.append(state)
        once.set()

    settings = Settings(secrets_file=device.secrets_file, cycle_deadline_s=60)
    service = SyncService(settings, device.path, device.key, listen, lambda _tables, _result: None)
    service.start()
    try:
        assert once.wait(60)
    finally:
        service.stop()
    return told[0]


def test_a_centre_without_what_this_program_calls_is_an_older_one(lab: Lab) -> None:
    device = lab.device("CAS")
    device.hang_up()
    lab.sql("DROP FUNCTION sync.signaler")
    with pytest.raises(SchemaMismatchError, match="plus ancienne que ce poste"):
        device.sync()
    told = whole_state(device)
    assert (told.muet, told.erreur) == (False, OLDER_CENTRE)


def test_a_centre_that_is_away_says_nothing(lab: Lab) -> None:
    device = lab.device("CAS")
    line = lab.proxy(device)
    line.refusing = True
    line.cut()
    told = whole_state(device)
    assert (told.en_ligne, told.muet) == (False, True)


@pytest.mark.soak
def test_half_way_through_an_upgrade_every_change_is_noted_and_nobody_is_served(lab: Lab) -> None:
    """A page without its rows would move the cursor past them, and a change that no trigger saw would never leave."""
    device = lab.device("CAS")
    device.sync()
    engine = create_pg_engine(lab.url)
    checklist.downgrade_central(engine, AVANT)
    one, two = lab.ids("clients")[:2]
    lab.set("clients", one, ville="Changée à mi-chemin")
    lab.sql("DELETE FROM lignes_intervention WHERE id = %s", lab.ids("lignes_intervention")[0])
    device.set("clients", two, ville="Pendant ce temps")
    for _ in range(2):  # on a warm line, then on a new one
        with pytest.raises(CentralUnreachableError, match="mise à niveau"):
            device.sync()
        device.hang_up()
    checklist.upgrade_central(engine, lambda _state: True)
    engine.dispose()
    lab.settle()
    lab.converged()
    assert device.get("clients", one, "ville") == "Changée à mi-chemin"
    assert lab.get("clients", two, "ville") == "Pendant ce temps"


def test_the_centre_is_upgraded_while_an_older_client_goes_on(lab: Lab, behind: Device) -> None:
    centre_back(lab)
    behind.sql(PLANNING.format(c="rrule"))
    assert sync(behind)["attente"] == 0
    client = subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.upgrade.central.older_release", "travailler", str(behind.path),
         str(behind.secrets_file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=paths.ROOT,
        env=child_environment(),
    )  # fmt: skip
    assert client.stdout is not None
    assert client.stdout.readline() == "cycle\n"
    engine = create_pg_engine(lab.url)
    done = checklist.upgrade_central(engine, lambda _state: True)
    engine.dispose()
    out, errors = client.communicate()
    assert client.returncode == 0, errors
    assert done.revisions == tuple(revisions.between(AVANT, revisions.head()))
    last = json.loads(out.splitlines()[-1])
    assert last["cycles"] > 2
    written = f"FREQ=DAILY;COUNT={last['cycles']}"
    assert last["plannings"] == [written]
    assert (last["attente"], last["conflits"]) == (0, [])
    assert lab.sql("SELECT recurrence FROM plannings") == [(written,)]
