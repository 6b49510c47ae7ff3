"""A centre some revisions behind."""

from __future__ import annotations

AVANT = "0c6d2e4f8a5b"
"""The release before: an expansion, an index built meanwhile and a contraction are due."""


def yes(_state: object) -> bool:
    return True
