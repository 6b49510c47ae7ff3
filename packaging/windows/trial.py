"""What was built for Windows, installed and at work under wine: one verdict per step, the first failures named.

The prefix has no Python. The centre is a PostgreSQL of this machine. Wine proves nothing about printers, signatures,
DPAPI or how a window looks: the workflow beside this file does the same on a real Windows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import chain
import wine
from smoke import OLD_REVISION, Trial, TrialError, count_rows, expect, make_old_cache
from wine import say

import erp_desktop
from erp_desktop.errors import ErpError

PROGRAMS = Path("Program Files") / "ERP MIF"
KEY = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\ERP MIF"


class Installed(Trial):
    """The steps of every platform's trial, with the installed programs under wine."""

    def __init__(self, folder: Path, place: wine.Wine, where: Path) -> None:
        super().__init__(folder)
        self.place, self.where = place, where
        self.environment = {
            "QT_QPA_PLATFORM": "offscreen", "ERP_DATA_DIR": wine.path(folder / "data"),
            "ERP_LOG_DIR": wine.path(folder / "logs"),
        }  # fmt: skip

    def run(self, program: str, *arguments: object, env: dict[str, str] | None = None) -> str:
        told = [wine.path(a) if isinstance(a, Path) else str(a) for a in arguments]
        mapped = {k: wine.path(Path(v)) if v.startswith("/") else v for k, v in (env or {}).items()}
        done = self.place.run(wine.path(self.where / f"{program}.exe"), *told, env={**self.environment, **mapped},
                              cwd=self.folder)  # fmt: skip
        self._readable_here()
        if done.returncode:
            log = self.folder / "logs" / "erp-mif.log"
            tail = log.read_text(encoding="utf-8")[-1500:] if log.exists() else ""
            said = done.stdout[-1500:] + done.stderr[-1500:]
            raise TrialError(f"{program} {told} → {done.returncode}\n{said}{tail}")
        return done.stdout.strip()

    def named(self, file: Path) -> str:
        return wine.path(file)

    def built(self) -> Path:
        (version,) = (self.where / "versions").iterdir()
        return version

    def _readable_here(self) -> None:
        """The secrets of a Windows program, under the names and with the rights that this side of wine goes by."""
        if self.secrets.exists():
            kept = json.loads(self.secrets.read_text(encoding="utf-8"))
            kept |= {n[2:].replace("\\", "/"): v for n, v in kept.items() if n.startswith("Z:")}
            self.secrets.write_text(json.dumps(kept), encoding="utf-8")
            self.secrets.chmod(0o600)

    def tls(self) -> str:
        """Before libpq looks at any file it asks for a function that wine 8 lacks, and never calls it: for this step
        another name takes its place.
        """
        (library,) = self.where.glob("versions/*/_internal/psycopg2_binary.libs/libpq-*.dll")
        content = library.read_bytes()
        library.write_bytes(content.replace(b"NtFlushBuffersFileEx\0", b"NtFlushBuffersFile\0\0\0"))
        try:
            return super().tls()
        finally:
            library.write_bytes(content)

    def keyring(self) -> str:
        """Enrolled without a file of secrets: they are in the Credential Manager, and the cache is encrypted."""
        from erp_desktop.db.embedded import EmbeddedPostgres

        cache = self.folder / "Société d'été à Fès" / "poste de l'accueil.sqlite"
        with EmbeddedPostgres() as server:
            url = server.create_database("trousseau").replace("+psycopg2", "")
            self.admin("server", "init", "--url", url)
            self.admin("server", "agence", "add", "FES", "Fès", "--url", url)
            made = self.admin("device", "enroll", "--url", url, "--agence", "FES", "--name", "Accueil é",
                              "--cache", cache)  # fmt: skip
            self.admin("sync", "run", "--cache", cache)
            state = self.admin("sync", "status", "--cache", cache)["etat"]
        expect(not cache.read_bytes().startswith(b"SQLite format 3"), "la base est en clair")
        expect(not list(cache.parent.glob("*.secrets")), "les secrets sont dans un fichier")
        expect(state["en_attente"] == 0, f"il reste à envoyer : {state}")
        return f"poste {made['poste']}, sans fichier de secrets, dossier accentué avec espaces et apostrophe"

    def reader(self) -> str:
        """A reader that keeps the old cache open is waited for, and the swap is done once it lets go."""
        file = self.folder / "tenu.sqlite"
        make_old_cache(file)
        holder = self._hold(file, 600)

        def let_go() -> None:
            # Upgraded beside and written no more: the swap is being tried, for 20 s.
            _until_still(file.with_name(file.name + ".upgrading"), 5.0)
            holder.kill()

        waiting = threading.Thread(target=let_go)
        waiting.start()
        try:
            answer = self.admin("db", "upgrade", "--cache", file)
        finally:
            waiting.join()
            holder.wait(60)
        expect(answer["de"] == OLD_REVISION, f"révision de départ : {answer}")
        expect(self.admin("db", "status", "--cache", file)["etat"] == "egal", "la base n'est pas à jour")
        return "fichier tenu par un autre programme pendant l'échange, échangé ensuite"

    def kept_open(self) -> str:
        """A reader that never lets go: refused in one sentence, the old cache whole; done once it is gone."""
        file = self.folder / "gardé.sqlite"
        before = make_old_cache(file)
        holder = self._hold(file, 600)
        try:
            done = self.place.run(wine.path(self.where / "erp-admin.exe"), "db", "upgrade", "--json", "--cache",
                                  wine.path(file), env=self.environment)  # fmt: skip
        finally:
            holder.kill()
            holder.wait()
        lines = done.stderr.strip().splitlines()
        expect(done.returncode == 1 and len(lines) == 1, f"refus attendu en une phrase : {done}")
        expect(count_rows(file) == before, "la base d'avant n'est plus entière")
        time.sleep(1)
        self.admin("db", "upgrade", "--cache", file)
        expect(count_rows(file) == before, "des lignes manquent")
        return f"« {lines[0].removeprefix('erp-admin : ')} », puis fait"

    def _hold(self, file: Path, seconds: int) -> subprocess.Popen[bytes]:
        holder = self.place.start(wine.path(self.folder / "hold.exe"), wine.path(file), str(seconds))
        assert holder.stdout is not None
        told = holder.stdout.readline().strip()
        expect(told == b"held", f"le fichier n'est pas tenu : {told!r}")
        return holder

    def long_path(self) -> str:
        """A path beyond 260 characters, accents included."""
        folder = self.folder
        while len(wine.path(folder / "poste.sqlite")) < 300:
            folder = folder / "Société de maintenance générale à responsabilité limitée"
        folder.mkdir(parents=True)
        self.admin("db", "upgrade", "--cache", folder / "poste.sqlite")
        state = self.admin("db", "status", "--cache", folder / "poste.sqlite")["etat"]
        expect(state == "egal", f"état : {state}")
        return f"{len(wine.path(folder / 'poste.sqlite'))} caractères"


class Setup:
    """The installer and the uninstaller."""

    def __init__(self, work: Path, place: wine.Wine, made: Path) -> None:
        self.work, self.place, self.made = work, place, made
        self.where = place.drive / PROGRAMS
        self.current = chain.latest(work, erp_desktop.__version__)
        self.stand_in = work / "stand-in"
        shutil.rmtree(self.stand_in, ignore_errors=True)
        (self.stand_in / "_internal").mkdir(parents=True)
        (self.stand_in / "_internal" / "fichier.txt").write_text("x")
        for program in ("erp-mif", "erp-admin"):
            hold(self.stand_in / f"{program}.exe", "9.9.9")
        self.next = chain.installer(work, self.stand_in, "suivante", version="9.9.9")
        self.running: subprocess.Popen[bytes] | None = None

    def call(self, program: Path, *arguments: str) -> int:
        return self.place.run(wine.path(program), *arguments, timeout_s=900).returncode

    def remove(self, *arguments: str, where: Path | None = None) -> int:
        """The uninstaller to its end: started where it lies, it would leave at once and go on as a copy of itself."""
        where = where or self.where
        copy = self.work / "desinstaller.exe"
        shutil.copy(where / "desinstaller.exe", copy)
        folder = "C:\\" + str(where.relative_to(self.place.drive)).replace("/", "\\")
        # NSIS reads what follows _?= to the end of the line, unquoted.
        line = " ".join([*arguments, "/S", f"_?={folder}"])
        return self.place.run(wine.path(copy), *line.split(" "), timeout_s=300).returncode

    def tree(self) -> dict[str, str]:
        """Every installed file and what is in it."""
        return {
            str(f.relative_to(self.where)): hashlib.sha256(f.read_bytes()).hexdigest()
            for f in sorted(self.where.rglob("*")) if f.is_file()
        }  # fmt: skip

    def registry(self, root: str, key: str) -> bool:
        return self.place.run("reg", "query", f"{root}\\{key}", "/reg:64").returncode == 0

    # The steps

    def install(self) -> str:
        """Silent, for all users, into a bare Windows; links, file kind, menu and inventory are there."""
        status = self.call(self.current, "/S")
        expect(status == 0, f"statut {status}")
        for key in (KEY, r"Software\Classes\erp-mif\shell\open\command", r"Software\Classes\.erp-mif"):
            expect(self.registry("HKLM", key), f"clé absente : {key}")
        expect(any((self.place.drive / "ProgramData").rglob("ERP MIF.lnk")), "menu absent")
        expect((self.where / "version.txt").exists(), "version.txt absent")
        size = sum(f.stat().st_size for f in self.where.rglob("*") if f.is_file()) / 1e6
        return f"{size:.0f} Mo installés"

    def upgrade(self) -> str:
        """The next version beside the running one: that one keeps every file and goes on, the next start is new."""
        before = {name: digest for name, digest in self.tree().items() if name.startswith("versions")}
        self.running = self._start_window()
        status = self.call(self.next, "/S")
        expect(status == 0, f"statut {status}")
        after = self.tree()
        gone = [name for name, digest in before.items() if after.get(name) != digest]
        expect(not gone, f"{len(gone)} fichiers de la version ouverte ont changé : {gone[:3]}")
        expect(self.running.poll() is None, "le programme ouvert s'est arrêté")
        told = self.place.run(wine.path(self.where / "erp-admin.exe"), "--version").stdout.strip()
        expect(told == "ERP MIF 9.9.9", f"le programme répond : {told}")
        return f"{len(before)} fichiers de l'ancienne intacts, elle tourne ; la nouvelle répond"

    def same_again(self) -> str:
        """Installing over the very version that runs is refused before the first file."""
        other = self.place.start(wine.path(self.where / "erp-mif.exe"))
        try:
            time.sleep(3)
            before = self.tree()
            status = self.call(self.next, "/S")
            expect(status == 2, f"statut {status}, 2 attendu")
            expect(self.tree() == before, "quelque chose a changé")
            status = self.remove()
            expect(status == 2, f"désinstalleur : statut {status}, 2 attendu")
            expect(self.tree() == before, "le désinstalleur a retiré quelque chose")
        finally:
            self._end(other)
        return "installer et désinstaller refusent (2), rien n'a changé"

    def way_back(self) -> str:
        """The former version is still there: one line in version.txt, and it answers."""
        pointer = self.where / "version.txt"
        now = pointer.read_text()
        former = [p.name for p in (self.where / "versions").iterdir() if p.name != now.strip()]
        expect(len(former) == 1, f"versions gardées : {former}")
        pointer.write_text(former[0])
        told = self.place.run(wine.path(self.where / "erp-admin.exe"), "--version").stdout.strip()
        expect(told == f"ERP MIF {erp_desktop.__version__}", f"le programme répond : {told}")
        pointer.write_text(now)
        return f"{former[0]} répond"

    def foreign(self) -> str:
        """A folder with something else in it is not taken."""
        folder = self.place.drive / "autre"
        folder.mkdir()
        (folder / "document.txt").write_text("x")
        status = self.call(self.next, "/S", "/D=C:\\autre")
        expect(status == 2 and [p.name for p in folder.iterdir()] == ["document.txt"], f"statut {status}")
        shutil.rmtree(folder)
        return "dossier d'autre chose refusé (2)"

    def uninstall(self) -> str:
        """Everything of the program goes, the data stay; asked for, they go too."""
        if self.running is not None:
            self._end(self.running)
        data = next((self.place.drive / "users").iterdir()) / "AppData" / "Local" / "ERP MIF Maroc" / "ERP MIF"
        data.mkdir(parents=True, exist_ok=True)
        (data / "erp-mif.sqlite").write_text("x")
        status = self.remove()
        expect(status == 0, f"statut {status}")
        left = [str(p) for p in self.where.rglob("*")] if self.where.exists() else []
        expect(not left, f"il reste {left[:5]}")
        for key in (KEY, r"Software\Classes\erp-mif", r"Software\Classes\.erp-mif", r"Software\ERP MIF"):
            expect(not self.registry("HKLM", key), f"clé restée : {key}")
        expect(not any((self.place.drive / "ProgramData").rglob("ERP MIF.lnk")), "menu resté")
        expect((data / "erp-mif.sqlite").exists(), "les données ont disparu")
        return "rien que les données"

    def per_user(self) -> str:
        """For one user, into a folder with accents and spaces, and away again with the data."""
        where = self.place.drive / "Outils de l'été" / "ERP MIF"
        folder = ("/D=C:\\Outils", "de", "l'été\\ERP", "MIF")
        # Renewed by somebody who may do so for everybody, with the folder named or not, it stays this account's.
        for options in (("/CurrentUser", *folder), (), folder):
            status = self.call(self.next, "/S", *options)
            expect(status == 0 and (where / "erp-mif.exe").exists(), f"statut {status}")
            expect(not self.where.exists(), f"{options} : posé dans {self.where}")
            expect(self.registry("HKCU", KEY) and not self.registry("HKLM", KEY), "la clé n'est pas celle du compte")
        status = self.remove("/DONNEES", where=where)
        expect(status == 0 and not where.exists(), f"statut {status}, reste {list(where.rglob('*'))[:3]}")
        left = [str(p) for p in (self.place.drive / "users").rglob("ERP MIF Maroc")]
        expect(not left and not self.registry("HKCU", KEY), f"il reste {left}")
        return "clés du compte, retiré avec ses données"

    def _start_window(self) -> subprocess.Popen[bytes]:
        home = self.work / "fenetre"
        shutil.rmtree(home, ignore_errors=True)
        started = self.place.start(
            wine.path(self.where / "erp-mif.exe"),
            env={"QT_QPA_PLATFORM": "offscreen", "ERP_DATA_DIR": wine.path(home), "ERP_LOG_DIR": wine.path(home)},
        )
        limit = time.monotonic() + 60
        while not home.exists() and time.monotonic() < limit:
            time.sleep(0.2)
        time.sleep(5)
        expect(started.poll() is None, "la fenêtre ne s'est pas ouverte")
        return started

    def _end(self, started: subprocess.Popen[bytes]) -> None:
        """A launcher and what it started."""
        self.place.run("taskkill", "/f", "/im", "erp-mif.exe")
        started.wait(30)
        time.sleep(1)


def _until_still(file: Path, seconds: float) -> None:
    """Wait until a file is there and nobody has written in it for so long; a minute at most."""
    limit, seen, since = time.monotonic() + 60, (0, 0), time.monotonic()
    while time.monotonic() < limit:
        with contextlib.suppress(FileNotFoundError):
            now = (file.stat().st_size, file.stat().st_mtime_ns)
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > seconds:
                return
        time.sleep(0.2)


def hold(target: Path, version: str) -> Path:
    subprocess.run([wine.COMPILER, "-O2", "-s", "-municode", f'-DVERSION="{version}"', "-o", target,
                    chain.HERE / "hold.c"], check=True)  # fmt: skip
    return target


def run(work: Path, made: Path) -> int:
    """Every step; returns 1 when one failed."""
    folder = work / "trial"
    for old in (folder, work / "trial-prefix"):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True)
    place = wine.Wine(work / "trial-prefix")
    setup = Setup(work, place, made)
    hold(folder / "hold.exe", "0")
    at_work = Installed(folder, place, setup.where)
    steps: tuple[Callable[[], str], ...] = (
        setup.install, at_work.version, at_work.contents, at_work.first_run, at_work.old_cache, at_work.reader,
        at_work.kept_open, at_work.long_path, at_work.sync, at_work.tls, at_work.report, at_work.bon, at_work.keyring,
        at_work.capture, at_work.first_window, setup.upgrade, setup.same_again, setup.way_back, setup.foreign,
        setup.uninstall, setup.per_user,
    )  # fmt: skip
    failures, began = 0, time.monotonic()
    for step in steps:
        started = time.monotonic()
        try:
            result, mark = step(), "ok   "
        except (TrialError, subprocess.TimeoutExpired, OSError, KeyError, ValueError, ErpError) as error:
            result, mark = f"{type(error).__name__} : {error}", "ÉCHEC"
            failures += 1
        say(f"{mark} {step.__name__:<13} {time.monotonic() - started:5.1f} s  {result}")
    place.stop()
    said = "tout est en ordre" if not failures else f"{failures} essai(s) en échec ; dossier : {folder}"
    say(f"{said}, {time.monotonic() - began:.0f} s")
    return 1 if failures else 0
