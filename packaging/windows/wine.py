"""A private Windows under wine with a Python of its own: enough to build the programs and to try them from Linux.

Nothing of it leaks into what is built: wine lacks two libraries that Windows 10 has, small stand-ins take their place
inside the prefix, and the build refuses a folder that carries one of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
WINE = Path("/usr/lib/wine/wine64")
SERVER = Path("/usr/lib/wine/wineserver64")
PACKAGES = {"wine64": WINE, "nsis": Path("/usr/bin/makensis"),
            "gcc-mingw-w64-x86-64-win32": Path("/usr/bin/x86_64-w64-mingw32-gcc")}  # fmt: skip
CROSS = "" if os.name == "nt" else "x86_64-w64-mingw32-"
COMPILER, RESOURCES, STRIP = f"{CROSS}gcc", f"{CROSS}windres", f"{CROSS}strip"
STAND_INS = {"bcryptprimitives": ["-ladvapi32"], "icuuc": []}
NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
SOURCES = ROOT / "packaging" / "windows" / "stand-ins"
PINNED = ROOT / "packaging" / "requirements" / "windows-python.txt"
LOCK = ROOT / "packaging" / "requirements" / "dev-windows.txt"


def say(text: str) -> None:
    print(f"[windows] {text}", flush=True)


def need_tools() -> None:
    """Install what builds for Windows when root on Debian, else print the one command that does."""
    missing = sorted(name for name, file in PACKAGES.items() if not file.exists())
    if not missing:
        return
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit("[windows] d'abord : sudo " + " ".join(command))
    say("installation de " + ", ".join(missing))
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-qq"], command):
        subprocess.run(step, check=True, env=env, stdout=subprocess.DEVNULL)


def path(file: Path) -> str:
    """A file of this machine as programs under wine name it."""
    return "Z:" + str(file.absolute()).replace("/", "\\")


class Wine:
    """One prefix; ``folder`` is made when it is not there."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder
        self.drive = folder / "drive_c"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("QT_", "PYTHON", "ERP_", "VIRTUAL_ENV"))},
            "WINEPREFIX": str(folder), "WINEARCH": "win64", "WINEDEBUG": "-all", "LC_ALL": "C.UTF-8",
            # Neither .NET nor a browser is asked for.
            "WINEDLLOVERRIDES": "mscoree,mshtml=", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        if not (self.drive / "windows").is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            self.run("wineboot", "-i", timeout_s=300)
            self.run("winecfg", "-v", "win10")
            self._stand_ins()
            self.wait()

    def run(
        self, *command: str, env: dict[str, str] | None = None, timeout_s: float = 300, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a Windows program to its end; all three streams are pipes, which those of wine must be."""
        return subprocess.run(
            [str(WINE), *command], env={**self.environment, **(env or {})}, input="", capture_output=True, text=True,
            encoding="utf-8", errors="replace", timeout=timeout_s, check=False, cwd=cwd,
        )  # fmt: skip

    def start(self, *command: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a Windows program and leave it running; its input is a pipe, its end is the caller's."""
        return subprocess.Popen(
            [str(WINE), *command], env={**self.environment, **(env or {})}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def wait(self) -> None:
        """Until the last program of this prefix has ended and its registry is on the disk."""
        subprocess.run([str(SERVER), "-w"], env=self.environment, check=False, timeout=120)

    def stop(self) -> None:
        """End what still runs in this prefix, and in no other."""
        subprocess.run([str(SERVER), "-k"], env=self.environment, check=False, timeout=60)

    def _stand_ins(self) -> None:
        for name, libraries in STAND_INS.items():
            target = self.drive / "windows" / "system32" / f"{name}.dll"
            subprocess.run([COMPILER, "-shared", "-O2", "-s", "-o", target, SOURCES / f"{name}.c", *libraries],
                           check=True)  # fmt: skip


def fetch_python(folder: Path) -> Path:
    """Python for Windows, unpacked below ``folder``: fetched by its pinned hash, as nobody where we are root."""
    made = folder / "cp311"
    if (made / "python.exe").exists():
        return made
    with tempfile.TemporaryDirectory(prefix="erp-mif-python-") as made_here:
        room = Path(made_here)
        # Preparing a source archive runs its setup.py: not with our rights, and with nothing of ours in reach.
        pip = Path(__import__("pip").__file__).parent
        shutil.copytree(pip, room / "modules" / "pip", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PINNED, room)
        (room / "out").mkdir()
        who: dict[str, Any] = {}
        runner = getattr(sys, "_base_executable", sys.executable)
        if os.geteuid() == 0 and (shared := _runnable_by_nobody(runner, "/usr/bin/python3")):
            runner, who = shared, NOBODY
            for found in (room, room / "out"):
                shutil.chown(found, "nobody", "nogroup")
        kept = ("PATH", "LANG", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "PIP_INDEX_URL", "PIP_CERT")
        subprocess.run(
            [runner, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "--require-hashes",
             "--no-binary", ":all:", "-r", room / PINNED.name, "-d", room / "out"],
            check=True, cwd=room, **who,
            env={**{k: v for k, v in os.environ.items() if k in kept}, "HOME": str(room),
                 "PYTHONPATH": str(room / "modules")},
        )  # fmt: skip
        archive = next((room / "out").glob("*.tar.gz"))
        shutil.unpack_archive(archive, room / "unpacked", filter="data")
        with zipfile.ZipFile(next((room / "unpacked").rglob("data.zip"))) as data:
            data.extractall(folder, [n for n in data.namelist() if not n.startswith("cp311/Lib/site-packages/")])
    (made / "Lib" / "site-packages").mkdir(parents=True, exist_ok=True)
    return made


def _runnable_by_nobody(*candidates: str) -> str | None:
    for candidate in candidates:
        with contextlib.suppress(OSError):
            probe = [candidate, "-c", "import ssl, zipfile, sys; sys.exit(sys.version_info < (3, 9))"]
            if subprocess.run(probe, capture_output=True, check=False, cwd="/", **NOBODY).returncode == 0:
                return candidate
    return None


def install_wheels(python: Path) -> None:
    """The hashed wheels of this lock for Windows, put in place from Linux."""
    stamp = python / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    target = python / "Lib" / "site-packages"
    shutil.rmtree(target, ignore_errors=True)
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "-q", "--python-platform", "x86_64-pc-windows-msvc", "--link-mode", "copy"]
    else:
        command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--platform",
                   "win_amd64", "--implementation", "cp", "--abi", "cp311", "--abi", "abi3", "--abi", "none",
                   "--no-deps"]  # fmt: skip
    subprocess.run(
        [*command, "--python-version", "3.11", "--only-binary", ":all:", "--require-hashes", "--target", target,
         "-r", LOCK], check=True,
    )  # fmt: skip
    stamp.write_text(wanted)
