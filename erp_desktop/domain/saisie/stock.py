"""Input models of the stock: parts, places, movements, thresholds, counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from erp_desktop.domain import nombres
from erp_desktop.domain.enums import StatutDepot, TypeDepot, TypeMouvement
from erp_desktop.domain.saisie import Court, Instant, Long, Montant, Saisie, _nombre, _regle, _texte
from erp_desktop.domain.suivi import SuiviPiece

Cout = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4), _nombre(4, unites=nombres.DEVISES)]
Quantite = Annotated[Decimal, Field(max_digits=12, decimal_places=3), _nombre(3)]


class PieceInput(Saisie):
    """A part; ``taux_tva`` in percent, ``stock_minimum`` for the agency where no depot says otherwise."""

    reference: Annotated[str, Field(min_length=1, max_length=60)]
    designation: Court
    famille: str | None = _texte(60)
    code_barres: str | None = _texte(60)
    unite: Annotated[str, Field(min_length=1, max_length=12)] = "u"
    prix_unitaire: Annotated[Montant, Field(ge=0)] | None = None
    taux_tva: Annotated[
        Decimal, Field(ge=0, le=100, decimal_places=2), _nombre(maximum=Decimal(100), unites=nombres.POURCENT)
    ] = Decimal(20)
    stock_minimum: Annotated[Quantite, Field(ge=0)] = Decimal(0)
    emplacement: str | None = _texte(40)
    suivi: SuiviPiece = SuiviPiece.AUCUN
    fournisseur: str | None = _texte(120)
    fournisseur_reference: str | None = _texte(60)
    remplacee_par_id: int | None = None
    is_active: bool = True


class DepotInput(Saisie):
    nom: Annotated[str, Field(min_length=1, max_length=80)]
    type_depot: TypeDepot = TypeDepot.AGENCE
    technicien_id: int | None = None
    statut: StatutDepot = StatutDepot.OUVERT

    @model_validator(mode="after")
    def _vehicule(self) -> Self:
        if self.technicien_id is not None and self.type_depot != TypeDepot.VEHICULE:
            raise _regle("technicien_id", "Seul un véhicule est confié à un technicien.")
        return self


class MouvementInput(Saisie):
    """A movement as it is typed: a positive quantity, but for an adjustment, which is signed."""

    type_mouvement: TypeMouvement
    piece_id: int
    depot_id: int
    vers_depot_id: int | None = None
    quantite: Quantite
    valeur_unitaire: Cout | None = None
    motif: str | None = _texte(200)
    remarque: Long = None
    date_effet: Instant | None = None
    lot: str | None = _texte(60)

    @model_validator(mode="after")
    def _signe(self) -> Self:
        if self.quantite == 0:
            raise _regle("quantite", "Un mouvement porte sur une quantité.")
        if self.quantite < 0 and self.type_mouvement != TypeMouvement.AJUSTEMENT:
            raise _regle("quantite", "Saisissez une quantité positive : le sens est celui du mouvement.")
        if self.type_mouvement == TypeMouvement.AJUSTEMENT and not self.motif:
            raise _regle("motif", "Dites pourquoi la quantité est corrigée.")
        return self


class SeuilInput(Saisie):
    """How much of a part a depot should hold."""

    minimum: Annotated[Quantite, Field(ge=0)]
    maximum: Annotated[Quantite, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _ordre(self) -> Self:
        if self.maximum is not None and self.maximum < self.minimum:
            raise _regle("maximum", "Le maximum est inférieur au minimum.")
        return self


class InventaireInput(Saisie):
    depot_id: int
    remarque: Long = None
