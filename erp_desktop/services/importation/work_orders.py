"""A line of a file of work orders, read: what it says, what it leaves out, why it is refused."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from erp_desktop import clock
from erp_desktop.domain import nombres
from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.models import Base
from erp_desktop.registry.tables import BY_NAME, Kind
from erp_desktop.services.importation import durations
from erp_desktop.services.importation import values as valeurs
from erp_desktop.services.importation.decisions import COLONNES, Lecture
from erp_desktop.services.importation.nearest import suffix
from erp_desktop.services.importation.values import Ecriture, decimal, plier, texte_sain
from erp_desktop.services.sheets.model import Cell, text

MAD = "MAD"
DUREES = {"duree_estimee", "duree_reelle", "temps_deplacement"}
_MINUTES_MAX = 100_000
_COUT_MAX = Decimal(10) ** 10
_ACTIFS = {Statut.AFFECTEE.value, Statut.EN_COURS.value, Statut.EN_ATTENTE.value}
_LONG = 20_000
_APART = {"titre", "cout_externe", "priorite", "urgence"}
"""Fields whose reading is more than that of a cell."""


@dataclass(slots=True)
class Ordre:
    """A line that could be read, or its faults.

    Attributes:
        valeurs: column of ``interventions`` → value; absent is None.
        liens: equipement, client, contrat, technicien as the file names them.
        reference: the number by which the other system knows it, or the mark of its line.
        numero_source: that number, None without one.
        origine: what of the line is kept in words.
    """

    ligne: int
    valeurs: dict[str, Any] = field(default_factory=dict)
    liens: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    numero_source: str | None = None
    origine: list[str] = field(default_factory=list)
    fautes: list[str] = field(default_factory=list)


class Lecteur:
    """Reads lines of one file; ``notes`` counts what was understood rather than read."""

    def __init__(self, lecture: Lecture, ecriture: Ecriture, notes: Counter[str]) -> None:
        self.lecture, self.ecriture, self.notes = lecture, ecriture, notes
        table, registre = Base.metadata.tables["interventions"], BY_NAME["interventions"]
        self.lecteurs = {c: valeurs.lecteur(table, registre.column(c)) for c in COLONNES}
        dits = {*lecture.donnes, *lecture.defauts}
        lus = {c for c, lu in self.lecteurs.items() if c in dits or lu.obligatoire or lu.parmi}
        self.absents: dict[str, Any] = dict.fromkeys(self.lecteurs.keys() - lus)
        self.lus = [c for c in self.lecteurs if c in lus - _APART]
        self.vues: Counter[str] = Counter()

    def convenir(self, rows: Sequence[tuple[int, dict[str, Cell]]]) -> None:
        """Without a convention given, the file's own figures show it."""
        colonnes = [c for f, c in self.lecture.colonnes.items() if f == "cout_externe" or f in DUREES]
        if self.ecriture.nombres is None:
            vue = nombres.convention_de(t for _, row in rows for c in colonnes if isinstance(t := row[c], str))
            self.ecriture = replace(self.ecriture, nombres=vue)

    def lire(self, ligne: int, row: dict[str, Cell]) -> Ordre:
        ordre = Ordre(ligne, dict(self.absents))
        for nom in self.lus:
            self._colonne(ordre, nom, row)
        self._priorite(ordre, row)
        self._titre(ordre, row)
        self._cout(ordre, row)
        for nom in ("equipement", "client", "contrat", "technicien"):
            self._lien(ordre, nom, row)
        self._reference(ordre, row)
        if not ordre.fautes:
            self._coherence(ordre)
        return ordre

    def _cellule(self, nom: str, row: dict[str, Cell]) -> Cell:
        return self.lecture.cellule(nom, row)

    def _colonne(self, ordre: Ordre, nom: str, row: dict[str, Cell]) -> None:
        lecteur, cellule = self.lecteurs[nom], self._cellule(nom, row)
        ordre.valeurs[nom] = None
        if cellule == "" and isinstance(cellule, str):
            if lecteur.obligatoire or lecteur.parmi:
                conseil = f" (--defaut {nom}=valeur)" if lecteur.parmi else ""
                ordre.fautes.append("date absente" if nom == "date_creation" else f"{nom} : valeur absente{conseil}")
            return
        try:
            if lecteur.kind is Kind.INSTANT:
                instant = lecteur.lire(cellule, self.ecriture, self.notes)
                if instant > clock.now() and nom != "date_planifiee":
                    raise ValueError(f"date dans le futur : {text(cellule)}")
                ordre.valeurs[nom] = instant
            elif nom in DUREES:
                ordre.valeurs[nom] = self._minutes(cellule)
            else:
                ordre.valeurs[nom] = lecteur.lire(cellule, self.ecriture, self.notes)
        except ValueError as error:
            self._refuser(ordre, nom, row, error)
            return
        if lecteur.parmi and nom in self.lecture.colonnes:
            dit = text(row[self.lecture.colonnes[nom]]).strip()
            if dit and plier(dit) != ordre.valeurs[nom]:
                # What the code meant at its source is not lost by its translation.
                ordre.origine.append(f"{nom} d'origine « {dit} »")

    def _refuser(self, ordre: Ordre, nom: str, row: dict[str, Cell], error: ValueError) -> None:
        lecteur = self.lecteurs[nom]
        if lecteur.parmi:
            dit = text(row[self.lecture.colonnes[nom]]) if nom in self.lecture.colonnes else ""
            conseil = f" : --valeur {nom}:{dit}=…" if dit else ""
            near = suffix(dit, lecteur.parmi)
            ordre.fautes.append(f"{nom} inconnu « {dit or error} » ({', '.join(lecteur.parmi)}{conseil}){near}")
        else:
            ordre.fautes.append(str(error) if nom == "date_creation" else f"{nom} : {error}")

    def _minutes(self, cellule: Cell) -> int:
        exactes = durations.minutes(cellule, self.ecriture)
        minutes = int(exactes.to_integral_value(ROUND_HALF_UP))
        if not 0 <= minutes <= _MINUTES_MAX:
            raise ValueError(f"durée invraisemblable : {text(cellule)}")
        if minutes != exactes:
            self.notes["durée arrondie à la minute"] += 1
        return minutes

    def _priorite(self, ordre: Ordre, row: dict[str, Cell]) -> None:
        """Urgent work has the priority of that name; one that nobody gave is that of a new form, and counted."""
        self._optionnel(ordre, "urgence", row, False)
        self._optionnel(ordre, "priorite", row, None)
        if ordre.valeurs["urgence"]:
            if ordre.valeurs["priorite"] not in (None, Priorite.URGENTE.value):
                ordre.fautes.append("urgence : une autre priorité est donnée")
            ordre.valeurs["priorite"] = Priorite.URGENTE.value
        elif ordre.valeurs["priorite"] is None:
            self.notes["priorité absente : normale, comme une fiche neuve"] += 1
            ordre.valeurs["priorite"] = Priorite.NORMALE.value

    def _optionnel(self, ordre: Ordre, nom: str, row: dict[str, Cell], absent: Any) -> None:
        cellule = self._cellule(nom, row)
        ordre.valeurs[nom] = absent
        if cellule != "" or not isinstance(cellule, str):
            try:
                ordre.valeurs[nom] = self.lecteurs[nom].lire(cellule, self.ecriture, self.notes)
            except ValueError as error:
                self._refuser(ordre, nom, row, error)

    def _titre(self, ordre: Ordre, row: dict[str, Cell]) -> None:
        titre = " ".join(text(self._cellule("titre", row)).split())
        if "\0" in titre:
            ordre.fautes.append("titre : ce texte contient un caractère interdit")
        maximum = self.lecteurs["titre"].maximum or 200
        if not titre:
            self.notes["titre absent, remplacé par « Sans intitulé »"] += 1
            titre = "Sans intitulé"
        elif len(titre) > maximum:
            self.notes["titre trop long, gardé entier dans la description"] += 1
            ordre.valeurs["description"] = "\n\n".join(filter(None, [titre, ordre.valeurs["description"]]))
            titre = titre[: maximum - 1].rstrip() + "…"
        ordre.valeurs["titre"] = titre

    def _cout(self, ordre: Ordre, row: dict[str, Cell]) -> None:
        """A cost in MAD, or in a currency whose rate was given; any other is kept in words and out of the figures."""
        ordre.valeurs["cout_externe"] = None
        if "cout_externe" not in self.lecture.donnes:
            return
        cellule = self._cellule("cout_externe", row)
        if cellule == "" and isinstance(cellule, str):
            self.notes["coût absent"] += 1
            return
        devise = text(self._cellule("devise", row)).strip().upper() or MAD
        devise = MAD if devise in nombres.DEVISES else devise
        try:
            cout = decimal(cellule, self.ecriture.nombres, unites=(*nombres.DEVISES, devise))
        except ValueError as error:
            ordre.fautes.append(f"coût illisible {error}")
            return
        if cout < 0:
            self.notes["coût négatif, gardé tel quel"] += 1
        taux = Decimal(1) if devise == MAD else self.lecture.taux.get(devise)
        if devise != MAD:
            au_taux = "" if taux is None else f", à {text(taux)} MAD".replace(".", ",")
            ordre.origine.append(f"coût d'origine {text(cout)} {devise}".replace(".", ",") + au_taux)
        if taux is None:
            self.notes[f"coût en {devise} gardé dans les notes, hors des chiffres (--taux {devise}=…)"] += 1
            return
        converti = (cout * taux).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        if abs(converti) >= _COUT_MAX:
            ordre.fautes.append(f"coût illisible « {text(cellule)} » : nombre trop grand")
        if devise == MAD and converti != cout:
            self.notes["nombre arrondi à 2 décimales"] += 1
        ordre.valeurs["cout_externe"] = converti

    def _lien(self, ordre: Ordre, nom: str, row: dict[str, Cell]) -> None:
        dit = " ".join(text(self._cellule(nom, row)).split())
        try:
            texte_sain(dit)
        except ValueError as error:
            ordre.fautes.append(f"{nom} : {error}")
        if nom == "equipement" and not dit:
            ordre.fautes.append("équipement absent")
        elif nom == "equipement" and len(dit) > 30:
            ordre.fautes.append("nom d'équipement trop long (30 caractères au plus)")
        if dit:
            ordre.liens[nom] = dit

    def _reference(self, ordre: Ordre, row: dict[str, Cell]) -> None:
        """The source's number; a line without one is known by its content, the same line twice by its rank."""
        numero = text(self._cellule("numero_source", row)).strip()
        if numero:
            if len(numero) > 80 or "\0" in numero:
                ordre.fautes.append("numero_source : 80 caractères au plus")
            ordre.reference = ordre.numero_source = numero
            ordre.origine.insert(0, f"n° {numero}")
            return
        contenu = json.dumps({c: text(v) for c, v in sorted(row.items())}, ensure_ascii=False)
        marque = hashlib.sha256(contenu.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        self.vues[marque] += 1
        ordre.reference = f"ligne {marque}/{self.vues[marque]}"

    def _coherence(self, ordre: Ordre) -> None:
        v = ordre.valeurs
        debut, fin = v["date_debut_travaux"], v["date_fin_travaux"]
        if debut and fin and fin < debut:
            ordre.fautes.append("date_fin_travaux précède date_debut_travaux")
        if v["date_cloture"] and v["date_cloture"] < v["date_creation"]:
            ordre.fautes.append("date_cloture précède date_creation")
        if v["statut"] in _ACTIFS and "technicien" not in ordre.liens:
            ordre.fautes.append(f"statut {v['statut']} sans technicien")
        if v["satisfaction_client"] is not None and not 1 <= v["satisfaction_client"] <= 5:
            ordre.fautes.append("satisfaction_client : de 1 à 5")
        longs = (c for c, lu in v.items() if isinstance(lu, str) and len(lu) > _LONG)
        ordre.fautes += [f"{c} : {_LONG} caractères au plus" for c in longs]
