"""Which fields a file may feed, and who may fill which table in the window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing.texts import texts
from erp_desktop.services.importation.decisions import EXIGES, FIELDS
from erp_desktop.services.importation.tables import Reprise, uniques
from erp_desktop.services.importation.work_orders import DUREES
from erp_desktop.services.shared import wording

TABLES = ("clients", "contrats", "depots", "equipements", "interventions", "mouvements_stock", "pieces_detachees",
          "plannings", "techniciens")  # fmt: skip
"""What the window imports: whatever a branch fills and has a list of. Rates are the headquarters'."""
_DROITS = {
    "interventions": roles.Droit.INTERVENTION_ECRIRE, "plannings": roles.Droit.PREVENTIF_ECRIRE,
    "techniciens": roles.Droit.TECHNICIEN_ECRIRE,
}  # fmt: skip
_MISSING_LABELS = {"numero_source": "Numéro d'origine", "devise": "Devise"}
_TRANSLATED = ("ar", "en")
"""Languages, beside French, in which a list may have been exported."""


@dataclass(frozen=True, slots=True)
class Champ:
    """A field that a column may feed.

    Attributes:
        reference: by what people know.
        kind: as ``wording.Wording``, or ``duration``: one that a file may count in hours; ``phone``: of a country.
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


def permis(acteur: Acteur, table: str) -> bool:
    """Whether a person may fill the table from a file in the window."""
    return table in TABLES and roles.peut(acteur.role, right(table))


def right(table: str) -> roles.Droit:
    """What it takes to fill the table."""
    return _DROITS.get(table, roles.Droit.FICHIER_ECRIRE)


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
        if nom == "telephone":
            kind = "phone"
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


def headings(one: Champ) -> list[str]:
    """What a column may be called that feeds a field: its own name, or its label in any language."""
    return [one.name, one.label, *(texts(code).of(one.label) or one.label for code in _TRANSLATED)]


def reprend(table: str) -> bool:
    """Whether an import knows again what an earlier one brought."""
    return table == "interventions"
