"""What a screen or the command line shows of the exchange; reads of one cache, as frozen dataclasses."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.registry.tables import BY_NAME

_SILENT = "('historiques_interventions', 'notifications')"
"""Travels with the change that it tells of, or is made by the program: a clerk neither counts it nor gives it up."""
_QUIET = {"updated_at", "created_at", "created_by_id"}


@dataclass(frozen=True, slots=True)
class EtatSync:
    """State of the exchange; ``en_ligne`` is None when this database has no centre.

    ``efface``: this device was revoked, and what it held has just been erased. ``muet``, without a line: the centre
    does not answer, and ``erreur`` says no more; else why nothing is exchanged though it may well answer.
    """

    mode: str
    en_ligne: bool | None
    hors_ligne_depuis: datetime | None
    en_attente: int
    conflits: int
    refuses: int
    rejetes: int
    dernier_cycle: datetime | None
    prochain_essai_s: float | None
    agence_code: str
    poste: int
    erreur: str | None = None
    efface: bool = False
    muet: bool = True


@dataclass(frozen=True, slots=True)
class ChampDiff:
    champ: str
    avant: Any
    apres: Any


@dataclass(frozen=True, slots=True)
class Sortant:
    """One changed row that waits, or that the centre refused (``refus`` is its reason, ``gare`` its number)."""

    groupe: int
    table: str
    pk: int
    op: str
    libelle: str
    detail: str
    champs: tuple[ChampDiff, ...]
    quand: datetime
    auteur: str
    refus: str | None
    gare: int | None


@dataclass(frozen=True, slots=True)
class Recu:
    quand: datetime
    table: str
    pk: int
    libelle: str
    origine: str


def _scalar(session: Session, sql: str, **parameters: object) -> Any:
    return session.execute(sa.text(sql), parameters).scalar()


def etat(
    session: Session,
    *,
    en_ligne: bool | None = None,
    hors_ligne_depuis: datetime | None = None,
    prochain_essai_s: float | None = None,
    erreur: str | None = None,
    muet: bool = True,
) -> EtatSync:
    """Counts of a cache plus what the caller knows of the line."""
    meta: dict[str, str | None] = {r[0]: r[1] for r in session.execute(sa.text("SELECT cle, valeur FROM sync_meta"))}
    last = meta.get("dernier_cycle")
    return EtatSync(
        mode=meta.get("mode") or "autonome",
        en_ligne=en_ligne,
        hors_ligne_depuis=hors_ligne_depuis,
        en_attente=_scalar(
            session,
            "SELECT count(*) FROM (SELECT DISTINCT nom_table, pk FROM sync_outbox "
            f"WHERE refus IS NULL AND nom_table NOT IN {_SILENT})",
        ),
        conflits=_scalar(session, "SELECT count(*) FROM sync_conflits WHERE a_decider AND resolu IS NULL"),
        refuses=_scalar(session, "SELECT count(*) FROM sync_gares WHERE etat = 'gare'"),
        rejetes=_scalar(session, "SELECT count(*) FROM sync_recus_rejetes"),
        dernier_cycle=clock.from_text(last) if last else None,
        prochain_essai_s=prochain_essai_s,
        agence_code=meta.get("agence_code") or "",
        poste=int(meta.get("poste") or 0),
        erreur=erreur,
        muet=muet,
    )


def libelle(session: Session, table: str, pk: int) -> str:
    """What a person calls a row: its number or its name, or those of the record that it is a part of."""
    column = BY_NAME[table].name_column if table in BY_NAME else ""
    if column:
        found = _scalar(session, f"SELECT {column} FROM {table} WHERE id = :pk", pk=pk)
        if found:
            return str(found)
    target, parent = _whole(session, table, pk)
    return libelle(session, target, parent) if parent else f"n° {pk}"


def _whole(session: Session, table: str, pk: int) -> tuple[str, int | None]:
    """The record that a row is a part of: its table and key, no key where there is none."""
    root = BY_NAME[table].root if table in BY_NAME else None
    if root is None:
        return table, None
    return root.target, _scalar(session, f"SELECT {root.column} FROM {table} WHERE id = :pk", pk=pk)


def detail(session: Session, table: str, pk: int) -> str:
    """A second line under :func:`libelle`."""
    if table == "interventions":
        return str(
            _scalar(
                session,
                "SELECT i.titre || ' · ' || c.nom_entreprise FROM interventions i "
                "JOIN clients c ON c.id = i.client_id WHERE i.id = :pk",
                pk=pk,
            )
            or ""
        )
    target, parent = _whole(session, table, pk)
    if not parent:
        return ""
    if not BY_NAME[table].name_column:
        # Its own name is already that of the record.
        return detail(session, target, parent)
    return libelle(session, target, parent)


def nom_auteur(session: Session, user_id: int | None) -> str:
    if user_id is None:
        return ""
    return str(_scalar(session, "SELECT full_name FROM users WHERE id = :u", u=user_id) or "")


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return f"{len(value)} octets"
    return value


def sortants(session: Session, limite: int = 200) -> list[Sortant]:
    """Changed rows that wait, refused ones first, then oldest first; at most ``limite``."""
    rows = session.execute(
        sa.text(
            "SELECT o.id, o.groupe, o.user_id, o.nom_table, o.pk, o.op, o.colonne, o.ancien, o.quand, g.id AS gare, "
            "g.raison FROM sync_outbox o LEFT JOIN sync_gares g ON g.id = CAST(o.refus AS INTEGER) "
            f"WHERE o.nom_table NOT IN {_SILENT} ORDER BY g.id IS NULL, o.id LIMIT :n"
        ),
        {"n": limite * 20},
    ).all()
    grouped: dict[tuple[str, int, int | None], list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.nom_table, row.pk, row.gare].append(row)
    return [_sortant(session, key, entries) for key, entries in list(grouped.items())[:limite]]


def _sortant(session: Session, key: tuple[str, int, int | None], entries: list[Any]) -> Sortant:
    table, pk, gare = key
    first, last = entries[0], entries[-1]
    exists = _scalar(session, f"SELECT 1 FROM {BY_NAME[table].name} WHERE id = :pk", pk=pk) is not None
    op = "I" if first.op == "I" else "U" if exists else "D"
    olds: dict[str, Any] = {}
    for entry in entries:
        if entry.op == "U" and entry.colonne not in _QUIET:
            olds.setdefault(entry.colonne, entry.ancien)
    fields: tuple[ChampDiff, ...] = ()
    if op == "U" and olds:
        columns = [c for c in BY_NAME[table].names if c in olds]
        live = session.execute(sa.text(f"SELECT {', '.join(columns)} FROM {table} WHERE id = :pk"), {"pk": pk}).one()
        fields = tuple(
            ChampDiff(c, _shown(olds[c]), _shown(v))
            for c, v in zip(columns, live, strict=True)
            if _shown(olds[c]) != _shown(v)
        )
    return Sortant(
        first.groupe or -first.id, table, pk, op, libelle(session, table, pk), detail(session, table, pk), fields,
        clock.from_text(last.quand), nom_auteur(session, first.user_id), first.raison, gare,
    )  # fmt: skip


def recus(session: Session, limite: int = 100) -> list[Recu]:
    """Interventions that others changed and cycles brought, by last arrival, newest first.

    The first copy is no news, nor is one's own work that the centre gives back.
    """
    rows = session.execute(
        sa.text(
            "SELECT r.id, r.numero, r.quand, h.user_id FROM (SELECT i.id, i.numero, max(j.quand) AS quand "
            "FROM sync_journal j JOIN json_each(j.detail, '$.fiches') f JOIN interventions i ON i.id = f.value "
            "WHERE j.recus > 0 GROUP BY i.id) r LEFT JOIN historiques_interventions h ON h.id = ("
            "SELECT x.id FROM historiques_interventions x WHERE x.intervention_id = r.id AND x.horodatage <= r.quand "
            "ORDER BY x.horodatage DESC LIMIT 1) "
            "WHERE h.poste IS NOT (SELECT CAST(valeur AS INTEGER) FROM sync_meta WHERE cle = 'poste') "
            "ORDER BY r.quand DESC, r.id DESC LIMIT :n"
        ),
        {"n": limite},
    )
    return [
        Recu(clock.from_text(r.quand), "interventions", r.id, r.numero, nom_auteur(session, r.user_id)) for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Gare:
    """A parked unit: what the centre refused, whole."""

    id: int
    code: str
    raison: str
    lignes: tuple[tuple[str, int], ...]
    quand: datetime


def gares(session: Session) -> list[Gare]:
    rows = session.execute(
        sa.text("SELECT id, code, raison, contenu, quand FROM sync_gares WHERE etat = 'gare' ORDER BY id")
    )
    return [
        Gare(r.id, r.code, r.raison, tuple((t, pk) for t, pk in json.loads(r.contenu)), clock.from_text(r.quand))
        for r in rows
    ]
