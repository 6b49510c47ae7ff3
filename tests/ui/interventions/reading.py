"""What a test reads of the list, the form and the database."""

from __future__ import annotations

import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.ui.lists.page import ListPage
from tests.ui.window import Bureau


def column(engine: sa.Engine, row_id: int, name: str) -> object:
    with transaction(engine, write=False) as session:
        return session.execute(sa.text(f"SELECT {name} FROM interventions WHERE id = :i"), {"i": row_id}).scalar_one()


def open_form(bureau: Bureau, page: ListPage, row_id: int) -> None:
    assert page.view.select_id(row_id)
    bureau.qtbot.waitUntil(lambda: page.form.row_id == row_id)
    bureau.settle()
