"""Bytes of documents: sent and fetched piece by piece after the rows, and never in their way.

One step moves at most its budget and gives up the line as soon as rows wait or somebody asks for it. Every piece that
arrived stays, so a cut costs what was under way. Which pieces the centre lacks it says itself: a content that another
device sent already is never sent twice. Contents asked for by a person come first, then what waits to be sent, then
recent documents of the agency while there is room. Copies that the centre holds are dropped when the quota is full,
the one read longest ago first; what only this device holds is never dropped, whatever the quota.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import documents as regles
from erp_desktop.domain.documents import MORCEAU
from erp_desktop.domain.enums import EtatDocument
from erp_desktop.errors import SyncError
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.link import Link

_WIDEST = 16
"""Pieces in one call, at most; a line earns them by being fast."""
_QUICK_S, _SLOW_S = 0.5, 2.0
_ASKED_AT_ONCE = 100
UNSENT = "c.complet AND NOT c.au_centre"
# The centre takes bytes of a description that it knows only.
_KNOWN_ROW = (
    "SELECT 1 FROM documents d WHERE d.sha256 = c.sha256 AND d.id NOT IN "
    "(SELECT pk FROM sync_outbox WHERE nom_table = 'documents' AND op = 'I')"
)


@dataclass(slots=True)
class DocumentsResult:
    """What one step did; contents in units, ``bytes_*`` of their bytes, before they are spelled for the line."""

    sent: int = 0
    received: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    dropped: int = 0
    waiting: int = 0
    """Contents that are still to be sent, or were asked for and are still to come."""
    absent: int = 0
    """Contents wanted here that the centre does not hold yet."""

    @property
    def moved(self) -> bool:
        return bool(self.bytes_out or self.bytes_in or self.sent or self.received)


class DocumentExchange:
    """Moves contents of one cache over one line; made for one step.

    Args:
        cache: an enrolled cache.
        link: its line, between two cycles.
        quota: bytes that contents may take here.
        budget: bytes that this step may move; None is no limit.
        days: documents of the last so many days are fetched unasked; 0 is none.
        choose: look for such documents, which reads all descriptions; without it only those begun go on.
        stop: asked between two calls; True ends the step.
    """

    asks, puts = "sync.documents_manquants", "sync.document_deposer"
    """Functions of the centre."""

    def __init__(
        self, cache: Cache, link: Link, *, quota: int, budget: int | None = None, days: int = 30,
        choose: bool = True, stop: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        self.cache, self.link = cache, link
        self.quota, self.left, self.days, self._choose = quota, budget, days, choose
        self._stop = stop
        self._width = 1
        self.result = DocumentsResult()

    def run(self) -> DocumentsResult:
        """Run one step; nothing is asked of the centre when nothing is to be moved.

        Raises:
            ErpError: the line was cut or the centre refused; what arrived stays.
        """
        self._distrust_another_centre()
        self._forget_orphans()
        self._fetch_all("c.demande_le IS NOT NULL", "c.demande_le")
        self._send_all()
        if self.days:
            if self._choose:
                self._choose_recent()
            self._fetch_all("c.demande_le IS NULL", "d.created_at DESC")
        self._drop_until(self.quota)
        self.result.waiting = int(
            self.cache.value(
                f"SELECT count(*) FROM contenus c WHERE {UNSENT} OR (NOT c.complet AND c.demande_le IS NOT NULL)"
            )
        )
        return self.result

    def _may_go_on(self) -> bool:
        """Rows go first: one that waits ends the step, as does the budget or somebody's wish."""
        if (self.left is not None and self.left <= 0) or (self._stop is not None and self._stop()):
            return False
        return self.cache.value("SELECT 1 FROM sync_outbox WHERE refus IS NULL LIMIT 1") is None

    def _distrust_another_centre(self) -> None:
        """What the centre once held it may have lost when it was restored: it is asked again."""
        epoch = self.cache.require("epoque")
        if self.cache.get("documents_epoque") == epoch:
            return
        with self.cache.writing() as db:
            db.execute("UPDATE contenus SET au_centre = 0 WHERE au_centre")
            self.cache.put(documents_epoque=epoch)

    def _forget_orphans(self) -> None:
        """Copies whose description is gone, deleted or moved to another agency."""
        orphan = (
            "FROM contenus WHERE (au_centre OR NOT complet) "
            "AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.sha256 = contenus.sha256)"
        )
        if self.cache.value(f"SELECT 1 {orphan} LIMIT 1") is not None:
            with self.cache.writing() as db:
                db.execute(f"DELETE {orphan}")

    # Towards the centre

    def _send_all(self) -> None:
        waiting = self.cache.all(
            f"SELECT c.sha256, c.taille FROM contenus c WHERE {UNSENT} AND EXISTS ({_KNOWN_ROW}) "
            "ORDER BY (SELECT min(d.created_at) FROM documents d WHERE d.sha256 = c.sha256) LIMIT ?",
            _ASKED_AT_ONCE,
        )
        if not waiting or not self._may_go_on():
            return
        missing = self.link.row(f"SELECT {self.asks}(%s)", ([sha256 for sha256, _ in waiting],))[0]
        for sha256, size in waiting:
            if sha256 in missing and not self._send(sha256, size, missing[sha256]):
                return

    def _send(self, sha256: str, size: int, missing: list[int]) -> bool:
        """Send the pieces that the centre lacks; False when the step is over before the content is."""
        whole = regles.nombre_morceaux(size)
        if len(missing) == whole and hash_of(self.cache, sha256) != sha256:
            raise SyncError(f"Un document de ce poste est abîmé et ne part pas ({self._name(sha256)}).")
        state: str | None = "partiel" if missing else "complet"
        while missing:
            if not self._may_go_on():
                return False
            first = missing[0]
            count = 1
            while count < self._affordable() and count < len(missing) and missing[count] == first + count:
                count += 1
            content = b"".join(
                r[0] for r in self.cache.all(
                    "SELECT octets FROM contenus_morceaux WHERE sha256 = ? AND numero >= ? AND numero < ? "
                    "ORDER BY numero", sha256, first, first + count,
                )
            )  # fmt: skip
            text = base64.b64encode(content).decode()
            state = self._timed(f"SELECT {self.puts}(%s, %s, %s)", (sha256, first, text))
            self.result.bytes_out += len(content)
            self._spend(len(content))
            missing = missing[count:]
            if state != "partiel":
                break
        if state == "corrompu":
            raise SyncError(f"Le centre a reçu un document abîmé, qui repartira ({self._name(sha256)}).")
        if state == "complet":
            with self.cache.writing() as db:
                db.execute("UPDATE contenus SET au_centre = 1 WHERE sha256 = ?", (sha256,))
            self.result.sent += 1
        return True

    # From the centre

    def _choose_recent(self) -> None:
        """Reserve room for recent documents that fit without dropping anything."""
        since = clock.to_text(clock.now() - timedelta(days=self.days))
        room = self.quota - used_by(self.cache)
        with self.cache.writing() as db:
            for sha256, size in self.cache.all(
                "SELECT d.sha256, max(d.taille) FROM documents d WHERE d.created_at >= ? AND d.taille > 0 "
                "AND NOT EXISTS (SELECT 1 FROM contenus c WHERE c.sha256 = d.sha256) "
                "GROUP BY d.sha256 ORDER BY max(d.created_at) DESC LIMIT ?",
                since, _ASKED_AT_ONCE,
            ):  # fmt: skip
                if size <= room:
                    db.execute("INSERT INTO contenus (sha256, taille) VALUES (?, ?)", (sha256, size))
                    room -= size

    def _fetch_all(self, which: str, order: str) -> None:
        wanted = self.cache.all(
            "SELECT c.sha256, c.taille FROM contenus c JOIN documents d ON d.sha256 = c.sha256 "
            f"WHERE NOT c.complet AND {which} GROUP BY c.sha256 ORDER BY {order} LIMIT ?",
            _ASKED_AT_ONCE,
        )
        for sha256, size in wanted:
            if not self._may_go_on():
                return
            self._drop_until(self.quota)
            self._fetch(sha256, size)

    def _fetch(self, sha256: str, size: int) -> None:
        whole = regles.nombre_morceaux(size)
        while True:
            first = int(
                self.cache.value(
                    "SELECT coalesce(max(numero) + 1, 0) FROM contenus_morceaux WHERE sha256 = ?", sha256
                )
            )
            if first >= whole:
                break
            if not self._may_go_on():
                return
            text = self._timed("SELECT sync.document_lire(%s, %s, %s)", (sha256, first, self._affordable()))
            if text is None:
                self.result.absent += 1
                with self.cache.writing() as db:
                    # Nothing came yet and nobody asked: its room is free again.
                    db.execute("DELETE FROM contenus WHERE sha256 = ? AND demande_le IS NULL AND NOT complet "
                               "AND NOT EXISTS (SELECT 1 FROM contenus_morceaux m WHERE m.sha256 = contenus.sha256)",
                               (sha256,))  # fmt: skip
                return
            content = base64.b64decode(text)
            keep_pieces(self.cache, sha256, first, content)
            self.result.bytes_in += len(content)
            self._spend(len(content))
        if not complete(self.cache, sha256):
            raise SyncError(f"Un document est arrivé abîmé et repartira du début ({self._name(sha256)}).")
        self.result.received += 1

    # Room

    def _drop_until(self, room: int) -> None:
        """Drop copies that the centre holds, the one read longest ago first, until what is here fits."""
        used = used_by(self.cache)
        if used <= room:
            return
        with self.cache.writing() as db:
            for sha256, size in self.cache.all(
                "SELECT sha256, taille FROM contenus WHERE complet AND au_centre ORDER BY coalesce(dernier_acces, '')"
            ):
                if used <= room:
                    break
                db.execute("DELETE FROM contenus WHERE sha256 = ?", (sha256,))
                used -= size
                self.result.dropped += 1

    # The line

    def _affordable(self) -> int:
        """Pieces that the next call may carry."""
        if self.left is None:
            return self._width
        return max(1, min(self._width, self.left // MORCEAU))

    def _spend(self, count: int) -> None:
        if self.left is not None:
            self.left -= count

    def _timed(self, sql: str, parameters: tuple[object, ...]) -> str | None:
        """One call; the next carries more when the line was quick, and less when it was slow."""
        started = time.perf_counter()
        found: str | None = self.link.row(sql, parameters)[0]
        seconds = time.perf_counter() - started
        if seconds < _QUICK_S:
            self._width = min(_WIDEST, self._width * 2)
        elif seconds > _SLOW_S:
            self._width = max(1, self._width // 2)
        return found

    def _name(self, sha256: str) -> str:
        return str(self.cache.value("SELECT min(nom_fichier) FROM documents WHERE sha256 = ?", sha256))


class Farewell(DocumentExchange):
    """Sends what a retired device still holds, by the entries that are left to it; the small ones first."""

    asks, puts = "sync.adieu_manquants", "sync.adieu_document"

    def run(self) -> DocumentsResult:
        """Send until nothing is left, the budget is spent or ``stop`` says so; a damaged content is passed over.

        Raises:
            CentralUnreachableError: the line was cut; what arrived stays there.
        """
        waiting = self.cache.all(
            f"SELECT c.sha256, c.taille FROM contenus c WHERE {UNSENT} AND EXISTS "
            "(SELECT 1 FROM documents d WHERE d.sha256 = c.sha256) ORDER BY c.taille"
        )
        for at in range(0, len(waiting), _ASKED_AT_ONCE):
            part = waiting[at : at + _ASKED_AT_ONCE]
            missing = self.link.row(f"SELECT {self.asks}(%s)", ([sha256 for sha256, _ in part],))[0]
            for sha256, size in part:
                if not self._may_go_on():
                    return self.result
                if sha256 in missing:
                    with contextlib.suppress(SyncError):
                        self._send(sha256, size, missing[sha256])
        return self.result

    def _may_go_on(self) -> bool:
        return (self.left is None or self.left > 0) and not (self._stop is not None and self._stop())


def used_by(cache: Cache) -> int:
    """Bytes that contents take here."""
    return int(cache.value("SELECT coalesce(sum(taille), 0) FROM contenus"))


def hash_of(cache: Cache, sha256: str) -> str:
    """SHA-256 of the pieces that are here."""
    digest = hashlib.sha256()
    for (piece,) in cache.db.execute(
        "SELECT octets FROM contenus_morceaux WHERE sha256 = ? ORDER BY numero", (sha256,)
    ):
        digest.update(piece)
    return digest.hexdigest()


def keep_pieces(cache: Cache, sha256: str, first: int, content: bytes) -> None:
    """Keep what arrived of a content, from its piece ``first`` on."""
    with cache.writing() as db:
        db.executemany(
            "INSERT OR IGNORE INTO contenus_morceaux (sha256, numero, octets) VALUES (?, ?, ?)",
            [(sha256, first + n, piece) for n, piece in regles.decouper(content)],
        )


def complete(cache: Cache, sha256: str) -> bool:
    """Take a content whose last piece arrived; one that has another hash is forgotten, and False."""
    whole = hash_of(cache, sha256) == sha256
    with cache.writing() as db:
        if whole:
            db.execute(
                "UPDATE contenus SET complet = 1, au_centre = 1, demande_le = NULL, dernier_acces = ? "
                "WHERE sha256 = ?",
                (clock.to_text(clock.now()), sha256),
            )
        else:
            db.execute("DELETE FROM contenus_morceaux WHERE sha256 = ?", (sha256,))
    return whole


@dataclass(frozen=True, slots=True)
class ContenuInfo:
    """One document and where its bytes are; ``recus`` bytes of ``taille`` are here."""

    id: int
    nom_fichier: str
    taille: int
    sha256: str
    etat: EtatDocument
    recus: int


def contenus(session: Session) -> list[ContenuInfo]:
    """Every document of a cache, newest first."""
    reseau = session.execute(sa.text("SELECT 1 FROM sync_meta WHERE cle = 'epoque'")).scalar() is not None
    rows = session.execute(
        sa.text(
            "SELECT d.id, d.nom_fichier, d.taille, d.sha256, coalesce(c.complet, 0) AS complet, "
            "coalesce(c.au_centre, 0) AS au_centre, c.demande_le, "
            "(SELECT coalesce(sum(length(m.octets)), 0) FROM contenus_morceaux m WHERE m.sha256 = d.sha256) AS recus "
            "FROM documents d LEFT JOIN contenus c ON c.sha256 = d.sha256 ORDER BY d.created_at DESC, d.id DESC"
        )
    )
    return [
        ContenuInfo(
            r.id,
            r.nom_fichier,
            r.taille,
            r.sha256,
            regles.etat(
                reseau=reseau,
                complet=bool(r.complet),
                au_centre=bool(r.au_centre),
                demande=r.demande_le is not None,
            ),
            r.recus,
        )
        for r in rows
    ]
