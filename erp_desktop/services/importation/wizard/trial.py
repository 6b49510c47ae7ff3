"""The lines of a file: judged in pieces, bad ones mended or left out, what is good written at once or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import UserError
from erp_desktop.models import Agence
from erp_desktop.services.importation.decisions import Decisions
from erp_desktop.services.importation.nearest import split
from erp_desktop.services.importation.orders import RepriseOrdres
from erp_desktop.services.importation.outcome import Bilan, ImportRefuse, LigneRefusee, Progress
from erp_desktop.services.importation.tables import Reprise
from erp_desktop.services.importation.values import Ecriture
from erp_desktop.services.importation.wizard.fields import champs, right
from erp_desktop.services.importation.wizard.files import Choix, Fichier
from erp_desktop.services.importation.wizard.memory import retenir
from erp_desktop.services.shared import trace
from erp_desktop.services.sheets.model import Cell, text

_ALIASES = {"date": "date_creation", "équipement": "equipement", "coût": "cout_externe", "nom": "equipement",
            "numero": "numero_source"}  # fmt: skip
"""First word of a reason about a work order → its field."""


@dataclass(frozen=True, slots=True)
class Faute:
    """One reason why a line is refused; ``colonne`` is empty when it is of no single cell.

    Attributes:
        proche: the known value that an unknown one comes near to.
        inconnue: the cell says a word that means nothing here, in whatever line it stands.
        champ: label of the field that the reason is of, where no column feeds it.
    """

    ligne: int
    colonne: str
    valeur: str
    raison: str
    proche: str = ""
    inconnue: bool = False
    champ: str = ""


def _reprise(
    session: Session, acteur: Acteur, table: str, bilan: Bilan, ecriture: Ecriture
) -> Reprise | RepriseOrdres:  # fmt: skip
    agence = agence_de(session, acteur, table)
    if table == "interventions":
        # Whoever types here knows the machines of the agency: an unknown one is a slip, not a new one.
        return RepriseOrdres(session, agence, bilan, ecriture, machines=False)
    return Reprise(session, table, agence, bilan, ecriture, acteur)


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
            self.fautes = _fautes(self.bilan.refusees, self.fichier, self._table, self._choix)
            return False
        return True

    @property
    def nouvelles(self) -> int:
        """Lines that would become rows: neither refused nor there already."""
        refused = {one.ligne for one in self.fautes}
        return max(0, self.bilan.lignes - len(refused) - self.bilan.existantes - self.bilan.mises_a_jour)

    def remarques(self) -> dict[str, int]:
        """What was understood rather than read → how often, without what the person said of every line."""
        own = tuple(f"{name} : " for name in self._choix.constantes)
        labels = {one.name: one.label for one in champs(self._table)}
        said = {words: n for words, n in self.bilan.remarques.items() if not words.startswith(own)}
        return {nommer(sans_option(words), labels): n for words, n in said.items()}


def _fautes(refused: Sequence[LigneRefusee], fichier: Fichier, table: str, choix: Choix) -> list[Faute]:
    columns = {name: column for column, name in choix.champs.items() if name}
    rows = dict(fichier.lu.rows)
    labels = {one.name: one.label for one in champs(table)}
    return [
        _faute(one, reason, columns, labels, rows.get(one.ligne, {}))
        for one in refused for reason in one.raison.split(" ; ")
    ]  # fmt: skip


def _faute(
    refused: LigneRefusee, reason: str, columns: Mapping[str, str], labels: Mapping[str, str], row: Mapping[str, Cell]
) -> Faute:
    """A reason with the column that it is of; in the words of the window, without the options of the command."""
    reason, near = split(reason)
    reason = sans_option(reason)
    head, colon, rest = reason.partition(" : ")
    name, more, _ = head.partition(" ")
    own = _label(name, labels)
    name = name if own else _ALIASES.get(name, name)
    column = columns.get(name) or columns.get(name.removesuffix("_id")) or ""
    alone = bool(colon) and not more and bool(own or column)
    words = rest if alone else nommer(reason, labels)
    told = text(row.get(column, "")) if column else ""
    unknown = bool(told and _UNKNOWN.search(reason))
    return Faute(refused.ligne, column, told, words, near, unknown, "" if column else own)


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
_FIRST = re.compile(r"[a-z_]+\b")


def _label(name: str, labels: Mapping[str, str]) -> str:
    return labels.get(name) or labels.get(name.removesuffix("_id")) or ""


def nommer(words: str, labels: Mapping[str, str]) -> str:
    """Words of an import with fields called as in the window: between guillemets where they stand inside."""
    first = _FIRST.match(words)
    if first is not None and (label := _label(first[0], labels)):
        words = label + words[first.end() :]
    return _FIELD.sub(lambda found: f"« {label} »" if (label := _label(found[0], labels)) else found[0], words)


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
        existants=choix.existants,
    )  # fmt: skip


def _egales(given: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in given.items()]


def agence_de(session: Session, acteur: Acteur, table: str) -> int:
    """The agency into which a person imports.

    Raises:
        NotAllowedError, UserError
    """
    roles.exiger(acteur, right(table))
    if acteur.agence_id is None or session.get(Agence, acteur.agence_id) is None:
        raise UserError("Un import se fait dans une agence : connectez-vous avec un compte d'agence.")
    return acteur.agence_id


def ecrire_tout(
    session: Session, acteur: Acteur, table: str, fichier: Fichier, choix: Choix, progress: Progress
) -> Bilan:  # fmt: skip
    """Judge again and write, in the transaction of ``session``: all the lines that are not left out, or none.

    Raises:
        ImportRefuse: a line became bad meanwhile; its reasons are those of the window.
        UserError: no right, no agency.
    """
    bilan = Bilan()
    reprise = _reprise(session, acteur, table, bilan, choix.ecriture)
    trace.annoncer(session, acteur)
    corrected = _corrige(fichier, choix)
    if not corrected.lu.rows:
        raise UserError("Aucune ligne à écrire.")
    try:
        made = reprise.faire(corrected.lu, _decisions(choix), acteur.user_id, progress)
    except ImportRefuse as error:
        told = [
            replace(one, raison=(f"{one.champ} : " if one.champ else "") + one.raison) for one in
            _fautes(error.bilan.refusees, corrected, table, choix)
        ]  # fmt: skip
        raise ImportRefuse(
            replace(error.bilan, refusees=[LigneRefusee(one.ligne, one.raison) for one in told])
        ) from error
    retenir(session, acteur, table, fichier, choix)
    return made
