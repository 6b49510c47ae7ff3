"""What is typed of times and downtime."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from erp_desktop.domain.enums import CauseArret, TypeTemps
from erp_desktop.domain.saisie import Instant, Long, Saisie, _nombre, _regle

LONGEST = timedelta(hours=24)
LONGEST_STOP = timedelta(days=3 * 366)


class TempsInput(Saisie):
    """One stretch of one technicien's time.

    Attributes:
        tarif_id: None takes the labour tariff of the day for work, and none for the rest.
        quantite: of what the tariff counts, unless it counts hours.
        malgre: written although the technicien was somewhere else, where the agency only warns of it.
    """

    technicien_id: int
    type: TypeTemps = TypeTemps.TRAVAIL
    debut: Instant
    fin: Instant
    tarif_id: int | None = None
    quantite: Annotated[Decimal | None, Field(gt=0, max_digits=12, decimal_places=3), _nombre(3)] = None
    malgre: bool = False

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.fin <= self.debut:
            raise _regle("fin", "La fin vient après le début.")
        if self.fin - self.debut > LONGEST:
            raise _regle("fin", "Un temps dure 24 heures au plus : notez-en un par jour.")
        return self


class ArretInput(Saisie):
    """When a machine stood still; without ``fin`` it still does."""

    equipement_id: int
    intervention_id: int | None = None
    debut: Instant
    fin: Instant | None = None
    cause: CauseArret = CauseArret.PANNE
    remarque: Long = None

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.fin is not None and self.fin <= self.debut:
            raise _regle("fin", "La remise en marche vient après l'arrêt.")
        if self.fin is not None and self.fin - self.debut > LONGEST_STOP:
            raise _regle("fin", "Un arrêt dure trois ans au plus.")
        return self
