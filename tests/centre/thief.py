"""Somebody with a device's own login and a plain driver."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from erp_desktop.sync.exchange.reasons import french_reason
from tests.sync.lab import Device, Lab, T


class Thief:
    """Hand-made batches under a device's login, one unit each, numbered as the centre expects them."""

    def __init__(self, lab: Lab, device: Device, line: Any) -> None:
        self.lab, self.device, self.line, self.number = lab, device, line, 0

    def push(self, **parts: Any) -> list[tuple[str, str]]:
        """(code, what a clerk reads) of each refusal."""
        self.number += 1
        text = json.dumps({"n": 1, "i": {}, "m": {}, "d": {}, "r": [], **parts})
        self.line.execute(
            "SELECT sync.pousser(%s::jsonb, %s, %s)", (text, self.number, hashlib.sha256(text.encode()).hexdigest())
        )
        return [(g[2], french_reason(g[2], g[3])) for g in self.line.fetchone()[0]["gares"]]

    def insert(self, table: str, author: Any = None, **values: Any) -> list[tuple[str, str]]:
        row = {"agence_id": self.device.agence_id, "created_at": T, "updated_at": T, **values}
        return self.push(i={table: {"c": list(row), "r": [[0, author, *row.values()]]}})

    def update(self, table: str, pk: int, author: Any = None, **changes: Any) -> list[tuple[str, str]]:
        """``changes``: column = (base, mine)."""
        values = [v for pair in changes.values() for v in pair]
        return self.push(m={table: [{"c": list(changes), "r": [[0, author, pk, 1, *values]]}]})

    def delete(self, table: str, pk: int) -> list[tuple[str, str]]:
        known = "SELECT ver FROM sync.row_state WHERE nom_table = %s AND pk = %s"
        return self.push(d={table: [[0, None, pk, self.lab.value(known, table, pk)]]})


def refused(reason: str) -> list[tuple[str, str]]:
    return [("regle", reason)]
