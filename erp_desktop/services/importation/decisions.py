"""What a person decides about a file of work orders: what its columns mean, and what it does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from erp_desktop.domain import nombres
from erp_desktop.domain.enums import Statut, TypeIntervention
from erp_desktop.errors import UserError
from erp_desktop.services.importation.values import plier
from erp_desktop.services.sheets.model import Cell, text

COLONNES = (
    "titre", "description", "type", "statut", "priorite", "urgence", "date_creation", "date_planifiee",
    "date_affectation", "date_debut_travaux", "date_fin_travaux", "date_cloture", "duree_estimee", "duree_reelle",
    "temps_deplacement", "diagnostic", "travaux_realises", "recommandations", "notes_internes",
    "satisfaction_client", "signataire", "cout_externe",
)  # fmt: skip
"""Columns of an intervention that a file fills as they are."""
FIELDS = (*COLONNES, "numero_source", "equipement", "client", "contrat", "technicien", "devise")
"""Fields that a column of the file can be mapped to."""
EXIGES = ("date_creation", "equipement", "titre", "statut", "type")
"""What every intervention has and nothing else tells."""


class Existants(StrEnum):
    """What becomes of a work order that an earlier import brought."""

    REFUSER = "refuser"
    IGNORER = "ignorer"
    MAJ = "maj"


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the person who knows the file says, each as typed.

    Attributes:
        paires: ``colonne=champ``; a column may feed several fields.
        valeurs: ``champ:valeur du fichier=valeur``.
        constantes: ``champ=valeur``, for every line.
        defauts: ``champ=valeur``, where the file is empty.
        taux: ``AUD=6.52``, MAD for one unit of the currency.
        existants: what becomes of what was imported before.
        profil: a name of ``PROFILES``; recognised from the columns when left out.
    """

    paires: Sequence[str] = ()
    valeurs: Sequence[str] = ()
    constantes: Sequence[str] = ()
    defauts: Sequence[str] = ()
    taux: Sequence[str] = ()
    existants: Existants = Existants.REFUSER
    profil: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a known file looks like.

    Attributes:
        columns: file column → field.
        client: the client that owns machines not known yet, when no column names one.
        machine: name of an équipement, formatted with what the file calls it.
        valeurs: field → value of the file → ours.
        constantes: field → what holds for the whole file.
    """

    columns: Mapping[str, str]
    client: str
    machine: str
    valeurs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constantes: Mapping[str, str] = field(default_factory=dict)


PROFILES = {
    "excavators": Profile(
        {"BscStartDate": "date_creation", "Asset": "equipement", "OriginalShorttext": "titre", "PMType": "type",
         "Cost": "cout_externe"},
        "Mines à ciel ouvert (reprise)", "Excavatrice {}",
        # Repair and planned replacement; nobody says what the other codes of this file stand for.
        {"type": {"PM01": TypeIntervention.CORRECTIVE.value, "PM02": TypeIntervention.PREVENTIVE.value}},
        {"statut": Statut.CLOTUREE.value, "devise": "AUD"},
    ),
}  # fmt: skip
_AUCUN = Profile({}, "Reprise de données", "Équipement {}")


@dataclass(frozen=True, slots=True)
class Champs:
    """How each field of a line is found.

    Attributes:
        colonnes: field → column.
        valeurs: field → folded value of the file → ours; an empty one is absent.
        constantes: field → what holds for the whole file.
        defauts: field → what an empty cell means.
    """

    colonnes: dict[str, str]
    valeurs: dict[str, dict[str, str]]
    constantes: dict[str, str]
    defauts: dict[str, str]

    def cellule(self, nom: str, row: Mapping[str, Cell]) -> Cell:
        """What the file, a constant, a mapping of values or a default says of a field."""
        if nom in self.constantes:
            return self.constantes[nom]
        cellule = row[self.colonnes[nom]] if nom in self.colonnes else ""
        if isinstance(cellule, str):
            cellule = cellule.strip()
        if cellule != "" and nom in self.valeurs:
            cellule = self.valeurs[nom].get(plier(text(cellule)), cellule)
        return self.defauts.get(nom, "") if cellule == "" else cellule

    @property
    def donnes(self) -> set[str]:
        """Fields that the file or a constant says."""
        return {*self.colonnes, *self.constantes}


@dataclass(frozen=True, slots=True)
class Lecture(Champs):
    """How a work order is read.

    Attributes:
        taux: currency → MAD for one.
        libres: columns that no field takes.
    """

    profile: Profile
    taux: dict[str, Decimal]
    libres: tuple[str, ...]


def reconnu(colonnes: Sequence[str]) -> Profile | None:
    """The known file that has these columns."""
    present = set(colonnes)
    return next((p for p in PROFILES.values() if set(p.columns) <= present), None)


def lecture(choix: Decisions, colonnes: Sequence[str]) -> Lecture:
    """The named profile, else the one that the columns show, with what the person says over it.

    Raises:
        UserError: an unknown profile, field or column, a text that is no choice, or a field that nothing gives.
    """
    if choix.profil is not None and choix.profil not in PROFILES:
        raise UserError(f"Profil inconnu : « {choix.profil} ». Profils : {', '.join(sorted(PROFILES))}.")
    present = set(colonnes)
    profile = PROFILES[choix.profil] if choix.profil else reconnu(colonnes) or _AUCUN
    champs = {f: c for c, f in profile.columns.items() if c in present}
    if profile is _AUCUN:
        # What a person says of a column holds alone, whatever its name.
        dites = {pair.rpartition("=")[0] for pair in choix.paires}
        champs |= {plier(c): c for c in colonnes if plier(c) in FIELDS and c not in dites}
    for pair in choix.paires:
        column, _, name = pair.rpartition("=")
        if column not in present:
            raise UserError(f"Le fichier n'a pas de colonne « {column} ».")
        if name:
            champs[champ(name, FIELDS)] = column
        else:
            champs = {f: c for f, c in champs.items() if c != column}
    constantes = {f: v for f, v in profile.constantes.items() if f not in champs} | egales(choix.constantes, FIELDS)
    defauts = egales(choix.defauts, FIELDS)
    champs = {f: c for f, c in champs.items() if f not in constantes}
    valeurs = {f: {plier(k): v for k, v in known.items()} for f, known in profile.valeurs.items()}
    for name, known in traductions(choix.valeurs, FIELDS).items():
        valeurs.setdefault(name, {}).update(known)
    missing = [f for f in EXIGES if f not in champs and f not in constantes]
    if missing:
        raise UserError(
            f"Aucune colonne ne donne : {', '.join(missing)} (--map colonne=champ, ou --constante champ=valeur)."
        )
    taux = {}
    for devise, ecrit in _paires(choix.taux):
        try:
            taux[devise.upper()] = nombres.lire(ecrit, convention=nombres.Convention.VIRGULE)
        except ValueError as error:
            raise UserError(f"Taux de {devise} : {error}") from None
    if any(valeur <= 0 for valeur in taux.values()):
        raise UserError("Un taux est plus grand que zéro.")
    libres = tuple(c for c in colonnes if c not in champs.values())
    return Lecture(champs, valeurs, constantes, defauts, profile, taux, libres)


def traductions(textes: Iterable[str], possibles: Sequence[str]) -> dict[str, dict[str, str]]:
    """``champ:valeur du fichier=valeur`` → field → folded value of the file → ours.

    Raises:
        UserError: a text that is none, or an unknown field.
    """
    valeurs: dict[str, dict[str, str]] = {}
    for texte in textes:
        source, sep, target = texte.rpartition("=")
        name, colon, source = source.partition(":")
        if not (sep and colon):
            raise UserError(f"« {texte} » n'est pas champ:valeur du fichier=valeur.")
        valeurs.setdefault(champ(name, possibles), {})[plier(source)] = target
    return valeurs


def champ(nom: str, possibles: Sequence[str]) -> str:
    """A field that the import knows.

    Raises:
        UserError: naming those that there are.
    """
    if nom not in possibles:
        raise UserError(f"Champ inconnu : « {nom} ». Champs possibles : {', '.join(possibles)}.")
    return nom


def _paires(textes: Iterable[str]) -> Iterable[tuple[str, str]]:
    for texte in textes:
        nom, sep, valeur = texte.partition("=")
        if not (sep and nom and valeur):
            raise UserError(f"« {texte} » n'est pas nom=valeur.")
        yield nom, valeur


def egales(textes: Iterable[str], possibles: Sequence[str]) -> dict[str, str]:
    """``champ=valeur`` → field → value.

    Raises:
        UserError: a text that is none, or an unknown field.
    """
    return {champ(nom, possibles): valeur for nom, valeur in _paires(textes)}
