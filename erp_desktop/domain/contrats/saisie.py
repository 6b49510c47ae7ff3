"""Input models of contracts: the form, a machine covered, a period, who pays for a job."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from erp_desktop.domain.enums import HoraireSla, Imputation, ModeFacturation, Priorite, Reconduction, TypeContrat
from erp_desktop.domain.saisie import Montant, Saisie, _nombre, _regle, _texte

Heures = Annotated[int | None, Field(ge=1, le=8_760), _nombre(0)]
Nombre = Annotated[int | None, Field(ge=0, le=100_000), _nombre(0)]
Positif = Annotated[Montant, Field(ge=0)]


class ContratInput(Saisie):
    """A contract as its form types it; times in opening hours, ``seuil_alerte_pct`` in percent."""

    client_id: int
    type_contrat: TypeContrat = TypeContrat.MAINTENANCE_COMPLETE
    objet: str | None = _texte(200)
    date_debut: date
    date_fin: date | None = None
    date_signature: date | None = None
    montant_annuel: Positif | None = None
    mode_facturation: ModeFacturation = ModeFacturation.MENSUEL
    revision_pct: Annotated[Decimal | None, Field(ge=-50, le=50), _nombre(2)] = None
    indice: str | None = _texte(80)
    nb_interventions_incluses: Nombre = None
    heures_incluses: Nombre = None
    delai_paiement_jours: Annotated[int | None, Field(ge=0, le=120), _nombre(0)] = None
    temps_reponse_urgence: Heures = None
    temps_reponse_normal: Heures = None
    horaire_sla: HoraireSla = HoraireSla.AGENCE
    penalites_retard: Positif | None = None
    reconduction: Reconduction = Reconduction.AUCUNE
    duree_mois: Annotated[int | None, Field(ge=1, le=120), _nombre(0)] = None
    preavis_jours: Annotated[int | None, Field(ge=0, le=730), _nombre(0)] = None
    seuil_alerte_pct: Annotated[int | None, Field(ge=1, le=100), _nombre(0)] = None

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.date_fin is not None and self.date_fin < self.date_debut:
            raise _regle("date_fin", "Le contrat finit avant de commencer.")
        if self.reconduction != Reconduction.AUCUNE and self.date_fin is None:
            raise _regle("reconduction", "Un contrat sans fin ne se reconduit pas : donnez sa date de fin.")
        return self


class CouvertureInput(Saisie):
    """A machine covered from a day to another."""

    equipement_id: int
    du: date
    au: date | None = None

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.au is not None and self.au < self.du:
            raise _regle("au", "La couverture finit avant de commencer.")
        return self


class DelaiInput(Saisie):
    """The delays of a priority, typed in hours; planned work has none, its day says it."""

    priorite: Priorite
    prise_en_charge: Annotated[Decimal | None, Field(gt=0, le=8_760), _nombre(2)] = None
    resolution: Annotated[Decimal | None, Field(gt=0, le=8_760), _nombre(2)] = None

    @model_validator(mode="after")
    def _delais(self) -> Self:
        if self.priorite == Priorite.PROGRAMMEE:
            raise _regle("priorite", "Une intervention programmée est due à la fin de son jour.")
        if self.prise_en_charge is None and self.resolution is None:
            raise _regle("resolution", "Donnez un délai.")
        if (
            self.prise_en_charge is not None
            and self.resolution is not None
            and self.prise_en_charge > self.resolution
        ):
            raise _regle("prise_en_charge", "La prise en charge vient avant la résolution.")
        return self

    @property
    def prise_en_charge_min(self) -> int | None:
        return _minutes(self.prise_en_charge)

    @property
    def resolution_min(self) -> int | None:
        return _minutes(self.resolution)


def _minutes(hours: Decimal | None) -> int | None:
    return None if hours is None else max(1, round(hours * 60))


class PeriodeInput(Saisie):
    """What is included from one day to another; nothing typed is without limit."""

    du: date
    au: date
    interventions_incluses: Nombre = None
    heures_incluses: Nombre = None
    montant: Positif | None = None

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.au < self.du:
            raise _regle("au", "La période finit avant de commencer.")
        return self


class ImputationInput(Saisie):
    """Who pays for a job, and why; without a choice, the quota decides again."""

    imputation: Imputation | None = None
    imputation_motif: str | None = _texte(200)

    @model_validator(mode="after")
    def _motif(self) -> Self:
        if self.imputation is not None and self.imputation_motif is None:
            raise _regle("imputation_motif", "Donnez le motif de cette décision.")
        if self.imputation is None:
            self.__dict__["imputation_motif"] = None
        return self
