"""A person's data erased at the centre, in one transaction: first the plan, then the act; invoices stay.

What devices hold apart from the rows that they receive they erase themselves, as soon as the row of ``effacements``
reaches them (``sync.exchange.erased``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db import mentions as texts
from erp_desktop.domain.documents import cle_au_centre
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import mentions
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.models import (
    Absence,
    Base,
    Contenu,
    Contrat,
    Document,
    Effacement,
    Equipement,
    Facture,
    Intervention,
    MorceauContenu,
    Notification,
    Preference,
    ReponseChecklist,
    Technicien,
    User,
    VueEnregistree,
)
from erp_desktop.registry import personal
from erp_desktop.services.administration.source import administrer
from erp_desktop.services.audit.people import Person, named_in, pattern_of, person
from erp_desktop.services.shared import trace, wording
from erp_desktop.services.shared.lists import est_sqlite

_CLOSED = ("cloturee", "archivee", "annulee")
_OPEN_CONTRACTS = ("en_cours", "suspendu")
BACKUPS = (
    "Les sauvegardes faites avant l'effacement gardent ces données jusqu'à leur rotation ; après une restauration, "
    "refaites l'effacement."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the plan, in French.

    Attributes:
        table, champs: what ``quoi`` is made of, for who says it in another language; else empty.
    """

    quoi: str
    nombre: int
    table: str = ""
    champs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do, or did.

    Attributes:
        personne: what the person is called; empty once erased.
        obstacles: French sentences about what must be settled first.
        remarques: what the erasure does not reach.
    """

    personne: str
    efface: tuple[Line, ...]
    garde: tuple[Line, ...]
    obstacles: tuple[str, ...]
    remarques: tuple[str, ...]
    deja: bool = False


def plan(session: Session, acteur: Acteur, table: str, pk: int, others: Sequence[str] = ()) -> Plan:
    """What would be erased and what kept, and why; changes nothing.

    Args:
        others: other ways in which the person is named, given by hand.

    Raises:
        NotAllowedError, NotFoundError
    """
    administrer(session, acteur)
    who = person(session, table, pk)
    pattern = pattern_of(session, who, others)
    found = named_in(session, pattern) if pattern else []
    return _plan(session, acteur, who, found)


def erase(
    session: Session, acteur: Acteur, table: str, pk: int, *, reference: str = "", others: Sequence[str] = ()
) -> Plan:
    """Erase one person's data; again for somebody erased before, it erases what came since and adds no second row.

    Args:
        reference: of the person's request, kept beside the erasure.

    Raises:
        NotAllowedError, NotFoundError
        ValidationError: the reference names the person.
        UserError: something must be settled first.
    """
    administrer(session, acteur)
    who = person(session, table, pk)
    pattern = pattern_of(session, who, others)
    reference = mots.lire(reference, "reference", 40)
    if pattern and mentions.names(reference, pattern):
        raise ValidationError({"reference": "La référence de la demande ne doit pas nommer la personne."})
    told = _plan(session, acteur, who, named_in(session, pattern) if pattern else [])
    if told.obstacles:
        raise UserError(told.obstacles[0])
    trace.annoncer(session, acteur)
    # First: its place in the exchange is then before the rows that it changes (sync.exchange.erased).
    if not who.deja:
        session.add_all(
            Effacement(
                nom_table=t, fiche_id=k, reference=reference.strip() or None, created_by_id=acteur.user_id or None
            )
            for t, k in who.rows
        )
        session.flush()
    _Erasure(session, who, pattern).run()
    return told


# --- the plan


def _plan(session: Session, acteur: Acteur, who: Person, found: Iterable[texts.Found]) -> Plan:
    erased: list[Line] = []
    for table, _ in who.rows:
        columns = personal.columns(table, individual=who.individual)
        names = [f.label for c in columns if (f := wording.field(table, c)) is not None]
        erased.append(Line(f"{wording.row(table)[0]} : {', '.join(names)}", 1, table, tuple(columns)))
    documents = _documents(session, who, None)
    if documents:
        erased.append(Line("Documents et photos, avec leur contenu", len(documents)))
    if who.table == "users":
        own = sum(session.scalar(sa.select(sa.func.count()).where(m.user_id == who.id)) or 0
                  for m in (Preference, VueEnregistree, Notification))  # fmt: skip
        erased.append(Line("Préférences, vues et notifications du compte", own))
    own_columns = {t: set(personal.columns(t, individual=who.individual)) for t, _ in who.rows}
    counts = Counter(
        one.table for one in found
        if (one.table, one.pk) not in who.rows or not own_columns[one.table].issuperset(one.columns)
    )  # fmt: skip
    for table, count in sorted(counts.items()):
        called = wording.row(table)[0] or f"Échanges du centre ({table.removeprefix('sync.')})"
        erased.append(Line(f"Textes qui nomment la personne : {called}", count))
    kept = [Line(k.why, n) for k in personal.KEPT if (n := _kept(session, who, k)) > 0]
    if who.table == "users":
        kept.append(Line("Les actes eux-mêmes : qui a fait quoi, sous « Personne effacée ».", 1))
    return Plan(
        who.nom,
        tuple(erased),
        tuple(kept),
        tuple(_obstacles(session, acteur, who)),
        (BACKUPS, *_notes(who)),
        who.deja,
    )


def _notes(who: Person) -> list[str]:
    if mentions.name(who.nom) or who.deja:
        return []
    return ["Un seul mot n'est pas cherché dans les textes : donnez le nom entier comme autre façon de la nommer."]


def _kept(session: Session, who: Person, kept: personal.Kept) -> int:
    """Accounting rows that concern the person: a client's, or those that a user made."""
    t = Base.metadata.tables[kept.table]
    if who.table == "clients":
        mine = sa.select(Facture.id).where(Facture.client_id == who.id)
        by = t.c.client_id == who.id if kept.table == "factures" else t.c.facture_id.in_(mine)
    else:
        by = t.c.created_by_id == who.id
    query = sa.select(sa.func.count()).select_from(t).where(by, sa.text(kept.rows))
    return int(session.scalar(query) or 0)


def _obstacles(session: Session, acteur: Acteur, who: Person) -> list[str]:
    def count(query: Any) -> int:
        return int(session.scalar(query) or 0)

    i, found = Intervention, []
    if who.table == "users":
        row = session.get_one(User, who.id)
        if who.id == acteur.user_id:
            found.append("Vous ne pouvez pas effacer votre propre compte : demandez-le à un autre administrateur.")
        others = sa.select(sa.func.count()).where(
            User.role == Role.ADMIN.value, User.is_active.is_(True), User.id != who.id
        )
        if row.role == Role.ADMIN and row.is_active and count(others) == 0:
            found.append("Ce compte est le dernier administrateur actif.")
        own = [pk for table, pk in who.rows if table == "techniciens"]
        busy = count(sa.select(sa.func.count()).where(i.technicien_id.in_(own), i.statut.not_in(_CLOSED)))
        if busy:
            found.append(f"Cette personne a encore {busy} intervention(s) en cours : réaffectez-les d'abord.")
    elif who.individual:
        open_work = count(sa.select(sa.func.count()).where(i.client_id == who.id, i.statut.not_in(_CLOSED)))
        if open_work:
            found.append(f"Ce client a encore {open_work} intervention(s) en cours : terminez-les d'abord.")
        contracts = sa.select(sa.func.count()).where(Contrat.client_id == who.id, Contrat.statut.in_(_OPEN_CONTRACTS))
        if count(contracts):
            found.append("Ce client a un contrat en cours : résiliez-le d'abord.")
        drafts = sa.select(sa.func.count()).where(
            Facture.client_id == who.id, Facture.statut.in_(("brouillon", "a_transmettre"))
        )
        if count(drafts):
            found.append("Ce client a un brouillon de facture : validez-le ou supprimez-le d'abord.")
    return found


def _documents(session: Session, who: Person, pattern: str | None) -> list[int]:
    """Documents of a client who is a person, but for accounting ones; those whose name says who it is, of anybody."""
    d = Document
    found: set[int] = set()
    if who.individual:
        works = sa.select(Intervention.id).where(Intervention.client_id == who.id)
        machines = sa.select(Equipement.id).where(Equipement.client_id == who.id)
        theirs = sa.or_(d.intervention_id.in_(works), d.equipement_id.in_(machines))
        found |= set(session.scalars(sa.select(d.id).where(theirs, d.type_document != personal.KEPT_DOCUMENTS)))
    if pattern:
        named = session.execute(sa.select(d.id, d.nom_fichier).where(d.type_document != personal.KEPT_DOCUMENTS))
        found |= {pk for pk, name in named if mentions.names(name.replace("_", " "), pattern)}
    return sorted(found)


# --- the act


class _Erasure:
    """One erasure, in the caller's transaction."""

    def __init__(self, session: Session, who: Person, pattern: str | None) -> None:
        self.session, self.who, self.pattern = session, who, pattern
        self.central = not est_sqlite(session)

    def run(self) -> None:
        if not self.central:
            self._execute("UPDATE _sync_session SET muet = 1")
        before = self._last_told()
        self._documents()
        self._signatures()
        for table, pk in self.who.rows:
            self._row(table, pk)
        if self.who.table == "users":
            self._account()
        self.session.flush()
        if self.pattern:
            named_in(self.session, self.pattern, erase=True)
        if self.central:
            self._exchanges(before)
        else:
            self._outbox()
            self._execute("UPDATE _sync_session SET muet = 0")

    def _execute(self, sql: str, **values: Any) -> None:
        self.session.execute(sa.text(sql), values)

    def _last_told(self) -> int:
        if not self.central:
            return 0
        return int(self.session.scalar(sa.text("SELECT coalesce(max(id), 0) FROM sync.modifications")) or 0)

    def _row(self, table: str, pk: int) -> None:
        t = Base.metadata.tables[table]
        columns = personal.columns(table, individual=self.who.individual)
        values: dict[str, Any] = {c: personal.anonymous(table, c, pk) for c in columns}
        # An administrator may have given back the data of somebody who came again: it goes once more.
        if table in ("users", "techniciens") or self.who.individual:
            values["is_active"] = False
        if table == "users":
            values |= {"hashed_password": None, "last_login": None, "is_verified": False}
        self.session.execute(sa.update(t).where(t.c.id == pk).values(values))

    def _account(self) -> None:
        pk = self.who.id
        for model in (Preference, VueEnregistree, Notification):
            self.session.execute(sa.delete(model).where(model.user_id == pk))
        own = sa.select(Technicien.id).where(Technicien.user_id == pk)
        # That somebody was ill is nobody's any more; that they were away explains the planning.
        self.session.execute(
            sa.update(Absence).where(Absence.technicien_id.in_(own)).values(remarque=None, type="autre"),
            execution_options={"synchronize_session": False},
        )
        if self.central:
            self._execute("DELETE FROM sync.logins WHERE user_id = :pk", pk=pk)
        else:
            self._execute("DELETE FROM _verificateurs WHERE user_id = :pk", pk=pk)

    def _signatures(self) -> None:
        """A signature goes with the name under it."""
        i = Intervention
        signed = self.session.execute(sa.select(i.id, i.signataire, i.client_id).where(
            sa.or_(i.signataire.is_not(None), i.signature.is_not(None))))  # fmt: skip
        theirs = [
            pk for pk, name, client in signed
            if (self.pattern and mentions.names(name, self.pattern))
            or (self.who.individual and client == self.who.id)
        ]  # fmt: skip
        for start in range(0, len(theirs), 500):
            block = theirs[start : start + 500]
            self.session.execute(
                sa.update(i).where(i.id.in_(block)).values(signataire=None, signature=None),
                execution_options={"synchronize_session": False},
            )

    def _documents(self) -> None:
        wanted = _documents(self.session, self.who, self.pattern)
        for start in range(0, len(wanted), 500):
            block = wanted[start : start + 500]
            described = sa.select(Document.agence_id, Document.sha256)
            named = {(r.agence_id, r.sha256) for r in self.session.execute(described.where(Document.id.in_(block)))}
            answered = ReponseChecklist.document_id.in_(block)
            quiet = {"synchronize_session": False}
            self.session.execute(
                sa.update(ReponseChecklist).where(answered).values(document_id=None), execution_options=quiet
            )
            self.session.execute(sa.delete(Document).where(Document.id.in_(block)), execution_options=quiet)
            self._contents(named)

    def _contents(self, named: set[tuple[int | None, str]]) -> None:
        """Bytes that nothing describes any more go at once; the purge of the night would take them later."""
        described = sa.select(Document.agence_id, Document.sha256).where(Document.sha256.in_({h for _, h in named}))
        gone = named - {(r.agence_id, r.sha256) for r in self.session.execute(described)}
        keys = [cle_au_centre(agence, h) if self.central else h for agence, h in gone]
        self.session.execute(sa.delete(MorceauContenu).where(MorceauContenu.sha256.in_(keys)))
        self.session.execute(sa.delete(Contenu).where(Contenu.sha256.in_(keys)))

    def _exchanges(self, before: int) -> None:
        """What the centre keeps of exchanges: deleted rows, conflicts, refused batches, the journal, first copies."""
        rows = {(t, pk): list(personal.columns(t, individual=self.who.individual)) for t, pk in self.who.rows}
        for (table, pk), columns in rows.items():
            told = {"t": table, "pk": pk, "c": columns}
            self._execute(
                "DELETE FROM sync.conflits WHERE nom_table = :t AND pk = :pk "
                "AND (colonne IS NULL OR colonne = ANY(:c) OR politique = 'groupe')", **told,
            )  # fmt: skip
            self._execute(
                "UPDATE sync.modifications SET avant = avant - CAST(:c AS text[]), "
                "apres = apres - CAST(:c AS text[]) WHERE nom_table = :t AND pk = :pk", **told,
            )  # fmt: skip
            self._rewrite("lots", "resultat", pk, lambda held: personal.strip_outcome(held, rows))
            self._rewrite("gares", "contenu", pk, lambda held: personal.strip_batch(held, rows))
            self._rewrite("quarantaine", "contenu", pk, lambda held: personal.strip_batch(held, rows))
        # What this very transaction was told to have changed is what it erases.
        self._execute(
            "DELETE FROM sync.modifications WHERE id > :before AND xmin = pg_current_xact_id()::xid", before=before
        )
        self._execute(
            "UPDATE sync.row_state SET contenu = NULL WHERE etat = 'deleted' AND contenu IS NOT NULL "
            "AND xid = pg_current_xact_id()"
        )
        # A published first copy is a whole file: the next publication makes it anew.
        self._execute("DELETE FROM sync.instantanes")

    def _rewrite(self, table: str, column: str, pk: int, without: Callable[[Any], Any]) -> None:
        """Take out of what is kept as JSON what it says of one row in other words than the person's name."""
        held = self.session.execute(
            sa.text(f"SELECT ctid::text, {column} FROM sync.{table} WHERE {column}::text LIKE :pk"), {"pk": f"%{pk}%"}
        ).fetchall()
        for place, content in held:
            self._execute(
                f"UPDATE sync.{table} SET {column} = CAST(:v AS jsonb) WHERE ctid = CAST(:place AS tid)",
                v=json.dumps(without(content), ensure_ascii=False), place=place,
            )  # fmt: skip

    def _outbox(self) -> None:
        for table, pk in self.who.rows:
            columns = list(personal.columns(table, individual=self.who.individual))
            marks = ", ".join(f":c{n}" for n in range(len(columns)))
            self._execute(
                f"DELETE FROM sync_outbox WHERE nom_table = :t AND pk = :pk AND colonne IN ({marks})", t=table, pk=pk,
                **{f"c{n}": c for n, c in enumerate(columns)},
            )  # fmt: skip
