"""``erp-admin`` in processes of its own, forked from one that has imported everything: each is as separate as a new
one, at a twentieth of its cost.

``python -m tests.processes`` is that process: it reads one order a line and answers with the exit status.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
_ONE_AT_A_TIME = threading.Lock()


def child_environment() -> dict[str, str]:
    """For ``erp-admin`` in a process of its own: nothing of this machine's settings."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("ERP_", "PG")) and k != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PYTHONUTF8": "1"}


@functools.cache
def _parent() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.processes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=child_environment(), cwd=ROOT,
    )  # fmt: skip


def erp_admin(
    *arguments: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end in a process of its own; what it wrote and its exit status."""
    given = [str(a) for a in arguments]
    with tempfile.TemporaryDirectory(prefix="erp-") as folder, _ONE_AT_A_TIME:
        out, err = Path(folder) / "out", Path(folder) / "err"
        parent = _parent()
        if parent.stdin is None or parent.stdout is None:
            raise AssertionError("no pipes")
        order = [given, child_environment() if env is None else env, str(cwd or ROOT), str(out), str(err)]
        print(json.dumps(order), file=parent.stdin, flush=True)
        status = parent.stdout.readline().strip()
        return subprocess.CompletedProcess(given, int(status), out.read_text("utf-8"), err.read_text("utf-8"))


def _child(given: list[str], env: dict[str, str], cwd: str, out: str, err: str) -> NoReturn:
    status = 1
    try:
        # Nobody types: a command that asks gets no answer, and never the orders that come after it.
        for name, number in ((os.devnull, 0), (out, 1), (err, 2)):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), number)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        sys.argv = ["erp-admin", *given]
        importlib.import_module("erp_desktop.cli").main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Fork one child per order."""
    from erp_desktop import cli

    for group in cli.GROUPS:
        importlib.import_module(f"erp_desktop.cli.{group}")
    for module in ("alembic.command", "psycopg2", "sqlcipher3.dbapi2", "erp_desktop.upgrade.start.startup",
                   "erp_desktop.sync.syncer", "erp_desktop.sync.device.enrolment"):  # fmt: skip
        importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _child(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
