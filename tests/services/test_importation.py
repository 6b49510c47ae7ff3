"""The import of real work orders, checked against plain Python over the same file."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter

from erp_desktop import clock
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
            sa.select(
                Intervention.cout_externe, Equipement.nom, Intervention.titre, Intervention.statut, Intervention.type,
                Intervention.numero, Intervention.date_creation, Intervention.travaux_realises,
            )
            .join(Equipement, Equipement.id == Intervention.equipement_id)
            .order_by(Intervention.id)
        ).all()  # fmt: skip
        audits = session.execute(sa.select(HistoriqueIntervention.action, HistoriqueIntervention.statut)).all()
        assert session.execute(sa.select(sa.func.count()).select_from(Client)).scalar_one() == 1
    cents = Decimal("0.01")
    assert sum(r[0] for r in rows) == sum(Decimal(r["Cost"]).quantize(cents) for r in wanted)
    assert Counter(r[1] for r in rows) == Counter(f"Excavatrice {r['Asset']}" for r in wanted)
    assert [r[2] for r in rows] == [" ".join(r["OriginalShorttext"].split())[:200] for r in wanted]
    assert [r[7] for r in rows] == [r[2] for r in rows]
    assert [r[6].date().isoformat() for r in rows] == [r["BscStartDate"] for r in wanted]
    assert [r[0] for r in rows] == [Decimal(r["Cost"]).quantize(cents) for r in wanted]
    assert {r[3] for r in rows} == {"cloturee"}
    preventives = sum(r["PMType"] == "PM02" for r in wanted)
    assert Counter(r[4] for r in rows) == {"preventive": preventives, "corrective": len(wanted) - preventives}
    par_annee = Counter(r["BscStartDate"][:4] for r in wanted)
    attendus = {f"INT-CAS-00-{annee}-{k:05d}" for annee, n in par_annee.items() for k in range(1, n + 1)}
    assert {r[5] for r in rows} == attendus
    assert Counter(tuple(a) for a in audits) == {("importation", "cloturee"): len(wanted)}


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
        if engine.dialect.name == "sqlite":
            # Work that is closed keeps its lines for everybody but who applies what the centre says.
            session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        session.execute(sa.text("DELETE FROM historiques_interventions"))
        session.execute(sa.text("DELETE FROM lignes_intervention"))
        session.execute(sa.text("DELETE FROM interventions"))
        session.execute(sa.text("DELETE FROM equipements"))
        session.execute(sa.text("DELETE FROM contrats"))
        session.execute(sa.text("DELETE FROM clients"))
        session.execute(sa.text("DELETE FROM techniciens"))
        session.execute(sa.text("DELETE FROM users"))
        if engine.dialect.name == "sqlite":
            session.execute(sa.text("UPDATE _sync_session SET muet = 0"))
        demo_data.generer(session, "CAS", 50, seed=3)
    assert sorted(titles()) == first


def test_numbers_go_on_after_imports_and_generations(engine: sa.Engine, agence: int) -> None:
    for _ in range(2):
        with transaction(engine) as session:
            demo_data.generer(session, "CAS", 120, seed=5)
    with transaction(engine, write=False) as session:
        numeros = list(session.scalars(sa.select(Intervention.numero)))
        ices = list(session.scalars(sa.select(Client.ice).where(Client.ice.is_not(None))))
        en_cours = list(
            session.scalars(sa.select(Intervention.technicien_id).where(Intervention.statut == "en_cours"))
        )
    assert len(set(numeros)) == 240
    assert len(set(ices)) == len(ices)
    assert len(set(en_cours)) == len(en_cours)


def test_generated_dates_are_in_order_and_past(engine: sa.Engine, agence: int) -> None:
    with transaction(engine) as session:
        demo_data.generer(session, "CAS", 600, seed=11)
    with transaction(engine, write=False) as session:
        maintenant = clock.now()
        for r in session.scalars(sa.select(Intervention)):
            dates = [r.date_creation, r.date_affectation, r.date_debut_travaux, r.date_fin_travaux, r.date_cloture]
            suite = [d for d in dates if d is not None]
            assert suite == sorted(suite), r.numero
            assert suite[-1] <= maintenant
            assert r.date_limite is not None
            assert r.date_limite >= r.date_creation


def test_costs_that_are_no_figures_and_long_names_are_refused(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    fichier = tmp_path / "x.csv"
    fichier.write_text(
        "BscStartDate,Asset,OriginalShorttext,PMType,Cost\n"
        "2004-07-01,A,a,PM01,NaN\n2004-07-01,A,b,PM01,1e30\n2004-07-01," + "A" * 31 + ",c,PM01,1\n"
        '01/07/2004,A,d,PM01,"1 234,50"\n',
        encoding="utf-8",
    )  # fmt: skip
    with transaction(engine, write=False) as session:
        bilan = importation.importer_interventions(session, fichier, "CAS", profil="excavators", essai=True)
        with pytest.raises(UserError, match="Profil inconnu"):
            importation.importer_interventions(session, fichier, "CAS", profil="x")
    assert [r.ligne for r in bilan.refusees] == [2, 3, 4]


def test_a_workbook_reads_like_its_csv_and_finds_known_machines(
    engine: sa.Engine, agence: int, tmp_path: Path
) -> None:
    with transaction(engine) as session:
        client = Client(nom_entreprise="Atlas", agence_id=agence)
        session.add(client)
        session.flush()
        proprietaire = client.id
        session.add(Equipement(nom="Presse", code_interne="7", client_id=client.id, agence_id=agence))
    chemin = tmp_path / "classeur.xlsx"
    with xlsxwriter.Workbook(str(chemin)) as classeur:
        feuille = classeur.add_worksheet()
        feuille.write_row(0, 0, ["jour", "machine", "quoi", "prix"])
        feuille.write_datetime(1, 0, datetime(2025, 3, 4), classeur.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
        feuille.write_row(1, 1, [7, "Fuite", 12.5])
    paires = ["jour=date_creation", "machine=equipement", "quoi=titre", "prix=cout_externe"]
    with transaction(engine) as session:
        bilan = importation.importer_interventions(session, chemin, "CAS", paires=paires)
    assert (bilan.importees, bilan.equipements_crees) == (1, 0)
    with transaction(engine, write=False) as session:
        [ligne] = session.scalars(sa.select(Intervention))
        assert (ligne.client_id, ligne.cout_externe, ligne.numero) == (
            proprietaire, Decimal("12.50"), "INT-CAS-00-2025-00001",
        )  # fmt: skip
