"""The list of parts: a column for each place, the totals below, the chip of what is low."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.saisie.stock import DepotInput, MouvementInput, PieceInput, SeuilInput
from erp_desktop.domain.writing import bidi
from erp_desktop.services.stock import depots, ledger, parts
from erp_desktop.services.stock import totals as added
from erp_desktop.services.stock.quantities import Place
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.surfaces import CountChip
from erp_desktop.ui.stock import FORM
from erp_desktop.ui.stock.page import PartsPage, place_columns
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def stock(monde: Monde, sqlite_engine: sa.Engine) -> dict[str, int]:
    """Two parts in a store and a van; one of them is below its minimum, and one never had a price."""
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        made = {"store": depots.create(session, who, DepotInput(nom="Magasin"))}
        van = DepotInput(nom="Fourgon 1", type_depot="vehicule", technicien_id=monde.techniciens[0])
        made["van"] = depots.create(session, who, van)
        for name, reference, minimum in (("seal", "JNT-63", 20), ("belt", "CRB-68", 0), ("lamp", "LMP-1", 4)):
            part = PieceInput(reference=reference, designation=f"Pièce {reference}", stock_minimum=minimum)
            made[name] = parts.create(session, who, part)
        for part, place, count, price in (
            ("seal", "store", 10, "80"), ("seal", "van", 3, "80"), ("belt", "van", 2, "12.50"),
        ):  # fmt: skip
            typed = {
                "piece_id": made[part],
                "depot_id": made[place],
                "quantite": str(count),
                "valeur_unitaire": price,
            }
            ledger.post(session, who, MouvementInput(type_mouvement="entree", **typed))
    return made


def titles(page: PartsPage) -> list[str]:
    header = page.view.horizontalHeader()
    order = sorted(range(header.count()), key=header.visualIndex)
    shown = [n for n in order if not header.isSectionHidden(n)]
    return [str(page.model.headerData(n, Qt.Orientation.Horizontal)) for n in shown]


def cells(page: PartsPage, part: int) -> dict[str, str]:
    place = page.model.place_of(part)
    return {
        str(page.model.headerData(n, Qt.Orientation.Horizontal)): page.model.index(place, n).data()
        for n in range(page.model.columnCount())
    }


def test_each_place_has_its_column_and_the_filter_its_totals(
    bureau: Bureau, stock: dict[str, int], qtbot: QtBot, sqlite_engine: sa.Engine, monde: Monde
) -> None:
    page = bureau.liste("stock")
    assert isinstance(page, PartsPage)
    assert titles(page)[1:5] == ["Désignation", "Magasin", "Fourgon 1", "Total"]
    assert "Fourgons" not in titles(page)
    shown = cells(page, stock["seal"])
    assert (shown["Magasin"], shown["Fourgon 1"], shown["Total"]) == ("10", "3", "⚠ 13")
    assert cells(page, stock["belt"])["Magasin"] == "–"
    # 13 × 80 and 2 × 12,50; 7 seals are wanted, and 4 lamps that nobody knows the price of.
    foot = page.foot
    assert foot.value.text() == "1\u202f065,00"
    assert foot.low.text() == "Sous le minimum : 2"
    assert foot.ordered.text() == "À commander : 2, pour 560,00 MAD"
    assert foot.ordered.toolTip() == "Sans prix d’entrée, non comptées : 1"
    chip = next(one for one in page.chips.chips() if isinstance(one, CountChip))
    assert chip.text() == "Sous le minimum 2"
    qtbot.mouseClick(foot.low, Qt.MouseButton.LeftButton)
    bureau.settle()
    assert page.filter.text() == "etat:sous_minimum"
    assert sorted(page.model.ids) == sorted([stock["seal"], stock["lamp"]])
    assert foot.value.text() == "1\u202f040,00"
    page.filter.set_text("CRB")
    bureau.settle()
    assert (foot.value.text(), foot.low.isHidden(), foot.ordered.isHidden()) == ("25,00", True, True)
    # The totals are those of the list's own rows, on the other engine as on this one.
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, write=False) as session:
        found = added.totals(session, who, "")
        assert found is not None
        assert (found.nombre, found.besoin, found.valeur) == (3, Decimal("560.00"), Decimal("1065.00"))
    # Another van, opened meanwhile, takes its place; a form that is open and the order stay.
    page.filter.set_text("")
    bureau.settle()
    page.view.select_id(stock["seal"])
    bureau.settle()
    with transaction(sqlite_engine, who.user_id) as session:
        other = depots.create(session, who, DepotInput(nom="Fourgon 2", type_depot="vehicule"))
        typed = {"piece_id": stock["seal"], "depot_id": other, "quantite": "1", "valeur_unitaire": "80"}
        ledger.post(session, who, MouvementInput(type_mouvement="entree", **typed))
    bureau.bus.publish("depots", other)
    bureau.bus.publish("mouvements_stock", 1)
    bureau.settle()
    assert titles(page)[2:6] == ["Magasin", "Fourgon 1", "Fourgon 2", "Total"]
    assert page.view.current_id() == stock["seal"]
    assert cells(page, stock["seal"])["Fourgon 2"] == "1"
    assert foot.value.text() == "1\u202f145,00"


@pytest.mark.parametrize(("language", "total"), [("en", "Total"), ("ar", "المجموع")])
@pytest.mark.usefixtures("stock")
def test_the_name_of_a_place_is_nobodys_to_translate(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str, total: str
) -> None:
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    assert monde.responsable is not None
    page = Bureau(qtbot, worker, monde.responsable, tmp_path).liste("stock")
    assert i18n.tr("Magasin") != "Magasin", "the kind of a depot has a word of this language"
    assert titles(page)[2:5] == ["Magasin", "Fourgon 1", total]


def test_a_large_catalogue_is_not_added_up(
    bureau: Bureau, stock: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added, "MOST", 2)
    page = bureau.liste("stock")
    assert isinstance(page, PartsPage)
    assert page.foot.value.text().endswith("filtrez pour les totaux")
    assert page.foot.low.isHidden()
    page.filter.set_text("CRB")
    bureau.settle()
    assert page.foot.value.text() == "25,00"


def test_what_is_counted_is_given_up_with_the_page_and_taken_up_again(
    bureau: Bureau, stock: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = bureau.liste("stock")
    assert isinstance(page, PartsPage)
    began, go_on = threading.Event(), threading.Event()

    def slow(*_asked: object) -> int:
        began.set()
        go_on.wait(20)
        return 7

    monkeypatch.setattr(page.source, "count", slow)
    page.filter.set_text("JNT")
    bureau.qtbot.waitUntil(began.is_set)
    task = page.chips._counting
    assert task is not None
    bureau.workspace.open_section("techniciens")
    assert task.cancelled
    go_on.set()
    monkeypatch.undo()
    bureau.settle()
    chip = next(one for one in page.chips.findChildren(CountChip) if not one.isHidden())
    assert chip.number == "", "what was given up is not shown"
    assert bureau.workspace.open_section("stock") is page
    bureau.settle()
    assert chip.number == "1"
    assert page.foot.value.text() == "1\u202f040,00"


def test_many_places_are_sums_with_a_choice_of_columns() -> None:
    def place(n: int, name: str, kind: str = "vehicule", state: str = "ouvert") -> Place:
        return Place(n, name, kind, state, None)

    store = place(1, "Magasin", "agence")
    vans = [place(n, f"Fourgon {n}") for n in range(2, 6)]
    told = place_columns([store, *vans])
    assert [(c.title, c.hidden) for c in told] == [
        ("Magasin", False), ("Fourgons", False), ("Dépôt Magasin", True),
        *((f"Fourgon {n}", True) for n in range(2, 6)),
    ]  # fmt: skip
    # What is closed, on its way or scrapped has no column; places of one name cannot be told apart.
    rest = [place(7, "Ancien", state="clos"), place(8, "En transit", "transit"), place(9, "Rebut", "rebut")]
    assert [c.title for c in place_columns([store, vans[0], *rest])] == ["Magasin", "Fourgon 2"]
    assert [c.title for c in place_columns([store, place(10, "Magasin", "agence")])] == ["Magasin", "Fourgons"]
    assert [c.title for c in place_columns([])] == ["Magasin", "Fourgons"]


def test_what_there_is_of_a_part_reads_from_the_right_in_arabic(
    bureau: Bureau, stock: dict[str, int], monde: Monde, sqlite_engine: sa.Engine, qapp: QApplication
) -> None:
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, write=False) as session:
        card = parts.get(session, who, stock["seal"])
    i18n.set_language(qapp, "ar")
    plain = FORM.head(card).plain
    assert bidi.nu(plain) == "13\u00a0u في المخزون، الحد الأدنى 20"
    # The letters of a unit do not say which way the sentence goes.
    assert Qt.LayoutDirection.RightToLeft == _direction(plain)
    assert Qt.LayoutDirection.LeftToRight == _direction(bidi.nu(plain))


def _direction(words: str) -> Qt.LayoutDirection:
    """Of a line whose words say which way they read."""
    layout = QTextLayout(words)
    option = QTextOption()
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    layout.endLayout()
    first, last = float(line.cursorToX(0)[0]), float(line.cursorToX(len(words))[0])  # type: ignore[index]
    return Qt.LayoutDirection.RightToLeft if first > last else Qt.LayoutDirection.LeftToRight


def test_the_place_that_is_under_its_own_minimum_says_so(
    bureau: Bureau, stock: dict[str, int], sqlite_engine: sa.Engine, monde: Monde
) -> None:
    who = monde.responsable
    assert who is not None
    page = bureau.liste("stock")
    assert isinstance(page, PartsPage)
    assert cells(page, stock["belt"])["Fourgon 1"] == "2"
    with transaction(sqlite_engine, who.user_id) as session:
        parts.set_threshold(session, who, stock["belt"], stock["van"], SeuilInput(minimum="3"))
    bureau.bus.publish("stock_seuils")
    bureau.settle()
    page.reload()
    bureau.settle()
    assert cells(page, stock["belt"])["Fourgon 1"] == "⚠ 2"
    assert cells(page, stock["belt"])["Total"] == "⚠ 2"
