"""Enrolled caches by copy: what a first copy of the seeded centre makes, without copying the same rows once more.

The login of each device is made as ever; only the rows come from a file. A centre that anybody touched since it was
copied from its template, by rows or by structure, gets a first copy of its own.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erp_desktop.db import secrets
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url, without_password
from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.device.enrolment import Enrolled
from erp_desktop.sync.device.registration import register
from erp_desktop.sync.exchange.cache import Cache

if TYPE_CHECKING:
    from tests.sync.lab import Lab

_NEWER = "xmin::text::bigint >= %(since)s"
_WATCHED = ["sync.row_state", "sync.schema_compat", *(f"public.{t.name}" for t in TABLES)]
_TOUCHED = (
    "SELECT (SELECT array_agg(n) FROM ("
    + " UNION ALL ".join(f"SELECT count(*) AS n FROM {table}" for table in _WATCHED)
    + ") c), (SELECT count(*) FROM sync.instantanes) + (SELECT sum(n) FROM ("
    + " UNION ALL ".join(f"SELECT count(*) AS n FROM {table} WHERE {_NEWER}" for table in _WATCHED)
    + f" UNION ALL SELECT count(*) FROM pg_class WHERE {_NEWER} AND relnamespace IN "
    "('public'::regnamespace, 'sync'::regnamespace)"
    f" UNION ALL SELECT count(*) FROM pg_proc WHERE {_NEWER} AND pronamespace = 'sync'::regnamespace) c)"
)


class ReadyCaches:
    """One file for each agency of the seeded centre, made by the first device that asks."""

    def __init__(self, server: EmbeddedPostgres, template: str, folder: Path) -> None:
        self._server, self._template, self._folder = server, template, folder
        self._files: dict[str, Path] = {}
        self._rows: list[int] = []

    def _file(self, agence: str, open_lab: Callable[[str, Path], Lab]) -> Path:
        if agence not in self._files:
            folder = self._folder / agence
            folder.mkdir()
            name = f"prets_{uuid.uuid4().hex[:12]}"
            lab = open_lab(self._server.create_database(name, self._template), folder)
            self._rows = state(lab, 0)[0]
            self._files[agence] = lab.device(agence).path
            lab.close()
            self._server.drop_database(name)
        return self._files[agence]

    def enrolled(
        self, lab: Lab, agence: str, name: str, path: Path, store: Path, open_lab: Callable[[str, Path], Lab]
    ) -> tuple[Enrolled, Cache] | None:
        """What ``enrolment.enroll`` makes at ``path``, still open; None when the centre is not as it was seeded."""
        file = self._file(agence, open_lab)
        # No transaction of this server wrote anything since: there is nothing to be counted.
        if lab.next_transaction() != lab.untouched_at and state(lab, lab.opened_at) != (self._rows, 0):
            return None
        password = secrets.new_password()
        engine = create_pg_engine(lab.url)
        try:
            poste, login, agence_id, code = register(
                engine, agence, name, password,
                before=lambda made: secrets.store(path, {"password": password, "login": made}, store),
            )  # fmt: skip
        finally:
            engine.dispose()
        shutil.copyfile(file, path)
        path.chmod(0o600)
        url = without_password(normalise_url(lab.url).set(username=login)).render_as_string()
        epoque, x = lab.sql("SELECT sync.epoque(), pg_snapshot_xmin(pg_current_snapshot())::text")[0]
        cache = Cache(path)
        with cache.writing():
            cache.put(url=url, login=login, poste=poste, nom=name, epoque=epoque, curseur_xid=x)
            cache.db.execute("UPDATE _allocateur SET poste = ?", (poste,))
        lab.untouched_at = lab.next_transaction()
        return Enrolled(poste, login, agence_id, code, path, 0), cache


def state(lab: Lab, since: int) -> tuple[list[int], int]:
    """Rows of each table, and how much was written since a transaction."""
    with lab.connect() as line, line.cursor() as cursor:
        cursor.execute(_TOUCHED, {"since": since})
        counts, touched = cursor.fetchone()
    line.close()
    found: Any = touched
    return list(counts), int(found)
