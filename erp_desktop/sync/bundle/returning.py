"""The answer back on the device: applied by the cycle that applies an answer of the line."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erp_desktop.domain.documents import nombre_morceaux
from erp_desktop.errors import CloneDetectedError, ErpError
from erp_desktop.sync.bundle.sealed import BACK, BundleError, Head, Record, head_of, key_of, records
from erp_desktop.sync.documents import complete, keep_pieces, used_by
from erp_desktop.sync.exchange.apply import apply_answer, read_cursor
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CalendarFollower, Cycle, CycleResult
from erp_desktop.sync.exchange.erased import unfreeze
from erp_desktop.sync.exchange.link import Link


@dataclass(frozen=True, slots=True)
class Taken:
    """What an answer brought.

    Attributes:
        numero: of the bundle that it answers.
        deja: nothing in it was new here: it was used before, or a later exchange overtook it.
        efface: somebody was erased at the centre; what waited has to be exported again.
        documents: contents that arrived whole.
        attend: rows that wait for the next exchange.
        tables: changed here.
    """

    numero: int
    deja: bool
    efface: bool
    envoyes: int
    recus: int
    conflits: int
    gares: int
    documents: int
    attend: int
    tables: frozenset[str]

    def told(self) -> str:
        """One French line."""
        if self.deja:
            return f"Réponse {self.numero} : rien de nouveau, elle a déjà servi ou un échange plus récent a eu lieu."
        text = (
            f"Réponse {self.numero} reprise : {self.envoyes} ligne(s) prise(s) par le centre, {self.recus} reçue(s), "
            f"{self.documents} document(s), {self.conflits} conflit(s), {self.gares} mise(s) de côté"
        )
        if self.efface:
            return f"{text}. Une personne a été effacée au centre : refaites un paquet de ce qui attend ici."
        return f"{text}. {self.attend} ligne(s) attendent le prochain échange."


def take(cache: Cache, file: Path, *, quota: int, before_calendar: CalendarFollower | None = None) -> Taken:
    """Apply the centre's answer to a bundle of this device.

    Args:
        quota: bytes that documents may take here.
        before_calendar: see :class:`Cycle`.

    Raises:
        BundleError: it is not used, with the reason; nothing was changed.
        CloneDetectedError: the centre heard more from this device than this file ever sent.
    """
    cache.require("epoque")
    head = head_of(file)
    key = _key(cache, head)
    returned = _Returned(cache, file, key, before_calendar)
    returned.look()
    result = returned.run()
    documents = _documents(cache, file, key, quota)
    return Taken(
        head.numero, not returned.used and not documents, returned.efface, result.pushed, result.pulled,
        result.conflicts, result.parked, documents, result.waiting,
        frozenset(result.tables | ({"documents"} if documents else set())),
    )  # fmt: skip


def _key(cache: Cache, head: Head) -> bytes:
    if head.sens != BACK:
        raise BundleError("Ce paquet part vers le centre : c'est là-bas qu'on le fusionne. Importez ici sa réponse.")
    mien, sienne = f"{int(cache.require('poste')):02d}", cache.require("agence_code")
    poste, agence = f"{head.poste:02d}", head.agence
    if (poste, agence) != (mien, sienne):
        raise BundleError(
            f"Cette réponse est pour le poste {poste} de {agence}, et celui-ci est le {mien} de {sienne}. "
            "Rien n'en a été pris."
        )
    key = key_of(cache)
    if key is None:
        raise BundleError("Ce poste n'a convenu d'aucune clé avec le centre : cette réponse n'est pas la sienne.")
    return key


class _Returned(Cycle):
    """A cycle whose answers were given before it: no line is opened.

    Attributes:
        used: an answer was not yet known here.
        efface: see :class:`Taken`.
    """

    def __init__(self, cache: Cache, file: Path, key: bytes, before_calendar: CalendarFollower | None) -> None:
        super().__init__(cache, Link(cache.require("url")), before_calendar=before_calendar)
        self._file, self._bundle_key = file, key
        self.used = self.efface = False
        self._last = 0

    def look(self) -> None:
        """Read the whole answer and judge it before any of it is applied."""
        epoch: str | None = None
        cursors, answered = set(), set()
        for record in records(self._file, self._bundle_key):
            match record["t"]:
                case "salut":
                    epoch, self.efface = record["epoque"], bool(record["efface"])
                case "reponse":
                    cursors.add(_cursor(record))
                    answered.add(record["n"])
                case "fin":
                    self._last = int(record["dernier_lot"])
        if epoch != self.cache.require("epoque"):
            raise BundleError(
                "Depuis cette réponse le centre a été remis en place, et ce poste l'a appris : elle ne sert plus."
            )
        if read_cursor(self.cache) in cursors and self._last > self.outbox.frozen:
            raise CloneDetectedError.because(f"lot {self._last} au centre, {self.outbox.frozen} ici")
        # Rows from after a batch was merged mean nothing here without that batch's outcome.
        sql = "SELECT numero FROM sync_lots WHERE repondu_a IS NULL AND numero <= ?"
        if not answered.issuperset(numero for (numero,) in self.cache.all(sql, self._last)):
            raise BundleError(
                "Le centre a pris depuis un paquet plus récent de ce poste : importez d'abord la réponse à celui-là."
            )

    def start_again(self, known: int | None) -> int:  # noqa: ARG002
        """No bundle brings a whole branch: only the greeting on a line asks for one."""
        raise BundleError("Ce poste doit reprendre une copie : une synchronisation par la ligne est nécessaire.")

    def _exchange(self, result: CycleResult) -> None:
        for record in records(self._file, self._bundle_key):
            if record["t"] == "reponse":
                self._take(record, result)
        if self.efface and self.used:
            unfreeze(self.cache, self._last)

    def _take(self, record: Record, result: CycleResult) -> None:
        answer, numero, cursor = record["r"], record["n"], _cursor(record)
        batch = self.outbox.unanswered(numero - 1) if numero is not None else None
        if batch is not None and (batch.numero, batch.digest) != (numero, record["e"]):
            batch = None
        # An answer that was used, or that the line overtook, begins where this cache is no more.
        current = cursor == read_cursor(self.cache) and answer["pull"]["n"]
        if batch is None and not current:
            return
        self._see_calendar(answer)
        try:
            done = apply_answer(self.cache, batch, answer, cursor, retry=True)
        except ErpError:
            raise
        except Exception as error:
            raise BundleError(
                "Une ligne de cette réponse ne peut pas être prise ici ; tout ce qui précède l'a été. La prochaine "
                "synchronisation par la ligne la mettra de côté et prendra le reste."
            ) from error
        self.used = True
        self._count(result, batch, done)


def _cursor(record: Record) -> tuple[str, int]:
    xid, seq = record["c"]
    return str(xid), int(seq)


def _documents(cache: Cache, file: Path, key: bytes, quota: int) -> int:
    arrived = 0
    for record in records(file, key):
        if record["t"] == "tenus":
            with cache.writing() as db:
                db.executemany(
                    "UPDATE contenus SET au_centre = 1 WHERE sha256 = ? AND complet", [(s,) for s in record["l"]]
                )
        elif record["t"] == "morceau":
            arrived += _piece(cache, record, quota)
    return arrived


def _piece(cache: Cache, record: dict[str, Any], quota: int) -> bool:
    """Keep a piece of a document that is described and wanted here; whether it was the last."""
    sha256 = record["s"]
    found = cache.one(
        "SELECT max(d.taille), max(c.complet), max(c.sha256) FROM documents d "
        "LEFT JOIN contenus c ON c.sha256 = d.sha256 WHERE d.sha256 = ?", sha256,
    )  # fmt: skip
    if found is None or found[0] is None or found[1]:
        return False
    size = int(found[0])
    if found[2] is None:
        if used_by(cache) + size > quota:
            return False
        with cache.writing() as db:
            db.execute("INSERT OR IGNORE INTO contenus (sha256, taille) VALUES (?, ?)", (sha256, size))
    keep_pieces(cache, sha256, record["n"], base64.b64decode(record["o"]))
    here = cache.value("SELECT count(*) FROM contenus_morceaux WHERE sha256 = ?", sha256)
    return here >= nombre_morceaux(size) and complete(cache, sha256)
