"""What a centre must offer before the first revision runs on it: one examination, the same for whoever asks.

Every revision is a transaction of its own, so a condition met half-way leaves a centre that is neither old nor new.
What can be known beforehand is therefore asked beforehand, by ``migrations/env.py`` for everything that changes the
structure, and shown by ``db upgrade --dry-run``, ``db status`` and ``db doctor``. Reads only.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from erp_desktop.db.engine import POOLER, is_direct
from erp_desktop.db.pg_line import SESSION
from erp_desktop.errors import DatabaseRefusedError
from erp_desktop.registry.search_path import PATH

OLDEST_SERVER = 140000
GROUP_ROLES = ("erp_sync", "erp_device", "erp_central", "erp_revoque")


@dataclass(frozen=True, slots=True)
class Constat:
    """One finding; ``etat`` is ``ok``, ``attention`` or ``erreur``, ``remede`` what to do, empty when nothing."""

    controle: str
    etat: str
    detail: str
    remede: str = ""


def _lacking(controle: str, detail: str, remede: str) -> Constat:
    return Constat(controle, "erreur", detail, remede)


# One question: a preflight must cost nothing when all is well.
_ASKED = """
SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS shown,
  current_setting('server_encoding') AS server_encoding, pg_is_in_recovery() AS standby,
  current_setting('transaction_read_only') = 'on' AS read_only, current_user::text AS me,
  current_database()::text AS base, pg_backend_pid() AS pid, pg_database_size(current_database()) AS size,
  CASE WHEN pg_has_role(r.oid, 'pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS folder,
  r.rolsuper AS super, r.rolcreaterole AS makes_roles,
  has_database_privilege(current_database(), 'CREATE') AS makes_schemas,
  coalesce(has_schema_privilege(to_regnamespace('public'), 'CREATE'), false) AS makes_tables,
  to_regnamespace('sync') IS NOT NULL AS exchange,
  to_regclass('public.alembic_version') IS NOT NULL AS stamped,
  coalesce((SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
    WHERE c.relnamespace = to_regnamespace('public') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND c.relname <> 'alembic_version' AND NOT EXISTS (SELECT 1 FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')), '{}') AS tables,
  coalesce((SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
    WHERE c.relnamespace IN (to_regnamespace('public'), to_regnamespace('sync')) AND c.relkind IN ('r', 'p')
    AND NOT pg_has_role(c.relowner, 'USAGE')), '{}') AS others
FROM pg_roles r WHERE r.rolname = current_user
"""
_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%(names)s)"
# Being the role's member is the way to give it functions; PostgreSQL 16 lets its creator, who has ADMIN, be one.
_ROLES = """
SELECT w.name, r.oid IS NOT NULL AS present,
  coalesce(pg_has_role(r.oid, 'USAGE'), false) AS member,
  EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.roleid = r.oid AND m.admin_option
    AND pg_has_role(m.member, 'USAGE')) AS admin
FROM unnest(%(roles)s) AS w(name) LEFT JOIN pg_roles r ON r.rolname = w.name
"""


def examine(connection: sa.Connection, *, changing: bool = True) -> list[Constat]:
    """What this role, on this connection, finds at the centre; in the order in which it would stop an upgrade.

    Args:
        connection: to the centre; its transaction is rolled back.
        changing: False for a look that needs no direct line (status through a pooler).
    """
    settings = {
        row[0]: row[1] for row in connection.exec_driver_sql(_SETTINGS, {"names": [*SESSION, "client_encoding"]})
    }
    # From here on in no schema of others, whose operators would run as whoever asks.
    connection.exec_driver_sql(f"SET LOCAL search_path = {PATH}")
    found: Any = connection.exec_driver_sql(_ASKED).mappings().one()
    roles = connection.exec_driver_sql(_ROLES, {"roles": list(GROUP_ROLES)}).mappings().all()
    direct = is_direct(connection)
    connection.rollback()
    made = [_server(found), _encoding(found), _session(settings), *_line(direct, changing=changing), _writable(found)]
    place = room(found["size"], _free(found))
    return [*made, _rights(found), _roles(found, roles), _devices(found, roles), _tables(found), place]


def content(connection: sa.Connection) -> Constat:
    """Whether the database is empty or the ERP's; its transaction is the caller's."""
    return _tables(connection.exec_driver_sql(_ASKED).mappings().one())


def structure(differences: list[str]) -> Constat:
    """How a centre differs from what its revision says, as one finding."""
    if not differences:
        return Constat("structure", "ok", "celle de la révision")
    more = f" (et {len(differences) - 3} autres)" if len(differences) > 3 else ""
    told = f"la structure n'est pas celle de la révision : {' ; '.join(differences[:3])}{more}"
    # An index in excess stops nothing: a hand-made one, or the rest of one that its revision builds again.
    harmless = all(" : index « " in line and line.endswith("en trop") for line in differences)
    return Constat("structure", "attention" if harmless else "erreur", told, "erp-admin db check les liste")


def _server(found: Any) -> Constat:
    told = f"PostgreSQL {found['shown']}, 14 au moins"
    if found["version"] >= OLDEST_SERVER:
        return Constat("serveur", "ok", told)
    return _lacking("serveur", told, "mettre le serveur à niveau : PostgreSQL 14 ou plus récent")


def _encoding(found: Any) -> Constat:
    if found["server_encoding"] == "UTF8":
        return Constat("encodage", "ok", "UTF8")
    remedy = f"recréer la base : CREATE DATABASE {found['base']} TEMPLATE template0 ENCODING 'UTF8'"
    return _lacking("encodage", f"la base est en {found['server_encoding']}, pas en UTF8", remedy)


def _session(settings: dict[str, str]) -> Constat:
    wrong = wrong_settings(settings)
    if not wrong:
        return Constat("session", "ok", "encodage, dates et chemin de recherche sont ceux du programme")
    return _lacking(
        "session", f"réglages imposés par le serveur : {', '.join(wrong)}", "se connecter sans répartiteur"
    )


def wrong_settings(settings: dict[str, str]) -> list[str]:
    """Settings that are not what this program set at the connection, each with its value."""
    wanted = {**SESSION, "client_encoding": "UTF8"}
    return [
        f"{name} = {settings.get(name)}"
        for name, value in wanted.items()
        if name in settings
        and settings[name].split(",")[0].strip().lower() != value.lower()
        # Who examines a centre has closed it himself.
        and not (name == "search_path" and settings[name] == PATH)
    ]


def _line(direct: bool, *, changing: bool) -> Iterable[Constat]:
    if direct:
        return [Constat("ligne", "ok", "directe")]
    return [Constat("ligne", "erreur" if changing else "attention", POOLER.partition(". ")[0],
                    "indiquer l'adresse directe du serveur")]  # fmt: skip


def _writable(found: Any) -> Constat:
    if found["standby"]:
        return _lacking("écriture", "ce serveur est une copie en lecture seule", "indiquer l'adresse du primaire")
    if found["read_only"]:
        remedy = f"ALTER DATABASE {found['base']} RESET default_transaction_read_only (ou ALTER ROLE {found['me']} …)"
        return _lacking("écriture", "les transactions y sont en lecture seule", remedy)
    return Constat("écriture", "ok", "permise")


def _rights(found: Any) -> Constat:
    base, me = found["base"], found["me"]
    if not found["makes_schemas"]:
        return _lacking("droits", f"« {me} » ne peut pas créer de schéma", f"ALTER DATABASE {base} OWNER TO {me}")
    if not found["makes_tables"]:
        remedy = f"dans la base {base} : GRANT USAGE, CREATE ON SCHEMA public TO {me}"
        return _lacking("droits", f"« {me} » ne peut pas créer de table dans le schéma public", remedy)
    if found["others"]:
        told = f"{_few(found['others'])} n'appartien(nen)t pas à « {me} »"
        return _lacking("droits", told, "prendre le rôle propriétaire de ces tables")
    return Constat("droits", "ok", f"« {me} » peut modifier la structure")


def _roles(found: Any, roles: Any) -> Constat:
    me = found["me"]
    if found["super"]:
        return Constat("rôles", "ok", "superutilisateur")
    missing = [row["name"] for row in roles if not row["present"]]
    if missing and not found["makes_roles"]:
        told = f"« {me} » ne peut pas créer {', '.join(missing)}"
        return _lacking("rôles", told, f"ALTER ROLE {me} CREATEROLE")
    sync = next(row for row in roles if row["name"] == "erp_sync")
    grants = found["makes_roles"] if found["version"] < 160000 else sync["admin"]
    if sync["present"] and not (grants or sync["member"]):
        told = f"« {me} » ne peut pas donner de fonction à erp_sync, créé par un autre rôle de ce serveur"
        return _lacking("rôles", told, f"par un superutilisateur : {_adopt(me, found['version'])}")
    return Constat("rôles", "ok", f"« {me} » peut créer et donner ceux du centre")


def _devices(found: Any, roles: Any) -> Constat:
    """Needed by enrolments only: a migrator need not be who enrols devices."""
    me = found["me"]
    group = next(row for row in roles if row["name"] == "erp_device")
    able = found["makes_roles"] and (found["version"] < 160000 or group["admin"] or not group["present"])
    if found["super"] or able:
        return Constat("postes", "ok", f"« {me} » peut inscrire des postes")
    remedy = f"par un superutilisateur : ALTER ROLE {me} CREATEROLE; {_adopt(me, found['version'])}"
    return Constat("postes", "attention", f"« {me} » ne peut pas inscrire de poste", remedy)


def _adopt(me: str, version: int) -> str:
    option = "INHERIT TRUE, SET TRUE, ADMIN TRUE" if version >= 160000 else "ADMIN OPTION"
    return f"GRANT {', '.join(GROUP_ROLES)} TO {me} WITH {option}"


def _tables(found: Any) -> Constat:
    if found["stamped"] or not (found["tables"] or found["exchange"]):
        return Constat("contenu", "ok", "tables de l'ERP" if found["stamped"] else "base vide")
    strangers = list(found["tables"]) or ["schéma sync"]
    told = f"la base contient déjà autre chose : {_few(strangers)}"
    return _lacking("contenu", told, "indiquer une base vide ; si ces tables sont de l'ERP, erp-admin db doctor")


LEAST_FREE = 100_000_000


def room(size: int, free: int | None) -> Constat:
    """Whether a base of ``size`` bytes can be upgraded beside ``free`` bytes; None when that is not known from here.

    A revision that builds an index needs a part of the base again, one that rewrites its largest table most of it.
    """
    told = f"base de {_mega(size)}"
    if free is None:
        told += " ; le disque du serveur ne se voit pas d'ici"
        return Constat(
            "place", "attention", told, f"regarder sur le serveur (df -h) : {_mega(size)} libres suffisent"
        )
    told = f"{told}, {_mega(free)} libres sur le disque du serveur"
    remedy = f"libérer de la place sur le serveur : {_mega(max(size, LEAST_FREE))} suffisent"
    if free < max(size // 10, LEAST_FREE):
        return _lacking("place", told, remedy)
    return Constat("place", "ok", told) if free >= size else Constat("place", "attention", told, remedy)


def _mega(octets: int) -> str:
    return f"{-(-octets // 1_000_000)} Mo"


def _free(found: Any) -> int | None:
    """Free bytes where the server keeps its data: only when it runs here, which its own process shows."""
    process = Path("/proc", str(found["pid"]))
    try:
        title = (process / "cmdline").read_bytes()
        if not title.startswith(b"postgres") or found["base"].encode() not in title:
            return None
        # A role that may not read the setting: the server works in that folder, which its own account and root see.
        return shutil.disk_usage(found["folder"] or (process / "cwd").readlink()).free
    except OSError:
        return None


def _few(names: list[str]) -> str:
    more = f" (et {len(names) - 3} autres)" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def troubles(found: Iterable[Constat]) -> list[str]:
    """What must be mended first, one French sentence each."""
    return [f"{c.detail} ({c.remede})" for c in found if c.etat == "erreur"]


def require(connection: sa.Connection) -> None:
    """Let nothing change a centre that would stop half-way.

    Raises:
        DatabaseRefusedError: what must be mended first; nothing was changed.
    """
    wrong = troubles(examine(connection))
    if wrong:
        raise DatabaseRefusedError(f"Rien n'a été modifié ; à régler d'abord : {' ; '.join(wrong)}.")
