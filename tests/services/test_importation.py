"""The import of real work orders, checked against plain Python over the same file."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.errors import UserError
from erp_desktop.models import Agence, Client, Equipement, HistoriqueIntervention, Intervention
from erp_desktop.services import demo_data, importation

FICHIER = Path(__file__).resolve().parents[1] / "data" / "excavators.csv"


@pytest.fixture
def agence(engine: sa.Engine) -> int:
    with transaction(engine) as session:
        row = Agence(code="CAS", nom="Casablanca")
        session.add(row)
        session.flush()
        return row.id


def test_every_real_work_order_arrives_with_its_cost_and_machine(engine: sa.Engine, agence: int) -> None:
    with FICHIER.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    with transaction(engine) as session:
        bilan = importation.importer_interventions(session, FICHIER, "CAS")
    assert bilan.importees == len(wanted) == 5485
    assert bilan.equipements_crees == 5
    assert bilan.remarques["coût négatif, gardé tel quel"] == sum(Decimal(r["Cost"] or 0) < 0 for r in wanted)
    with transaction(engine, write=False) as session:
        rows = session.execute(
            sa.select(Intervention.cout_externe, Equipement.nom, Intervention.titre, Intervention.statut)
            .join(Equipement, Equipement.id == Intervention.equipement_id)
            .order_by(Intervention.numero)
        ).all()
        assert session.execute(sa.select(sa.func.count()).select_from(Client)).scalar_one() == 1
    cents = Decimal("0.01")
    assert sum(r[0] for r in rows) == sum(Decimal(r["Cost"]).quantize(cents) for r in wanted)
    assert Counter(r[1] for r in rows) == Counter(f"Excavatrice {r['Asset']}" for r in wanted)
    assert [r[2] for r in rows[:200]] == [" ".join(r["OriginalShorttext"].split())[:200] for r in wanted[:200]]
    assert {r[3] for r in rows} == {"cloturee"}


def test_importing_again_reuses_the_machines_and_never_a_number(
    engine: sa.Engine, agence: int, tmp_path: Path
) -> None:
    small = tmp_path / "petit.csv"
    small.write_text("".join(FICHIER.read_text(encoding="utf-8").splitlines(keepends=True)[:30]), encoding="utf-8")
    for _ in range(2):
        with transaction(engine) as session:
            last = importation.importer_interventions(session, small, "CAS")
    assert last.equipements_crees == 0
    with transaction(engine, write=False) as session:
        numeros = list(session.execute(sa.select(Intervention.numero)).scalars())
    assert len(numeros) == len(set(numeros)) == 58


def test_a_dry_run_lists_bad_lines_and_writes_nothing(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    bad = tmp_path / "mauvais.csv"
    bad.write_text(
        "BscStartDate,Asset,OriginalShorttext,PMType,Cost\n"
        "2004-07-01,A,BUCKET WON'T OPEN,PM01,183.05\n"
        "pas-une-date,A,X,PM01,1\n"
        "2004-07-02,,Y,PM01,1\n"
        "2004-07-03,B,Z,PM01,beaucoup\n"
        "2004-07-04,B,W,réparer,1\n",
        encoding="utf-8",
    )
    with transaction(engine, write=False) as session:
        bilan = importation.importer_interventions(session, bad, "CAS", essai=True)
    assert [(r.ligne, r.raison.split(" «")[0]) for r in bilan.refusees] == [
        (3, "date illisible"), (4, "équipement absent"), (5, "coût illisible"), (6, "type inconnu"),
    ]  # fmt: skip
    with pytest.raises(importation.ImportRefuse, match="4 lignes refusées"), transaction(engine) as session:
        importation.importer_interventions(session, bad, "CAS")
    with transaction(engine, write=False) as session:
        for table in (Intervention, Equipement, Client):
            assert session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


def test_a_mapping_names_other_columns(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    other = tmp_path / "autre.csv"
    other.write_text("jour;machine;quoi\n2025-01-02;P7;Fuite\n", encoding="utf-8-sig")
    pairs = ["jour=date_creation", "machine=equipement", "quoi=titre"]
    with transaction(engine) as session:
        assert importation.importer_interventions(session, other, "CAS", paires=pairs).importees == 1
    with transaction(engine, write=False) as session, pytest.raises(UserError, match="Champ inconnu"):
        importation.importer_interventions(session, other, "CAS", paires=["jour=couleur"])
    with transaction(engine, write=False) as session, pytest.raises(UserError, match="Aucune colonne"):
        importation.importer_interventions(session, other, "CAS")


def test_generated_offices_agree_with_themselves(engine: sa.Engine, agence: int) -> None:
    with transaction(engine) as session:
        made = demo_data.generer(session, "CAS", 400, seed=7)
    assert made.interventions == 400
    with transaction(engine, write=False) as session:
        rows = session.execute(sa.select(Intervention)).scalars().all()
        audits = session.execute(
            sa.select(HistoriqueIntervention.intervention_id, HistoriqueIntervention.statut).order_by(
                HistoriqueIntervention.horodatage, HistoriqueIntervention.id
            )
        ).all()
        last = {a.intervention_id: a.statut for a in audits}
        for row in rows:
            assert last[row.id] == row.statut
            assert (row.technicien_id is None) == (row.statut in {"ouverte", "annulee"})
            assert (row.date_fin_travaux is None) == (row.statut not in {"cloturee", "archivee"})
            assert row.date_debut_travaux is None or row.date_debut_travaux >= row.date_creation
        assert len({r.numero for r in rows}) == 400


def test_the_same_seed_makes_the_same_office(engine: sa.Engine, agence: int) -> None:
    def titles() -> list[tuple[str, str]]:
        with transaction(engine, write=False) as session:
            return [(r.titre, r.statut) for r in session.execute(sa.select(Intervention.titre, Intervention.statut))]

    with transaction(engine) as session:
        demo_data.generer(session, "CAS", 50, seed=3)
    first = sorted(titles())
    with transaction(engine) as session:
        session.execute(sa.text("DELETE FROM historiques_interventions"))
        session.execute(sa.text("DELETE FROM lignes_intervention"))
        session.execute(sa.text("DELETE FROM interventions"))
        session.execute(sa.text("DELETE FROM equipements"))
        session.execute(sa.text("DELETE FROM contrats"))
        session.execute(sa.text("DELETE FROM clients"))
        session.execute(sa.text("DELETE FROM techniciens"))
        session.execute(sa.text("DELETE FROM users"))
        demo_data.generer(session, "CAS", 50, seed=3)
    assert sorted(titles()) == first
