"""Lines to a server that speaks French, with settings of its own: told by SQLSTATE, set by the program."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa

from erp_desktop.db import pg_line
from erp_desktop.db.embedded import EmbeddedPostgres, system_binaries
from erp_desktop.db.engine import create_pg_engine, without_password
from erp_desktop.errors import CentralUnreachableError, ErpError, NotAllowedError, UserError
from erp_desktop.sync.device.registration import in_french
from erp_desktop.sync.exchange.link import Link

WRONG_PASSWORD = "Le serveur central a refusé l'identifiant ou le mot de passe."
NOT_TAKEN = "Le serveur central ne reçoit pas cet identifiant : inconnu, fermé, ou cette machine n'est pas admise."


@pytest.fixture(scope="module")
def french() -> Iterator[EmbeddedPostgres]:
    """A server whose sentences are French where its installation has them, and which asks for passwords."""
    with EmbeddedPostgres(
        binaries=system_binaries(), options={"lc_messages": "C.UTF-8"}, environment={"LANGUAGE": "fr"}
    ) as server:
        with contextlib.closing(psycopg2.connect(dsn(server))) as admin:
            admin.autocommit = True
            with admin.cursor() as cursor:
                cursor.execute(
                    "CREATE ROLE poste LOGIN PASSWORD 'mot: dé passe'; CREATE ROLE ferme NOLOGIN PASSWORD 'x';"
                    "SET password_encryption = md5; CREATE ROLE ancien LOGIN PASSWORD 'vieux'; SHOW hba_file"
                )
                (file,) = cursor.fetchone() or ()
                cursor.execute("CREATE DATABASE fermee")
                cursor.execute("REVOKE CONNECT ON DATABASE fermee FROM PUBLIC")
                Path(file).write_text(
                    "host all postgres 127.0.0.1/32 trust\nhost all banni 127.0.0.1/32 reject\n"
                    "host all ancien 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 scram-sha-256\n"
                )
                cursor.execute("SELECT pg_reload_conf()")
        yield server


def dsn(server: EmbeddedPostgres, base: str = "postgres") -> str:
    return server.database_url(base).replace("+psycopg2", "")


def address(server: EmbeddedPostgres, user: str, password: str, base: str = "postgres") -> str:
    url = sa.make_url(server.url).set(username=user, password=password, database=base)
    return url.render_as_string(hide_password=False)


REFUSALS = [
    ("poste", "faux", "postgres", NotAllowedError, WRONG_PASSWORD),
    ("poste", "mot: dé passe", "absente", UserError, "La base demandée n'existe pas sur ce serveur."),
    ("poste", "mot: dé passe", "fermee", NotAllowedError, "Cet identifiant n'a pas le droit d'ouvrir cette base."),
    ("ferme", "x", "postgres", NotAllowedError, NOT_TAKEN),
    ("banni", "x", "postgres", NotAllowedError, NOT_TAKEN),
    ("ancien", "faux", "postgres", NotAllowedError, WRONG_PASSWORD),
    ("ancien", "vieux", "absente", UserError, "La base demandée n'existe pas sur ce serveur."),
    ("personne", "x", "postgres", NotAllowedError, WRONG_PASSWORD),
]


def as_device(url: str) -> None:
    Link(url).connect()


def as_administrator(url: str) -> None:
    with in_french():
        create_pg_engine(url).connect()


@pytest.mark.parametrize("way", [as_device, as_administrator])
def test_each_refusal_of_a_french_server_is_told_as_it_is(
    french: EmbeddedPostgres, way: Callable[[str], None]
) -> None:
    if french.binaries == system_binaries():
        with pytest.raises(psycopg2.OperationalError, match="n'existe pas"):
            psycopg2.connect(dsn(french, "absente"))
    for user, password, base, kind, sentence in REFUSALS:
        with pytest.raises(ErpError) as caught:
            way(address(french, user, password, base))
        assert (type(caught.value), str(caught.value)) == (kind, sentence), user
    Link(address(french, "poste", "mot: dé passe")).connect()


def test_a_password_of_the_password_file_is_used_to_ask_why(
    french: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "pgpass"
    kept.write_text("127.0.0.1:*:*:poste:mot\\: dé passe\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    url = without_password(sa.make_url(address(french, "poste", "", "absente")))
    with pytest.raises(UserError, match="n'existe pas sur ce serveur"):
        Link(url.render_as_string(hide_password=False)).connect()


def test_an_address_without_its_password_shows_it_nowhere() -> None:
    url = without_password(sa.make_url("postgresql://poste:mot dé passe@centre/base?sslmode=require"))
    assert url.render_as_string(hide_password=False) == "postgresql://poste@centre/base?sslmode=require"
    assert url.render_as_string() == "postgresql://poste@centre/base?sslmode=require"


class Says:
    """A server that answers each line with one refusal, in no language that this program knows."""

    def __init__(self, sqlstate: str) -> None:
        self._answer = f"SFATALE\0VFATAL\0C{sqlstate}\0Mнет, لا\0\0".encode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://poste:x@127.0.0.1:{self._listener.getsockname()[1]}/base"
        self.options: list[bool] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                with line:
                    begin = line.recv(8)
                    if begin == pg_line._SSL_REQUEST:
                        line.sendall(b"N")
                        begin = line.recv(8)
                    (size,) = struct.unpack("!i", begin[:4])
                    self.options.append(b"options\0" in line.recv(size))
                    line.sendall(b"E" + struct.pack("!i", len(self._answer) + 4) + self._answer)

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [("57P03", CentralUnreachableError), ("53300", CentralUnreachableError), ("57P01", CentralUnreachableError),
     ("28000", NotAllowedError), ("28P01", NotAllowedError), ("3D000", UserError)],
)  # fmt: skip
def test_the_sqlstate_alone_decides(sqlstate: str, kind: type[ErpError]) -> None:
    server = Says(sqlstate)
    for way in (as_device, as_administrator):
        with pytest.raises(ErpError) as caught:
            way(server.url)
        assert type(caught.value) is kind
    server.close()


def test_a_pooler_that_refuses_the_settings_is_asked_without_them() -> None:
    server = Says("08P01")
    with pytest.raises(UserError, match="répartiteur"):
        as_device(server.url)
    assert True in server.options
    assert False in server.options
    server.close()


def test_nobody_there_is_no_refusal() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://poste:x@127.0.0.1:{taken.getsockname()[1]}/base"
        for way in (as_device, as_administrator):
            with pytest.raises(CentralUnreachableError):
                way(url)


def test_a_session_is_as_wanted_whatever_the_machine_the_base_and_the_role_say(
    french: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "reglee"
    french.create_database(name)
    try:
        french._admin(
            f"ALTER DATABASE {name} SET client_encoding = 'LATIN1'",
            f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'",
            f"ALTER ROLE postgres IN DATABASE {name} SET search_path = ailleurs",
            f"ALTER ROLE postgres IN DATABASE {name} SET datestyle = 'German'",
        )  # fmt: skip
        monkeypatch.setenv("PGCLIENTENCODING", "WIN1252")
        monkeypatch.setenv("PGTZ", "Asia/Tokyo")
        url = french.database_url(name)
        engine = create_pg_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA postgres")
            connection.exec_driver_sql("CREATE TABLE ici AS SELECT 'مصنع'::text AS nom, now() AS le")
        wanted = {**pg_line.SESSION, "client_encoding": "UTF8", "DateStyle": "ISO, MDY"}
        shown = ", ".join(f"current_setting('{n}')" for n in wanted)
        link = Link(url)
        assert link.row(f"SELECT {shown}") == tuple(wanted.values())
        assert link.row("SELECT nom FROM public.ici") == ("مصنع",)
        with engine.connect() as connection:
            assert tuple(connection.exec_driver_sql(f"SELECT {shown}").one()) == tuple(wanted.values())
        link.close()
        engine.dispose()
    finally:
        french._admin(f"ALTER ROLE postgres IN DATABASE {name} RESET ALL")
        french.drop_database(name)


def test_rights_on_functions_taken_from_all_mean_an_upgrade_and_on_the_schema_a_refusal(
    french: EmbeddedPostgres,
) -> None:
    french.create_database("droits")
    admin = create_pg_engine(french.database_url("droits"))
    with admin.begin() as connection:
        connection.exec_driver_sql(
            "CREATE SCHEMA sync; CREATE FUNCTION sync.rien() RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "REVOKE ALL ON FUNCTION sync.rien() FROM PUBLIC; GRANT USAGE ON SCHEMA sync TO poste"
        )
    link = Link(address(french, "poste", "mot: dé passe", "droits"))
    with pytest.raises(CentralUnreachableError, match="arrêtée en chemin"):
        link.row("SELECT sync.rien()")
    with pytest.raises(CentralUnreachableError, match="arrêtée en chemin"), link.snapshot():
        link.row("SELECT sync.rien()")
    with admin.begin() as connection:
        connection.exec_driver_sql("REVOKE USAGE ON SCHEMA sync FROM poste")
    with pytest.raises(NotAllowedError):
        link.row("SELECT sync.rien()")
    link.close()
    admin.dispose()
    french.drop_database("droits")
