"""The demonstration, played once as a newcomer would, in a process of its own."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from erp_desktop.demo import shots
from erp_desktop.demo.paper_shots import named

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
@pytest.mark.soak
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


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="counts children in /proc")
@pytest.mark.timeout(300)
def test_ctrl_c_ends_the_window_and_all_behind_it() -> None:
    """The interactive demonstration on a screen that needs no display."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-u", "-m", "erp_desktop.demo", "--interventions", "150"]
    environment = {**os.environ, "QT_QPA_PLATFORM": f"vnc:port={port}"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told, children = [], list[str]()
        for line in process.stdout:
            told.append(line)
            if "Ctrl+C" in line:
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                # As a terminal does: to the whole group.
                os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0, "".join(told)
    assert "rien ne reste en marche" in told[-1], "".join(told)
    assert "Traceback" not in "".join(told)
    # The server and its watchdog.
    assert len(children) >= 2
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_no_picture_is_an_orphan() -> None:
    """Each of the documentation's is made anew by a run, and each that a page shows is there."""
    kept = {path.name for path in (ROOT / "docs" / "screenshots").iterdir()}
    assert kept - set(named()) - set().union(*(part.files for part in shots.PARTS)) == set()
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        shown = set(re.findall(r"screenshots/([\w.-]+\.png)", page.read_text(encoding="utf-8")))
        assert shown - kept == set(), page.name


def test_pictures_are_taken_again_unless_the_run_before_goes_on(tmp_path: Path) -> None:
    def due(*, resume: bool) -> list[str]:
        given = argparse.Namespace(
            out=tmp_path / "out", beside=tmp_path, parts=["bon"], languages=["fr"], themes=["clair"], widths=["1440"],
            resume=resume,
        )  # fmt: skip
        return [part.name for part, _look in shots.Run(given).due(shots.PARTS)]

    assert due(resume=False) == ["bon"]
    (tmp_path / ".taken" / "bon").touch()
    assert (due(resume=True), due(resume=False)) == ([], ["bon"])
