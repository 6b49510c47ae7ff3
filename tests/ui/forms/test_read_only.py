"""What a person may not change is not editable, and says who may: every form, every role, as its service decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ErpError, NotFoundError, Undone
from erp_desktop.ui.forms.page import RecordPage
from erp_desktop.ui.forms.spec import FormSpec
from erp_desktop.ui.kinds import table_of
from tests.ui.company import Monde
from tests.ui.forms.every_kind import form, one_of_each
from tests.ui.window import Bureau

CHANGED: dict[str, dict[str, Any]] = {
    "interventions": {"notes_internes": "Vu"}, "clients": {"ville": "Salé"}, "contrats": {"objet": "Autre"},
    "equipements": {"marque": "Autre"}, "techniciens": {"equipe": "Sud"}, "stock": {"famille": "Autre"},
    "inventaires": {"remarque": "Vu"}, "depots": {"nom": "Autre"}, "preventif": {"modele_titre": "Autre"},
    "modeles": {"nom": "Autre"}, "factures": {"reference_client": "BC 7"}, "objectifs": {"cible": "6"},
    "checklists": {"nom": "Autre"},
}  # fmt: skip
"""A change that no rule of the record itself refuses."""
OF_ONE_AGENCY = ("inventaires", "factures", "interventions", "depots")
SHARED = "Cette fiche est partagée par toutes les agences : seul un administrateur la modifie."


@pytest.fixture
def acteurs(sqlite_engine: sa.Engine, monde: Monde) -> dict[Role, Acteur]:
    return one_of_each(sqlite_engine, monde)


def rows(sqlite_engine: sa.Engine, kind: str) -> list[int]:
    with transaction(sqlite_engine, write=False) as session:
        return list(session.scalars(sa.text(f"SELECT id FROM {table_of(kind)} ORDER BY id")))


def refusal(sqlite_engine: sa.Engine, spec: FormSpec, acteur: Acteur, row_id: int) -> str:
    """What the service says of a change; empty when it takes it."""
    try:
        with transaction(sqlite_engine) as session:
            spec.rehearse(session, acteur, row_id, CHANGED[spec.kind])
    except Undone:
        return ""
    except ErpError as error:
        return str(error)


def cases(sqlite_engine: sa.Engine, kind: str, acteurs: dict[Role, Acteur]) -> Iterator[tuple[Acteur, int, Any]]:
    for row_id in rows(sqlite_engine, kind):
        for acteur in acteurs.values():
            try:
                with transaction(sqlite_engine, write=False) as session:
                    record = form(kind).load(session, acteur, row_id)
            except NotFoundError:
                continue
            except ErpError:
                assert acteur.role is Role.TECHNICIEN, f"{kind} {row_id}"
                continue
            yield acteur, row_id, record


@pytest.mark.parametrize("kind", CHANGED)
def test_a_form_is_written_by_whom_its_service_lets_and_says_who_else(
    sqlite_engine: sa.Engine, acteurs: dict[Role, Acteur], kind: str
) -> None:
    spec, read, asked = form(kind), 0, 0
    for shared in (False, True) if kind not in OF_ONE_AGENCY else (False,):
        if shared:
            with transaction(sqlite_engine) as session:
                for table in {table_of(kind), "clients"}:
                    session.execute(sa.text(f"UPDATE {table} SET agence_id = NULL"))
        for acteur, row_id, record in cases(sqlite_engine, kind, acteurs):
            refused = refusal(sqlite_engine, spec, acteur, row_id)
            told = f"{kind} {row_id} {acteur.role} {'partagée' if shared else ''}: {refused}"
            assert spec.writes(acteur, record) == (not refused), told
            assert bool(spec.held(acteur, record)) == bool(refused), told
            if shared and spec.may_write(acteur, record) and acteur.role is not Role.ADMIN:
                assert spec.held(acteur, record) == SHARED
            read, asked = read + bool(refused), asked + 1
    # A technicien writes in the interventions that they see, whatever their state.
    assert kind == "interventions" or read > 0
    assert read < asked


@pytest.mark.parametrize("kind", [kind for kind in CHANGED if kind not in OF_ONE_AGENCY])
def test_the_fields_of_what_all_agencies_share_take_no_key_from_a_clerk(
    sqlite_engine: sa.Engine, acteurs: dict[Role, Acteur], bureau: Bureau, kind: str
) -> None:
    with transaction(sqlite_engine) as session:
        session.execute(sa.text(f"UPDATE {table_of(kind)} SET agence_id = NULL"))
    page = bureau.workspace.open_record(kind, rows(sqlite_engine, kind)[0])
    assert isinstance(page, RecordPage)
    bureau.settle()
    panel = page.panel
    assert panel.record is not None
    for name, editor in panel.fields.editors.items():
        before = editor.value() if name in panel.fields.base else None
        bureau.qtbot.keyClicks(editor.inner, "7")
        assert name not in panel.fields.base or editor.value() == before, name
    assert not panel.dirty
    assert panel.save_button.isHidden()
    assert panel.held.isVisible()
    assert panel.held.text()
    # The next one is the agency's own again.
    with transaction(sqlite_engine) as session:
        session.execute(sa.text(f"UPDATE {table_of(kind)} SET agence_id = {bureau.acteur.agence_id}"))
    bureau.bus.publish(panel.spec.table)
    bureau.settle()
    assert panel.save_button.isHidden() != panel.spec.may_write(bureau.acteur, panel.record)
