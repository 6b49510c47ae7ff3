"""Whom a document reaches: its agency, everybody, or nobody any more."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from erp_desktop.domain.documents import MORCEAU, cle_au_centre, decouper
from tests.sync.documents.files import MO, at_centre, attach, octets, read, step
from tests.sync.lab import Device, Lab


@pytest.fixture
def stranger(lab: Lab) -> Iterator[Any]:
    """The line of a device of Tanger, while Casablanca has one document at the centre."""
    a = lab.device("CAS")
    attach(lab, a, octets(1000))
    a.sync()
    step(a)
    connection = lab.device("TNG").connect()
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


KEY = hashlib.sha256(octets(1000)).hexdigest()


def test_another_agencys_content_is_as_if_it_were_not_there(stranger: Any) -> None:
    stranger.execute("SELECT sync.document_lire(%s, 0, 1), sync.documents_manquants(%s)", (KEY, [KEY]))
    assert stranger.fetchone() == (None, {})
    with pytest.raises(psycopg2.Error) as refused:
        stranger.execute("SELECT sync.document_deposer(%s, 0, 'AAAA')", (KEY,))
    assert refused.value.pgcode == "EM007"
    for table in ("contenus", "contenus_morceaux"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            stranger.execute(f"SELECT 1 FROM {table}")


def store(lab: Lab, key: str, content: bytes) -> None:
    lab.sql("INSERT INTO contenus (sha256, taille, complet) VALUES (%s, %s, true)", key, len(content))
    for number, piece in decouper(content):
        lab.sql("INSERT INTO contenus_morceaux VALUES (%s, %s, %s)", key, number, psycopg2.Binary(piece))


def test_shared_documents_reach_every_agency(lab: Lab) -> None:
    b, content = lab.device("TNG"), octets(2 * MORCEAU)
    key = hashlib.sha256(content).hexdigest()
    document = lab.value(
        "WITH c AS (INSERT INTO clients (nom_entreprise, created_at, updated_at) VALUES ('Tous', now(), now()) "
        "RETURNING id), e AS (INSERT INTO equipements (client_id, nom, code_interne, created_at, updated_at) "
        "SELECT id, 'Pont', 'EQ-TOUS', now(), now() FROM c RETURNING id) "
        "INSERT INTO documents (nom_fichier, type_document, mime_type, taille, sha256, equipement_id, created_at, "
        "updated_at) SELECT 'manuel.pdf', 'manuel', 'application/pdf', %s, %s, id, now(), now() FROM e RETURNING id",
        len(content), key,
    )  # fmt: skip
    store(lab, cle_au_centre(None, key), content)
    b.sync()
    step(b)
    assert read(lab, b, document) == content


def test_pieces_that_do_not_make_the_hash_are_thrown_away(lab: Lab) -> None:
    a = lab.device()
    content = octets(2 * MORCEAU)
    attach(lab, a, content)
    a.sync()
    key = hashlib.sha256(content).hexdigest()
    connection = a.connect()
    with connection.cursor() as cursor:

        def put(number: int, data: bytes) -> Any:
            cursor.execute("SELECT sync.document_deposer(%s, %s, %s)", (key, number, base64.b64encode(data).decode()))
            return cursor.fetchone()[0]

        assert put(0, bytes(MORCEAU)) == "partiel"
        assert put(1, content[MORCEAU:]) == "corrompu"
        assert lab.value("SELECT count(*) FROM contenus_morceaux") == 0
        cursor.execute("SELECT sync.document_lire(%s, 0, 1)", (key,))
        assert cursor.fetchone()[0] is None
        for number, data in ((2, b"x"), (-1, b"x"), (1, bytes(MORCEAU + 1)), (0, b"")):
            with pytest.raises(psycopg2.Error) as refused:
                put(number, data)
            assert refused.value.pgcode == "EM007", number
    connection.close()
    assert step(a).sent == 1
    assert at_centre(lab, content)


def test_a_revoked_device_reaches_no_document(lab: Lab) -> None:
    a = lab.device()
    attach(lab, a, octets(1000))
    a.sync()
    step(a)
    lab.sql("UPDATE sync.devices SET etat = 'vole' WHERE poste = %s", a.poste)
    connection = a.connect()
    with connection.cursor() as cursor:
        for call in (f"documents_manquants(ARRAY['{KEY}'])", f"document_lire('{KEY}', 0, 1)",
                     f"document_deposer('{KEY}', 0, 'AAAA')"):  # fmt: skip
            with pytest.raises(psycopg2.Error) as refused:
                cursor.execute(f"SELECT sync.{call}")
            assert refused.value.pgcode == "EM011", call
    connection.close()


def test_the_command_line_carries_documents_and_lists_them(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    content = octets(3 * MO)
    document = attach(lab, a, content)

    def erp(device: Device, command: str) -> Any:
        device.hang_up()
        done = device.run("sync", command, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    key = hashlib.sha256(content).hexdigest()
    row = {"id": document, "nom_fichier": "photo.jpg", "taille": len(content), "sha256": key}
    assert erp(a, "documents") == [{**row, "etat": "attente", "recus": len(content)}]
    ran = erp(a, "run")
    assert {k: ran["documents"][k] for k in ("sent", "bytes_out", "waiting", "erreur")} == {
        "sent": 1, "bytes_out": len(content), "waiting": 0, "erreur": None,
    }  # fmt: skip
    b.sync()
    assert erp(b, "documents") == [{**row, "etat": "distant", "recus": 0}]
    assert erp(b, "run")["documents"]["received"] == 1
    assert erp(b, "documents") == [{**row, "etat": "centre", "recus": len(content)}]
