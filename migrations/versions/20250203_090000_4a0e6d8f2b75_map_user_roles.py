"""Map the roles of users to the closed list of the trade.

- 'admin' stays 'admin'
- 'user' becomes 'client'
- 'tech' becomes 'technicien'

A role outside the list stops the upgrade with the list of what was found.

Revision ID: 4a0e6d8f2b75
Revises: 3f9d5c7e1a64
Create Date: 2025-02-03 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "4a0e6d8f2b75"
down_revision = "3f9d5c7e1a64"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Les rôles responsable et agent, qui redeviennent « user »."


NOUVEAUX = "role IN ('admin', 'responsable', 'agent', 'technicien', 'client')"
ANCIENS = "role IN ('admin', 'user', 'tech')"


def upgrade() -> None:
    h.interdire(
        f"SELECT DISTINCT role FROM users WHERE NOT ({ANCIENS}) AND NOT ({NOUVEAUX}) ORDER BY 1",
        "Rôles inconnus dans users, à corriger avant la mise à niveau :",
    )
    with h.alterer("users") as lot:
        lot.drop_constraint(op.f("ck_users_role"), type_="check")
    op.execute(
        sa.text(
            "UPDATE users SET role = CASE role WHEN 'user' THEN 'client' WHEN 'tech' THEN 'technicien' ELSE role END"
        )
    )
    with h.alterer("users") as lot:
        lot.create_check_constraint(op.f("ck_users_role"), NOUVEAUX)


def downgrade() -> None:
    with h.alterer("users") as lot:
        lot.drop_constraint(op.f("ck_users_role"), type_="check")
    op.execute(
        sa.text(
            "UPDATE users SET role = "
            "CASE role WHEN 'technicien' THEN 'tech' WHEN 'admin' THEN 'admin' ELSE 'user' END"
        )
    )
    with h.alterer("users") as lot:
        lot.create_check_constraint(op.f("ck_users_role"), ANCIENS)
