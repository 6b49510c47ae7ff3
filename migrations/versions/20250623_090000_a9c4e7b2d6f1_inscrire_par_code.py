"""Let a device wait for its enrolment by a code that works once and expires (PostgreSQL only).

Revision ID: a9c4e7b2d6f1
Revises: b1d5f9a3c7e2
Create Date: 2025-06-23 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "a9c4e7b2d6f1"
down_revision = "b1d5f9a3c7e2"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les codes d'inscription qui n'ont pas encore servi."

_AVANT = "etat IN ('actif', 'vole', 'retire', 'remplace')"
_APRES = "etat IN ('actif', 'attendu', 'vole', 'retire', 'remplace')"


def _regle(etats: str) -> None:
    op.drop_constraint(op.f("ck_devices_etat"), "devices", schema="sync", type_="check")
    op.create_check_constraint(op.f("ck_devices_etat"), "devices", etats, schema="sync")


def upgrade() -> None:
    if h.est_sqlite():
        return
    op.add_column("devices", sa.Column("expire_a", sa.DateTime(timezone=True), nullable=True), schema="sync")
    _regle(_APRES)


def downgrade() -> None:
    if h.est_sqlite():
        return
    # Their logins stay on the server, with no device and so without any right.
    op.execute("DELETE FROM sync.devices WHERE etat = 'attendu'")
    _regle(_AVANT)
    op.drop_column("devices", "expire_a", schema="sync")
