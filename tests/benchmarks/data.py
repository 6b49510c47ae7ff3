"""Rows for timings, made by the server itself: one agency, 200 clients, 1,000 équipements, N interventions."""

from __future__ import annotations

import sqlalchemy as sa

_NOW = "timestamptz '2026-11-01 08:00:00.123456+00'"

_STATEMENTS = (
    f"""INSERT INTO clients (agence_id, nom_entreprise, ville, created_at, updated_at)
        SELECT :a, 'Client ' || i, 'Casablanca', {_NOW}, {_NOW} FROM generate_series(1, 200) i""",
    f"""INSERT INTO equipements (agence_id, client_id, nom, code_interne, created_at, updated_at)
        SELECT :a, c.id, 'Presse ' || i, 'EQ-' || i, {_NOW}, {_NOW}
          FROM generate_series(1, 1000) i
          JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM clients) c ON c.n = 1 + i % 200""",
    f"""INSERT INTO interventions (agence_id, numero, titre, description, type, statut, priorite, equipement_id,
          client_id, date_creation, date_planifiee, zone_planifiee, date_limite, date_debut_travaux, date_fin_travaux,
          date_cloture, duree_estimee, duree_reelle, temps_deplacement, diagnostic, travaux_realises, notes_internes,
          cout_externe, satisfaction_client, created_at, updated_at)
        SELECT :a, 'INT-CAS-00-2026-' || lpad(CAST(i AS text), 7, '0'), 'Fuite d''huile vérin principal ' || i,
          'Signalée par le chef d''équipe à ' || i % 24 || ' h, arrêt possible.', 'corrective', 'cloturee', 'normale',
          e.id, e.client_id, {_NOW} + i * interval '1 minute', {_NOW} + i * interval '1 minute', 'Africa/Casablanca',
          {_NOW} + i * interval '1 minute', {_NOW} + i * interval '1 minute', {_NOW} + (i + 60) * interval '1 minute',
          {_NOW} + (i + 90) * interval '1 minute', 60, 55, 20, 'Joint racleur usé, tige rayée sur 4 cm.',
          'Joint remplacé, essai en charge concluant.', 'Prévoir rechromage', CAST(i % 900 AS numeric), 1 + i % 5,
          {_NOW}, {_NOW}
          FROM generate_series(1, :n) i
          JOIN (SELECT id, client_id, row_number() OVER (ORDER BY id) AS n FROM equipements) e
            ON e.n = 1 + i % 1000""",
)


def fill(engine: sa.Engine, agence_id: int, interventions: int) -> None:
    """Insert the rows and their states by sets: a million through the triggers would take minutes."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in _STATEMENTS:
            connection.execute(sa.text(statement), {"a": agence_id, "n": interventions})
        for name in ("clients", "equipements", "interventions"):
            connection.execute(
                sa.text(
                    "INSERT INTO sync.row_state (nom_table, pk, scope, ver, xid, seq) "
                    f"SELECT '{name}', id, agence_id, 1, pg_current_xact_id(), nextval('sync.seq_etat') "
                    f"FROM {name} WHERE agence_id = :a ORDER BY id"
                ),
                {"a": agence_id},
            )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
