"""The centre's half of the exchange: roles, row-level security, row states, and the merge, as SQL from the registry.

Everything here is re-installed after every migration and is idempotent. Tables with data belong to the history.

Who may do what: a device login is a member of ``erp_device`` and can only execute functions. Push and pull run as
``erp_sync``, a role without login that is itself subject to row-level security keyed on ``session_user``, so no
parameter can name another agency. Row states are kept by triggers for every other writer; the merge, which knows
which rows it touches, writes them set-based itself (the triggers' WHEN leaves ``erp_sync`` out).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import sqlalchemy as sa

from erp_desktop.centre import isolation, lock, mark
from erp_desktop.centre.functions import devices, login, watch
from erp_desktop.centre.functions import documents as central_documents
from erp_desktop.centre.functions import factures as central_invoices
from erp_desktop.centre.functions import rules as central_rules
from erp_desktop.centre.functions.merge import merge_functions
from erp_desktop.centre.functions.pull import pull_functions
from erp_desktop.centre.functions.tables import UNTOLD
from erp_desktop.centre.functions.verify import verify_functions
from erp_desktop.centre.sql import sql
from erp_desktop.domain.people import given
from erp_desktop.registry import monthly, personal, planned, rules, worked
from erp_desktop.registry.invoices import settled, totals
from erp_desktop.registry.search_path import PIN
from erp_desktop.registry.tables import TABLES, SyncTable


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


_IDENTITY = sql("machinery/identity", PIN=PIN, TO_CHOOSE="'" + given.TO_CHOOSE.replace("'", "''") + "'")

# Equal notifications of one transaction are one, and it is sent at its COMMIT: listening devices then ask.
_PERSONAL = {*personal.OF_AN_INDIVIDUAL, *(c for told in personal.COLUMNS.values() for c in told)}
_CAPTURE = sql(
    "machinery/capture", PIN=PIN, UNTOLD=UNTOLD, PEOPLE=_listed(personal.COLUMNS), PERSONAL=_listed(_PERSONAL)
)
_SILENCE = (
    "DROP TRIGGER IF EXISTS erp_efface ON sync.conflits",
    "CREATE TRIGGER erp_efface BEFORE INSERT ON sync.conflits FOR EACH ROW EXECUTE FUNCTION sync.taire_efface()",
)


_OF_A_TABLE = ("erp_capture", "erp_capture_maj", "erp_references", "erp_agence")


def _table_triggers(table: SyncTable) -> list[str]:
    """Those of :data:`_OF_A_TABLE` that a table needs, and of those that follow it; none of them is there."""
    name = table.name
    function = "capturer" if table.scoped else "capturer_partage"
    # Columns that never leave the centre are no change for the branches: a login is not one.
    old, new = (f"({', '.join(f'{row}.{c}' for c in table.names)})" for row in ("OLD", "NEW"))
    made = [
        f"CREATE TRIGGER erp_capture AFTER INSERT OR DELETE ON public.{name} FOR EACH ROW "
        f"WHEN (current_user <> 'erp_sync') EXECUTE FUNCTION sync.{function}()",
        f"CREATE TRIGGER erp_capture_maj AFTER UPDATE ON public.{name} FOR EACH ROW "
        f"WHEN (current_user <> 'erp_sync' AND {old} IS DISTINCT FROM {new}) EXECUTE FUNCTION sync.{function}()",
    ]
    if table.scoped and table.references:
        made += _reference_guard(table)
    return [*made, *_owner(table), *_followers(table)]


def _reference_guard(table: SyncTable) -> list[str]:
    """Foreign keys ignore row-level security, so the owner's trigger refuses another agency's row as a target."""
    tests = "\n".join(
        f"""  IF NEW.{r.column} IS NOT NULL AND EXISTS (SELECT 1 FROM public.{r.target} c WHERE c.id = NEW.{r.column}
      AND c.agence_id IS NOT NULL AND c.agence_id IS DISTINCT FROM NEW.agence_id) THEN
    RAISE EXCEPTION 'la référence {r.column} vise une autre agence' USING ERRCODE = 'EM002'; END IF;"""
        for r in table.references
    )
    columns = ", ".join(["agence_id", *(r.column for r in table.references)])
    return [
        f"CREATE OR REPLACE FUNCTION sync.ref_{table.name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} "
        f"AS $f$ BEGIN\n{tests}\n  RETURN NULL; END $f$",
        f"CREATE CONSTRAINT TRIGGER erp_references AFTER INSERT OR UPDATE OF {columns} ON public.{table.name} "
        f"DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION sync.ref_{table.name}()",
    ]


def _owner(table: SyncTable) -> list[str]:
    """A new child row belongs to its root's agency."""
    if table.root is None:
        return []
    root, name = table.root, table.name
    return [
        f"CREATE OR REPLACE FUNCTION sync.agence_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} AS "
        f"$f$ BEGIN IF NEW.agence_id IS NULL THEN SELECT r.agence_id INTO NEW.agence_id FROM public.{root.target} r "
        f"WHERE r.id = NEW.{root.column}; END IF; RETURN NEW; END $f$",
        f"CREATE TRIGGER erp_agence BEFORE INSERT ON public.{name} FOR EACH ROW "
        f"EXECUTE FUNCTION sync.agence_{name}()",
    ]


# Their names hold the rank of a table among all, which a new table changes: those of before go by their beginning.
_NO_FOLLOWERS = sql("machinery/no_followers")


def _followers(table: SyncTable) -> list[str]:
    """Rows that belong to another one follow it when an administrator moves it to another agency.

    Triggers of one event run in the order of their names: the rank makes parents move before their children, so that
    each child finds its other parents moved already.
    """
    made, rank = [], [t.name for t in TABLES].index(table.name)
    for reference in table.follows:
        name = f"{table.name}_{reference.column}"
        made += [
            f"DROP FUNCTION IF EXISTS sync.suivre_{table.name}()",
            f"CREATE OR REPLACE FUNCTION sync.suivre_{name}() RETURNS trigger LANGUAGE plpgsql "
            f"SECURITY DEFINER {PIN} AS $f$ BEGIN UPDATE public.{table.name} "
            f"SET agence_id = NEW.agence_id WHERE {reference.column} = NEW.id "
            f"AND agence_id IS DISTINCT FROM NEW.agence_id; RETURN NULL; END $f$",
            f"CREATE TRIGGER erp_a_suivre_{rank:02}_{name} AFTER UPDATE OF agence_id ON public.{reference.target} "
            f"FOR EACH ROW WHEN (OLD.agence_id IS DISTINCT FROM NEW.agence_id) "
            f"EXECUTE FUNCTION sync.suivre_{name}()",
        ]
    return made


def _dependants_guard(table: SyncTable) -> list[str]:
    """What refers to a row and did not follow it keeps it from moving away: its own agency would lack it.

    Looked at when the transaction ends: a contract moves before the machines that it covers, and an administrator may
    move several rows that hold each other.
    """
    if not table.scoped:
        return []
    name = table.name
    tests = "\n".join(
        f"""  IF EXISTS (SELECT 1 FROM public.{child.name} c WHERE c.{r.column} = NEW.id
      AND c.agence_id IS DISTINCT FROM v_agence) THEN
    RAISE EXCEPTION '% {name}.% : des lignes de {child.name} d''une autre agence s''y rapportent ({r.column})',
      'déplacement refusé,', NEW.id USING ERRCODE = 'EM002'; END IF;"""
        for child in TABLES
        for r in child.references
        if r.target == name and child.scoped
    )
    if not tests:
        return []
    return [
        # The row as it is at the end, which NEW does not tell.
        f"CREATE OR REPLACE FUNCTION sync.retenir_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {PIN} "
        f"AS $f$ DECLARE v_agence bigint; BEGIN\n  SELECT agence_id INTO v_agence FROM public.{name} "
        f"WHERE id = NEW.id;\n  IF v_agence IS NULL THEN RETURN NULL; END IF;\n{tests}\n  RETURN NULL; END $f$",
        f"DROP TRIGGER IF EXISTS erp_dependants ON public.{name}",
        f"CREATE CONSTRAINT TRIGGER erp_dependants AFTER UPDATE OF agence_id ON public.{name} "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.agence_id IS DISTINCT FROM NEW.agence_id) "
        f"EXECUTE FUNCTION sync.retenir_{name}()",
    ]


def _security(table: SyncTable) -> list[str]:
    name = table.name
    mine = "agence_id = (SELECT sync.agence()) OR (SELECT sync.toutes_agences())"
    made = [
        f"ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS erp_lecture ON public.{name}",
        f"DROP POLICY IF EXISTS erp_ecriture ON public.{name}",
        f"GRANT SELECT ON public.{name} TO erp_sync",
        *login.chosen_first(f"public.{name}"),
    ]
    readable = f"agence_id IS NULL OR {mine}" if table.scoped else "true"
    made.append(f"CREATE POLICY erp_lecture ON public.{name} FOR SELECT TO erp_sync, erp_central USING ({readable})")
    if table.device_writes:
        made.append(
            f"CREATE POLICY erp_ecriture ON public.{name} TO erp_sync, erp_central USING ({mine}) WITH CHECK ({mine})"
        )
        rights = "INSERT, UPDATE, DELETE"
        if table.append_only:
            rights = "INSERT, DELETE" if table.taken_back else "INSERT"
        made.append(f"GRANT {rights} ON public.{name} TO erp_sync")
        made.append(f"GRANT SELECT, {rights} ON public.{name} TO erp_central")
    elif name != "users":
        made.append(f"GRANT SELECT ON public.{name} TO erp_central")
    else:
        shown = ", ".join(table.names)
        made += [
            f"REVOKE SELECT ON public.{name} FROM erp_sync",
            f"GRANT SELECT ({shown}) ON public.{name} TO erp_sync, erp_central",
        ]
    return made


_COMPUTING = (
    *central_invoices.TRIGGERS, *totals.TRIGGERS, *settled.TRIGGERS, *planned.TRIGGERS, *worked.TRIGGERS,
    *monthly.TRIGGERS,
)  # fmt: skip
_SYNC_RIGHTS = sql("machinery/sync_rights")

# Executed by devices under the definer's rights; everything else in the schema is for its owner alone.
_ENTRIES = ("pousser(jsonb, bigint, text)", "tirer(xid8, bigint, integer)", "debut_copie()", "instantane()",
            "empreintes()",
            "instantane_suite(bigint)")  # fmt: skip
_CYCLE = "cycle(jsonb, bigint, text, xid8, bigint, integer, jsonb, jsonb)"
_SHARED = ("poste()", "agence()", "toutes_agences()", "epoque()", "auteur()")


def statements(*, documents: bool = True) -> list[str]:
    """Every statement of the installation, in order, for the present registry; with the store of documents or not."""
    made = [*isolation.fence(), _IDENTITY, _CAPTURE, _NO_FOLLOWERS, *central_rules.rule_functions(), settled.CENTRE]
    for table in TABLES:
        made.append(f"ALTER TABLE public.{table.name} ALTER COLUMN id SET DEFAULT sync.nouvel_id()")
        made += (f"DROP TRIGGER IF EXISTS {trigger} ON public.{table.name}" for trigger in _OF_A_TABLE)
        made += _table_triggers(table)
        made += _dependants_guard(table)
        made += central_rules.row_rules(table)
        made += _security(table)
    made += rules.postgres()
    made += [
        "DROP TRIGGER IF EXISTS erp_statut ON public.interventions",
        "CREATE TRIGGER erp_statut AFTER UPDATE OF statut ON public.interventions FOR EACH ROW "
        "WHEN (OLD.statut IS DISTINCT FROM NEW.statut AND current_user <> 'erp_sync') "
        "EXECUTE FUNCTION sync.tracer_statut()",
        *_SILENCE,
        totals.CENTRE,
        *planned.centre(),
        *worked.centre(),
        monthly.CENTRE,
        _SYNC_RIGHTS,
        isolation.guard(documents=documents),
        watch.FUNCTIONS,
        *merge_functions(),
        *pull_functions(),
        *verify_functions(),
        login.FUNCTIONS,
        devices.FUNCTIONS,
        *(central_documents.document_functions() if documents else ()),
        isolation.SWEEP,
        # Also what an older program granted on functions that there are no more of.
        "REVOKE ALL ON ALL ROUTINES IN SCHEMA sync FROM PUBLIC, erp_sync, erp_device, erp_central, erp_revoque",
        "GRANT CREATE ON SCHEMA sync TO erp_sync",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sync TO erp_sync",
    ]
    for entry in _entries(documents=documents):
        made.append(f"ALTER FUNCTION sync.{entry} OWNER TO erp_sync")
        made.append(f"GRANT EXECUTE ON FUNCTION sync.{entry} TO erp_device")
    farewells = central_documents.FAREWELLS if documents else ()
    keys = central_documents.KEYS if documents else ()
    made += [f"GRANT EXECUTE ON FUNCTION sync.{entry} TO erp_central" for entry in keys]
    own = (devices.ARRIVAL, devices.GREETING, devices.SELF, devices.BUNDLE_KEY)
    made += [f"GRANT EXECUTE ON FUNCTION sync.{entry} TO erp_device" for entry in own]
    made += [
        f"GRANT EXECUTE ON FUNCTION sync.{entry} TO erp_device, erp_revoque"
        for entry in (devices.FAREWELL, *farewells)
    ]
    made += [
        f"GRANT EXECUTE ON FUNCTION sync.{entry} TO erp_device, erp_central" for entry in (*_SHARED, *login.ENTRIES)
    ]
    made += [
        "GRANT EXECUTE ON FUNCTION sync.nouvel_id(), sync.reserver_numeros(text), sync.exiger_choix() TO erp_central",
        *(f"GRANT EXECUTE ON FUNCTION sync.{entry} TO erp_central" for entry in central_invoices.ENTRIES),
        "REVOKE CREATE ON SCHEMA sync FROM erp_sync",
        f"REVOKE ALL ON PROCEDURE sync.{_CYCLE} FROM PUBLIC",
        f"GRANT EXECUTE ON PROCEDURE sync.{_CYCLE} TO erp_device",
        watch.LIMITS,
        # No policy asks it any more.
        "DROP FUNCTION IF EXISTS sync.exiger_entier()",
    ]
    return made


def _entries(*, documents: bool) -> list[str]:
    """Functions that run as ``erp_sync`` under row-level security, with their arguments."""
    copies = [f"{called}(bigint)" for t in TABLES for called, _ in t.generations]
    return [*_ENTRIES, *(central_documents.ENTRIES if documents else ()), *copies]


def isolation_faults(connection: sa.Connection) -> list[str]:
    """Why a device would not be held to its agency, one French line each; empty when it is."""
    exchange, documents = connection.exec_driver_sql(
        "SELECT to_regclass('sync.schema_compat') IS NOT NULL, to_regclass('public.contenus_morceaux') IS NOT NULL"
    ).one()
    if not exchange:
        return []
    return isolation.faults(connection, _entries(documents=documents))


_SHUT = sql("machinery/shut")
_HALF_WAY = (
    sql("machinery/half_way", PIN=PIN, RUNNING=lock.RUNNING),
    "REVOKE ALL ON FUNCTION sync.exiger_entier() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION sync.exiger_entier() TO erp_central",
)


def _watch_only(present: set[tuple[str, str]]) -> list[str]:
    """Half-way through an upgrade over several revisions: every change is noted, and nobody is served.

    Said once for each revision: nothing is dropped that :func:`uninstall` has just taken away.
    """
    made, half_way = [*isolation.fence(), _IDENTITY, _CAPTURE, _NO_FOLLOWERS], list(_HALF_WAY)
    for table in TABLES:
        columns = tuple(c for c in table.columns if (table.name, c.name) in present)
        references = tuple(r for r in table.references if (table.name, r.column) in present)
        if columns:
            follows = tuple(r for r in table.follows if r in references)
            there = dataclasses.replace(table, columns=columns, references=references, follows=follows)
            made += _table_triggers(there)
            half_way.append(
                f"CREATE POLICY erp_lecture ON public.{table.name} TO erp_central "
                "USING ((SELECT sync.exiger_entier()))"
            )
    # A page without its rows would move cursors past them.
    return [*made, isolation.SWEEP, _SHUT, *half_way]


def uninstall(connection: sa.Connection) -> None:
    """Take away what would stop a downgrade from dropping or changing columns."""
    guards = connection.exec_driver_sql(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND (tgname ~ "
        "'^erp_(capture|capture_maj|references|dependants|agence|statut|bornes|bornes_maj|cle|horloge|regle_.*)$' "
        f"OR tgname = ANY(ARRAY[{', '.join(map(repr, _COMPUTING))}]))"
    ).fetchall()
    policies = connection.exec_driver_sql(
        "SELECT polname, polrelid::regclass::text FROM pg_policy JOIN pg_class c ON c.oid = polrelid "
        "WHERE c.relnamespace = 'public'::regnamespace AND polname IN ('erp_lecture', 'erp_ecriture', 'erp_choix')"
    ).fetchall()
    _run(
        connection,
        [
            *(f"DROP TRIGGER {name} ON {table}" for table, name in guards),
            _NO_FOLLOWERS,
            *(f"DROP POLICY {name} ON {table}" for name, table in policies),
        ],
    )


def _run(connection: sa.Connection, statements: list[str]) -> None:
    """Run statements in their order, in one trip: hundreds of small ones are mostly the way there and back."""
    connection.exec_driver_sql("\n;\n".join(statements).replace("%", "%%"))


_DROP = re.compile(r"DROP (?:TRIGGER|POLICY) IF EXISTS (\w+) ON (?:public\.)?([\w.]+)")


def _of_what_is_there(connection: sa.Connection, statements: list[str]) -> list[str]:
    """Without those that take away a trigger or a policy that is not there: a fifth of the time is theirs."""
    there = connection.exec_driver_sql(
        "SELECT tgname || ' ' || CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname "
        "FROM (SELECT tgname, tgrelid FROM pg_trigger UNION ALL SELECT polname, polrelid FROM pg_policy) t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    ).scalars()
    names = set(there)
    found = ((one, _DROP.fullmatch(one)) for one in statements)
    return [one for one, drop in found if drop is None or " ".join(drop.groups()) in names]


def install(connection: sa.Connection, *, last: bool = True) -> None:
    """Install for the structure present; nothing below the revision that has schema ``sync``.

    Args:
        last: no further revision is about to follow: devices are served if the structure is whole.
    """
    present = {
        (row[0], row[1])
        for row in connection.execute(
            sa.text(
                "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "WHERE c.relnamespace = to_regnamespace('public') AND c.relkind IN ('r', 'p') "
                "AND a.attnum > 0 AND NOT a.attisdropped"
            )
        )
    }
    exchange, documents = connection.execute(
        sa.text("SELECT to_regclass('sync.schema_compat'), to_regclass('public.contenus_morceaux')")
    ).one()
    if exchange is None:
        if present:
            uninstall(connection)
        return
    whole = last and all((t.name, c) in present for t in TABLES for c in t.names)
    if not whole:
        uninstall(connection)
    # One installation at a time, by a lock that no device has the right to take.
    connection.exec_driver_sql("LOCK TABLE sync.schema_compat IN SHARE UPDATE EXCLUSIVE MODE")
    path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    connection.exec_driver_sql(f"SET LOCAL {PIN.removeprefix('SET ')}")
    run = statements(documents=documents is not None) if whole else _watch_only(present)
    _run(connection, _of_what_is_there(connection, run))
    connection.execute(sa.text("SELECT set_config('search_path', :path, true)"), {"path": path})
    if whole:
        mark.note(connection, run)
    else:
        mark.forget(connection)
