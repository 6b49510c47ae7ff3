"""The line on a network: TLS verified in full against an authority made here; secrets in no log."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from erp_desktop import log
from erp_desktop.errors import CentralUnreachableError, ErpError, NotAllowedError
from erp_desktop.sync.exchange.link import Link
from tests.sync.lab import Device, Lab
from tests.sync.watch.test_wake import until

SYSTEM = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
PASSWORD = "un-secret-Tr3s-reconnaissable"


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> None:
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.crt")  # fmt: skip


@dataclass
class Server:
    folder: Path
    port: int

    def url(self, authority_name: str, host: str = "centre.mif.test", password: str = PASSWORD) -> str:
        return (
            f"postgresql://poste:{password}@{host}:{self.port}/postgres"
            f"?hostaddr=127.0.0.1&sslrootcert={self.folder / authority_name}.crt"
        )


@pytest.fixture(scope="module")
def tls() -> Iterator[Server]:
    with running() as server:
        yield server


@contextmanager
def running() -> Iterator[Server]:
    """A system PostgreSQL with a certificate for ``centre.mif.test``; the wheel's server has no TLS."""
    # Not in pytest's folder, which another account may not enter.
    folder = Path(tempfile.mkdtemp(prefix="erp-mif-tls-"))
    folder.chmod(0o755)
    authority(folder, "bonne")
    authority(folder, "autre")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=centre.mif.test", "-addext",
            "subjectAltName=DNS:centre.mif.test", "-keyout", "serveur.key", "-out", "serveur.csr")  # fmt: skip
    (folder / "ext").write_text("subjectAltName=DNS:centre.mif.test\n")
    openssl(folder, "x509", "-req", "-in", "serveur.csr", "-CA", "bonne.crt", "-CAkey", "bonne.key",
            "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", "serveur.crt")  # fmt: skip
    binaries, data = SYSTEM[-1].parent, folder / "data"
    account = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    data.mkdir(mode=0o700)
    secret = folder / "mot"
    secret.write_text(PASSWORD)
    for name in ("data", "serveur.key", "mot"):
        if account:
            shutil.chown(folder / name, "postgres", "postgres")
    (folder / "serveur.key").chmod(0o600)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "poste", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8",
         "--locale=C.UTF-8", "-N"], check=True, capture_output=True, env=environment, cwd=folder, **account,
    )  # fmt: skip
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on",
         "-c", "unix_socket_directories=", "-c", f"ssl_cert_file={folder / 'serveur.crt'}", "-c",
         f"ssl_key_file={folder / 'serveur.key'}", "-c", "fsync=off"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **account,
    )  # fmt: skip

    def ready() -> bool:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="poste", password=PASSWORD, dbname="postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    try:
        until(ready)
        yield Server(folder, port)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def test_the_right_authority_and_name_open_an_encrypted_line(tls: Server) -> None:
    link = Link(tls.url("bonne"))
    assert link.row("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (True,)
    link.close()


@pytest.mark.parametrize(
    ("authority_name", "host"), [("autre", "centre.mif.test"), ("bonne", "ailleurs.mif.test")], ids=["ca", "host"]
)
def test_another_authority_or_name_is_refused_in_one_line(tls: Server, authority_name: str, host: str) -> None:
    with pytest.raises(ErpError) as caught:
        Link(tls.url(authority_name, host)).connect()
    told = str(caught.value)
    assert "certificat" in told
    assert len(told.splitlines()) == 1
    assert not isinstance(caught.value, CentralUnreachableError), "waiting does not mend it"


def test_a_wrong_password_is_refused_without_showing_it(tls: Server) -> None:
    with pytest.raises(NotAllowedError) as caught:
        Link(tls.url("bonne", password="pas-le-bon-mot")).connect()
    assert "pas-le-bon-mot" not in str(caught.value)


def test_a_host_on_the_network_is_verified_unless_told_otherwise() -> None:
    from erp_desktop.db.engine import create_pg_engine, normalise_url
    from erp_desktop.sync.exchange.link import libpq_arguments

    assert libpq_arguments(normalise_url("postgresql://p@centre.mif.test/b"))["sslmode"] == "verify-full"
    assert create_pg_engine("postgresql://p@centre.mif.test/b").url.query["sslmode"] == "verify-full"
    assert "sslmode" not in libpq_arguments(normalise_url("postgresql://p@127.0.0.1/b"))


def test_secrets_appear_in_no_log_journal_error_or_answer(lab: Lab, tmp_path: Path) -> None:
    device: Device = lab.device(encrypted=True)
    (stored,) = json.loads(device.secrets_file.read_text()).values()
    values = {v for name, v in stored.items() if name != "login"}
    assert len(values) >= 2
    folder = tmp_path / "journaux"
    path = log.configure(folder, "DEBUG")
    try:
        proxy = lab.proxy(device)
        device.set("interventions", lab.ids("interventions")[0], titre="Journal intime")
        device.sync()
        proxy.refusing = True
        proxy.cut()
        with pytest.raises(CentralUnreachableError) as caught:
            device.sync()
        logging.getLogger("erp_desktop.essai").error("adresse %s", device.url)
        outputs = [str(caught.value), repr(caught.value), path.read_text()]
    finally:
        log.configure(tmp_path / "apres")
        for handler in list(logging.getLogger("erp_desktop").handlers):
            logging.getLogger("erp_desktop").removeHandler(handler)
            handler.close()
    for arguments in (("sync", "run"), ("sync", "status"), ("sync", "journal"), ("sync", "health")):
        for extra in ((), ("--json",)):
            done = device.run(*arguments, *extra)
            outputs += [done.stdout, done.stderr]
    with device.console() as db:
        outputs += [
            repr(r) for t in ("sync_journal", "sync_meta", "sync_lots") for r in db.execute(f"SELECT * FROM {t}")
        ]
    assert "Journal intime" in "".join(outputs), "the batch is there, so the net would catch a secret"
    for value in values:
        assert not [o[:300] for o in outputs if value in o]
