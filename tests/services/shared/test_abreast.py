"""Readings side by side: the same values as one after the other, errors and readings within readings too."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop.db.abreast import abreast, each_abreast, together
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.models import Agence, Client, Contrat, Equipement, Intervention, PieceDetachee, User
from tests.services.branch import Monde
from tests.services.interventions.test_interventions import creer

_OTHER, _AUTHOR = aliased(Equipement), aliased(User)
_KINDS = (
    sa.select(Intervention.id, Intervention.titre, Intervention.date_creation, Intervention.date_cloture),
    sa.select(Contrat.date_debut, Contrat.date_fin, Client.is_active).join(Client, Client.id == Contrat.client_id),
    sa.select(PieceDetachee.stock_minimum, PieceDetachee.prix_unitaire.label("prix")),
    sa.select(sa.func.count(), sa.func.max(Intervention.date_creation), sa.func.min(Intervention.statut)),
    sa.select(Equipement.id).where(Equipement.id == 0),
    sa.select(sa.literal_column("0", sa.Integer), Agence.code).order_by(Agence.code),
    sa.select(sa.literal_column("1", sa.Integer), Client.nom_entreprise, Equipement.nom)
    .join(Equipement, Equipement.client_id == Client.id).order_by(Equipement.id),
    sa.select(Intervention).order_by(Intervention.id),
    sa.select(_OTHER, Client.nom_entreprise, Contrat).join(Client, Client.id == _OTHER.client_id)
    .outerjoin(Contrat, Contrat.numero_contrat == "absent").order_by(_OTHER.id),
    sa.select(User, _AUTHOR, Agence.code).outerjoin(_AUTHOR, _AUTHOR.id == User.created_by_id)
    .outerjoin(Agence, Agence.id == User.agence_id).order_by(User.id),
)  # fmt: skip


def test_what_is_read_side_by_side_is_what_is_read_one_by_one(monde: Monde) -> None:
    creer(monde, titre="Étau « grippé »")
    monde.executer(
        "INSERT INTO pieces_detachees (id, reference, designation, stock_minimum, prix_unitaire, created_at, "
        "updated_at) SELECT 7, 'J-1', 'Joint', '0.500', '12.30', created_at, updated_at FROM clients LIMIT 1"
    )
    monde.executer("UPDATE interventions SET signature = " + ("x'00ff'" if _sqlite(monde) else r"'\x00ff'::bytea"))
    with transaction(monde.engine, write=False) as session:
        wanted = [[tuple(row) for row in session.execute(query)] for query in _KINDS]
        assert wanted[2] == [(Decimal("0.500"), Decimal("12.30"))]
        assert together(session, *_KINDS) == wanted
        wanted_rows = _columns(session.scalars(_KINDS[7]).one())
    with transaction(monde.engine, write=False) as session:
        made = together(session, *_KINDS)[7][0][0]
        assert _columns(made) == wanted_rows
        assert (made.signature, made in session, sa.inspect(made).modified) == (b"\x00\xff", True, False)
        assert made is session.get(Intervention, made.id)
    with transaction(monde.engine, write=False) as session:
        wanted = [[tuple(row) for row in session.execute(query)] for query in _KINDS]

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


def _columns(row: Intervention) -> dict[str, object]:
    return {column.key: getattr(row, column.key) for column in sa.inspect(Intervention).column_attrs}


def _sqlite(monde: Monde) -> bool:
    return monde.engine.dialect.name == "sqlite"


def test_a_row_comes_without_what_nobody_may_read_of_it(monde: Monde) -> None:
    """A person's own login may not read what an account keeps secret; asked of one another it came along."""
    asked: list[str] = []
    sa.event.listen(monde.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    with transaction(monde.engine, write=False) as session:
        ((one,), *_), (count,) = together(
            session, sa.select(User).order_by(User.id), sa.select(sa.func.count()).select_from(User)
        )
        assert not any("hashed_password" in statement or "last_login" in statement for statement in asked)
        assert (one.id, one.role, count) == (monde.agent.user_id, "agent", (session.query(User).count(),))
        # Who may, reads it when it is asked for.
        assert (one.failed_login_attempts, one.last_login) == (0, None)


def test_works_of_several_people_share_their_round_trips_and_no_fault(monde: Monde) -> None:
    creer(monde, titre="Étau")
    asked: list[str] = []
    wrong = sa.select(sa.column("absente", sa.Integer)).select_from(Client)

    def whose(session: Session) -> str:
        found = session.get_one(Intervention, session.scalar(sa.select(sa.func.min(Intervention.id))))
        missing = session.get(Contrat, 0)
        return f"{found.titre}, {session.get_one(Client, found.client_id).id == found.client_id}, {missing}"

    with transaction(monde.engine, write=False) as session:
        sa.event.listen(session.connection(), "before_cursor_execute", lambda *a: asked.append(a[2]))
        found = each_abreast(session, *[whose] * 8)
        assert found == [("Étau, True, None", None)] * 8
        assert _sqlite(monde) or len(asked) == 4
        one, failed, other = each_abreast(session, whose, lambda s: s.scalar(wrong), whose)
    assert one == other == ("Étau, True, None", None)
    assert "absente" in str(failed[1])


def test_who_waits_beside_a_longer_reading_is_answered_first(monde: Monde) -> None:
    worker, count = DbWorker(monde.engine), sa.select(sa.func.count()).select_from(Agence)
    with worker.together():
        short = worker.submit(lambda s: s.scalar(count))
        long = worker.submit(lambda s: [s.scalar(count), s.scalar(count), short.done()])
    assert (short.result(30), long.result(30)) == (2, [2, 2, True])
    worker.close()


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
