"""Which columns a list does without beside its form, and that they stay the person's."""

from __future__ import annotations

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QImage

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import EtatInventaire
from erp_desktop.domain.saisie.stock import DepotInput
from erp_desktop.services.stock import depots
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.columns import present
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.wording import value_labels as labels
from tests.ui.company import Monde
from tests.ui.window import Bureau


def beside(bureau: Bureau, key: str) -> ListPage:
    """A list beside its form on a small screen, with the room of a full one."""
    page = bureau.liste(key)
    page.form.show()
    page.stack.setCurrentWidget(page.view)
    bureau.window.resize(1366, 728)
    bureau.settle()
    return page


def titles(page: ListPage) -> list[str]:
    header = page.view.horizontalHeader()
    return [page.model.headerData(n, Qt.Orientation.Horizontal) for n in range(header.count())
            if not header.isSectionHidden(n)]  # fmt: skip


def test_what_the_form_says_too_is_left_out_and_comes_back(bureau: Bureau) -> None:
    page = beside(bureau, "factures")
    whole = [column.title for column in page.spec.columns]
    assert titles(page) == [title for title in whole if title not in ("Date", "Réglé")]
    assert page.view.columnWidth(1) >= 120
    # Nobody took them away: the chooser has them ticked, an export holds them, no width was chosen.
    assert all(one.shown and not one.width for one in present(page.view))
    assert [column.title for column in page.outputs.shown()] == whole
    assert page.view.fitted
    page.form.hide()
    bureau.settle()
    assert titles(page) == whole


def test_a_width_that_was_chosen_does_not_bring_columns_back_without_room(bureau: Bureau) -> None:
    page = beside(bureau, "factures")
    page.view.horizontalHeader().resizeSection(0, 150)
    assert not page.view.fitted
    assert "Réglé" not in titles(page)
    kept = {one.key: one for one in present(page.view)}
    assert (kept["numero"].width, kept["regle"].width, kept["regle"].shown) == (150, 0, True)
    bureau.window.resize(1440, 728)
    page.form.hide()
    bureau.settle()
    assert "Réglé" in titles(page)
    assert page.view.columnWidth(0) == 150


def test_the_name_of_a_depot_is_cut_and_told_by_its_head(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    assert monde.responsable is not None
    long = [f"Fourgon de Mohammed Benjelloun {n}" for n in (1, 2, 3)]
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        for name in ("Magasin", *long):
            depots.create(session, monde.responsable, DepotInput(nom=name))
    page = beside(bureau, "stock")
    header, found = page.view.painted_header, titles(page)
    assert [title for title in found if title in long] == long
    told = {column.title: header.cut_title(n) for n, column in enumerate(page.model.columns)}
    assert [told[name] for name in ("Magasin", *long)] == ["", *long]
    assert page.view.horizontalScrollBar().maximum() == 0
    # The list that is written to a file or printed has a column for each place too.
    assert [column.title for column in page.outputs.shown() if column.title in long] == long


def test_machines_of_a_kind_are_told_apart_where_their_name_is_cut(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    with transaction(sqlite_engine) as session:
        for number, machine in enumerate(monde.machines[:2]):
            session.execute(
                sa.text("UPDATE equipements SET nom = :nom, code_interne = 'X' WHERE id = :id"),
                {"nom": f"Armoire électrique de l'atelier AE-0{number}", "id": machine},
            )
    page = beside(bureau, "equipements")
    names = [column.key for column in page.model.columns].index("nom")

    def cell(machine: int) -> QImage:
        assert page.view.select_id(machine)
        bureau.settle()
        return (
            page.view.viewport().grab(page.view.visualRect(page.view.currentIndex().siblingAtColumn(names))).toImage()
        )

    assert page.view.columnWidth(names) < 220
    assert cell(monde.machines[0]) != cell(monde.machines[1])


def test_short_names_of_depots_take_no_more_than_they_need(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    assert monde.responsable is not None
    with transaction(sqlite_engine, monde.responsable.user_id) as session:
        for name in ("Magasin", "Van 1"):
            depots.create(session, monde.responsable, DepotInput(nom=name))
    page = beside(bureau, "stock")
    wide = {column.title: page.view.columnWidth(n) for n, column in enumerate(page.model.columns)}
    assert wide["Van 1"] == 66
    assert 66 < wide["Magasin"] < 84


def test_the_state_of_a_count_is_whole_beside_its_form(bureau: Bureau) -> None:
    page = beside(bureau, "inventaires")
    longest = max((labels.label(EtatInventaire, one) for one in EtatInventaire), key=len)
    wide = QFontMetrics(theme().font("body")).horizontalAdvance(longest)
    for width in (1366, 1440):
        bureau.window.resize(width, 728)
        bureau.settle()
        (section,) = (n for n, one in enumerate(page.model.columns) if one.key == "etat")
        assert page.view.columnWidth(section) - 16 >= wide, width
