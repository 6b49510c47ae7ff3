"""What only a SQLite cache carries: identifiers, counters, capture, and the state of its exchange with the centre.

Every table here has ``info={"engine": "sqlite"}``; the history creates them on that engine alone.
"""

from __future__ import annotations

import sqlalchemy as sa

from erp_desktop.models.base import Base

_ONLY = {"engine": "sqlite"}
_meta = Base.metadata

allocateur = sa.Table(
    "_allocateur", _meta,
    sa.Column("un", sa.Integer, sa.CheckConstraint("un = 1", name="un"), primary_key=True),
    sa.Column("poste", sa.Integer, nullable=False),
    # Next counter value: milliseconds since 2025 times 8 plus the sequence.
    sa.Column("suivant", sa.Integer, nullable=False),
    info=_ONLY,
)  # fmt: skip

compteurs = sa.Table(
    "_compteurs", _meta,
    sa.Column("nom", sa.Text, primary_key=True),
    sa.Column("valeur", sa.Integer, nullable=False),
    info=_ONLY,
)  # fmt: skip

sync_session = sa.Table(
    "_sync_session", _meta,
    sa.Column("un", sa.Integer, sa.CheckConstraint("un = 1", name="un"), primary_key=True),
    # NULL outside an application transaction: each captured statement is then a group of its own.
    sa.Column("groupe", sa.Integer),
    sa.Column("user_id", sa.Integer),
    sa.Column("muet", sa.Integer, nullable=False, server_default="0"),
    # Remark that the statut trigger copies into the historique row.
    sa.Column("remarque", sa.Text),
    info=_ONLY,
)  # fmt: skip

sync_meta = sa.Table(
    "sync_meta", _meta,
    sa.Column("cle", sa.Text, primary_key=True),
    sa.Column("valeur", sa.Text),
    info=_ONLY,
)  # fmt: skip

sync_outbox = sa.Table(
    "sync_outbox", _meta,
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
    info=_ONLY,
)  # fmt: skip

sync_versions = sa.Table(
    "sync_versions", _meta,
    sa.Column("nom_table", sa.Text, primary_key=True),
    sa.Column("pk", sa.Integer, primary_key=True),
    sa.Column("ver", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
    info=_ONLY,
)  # fmt: skip

sync_lots = sa.Table(
    "sync_lots", _meta,
    sa.Column("numero", sa.Integer, primary_key=True),
    sa.Column("empreinte", sa.Text, nullable=False),
    sa.Column("contenu", sa.LargeBinary, nullable=False),
    # Outbox rows that the batch carries, as JSON.
    sa.Column("sortants", sa.Text, nullable=False),
    sa.Column("cree_a", sa.Text, nullable=False),
    sa.Column("repondu_a", sa.Text),
    sa.Column("reponse", sa.Text),
    info=_ONLY,
)  # fmt: skip

sync_conflits = sa.Table(
    "sync_conflits", _meta,
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
    info=_ONLY,
)  # fmt: skip

sync_gares = sa.Table(
    "sync_gares", _meta,
    # Parked groups: refused by the centre, kept whole.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("raison", sa.Text, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("etat", sa.Text, nullable=False, server_default="gare"),
    info=_ONLY,
)  # fmt: skip

sync_fusions = sa.Table(
    "sync_fusions", _meta,
    # Duplicates merged here, with all that is needed to take a merge back.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("nom_table", sa.Text, nullable=False),
    sa.Column("gardee", sa.Integer, nullable=False),
    sa.Column("retiree", sa.Integer, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("annulee_a", sa.Text),
    info=_ONLY,
)  # fmt: skip

sync_recus_rejetes = sa.Table(
    "sync_recus_rejetes", _meta,
    sa.Column("nom_table", sa.Text, primary_key=True),
    sa.Column("pk", sa.Integer, primary_key=True),
    sa.Column("raison", sa.Text, nullable=False),
    sa.Column("contenu", sa.Text, nullable=False),
    sa.Column("quand", sa.Text, nullable=False),
    info=_ONLY,
)  # fmt: skip

sync_journal = sa.Table(
    "sync_journal", _meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("quand", sa.Text, nullable=False),
    sa.Column("duree_s", sa.Float, nullable=False),
    sa.Column("envoyes", sa.Integer, nullable=False),
    sa.Column("recus", sa.Integer, nullable=False),
    sa.Column("conflits", sa.Integer, nullable=False),
    sa.Column("gares", sa.Integer, nullable=False),
    sa.Column("erreur", sa.Text),
    sa.Column("detail", sa.Text),
    info=_ONLY,
)  # fmt: skip

verificateurs = sa.Table(
    "_verificateurs", _meta,
    # Local argon2id verifiers for offline logins, written after a login at the centre.
    sa.Column("user_id", sa.Integer, primary_key=True),
    sa.Column("empreinte", sa.Text, nullable=False),
    sa.Column("en_ligne_a", sa.Text, nullable=False),
    sa.Column("echecs", sa.Integer, nullable=False, server_default="0"),
    sa.Column("verrou_jusqu_a", sa.Text),
    info=_ONLY,
)  # fmt: skip
