"""Believable Moroccan data, the same for the same seed: clients, équipements, contrats, techniciens, interventions.

Rows are inserted by thousands with ``executemany``; an intervention's dates, technicien and historique agree with its
statut, so that reports and screens show what a real office would.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Priorite, Role, Statut, TypeIntervention
from erp_desktop.domain.recherche import plier
from erp_desktop.errors import UserError
from erp_desktop.models import (
    Agence,
    Base,
    Client,
    Contrat,
    Equipement,
    HistoriqueIntervention,
    Intervention,
    LigneIntervention,
    Technicien,
    User,
)
from erp_desktop.services.contrats import demo as demo_contrats
from erp_desktop.services.demo import planning, times, week, words
from erp_desktop.services.demo.week import Place
from erp_desktop.services.interventions import numbers
from erp_desktop.services.preventif import demo as demo_preventif
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.lists import mesurer
from erp_desktop.services.stock import demo as stock_demo

Progress = Callable[[int, int], None]

_DELAIS = {
    Priorite.URGENTE: 2,
    Priorite.HAUTE: 24,
    Priorite.NORMALE: 72,
    Priorite.BASSE: 168,
    Priorite.PROGRAMMEE: 336,
}
_BATCH = 2_000
_OF_THE_WEEK = 5
"""One intervention in so many is on the board of this week or the next, up to what the board holds."""


@dataclass(frozen=True, slots=True)
class Genere:
    """How many rows of each kind were made."""

    clients: int
    equipements: int
    techniciens: int
    interventions: int


@dataclass(slots=True)
class _Parc:
    """What interventions refer to.

    Attributes:
        equipements: (équipement id, client id, contrat id, machine's name).
        occupes: techniciens with an intervention en_cours, half of them at most; nobody does two at once.
        horaire: the agency's clock, on which deadlines run.
    """

    equipements: list[tuple[int, int, int | None, str]]
    techniciens: list[int]
    users: list[int]
    occupes: set[int]
    horaire: sla.Horaire


def _ice(alea: random.Random) -> str:
    stem = "00" + "".join(str(alea.randrange(10)) for _ in range(11))
    return stem + f"{(97 - int(stem + '00') % 97) % 97:02d}"


def generer(
    session: Session, agence_code: str, interventions: int, seed: int = 1, *, progress: Progress | None = None,
    maintenant: datetime | None = None,
) -> Genere:  # fmt: skip
    """Fill one agency in the caller's transaction.

    Args:
        session: cache or centre.
        agence_code: an existing agency.
        interventions: how many to make; clients and équipements follow from it.
        seed: same seed, same names, titles, statuts and durations.
        progress: called with (done, total).
        maintenant: the instant at which the last six months end; now when left out.

    Raises:
        UserError: unknown agency.
    """
    agence = session.execute(sa.select(Agence.id).where(Agence.code == agence_code.upper())).scalar_one_or_none()
    if agence is None:
        raise UserError(f"Agence inconnue : {agence_code}.")
    alea = random.Random(f"{seed}/{agence_code}")  # noqa: S311 - not a secret
    now = maintenant or clock.now()
    connection = session.connection()
    parc = _parc(session, agence, agence_code.upper(), numbers.poste_local(session), interventions, alea, now)
    away = planning.absences(session, agence, parc.techniciens, parc.horaire, now)
    # Of its own: the rest of the office stays what it is, whatever the day of the week.
    hours = random.Random(f"{seed}/{agence_code}/semaine")  # noqa: S311 - not a secret
    most = interventions // _OF_THE_WEEK
    places: list[Place | None] = [*week.places(parc.techniciens, parc.horaire, away, hours, now, most)]
    places += [None] * (interventions - len(places))
    ouvertures = [
        place.asked(now, hours) if place is not None
        else _heure_ouvree(now - timedelta(minutes=alea.randrange(20, 60 * 24 * 182)), now, alea)
        for place in places
    ]  # fmt: skip
    a_venir = zip(ouvertures, _draw_numbers(session, agence_code.upper(), ouvertures), places, strict=True)
    fresh = max((o for o, place in zip(ouvertures, places, strict=True) if place is None), default=now)
    planned: dict[int, Place] = {}
    done = 0
    for block in _blocks(interventions):
        rows, audit, lines = [], [], []
        for identifier, (ouverture, numero, place) in zip(ids.allocate(connection, block), a_venir, strict=False):
            begun = place is None and ouverture == fresh
            row = _intervention(identifier, agence, parc, ouverture, now, alea, begun=begun, place=place)
            row["numero"] = numero
            if place is not None:
                planned[identifier] = place
            rows.append(row)
            audit += list(_audit(row, now, alea))
            lines += list(_lignes(row, alea))
        _insert(connection, Intervention, rows)
        _insert(connection, HistoriqueIntervention, _with_ids(connection, audit))
        _insert(connection, LigneIntervention, _with_ids(connection, lines))
        done += block
        if progress:
            progress(done, interventions)
    if not numbers.poste_local(session):
        planning.skills(session, agence, parc.techniciens, [m[0] for m in words.MACHINES], alea)
    planning.fill(session, agence, parc.techniciens, parc.horaire, alea, now, planned, away)
    times.fill(session, agence, parc.techniciens, alea, now)
    stock_demo.fill(session, agence, parc.techniciens, alea, now)
    demo_contrats.fill(session, agence, now)
    demo_preventif.fill(session, agence, now)
    mesurer(session, Intervention, HistoriqueIntervention, LigneIntervention, Equipement, Client)
    return Genere(
        len({e[1] for e in parc.equipements}), len(parc.equipements), len(parc.techniciens), interventions
    )  # fmt: skip


def _heure_ouvree(instant: datetime, now: datetime, alea: random.Random) -> datetime:
    """The same day between 8 and 18 o'clock, on five minutes; the instant itself when that is still to come."""
    moved = instant.replace(hour=8 + alea.randrange(10), minute=5 * alea.randrange(12), second=0, microsecond=0)
    return moved if moved < now else instant


def _draw_numbers(session: Session, code: str, ouvertures: list[datetime]) -> list[str]:
    """The next numbers of each opening's year, in the order of the openings."""
    annees = [clock.local(o).year for o in ouvertures]
    comptes = sorted(Counter(annees).items())
    tires = {annee: iter(numbers.tirer(session, code, annee, combien)) for annee, combien in comptes}
    return [next(tires[annee]) for annee in annees]


def _blocks(total: int) -> Iterator[int]:
    for start in range(0, total, _BATCH):
        yield min(_BATCH, total - start)


def _insert(connection: sa.Connection, mapped: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(mapped.__table__), rows)  # type: ignore[arg-type]


def _with_ids(connection: sa.Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row, identifier in zip(rows, ids.allocate(connection, len(rows)), strict=True):
        row["id"] = identifier
    return rows


def _parc(
    session: Session, agence: int, code: str, poste: int, interventions: int, alea: random.Random, now: datetime
) -> _Parc:
    connection = session.connection()
    stamps = {"agence_id": agence, "created_at": now, "updated_at": now}
    techniciens, users = _people(session, agence, code, stamps, alea)
    nb_clients = min(400, max(8, interventions // 40))
    clients: list[dict[str, Any]] = [
        stamps
        | {
            "nom_entreprise": words.CLIENTS[i % 20] + (f" {i // 20 + 1}" if i >= 20 else ""),
            "niveau_service": alea.choice(("premium", "standard", "standard", "basique")), "ice": _ice(alea),
            "contact": f"{alea.choice(words.PRENOMS)} {alea.choice(words.NOMS)}",
            "ville": alea.choice(("Casablanca", "Tanger", "Kénitra")),
            "telephone": f"+2125{alea.randrange(20_000_000, 40_000_000)}", "type_client": "entreprise",
        }
        for i in range(nb_clients)
    ]  # fmt: skip
    _forget_taken_ice(session, clients)
    _insert(connection, Client, _with_ids(connection, clients))
    first = demo_contrats.next_number(session, code, poste)
    contrats: list[dict[str, Any]] = [
        stamps | demo_contrats.terms(rank, c["id"], code, poste, first, now, alea)
        for rank, c in enumerate(clients[::2])
    ]
    _insert(connection, Contrat, _with_ids(connection, contrats))
    autres = demo_contrats.others([c["id"] for c in clients[1::2]], code, poste, first + len(contrats), now, alea)
    _insert(connection, Contrat, _with_ids(connection, [stamps | row for row in autres]))
    contrat_of = {c["client_id"]: c["id"] for c in contrats}
    machines: list[dict[str, Any]] = []
    known = session.scalar(sa.select(sa.func.count()).where(Equipement.agence_id == agence)) or 0
    for i in range(nb_clients * 4):
        nom, prefixe, marque, modele = alea.choice(words.MACHINES)
        client = clients[i % nb_clients]["id"]
        machines.append(
            stamps
            | {
                "client_id": client, "contrat_id": contrat_of.get(client), "nom": f"{nom} {prefixe}-{i % 97 + 1:02d}",
                "code_interne": f"{code}-{poste:02d}-{prefixe}-{known + i:04d}", "marque": marque,
                "modele": modele, "type_equipement": nom, "criticite": alea.choice(("critique", "standard")),
                "localisation": f"Atelier {alea.randrange(1, 6)}",
            }
        )  # fmt: skip
    _insert(connection, Equipement, _with_ids(connection, machines))
    parc = [(m["id"], m["client_id"], m["contrat_id"], m["nom"].split()[0].lower()) for m in machines]
    occupes = sa.select(Intervention.technicien_id).where(Intervention.statut == Statut.EN_COURS)
    pris = {t for t in session.scalars(occupes) if t is not None}
    return _Parc(parc, techniciens, users, pris, Horloges(session).de(agence))


def _forget_taken_ice(session: Session, clients: list[dict[str, Any]]) -> None:
    """The same seed twice makes the same clients: the second ones go without ICE rather than share it."""
    pris = set(session.scalars(sa.select(Client.ice).where(Client.ice.in_([c["ice"] for c in clients]))))
    for client in clients:
        if client["ice"] in pris:
            client["ice"] = None


def _people(
    session: Session, agence: int, code: str, stamps: dict[str, Any], alea: random.Random
) -> tuple[list[int], list[int]]:
    """The agency's techniciens and office users; made when there are none, but on no cache of a branch."""
    connection = session.connection()
    known = list(session.execute(sa.select(Technicien.id).where(Technicien.agence_id == agence)).scalars())
    office = [Role.AGENT.value, Role.RESPONSABLE.value]
    users = list(session.execute(sa.select(User.id).where(User.agence_id == agence, User.role.in_(office))).scalars())
    if known or numbers.poste_local(session):
        return known, users
    people = []
    for i, nom in enumerate(words.NOMS[:8]):
        prenom = words.PRENOMS[(i + alea.randrange(10)) % 10]
        login = plier(f"{prenom}.{nom}.{code}").replace(" ", "")
        people.append(
            stamps
            | {"username": login, "email": f"{login}@erp-mif.example", "full_name": f"{prenom} {nom}",
               "role": Role.TECHNICIEN.value}
        )  # fmt: skip
    _insert(connection, User, _with_ids(connection, people))
    techniciens = [
        stamps
        | {"user_id": p["id"], "numero_badge": f"{code}-{i + 1:03d}", "equipe": ("Mécanique", "Électrique")[i % 2],
           "niveau": alea.choice(("intermediaire", "avance", "expert")), "zone_intervention": "Agence"}
        for i, p in enumerate(people)
    ]  # fmt: skip
    _insert(connection, Technicien, _with_ids(connection, techniciens))
    return [t["id"] for t in techniciens], users


def _statut(age_h: float, technicien: bool, alea: random.Random) -> Statut:
    """Old work is mostly done, fresh work mostly open."""
    if alea.random() < 0.03:
        return Statut.ANNULEE
    if not technicien:
        return Statut.OUVERTE
    if age_h > 24 * 30:
        return Statut.ARCHIVEE if alea.random() < 0.6 else Statut.CLOTUREE
    if age_h > 24 * 5:
        return alea.choices((Statut.CLOTUREE, Statut.EN_ATTENTE, Statut.EN_COURS, Statut.AFFECTEE), (88, 5, 3, 4))[0]
    return alea.choices((Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS, Statut.CLOTUREE), (3, 4, 2, 3))[0]


def _intervention(
    identifier: int, agence: int, parc: _Parc, ouverture: datetime, now: datetime, alea: random.Random, *,
    begun: bool, place: Place | None,
) -> dict[str, Any]:  # fmt: skip
    """One row; ``begun`` says that somebody is at it, at whatever hour of the week the data are made; ``place``,
    where it stands on the board."""
    equipement, client, contrat, machine = alea.choice(parc.equipements)
    kind = alea.choices(tuple(words.TITRES), (55, 32, 5, 8))[0]
    priorite = Priorite.PROGRAMMEE if kind is TypeIntervention.PREVENTIVE else alea.choices(
        (Priorite.URGENTE, Priorite.HAUTE, Priorite.NORMALE, Priorite.BASSE), (1, 3, 5, 1))[0]  # fmt: skip
    statut = _statut((now - ouverture).total_seconds() / 3600, bool(parc.techniciens), alea)
    technicien = alea.choice(parc.techniciens) if parc.techniciens else None
    if place is not None:
        technicien, statut = place.technicien, place.statut(now)
        kind, priorite = place.kind(now, alea) or (kind, priorite)
    if begun and technicien is not None:
        statut = Statut.EN_COURS
    if statut is Statut.EN_COURS:
        if technicien in parc.occupes or 2 * len(parc.occupes) >= max(2, len(parc.techniciens)):
            statut = Statut.AFFECTEE
        elif technicien is not None:
            parc.occupes.add(technicien)
    day = ouverture + timedelta(days=alea.randrange(4))
    planifiee = max(
        ouverture + timedelta(minutes=60), day.replace(hour=8 + alea.randrange(10), minute=alea.choice((0, 30)))
    )
    if place is not None:
        planifiee = place.debut
    heures = sla.heures(priorite, 2 if contrat else None, 24 if contrat else None)
    limite = sla.echeance(parc.horaire, ouverture, heures, planifiee)
    row: dict[str, Any] = dict.fromkeys(
        ("technicien_id", "date_planifiee", "zone_planifiee", "date_affectation", "date_debut_travaux",
         "date_fin_travaux", "date_cloture", "duree_reelle", "diagnostic", "travaux_realises", "satisfaction_client")
    )  # fmt: skip
    row |= {
        "id": identifier, "agence_id": agence, "titre": alea.choice(words.TITRES[kind]).format(m=machine)[:200],
        "description": "Signalé par le responsable d'atelier.", "type": kind.value, "statut": statut.value,
        "priorite": priorite.value, "urgence": priorite is Priorite.URGENTE, "equipement_id": equipement,
        "client_id": client, "contrat_id": contrat, "date_creation": ouverture, "date_limite": limite,
        "duree_estimee": alea.choice((30, 60, 90, 120, 180)), "created_at": ouverture, "updated_at": ouverture,
        "created_by_id": alea.choice(parc.users) if parc.users else None,
    }  # fmt: skip
    if priorite is Priorite.PROGRAMMEE:
        row["date_planifiee"], row["zone_planifiee"] = planifiee, clock.CASABLANCA.key
    if statut in {Statut.OUVERTE, Statut.ANNULEE}:
        return row
    row["technicien_id"] = technicien
    row["date_affectation"] = min(ouverture + timedelta(minutes=alea.randrange(5, 90)), now)
    row["date_planifiee"], row["zone_planifiee"] = planifiee, clock.CASABLANCA.key
    if statut is Statut.AFFECTEE:
        return row
    share = alea.choices((0.5, 0.9, 1.6), (6, 3, 2))[0]
    debut = min(ouverture + timedelta(hours=_DELAIS[priorite] * share * alea.random() + 0.2), now)
    if place is not None:
        debut = place.debut
    row["date_affectation"] = min(row["date_affectation"], debut)
    row["date_debut_travaux"] = debut
    row["diagnostic"] = alea.choice(words.DIAGNOSTICS)
    if statut in {Statut.CLOTUREE, Statut.ARCHIVEE}:
        fin = place.fin if place is not None else min(debut + timedelta(minutes=alea.randrange(20, 360)), now)
        row |= {
            "date_fin_travaux": fin, "date_cloture": min(fin + timedelta(minutes=alea.randrange(5, 120)), now),
            "duree_reelle": int((fin - debut).total_seconds() // 60),
            "travaux_realises": alea.choice(words.TRAVAUX), "updated_at": fin,
            "satisfaction_client": alea.choice((None, 3, 4, 4, 5, 5)),
        }  # fmt: skip
    return row


_CHAIN = {
    Statut.AFFECTEE: ("affectee",), Statut.EN_COURS: ("affectee", "en_cours"), Statut.ANNULEE: ("annulee",),
    Statut.EN_ATTENTE: ("affectee", "en_cours", "en_attente"), Statut.CLOTUREE: ("affectee", "en_cours", "cloturee"),
    Statut.ARCHIVEE: ("affectee", "en_cours", "cloturee", "archivee"), Statut.OUVERTE: (),
}  # fmt: skip
_WHEN = {"affectee": "date_affectation", "en_cours": "date_debut_travaux", "cloturee": "date_cloture"}


def _audit(row: dict[str, Any], now: datetime, alea: random.Random) -> Iterator[dict[str, Any]]:
    common = {
        "agence_id": row["agence_id"], "intervention_id": row["id"], "user_id": row["created_by_id"],
        "created_by_id": row["created_by_id"], "remarque": None,
    }  # fmt: skip
    when = row["date_creation"]
    before = Statut.OUVERTE.value
    yield common | {"action": "creation", "statut": before, "horodatage": when, "ancienne_valeur": None,
                    "nouvelle_valeur": None, "created_at": when, "updated_at": when}  # fmt: skip
    for statut in _CHAIN[Statut(row["statut"])]:
        when = row.get(_WHEN.get(statut, "")) or min(when + timedelta(minutes=alea.randrange(10, 300)), now)
        values = {"ancienne_valeur": {"statut": before}, "nouvelle_valeur": {"statut": statut}}
        stamps = {"horodatage": when, "created_at": when, "updated_at": when}
        yield common | values | stamps | {"action": "statut", "statut": statut}
        before = statut


def _lignes(row: dict[str, Any], alea: random.Random) -> Iterator[dict[str, Any]]:
    if row["date_fin_travaux"] is None:
        return
    common = {
        "agence_id": row["agence_id"], "intervention_id": row["id"], "taux_tva": Decimal(20),
        "created_at": row["updated_at"], "updated_at": row["updated_at"],
    }  # fmt: skip
    heures = (Decimal(row["duree_reelle"]) / 60).quantize(Decimal("0.001"))
    yield common | {"type_ligne": "main_oeuvre", "designation": "Main-d'œuvre", "quantite": heures,
                    "prix_unitaire": Decimal(220)}  # fmt: skip
    if alea.random() < 0.5:
        yield common | {"type_ligne": "deplacement", "designation": "Déplacement",
                        "quantite": Decimal(alea.randrange(5, 90)), "prix_unitaire": Decimal("4.50")}  # fmt: skip
