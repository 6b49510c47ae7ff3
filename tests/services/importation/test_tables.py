"""Import of the trade's tables: what a file says is what the database holds, or nothing is."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop.cli.data import app
from erp_desktop.domain.nombres import Convention
from erp_desktop.errors import UserError
from erp_desktop.models import (
    Client,
    Equipement,
    PieceDetachee,
)
from erp_desktop.services.importation.decisions import Decisions
from erp_desktop.services.importation.values import Ecriture
from tests.services.branch import Monde
from tests.services.importation.table_files import ICE, importer, refus


def compter(monde: Monde, modele: type[Any]) -> int:
    return int(monde.lire(sa.select(sa.func.count()).select_from(modele))[0][0])


def test_clients_keep_their_leading_zeros_and_take_defaults(monde: Monde, tmp_path: Path) -> None:
    bilan = importer(monde, tmp_path, "clients", [
        "Nom entreprise;ICE;Téléphone;type_client;is_active;ville",
        f"Huileries Sinaï;{ICE};05 22 40 18 76;Collectivité;non;Meknès",
        "Atelier Zaër;;;;;",
    ])  # fmt: skip
    assert (bilan.lignes, bilan.importees, bilan.refusees) == (2, 2, [])
    rows = monde.lire(
        sa.select(
            Client.nom_entreprise, Client.ice, Client.telephone, Client.type_client, Client.is_active,
            Client.niveau_service, Client.agence_id, Client.ville,
        ).where(Client.nom_entreprise.in_(["Huileries Sinaï", "Atelier Zaër"])).order_by(Client.id)
    )  # fmt: skip
    assert [tuple(r) for r in rows] == [
        ("Huileries Sinaï", ICE, "+212522401876", "collectivite", False, "standard", monde.cas, "Meknès"),
        ("Atelier Zaër", None, None, "entreprise", True, "standard", monde.cas, None),
    ]


def test_every_bad_line_is_named_and_nothing_is_written(monde: Monde, tmp_path: Path) -> None:
    lignes = [
        "nom_entreprise;ice;type_client;is_active;ville",
        "Bon client;;entreprise;oui;Fès",
        ";;;;Rabat",
        f"{'x' * 201};;;;",
        "Trop court;123;;;",
        "Genre;;société;;",
        "Actif;;;peut-être;",
        f"Un;{ICE};;;",
        f"Deux;{ICE[:3]} {ICE[3:]};;;",
        "Conserveries Atlas;;;;",
        "Bon client;;;;",
    ]
    avant = compter(monde, Client)
    pris = refus(monde, tmp_path, "clients", lignes)
    assert [n for n, _ in pris] == [3, 4, 5, 6, 7, 9, 10, 11]
    raisons = dict(pris)
    assert raisons[3] == "nom_entreprise : valeur absente"
    assert raisons[4] == "nom_entreprise : 201 caractères, 200 au plus"
    assert raisons[5] == "ice : L'ICE compte 15 chiffres"
    assert raisons[6].startswith("type_client : valeur inconnue « société » (possibles : entreprise, collectivite")
    assert raisons[7] == "is_active : oui ou non attendu, « peut-être » trouvé"
    assert raisons[9] == f"ice « {ICE} » est déjà à la ligne 8"
    assert raisons[10] == "nom_entreprise « Conserveries Atlas » est déjà dans la base"
    assert raisons[11] == "nom_entreprise « Bon client » est déjà à la ligne 2"
    essai = importer(monde, tmp_path, "clients", lignes, essai=True)
    assert (essai.essai, essai.importees, len(essai.refusees)) == (True, 0, 8)
    assert compter(monde, Client) == avant
    essai = importer(monde, tmp_path, "clients", lignes[:2], essai=True)
    assert (essai.importees, compter(monde, Client)) == (1, avant)


def test_the_header_says_what_is_missing_unknown_or_double(monde: Monde, tmp_path: Path) -> None:
    pris = refus(monde, tmp_path, "equipements", ["nom;couleur;Nom", "Pompe;rouge;Pompe"])
    assert {n for n, _ in pris} == {1}
    textes = [r for _, r in pris]
    assert any(t.startswith("colonne inconnue « couleur »") for t in textes)
    assert "deux colonnes donnent nom" in textes
    assert "colonne obligatoire absente : client ou client_id" in textes
    assert "colonne obligatoire absente : code_interne" in textes
    lignes = ["machine;couleur;code_interne;client", "Pompe;rouge;P-1;Conserveries Atlas"]
    choix = Decisions(["machine=nom", "couleur="])
    assert importer(monde, tmp_path, "equipements", lignes, choix=choix).importees == 1
    with pytest.raises(UserError, match="Champ inconnu : « teinte »"):
        importer(monde, tmp_path, "equipements", lignes, choix=Decisions(["couleur=teinte"]))
    with pytest.raises(UserError, match="n'a pas de colonne « poids »"):
        importer(monde, tmp_path, "equipements", lignes, choix=Decisions(["poids=nom"]))
    with pytest.raises(UserError, match="aucune ligne"):
        importer(monde, tmp_path, "equipements", lignes[:1])


def test_a_file_that_says_less_or_otherwise_is_completed(monde: Monde, tmp_path: Path) -> None:
    """A list of names alone, one with words of its own, and a list of another country's clients."""
    choix = Decisions(["COD=nom", "COD=code_interne"], constantes=["client=Conserveries Atlas"])
    assert importer(monde, tmp_path, "equipements", ["COD", "Four 1", '"Pompe, noyée"'], choix=choix).importees == 2
    lignes = ["nom;code_interne;client;criticite;statut", "Four 2;F-2;;🔴 Critica;ACTIVO", "Four 3;F-3;;-;"]
    choix = Decisions(
        valeurs=["criticite:critica=critique", "statut:ACTIVO=operationnel"], constantes=["marque=Fagor"],
        defauts=["client=Conserveries Atlas", "criticite=standard"],
    )  # fmt: skip
    bilan = importer(monde, tmp_path, "equipements", lignes, choix=choix)
    assert bilan.remarques["marque : Fagor, donné pour tout le fichier"] == 2
    e = Equipement
    lus = monde.lire(
        sa.select(e.nom, e.code_interne, e.marque, e.criticite, e.statut)
        .where(e.agence_id == monde.cas)
        .order_by(e.id)
    )
    assert [tuple(r) for r in lus[1:]] == [
        ("Four 1", "Four 1", None, "standard", "operationnel"),
        ("Pompe, noyée", "Pompe, noyée", None, "standard", "operationnel"),
        ("Four 2", "F-2", "Fagor", "critique", "operationnel"),
        ("Four 3", "F-3", "Fagor", "standard", "operationnel"),
    ]
    with pytest.raises(UserError, match="Champ inconnu : « teinte »"):
        importer(monde, tmp_path, "equipements", lignes, choix=Decisions(constantes=["teinte=bleu"]))
    clients = ["nom_entreprise;telephone", "Seine;01 99 00 21 40", "Loire;06 39 98 12 34 / 06 39 98 12 35"]
    assert refus(monde, tmp_path, "clients", clients) == [
        (2, "telephone : Numéro de téléphone non reconnu : +212 et 9 chiffres (05 fixe, 06 ou 07 mobile) "
            "(--pays FR pour un autre pays)"),
    ]  # fmt: skip
    importer(monde, tmp_path, "clients", clients, ecriture=Ecriture(pays="FR"))
    lus = monde.lire(
        sa.select(Client.telephone, Client.notes).where(Client.telephone.is_not(None)).order_by(Client.id)
    )
    assert [tuple(r) for r in lus] == [
        ("+33199002140", None), ("+33639981234", "Autre téléphone : +33 6 39 98 12 35"),
    ]  # fmt: skip


def test_figures_are_read_by_the_convention_of_the_file(monde: Monde, tmp_path: Path) -> None:
    entete = "reference;designation;stock_minimum;prix_unitaire"
    pris = refus(monde, tmp_path, "pieces_detachees", [entete, "R-1;Joint;1,234;10", "R-2;Joint;1 2 3;1e5 DH"])
    assert pris == [
        (2, "stock_minimum : « 1,234 » se lit 1234 ou 1,234 : dites la convention du fichier (--nombres virgule ou "
            "point)"),
        (3, "stock_minimum : « 1 2 3 » n'est pas un nombre ; prix_unitaire : « 1e5 DH » n'est pas un nombre"),
    ]  # fmt: skip
    for prefixe, options, attendu in (
        ("A", {"ecriture": Ecriture(Convention.POINT)}, "1234.000"),
        ("B", {"ecriture": Ecriture(Convention.VIRGULE)}, "1.234"),
        ("C", {}, "1.234"),
    ):
        # The price of the last file shows by itself which mark is its decimal one.
        prix = "10,5" if prefixe == "C" else "1250"
        importer(monde, tmp_path, "pieces_detachees", [entete, f"{prefixe};Joint;1,234;{prix}"], **options)
        lu = monde.lire(sa.select(PieceDetachee.stock_minimum).where(PieceDetachee.reference == prefixe))
        assert lu[0][0] == Decimal(attendu)


def test_lost_zeros_and_second_telephones_are_told(monde: Monde, tmp_path: Path) -> None:
    bon = "001525713000000"
    lignes = [
        "nom_entreprise;ice;telephone;notes",
        f"Zéros;{bon.lstrip('0')};0522401876 / 06 61 23 45 67;Bis",
        "Tableur;1,52571E+12;;",
    ]
    pris = dict(refus(monde, tmp_path, "clients", lignes))
    assert pris == {
        2: f"ice : L'ICE compte 15 chiffres (--completer-ice), proche de « {bon} »",
        3: "ice : « 1,52571E+12 » : un tableur a perdu des chiffres",
    }
    bilan = importer(monde, tmp_path, "clients", lignes[:2], ecriture=Ecriture(completer_ice=True))
    assert bilan.remarques == {
        "ICE complété par des zéros au début": 1, "second téléphone gardé dans les notes": 1,
    }  # fmt: skip
    row = monde.lire(sa.select(Client.ice, Client.telephone, Client.notes).where(Client.nom_entreprise == "Zéros"))[0]
    assert tuple(row) == (bon, "+212522401876", "Bis\nAutre téléphone : +212 6 61 23 45 67")


def test_many_refusals_are_summed_up_and_kept_in_a_file(monde: Monde, cible: list[str], tmp_path: Path) -> None:
    fichier = tmp_path / "pièces.csv"
    wrong = {10 * n for n in range(1, 31)}
    lignes = [f"R-{n};Joint;{'-' if n % 3 else '1;2;3' if n in wrong else 2};{'beaucoup' if n in wrong else 1}"
              for n in range(1, 601)]  # fmt: skip
    fichier.write_text("Reprise\nreference;designation;stock_minimum;prix_unitaire\n" + "\n".join(lignes))
    commande = ["import", "pieces_detachees", str(fichier), "--agence", "CAS", *cible]
    for options in (["--dry-run"], []):
        done = CliRunner().invoke(app, [*commande, *options])
        assert done.exit_code == 1
        told = [line for line in done.stdout.splitlines() if line.startswith("ligne ")]
        assert len(told) == 20
        assert "20 × prix_unitaire : … n'est pas un nombre" in done.stdout
        assert "10 × ligne décalée : … cellules, … colonnes" in done.stdout
        kept = (tmp_path / "pièces.csv.refus.csv").read_text(encoding="utf-8-sig").splitlines()
        assert len(kept) == 31
        assert kept[1] == "12;prix_unitaire : « beaucoup » n'est pas un nombre"
        assert compter(monde, PieceDetachee) == 0
    done = CliRunner().invoke(app, [*commande, "--dry-run", "--refus", str(tmp_path / "absent" / "x.csv")])
    assert "ce dossier n’existe pas" in done.stdout
    assert compter(monde, PieceDetachee) == 0


def test_the_command_refuses_in_french(monde: Monde, cible: list[str], tmp_path: Path) -> None:
    fichier = tmp_path / "x.csv"
    fichier.write_text("nom_entreprise;ice\nA;12\n", encoding="utf-8")
    for table in ("users", "agences", "historiques_interventions", "sync_outbox"):
        done = CliRunner().invoke(app, ["import", table, str(fichier), *cible])
        assert done.exit_code == 1
        assert f"L'import de « {table} » n'existe pas ; tables possibles : clients, contrats," in done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = CliRunner().invoke(app, ["import", "clients", str(fichier), "--agence", "CAS", *cible])
    assert done.exit_code == 1
    assert "ligne 2 : ice : L'ICE compte 15 chiffres" in done.stdout
    fichier.write_text("nom_entreprise;type_client\nA;\x1b[2J\u202e\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["import", "clients", str(fichier), "--agence", "CAS", *cible])
    assert "valeur inconnue « \\x1b[2J\\u202e »" in done.stdout
    assert "\x1b" not in done.output
    fichier.write_text("nom_entreprise;ice\nA;12\n", encoding="utf-8")
    done = CliRunner().invoke(
        app, ["import", "clients", str(fichier), "--agence", "CAS", "--dry-run", "--json", *cible]
    )
    assert done.exit_code == 1
    assert json.loads(done.stdout)["refusees"][0]["ligne"] == 2
