"""Every kind of wrong setting, given to the built program: one calm window that waits, one line of the log."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

WRONG: tuple[tuple[bytes | None, dict[str, str], str], ...] = (
    (b'{"mode": "agnce"}', {}, "admis : autonome, agence ou centre"),
    (b'{"langage": "fr"}', {}, "vouliez-vous dire"),
    (b'{"language": "fr",\n "theme" "clair"}', {}, "ligne 2, colonne 10"),
    (b'{"theme": "\xe9"}', {}, "UTF-8"),
    (b'{"cache_name": "../ailleurs.sqlite"}', {}, "un nom de fichier, sans dossier"),
    (None, {"ERP_SYNC_BATCH": "5e9"}, "au plus 50000"),
    (None, {"ERP_CENTRAL_URL": "serveur:5432"}, "sans mot de passe"),
    (None, {"ERP_LOG_DIR": "HOME/fichier"}, "fichier"),
    (None, {"ERP_DATA_DIR": "HOME/fichier"}, "fichier"),
)
"""Settings that are wrong: a file, variables, and what the log must say of them."""


def retried(environment: Mapping[str, str], program: Path, folder: Path) -> str:
    """Start ``program`` with each of them in a home of its own below ``folder``; what was seen, in words.

    Raises:
        TrialError: it ended, wrote more or less than one line, or named something else.
    """
    from smoke import expect

    for n, (file, variables, words) in enumerate(WRONG):
        home = folder / str(n)
        (home / "logs").mkdir(parents=True)
        if file is not None:
            (home / "reglages.json").write_bytes(file)
        (home / "fichier").write_text("x")
        env = {**environment, "ERP_DATA_DIR": str(home), "ERP_LOG_DIR": str(home / "logs"), "HOME": str(home)}
        env |= {k: v.replace("HOME", str(home)) for k, v in variables.items()}
        told = _waits(program, home, env)
        expect(len(told) == 1, f"{words} : {len(told)} lignes du journal, {told[:3]}")
        named = str(home / "reglages.json") if file is not None else next(iter(variables))
        expect(words in told[0] and named in told[0], f"{words} : {told[0]}")
    return f"{len(WRONG)} réglages faux, chacun une fenêtre et une ligne du journal"


def _waits(program: Path, home: Path, env: dict[str, str]) -> list[str]:
    """Lines of trouble in any log once the window waits for an answer; it is closed then."""
    from smoke import expect

    with subprocess.Popen([program], cwd=home, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          encoding="utf-8") as started:  # fmt: skip
        try:
            limit, found = time.monotonic() + 60, list[str]()
            while not found and started.poll() is None and time.monotonic() < limit:
                time.sleep(0.2)
                logs = [f.read_text(encoding="utf-8") for f in home.rglob("erp-mif.log")]
                found = [line for text in logs for line in text.splitlines() if " ERROR " in line]
            # Behind the line comes the window; a program that gives up would have ended by then.
            time.sleep(2)
            expect(started.poll() is None, f"le programme s'est arrêté : {started.poll()}")
        finally:
            started.kill()
        said = started.communicate()[0]
        expect("Traceback" not in said, said[-800:])
    return found
