"""``docs/guide_nouvelle_table.md`` played from a copy of the tree: a noun with list and form, on two devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.migrations.pages import Copy, Page

PAGE = "guide_nouvelle_table.md"
# Run in the copy: a vehicle entered on a device is edited at the centre, in conflict on the device, shown everywhere.
_WORKS = """
from pathlib import Path
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.errors import DuplicateError
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.services import vehicules
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui import sections
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.wording import field_labels
from tests.ui.branch import Labo

url, folder = more
labo = Labo(url, Path(folder))
mine, centre, nadia = labo.poste("accueil"), create_pg_engine(url), labo.nadia
entered = vehicules.VehiculeInput(immatriculation="12345-A-6", modele="Kangoo")
with transaction(mine.engine(), nadia.user_id) as session:
    pk = vehicules.create(session, nadia, entered)
with transaction(mine.engine(), nadia.user_id) as session:
    try:
        vehicules.create(session, nadia, entered)
        raise SystemExit("taken twice")
    except DuplicateError as refused:
        words = str(refused)
mine.cycle()
with transaction(centre, nadia.user_id) as session:
    assert vehicules.LISTING.ids(session, nadia, ListQuery("modele:kangoo", "technicien")) == [pk]
    (row,) = vehicules.LISTING.rows(session, nadia, [pk])
    assert (row.immatriculation, row.technicien) == ("12345-A-6", None)
    vehicules.update(session, nadia, pk, {"modele": "Berlingo"})
mine.edit(nadia.user_id, "vehicules", pk, modele="Partner")
mine.cycle()
assert mine.value("vehicules", pk, "modele") == "Berlingo"
with transaction(mine.engine()) as session:
    told = session.execute(sa.text("SELECT colonne, a_decider FROM sync_conflits")).all()
    assert vehicules.get(session, nadia, pk).modele == "Berlingo"
assert [tuple(one) for one in told] == [("modele", 1)]
spec = sections.spec("vehicules")
assert [c.text(row) for c in spec.columns][:2] == [i18n.isolate("12345-A-6"), "Kangoo"]
assert [(f.name, f.kind) for f in spec.form.fields] == [
    ("immatriculation", "text"), ("modele", "text"), ("technicien_id", "picker"), ("visite_technique", "date"),
    ("notes", "area"),
]
app = QApplication([])
for language, said in {"fr": "Immatriculation", "en": "Registration", "ar": "رقم التسجيل"}.items():
    i18n.set_language(app, language)
    assert field_labels.champ("vehicules", "immatriculation") == i18n.tr(spec.columns[0].title) == said
    assert "12345-A-6" in i18n.said(words)
    assert language == "fr" or i18n.said(words).startswith(said)
"""


@pytest.mark.soak
def test_the_page_adds_a_noun_that_is_shown_synchronised_and_translated(
    pg_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    caches = tmp_path / "postes"
    caches.mkdir()
    page = Page(PAGE)
    copy = Copy(tmp_path / "copie", sqlite_template, pg_url)
    page.write(copy.tree)
    listed_at = next(place for place, line in enumerate(page.commands) if "upgrade.history" in line) + 1
    first, second = page.commands[:listed_at], page.commands[listed_at:]
    assert "create_the_vehicles.py" in copy.type(first)
    copy.type(second, _WORKS, pg_url, str(caches))
