"""Where things live: program resources (also inside a frozen build) and the user's data."""

from __future__ import annotations

import os
import sys
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


def data_dir() -> Path:
    """Per-user data folder; ``ERP_DATA_DIR`` overrides it through the settings."""
    return Path(platformdirs.user_data_dir("ERP MIF", "ERP MIF Maroc"))


def log_dir() -> Path:
    return Path(platformdirs.user_log_dir("ERP MIF", "ERP MIF Maroc"))
