"""Runs revisions: from the command line, or inside the program on a connection that it passes.

One transaction per revision on both engines. SQLite: the driver's own transaction handling is switched off, each
transaction starts with BEGIN IMMEDIATE and foreign keys are off while tables are rebuilt, then checked. PostgreSQL:
one lock that only a migrator may take (``centre.lock``), polled, so that two upgrades never interleave.

Long on purpose: Alembic reads one file, and what surrounds a revision must be read in its order.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from logging.config import fileConfig
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy import event, pool
from sqlalchemy.dialects.postgresql.base import ischema_names

from erp_desktop import paths
from erp_desktop.centre.isolation import close, refuse_planted
from erp_desktop.centre.lock import upgrade_lock
from erp_desktop.db.engine import POOLER, create_pg_engine, is_direct
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import ErpError
from migrations import autogenerate
from migrations.in_place import InPlaceImpl

if str(paths.ROOT) not in sys.path:
    sys.path.insert(0, str(paths.ROOT))

config = context.config
# Only the command line configures logging: inside the program this would silence its own loggers.
if config.cmd_opts is not None and config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)


class Xid8(sa.types.UserDefinedType[int]):
    """Known to reflection, so that comparing a centre warns about nothing."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


ischema_names.setdefault("xid8", Xid8)
state: dict[str, Any] = {"steps": 0, "empty": False, "last": True}

ATTENTE_S = float(os.environ.get("ERP_MIGRATION_LOCK_WAIT", "60"))
SILENCE_S = float(os.environ.get("ERP_MIGRATION_SILENCE", "60"))
"""After so many seconds without a word the server gives up a migrator whose line is dead, and its locks."""


def target_metadata() -> sa.MetaData:
    from erp_desktop.models import Base

    return Base.metadata


def address() -> sa.URL:
    """``-x url=…``, then DATABASE_URL, then the configuration; a bare postgresql:// means psycopg2."""
    given = (
        config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True).get("url")
        or os.environ.get("DATABASE_URL")
    )
    given = given or config.get_main_option("sqlalchemy.url")
    if not given:
        raise SystemExit("Aucune base indiquée : définissez DATABASE_URL ou passez -x url=…")
    try:
        url = sa.make_url(given)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise SystemExit(
            "Adresse illisible : postgresql://identifiant:motdepasse@hôte:port/base, où @ / : du mot de passe "
            "s'écrivent %40 %2F %3A."
        ) from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg2")
    return url


def include_object(item: Any, _name: str | None, kind: str, _reflected: bool, other: Any) -> bool:
    """Leave out what the models declare for the other engine, and indexes of expressions that are there.

    The server spells an expression in its own way; `db check` compares it with what it would make of the models.
    """
    dialect = context.get_context().dialect.name
    if kind == "index" and other is not None and not all(isinstance(e, sa.Column) for e in item.expressions):
        return False
    info = getattr(item, "info", {}) if kind in {"table", "index"} else {}
    return info.get("engine", dialect) == dialect


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    return name in {None, "public", "sync"} if kind == "schema" else True


def applied(*, step: Any, ctx: Any, **_: Any) -> None:
    """End of a revision, inside its transaction: raising here rolls the revision back."""
    if ctx.as_sql or not changes_schema():
        return
    state["steps"] += 1
    # A working copy is checked as a whole at its end, before it takes the place of the cache; nobody writes to it.
    if not (ctx.dialect.name == "sqlite" and config.attributes.get("verified_after")):
        if ctx.dialect.name == "sqlite":
            verify_foreign_keys(ctx.connection)
        # In a database that was empty there is no row to note and nobody to serve before the last one.
        if state["last"] or not state["empty"]:
            importlib.import_module("erp_desktop.upgrade.install").after_migration(ctx.connection, last=state["last"])
    tell = config.attributes.get("on_step")
    if tell is not None:
        script = step.up_revision if step.is_upgrade else None
        tell(",".join(step.destination_revision_ids) or "base", script.doc if script is not None else "")


def options(dialect: str) -> dict[str, Any]:
    return {
        "target_metadata": target_metadata(),
        "include_object": include_object,
        "include_name": include_name,
        "include_schemas": dialect == "postgresql",
        "compare_type": True,
        # Alembic looks for a CHECK of a model that no revision makes only when asked to.
        "render_item": autogenerate.render_item,
        "process_revision_directives": autogenerate.process,
        "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        # Alembic's comparison of defaults reports false differences; `db check` compares them.
        "compare_server_default": False,
        "transaction_per_migration": True,
        "transactional_ddl": True,
        "render_as_batch": True,
        "on_version_apply": applied,
    }


def new_engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return create_pg_engine(url.render_as_string(hide_password=False))
    import sqlcipher3.dbapi2

    return sa.create_engine(url, module=sqlcipher3.dbapi2, poolclass=pool.NullPool)


@contextmanager
def sqlite_rules(connection: sa.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE for each transaction, foreign keys off during, verified and restored after."""
    raw: Any = connection.connection.dbapi_connection
    before = raw.isolation_level
    raw.isolation_level = None
    keys = raw.execute("PRAGMA foreign_keys").fetchone()[0]
    patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute("PRAGMA busy_timeout=60000")

    def begin(_connection: sa.Connection) -> None:
        raw.execute("BEGIN IMMEDIATE")

    # The program's own engines already begin explicitly.
    plain = not list(connection.engine.dispatch.begin)
    if plain:
        event.listen(connection, "begin", begin)
    try:
        yield
    finally:
        if plain:
            event.remove(connection, "begin", begin)
        raw.execute(f"PRAGMA foreign_keys={keys}")
        raw.execute(f"PRAGMA busy_timeout={patience}")
        raw.isolation_level = before


def verify_foreign_keys(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise RuntimeError(f"Références orphelines après migration : {len(broken)} ligne(s) dans {tables}.")


@contextmanager
def postgres_lock(connection: sa.Connection) -> Iterator[None]:
    if not is_direct(connection):
        raise RuntimeError(POOLER)
    refuse_planted(connection)
    importlib.import_module("erp_desktop.centre.preflight").require(connection)
    set_patience(connection)
    silences = ["idle_in_transaction_session_timeout"]
    if connection.dialect.server_version_info >= (14,):  # type: ignore[operator]
        silences.append("idle_session_timeout")
    yield_first(connection)
    connection.commit()
    try:
        with upgrade_lock(connection.engine, wait_s=ATTENTE_S, silence_s=SILENCE_S) as held:
            state["held"] = held
            # Not before: who waits for another upgrade is silent for as long as that one takes, and holds nothing.
            for setting in silences:
                connection.exec_driver_sql(f"SET {setting} = '{int(SILENCE_S * 1000)}'")
            connection.exec_driver_sql(f"SET erp.mise_a_niveau = '{os.getpid()}'")
            connection.commit()
            hold_on(connection)
            connection.commit()
            if changes_schema():
                close(connection)
            yield
    finally:
        state["held"] = None
        if not connection.invalidated and not connection.closed:
            connection.rollback()
            for setting in ("erp.mise_a_niveau", "lock_timeout", "statement_timeout", *silences):
                connection.exec_driver_sql(f"RESET {setting}")
            connection.commit()


def hold_on(connection: sa.Connection) -> None:
    """Behind a pooler each transaction may run on another session, without our settings."""
    mark = connection.exec_driver_sql("SELECT current_setting('erp.mise_a_niveau', true)").scalar()
    if mark != str(os.getpid()):
        raise RuntimeError(POOLER)
    if not state["held"]():
        raise RuntimeError("Le verrou de la mise à niveau a été perdu avec sa connexion.")


def yield_first(connection: sa.Connection) -> None:
    """In a deadlock with a clerk the migrator is the one who gives up, and an autovacuum gives way to it soon.

    Needs a superuser or ``GRANT SET ON PARAMETER deadlock_timeout``; without it PostgreSQL chooses.
    """
    # Which question is asked is decided here: PostgreSQL 14 refuses the whole of one that names what it has not.
    newer = connection.dialect.server_version_info >= (15,)  # type: ignore[operator]
    allowed = connection.exec_driver_sql(
        "SELECT has_parameter_privilege('deadlock_timeout', 'SET')" if newer
        else "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    ).scalar()  # fmt: skip
    if allowed:
        connection.exec_driver_sql("SET deadlock_timeout = '300ms'")


def patience() -> str:
    return str(config.attributes.get("lock_timeout", "10s"))


def set_patience(connection: sa.Connection) -> None:
    """How long a statement may wait for a table, and how long it may run."""
    connection.exec_driver_sql(f"SET lock_timeout = '{patience()}'")
    connection.exec_driver_sql(f"SET statement_timeout = '{config.attributes.get('statement_timeout', '0')}'")


def take_tables(connection: sa.Connection) -> None:
    """Every table at once, or none: while one is waited for, whoever wants one that is already held waits as well."""
    hold_on(connection)
    set_patience(connection)
    query = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'sync')"
    names = connection.execute(sa.text(f"{query} AND tablename <> 'alembic_version' ORDER BY 1")).scalars().all()
    if not names:
        return
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{patience()}'")
    connection.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{config.attributes.get('statement_timeout', '0')}'")


def remove_machinery(connection: sa.Connection) -> None:
    """Take away triggers and policies: they name columns that revisions change, and would capture every backfill."""
    if connection.dialect.name == "postgresql":
        importlib.import_module("erp_desktop.centre.machinery").uninstall(connection)
        return
    importlib.import_module("erp_desktop.registry.capture").remove(connection)


def wrap_steps(connection: sa.Connection) -> None:
    """Each revision removes the machinery first and puts it back last, all in its own transaction."""
    running = context.get_context()
    planned = running._migrations_fn  # noqa: SLF001

    def steps(heads: Any, running_context: Any) -> Iterator[Any]:
        every = list(planned(heads, running_context))
        for step in every:
            state["last"] = step is every[-1]
            alone = getattr(getattr(step, "revision", None), "module", None)
            outside = bool(getattr(alone, "hors_transaction", False)) and step.is_upgrade
            step.migration_fn = one_step(connection, step.migration_fn, outside=outside)
            yield step

    if planned is not None:
        running._migrations_fn = steps  # noqa: SLF001


def one_step(connection: sa.Connection, revision_function: Any, *, outside: bool) -> Any:
    """Wrap a revision; one that works ``outside`` a transaction commits at once: nothing is taken away before it."""
    central = connection.dialect.name == "postgresql"

    @wraps(revision_function)
    def run(**arguments: Any) -> None:
        if not outside or not central:
            if central:
                take_tables(connection)
            remove_machinery(connection)
            revision_function(**arguments)
            return
        revision_function(**arguments)
        take_tables(connection)

    return run


def asked() -> str | None:
    """Name of the running command; None inside the program when it was not told."""
    command: str | None = config.attributes.get("command")
    if command is None and config.cmd_opts is not None and getattr(config.cmd_opts, "cmd", None):
        command = config.cmd_opts.cmd[0].__name__
    return command


def changes_schema() -> bool:
    """Only upgrade and downgrade move the schema; the other commands read or stamp."""
    return asked() in {None, "upgrade", "downgrade"}


def guard_stamp(connection: sa.Connection) -> None:
    """A stamp says that a structure is there: it must be."""
    if context.get_x_argument(as_dictionary=True).get("force") == "oui":
        return
    wanted = getattr(config.cmd_opts, "revisions", None) or [None]
    if any(name not in {"head", "heads", context.get_head_revision()} for name in wanted):
        raise SystemExit("stamp : seule la révision finale se vérifie ; pour une autre, ajoutez -x force=oui.")
    wrong = importlib.import_module("erp_desktop.upgrade.fingerprint").check(connection)
    connection.rollback()
    if wrong:
        raise SystemExit("stamp refusé, la structure n'est pas celle du programme : " + " ; ".join(wrong[:5]))


def guard_downgrade(connection: sa.Connection, before: str | None) -> None:
    """A way back loses what its revisions declare: it is accepted by name, and the database is kept beforehand."""
    if asked() != "downgrade" or config.cmd_opts is None or before is None:
        return
    given = context.get_x_argument(as_dictionary=True)
    steps = context.script._downgrade_revs(config.cmd_opts.revision, before)  # noqa: SLF001
    undone = [step.revision for step in steps]
    lost = [f"[{r.revision}] {r.module.perd_au_retour}" for r in undone if getattr(r.module, "perd_au_retour", None)]
    if lost and given.get("accept-data-loss") != "yes":
        raise SystemExit(
            f"Ce retour en arrière perdrait : {' '.join(lost)} Rien n'a été changé. Ajoutez -x accept-data-loss=yes "
            "pour l'accepter : une sauvegarde est faite d'abord."
        )
    url = connection.engine.url
    if connection.dialect.name == "postgresql":
        folder = importlib.import_module("erp_desktop.settings").load().archives
        archiving = importlib.import_module("erp_desktop.upgrade.central.archiving")
        made = archiving.dump(url.render_as_string(hide_password=False), folder).chemin
    elif url.database in {None, "", ":memory:"}:
        return
    else:
        made = importlib.import_module("erp_desktop.upgrade.backup").create(Path(str(url.database))).chemin
    config.print_stdout(f"Sauvegarde : {made}")


def current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def stands(connection: sa.Connection) -> bool:
    """Whether there is nothing to put back, seen without a lock on any table that others use."""
    found = connection.dialect.name == "postgresql" and current(connection) == context.get_head_revision()
    found = found and bool(
        importlib.import_module("erp_desktop.centre.mark").stands(
            connection, importlib.import_module("erp_desktop.centre.machinery").statements()
        )
    )
    connection.rollback()
    if found and config.cmd_opts is not None:
        config.print_stdout("Le centre est déjà à jour.")
    return found


def finish(connection: sa.Connection, before: str | None, started: float) -> None:
    """Without any step the machinery is put back all the same: running `upgrade head` again repairs it."""
    after = current(connection)
    # Who waited while somebody else upgraded has nothing to repair.
    bare = bool(state["steps"]) and connection.dialect.name == "sqlite" and config.attributes.get("verified_after")
    repaired = not state["steps"] and config.attributes.get("seen", before) == before and not stands(connection)
    if bare or repaired:
        if connection.dialect.name == "postgresql":
            take_tables(connection)
        importlib.import_module("erp_desktop.upgrade.install").after_migration(connection)
    connection.commit()
    if after is not None:
        audit = importlib.import_module("erp_desktop.upgrade.audit")
        audit.record(connection, before, after, time.monotonic() - started)


def serve_again(connection: sa.Connection) -> None:
    """A centre stopped on its way serves its devices again, if its structure lets it; the next upgrade goes on."""
    if connection.dialect.name == "postgresql" and not state["empty"]:
        take_tables(connection)
        importlib.import_module("erp_desktop.upgrade.install").after_migration(connection)
        connection.commit()


def note_part(connection: sa.Connection, before: str | None, started: float) -> None:
    """Revisions committed before a failure stay: the journal says who brought them, if the line still stands."""
    with suppress(sa.exc.SQLAlchemyError, RuntimeError):
        connection.rollback()
        after = current(connection)
        if after is not None and after != before:
            audit = importlib.import_module("erp_desktop.upgrade.audit")
            audit.record(connection, before, after, time.monotonic() - started, finished=False)
            serve_again(connection)


def read_only(connection: sa.Connection) -> None:
    context.configure(connection=connection, **options(connection.dialect.name))
    with context.begin_transaction():
        context.run_migrations()


def run_on(connection: sa.Connection) -> None:
    name = connection.dialect.name
    if not changes_schema() and asked() != "stamp":
        read_only(connection)
        return
    started = time.monotonic()
    with sqlite_rules(connection) if name == "sqlite" else postgres_lock(connection):
        before = current(connection)
        state["empty"] = before is None
        connection.rollback()
        if not changes_schema():
            guard_stamp(connection)
            read_only(connection)
            return
        guard_downgrade(connection, before)
        context.configure(connection=connection, **options(name))
        implementation = context.get_context().impl
        if isinstance(implementation, InPlaceImpl):
            implementation.may_edit = asked() == "upgrade" and bool(config.attributes.get("verified_after"))
        wrap_steps(connection)
        try:
            with context.begin_transaction():
                context.run_migrations()
        except Exception:
            note_part(connection, before, started)
            raise
        finish(connection, before, started)


@contextmanager
def file_lock(url: sa.URL) -> Iterator[None]:
    """On a SQLite file nobody else may work while its tables are rebuilt."""
    named = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    if not named or not changes_schema():
        yield
        return
    lock = CacheLock(Path(str(url.database)))
    lock.exclusive(ATTENTE_S)
    try:
        yield
    finally:
        lock.release()


def run_online() -> None:
    given = config.attributes.get("connection")
    if given is not None:
        run_on(given)
        return
    url = address()
    engine = new_engine(url)
    try:
        with file_lock(url), engine.connect() as connection:
            run_on(connection)
    except (ErpError, sa.exc.OperationalError) as error:
        # A person reads this: one sentence, not where in the program it was said.
        raise SystemExit(str(getattr(error, "orig", None) or error).strip()) from error
    finally:
        engine.dispose()


def run_offline() -> None:
    url = address()
    name = url.get_backend_name()
    if name == "sqlite":
        # Rebuilding a table needs one to reflect: the same revisions run on an empty database in memory.
        start = context.get_starting_revision_argument() or "base"
        end = context.get_revision_argument() or "head"
        command = [sys.executable, "-m", "erp_desktop.upgrade.preview", str(start), str(end), str(asked())]
        written = subprocess.run(command, check=True, capture_output=True, text=True, cwd=paths.ROOT)
        config.print_stdout("%s", written.stdout)
        return
    context.configure(dialect_name=name, literal_binds=True, dialect_opts={"paramstyle": "named"}, **options(name))
    with context.begin_transaction():
        context.run_migrations()
    if asked() == "upgrade" and context.get_revision_argument() == context.get_head_revision():
        write_machinery()


def write_machinery() -> None:
    """A centre made from a script is guarded like any other: triggers, policies, grants and functions end it."""
    central = importlib.import_module("erp_desktop.centre.machinery")
    write = context.get_context().impl.static_output
    audit = importlib.import_module("erp_desktop.upgrade.audit")
    for statement in ["BEGIN", *central.statements(), audit.window_of_a_script(), "COMMIT"]:
        write(f"{statement};\n")


if context.is_offline_mode():
    run_offline()
else:
    run_online()
