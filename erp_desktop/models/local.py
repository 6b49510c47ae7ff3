"""What only a SQLite cache carries: identifiers, counters, capture, and the state of its exchange with the centre.

Every table here has ``info={"engine": "sqlite"}``; the history creates them on that engine alone.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from erp_desktop.models.base import Base

_ONLY = {"engine": "sqlite"}
_meta = Base.metadata


def _table(name: str, *columns: sa.schema.SchemaItem, **options: Any) -> sa.Table:
    """A table of a cache alone."""
    return sa.Table(name, _meta, *columns, info=_ONLY, **options)


allocateur = _table(
    "_allocateur",
    sa.Column("un", sa.Integer, sa.CheckConstraint("un = 1", name="un"), primary_key=True),
    sa.Column("poste", sa.Integer, nullable=False),
    # Next counter value: milliseconds since 2025 times 8 plus the sequence.
    sa.Column("suivant", sa.Integer, nullable=False),
)  # fmt: skip

compteurs = _table(
    "_compteurs",
    sa.Column("nom", sa.Text, primary_key=True),
    sa.Column("valeur", sa.Integer, nullable=False),
)  # fmt: skip

sync_session = _table(
    "_sync_session",
    sa.Column("un", sa.Integer, sa.CheckConstraint("un = 1", name="un"), primary_key=True),
    # NULL outside an application transaction: each captured statement is then a group of its own.
    sa.Column("groupe", sa.Integer),
    sa.Column("user_id", sa.Integer),
    sa.Column("muet", sa.Integer, nullable=False, server_default="0"),
    # Remark that the statut trigger copies into the historique row.
    sa.Column("remarque", sa.Text),
)  # fmt: skip

sync_meta = _table(
    "sync_meta",
    sa.Column("cle", sa.Text, primary_key=True),
    sa.Column("valeur", sa.Text),
)  # fmt: skip

sync_outbox = _table(
    "sync_outbox",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("groupe", sa.Integer),
    sa.Column("user_id", sa.Integer),
    sa.Column("nom_table", sa.Text, nullable=False),
    sa.Column("pk", sa.Integer, nullable=False),
    # I: insert, U: one column's old value, D: delete (old row as JSON in ``ancien``).
    # Not IN: SQLite would build a table of the three for each row, which costs more than the rest of the capture.
    sa.Column("op", sa.Text, sa.CheckConstraint("op = 'I' OR op = 'U' OR op = 'D'", name="op"), nullable=False),
    sa.Column("colonne", sa.Text),
    sa.Column("ancien", sa.LargeBinary),
    sa.Column("quand", sa.Text, nullable=False),
    # The group was refused by the centre and waits for a person.
    sa.Column("refus", sa.Text),
    # No index: it would double what capture adds to a write, and is read by cycles only, which walk all that waits.
)  # fmt: skip

sync_versions = _table(
    "sync_versions",
    sa.Column("nom_table", sa.Text, primary_key=True),
    sa.Column("pk", sa.Integer, primary_key=True),
    sa.Column("ver", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

sync_lots = _table(
    "sync_lots",
    sa.Column("numero", sa.Integer, primary_key=True),
    sa.Column("empreinte", sa.Text, nullable=False),
    sa.Column("contenu", sa.LargeBinary, nullable=False),
    # Outbox rows that the batch carries, as JSON.
    sa.Column("sortants", sa.Text, nullable=False),
    sa.Column("cree_a", sa.Text, nullable=False),
    sa.Column("repondu_a", sa.Text),
    sa.Column("reponse", sa.Text),
)  # fmt: skip

sync_conflits = _table(
    "sync_conflits",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("nom_table", sa.Text, nullable=False),
    sa.Column("pk", sa.Integer, nullable=False),
    sa.Column("colonne", sa.Text),
    sa.Column("politique", sa.Text, nullable=False),
    # JSON values.
    sa.Column("base", sa.Text),
    sa.Column("mien", sa.Text),
    sa.Column("leur", sa.Text),
    sa.Column("auteur_mien", sa.Integer),
    sa.Column("auteur_leur", sa.Text),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("a_decider", sa.Integer, nullable=False),
    sa.Column("resolu", sa.Text),
    sa.Column("resolu_a", sa.Text),
    sa.Column("avant_resolution", sa.Text),
)  # fmt: skip

sync_gares = _table(
    "sync_gares",
    # Parked groups: refused by the centre, kept whole.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("raison", sa.Text, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("etat", sa.Text, nullable=False, server_default="gare"),
)  # fmt: skip

sync_fusions = _table(
    "sync_fusions",
    # Duplicates merged here, with all that is needed to take a merge back.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("nom_table", sa.Text, nullable=False),
    sa.Column("gardee", sa.Integer, nullable=False),
    sa.Column("retiree", sa.Integer, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("annulee_a", sa.Text),
)  # fmt: skip

sync_recus_rejetes = _table(
    "sync_recus_rejetes",
    sa.Column("nom_table", sa.Text, primary_key=True),
    sa.Column("pk", sa.Integer, primary_key=True),
    sa.Column("raison", sa.Text, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    sa.Column("quand", sa.Text, nullable=False),
)  # fmt: skip

sync_journal = _table(
    "sync_journal",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("duree_s", sa.Float, nullable=False),
    sa.Column("envoyes", sa.Integer, nullable=False),
    sa.Column("recus", sa.Integer, nullable=False),
    sa.Column("conflits", sa.Integer, nullable=False),
    sa.Column("gares", sa.Integer, nullable=False),
    sa.Column("erreur", sa.Text),
    sa.Column("detail", sa.Text),
)  # fmt: skip

verificateurs = _table(
    "_verificateurs",
    # Local argon2id verifiers for offline logins, written after a login at the centre.
    sa.Column("user_id", sa.Integer, primary_key=True),
    sa.Column("empreinte", sa.Text, nullable=False),
    sa.Column("en_ligne_a", sa.Text, nullable=False),
    sa.Column("echecs", sa.Integer, nullable=False, server_default="0"),
    sa.Column("verrou_jusqu_a", sa.Text),
    # ``users.password_given_at`` as the centre told it then: a later one, and this verifier answers no more.
    sa.Column("donne_a", sa.Text),
)  # fmt: skip

recherche_attente = _table(
    "_recherche_attente",
    # What a search has to read again: a row of this table, or with 0 all of them; ``registry.searched`` notes it.
    sa.Column("nom_table", sa.Text, primary_key=True),
    sa.Column("pk", sa.Integer, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip

rapports_mois = sa.Table(
    "_rapports_mois", _meta,
    # What a report counts of one local month, for every agency and technicien, as JSON; ``registry.monthly`` takes
    # away what a write made wrong, ``reports.figures.kept`` puts it back.
    sa.Column("debut", sa.Text, primary_key=True),
    sa.Column("mesure", sa.Text, primary_key=True),
    sa.Column("fin", sa.Text, nullable=False),
    # Of the program's definitions and time zones, and of each agency's opening hours.
    sa.Column("marque", sa.Text, nullable=False),
    sa.Column("horloges", sa.Text, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    info=_ONLY,
)  # fmt: skip
