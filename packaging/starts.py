"""``python3 dev.py build --starts``: how long a start takes and how much memory it wants, from source and as built.

To the first picture: the program's own ``--capture`` ends once the first page is painted. The floors end likewise: an
interpreter that does nothing, a bare window painted into a file. A cold start is one whose files were put out of the
machine's memory before, as far as nobody else has them open.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smoke import DIST, say

from erp_desktop import paths

_WINDOW = """
import sys
from PySide6.QtWidgets import QApplication, QLabel
app = QApplication(sys.argv[:1])
label = QLabel("ERP MIF")
label.resize(1440, 900)
label.show()
app.processEvents()
label.grab().save(sys.argv[1])
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One kind of start: seconds to its end, and the most memory that it had at once."""

    name: str
    command: tuple[str, ...]
    folders: tuple[Path, ...]
    """What it reads, put out of memory before a cold one."""


# Of a process of its own: the memory of a child is counted from that of its parent on.
_RUNNER = """
import os, sys, time
nothing = os.open(os.devnull, os.O_WRONLY)
began = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_DUP2, nothing, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)])
_, status, used = os.wait4(child, 0)
print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def once(start: Start, env: dict[str, str]) -> tuple[float, ...]:
    """Seconds, seconds of processor and megabytes of one run.

    Raises:
        CalledProcessError: it failed.
    """
    runner = [sys.executable, "-I", "-S", "-c", _RUNNER, *start.command]
    told = subprocess.run(runner, env=env, check=True, capture_output=True, text=True).stdout
    return tuple(map(float, told.split()))


def forget(folders: tuple[Path, ...]) -> None:
    """Put the files of some folders out of the machine's memory."""
    for folder in folders:
        for file in folder.rglob("*"):
            with contextlib.suppress(OSError):
                handle = os.open(file, os.O_RDONLY)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)


def kinds(folder: Path) -> Iterator[Start]:
    site = (Path(next(p for p in sys.path if p.endswith("site-packages"))), Path(os.__file__).parent)
    python, picture = sys.executable, str(folder / "image.png")
    script = folder / "fenetre.py"
    script.write_text(_WINDOW, encoding="utf-8")
    source = (*site, paths.ROOT / "erp_desktop")
    yield Start("python", (python, "-c", "pass"), site)
    yield Start("bare window", (python, str(script), picture), site)
    yield Start("from source, first page", (python, "-m", "erp_desktop", "--capture", picture), source)
    yield Start("from source, erp-admin --version", (python, "-m", "erp_desktop.cli", "--version"), source)
    yield Start("built, first page", (str(DIST / "erp-mif"), "--capture", picture), (DIST,))
    yield Start("built, erp-admin --version", (str(DIST / "erp-admin"), "--version"), (DIST,))


def measure(turns: int = 7) -> int:
    """Print a line for each kind: medians of warm starts, of cold ones, memory."""
    with tempfile.TemporaryDirectory(prefix="erp-mif-depart-") as made:
        folder = Path(made)
        env = {
            "PATH": os.defpath, "HOME": made, "QT_QPA_PLATFORM": "offscreen", "ERP_DATA_DIR": made,
            "ERP_LOG_DIR": made, "ERP_MODE": "autonome", "PYTHONPATH": str(paths.ROOT), "XDG_RUNTIME_DIR": made,
        }  # fmt: skip
        from erp_desktop.upgrade.start.startup import open_local

        open_local(folder / "erp-mif.sqlite").dispose()
        for start in kinds(folder):
            once(start, env)
            warm = [once(start, env) for _ in range(turns)]
            cold = []
            for _ in range(3):
                forget(start.folders)
                cold.append(once(start, env)[0])
            seconds, work, memory = (statistics.median(values) for values in zip(*warm, strict=True))
            say(
                f"{start.name:<34} warm {seconds:5.2f} s, {work:5.2f} of them processor   "
                f"cold {statistics.median(cold):5.2f} s   {memory:4.0f} MB"
            )
    return 0
