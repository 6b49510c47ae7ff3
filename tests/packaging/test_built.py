"""What is handed out, built and tried as it is: a quarter of an hour, so ``python3 dev.py soak tests/packaging``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(0),
    pytest.mark.skipif(sys.platform != "linux", reason="builds from Linux"),
]


def built(*words: str) -> str:
    """The last line of ``dev.py build``, which ended well."""
    done = subprocess.run(
        [sys.executable, ROOT / "dev.py", "build", *words], cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.strip().splitlines()[-1]


def test_what_is_built_for_linux_passes_its_trial_and_an_update_loses_nothing() -> None:
    """Then a previous version with a full outbox is updated to it, and goes back."""
    assert "tout est en ordre" in built()
    assert "TENU" in built("--update-trial")
    built("deb")


@pytest.mark.skipif(
    shutil.which("makensis") is None or not Path("/usr/lib/wine").is_dir(), reason="needs wine, NSIS and mingw"
)
def test_what_is_built_for_windows_passes_its_trial_and_an_update_loses_nothing() -> None:
    """Under wine, by its installers."""
    assert "tout est en ordre" in built("windows", "--trial")
    assert "TENU" in built("windows", "--update-trial")
