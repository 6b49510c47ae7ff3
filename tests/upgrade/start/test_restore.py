"""A backup put back in the middle of the exchange: nothing that the device did since is lost or sent twice."""

from __future__ import annotations

import json

import pytest

from erp_desktop.errors import CloneDetectedError, UserError
from erp_desktop.registry import revisions
from erp_desktop.sync.device.reenrolment import reenroll
from erp_desktop.upgrade import backup
from erp_desktop.upgrade.start import by_copy, restore, startup
from tests.sync.lab import Device, Lab, T
from tests.upgrade.central.older_release import AVANT
from tests.upgrade.start.old_caches import RECENT


def client(device: Device, name: str) -> int:
    device.sql("INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES (?, ?, ?)", name, T, T)
    return int(device.value("SELECT id FROM clients WHERE nom_entreprise = ?", name))


@pytest.mark.parametrize("encrypted", [pytest.param(False, marks=pytest.mark.soak), True])
def test_a_restored_backup_carries_on_with_everything_done_since(lab: Lab, encrypted: bool) -> None:
    a, b = lab.device(encrypted=encrypted), lab.device()
    lab.settle()
    first, second, gone = lab.ids("interventions")[:3]
    a.hang_up()
    saved = backup.create(a.path, a.key)
    # Sent and answered: the centre never sends these back to their author.
    a.set("interventions", first, diagnostic="Envoyé depuis")
    old = client(a, "Client envoyé")
    # Pulled: a machine of another desktop, on which this one then works.
    machine = b.value("SELECT id FROM equipements LIMIT 1")
    new_client = client(b, "Client d'en face")
    b.sql(
        "INSERT INTO equipements (client_id, nom, code_interne, created_at, updated_at) "
        "VALUES (?, 'Four', 'F-1', ?, ?)",
        new_client, T, T,
    )  # fmt: skip
    lab.settle()
    four = a.value("SELECT id FROM equipements WHERE code_interne = 'F-1'")
    # Waiting.
    a.set("interventions", second, titre="Pas encore envoyé")
    a.set("equipements", four, localisation="Atelier 2")
    a.set("equipements", machine, marque="Cosumar")
    new = client(a, "Client en attente")
    a.sql("DELETE FROM lignes_intervention WHERE intervention_id = ?", gone)
    waiting = a.sql("SELECT nom_table, pk, op, colonne, ancien FROM sync_outbox ORDER BY id")
    numbers = a.value("SELECT suivant FROM _allocateur")
    a.hang_up()

    done = restore.restore(a.path, saved.chemin, a.key)

    assert done.reportees == len({row[:2] for row in waiting}) > 3
    assert a.sql("SELECT nom_table, pk, op, colonne, ancien FROM sync_outbox ORDER BY id") == waiting
    assert a.value("SELECT suivant FROM _allocateur") >= numbers
    assert a.get("interventions", first, "diagnostic") == "Envoyé depuis"
    assert a.get("clients", old, "nom_entreprise") == "Client envoyé"
    lab.settle()
    lab.converged()
    assert lab.get("interventions", second, "titre") == "Pas encore envoyé"
    assert lab.get("equipements", four, "localisation") == "Atelier 2"
    assert lab.get("clients", new, "nom_entreprise") == "Client en attente"
    assert lab.value("SELECT count(*) FROM lignes_intervention WHERE intervention_id = %s", gone) == 0
    assert lab.value("SELECT count(*) FROM sync.conflits") == 0


def test_a_batch_cut_in_flight_is_sent_again_after_a_restoration(lab: Lab) -> None:
    a = lab.device()
    lab.settle()
    pk = lab.ids("interventions")[0]
    a.hang_up()
    saved = backup.create(a.path, a.key)
    a.set("interventions", pk, diagnostic="En vol")
    frozen = a.syncer.outbox.next_batch(100)
    a.hang_up()
    assert frozen is not None
    restore.restore(a.path, saved.chemin, a.key)
    assert a.value("SELECT empreinte FROM sync_lots WHERE repondu_a IS NULL") == frozen.digest
    lab.settle()
    lab.converged()
    assert lab.get("interventions", pk, "diagnostic") == "En vol"


def test_what_cannot_be_carried_over_is_refused_and_changes_nothing(lab: Lab) -> None:
    a = lab.device()
    lab.settle()
    a.hang_up()
    saved = backup.create(a.path, a.key)
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, diagnostic="En attente")
    a.sql("ALTER TABLE interventions ADD COLUMN avenir TEXT")
    a.sql("UPDATE interventions SET avenir = 'x' WHERE id = ?", pk)
    with pytest.raises(UserError, match=r"interventions\.avenir"):
        restore.restore(a.path, saved.chemin, a.key)
    assert a.get("interventions", pk, "avenir") == "x"
    assert [s.chemin for s in backup.backups(a.path)] == [saved.chemin]
    done = restore.restore(a.path, saved.chemin, a.key, accept_data_loss=True)
    assert (done.reportees, a.waiting) == (0, 0)


@pytest.mark.soak
def test_a_backup_too_old_for_what_was_done_since_is_brought_up_first(lab: Lab) -> None:
    a = lab.device(encrypted=True)
    lab.settle()
    a.hang_up()
    by_copy.downgrade_local(a.path, a.key, AVANT)
    kept_by_downgrade = {s.chemin for s in backup.backups(a.path)}
    saved = backup.create(a.path, a.key)
    startup.open_local(a.path, a.key).dispose()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, diagnostic="Depuis la mise à niveau")
    # A document and a merge: the old structure has no place for either.
    a.sql("INSERT INTO contenus (sha256, taille, complet, au_centre) VALUES ('d0', 4, 1, 1)")
    a.sql("INSERT INTO contenus_morceaux (sha256, numero, octets) VALUES ('d0', 0, x'25504446')")
    a.sql(
        "INSERT INTO sync_fusions (nom_table, gardee, retiree, contenu, quand) VALUES ('clients', 1, 2, '{}', ?)", T
    )

    done = restore.restore(a.path, saved.chemin, a.key)

    assert (done.revision, done.reportees) == (revisions.head(), 1)
    assert startup.read_revision(a.path, a.key) == revisions.head()
    assert a.sql("SELECT taille, complet, au_centre FROM contenus") == [(4, 1, 1)]
    assert a.sql("SELECT octets FROM contenus_morceaux") == [(b"%PDF",)]
    assert a.value("SELECT count(*) FROM sync_fusions") == 1
    assert done.remplacee is not None
    assert {s.chemin for s in backup.backups(a.path)} >= kept_by_downgrade | {saved.chemin, done.remplacee}
    lab.settle()
    lab.converged()
    assert lab.get("interventions", pk, "diagnostic") == "Depuis la mise à niveau"


def test_an_old_backup_with_room_for_everything_comes_back_at_its_own_revision(lab: Lab) -> None:
    a = lab.device()
    lab.settle()
    a.hang_up()
    by_copy.downgrade_local(a.path, None, RECENT)
    saved = backup.create(a.path)
    startup.open_local(a.path).dispose()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, diagnostic="Depuis la mise à niveau")
    done = restore.restore(a.path, saved.chemin)
    assert (done.revision, done.reportees) == (RECENT, 1)
    assert startup.read_revision(a.path) == RECENT
    startup.open_local(a.path).dispose()
    lab.settle()
    lab.converged()
    assert lab.get("interventions", pk, "diagnostic") == "Depuis la mise à niveau"


def test_a_backup_of_another_enrolment_takes_no_changes(lab: Lab) -> None:
    a = lab.device()
    lab.settle()
    a.hang_up()
    saved = backup.create(a.path, a.key)
    a.set("interventions", lab.ids("interventions")[0], diagnostic="En attente")
    a.sql("UPDATE sync_meta SET valeur = '77' WHERE cle = 'poste'")
    with pytest.raises(UserError, match="autre poste"):
        restore.restore(a.path, saved.chemin, a.key)
    assert a.waiting > 0


@pytest.mark.parametrize("twin", [False, True], ids=["restored", "twin"])
def test_an_older_file_with_nothing_to_send_is_noticed_at_the_greeting(lab: Lab, twin: bool) -> None:
    """Its own rows are never served to a device again: without a look at the last batch, they would stay away."""
    a = lab.device()
    pk = lab.ids("interventions")[0]
    older = lab.copy_of(a, "ancien.sqlite")
    a.set("interventions", pk, diagnostic="Envoyé depuis la copie")
    a.sync()
    if not twin:
        lab.devices.remove(a)
        a.hang_up()
    assert older.waiting == 0
    for _ in range(2):
        with pytest.raises(CloneDetectedError, match=r"lot 1 au centre, 0 ici.*reenroll"):
            older.sync()
    lab.devices.append(older)
    older.hang_up()
    done = reenroll(lab.url, older.path, secrets_file=older.secrets_file)
    older.poste, older.login = done.poste, older.value("SELECT valeur FROM sync_meta WHERE cle = 'login'")
    lab.settle()
    lab.converged()
    assert older.get("interventions", pk, "diagnostic") == "Envoyé depuis la copie"


def test_a_server_put_back_from_a_copy_of_its_disk_is_noticed_without_a_new_identity(lab: Lab) -> None:
    a = lab.device()
    one, two = lab.ids("interventions")[:2]
    before = lab.get("interventions", one, "diagnostic")
    a.set("interventions", one, diagnostic="Oublié par le centre")
    a.sync()
    # What such a copy would hold: the row as it was, and no word of the batch.
    lab.sql("SET session_replication_role = replica")
    lab.set("interventions", one, diagnostic=before)
    lab.sql("DELETE FROM sync.lots WHERE poste = %s", a.poste)
    lab.sql("UPDATE sync.devices SET dernier_lot = 0 WHERE poste = %s", a.poste)
    lab.sql("SET session_replication_role = origin")
    assert a.waiting == 0
    a.hang_up()
    assert a.sync().restarted
    assert lab.get("interventions", one, "diagnostic") == "Oublié par le centre"
    assert not a.sync().restarted
    # Transactions that this device has already heard of: the centre stands before them.
    a.hang_up()
    a.sql("UPDATE sync_meta SET valeur = CAST(valeur AS INTEGER) + 1000000 WHERE cle = 'curseur_xid'")
    lab.set("interventions", two, titre="Écrit après le retour")
    assert a.sync().restarted
    assert a.get("interventions", two, "titre") == "Écrit après le retour"
    lab.converged()


def test_a_moved_device_goes_on_exchanging(lab: Lab) -> None:
    device = lab.device(encrypted=True)
    device.sync()
    device.hang_up()
    assert device.run("sync", "run").stderr == ""
    moved = device.path.with_name("déménagé.sqlite")
    device.path.rename(moved)
    device.path = moved
    again = device.run("sync", "run", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["round_trips"] > 0
