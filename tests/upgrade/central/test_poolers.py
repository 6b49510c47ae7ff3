"""A pooler before the centre is refused, whatever it says of itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import sqlalchemy as sa

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.errors import UpgradeError
from erp_desktop.upgrade.central.checklist import check_central, upgrade_central
from tests.sync.proxy import ChaosProxy
from tests.upgrade.central.old_centre import AVANT, yes


class Pooler:
    """Two sessions of the server behind one address, the next one after each transaction, as PgBouncer pools them."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with _closed_is_the_end():
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with _closed_is_the_end(), ExitStack() as open_lines:
            open_lines.enter_context(client)
            first = _packet(client)
            while first[4:8] in {b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"}:
                client.sendall(b"N")
                first = _packet(client)
            sessions = []
            for _ in range(2):
                server = open_lines.enter_context(socket.create_connection(self._server))
                server.sendall(first)
                sessions.append((server, _until_ready(server)[0]))
            client.sendall(sessions[0][1])
            turn = 0
            while True:
                message = _message(client)
                server = sessions[turn % 2][0]
                server.sendall(message)
                if message[:1] == b"X":
                    return
                answer, state = _until_ready(server)
                client.sendall(answer)
                turn += state == b"I"


@contextmanager
def _closed_is_the_end() -> Iterator[None]:
    try:
        yield
    except OSError:
        return


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data


def _packet(line: socket.socket) -> bytes:
    head = _exactly(line, 4)
    return head + _exactly(line, int.from_bytes(head, "big") - 4)


def _message(line: socket.socket) -> bytes:
    return _exactly(line, 1) + _packet(line)


def _until_ready(line: socket.socket) -> tuple[bytes, bytes]:
    """Everything up to ReadyForQuery, and the transaction's state there."""
    data = b""
    while True:
        message = _message(line)
        data += message
        if message[:1] == b"Z":
            return data, message[5:6]


def test_a_pooler_that_says_so_is_refused_without_leaving_it_the_lock(centre: sa.Engine) -> None:
    """PgBouncer with one client keeps it on one session: nothing else would tell."""
    with ChaosProxy.before(centre.url) as proxy:
        proxy.rewrite_backend_key = True
        through = create_pg_engine(
            centre.url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        )
        with pytest.raises(UpgradeError, match="adresse directe"):
            upgrade_central(through, yes)
        with centre.connect() as connection:
            held = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                "WHERE l.locktype = 'advisory' AND d.datname = current_database()"
            )
            assert held.scalar() == 0
        through.dispose()
    assert check_central(centre).revision == AVANT


def test_a_pooler_is_refused_before_anything_changes(centre: sa.Engine) -> None:
    pooler = Pooler(centre.url.host or "127.0.0.1", centre.url.port or 5432)
    through = create_pg_engine(
        centre.url.set(host="127.0.0.1", port=pooler.port).render_as_string(hide_password=False)
    )
    with pytest.raises(UpgradeError, match="adresse directe"):
        upgrade_central(through, yes)
    through.dispose()
    pooler.close()
    assert check_central(centre).revision == AVANT
