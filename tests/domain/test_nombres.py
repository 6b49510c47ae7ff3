"""One strict reader of figures: what it takes, what it refuses, what it asks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_desktop.domain import nombres
from erp_desktop.domain.nombres import AmbiguousError, Convention
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.errors import ValidationError


@pytest.mark.parametrize(
    ("texte", "valeur"),
    [
        ("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("1 234,50", "1234.50"), ("1\u202f234,50", "1234.50"),
        ("1\u00a0234.50", "1234.50"), ("1\u2009234\t567,5", "1234567.5"), ("1\u2019234.50", "1234.50"),
        ("1.234.567", "1234567"), ("12,345.678", "12345.678"), ("1 234.567", "1234.567"), ("1234,567", "1234.567"),
        ("0,234", "0.234"), (",5", "0.5"), ("-12,5", "-12.5"), ("\u221212,5", "-12.5"), ("12,5-", "-12.5"),
        ("+7", "7"), ("007", "7"), ("١٢٣٫٥", "123.5"),
    ],
)  # fmt: skip
def test_what_reads_one_way_is_that_number(texte: str, valeur: str) -> None:
    assert nombres.lire(texte) == Decimal(valeur)
    assert nombres.lire(f"  {texte} ", convention=Convention.POINT) == Decimal(valeur)


def test_minus_nothing_is_nothing() -> None:
    for texte in ("-0", "0-", "\u22120,00", "-0.000"):
        assert str(nombres.lire(texte)).startswith("0"), texte


@pytest.mark.parametrize(
    "texte",
    ["", "abc", "nan", "inf", "1,2,3", "1 2 3", "1 23 456", "1e5", "1e5 DH", "1_000", "0x10", "1..2", "12,", "+1-",
     "1 234.567,8", "1.234 567", "--1", "(5)", "12 €", "½", "²", "9" * 41],
)  # fmt: skip
def test_what_is_no_number_is_refused(texte: str) -> None:
    with pytest.raises(ValueError, match="n'est pas un nombre"):
        nombres.lire(texte, unites=nombres.DEVISES)


def test_two_readings_are_asked_unless_something_settles_them() -> None:
    for texte in ("1,234", "12.345", "-1,234"):
        with pytest.raises(AmbiguousError, match="se lit"):
            nombres.lire(texte)
    assert nombres.lire("1,234", convention=Convention.VIRGULE) == Decimal("1.234")
    assert nombres.lire("1,234", convention=Convention.POINT) == Decimal(1234)
    # A whole number, or a rate, leaves one reading.
    assert nombres.lire("1,234", entier=True) == Decimal(1234)
    assert nombres.lire("19,600 %", maximum=Decimal(100), unites=nombres.POURCENT) == Decimal("19.6")
    with pytest.raises(AmbiguousError, match="1000 ou 1,000"):
        nombres.lire("1,000", entier=True)
    with pytest.raises(ValueError, match="nombre entier"):
        nombres.lire("2,5", entier=True)


def test_figures_of_a_file_show_its_convention() -> None:
    assert nombres.convention_de(["1,234", "12,5", "", "x"]) is Convention.VIRGULE
    assert nombres.convention_de(["1,234", "7.25"]) is Convention.POINT
    assert nombres.convention_de(["1,5", "1.5"]) is None
    assert nombres.convention_de(["1,234", "12", "1 234"]) is None


def test_a_form_takes_the_comma_and_asks_about_the_dot() -> None:
    assert nombres.lire_saisie("1,234", decimales=3) == Decimal("1.234")
    assert nombres.lire_saisie("1.5", decimales=3) == Decimal("1.5")
    assert nombres.lire_saisie("1.234", decimales=2) == Decimal(1234)
    with pytest.raises(AmbiguousError):
        nombres.lire_saisie("1.234", decimales=3)
    ligne = {"type_ligne": "autre", "designation": "x", "quantite": "2,125", "prix_unitaire": "1 250,50 DH"}
    lue = LigneInput(**ligne, taux_tva="7,000 %")
    assert (lue.quantite, lue.prix_unitaire, lue.taux_tva) == (Decimal("2.125"), Decimal("1250.50"), Decimal(7))
    for champ, texte in (("quantite", "1 2 3"), ("quantite", "5 MAD"), ("prix_unitaire", "1e5"), ("taux_tva", "2_0")):
        with pytest.raises(ValidationError) as refus:
            LigneInput(**ligne | {champ: texte})
        assert refus.value.champs == {champ: f"« {texte} » n'est pas un nombre."}
    with pytest.raises(ValidationError) as refus:
        InterventionInput(titre="x", equipement_id=1, duree_estimee="1_0", temps_deplacement="2,5")
    assert refus.value.champs == {
        "duree_estimee": "« 1_0 » n'est pas un nombre.", "temps_deplacement": "Un nombre entier est attendu.",
    }  # fmt: skip
    assert InterventionInput(titre="x", equipement_id=1, duree_estimee="1 200").duree_estimee == 1200


@given(st.decimals("-9999999", "9999999", places=3), st.sampled_from(" .'\u202f"), st.booleans())
def test_what_is_written_by_one_convention_reads_back(valeur: Decimal, mille: str, groupe: bool) -> None:
    ecrit = f"{valeur:,f}" if groupe else f"{valeur:f}"
    francais = ecrit.translate(str.maketrans({",": mille, ".": ","}))
    assert nombres.lire(francais, convention=Convention.VIRGULE) == valeur
    assert nombres.lire(ecrit, convention=Convention.POINT) == valeur
