"""Who did what and when: by table, person, record and period, on both engines, as a list and as a file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError, ValidationError
from erp_desktop.services import clients
from erp_desktop.services.audit import acts, places
from erp_desktop.services.audit.acts import Act
from erp_desktop.services.clients import ClientInput
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde


def listed(monde: Monde, acteur: Acteur, words: str) -> list[Act]:
    keys = monde.faire(places.ids, acteur, ListQuery(words))
    return monde.faire(acts.rows, acteur, keys)


def told(act: Act) -> tuple[str, str, str, str]:
    return act.auteur, act.action, act.table, act.libelle


def test_who_did_what_by_row_user_and_period(monde: Monde) -> None:
    new = monde.faire(clients.create, monde.agent, ClientInput(nom_entreprise="Laiterie du Gharb", ville="Kénitra"))
    monde.faire(clients.update, monde.responsable, new, {"ville": "Rabat", "contact": "Mehdi Tazi"})
    of_client = listed(monde, monde.responsable, 'table:clients fiche:"laiterie du gharb"')
    assert [told(a) for a in of_client] == [
        ("Omar Idrissi", "modification", "clients", "Laiterie du Gharb"),
        ("Salma Bennis", "creation", "clients", "Laiterie du Gharb"),
    ]
    changed = {c.champ: (c.avant, c.apres) for c in of_client[0].changements}
    assert changed["ville"] == ("Kénitra", "Rabat")
    assert changed["contact"] == (None, "Mehdi Tazi")
    assert "updated_at" not in changed
    assert of_client[0].attend == (monde.engine.dialect.name == "sqlite")
    # By person, by act, by free words of either.
    assert [told(a)[1] for a in listed(monde, monde.responsable, "auteur:salma table:clients")] == ["creation"]
    assert [a.auteur for a in listed(monde, monde.responsable, "acte:modification omar")] == ["Omar Idrissi"]
    assert listed(monde, monde.responsable, "laiterie acte:suppression") == []
    # By period: the day after holds nothing, a day before the other's end is refused in one sentence.
    tomorrow = clock.today() + timedelta(days=1)
    assert listed(monde, monde.responsable, f"du:{tomorrow:%d/%m/%Y}") == []
    assert listed(monde, monde.responsable, f"au:{tomorrow:%d/%m/%Y} fiche:gharb")
    with pytest.raises(ValidationError, match="avant son début"):
        listed(monde, monde.responsable, f"du:{tomorrow:%d/%m/%Y} au:{clock.today():%d/%m/%Y}")
    # One record's own history, for whoever reads the record; names behind references.
    assert [a.action for a in monde.faire(acts.of_record, monde.agent, "clients", new)] == [
        "modification",
        "creation",
    ]
    # Another agency's acts are another's; a clerk reads no journal at all.
    monde.faire(clients.create, monde.autre_agent, ClientInput(nom_entreprise="Huilerie du Saïss"))
    assert listed(monde, monde.responsable, "saiss") == []
    assert [told(a)[0] for a in listed(monde, monde.siege, "saiss")] == ["Yasmine Rabat"]
    with pytest.raises(NotAllowedError):
        listed(monde, monde.agent, "")


def test_rows_taken_over_with_small_numbers_are_told_apart(monde: Monde) -> None:
    monde.executer(
        "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
        "VALUES (7, :a, 'Ancien sept', '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z')", a=monde.cas,
    )  # fmt: skip
    monde.executer(
        "INSERT INTO equipements (id, agence_id, client_id, code_interne, nom, created_at, updated_at) "
        "VALUES (7, :a, 7, 'M-7', 'Machine sept', '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:00.000000Z')",
        a=monde.cas,
    )  # fmt: skip
    assert {told(a)[2:] for a in listed(monde, monde.responsable, "fiche:sept")} == {
        ("clients", "Ancien sept"), ("equipements", "Machine sept"),
    }  # fmt: skip
