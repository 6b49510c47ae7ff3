"""Acts as they are read: who, when, on which row, what it held before and after.

``places`` says where they are kept and finds them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast, together
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError
from erp_desktop.models import Base, Intervention, User
from erp_desktop.models import HistoriqueIntervention as Historique
from erp_desktop.models.centre import modifications
from erp_desktop.models.local import sync_outbox
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind
from erp_desktop.services.audit import places
from erp_desktop.services.audit.names import labels, targets
from erp_desktop.services.audit.places import Asked, Source
from erp_desktop.services.shared.lists import est_sqlite, paquets, portee


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as the database keeps it."""

    champ: str
    avant: Any
    apres: Any


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Attributes:
        action: a key of ``ACTIONS``.
        auteur: the claimed person's name; empty when nobody is known by it.
        fiche: key of the row; ``libelle`` is what people call it.
        noms: (field, identifier) → what a person calls the row that a value points at.
        recu_a: when the centre heard of it; None: it has not, or says nothing.
        attend: not sent to the centre yet.
    """

    id: int
    quand: datetime
    auteur: str
    action: str
    table: str
    fiche: int
    libelle: str
    changements: tuple[Change, ...] = ()
    noms: dict[tuple[str, int], str] = field(default_factory=dict)
    remarque: str = ""
    poste: int | None = None
    recu_a: datetime | None = None
    attend: bool = False


# --- rows


def rows(session: Session, acteur: Acteur, keys: Sequence[int]) -> list[Act]:
    """Acts of a visible window, in the order of ``keys``."""
    roles.exiger(acteur, roles.Droit.AUDITER)
    return _rows(session, acteur, keys)


def _rows(session: Session, acteur: Acteur, keys: Sequence[int]) -> list[Act]:
    kept = places.located(session, keys)
    return _read(session, acteur, {key: kept[key] for key in keys if key in kept})


def _read(session: Session, acteur: Acteur, kept: dict[int, places.Kept]) -> list[Act]:
    """The acts by where they are kept, in that order."""
    asked: dict[tuple[Source, str], list[int]] = defaultdict(list)
    for source, table, ident in kept.values():
        asked[source, table].append(ident)
    readers = {
        Source.HISTORY: _read_history, Source.MADE: _read_made, Source.CHANGED: _read_changes,
        Source.WAITING: _read_waiting,
    }  # fmt: skip

    def of(source: Source, table: str, wanted: list[int]) -> Callable[[Any], dict[int, tuple[Act, int | None]]]:
        def read(side: Any) -> dict[int, tuple[Act, int | None]]:
            told: dict[int, tuple[Act, int | None]] = {}
            for block in paquets(wanted):
                for ident, act, author in readers[source](side, acteur, table, block):
                    key = places.key(source, table, ident)
                    told[key] = replace(act, id=key), author
            return told

        return read

    parts = abreast(session, *(of(source, table, wanted) for (source, table), wanted in asked.items()))
    found = {key: act for part in parts for key, act in part.items()}
    return list(_named(session, [found[k] for k in kept if k in found]))


def entry(session: Session, acteur: Acteur, key: int) -> Act:
    """One act.

    Raises:
        NotFoundError: what kept it is gone: a change that has been sent since is at the centre.
    """
    found = rows(session, acteur, [key])
    if not found:
        raise NotFoundError("Introuvable : ce changement a été envoyé entre-temps, il se lit au centre.")
    return found[0]


def of_record(session: Session, acteur: Acteur, table: str, pk: int) -> list[Act]:
    """The acts on one row and on what belongs to it, newest first; for whoever may read the row.

    Raises:
        NotAllowedError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    queries: dict[str, sa.Select[int]] = {}
    for child in TABLES:
        if child.root is not None and child.root.target == table and child.name not in places.SILENT:
            t = Base.metadata.tables[child.name]
            queries[child.name] = sa.select(t.c.id).where(t.c[child.root.column] == pk).limit(500)
    records: dict[str, places.Rows] = {table: frozenset({pk})}
    if est_sqlite(session):
        owned = together(session, *queries.values())
        records |= {child: frozenset(ident for (ident,) in rows) for child, rows in zip(queries, owned, strict=True)}
    else:
        # At the centre they are asked within what asks for them.
        records |= queries
    kept = [one for _, one in places.found(session, acteur, Asked(records=records))]
    return _read(session, acteur, {places.key(*one): one for one in kept})


Read = Iterator[tuple[int, Act, int | None]]
"""(identifier at the source, the act without its names, its author)."""


def _read_history(session: Session, acteur: Acteur, _table: str, wanted: list[int]) -> Read:
    h = Historique
    query = sa.select(h, Intervention.numero).join(Intervention, Intervention.id == h.intervention_id)
    for row, numero in session.execute(query.where(h.id.in_(wanted), *portee(acteur, h.agence_id))):
        before, after = row.ancienne_valeur or {}, row.nouvelle_valeur or {}
        # By its mark an import knows its line again; nobody reads it.
        fields = [c for c in dict.fromkeys([*before, *after]) if c != "reference"]
        changes = tuple(Change(c, before.get(c), after.get(c)) for c in fields)
        yield row.id, Act(
            0, row.horodatage, "", row.action, "interventions", row.intervention_id, numero, changes,
            remarque=row.remarque or "", poste=row.poste, recu_a=row.recu_a,
        ), row.user_id  # fmt: skip


def _read_made(session: Session, acteur: Acteur, table: str, wanted: list[int]) -> Read:
    t = Base.metadata.tables[table]
    query = sa.select(t.c.id, t.c.created_at, t.c.created_by_id).where(t.c.id.in_(wanted))
    if BY_NAME[table].scoped:
        query = query.where(*portee(acteur, t.c.agence_id))
    for ident, when, author in session.execute(query):
        yield ident, Act(0, when, "", "creation", table, ident, ""), author


def _read_changes(session: Session, acteur: Acteur, _table: str, wanted: list[int]) -> Read:
    m = modifications.c
    for row in session.execute(sa.select(modifications).where(m.id.in_(wanted), *portee(acteur, m.agence_id))):
        table, before, after = row.nom_table, row.avant or {}, row.apres
        name = str(before.get(BY_NAME[table].name_column) or "")
        changes = tuple(
            Change(c, _typed(table, c, v), _typed(table, c, after.get(c)))
            for c, v in before.items() if after is not None and v != after.get(c)
        )  # fmt: skip
        action = places.OPERATIONS[row.operation]
        yield row.id, Act(0, row.quand, "", action, table, row.pk, name, changes, poste=row.poste), row.auteur


def _read_waiting(session: Session, _acteur: Acteur, _table: str, wanted: list[int]) -> Read:
    o, first = sync_outbox.alias(), sync_outbox.alias()
    same = sa.and_(o.c.nom_table == first.c.nom_table, o.c.pk == first.c.pk, o.c.groupe.is_not_distinct_from(
        first.c.groupe))  # fmt: skip
    query = sa.select(first.c.id.label("premier"), o).join(o, same).where(first.c.id.in_(wanted), o.c.op != "I")
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(query.order_by(o.c.id)):
        groups[row.premier].append(row)
    for ident, notes in groups.items():
        last = notes[-1]
        table, t = last.nom_table, Base.metadata.tables[last.nom_table]
        live = session.execute(sa.select(t).where(t.c.id == last.pk)).mappings().first()
        changes = tuple(
            Change(n.colonne, _text(n.ancien), live[n.colonne])
            for n in notes if n.op == "U" and n.colonne != "updated_at" and live is not None and n.colonne in live
        )  # fmt: skip
        action = "suppression" if last.op == "D" else "modification"
        when = clock.from_text(last.quand)
        yield ident, Act(0, when, "", action, table, last.pk, "", changes, attend=True), last.user_id


def _text(value: Any) -> Any:
    return f"{len(value)} octets" if isinstance(value, bytes) else value


def _typed(table: str, column: str, text: str | None) -> Any:
    """A column's text in the journal as the value that it was."""
    kind = next((c.kind for c in BY_NAME[table].columns if c.name == column), None)
    if text is None or kind is None:
        return text
    if kind is Kind.BOOL:
        return text in {"1", "true"}
    return int(text) if kind is Kind.INT else text


def _named(session: Session, acts: Sequence[tuple[Act, int | None]]) -> Iterator[Act]:
    wanted = {author for _, author in acts if author is not None}
    people = sa.select(User.id, User.full_name).where(User.id.in_(wanted))
    shown = {(act.table, act.fiche) for act, _ in acts}
    values = {(act.table, c.champ, v) for act, _ in acts for c in act.changements for v in (c.avant, c.apres)
              if isinstance(v, int) and not isinstance(v, bool)}  # fmt: skip
    authors: dict[int, str]
    pointed: dict[tuple[str, str, int], str]
    authors, called, pointed = abreast(
        session,
        lambda side: dict(side.execute(people).all()),
        lambda side: labels(side, shown),
        lambda side: targets(side, values),
    )
    for act, author in acts:
        noms = {(champ, ident): name for (table, champ, ident), name in pointed.items() if table == act.table}
        label = called.get((act.table, act.fiche)) or act.libelle or f"n° {act.fiche}"
        yield replace(act, auteur=authors.get(author or 0, ""), libelle=label, noms=noms)
