"""What the inbox, the panel and the journal show besides states: names behind identifiers, and the last cycles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.registry import technicien_names
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.inbox.conflicts import Conflit, depuis, regles_avant
from erp_desktop.sync.status import ChampDiff, Sortant, libelle, sortants

Noms = dict[tuple[str, int], str]
"""(column, identifier) → what a person calls the row it points at."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """One line of the journal; ``duree_s`` in seconds, ``erreur`` None when the cycle succeeded."""

    quand: datetime
    duree_s: float
    envoyes: int
    recus: int
    conflits: int
    gares: int
    erreur: str | None


@dataclass(frozen=True, slots=True)
class Boite:
    """The conflict inbox as one reading."""

    conflits: tuple[Conflit, ...]
    noms: Noms
    statuts: dict[int, tuple[str, str]]
    """Intervention → (statut, priorité) as they stand here."""
    regles: dict[int, datetime]
    """Conflict → when it was settled, for those that are."""
    avant: int = 0
    """How many were settled before today, shown or not."""


@dataclass(frozen=True, slots=True)
class Depart:
    """What waits to be sent, with the names behind identifiers."""

    sortants: tuple[Sortant, ...]
    noms: Noms


def _named(session: Session, pairs: Iterable[tuple[str, str, Any]]) -> Noms:
    found: Noms = {}
    for table, column, value in pairs:
        if not isinstance(value, int) or (column, value) in found or table not in BY_NAME:
            continue
        target = next((r.target for r in BY_NAME[table].references if r.column == column), None)
        if target is None and column == "agence_id":
            target = "agences"
        if target is None:
            continue
        name = technicien_names.nom(session, value) if target == "techniciens" else libelle(session, target, value)
        if name:
            found[column, value] = name
    return found


def _values(conflit: Conflit) -> Iterator[tuple[str, str, Any]]:
    """(table, column, value) of every version; a group has several columns."""
    for version in (conflit.base, conflit.mien, conflit.leur):
        if conflit.policy == "groupe" and isinstance(version, dict):
            yield from ((conflit.table, column, value) for column, value in version.items())
        elif conflit.champ is not None:
            yield conflit.table, conflit.champ, version


def boite(session: Session, passes: int = 0) -> Boite:
    """Every conflict to decide and those settled today, with what their values are called.

    Args:
        passes: so many of those settled before today as well.
    """
    debut = datetime.combine(clock.today(), time(), clock.CASABLANCA).astimezone(UTC)
    shown = tuple(depuis(session, debut, passes))
    settled = {
        row.id: clock.from_text(row.resolu_a)
        for row in session.execute(sa.text("SELECT id, resolu_a FROM sync_conflits WHERE resolu_a IS NOT NULL"))
    }
    names = _named(session, (pair for c in shown for pair in _values(c)))
    states: dict[int, tuple[str, str]] = {}
    for pk in {c.pk for c in shown if c.table == "interventions"}:
        sql = sa.text("SELECT statut, priorite FROM interventions WHERE id = :pk")
        row = session.execute(sql, {"pk": pk}).first()
        if row is not None:
            states[pk] = (row.statut, row.priorite)
    regles = {c.id: settled[c.id] for c in shown if c.id in settled}
    return Boite(shown, names, states, regles, regles_avant(session, debut))


def depart(session: Session, limite: int = 200) -> Depart:
    """What waits and what was refused, at most ``limite`` rows."""
    found = tuple(sortants(session, limite))
    fields: list[tuple[str, ChampDiff]] = [(s.table, champ) for s in found for champ in s.champs]
    return Depart(found, _named(session, ((t, f.champ, v) for t, f in fields for v in (f.avant, f.apres))))


def journal(session: Session, limite: int = 50) -> list[Cycle]:
    """The last cycles that moved something or failed, newest first."""
    rows = session.execute(
        sa.text(
            "SELECT quand, duree_s, envoyes, recus, conflits, gares, erreur FROM sync_journal "
            "ORDER BY id DESC LIMIT :n"
        ),
        {"n": limite},
    )
    return [
        Cycle(clock.from_text(r.quand), r.duree_s, r.envoyes, r.recus, r.conflits, r.gares, r.erreur) for r in rows
    ]


def lieu(session: Session) -> tuple[str, int]:
    """(name of the agency, poste) of this cache; ("", 0) when it says neither, and at the centre."""
    if session.get_bind().dialect.name != "sqlite":
        return "", 0
    meta = {r[0]: r[1] for r in session.execute(sa.text("SELECT cle, valeur FROM sync_meta"))}
    code = meta.get("agence_code") or ""
    nom = session.execute(sa.text("SELECT nom FROM agences WHERE code = :c"), {"c": code}).scalar() if code else None
    return str(nom or code), int(meta.get("poste") or 0)
