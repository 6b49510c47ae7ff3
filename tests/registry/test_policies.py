"""What each column becomes when two sides changed it: the policies of the registry, one after the other."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.argent import LigneMontant, totaux
from erp_desktop.errors import UserError
from erp_desktop.models import Base
from erp_desktop.models.declare import noun, said
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import BY_NAME, TABLES, Kind
from erp_desktop.sync.inbox import conflicts
from erp_desktop.sync.watch.verify import verify
from tests.sync.lab import Device, Lab, T

WRITTEN_BY_PROGRAMS = {
    ("historiques_interventions", "action"), ("historiques_interventions", "statut"), ("notifications", "contenu"),
    ("rapports_planifies", "dernier_resultat"), ("inventaires", "numero"), ("notifications", "objet_table"),
    ("notifications", "cle"), ("temps", "unite"), ("lignes_facture", "cle"),
    ("factures", "etape"),
}  # fmt: skip
"""Texts that nobody types and that are no closed lists."""


def _closed(table: str, column: str) -> bool:
    if (field := said(Base.metadata.tables[table].c[column])) is not None and field.values is not None:
        return True
    checks = Base.metadata.tables[table].constraints
    return any(isinstance(c, sa.CheckConstraint) and str(c.sqltext).startswith(f"{column} IN (") for c in checks)


def test_the_loser_of_every_typed_text_is_asked() -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in TABLES
        if table.device_writes and not table.append_only
        for column in table.columns
        if column.kind is Kind.TEXT
        and not column.asks
        and column.policy is not Policy.CENTRE_SEUL
        and (table.name, column.name) not in WRITTEN_BY_PROGRAMS
        and not _closed(table.name, column.name)
    ]
    assert silent == []


def test_the_columns_of_one_rule_of_the_database_are_decided_together() -> None:
    """Merged apart, two values that were right on their own side would break it and park the unit."""
    apart = []
    for table in TABLES:
        if table.append_only or not table.device_writes:
            continue
        for check in Base.metadata.tables[table.name].constraints:
            if not isinstance(check, sa.CheckConstraint):
                continue
            words = set(sa.text(str(check.sqltext)).text.replace("(", " ").replace(")", " ").split())
            named = [c for c in table.columns if c.name in words]
            if len(named) > 1 and len({c.group.name if c.group else c.name for c in named}) > 1:
                apart.append((table.name, str(check.name)))
    assert apart == []


def test_nouns_name_columns_that_exist_and_that_nothing_else_decides() -> None:
    for name, table in BY_NAME.items():
        mapped = Base.metadata.tables[name]
        declared = noun(mapped)
        assert declared is not None
        alone = [c.name for c in mapped.columns if (field := said(c)) is not None and field.policy is not None]
        told = [*alone, *(c for g in declared.groups for c in g.columns)]
        assert len(told) == len(set(told)), name
        references = {r.column for r in table.references}
        assert {*declared.follows, *filter(None, [declared.root])} <= references, name
        named = {*told, *declared.key, *declared.known_by, *filter(None, [declared.name])}
        assert named <= set(table.names), name
        assert all(g.name in g.columns if g.name in table.names else g.label for g in declared.groups), name


@pytest.fixture
def two(lab: Lab) -> tuple[Device, Device, int]:
    return lab.device(), lab.device(), lab.ids("interventions")[0]


def settled(lab: Lab) -> None:
    lab.settle()
    lab.converged()


def test_a_plan_is_one_thing(lab: Lab, two: tuple[Device, Device, int]) -> None:
    """A's date and B's technicien would be a plan that nobody made."""
    a, b, pk = two
    technicien = lab.ids("techniciens")[0]
    a.set("interventions", pk, date_planifiee="2026-12-01T08:00:00.000000Z", zone_planifiee="Africa/Casablanca")
    b.set("interventions", pk, technicien_id=technicien, titre="Fuite du vérin")
    a.sync()
    assert (b.sync().conflicts, lab.sql("SELECT raison FROM sync.gares")) == (1, [])
    settled(lab)
    plan = "SELECT technicien_id, date_planifiee IS NULL, titre FROM interventions WHERE id = %s"
    assert lab.sql(plan, pk) == [(None, False, "Fuite du vérin")]
    before = {"technicien_id": None, "date_planifiee": None, "zone_planifiee": None, "duree_estimee": None}
    theirs = before | {"date_planifiee": "2026-12-01T08:00:00.000000Z", "zone_planifiee": "Africa/Casablanca"}
    assert b.conflicts() == [("interventions", pk, "plan", before, before | {"technicien_id": technicien}, theirs)]
    assert b.sql("SELECT politique, a_decider FROM sync_conflits") == [("groupe", 1)]
    assert a.conflicts() == []


def test_a_plan_half_of_which_waits_is_shown_whole(lab: Lab, two: tuple[Device, Device, int]) -> None:
    """A pull never mixes the centre's half into a plan that is still to be sent."""
    a, b, pk = two
    technicien = lab.ids("techniciens")[0]
    a.set("interventions", pk, technicien_id=technicien)
    a.sync()
    b.sync()
    b.set("interventions", pk, titre="Autre")
    assert b.syncer.outbox.next_batch(5_000) is not None
    # Typed while that batch waits: the pull that comes with its answer meets half a plan.
    b.set("interventions", pk, date_planifiee="2026-12-02T08:00:00.000000Z")
    a.set("interventions", pk, technicien_id=None)
    a.sync()
    settled(lab)
    assert lab.sql("SELECT technicien_id, date_planifiee FROM interventions WHERE id = %s", pk) == [(None, None)]
    assert [c[2] for c in b.conflicts()] == ["plan"]
    assert b.conflicts()[0][4]["technicien_id"] == technicien


@pytest.mark.parametrize("keep", ["mine", "theirs", None])
def test_one_choice_decides_a_group_and_is_taken_back_whole(
    lab: Lab, two: tuple[Device, Device, int], keep: conflicts.Keep | None
) -> None:
    a, b, pk = two
    a.set("interventions", pk, duree_estimee=60, date_planifiee="2026-12-01T08:00:00.000000Z")
    b.set("interventions", pk, duree_estimee=30, zone_planifiee="Africa/Casablanca")
    a.sync()
    settled(lab)
    number, mine, theirs = b.sql("SELECT id, mien, leur FROM sync_conflits")[0]
    mine, theirs = json.loads(mine), json.loads(theirs)
    value = None if keep else {**mine, **theirs, "zone_planifiee": "UTC"}
    with transaction(b.engine) as session:
        if value is not None:
            with pytest.raises(UserError, match="ensemble"):
                conflicts.resolve(session, number, None, {"duree_estimee": 5})
        conflicts.resolve(session, number, keep, value)
    settled(lab)
    wanted = {"mine": mine, "theirs": theirs}.get(keep or "", value)
    plan = f"SELECT {', '.join(mine)} FROM interventions WHERE id = ?"
    assert a.sql(plan, pk) == [tuple(wanted[c] for c in mine)]
    with transaction(b.engine) as session:
        conflicts.undo(session, number)
    settled(lab)
    assert a.sql(plan, pk) == [tuple(theirs[c] for c in mine)]


def test_urgent_and_its_priority_are_one_thing(lab: Lab, two: tuple[Device, Device, int]) -> None:
    """Apart they broke the database's rule, and all else of the unit was parked with them."""
    a, b, pk = two
    a.set("interventions", pk, priorite="urgente", urgence=1)
    b.set("interventions", pk, priorite="basse", titre="Sans urgence")
    a.sync()
    settled(lab)
    assert b.parked() == []
    assert lab.sql("SELECT priorite, urgence, titre FROM interventions WHERE id = %s", pk) == [
        ("urgente", True, "Sans urgence")
    ]
    assert [c[2] for c in b.conflicts()] == ["priorite"]


def test_the_stamps_of_the_work_go_with_the_statut_that_goes_further(
    lab: Lab, two: tuple[Device, Device, int]
) -> None:
    a, b, pk = two
    lab.set("interventions", pk, technicien_id=lab.ids("techniciens")[0], diagnostic="Joint usé")
    settled(lab)
    for device, begun in ((a, "09:00"), (b, "09:05")):
        device.set("interventions", pk, statut="affectee")
        device.set("interventions", pk, statut="en_cours", date_debut_travaux=f"2026-11-20T{begun}:00.000000Z")
    b.set("interventions", pk, statut="cloturee", date_fin_travaux="2026-11-20T10:00:00.000000Z", duree_reelle=55)
    a.sync()
    settled(lab)
    assert lab.sql(
        "SELECT statut, duree_reelle, date_fin_travaux - date_debut_travaux = '55 min' FROM interventions "
        "WHERE id = %s", pk
    ) == [("cloturee", 55, True)]  # fmt: skip
    assert a.conflicts() == b.conflicts() == []


def test_a_batch_of_the_protocol_before_is_told_field_by_field(lab: Lab) -> None:
    """A program of before knows no groups: its half is decided as its own, and its inbox reads single fields."""
    a = lab.device()
    pk = lab.ids("interventions")[0]
    lab.set("interventions", pk, duree_estimee=60, zone_planifiee="UTC")
    lot = {
        "n": 1, "i": {}, "d": {}, "r": [],
        "m": {"interventions": [{"c": ["duree_estimee", "zone_planifiee"],
                                 "r": [[0, None, pk, 1, None, 30, None, "Africa/Casablanca"]]}]},
    }  # fmt: skip
    with a.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT sync.pousser(%s::jsonb, 1, 'a')", (json.dumps(lot),))
        told = cursor.fetchone()[0]["conflits"]
    assert [(c[3], c[4], c[6], c[7], c[10]) for c in told] == [
        ("duree_estimee", "ask", 30, 60, True), ("zone_planifiee", "ask", "Africa/Casablanca", "UTC", True)
    ]  # fmt: skip


def invoice(device: Device, *, numero: str = "PROV-1", statut: str = "brouillon", total: str = "999.00") -> int:
    client = device.value("SELECT min(id) FROM clients")
    sql = (
        "INSERT INTO factures (numero, statut, client_id, total_ht, total_ttc, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    device.sql(sql, numero, statut, client, total, total, T, T)
    return int(device.value("SELECT id FROM factures WHERE numero = ?", numero))


def bill(device: Device, facture: int, quantite: str, prix: str, taux: str = "20.00") -> None:
    device.sql(
        "INSERT INTO lignes_facture (facture_id, designation, quantite, prix_unitaire, taux_tva, created_at, "
        "updated_at) VALUES (?, 'Joint', ?, ?, ?, ?, ?)", facture, quantite, prix, taux, T, T,
    )  # fmt: skip


TOTALS = "SELECT total_ht, total_tva, total_ttc FROM factures WHERE id = "


def test_the_totals_of_a_draft_are_those_of_its_lines_on_every_side(lab: Lab) -> None:
    a, b = lab.device(), lab.device()
    pk = invoice(a)
    assert a.sql(TOTALS + "?", pk) == [("0.00", "0.00", "0.00")], "nobody types a total"
    bill(a, pk, "2.000", "15.25")
    settled(lab)
    bill(a, pk, "1.005", "0.10", "10.00")
    bill(b, pk, "3.000", "33.33", "7.00")
    b.sql("UPDATE factures SET notes = 'urgent', total_ht = '1.00' WHERE id = ?", pk)
    # Half a centime goes up; each side shows its own lines until the lines meet.
    assert a.sql(TOTALS + "?", pk) == [("30.60", "6.11", "36.71")]
    assert b.sql(TOTALS + "?", pk) == [("130.49", "13.10", "143.59")]
    settled(lab)
    assert lab.sql(f"SELECT total_ht::text, total_tva::text, total_ttc::text FROM factures WHERE id = {pk}") == [
        ("130.59", "13.11", "143.70")
    ]
    assert a.conflicts() == b.conflicts() == []
    a.sql("DELETE FROM lignes_facture")
    lab.sql("UPDATE factures SET total_ht = 5, notes = 'au centre' WHERE id = %s", pk)
    settled(lab)
    assert b.sql(TOTALS + "?", pk) == [("0.00", "0.00", "0.00")]


def test_a_total_of_lines_that_wait_is_no_difference(lab: Lab) -> None:
    a = lab.device()
    first, second = invoice(a), invoice(a, numero="PROV-2")
    bill(a, first, "2.000", "15.25")
    bill(a, second, "2.000", "15.25")
    settled(lab)
    bill(a, first, "1.000", "5.00")
    a.sql("DELETE FROM lignes_facture WHERE facture_id = ?", second)
    shown = a.sql("SELECT id, total_ht FROM factures ORDER BY id")
    assert verify(a.syncer.cache, a.syncer.link).differences == {}
    assert a.sql("SELECT id, total_ht FROM factures ORDER BY id") == shown == [(first, "35.50"), (second, "0.00")]


@pytest.mark.parametrize(
    ("quantite", "prix", "taux"),
    [("-1.000", "0.25", "10.00"), ("-0.005", "1.00", "20.00"), ("0.335", "0.10", "14.00"), ("12", "1.5", "20"),
     ("99999.999", "9999.99", "20.00")],
)  # fmt: skip
def test_both_engines_round_as_the_domain_does(lab: Lab, quantite: str, prix: str, taux: str) -> None:
    a = lab.device()
    pk = invoice(a)
    bill(a, pk, quantite, prix, taux)
    wanted = totaux([LigneMontant(Decimal(quantite), Decimal(prix), Decimal(taux))])
    here = a.sql(TOTALS + "?", pk)
    settled(lab)
    assert here == a.sql(TOTALS + "?", pk) == [tuple(f"{t:.2f}" for t in (wanted.ht, wanted.tva, wanted.ttc))]


def test_a_validated_invoice_keeps_the_totals_that_it_was_validated_with(lab: Lab) -> None:
    a = lab.device()
    pk = invoice(a)
    bill(a, pk, "2.000", "15.25")
    settled(lab)
    lab.sql("UPDATE factures SET numero = 'FAC-2026-000001', statut = 'validee', total_tva = 6 WHERE id = %s", pk)
    settled(lab)
    assert a.sql(TOTALS + "?", pk) == [("30.50", "6.00", "36.60")]


def test_what_the_centre_alone_writes_is_refused_from_a_device(lab: Lab) -> None:
    a = lab.device()
    a.without_local_rules()
    pk = invoice(a)
    assert a.sync().parked == 0
    a.set("factures", pk, statut="a_transmettre")
    assert a.sync().parked == 0
    for numero, statut in (("FAC-2026-000001", "brouillon"), ("PROV-1", "validee")):
        a.set("factures", pk, numero=numero, statut=statut)
        a.sync()
        assert [g[1:] for g in a.parked()] == [("centre_seul", "Cette valeur n'est écrite que par le centre.")]
    born = invoice(a, numero="FAC-2026-000002")
    a.sync()
    assert sorted(g[1] for g in a.parked()) == ["centre_seul", "centre_seul"]
    assert lab.sql("SELECT numero, statut FROM factures") == [("PROV-1", "a_transmettre")]
    a.set("factures", pk, numero="PROV-1", statut="a_transmettre")
    a.set("factures", born, numero="PROV-2")
    settled(lab)
    lab.sql("UPDATE factures SET numero = 'FAC-2026-000001', statut = 'validee' WHERE id = %s", pk)
    a.sync()
    a.set("factures", pk, statut="brouillon")
    a.sync()
    assert lab.get("factures", pk, "statut") == "validee"
    assert [g[1] for g in a.parked()] == ["centre_seul"]
