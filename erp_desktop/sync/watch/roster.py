"""The enrolled devices as a list and a form: what each last reported, and how far it lags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.errors import NotFoundError, UserError, raison
from erp_desktop.registry import revisions
from erp_desktop.sync.device import provisioning, registration
from erp_desktop.sync.watch import health

SOON_S, LATE_S = 15 * 60, 24 * 3600
"""Silence after which a device's lag is amber, then red."""
CLOCK_S = 300
"""Seconds that a clock may be off: what is dated further ahead is dated anew by the centre (``registry.bounds``)."""
DAYS = 14
STATES = ("actif", "vole", "retire", "remplace")


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device.

    Attributes:
        etat: a value of ``STATES``.
        en_attente: changes that it announced at its last cycle.
        retard: states that it had not received when it last opened its line, of a device read by itself; None: never
            opened.
        silence_s: seconds since it was heard of; None: never.
        ancien: its revision is behind the centre's; ``exclu``: too old to exchange.
        expire_a: when the code of a device that is awaited is worth nothing any more.
        annonce_a: when it last told of itself; None: never, and all that follows is unknown.
        attente: changes that wait by table, the most first; ``attente_s``: for how long the oldest has by now.
        horloge_s: seconds that its clock is ahead of the centre's.
        usager: account that signed in there last.
        en_retard: revisions that it is behind.
        inscrit_par: account, or login of the server, of whoever enrolled it.
        par_jour: batches of it on each of the last :data:`DAYS` days, today last; of a device read by itself.
    """

    id: int
    nom: str
    agence: str
    etat: str
    version: str
    revision: str
    en_attente: int
    retard: int | None
    vu_a: datetime | None
    silence_s: float | None
    en_ligne: bool
    ancien: bool
    exclu: bool
    login: str
    dernier_lot: int
    inscrit_a: datetime
    expire_a: datetime | None = None
    annonce_a: datetime | None = None
    attente: tuple[tuple[str, int], ...] = ()
    attente_s: float | None = None
    horloge_s: float | None = None
    cache: int | None = None
    chiffre: bool | None = None
    usager: str = ""
    inscrit_par: str = ""
    systeme: str = ""
    cycle_s: float | None = None
    en_retard: int = 0
    par_jour: tuple[int, ...] = ()


def _row(read: dict[str, Any]) -> DeviceRow:
    revision = str(read["revision"] or "")
    place, least = revisions.position(revision), revisions.position(revisions.minimum_client())
    return DeviceRow(
        int(read["poste"]), read["nom"], read["agence"], read["etat"], str(read["version"] or ""), revision,
        int(read["en_attente"] or 0), read["retard"], read["vu_a"], read["silence_s"], bool(read["en_ligne"]),
        bool(revision) and revision != revisions.head(),
        bool(revision) and (place is None or least is None or place < least),
        read["login"], int(read["dernier_lot"] or 0), read["inscrit_a"],
        read["expire_a"] if read["etat"] == "attendu" else None,
        **_told(read),
        en_retard=len(revisions.revisions()) - 1 - place if place is not None else 0,
    )  # fmt: skip


def _told(read: dict[str, Any]) -> dict[str, Any]:
    told = {name: read[name] for name in ("annonce_a", "horloge_s", "cache", "chiffre", "cycle_s")}
    told |= {name: str(read[name] or "") for name in ("usager", "inscrit_par", "systeme")}
    told["attente"] = tuple(sorted(read["tables"].items(), key=lambda one: (-one[1], one[0])))
    if read["en_attente"] and read["depuis_s"] is not None and read["annonce_a"] is not None:
        told["attente_s"] = read["depuis_s"] + max(0.0, (clock.now() - read["annonce_a"]).total_seconds())
    return told


def off(row: DeviceRow) -> bool:
    """Whether a device's clock is off by more than is let be."""
    return row.etat == "actif" and row.horloge_s is not None and abs(row.horloge_s) > CLOCK_S


def waits_long(row: DeviceRow) -> bool:
    """Whether changes have waited on a device for more than a day."""
    return row.etat == "actif" and row.attente_s is not None and row.attente_s > LATE_S


def _all(session: Session, acteur: Acteur, *, lag: bool = False) -> list[DeviceRow]:
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    if session.get_bind().dialect.name != "postgresql":
        raise UserError("La liste des postes est au centre : identifiez-vous au centre.")
    return [_row(r) for r in health.postes_de(session.connection(), lag=lag)]


def _matches(row: DeviceRow, typed: str) -> bool:
    for word in typed.split():
        key, colon, value = word.partition(":")
        if colon and key == "agence":
            fits = plier(row.agence) == plier(value)
        elif colon and key == "version":
            fits = plier(row.version) == plier(value)
        elif colon and key == "etat":
            fits = {
                "revoque": row.etat != "actif", "actif": row.etat == "actif", "ancien": row.ancien,
                "hors_ligne": row.etat == "actif" and (row.silence_s is None or row.silence_s > LATE_S),
                "horloge": off(row), "attente": waits_long(row),
            }.get(value, False)  # fmt: skip
        else:
            fits = plier(word) in plier(f"{row.nom} {row.agence} {row.version} {row.id} {row.usager}")
        if not fits:
            return False
    return True


def ids(session: Session, acteur: Acteur, query: Any) -> list[int]:
    """Every matching device; the one heard of longest ago first, revoked ones last."""
    rows = [r for r in _all(session, acteur) if _matches(r, query.texte)]

    def key(row: DeviceRow) -> Any:
        if query.tri in ("nom", "agence", "version", "en_attente", "etat", "usager"):
            return (getattr(row, query.tri), row.id)
        if query.tri == "revision":
            return (row.exclu, row.en_retard, row.id)
        if query.tri in ("horloge_s", "cache"):
            measure = getattr(row, query.tri)
            return (float("-inf") if measure is None else abs(measure), row.id)
        return (-row.silence_s if row.silence_s is not None else float("-inf"), row.id)

    rows.sort(key=key, reverse=query.descendant)
    rows.sort(key=lambda row: row.etat != "actif")
    return [r.id for r in rows][: query.limite]


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[DeviceRow]:
    """Rows of a visible window, in the order of ``ids``."""
    found = {r.id: r for r in _all(session, acteur)}
    return [found[i] for i in ids if i in found]


def versions(session: Session, acteur: Acteur) -> list[tuple[str, str]]:
    """Versions of the program that devices work with."""
    found = {row.version for row in _all(session, acteur) if row.version}
    return [(version, version) for version in sorted(found, reverse=True)]


@dataclass(frozen=True, slots=True)
class Fleet:
    """All the devices at a glance.

    Attributes:
        a_surveiller: those that are away, behind or wrong by their clock, or whose changes have waited long.
        exclus: names of those that are too old to exchange.
        depuis: the oldest revision that is served.
    """

    en_ligne: int
    a_surveiller: int
    exclus: tuple[str, ...]
    depuis: str


def fleet(session: Session, acteur: Acteur) -> Fleet:
    """The devices that are at work, counted."""
    active = [row for row in _all(session, acteur) if row.etat == "actif"]
    watched = [
        row for row in active
        if row.exclu or row.silence_s is None or row.silence_s > LATE_S or off(row) or waits_long(row)
    ]  # fmt: skip
    return Fleet(
        sum(row.en_ligne for row in active), len(watched), tuple(row.nom for row in active if row.exclu),
        revisions.minimum_client(),
    )  # fmt: skip


def get(session: Session, acteur: Acteur, id: int) -> DeviceRow:  # noqa: A002
    """One device."""
    for row in _all(session, acteur, lag=True):
        if row.id == id:
            return replace(row, par_jour=_by_day(session, id))
    raise NotFoundError(f"Introuvable : aucun poste n° {id} n'est inscrit.")


def _by_day(session: Session, poste: int) -> tuple[int, ...]:
    """Batches that the centre took of a device, by day where this program runs."""
    today = clock.local(clock.now()).date()
    asked = sa.text(
        "SELECT date_trunc('hour', recu_a) AS quand, count(*) FROM sync.lots "
        "WHERE poste = :poste AND recu_a > now() - make_interval(days => :jours) GROUP BY 1"
    )
    counts = dict.fromkeys((today - timedelta(days=n) for n in range(DAYS)), 0)
    for when, count in session.execute(asked, {"poste": poste, "jours": DAYS + 1}):
        if (day := clock.local(when).date()) in counts:
            counts[day] += count
    return tuple(counts[day] for day in sorted(counts))


def withdraw(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Take back a code that nobody used yet: its file enrols nothing any more.

    Raises:
        NotAllowedError, NotFoundError
        UserError: the device came meanwhile.
    """
    get(session, acteur, id)
    engine = session.get_bind().engine
    session.rollback()
    with registration.in_french():
        withdrawn = registration.withdraw(engine, id)
    if not withdrawn:
        raise UserError("Ce code a servi : le poste est inscrit, et se révoque.")


def revoke(
    session: Session, acteur: Acteur, id: int, code: str, *, stolen: bool  # noqa: A002
) -> registration.Revocation:  # fmt: skip
    """Refuse a device from now on, once its name was typed; see :func:`registration.revoke`.

    Raises:
        NotAllowedError, NotFoundError
        UserError: the name is not that of the device.
    """
    row = get(session, acteur, id)
    if code.strip().casefold() != row.nom.casefold():
        raise UserError(f"Pour révoquer ce poste, recopiez son nom : {row.nom}.")
    bind = session.get_bind()
    session.rollback()
    with registration.in_french():
        return registration.revoke(bind.engine, id, stolen=stolen)


def invite(
    session: Session, acteur: Acteur, agence: str, name: str, valid: timedelta, file: Path
) -> provisioning.Provision:
    """Write the file that enrols one device without typing; see :func:`provisioning.invite`.

    Args:
        name: of the device; empty: the machine's.

    Raises:
        NotAllowedError
        UserError: no such agency, or a file of that name is there.
    """
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    if file.exists():
        raise UserError(f"Le fichier {file} existe déjà : un code n'en remplace pas un autre.")
    engine = session.get_bind().engine
    session.rollback()
    made = provisioning.invite(engine, agence, valid, address=engine.url, name=name, by=acteur.user_id)
    try:
        provisioning.write(made, file)
    except OSError as error:
        raise UserError(f"Le fichier {file} ne s'écrit pas : {raison(error)}.") from error
    return made
