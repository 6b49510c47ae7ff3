"""``docs/guide_developpeur.md`` played from a copy of the tree: its changes, its commands, a column that works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from erp_desktop import paths

PAGE = (paths.ROOT / "docs" / "guide_developpeur.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(diff|bash)\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
# Types lines in one process of the copy: a process each would cost its imports each time.
_TYPED = """
import json, os, runpy, shlex, sys
typed, *more = sys.argv[1:]
for line in json.loads(typed):
    words = shlex.split(os.path.expandvars(line))
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        os.environ[name] = value
    program, *rest = words
    sys.argv = words
    try:
        if program == "alembic":
            from alembic.config import main
            main(rest, prog="alembic")
        elif words[:2] == ["python", "-m"]:
            sys.argv = words[2:]
            runpy.run_module(words[2], run_name="__main__")
        elif program == "erp-admin":
            from erp_desktop import cli
            cli.main()
        else:
            raise SystemExit(f"unknown: {line}")
    except SystemExit as left:
        if left.code:
            raise
"""
# Run in the copy: the column is typed on one device, goes through the centre, and is shown on the other.
_WORKS = """
from pathlib import Path
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.services import clients
from erp_desktop.ui.clients import FORM, LISTE
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.wording import field_labels
from tests.ui.branch import Labo

url, folder = more
labo = Labo(url, Path(folder))
mine, centre = labo.poste("accueil"), create_pg_engine(url)
pk, nadia = labo.monde.clients[0], labo.nadia
with transaction(mine.engine(), nadia.user_id) as session:
    clients.update(session, nadia, pk, {"site_web": "atlas.example"})
mine.cycle()
with transaction(centre, nadia.user_id) as session:
    row, = clients.rows(session, nadia, [pk])
    assert clients.get(session, nadia, pk).site_web == "atlas.example"
    clients.update(session, nadia, pk, {"site_web": "b.example"})
column = next(c for c in LISTE.columns if c.title == "Site web")
assert "atlas.example" in column.text(row)
assert "site_web" in [field.name for group in FORM.groups for field in group.fields]
# Both change it while cut off: the centre's value stands, and the loser is asked.
mine.edit(nadia.user_id, "clients", pk, site_web="a.example")
mine.cycle()
assert mine.value("clients", pk, "site_web") == "b.example"
with transaction(mine.engine()) as session:
    told = session.execute(sa.text("SELECT colonne, a_decider FROM sync_conflits")).all()
assert [tuple(one) for one in told] == [("site_web", 1)]
app = QApplication([])
for language, words in {"fr": "Site web", "en": "Web site", "ar": "الموقع الإلكتروني"}.items():
    i18n.set_language(app, language)
    assert (i18n.tr(column.title), field_labels.champ("clients", "site_web")) == (words, words)
"""


def changed(folder: Path, block: str) -> tuple[str, int]:
    """Make one change of the page; the file, and how many lines it writes."""
    name, _, hunks = block.removeprefix("+++ ").partition("\n")
    file = folder / name
    text = file.read_text(encoding="utf-8")
    for hunk in hunks.split("\n@@\n"):
        lines = hunk.split("\n")
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, (name, before)
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    return name, sum(line.startswith("+") for line in hunks.split("\n"))


def test_the_page_adds_a_column_that_is_shown_synchronised_and_translated(
    pg_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    tree, caches = tmp_path / "copie", tmp_path / "postes"
    caches.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("tests/migrations/golden/", "docs/")):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(paths.ROOT / name, tree / name)
    # What the first command would build from nothing.
    shutil.copy(sqlite_template, tree / "dev.sqlite")
    machine = {
        **os.environ, "PYTHONPATH": str(tree), "CENTRE": pg_url, "QT_QPA_PLATFORM": "offscreen",
    }  # fmt: skip

    def run(script: str, *words: str) -> str:
        command = [sys.executable, "-c", script, *words]
        done = subprocess.run(
            command, cwd=tree, env=machine, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    written: dict[str, int] = {}
    lines: list[str] = []
    for language, block in BLOCKS:
        if language == "diff":
            name, count = changed(tree, block)
            written[name] = written.get(name, 0) + count
        else:
            lines += block.splitlines()
    cost = re.search(r"\*\*(\d+) lines written by hand in (\d+) files\*\*", PAGE)
    assert cost is not None
    assert (sum(written.values()), len(written)) == (int(cost[1]), int(cost[2]))
    assert sum(written.values()) < 30
    # A program reads the manifest once: what follows its change is another process.
    listed_at = next(place for place, line in enumerate(lines) if "upgrade.history" in line) + 1
    first, second = lines[:listed_at], lines[listed_at:]
    assert len(first) == 3
    assert len(second) == 6
    assert "add_the_web_site_of_a_client.py" in run(_TYPED, json.dumps(first))
    run(_TYPED + _WORKS, json.dumps(second), pg_url, str(caches))
