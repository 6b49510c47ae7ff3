"""A person erased at the centre is on no replica any more: caches, inboxes, kept batches, offline typing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from erp_desktop.db.engine import create_pg_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import CentralUnreachableError, NotAllowedError, UserError
from erp_desktop.services import factures
from erp_desktop.services.audit import erasure
from tests.sync.branches.test_factures import do, drafted, ready
from tests.sync.lab import Device, Lab

NAME, EMAIL, PHONE = "Karim Zéroual", "karim.zeroual@atlas-client.ma", "+212 6 61 23 45 67"
TRACES = ("zeroual", "zéroual", "karim.zeroual", "661234567", "0661-23-45-67", "6 61 23 45 67", "ancien.zeroual")


def admin(lab: Lab, act: Any, *values: Any, **named: Any) -> Any:
    """One act of the administrator at the centre, by the owner's line."""
    engine = create_pg_engine(lab.url)
    try:
        user = lab.value("SELECT id FROM users WHERE username = 'chef'")
        person = Acteur(user, "Chef", Role.ADMIN, None)
        with transaction(engine, user) as session:
            return act(session, person, *values, **named)
    finally:
        engine.dispose()


def plain(value: Any) -> str:
    if isinstance(value, (bytes, memoryview)):
        value = bytes(value).decode(errors="replace")
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    return text.encode().decode("unicode_escape", errors="replace").lower() + text.lower()


def traces(rows: list[tuple[str, str, Any]]) -> list[str]:
    """Where any spelling of the person is left: table.column and the words."""
    return [f"{t}.{c} : {word}" for t, c, v in rows for word in TRACES if v is not None and word in plain(v)]


def of_centre(lab: Lab) -> list[tuple[str, str, Any]]:
    """Every text of every table of the centre but what validated invoices keep."""
    columns = lab.sql(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
        "USING (table_schema, table_name) WHERE table_schema IN ('public', 'sync') AND table_type = 'BASE TABLE' "
        "AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea')"
    )
    return [
        (f"{s}.{t}", c, v) for s, t, c in columns
        if c not in ("client_fige", "octets", "logo", "signature", "cle_paquet")
        for (v,) in lab.sql(f'SELECT "{c}" FROM {s}."{t}" WHERE "{c}" IS NOT NULL')
    ]  # fmt: skip


def of_cache(device: Device) -> list[tuple[str, str, Any]]:
    tables = device.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    found = []
    for (table,) in tables:
        for column in [r[1] for r in device.sql(f"PRAGMA table_info('{table}')")]:
            if column not in ("client_fige", "octets", "logo", "signature"):
                found += [(table, column, v) for (v,) in device.sql(f"SELECT {column} FROM {table}")]
    return found


def test_a_contact_is_erased_everywhere_and_the_invoice_stands(lab: Lab) -> None:
    ready(lab)
    lab.sql(
        "INSERT INTO users (username, email, full_name, role, created_at, updated_at) "
        "VALUES ('chef', 'c@mif.ma', 'Chef', 'admin', now(), now())"
    )
    a, b, c = lab.device(), lab.device(), lab.device()
    client, other = lab.ids("clients")[:2]
    works = lab.ids("interventions")
    # In the fields of the client, in an earlier value of one, in free texts, in the history, in a signature.
    a.set("clients", client, contact="Hajar Tazi")
    lab.settle()
    a.set("clients", client, contact=NAME, email="ancien.zeroual@atlas-client.ma", telephone=PHONE)
    invoice = drafted(lab, a)
    do(a, lab, factures.demander, invoice)
    a.set(
        "interventions", works[0], description="Appeler M. ZEROUAL Karim au 0661-23-45-67",
        signataire="karim zéroual", signature=b"\x89PNG",
    )  # fmt: skip
    lab.settle()
    a.set("clients", client, email=EMAIL)
    a.set("clients", other, notes=f"Même numéro que {NAME} : 00212 661234567")
    lab.settle()
    number, total, print_ = lab.sql("SELECT numero, total_ttc, empreinte FROM factures WHERE id = %s", invoice)[0]
    assert number.startswith("FAC-")
    # A conflict about the person, in the inbox of one device and at the centre.
    b.set("clients", client, contact="Karim Zeroual (achats)")
    a.set("clients", client, contact="K. Zéroual, Karim Zéroual")
    a.sync()
    b.sync()
    assert b.conflicts()
    lab.settle()
    # Typed while the device is away, and frozen in a batch whose sending the line cut.
    proxy = lab.proxy(b)
    b.sync()
    b.sql(
        "INSERT INTO historiques_interventions (agence_id, intervention_id, action, remarque, nouvelle_valeur, "
        "horodatage, created_at, updated_at) SELECT agence_id, id, 'modification', "
        f"'Vu avec {NAME}', '{{\"description\": \"Z\\u00e9roual Karim\"}}', created_at, created_at, created_at "
        f"FROM interventions WHERE id = {works[1]}"
    )
    b.set("clients", client, telephone="0661234567", ville="Fès")
    proxy.cut()
    with pytest.raises(CentralUnreachableError):
        b.sync()
    assert b.value("SELECT count(*) FROM sync_lots WHERE repondu_a IS NULL") == 1
    proxy.heal()
    # Another contact of the same company, from before and typed on a device meanwhile.
    lab.set("clients", other, notes=f"{lab.get('clients', other, 'notes')} ; et Hajar Tazi avant")
    # A third one was away so long that it will start from a fresh copy.
    c.set("clients", other, contact=f"le frère de {NAME}")
    c.sql("UPDATE sync_meta SET valeur = 'autrefois' WHERE cle = 'epoque'")
    c.hang_up()
    assert traces(of_centre(lab))
    assert traces(of_cache(a))

    told = admin(lab, erasure.plan, "clients", client)
    assert told.personne == "K. Zéroual, Karim Zéroual"
    assert told.obstacles == ()
    assert any("Factures et avoirs validés" in line.quoi and line.nombre == 1 for line in told.garde)
    with pytest.raises(NotAllowedError):
        do(a, lab, erasure.erase, "clients", client)
    with pytest.raises(UserError, match="ne doit pas nommer la personne"):
        admin(lab, erasure.erase, "clients", client, reference="Karim Zéroual")
    admin(lab, erasure.erase, "clients", client, reference="DEM-2026-7")
    assert traces(of_centre(lab)) == []
    assert lab.sql("SELECT numero, total_ttc, empreinte FROM factures WHERE id = %s", invoice) == [
        (number, total, print_)
    ]
    assert lab.sql("SELECT * FROM sync.verifier_serie('FAC')") == []

    lab.settle()
    for device in (a, b, c):
        assert traces(of_cache(device)) == []
        assert device.value("SELECT reference FROM effacements") == "DEM-2026-7"
    assert traces(of_centre(lab)) == []
    lab.converged()
    # What had nothing to do with the person was not lost.
    assert lab.get("clients", client, "ville") == "Fès"
    assert lab.get("interventions", works[0], "description") == "Appeler M. (effacé) au (effacé)"
    assert lab.get("interventions", works[0], "signature") is None
    assert "(effacé)" in lab.get("clients", other, "notes")
    noted = lab.sql("SELECT remarque, nouvelle_valeur FROM historiques_interventions WHERE remarque LIKE 'Vu %%'")
    assert noted == [("Vu avec (effacé)", {"description": "(effacé)"})]
    assert lab.get("clients", other, "contact") == "le frère de (effacé)"
    assert lab.get("clients", other, "notes").endswith("et Hajar Tazi avant")
    # Again: nothing more to do, no second row; the company may have another contact.
    assert admin(lab, erasure.erase, "clients", client).deja
    assert lab.value("SELECT count(*) FROM effacements") == 1
    a.set("clients", client, contact="Hind Berrada")
    lab.settle()
    assert lab.get("clients", client, "contact") == "Hind Berrada"
    assert b.get("clients", client, "contact") == "Hind Berrada"
    lab.converged()


def test_who_was_typed_in_the_persons_place_meanwhile_stays(lab: Lab) -> None:
    ready(lab)
    lab.sql(
        "INSERT INTO users (username, email, full_name, role, created_at, updated_at) "
        "VALUES ('chef', 'c@mif.ma', 'Chef', 'admin', now(), now())"
    )
    a = lab.device()
    client = lab.ids("clients")[0]
    a.set("clients", client, contact=NAME, telephone=PHONE)
    lab.settle()
    a.set("clients", client, contact="Hind Berrada", telephone="0522998877", notes=f"Remplace {NAME}")
    a.hang_up()
    words = a.path.with_name(a.path.name + ".mots")
    words.write_bytes(b"karim zeroual")
    admin(lab, erasure.erase, "clients", client)
    lab.settle()
    lab.converged()
    assert traces(of_cache(a)) == traces(of_centre(lab)) == []
    assert [lab.get("clients", client, c) for c in ("contact", "telephone", "notes")] == [
        "Hind Berrada", "0522998877", "Remplace (effacé)",
    ]  # fmt: skip
    assert a.conflicts() == []
    assert not words.exists()


def test_what_the_centre_has_already_is_settled_before_what_came_after_it(lab: Lab) -> None:
    """The answer to a batch was lost, a colleague went on from it, and somebody was erased meanwhile."""
    ready(lab)
    lab.sql(
        "INSERT INTO users (username, email, full_name, role, created_at, updated_at) "
        "VALUES ('chef', 'c@mif.ma', 'Chef', 'admin', now(), now())"
    )
    a, b = lab.device(), lab.device()
    client, other = lab.ids("clients")[:2]
    a.set("clients", other, contact=NAME)
    lab.settle()
    proxy = lab.proxy(a)
    a.sync()
    a.set("clients", client, ville="Fès")
    proxy.cut_after(0, "in")
    with pytest.raises(CentralUnreachableError):
        a.sync()
    assert lab.get("clients", client, "ville") == "Fès"
    b.sync()
    b.set("clients", client, ville="Rabat")
    b.sync()
    admin(lab, erasure.erase, "clients", other)
    # Not sent yet: it names the person, and is taken apart.
    a.set("clients", other, notes=f"Remplace {NAME}")
    proxy.heal()
    lab.settle()
    assert [device.get("clients", client, "ville") for device in (a, b)] == ["Rabat", "Rabat"]
    assert lab.get("clients", client, "ville") == "Rabat"
    assert a.conflicts() == b.conflicts() == []
    assert lab.get("clients", other, "notes") == "Remplace (effacé)"
    assert a.waiting == 0
    lab.converged()
