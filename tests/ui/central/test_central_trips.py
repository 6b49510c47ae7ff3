"""Straight on the centre, on a branch with something of everything: what each section and each record costs.

A round trip is 300 ms to a branch far away: what grows with the number of tables, tabs or figures is a minute there.
"""

from __future__ import annotations

import sqlalchemy as sa
from pytestqt.qtbot import QtBot

from erp_desktop.app import Desktop
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.lists.page import ListPage
from tests.sync.proxy import ChaosProxy
from tests.ui.window import at_rest, watched

SECTIONS = {
    "tableau": 9, "interventions": 3, "planning": 3, "preventif": 3, "checklists": 1, "modeles": 1, "clients": 1,
    "contrats": 5, "equipements": 1, "techniciens": 1, "stock": 5, "mouvements": 2, "inventaires": 1, "depots": 1,
    "factures": 5, "rapports": 4, "composer": 2, "audit": 6, "objectifs": 1, "administration": 2,
}  # fmt: skip
"""Section → round trips until all of it is there, the first time it is opened."""
RECORDS = {
    "interventions": 3, "clients": 5, "equipements": 5, "contrats": 3, "techniciens": 4, "factures": 9, "stock": 5,
    "depots": 3, "inventaires": 5, "preventif": 6, "checklists": 2, "modeles": 2, "objectifs": 1,
}  # fmt: skip
"""Kind → round trips until its page is whole, with its tabs."""
_TABLES = {"stock": "pieces_detachees", "preventif": "plannings", "modeles": "modeles_intervention"}


def test_sections_and_records_cost_few_round_trips(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, pg_engine: sa.Engine
) -> None:
    failures: list[object] = []
    assert far_desktop.tasks is not None
    far_desktop.tasks.failed.connect(failures.append)
    far_desktop.tasks.told.connect(failures.append)
    shown = at_rest(qtbot, far_desktop)
    sections, records = {}, {}
    # Every thread has its line open, whatever section comes first.
    shown.open_section("tableau")
    watched(qtbot, shown)
    at_rest(qtbot, far_desktop)
    for key in shown.sections:
        before = line.turns
        page = shown.open_section(key)
        at_rest(qtbot, far_desktop)
        assert not isinstance(page, ListPage) or not page.banners.count(), key
        sections[key] = line.turns - before
        assert failures == [], key
    for kind in RECORDS:
        with pg_engine.connect() as connection:
            row = connection.scalar(sa.text(f"SELECT max(id) FROM {_TABLES.get(kind, kind)}"))
        before = line.turns
        shown.open_record(kind, row)
        at_rest(qtbot, far_desktop)
        records[kind] = line.turns - before
        assert failures == [], kind
    before = line.turns
    shown.open_record("a_facturer", None)
    at_rest(qtbot, far_desktop)
    to_bill = line.turns - before
    assert failures == []
    assert sections.keys() == SECTIONS.keys()
    # One that the window asks beside them, the number in its navigation, may fall among any.
    assert {key: n for key, n in sections.items() if n > SECTIONS[key] + 1} == {}, sections
    assert {kind: n for kind, n in records.items() if n > RECORDS[kind] + 1} == {}, records
    # However many contracts the work is of.
    assert to_bill <= 9, to_bill


def test_a_record_is_saved_in_few_round_trips(
    qtbot: QtBot, far_desktop: Desktop, line: ChaosProxy, pg_engine: sa.Engine
) -> None:
    """It begins, reads the row with its lock, writes, ends; then its form is read again, then its parts."""
    shown = at_rest(qtbot, far_desktop)
    watched(qtbot, shown)
    for kind, some, field, most in (
        ("techniciens", "true", "zone_intervention", 8), ("contrats", "statut = 'en_cours'", "objet", 7),
    ):  # fmt: skip
        with pg_engine.connect() as connection:
            row = connection.scalar(sa.text(f"SELECT max(id) FROM {kind} WHERE {some}"))
        page = shown.open_record(kind, row)
        at_rest(qtbot, far_desktop)
        assert isinstance(page, RecordPage)
        typed, cost = page.panel.fields.editors[field], []
        # The second time every thread has its line open.
        for words in ("Nord", "Sud"):
            typed.inner.setText(words)  # type: ignore[attr-defined]
            before = line.turns
            page.panel.save()
            at_rest(qtbot, far_desktop)
            assert not page.panel.dirty
            cost.append(line.turns - before)
        with pg_engine.connect() as connection:
            kept = connection.scalar(sa.text(f"SELECT {field} FROM {kind} WHERE id = :i"), {"i": row})
        assert kept == "Sud"
        assert cost[-1] <= most, (kind, cost)
