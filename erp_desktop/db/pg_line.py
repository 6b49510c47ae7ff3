"""The one way to open a line to PostgreSQL: with the session's settings, and a refusal told by its SQLSTATE.

libpq keeps the SQLSTATE of a refused connection for itself and gives a sentence in the server's language. So after a
failure the server is asked once more, by its protocol (version 3, TLS and passwords included), and only the fields
that no language touches are read. Nothing here decides by a sentence.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import socket
import ssl
import struct
import threading
import time
import unicodedata
from pathlib import Path
from typing import Any, Literal

import psycopg2

from erp_desktop.errors import CentralUnreachableError, DatabaseBusyError, ErpError, NotAllowedError, UserError

Cause = Literal["muet", "delai", "certificat", "identifiant", "base", "droit", "reglage", "occupe"]
"""Why a line was not opened: nobody answers, too slow, not the expected server, or the server's own refusal."""

SESSION = {"search_path": "public", "TimeZone": "UTC", "DateStyle": "ISO", "IntervalStyle": "postgres",
           "standard_conforming_strings": "on", "bytea_output": "hex", "extra_float_digits": "1",
           "default_transaction_isolation": "read committed", "session_replication_role": "origin",
           "row_security": "on"}  # fmt: skip
"""Settings of a session that this program relies on, whatever the role, the base or the machine say."""
# Only a superuser may set it, and only a superuser's session can have another value.
_PRIVILEGED = frozenset({"session_replication_role"})
WITHOUT_JIT = "-c jit=off"
"""Compiling what a window, a report or an exchange asks takes longer than running it."""
_ANNOUNCED = ("client_encoding", "TimeZone", "DateStyle", "IntervalStyle", "standard_conforming_strings")
"""Settings that a server, or a pooler, says by itself on every line."""
_HELD = frozenset({"55P03", "40P01", "40001", "57014"})
"""SQLSTATE of a wait for others that was given up: a lock, a deadlock, a serialisation, a statement's time."""
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class LineRefusedError(psycopg2.OperationalError):
    """A line that was not opened.

    Attributes:
        cause: why, by protocol.
        sqlstate: what the server answered; empty when it did not say.
    """

    def __init__(self, message: str, cause: Cause, sqlstate: str = "") -> None:
        super().__init__(message)
        self.cause = cause
        self.sqlstate = sqlstate

    def told(self) -> ErpError:
        """The sentence for a person, and whether waiting may mend it (:class:`CentralUnreachableError`) or not."""
        if self.sqlstate == "28P01":
            return NotAllowedError("Le serveur central a refusé l'identifiant ou le mot de passe.")
        if self.cause == "identifiant":
            return NotAllowedError(
                "Le serveur central ne reçoit pas cet identifiant : "
                "inconnu, fermé, ou cette machine n'est pas admise."
            )
        if self.cause == "droit":
            return NotAllowedError("Cet identifiant n'a pas le droit d'ouvrir cette base.")
        if self.cause == "base":
            return UserError("La base demandée n'existe pas sur ce serveur.")
        if self.cause == "certificat":
            return NotAllowedError(
                "Le certificat du serveur central n'est pas celui attendu : la ligne n'est pas ouverte."
            )
        if self.cause == "reglage":
            return UserError(
                "Un répartiteur refuse les réglages de la session : indiquez l'adresse directe du serveur."
            )
        if self.cause == "occupe":
            return CentralUnreachableError("Le serveur central ne prend pas de connexion en ce moment.")
        return CentralUnreachableError("Le serveur central ne répond pas à cette adresse.")


def told(error: BaseException | None) -> ErpError:
    """The sentence for a statement that failed: what the server said, or that there was no answer."""
    if isinstance(error, LineRefusedError):
        return error.told()
    state = getattr(error, "pgcode", None)
    if not state or state[:2] == "08" or state[:3] == "57P":
        return CentralUnreachableError("Le serveur central ne répond pas : vérifiez le réseau.")
    if state in _HELD:
        return DatabaseBusyError(
            f"Le serveur central répond, mais d'autres travaux tiennent ce qu'il faut ({state}) : "
            "réessayez dans un instant."
        )
    return UserError(f"Le serveur central a refusé : {str(error).splitlines()[0]}")


def session_arguments() -> dict[str, str]:
    """What every connection to PostgreSQL begins with: libpq's own way, which goes before the role's and the base's.

    ``client_encoding`` is said by itself: named there, it also goes before ``PGCLIENTENCODING``.
    """
    settings = {name: value for name, value in SESSION.items() if name not in _PRIVILEGED}
    escaped = (f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in settings.items())
    return {"client_encoding": "UTF8", "options": " ".join((*escaped, WITHOUT_JIT))}


def connect(**arguments: Any) -> Any:
    """Open a psycopg2 connection whose session is set as this program needs it.

    A pooler may refuse the settings at the start of a line (SQLSTATE 08P01); the line is then opened without them
    and kept only when the server's own are the wanted ones.

    Of several servers in ``host`` (``h1,h2``) the first that will do is taken, that of last time before the others.
    libpq gives up at the first that answers with a refusal, such as a pooler whose server is gone.

    Args:
        arguments: libpq's, by name; ``options`` come before the program's own.

    Raises:
        LineRefusedError: the line was not opened.
    """
    servers = _each_server(arguments)
    if len(servers) == 1:
        return _connect(servers[0])
    known = tuple((one["host"], one["port"]) for one in servers)
    refused: list[LineRefusedError] = []
    for place in sorted(range(len(servers)), key=lambda n: n != _LAST.get(known, 0)):
        try:
            connection = _connect(servers[place])
            _prove(connection, servers[place])
        except LineRefusedError as error:
            refused.append(error)
        else:
            _LAST[known] = place
            return connection
    # One that refuses for good tells more than one that is away.
    raise next((e for e in refused if not isinstance(e.told(), CentralUnreachableError)), refused[0])


_LAST: dict[tuple[tuple[str, str], ...], int] = {}
"""Which of several servers was taken last, in this process."""


def give_up(connection: Any) -> None:
    """Whoever waits for an answer on a connection is told that it is cut."""
    with (
        contextlib.suppress(OSError, psycopg2.Error),
        contextlib.closing(socket.socket(fileno=os.dup(connection.fileno()))) as duplicate,
    ):
        duplicate.shutdown(socket.SHUT_RDWR)


def _prove(connection: Any, arguments: dict[str, Any]) -> None:
    """One round trip to the server itself: a pooler welcomes for one that is gone, or that cannot be written."""
    waited = threading.Timer(float(arguments.get("connect_timeout") or 10), give_up, (connection,))
    waited.daemon = True
    waited.start()
    written = str(arguments.get("target_session_attrs")) == "read-write"
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            standby = bool(cursor.fetchone()[0])
        connection.autocommit = False
    except psycopg2.Error as error:
        raise LineRefusedError(str(error), "muet") from error
    finally:
        waited.cancel()
    if standby and written:
        connection.close()
        raise LineRefusedError("read only", "muet")


def _each_server(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The arguments for each server alone."""
    hosts = str(arguments.get("host") or "").split(",")
    if len(hosts) == 1:
        return [arguments]
    found = []
    for n, host in enumerate(hosts):
        one = {**arguments, "host": host}
        for name in ("port", "hostaddr"):
            values = str(arguments.get(name) or "").split(",")
            one[name] = values[n] if len(values) == len(hosts) else values[0]
        found.append({k: v for k, v in one.items() if v != ""} | {"port": one["port"] or "5432"})
    return found


def _connect(arguments: dict[str, Any]) -> Any:
    """A connection to one server."""
    wanted = session_arguments()
    own = str(arguments.get("options") or "")
    full = {**arguments, **wanted, "options": f"{own} {wanted['options']}".strip()}
    began = time.monotonic()
    try:
        connection = psycopg2.connect(**full)
    except psycopg2.OperationalError as error:
        cause, state = _why(full, time.monotonic() - began)
        if state != "08P01":
            raise LineRefusedError(str(error), cause, state) from error
    else:
        if wrong := _differing(connection):
            # PGTZ and PGDATESTYLE of the machine go before the options.
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("; ".join(f"SET {name} = '{SESSION[name]}'" for name in wrong))
            connection.autocommit = False
        return connection
    bare = {**arguments, "client_encoding": "UTF8"}
    try:
        connection = psycopg2.connect(**bare)
    except psycopg2.OperationalError as error:
        raise LineRefusedError(str(error), *_why(bare, 0.0)) from error
    if wrong := _differing(connection):
        connection.close()
        raise LineRefusedError(", ".join(wrong), "reglage", "08P01")
    return connection


def _differing(connection: Any) -> list[str]:
    """Settings that the server announces with another value than the wanted one; costs no round trip."""
    expected = SESSION | {"client_encoding": "UTF8"}
    return [n for n in _ANNOUNCED if not _same(connection.get_parameter_status(n), expected[n])]


def _same(announced: str | None, wanted: str) -> bool:
    # DateStyle carries the order of day and month, which the ISO form does not use.
    return announced is not None and announced.split(",")[0].lower() == wanted.lower()


def _why(arguments: dict[str, Any], took_s: float) -> tuple[Cause, str]:
    patience = float(arguments.get("connect_timeout") or 10)
    if took_s >= patience:
        return "delai", ""
    try:
        with contextlib.closing(_reach(arguments, patience)) as plain:
            return _conversation(plain, arguments)
    except ssl.SSLCertVerificationError:
        return "certificat", ""
    except TimeoutError:
        return "delai", ""
    except (OSError, EOFError, ValueError, struct.error):
        return "muet", ""


def _reach(arguments: dict[str, Any], patience: float) -> socket.socket:
    host = str(arguments.get("host") or os.environ.get("PGHOST") or "localhost").split(",")[0]
    port = int(str(arguments.get("port") or os.environ.get("PGPORT") or 5432).split(",")[0])
    if host.startswith("/"):
        line = socket.socket(socket.AF_UNIX)  # type: ignore[attr-defined,unused-ignore]
        line.settimeout(patience)
        line.connect(f"{host}/.s.PGSQL.{port}")
        return line
    return socket.create_connection((str(arguments.get("hostaddr") or host), port), patience)


def _conversation(plain: socket.socket, arguments: dict[str, Any]) -> tuple[Cause, str]:
    mode = str(arguments.get("sslmode") or os.environ.get("PGSSLMODE") or "prefer")
    line = plain
    if mode not in {"disable", "allow"} and plain.family != getattr(socket, "AF_UNIX", None):
        plain.sendall(_SSL_REQUEST)
        if _exactly(plain, 1) == b"S":
            context = _tls(mode, arguments)
            if context is None:
                return "certificat", ""
            line = context.wrap_socket(plain, server_hostname=str(arguments.get("host") or "localhost"))
        elif mode != "prefer":
            return "certificat", ""
    with contextlib.closing(line):
        state = _start(line, arguments)
    if state is None:
        return "muet", ""
    if state[:2] == "28":
        return "identifiant", state
    named: dict[str, Cause] = {"3D000": "base", "42501": "droit", "08P01": "reglage"}
    return named.get(state, "occupe"), state


def _tls(mode: str, arguments: dict[str, Any]) -> ssl.SSLContext | None:
    """The checks that libpq makes; None when the authority to check against is not there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    if not mode.startswith("verify"):
        context.verify_mode = ssl.CERT_NONE
        return context
    root = arguments.get("sslrootcert") or os.environ.get("PGSSLROOTCERT") or _home("root.crt")
    if root == "system":
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(str(root))
        if certificate := arguments.get("sslcert"):
            context.load_cert_chain(certificate, arguments.get("sslkey"))
    except (OSError, ssl.SSLError):
        return None
    return context


def own_authority() -> Path:
    """Where libpq looks for the authority that a server's certificate is verified by."""
    return Path(os.environ.get("PGSSLROOTCERT") or _home("root.crt"))


def _home(name: str) -> Path:
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", "")) / "postgresql" / name
    return Path.home() / (".postgresql" if name == "root.crt" else "") / name


def _start(line: socket.socket, arguments: dict[str, Any]) -> str | None:
    """The SQLSTATE of the refusal; None when there was none, or when this way to log in is not spoken here."""
    user = str(arguments.get("user") or os.environ.get("PGUSER") or "")
    base = str(arguments.get("dbname") or os.environ.get("PGDATABASE") or user)
    said = {"user": user, "database": base, "options": str(arguments.get("options") or "")}
    body = b"".join(f"{k}\0{v}\0".encode() for k, v in said.items() if v) + b"\0"
    line.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
    scram: _Scram | None = None
    while True:
        kind = _exactly(line, 1)
        size = struct.unpack("!i", _exactly(line, 4))[0] - 4
        if not 0 <= size <= 1 << 20:
            return None
        content = _exactly(line, size)
        if kind == b"E":
            fields = {f[:1]: f[1:].decode(errors="replace") for f in content.split(b"\0") if f}
            return fields.get(b"C", "")
        if kind == b"Z":
            line.sendall(b"X" + struct.pack("!i", 4))
            return None
        if kind != b"R":
            continue
        method = struct.unpack("!i", content[:4])[0]
        if method in {0, 12}:
            continue
        password = _password(arguments, user, base)
        if password is None:
            return "28P01"
        if method == 3:
            answer = password.encode() + b"\0"
        elif method == 5:
            inner = hashlib.md5((password + user).encode()).hexdigest().encode()  # noqa: S324
            answer = b"md5" + hashlib.md5(inner + content[4:8]).hexdigest().encode() + b"\0"  # noqa: S324
        elif method == 10 and b"SCRAM-SHA-256" in content[4:].split(b"\0"):
            scram = _Scram(password)
            answer = b"SCRAM-SHA-256\0" + struct.pack("!i", len(scram.first)) + scram.first
        elif method == 11 and scram is not None:
            answer = scram.proof(content[4:])
        else:
            return None
        line.sendall(b"p" + struct.pack("!i", len(answer) + 4) + answer)


class _Scram:
    """The client's half of SCRAM-SHA-256 (RFC 7677), without channel binding."""

    def __init__(self, password: str) -> None:
        self._password = unicodedata.normalize("NFKC", password).encode()
        self._bare = b"n=,r=" + base64.b64encode(secrets.token_bytes(18))
        self.first = b"n,," + self._bare

    def proof(self, challenge: bytes) -> bytes:
        given = dict(part.split(b"=", 1) for part in challenge.split(b","))
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(given[b"s"]), int(given[b"i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        final = b"c=biws,r=" + given[b"r"]
        signed = hmac.digest(
            hashlib.sha256(key).digest(), self._bare + b"," + challenge + b"," + final, "sha256"
        )  # fmt: skip
        return final + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(key, signed, strict=True)))


def _password(arguments: dict[str, Any], user: str, base: str) -> str | None:
    """The password that libpq would use: given, of the environment, or of the password file."""
    if given := arguments.get("password") or os.environ.get("PGPASSWORD"):
        return str(given)
    kept = _home("pgpass.conf" if os.name == "nt" else ".pgpass")
    file = Path(str(arguments.get("passfile") or os.environ.get("PGPASSFILE") or kept))
    asked = (str(arguments.get("host") or "localhost"), str(arguments.get("port") or 5432), base, user)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for entry in file.read_text(encoding="utf-8").splitlines():
            escaped = entry.replace("\\\\", "\0").replace("\\:", "\1").split(":", 4)
            parts = [p.replace("\1", ":").replace("\0", "\\") for p in escaped]
            if len(parts) == 5 and all(p in {"*", a} for p, a in zip(parts, asked, strict=False)):
                return parts[4]
    return None


def _exactly(line: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = line.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found
