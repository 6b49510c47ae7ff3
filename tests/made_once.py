"""What all processes of a test run start from, made by the first that asks for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from erp_desktop.db.locks import CacheLock

_FOLDER = "ERP_TESTS_COMMUN"
_LONGEST_S = 600


def begin() -> None:
    """Make the folder that the processes of this run share; they inherit its name."""
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="erp-mif-commun-")


def end() -> None:
    shutil.rmtree(os.environ.pop(_FOLDER), ignore_errors=True)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The file or folder of this name; ``make`` writes it where it is told, while the other processes wait.

    Raises:
        DatabaseBusyError: it is not there after ten minutes.
    """
    path = Path(os.environ[_FOLDER]) / name
    lock = CacheLock(path)
    lock.exclusive(timeout_s=_LONGEST_S)
    try:
        if not path.exists():
            beside = path.with_name(f"{name}.part")
            make(beside)
            beside.rename(path)
    finally:
        lock.release()
    return path
