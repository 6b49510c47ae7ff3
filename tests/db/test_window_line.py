"""Lines kept open between two jobs: what a reading costs, what a dead line costs, and a commit without answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_desktop.db import fewer_trips, patience
from erp_desktop.db import session as sessions
from erp_desktop.db.session import transaction
from erp_desktop.db.window_line import create_window_engine
from erp_desktop.db.worker import DbWorker
from erp_desktop.errors import CentralUnreachableError, NotFoundError, OutcomeUnknownError, UserError
from erp_desktop.models import Agence
from tests.sync.proxy import ChaosProxy

AUTHOR = 1


@pytest.fixture
def line(pg_url: str) -> Iterator[ChaosProxy]:
    with ChaosProxy.before(pg_url) as made:
        yield made


@pytest.fixture
def window(line: ChaosProxy, pg_url: str) -> Iterator[sa.Engine]:
    address = make_url(pg_url).set(host="127.0.0.1", port=line.port)
    made = create_window_engine(address.render_as_string(hide_password=False))
    yield made
    made.dispose()


def names(engine: sa.Engine) -> list[str]:
    with transaction(engine, write=False) as session:
        return list(session.scalars(sa.select(Agence.nom).order_by(Agence.nom)))


def test_jobs_share_a_line_and_a_reading_is_one_round_trip(line: ChaosProxy, window: sa.Engine) -> None:
    names(window)
    opened, turns = line.connections, line.turns
    for _ in range(3):
        assert names(window) == []
    assert (line.connections, line.turns - turns) == (opened, 3)


def test_a_line_that_died_at_rest_costs_nobody_an_error(line: ChaosProxy, window: sa.Engine) -> None:
    names(window)
    line.cut()
    assert names(window) == []
    with transaction(window, AUTHOR) as session:
        session.add(Agence(code="CAS", nom="Casablanca", ville="Casablanca"))
    line.cut()
    assert names(window) == ["Casablanca"]


def test_a_cut_in_the_middle_writes_nothing_and_says_so(line: ChaosProxy, window: sa.Engine) -> None:
    def save() -> None:
        with transaction(window, AUTHOR) as session:
            session.add(Agence(code="CAS", nom="Casablanca", ville="Casablanca"))
            session.flush()
            line.cut()
            session.scalar(sa.select(1))

    with pytest.raises(CentralUnreachableError, match="rien n'a été enregistré"):
        save()
    assert names(window) == []


@pytest.mark.parametrize(("direction", "there"), [("in", ["Casablanca"]), ("out", [])])
def test_a_commit_without_answer_is_asked_after(
    line: ChaosProxy, window: sa.Engine, direction: str, there: list[str]
) -> None:
    """The centre's answer is lost: the row is there, and nobody is told otherwise. The order is lost: it is not."""

    def save() -> None:
        with transaction(window, AUTHOR) as session:
            session.add(Agence(code="CAS", nom="Casablanca", ville="Casablanca"))
            session.flush()
            line.cut_after(0, direction)  # type: ignore[arg-type]

    if there:
        save()
    else:
        with pytest.raises(CentralUnreachableError) as told:
            save()
        assert not isinstance(told.value, OutcomeUnknownError)
    assert names(window) == there


def test_a_commit_that_nobody_can_be_asked_after_is_not_called_lost(
    line: ChaosProxy, window: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_ASK_AGAIN_S", 0.5)

    def save() -> None:
        with transaction(window, AUTHOR) as session:
            session.add(Agence(code="CAS", nom="Casablanca", ville="Casablanca"))
            session.flush()
            line.cut_after(0, "in")
            line.refusing = True

    with pytest.raises(OutcomeUnknownError, match="tout reçu, ou rien"):
        save()
    line.heal()
    assert names(window) == ["Casablanca"]


def agency(code: str, nom: str) -> Agence:
    return Agence(code=code, nom=nom, ville="Casablanca")


def test_what_a_transaction_writes_is_three_trips_and_a_row_read_before_one_more(
    line: ChaosProxy, window: sa.Engine
) -> None:
    names(window)
    before = line.turns
    with transaction(window, AUTHOR) as session:
        session.add_all([agency("CAS", "Casablanca"), agency("RAB", "Rabat")])
        session.flush()
    # It begins and is told who, what it writes, its end.
    assert line.turns - before == 3
    before = line.turns
    with transaction(window, AUTHOR) as session:
        for row in session.scalars(sa.select(Agence)):
            row.nom = f"{row.nom} 100 %"
        session.add(agency("FES", "Fès"))
    assert line.turns - before == 4
    assert names(window) == ["Casablanca 100 %", "Fès", "Rabat 100 %"]


def test_what_is_written_one_row_after_the_other_is_one_trip_with_what_is_asked_behind_it(
    line: ChaosProxy, window: sa.Engine
) -> None:
    names(window)
    many = sa.select(sa.func.count()).select_from(Agence)
    before = line.turns
    with transaction(window, AUTHOR) as session, fewer_trips.gathered(session) as trip:
        trip.asked = many
        for code, nom in (("CAS", "Casablanca"), ("RAB", "Rabat")):
            session.add(agency(code, nom))
            session.flush()
    assert (trip.answer, line.turns - before) == (2, 3)
    # A reading sees what was written before it; what a savepoint wrote goes with it, the rest stays.
    before = line.turns
    with transaction(window, AUTHOR) as session:
        with fewer_trips.gathered(session) as trip:
            trip.asked = many.where(Agence.nom != "Oujda")
            session.add(agency("FES", "Fès"))
            session.flush()
            assert session.scalar(many) == 3
            part = session.begin_nested()
            session.add(agency("OUJ", "Oujda"))
            session.flush()
            part.rollback()
            # What says by itself how many rows it meets is no part of a flush.
            session.execute(sa.update(Agence).values(ville="Maroc"))
            session.add(agency("TAN", "Tanger"))
        assert trip.answer == 4
    assert names(window) == ["Casablanca", "Fès", "Rabat", "Tanger"]


def test_a_refusal_behind_several_flushes_undoes_them_all(window: sa.Engine) -> None:
    def save() -> None:
        with transaction(window, AUTHOR) as session, fewer_trips.gathered(session):
            for nom in ("Casablanca", "Anfa"):
                session.add(agency("CAS", nom))
                session.flush()

    with pytest.raises(IntegrityError, match="uq_agences_code"):
        save()
    assert names(window) == []
    # The line is what it was.
    with transaction(window, AUTHOR) as session:
        session.add(agency("CAS", "Casablanca"))
    assert names(window) == ["Casablanca"]


def test_a_flush_that_is_refused_writes_nothing_and_tells_no_value(window: sa.Engine) -> None:
    with transaction(window, AUTHOR) as session:
        session.add(agency("CAS", "Casablanca"))

    def save() -> None:
        with transaction(window, AUTHOR) as session:
            session.scalars(sa.select(Agence)).one().nom = "Casablanca secrète"
            session.add(agency("CAS", "Rabat"))

    with pytest.raises(IntegrityError, match="uq_agences_code") as told:
        save()
    assert "secrète" not in str(told.value.statement)
    assert names(window) == ["Casablanca"]


def test_a_savepoint_that_is_given_up_leaves_the_rest(window: sa.Engine) -> None:
    with transaction(window, AUTHOR) as session:
        session.add(agency("CAS", "Casablanca"))
        session.flush()
        part = session.begin_nested()
        session.add(agency("CAS", "Rabat"))
        with pytest.raises(IntegrityError):
            session.flush()
        part.rollback()
        session.add(agency("RAB", "Rabat"))
    assert names(window) == ["Casablanca", "Rabat"]


def test_a_row_that_went_meanwhile_is_missed(window: sa.Engine, pg_engine: sa.Engine) -> None:
    """What the unit of work asks of each statement, how many rows it met, is asked of all of them at once."""
    with transaction(window, AUTHOR) as session:
        session.add(agency("CAS", "Casablanca"))

    def save() -> None:
        with transaction(window, AUTHOR) as session:
            row = session.scalars(sa.select(Agence)).one()
            with transaction(pg_engine) as other:
                other.execute(sa.delete(Agence))
            row.nom = "Casablanca Anfa"
            session.add(agency("RAB", "Rabat"))

    with pytest.raises(NotFoundError, match="supprimée pendant l'enregistrement"):
        save()
    assert names(window) == []


def test_a_line_that_answers_nothing_any_more_counts_as_cut(
    line: ChaosProxy, window: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever hangs between acknowledges each packet: neither the driver nor the system ever gives up."""
    monkeypatch.setattr(patience, "ANSWER_S", 1.0)
    monkeypatch.setattr(patience, "PROBE_S", 2)
    names(window)

    def save() -> None:
        with transaction(window, AUTHOR) as session:
            session.add(Agence(code="CAS", nom="Casablanca", ville="Casablanca"))
            session.flush()
            line.frozen = True
            session.scalar(sa.select(1))

    with pytest.raises(CentralUnreachableError, match="rien n'a été enregistré"):
        save()
    with pytest.raises(CentralUnreachableError):
        names(window)
    line.cut()
    line.heal()
    assert names(window) == []


def test_a_question_that_takes_long_is_waited_for(window: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "ANSWER_S", 0.5)
    with transaction(window, write=False) as session:
        assert session.scalar(sa.text("SELECT count(*) FROM pg_sleep(3)")) == 1


def test_a_reading_that_is_cut_says_nothing_of_what_was_saved(line: ChaosProxy, window: sa.Engine) -> None:
    def read() -> None:
        with transaction(window, write=False) as session:
            session.scalar(sa.select(1))
            line.cut()
            session.scalar(sa.select(1))

    with pytest.raises(CentralUnreachableError) as told:
        read()
    assert str(told.value) == sessions.CUT_READING


def test_work_asked_for_again_is_done_once(
    line: ChaosProxy, window: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commit got no answer: the same once more is answered as it would have been, another one is let pass."""
    monkeypatch.setattr(sessions, "_ASK_AGAIN_S", 0.5)
    worker = DbWorker(window, AUTHOR)

    def add(code: str, nom: str, form: int = 0) -> Future[str]:
        typed = {"code": code, "nom": nom}

        def job(session: Session) -> str:
            session.add(agency(**typed))
            session.flush()
            return f"{typed['nom']}{form or ''}"

        return worker.submit(job, write=True)

    def unanswered() -> None:
        def cut(_connection: sa.Connection) -> None:
            line.cut_after(0, "in")
            line.refusing = True

        event.listen(window, "commit", cut, once=True)

    try:
        assert add("CAS", "Casablanca").result(30) == "Casablanca"
        unanswered()
        for _ in range(2):
            with pytest.raises(OutcomeUnknownError):
                add("RAB", "Rabat").result(30)
        line.heal()
        # Typed anew meanwhile: it is said once that the first is there, and nothing is written.
        with pytest.raises(UserError, match="avait bien reçu"):
            add("RAB", "Rabat centre").result(30)
        assert names(window) == ["Casablanca", "Rabat"]
        for code, nom, form in (("FES", "Fès", 1), ("TNG", "Tanger", 2)):
            unanswered()
            with pytest.raises(OutcomeUnknownError):
                add(code, nom, form).result(30)
            line.heal()
        count = sa.select(sa.func.count()).select_from(Agence)
        assert worker.submit(lambda session: session.scalar(count), write=True).result(30) == 4
        assert add("TNG", "Tanger", 2).result(30) == "Tanger2"
        assert add("FES", "Fès", 1).result(30) == "Fès1"
        assert names(window) == ["Casablanca", "Fès", "Rabat", "Tanger"]
    finally:
        line.heal()
        worker.close()
