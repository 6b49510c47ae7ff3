"""``python -m tests.db.restore_drill [--devices N] [--rounds R]``: the centre's machine and its disk are lost.

What the guide asks for once a quarter: a backup taken while devices work, work that goes on behind it, the server
gone for good, the backup on a new server by ``server restore``, its checks, the devices that come back, a new one
enrolled. Prints a verdict; exit status 0: nothing acknowledged is lost, every device equals the centre, agencies stay
apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

import psycopg2

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import ErpError
from erp_desktop.sync.watch import health
from erp_desktop.upgrade.central import archiving, checklist, restoring
from tests.sync.lab import Lab, T, seed

BASE = "erp"
_COLUMNS = "id, agence_id, nom_entreprise, ville, created_at, updated_at"


def work(lab: Lab, rounds: int, first: int) -> dict[int, str]:
    """Every device types a client and exchanges, ``rounds`` times; what the centre acknowledged, by identifier."""
    acknowledged = {}
    for n in range(rounds):
        for device in lab.devices:
            pk = first + 1_000_000 * device.poste + n
            row = (pk, device.agence_id, f"C{pk}", f"round {n}", T, T)
            device.sql(f"INSERT INTO clients ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", *row)
            device.sync()
            acknowledged[pk] = f"round {n}"
    return acknowledged


def there(lab: Lab, since: int) -> dict[int, str]:
    return dict(lab.sql("SELECT id, ville FROM clients WHERE id >= %s", since))


def move(lab: Lab, url: str) -> None:
    """The name of the centre now leads to another machine."""
    target = normalise_url(url)
    lab.url = url
    lab.open_lines()
    for device in lab.devices:
        stored = normalise_url(device.value("SELECT valeur FROM sync_meta WHERE cle = 'url'"))
        moved = stored.set(host=target.host, port=target.port).render_as_string(hide_password=False)
        device.sql("UPDATE sync_meta SET valeur = ? WHERE cle = 'url'", moved)


def drill(folder: Path, devices: int = 4, rounds: int = 5) -> str:
    """Play it; returns the verdict's figures.

    Raises:
        AssertionError: something acknowledged is lost, or a device does not come to the centre's state.
        ErpError: a command of the guide was refused.
    """
    with EmbeddedPostgres() as old:
        url = old.create_database(BASE)
        seed(url)
        lab = Lab(url, folder)
        for n in range(devices):
            lab.device("CAS" if n % 2 == 0 else "TNG")
        saved = work(lab, rounds, 50_000_000)
        began = time.monotonic()
        archive = archiving.dump(url, folder / "sauvegardes").chemin
        archived = time.monotonic() - began
        later = work(lab, rounds, 50_500_000)
        # Typed behind the last exchange: nobody has acknowledged it, and it is not lost either.
        for device in lab.devices:
            row = (60_000_000 + device.poste, device.agence_id, "Pas encore parti", "waiting", T, T)
            device.sql(f"INSERT INTO clients ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", *row)
        lab.close_lines()
    print(f"server lost with {len(saved) + len(later)} acknowledged rows, {len(later)} of them behind the backup",
          flush=True)  # fmt: skip
    with EmbeddedPostgres() as new:
        target = normalise_url(new.url).set(database=BASE).render_as_string(hide_password=False)
        began = time.monotonic()
        done = restoring.restore(target, archive)
        restored = time.monotonic() - began
        assert len(done.identifiants) == devices, f"logins restored: {done.identifiants}"
        assert not done.sans_mot_de_passe, f"without their passwords: {done.sans_mot_de_passe}"
        engine = create_pg_engine(target)
        state = checklist.check_central(engine)
        assert (state.etat, state.differences) == ("egal", ()), f"the restored centre is not whole: {state}"
        wrong = [c for c in health.sante_centre(engine) if c.niveau == "panne"]
        assert not wrong, f"health: {wrong}"
        move(lab, target)
        missing = set(later) - set(there(lab, 50_000_000))
        assert missing == set(later), "the backup is not of the instant that it says"
        began = time.monotonic()
        lab.settle(10)
        settled = time.monotonic() - began
        lab.converged()
        now = there(lab, 50_000_000)
        lost = {pk for pk, city in (saved | later).items() if now.get(pk) != city}
        assert not lost, f"{len(lost)} acknowledged rows are lost, the first: {sorted(lost)[:5]}"
        waiting = sum(city == "waiting" for city in now.values())
        assert waiting == devices, f"{waiting} of {devices} rows that waited have arrived"
        fresh = lab.device("TNG")
        seen = {r[0] for r in fresh.sql("SELECT DISTINCT agence_id FROM clients")}
        assert seen == {lab.agence("TNG")}, f"a new device of TNG sees the agencies {seen}"
        lab.converged()
        assert all(not device.parked() for device in lab.devices)
        engine.dispose()
        lab.close()
        return (
            f"{len(saved) + len(later)} acknowledged rows, {len(later)} of them younger than the backup, 0 lost; "
            f"{devices} devices equal the centre, a new one sees its agency alone; archive {archived:.1f} s, "
            f"restored and checked {restored:.1f} s, devices back {settled:.1f} s"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5, help="exchanges of each device before and after the backup")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="erp-mif-restauration-") as folder:
        try:
            print(f"VERDICT: HELD: {drill(Path(folder), chosen.devices, chosen.rounds)}")
        except (AssertionError, ErpError, psycopg2.Error):
            traceback.print_exc()
            print("VERDICT: FAILED")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
