"""Reads and extends the history: what a way back loses, what a cache has at each revision, the manifest.

A shipped revision never changes: ``python -m erp_desktop.upgrade.history`` adds new files to the manifest and refuses
when a listed one was edited.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import sqlalchemy as sa
import sqlcipher3.dbapi2
from sqlalchemy.pool import StaticPool

from erp_desktop.errors import UpgradeError
from erp_desktop.registry import revisions
from erp_desktop.upgrade import migrate
from erp_desktop.upgrade.start import file_state


def losses(current: str, target: str) -> dict[str, str]:
    """What going from ``current`` back to ``target`` (or ``base``) loses: revision → one French sentence."""
    scripts = migrate.scripts()
    undone = revisions.between(None if target == "base" else target, current)
    found = {}
    for revision in reversed(undone):
        lost = scripts.get_revision(revision).module.perd_au_retour
        if lost is not None:
            found[revision] = str(lost)
    return found


def columns() -> dict[str, str]:
    """Revision → mark of the columns that a cache has there, from the history run in memory."""
    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2, poolclass=StaticPool)
    found: dict[str, str] = {}
    with engine.connect() as connection:

        def step(revision: str, _title: str) -> None:
            found[revision] = file_state.columns_mark(connection.connection.dbapi_connection)

        # Without triggers at each revision: they are no columns.
        migrate.upgrade(connection, on_step=step, verified_after=True)
    engine.dispose()
    return found


def extend() -> list[str]:
    """List files of the chain that are new, or that changed before any release had them; their names.

    Raises:
        UpgradeError: a released file changed; ``livree`` in the manifest is the last released revision.
    """
    manifest = revisions.MANIFEST
    stored = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {"revisions": []}
    listed = {row["fichier"]: row for row in stored["revisions"]}
    rows, added, marks = [], [], columns()
    released = "livree" in stored
    for script in reversed(list(migrate.scripts().walk_revisions())):
        path = Path(script.path)
        row = {"revision": script.revision, "fichier": path.name, "sha256": revisions.checksum(path)}
        row["colonnes"] = marks[script.revision]
        changed = path.name in listed and listed[path.name] != row
        if changed and released:
            raise UpgradeError(f"{path.name} est déjà livrée et ne doit plus changer.")
        if changed or path.name not in listed:
            added.append(path.name)
        if row["revision"] == stored.get("livree"):
            released = False
        rows.append(row)
    kept = {"livree": stored["livree"]} if "livree" in stored else {}
    stored = {"min_client": stored.get("min_client", rows[-1]["revision"]), **kept, "revisions": rows}
    text = json.dumps(stored, indent=1, ensure_ascii=False)
    manifest.write_text(re.sub(r"\r\n?", "\n", text) + "\n", encoding="utf-8", newline="\n")
    return added


if __name__ == "__main__":
    try:
        sys.stdout.write("".join(f"{name}\n" for name in extend()))
    except UpgradeError as error:
        raise SystemExit(str(error)) from error
