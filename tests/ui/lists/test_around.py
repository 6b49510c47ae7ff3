"""From a record to what it points to, and to the lists of what is its own."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QMenu

from erp_desktop.db.session import transaction
from erp_desktop.models import Client, Equipement
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.kinds import related
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.sections import spec
from tests.ui.company import Monde
from tests.ui.forms.every_kind import one_of_each
from tests.ui.window import Bureau

HAS = {("clients", section) for section in ("interventions", "equipements", "contrats", "preventif", "factures")} | {
    ("equipements", "interventions"), ("techniciens", "interventions")}  # fmt: skip
"""What the first row of a list has something in."""


def chosen(bureau: Bureau, menu: QMenu, words: str) -> None:
    said = {act.text().replace("\u00a0", " "): act for act in menu.actions()}
    said[words].trigger()
    menu.close()
    bureau.settle()


def test_a_client_leads_to_its_machines_and_work_and_no_namesakes(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    with transaction(sqlite_engine) as session:
        other = Client(nom_entreprise="Conserveries Atlas Sud", agence_id=monde.agence)
        session.add(other)
        session.flush()
        session.add(Equipement(client_id=other.id, nom="Four", code_interne="EQ-9", agence_id=monde.agence))
    page = bureau.workspace.open_record("clients", monde.clients[0])
    assert isinstance(page, RecordPage)
    bureau.settle()
    # In a tab of its own, where nothing else is in that line.
    assert page.panel.head.around.isVisible()
    chosen(bureau, page.panel.offer_around(), "Équipements")
    listed = bureau.workspace.page
    assert isinstance(listed, ListPage)
    assert listed.filter.text() == f'client:"Conserveries Atlas #{monde.clients[0]}"'
    assert [listed.model.row_at(n).nom for n in range(listed.model.rowCount())] == ["Sertisseuse SR-03"]
    # From there to the client again, and to the work of the machine.
    listed.view.select_place(0)
    bureau.settle()
    chosen(bureau, listed.form.offer_around(), "Client : Conserveries Atlas")
    assert bureau.workspace.page is page
    page = bureau.workspace.open_record("interventions", monde.interventions[0])
    assert isinstance(page, RecordPage)
    bureau.settle()
    offered = [act.text().replace("\u00a0", " ") for act in page.panel.offer_around().actions()]
    assert offered == ["Client : Conserveries Atlas", "Équipement : Sertisseuse SR-03", "Technicien : Karim Alaoui"]


@pytest.mark.parametrize("kind", ["clients", "equipements", "techniciens", "contrats", "stock", "depots"])
def test_every_list_that_is_led_to_understands_its_word_exactly(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, kind: str
) -> None:
    """A row and its record lead alike."""
    one_of_each(sqlite_engine, monde)
    row = bureau.liste(kind).model.row_at(0)
    with transaction(sqlite_engine, write=False) as session:
        record = spec(kind).form.load(session, bureau.acteur, row.id)
    lists = related(bureau.acteur, kind, row)
    assert lists == related(bureau.acteur, kind, record)
    assert lists
    for section, words in lists:
        page = bureau.workspace.open_list(section, words)
        bureau.settle()
        assert isinstance(page, ListPage)
        assert page.hint.text() == "", (section, words)
        assert bool(page.model.rowCount()) == ((kind, section) in HAS), (section, words)
        page.search(words.replace(f"#{row.id}", "#1"))
        bureau.settle()
        assert page.model.rowCount() == 0, (section, words)
