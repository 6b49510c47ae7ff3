"""Cases of other test files, taken over as they are: each on a laboratory of its own."""

from __future__ import annotations

import contextlib
import inspect
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from erp_desktop.db.embedded import EmbeddedPostgres
from tests.centre import test_envelope, test_impossible_values, test_rules, test_security
from tests.centre.thief import Thief
from tests.sync.exchange import test_tls
from tests.sync.first_copy import test_published
from tests.sync.lab import Lab

BORROWED: dict[str, Callable[..., None]] = {}
"""By the name of its test, with what it was parametrised with; takes any of lab, device, line, thief, tls, tmp_path."""


def _borrow(module: Any, *only: str) -> None:
    """Register the tests of another file, once for each of their parameters."""
    for name, function in vars(module).items():
        if not name.startswith("test_") or not inspect.isfunction(function) or (only and name not in only):
            continue
        sets: list[dict[str, Any]] = [{}]
        for mark in getattr(function, "pytestmark", []):
            names = [mark.args[0]] if isinstance(mark.args[0], str) and "," not in mark.args[0] else mark.args[0]
            names = [n.strip() for n in names.split(",")] if isinstance(names, str) else names
            values = [v if len(names) > 1 else (v,) for v in mark.args[1]]
            sets = [{**s, **dict(zip(names, v, strict=True))} for s in sets for v in values]
        for given in sets:

            def run(function: Any = function, given: dict[str, Any] = given, **found: Any) -> None:
                function(**given, **found)

            run.wanted = [p for p in inspect.signature(function).parameters if p not in given]  # type: ignore[attr-defined]
            BORROWED[name + "".join(f" [{str(v)[:50]}]" for v in given.values())] = run


_borrow(test_security)
_borrow(test_envelope)
_borrow(test_rules)
_borrow(test_impossible_values)
_borrow(test_published, "test_a_published_bomb_is_refused_before_it_fills_the_disk")
_borrow(test_tls, "test_another_authority_or_name_is_refused_in_one_line")


@contextlib.contextmanager
def stage(server: EmbeddedPostgres, centre: str, folder: Path) -> Iterator[Lab]:
    """A laboratory copied from a centre."""
    base = f"attaque_{uuid.uuid4().hex[:12]}"
    lab = Lab(server.create_database(base, centre), folder)
    try:
        yield lab
    finally:
        lab.close()
        server.drop_database(base)


def play(name: str, lab: Lab, folder: Path, tls: Callable[[], test_tls.Server]) -> None:
    """Run one case on a laboratory of its own.

    Raises:
        AssertionError: the attack succeeded.
    """
    case = BORROWED[name]
    needed: list[str] = case.wanted  # type: ignore[attr-defined]
    given: dict[str, Any] = {"lab": lab, "tmp_path": folder}
    with contextlib.ExitStack() as stack:
        if {"device", "line", "thief"} & set(needed):
            given["device"] = lab.device("CAS")
            stack.callback(lab.sql, f"DROP OWNED BY {given['device'].login} CASCADE")
        if {"line", "thief"} & set(needed):
            connection = given["device"].connect()
            stack.callback(connection.close)
            given["line"] = connection.cursor()
        if "thief" in needed:
            given["thief"] = Thief(lab, given["device"], given["line"])
        if "tls" in needed:
            given["tls"] = tls()
        case(**{k: given[k] for k in needed})
