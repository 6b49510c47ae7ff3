"""What only the central PostgreSQL carries, in schema ``sync``: row states, devices, batches, conflicts, window.

Every table here has ``info={"engine": "postgresql"}``; the history creates them on that engine alone. Grants,
functions, policies and triggers around them are re-installed by ``centre.machinery`` after every migration.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from erp_desktop.models.base import Base

_ONLY = {"engine": "postgresql"}
_meta = Base.metadata


def _table(name: str, *columns: sa.schema.SchemaItem, **options: Any) -> sa.Table:
    """A table of the centre alone."""
    return sa.Table(name, _meta, *columns, schema="sync", info=_ONLY, **options)


_now = sa.text("now()")


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction identifier."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


row_state = _table(
    "row_state",
    sa.Column("nom_table", sa.Text, primary_key=True),
    sa.Column("pk", sa.BigInteger, primary_key=True),
    # 0 is shared data, else agences.id.
    sa.Column("scope", sa.BigInteger, primary_key=True),
    sa.Column("ver", sa.BigInteger, nullable=False),
    sa.Column("xid", Xid8, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    # Device whose push made this version exactly as it was sent; it needs no body back. 0: nobody.
    sa.Column("origine", sa.Integer, nullable=False, server_default="0"),
    sa.Column("auteur", sa.BigInteger),
    sa.Column("quand", sa.DateTime(timezone=True), nullable=False, server_default=_now),
    sa.Column("etat", sa.Text, sa.CheckConstraint("etat IN ('live', 'deleted', 'evicted')", name="etat"),
              nullable=False, server_default="live"),
    # The last content of a deleted row, so that a late update can revive it.
    sa.Column("contenu", JSONB),
    sa.Index("idx_row_state_curseur", "scope", "xid", "seq"),
)  # fmt: skip

devices = _table(
    "devices",
    sa.Column("poste", sa.Integer, primary_key=True),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("nom", sa.Text, nullable=False),
    sa.Column("agence_id", sa.BigInteger, sa.ForeignKey("agences.id"), nullable=False),
    sa.Column(
        "etat", sa.Text,
        sa.CheckConstraint("etat IN ('actif', 'attendu', 'vole', 'retire', 'remplace')", name="etat"),
        nullable=False, server_default="actif",
    ),
    sa.Column("dernier_lot", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("inscrit_a", sa.DateTime(timezone=True), nullable=False, server_default=_now),
    sa.Column("vu_a", sa.DateTime(timezone=True)),
    sa.Column("version", sa.Text),
    sa.Column("revision", sa.Text),
    sa.Column("en_attente", sa.Integer),
    sa.Column("curseur_xid", Xid8),
    sa.Column("curseur_seq", sa.BigInteger),
    sa.Column("expire_a", sa.DateTime(timezone=True)),
    # 32 bytes that the device made: they seal what is carried by hand while the line is down.
    sa.Column("cle_paquet", sa.LargeBinary),
    # The poste whose file this device was enrolled with again: what that file had not sent is in its series.
    sa.Column("succede", sa.Integer),
    # inscrit_par: whoever enrolled it, an account's identifier or a login of the server; dit: what it last told of
    # itself (sync.annoncer).
    sa.Column("details", JSONB),
)  # fmt: skip

lots = _table(
    "lots",
    sa.Column("poste", sa.Integer, sa.ForeignKey("sync.devices.poste"), primary_key=True),
    sa.Column("numero", sa.BigInteger, primary_key=True),
    sa.Column("empreinte", sa.Text, nullable=False),
    sa.Column("resultat", JSONB, nullable=False),
    sa.Column("recu_a", sa.DateTime(timezone=True), nullable=False, server_default=_now),
)  # fmt: skip

conflits = _table(
    "conflits",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("poste", sa.Integer, sa.ForeignKey("sync.devices.poste"), nullable=False),
    sa.Column("lot", sa.BigInteger, nullable=False),
    sa.Column("agence_id", sa.BigInteger),
    sa.Column("nom_table", sa.Text, nullable=False),
    sa.Column("pk", sa.BigInteger, nullable=False),
    # NULL: the whole row (deletion against update).
    sa.Column("colonne", sa.Text),
    sa.Column("politique", sa.Text, nullable=False),
    sa.Column("base", JSONB),
    sa.Column("mien", JSONB),
    sa.Column("leur", JSONB),
    sa.Column("auteur_mien", sa.BigInteger),
    sa.Column("auteur_leur", sa.BigInteger),
    sa.Column("quand", sa.DateTime(timezone=True), nullable=False, server_default=_now),
    sa.Column("a_decider", sa.Boolean, nullable=False),
    sa.Column("resolu", sa.Text),
)  # fmt: skip

gares = _table(
    "gares",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("poste", sa.Integer, sa.ForeignKey("sync.devices.poste"), nullable=False),
    sa.Column("lot", sa.BigInteger, nullable=False),
    sa.Column("unite", sa.Integer, nullable=False),
    sa.Column("agence_id", sa.BigInteger),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("raison", sa.Text, nullable=False),
    sa.Column("contenu", JSONB, nullable=False),
    sa.Column("quand", sa.DateTime(timezone=True), nullable=False, server_default=_now),
)  # fmt: skip

# What was changed, by whom and from where: the merge adds what devices sent, the capture what was written here. An
# insert is not noted: the row says itself who made it and when.
modifications = _table(
    "modifications",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("nom_table", sa.Text, nullable=False),
    sa.Column("pk", sa.BigInteger, nullable=False),
    sa.Column("agence_id", sa.BigInteger),
    sa.Column("operation", sa.Text, sa.CheckConstraint("operation IN ('U', 'D')", name="operation"), nullable=False),
    sa.Column("auteur", sa.BigInteger),
    # 0: written at the centre.
    sa.Column("poste", sa.Integer, nullable=False, server_default="0"),
    sa.Column("quand", sa.DateTime(timezone=True), nullable=False, server_default=_now),
    # Column to its text; of a deletion the whole row, of a change the columns that were sent.
    sa.Column("avant", JSONB),
    sa.Column("apres", JSONB),
    sa.Index("idx_modifications_fiche", "nom_table", "pk"),
    sa.Index("idx_modifications_quand", "quand"),
)  # fmt: skip

# The legal numbers of invoices: one row of each series, which a validation locks (``sync.valider_facture``).
series = _table(
    "series",
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("annee", sa.Integer, nullable=False),
    sa.Column("dernier", sa.BigInteger, nullable=False),
    sa.Column("derniere_date", sa.Date),
    sa.Column("empreinte", sa.Text),
)  # fmt: skip

instantanes = _table(
    "instantanes",
    # A published first copy: a plain SQLite file of one scope, zstd, cut into pieces of 1 MB.
    sa.Column("scope", sa.BigInteger, primary_key=True),
    sa.Column("morceau", sa.Integer, primary_key=True),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("epoque", sa.Text, nullable=False),
    sa.Column("xid", Xid8, nullable=False),
    sa.Column("lignes", sa.BigInteger, nullable=False),
    sa.Column("contenu", sa.LargeBinary, nullable=False),
    sa.Column("a", sa.DateTime(timezone=True), nullable=False, server_default=_now),
)  # fmt: skip

quarantaine = _table(
    "quarantaine",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("poste", sa.Integer, sa.ForeignKey("sync.devices.poste"), nullable=False),
    sa.Column("agence_id", sa.BigInteger, nullable=False),
    # What a retired device still had to send, as a batch; merged when an administrator takes it over.
    sa.Column("contenu", JSONB, nullable=False),
    sa.Column("recu_a", sa.DateTime(timezone=True), nullable=False, server_default=_now),
    sa.Column("repris_a", sa.DateTime(timezone=True)),
)  # fmt: skip

purges = _table(
    "purges",
    # Deletions older than ``xid`` are forgotten: a device whose cursor is behind starts from a fresh copy.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("scope", sa.BigInteger, nullable=False),
    sa.Column("xid", Xid8, nullable=False),
    sa.Column("lignes", sa.BigInteger, nullable=False),
    sa.Column("a", sa.DateTime(timezone=True), nullable=False, server_default=_now),
)  # fmt: skip

logins = _table(
    "logins",
    # People who work on the centre directly; devices are in ``devices``.
    sa.Column("login", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id"), nullable=False),
)  # fmt: skip

schema_compat = _table(
    "schema_compat",
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("min_client_revision", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("par", sa.Text, nullable=False),
    sa.Column("app_version", sa.Text, nullable=False),
    sa.Column("a", sa.DateTime(timezone=True), nullable=False, server_default=_now),
)  # fmt: skip

rapports_mois = sa.Table(
    "rapports_mois", _meta,
    # As ``_rapports_mois`` of a cache. First announced without figures, so that who writes meanwhile touches it.
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("debut", sa.DateTime(timezone=True), nullable=False),
    sa.Column("mesure", sa.Text, nullable=False),
    sa.Column("fin", sa.DateTime(timezone=True), nullable=False),
    sa.Column("marque", sa.Text),
    sa.Column("horloges", sa.Text),
    sa.Column("contenu", sa.Text),
    sa.UniqueConstraint("debut", "mesure"),
    schema="sync", info=_ONLY,
)  # fmt: skip

rapports_touches = sa.Table(
    "rapports_touches", _meta,
    # Months whose figures a write made wrong; 0 is all of them. Only ever added to by writers, who wait for nobody.
    sa.Column("mois_id", sa.BigInteger, nullable=False),
    # Of whom they are wrong: agency 0 is everybody, NULL is nobody's.
    sa.Column("agence_id", sa.BigInteger),
    sa.Column("technicien_id", sa.BigInteger),
    schema="sync", info=_ONLY,
)  # fmt: skip
