"""Installs a verified version while no window is open, and goes back to the one before with what was done since."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import erp_desktop
from erp_desktop import paths
from erp_desktop.db import secrets
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import UserError
from erp_desktop.registry import revisions
from erp_desktop.services.releases import manifest, updates
from erp_desktop.services.releases.manifest import ReleaseRefusedError
from erp_desktop.services.releases.updates import Offer
from erp_desktop.settings import Settings
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import restore

_PATIENCE_S = 900


@dataclass(frozen=True, slots=True)
class Installed:
    """What stands now; ``reportees`` rows that wait to be sent were carried into the backup that came back."""

    version: str
    avant: str
    sauvegarde: Path | None = None
    reportees: int = 0


def program_folder() -> Path:
    """Where this program is installed: what its installer is told.

    Raises:
        UserError: it runs from its source.
    """
    if not getattr(sys, "frozen", False):
        raise UserError("Ce programme tourne depuis ses sources : il n'y a rien à remplacer.")
    here = Path(sys.executable).resolve().parent
    # On Windows a version lies in versions/NAME of that folder.
    return here.parent.parent if here.parent.name == "versions" else here


def install(settings: Settings, offer: Offer, file: Path, folder: Path) -> Installed:
    """Run the installer, looked at once more; the version before stays beside.

    Raises:
        DatabaseBusyError: a window or a command works on the cache.
        ReleaseRefusedError: the file is not the one that was signed any more.
        UserError: the installer refused; the present version stands.
    """
    if offer.artefact is None or manifest.sha256_of(file) != offer.artefact.sha256:
        raise ReleaseRefusedError("Le fichier de la nouvelle version a changé depuis : rien n'est installé.")
    lock = CacheLock(settings.cache)
    lock.exclusive(20.0)
    # Asked before: behind the installer, the files of this folder are another version's.
    before, revision = erp_desktop.__version__, revisions.head()
    try:
        _run_installer(file, folder)
    finally:
        lock.release()
    updates.remember(
        settings, installee=offer.version,
        avant={"version": before, "revision": revision, "dossier": str(_present(folder))},
    )  # fmt: skip
    return Installed(offer.version, before)


def _run_installer(file: Path, folder: Path) -> None:
    if file.suffix == ".exe":
        # NSIS reads what follows /D= to the end of the line, unquoted, whatever spaces the folder has.
        _call(f'"{file}" /S /D={folder}')
        return
    if not os.access(folder.parent, os.W_OK):
        raise UserError(
            f"Le dossier {folder.parent} n'est pas à vous : l'informatique y installe la nouvelle version."
        )
    with tempfile.TemporaryDirectory(prefix="erp-mif-version-", dir=file.parent) as opened:
        with tarfile.open(file) as archive:
            archive.extractall(opened, filter="data")
        script = next(Path(opened).glob("*/installer.sh"), None)
        if script is None:
            raise ReleaseRefusedError("L'archive de la nouvelle version n'a pas d'installeur.")
        _call(["/bin/sh", str(script), "--silencieux", "--prefixe", str(folder), *_links(folder)])


def _links(folder: Path) -> list[str]:
    """Links and menus stay where they are: those of an installation of one's own are the user's."""
    if folder == Path("/opt/erp-mif"):
        return []
    home = Path.home() / ".local"
    return ["--liens", str(home / "bin"), "--menus", str(home / "share" / "applications")]


def _call(command: list[str] | str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            "L'installeur de la nouvelle version ne s'est pas terminé ; la version présente reste."
        ) from error
    if done.returncode != 0:
        told = (done.stderr.strip() or done.stdout.strip() or f"statut {done.returncode}").splitlines()[-1]
        raise UserError(f"L'installeur a refusé, la version présente reste : {told}")


def _present(folder: Path) -> Path:
    """Where the version that was replaced is now."""
    former = folder.with_name(folder.name + ".ancien")
    return former if former.is_dir() else Path(sys.executable).resolve().parent


def former(settings: Settings) -> str:
    """The version that this desktop can go back to; empty without one."""
    kept = updates.remembered(settings).get("avant")
    return str(kept["version"]) if kept and Path(kept["dossier"]).is_dir() else ""


def back(settings: Settings, folder: Path) -> Installed:
    """Put the version before in place, and the cache as that one knows it with everything done since.

    Raises:
        DatabaseBusyError: a window or a command works on the cache.
        UserError: there is no version before, or something done since has no place in its database: it is to be sent
            first. Nothing was changed.
    """
    if not former(settings):
        raise UserError("Aucune version d'avant n'est gardée sur ce poste.")
    kept = updates.remembered(settings)["avant"]
    restored = _cache_of(settings, kept["revision"])
    pointer = folder / "version.txt"
    if pointer.is_file():
        _point(pointer, Path(kept["dossier"]).name)
    else:
        _swap(folder, Path(kept["dossier"]))
    # The window does not install by itself again what was taken back.
    updates.remember(settings, avant=None, installee=kept["version"], reprise=erp_desktop.__version__)
    return Installed(
        kept["version"], erp_desktop.__version__, restored.restauree if restored else None,
        restored.reportees if restored else 0,
    )  # fmt: skip


def _cache_of(settings: Settings, revision: str) -> restore.Restauration | None:
    """The cache as a program of ``revision`` knows it; None when it is so already."""
    if not settings.cache.is_file():
        return None
    key = secrets.cache_key(settings.cache, settings.secrets_file)
    if backup.revision_of(settings.cache, key) == revision:
        return None
    kept = next((s for s in backup.backups(settings.cache) if s.revision == revision), None)
    if kept is None:
        raise UserError("Aucune sauvegarde de la base d'avant la mise à jour n'est gardée : rien n'a été changé.")
    return restore.restore(settings.cache, kept.chemin, key, keep_revision=True)


def _point(pointer: Path, name: str) -> None:
    ready = pointer.with_name("version.txt.neuf")
    ready.write_text(name, encoding="utf-8")
    paths.put_in_place(ready, pointer)


def _swap(folder: Path, former: Path) -> None:
    """Exchange two folders; a cut leaves both, under names that the installer takes away."""
    aside = folder.with_name(folder.name + ".nouveau")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    try:
        former.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    aside.rename(former)
