"""The search over every section: words and numbers in any spelling, the scope of the person, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain import numeros
from erp_desktop.domain.enums import Role
from erp_desktop.domain.factures.saisie import FactureInput
from erp_desktop.domain.recherche import chiffres, plier
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import (
    Checklist,
    Client,
    Contrat,
    Depot,
    Equipement,
    Intervention,
    Inventaire,
    ModeleIntervention,
    MouvementStock,
    PieceDetachee,
    Planning,
)
from erp_desktop.services import factures, interventions
from erp_desktop.services.search import answers, preview
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde
from tests.services.factures.office import law, validated


@pytest.mark.parametrize(
    ("typed", "figures"),
    [
        ("0522401876", "522401876"), ("+212 5 22 40 18 76", "522401876"), ("00212522401876", "522401876"),
        ("+212 (0)5 22-40-18-76", "522401876"), ("05.22.40.18.76", "522401876"), ("٠٥٢٢٤٠١٨٧٦", "522401876"),
        ("001 532 087 000 077", "001532087000077"), ("pompe 12", ""), ("", ""), ("52240", "52240"),
    ],
)  # fmt: skip
def test_figures_are_read_in_any_spelling(typed: str, figures: str) -> None:
    assert chiffres(typed) == figures


@pytest.mark.parametrize(
    ("typed", "pattern"),
    [
        ("487", "INT-%-%-%-00487"), ("4-487", "INT-%-04-%-00487"), ("04/00487", "INT-%-04-%-00487"),
        ("04 2026 00487", "INT-%-04-2026-00487"), ("2026-487", "INT-%-%-2026-00487"),
        ("cas-04-2026-487", "INT-CAS-04-2026-00487"), ("INT-CAS-04-2026-00487", "INT-CAS-04-2026-00487"),
        ("04-1234567", "INT-%-04-%-1234567"), ("pompe", None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_meant_in_many_ways(typed: str, pattern: str | None) -> None:
    assert numeros.motif(typed) == pattern
    year = clock.today().year
    assert numeros.court(f"INT-CAS-04-{year}-00487") == "04-00487"
    assert numeros.court(f"INT-CAS-04-{year - 1}-00487") == f"04-{year - 1}-00487", "another one of the same figures"


def test_arabic_is_folded_as_it_is_written() -> None:
    assert plier("إلى الصِّيانة") == plier("الي الصيانه")
    assert plier("شركـــة") == plier("شركه")


def test_words_and_numbers_answer_in_their_section_within_reach(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        atlas = session.get_one(Client, monde.client)
        atlas.telephone, atlas.ice = "+212 5 22 40 18 76", "001532087000077"
        session.get_one(Equipement, monde.equipement).numero_serie = "SN 77-4512"
        session.add(Client(nom_entreprise="شركة الصيانة", agence_id=monde.cas))
    ident = monde.faire(
        interventions.create, monde.agent, InterventionInput(titre="Fuite d'huile", equipement_id=monde.equipement)
    )
    [[numero]] = monde.lire(sa.select(Intervention.numero).where(Intervention.id == ident))

    def found(table: str, text: str, who: object = monde.agent, **options: bool) -> list[int]:
        return [one.id for one in monde.faire(answers.search, who, table, text, 10, **options)]  # type: ignore[arg-type]

    assert found("clients", "atlas conserv") == [monde.client]
    for spelled in ("0522401876", "+212522401876", "05 22 40", "001532087000077", "001 532 087 000 077"):
        assert found("clients", spelled) == [monde.client], spelled
    assert [one.libelle for one in monde.faire(answers.search, monde.agent, "clients", "الصيانه", 10)] == [
        "شركة الصيانة"
    ]
    assert found("equipements", "sn774512") == []
    assert found("equipements", "774512") == [monde.equipement]
    # A word may stand in the client's name, another in the title.
    assert found("interventions", "huile atlas") == [ident]
    lu = numeros.lire(numero)
    assert lu is not None
    for spelled in (str(lu.sequence), f"{lu.poste}-{lu.sequence}", numero.lower(), lu.court):
        assert found("interventions", spelled, numbers_only=True) == [ident], spelled
    assert found("interventions", "huile", numbers_only=True) == []
    # Another agency's clerk sees none of it, not even by number; head office does.
    for table, text in (("clients", "atlas"), ("interventions", numero), ("equipements", "774512")):
        assert found(table, text, monde.autre_agent) == []
        assert found(table, text, monde.siege) != []
    assert found("techniciens", "karim") == [monde.karim]
    assert found("contrats", "atlas") == [monde.contrat]
    draft = monde.faire(
        factures.create, monde.agent, FactureInput(client_id=monde.client, reference_client="BC-4471")
    )
    assert found("factures", "atlas") == found("factures", "4471") == [draft]


def test_plans_places_counts_models_and_checklists_answer_too(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        place = Depot(agence_id=monde.cas, nom="Fourgon n° 2", type_depot="vehicule", technicien_id=monde.karim)
        session.add(place)
        session.flush()
        rows = {
            "depots": place,
            "inventaires": Inventaire(agence_id=monde.cas, numero="IV-CAS-0007", depot_id=place.id,
                                      ouvert_a=clock.now(), remarque="Étagère du fond"),
            "preventif": Planning(agence_id=monde.cas, equipement_id=monde.equipement, frequence="mensuel",
                                  modele_titre="Graissage des paliers"),
            "modeles": ModeleIntervention(agence_id=monde.cas, nom="Relamping", titre="Éclairage de l'atelier"),
            "checklists": Checklist(agence_id=monde.cas, nom="Ronde", type_equipement="Sertisseuse"),
            "stock": PieceDetachee(agence_id=monde.cas, reference="RLT-6204", designation="Roulement étanche"),
        }  # fmt: skip
        session.add_all(rows.values())
        session.flush()
        work = Intervention(
            agence_id=monde.cas,
            numero="INT-CAS-07-2026-00321",
            titre="Palier",
            client_id=monde.client,
            equipement_id=monde.equipement,
            type="corrective",
            date_creation=clock.now(),
        )
        session.add(work)
        session.flush()
        moves = [
            MouvementStock(agence_id=monde.cas, piece_id=rows["stock"].id, depot_id=place.id, type_mouvement=kind,
                           quantite=Decimal(quantity), horodatage=clock.now() + timedelta(minutes=minutes),
                           intervention_id=done)
            for minutes, (kind, quantity, done) in enumerate((("entree", 4, None), ("sortie", "-1.5", work.id)))
        ]  # fmt: skip
        session.add_all(moves)
        session.flush()
        entry, taken = (move.id for move in moves)
        ids = {kind: row.id for kind, row in rows.items()}
    words = {
        "depots": ("fourgon", "karim"), "inventaires": ("iv-cas-0007", "etagere", "fourgon"),
        "preventif": ("paliers graissage", "graissage atlas"), "modeles": ("relamping", "eclairage atelier"),
        "checklists": ("ronde sertisseuse",),
    }  # fmt: skip
    for kind, typed in words.items():
        for text in typed:
            found = monde.faire(answers.search, monde.agent, kind, text, 10)
            assert [one.id for one in found] == [ids[kind]], (kind, text)
            assert monde.faire(answers.search, monde.autre_agent, kind, text, 10) == [], (kind, text)
        seen = monde.faire(preview.preview, monde.agent, kind, ids[kind])
        assert seen is not None
        assert seen.champs, kind
    # A movement is found by its part and by the number of its work, newest first; no other word names one.
    for text, expected in (
        ("roulement", [taken, entry]), ("RLT-6204 étanche", [taken, entry]), ("321", [taken]),
        ("7-321", [taken]), ("fourgon", []),
    ):  # fmt: skip
        found = monde.faire(answers.search, monde.agent, "mouvements", text, 10)
        assert [one.id for one in found] == expected, text
        assert monde.faire(answers.search, monde.autre_agent, "mouvements", text, 10) == []
    [told] = monde.faire(answers.search, monde.agent, "mouvements", "321", 10, numbers_only=True)
    assert told.libelle == "RLT-6204 · Roulement étanche"
    assert " · \u22121,5 · Fourgon n° 2 · INT-CAS-07-2026-00321" in told.detail
    glance = monde.faire(preview.preview, monde.agent, "mouvements", taken)
    assert glance is not None
    assert glance.champs["type_mouvement"] == "sortie"
    # Who executes has no page of models and checklists.
    executes = replace(monde.agent, role=Role.TECHNICIEN)
    assert [kind for kind in words if not answers.may_search(executes, kind)] == ["modeles", "checklists"]


def test_what_is_typed_is_never_a_pattern(monde: Monde) -> None:
    for hostile in ("%", "_", "*", "[a-z]", "\\", "'; --", "a" * 20_000, "zz " * 5_000, "1" * 9_000):
        for table in answers.TABLES:
            assert monde.faire(answers.search, monde.agent, table, hostile, 5) == [], (table, hostile[:10])


def test_a_glance_tells_the_fields_and_the_last_interventions_within_reach(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [
        monde.faire(interventions.create, monde.agent,
                    InterventionInput(titre=f"Panne {n}", equipement_id=monde.equipement))
        for n in range(4)
    ]  # fmt: skip
    seen = monde.faire(preview.preview, monde.agent, "clients", monde.client)
    assert seen is not None
    assert [one.id for one in seen.dernieres] == made[:0:-1]
    assert "ville" in seen.champs
    assert None not in seen.champs.values()
    assert monde.faire(preview.preview, monde.autre_agent, "clients", monde.client) is None
    assert monde.faire(preview.preview, monde.agent, "clients", 12) is None
    account = seen.compte
    assert account is not None
    assert (account.encours, account.en_retard) == (Decimal(0), False)
    with transaction(monde.engine) as session:
        contract = session.get_one(Contrat, monde.contrat)
        contract.statut, contract.date_debut, contract.date_fin = "en_cours", date(2020, 1, 1), date(2199, 12, 31)
        kind = contract.type_contrat
    law(monde.engine)
    validated(monde, conditions_jours=30)
    again = monde.faire(preview.preview, monde.agent, "clients", monde.client)
    assert again is not None
    assert again.compte == preview.Compte(Decimal("1200.00"), False, kind, date(2199, 12, 31))
    monkeypatch.setattr(clock, "today", lambda: date(2190, 1, 1))
    late = monde.faire(preview.preview, monde.agent, "clients", monde.client)
    assert late is not None
    assert late.compte is not None
    assert late.compte.en_retard
    for table, ident in (
        ("equipements", monde.equipement), ("techniciens", monde.karim), ("contrats", monde.contrat),
        ("interventions", made[0]),
    ):  # fmt: skip
        one = monde.faire(preview.preview, monde.agent, table, ident)
        assert one is not None
        assert one.reponse.id == ident
        assert one.champs


def test_records_are_named_in_the_order_asked_and_near_spellings_are_offered(monde: Monde) -> None:
    wanted = [("techniciens", monde.karim), ("clients", monde.client), ("clients", 12), ("clients", monde.client_rab)]
    named = monde.faire(answers.named, monde.agent, wanted)
    assert [(one.table, one.id) for one in named] == wanted[:2]
    assert monde.faire(answers.near, monde.agent, "conservries") == ["Conserveries", "Conserveries Atlas"]
    assert monde.faire(answers.near, monde.technicien, "conservries") == []


@pytest.mark.parametrize("typed", ["a" * 20_000, "zz " * 5_000, "client:zz " * 3_000], ids=["word", "words", "keys"])
def test_a_list_takes_a_pasted_page_as_a_filter(monde: Monde, typed: str) -> None:
    monde.faire(interventions.create, monde.agent, InterventionInput(titre="Fuite", equipement_id=monde.equipement))
    assert monde.faire(interventions.ids, monde.agent, ListQuery(typed)) == []
    told = interventions.indices(typed)
    assert (told == []) is (" " not in typed)
    assert all("40 premiers mots" in one for one in told)
