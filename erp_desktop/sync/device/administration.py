"""An administrator's own line to the centre, opened from any desktop for as long as the window needs it.

A branch's desktop writes neither accounts nor reference data: whoever may, says so to the centre with a PostgreSQL
login of their own, which is kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_desktop.db import secrets
from erp_desktop.db.engine import create_pg_engine, normalise_url, without_password
from erp_desktop.db.worker import DbWorker
from erp_desktop.errors import DatabaseRefusedError, NotAllowedError
from erp_desktop.sync.device.registration import in_french
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.upgrade.central import checklist


@dataclass(frozen=True, slots=True)
class Seat:
    """A centre that an administrator is logged in to.

    Attributes:
        worker: everything asked of it runs there; closing it ends the line.
        schema: how its structure stands towards this program.
    """

    worker: DbWorker
    login: str
    host: str
    version: str
    schema: checklist.EtatSchema


def known_address(cache: Path, secrets_file: Path | None) -> sa.URL:
    """The centre's address as an enrolled cache knows it, without login.

    Raises:
        UserError: the cache was never enrolled.
    """
    with Cache(cache, secrets.cache_key(cache, secrets_file)) as opened:
        return without_password(normalise_url(opened.require("url"))).set(username=None)


def seat(address: sa.URL | str, login: str, password: str, user_id: int | None) -> Seat:
    """Log in to the centre.

    Args:
        user_id: the person, whom the centre's rows and audit will name.

    Raises:
        NotAllowedError: the login is refused, or may not administer.
        CentralUnreachableError: nobody answers.
        DatabaseRefusedError: the program is older than the centre.
    """
    url = normalise_url(address if isinstance(address, str) else address.render_as_string(hide_password=False))
    url = url.set(username=login, password=password or None)
    engine = create_pg_engine(url.render_as_string(hide_password=False))
    try:
        with in_french():
            schema = checklist.check_central(engine)
            if schema.etat == "recent":
                raise DatabaseRefusedError(schema.message)
            with engine.connect() as connection:
                version = str(connection.exec_driver_sql("SHOW server_version").scalar()).split(" ")[0]
                may = connection.exec_driver_sql(
                    "SELECT to_regclass('public.users') IS NOT NULL AND has_table_privilege('public.users', 'UPDATE')"
                ).scalar()
            if not may:
                raise NotAllowedError(
                    "Ce compte du centre n'a pas le droit d'y administrer : prenez celui d'un administrateur "
                    "PostgreSQL."
                )
    except BaseException:
        engine.dispose()
        raise
    return Seat(DbWorker(engine, user_id), login, str(url.host or ""), version, schema)
