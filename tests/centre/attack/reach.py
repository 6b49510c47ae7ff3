"""Other agencies, other devices' work and contents, and what is left of a revoked login."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import closing

import psycopg2
import pytest

from erp_desktop.centre.functions import envelope, watch
from erp_desktop.domain.documents import MORCEAU, TAILLE_MAX
from erp_desktop.domain.people import empreinte
from erp_desktop.registry.tables import TABLES
from erp_desktop.sync.device import enrolment, registration
from tests.centre.attack.stage import Target, case, push, refused


@case
def a_guessed_hash_opens_nothing(target: Target) -> None:
    lab = target.lab
    sha = hashlib.sha256(b"%PDF contrat").hexdigest()
    pk = lab.value("SELECT sync.nouvel_id()")
    lab.sql(
        "INSERT INTO documents (id, agence_id, intervention_id, nom_fichier, type_document, mime_type, taille, sha256, "
        "created_at, updated_at) VALUES (%s, %s, %s, 'c.pdf', 'rapport', 'application/pdf', 12, %s, now(), now())",
        pk, lab.agence("TNG"), lab.ids("interventions", "TNG")[0], sha,
    )  # fmt: skip
    with target.line(target.other) as line:
        line.execute("SELECT sync.document_deposer(%s, 0, encode('%%PDF contrat', 'base64'))", (sha,))
        assert line.fetchone() == ("complet",)
    with target.line() as line:
        line.execute("SELECT sync.documents_manquants(ARRAY[%s]), sync.document_lire(%s, 0, 1)", (sha, sha))
        assert line.fetchone() == ({}, None)
        refused(line, "EM007", "SELECT sync.document_deposer(%s, 0, 'AAAA')", sha)
        for number in (-1, 1, 2**31 - 1):
            line.execute("SELECT sync.document_lire(%s, %s, %s)", (sha, number, number))
            assert line.fetchone() == (None,)
    with target.line(target.other) as line:
        line.execute("SELECT sync.document_lire(%s, 0, 2147483647)", (sha,))
        assert line.fetchone()[0] is not None


@case
def pieces_without_end_or_measure_are_not_kept(target: Target) -> None:
    lab = target.lab

    def kept() -> int:
        return int(
            lab.value(
                "SELECT coalesce(sum(length(octets)), 0) FROM contenus_morceaux WHERE sha256 LIKE %s", f"{cas}:%"
            )
        )

    cas, sizes = lab.agence("CAS"), {"three pieces": 3 * MORCEAU, "no measure": TAILLE_MAX + 1, "nothing": 0}
    names = {told: hashlib.sha256(f"{told} {target.kind}".encode()).hexdigest() for told in sizes}
    for told, size in sizes.items():
        lab.sql(
            "INSERT INTO documents (id, agence_id, intervention_id, nom_fichier, type_document, mime_type, taille, "
            "sha256, created_at, updated_at) VALUES (sync.nouvel_id(), %s, %s, 'f.pdf', 'rapport', 'application/pdf', "
            "%s, %s, now(), now())", cas, lab.ids("interventions")[0], size, names[told],
        )  # fmt: skip
    piece = base64.b64encode(bytes(MORCEAU)).decode()
    before = kept()
    with target.line() as line:
        deposit = "SELECT sync.document_deposer(%s, %s, %s)"
        for sha in (names["no measure"], names["nothing"]):
            refused(line, "EM007", deposit, sha, 0, piece)
        sha = names["three pieces"]
        for number in (-1, 3, 2**31 - 1):
            refused(line, "EM007", deposit, sha, number, piece)
        refused(line, "EM007", deposit, sha, 0, "")
        refused(line, "EM007", deposit, sha, 1, base64.b64encode(bytes(2 * MORCEAU + 1)).decode())
        refused(line, "EM014", deposit, sha, 0, "A" * (envelope.LONGEST_PIECES + 4))
        # The same one without end is one; whatever does not make the hash is none.
        for _ in range(20):
            line.execute(deposit, (sha, 0, piece))
            assert line.fetchone() == ("partiel",)
        assert kept() == before + MORCEAU
        for _ in range(3):
            line.execute(deposit, (sha, 0, base64.b64encode(bytes(3 * MORCEAU)).decode()))
            assert line.fetchone() == ("corrompu",)
            assert kept() == before


@case
def a_published_copy_cannot_be_planted(target: Target) -> None:
    with target.line() as line:
        for statement in ("INSERT INTO sync.instantanes DEFAULT VALUES", "DELETE FROM sync.instantanes",
                          "UPDATE sync.instantanes SET contenu = '\\x00'", "SELECT contenu FROM sync.instantanes",
                          "COPY sync.instantanes FROM STDIN"):  # fmt: skip
            refused(line, "42501", statement)


@case
def another_devices_batch_is_neither_seen_nor_replayed(target: Target) -> None:
    lab, colleague = target.lab, target.colleague
    pk = lab.ids("interventions")[1]
    colleague.sync()
    colleague.set("interventions", pk, titre="De l'autre poste")
    frozen = colleague.syncer.outbox.next_batch(5000)
    assert frozen is not None
    colleague.sync()
    with target.line() as line:
        try:
            line.execute("SELECT sync.pousser(%s::jsonb, %s, %s)", (frozen.content, frozen.numero, frozen.digest))
            assert "rejoue" not in line.fetchone()[0]
        except psycopg2.Error as error:
            assert error.pgcode == "EM012", error
    owned = lab.value(
        "SELECT count(*) FROM sync.lots WHERE empreinte = %s AND poste = %s", frozen.digest, colleague.poste
    )
    assert owned == 1


@case
def nothing_of_another_agency_is_served_or_written(target: Target) -> None:
    lab = target.lab
    theirs = {pk for table in TABLES if table.scoped for pk in lab.ids(table.name, "TNG")}
    client = lab.ids("clients", "TNG")[0]
    before = lab.get("clients", client, "nom_entreprise")
    with target.line() as line:
        line.execute("SELECT sync.tirer('0'::xid8, 0, 50000)")
        answer = json.dumps(line.fetchone()[0])
        # Keys that batches made by hand took are small: the same figures stand for versions and counts.
        assert [pk for pk in theirs if pk > 10**9 and str(pk) in answer] == []
        assert "secret-hash" not in answer
        assert len([pk for pk in theirs if pk > 10**9]) > 10
        for table in TABLES:
            line.execute(f"SELECT * FROM sync.{table.copy}()")
            names = [c.name for c in line.description]
            assert not theirs & {r[names.index("id")] for r in line.fetchall()}
            refused(line, "42501", f"SELECT 1 FROM public.{table.name}")
            refused(line, "42501", f"DELETE FROM public.{table.name}")
        change = {"m": {"clients": [{"c": ["nom_entreprise"], "r": [[0, None, client, 1, before, "Pirate"]]}]}}
        assert len(push(line, target.next_batch(), change)["gares"]) == 1
        assert len(push(line, target.next_batch(), {"d": {"users": [[0, None, 1, 1]]}})["gares"]) == 1
    assert lab.get("clients", client, "nom_entreprise") == before


@case
def a_given_password_opens_nothing(target: Target) -> None:
    lab, secret = target.lab, "donné-de-vive-voix"
    name, client = f"nouvelle_{target.kind}", lab.ids("clients")[0]
    lab.sql(
        "INSERT INTO users (agence_id, username, email, full_name, hashed_password, role, password_given_at, "
        "created_at, updated_at) VALUES (%s, %s, %s, 'Nouvelle', %s, 'responsable', now(), now(), now())",
        lab.agence("CAS"), name, f"{name}@mif.ma", empreinte.hasher.hash(secret),
    )  # fmt: skip
    person = lab.value("SELECT id FROM users WHERE username = %s", name)
    with target.line() as line:
        line.execute("SELECT sync.connexion_sel(%s)", (name,))
        proof = empreinte.calculer(line.fetchone()[0], secret)
        line.execute("SELECT user_id, etat FROM sync.connexion(%s, %s)", (name, proof))
        assert line.fetchone() == (None, "a_choisir")
        for statement in ("SELECT * FROM sync.prouver('x', 'y')",
                          f"UPDATE users SET password_given_at = NULL WHERE id = {person}"):  # fmt: skip
            refused(line, "42501", statement)
        # An author is what the device declares: its work is not parked for a name.
        version = lab.value("SELECT ver FROM sync.row_state WHERE nom_table = 'clients' AND pk = %s", client)
        before = lab.get("clients", client, "ville")
        change = {"m": {"clients": [{"c": ["ville"], "r": [[0, person, client, version, before, "Fès"]]}]}}
        assert push(line, target.next_batch(), change)["gares"] == []
        assert lab.get("clients", client, "ville") == "Fès"
        line.execute("SELECT user_id FROM sync.changer_secret(%s, %s, %s)",
                     (name, proof, empreinte.hasher.hash("une phrase à soi")))  # fmt: skip
        assert line.fetchone() == (person,)


@case
def a_revoked_login_learns_that_it_is_revoked_and_no_more(target: Target) -> None:
    lab = target.lab
    stolen = lab.device("CAS")
    with closing(stolen.connect()) as connection, connection.cursor() as held, target.engine() as engine:
        held.execute("BEGIN")
        held.execute("SELECT pg_current_xact_id()")
        done = registration.revoke(engine, stolen.poste, stolen=True)
        assert done.sessions >= 1
        with pytest.raises(psycopg2.OperationalError):
            held.execute("SELECT 1")
        lines = [stolen.connect() for _ in range(watch.CONNECTIONS_REVOKED)]
        with pytest.raises(psycopg2.OperationalError, match="too many connections"):
            stolen.connect()
        with lines[0].cursor() as line:
            for call in (
                "tirer('0'::xid8, 0, 10)",
                "debut_copie()",
                "pousser('{\"n\": 0}', 1, 'x')",
                "copie_users()",
            ):
                refused(line, "42501", f"SELECT sync.{call}")
            line.execute("SELECT sync.adieu('{\"n\": 1}')")
            assert line.fetchone() == ("vole",)
        for each in lines:
            each.close()
        # What somebody gave it back goes with the next upgrade.
        lab.sql(f'GRANT erp_device TO "{stolen.login}"')
        enrolment.init_centre(engine)
        groups = lab.value(
            "SELECT array_agg(g.rolname::text) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid "
            "JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = %s", stolen.login,
        )  # fmt: skip
        assert groups == ["erp_revoque"]
