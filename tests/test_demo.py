"""The demonstration, played once as a newcomer would, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.timeout(300)
def test_the_story_is_told_to_its_end_and_leaves_nothing_running(tmp_path: Path) -> None:
    out = tmp_path / "demo-out"
    command = [sys.executable, "-m", "erp_desktop.demo", "--interventions", "150", "--out", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True,
        timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "0 différence, rien de perdu" in done.stdout
    assert "1 champ(s) disputé(s)" in done.stdout
    pictures = sorted(out.glob("*.png"))
    assert len(pictures) >= 6
    assert all(p.stat().st_size > 20_000 for p in pictures)
    assert (out / "rapport-interventions.pdf").read_bytes().startswith(b"%PDF-")
    assert "Conflit réglé" in (out / "histoire.md").read_text(encoding="utf-8")
