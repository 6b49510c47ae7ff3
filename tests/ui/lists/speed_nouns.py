"""Lists of the other nouns that grow with the business: rows made by the engine itself, first pages, jumps."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui import sections
from erp_desktop.ui.kit.table import FIRST, WINDOW
from tests.benchmarks.sync_speed import Figure
from tests.ui.lists.timing import Worst

NOUNS = ("clients", "equipements", "contrats", "preventif", "stock", "factures")
_FILTERS = {"clients": "service:premium", "equipements": "statut:panne", "preventif": "statut:actif"}
_FIRST = 1 << 61
"""Above every identifier that an allocator gives before 2059."""
_SHARES = {"clients": 10, "equipements": 4, "contrats": 50, "plannings": 4, "factures": 2, "pieces_detachees": 10}
"""One of so many interventions; a company of a million has 100,000 clients and 250,000 machines."""
_ROWS = (
    "INSERT INTO clients (id, agence_id, nom_entreprise, type_client, niveau_service, ville, telephone, created_at, "
    "updated_at) SELECT {id}, {a}, 'Client ' || {mixed}, 'entreprise', CASE n % 3 WHEN 0 THEN 'premium' ELSE "
    "'standard' END, 'Ville ' || n % 97, CASE n % 2 WHEN 0 THEN '+2125' || n END, {now}, {now} FROM g",
    "INSERT INTO equipements (id, agence_id, client_id, nom, code_interne, type_equipement, marque, modele, "
    "localisation, statut, criticite, created_at, updated_at) SELECT {id}, {a}, {client}, 'Machine ' || {mixed}, "
    "'EQ-B-' || n, 'Type ' || n % 31, CASE WHEN n % 4 > 0 THEN 'Marque ' || n % 53 END, 'Modèle ' || n % 999, "
    "'Hall ' || n % 12, CASE n % 500 WHEN 0 THEN 'panne' ELSE 'operationnel' END, CASE n % 3 WHEN 0 THEN 'critique' "
    "ELSE 'standard' END, {now}, {now} FROM g",
    "INSERT INTO contrats (id, agence_id, numero_contrat, client_id, type_contrat, statut, date_debut, date_fin, "
    "created_at, updated_at) SELECT {id}, {a}, 'C-B-' || n, {client}, 'contrat_cadre', 'en_cours', '2025-01-01', "
    "CAST(2026 + n % 9 AS text) || '-01-01', {now}, {now} FROM g",
    "INSERT INTO plannings (id, agence_id, equipement_id, frequence, modele_titre, modele_type, modele_priorite, "
    "created_at, updated_at) SELECT {id}, {a}, {first} + 1 + n * 13 % {machines}, 'mensuel', 'Plan ' || n % 5000, "
    "'preventive', 'programmee', {now}, {now} FROM g",
    "INSERT INTO factures (id, agence_id, numero, client_id, date_facture, date_echeance, total_ttc, statut, "
    "created_at, updated_at) SELECT {id}, {a}, 'PROV-B-' || n, {client}, date('2020-01-01', '+' || n % 2000 || ' "
    "days'), date('2020-01-01', '+' || n % 2000 || ' days'), n % 9999 || '.50', 'validee', {now}, {now} FROM g",
    "INSERT INTO pieces_detachees (id, agence_id, reference, designation, famille, created_at, updated_at) SELECT "
    "{id}, {a}, 'P-B-' || n, 'Pièce ' || {mixed}, 'Famille ' || n % 40, {now}, {now} FROM g",
)  # fmt: skip


def fill(engine: sa.Engine, rows: int) -> None:
    """Rows of every noun beside ``rows`` interventions of a cache; nothing of it waits to be sent. Made once."""
    with transaction(engine) as session:
        if session.scalar(sa.text("SELECT count(*) FROM clients WHERE id > :first"), {"first": _FIRST}):
            return
        session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        agency, now = session.execute(sa.text("SELECT id, created_at FROM agences ORDER BY id LIMIT 1")).one()
        for sql in _ROWS:
            table = sql.split()[2]
            some = max(1, rows // _SHARES[table])
            words = {
                "id": f"{_FIRST} + n", "a": agency, "now": f"'{now}'", "first": _FIRST, "mixed": f"n * 7919 % {some}",
                "client": f"{_FIRST} + 1 + n * 31 % {max(1, rows // _SHARES['clients'])}",
                "machines": max(1, rows // _SHARES["equipements"]),
            }  # fmt: skip
            numbers = f"WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {some}) "
            head, _, select = sql.partition(" SELECT ")
            session.execute(sa.text(f"{head} {numbers} SELECT {select}".format(**words)))
        session.execute(sa.text("UPDATE _sync_session SET muet = 0"))
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("ANALYZE"))


def read(session: Session, who: Acteur, rows: int) -> Iterator[Figure]:
    """First page, jump and a filter of each list, the slowest of its orders."""
    for kind in NOUNS:
        spec: Any = sections.spec(kind)
        long, worst = spec.places, Worst(session, 5)
        for key in dict.fromkeys(column.key for column in spec.columns if column.key):
            for down in (False, True):
                query, told = ListQuery("", key, down), f"{key} {'↓' if down else '↑'}"
                order = long.order(session, query)
                what = "premières lignes" if order is not None else "premières lignes, tri calculé"
                worst.take(what, told, partial(_page, session, who, spec, ListQuery("", key, down, FIRST)))
                walk = long.walk(session, who, query) if order is not None else None
                if walk is not None and walk.marks:
                    worst.take("saut", told, partial(_jump, session, who, spec, query, walk.marks))
        if kind in _FILTERS:
            query = ListQuery(_FILTERS[kind], spec.sort, False, FIRST)
            worst.take(f"« {query.texte} »", spec.sort, partial(_page, session, who, spec, query))
        yield from worst.figures(f"{rows:,}, {kind}")


def _page(session: Session, who: Acteur, spec: Any, query: ListQuery) -> None:
    spec.rows(session, who, spec.ids(session, who, query)[:WINDOW])


def _jump(session: Session, who: Acteur, spec: Any, query: ListQuery, marks: Any) -> None:
    spec.rows(session, who, spec.places.block(session, who, query, random.choice(marks))[:WINDOW])
