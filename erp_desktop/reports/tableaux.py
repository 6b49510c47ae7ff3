"""The report as tables of typed values: what the PDF prints, the workbook and the CSV hold, the window shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from erp_desktop.domain.definitions import (
    DEFINITIONS,
    DUREE_REPARATION,
    PRISE_EN_CHARGE,
    REMISE_EN_SERVICE,
    SLA_TENUS,
)
from erp_desktop.reports.modele import Cout, Delai, MoisRapport, Mttr, RapportInterventions, Volume
from erp_desktop.reports.modele import delai_total as _delai
from erp_desktop.reports.modele import mttr_total as _mttr
from erp_desktop.reports.modele import sla_total as _sla
from erp_desktop.reports.presentation import FINE, LIBELLES, VIDE, ecart, entier, mad, pourcent
from erp_desktop.reports.presentation import duree as _duree

__all__ = ["DEFINITIONS", "Colonne", "Indicateur", "Tableau", "ecrire_indicateur", "indicateurs", "libelle_tranche",
           "par_mois_ou_an", "parts", "rangee", "tableaux"]  # fmt: skip

Genre = Literal["texte", "entier", "pourcent", "duree", "mad", "mois"]
"""``pourcent``: 0 to 100 as float; ``duree``: minutes; ``mad``: Decimal; ``mois``: first day as date."""


@dataclass(frozen=True, slots=True)
class Colonne:
    nom: str
    genre: Genre = "texte"


@dataclass(frozen=True, slots=True)
class Tableau:
    """Rows of values in the order of ``colonnes``; ``pied`` is an optional total row of the same shape."""

    cle: str
    titre: str
    colonnes: tuple[Colonne, ...]
    lignes: tuple[tuple[Any, ...], ...]
    pied: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Indicateur:
    """A key figure and its comparison with the previous period.

    Attributes:
        ton: ``bon``, ``mauvais`` or ``neutre``: whether the change is welcome.
        ecart: written difference, empty when there is nothing to compare with.
        detail: what the figure counts, one short phrase.
    """

    cle: str
    libelle: str
    genre: Genre
    valeur: Any
    precedent: Any
    ecart: str
    ton: str
    detail: str


def indicateurs(r: RapportInterventions) -> tuple[Indicateur, ...]:
    """The six key figures, in the order of the page."""
    p = r.precedent
    return (
        _encours(r),
        _compare("sla", SLA_TENUS, "pourcent", r.sla.taux, p.sla.taux, plus_est="bon",
                 detail=f"{entier(r.sla.tenus)} tenus sur {entier(r.sla.echus)} échus"),
        _compare("prise_en_charge", PRISE_EN_CHARGE, "duree", r.prise_en_charge.minutes, p.prise_en_charge.minutes,
                 plus_est="mauvais", detail=_compte("corrective", r.prise_en_charge)),
        _compare("mttr", DUREE_REPARATION, "duree", r.mttr.minutes, p.mttr.minutes, plus_est="mauvais",
                 detail=_compte("réparation", r.mttr)),
        _compare("remise_en_service", REMISE_EN_SERVICE, "duree", r.remise_en_service.minutes,
                 p.remise_en_service.minutes, plus_est="mauvais",
                 detail=_compte("corrective", r.remise_en_service)),
        Indicateur("cout", "Coût des clôturées", "mad", r.cout.total, None, "", "neutre",
                   f"hors taxes, {_cloturees(r)}"),
    )  # fmt: skip


def _cloturees(r: RapportInterventions) -> str:
    """``412 clôturées, 5 exclues sans date``: what the cost counts, and what no figure of closed work can hold."""
    compte = f"{entier(r.cloturees)} clôturée{'s' if r.cloturees > 1 else ''}"
    perdues = r.sans_date_cloture
    return compte + (f", {entier(perdues)} exclue{'s' if perdues > 1 else ''} sans date" if perdues else "")


def _compte(nom: str, delai: Delai | Mttr) -> str:
    """``27 réparations, 3 exclues``: what the mean counts, and what it had to leave out."""
    n, exclues = delai.nombre, delai.exclues
    compte = f"{entier(n)} {nom}{'s' if n > 1 else ''}"
    return compte + (f", {entier(exclues)} exclue{'s' if exclues > 1 else ''}" if exclues else "")


def _encours(r: RapportInterventions) -> Indicateur:
    difference = r.encours - r.encours_debut
    return Indicateur(
        "encours", "Encours", "entier", r.encours, r.encours_debut, ecart(difference, entier(abs(difference))),
        "mauvais" if difference > 0 else "bon" if difference < 0 else "neutre",
        f"dont {entier(r.sans_technicien)} sans technicien",
    )  # fmt: skip


def _compare(
    cle: str, libelle: str, genre: Genre, valeur: float | None, avant: float | None, *, plus_est: str, detail: str
) -> Indicateur:
    if valeur is None or avant is None:
        return Indicateur(cle, libelle, genre, valeur, avant, "", "neutre", detail)
    difference = round(valeur, 1) - round(avant, 1) if genre == "pourcent" else round(valeur) - round(avant)
    texte = f"{pourcent(abs(difference))[:-2]}{FINE}pt" if genre == "pourcent" else _duree(abs(difference))
    contraire = {"bon": "mauvais", "mauvais": "bon"}[plus_est]
    ton = "neutre" if not difference else plus_est if difference > 0 else contraire
    return Indicateur(cle, libelle, genre, valeur, avant, ecart(difference, texte), ton, detail)


def libelle_tranche(mini: int, maxi: int | None) -> str:
    return f">{FINE}{mini - 1}{FINE}j" if maxi is None else f"{mini}–{maxi}{FINE}j"


def par_mois_ou_an(r: RapportInterventions, maximum: int = 24) -> tuple[tuple[str, MoisRapport], ...]:
    """Months with their label, folded into calendar years when there are more than ``maximum``."""
    if len(r.par_mois) <= maximum:
        return tuple((_mois_court(m.mois, len(r.par_mois)), m) for m in r.par_mois)
    ans: dict[int, list[MoisRapport]] = {}
    for m in r.par_mois:
        ans.setdefault(m.mois.year, []).append(m)
    return tuple((str(an), _ensemble(date(an, 1, 1), mois)) for an, mois in ans.items())


def _mois_court(mois: date, combien: int) -> str:
    noms = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
    if combien > 12:
        return f"{mois.month:02}/{mois.year % 100:02}"
    return noms[mois.month - 1]


def _ensemble(premier: date, mois: Sequence[MoisRapport]) -> MoisRapport:
    return MoisRapport(
        premier,
        sum(m.creees for m in mois),
        sum(m.cloturees for m in mois),
        _sla(m.sla for m in mois),
        _mttr(m.mttr for m in mois),
        _delai(m.prise_en_charge for m in mois),
        _delai(m.remise_en_service for m in mois),
    )


def tableaux(r: RapportInterventions) -> tuple[Tableau, ...]:
    """Every table of the report; keys: mois, anciennete, statut, type, priorite, techniciens, equipements."""
    return (
        _par_mois(r),
        Tableau(
            "anciennete", "Ancienneté de l’encours", (Colonne("Âge"), Colonne("Interventions", "entier"), _PART),
            tuple((libelle_tranche(t.mini, t.maxi), t.nombre, _part(t.nombre, r.encours)) for t in r.anciennete),
            ("Total", r.encours, _part(r.encours, r.encours)),
        ),
        _volumes("statut", "Créées par statut actuel", "Statut", r.par_statut),
        _volumes("type", "Créées par type", "Type", r.par_type),
        _volumes("priorite", "Créées par priorité", "Priorité", r.par_priorite),
        Tableau(
            "techniciens", "Techniciens",
            (Colonne("Technicien"), Colonne("Clôturées", "entier"), Colonne("Heures", "duree"),
             Colonne(SLA_TENUS, "pourcent"), Colonne("Coût HT", "mad")),
            tuple((t.nom, t.nombre, t.minutes, t.sla.taux, t.cout.total) for t in r.techniciens),
            ("Total", r.cloturees, r.minutes, _sla(t.sla for t in r.techniciens).taux, r.cout.total),
        ),
        Tableau(
            "equipements", "Équipements les plus coûteux",
            (Colonne("Équipement"), Colonne("Code"), Colonne("Client"), Colonne("Clôturées", "entier"),
             Colonne("Heures", "duree"), Colonne("Pièces", "mad"), Colonne("Main-d’œuvre", "mad"),
             Colonne("Autres", "mad"), Colonne("Coût HT", "mad")),
            tuple((e.nom, e.code, e.client, e.nombre, e.minutes, *parts(e.cout), e.cout.total)
                  for e in r.equipements),
        ),
    )  # fmt: skip


_PART = Colonne("Part", "pourcent")


def parts(cout: Cout) -> tuple[Decimal, Decimal, Decimal]:
    """Parts, labour, and everything else."""
    return cout.pieces, cout.main_oeuvre, cout.deplacement + cout.autres + cout.externe


def _par_mois(r: RapportInterventions) -> Tableau:
    return Tableau(
        "mois", "Activité par mois",
        (Colonne("Mois", "mois"), Colonne("Créées", "entier"), Colonne("Clôturées", "entier"),
         Colonne("SLA échus", "entier"), Colonne(SLA_TENUS, "entier"), Colonne("Taux", "pourcent"),
         Colonne(PRISE_EN_CHARGE, "duree"), Colonne(DUREE_REPARATION, "duree"), Colonne(REMISE_EN_SERVICE, "duree")),
        tuple(rangee(m.mois, m) for m in r.par_mois),
        ("Total", r.creees, r.cloturees, r.sla.echus, r.sla.tenus, r.sla.taux, r.prise_en_charge.minutes,
         r.mttr.minutes, r.remise_en_service.minutes),
    )  # fmt: skip


def rangee(nom: Any, m: MoisRapport) -> tuple[Any, ...]:
    """One line of the table of months, or of years."""
    return (nom, m.creees, m.cloturees, m.sla.echus, m.sla.tenus, m.sla.taux, m.prise_en_charge.minutes,
            m.mttr.minutes, m.remise_en_service.minutes)  # fmt: skip


def _volumes(cle: str, titre: str, nom: str, volumes: Sequence[Volume]) -> Tableau:
    total = sum(v.nombre for v in volumes)
    return Tableau(
        cle, titre, (Colonne(nom), Colonne("Interventions", "entier"), _PART),
        tuple((LIBELLES[v.cle], v.nombre, _part(v.nombre, total)) for v in volumes),
        ("Total", total, _part(total, total)),
    )  # fmt: skip


def _part(nombre: int, total: int) -> float | None:
    return 100 * nombre / total if total else None


def ecrire_indicateur(i: Indicateur) -> tuple[str, str]:
    """The value and its unit, apart: the unit is printed smaller."""
    if i.valeur is None:
        return VIDE, ""
    if i.genre == "pourcent":
        return pourcent(i.valeur)[:-2], "%"
    if i.genre == "mad":
        return (mad(i.valeur).removesuffix("\u00a0MAD") if i.valeur < 100_000 else entier(round(i.valeur))), "MAD"
    if i.genre == "duree":
        return _duree(i.valeur), ""
    return entier(i.valeur), "interventions" if i.valeur > 1 else "intervention"
