"""What the architecture promises and no type checker sees."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from erp_desktop import clock
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.transitions import SUIVANTS, reachable
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import BY_NAME, TABLES
from erp_desktop.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_command_line_and_the_exchange_run_without_qt() -> None:
    loaded = _modules_after("import erp_desktop.cli.sync, erp_desktop.cli.server, erp_desktop.sync.watch.service")
    assert not {m for m in loaded if m.startswith("PySide6")}


def test_the_window_frame_comes_before_the_database_libraries() -> None:
    loaded = _modules_after("import erp_desktop.app")
    assert "PySide6.QtWidgets" in loaded
    assert not {"sqlalchemy", "alembic", "psycopg2", "numpy", "pyqtgraph"} & loaded


def test_migrations_never_import_the_application() -> None:
    scripts = list((ROOT / "migrations" / "versions").glob("*.py"))
    assert len(scripts) >= 10
    for script in scripts:
        assert not re.search(r"^\s*(from|import) erp_desktop", script.read_text(encoding="utf-8"), re.MULTILINE), (
            script
        )


def test_morocco_is_at_utc_since_september_2026() -> None:
    before = datetime(2026, 7, 1, 12, tzinfo=clock.CASABLANCA)
    after = datetime(2026, 11, 22, 12, tzinfo=clock.CASABLANCA)
    assert before.utcoffset() == timedelta(hours=1)
    assert after.utcoffset() == timedelta(0)


def test_instants_have_one_textual_form() -> None:
    instant = datetime(2026, 11, 22, 17, 33, 52, 42, tzinfo=UTC)
    assert clock.to_text(instant) == "2026-11-22T17:33:52.000042Z"
    assert clock.from_text(clock.to_text(instant)) == instant
    with pytest.raises(ValueError, match="naive"):
        clock.to_text(datetime(2026, 11, 22))  # noqa: DTZ001


def test_the_registry_lists_parents_before_children() -> None:
    seen: set[str] = set()
    for table in TABLES:
        assert {r.target for r in table.references} <= seen | {table.name}, table.name
        seen.add(table.name)


def test_the_registry_keeps_secrets_at_the_centre() -> None:
    hidden = {"hashed_password", "failed_login_attempts", "locked_until", "last_login"}
    assert not hidden & set(BY_NAME["users"].names)
    assert not BY_NAME["users"].device_writes
    assert BY_NAME["interventions"].column("statut").policy is Policy.STATUT


def test_every_state_leads_somewhere_or_is_final() -> None:
    assert reachable(Statut.OUVERTE) >= {Statut.CLOTUREE, Statut.ARCHIVEE, Statut.ANNULEE}
    assert reachable(Statut.ARCHIVEE) == frozenset()
    assert set(SUIVANTS) == set(Statut)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_no_file_names_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split(
        "\n"
    )
    names = ("py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org")
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".txt", ".toml", ".sh", ".ini", ".json", ".yml", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not any(n in text for n in names), name


def test_every_dependency_is_imported_by_the_product() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[<>=\[ ]", line)[0].lower().replace("_", "-") for line in declared}
    shipped: dict[str, set[str]] = {}
    for module, owners in packages_distributions().items():
        for owner in owners:
            shipped.setdefault(owner.lower().replace("_", "-"), set()).add(module)
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("erp_desktop", "migrations")
        for path in (ROOT / folder).rglob("*.py")
    )
    found = set(re.findall(r"^\s*(?:from|import) (\w+)", source, re.MULTILINE))
    found |= set(re.findall(r'import_module(?:\(|, )"(\w+)', source))
    # The engine asks for its driver by the address; the time zones are read by the standard library.
    found |= {"psycopg2", "tzdata"}
    assert {name for name in names if not shipped[name] & found} == set()


def test_one_place_imports_alembic() -> None:
    """Two threads that come into its circle of modules at different ends find half a module, once in a while."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "erp_desktop").rglob("*.py")
        if re.search(r"^    +(?:from|import) alembic\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert found == ["erp_desktop/upgrade/migrate.py"]
    source = (ROOT / found[0]).read_text(encoding="utf-8")
    assert source.count("with _importing:") == 1
    inside = source.partition("with _importing:")[2].partition("return alembic")[0]
    assert source.count("        import alembic") == inside.count("        import alembic") == 4
