"""Import of work orders from another system: all or nothing, with a dry run that names every bad line.

A *profile* says what the file's columns mean. ``excavators`` reads the public work orders of five mining excavators
(2001–2012): assets A–E become five équipements of one client, found again or created; the short text becomes the
title; PM types become ours (PM01 repair → corrective, PM02 planned replacement → preventive, the rest corrective and
told); the cost is kept as it stands, in AUD, which the notes say. Old work is closed work: it takes numbers of its
own year, a start and an end on its day, its title as work done, and one audit row « importation ».
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain import nombres
from erp_desktop.domain.enums import Statut, TypeIntervention
from erp_desktop.errors import UserError
from erp_desktop.models import Agence, Client, Equipement, HistoriqueIntervention, Intervention
from erp_desktop.services._importation_dates import jour
from erp_desktop.services._importation_valeurs import Ecriture, decimal, plier
from erp_desktop.services.interventions import numbers
from erp_desktop.services.shared.lists import mesurer
from erp_desktop.services.sheets.model import Cell, text
from erp_desktop.services.sheets.reading import Known, read

Progress = Callable[[int, int], None]

FIELDS = ("date_creation", "equipement", "titre", "type", "cout_externe")
"""Fields of an intervention that a column can be mapped to."""

_TYPES = {
    "PM01": TypeIntervention.CORRECTIVE,  # repair
    "PM02": TypeIntervention.PREVENTIVE,  # planned replacement
}
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What a known file looks like.

    Attributes:
        columns: file column → field.
        client: the client that owns the assets.
        machine: name of an équipement, formatted with the asset.
        devise: currency of the costs.
    """

    columns: dict[str, str]
    client: str
    machine: str
    devise: str


PROFILES = {
    "excavators": Profile(
        {"BscStartDate": "date_creation", "Asset": "equipement", "OriginalShorttext": "titre", "PMType": "type",
         "Cost": "cout_externe"},
        "Mines à ciel ouvert (reprise)", "Excavatrice {}", "AUD",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LigneRefusee:
    """``ligne`` counts from 1, the header being line 1."""

    ligne: int
    raison: str


@dataclass(slots=True)
class Bilan:
    """What an import did, or would do."""

    lignes: int = 0
    importees: int = 0
    equipements_crees: int = 0
    refusees: list[LigneRefusee] = field(default_factory=list)
    remarques: dict[str, int] = field(default_factory=dict)
    essai: bool = False


class ImportRefuse(UserError):  # noqa: N818 - an outcome that carries its report
    """Bad lines: nothing was imported."""

    code = "import_refuse"

    def __init__(self, bilan: Bilan) -> None:
        self.bilan = bilan
        first = bilan.refusees[0]
        super().__init__(
            f"{len(bilan.refusees)} lignes refusées, rien n'a été importé ; ligne {first.ligne} : {first.raison}"
        )


def connaitre(noms: Iterable[str]) -> Known:
    """Tells a header by the columns that an import knows, folded."""
    connus = {plier(nom) for nom in noms}
    return lambda mots: sum(plier(mot) in connus for mot in mots)


def correspondance(
    paires: Iterable[str], colonnes: Iterable[str], profil: str | None = None
) -> tuple[Profile, dict[str, str]]:
    """The named profile, else the one that the columns show, with the user's ``colonne=champ`` pairs over it.

    Raises:
        UserError: an unknown profile or field, a column that the file lacks, or no way to know what the columns mean.
    """
    present = set(colonnes)
    if profil is not None and profil not in PROFILES:
        raise UserError(f"Profil inconnu : « {profil} ». Profils : {', '.join(sorted(PROFILES))}.")
    profile = PROFILES[profil] if profil else next((p for p in PROFILES.values() if set(p.columns) <= present), None)
    mapping = {c: f for c, f in profile.columns.items() if c in present} if profile else {}
    for pair in paires:
        column, _, name = pair.partition("=")
        if name not in FIELDS:
            raise UserError(f"Champ inconnu : « {name} ». Champs possibles : {', '.join(FIELDS)}.")
        if column not in present:
            raise UserError(f"Le fichier n'a pas de colonne « {column} ».")
        mapping = {c: f for c, f in mapping.items() if f != name} | {column: name}
    missing = {"date_creation", "equipement", "titre"} - set(mapping.values())
    if missing:
        raise UserError(f"Aucune colonne ne donne : {', '.join(sorted(missing))} (--map colonne=champ).")
    return profile or Profile({}, "Reprise de données", "Équipement {}", "MAD"), mapping


def _checked(
    row: dict[str, Cell], number: int, bilan: Bilan, notes: Counter[str], ecriture: Ecriture
) -> dict[str, Any] | None:
    def refuse(reason: str) -> None:
        bilan.refusees.append(LigneRefusee(number, reason))

    values = {k: text(v).strip() for k, v in row.items()}
    if any("\0" in v for v in values.values()):
        refuse("caractère interdit dans la ligne")
        return None
    if not values["date_creation"]:
        refuse("date absente")
        return None
    try:
        day = jour(row["date_creation"], ecriture.dates, notes)
    except ValueError as error:
        refuse(str(error))
        return None
    if day > clock.today():
        refuse(f"date dans le futur : {day.isoformat()}")
        return None
    if not values["equipement"]:
        refuse("équipement absent")
        return None
    if len(values["equipement"]) > 30:
        refuse("nom d'équipement trop long (30 caractères au plus)")
        return None
    title = " ".join(values["titre"].split())
    if not title:
        notes["titre absent, remplacé par « Sans intitulé »"] += 1
        title = "Sans intitulé"
    code = values.get("type", "").upper()
    kind = _TYPES.get(code) or next((t for t in TypeIntervention if t.value == code.lower()), None)
    if kind is None:
        if re.fullmatch(r"PM\d\d", code):
            notes[f"code {code} sans équivalent, compris comme corrective"] += 1
        elif code:
            refuse(f"type inconnu « {code} »")
            return None
        else:
            notes["type absent, compris comme corrective"] += 1
        kind = TypeIntervention.CORRECTIVE
    cost: Decimal | None = None
    if raw := values.get("cout_externe", ""):
        try:
            cost = decimal(row["cout_externe"], ecriture.nombres)
        except ValueError as error:
            refuse(f"coût illisible {error}")
            return None
        if abs(cost) >= Decimal(10) ** 10:
            refuse(f"coût illisible « {raw} »")
            return None
        if cost < 0:
            notes["coût négatif, gardé tel quel"] += 1
    else:
        notes["coût absent"] += 1
    return {"jour": day, "equipement": values["equipement"], "titre": title[:200], "type": kind.value, "cout": cost}


def importer_interventions(
    session: Session,
    fichier: Path,
    agence_code: str,
    *,
    paires: Iterable[str] = (),
    profil: str | None = None,
    ecriture: Ecriture | None = None,
    essai: bool = False,
    user_id: int | None = None,
    progress: Progress | None = None,
) -> Bilan:
    """Import work orders into an agency, in the caller's transaction.

    Args:
        session: cache or centre; written to only when every line is good and ``essai`` is False.
        fichier: CSV or XLSX.
        agence_code: the agency that takes the work over.
        paires: ``colonne=champ`` mappings.
        profil: a name of ``PROFILES``; recognised from the columns when left out.
        ecriture: how the file is written, where it does not show it.
        essai: check only.
        user_id: author.
        progress: called with (done, total).

    Raises:
        ImportRefuse: at least one bad line; its ``bilan`` lists them all.
        UserError: unreadable file, unknown agency or mapping.
    """
    agence = session.execute(sa.select(Agence.id).where(Agence.code == agence_code.upper())).scalar_one_or_none()
    if agence is None:
        raise UserError(f"Agence inconnue : {agence_code}.")
    ecriture = ecriture or Ecriture()
    paires = list(paires)
    noms = [*FIELDS, *(c for p in PROFILES.values() for c in p.columns), *(p.partition("=")[0] for p in paires)]
    table = read(fichier, connaitre(noms), sheet=ecriture.feuille, encoding=ecriture.encodage)
    rows = table.rows
    profile, mapping = correspondance(paires, table.columns, profil)
    bilan = Bilan(lignes=len(rows) + len(table.faults), essai=essai)
    bilan.refusees = [LigneRefusee(*fault) for fault in table.faults]
    notes: Counter[str] = Counter(table.notes)
    couts = [c for c, f in mapping.items() if f == "cout_externe"]
    vue = nombres.convention_de(text(row[c]) for c in couts for _, row in rows if isinstance(row[c], str))
    ecriture = replace(ecriture, nombres=ecriture.nombres or vue)
    good = []
    for number, row in rows:
        checked = _checked({f: row[c] for c, f in mapping.items()}, number, bilan, notes, ecriture)
        if checked is not None:
            good.append(checked)
    bilan.remarques = dict(notes)
    bilan.refusees.sort(key=lambda refus: refus.ligne)
    if bilan.refusees:
        if essai:
            return bilan
        raise ImportRefuse(bilan)
    if essai:
        bilan.importees = len(good)
        return bilan
    machines = _machines(session, agence, agence_code, profile, good, bilan)
    _insert(session, agence, agence_code, profile, machines, good, user_id, progress)
    bilan.importees = len(good)
    return bilan


def _machines(
    session: Session, agence: int, code: str, profile: Profile, rows: list[dict[str, Any]], bilan: Bilan
) -> dict[str, tuple[int, int]]:
    """Asset → (équipement id, client id): known by its code, made by an earlier import, or made now."""
    assets = sorted({r["equipement"] for r in rows})
    connues: dict[str, tuple[int, int]] = {}
    for debut in range(0, len(assets), 500):
        requete = sa.select(Equipement.code_interne, Equipement.id, Equipement.client_id).where(
            Equipement.agence_id == agence, Equipement.code_interne.in_(assets[debut : debut + 500])
        )
        connues.update({code_interne: (ident, client) for code_interne, ident, client in session.execute(requete)})
    if len(connues) == len(assets):
        return connues
    client = (
        session.execute(
            sa.select(Client.id).where(Client.agence_id == agence, Client.nom_entreprise == profile.client)
        )
        .scalars()
        .first()
    )
    if client is None:
        owner = Client(agence_id=agence, nom_entreprise=profile.client)
        session.add(owner)
        session.flush()
        client = owner.id
    found = connues
    for asset in assets:
        if asset in found:
            continue
        internal = f"{code}-REP-{asset}"[:40]
        known = session.execute(
            sa.select(Equipement.id).where(Equipement.agence_id == agence, Equipement.code_interne == internal)
        ).scalar_one_or_none()
        if known is None:
            machine = Equipement(
                agence_id=agence, client_id=client, nom=profile.machine.format(asset)[:160], code_interne=internal
            )
            session.add(machine)
            session.flush()
            known = machine.id
            bilan.equipements_crees += 1
        found[asset] = (known, client)
    return found


def _insert(
    session: Session,
    agence: int,
    code: str,
    profile: Profile,
    machines: dict[str, tuple[int, int]],
    rows: list[dict[str, Any]],
    user_id: int | None,
    progress: Progress | None,
) -> None:
    session.flush()
    connection, now = session.connection(), clock.now()
    par_annee = Counter(row["jour"].year for row in rows)
    numeros = {annee: iter(numbers.tirer(session, code, annee, n)) for annee, n in sorted(par_annee.items())}
    note = f"Repris d'un autre système ; coût en {profile.devise}."
    for at in range(0, len(rows), _BATCH):
        block = rows[at : at + _BATCH]
        values, audit = [], []
        identifiers = ids.allocate(connection, 2 * len(block))
        for identifier, audit_id, row in zip(
            identifiers[: len(block)], identifiers[len(block) :], block, strict=True
        ):
            opened = datetime.combine(row["jour"], time(8), UTC)
            closed = opened + timedelta(hours=8)
            equipement, client = machines[row["equipement"]]
            common = {"agence_id": agence, "created_at": now, "updated_at": now, "created_by_id": user_id}
            values.append(
                common
                | {
                    "id": identifier, "numero": next(numeros[row["jour"].year]), "titre": row["titre"],
                    "type": row["type"], "statut": Statut.CLOTUREE.value, "priorite": "normale", "urgence": False,
                    "equipement_id": equipement, "client_id": client, "date_creation": opened,
                    "date_debut_travaux": opened, "date_fin_travaux": closed, "date_cloture": closed,
                    "travaux_realises": row["titre"], "notes_internes": note, "cout_externe": row["cout"],
                }
            )  # fmt: skip
            audit.append(
                common
                | {
                    "id": audit_id, "intervention_id": identifier, "user_id": user_id, "action": "importation",
                    "statut": Statut.CLOTUREE.value, "remarque": note, "horodatage": now,
                }
            )  # fmt: skip
        connection.execute(sa.insert(Intervention.__table__), values)  # type: ignore[arg-type]
        connection.execute(sa.insert(HistoriqueIntervention.__table__), audit)  # type: ignore[arg-type]
        if progress:
            progress(at + len(block), len(rows))
    mesurer(session, Intervention, HistoriqueIntervention)
