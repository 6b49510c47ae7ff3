"""Import of each table of the trade, and of what this program exported."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa
import xlsxwriter
from typer.testing import CliRunner

from erp_desktop.cli.data import app
from erp_desktop.db import ids
from erp_desktop.db.session import transaction
from erp_desktop.models import (
    Base,
    Client,
    Contrat,
    Depot,
    Equipement,
    Intervention,
    LigneIntervention,
    MouvementStock,
    PieceDetachee,
    Technicien,
)
from erp_desktop.services.importation import tables as importation_tables
from tests.services.branch import Monde
from tests.services.importation.table_files import ICE, importer, refus


def test_equipements_find_their_client_contract_and_parent(monde: Monde, tmp_path: Path) -> None:
    importer(monde, tmp_path, "clients", ["nom_entreprise;ice", f"Huileries Sinaï;{ICE}"])
    importer(monde, tmp_path, "equipements", [
        "code_interne;nom;client;contrat;parent;date_mise_en_service;statut",
        "P-3;Roulement;Conserveries Atlas;;P-2;;",
        "P-2;Moteur;Conserveries Atlas;CTR-2025-0117;SR-03;31/12/2024;Panne",
        f"H-1;Presse;{ICE[:3]} {ICE[3:]};;;2025-02-01;Opérationnel",
    ])  # fmt: skip
    e = {
        r.code_interne: r
        for r in monde.lire(
            sa.select(
                Equipement.code_interne, Equipement.id, Equipement.client_id, Equipement.contrat_id,
                Equipement.parent_id, Equipement.date_mise_en_service, Equipement.statut,
            )
        )
    }  # fmt: skip
    assert e["P-3"].parent_id == e["P-2"].id
    assert (e["P-2"].parent_id, e["P-2"].contrat_id) == (monde.equipement, monde.contrat)
    assert (e["P-2"].date_mise_en_service, e["P-2"].statut) == (date(2024, 12, 31), "panne")
    assert (e["H-1"].date_mise_en_service, e["H-1"].statut) == (date(2025, 2, 1), "operationnel")
    owner = monde.lire(sa.select(Client.id).where(Client.ice == ICE))[0][0]
    assert e["H-1"].client_id == owner
    assert e["P-3"].client_id == monde.client


def test_references_stay_in_the_agency_and_agree(monde: Monde, tmp_path: Path) -> None:
    monde.executer("UPDATE clients SET nom_entreprise = 'Homonyme' WHERE id = :i", i=monde.client)
    with transaction(monde.engine) as session:
        session.add(Client(nom_entreprise="Homonyme", ice=ICE, agence_id=monde.cas))
    pris = dict(refus(monde, tmp_path, "equipements", [
        "code_interne;nom;client;client_id;contrat;parent;date_mise_en_service",
        "A;a;Céramiques du Sud;;;;",
        "B;b;Homonyme;;;;",
        f"C;c;{ICE};;CTR-2025-0117;;",
        f"D;d;;{monde.client_rab};;;",
        f"E;e;;{monde.client};;F;",
        f"F;f;;{monde.client};;E;",
        f"SR-03;g;;{monde.client};;;",
        f"H;h;;{monde.client};;;30/02/2025",
        f"I;i;{ICE};;;SR-04;",
        f"J;j;{ICE};;;SR-05;",
        f"SR-05;k;;{monde.client};;;",
    ]))  # fmt: skip
    assert pris == {
        2: "client introuvable dans cette agence : « Céramiques du Sud »",
        3: "client « Homonyme » en désigne plusieurs : donnez client_id",
        4: "ce contrat est celui d'un autre client",
        5: f"client introuvable dans cette agence : « {monde.client_rab} »",
        6: "un équipement ne peut pas faire partie de lui-même",
        7: "un équipement ne peut pas faire partie de lui-même",
        8: "code_interne « SR-03 » est déjà dans la base",
        9: "date_mise_en_service : date illisible « 30/02/2025 »",
        10: "parent introuvable dans cette agence : « SR-04 »",
        11: "son parent appartient à un autre client",
    }


def test_contracts_parts_stores_and_movements(monde: Monde, tmp_path: Path) -> None:
    importer(monde, tmp_path, "contrats", [
        "numero_contrat,client,type_contrat,statut,date_debut,date_fin,montant_annuel,temps_reponse_urgence",
        'CTR-9,Conserveries Atlas,Contrat-cadre,en cours,01/01/2025,31/12/2025,"120 000,50",4',
    ])  # fmt: skip
    row = monde.lire(
        sa.select(Contrat.type_contrat, Contrat.statut, Contrat.date_fin, Contrat.montant_annuel,
                  Contrat.temps_reponse_urgence, Contrat.mode_facturation).where(Contrat.numero_contrat == "CTR-9")
    )[0]  # fmt: skip
    assert tuple(row) == ("contrat_cadre", "en_cours", date(2025, 12, 31), Decimal("120000.50"), 4, "mensuel")
    pris = refus(monde, tmp_path, "contrats", [
        "numero_contrat;client;type_contrat;date_debut;date_fin;montant_annuel;heures_incluses",
        "X;Conserveries Atlas;contrat_cadre;2025-02-01;2025-01-01;;",
        "Y;Conserveries Atlas;contrat_cadre;2025-02-01;;-5;",
        "Z;Conserveries Atlas;contrat_cadre;2025-02-01;;99999999999;2,5",
    ])  # fmt: skip
    assert pris == [
        (2, "date_fin : Le contrat finit avant de commencer"),
        (3, "montant_annuel : Doit être au moins 0"),
        (4, "montant_annuel : nombre trop grand : 99999999999 ; "
            "heures_incluses : nombre entier attendu, « 2,5 » trouvé"),
    ]  # fmt: skip

    importer(monde, tmp_path, "pieces_detachees", ["reference;designation;stock_minimum", "6205-2RS;Roulement;2,5"])
    importer(monde, tmp_path, "depots", ["nom;type_depot;technicien", "Magasin;agence;", "Fourgon;véhicule;T-01"])
    importer(monde, tmp_path, "mouvements_stock", [
        "piece;depot;type_mouvement;quantite;horodatage",
        "6205-2RS;Magasin;entrée;12;2025-07-01T08:00:00Z",
        "6205-2RS;Fourgon;sortie;-1,5;01/07/2025 10:30",
    ])  # fmt: skip
    assert monde.lire(sa.select(PieceDetachee.stock_minimum))[0][0] == Decimal("2.500")
    depots = monde.lire(sa.select(Depot.nom, Depot.technicien_id, Depot.type_depot).order_by(Depot.id))
    assert [tuple(d) for d in depots] == [("Magasin", None, "agence"), ("Fourgon", monde.karim, "vehicule")]
    moves = monde.lire(
        sa.select(MouvementStock.quantite, MouvementStock.horodatage, MouvementStock.agence_id).order_by(
            MouvementStock.id
        )
    )
    assert [tuple(m) for m in moves] == [
        (Decimal("12.000"), datetime(2025, 7, 1, 8, tzinfo=UTC), monde.cas),
        # Morocco was one hour ahead of UTC that summer.
        (Decimal("-1.500"), datetime(2025, 7, 1, 9, 30, tzinfo=UTC), monde.cas),
    ]
    pris = refus(monde, tmp_path, "mouvements_stock", [
        "piece;depot;type_mouvement;quantite;horodatage",
        "6205-2RS;Magasin;sortie;3;2025-07-01",
        "6205;Magasin;entree;3;hier",
    ])  # fmt: skip
    assert pris[0][1].startswith("quantite : positive pour une entrée")
    assert pris[1][1] == "horodatage : date illisible « hier » ; piece introuvable dans cette agence : « 6205 »"
    assert "déjà dans la base" in refus(monde, tmp_path, "depots", ["nom;type_depot", "Magasin;agence"])[0][1]
    assert importer(monde, tmp_path, "depots", ["nom;type_depot", "Magasin;agence"], "RAB").importees == 1


def test_lines_and_techniciens(monde: Monde, tmp_path: Path) -> None:
    with transaction(monde.engine) as session:
        for numero, statut in (("CAS-1", "cloturee"), ("CAS-2", "annulee")):
            session.add(
                Intervention(
                    numero=numero, titre="Fuite", statut=statut, agence_id=monde.cas, client_id=monde.client,
                    equipement_id=monde.equipement, date_creation=datetime(2025, 1, 1, tzinfo=UTC),
                )
            )  # fmt: skip
    entete = "intervention;type_ligne;designation;quantite;prix_unitaire;taux_tva"
    importer(monde, tmp_path, "lignes_intervention", [entete, "CAS-1;main_œuvre;Dépose;1,5;200,00;20"])
    row = monde.lire(
        sa.select(LigneIntervention.type_ligne, LigneIntervention.quantite, LigneIntervention.agence_id)
    )[0]
    assert tuple(row) == ("main_oeuvre", Decimal("1.500"), monde.cas)
    pris = dict(refus(monde, tmp_path, "lignes_intervention", [
        entete, "CAS-2;autre;X;1;1;20", "CAS-1;autre;X;0;1;20", "CAS-1;autre;X;1;1;120",
    ]))  # fmt: skip
    assert pris[2].startswith("cette intervention est annulée")
    assert pris[3] == "quantite : Doit être supérieur à 0"
    assert pris[4] == "taux_tva : Doit être au plus 100"

    pris = dict(refus(monde, tmp_path, "techniciens", [
        "user;numero_badge", "salma.bennis;T-03", "karim.alaoui;T-04", "inconnu;T-05",
    ]))  # fmt: skip
    assert pris == {
        2: "ce compte n'a pas le rôle technicien",
        3: "user_id « karim.alaoui » est déjà dans la base",
        4: "user introuvable dans cette agence : « inconnu »",
    }
    monde.executer("DELETE FROM techniciens")
    lignes = ["user;numero_badge;niveau;astreinte", "karim.alaoui@exemple.ma;T-04;Débutant;VRAI"]
    assert importer(monde, tmp_path, "techniciens", lignes).importees == 1
    row = monde.lire(sa.select(Technicien.user_id, Technicien.niveau, Technicien.astreinte))[0]
    assert tuple(row) == (monde.technicien.user_id, "debutant", True)


def test_the_same_file_twice_never_doubles_what_has_no_key(monde: Monde, tmp_path: Path) -> None:
    importer(monde, tmp_path, "pieces_detachees", ["reference;designation", "SKF;Roulement"])
    importer(monde, tmp_path, "depots", ["nom;type_depot", "Magasin;agence"])
    with transaction(monde.engine) as session:
        session.add(
            Intervention(
                numero="CAS-1", titre="Fuite", statut="cloturee", agence_id=monde.cas, client_id=monde.client,
                equipement_id=monde.equipement, date_creation=datetime(2025, 1, 1, tzinfo=UTC),
            )
        )  # fmt: skip
    files = {
        "mouvements_stock": (
            "piece;depot;type_mouvement;quantite;horodatage", "SKF;Magasin;entrée;12;2025-07-01T08:00:00Z",
            "SKF;Magasin;entrée;12;02/07/2025", "SKF;Magasin;sortie;-3;02/07/2025",
        ),
        "lignes_intervention": (
            "intervention;type_ligne;designation;quantite;prix_unitaire;taux_tva", "CAS-1;piece;Joint;1,5;20;20",
            "CAS-1;main_œuvre;Dépose;2;200;20", "CAS-1;piece;Joint;1;20;20",
        ),
        "plannings": (
            "equipement;modele_titre;frequence;date_debut", "SR-03;Graissage;mensuel;05/01/2026",
            "SR-03;Graissage;annuel;05/01/2026", "SR-03;Contrôle;mensuel;05/01/2026",
        ),
    }  # fmt: skip
    for table, (head, first, second, new) in files.items():
        model = Base.metadata.tables[table]
        # Said twice in one file, it is two rows.
        assert importer(monde, tmp_path, table, [head, first, second, second]).importees == 3
        told = [(n, "cette ligne est déjà dans la base") for n in (2, 3, 4)]
        assert refus(monde, tmp_path, table, [head, first, second, second]) == told, table
        assert refus(monde, tmp_path, table, [head, new, second, second, second]) == [
            (n, told[0][1]) for n in (3, 4)
        ]  # fmt: skip
        assert importer(monde, tmp_path, table, [head, new]).importees == 1
        assert monde.lire(sa.select(sa.func.count()).select_from(model))[0][0] == 4, table
    assert monde.lire(sa.select(sa.func.sum(MouvementStock.quantite)))[0][0] == Decimal("33.000")


def test_an_export_comes_back_in_an_empty_agency(monde: Monde, cible: list[str], tmp_path: Path) -> None:
    importer(monde, tmp_path, "clients", [
        "nom_entreprise;ice;notes;telephone;ville", f'Huileries;{ICE};"a;b ""c""";05 22 40 18 76;\'=Fès\'',
    ])  # fmt: skip
    formule = "=cmd|'/c calc'!A0"
    monde.executer("UPDATE clients SET notes = :f, adresse = :a WHERE notes IS NULL", f=formule, a="'-1+2\n@x")
    importer(monde, tmp_path, "equipements", [
        "code_interne;nom;client;parent;is_active",
        f"H-2;Moteur;{ICE};H-1;non", f"H-1;Presse;{ICE};;oui", "S-1;Bras;Conserveries Atlas;SR-03;oui",
    ])  # fmt: skip
    monde.executer("DELETE FROM equipements WHERE agence_id = :a", a=monde.rab)
    monde.executer("DELETE FROM clients WHERE agence_id = :a", a=monde.rab)
    monde.executer("UPDATE equipements SET contrat_id = NULL")
    monde.executer("UPDATE contrats SET statut = 'brouillon'")
    monde.executer("DELETE FROM contrats")
    parent = sa.orm.aliased(Equipement)
    photo = (
        sa.select(
            Equipement.code_interne, Equipement.nom, Equipement.is_active, Equipement.statut, Client.nom_entreprise,
            Client.ice, Client.notes, Client.ville, Client.telephone, Client.adresse, parent.code_interne,
        )
        .join(Client, Client.id == Equipement.client_id)
        .outerjoin(parent, parent.id == Equipement.parent_id)
        .order_by(Equipement.code_interne)
    )  # fmt: skip
    avant = [tuple(r) for r in monde.lire(photo)]
    anciens = {r[0] for r in monde.lire(sa.select(Equipement.id))}
    assert len(avant) == 4
    for table in ("clients", "equipements"):
        done = CliRunner().invoke(app, ["export", table, str(tmp_path / f"{table}.csv"), *cible])
        assert done.exit_code == 0, done.output
    ecrit = (tmp_path / "clients.csv").read_text(encoding="utf-8-sig")
    assert {f"'{formule}", "'+212522401876", "'=Fès'", "''-1+2\n@x"} <= {
        cellule for rangee in csv.reader(io.StringIO(ecrit, newline=""), delimiter=";") for cellule in rangee
    }
    monde.executer("UPDATE equipements SET parent_id = NULL")
    monde.executer("DELETE FROM equipements")
    monde.executer("DELETE FROM clients")
    for table, combien in (("clients", 2), ("equipements", 4)):
        done = CliRunner().invoke(
            app, ["import", table, str(tmp_path / f"{table}.csv"), "--agence", "rab", "--json", *cible]
        )
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["importees"] == combien
    assert [tuple(r) for r in monde.lire(photo)] == avant
    rows = monde.lire(sa.select(Equipement.id, Equipement.agence_id))
    assert {r[1] for r in rows} == {monde.rab}
    assert not {r[0] for r in rows} & anciens


def test_a_workbook_and_many_rows(monde: Monde, tmp_path: Path) -> None:
    fichier = tmp_path / "pieces.xlsx"
    with xlsxwriter.Workbook(str(fichier)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["reference", "designation", "prix_unitaire", "is_active"])
        for n in range(1, 4502):
            sheet.write_row(n, 0, [100_000 + n, f"Pièce {n}", n + 0.25, n % 2 == 0])
    vus: list[tuple[int, int]] = []
    with transaction(monde.engine) as session:
        bilan = importation_tables.importer(
            session, "pieces_detachees", fichier, "CAS", progress=lambda fait, total: vus.append((fait, total))
        )
    assert bilan.importees == 4501
    assert vus == [(2000, 4501), (4000, 4501), (4501, 4501)]
    p = PieceDetachee
    rows = monde.lire(sa.select(p.id, p.reference, p.designation, p.prix_unitaire, p.is_active).order_by(p.id))
    assert [tuple(r)[1:] for r in rows] == [
        (str(100_000 + n), f"Pièce {n}", Decimal(n) + Decimal("0.25"), n % 2 == 0) for n in range(1, 4502)
    ]
    assert len({ids.decompose(r.id)[1] for r in rows}) == 1
    if monde.engine.dialect.name == "sqlite":
        captured = "SELECT count(*), count(DISTINCT groupe) FROM sync_outbox WHERE nom_table = 'pieces_detachees'"
        assert tuple(monde.lire(sa.text(captured))[0]) == (4501, 1)
