"""Where IT lays versions down, and a desktop that looks there: tiny programs that run, with the real installer."""

from __future__ import annotations

import random
import shutil
import ssl
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import erp_desktop
from erp_desktop import paths
from erp_desktop.cli import release as release_command
from erp_desktop.services.releases import updates
from erp_desktop.settings import Settings

NEXT = "0.2.0"


def tree(folder: Path, version: str) -> Path:
    """A tiny folder of one version, with programs that run."""
    inside = folder / "_internal" / "resources"
    inside.mkdir(parents=True)
    (inside / "octets").write_bytes(random.Random(version).randbytes(16_000))
    for name in ("erp-mif", "erp-admin"):
        program = folder / name
        told = f'echo ERP MIF {version}\n[ -z "$ESSAI_LANCE" ] || echo {version} "$@" > "$ESSAI_LANCE"\n'
        program.write_text(f"#!/bin/sh\n{told}", encoding="utf-8")
        program.chmod(0o755)
    return folder


def says(folder: Path) -> str:
    return subprocess.run(
        [folder / "erp-admin", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def openssl(folder: Path, line: str) -> None:
    subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> Path:
    """A new private authority; its certificate."""
    new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl(folder, f"req -x509 {new} -days 2 -subj /CN={name} -keyout {name}.key -out {name}.crt")
    return folder / f"{name}.crt"


def served(folder: Path, signed_by: str) -> ssl.SSLContext:
    """What a server at 127.0.0.1 shows, of an authority made before."""
    new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl(folder, f"req {new} -subj /CN=127.0.0.1 -keyout serveur.key -out serveur.csr")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(folder, f"x509 -req -in serveur.csr -CA {signed_by}.crt -CAkey {signed_by}.key -CAcreateserial -days 2 "
                    "-extfile ext -out serveur.crt")  # fmt: skip
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(folder / "serveur.crt", folder / "serveur.key")
    return shown


def it(*arguments: object) -> str:
    """A command of IT."""
    done = CliRunner().invoke(release_command.app, [str(a) for a in arguments])
    assert done.exit_code == 0, done.output
    return done.output


class Place:
    """Where IT lays versions down, and the desktop that looks there."""

    def __init__(self, folder: Path) -> None:
        self.depot = folder / "depot"
        self.depot.mkdir()
        self.key = folder / "signature.cle"
        self.public = it("key", "--out", self.key).split()[-1]
        made = tree(folder / "neuf" / f"erp-mif-{NEXT}" / "erp-mif", NEXT)
        shutil.copy(paths.ROOT / "packaging" / "linux" / "installer.sh", made.parent)
        self.archive = self.depot / f"erp-mif-{NEXT}-linux-x86_64.tar.xz"
        with tarfile.open(self.archive, "w:xz", preset=0) as packed:
            packed.add(made.parent, made.parent.name)
        self.settings = Settings(
            data_dir=folder / "poste", log_dir=folder / "poste", update_source=str(self.depot), update_key=self.public
        )
        self.settings.data_dir.mkdir()
        self.program = tree(folder / "programme" / "erp-mif", erp_desktop.__version__)

    def sign(self, *more: object) -> None:
        it("sign", self.depot, "--key", self.key, "--linux", self.archive.name, "--version", NEXT, *more)

    def look(self, **changes: Any) -> updates.Offer:
        return updates.look(self.settings.model_copy(update=changes), "linux-x86_64")
