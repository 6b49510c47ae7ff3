"""A new version on real desktops: ``python3 dev.py build --update-trial [--previous REF]``, with a verdict.

The version before is frozen from an earlier state of this repository, whose database is older; the new one is what
was built last, as it is handed out. Two desktops of two agencies work with the former against a real PostgreSQL; one
is cut off, types, is updated from an HTTPS server with a private authority, types more, and goes back. Nothing may be
lost.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import smoke
from smoke import ROOT, Trial, TrialError, central_rows, expect, say

PREVIOUS = "62a2e41~1"
"""The last state of the repository before its database changed, whose window says of new versions that they wait."""
FORMER = "0.0.9"
OFFLINE, LATER = 400, 20
"""Rows typed before the update and behind it, while the line is down."""


def former_source(reference: str, work: Path) -> Path:
    """An earlier state of this repository below ``work``, under the version before."""
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    with subprocess.Popen(["git", "archive", reference], cwd=ROOT, stdout=subprocess.PIPE) as told:
        assert told.stdout is not None
        with tarfile.open(fileobj=told.stdout, mode="r|") as archive:
            archive.extractall(source, filter="data")
    declared = source / "erp_desktop" / "__init__.py"
    declared.write_text(re.sub(r'"[\d.]+"', f'"{FORMER}"', declared.read_text(encoding="utf-8")), encoding="utf-8")
    return source


def commit_of(reference: str) -> str:
    told = subprocess.run(["git", "rev-parse", reference], cwd=ROOT, check=True, capture_output=True, text=True)
    return told.stdout.strip()[:12]


def previous(reference: str) -> Path:
    """The archive of the former version: frozen once for a reference, with the installer that it had."""
    work = ROOT / "build" / "update" / commit_of(reference)
    made = work / f"erp-mif-{FORMER}-linux-x86_64.tar"
    if made.exists():
        return made
    started = time.monotonic()
    shutil.rmtree(work, ignore_errors=True)
    source = former_source(reference, work)
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR", "--distpath",
         work / "dist", "--workpath", work / "work", source / "packaging" / "erp_desktop.spec"],
        cwd=source, check=True, env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(source)},
    )  # fmt: skip
    ready = made.with_suffix(".part")
    with tarfile.open(ready, "w") as archive:
        archive.add(source / "packaging" / "linux" / "installer.sh", f"erp-mif-{FORMER}/installer.sh")
        archive.add(work / "dist" / "erp-mif", f"erp-mif-{FORMER}/erp-mif")
    ready.rename(made)
    for used in ("dist", "work", "source"):
        shutil.rmtree(work / used)
    say(f"{made} : {time.monotonic() - started:.0f} s")
    return made


class _Folder(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def https(folder: Path, keys: Path) -> Iterator[str]:
    """A server of a folder, whose certificate an authority in ``keys`` has signed."""
    from tests.services.releases.depot import authority, served

    keys.mkdir()
    authority(keys, "autorite")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Folder, directory=str(folder)))
    server.socket = served(keys, "autorite").wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Desk(Trial):
    """A desktop in a folder of its own; the trial of each system gives it a program.

    Attributes:
        system: the option that names its installer to who signs.
        options: of the commands that replace the program.
    """

    system = "--linux"
    options: tuple[object, ...] = ()

    def refused(self, *arguments: object) -> str:
        """What a command says that must be refused."""
        try:
            self.admin(*arguments)
        except TrialError as error:
            return str(error)
        raise TrialError(f"{arguments} n'est pas refusé")

    def version(self) -> str:
        return self.run("erp-admin", "--version").removeprefix("ERP MIF ")

    def state(self) -> dict[str, Any]:
        found = self.admin("sync", "status", "--cache", self.cache)["etat"]
        return dict(found)

    def revision(self) -> str:
        return str(self.admin("db", "status", "--cache", self.cache)["revision"])

    def type(self, first: int, count: int) -> None:
        """Clients, one after the other, as a console writes them."""
        for n in range(first, first + count):
            smoke.insert_client(self.cache, self.secrets, f"Client {n}")

    def clients(self) -> int:
        found = smoke.read_cache(self.cache, self.secrets, "SELECT count(*) FROM clients WHERE nom_entreprise LIKE ?",
                                 "Client %")  # fmt: skip
        return int(found[0][0])

    def line(self, up: bool) -> None:
        """Let the address of the centre lead nowhere, or there again."""
        connection = smoke.opened(self.cache, self.secrets)
        try:
            (url,) = connection.execute("SELECT valeur FROM sync_meta WHERE cle = 'url'").fetchone()
            told = url.replace("coupee.invalid", "127.0.0.1") if up else url.replace("127.0.0.1", "coupee.invalid")
            connection.execute("UPDATE sync_meta SET valeur = ? WHERE cle = 'url'", (told,))
        finally:
            connection.close()


class LinuxDesk(Desk):
    """Installed by the installer of an archive."""

    def __init__(self, folder: Path, archive: Path) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder)
        self.program = folder / "programme" / "erp-mif"
        self.cache = folder / "data" / "erp-mif.sqlite"
        self.environment |= {"ERP_SECRETS_FILE": str(self.secrets)}
        self.options = ("--program", self.program)
        unpacked = folder / "paquet"
        with tarfile.open(archive) as opened:
            opened.extractall(unpacked, filter="data")
        (script,) = unpacked.glob("*/installer.sh")
        place = ["--prefixe", self.program, "--liens", folder / "bin", "--menus", folder / "menus"]
        subprocess.run(["/bin/sh", script, "--silencieux", *place], check=True)
        shutil.rmtree(unpacked)

    def run(self, program: str, *arguments: object, env: dict[str, str] | None = None) -> str:
        """With the program as it is installed now."""
        smoke.DIST = self.program
        return super().run(program, *arguments, env=env)


def play(folder: Path, one: Desk, two: Desk, it: Desk, present: Path) -> str:
    """The whole story; returns its figures.

    Args:
        one: with the version before, as ``two``; ``it``: with the new one.
        present: what installs the new one.

    Raises:
        TrialError: at the first thing that is not as it must be.
    """
    import erp_desktop
    from erp_desktop import clock
    from erp_desktop.db.embedded import EmbeddedPostgres

    depot = folder / "depot"
    depot.mkdir(parents=True)
    archive = depot / present.name
    os.link(present, archive)
    with EmbeddedPostgres() as server, https(depot, folder / "cles") as source:
        url = server.create_database("mise_a_jour").replace("+psycopg2", "")
        one.admin("server", "init", "--url", url)
        for code, name in (("CAS", "Casablanca"), ("TNG", "Tanger")):
            one.admin("server", "agence", "add", code, name, "--url", url)
        for desk, agency in ((one, "CAS"), (two, "TNG")):
            desk.admin("device", "enroll", "--url", url, "--agence", agency, "--name", agency, "--cache", desk.cache,
                       "--secrets", desk.secrets)  # fmt: skip
            desk.admin("sync", "run", "--cache", desk.cache)
        before = one.revision()
        say(f"ok    deux postes au travail avec la version {one.version()}, base {before}")

        key = folder / "cles" / "signature.cle"
        public = it.admin("release", "key", "--out", key)["publique"]
        today = clock.today()
        it.admin("release", "sign", depot, "--key", key, it.system, archive.name, "--etape", f"{today}:CAS",
                 "--etape", str(today + timedelta(days=7)))  # fmt: skip
        trust = {"ERP_UPDATE_SOURCE": source, "ERP_UPDATE_KEY": public,
                 "SSL_CERT_FILE": one.named(folder / "cles" / "autorite.crt")}  # fmt: skip
        for desk in (one, two):
            desk.environment |= trust
        waits = one.admin("update", "check")
        expect(waits["nouvelle"] is None and "mise à niveau du centre" in waits["attend"], f"annonce : {waits}")
        it.admin("db", "upgrade", "--url", url, "--yes", "--backups", folder / "sauvegardes")
        for desk in (one, two):
            desk.admin("sync", "run", "--cache", desk.cache)
        offered, later = one.admin("update", "check"), two.admin("update", "check")
        expect(offered["nouvelle"] == erp_desktop.__version__, f"CAS : {offered}")
        expect(later["nouvelle"] is None and "à son tour" in later["attend"], f"TNG : {later}")
        say(f"ok    avant le centre : « {waits['attend']} »")
        say(f"ok    après : CAS {offered['nouvelle']}, TNG « {later['attend']} »")
        announced = depot / "erp-mif.version"
        signed = announced.read_bytes()
        announced.write_bytes(signed.replace(erp_desktop.__version__.encode(), b"9.9.9"))
        refused = one.refused("update", "install")
        # An accent that went through the console of wine is none any more.
        expect("pas sign" in refused, f"annonce modifiée : {refused}")
        announced.write_bytes(signed)
        expect(one.version() == FORMER, "la version a changé")

        one.line(False)
        one.type(0, OFFLINE)
        expect(one.state()["en_attente"] == OFFLINE, f"à envoyer : {one.state()}")
        began = time.monotonic()
        one.admin("update", "install", *one.options)
        took = time.monotonic() - began
        expect(one.version() == erp_desktop.__version__, f"version {one.version()}")
        one.run("erp-mif", "--capture", folder / "fenetre.png", env={"ERP_MODE": "agence"})
        after = one.revision()
        expect(after == it.admin("db", "status", "--url", url)["revision"] != before, f"base {after}, avant {before}")
        expect((one.state()["en_attente"], one.clients()) == (OFFLINE, OFFLINE), f"après : {one.state()}")
        say(f"ok    mis à jour en {took:.0f} s, {OFFLINE} saisies ; base {before} → {after} au démarrage")
        one.type(OFFLINE, LATER)
        back = one.admin("update", "back", *one.options)
        total = OFFLINE + LATER
        expect(one.version() == FORMER and one.revision() == before, f"retour : {back}")
        expect((one.state()["en_attente"], one.clients()) == (total, total), f"après le retour : {one.state()}")
        say(f"ok    revenu à {FORMER}, base {before}, {back['reportees']} fiches en attente, dont {LATER} de depuis")
        one.line(True)
        sent = one.admin("sync", "run", "--cache", one.cache)
        arrived = central_rows(url, "SELECT count(*) FROM clients WHERE nom_entreprise LIKE %s", "Client %")[0][0]
        expect(arrived == total and one.state()["en_attente"] == 0, f"au centre {arrived} de {total} : {sent}")
        refused = central_rows(url, "SELECT count(*) FROM sync.gares")[0][0]
        expect(refused == 0, f"{refused} refusées")
    return (
        f"{FORMER} → {erp_desktop.__version__} → {FORMER} : {total} saisies hors ligne, {arrived} au centre, aucune "
        "perdue ni refusée ; par étapes et après le centre ; annonce modifiée refusée"
    )


def main(reference: str) -> int:
    """Play it in a folder of its own; the last line is the verdict."""
    import tempfile

    import erp_desktop

    present = smoke.DIST.parent / f"erp-mif-{erp_desktop.__version__}-linux-x86_64.tar.xz"
    if not present.exists():
        raise SystemExit(f"[build] {present} n'est pas construit")
    former, built = previous(reference), smoke.DIST
    folder = Path(tempfile.mkdtemp(prefix="erp-mif-versions-", dir=ROOT / "build"))
    one, two, it = (LinuxDesk(folder / name, former) for name in ("CAS", "TNG", "informatique"))
    it.program = built
    return told(folder, one, two, it, present)


def told(folder: Path, one: Desk, two: Desk, it: Desk, present: Path) -> int:
    """Play it and say the verdict; what a failed one left stays."""
    try:
        say(f"VERDICT : TENU : {play(folder / 'essai', one, two, it, present)}")
    except (TrialError, subprocess.SubprocessError, OSError, KeyError, json.JSONDecodeError) as error:
        say(f"ÉCHEC {error}\nVERDICT : MANQUÉ, dossier {folder}")
        return 1
    shutil.rmtree(folder)
    return 0
