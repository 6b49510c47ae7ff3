"""What revisions share: types per engine, alterations that SQLite can do, small SQL differences.

Applied revisions rely on these functions: extend, never change what an existing one produces.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from alembic.operations import BatchOperations
from sqlalchemy.dialects import postgresql


def dialecte() -> str:
    return op.get_context().dialect.name


def est_sqlite() -> bool:
    return dialecte() == "sqlite"


def entier_long() -> Any:
    """BIGINT; INTEGER on SQLite, the spelling that aliases the rowid."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def instant() -> Any:
    """timestamptz; text ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` on SQLite."""
    return sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def montant(precision: int = 12, echelle: int = 2) -> Any:
    """NUMERIC; fixed-point text on SQLite."""
    return sa.Numeric(precision, echelle).with_variant(sa.Text(), "sqlite")


def json() -> Any:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def maintenant() -> str:
    """SQL of the current instant in the form of :func:`instant`."""
    return "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')" if est_sqlite() else "now()"


def alterer(table: str, **options: Any) -> AbstractContextManager[BatchOperations]:
    """Alterations of one table: in place on PostgreSQL, by at most one rebuild on SQLite."""
    return op.batch_alter_table(table, **options)


def cle_naturelle(nom: str, table: str, colonne: str) -> None:
    """A natural key: unique at the centre, a plain index in caches, where services check it."""
    op.create_index(nom, table, [colonne], unique=not est_sqlite())


def ajouter_colonnes(table: str, colonnes: Sequence[sa.Column[Any]]) -> None:
    """Add nullable or defaulted columns, without a rebuild on either engine."""
    for colonne in colonnes:
        op.add_column(table, colonne)


def hors_ligne() -> bool:
    """True while SQL is written instead of run: data cannot be read."""
    return context.is_offline_mode()


def interdire(requete: str, message: str) -> None:
    """Stop the upgrade when ``requete`` returns rows; they are listed after ``message``.

    Args:
        requete: a SELECT of one text column.
    """
    if hors_ligne():
        if est_sqlite():
            return
        litteral = message.replace("'", "''")
        op.execute(
            sa.text(
                f"DO $$ DECLARE liste text; BEGIN SELECT string_agg(v, ', ') INTO liste FROM ({requete}) AS q(v); "
                f"IF liste IS NOT NULL THEN RAISE EXCEPTION '{litteral} %', liste; END IF; END $$"
            )
        )
        return
    valeurs = [str(ligne[0]) for ligne in op.get_bind().execute(sa.text(requete))]
    if valeurs:
        raise RuntimeError(f"{message} {', '.join(valeurs)}")
