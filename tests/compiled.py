"""Test modules compiled once for all processes of a run: in a fresh clone each of them would compile every one."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.assertion import rewrite


def kept(path: Path) -> Path:
    """Where pytest looks for a module whose assertions it wrote anew."""
    return rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"


def share(config: pytest.Config, folder: Path, number: int, of: int) -> None:
    """Compile the test modules below ``folder`` that no other process has compiled yet.

    Each of the ``of`` processes begins at its own place of the row: none waits, hardly a module is compiled twice.
    """
    modules = sorted(p for p in folder.rglob("*.py") if p.match("test_*.py") or p.name == "conftest.py")
    place = len(modules) * number // of
    for path in modules[place:] + modules[:place]:
        if rewrite._read_pyc(path, kept(path)) is None:
            digest, code = rewrite._rewrite_test(path, config)
            kept(path).parent.mkdir(exist_ok=True)
            rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, digest, kept(path))
