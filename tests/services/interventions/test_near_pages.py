"""Pages of interventions that stand together at one end of an order, told by an index of their own."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Intervention, Technicien, User
from erp_desktop.models.expressions import sorting
from erp_desktop.services import interventions as svc
from erp_desktop.services.interventions.pages import central, leads, order, strata, which
from erp_desktop.services.shared import places
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde
from tests.services.interventions.test_interventions import ORDERS, chercher, creer, passer
from tests.services.interventions.test_places import due_in_march


def test_by_number_an_agency_is_read_along_its_own(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers stand agency by agency: of a million along all of them, the other one's passed over, 1.1 s."""
    for n in range(4):
        creer(monde, titre=f"Étau {n}", priorite="haute" if n % 2 else "basse")
        creer(monde, monde.autre_agent, titre=f"Étau {n}", equipement_id=monde.equipement_rab)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(monde.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    least = {"agence:cas": 4, "agence:rab etau": 4, "agence:cas agence:rab": 8, "agence:a": 8, "agence:nulle": 0,
             "agence:cas priorite:haute": 2, "agence:rab depuis:01/01/2020": 4,
             "agence:rab avant:01/01/2020": 0}  # fmt: skip
    numbers = dict(monde.lire(sa.select(Intervention.id, Intervention.numero)))
    for text, down, lues in itertools.product(least, (False, True), (0, 40_000)):
        monkeypatch.setattr(central, "_LUES", lues)
        whole = chercher(monde, text, monde.siege, tri="numero", descendant=down)
        assert len(whole) >= least[text], text
        assert [numbers[one] for one in whole] == sorted(map(numbers.__getitem__, whole), reverse=down)
        found, shown = monde.faire(svc.page, monde.siege, ListQuery(text, "numero", down, 3), 2)
        assert found == whole[:3], (text, down, lues)
        assert [row.id for row in shown] == found[:2]
    for who, text in ((monde.siege, "agence:rab priorite:haute,basse"), (monde.autre_agent, "priorite:haute,basse")):
        asked.clear()
        found = monde.faire(svc.ids, who, ListQuery(text, "numero", True, 3))
        assert found == chercher(monde, text, who, tri="numero", descendant=True)[:3]
        if monde.engine.dialect.name == "sqlite":
            with monde.engine.connect() as connection:
                told = [
                    row[3]
                    for one, values in asked[:]
                    if "ORDER BY interventions.numero" in one and "LIMIT" in one
                    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values)
                ]
            assert any("INDEX idx_intervention_agence_numero (agence_id=?)" in step for step in told), told
            assert not any("SCAN interventions" in step for step in told), told


def test_names_of_other_agencies_are_not_walked(monde: Monde) -> None:
    """Of a million by technicien ↓ the work of all those of the other agency was passed over, 700 ms."""
    for n, who in enumerate((monde.karim, monde.hind, None, monde.karim)):
        creer(monde, titre=f"Étau {n}", technicien_id=who)
        creer(monde, monde.autre_agent, titre=f"Étau {n}", equipement_id=monde.equipement_rab)
    if monde.engine.dialect.name == "sqlite":
        # A client of all agencies, whose work is one agency's; at the centre its work would follow it.
        monde.executer("UPDATE clients SET agence_id = NULL WHERE id = :id", id=monde.client)
    for (who, text), tri, down in itertools.product(
        ((monde.siege, "agence:rab"), (monde.siege, "agence:cas"), (monde.autre_agent, ""), (monde.agent, "etau")),
        ("numero", "client", "equipement", "technicien", "agence_code"),
        (False, True),
    ):
        whole = chercher(monde, text, who, tri=tri, descendant=down)
        assert len(whole) == 4
        found, _shown = monde.faire(svc.page, who, ListQuery(text, tri, down, 3), 2)
        assert found == whole[:3], (who.nom, text, tri, down)
    with transaction(monde.engine, write=False) as session:

        def groups(text: str, who: Acteur | None) -> list[list[int | None]]:
            query = ListQuery(text, "technicien", False, 3)
            found = strata.order(session, query, which.among(session, query, who))
            assert isinstance(found, places.Names)
            return [list(group) for group in found.groups]

        assert groups("", monde.siege) == [[monde.hind], [monde.karim], [None]]
        assert groups("agence:cas", monde.siege) == [[monde.hind], [monde.karim], [None]]
        assert groups("agence:rab", monde.siege) == groups("", monde.autre_agent) == [[None]]


def test_names_of_few_rows_are_read_together(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixty who did little, one after the other was asked for a word, and then a million rows sorted: 1 s."""
    with transaction(monde.engine) as session:
        for n in range(9):
            user = User(username=f"t{n}", email=f"t{n}@x.ma", full_name=f"Zineb {n % 7}", role=Role.TECHNICIEN,
                        agence_id=monde.cas)  # fmt: skip
            session.add(user)
            session.flush()
            session.add(Technicien(user_id=user.id, agence_id=monde.cas))
    jobs = [creer(monde, titre="Étau" if n % 3 else "Vanne") for n in range(18)]
    with transaction(monde.engine) as session:
        who = list(session.scalars(sa.select(Technicien.id).order_by(Technicien.id)))
        for n, job in enumerate(jobs):
            one = sa.update(Intervention).where(Intervention.id == job)
            session.execute(one.values(technicien_id=who[n * n % len(who)]))
    names = dict(monde.lire(sa.select(Technicien.id, User.full_name).join(User, User.id == Technicien.user_id)))
    done = monde.lire(sa.select(Intervention.id, Intervention.technicien_id, Intervention.titre))
    monkeypatch.setattr(order, "_STRATA", 4)
    asked: list[str] = []
    sa.event.listen(monde.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    for pack, title, down in itertools.product((1, 4, 512), ("Vanne", "Étau"), (False, True)):
        monkeypatch.setattr(places, "PACK", pack)
        right = [one for _name, one in sorted(((names[t], i) for i, t, said in done if said == title), reverse=down)]
        request = sa.select(Intervention.id).where(Intervention.titre == title)
        for limite in (1, 5, len(right)):
            asked.clear()
            with transaction(monde.engine, write=False) as session:
                found = order.ids(session, request, ListQuery("", "technicien", down, limite))
            assert found == right[:limite], (pack, title, down, limite)
            if pack == 512 and monde.engine.dialect.name == "sqlite":
                # What sorts all of them ranks every name first.
                assert not any("dense_rank" in one for one in asked), (title, down, limite)


def test_what_is_due_before_a_day_is_read_from_the_calls_before_it(monde: Monde) -> None:
    """And from the few that were due before they were called. All sorted, newest first, a million took 260 ms."""
    rows = due_in_march(monde)
    with transaction(monde.engine) as session:
        april = datetime(2026, 4, 1, 9, tzinfo=UTC)
        session.execute(sa.update(Intervention).where(Intervention.id.in_(rows[1:3])).values(date_creation=april))
        session.execute(sa.update(Intervention).where(Intervention.id == rows[2]).values(date_limite=april))
    by_call = strata.Among(due_before=datetime(2026, 4, 15, tzinfo=UTC))
    for tri, down in itertools.product(("", "date_creation", "statut", "priorite", "sla"), (False, True)):
        query = ListQuery("avant:14/04/2026", tri, down)
        with transaction(monde.engine, write=False) as session:
            parts = strata.order(session, query, by_call)
            assert not isinstance(parts, places.Names)
            limited = [str(one.where) for one in parts if any(key is Intervention.date_creation for key in one.keys)]
            assert limited or tri == "sla"
            assert all("date_creation < " in where or "date_creation >= " in where for where in limited), limited
        whole = chercher(monde, query.texte, tri=tri, descendant=down)
        assert sorted(whole) == sorted({*rows[::3], rows[2]}), (tri, down)
        for limite in (1, 3, 9):
            found = chercher(monde, query.texte, tri=tri, descendant=down, limite=limite)
            assert found == whole[:limite], (tri, down, limite)


def test_what_was_called_since_a_day_is_read_from_what_is_due_after_it(monde: Monde) -> None:
    """And from the few that were due before they were called. Among a million the default order took 27 ms."""
    rows = due_in_march(monde)
    april, may = datetime(2026, 4, 1, 9, tzinfo=UTC), datetime(2026, 5, 4, 9, tzinfo=UTC)
    with transaction(monde.engine) as session:
        session.execute(sa.update(Intervention).values(date_creation=may))
        session.execute(sa.update(Intervention).where(Intervention.id.in_(rows[4:6])).values(date_creation=april))
        session.execute(sa.update(Intervention).where(Intervention.id.in_(rows[1:3])).values(date_limite=april))
        dated = {
            row.id: row.date_limite for row in session.scalars(sa.select(Intervention)) if row.id not in rows[4:6]
        }
    since = strata.Among(called_since=datetime(2026, 5, 1, tzinfo=UTC))
    for tri, down in itertools.product(("sla", "date_limite"), (False, True)):
        query = ListQuery("cree_depuis:01/05/2026", tri, down)
        with transaction(monde.engine, write=False) as session:
            parts = strata.order(session, query, since)
            assert not isinstance(parts, places.Names)
            limited = [str(one.where) for one in parts if any(key is Intervention.date_limite for key in one.keys)]
        assert len(limited) == 2
        assert all("date_limite < " in where or "date_limite >= " in where for where in limited), limited
        whole = chercher(monde, query.texte, tri=tri, descendant=down)
        assert sorted(whole) == sorted(dated), (tri, down)
        if tri == "date_limite":
            some = [one for one in dated if dated[one]]
            assert whole[: len(some)] == sorted(some, key=lambda one: (dated[one], one), reverse=down), down
        for limite in (1, 2, 3, 9):
            found = chercher(monde, query.texte, tri=tri, descendant=down, limite=limite)
            assert found == whole[:limite], (tri, down, limite)


def test_what_is_to_be_done_is_sorted_by_itself(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten years of closed work stand before it in some orders: `sla:depasse` by priority took 4.2 s at a centre."""
    texts = ("statut:ouverte,en_attente", "sla:depasse", "planifiee:a_planifier", "technicien:karim sla:depasse",
             "priorite:haute statut:ouverte", "etau statut:ouverte", "type:corrective sla:depasse")  # fmt: skip
    for n in range(16):
        who, late = (monde.karim if n % 3 else None), clock.now() - timedelta(days=n)
        ident = creer(monde, titre=f"Étau {n}", priorite=("haute", "basse")[n % 2], technicien_id=who)
        if n % 4 == 0:
            passer(monde, ident, Statut.ANNULEE)
        due = {"date_limite": late, "date_planifiee": late if n % 5 else None}
        with transaction(monde.engine) as session:
            session.execute(sa.update(Intervention).where(Intervention.id == ident).values(due))
    monkeypatch.setattr(which, "_RARES", 0)
    monkeypatch.setattr(which, "_VUES", ((0, (0, 0, 0)),))
    asked: list[tuple[str, Any]] = []
    sa.event.listen(monde.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    ways = (False, True) if monde.engine.dialect.name == "sqlite" else (False,)
    for text, tri, down in itertools.product(texts, ORDERS, ways):
        whole = chercher(monde, text, monde.siege, tri=tri, descendant=down)
        assert len(whole) > 2
        asked.clear()
        found, _shown = monde.faire(svc.page, monde.siege, ListQuery(text, tri, down, 2), 2)
        assert found == whole[:2], (text, tri, down)
        if monde.engine.dialect.name == "sqlite":
            steps = _plans(monde, asked)
            assert any("INDEX idx_intervention_a_faire (statut=?" in step for step in steps), (tri, steps)
            held = not {"etau", "type:corrective"} & set(text.split()) and tri != "titre"
            assert any("COVERING INDEX idx_intervention_a_faire" in step for step in steps) or not held, (tri, steps)
    # And met along the order's own index of it first, which has no other rows.
    monkeypatch.setattr(which, "_VUES", ((2048, (0, 0, 0)),))
    monkeypatch.setattr(leads, "_CLAIRSEMEES", -1)
    for text, tri, down in itertools.product(texts[:5], ("", *sorting.TO_DO), ways):
        whole = chercher(monde, text, monde.siege, tri=tri, descendant=down)
        asked.clear()
        found = chercher(monde, text, monde.siege, tri=tri, descendant=down, limite=2)
        assert found == whole[:2], (text, tri, down)
        if monde.engine.dialect.name == "sqlite":
            along = f"INDEX idx_intervention_a_faire_{tri or 'date_creation'}"
            steps = _plans(monde, asked)
            assert any(along in step for step in steps), (text, tri, steps)
            sorted_too = any("INDEX idx_intervention_a_faire (" in step for step in steps)
            assert not sorted_too or tri in strata.FAR, (text, tri, steps)


def _plans(monde: Monde, asked: list[tuple[str, Any]]) -> list[str]:
    """How SQLite carries out what was asked of interventions."""
    with monde.engine.connect() as connection:
        return [
            row[3]
            for one, values in asked[:]
            if "FROM interventions" in one
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values)
        ]


def test_a_statut_and_a_priority_are_told_by_their_index(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """What few have of both may be anywhere along an order: cancelled and low, newest first, 146 ms of a million."""
    for n in range(12):
        ident = creer(monde, titre=f"Étau {n}", priorite=("haute", "basse", "normale")[n % 3])
        if n % 2:
            passer(monde, ident, Statut.ANNULEE)
    monkeypatch.setattr(which, "_RARES", 0)
    monkeypatch.setattr(which, "_LOIN", 0)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(monde.engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    for text, least in (("statut:annulee priorite:basse", 2), ("statut:ouverte,annulee priorite:haute,basse", 8)):
        for tri, down, told in itertools.product(("", "statut", "titre", "client"), (False, True), (0, 40)):
            monkeypatch.setattr(which, "_VUES", ((0, (told, told, told)),))
            whole = chercher(monde, text, monde.siege, tri=tri, descendant=down)
            assert len(whole) == least
            asked.clear()
            found = chercher(monde, text, monde.siege, tri=tri, descendant=down, limite=2)
            assert found == whole[:2], (text, tri, down, told)
            if monde.engine.dialect.name == "sqlite" and told and strata.DAYS.get(tri) == "cree":
                one, values = next(pair for pair in reversed(asked) if "FROM interventions" in pair[0])
                with monde.engine.connect() as connection:
                    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values)]
                covering = "COVERING INDEX idx_intervention_statut_priorite (statut=? AND priorite=?)"
                assert any(step.endswith(covering) for step in plan), (tri, plan)
