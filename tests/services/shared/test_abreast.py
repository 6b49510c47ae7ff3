"""Readings side by side: the same values as one after the other, errors and readings within readings too."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.abreast import abreast, together
from erp_desktop.db.session import transaction
from erp_desktop.models import Agence, Client, Contrat, Equipement, Intervention, PieceDetachee
from tests.services.branch import Monde
from tests.services.interventions.test_interventions import creer

_KINDS = (
    sa.select(Intervention.id, Intervention.titre, Intervention.date_creation, Intervention.date_cloture),
    sa.select(Contrat.date_debut, Contrat.date_fin, Client.is_active).join(Client, Client.id == Contrat.client_id),
    sa.select(PieceDetachee.stock_minimum, PieceDetachee.prix_unitaire.label("prix")),
    sa.select(sa.func.count(), sa.func.max(Intervention.date_creation), sa.func.min(Intervention.statut)),
    sa.select(Equipement.id).where(Equipement.id == 0),
    sa.select(sa.literal_column("0", sa.Integer), Agence.code).order_by(Agence.code),
)


def test_what_is_read_side_by_side_is_what_is_read_one_by_one(monde: Monde) -> None:
    creer(monde, titre="Étau « grippé »")
    monde.executer(
        "INSERT INTO pieces_detachees (id, reference, designation, stock_minimum, prix_unitaire, created_at, "
        "updated_at) SELECT 7, 'J-1', 'Joint', '0.500', '12.30', created_at, updated_at FROM clients LIMIT 1"
    )
    with transaction(monde.engine, write=False) as session:
        wanted = [[tuple(row) for row in session.execute(query)] for query in _KINDS]
        assert wanted[2] == [(Decimal("0.500"), Decimal("12.30"))]
        assert together(session, *_KINDS) == wanted

        def every(query: sa.Select[tuple[object, ...]]) -> object:
            return lambda s: [tuple(row) for row in s.execute(query)]

        def named(s: Session) -> Decimal:
            row = s.execute(_KINDS[2]).one()
            return row.prix  # type: ignore[no-any-return]

        def in_steps(s: Session) -> list[object]:
            first = s.scalar(sa.select(sa.func.min(Agence.id)))
            entity = s.scalars(sa.select(Agence).where(Agence.id == first)).one()
            return [entity.id, *abreast(s, lambda t: t.scalar(sa.select(sa.func.count()).select_from(Client)), named)]

        *found, price, steps = abreast(session, *map(every, _KINDS), named, in_steps)
        assert found == wanted
        assert price == Decimal("12.30")
        assert steps == [min(monde.cas, monde.rab), 2, Decimal("12.30")]


def test_a_reading_that_fails_is_told_and_leaves_no_thread(monde: Monde) -> None:
    asked = []

    def fails(session: Session) -> None:
        asked.append(session.scalar(sa.select(sa.func.count()).select_from(Client)))
        raise LookupError("rien")

    with transaction(monde.engine, write=False) as session, pytest.raises(LookupError, match="rien"):
        abreast(session, lambda s: s.scalar(sa.select(sa.func.count()).select_from(Agence)), fails)
    assert asked == [2]
    wrong = sa.select(sa.column("absente", sa.Integer)).select_from(Client)
    with pytest.raises(sa.exc.DBAPIError, match="absente"), transaction(monde.engine, write=False) as session:
        abreast(
            session, lambda s: s.scalar(wrong), lambda s: s.scalar(sa.select(sa.func.count()).select_from(Agence))
        )
