"""One event seen by two desktops of a person and by the centre while they are cut off: one notice, read everywhere.

What a desktop alone can decide, a conflict or a refusal, is told by that desktop.
"""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from erp_desktop.cli import server
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Client
from erp_desktop.services import interventions, notifications
from erp_desktop.sync.inbox import conflicts
from tests.sync.lab import Device, Lab


def person(lab: Lab, device: Device, username: str, role: Role) -> Acteur:
    user = lab.value("SELECT id FROM users WHERE username = %s", username)
    return Acteur(user, username, role, device.agence_id, device.agence, device.poste)


def do(device: Device, who: Acteur, act: Any, *values: Any) -> Any:
    with transaction(device.engine, who.user_id) as session:
        return act(session, who, *values)


def heard(device: Device, who: Acteur) -> list[tuple[str, bool]]:
    return sorted((n.evenement, n.lu) for n in do(device, who, notifications.lister))


def test_once_per_event_whoever_sees_it_and_read_on_every_desktop(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    fiche, technicien = lab.ids("interventions")[0], lab.ids("techniciens")[0]
    karim, salma = person(lab, a, "cas_2", Role.TECHNICIEN), person(lab, a, "cas_1", Role.AGENT)
    do(a, salma, interventions.update, fiche, {"technicien_id": technicien})
    do(a, salma, interventions.changer_statut, fiche, Statut.AFFECTEE)
    lab.settle()
    # Cut off: both desktops and the centre find the same event.
    assert [len(do(d, karim, notifications.produire)) for d in (a, b)] == [1, 1]
    done = CliRunner().invoke(server.app, ["notifier", "--url", lab.url, "--json"])
    counted = {"ajoutees": 1, "oubliees": 0, "avenants": 0, "reconduits": 0, "periodes": 0}
    assert json.loads(done.stdout) == counted, done.output
    do(b, karim, notifications.tout_lire)
    lab.settle()
    lab.converged()
    assert [heard(d, karim) for d in (a, b)] == [[("affectation", True)]] * 2
    assert lab.sql("SELECT count(*), bool_and(lu) FROM notifications") == [(1, True)]
    assert [d.parked() + d.conflicts() for d in (a, b)] == [[], []]
    assert [do(d, karim, notifications.produire) for d in (a, b)] == [[], []]

    # A conflict and a refusal are told to who lost, on the desktop that can decide; nobody else hears of them.
    for device, rank, words in ((a, 0, "Joint"), (b, 1, "Tige")):
        do(device, salma, interventions.update, fiche, {"diagnostic": words})
        with transaction(device.engine, salma.user_id) as session:
            session.get_one(Client, lab.ids("clients")[rank]).ice = "001532097000001"
    a.sync()
    b.sync()
    assert len(b.conflicts()) == len(b.parked()) == 1
    assert [len(do(d, salma, notifications.produire)) for d in (a, b)] == [0, 2]
    assert heard(b, salma) == [("conflit", False), ("refus", False)]
    assert [do(b, who, notifications.produire) for who in (salma, karim)] == [[], []]
    lab.settle()
    assert [heard(d, salma) for d in (a, b)] == [[("conflit", False), ("refus", False)]] * 2


def test_what_one_record_lost_at_one_time_is_one_notice(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    fiche = lab.ids("interventions")[0]
    salma = person(lab, a, "cas_1", Role.AGENT)
    lost = ("diagnostic", "travaux_realises", "recommandations")
    for device, words in ((a, "Joint"), (b, "Tige")):
        do(device, salma, interventions.update, fiche, dict.fromkeys(lost[:2], words))
    a.sync()
    b.sync()
    assert len(b.conflicts()) == 2
    assert len(do(b, salma, notifications.produire)) == 1
    [one] = do(b, salma, notifications.lister)
    assert (one.objet_table, one.objet_id) == ("interventions", fiche)
    assert one.contenu.startswith("2 conflits : INT-")
    # Decided one by one, it is not told again; lost at another time, it is.
    with transaction(b.engine, salma.user_id) as session:
        conflicts.resolve(session, min(c.id for c in conflicts.liste(session)), "mine")
    assert do(b, salma, notifications.produire) == []
    lab.settle()
    for device, words in ((a, "Vis"), (b, "Axe")):
        do(device, salma, interventions.update, fiche, {lost[2]: words})
    a.sync()
    b.sync()
    assert len(do(b, salma, notifications.produire)) == 1
    newest = max(do(b, salma, notifications.lister), key=lambda n: n.id)
    assert newest.contenu.startswith("INT-"), "one conflict is not counted"
