"""What several stories of one device do: type at it, and look at what the centre has of it."""

from __future__ import annotations

from tests.sync.lab import Device, Lab, T


def add_client(device: Device, pk: int, name: str) -> None:
    device.sql(
        "INSERT INTO clients (id, agence_id, nom_entreprise, ville, created_at, updated_at) "
        "VALUES (?, ?, ?, 'V', ?, ?)",
        pk, device.agence_id, name, T, T,
    )  # fmt: skip


def names(lab: Lab, pattern: str) -> list[str]:
    return [r[0] for r in lab.sql(
        "SELECT nom_entreprise FROM clients WHERE nom_entreprise LIKE %s ORDER BY 1", pattern
    )]  # fmt: skip
