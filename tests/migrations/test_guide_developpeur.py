"""``docs/guide_developpeur.md`` played from a copy of the tree: its changes, its commands, a column that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.migrations.pages import Copy, Page

# Run in the copy: the column is typed on one device, goes through the centre, and is shown on the other.
_WORKS = """
from pathlib import Path
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.services import clients
from erp_desktop.ui.clients import FORM, LISTE
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.wording import field_labels
from tests.ui.branch import Labo

url, folder = more
# Behind all others, which a program from before it goes on being served.
assert BY_NAME["clients"].names[-1] == "site_web"
assert BY_NAME["clients"].added[-1] == ("c5e9a3d7f1b4", len(BY_NAME["clients"].names) - 1)
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


@pytest.mark.soak
def test_the_page_adds_a_column_that_is_shown_synchronised_and_translated(
    pg_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    caches = tmp_path / "postes"
    caches.mkdir()
    page = Page("guide_developpeur.md")
    copy = Copy(tmp_path / "copie", sqlite_template, pg_url)
    assert page.write(copy.tree) == page.cost
    lines, files = page.cost
    assert lines < 30
    assert files <= 6
    # A program reads the manifest once: what follows its change is another process.
    listed_at = next(place for place, line in enumerate(page.commands) if "upgrade.history" in line) + 1
    first, second = page.commands[:listed_at], page.commands[listed_at:]
    assert len(first) == 3
    assert len(second) == 6
    assert "add_the_web_site_of_a_client.py" in copy.type(first)
    copy.type(second, _WORKS, pg_url, str(caches))
