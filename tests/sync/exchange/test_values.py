"""Byte-exact values, plain writers, repair, and what an idle cycle costs."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from erp_desktop.db import ids
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.session import transaction
from erp_desktop.errors import DatabaseRefusedError
from erp_desktop.registry import searched
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.services.search import words
from erp_desktop.sync.watch.verify import verify
from tests.sync.lab import Lab, T

TEXTS = [
    "", " ", "NULL", r"\N", "tab\tligne\nretour\r\\fin", "émoji 🛠️ 𝔸 \U0010ffff", "السلامة أولا",
    "l'apostrophe \"et\" plus",
    "\x01\x1f\x7f", "é é", "e\u0301", "x" * 100_000,
]  # fmt: skip


def test_every_text_crosses_both_ways_unchanged(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pks = []
    for text in TEXTS:
        a.sql(
            "INSERT INTO clients (agence_id, nom_entreprise, notes, adresse, created_at, updated_at) "
            "VALUES (?, 'Textes', ?, NULL, ?, ?)", a.agence_id, text, T, T,
        )  # fmt: skip
        pks.append(a.value("SELECT max(id) FROM clients"))
    assert len(set(pks)) == len(TEXTS)
    lab.settle()
    lab.converged()
    fresh = lab.device()
    for device in (b, fresh):
        assert [device.get("clients", pk, "notes") for pk in pks] == TEXTS
        assert {device.get("clients", pk, "adresse") for pk in pks} == {None}
    lab.converged()


def test_decimals_blobs_json_and_null_against_empty(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    first, second = lab.ids("interventions")[:2]
    blob = bytes(range(256))
    a.set(
        "interventions", first, cout_externe="9999999999.99", signature=blob, notes_internes="", satisfaction_client=5
    )
    a.set("interventions", second, cout_externe="-0.01", signature=None, notes_internes=None)
    a.sql(
        "INSERT INTO rapports (agence_id, nom, type_rapport, parametres, created_at, updated_at) "
        "VALUES (?, 'R', 'activite', ?, ?, ?)", a.agence_id, '{"b":[1,null,"é"],"a":{"x":1.5}}', T, T,
    )  # fmt: skip
    lab.settle()
    assert b.sql("SELECT cout_externe, signature, notes_internes FROM interventions WHERE id = ?", first) == [
        ("9999999999.99", blob, "")
    ]
    assert b.sql("SELECT cout_externe, signature, notes_internes FROM interventions WHERE id = ?", second) == [
        ("-0.01", None, None)
    ]
    lab.device()
    lab.converged()


def test_an_emptied_text_is_not_a_removed_one(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, description="")
    a.sync()
    assert lab.get("interventions", pk, "description") == ""
    a.set("interventions", pk, description=None)
    a.sync()
    assert lab.get("interventions", pk, "description") is None


def test_a_console_of_another_program_is_captured(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    script = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); "
        "db.execute(\"UPDATE clients SET ville = 'Ailleurs'\"); db.commit(); db.close()"
    )
    a.hang_up()
    subprocess.run([sys.executable, "-c", script, str(a.path)], check=True, capture_output=True)
    lab.settle()
    assert {r[0] for r in b.sql("SELECT ville FROM clients")} == {"Ailleurs"}
    lab.converged()


def test_plain_inserts_take_this_postes_identifiers_and_never_collide(lab: Lab) -> None:
    devices = [lab.device(), lab.device(), lab.device("TNG")]
    for device in devices:
        for i in range(20):
            device.sql(
                "INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES (?, ?, ?)", f"Plat {i}", T, T
            )
        mine = [r[0] for r in device.sql("SELECT id FROM clients WHERE nom_entreprise LIKE 'Plat%'")]
        assert {ids.decompose(pk)[1] for pk in mine} == {device.poste}
        assert len(set(mine)) == 20
    lab.settle()
    assert lab.value("SELECT count(*) FROM clients WHERE nom_entreprise LIKE 'Plat%%'") == 60
    assert all(d.parked() == [] for d in devices)
    lab.converged()


def test_the_identifier_of_a_row_that_has_left_is_never_given_again(lab: Lab) -> None:
    a = lab.device("TNG")
    plain = "INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES (?, ?, ?)"
    used: set[int] = set()
    # Eight identifiers a millisecond follow each other: enough rows for neighbours.
    a.group(*["INSERT INTO clients (nom_entreprise, created_at, updated_at) "
              f"VALUES ('Voisin', '{T}', '{T}')" for _ in range(12)])  # fmt: skip
    for _ in range(6):
        last = a.value("SELECT max(id) FROM clients")
        used.add(last)
        a.sync()
        lab.set("clients", last, agence_id=lab.agence("CAS"))
        a.sync()
        assert a.get("clients", last, "nom_entreprise") is None
        a.sql(plain, "Suivant", T, T)
        assert a.value("SELECT max(id) FROM clients WHERE nom_entreprise = 'Suivant'") not in used
    lab.settle()
    assert a.parked() == []
    lab.converged()


def test_insert_or_replace_reaches_the_centre_as_the_row_it_leaves(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = lab.ids("pieces_detachees")[0]
    a.sql(
        "INSERT OR REPLACE INTO pieces_detachees (id, agence_id, reference, designation, created_at, updated_at) "
        "VALUES (?, ?, 'P-CAS-1', 'Joint remplacé', ?, ?)", pk, a.agence_id, T, T,
    )  # fmt: skip
    lab.settle()
    assert lab.get("pieces_detachees", pk, "designation") == "Joint remplacé"
    assert b.get("pieces_detachees", pk, "designation") == "Joint remplacé"
    assert a.parked() == []
    lab.converged()


def test_insert_or_replace_is_noted_as_what_it_changed(lab: Lab) -> None:
    """So the centre's change of another field is kept, and a blob comes back as it was."""
    a = lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, signature=b"\x89PNG\x00", satisfaction_client=3)
    a.sync()
    lab.set("interventions", pk, notes_internes="Du centre")
    columns = [c.name for c in BY_NAME["interventions"].columns]
    other = {"titre": "'Titre remplacé'", "signature": "x'00ff'", "satisfaction_client": "NULL"}
    names, shown = ", ".join(columns), ", ".join(other.get(name, name) for name in columns)
    a.sql(f"INSERT OR REPLACE INTO interventions ({names}) SELECT {shown} FROM interventions WHERE id = ?", pk)
    noted = a.sql("SELECT colonne, ancien FROM sync_outbox WHERE op = 'U' AND pk = ? ORDER BY colonne", pk)
    assert [(c, type(v)) for c, v in noted] == [("satisfaction_client", int), ("signature", bytes), ("titre", str)]
    assert noted[1][1] == b"\x89PNG\x00"
    lab.settle()
    assert lab.get("interventions", pk, "notes_internes") == "Du centre"
    assert lab.get("interventions", pk, "titre") == "Titre remplacé"
    assert bytes(lab.get("interventions", pk, "signature")) == b"\x00\xff"
    assert a.conflicts() == []
    lab.converged()


def test_an_identifier_never_changes(lab: Lab) -> None:
    a = lab.device()
    with pytest.raises(Exception, match="id ne change jamais"):
        a.sql("UPDATE clients SET id = 5 WHERE id = ?", lab.ids("clients")[0])


def test_verify_finds_and_repairs_what_was_changed_without_triggers(lab: Lab) -> None:
    a = lab.device()
    first, second, third = lab.ids("clients")
    ligne = lab.ids("lignes_intervention")[0]
    kept = lab.ids("interventions")[0]
    a.sync()
    with a.console() as db:
        db.execute("UPDATE _sync_session SET muet = 1")
        db.execute("UPDATE clients SET ville = 'Fausse' WHERE id = ?", (first,))
        db.execute("DELETE FROM lignes_intervention WHERE id = ?", (ligne,))
        db.execute("INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
                   "VALUES (5, ?, 'Fantôme', ?, ?)", (a.agence_id, T, T))  # fmt: skip
        db.execute("UPDATE _sync_session SET muet = 0")
    a.set("interventions", kept, titre="Pas encore envoyé")
    seen = verify(a.syncer.cache, a.syncer.link, repair=False)
    assert 0 < seen.compared < seen.rows / 2
    assert seen.differences == {"clients": (0, 1, 1), "lignes_intervention": (1, 0, 0)}
    assert lab.differences(a), "looking changes nothing"
    done = verify(a.syncer.cache, a.syncer.link)
    assert done.repaired == 3
    assert a.get("interventions", kept, "titre") == "Pas encore envoyé"
    assert verify(a.syncer.cache, a.syncer.link).differences == {}
    lab.settle()
    lab.converged()
    assert lab.value("SELECT count(*) FROM clients WHERE nom_entreprise = 'Fantôme'") == 0
    assert second != third


def test_verify_fetches_no_row_of_a_cache_in_order(lab: Lab) -> None:
    """Whatever its values are: the hash of a row is the same on both engines."""
    a, b = lab.device(), lab.device()
    one, two = lab.ids("interventions")[:2]
    a.set("interventions", one, titre="Tab\tligne\nquatre octets 🛠 \x1e \x1f", cout_externe="12.50",
          signature=b"\x00\xff", notes_internes="")  # fmt: skip
    a.sql("INSERT INTO historiques_interventions (agence_id, intervention_id, action, ancienne_valeur, horodatage, "
          "poste, created_at, updated_at) VALUES (?, ?, 'note', ?, ?, 1, ?, ?)", a.agence_id, two,
          '{"long":1.50,"b":[1,{"é":null}],"a":"\\u00e9\\n"}', T, T, T)  # fmt: skip
    lab.settle()
    for device in (a, b):
        seen = verify(device.syncer.cache, device.syncer.link, repair=False)
        assert (seen.compared, seen.differences) == (0, {})
        assert seen.rows == sum(len(rows) for rows in device.rows().values())


def test_an_idle_cycle_is_one_round_trip_whatever_the_size(lab: Lab) -> None:
    a = lab.device()
    a.sync()
    small = a.sync()
    lab.sql(
        "INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) "
        "SELECT %s, 'Volume ' || i, now(), now() FROM generate_series(1, 4000) i", a.agence_id,
    )  # fmt: skip
    a.sync()
    large = a.sync()
    for idle in (small, large):
        assert (idle.round_trips, idle.pushed, idle.pulled) == (1, 0, 0)
        assert idle.bytes_out < 500
        assert idle.bytes_in < 500
    one = lab.ids("clients")[0]
    a.set("clients", one, ville="Un changement")
    assert a.sync().round_trips == 1


def test_a_frozen_batch_is_sent_again_byte_for_byte(lab: Lab) -> None:
    a = lab.device()
    pk = lab.ids("interventions")[0]
    a.set("interventions", pk, titre="Gelé")
    frozen = a.syncer.outbox.next_batch(5000)
    assert frozen is not None
    a.set("interventions", pk, titre="Plus tard")
    a.hang_up()
    again = a.syncer.outbox.next_batch(5000)
    assert again == frozen
    assert again is not None
    assert again.content.encode() == bytes(a.value("SELECT contenu FROM sync_lots"))
    assert "Plus tard" not in again.content


def test_the_next_batch_is_frozen_while_the_line_is_busy(lab: Lab) -> None:
    a = lab.device()
    first, second = lab.ids("interventions")[:2]
    for case in ("nothing", "captured", "another process", "changed back"):
        a.set("interventions", first, titre=f"Un {case}")
        a.set("interventions", second, titre=f"Deux {case}", diagnostic=f"Deux {case}")
        outbox = a.syncer.outbox
        under_way = outbox.next_batch(1)
        assert under_way is not None
        assert f"Un {case}" in under_way.content
        if case == "captured":
            a.syncer.cache.db.execute("UPDATE interventions SET titre = 'Après' WHERE id = ?", (second,))
        elif case == "another process":
            a.sql("INSERT INTO sync_meta (cle, valeur) VALUES ('autre', 'x')")
        elif case == "changed back":
            former = outbox._plan[0].changes["interventions", second].olds["titre"]
            a.sql("UPDATE _sync_session SET muet = 1")
            a.set("interventions", second, titre=former)
            a.sql("UPDATE _sync_session SET muet = 0")
            outbox._seen = outbox._state()
        following = outbox.follow(under_way, 1)
        if case == "nothing":
            assert following is not None
            assert following.numero == under_way.numero + 1
            assert f"Deux {case}" in following.content
            assert outbox.next_batch(1) == under_way, "answered first"
            assert outbox.follow(under_way, 1) == following, "none in between"
        else:
            assert following is None
        a.sync()
        assert a.waiting == 0
        assert lab.get("interventions", first, "titre") == f"Un {case}"
    lab.converged()


def test_a_field_changed_back_takes_the_centres_value_in_a_train_of_batches(lab: Lab) -> None:
    """Its batch does not name it, so only the answer before may not set the centre's value aside for it."""
    a = lab.device()
    a.batch = 1
    first, second, third = lab.ids("interventions")[:3]
    former = a.get("interventions", third, "titre")
    a.set("interventions", first, titre="En tête")
    update = "UPDATE interventions SET titre = '{}' WHERE id = {}".format
    named, unnamed = "UPDATE _sync_session SET groupe = 99", "UPDATE _sync_session SET groupe = NULL"
    a.group(named, update("Suivant", second), update("Aller", third), update(former, third), unnamed)
    lab.set("interventions", third, titre="Du centre")
    assert a.sync().batches == 2
    assert a.get("interventions", third, "titre") == "Du centre"
    lab.settle()
    lab.converged()


def test_a_train_of_batches_takes_one_round_trip_each(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    a.batch = 1
    pks = lab.ids("interventions")
    a.sync()
    b.set("interventions", pks[1], diagnostic="Pendant le voyage")
    b.sync()
    for pk in pks:
        a.set("interventions", pk, titre=f"Train {pk}")
    done = a.sync()
    assert (done.batches, done.round_trips, done.pushed) == (len(pks), len(pks), len(pks))
    assert a.get("interventions", pks[1], "diagnostic") == "Pendant le voyage"
    assert a.sync().pulled == 0
    lab.settle()
    lab.converged()


def test_an_encrypted_cache_opens_with_its_key_only(lab: Lab) -> None:
    a = lab.device(encrypted=True)
    a.set("interventions", lab.ids("interventions")[0], titre="Chiffré")
    lab.settle()
    lab.converged()
    # What is searched says as much as the rows.
    with transaction(a.engine) as session:
        while words.catch_up(session):
            pass
        found = session.connection().exec_driver_sql("SELECT rowid FROM mots.index_mots('chiffre')").all()
    assert len(found) == 1
    a.hang_up()
    index = a.path.with_name(a.path.name + searched.SUFFIX)
    for file, key in itertools.product((a.path, index), (None, "0" * 64)):
        with pytest.raises(DatabaseRefusedError):
            connect_sqlite(file, key)
    assert b"chiffre" not in index.read_bytes()
    assert index.stat().st_mode & 0o077 == 0
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM sqlite_master')"
    done = subprocess.run([sys.executable, "-c", script, str(a.path)], capture_output=True, text=True, check=False)
    assert "not a database" in done.stderr
    content = a.path.read_bytes()
    assert "Chiffré".encode() not in content
    assert b"SQLite format" not in content
    assert a.secrets_file.stat().st_mode & 0o077 == 0
