"""What a person is told: once per event, never of their own acts, and only what they want to hear of."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import CanalNotification, EvenementNotification, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.saisie.stock import DepotInput, MouvementInput, PieceInput
from erp_desktop.models import Contrat, Intervention
from erp_desktop.services import interventions, notifications
from erp_desktop.services.stock import depots, ledger, parts
from tests.services.branch import Monde


def told(monde: Monde, who: Acteur) -> list[tuple[str, str]]:
    """What the person is newly told: event and what names its object."""
    before = {n.id for n in monde.faire(notifications.lister, who)}
    monde.faire(notifications.produire, who)
    now = monde.faire(notifications.lister, who)
    return sorted((n.evenement, n.contenu.partition(" · ")[2]) for n in now if n.id not in before)


def change(monde: Monde, model: Any, ident: int, **values: Any) -> None:
    with transaction(monde.engine) as session:
        row = session.get_one(model, ident)
        for name, value in values.items():
            setattr(row, name, value)


def call(monde: Monde, who: Acteur, title: str) -> int:
    made = monde.faire(interventions.create, who, InterventionInput(titre=title, equipement_id=monde.equipement))
    # Far enough that its deadline is nobody's business yet.
    change(monde, Intervention, made, date_limite=clock.now() + timedelta(days=30))
    return int(made)


def test_an_assignment_is_told_to_the_technicien_once_and_never_to_who_made_it(monde: Monde) -> None:
    fuite, bruit = call(monde, monde.agent, "Fuite"), call(monde, monde.agent, "Bruit")
    assert told(monde, monde.technicien) == []
    monde.faire(interventions.update, monde.agent, fuite, {"technicien_id": monde.karim})
    monde.faire(interventions.changer_statut, monde.agent, fuite, Statut.AFFECTEE)
    assert told(monde, monde.technicien) == [("affectation", "Fuite")]
    assert [told(monde, who) for who in (monde.technicien, monde.agent, monde.responsable)] == [[], [], []]
    (one,) = monde.faire(notifications.lister, monde.technicien)
    assert (one.auteur, one.objet_table, one.objet_id, one.lu) == (monde.agent.nom, "interventions", fuite, False)
    # Given to somebody else and back: another assignment, told again. What one assigns to oneself is known.
    monde.faire(interventions.update, monde.responsable, fuite, {"technicien_id": monde.hind})
    assert told(monde, monde.technicien) == []
    monde.faire(interventions.update, monde.responsable, fuite, {"technicien_id": monde.karim})
    assert told(monde, monde.technicien) == [("affectation", "Fuite")]
    monde.faire(interventions.update, monde.responsable, bruit, {"technicien_id": monde.karim})
    with transaction(monde.engine, monde.technicien.user_id) as session:
        session.get_one(Intervention, bruit).statut = Statut.AFFECTEE.value
    # The row that names the technicien says who assigned, whoever moved the statut on.
    assert told(monde, monde.technicien) == [("affectation", "Bruit")]


def test_deadlines_stock_and_contracts_are_told_to_whom_they_concern(monde: Monde) -> None:
    fuite = call(monde, monde.agent, "Fuite")
    now = clock.now()
    change(monde, Intervention, fuite, date_creation=now - timedelta(days=20), date_limite=now + timedelta(minutes=5))
    everybody = (monde.agent, monde.responsable, monde.technicien, monde.autre_agent)
    assert [told(monde, who) for who in everybody] == [[("sla_proche", "Fuite")], [("sla_proche", "Fuite")], [], []]
    change(monde, Intervention, fuite, date_limite=now - timedelta(minutes=1))
    assert [told(monde, who) for who in everybody] == [[("sla_depasse", "Fuite")], [("sla_depasse", "Fuite")], [], []]
    assert [told(monde, who) for who in everybody] == [[], [], [], []]
    # Past for so long that nobody needs to be told any more, and closed.
    change(monde, Intervention, fuite, date_limite=now - timedelta(days=9))
    assert told(monde, monde.agent) == []

    store = monde.faire(depots.create, monde.agent, DepotInput(nom="Magasin"))
    part = monde.faire(
        parts.create, monde.agent, PieceInput(reference="JNT", designation="Joint", stock_minimum=Decimal(2))
    )

    def move(who: Acteur, kind: str, quantity: str) -> None:
        typed = {"piece_id": part, "depot_id": store, "quantite": quantity, "type_mouvement": kind}
        monde.faire(ledger.post, who, MouvementInput(**typed))

    move(monde.agent, "entree", "3")
    assert told(monde, monde.responsable) == []
    move(monde.agent, "sortie", "2")
    assert told(monde, monde.responsable) == [("stock_minimum", "Joint")]
    move(monde.agent, "sortie", "1")
    assert told(monde, monde.responsable) == [], "once since the last delivery"
    move(monde.agent, "entree", "3")
    move(monde.responsable, "sortie", "2")
    assert told(monde, monde.responsable) == [], "who took the last ones knows it"
    move(monde.agent, "entree", "3")
    move(monde.agent, "sortie", "3")
    assert told(monde, monde.responsable) == [("stock_minimum", "Joint")]
    assert told(monde, monde.agent) == [], "the minimum is the responsable's business"

    end = clock.today() + timedelta(days=50)
    change(monde, Contrat, monde.contrat, date_fin=end)
    client = f"Conserveries Atlas · {end:%d/%m/%Y}"
    assert told(monde, monde.responsable) == [("contrat_echeance", client)]
    change(monde, Contrat, monde.contrat, date_fin=end - timedelta(days=30))
    client = f"Conserveries Atlas · {end - timedelta(days=30):%d/%m/%Y}"
    assert told(monde, monde.responsable) == [("contrat_echeance", client)]
    assert told(monde, monde.responsable) == []


def test_choices_reading_and_the_centre(monde: Monde) -> None:
    fuite = call(monde, monde.agent, "Fuite")
    change(monde, Intervention, fuite, date_limite=clock.now() - timedelta(hours=1))
    late = EvenementNotification.SLA_DEPASSE
    monde.faire(notifications.choisir, monde.agent, late, CanalNotification.AUCUN)
    assert told(monde, monde.agent) == []
    monde.faire(notifications.choisir, monde.agent, late, CanalNotification.FENETRE)
    assert monde.faire(notifications.choix, monde.agent)[late] is CanalNotification.FENETRE
    assert monde.faire(notifications.choix, monde.responsable)[late] is CanalNotification.BUREAU
    assert told(monde, monde.agent) == [("sla_depasse", "Fuite")]
    assert monde.faire(notifications.non_lues, monde.agent) == 1
    (one,) = monde.faire(notifications.lister, monde.agent)
    assert monde.faire(notifications.lire, monde.responsable, [one.id]) == [], "only one's own"
    assert monde.faire(notifications.tout_lire, monde.agent) == [one.id]
    assert monde.faire(notifications.non_lues, monde.agent) == 0
    assert monde.faire(notifications.lire, monde.agent, [one.id], lu=False) == [one.id]
    # The centre makes what nobody's window has made; the head office would share its rows with every branch.
    with transaction(monde.engine) as session:
        central = session.get_bind().dialect.name == "postgresql"
        assert notifications.produire_pour_tous(session) == (1 if central else 3)
        assert notifications.produire_pour_tous(session) == 0
        assert notifications.oublier(session) == 0
        notices = {n.id for n in notifications.lister(session, monde.responsable)}
        assert len(notices) == 1
    with transaction(monde.engine) as session, pytest.MonkeyPatch.context() as patch:
        later = clock.now() + timedelta(days=91)
        patch.setattr(clock, "now", lambda: later)
        assert notifications.oublier(session) == (2 if central else 4)
