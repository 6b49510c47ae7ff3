"""Deadlines of work made on a device before the calendar that it should have been given reached it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.models import Contrat, Intervention
from erp_desktop.services import calendrier, interventions
from erp_desktop.services.reception import CAUSE, CLASH, suiveur
from erp_desktop.services.shared.clocks import echeance
from tests.sync.lab import Device, Lab

JOUR = date(2027, 3, 10)


def _agent(device: Device) -> Acteur:
    user = device.value("SELECT id FROM users WHERE username = 'cas_1'")
    return Acteur(user_id=user, nom="Agent", role=Role.AGENT, agence_id=device.agence_id, agence_code="CAS",
                  poste=device.poste)  # fmt: skip


def _creer(device: Device, machine: int) -> int:
    saisie = InterventionInput(titre="Fuite", equipement_id=machine, priorite="haute")
    with transaction(device.engine) as session:
        return interventions.create(session, _agent(device), saisie)


def _limite(device: Device, ident: int) -> datetime:
    return clock.from_text(device.get("interventions", ident, "date_limite"))


def test_work_made_before_a_holiday_is_received_follows_it_once(lab: Lab) -> None:
    """Pushed after the holiday was set, so the centre did not move it: its own device does, and nobody else."""
    a, b = lab.device(), lab.device()
    for device in (a, b):
        device.syncer.before_calendar = suiveur(device.path, device.key)
    (machine, *_) = lab.ids("equipements")
    connue = _creer(a, machine)
    a.sync()
    b.sync()
    faite_avant, avant = _creer(a, machine), {}
    fixee = _creer(a, machine)
    a.set("interventions", fixee, date_limite="2030-01-02T12:00:00.000000Z")
    jour = clock.local(_limite(a, faite_avant)).date()
    avant = {i: _limite(a, i) for i in (connue, faite_avant)}
    engine = create_pg_engine(lab.url)
    with transaction(engine) as session, calendrier.changement(session, "Fermeture"):
        calendrier.ajouter_ferie(session, jour, "Fermeture")
    engine.dispose()

    lab.settle()

    for device in (a, b):
        for ident, limite in avant.items():
            assert clock.local(_limite(device, ident)).date() > jour, ident
            assert _limite(device, ident) > limite
        assert device.get("interventions", fixee, "date_limite") == "2030-01-02T12:00:00.000000Z"
    causes = lab.sql(
        "SELECT intervention_id, remarque, poste FROM historiques_interventions WHERE action = 'echeance' ORDER BY 1"
    )
    assert causes == [
        (connue, "échéance recalculée : Fermeture", 0),
        (faite_avant, f"échéance recalculée : {CAUSE}", a.poste),
    ]
    assert lab.value("SELECT count(*) FROM sync.conflits") == 0


def test_work_made_before_a_contract_is_received_follows_it(lab: Lab) -> None:
    a = lab.device()
    a.syncer.before_calendar = suiveur(a.path, a.key)
    machine, client = lab.sql("SELECT id, client_id FROM equipements WHERE agence_id = %s LIMIT 1", a.agence_id)[0]
    contrat = lab.value("SELECT sync.nouvel_id()")
    lab.sql(
        "INSERT INTO contrats (id, agence_id, client_id, numero_contrat, type_contrat, date_debut, date_fin, "
        "statut, temps_reponse_normal, created_at, updated_at) VALUES (%s, %s, %s, 'CTR-1', "
        "'maintenance_complete', '2026-01-01', '2028-01-01', 'en_cours', 10, now(), now())",
        contrat, a.agence_id, client,
    )  # fmt: skip
    a.sync()
    ident = _creer(a, machine)
    a.set("interventions", ident, contrat_id=contrat)
    with transaction(a.engine) as session:
        calendrier.recalculer(session, "essai", contrat_id=contrat)
    courte = _limite(a, ident)
    lab.set("contrats", contrat, temps_reponse_normal=200)
    a.sync()
    assert _limite(a, ident) > courte
    assert clock.from_text(a.get("interventions", ident, "date_limite")) == lab.get(
        "interventions", ident, "date_limite"
    )


def test_the_hook_is_not_asked_for_other_rows(lab: Lab) -> None:
    """An ordinary exchange must not walk every open deadline."""
    a, asked = lab.device(), []
    a.syncer.before_calendar = lambda: asked.append(1) or (lambda: 0)
    lab.sql("UPDATE clients SET contact = 'Nadia'")
    a.sync()
    assert not asked
    lab.sql(
        "INSERT INTO jours_feries (jour, libelle, created_at, updated_at) VALUES (%s, 'Essai', now(), now())", JOUR
    )
    a.sync()
    assert asked == [1]


@pytest.mark.parametrize("turned", [False, True])
def test_the_deadline_of_what_two_branches_changed_is_that_of_both(lab: Lab, turned: bool) -> None:
    """Urgent by one, under a contract by the other: neither computed the deadline of urgent work of that contract."""
    a, b = lab.device(), lab.device()
    machine, client = lab.sql("SELECT id, client_id FROM equipements WHERE agence_id = %s LIMIT 1", a.agence_id)[0]
    contrat = lab.value("SELECT sync.nouvel_id()")
    lab.sql(
        "INSERT INTO contrats (id, agence_id, client_id, numero_contrat, type_contrat, date_debut, date_fin, "
        "statut, temps_reponse_urgence, temps_reponse_normal, created_at, updated_at) VALUES (%s, %s, %s, 'CTR-1', "
        "'maintenance_complete', '2026-01-01', '2028-01-01', 'en_cours', 1, 10, now(), now())",
        contrat, a.agence_id, client,
    )  # fmt: skip
    for device in (a, b):
        device.syncer.before_calendar = suiveur(device.path, device.key)
    ident = _creer(a, machine)
    lab.settle()
    for device, change in ((a, {"urgence": True}), (b, {"contrat_id": contrat})):
        with transaction(device.engine) as session:
            interventions.update(session, _agent(device), ident, change)
    before = {_limite(device, ident) for device in (a, b)}
    for device in (b, a) if turned else (a, b):
        device.sync()
    lab.settle()
    lab.converged()
    with transaction(a.engine, write=False) as session:
        row = session.get_one(Intervention, ident)
        wanted = echeance(session, row, session.get_one(Contrat, contrat))
        assert (row.priorite, row.contrat_id, row.date_limite) == ("urgente", contrat, wanted)
    assert _limite(b, ident) not in before
    loser = a if turned else b
    told = "SELECT count(*) FROM historiques_interventions WHERE action = 'echeance' AND remarque LIKE ?"
    assert loser.value(told, f"%{CLASH}") == 1
