<%
    import re

    # Written by machine: alterations as this history makes them, and what the way back loses.
    def ours(text):
        return re.sub(r"op\.batch_alter_table\('(\w+)', schema=None\)", r'h.alterer("\1")', text or "pass")

    lost, table = [], ""
    for line in (downgrades or "").splitlines():
        if altered := re.search(r"batch_alter_table\('(\w+)'", line):
            table = altered[1]
        if column := re.search(r"drop_column\('(\w+)'", line):
            lost.append(f"{table}.{column[1]}")
        if dropped := re.search(r"op\.drop_table\('(\w+)'", line):
            lost.append(dropped[1])
%>\
"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

# What a downgrade loses, one French sentence; None when nothing.
perd_au_retour: str | None = ${repr(f"Le contenu de {', '.join(lost)}.") if lost else None}


def upgrade() -> None:
    ${ours(upgrades)}


def downgrade() -> None:
    ${ours(downgrades)}
