"""Every command of ``docs/guide_it.md``, run in its order as it is written."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from typer.testing import CliRunner

from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.services import calendrier
from erp_desktop.sync.device.registration import register
from erp_desktop.upgrade.central import checklist
from tests.upgrade.central.guide import GUIDE, NAMES, SERVERS, Centre, drop

# What a command says where this story has nothing that it could do; every other one must succeed.
REFUSED = {
    "server init --url … --from": "poste.sqlite n'existe pas", "sync unpark N": "1", "sync discard N": "1",
    "db downgrade REVISION": "--accept-data-loss", "server health": "objets larges",
    "update install": "depuis ses sources", "update back": "depuis ses sources",
    "facture pdf NUMERO": "n'existe pas", "facture transmettre NUMERO": "n'existe pas",
}  # fmt: skip


@pytest.fixture(scope="module")
def centre(guide_centre: Centre) -> Centre:
    return guide_centre


_PIECES = re.compile(r"^```(\w*)\n(.*?)\n```$|`(erp-admin [^`]+)`", re.MULTILINE | re.DOTALL)


def steps() -> Iterator[tuple[str, str]]:
    """What the guide says to type, in its order: ``sql`` with a block, ``line`` with a command less its comment."""
    for language, block, inline in _PIECES.findall(GUIDE):
        if language == "sql":
            yield "sql", block
            continue
        for line in (block.replace("\\\n", " ") or " ".join(inline.split())).splitlines():
            if line.split(" ")[0] in {"erp-admin", "createdb", "pg_restore", "psql"}:
                yield "line", re.sub(r"\s{2,}(?!-)\S.*$", "", line)


@dataclass
class Story:
    """Types what the guide says; the placeholders are a base of ``server``, and files below ``folder``."""

    server: sa.URL
    binaries: Path
    folder: Path
    archive: str = ""
    stolen: str = "7"
    public: str = ""
    typed: int = 0

    @property
    def url(self) -> str:
        return self.server.set(username="guide_admin", password=None, database="guide").render_as_string(False)

    @property
    def engine(self) -> sa.Engine:
        return create_pg_engine(self.server.set(username="guide_admin", database="guide").render_as_string(False))

    def filled(self, text: str) -> str:
        for name, ours in NAMES.items():
            text = re.sub(name, ours, text)
        for pattern, value in {
            r"postgresql://(…|\S+)|(?<=--url )…": self.url, r"CHEMIN/erp-mif\.sqlite|(?<=--cache )(…|FICHIER)":
            str(self.folder / "poste.sqlite"), r"FICHIER\.sqlite": str(self.folder / "poste.sqlite"),
            r"/srv/sauvegardes/\S+\.dump": self.archive, r"/srv/sauvegardes": str(self.folder),
            r"(?<=revoke )7": self.stolen,
            r"\[SAUVEGARDE\] ": "", r"[\[\]]": "", r"(?<=unpark |iscard )N\b": "1",
            r"\bREVISION …": f"e8f2c6a0d4b3 --url {self.url}",
        }.items():  # fmt: skip
            text = re.sub(pattern, lambda _found, value=value: value, text)
        for name, found in (
            ("sync import FICHIER", "*-retour.paquet"), ("server import FICHIER", "*-aller.paquet"),
        ):  # fmt: skip
            if name in text:
                (place,) = map(str, self.folder.rglob(found))
                text = text.replace(name, name.replace("FICHIER", place))
        return text.replace("DOSSIER", str(self.folder / "livraison")).replace("CLE_PUBLIQUE", self.public)

    def psql(self, text: str, base: str = "postgres") -> None:
        self.shell(["psql", "-X", "-v", "ON_ERROR_STOP=1", base], text)

    def shell(self, words: list[str], text: str | None = None) -> None:
        machine = {**os.environ, "PGHOST": str(self.server.host), "PGPORT": str(self.server.port),
                   "PGUSER": "postgres"}  # fmt: skip
        done = subprocess.run([str(self.binaries / words[0]), *words[1:]], input=text, env=machine,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 0, (words, done.stderr)

    def admin(self, line: str) -> None:
        group, *words = shlex.split(self.filled(line))[1:]
        done = CliRunner().invoke(importlib.import_module(f"erp_desktop.cli.{group}").app, words)
        refused = next((told for start, told in REFUSED.items() if line.startswith(f"erp-admin {start}")), None)
        assert done.exit_code == (0 if refused is None else 1), (line, done.output, done.exception)
        assert refused is None or refused in done.output, (line, done.output)
        if told := re.search(r"^update_key = (\S+)$", done.output, re.MULTILINE):
            self.public = told[1]
        self.typed += 1


@pytest.mark.parametrize(
    "guide_centre",
    [pytest.param(one, id=f"postgresql-{one[0]}", marks=[] if one is SERVERS[-1] else [pytest.mark.soak])
     for one in SERVERS],
    indirect=True,
)  # fmt: skip
def test_every_command_of_the_guide_runs_as_it_is_written(
    centre: Centre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first line of SQL to the centre brought back from its archive, as the role that the guide asks for.

    On the newest server in every run, on older ones by hand (``-m soak``): what differs between them, the roles, is
    in the tests above, which run on each.
    """
    assert centre.server.binaries is not None
    story = Story(normalise_url(centre.url), centre.server.binaries, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ERP_SECRETS_FILE", str(tmp_path / "secrets.json"))
    monkeypatch.setenv("ERP_PASSWORD", "à changer")
    # The guide's dates are of 2027 and 2028: a centre made in 2026 knows holidays of the first alone.
    monkeypatch.setattr(calendrier.clock, "today", lambda: date(2026, 11, 28))
    before: dict[str, Callable[[], None]] = {
        "erp-admin user add": lambda: add_more(story),
        "erp-admin device revoke": lambda: second_device(story),
        "erp-admin calendrier recalculer": lambda: contract(story),
        "erp-admin planning competence ": lambda: skill(story),
        "erp-admin audit personne extrait": lambda: person(story),
        "erp-admin release sign": lambda: installers(story, monkeypatch),
        "erp-admin sync export": lambda: greet(story),
    }
    spreadsheets(tmp_path)
    try:
        for kind, text in steps():
            if kind == "sql":
                story.psql(story.filled(text))
                adopt(story)
                continue
            if text.startswith("erp-admin"):
                next((make for start, make in before.items() if text.startswith(start)), lambda: None)()
                story.admin(text)
                story.archive = max(map(str, tmp_path.glob("*.dump")), default="")
                continue
            story.shell(shlex.split(story.filled(text)))
        assert story.typed >= 40
        engine = story.engine
        assert checklist.check_central(engine).etat == "egal"
        with engine.connect() as connection:
            logins = "SELECT bool_and(has_database_privilege(login, 'guide', 'CONNECT')), count(*) FROM sync.devices "
            assert connection.exec_driver_sql(logins + "WHERE etat = 'actif' AND login IS NOT NULL").one()[0] is True
        engine.dispose()
    finally:
        drop(centre)


def installers(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the guide signs, and a desktop that takes its versions from their folder."""
    folder = story.folder / "livraison"
    folder.mkdir()
    for name in ("erp-mif-0.2.0-linux-x86_64.tar.xz", "erp-mif-0.2.0.exe"):
        (folder / name).write_bytes(name.encode())
    monkeypatch.setenv("ERP_UPDATE_SOURCE", str(folder))
    monkeypatch.setenv("ERP_UPDATE_KEY", story.public)


def spreadsheets(folder: Path) -> None:
    """The two files that the guide takes over."""
    order = ("N° OT", "Libellé", "Machine", "Créé le", "Etat", "Genre", "Montant")
    for name, rows in {
        "clients.xlsx": [("nom_entreprise", "ville"), ("Sucrerie Tadla", "Casablanca")],
        "gmao.xlsx": [order, ("OT-1", "Fuite", "EX-01", "03/11/2026 08:15", "TERM", "Panne", "120,50")],
    }.items():
        with xlsxwriter.Workbook(str(folder / name)) as book:
            sheet = book.add_worksheet()
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)


def adopt(story: Story) -> None:
    """The guide's server is new; here another test may have made the group roles as somebody else."""
    story.psql(
        "SELECT format('GRANT %I TO guide_admin WITH ADMIN OPTION', rolname) FROM pg_roles "
        "WHERE rolname IN ('erp_sync', 'erp_device', 'erp_central', 'erp_revoque') \\gexec\n"
    )


def add_more(story: Story) -> None:
    """The second agency that the guide speaks of."""
    story.admin("erp-admin server agence add TNG Tanger --url …")
    story.typed -= 1


def greet(story: Story) -> None:
    """A device of a new identity has met its centre once before its line went down."""
    story.admin("erp-admin sync run --cache CHEMIN/erp-mif.sqlite")
    story.typed -= 1


def second_device(story: Story) -> None:
    """The guide takes back a device by its number: one that another desk was given."""
    engine = story.engine
    try:
        with engine.connect() as connection:
            allowed = connection.exec_driver_sql("SELECT count(*) FROM sync.devices WHERE poste > 0").scalar()
        assert allowed == 1
        story.stolen = str(register(engine, "CAS", "Volé", "secret")[0])
    finally:
        engine.dispose()


def skill(story: Story) -> None:
    """The skill that the guide asks for is one of the company's."""
    engine = story.engine
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO competences (nom, created_at, updated_at) VALUES ('Froid', now(), now())"
        )
    engine.dispose()


def person(story: Story) -> None:
    """Who asks what is held on them is the contact of a client."""
    engine = story.engine
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO clients (agence_id, nom_entreprise, contact, created_at, updated_at) SELECT id, "
            "'Minoterie Chaouia', 'Fatima Lahlou', now(), now() FROM agences WHERE code = 'CAS'"
        )
    engine.dispose()


def contract(story: Story) -> None:
    engine = story.engine
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "WITH c AS (INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) SELECT id, 'Client', "
            "now(), now() FROM agences WHERE code = 'CAS' RETURNING id, agence_id) INSERT INTO contrats (agence_id, "
            "client_id, numero_contrat, type_contrat, statut, date_debut, created_at, updated_at) SELECT agence_id, "
            "id, 'CTR-2026-014', 'support_technique', 'en_cours', '2026-01-01', now(), now() FROM c"
        )
    engine.dispose()
