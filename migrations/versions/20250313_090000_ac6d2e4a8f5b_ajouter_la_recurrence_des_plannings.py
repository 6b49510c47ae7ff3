"""Expand: add plannings.recurrence beside rrule, filled from it; at the centre each follows the other.

Revision ID: ac6d2e4a8f5b
Revises: 0c6d2e4f8a5b
Create Date: 2025-03-13 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "ac6d2e4a8f5b"
down_revision = "0c6d2e4f8a5b"
branch_labels = None
depends_on = None

perd_au_retour: str | None = None

# A program of the release before writes rrule, one of this release recurrence: both read what either wrote.
MIROIR = """
CREATE FUNCTION sync.miroir_recurrence() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.recurrence := coalesce(NEW.recurrence, NEW.rrule);
  ELSIF NEW.recurrence IS NOT DISTINCT FROM OLD.recurrence THEN
    NEW.recurrence := NEW.rrule;
  END IF;
  NEW.rrule := NEW.recurrence;
  RETURN NEW;
END $f$
"""


def upgrade() -> None:
    h.ajouter_colonnes("plannings", [sa.Column("recurrence", sa.String(255), nullable=True)])
    op.execute(sa.text("UPDATE plannings SET recurrence = rrule WHERE rrule IS NOT NULL"))
    if h.est_sqlite():
        return
    op.execute(MIROIR)
    op.execute(
        "CREATE TRIGGER miroir_recurrence BEFORE INSERT OR UPDATE ON plannings "
        "FOR EACH ROW EXECUTE FUNCTION sync.miroir_recurrence()"
    )


def downgrade() -> None:
    if not h.est_sqlite():
        op.execute("DROP TRIGGER miroir_recurrence ON plannings")
        op.execute("DROP FUNCTION sync.miroir_recurrence()")
    with h.alterer("plannings") as lot:
        lot.drop_column("recurrence")
