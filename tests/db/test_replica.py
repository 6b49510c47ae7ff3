"""Several servers of one centre: which one a line takes, where figures are read, what is kept when one is lost."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, is_loopback, normalise_url
from erp_desktop.db.replica import Replica
from erp_desktop.db.session import snapshot, transaction
from erp_desktop.errors import CentralUnreachableError, UserError
from erp_desktop.sync.exchange.link import Link, libpq_arguments
from tests.db.failover import drill
from tests.db.pair import available


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("text", "hosts", "ports"),
    [
        ("postgresql://p:a%2Cb@s1:5433,s2/erp", "s1,s2", "5433,5432"),
        ("postgresql://p@[::1]:5433,[fd00::2]:5434/erp?connect_timeout=3", "::1,fd00::2", "5433,5434"),
        ("postgresql+psycopg2://p@/erp?host=s1:5433&host=s2:5434", "s1,s2", "5433,5434"),
        ("postgresql://p@s1,s2/erp?port=6432", "s1,s2", "6432"),
    ],
)
def test_an_address_of_several_servers_means_the_one_that_may_be_written(text: str, hosts: str, ports: str) -> None:
    url = normalise_url(text)
    assert normalise_url(url.render_as_string(hide_password=False)) == url
    said = libpq_arguments(url)
    assert (said["host"], said["port"], said["target_session_attrs"]) == (hosts, ports, "read-write")
    assert said["sslmode"] == "verify-full"
    assert normalise_url("postgresql://p@s1,s2/erp?target_session_attrs=any").query["target_session_attrs"] == "any"


@pytest.mark.parametrize("query", ["host=ailleurs.ma", "hostaddr=10.0.0.7", "host=localhost:1&host=ailleurs.ma:2"])
def test_a_server_named_in_the_query_alone_is_verified_too(query: str) -> None:
    url = normalise_url(f"postgresql://p@/erp?{query}")
    assert not is_loopback(url)
    assert libpq_arguments(url)["sslmode"] == "verify-full"
    assert is_loopback(normalise_url("postgresql://p@localhost,127.0.0.1:5433/erp"))


def test_a_line_goes_on_to_the_server_that_is_there_and_may_be_written(
    pg_server: EmbeddedPostgres, pg_empty_url: str
) -> None:
    here = normalise_url(pg_empty_url)
    only_read = pg_server.create_database("lecture_seule")
    pg_server._admin("ALTER DATABASE lecture_seule SET default_transaction_read_only = on")
    servers = f"127.0.0.1:{closed_port()},127.0.0.1:{here.port}"
    link = Link(f"postgresql://postgres@{servers}/{here.database}")
    assert link.row("SELECT current_database()") == (here.database,)
    link.close()
    engine = create_pg_engine(f"postgresql://postgres@{servers}/{here.database}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    with pytest.raises(UserError, match="n'existe pas"):
        Link(f"postgresql://postgres@{servers}/absente").connect()
    for port in (closed_port(), here.port):
        with pytest.raises(CentralUnreachableError):
            Link(f"postgresql://postgres@127.0.0.1:{port},127.0.0.1:{port}/lecture_seule").connect()
    pg_server.drop_database(normalise_url(only_read).database or "")


def test_figures_are_read_from_a_replica_of_this_centre_else_from_the_centre(
    pg_server: EmbeddedPostgres, pg_url: str, pg_engine: sa.Engine, pg_empty_url: str
) -> None:
    """A server that is no replica any more, because it was promoted, will do."""

    def where(session: Session) -> str:
        return str(session.scalar(sa.text("SELECT current_database() || ' ' || current_setting('application_name')")))

    name = normalise_url(pg_url).database
    replica = Replica(pg_engine, f"{pg_url}?application_name=replique", again_s=0)
    assert (replica.read(where), replica.reason) == (f"{name} replique", "")
    assert (replica.read(where, whole=True), replica.reason) == (f"{name} replique", "")

    with pytest.raises(UserError, match="du rapport"):
        replica.read(refuse)
    assert replica.reason == ""
    away = Replica(pg_engine, f"postgresql://postgres@127.0.0.1:{closed_port()}/{name}")
    assert away.read(where).startswith(f"{name} ")
    assert away.reason == "Le serveur central ne répond pas à cette adresse."
    # Left alone for a while: the centre answers at once.
    assert away.read(where).startswith(f"{name} ")
    with create_pg_engine(pg_empty_url).begin() as connection:
        connection.exec_driver_sql(
            "CREATE SCHEMA sync; CREATE FUNCTION sync.epoque() RETURNS text LANGUAGE sql AS $f$ SELECT '1/1/1' $f$"
        )
    other = Replica(pg_engine, pg_empty_url)
    assert other.read(where).startswith(f"{name} ")
    assert "autre centre" in other.reason
    for one in (replica, away, other):
        one.close()


def refuse(_session: Session) -> None:
    raise UserError("refus du rapport")


def test_the_statements_of_one_report_see_one_state(pg_engine: sa.Engine) -> None:
    count = sa.text("SELECT count(*) FROM agences")
    with transaction(snapshot(pg_engine), write=False) as report, transaction(pg_engine, write=False) as plain:
        assert (report.scalar(count), plain.scalar(count)) == (0, 0)
        with pg_engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO agences (id, code, nom, created_at, updated_at) "
                                       "VALUES (1, 'CAS', 'Casablanca', now(), now())")  # fmt: skip
        assert (report.scalar(count), plain.scalar(count)) == (0, 1)


@pytest.mark.soak
@pytest.mark.skipif(
    not available(),
    reason="needs postgresql and pgbouncer of the system",
)
def test_nothing_acknowledged_is_lost_with_the_machine_of_the_centre(tmp_path: Path) -> None:
    """``python -m tests.db.failover`` with its verdict."""
    assert "none lost" in drill(tmp_path)
