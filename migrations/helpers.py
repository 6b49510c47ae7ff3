"""What revisions share: types per engine, alterations that SQLite can do, small SQL differences.

Applied revisions rely on these functions: extend, never change what an existing one produces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from alembic.operations import BatchOperations
from sqlalchemy.dialects import postgresql

from migrations.in_place import EditedError, without_expressions


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


@contextmanager
def alterer(table: str, **options: Any) -> Iterator[BatchOperations]:
    """Alterations of one table: in place on PostgreSQL, by at most one rebuild on SQLite.

    A rebuild makes the indexes of columns again by itself; those of expressions, which it cannot read, are made here.
    The table is read alone: of those that it refers to, their names are enough.
    """
    before = _index_d_expressions(table)
    options = {"reflect_kwargs": {"resolve_fks": False}, **options}
    with suppress(EditedError), without_expressions(), op.batch_alter_table(table, **options) as lot:
        yield lot
    kept = _index_d_expressions(table)
    for nom, texte in before.items():
        if nom not in kept:
            op.get_bind().exec_driver_sql(texte)


def _index_d_expressions(table: str) -> dict[str, str]:
    """Name → SQL of the indexes on expressions of a table; on SQLite alone."""
    if not est_sqlite() or op.get_context().as_sql:
        return {}
    rows = op.get_bind().exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema s WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL "
        "AND EXISTS (SELECT 1 FROM pragma_index_xinfo(s.name) WHERE cid = -2)",
        (table,),
    )
    return {str(nom): str(texte) for nom, texte in rows}


def cle_naturelle(nom: str, table: str, colonne: str) -> None:
    """A natural key: unique at the centre, a plain index in caches, where services check it."""
    op.create_index(nom, table, [colonne], unique=not est_sqlite())


def ajouter_colonnes(table: str, colonnes: Sequence[sa.Column[Any]]) -> None:
    """Add nullable or defaulted columns, without a rebuild on either engine."""
    for colonne in colonnes:
        op.add_column(table, colonne)


def ajouter_sur_place(
    table: str, colonne: sa.Column[Any], *, vers: str | None = None, controle: tuple[str, str] | None = None
) -> None:
    """Add one column with its reference or its CHECK, without a rebuild on either engine.

    Args:
        vers: the table whose ``id`` it refers to; the reference is ``fk_<table>_<colonne>``.
        controle: name and text of a CHECK, which may speak of columns that are there already.

    :func:`retirer_colonnes` takes such columns away again, the last one first.
    """
    reference = f"fk_{table}_{colonne.name}"
    if not est_sqlite():
        op.add_column(table, colonne)
        if vers is not None:
            op.create_foreign_key(op.f(reference), table, vers, [colonne.name], ["id"])
        if controle is not None:
            op.create_check_constraint(op.f(controle[0]), table, controle[1])
        return
    morceaux = [f"ALTER TABLE {table} ADD COLUMN {colonne.name} {colonne.type.compile(op.get_context().dialect)}"]
    if colonne.server_default is not None:
        morceaux.append(f"DEFAULT '{colonne.server_default.arg}' NOT NULL")  # type: ignore[attr-defined]
    if vers is not None:
        morceaux.append(f"CONSTRAINT {reference} REFERENCES {vers} (id)")
    if controle is not None:
        morceaux.append(f"CONSTRAINT {controle[0]} CHECK ({controle[1]})")
    op.execute(sa.text(" ".join(morceaux)))


def retirer_colonnes(table: str, colonnes: Sequence[str]) -> None:
    """Drop columns of :func:`ajouter_sur_place`, their references and CHECKs with them."""
    for colonne in colonnes:
        op.drop_column(table, colonne)


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


def indexer_sans_bloquer(
    nom: str,
    table: str,
    colonnes: Sequence[str | sa.TextClause],
    condition: str | None = None,
    sorte: str | None = None,
) -> None:
    """An index that PostgreSQL builds while everybody goes on writing; its revision says ``hors_transaction``.

    Args:
        colonnes: names, or expressions as SQL.
        condition: SQL of the only rows that it holds.
        sorte: ``gin``, at the centre.

    What an interrupted build left invalid is dropped first. Waiting for older transactions keeps nobody waiting, so
    the short lock timeout of other revisions does not hold here.
    """
    ou = None if condition is None else sa.text(condition)
    if est_sqlite():
        op.create_index(nom, table, list(colonnes), sqlite_where=ou)
        return
    with op.get_context().autocommit_block():
        if not hors_ligne():
            op.execute("SET lock_timeout = '10min'")
            op.execute("SET statement_timeout = 0")
            valide = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:nom)")
            if op.get_bind().execute(valide, {"nom": nom}).scalar():
                return
        op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {nom}"))
        op.create_index(
            nom, table, list(colonnes), postgresql_concurrently=True, if_not_exists=True, postgresql_where=ou,
            postgresql_using=sorte,
        )  # fmt: skip


def retirer_index_sans_bloquer(nom: str, table: str) -> None:
    """Drop an index while everybody goes on writing; its revision says ``hors_transaction``."""
    if est_sqlite():
        op.drop_index(nom, table)
        return
    with op.get_context().autocommit_block():
        op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {nom}"))


def suivre_renommage(table: str, ancien: str, nouveau: str) -> None:
    """Give a renamed column its new name wherever a pending exchange speaks of it.

    Frozen batches keep their bytes, which the centre must recognise; it reads the old name through its lens.
    """
    noms = {"t": table, "a": ancien, "n": nouveau}
    if not est_sqlite():
        for requete in (
            "UPDATE sync.row_state SET contenu = contenu - :a || jsonb_build_object(:n, contenu->:a) "
            "WHERE nom_table = :t AND jsonb_exists(contenu, :a)",
            "UPDATE sync.conflits SET colonne = :n WHERE nom_table = :t AND colonne = :a",
        ):
            op.execute(_litteral(requete, noms))
        return
    for requete in (
        "UPDATE sync_outbox SET colonne = :n WHERE nom_table = :t AND colonne = :a",
        "UPDATE sync_outbox SET ancien = json_remove(json_set(ancien, '$.' || :n, json_extract(ancien, '$.' || :a)), "
        "'$.' || :a) WHERE nom_table = :t AND op = 'D' AND json_type(ancien, '$.' || :a) IS NOT NULL",
        "UPDATE sync_conflits SET colonne = :n WHERE nom_table = :t AND colonne = :a",
        "UPDATE sync_meta SET valeur = json_remove(json_set(valeur, '$.' || :n, json_extract(valeur, '$.' || :a)), "
        "'$.' || :a) WHERE cle LIKE 'centre:' || :t || ':%' AND json_type(valeur, '$.' || :a) IS NOT NULL",
    ):
        op.execute(_litteral(requete, noms))


def _litteral(requete: str, noms: dict[str, str]) -> sa.TextClause:
    """Names of columns of this history, written into the statement so that the offline script is whole."""
    for cle, nom in noms.items():
        requete = requete.replace(f":{cle}", f"'{nom}'")
    return sa.text(requete)


def lier(table: str, ancienne: str, nouvelle: str) -> None:
    """Two names of one value while a column changes its name: what a program writes in either is in both."""
    if est_sqlite():
        # After, not before: a SQLite trigger cannot change the row that is being written.
        valeur = {
            "INSERT": f"coalesce(NEW.{nouvelle}, NEW.{ancienne})",
            f"UPDATE OF {ancienne}, {nouvelle}": f"CASE WHEN NEW.{nouvelle} IS NOT OLD.{nouvelle} "
            f"THEN NEW.{nouvelle} ELSE NEW.{ancienne} END",
        }
        for quand, v in valeur.items():
            op.execute(
                sa.text(
                    f"CREATE TRIGGER lier_{nouvelle}_{quand[:6].lower()} AFTER {quand} ON {table} "
                    f"WHEN NEW.{ancienne} IS NOT NEW.{nouvelle} BEGIN UPDATE {table} "
                    f"SET {ancienne} = {v}, {nouvelle} = {v} WHERE id = NEW.id; END"
                )
            )
        return
    op.execute(
        sa.text(
            f"CREATE FUNCTION sync.lier_{nouvelle}() RETURNS trigger LANGUAGE plpgsql "
            "SET search_path = pg_catalog, pg_temp AS $f$ BEGIN IF TG_OP = 'INSERT' THEN "
            f"NEW.{nouvelle} \\:= coalesce(NEW.{nouvelle}, NEW.{ancienne}); "
            f"ELSIF NEW.{nouvelle} IS NOT DISTINCT FROM OLD.{nouvelle} THEN NEW.{nouvelle} \\:= NEW.{ancienne}; "
            f"END IF; NEW.{ancienne} \\:= NEW.{nouvelle}; RETURN NEW; END $f$"
        )
    )
    op.execute(
        sa.text(
            f"CREATE TRIGGER lier_{nouvelle} BEFORE INSERT OR UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION sync.lier_{nouvelle}()"
        )
    )


def delier(table: str, nouvelle: str) -> None:
    """End what :func:`lier` began."""
    if est_sqlite():
        for quand in ("insert", "update"):
            op.execute(sa.text(f"DROP TRIGGER IF EXISTS lier_{nouvelle}_{quand}"))
        return
    op.execute(sa.text(f"DROP TRIGGER lier_{nouvelle} ON {table}"))
    op.execute(sa.text(f"DROP FUNCTION sync.lier_{nouvelle}()"))
