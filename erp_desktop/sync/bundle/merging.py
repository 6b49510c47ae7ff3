"""At the centre: what a device sent by hand goes through the very calls of a cycle, as that device.

The bundle carries the device's own login, sealed: the centre merges under that session, with its rights, its guards
and its row-level security, and remembers each batch. So a bundle that comes twice, or after the line came back, is
answered with what is stored, and the administrator who brings it writes nothing by himself.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.domain.documents import MORCEAU
from erp_desktop.errors import CloneDetectedError, DeviceRevokedError, NotAllowedError
from erp_desktop.registry import revisions
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.sync.bundle.outgoing import PIECES
from erp_desktop.sync.bundle.sealed import BACK, OUT, BundleError, Head, Record, Writer, head_of, records
from erp_desktop.sync.device.registration import in_french
from erp_desktop.sync.exchange.apply import Cursor, next_cursor
from erp_desktop.sync.exchange.cache import dumps
from erp_desktop.sync.exchange.cycle import PULL_PAGE
from erp_desktop.sync.exchange.link import Link

_ASKED_AT_ONCE = 100


@dataclass(slots=True)
class Merged:
    """What became of a bundle at the centre.

    Attributes:
        fichier: the answer to carry back; None when there is none.
        lots: batches in the bundle, ``connus`` of them were there already.
        servies: changed and deleted rows in the answer.
        quarantaine: batches of a retired device that wait for an administrator.
        effacement: somebody was erased meanwhile; the batches were left, and come again.
        revoque: the device is no longer one; there is no answer.
    """

    poste: int
    agence: str
    numero: int
    fichier: Path | None = None
    lots: int = 0
    connus: int = 0
    conflits: int = 0
    gares: int = 0
    servies: int = 0
    documents_recus: int = 0
    documents_servis: int = 0
    quarantaine: int = 0
    effacement: bool = False
    revoque: bool = False

    def told(self) -> str:
        """One French line."""
        who = f"Paquet {self.numero} du poste {self.poste:02d} de {self.agence}"
        if self.revoque:
            kept = (
                f"{self.quarantaine} lot(s) en quarantaine (server quarantaine)" if self.quarantaine else "rien pris"
            )
            return f"{who} : ce poste a été retiré, {kept} ; il n'y a pas de réponse à rapporter."
        if self.effacement:
            merged = "laissé : une personne a été effacée depuis, le poste refera un paquet après la réponse"
        else:
            merged = (
                f"{self.lots - self.connus} lot(s) fusionné(s), {self.connus} déjà connu(s), "
                f"{self.conflits} conflit(s), {self.gares} refus, {self.documents_recus} document(s)"
            )
        back = f"{self.servies} ligne(s) et {self.documents_servis} document(s)"
        return f"{who} : {merged}. Réponse à rapporter : {self.fichier and self.fichier.name}, {back}."


def merge(url: str, file: Path, target: Path, *, days: int = 30, budget: int = 500_000_000) -> Merged:
    """Merge a device's bundle and write the answer.

    Args:
        url: of an administrator: the owner of the centre.
        file: from the device.
        target: folder or file of the answer.
        days: documents of the last so many days go along.
        budget: bytes of documents in the answer.

    Raises:
        BundleError: it is not used, with the reason; nothing was merged.
        CloneDetectedError: another file claimed to be this device.
        CentralUnreachableError: the line was cut; the same bundle is simply merged again.
    """
    head = head_of(file)
    if head.sens != OUT:
        raise BundleError(
            f"Ce paquet est une réponse du centre au poste {head.poste:02d} : c'est là-bas qu'on l'importe."
        )
    key = _key(url, head)
    told = _told(file, key)
    address = normalise_url(url).set(username=told.greeting["login"], password=told.greeting["password"])
    link = Link(address.render_as_string(hide_password=False))
    done = Merged(head.poste, head.agence, head.numero, lots=len(told.batches))
    try:
        try:
            greeting = _greet(link, told)
            _require_current(greeting, told)
            answer = Head(BACK, head.poste, head.agence, head.numero, clock.to_text(clock.now()))
            with Writer(target, answer, key) as bundle:
                _exchange(link, bundle, told, greeting, done, days, budget, file, key)
            done.fichier = bundle.path
        except DeviceRevokedError:
            done.revoque, done.quarantaine = True, _hand_over(link, told)
    finally:
        link.close()
    return done


@dataclass(frozen=True, slots=True)
class _Told:
    greeting: Record
    batches: list[Record]
    contents: list[str]
    wanted: list[str]


def _key(url: str, head: Head) -> bytes:
    engine = create_pg_engine(url)
    sql = (
        "SELECT d.cle_paquet, a.code FROM sync.devices d JOIN public.agences a ON a.id = d.agence_id "
        "WHERE d.poste = :p"
    )
    try:
        with in_french(), engine.connect() as connection:
            row = connection.execute(sa.text(sql), {"p": head.poste}).one_or_none()
    finally:
        engine.dispose()
    if row is None or row.code != head.agence:
        raise BundleError(
            f"Le centre ne connaît pas de poste {head.poste:02d} de l'agence {head.agence} : ce paquet est pour un "
            "autre centre."
        )
    if row.cle_paquet is None:
        raise BundleError(f"Le centre n'a pas la clé du poste {head.poste:02d} : elle lui vient par la ligne.")
    return bytes(row.cle_paquet)


def _told(file: Path, key: bytes) -> _Told:
    """Read the whole bundle before any of it is used; documents stay on the stick."""
    greeting: Record | None = None
    batches, contents, wanted = [], [], []
    for record in records(file, key):
        match record["t"]:
            case "salut":
                greeting = record
            case "lot":
                batches.append(record)
            case "contenu":
                contents.append(record["s"])
            case "voulus":
                wanted += record["l"]
    if greeting is None:
        raise BundleError("Ce paquet est vide.")
    return _Told(greeting, batches, contents, wanted)


def _greet(link: Link, told: _Told, *, merged: bool = False) -> dict[str, Any]:
    """Say what the device says; once its batches are ``merged``, they wait there no more."""
    said = told.greeting
    itself = said.get("reste" if merged else "dit")
    try:
        greeting: dict[str, Any] = link.row(
            "SELECT sync.signaler(%s, %s, %s, %s::xid8, %s::jsonb)",
            (said["version"], said["revision"], said["en_attente"], said["curseur"][0],
             dumps(itself) if itself is not None else None),
        )[0]  # fmt: skip
    except DeviceRevokedError:
        raise
    except NotAllowedError as error:
        raise BundleError(
            "Le centre refuse l'identifiant que porte ce paquet : le poste a été réinscrit depuis. Refaites-y un "
            "paquet."
        ) from error
    return greeting


def _require_current(centre: dict[str, Any], told: _Told) -> None:
    """What a line would settle with a fresh copy is not for a stick."""
    said = told.greeting
    known = centre["revision"]
    if known is not None and not revisions.understands(said["revision"], known, centre["min_client"]):
        raise BundleError(
            "Ce poste et le centre n'ont pas des versions qui s'entendent : mettez le poste à jour "
            f"(version {centre.get('version') or '?'}), puis refaites-y un paquet."
        )
    moved = (
        centre["epoque"] != said["epoque"]
        or centre["dernier_lot"] < said["repondu"]
        or int(centre["x"]) < int(said["curseur"][0])
    )
    purged = centre["purge"] is not None and int(said["curseur"][0]) < int(centre["purge"])
    if moved or purged:
        raise BundleError(
            "Le centre a été remis en place depuis, ou ce poste est absent depuis trop longtemps : il lui faut une "
            "copie neuve, par la ligne. Rien n'a été pris, et rien n'est perdu sur le poste."
        )
    expected = centre["dernier_lot"] + 1
    first = min((b["n"] for b in told.batches), default=expected)
    if first > expected:
        raise BundleError(
            f"Ce paquet commence au lot {first}, le centre attend le lot {expected} : apportez d'abord celui d'avant."
        )


def _exchange(
    link: Link, bundle: Writer, told: _Told, greeting: dict[str, Any], done: Merged, days: int, budget: int,
    file: Path, key: bytes,
) -> None:  # fmt: skip
    said = told.greeting
    done.effacement = greeting["effacement"] is not None and said["effacement"] < greeting["effacement"]
    bundle.put({"t": "salut", "epoque": greeting["epoque"], "efface": done.effacement})
    recent: list[str] = []
    cursor: Cursor = (str(said["curseur"][0]), int(said["curseur"][1]))
    # Somebody was erased while the device was away: it hears of that before anything new of it is merged.
    known = greeting["dernier_lot"]
    waiting = [b for b in told.batches if not done.effacement or b["n"] <= known]
    since = clock.to_text(clock.now() - timedelta(days=days))
    while True:
        batch = waiting.pop(0) if waiting else None
        sent = (batch["c"], batch["n"], batch["e"]) if batch else (None, None, None)
        try:
            answer = link.row(
                "CALL sync.cycle(%s::jsonb, %s, %s, %s::xid8, %s, %s, NULL)", (*sent, *cursor, PULL_PAGE)
            )[0]
        except CloneDetectedError as error:
            who = f"paquet {bundle.head.numero} du poste {bundle.head.poste:02d}"
            raise CloneDetectedError.because(who) from error
        sent_as = (batch["n"], batch["e"]) if batch else (None, None)
        bundle.put({"t": "reponse", "n": sent_as[0], "e": sent_as[1], "c": list(cursor), "r": answer})
        if batch is not None:
            done.connus += bool(answer["push"].get("rejoue"))
            done.conflits += len(answer["push"]["conflits"])
            done.gares += len(answer["push"]["gares"])
        pull = answer["pull"]
        if pull["n"]:
            done.servies += sum(map(len, pull["t"].values())) + len(pull["d"])
            recent += _recent(pull, since)
        cursor = next_cursor(answer, cursor)
        if pull["n"] < PULL_PAGE and not waiting:
            break
    held = _take_documents(link, told.contents, file, key) if not done.effacement else []
    done.documents_recus = len(held)
    bundle.put({"t": "tenus", "l": held})
    for sha256 in dict.fromkeys([*told.wanted, *recent]):
        if budget <= 0:
            break
        size = 0
        for record in _served(link, sha256):
            size += len(record["o"]) * 3 // 4
            bundle.put(record)
        budget -= size
        done.documents_servis += bool(size)
    # Asked again, behind the rows: another bundle of this device may have been merged meanwhile.
    bundle.put({"t": "fin", "dernier_lot": _greet(link, told, merged=not done.effacement)["dernier_lot"]})


def _recent(pull: dict[str, Any], since: str) -> list[str]:
    """Documents that a page brings: their bytes go along."""
    names = BY_NAME["documents"].names
    at, hashed = 1 + names.index("created_at"), 1 + names.index("sha256")
    return [r[hashed] for r in pull["t"].get("documents", ()) if r[hashed] and str(r[at]) >= since]


def _take_documents(link: Link, contents: list[str], file: Path, key: bytes) -> list[str]:
    """Put what the centre lacks; the contents that it holds now."""
    missing: dict[str, list[int]] = {}
    for at in range(0, len(contents), _ASKED_AT_ONCE):
        missing |= link.row("SELECT sync.documents_manquants(%s)", (contents[at : at + _ASKED_AT_ONCE],))[0]
    if any(missing.values()):
        for record in records(file, key):
            if record["t"] != "morceau" or not (left := missing.get(record["s"])):
                continue
            count = -(-(len(record["o"]) * 3 // 4) // MORCEAU)
            if not set(left).intersection(range(record["n"], record["n"] + count)):
                continue
            state = link.row("SELECT sync.document_deposer(%s, %s, %s)", (record["s"], record["n"], record["o"]))[0]
            if state == "complet":
                missing[record["s"]] = []
    return [sha256 for sha256, left in missing.items() if not left]


def _served(link: Link, sha256: str) -> Iterator[Record]:
    first = 0
    while True:
        text = link.row("SELECT sync.document_lire(%s, %s, %s)", (sha256, first, PIECES))[0]
        if text is None:
            return
        content = base64.b64decode(text)
        yield {"t": "morceau", "s": sha256, "n": first, "o": base64.b64encode(content).decode()}
        first += PIECES
        if len(content) < PIECES * MORCEAU:
            return


def _hand_over(link: Link, told: _Told) -> int:
    """What a *retired* device still had to send waits in quarantine; of a stolen one nothing is taken."""
    kept = 0
    for batch in told.batches:
        kept += link.row("SELECT sync.adieu(%s::jsonb)", (batch["c"],))[0] == "retire"
    return kept
