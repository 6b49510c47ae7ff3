"""A centre some revisions behind."""

from __future__ import annotations

AVANT = "0c6d2e4f8a5b"
"""The release before: an expansion, an index built meanwhile and a contraction are due."""

APRES = "ce8f4a6c0b7d"
"""The contraction: as far as a trial goes that asks how revisions follow each other, not how many there are."""


def yes(_state: object) -> bool:
    return True
