"""Note local changes at half the cost: no index on the outbox, and a check that builds no table (SQLite).

Revision ID: e8f2c6a0d4b3
Revises: c6d0a4e8f2b1
Create Date: 2025-04-07 09:00:00
"""

from __future__ import annotations

from alembic import op

from migrations import helpers as h

revision = "e8f2c6a0d4b3"
down_revision = "c6d0a4e8f2b1"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None


def upgrade() -> None:
    if h.est_sqlite():
        op.drop_index("idx_sync_outbox_ligne", "sync_outbox")
        verifier("op = 'I' OR op = 'U' OR op = 'D'")


def downgrade() -> None:
    if h.est_sqlite():
        verifier("op IN ('I', 'U', 'D')")
        op.create_index("idx_sync_outbox_ligne", "sync_outbox", ["nom_table", "pk"])


def verifier(regle: str) -> None:
    """Rebuild the outbox with another rule; rows keep their numbers, which frozen batches name."""
    with h.alterer("sync_outbox") as lot:
        lot.drop_constraint(op.f("ck_sync_outbox_op"), type_="check")
        lot.create_check_constraint(op.f("ck_sync_outbox_op"), regle)
