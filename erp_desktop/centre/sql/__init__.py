"""The centre's SQL as SQL: files that an editor colours and ``psql`` reads, with the few names that Python fills in.

A name to fill in is written as ``psql`` writes its variables: ``:PIN``. What depends on the registry is made by the
modules of :mod:`erp_desktop.centre.functions`, one table at a time.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")


def sql(name: str, **values: object) -> str:
    """The text of ``<name>.sql`` with its names filled in.

    Args:
        name: folder and file, without the ending: ``merge/update``.
        values: what stands for each ``:NAME``.

    Raises:
        KeyError: the file does not have one of the names.
    """
    text = _text(name)
    for key, value in values.items():
        found = re.compile(rf"(?<![:\w]):{key}\b")
        if not found.search(text):
            raise KeyError(f"{name}.sql has no :{key}")
        text = found.sub(lambda _match, value=value: str(value), text)  # type: ignore[misc]
    return text
