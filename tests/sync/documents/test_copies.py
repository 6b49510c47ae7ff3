"""Which bytes lie in a cache: recent ones unasked, old ones on demand, within the quota, whole or fetched again."""

from __future__ import annotations

import pytest

from erp_desktop.db.session import transaction
from erp_desktop.domain.documents import MORCEAU
from erp_desktop.domain.enums import EtatDocument
from erp_desktop.errors import SyncError, UserError
from erp_desktop.services import documents
from tests.sync.documents.files import MO, acteur, at_centre, attach, octets, read, states, step
from tests.sync.lab import Device, Lab


def ask(lab: Lab, device: Device, document: int, quota: int = 100 * MO) -> None:
    with transaction(device.engine) as session:
        documents.demander(session, acteur(lab, device), document, quota=quota)


def test_old_copies_leave_for_new_ones_and_come_back_on_demand(lab: Lab) -> None:
    a = lab.device()
    contents = {attach(lab, a, octets(MO, n), f"{n}.jpg"): octets(MO, n) for n in range(5)}
    a.sync()
    first, second, *_ = contents
    read(lab, a, first)
    done = step(a, quota=3 * MO, days=0)
    assert (done.sent, done.dropped) == (5, 2)
    assert states(a)[first] is EtatDocument.CENTRE, "read last, kept longest"
    assert states(a)[second] is EtatDocument.DISTANT
    assert step(a, quota=3 * MO).bytes_in == 0, "what was dropped does not come back by itself"
    ask(lab, a, second, 3 * MO)
    assert states(a)[second] is EtatDocument.DEMANDE
    done = step(a, quota=3 * MO)
    assert (done.received, done.dropped) == (1, 1)
    assert read(lab, a, second) == contents[second]
    assert a.value("SELECT sum(taille) FROM contenus") <= 3 * MO
    assert a.value("SELECT count(*) FROM contenus_morceaux") == 3 * 16, "nothing stays of what was dropped"


def test_a_full_quota_never_drops_nor_refuses_what_is_not_sent(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    theirs = attach(lab, b, octets(MO, 99), "leur.jpg")
    b.sync()
    step(b)
    a.sync()
    mine = {attach(lab, a, octets(MO, n), f"{n}.jpg"): octets(MO, n) for n in range(4)}
    assert step(a, quota=2 * MO).dropped == 0
    assert [read(lab, a, pk) for pk in mine] == list(mine.values())
    with pytest.raises(UserError, match="attendent d'être envoyés"):
        ask(lab, a, theirs, 2 * MO)
    a.sync()
    assert step(a, quota=2 * MO).dropped == 2
    ask(lab, a, theirs, 2 * MO)
    step(a, quota=2 * MO)
    assert read(lab, a, theirs) == octets(MO, 99)


def test_recent_documents_come_unasked_while_there_is_room(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    old, new, newest = (attach(lab, a, octets(MO, n), f"{n}.jpg") for n in range(3))
    a.set("documents", old, created_at="2026-01-05T08:00:00.000000Z")
    a.sync()
    step(a)
    b.sync()
    assert step(b, quota=MO).received == 1, "the newest, for there is room for one"
    assert states(b)[newest] is EtatDocument.CENTRE
    step(b)
    assert states(b) == {old: EtatDocument.DISTANT, new: EtatDocument.CENTRE, newest: EtatDocument.CENTRE}
    ask(lab, b, old)
    step(b, days=0)
    assert read(lab, b, old) == octets(MO, 0)


def test_what_the_centre_has_not_yet_is_asked_again_later(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    document = attach(lab, a, octets(1000))
    a.sync()
    b.sync()
    assert step(b).absent == 1
    assert b.value("SELECT count(*) FROM contenus") == 0
    ask(lab, b, document)
    assert (step(b).absent, states(b)) == (1, {document: EtatDocument.DEMANDE})
    step(a)
    assert step(b).received == 1
    assert read(lab, b, document) == octets(1000)


def test_what_arrives_damaged_is_fetched_again(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    content = octets(3 * MORCEAU)
    document = attach(lab, a, content)
    a.sync()
    step(a)
    b.sync()
    step(b, budget=MORCEAU)
    b.sql("UPDATE contenus_morceaux SET octets = zeroblob(65536)")
    with pytest.raises(SyncError, match="abîmé"):
        step(b)
    step(b)
    assert read(lab, b, document) == content


def test_a_centre_that_lost_contents_gets_them_again(lab: Lab) -> None:
    a = lab.device()
    content = octets(2 * MORCEAU)
    attach(lab, a, content)
    a.sync()
    step(a)
    lab.sql("DELETE FROM contenus")
    assert not step(a).moved
    # What enrolling again after a restored centre leaves behind: another epoch.
    a.hang_up()
    a.sql("UPDATE sync_meta SET valeur = 'une autre' WHERE cle = 'documents_epoque'")
    assert step(a).sent == 1
    assert at_centre(lab, content)


def test_copies_without_a_description_go(lab: Lab) -> None:
    a = lab.device()
    document = attach(lab, a, octets(1000))
    a.sync()
    step(a)
    a.sql("DELETE FROM documents WHERE id = ?", document)
    a.sync()
    step(a)
    assert a.value("SELECT count(*) FROM contenus_morceaux") == 0


def test_documents_follow_what_they_describe_to_another_agency(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    row, content = lab.ids("equipements")[0], octets(1000)
    with transaction(a.engine) as session:
        document = documents.joindre(session, acteur(lab, a), "equipements", row, "manuel.pdf", content)
    a.sync()
    step(a)
    # A whole closure moves, as an administrator does it.
    lab.sql("BEGIN; SET CONSTRAINTS ALL DEFERRED")
    tng, client = lab.agence("TNG"), lab.get("equipements", row, "client_id")
    for statement in (
        "UPDATE clients SET agence_id = %s WHERE id = %s",
        "UPDATE equipements SET agence_id = %s WHERE client_id = %s",
        "UPDATE interventions SET agence_id = %s WHERE client_id = %s",
    ):  # fmt: skip
        lab.sql(statement, tng, client)
    lab.sql("COMMIT")
    lab.settle()
    assert states(a) == {}
    step(b)
    assert read(lab, b, document) == content
    lab.converged()
