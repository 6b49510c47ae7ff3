"""What a new revision must keep to, checked on the whole history: locks, rebuilds, imports, both engines alike."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlcipher3.dbapi2
from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from erp_desktop import paths
from erp_desktop.centre import machinery
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.registry import revisions
from erp_desktop.upgrade import fingerprint, migrate, structures
from erp_desktop.upgrade.reading import Structure
from tests.migrations.test_golden import RELEASED

# --- squawk: what locks a table that clerks use, or fails while it is used

HOUSE = {
    "prefer-text-field": "a length is a rule of the field, the same on both engines",
    "prefer-bigint-over-int": "small counters; identifiers are bigint and come from the allocator",
    "prefer-identity": "identifiers come from the allocator",
    "require-lock-timeout": "env.py sets it on the connection before any revision",
    "require-statement-timeout": "env.py sets it on the connection before any revision",
}

_FIRST = "released with 0.1.0, before the first centre had rows: nobody waited for it"
EXCUSED: dict[str, tuple[str, set[str]]] = {
    "5bd306f33b2b": (_FIRST, {"adding-not-nullable-field"}),
    "df44b376bc8a": (_FIRST, {"adding-not-nullable-field"}),
    "2a1f3c8d7c1b": (
        _FIRST,
        {"constraint-missing-not-valid", "adding-foreign-key-constraint", "require-concurrent-index-creation"},
    ),
    "3b9d5e7f1a20": (_FIRST, {"constraint-missing-not-valid", "require-concurrent-index-creation"}),
    "2e8c4b6d0f53": ("varchar(20) to varchar(50) rewrites nothing", {"changing-column-type"}),
    "3f9d5c7e1a64": (_FIRST, {"ban-drop-column"}),
    "4a0e6d8f2b75": (_FIRST, {"ban-drop-constraint", "constraint-missing-not-valid"}),
    "5b1f7e9a3c86": (_FIRST, {"require-concurrent-index-creation"}),
    "5d1e7f9b3a0c": (
        _FIRST,
        {"constraint-missing-not-valid", "adding-foreign-key-constraint", "require-concurrent-index-creation"},
    ),
    "6e2f8a0c4b1d": (
        _FIRST,
        {
            "constraint-missing-not-valid",
            "adding-foreign-key-constraint",
            "require-concurrent-index-creation",
            "adding-not-nullable-field",
        },
    ),
    "ce8f4a6c0b7d": (
        "the contract half of a rename: no program of the release before reads the column at the centre, devices "
        "reach it through the lens, and plannings is small",
        {"ban-drop-column", "ban-drop-constraint", "ban-drop-function", "constraint-missing-not-valid"},
    ),
    "c6d0a4e8f2b1": (
        "no program wrote or read contenus before this revision, which makes it the store of documents",
        {"ban-drop-column", "adding-not-nullable-field"},
    ),
    "a4d8e2b6c0f5": (
        "jours_feries holds some dozens of rows that only administrators write",
        {"ban-drop-constraint", "constraint-missing-not-valid", "disallowed-unique-constraint"},
    ),
    "b5e9d3c7a1f6": (
        "no screen wrote parts, depots or movements before this revision; the lines' new column is empty, and its "
        "reference is checked by one look at them",
        {
            "ban-drop-constraint",
            "constraint-missing-not-valid",
            "adding-foreign-key-constraint",
            "require-concurrent-index-creation",
        },
    ),
    "d2b6f0a4c8e3": (
        "contracts are some hundreds of rows; the interventions' new column is empty, and its list is checked by one "
        "look at them",
        {"constraint-missing-not-valid"},
    ),
    "e5c9a3f7b1d4": (
        "no program wrote notifications before this revision",
        {"constraint-missing-not-valid", "require-concurrent-index-creation"},
    ),
    "f4d8b2c6e0a5": (
        "no screen wrote plans before this revision; the new columns of interventions and lines are empty, their "
        "references are checked by one look at them, and an index of rows that have a value is made by another",
        {"constraint-missing-not-valid", "adding-foreign-key-constraint", "require-concurrent-index-creation"},
    ),
    "b3f7d1a9c5e8": (
        "no screen wrote invoices or payments before this revision; a payment over several of them names none "
        "itself, and programs from before go on naming theirs",
        {
            "ban-drop-not-null",
            "constraint-missing-not-valid",
            "adding-foreign-key-constraint",
            "require-concurrent-index-creation",
        },
    ),
    "c8b2e6a0d4f7": (
        "columns come empty: their references and the rule that is replaced are checked within the second",
        {
            "adding-foreign-key-constraint",
            "ban-drop-constraint",
            "constraint-missing-not-valid",
            "require-concurrent-index-creation",
        },
    ),
    "a9c4e7b2d6f1": (
        "devices are some hundreds of rows that no clerk's work writes, looked at once",
        {"ban-drop-constraint", "constraint-missing-not-valid"},
    ),
}
"""Revision → why, and the rules that it breaks. A released revision never changes, so neither does its line."""


def squawk(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    """File name → rules that its SQL breaks, the house's exclusions aside."""
    program = shutil.which("squawk", path=str(Path(sys.executable).parent))
    assert program is not None, "squawk-cli is a locked development dependency"
    for name, sql in files.items():
        (folder / name).write_text(sql, encoding="utf-8")
    done = subprocess.run(
        [program, "--reporter", "json", "--pg-version", "14.0", f"--exclude={','.join(HOUSE)}", *files],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found: dict[str, set[str]] = {name: set() for name in files}
    for row in json.loads(done.stdout):
        found[row["file"]].add(row["rule_name"])
    return found


@pytest.fixture(scope="module")
def central_sql() -> dict[str, str]:
    """Revision → the SQL that a centre runs for it, in its own transaction."""
    written = migrate.postgres_sql("base", revisions.head())
    # The end puts triggers and functions back, at every upgrade; it is no revision's.
    written = written[: written.index(machinery.statements()[0])]
    parts = re.split(r"^-- Running upgrade .*-> (\w+)$", written, flags=re.MULTILINE)
    return {
        revision: "BEGIN;\n" + re.sub(r"BEGIN;\s*$", "", text)
        for revision, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_no_revision_locks_what_clerks_use(central_sql: dict[str, str], tmp_path: Path) -> None:
    found = squawk(tmp_path, {f"{revision}.sql": sql for revision, sql in central_sql.items()})
    assert len(found) == len(revisions.revisions())
    broken = {name.removesuffix(".sql"): rules for name, rules in found.items() if rules}
    assert broken == {revision: rules for revision, (_, rules) in EXCUSED.items()}


def test_the_lock_guard_sees_what_it_must(tmp_path: Path) -> None:
    sql = {
        "colonne.sql": "BEGIN; ALTER TABLE clients ADD COLUMN fax text NOT NULL; COMMIT;",
        "index.sql": "BEGIN; CREATE INDEX i ON clients (ville); COMMIT;",
        "contrainte.sql": "BEGIN; ALTER TABLE clients ADD CONSTRAINT c CHECK (ville <> ''); COMMIT;",
        "renommee.sql": "BEGIN; ALTER TABLE clients RENAME COLUMN ville TO cite; COMMIT;",
        "dedans.sql": "BEGIN; CREATE INDEX CONCURRENTLY i ON clients (ville); COMMIT;",
        "bien.sql": "BEGIN; ALTER TABLE clients ADD COLUMN fax text; COMMIT;",
    }
    found = squawk(tmp_path, sql)
    assert found.pop("bien.sql") == set()
    assert all(found.values()), found


# --- at most one rebuild of a table in a release

RELEASES = {"0.1.0": RELEASED}
"""Release → its last revision; what comes after belongs to the release in work."""

REBUILT = {
    "0.1.0": {
        "clients": 1,
        "competences": 2,
        "contrats": 1,
        "documents": 2,
        "equipements": 3,
        "historiques_interventions": 2,
        "interventions": 5,
        "notifications": 2,
        "plannings": 2,
        "technicien_competence": 2,
        "techniciens": 2,
        "users": 7,
    }
}
"""Rebuilds of the releases that are out; a cache made by 0.1.0 itself had no rows yet when they ran."""


def release_of(revision: str) -> str:
    rank = revisions.position(revision)
    assert rank is not None
    for name, last in RELEASES.items():
        end = revisions.position(last)
        assert end is not None
        if rank <= end:
            return name
    return "in work"


def rebuilds() -> dict[str, Counter[str]]:
    """Release → how often its revisions rebuild each table of a cache."""
    engine = sa.create_engine("sqlite://", module=sqlcipher3.dbapi2, poolclass=StaticPool)
    found: dict[str, Counter[str]] = {}
    pending: list[str] = []

    def collect(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        if match := re.match(r'\s*CREATE TABLE "?_alembic_tmp_(\w+)', statement):
            pending.append(match[1])

    def step(revision: str, _title: str) -> None:
        found.setdefault(release_of(revision), Counter()).update(pending)
        pending.clear()

    event.listen(engine, "before_cursor_execute", collect)
    with engine.connect() as connection:
        migrate.upgrade(connection, on_step=step)
    engine.dispose()
    return found


def test_a_release_rebuilds_a_table_at_most_once() -> None:
    for release, counts in rebuilds().items():
        if release in REBUILT:
            assert dict(counts) == REBUILT[release]
        else:
            assert max(counts.values(), default=0) <= 1, (release, counts)


# --- a revision is frozen in time: nothing of today's program in it


def imports(text: str) -> set[str]:
    """Top-level packages that a script imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {
            "import_module", "__import__",
        }:  # fmt: skip
            found.add("importlib")
    return found


def test_a_revision_imports_nothing_of_today() -> None:
    allowed = {
        "__future__",
        "sqlalchemy",
        "alembic",
        "migrations",
        "collections",
        "contextlib",
        "typing",
        "datetime",
        "decimal",
    }
    scripts = [*(paths.MIGRATIONS / "versions").glob("*.py"), paths.MIGRATIONS / "helpers.py"]
    assert len(scripts) == len(revisions.revisions()) + 1
    for script in scripts:
        assert imports(script.read_text(encoding="utf-8")) <= allowed, script.name


def test_a_migration_that_imports_todays_models_is_seen() -> None:
    for line in (
        "from erp_desktop.models import Base",
        "import erp_desktop.models as m",
        "def upgrade():\n    from erp_desktop.domain import enums",
        "import importlib\nimportlib.import_module('erp_desktop.models')",
    ):
        assert imports(line) & {"erp_desktop", "importlib"}, line


# --- the same logical schema on both engines, at every revision

_FAMILIES = {
    "BIGINT": "entier", "INTEGER": "entier", "BOOLEAN": "booléen", "DATE": "date", "JSON": "json", "JSONB": "json",
    "BLOB": "octets", "BYTEA": "octets", "FLOAT": "réel", "DOUBLE": "réel", "DOUBLE PRECISION": "réel",
    "DOUBLE_PRECISION": "réel",
}  # fmt: skip
# Unique at the centre, a plain index in caches, where services check them.
NATURAL = {
    "idx_user_email", "idx_user_username_unique", "uq_equipements_code_interne", "uq_equipements_numero_serie",
    "uq_clients_ice", "uq_pieces_detachees_reference", "uq_mouvements_stock_annule_id",
    "uq_occurrences_date",
}  # fmt: skip
# Words are indexed at the centre alone: a cache has a file of its own for them.
WORDS = {"idx_intervention_mots", "idx_lignes_intervention_mots", "idx_historique_mots"}
# Of an expression, which each engine spells in its own way; `fingerprint` compares it with the models'.
SPELLED = {
    "idx_intervention_titre_tri", "idx_intervention_a_faire", "idx_intervention_a_faire_titre",
    "idx_mouvements_stock_effet", "idx_clients_nom_entreprise_tri",
    "idx_clients_ville_tri",
    "idx_contrats_numero_contrat_tri", "idx_equipements_nom_tri", "idx_equipements_type_equipement_tri",
    "idx_equipements_marque_tri", "idx_equipements_modele_tri", "idx_equipements_localisation_tri",
    "idx_pieces_detachees_designation_tri", "idx_pieces_detachees_famille_tri",
    "idx_pieces_detachees_emplacement_tri", "idx_plannings_modele_titre_tri", "idx_factures_total_ttc_tri",
    "idx_mouvements_stock_quantite_tri",
    "idx_clients_nom_entreprise_liste", "idx_clients_ville_liste", "idx_contrats_numero_contrat_liste",
    "idx_equipements_nom_liste", "idx_equipements_type_equipement_liste", "idx_equipements_marque_liste",
    "idx_equipements_modele_liste", "idx_equipements_localisation_liste", "idx_pieces_detachees_designation_liste",
    "idx_pieces_detachees_famille_liste", "idx_pieces_detachees_emplacement_liste",
    "idx_plannings_modele_titre_liste", "idx_factures_total_ttc_liste", "idx_mouvements_stock_quantite_liste",
    "idx_factures_regle_liste", "idx_factures_solde_liste",
}  # fmt: skip


def logical(found: Structure) -> dict[str, Any]:
    """A structure without what the engines spell differently: families of types, defaults without casts."""
    made: dict[str, Any] = {}
    for table, content in found.items():
        if table.startswith(("_", "sync_", "sync.")):
            continue
        columns = {}
        for name, column in content["colonne"].items():
            kind = column["type"]
            # Instants and amounts are text in a cache.
            text = kind == "TEXT" or kind.startswith(("TIMESTAMP", "NUMERIC"))
            default = {"true": "1", "false": "0"}.get(str(column["défaut"]), column["défaut"])
            default = default and default.strip("'")
            columns[name] = {
                "famille": "texte" if text else _FAMILIES.get(kind, kind),
                "obligatoire": column["obligatoire"],
                "défaut": None if default == "nextval" else default,
            }
        made[table] = {
            "colonne": columns,
            "clé": content["clé"],
            "contrainte": dict.fromkeys(content["contrainte"], True),
            "référence": content["référence"],
            "index": {
                name: {
                    **index,
                    "unique": None if name in NATURAL else index["unique"],
                    "colonnes": None if name in SPELLED else index["colonnes"],
                }
                for name, index in content["index"].items()
                if name not in WORDS
            },
        }
    return made


def test_both_engines_have_the_same_logical_schema_at_every_revision(pg_empty_url: str) -> None:
    engine = create_pg_engine(pg_empty_url)
    caches = structures.by_revision()
    compared = []
    with engine.connect() as connection:

        def step(revision: str, _title: str) -> None:
            here = logical(fingerprint.read(connection))
            wanted = logical(caches[revision])
            assert fingerprint.differences(wanted, here) == [], revision
            compared.append(revision)

        migrate.upgrade(connection, on_step=step)
    engine.dispose()
    assert compared == [row.revision for row in revisions.revisions()]
