"""Where things live: program resources (also inside a frozen build) and the user's data."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import platformdirs

_FROZEN = getattr(sys, "_MEIPASS", None)
ROOT = Path(_FROZEN) if _FROZEN else Path(__file__).resolve().parent.parent
"""Folder that holds ``migrations/``, ``alembic.ini`` and ``resources/``."""

RESOURCES = ROOT / "resources"
MIGRATIONS = ROOT / "migrations"
ALEMBIC_INI = ROOT / "alembic.ini"


def keep_to_the_owner() -> None:
    """Let whatever this process writes be readable by its user alone: caches, copies, drafts, logs, temporary files.

    Windows keeps a user's folders to the user already.
    """
    if os.name == "posix":
        os.umask(0o077)


def put_in_place(ready: Path, target: Path, *, patience_s: float = 3.0) -> None:
    """Give a finished file the name of another in one step of the file system, once it is on the disk: a machine that
    loses its current has the older one or the new one, whole.

    Windows refuses that while another program has one of the two open, as an antivirus does with every new file for a
    moment: that is waited for.

    Args:
        ready: closed, in the folder of ``target``.
        target: replaced when it is there.
        patience_s: seconds.

    Raises:
        PermissionError: somebody kept one of them open all that time, or the folder may not be written.
        OSError: the target is no file: a folder, or a device, which its owner would lose.
    """
    if target.exists() and not target.is_file():
        raise OSError(errno.EISDIR if target.is_dir() else errno.EINVAL, "not a file", str(target))
    deadline, pause = time.monotonic() + patience_s, 0.05
    while True:
        try:
            with ready.open("rb+") as whole:
                os.fsync(whole.fileno())
            ready.replace(target)
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(pause)
            pause = min(2 * pause, 1.0)
        else:
            return


def real(path: Path) -> Path:
    """The path without links; as it is where the system cannot follow it (wine, beyond 260 characters)."""
    try:
        return path.resolve()
    except OSError:
        return path.absolute()


def free_space(folder: Path) -> int:
    """Bytes that may be written on the folder's disk; Windows does not look there through a path that is too long."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return shutil.disk_usage(folder.anchor).free


def let_go(file: Path) -> None:
    """Delete a file that nobody needs; one that another program has open stays until somebody comes by again."""
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


def data_dir() -> Path:
    """Per-user data folder; ``ERP_DATA_DIR`` overrides it through the settings."""
    return Path(platformdirs.user_data_dir("ERP MIF", "ERP MIF Maroc"))


def machine_dir() -> Path:
    """What IT lays down for everybody on this machine; only administrators write there."""
    if platform.system() == "Windows":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "ERP MIF"
    return Path("/etc/erp-mif")


def log_dir() -> Path:
    return Path(platformdirs.user_log_dir("ERP MIF", "ERP MIF Maroc"))
