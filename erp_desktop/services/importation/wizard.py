"""An import as the window leads it: columns of a file are given fields, its lines are judged in pieces, bad ones are
mended or left out, and what is good is written at once or not at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.nombres import Convention
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing.texts import texts
from erp_desktop.errors import UserError
from erp_desktop.models import Agence, Preference
from erp_desktop.services.importation.columns import Colonne, colonne
from erp_desktop.services.importation.dates import Ordre
from erp_desktop.services.importation.decisions import EXIGES, FIELDS, Decisions, reconnu
from erp_desktop.services.importation.nearest import split
from erp_desktop.services.importation.orders import RepriseOrdres
from erp_desktop.services.importation.outcome import Bilan, LigneRefusee, Progress, connaitre
from erp_desktop.services.importation.tables import Reprise, uniques
from erp_desktop.services.importation.values import Ecriture, Unite, plier
from erp_desktop.services.importation.work_orders import DUREES
from erp_desktop.services.shared import trace, wording
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.sheets.model import Cell, Table, text
from erp_desktop.services.sheets.reading import read

TABLES = ("clients", "contrats", "depots", "equipements", "interventions", "mouvements_stock", "pieces_detachees",
          "plannings", "techniciens")  # fmt: skip
"""What the window imports: whatever a branch fills and has a list of. Rates are the headquarters'."""
_DROITS = {
    "interventions": roles.Droit.INTERVENTION_ECRIRE, "plannings": roles.Droit.PREVENTIF_ECRIRE,
    "techniciens": roles.Droit.TECHNICIEN_ECRIRE,
}  # fmt: skip
_MISSING_LABELS = {"numero_source": "Numéro d'origine", "devise": "Devise"}
_ALIASES = {"date": "date_creation", "équipement": "equipement", "coût": "cout_externe", "nom": "equipement",
            "numero": "numero_source"}  # fmt: skip
"""First word of a reason about a work order → its field."""
_TRANSLATED = ("ar", "en")
"""Languages, beside French, in which a list may have been exported."""
_MEMORY = "import:{}:{}"
_ANSWERS = ""
"""Beside the columns of a remembered choice: no column is without a name."""
_WRITTEN: dict[str, type[StrEnum]] = {"nombres": Convention, "dates": Ordre, "durees": Unite}


@dataclass(frozen=True, slots=True)
class Champ:
    """A field that a column may feed.

    Attributes:
        reference: by what people know.
        kind: as ``wording.Wording``, or ``duration``: one that a file may count in hours.
        values: the closed list.
        own: no two rows say the same.
    """

    name: str
    label: str
    required: bool
    reference: bool
    kind: str = "text"
    values: type[StrEnum] | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Fichier:
    """A file that was read.

    Attributes:
        empreinte: of its header; files of one shape have the same.
    """

    nom: str
    lu: Table
    colonnes: tuple[Colonne, ...]
    empreinte: str


@dataclass(frozen=True, slots=True)
class Faute:
    """One reason why a line is refused; ``colonne`` is empty when it is of no single cell.

    Attributes:
        proche: the known value that an unknown one comes near to.
        inconnue: the cell says a word that means nothing here, in whatever line it stands.
    """

    ligne: int
    colonne: str
    valeur: str
    raison: str
    proche: str = ""
    inconnue: bool = False


@dataclass(frozen=True, slots=True)
class Choix:
    """What the person decided about a file.

    Attributes:
        champs: column → field, or nothing.
        corrections: line → column → what is written there instead.
        ecartees: lines left out.
        ecriture: how the file is written, where it does not show it.
        constantes: field → what every line says.
        defauts: field → what an empty cell means.
        taux: currency → MAD for one.
    """

    champs: Mapping[str, str]
    corrections: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    ecartees: frozenset[int] = frozenset()
    ecriture: Ecriture = field(default_factory=Ecriture)
    constantes: Mapping[str, str] = field(default_factory=dict)
    defauts: Mapping[str, str] = field(default_factory=dict)
    taux: Mapping[str, str] = field(default_factory=dict)


def permis(acteur: Acteur, table: str) -> bool:
    """Whether a person may fill the table from a file in the window."""
    return table in TABLES and roles.peut(acteur.role, _DROITS.get(table, roles.Droit.FICHIER_ECRIRE))


def champs(table: str) -> list[Champ]:
    """The fields that a file may fill."""
    if table == "interventions":
        return [_champ_d_ordre(nom) for nom in FIELDS]
    reprise = Reprise.sans_base(table)
    own = {*uniques(reprise.table), "nom_entreprise"}
    found = []
    for nom in reprise.colonnes:
        said = wording.field(table, nom)
        court = reprise.courts.get(nom)
        label = said.label if said is not None else nom
        kind, values = (said.kind, said.values) if said is not None and court is None else ("text", None)
        found.append(
            Champ(court or nom, label, reprise.lecteurs[nom].obligatoire, court is not None, kind, values, nom in own)
        )
    return found


def _champ_d_ordre(nom: str) -> Champ:
    reference = nom in ("equipement", "client", "contrat", "technicien")
    said = wording.field("interventions", f"{nom}_id" if reference else nom)
    if said is None:
        return Champ(nom, _MISSING_LABELS[nom], nom in EXIGES, reference, own=nom == "numero_source")
    kind = "duration" if nom in DUREES else "text" if reference else said.kind
    return Champ(nom, said.label, nom in EXIGES, reference, kind, said.values)


def _reprise(
    session: Session, acteur: Acteur, table: str, bilan: Bilan, ecriture: Ecriture
) -> Reprise | RepriseOrdres:  # fmt: skip
    agence = agence_de(session, acteur, table)
    if table == "interventions":
        # Whoever types here knows the machines of the agency: an unknown one is a slip, not a new one.
        return RepriseOrdres(session, agence, bilan, ecriture, machines=False)
    return Reprise(session, table, agence, bilan, ecriture, acteur)


def ouvrir(table: str, fichier: Path) -> Fichier:
    """Look at a file; needs no database.

    Raises:
        UserError: unreadable, without header, without a line.
    """
    known = champs(table)
    lu = read(fichier, connaitre(word for one in known for word in _headings(one)))
    if not lu.rows and not lu.faults:
        raise UserError(f"Le fichier {fichier.name} n'a aucune ligne à importer.")
    shape = "\n".join(plier(name) for name in lu.columns)
    return Fichier(
        fichier.name, lu, tuple(colonne(lu, name) for name in lu.columns),
        hashlib.sha256(shape.encode()).hexdigest()[:16],
    )  # fmt: skip


def _headings(one: Champ) -> list[str]:
    """What a column may be called that feeds a field: its own name, or its label in any language."""
    return [one.name, one.label, *(texts(code).of(one.label) or one.label for code in _TRANSLATED)]


def proposer(table: str, fichier: Fichier) -> dict[str, str]:
    """A field for each column whose name says it: the field's own name, or its label in any language."""
    by_name: dict[str, str] = {}
    for one in champs(table):
        for words in _headings(one):
            by_name.setdefault(plier(words), one.name)
    found: dict[str, str] = {}
    for column in fichier.colonnes:
        name = by_name.get(plier(column.name), "")
        found[column.name] = name if name not in found.values() else ""
    return found


def commencer(table: str, fichier: Fichier) -> Choix:
    """What a file of a known kind says by itself; of any other, the fields that its columns name."""
    known = reconnu(fichier.lu.columns) if table == "interventions" else None
    if known is None:
        return Choix(proposer(table, fichier))
    return Choix({c.name: known.columns.get(c.name, "") for c in fichier.colonnes}, constantes=known.constantes)


def _preference(session: Session, acteur: Acteur, table: str, fichier: Fichier) -> Preference | None:
    p, cle = Preference, _MEMORY.format(table, fichier.empreinte)
    return session.scalar(sa.select(p).where(p.user_id == acteur.user_id, p.cle == cle))


def retrouver(session: Session, acteur: Acteur, table: str, fichier: Fichier) -> Choix | None:
    """What this person decided about a file of this shape, its lines apart."""
    kept = _preference(session, acteur, table, fichier)
    if kept is None or not isinstance(kept.valeur, dict):
        return None
    known = {one.name for one in champs(table)}
    given = {c.name: v if (v := kept.valeur.get(c.name)) in known else "" for c in fichier.colonnes}
    said = kept.valeur.get(_ANSWERS)
    if not isinstance(said, dict):
        return Choix(given)
    every, empty = ({f: v for f, v in (said.get(n) or {}).items() if f in known} for n in ("constantes", "defauts"))
    written: dict[str, Any] = {
        name: next((m for m in kind if m == said.get(name)), None) for name, kind in _WRITTEN.items()
    }
    return Choix(
        given, ecriture=Ecriture(**written), constantes=every, defauts=empty, taux=dict(said.get("taux") or {})
    )


def retenir(session: Session, acteur: Acteur, table: str, fichier: Fichier, choix: Choix) -> None:
    """Remember it for the next file of this shape."""
    kept = _preference(session, acteur, table, fichier)
    written: dict[str, Any] = {name: getattr(choix.ecriture, name) for name in _WRITTEN}
    written |= {"constantes": dict(choix.constantes), "defauts": dict(choix.defauts), "taux": dict(choix.taux)}
    told = {**choix.champs, _ANSWERS: {name: one for name, one in written.items() if one}}
    trace.annoncer(session, acteur)
    if kept is None:
        session.add(
            Preference(
                agence_id=acteur.agence_id, user_id=acteur.user_id, cle=_MEMORY.format(table, fichier.empreinte),
                valeur=told, created_by_id=acteur.user_id,
            )
        )  # fmt: skip
    else:
        kept.valeur = told
    ecrire(session)


class Essai:
    """A file judged without writing anything; each piece is one turn of whoever runs it, in any session.

    Attributes:
        fautes: why lines are refused, cell by cell, once all is judged.
    """

    def __init__(self, acteur: Acteur, table: str, fichier: Fichier, choix: Choix) -> None:
        self._acteur, self._table, self._choix = acteur, table, choix
        self.fichier = _corrige(fichier, choix)
        self._reprise: Reprise | RepriseOrdres | None = None
        self._pieces: Iterator[int] | None = None
        self.done = 0
        self.total = max(1, 2 * len(self.fichier.lu.rows))
        self.bilan = Bilan(essai=True)
        self.fautes: list[Faute] = []

    def piece(self, session: Session) -> bool:
        """Do one more piece; False when all is judged.

        Raises:
            UserError: no right, no agency.
        """
        if self._reprise is None:
            self._reprise = _reprise(session, self._acteur, self._table, self.bilan, self._choix.ecriture)
            self._pieces = self._reprise.essayer(self.fichier.lu, _decisions(self._choix))
        self._reprise.session = session
        if self._pieces is None:
            return False
        try:
            self.done = next(self._pieces)
        except StopIteration:
            self.fautes = self._fautes()
            return False
        return True

    def remarques(self) -> dict[str, int]:
        """What was understood rather than read → how often, without what the person said of every line."""
        own = tuple(f"{name} : " for name in self._choix.constantes)
        return {sans_option(said): n for said, n in self.bilan.remarques.items() if not said.startswith(own)}

    def _fautes(self) -> list[Faute]:
        columns = {name: column for column, name in self._choix.champs.items() if name}
        rows = dict(self.fichier.lu.rows)
        labels = {one.name: one.label for one in champs(self._table)}
        return [
            _faute(refused, reason, columns, labels, rows.get(refused.ligne, {}))
            for refused in self.bilan.refusees for reason in refused.raison.split(" ; ")
        ]  # fmt: skip


def _faute(
    refused: LigneRefusee, reason: str, columns: Mapping[str, str], labels: Mapping[str, str], row: Mapping[str, Cell]
) -> Faute:
    """A reason with the column that it is of; in the words of the window, without the options of the command."""
    reason, near = split(reason)
    reason = sans_option(reason)
    head, colon, rest = reason.partition(" : ")
    name, more, _ = head.partition(" ")
    name = name if name in labels else _ALIASES.get(name, name)
    column = columns.get(name) or columns.get(name.removesuffix("_id")) or ""
    words = rest if colon and column and not more else reason
    words = _FIELD.sub(lambda found: _said(found[0], labels), words)
    told = text(row.get(column, "")) if column else ""
    return Faute(refused.ligne, column, told, words, near, bool(told and _UNKNOWN.search(reason)))


def sans_option(words: str) -> str:
    """What an import says, without the options of the command."""
    for option, instead in _OPTIONS:
        words = option.sub(instead, words)
    return words


_OPTIONS = (
    (re.compile(r" : --[^()]*\)"), ")"),
    (re.compile(r" ?\([^()]*--[^()]*\)"), ""),
    (re.compile(r" ; [^;]*--.*$"), ""),
)
_UNKNOWN = re.compile(r"\binconnue? «|introuvable dans cette agence")
_FIELD = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def _said(name: str, labels: Mapping[str, str]) -> str:
    label = labels.get(name) or labels.get(name.removesuffix("_id"))
    return f"« {label} »" if label else name


def _corrige(fichier: Fichier, choix: Choix) -> Fichier:
    """The file with what was written instead, and without the lines left out."""
    if not choix.corrections and not choix.ecartees:
        return fichier
    rows = [
        (line, {**row, **choix.corrections.get(line, {})})
        for line, row in fichier.lu.rows if line not in choix.ecartees
    ]  # fmt: skip
    faults = [one for one in fichier.lu.faults if one[0] not in choix.ecartees]
    return replace(fichier, lu=replace(fichier.lu, rows=rows, faults=faults))


def _decisions(choix: Choix) -> Decisions:
    return Decisions(
        [f"{column}={name}" for column, name in choix.champs.items()],
        constantes=_egales(choix.constantes), defauts=_egales(choix.defauts), taux=_egales(choix.taux),
    )  # fmt: skip


def _egales(given: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in given.items()]


def agence_de(session: Session, acteur: Acteur, table: str) -> int:
    """The agency into which a person imports.

    Raises:
        NotAllowedError, UserError
    """
    roles.exiger(acteur, _DROITS.get(table, roles.Droit.FICHIER_ECRIRE))
    if acteur.agence_id is None or session.get(Agence, acteur.agence_id) is None:
        raise UserError("Un import se fait dans une agence : connectez-vous avec un compte d'agence.")
    return acteur.agence_id


def ecrire_tout(
    session: Session, acteur: Acteur, table: str, fichier: Fichier, choix: Choix, progress: Progress
) -> Bilan:  # fmt: skip
    """Judge again and write, in the transaction of ``session``: all the lines that are not left out, or none.

    Raises:
        ImportRefuse: a line became bad meanwhile.
        UserError: no right, no agency.
    """
    bilan = Bilan()
    reprise = _reprise(session, acteur, table, bilan, choix.ecriture)
    trace.annoncer(session, acteur)
    corrected = _corrige(fichier, choix)
    if not corrected.lu.rows:
        raise UserError("Aucune ligne à écrire.")
    made = reprise.faire(corrected.lu, _decisions(choix), acteur.user_id, progress)
    retenir(session, acteur, table, fichier, choix)
    return made
