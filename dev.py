#!/usr/bin/env python3
"""The only entry for developers: ``python3 dev.py run|test|soak|lint|bench|shots|docs|build``.

Needs nothing but Python 3.11–3.13 and its venv module. The first call makes ``.venv`` and installs the hashed
lock of this platform; later calls notice that nothing changed and start at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
LOCK = ROOT / "packaging" / "requirements" / ("dev-windows.txt" if WINDOWS else "dev-linux.txt")
STAMP = VENV / ".lock-sha256"

# What Qt's offscreen and xcb platforms dlopen; a bare Debian has none of them.
QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
# What a window on an X display needs besides; without them Qt ends the process before it says a word of ours.
SCREEN_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def say(text: str) -> None:
    print(f"[dev] {text}", flush=True)


def call(*command: str | Path, check: bool = True, **kwargs: object) -> int:
    """Run a command in the project's root and return its exit status; leave with it when ``check``.

    Ctrl+C reaches the command as well as us: it is left to end in its own way, which cleans up.
    """
    with subprocess.Popen([str(c) for c in command], cwd=ROOT, **kwargs) as process:  # type: ignore[call-overload]
        while True:
            try:
                status = int(process.wait())
                break
            except KeyboardInterrupt:
                continue
    if check and status:
        raise SystemExit(status)
    return status


def make_venv() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SystemExit("[dev] Python 3.11, 3.12 or 3.13 is needed; this is " + sys.version.split()[0])
    content = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode()
    wanted = hashlib.sha256(content).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    uv = shutil.which("uv")
    say(f"installing the locked dependencies into .venv with {'uv' if uv else 'pip'} …")
    if uv:
        call(uv, "venv", "-q", "--clear", "--seed", "--python", sys.executable, VENV)
        install = [uv, "pip", "install", "-q", "--python", PYTHON]
    else:
        call(sys.executable, "-m", "venv", "--clear", VENV)
        install = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    call(*install, "--require-hashes", "-r", LOCK)
    call(*install, "--no-deps", "--no-build-isolation", "-e", ROOT)
    STAMP.write_text(wanted)


def system_libraries() -> None:
    """Install what Qt needs when root on Debian, else print the one command that does."""
    if not sys.platform.startswith("linux"):
        return
    libraries = {**QT_LIBRARIES, **(SCREEN_LIBRARIES if has_display() else {})}
    probe = "import ctypes,sys\nfor n in sys.argv[1:]:\n try: ctypes.CDLL(n)\n except OSError: print(n)"
    found = subprocess.run([PYTHON, "-c", probe, *libraries], capture_output=True, text=True, check=True)
    missing = sorted(libraries[name] for name in found.stdout.split())
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing what Qt needs: " + " ".join(missing))
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        call("apt-get", "update", "-qq", env=env)
        call("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, env=env,
             stdout=subprocess.DEVNULL)  # fmt: skip
    else:
        raise SystemExit("[dev] Qt needs these first: sudo apt-get install " + " ".join(missing))


def has_display() -> bool:
    return WINDOWS or sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


MEMORY = Path("/dev/shm")


def in_memory() -> dict[str, str]:
    """Thousands of throw-away databases are made by a test run: in memory, where the machine has room for them."""
    if WINDOWS or "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return {}
    found = os.statvfs(MEMORY)
    # The private PostgreSQL runs from there.
    roomy = found.f_bavail * found.f_frsize > 8_000_000_000 and not found.f_flag & os.ST_NOEXEC
    return {"TMPDIR": str(MEMORY)} if roomy else {}


def environment(*, offscreen: bool) -> dict[str, str]:
    env = {**os.environ, "PYTHONUTF8": "1"}
    # Tests and the demonstration start hundreds of processes: modules are compiled once.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    if offscreen:
        env["QT_QPA_PLATFORM"] = "offscreen"
    return env


def run(arguments: list[str]) -> int:
    return call(PYTHON, "-m", "erp_desktop.demo", *arguments,
                env=environment(offscreen=not has_display()), check=False)  # fmt: skip


SIDE_BY_SIDE = ["-n", "3", "--dist", "worksteal"]


def test(arguments: list[str]) -> int:
    chosen = arguments or [*SIDE_BY_SIDE, "-m", "not bench and not soak"]
    return pytest("--durations=10", *chosen)


def soak(arguments: list[str]) -> int:
    """What is too long for every run: random histories, hundreds of kills, every revision by every way."""
    return pytest("--durations=10", "--timeout=0", *(arguments or SIDE_BY_SIDE), "-m", "soak")


def pytest(*arguments: str) -> int:
    return call(PYTHON, "-m", "pytest", *arguments, env=environment(offscreen=True) | in_memory(), check=False)


def lint(_: list[str]) -> int:
    call(PYTHON, "-m", "ruff", "check", ".")
    call(PYTHON, "-m", "ruff", "format", "--check", ".")
    call(PYTHON, "-m", "mypy")
    return call(BIN / "lint-imports", "--no-cache", check=False)


def bench(arguments: list[str]) -> int:
    return call(PYTHON, "-m", "tests.benchmarks", *arguments, env=environment(offscreen=True), check=False)


def shots(arguments: list[str]) -> int:
    env = environment(offscreen=True)
    return call(PYTHON, "-m", "erp_desktop.demo.shots", *arguments, env=env, check=False)


def docs(arguments: list[str]) -> int:
    """The documents as HTML and PDF, in ``dist/docs``."""
    return call(PYTHON, "packaging/docs.py", *arguments, check=False)


BUILDERS = {"windows": "packaging/windows/chain.py", "deb": "packaging/linux/deb.py"}


def build(arguments: list[str]) -> int:
    """Of this machine's kind; ``build windows`` and ``build deb`` from Linux."""
    builder = BUILDERS.get(arguments[0] if arguments else "")
    rest = arguments[1:] if builder else arguments
    return call(PYTHON, builder or "packaging/build.py", *rest, env=environment(offscreen=True), check=False)


COMMANDS = {
    "run": run, "test": test, "soak": soak, "lint": lint, "bench": bench, "shots": shots, "docs": docs,
    "build": build,
}  # fmt: skip


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(__doc__)
        return 2
    make_venv()
    if sys.argv[1] != "lint":
        system_libraries()
    return COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    raise SystemExit(main())
