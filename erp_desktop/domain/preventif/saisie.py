"""Input models of preventive maintenance: a plan, a date moved or skipped, a part of the model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from dateutil.relativedelta import relativedelta
from pydantic import Field, model_validator

from erp_desktop.domain.enums import AncrePlanning, Frequence, Priorite, ReportFerie, TypeIntervention
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.saisie import Court, Long, Minutes, Saisie, _nombre, _regle, _texte
from erp_desktop.errors import ValidationError

Mois = Annotated[int | None, Field(ge=1, le=12), _nombre(0)]
Jours = Annotated[int | None, Field(ge=0, le=60), _nombre(0)]
Quantite = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=3), _nombre(3)]


class PlanInput(Saisie):
    """A plan as its form types it: when, and the model of the interventions that it makes. Tolerances are days."""

    equipement_id: int
    modele_titre: Court
    modele_description: Long = None
    modele_type: TypeIntervention = TypeIntervention.PREVENTIVE
    modele_priorite: Priorite = Priorite.PROGRAMMEE
    modele_duree_estimee: Minutes = None
    checklist_id: int | None = None
    competence_id: int | None = None
    technicien_prefere_id: int | None = None
    ancre: AncrePlanning = AncrePlanning.CALENDRIER
    frequence: Frequence = Frequence.MENSUEL
    recurrence: str | None = _texte(255)
    date_debut: date
    date_fin: date | None = None
    saison_debut: Mois = None
    saison_fin: Mois = None
    report_ferie: ReportFerie = ReportFerie.APRES
    tolerance_avant: Jours = None
    tolerance_apres: Jours = None
    horizon_jours: Annotated[int | None, Field(ge=1, le=366), _nombre(0)] = None
    compteur_id: int | None = None
    seuil: Annotated[Decimal | None, Field(gt=0, max_digits=14, decimal_places=3), _nombre(3)] = None

    @model_validator(mode="after")
    def _regles(self) -> Self:
        if self.date_fin is not None and self.date_fin < self.date_debut:
            raise _regle("date_fin", "Le plan finit avant de commencer.")
        for nom, autre in (("saison_debut", self.saison_fin), ("saison_fin", self.saison_debut)):
            if getattr(self, nom) is None and autre is not None:
                raise _regle(nom, "Une saison a un premier et un dernier mois.")
        if self.ancre == AncrePlanning.COMPTEUR:
            self._compteur()
        else:
            self.__dict__.update(compteur_id=None, seuil=None)
            self._calendrier()
        return self

    @classmethod
    def changements(cls, actuel: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        """An edit is judged whole: a rule and its frequency, or the two ends of a season, change together."""
        if inconnus := changes.keys() - cls.model_fields.keys():
            raise ValidationError(dict.fromkeys(inconnus, "Champ inconnu."))
        nouvelles = cls(**(actuel | changes)).model_dump()
        return {k: v for k, v in nouvelles.items() if v != actuel.get(k)}

    def _compteur(self) -> None:
        if self.compteur_id is None:
            raise _regle("compteur_id", "Choisissez le compteur de l'équipement.")
        if self.seuil is None:
            raise _regle("seuil", "Donnez le nombre d'unités entre deux visites.")
        if self.frequence == Frequence.RRULE:
            self.__dict__["frequence"] = Frequence.ANNUEL.value
        self.__dict__["recurrence"] = None

    def _calendrier(self) -> None:
        if self.frequence != Frequence.RRULE:
            self.__dict__["recurrence"] = None
        elif self.ancre == AncrePlanning.CLOTURE:
            raise _regle("frequence", "Compté depuis la clôture, un plan a une fréquence simple : choisissez-la.")
        elif self.recurrence is None:
            raise _regle("recurrence", f"Donnez la règle, par exemple {rythme.EXEMPLE}.")
        else:
            try:
                self.__dict__["recurrence"] = rythme.lire_regle(self.recurrence, self.date_debut)
            except ValueError as error:
                raise _regle("recurrence", str(error)) from None
        if self.ancre == AncrePlanning.CALENDRIER and not rythme.dates(
            self.rythme, self.date_debut, self.date_debut + relativedelta(years=5)
        ):
            champ = "saison_debut" if self.saison_debut is not None else "date_fin"
            raise _regle(champ, "Aucune date du plan ne tombe dans ces limites.")

    @property
    def rythme(self) -> rythme.Rythme:
        return rythme.Rythme(
            self.frequence, self.date_debut, self.recurrence, self.date_fin,
            (self.saison_debut, self.saison_fin) if self.saison_debut and self.saison_fin else None,
        )  # fmt: skip


class DeplacementInput(Saisie):
    """Another day for a visit, and why; the date of the rule stays."""

    date_cible: date
    motif: Annotated[str, Field(min_length=1, max_length=200)]


class SautInput(Saisie):
    """Why a date is skipped."""

    motif: Annotated[str, Field(min_length=1, max_length=200)]


class PieceInput(Saisie):
    """A part that each visit sets aside."""

    piece_id: int
    quantite: Quantite = Decimal(1)
