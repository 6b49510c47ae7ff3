"""A device writes what a cycle would send: its greeting, its frozen batches, its documents."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import erp_desktop
from erp_desktop import clock
from erp_desktop.db import secrets
from erp_desktop.domain.documents import MORCEAU
from erp_desktop.errors import UserError
from erp_desktop.sync.bundle.sealed import OUT, BundleError, Head, Record, Writer, key_of
from erp_desktop.sync.documents import UNSENT, hash_of
from erp_desktop.sync.exchange.apply import read_cursor
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.outbox import Batch, Outbox, without_collector

PIECES = 16
"""Pieces of a document in one record."""
_MOST_WANTED = 1_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What a bundle carries away.

    Attributes:
        lignes: changed rows in it.
        reste: rows changed since its batches were frozen; they go once these are answered.
        documents: contents in it.
        abimes: contents that are damaged here and stay.
        octets: of the file.
    """

    fichier: Path
    numero: int
    lots: int
    lignes: int
    reste: int
    documents: int
    abimes: int
    octets: int

    def told(self) -> str:
        """One French line."""
        parts = [f"{self.lignes} ligne(s) et {self.documents} document(s)"]
        if self.reste:
            parts.append(f"{self.reste} ligne(s) plus récente(s) partiront après la réponse")
        if self.abimes:
            parts.append(f"{self.abimes} document(s) abîmé(s) restent ici")
        return f"Paquet {self.numero} écrit : {', '.join(parts)} ({self.octets / 1e6:.1f} Mo, {self.fichier.name})."


def export(
    cache: Cache, target: Path, secrets_file: Path | None = None, *, batch: int = 5_000, days: int = 30
) -> Exported:
    """Write a bundle for the centre.

    The same batches go again, byte for byte, until an answer came back, by hand or over a line.

    Args:
        target: a folder, or the file.
        batch: units of a batch at most.
        days: documents of the last so many days are asked for.

    Raises:
        UserError: not enrolled, or the centre does not hold this device's key.
    """
    cache.require("epoque")
    key = key_of(cache)
    stored = secrets.load(cache.path, secrets_file)
    if key is None or "password" not in stored:
        raise UserError(
            "Ce poste n'a pas encore convenu d'une clé avec le centre : une synchronisation par la ligne suffit, "
            "une fois."
        )
    with without_collector():
        batches = _freeze(cache, batch)
    numero = int(cache.get("paquet_numero") or 0) + 1
    head = Head(OUT, int(cache.require("poste")), cache.require("agence_code"), numero, clock.to_text(clock.now()))
    frozen = [i for b in batches for unit in b.units for i in unit]
    waiting = cache.all("SELECT id, nom_table, pk FROM sync_outbox WHERE refus IS NULL")
    known = set(frozen)
    left = len({(table, pk) for i, table, pk in waiting if i not in known})
    sent = damaged = 0
    with Writer(target, head, key) as bundle:
        bundle.put(_greeting(cache, stored, left + sum(b.rows for b in batches)))
        for b in batches:
            bundle.put({"t": "lot", "n": b.numero, "e": b.digest, "c": b.content})
        bundle.put({"t": "voulus", "l": _wanted(cache, days)})
        for sha256 in _unsent(cache):
            if hash_of(cache, sha256) != sha256:
                damaged += 1
                continue
            sent += 1
            bundle.put({"t": "contenu", "s": sha256})
            for record in _pieces(cache, sha256):
                bundle.put(record)
    with cache.writing():
        cache.put(paquet_numero=numero)
    return Exported(
        bundle.path, numero, len(batches), sum(b.rows for b in batches), left, sent, damaged,
        bundle.path.stat().st_size,
    )  # fmt: skip


def _freeze(cache: Cache, limit: int) -> list[Batch]:
    """All that may leave without an answer in between, as on a line that is busy."""
    outbox = Outbox(cache)
    found: list[Batch] = []
    following = outbox.next_batch(limit)
    while following is not None:
        found.append(following)
        following = outbox.follow(following, limit)
    return found


def _greeting(cache: Cache, stored: dict[str, str], waiting: int) -> Record:
    outbox = Outbox(cache)
    if stored.get("login", cache.get("login")) != cache.get("login"):
        raise BundleError("Les secrets de ce poste sont ceux d'une autre inscription.")
    return {
        "t": "salut", "login": cache.require("login"), "password": stored["password"],
        "epoque": cache.require("epoque"), "version": erp_desktop.__version__,
        "revision": cache.value("SELECT version_num FROM alembic_version"), "en_attente": waiting,
        "curseur": list(read_cursor(cache)), "repondu": outbox.answered,
        "effacement": int(cache.value("SELECT coalesce(max(id), 0) FROM effacements")),
        "dit": outbox.of_itself(), "reste": outbox.of_itself(outbox.frozen),
    }  # fmt: skip


def _unsent(cache: Cache) -> list[str]:
    sql = (
        f"SELECT c.sha256 FROM contenus c WHERE {UNSENT} AND EXISTS "
        "(SELECT 1 FROM documents d WHERE d.sha256 = c.sha256) ORDER BY c.taille"
    )
    return [r[0] for r in cache.all(sql)]


def _pieces(cache: Cache, sha256: str) -> Iterator[Record]:
    first = 0
    while True:
        found = cache.all(
            "SELECT octets FROM contenus_morceaux WHERE sha256 = ? AND numero >= ? AND numero < ? ORDER BY numero",
            sha256, first, first + PIECES,
        )  # fmt: skip
        if not found:
            return
        content = b"".join(r[0] for r in found)
        yield {"t": "morceau", "s": sha256, "n": first, "o": base64.b64encode(content).decode()}
        first += -(-len(content) // MORCEAU)


def _wanted(cache: Cache, days: int) -> list[str]:
    """Contents that somebody asked for, then recent ones."""
    since = clock.to_text(clock.now() - timedelta(days=days))
    sql = (
        "SELECT d.sha256 FROM documents d LEFT JOIN contenus c ON c.sha256 = d.sha256 "
        "WHERE NOT coalesce(c.complet, 0) AND d.taille > 0 AND (c.demande_le IS NOT NULL OR d.created_at >= ?) "
        "GROUP BY d.sha256 ORDER BY max(c.demande_le IS NOT NULL) DESC, max(d.created_at) DESC LIMIT ?"
    )
    return [r[0] for r in cache.all(sql, since, _MOST_WANTED)]
