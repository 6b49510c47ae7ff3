"""The figures kept by month are those of the rows, whatever is written and however, on both engines."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db import ids
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.models import (
    Agence,
    HistoriqueIntervention,
    Intervention,
    JourFerie,
    LigneIntervention,
)
from erp_desktop.registry import capture, monthly
from erp_desktop.reports.figures import kept
from erp_desktop.reports.figures.measures import BY_SCOPE, MEASURES, Spans
from erp_desktop.reports.figures.stored import Month, Months, Span
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport, RapportInterventions
from erp_desktop.reports.sql import minuit
from tests.reports.rows import MAINTENANT, Jeu, remplir

FIN = date(2026, 10, 31)
_LONG_AT_A_CENTRE = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)], indirect=True
)
I, H, L = Intervention, HistoriqueIntervention, LigneIntervention  # noqa: E741


def _periods(jeu: Jeu) -> list[ParamsRapport]:
    return [
        ParamsRapport(date(2026, 9, 1), date(2026, 9, 30)),
        ParamsRapport(date(2026, 2, 19), date(2026, 10, 8), top=3),
        ParamsRapport(date(2025, 11, 1), date(2026, 10, 31), jeu.agences[0], top=100),
        ParamsRapport(date(2026, 3, 3), date(2026, 3, 5), technicien_id=jeu.techniciens[1]),
        ParamsRapport(date(2025, 1, 1), date(2026, 12, 31), top=100),
    ]


def _fill(engine: sa.Engine, number: int = 120) -> Jeu:
    with transaction(engine) as session:
        return remplir(session, number)


def _keep(engine: sa.Engine) -> int:
    """How many measures of months stand then."""
    kept.keep_all(engine, FIN)
    with transaction(engine, write=False) as session:
        return len(_standing(session))


def _standing(session: Session) -> set[tuple[Span, str]]:
    return kept.standing(session, minuit(date(2030, 1, 1)))


def _read(engine: sa.Engine) -> Months:
    with transaction(engine, write=False) as session:
        return kept.read(session, minuit(date(2020, 1, 1)), minuit(date(2030, 1, 1)))[0]


def _report(session: Session, params: ParamsRapport) -> RapportInterventions:
    return calculer(session, params, maintenant=MAINTENANT)


def _same(engine: sa.Engine, jeu: Jeu, monkeypatch: pytest.MonkeyPatch, said: str, turn: int | None = None) -> int:
    """Every report is the one from the rows alone; returns how many measures of months stood.

    With a turn, only that of all months and one of the others, each in its turn.
    """
    periods = _periods(jeu)
    if turn is not None:
        periods = [periods[turn % (len(periods) - 1)], periods[-1]]
    with transaction(engine, write=False) as session:
        found = [_report(session, p) for p in periods]
        standing = len(_standing(session))
        with monkeypatch.context() as without:
            without.setattr(kept, "read", lambda *_: ({}, None))
            assert found == [_report(session, p) for p in periods], said
    return standing


def _acts(chance: random.Random, jeu: Jeu) -> list[Callable[[Session], object]]:
    """What people, the exchange and a console do to one intervention, as plain SQL."""
    one = sa.select(I.id).order_by(I.id).offset(chance.randrange(120)).limit(1).scalar_subquery()
    instant = MAINTENANT - timedelta(minutes=chance.randrange(700_000))

    def update(**values: object) -> Callable[[Session], object]:
        return lambda s: s.execute(sa.update(I).where(I.id == one).values(values))

    def cancel(session: Session) -> None:
        row = session.execute(sa.select(I.id, I.agence_id).where(I.id == one)).one()
        (ident,) = ids.allocate(session.connection(), 1)
        session.execute(sa.insert(H), {
            "id": ident, "intervention_id": row.id, "agence_id": row.agence_id, "action": "statut",
            "statut": "annulee", "horodatage": instant,
        })  # fmt: skip

    def add_line(session: Session) -> None:
        row = session.execute(sa.select(I.id, I.agence_id).where(I.statut == "cloturee").order_by(I.id)).first()
        (ident,) = ids.allocate(session.connection(), 1)
        session.execute(sa.insert(L), {
            "id": ident, "intervention_id": row.id, "agence_id": row.agence_id, "type_ligne": "piece",
            "designation": "Joint", "quantite": Decimal(2), "prix_unitaire": Decimal("10.01"),
            "taux_tva": Decimal(20),
        })  # fmt: skip

    line = sa.select(L.id).order_by(L.id).offset(chance.randrange(40)).limit(1).scalar_subquery()
    cancelled = sa.select(H.id).where(H.statut == "annulee").order_by(H.id).limit(1).scalar_subquery()
    return [
        update(statut="cloturee", date_cloture=instant, date_fin_travaux=None),
        update(statut="en_cours", date_cloture=None, date_fin_travaux=None, duree_reelle=None),
        update(statut=str(chance.choice(list(Statut)))),
        update(statut="archivee", date_cloture=None),
        update(date_creation=instant), update(date_limite=instant), update(date_cloture=instant),
        update(technicien_id=chance.choice([None, *jeu.techniciens])), update(cout_externe=Decimal("12.34")),
        update(agence_id=jeu.agences[chance.randrange(2)]), update(type="corrective", date_debut_travaux=None,
                                                                  duree_reelle=chance.randrange(300)),
        cancel, add_line,
        lambda s: s.execute(sa.update(L).where(L.id == line).values(prix_unitaire=Decimal("99.90"))),
        lambda s: s.execute(sa.update(L).where(L.id == line).values(prevue=True)),
        lambda s: s.execute(sa.delete(L).where(L.id == line)),
        lambda s: s.execute(sa.update(H).where(H.id == cancelled).values(horodatage=instant)),
        lambda s: s.execute(sa.delete(H).where(H.id == cancelled)),
    ]  # fmt: skip


@_LONG_AT_A_CENTRE
def test_after_a_random_history_kept_figures_are_those_of_the_rows(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written by a person, by the exchange (muted), by a console; each act alone makes a month wrong at most."""
    chance = random.Random(3)
    jeu = _fill(engine)
    whole = _keep(engine)
    assert whole == 17 * 5, "June 2025 to October 2026, five measures"
    assert _same(engine, jeu, monkeypatch, "all kept") == whole
    acts = _acts(chance, jeu)
    chance.shuffle(acts)
    for act in acts:
        with transaction(engine) as session:
            if engine.dialect.name == "sqlite":
                session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
            else:
                # What a restore or a replica writes, the centre's other rules put aside.
                session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            act(session)
    assert _same(engine, jeu, monkeypatch, "months missing") < whole - 10
    assert _keep(engine) == whole
    assert _same(engine, jeu, monkeypatch, "kept again") == whole
    # A calendar that changes makes every delay another; a name or a free text makes none.
    with transaction(engine) as session:
        (ident,) = ids.allocate(session.connection(), 1)
        session.execute(sa.update(I).values(notes_internes="vu", titre="Fuite"))
        assert len(_standing(session)) == whole
        session.execute(sa.insert(JourFerie), {"id": ident, "jour": date(2026, 3, 3), "libelle": "Aïd"})
        session.execute(sa.update(Agence).values(horaires="09:00-12:00"))
    assert _same(engine, jeu, monkeypatch, "another calendar") == whole - 17
    assert _keep(engine) == whole


@_LONG_AT_A_CENTRE
def test_after_each_act_alone_what_stands_of_its_months_is_that_of_the_others(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the centre a month stands without those whose rows were written: every act is counted beside it."""
    chance = random.Random(11)
    jeu = _fill(engine)
    whole, beside = _keep(engine), 0
    for n, act in enumerate(_acts(chance, jeu)):
        with transaction(engine) as session:
            if engine.dialect.name == "sqlite":
                session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
            else:
                session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            act(session)
        _same(engine, jeu, monkeypatch, f"act {n}", n)
        beside += sum(bool(month.wrong) for month in _read(engine).values())
        if n % 4 == 3:
            assert _keep(engine) == whole
    assert beside > 15 if engine.dialect.name == "postgresql" else beside == 0


def test_a_month_of_the_centre_stands_without_whose_rows_were_written(
    pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    jeu = _fill(pg_engine, 400)
    whole = _keep(pg_engine)
    with transaction(pg_engine, write=False) as session:
        closings = sa.select(I.id, I.agence_id, I.technicien_id).where(I.date_cloture.is_not(None))
        rows = session.execute(closings.order_by(I.id)).all()
    one = next(row for row in rows if row.technicien_id is not None)
    nobody = next(row for row in rows if row.technicien_id is None)

    def wrong() -> dict[str, set[tuple[int | None, int | None]]]:
        found: dict[str, set[tuple[int | None, int | None]]] = {}
        for (_, measure), month in _read(pg_engine).items():
            found.setdefault(measure, set()).update(month.wrong)
        return {measure: cells for measure, cells in found.items() if cells}

    def change(where: sa.ColumnElement[bool], **values: object) -> None:
        with transaction(pg_engine) as session:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            session.execute(sa.update(I).where(where).values(values))

    change(I.id == one.id, duree_reelle=sa.func.coalesce(I.duree_reelle, 0) + 1)
    cell = (one.agence_id, one.technicien_id)
    assert wrong() == {"closes": {cell}, "paires": {cell}}
    assert len(_read(pg_engine)) == whole, "two months without one technicien, all others whole"
    _same(pg_engine, jeu, monkeypatch, "one duration")
    change(I.id == nobody.id, technicien_id=jeu.techniciens[1], agence_id=nobody.agence_id)
    taken = {(nobody.agence_id, None), (nobody.agence_id, jeu.techniciens[1])}
    assert wrong()["creees"] == taken, "who had it and who has it"
    assert wrong()["closes"] == {cell, *taken}
    _same(pg_engine, jeu, monkeypatch, "given to somebody")
    # Many of them make it wrong whole, and marks stay few.
    for agence in jeu.agences:
        for technicien in (None, *jeu.techniciens):
            change(I.id == one.id, technicien_id=technicien, agence_id=agence)
    assert "creees" not in wrong()
    assert sum(measure == "creees" for _, measure in _read(pg_engine)) == whole // 5 - 1
    with transaction(pg_engine, write=False) as session:
        marks = session.scalars(sa.text("SELECT count(*) FROM sync.rapports_touches GROUP BY mois_id")).all()
    assert max(marks) == monthly.CELLS + 1
    _same(pg_engine, jeu, monkeypatch, "given to everybody")
    # A batch marks whole months, with how many rows it may be read whose.
    change(I.id.in_([row.id for row in rows]), cout_externe=Decimal("1.50"))
    assert "paires" not in wrong()
    assert not any(measure == "paires" for _, measure in _read(pg_engine))
    _same(pg_engine, jeu, monkeypatch, "a batch")
    assert _keep(pg_engine) == whole
    assert not wrong()


def test_who_gives_away_what_another_cancels_at_the_same_time_leaves_nothing_stale(
    pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the other's row: the cancellation's month is wrong for everybody."""
    jeu = _fill(pg_engine, 200)
    _keep(pg_engine)
    with transaction(pg_engine, write=False) as session:
        cancelled = sa.select(I.id, I.agence_id).where(I.statut == "annulee", I.technicien_id.is_not(None))
        ident, agence = session.execute(cancelled.order_by(I.id).limit(1)).one()
    other = next(t for n, t in enumerate(jeu.techniciens) if jeu.agences[n % 2] == agence)
    with transaction(pg_engine) as giving, transaction(pg_engine) as cancelling:
        for session in (giving, cancelling):
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        (history,) = ids.allocate(cancelling.connection(), 1)
        cancelling.execute(sa.insert(H), {
            "id": history, "intervention_id": ident, "agence_id": agence, "action": "statut", "statut": "annulee",
            "horodatage": MAINTENANT - timedelta(days=2),
        })  # fmt: skip
        giving.execute(sa.update(I).where(I.id == ident).values(technicien_id=None))
        giving.execute(sa.update(I).where(I.id == ident).values(technicien_id=other))
        giving.commit()
    _same(pg_engine, jeu, monkeypatch, "both")
    with transaction(pg_engine) as adding, transaction(pg_engine) as giving:
        for session in (giving, adding):
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        closing = sa.select(I.id, I.agence_id).where(I.statut == "cloturee").order_by(I.id).limit(1)
        closed, agence = adding.execute(closing).one()
        (line,) = ids.allocate(adding.connection(), 1)
        adding.execute(sa.insert(L), {
            "id": line, "intervention_id": closed, "agence_id": agence, "type_ligne": "piece", "designation": "Joint",
            "quantite": Decimal(2), "prix_unitaire": Decimal("10.01"), "taux_tva": Decimal(20),
        })  # fmt: skip
        giving.execute(sa.update(I).where(I.id == closed).values(technicien_id=None))
        giving.commit()
    _same(pg_engine, jeu, monkeypatch, "a line beside it")


def test_a_measure_reads_no_column_but_those_whose_change_takes_its_months_away(engine: sa.Engine) -> None:
    _fill(engine, 60)
    said: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    with transaction(engine, write=False) as session:
        for measure, count in MEASURES.items():
            said.clear()
            count(session, Spans([minuit(date(2025, 6, 1)), minuit(date(2026, 11, 1))], (), BY_SCOPE))
            read = set(re.findall(r"\binterventions\.(\w+)", " ".join(said))) - {"id"}
            assert len(read) > 4, said
            assert read == set(monthly.READ[measure]), measure


@_LONG_AT_A_CENTRE
def test_a_change_takes_away_the_measures_that_read_it_and_no_others(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    jeu = _fill(engine)
    _keep(engine)
    with transaction(engine, write=False) as session:
        ended = session.scalars(sa.select(I.id).where(I.date_cloture.is_not(None), I.date_limite.is_not(None))).all()
    instant = MAINTENANT - timedelta(days=70)
    other: dict[str, object] = {
        "agence_id": sa.case((I.agence_id == jeu.agences[0], jeu.agences[1]), else_=jeu.agences[0]),
        "technicien_id": sa.case((I.technicien_id.is_(None), jeu.techniciens[0])), "statut": "ouverte",
        "type": sa.case((I.type == "corrective", "preventive"), else_="corrective"),
        "equipement_id": sa.case((I.equipement_id == jeu.equipements[0], jeu.equipements[1]),
                                 else_=jeu.equipements[0]),
        "priorite": sa.case((I.priorite == "haute", "basse"), else_="haute"),
        "duree_reelle": sa.func.coalesce(I.duree_reelle, 0) + 7, "cout_externe": Decimal("77.70"),
        "date_debut_travaux": sa.null(), "date_fin_travaux": sa.null(), "date_creation": instant,
        "date_limite": instant, "date_cloture": instant, "titre": "Fuite",
    }  # fmt: skip
    assert set(other) == {*monthly.COUNTED, "titre"}
    for n, (column, value) in enumerate(other.items()):
        with transaction(engine, write=False) as session:
            before = _standing(session)
        with transaction(engine) as session:
            if engine.dialect.name == "sqlite":
                session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
            else:
                session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            session.execute(sa.update(I).where(I.id == ended[3 * n]).values({column: value}))
        with transaction(engine, write=False) as session:
            gone = before - _standing(session)
        assert {m for _, m in gone} == {m for m, columns in monthly.READ.items() if column in columns}, column
        assert len(gone) <= 12, column
        _same(engine, jeu, monkeypatch, column, n)
        _keep(engine)


def test_months_are_not_trusted_where_their_triggers_do_not_stand(engine: sa.Engine) -> None:
    """A first copy and a migration take the triggers away: what was kept before is not used, then or later."""
    _fill(engine, 60)
    _keep(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER erp_lignes_intervention_mois_del")
        else:
            connection.exec_driver_sql("ALTER TABLE public.lignes_intervention DISABLE TRIGGER erp_mois_sup")
    with transaction(engine) as session:
        assert not _standing(session)
        assert not kept.keep(session, FIN)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            capture.install(connection)
        else:
            from erp_desktop.centre import machinery

            machinery.install(connection)
    with transaction(engine) as session:
        assert not _standing(session)
    assert _keep(engine) > 0


def test_writers_of_the_centre_wait_for_nobody_and_leave_no_month_wrong(
    pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    jeu = _fill(pg_engine, 60)
    change = sa.update(I).where(I.id == jeu.interventions[5]).values(cout_externe=Decimal("5.00"), statut="ouverte")
    with transaction(pg_engine) as keeper:
        with transaction(pg_engine) as writer:
            writer.execute(change)
            assert not kept.keep(keeper, FIN), "somebody is writing: nothing is announced"
        assert kept.keep(keeper, FIN)
    # Announced: who writes now, before or while the months are counted, touches its own.
    with transaction(pg_engine) as writer:
        writer.execute(change.values(cout_externe=Decimal("6.00")))
        with transaction(pg_engine) as other, transaction(pg_engine) as keeper:
            other.execute(change.where(sa.false()))
            kept.keep(keeper, FIN)
    with transaction(pg_engine, write=False) as session:
        assert 0 < len(_standing(session)) < 85
    _same(pg_engine, jeu, monkeypatch, "a writer beside the keeper")
    whole = _keep(pg_engine)
    # A snapshot from before an announcement cannot see it: such a writer touches them all.
    strict = pg_engine.execution_options(isolation_level="REPEATABLE READ")
    with transaction(strict) as writer:
        writer.execute(change.values(cout_externe=Decimal("7.00")))
    assert _same(pg_engine, jeu, monkeypatch, "a writer with an old snapshot") == 0
    assert _keep(pg_engine) == whole


def test_part_of_a_month_is_the_month_less_the_rest() -> None:
    first = datetime.fromisoformat
    march = (minuit(date(2026, 3, 1)), minuit(date(2026, 4, 1)))
    month = Month([])
    bounds = [minuit(date(2026, 3, 3)), minuit(date(2026, 4, 2))]
    found = kept.pieces(bounds, {(march, "sla"): month}, "sla", first=1)
    assert [(p.span, p.sign, p.rows is month.rows) for p in found] == [
        (march, 1, True), ((march[0], bounds[0]), -1, False), ((march[1], bounds[1]), 1, False),
    ]  # fmt: skip
    # The clock of Morocco went back on 20 September 2026: October begins at midnight UTC, September an hour earlier.
    assert kept.spans_of_months(first("2026-09-30T23:30:00+00:00"), first("2026-10-01T00:00:00+00:00")) == (
        (first("2026-08-31T23:00:00+00:00"), first("2026-10-01T00:00:00+00:00")),
    )
