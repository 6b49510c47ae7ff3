"""What people type: forms and the filter box."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_desktop.domain import nombres, recherche, telephone
from erp_desktop.domain.administration.saisie import FerieInput
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.saisie import InterventionInput, LigneInput, Saisie
from erp_desktop.domain.saisie.stock import DepotInput
from erp_desktop.domain.writing import typography
from erp_desktop.errors import ValidationError
from erp_desktop.services.clients import ClientInput
from erp_desktop.services.equipements import EquipementInput
from erp_desktop.services.shared.lists import motif_regex
from erp_desktop.services.techniciens import TechnicienInput

LE_22 = date(2026, 11, 22)
LISTES = {"statut": ["ouverte", "en_cours", "en_attente"]}


def refus(modele: type[Saisie], **valeurs: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as erreur:
        modele(**valeurs)
    return erreur.value.champs


def test_every_wrong_field_has_its_french_sentence() -> None:
    champs = refus(LigneInput, type_ligne="x", designation=" ", quantite="0", prix_unitaire="abc", taux_tva=120, zz=1)
    assert champs == {
        "type_ligne": "Valeur inconnue : x.",
        "designation": "Ce champ est obligatoire.",
        "quantite": "Doit être supérieur à 0.",
        "prix_unitaire": "« abc » n'est pas un nombre.",
        "taux_tva": "Doit être au plus 100.",
        "zz": "Champ inconnu.",
    }
    assert refus(InterventionInput) == dict.fromkeys(("titre", "equipement_id"), "Ce champ est obligatoire.")
    assert refus(InterventionInput, titre="x" * 201, equipement_id="a") == {
        "titre": "200 caractères au plus.", "equipement_id": "Un nombre entier est attendu.",
    }  # fmt: skip
    for interdit in ("a\0b", "\ud800", "Caf\udce9"):
        dit = refus(ClientInput, nom_entreprise=interdit)
        assert dit == {"nom_entreprise": "Ce texte contient un caractère interdit."}
    assert refus(ClientInput, nom_entreprise="\u200f\u200b \x07") == {"nom_entreprise": "Ce champ est obligatoire."}
    assert ClientInput(nom_entreprise="At\x1blas\x85 ☎").nom_entreprise == "Atlas\x85 ☎"
    for jour in ("0", "-5", "20270101", "1e3", "31/02/2027", "2027-02-31"):
        assert refus(FerieInput, jour=jour, libelle="x") == {"jour": "Date illisible."}
    assert refus(ClientInput, nom_entreprise="x", email="a@b") == {"email": "Adresse de courriel illisible."}
    assert refus(TechnicienInput, user_id=1, niveau="dieu") == {"niveau": "Valeur inconnue : dieu."}
    assert refus(EquipementInput, client_id=1, nom="a", code_interne="b", date_mise_en_service="2026-02-01",
                 date_fin_garantie="2026-01-01") == {
        "date_fin_garantie": "La garantie finit avant la mise en service.",
    }  # fmt: skip


def test_values_are_cleaned() -> None:
    client = ClientInput(
        nom_entreprise="  Caf" + unicodedata.normalize("NFD", "é") + " ", ville="  ", ice="001 525713 000089"
    )
    assert (client.nom_entreprise, client.ville, client.ice) == ("Café", None, "001525713000089")
    ligne = LigneInput(type_ligne="piece", designation="x", quantite="1,5", prix_unitaire="1 234,50")
    assert (ligne.quantite, ligne.prix_unitaire, ligne.taux_tva) == (Decimal("1.5"), Decimal("1234.50"), Decimal(20))


def test_urgence_forces_priorite_and_local_times_become_instants() -> None:
    saisie = InterventionInput(titre="x", equipement_id=1, urgence=True, priorite="basse",
                               date_planifiee=datetime(2026, 7, 1, 9))  # noqa: DTZ001  # fmt: skip
    assert saisie.priorite == "urgente"
    assert saisie.date_planifiee == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert saisie.zone_planifiee == "Africa/Casablanca"


def test_edits_judge_only_what_changes() -> None:
    actuel = {"nom_entreprise": "x", "ice": "123", "telephone": "abc", "ville": "Fès"}
    assert ClientInput.changements(actuel, {"ville": "Rabat", "nom_entreprise": " x "}) == {"ville": "Rabat"}
    with pytest.raises(ValidationError) as erreur:
        ClientInput.changements(actuel, {"ice": "12", "telephone": "1", "inconnu": 1})
    assert set(erreur.value.champs) == {"ice", "telephone", "inconnu"}
    calme = {"titre": "a", "urgence": False, "priorite": "basse"}
    assert InterventionInput.changements(calme, {"urgence": True}) == {"urgence": True, "priorite": "urgente"}


def test_the_filter_box() -> None:
    filtre = recherche.analyser(
        'statut:ouverte technicien:"Karim A" avant:30/11 fuite statut:en', ["technicien"], LE_22, LISTES, ["avant"]
    )
    assert filtre.mots == {"statut": ["ouverte", "en_cours", "en_attente"], "technicien": ["karim a"]}
    assert filtre.dates == {"avant": date(2026, 11, 30)}
    assert filtre.libre == ["fuite"]
    assert filtre.indices == []


@pytest.mark.parametrize(
    ("texte", "indice"),
    [
        ("statu:x", "vouliez-vous dire « statut: »"),
        ("statut:zut", "« zut » n'est pas un statut connu"),
        ("avant:32/13", "« 32/13 » n'est pas une date"),
        ("avant:", "Complétez « avant: »"),
    ],
)
def test_what_is_not_understood_gets_a_hint(texte: str, indice: str) -> None:
    [dit] = recherche.analyser(texte, [], LE_22, LISTES, ["avant"]).indices
    assert indice in dit


@pytest.mark.parametrize(
    ("texte", "jour"),
    [("30/11", date(2026, 11, 30)), ("1/2/25", date(2025, 2, 1)), ("2026-03-04", date(2026, 3, 4)),
     ("aujourd’hui", LE_22), ("Hier", date(2026, 11, 21)), ("-7j", date(2026, 11, 15)), ("31/02", None),
     ("31/04/2026", None), ("x", None)],
)  # fmt: skip
def test_dates_as_people_type_them(texte: str, jour: date | None) -> None:
    assert recherche.lire_date(texte, LE_22) == jour


@given(st.text(max_size=60))
def test_any_text_is_read_without_error(texte: str) -> None:
    filtre = recherche.analyser(texte, ["technicien"], LE_22, LISTES, ["avant"])
    for mot in filtre.libre:
        assert re.compile(motif_regex(mot))


@given(st.text(alphabet="éèàçôïUEOaeiou -_%[]*?.()", min_size=1, max_size=8), st.text(max_size=5))
def test_a_pattern_finds_what_was_typed_otherwise(mot: str, autour: str) -> None:
    assert re.search(motif_regex(recherche.plier(mot)), autour + mot.upper() + autour)


@pytest.mark.parametrize(("typed", "meant"), [
    ("\u2066INT-CAS-04-2026-00103\u2069", "INT-CAS-04-2026-00103"), ("\u200fpompe ", "pompe"), ("٠٠١٠٣", "00103"),
    ("priorite:\u200fhaute", "priorite:haute"),
    ("\u2066+212\u202f5\u202f33\u202f22\u202f18\u202f59\u2069", "+212533221859"),
    ("ville:rabat ٠٥ ٣٣ ٢٢ ١٨ ٥٩", "ville:rabat 0533221859"), ("مضخة ٢", "مضخة 2"),
    ("du:01/11 au:30/11", "du:01/11 au:30/11"),
    ("3 4 5", "3 4 5"), ("", ""),
])  # fmt: skip
def test_what_is_pasted_into_a_search_is_what_it_looks_like(typed: str, meant: str) -> None:
    assert recherche.cherchee(typed) == meant


@pytest.mark.parametrize("typed", ["\u200f03/12/2026", "\u2066٣/١٢\u2069"])
def test_a_date_is_read_whatever_marks_came_along(typed: str) -> None:
    assert recherche.lire_date(typed, LE_22, Sens.FUTUR) == date(2026, 12, 3)


def test_a_figure_and_a_telephone_are_read_whatever_marks_came_along() -> None:
    assert nombres.lire_saisie("\u2066−1\u202f250,50\u2069") == Decimal("-1250.50")
    assert nombres.lire_saisie("\u200f١٢٫٥") == Decimal("12.5")
    assert telephone.normaliser("\u2066٠٥ ٣٣ ٢٢ ١٨ ٥٩\u2069") == "+212533221859"


def test_what_turns_a_text_over_is_not_kept_and_what_joins_its_letters_is() -> None:
    kept = DepotInput(nom="\u202eFourgon\u202c \u200b1\u2069 👩\u200d🔧 می\u200cرود").nom
    assert kept == "Fourgon 1 👩\u200d🔧 می\u200cرود"


def test_what_was_typed_at_length_is_quoted_in_short() -> None:
    typed = "12x" + "9" * 500 + " fin"
    said = refus(LigneInput, type_ligne="autre", designation="a", quantite=typed, prix_unitaire="1")["quantite"]
    assert typography.abreger(said) == "« 12x" + "9" * 37 + "…99999999 fin » n'est pas un nombre."
    short = "Le code « " + "A" * 60 + " » est pris, “" + "B" * 60 + "” aussi."
    assert typography.abreger(short) == short
