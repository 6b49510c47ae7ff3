"""What a pull serves: nothing is skipped whatever the order of commits, and moved rows change hands whole."""

from __future__ import annotations

import threading

import psycopg2

from tests.sync.lab import Lab, T


def test_the_older_transaction_commits_last_and_loses_nothing(lab: Lab) -> None:
    a = lab.device()
    older, newer = lab.connect(), lab.connect()
    older.autocommit = newer.autocommit = False
    first, second = lab.ids("interventions")[:2]
    older.cursor().execute("UPDATE interventions SET titre = 'ancienne' WHERE id = %s", (first,))
    newer.cursor().execute("UPDATE interventions SET titre = 'récente' WHERE id = %s", (second,))
    newer.commit()
    a.sync()
    assert a.get("interventions", second, "titre") != "récente", "served only once nothing older is open"
    older.commit()
    a.sync()
    assert a.get("interventions", first, "titre") == "ancienne"
    assert a.get("interventions", second, "titre") == "récente"
    older.close()
    newer.close()
    lab.converged()


def test_eight_writers_with_identifiers_taken_before_lose_no_row(lab: Lab) -> None:
    a = lab.device()
    agence, writers, each = lab.agence("CAS"), 8, 40
    ids = [r[0] for r in lab.sql("SELECT sync.nouvel_id() FROM generate_series(1, %s)", writers * each)]
    start = threading.Barrier(writers + 1)
    errors: list[BaseException] = []

    def write(mine: list[int]) -> None:
        connection = lab.connect()
        try:
            connection.autocommit = False
            start.wait()
            with connection.cursor() as cursor:
                for k, pk in enumerate(mine):
                    cursor.execute(
                        "INSERT INTO clients (id, agence_id, nom_entreprise, created_at, updated_at) "
                        "VALUES (%s, %s, %s, %s, %s)", (pk, agence, f"Client {pk}", T, T),
                    )  # fmt: skip
                    if k % 3 == 0:
                        connection.commit()
                connection.commit()
        except psycopg2.Error as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(ids[i::writers],)) for i in range(writers)]
    for thread in threads:
        thread.start()
    start.wait()
    while any(thread.is_alive() for thread in threads):
        a.sync()
    for thread in threads:
        thread.join()
    a.sync()
    assert not errors
    got = {r[0] for r in a.sql("SELECT id FROM clients")}
    assert set(ids) <= got, f"{len(set(ids) - got)} rows lost"
    lab.converged()


def test_a_child_never_arrives_without_a_parent_that_is_still_ahead(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    # An open writer holds the cursor back; the page below it is served with the ancestors beyond it.
    agence = lab.agence("CAS")
    client = lab.value(
        "INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) VALUES (%s, 'Parent', %s, %s) "
        "RETURNING id", agence, T, T,
    )  # fmt: skip
    child = lab.value(
        "INSERT INTO equipements (agence_id, client_id, nom, code_interne, created_at, updated_at) "
        "VALUES (%s, %s, 'Enfant', 'EQ-ENF', %s, %s) RETURNING id", agence, client, T, T,
    )  # fmt: skip
    holder = lab.connect()
    holder.autocommit = False
    holder.cursor().execute("SELECT pg_current_xact_id()")
    # The parent's state moves beyond the ceiling, the child's stays below it.
    lab.set("clients", client, ville="Settat")
    for device in (a, b):
        device.sync()
        assert device.get("equipements", child, "nom") == "Enfant"
        assert device.get("clients", client, "ville") == "Settat"
        assert device.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    holder.rollback()
    holder.close()
    lab.settle()
    lab.converged()


def test_small_pages_bring_ancestors_along(lab: Lab) -> None:
    a = lab.device()
    agence = lab.agence("CAS")
    lab.sql(
        f"WITH c AS (INSERT INTO clients (agence_id, nom_entreprise, created_at, updated_at) SELECT {agence}, "
        f"'Lot ' || i, '{T}', '{T}' FROM generate_series(1, 12) i RETURNING id) INSERT INTO equipements (agence_id, "
        f"client_id, nom, code_interne, created_at, updated_at) SELECT {agence}, id, 'E', "
        f"'E-' || id, '{T}', '{T}' FROM c"
    )
    lab.sql("UPDATE clients SET ville = 'Plus loin' WHERE nom_entreprise LIKE 'Lot %%'")
    from erp_desktop.sync.exchange import cycle

    whole, cycle.PULL_PAGE = cycle.PULL_PAGE, 5
    try:
        a.sync()
    finally:
        cycle.PULL_PAGE = whole
    assert a.value("SELECT count(*) FROM sync_recus_rejetes") == 0
    lab.converged()


def _move(lab: Lab, client: int, agence: int) -> None:
    """A client and all that hangs on it, in one central transaction."""
    lab.sql(
        f"BEGIN; UPDATE clients SET agence_id = {agence} WHERE id = {client};"
        f"UPDATE equipements SET agence_id = {agence} WHERE client_id = {client};"
        f"UPDATE interventions SET agence_id = {agence} WHERE client_id = {client}; COMMIT"
    )


def test_a_moved_client_leaves_one_agency_and_lives_in_the_other_with_its_children(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    client = lab.ids("clients")[0]
    here = a.value("SELECT count(*) FROM lignes_intervention")
    _move(lab, client, b.agence_id)
    lab.settle()
    assert a.get("clients", client, "id") is None
    assert b.get("clients", client, "nom_entreprise") == "Client CAS 1"
    assert a.value("SELECT count(*) FROM lignes_intervention") == here - 2
    assert b.value("SELECT count(*) FROM interventions WHERE client_id = ?", client) == 2
    lab.converged()


def test_there_and_back_between_two_syncs_changes_nothing(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    client = lab.ids("clients")[0]
    _move(lab, client, b.agence_id)
    _move(lab, client, a.agence_id)
    lab.settle()
    assert a.get("clients", client, "id") == client
    assert b.get("clients", client, "id") is None
    lab.converged()


def test_a_row_edited_here_and_moved_away_is_parked_and_not_evicted(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    client = lab.ids("clients")[0]
    a.set("clients", client, ville="Essaouira")
    _move(lab, client, b.agence_id)
    a.sync()
    assert [r[1:] for r in a.parked()] == [("partie", "Cette fiche n'est plus dans cette agence.")]
    assert a.get("clients", client, "ville") == "Essaouira", "a dirty row is never taken away"
    a.sync()
    b.sync()
    assert lab.value("SELECT contenu::text LIKE '%%Essaouira%%' FROM sync.gares")
    # Back to what it was: nothing to send any more, and the row goes.
    a.set("clients", client, ville="Casablanca")
    lab.settle()
    lab.set("clients", lab.ids("clients")[1], ville="Réveil")
    lab.settle()
    assert a.get("clients", client, "id") is None
    lab.converged()


def test_deleting_a_row_that_moved_away_is_parked(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    ligne = lab.ids("lignes_intervention")[0]
    client = lab.value(
        "SELECT i.client_id FROM interventions i JOIN lignes_intervention l ON l.intervention_id = i.id "
        "WHERE l.id = %s", ligne,
    )  # fmt: skip
    a.sql("DELETE FROM lignes_intervention WHERE id = ?", ligne)
    _move(lab, client, b.agence_id)
    a.sync()
    assert [r[1] for r in a.parked()] == ["partie"]
    assert lab.get("lignes_intervention", ligne, "agence_id") == b.agence_id


def test_a_parent_moved_alone_stays_here_while_its_children_need_it(lab: Lab) -> None:
    a, b = lab.device("CAS"), lab.device("TNG")
    client = lab.ids("clients")[0]
    lab.torn(f"UPDATE clients SET agence_id = {b.agence_id} WHERE id = {client}")
    a.sync()
    b.sync()
    assert a.get("clients", client, "id") == client
    assert b.get("clients", client, "id") == client
    assert a.value("SELECT count(*) FROM equipements WHERE client_id = ?", client) == 1
    _move(lab, client, b.agence_id)
    lab.settle()
    assert a.get("clients", client, "id") is None
    lab.converged()


def test_stock_is_the_sum_of_movements_on_every_replica(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    piece, depot = lab.ids("pieces_detachees")[0], lab.ids("depots")[0]
    expected = 0
    for turn in range(30):
        device = (a, b)[turn % 2]
        quantity = (turn * 7) % 11 - 5
        expected += quantity
        device.sql(
            "INSERT INTO mouvements_stock (piece_id, depot_id, type_mouvement, quantite, horodatage, created_at, "
            "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            piece, depot, "entree" if quantity >= 0 else "sortie", f"{quantity}.250", T, T, T,
        )  # fmt: skip
        if turn % 5 == 0:
            device.sync()
    lab.settle()
    sums = [d.value("SELECT sum(CAST(quantite AS REAL)) FROM mouvements_stock") for d in (a, b)]
    centre = lab.value("SELECT sum(quantite) FROM mouvements_stock")
    rows = lab.value("SELECT count(*) FROM mouvements_stock")
    assert rows == 30
    assert sums == [float(centre)] * 2
    lab.converged()
