"""The lines of a file: judged in pieces, bad ones mended or left out, what is good written at once or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import UserError
from erp_desktop.models import Agence
from erp_desktop.services.importation.decisions import Decisions
from erp_desktop.services.importation.nearest import split
from erp_desktop.services.importation.orders import RepriseOrdres
from erp_desktop.services.importation.outcome import Bilan, LigneRefusee, Progress
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
    """

    ligne: int
    colonne: str
    valeur: str
    raison: str
    proche: str = ""
    inconnue: bool = False


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
            self.fautes = self._fautes()
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
