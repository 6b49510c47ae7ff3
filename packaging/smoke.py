"""The built programs at work, as built: in a bare environment (no Python, no source tree, a home of their own), with
a real PostgreSQL started from the development tools. Each step prints its result.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
DIST = ROOT / "dist" / "erp-mif"
EXE = ".exe" if os.name == "nt" else ""
OLD_REVISION = "7f3a9b1d5c2e"
"""A revision that devices in the field still carry; the trial upgrades a cache from it."""
TIMEOUT_S = 300


class TrialError(Exception):
    """A step of the trial did not do what it must."""


def say(text: str) -> None:
    print(f"[build] {text}", flush=True)


class Trial:
    """The built programs at work in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "data" / "poste.sqlite"
        self.secrets = folder / "secrets.json"
        keep = {k: os.environ[k] for k in ("SYSTEMROOT", "WINDIR", "TEMP", "TMP", "LANG") if k in os.environ}
        self.environment = {
            **keep, "PATH": os.defpath, "HOME": str(folder), "USERPROFILE": str(folder), "APPDATA": str(folder),
            "LOCALAPPDATA": str(folder), "XDG_RUNTIME_DIR": str(folder), "QT_QPA_PLATFORM": "offscreen",
            "ERP_DATA_DIR": str(folder / "data"), "ERP_LOG_DIR": str(folder / "logs"),
        }  # fmt: skip
        (folder / "data").mkdir()

    def run(self, program: str, *arguments: object, env: dict[str, str] | None = None) -> str:
        command = [str(DIST / f"{program}{EXE}"), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, env={**self.environment, **(env or {})}, capture_output=True, text=True,
            encoding="utf-8", timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            log = self.folder / "logs" / "erp-mif.log"
            tail = log.read_text(encoding="utf-8")[-1500:] if log.exists() else ""
            raise TrialError(
                f"{' '.join(command)} → {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}{tail}"
            )
        return done.stdout.strip()

    def admin(self, *arguments: object, env: dict[str, str] | None = None) -> Any:
        """Run ``erp-admin … --json`` and return its answer."""
        return json.loads(self.run("erp-admin", *arguments, "--json", env=env))

    def named(self, file: Path) -> str:
        """A file of this machine as the programs name it."""
        return str(file)

    # The steps, in order

    def version(self) -> str:
        import erp_desktop

        told = self.run("erp-admin", "--version")
        expect(told == f"ERP MIF {erp_desktop.__version__}", f"version inattendue : {told}")
        expect(self.run("erp-mif", "--version") == told, "les deux programmes ne disent pas la même version")
        return told

    def built(self) -> Path:
        """The folder of the programs."""
        return DIST

    def contents(self) -> str:
        """Nothing of what was to be left out is in the folder, and what shows a document's picture is."""
        inside = [f.relative_to(self.built()).as_posix() for f in self.built().rglob("*")]
        unwanted = [f for f in inside if any(w in f for w in ("Qt6Qml", "Qt6Quick", "VirtualKeyboard", "qml/"))]
        expect(not unwanted, f"à laisser dehors : {unwanted[:5]}")
        languages = sorted(Path(f).stem for f in inside if f.endswith(".qm"))
        expect(languages == ["qtbase_ar", "qtbase_en", "qtbase_fr"], f"traductions : {languages}")
        kinds = {Path(f).stem.removeprefix("lib") for f in inside if "/imageformats/" in f}
        expect({"qgif", "qjpeg", "qsvg", "qtiff", "qwebp"} <= kinds, f"images : {sorted(kinds)}")
        return f"traductions {', '.join(languages)}, images {', '.join(sorted(kinds))}, sans Qml ni clavier virtuel"

    def first_run(self) -> str:
        """A cache is created from nothing and carries the whole schema."""
        file = self.folder / "neuf.sqlite"
        answer = self.admin("db", "upgrade", "--cache", file)
        state = self.admin("db", "status", "--cache", file)
        expect(state["etat"] == "egal" and state["revision"] == answer["vers"], f"état inattendu : {state}")
        return f"base créée à la révision {state['revision']}, {file.stat().st_size // 1024} Kio"

    def old_cache(self) -> str:
        """A cache of an older version, with rows, is upgraded and keeps them; a backup stays beside it."""
        file = self.folder / "ancien.sqlite"
        before = make_old_cache(file)
        answer = self.admin("db", "upgrade", "--cache", file)
        expect(answer["de"] == OLD_REVISION, f"révision de départ inattendue : {answer}")
        expect(self.admin("db", "status", "--cache", file)["etat"] == "egal", "la base n'est pas à jour")
        after = count_rows(file)
        expect(before == after, f"lignes avant {before}, après {after}")
        saved = [f for f in file.parent.rglob(f"*{OLD_REVISION}*") if f.is_file()]
        expect(len(saved) == 1 and count_rows(saved[0]) == before, f"sauvegarde : {saved}")
        return f"{OLD_REVISION} → {answer['vers']}, {sum(after.values())} lignes gardées, sauvegarde {saved[0].name}"

    def sync(self) -> str:
        """A centre, an agency, an enrolled device; a row typed at each end arrives at the other."""
        from erp_desktop.db.embedded import EmbeddedPostgres

        with EmbeddedPostgres() as server:
            url = server.create_database("essai").replace("+psycopg2", "")
            self.admin("server", "init", "--url", url)
            self.admin("server", "agence", "add", "CAS", "Casablanca", "--url", url)
            device = self.admin("device", "enroll", "--url", url, "--agence", "CAS", "--name", "essai",
                                "--cache", self.cache, "--secrets", self.secrets)  # fmt: skip
            place = ("--cache", self.cache, "--secrets", self.secrets)
            typed = insert_client(self.cache, self.secrets, "Cimenterie de l'essai")
            first = self.admin("sync", "run", *place)
            expect(first["pushed"] >= 1, f"rien d'envoyé : {first}")
            arrived = central_rows(url, "SELECT nom_entreprise FROM clients WHERE id = %s", typed)
            expect(arrived == [("Cimenterie de l'essai",)], f"au centre : {arrived}")
            central_rows(url, "UPDATE clients SET telephone = '+212522000000' WHERE id = %s RETURNING id", typed)
            second = self.admin("sync", "run", *place)
            expect(second["pulled"] >= 1, f"rien de reçu : {second}")
            phone = read_cache(self.cache, self.secrets, "SELECT telephone FROM clients WHERE id = ?", typed)
            expect(phone == [("+212522000000",)], f"sur le poste : {phone}")
            state = self.admin("sync", "status", *place)["etat"]
            expect(state["en_attente"] == 0, f"il reste à envoyer : {state}")
        return (f"poste {device['poste']}, {first['pushed']} envoyé(s), {second['pulled']} reçu(s), "
                f"{first['round_trips'] + second['round_trips']} allers-retours, base chiffrée")  # fmt: skip

    def tls(self) -> str:
        """The right authority lets a device enrol and exchange over TLS; another one is refused in one sentence."""
        from tests.sync.exchange.test_tls import PASSWORD, running

        cache, secret = self.folder / "tls" / "poste.sqlite", {"ERP_PASSWORD": PASSWORD}
        place = ("--cache", cache, "--secrets", self.folder / "tls.json")
        with running() as server:

            def url(authority: str) -> str:
                file = quote(self.named(server.folder / f"{authority}.crt"), safe="")
                address = f"postgresql://poste@centre.mif.test:{server.port}/postgres"
                return f"{address}?hostaddr=127.0.0.1&sslrootcert={file}"

            self.admin("server", "init", "--url", url("bonne"), env=secret)
            self.admin("server", "agence", "add", "CAS", "Casablanca", "--url", url("bonne"), env=secret)
            try:
                self.admin("server", "status", "--url", url("autre"), env=secret)
            except TrialError as refused:
                expect("certificat" in str(refused), f"refusé autrement : {refused}")
            else:
                raise TrialError("une autre autorité est acceptée")
            made = self.admin("device", "enroll", "--url", url("bonne"), "--agence", "CAS", "--name", "tls", *place,
                              env=secret)  # fmt: skip
            run = self.admin("sync", "run", *place)
        return f"poste {made['poste']} inscrit par TLS, {run['round_trips']} allers-retours, autre autorité refusée"

    def report(self) -> str:
        """The three formats from the enrolled, encrypted cache."""
        sizes = []
        for form, magic in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
            file = self.folder / f"rapport.{form}"
            self.admin("report", "interventions", "--format", form, "--out", file, "--cache", self.cache,
                       "--secrets", self.secrets)  # fmt: skip
            expect(file.read_bytes().startswith(magic), f"{file.name} n'est pas un {form}")
            sizes.append(f"{form} {file.stat().st_size // 1024} Kio")
        import pypdf

        page = pypdf.PdfReader(self.folder / "rapport.pdf").pages[0]
        text = " ".join(page.extract_text().split())
        expect("Rapport des interventions" in text, f"texte du PDF : {text[:200]}")
        fonts = [str(f.get_object()["/BaseFont"]) for f in page["/Resources"]["/Font"].values()]
        expect(all("NotoSans" in f for f in fonts), f"polices du PDF : {fonts}")
        return ", ".join(sizes)

    def bon(self) -> str:
        """The paper of an intervention, from its template, in both languages, with the company's fonts."""
        import pypdf

        told = []
        for language in ("fr", "ar"):
            file = self.folder / f"bon-{language}.pdf"
            self.run("erp-admin", "papier", "preview", "bon_intervention", "--langue", language, "--out", file)
            page = pypdf.PdfReader(file).pages[0]
            fonts = {str(f.get_object()["/BaseFont"]) for f in page["/Resources"]["/Font"].values()}
            expect(bool(fonts) and all("NotoSans" in f for f in fonts), f"polices du bon : {fonts}")
            expect(len(page.extract_text()) > 300, "le bon est presque vide")
            told.append(f"{language} {file.stat().st_size // 1024} Kio")
        return ", ".join(told)

    def install(self) -> str:
        """The installer works unattended, upgrades in place and leaves nothing behind; other files are refused."""
        if os.name == "nt":
            return "essayé sur une machine Windows par l'installeur lui-même"
        unpacked = self.folder / "archive"
        unpacked.mkdir()
        (unpacked / "erp-mif").symlink_to(DIST)
        shutil.copy(ROOT / "packaging" / "linux" / "installer.sh", unpacked)
        prefix, links, menus = (self.folder / "installe" / n for n in ("erp-mif", "bin", "menus"))
        command = ["sh", str(unpacked / "installer.sh"), "--silencieux", "--prefixe", str(prefix), "--liens",
                   str(links), "--menus", str(menus)]  # fmt: skip
        for _ in range(2):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            expect((done.returncode, done.stdout, done.stderr) == (0, "", ""), f"{done}")
        program = [str(links / "erp-admin"), "--version"]
        told = subprocess.run(program, env=self.environment, capture_output=True, text=True, check=False).stdout
        expect(told.startswith("ERP MIF "), f"le programme installé répond : {told!r}")
        subprocess.run([*command, "--desinstaller"], check=True)
        left = [p for p in (self.folder / "installe").rglob("*") if not p.is_dir()]
        expect(not left, f"il reste {left}")
        prefix.mkdir()
        (prefix / "autre.txt").write_text("x")
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        expect(
            refused.returncode == 1 and (prefix / "autre.txt").exists(), f"un dossier étranger est pris : {refused}"
        )
        return "installé, remplacé, retiré sans question"

    def capture(self) -> str:
        """The window opens a stand-alone database and shows its first page."""
        self.run("erp-admin", "db", "upgrade", "--cache", self.folder / "data" / "erp-mif.sqlite")
        picture = self.folder / "fenetre.png"
        self.run("erp-mif", "--capture", picture, env={"ERP_MODE": "autonome"})
        colours, size = look(picture)
        expect(colours > 20, f"image presque vide : {colours} couleurs")
        return f"{size[0]} × {size[1]}, {colours} couleurs"

    def first_window(self) -> str:
        """Without any settings the window offers the first-run wizard."""
        home = self.folder / "vierge"
        picture = self.folder / "premier-demarrage.png"
        self.run("erp-mif", "--capture", picture, env={"ERP_DATA_DIR": str(home), "ERP_LOG_DIR": str(home / "logs")})
        colours, size = look(picture)
        expect(colours > 20, f"image presque vide : {colours} couleurs")
        return f"{size[0]} × {size[1]}, {colours} couleurs"

    def settings(self) -> str:
        """Each wrong setting is a window that waits and one line of the log: place, key and what may be."""
        import wrong_settings

        return wrong_settings.retried(self.environment, DIST / f"erp-mif{EXE}", self.folder / "reglages")

    def demo(self) -> str:
        """The demonstration that the wizard offers plays to its end, server included, and leaves nothing running."""
        out = self.folder / "demo"
        self.run("erp-mif", "--demo", "--interventions", "300", "--out", out)
        pictures = sorted(out.glob("*.png"))
        expect(len(pictures) >= 5, f"{len(pictures)} captures seulement")
        expect(any(out.glob("*.pdf")), "le rapport manque")
        return f"{len(pictures)} captures et le rapport"


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TrialError(otherwise)


def make_old_cache(file: Path) -> dict[str, int]:
    """A cache at ``OLD_REVISION`` with a few rows, made by the source tree; returns its counts."""
    from erp_desktop.db.engine import create_sqlite_engine
    from erp_desktop.upgrade import migrate

    engine = create_sqlite_engine(file)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection, OLD_REVISION)
            now = "2025-02-17T09:00:00.000000Z"
            for n in range(50):
                connection.exec_driver_sql(
                    "INSERT INTO clients (id, nom_entreprise, type_client, niveau_service, is_active, created_at, "
                    "updated_at) VALUES (?, ?, 'entreprise', 'standard', 1, ?, ?)", (n + 1, f"Client {n}", now, now),
                )  # fmt: skip
            connection.commit()
    finally:
        engine.dispose()
    return count_rows(file)


def count_rows(file: Path) -> dict[str, int]:
    import sqlcipher3.dbapi2 as sqlite

    connection = sqlite.connect(str(file))
    try:
        return {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("clients", "users")}
    finally:
        connection.close()


def opened(file: Path, secrets: Path) -> Any:
    from erp_desktop.db import secrets as store
    from erp_desktop.db.engine import connect_sqlite

    return connect_sqlite(file, store.cache_key(file, secrets))


def insert_client(file: Path, secrets: Path, name: str) -> int:
    """What a console would type: plain SQL, captured by the triggers like any other writer."""
    connection = opened(file, secrets)
    try:
        now = "2026-11-22T09:00:00.000000Z"
        connection.execute(
            "INSERT INTO clients (nom_entreprise, agence_id, type_client, niveau_service, is_active, created_at, "
            "updated_at) SELECT ?, id, 'entreprise', 'standard', 1, ?, ? FROM agences WHERE code = 'CAS'",
            (name, now, now),
        )
        found = connection.execute("SELECT id FROM clients WHERE nom_entreprise = ?", (name,)).fetchone()
        return int(found[0])
    finally:
        connection.close()


def read_cache(file: Path, secrets: Path, sql: str, *values: object) -> list[Any]:
    connection = opened(file, secrets)
    try:
        return [tuple(row) for row in connection.execute(sql, values)]
    finally:
        connection.close()


def central_rows(url: str, sql: str, *values: object) -> list[Any]:
    import psycopg2

    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())
    finally:
        connection.close()


def look(picture: Path) -> tuple[int, tuple[int, int]]:
    """Number of distinct colours (of a grid of points) and the size of a PNG."""
    from PySide6.QtGui import QImage

    image = QImage(str(picture))
    points = ((x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3))
    return len({image.pixel(x, y) for x, y in points}), (image.width(), image.height())


def smoke(keep: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="erp-mif-essai-"))
    trial = Trial(folder)
    steps: tuple[Callable[[], str], ...] = (
        trial.version, trial.contents, trial.first_run, trial.old_cache, trial.sync, trial.tls, trial.report,
        trial.bon, trial.install, trial.capture, trial.first_window, trial.settings, trial.demo,
    )  # fmt: skip
    failures = 0
    for step in steps:
        started = time.monotonic()
        try:
            result, mark = step(), "ok   "
        except (TrialError, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as error:
            result, mark = f"{type(error).__name__} : {error}", "ÉCHEC"
            failures += 1
        say(f"{mark} {step.__name__:<13} {time.monotonic() - started:5.1f} s  {result}")
    if keep or failures:
        say(f"dossier de l'essai : {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return failures
