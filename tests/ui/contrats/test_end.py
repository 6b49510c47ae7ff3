"""How near the end of a contract is: a tint beside its day in the list, a banner of the same colour in its form."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.models import Contrat
from erp_desktop.services import contrats
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.contrats.bar import ContractBar
from erp_desktop.ui.kit import i18n, paint, theme
from erp_desktop.ui.kit.surfaces import Banner
from tests.ui.company import Monde
from tests.ui.window import Bureau

DAYS = {16: "warning", 15: "danger", 0: "danger", 60: "warning", 61: None, -3: None}


@pytest.fixture
def ends(monde: Monde, sqlite_engine: sa.Engine) -> dict[int, int]:
    """Running contracts by the days that are left of them."""
    who, today, made = monde.responsable, clock.today(), {}
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        for days in DAYS:
            asked = ContratInput(client_id=monde.clients[0], date_debut=today - timedelta(days=300),
                                 date_fin=today + timedelta(days=90))  # fmt: skip
            made[days] = contrats.create(session, who, asked)
            contrats.changer_statut(session, who, made[days], StatutContrat.EN_COURS)
            # Its end draws near by itself.
            end = sa.update(Contrat).where(Contrat.id == made[days]).values(date_fin=today + timedelta(days=days))
            session.execute(end)
    return made


def inks(image: QImage, rect: QRect) -> set[str]:
    points = ((x, y) for x in range(rect.left(), rect.right()) for y in range(rect.top(), rect.bottom()))
    return {QColor(image.pixel(x, y)).name() for x, y in points}


@pytest.mark.parametrize("langue", ["fr", "ar"])
def test_the_list_tints_what_ends_soon(bureau: Bureau, ends: dict[int, int], qapp: QApplication, langue: str) -> None:
    i18n.set_language(qapp, langue)
    theme.install(qapp, theme.LIGHT)
    page = bureau.liste("contrats")
    bureau.settle()
    column = next(n for n, c in enumerate(page.model.columns) if c.key == "date_fin")
    tints = {tone: theme.theme().color(f"semantic.{tone}.soft").name() for tone in ("warning", "danger")}
    image = page.view.viewport().grab().toImage()
    shown = {}
    for place in range(page.model.rowCount()):
        row = page.model.row_at(place)
        days = next(n for n, ident in ends.items() if ident == row.id)
        index = page.model.index(place, column)
        rect = page.view.visualRect(index)
        seen = inks(image, rect)
        shown[days] = next((tone for tone, ink in tints.items() if ink in seen), None)
        # What is read aloud and copied says it in figures.
        assert (" · " in marks.end(row)) == (DAYS[days] is not None)
        if DAYS[days] is not None:
            # Nothing is cut: the day, a gap, the days left.
            wide = paint.metrics("body").horizontalAdvance(marks.labels.day(row.date_fin))
            left = paint.metrics("caption").horizontalAdvance(marks._left(row))
            assert wide + 7 + left + 15 <= rect.width() - 16
    assert shown == DAYS


def test_the_banner_has_the_colour_of_the_badge(bureau: Bureau, ends: dict[int, int]) -> None:
    for days, tone in DAYS.items():
        record = bureau.workspace.open_record("contrats", ends[days])
        bureau.settle()
        bar = record.panel.findChild(ContractBar)
        assert isinstance(bar, ContractBar)
        (banner,) = (b for b in bar.findChildren(Banner) if b.isVisible())
        assert banner._ground == f"semantic.{tone or ('warning' if days < 0 else 'info')}.soft"
