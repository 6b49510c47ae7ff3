"""Contract: drop plannings.rrule, which recurrence replaces; pending exchanges take the new name.

Revision ID: ce8f4a6c0b7d
Revises: bd7e3f5b9a6c
Create Date: 2025-03-24 09:00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations import helpers as h

revision = "ce8f4a6c0b7d"
down_revision = "bd7e3f5b9a6c"
branch_labels = None
depends_on = None

perd_au_retour: str | None = "Une règle écrite dans rrule seul, quand recurrence en avait déjà une autre."

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

ANCIENNE, NOUVELLE = "rrule", "recurrence"


def regle(colonne: str) -> str:
    return f"frequence <> 'rrule' OR {colonne} IS NOT NULL"


def upgrade() -> None:
    op.execute(sa.text("UPDATE plannings SET recurrence = rrule WHERE recurrence IS NULL AND rrule IS NOT NULL"))
    if not h.est_sqlite():
        op.execute("DROP TRIGGER miroir_recurrence ON plannings")
        op.execute("DROP FUNCTION sync.miroir_recurrence()")
    with h.alterer("plannings") as lot:
        lot.drop_constraint(op.f("ck_plannings_rrule_presente"), type_="check")
        lot.create_check_constraint(op.f("ck_plannings_recurrence_presente"), regle(NOUVELLE))
        lot.drop_column(ANCIENNE)
    h.suivre_renommage("plannings", ANCIENNE, NOUVELLE)


def downgrade() -> None:
    h.suivre_renommage("plannings", NOUVELLE, ANCIENNE)
    h.ajouter_colonnes("plannings", [sa.Column(ANCIENNE, sa.String(255), nullable=True)])
    op.execute(sa.text("UPDATE plannings SET rrule = recurrence"))
    with h.alterer("plannings") as lot:
        lot.drop_constraint(op.f("ck_plannings_recurrence_presente"), type_="check")
        lot.create_check_constraint(op.f("ck_plannings_rrule_presente"), regle(ANCIENNE))
    if h.est_sqlite():
        return
    op.execute(MIROIR)
    op.execute(
        "CREATE TRIGGER miroir_recurrence BEFORE INSERT OR UPDATE ON plannings "
        "FOR EACH ROW EXECUTE FUNCTION sync.miroir_recurrence()"
    )
