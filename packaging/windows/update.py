"""A new version on real desktops under wine: ``python3 dev.py build windows --update-trial [--previous REF]``.

The story of ``packaging/update_trial.py``, with the installers that are handed out: the former version, frozen under
wine from an earlier state of this repository, is one account's, in a folder whose name has spaces and accents.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import chain
import update_trial
import wine
from trial import Installed
from update_trial import FORMER, Desk, TrialError

import erp_desktop

FOLDER = Path("Outils de l'été") / "ERP MIF"


class WineDesk(Installed, Desk):
    """A desktop's data in a folder of its own, and the program that is installed at ``where``."""

    system = "--windows"

    def __init__(self, folder: Path, place: wine.Wine, where: Path) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder, place, where)
        self.cache = folder / "data" / "erp-mif.sqlite"
        self.environment |= {"ERP_SECRETS_FILE": wine.path(self.secrets)}


class Office(Desk):
    """Where IT signs versions and upgrades the centre: this machine, with the program from its source."""

    system = "--windows"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        super().__init__(folder)

    def run(self, program: str, *arguments: object, env: dict[str, str] | None = None) -> str:
        command = [sys.executable, "-m", "erp_desktop.cli", *map(str, arguments)]
        machine = {**self.environment, "PATH": os.environ["PATH"], "PYTHONPATH": str(wine.ROOT), **(env or {})}
        done = subprocess.run(command, cwd=self.folder, env=machine, capture_output=True, text=True, check=False)
        if done.returncode:
            raise TrialError(f"{program} {command[3:]} → {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()


def previous(work: Path, place: wine.Wine, reference: str) -> Path:
    """The installer of the former version: made once for a reference."""
    room = work / "update" / update_trial.commit_of(reference)
    made = room / f"erp-mif-{FORMER}-windows-x64.exe"
    if made.exists():
        return made
    shutil.rmtree(room, ignore_errors=True)
    source = update_trial.former_source(reference, room)
    frozen = chain.freeze(place, room, source)
    scripts = source / "packaging" / "windows"
    ready = chain.installer(room, frozen, chain.moment(), version=FORMER, scripts=scripts, dense=False)
    ready.rename(made)
    for used in ("dist", "work", "source"):
        shutil.rmtree(room / used)
    return made


def run(work: Path, place: wine.Wine, reference: str | None) -> int:
    """Play it in a prefix without Python; the last line is the verdict."""
    present = chain.latest(work, erp_desktop.__version__)
    former = previous(work, place, reference or update_trial.PREVIOUS)
    shutil.rmtree(work / "update-prefix", ignore_errors=True)
    bare = wine.Wine(work / "update-prefix")
    inside = "C:\\" + str(FOLDER).replace("/", "\\")
    # NSIS reads what follows /D= to the end of the line, unquoted.
    done = bare.run(wine.path(former), "/S", "/CurrentUser", *f"/D={inside}".split(" "), timeout_s=900)
    if done.returncode:
        raise TrialError(f"l'installeur de {FORMER} : statut {done.returncode}")
    folder = Path(tempfile.mkdtemp(prefix="versions-", dir=work))
    one, two = (WineDesk(folder / name, bare, bare.drive / FOLDER) for name in ("CAS", "TNG"))
    try:
        return update_trial.told(folder, one, two, Office(folder / "informatique"), present)
    finally:
        bare.stop()
