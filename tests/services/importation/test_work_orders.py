"""The import of real work orders, checked against plain Python over the same file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.errors import UserError
from erp_desktop.models import Client, Equipement, HistoriqueIntervention, Intervention, Technicien, User
from erp_desktop.services import importation
from erp_desktop.services.importation import Decisions, Existants
from erp_desktop.services.importation.values import Ecriture, Unite

FICHIER = Path(__file__).resolve().parents[2] / "data" / "excavators.csv"


TYPES = tuple(f"type:{code}=corrective" for code in ("PM04", "PM05", "PM06", "PM13"))
"""What somebody decides of the codes that the file does not explain."""


def importer(engine: sa.Engine, fichier: Path, **options: Any) -> importation.Bilan:
    names = {f.name for f in fields(Decisions)}
    choix = Decisions(**{k: v for k, v in options.items() if k in names})
    rest = {k: v for k, v in options.items() if k not in names}
    with transaction(engine) as session:
        return importation.importer_interventions(session, fichier, "CAS", choix=choix, **rest)


def refus(engine: sa.Engine, fichier: Path, **options: Any) -> list[tuple[int, str]]:
    with pytest.raises(importation.ImportRefuse) as pris:
        importer(engine, fichier, **options)
    return [(r.ligne, r.raison) for r in pris.value.bilan.refusees]


def compter(engine: sa.Engine, table: type[Any]) -> int:
    with transaction(engine, write=False) as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_every_real_work_order_arrives_with_what_its_file_says(engine: sa.Engine, agence: int) -> None:
    with FICHIER.open(encoding="utf-8", newline="") as file:
        wanted = list(csv.DictReader(file))
    codes = [raison for _, raison in refus(engine, FICHIER)]
    assert len(codes) == sum(r["PMType"] not in {"PM01", "PM02"} for r in wanted)
    assert codes[0].startswith("type inconnu « PM0")
    assert "--valeur type:PM0" in codes[0]
    bilan = importer(engine, FICHIER, valeurs=TYPES)
    assert bilan.importees == len(wanted) == 5485
    assert bilan.equipements_crees == 5
    assert bilan.remarques == {
        "coût négatif, gardé tel quel": sum(Decimal(r["Cost"]) < 0 for r in wanted),
        "coût en AUD gardé dans les notes, hors des chiffres (--taux AUD=…)": 5485,
        "statut : cloturee, donné pour tout le fichier": 5485, "devise : AUD, donné pour tout le fichier": 5485,
        "priorité absente : normale, comme une fiche neuve": 5485,
    }  # fmt: skip
    i = Intervention
    absent = (
        i.cout_externe, i.date_affectation, i.date_debut_travaux, i.date_fin_travaux, i.date_cloture, i.date_limite,
        i.duree_reelle, i.travaux_realises, i.diagnostic, i.technicien_id, i.description,
    )  # fmt: skip
    with transaction(engine, write=False) as session:
        rows = session.execute(
            sa.select(Equipement.nom, i.titre, i.statut, i.type, i.numero, i.date_creation, i.notes_internes, *absent)
            .join(Equipement, Equipement.id == i.equipement_id)
            .order_by(i.id)
        ).all()
        audits = session.execute(sa.select(HistoriqueIntervention.action, HistoriqueIntervention.statut)).all()
    assert compter(engine, Client) == 1
    assert {value for row in rows for value in row[7:]} == {None}
    assert Counter(r[0] for r in rows) == Counter(f"Excavatrice {r['Asset']}" for r in wanted)
    assert [r[1] for r in rows] == [" ".join(r["OriginalShorttext"].split()) for r in wanted]
    assert [clock.local(r[5]).date().isoformat() for r in rows] == [r["BscStartDate"] for r in wanted]
    # The day is all that is known; one of them began at one o'clock, when summer time came.
    assert {clock.local(r[5]).time() for r in rows} == {time(), time(1)}
    assert {r[2] for r in rows} == {"cloturee"}
    preventives = sum(r["PMType"] == "PM02" for r in wanted)
    assert Counter(r[3] for r in rows) == {"preventive": preventives, "corrective": len(wanted) - preventives}
    assert [r[6] for r in rows] == [
        f"Repris d'un autre système, type d'origine « {r['PMType']} », coût d'origine "
        f"{r['Cost'].replace('.', ',')} AUD." for r in wanted
    ]  # fmt: skip
    par_annee = Counter(r["BscStartDate"][:4] for r in wanted)
    attendus = {f"INT-CAS-00-{annee}-{k:05d}" for annee, n in par_annee.items() for k in range(1, n + 1)}
    assert {r[4] for r in rows} == attendus
    assert Counter(tuple(a) for a in audits) == {("importation", "cloturee"): len(wanted)}


def test_the_same_file_twice_never_doubles(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    """Known by the content of their lines, whatever the file is called; the same line twice is two orders."""
    lines = FICHIER.read_text(encoding="utf-8").splitlines(keepends=True)[:30]
    small = tmp_path / "petit.csv"
    small.write_text("".join([*lines, lines[3]]), encoding="utf-8")
    assert importer(engine, small, valeurs=TYPES).importees == 30
    again = tmp_path / "autre nom.csv"
    again.write_text(
        "".join([lines[0], *reversed(lines[1:]), lines[3], "2005-01-02,A,NEW,PM01,5\n"]), encoding="utf-8"
    )
    pris = refus(engine, again, valeurs=TYPES)
    assert len(pris) == 30
    assert pris[0] == (2, "cette ligne : déjà importé (--existants ignorer, ou maj)")
    bilan = importer(engine, again, valeurs=TYPES, existants=Existants.IGNORER)
    assert (bilan.importees, bilan.existantes, bilan.equipements_crees) == (1, 30, 0)
    with transaction(engine, write=False) as session:
        numeros = list(session.execute(sa.select(Intervention.numero)).scalars())
    assert len(numeros) == len(set(numeros)) == 31


def test_a_dry_run_lists_bad_lines_and_writes_nothing(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    bad = tmp_path / "mauvais.csv"
    bad.write_text(
        "BscStartDate,Asset,OriginalShorttext,PMType,Cost\n"
        "2004-07-01,A,BUCKET WON'T OPEN,PM01,183\n"
        "pas-une-date,A,X,PM01,1\n"
        "2004-07-02,,Y,PM01,1\n"
        "2004-07-03,B,Z,PM01,beaucoup\n"
        "2004-07-04,B,W,réparer,1\n"
        '2004-07-05,B,V,PM01,"1,234"\n'
        "2004-07-06,B,U,PM01\n"
        "2099-07-06,B,T,PM01,1\n"
        '2004-07-07,B,"S,PM01,1\n'
        "2004-07-08,B,R,PM01,1\n",
        encoding="utf-8",
    )
    bilan = importer(engine, bad, essai=True)
    assert [(r.ligne, r.raison.split(" «")[0]) for r in bilan.refusees] == [
        (3, "date illisible"), (4, "équipement absent"), (5, "coût illisible"), (6, "type inconnu"),
        (7, "coût illisible"), (8, "ligne décalée : 4 cellules, 5 colonnes"),
        (9, "date dans le futur : 2099-07-06"),
        (10, "guillemet ouvert et jamais fermé : la suite du fichier ne peut pas être lue"),
    ]  # fmt: skip
    assert "--nombres virgule ou point" in bilan.refusees[4].raison
    with pytest.raises(importation.ImportRefuse, match="8 lignes refusées"):
        importer(engine, bad)
    assert [compter(engine, t) for t in (Intervention, Equipement, Client)] == [0, 0, 0]


def test_a_mapping_names_other_columns(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    other = tmp_path / "autre.csv"
    other.write_text("jour;machine;quoi\n2025-01-02;P7;Fuite\n", encoding="utf-8-sig")
    paires = ["jour=date_creation", "machine=equipement", "quoi=titre"]
    with pytest.raises(UserError, match=r"Aucune colonne ne donne : statut, type \(--map"):
        importer(engine, other, paires=paires)
    constantes = ["statut=ouverte", "type=corrective"]
    assert importer(engine, other, paires=paires, constantes=constantes).importees == 1
    for wrong, words in (
        ({"paires": ["jour=couleur"]}, "Champ inconnu"),
        ({"paires": ["heure=titre"]}, "n'a pas de colonne « heure »"),
        ({"constantes": ["couleur=1"]}, "Champ inconnu"), ({"valeurs": ["type=x"]}, "n'est pas champ:valeur"),
        ({"taux": ["AUD=beaucoup"]}, "Taux de AUD"), ({"taux": ["AUD=0"]}, "plus grand que zéro"),
        ({"constantes": ()}, "Aucune colonne"), ({"profil": "x"}, "Profil inconnu"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            importer(engine, other, **{"paires": paires, "constantes": constantes, **wrong})


def test_every_field_of_the_form_can_come_from_the_file(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    with transaction(engine) as session:
        client = Client(nom_entreprise="Atlas", ice="001525713000000", agence_id=agence)
        autre = Client(nom_entreprise="Autre", agence_id=agence)
        user = User(username="karim", email="karim@exemple.ma", full_name="Karim Alaoui", role="technicien",
                    agence_id=agence)  # fmt: skip
        session.add_all([client, autre, user])
        session.flush()
        session.add(Technicien(user_id=user.id, numero_badge="T-01", agence_id=agence))
        session.add(Equipement(nom="Presse", code_interne="P-7", client_id=client.id, agence_id=agence))
    fichier = tmp_path / "gmao.csv"
    entete = "N°;Quoi;Machine;Client;Tech;Etat;Genre;Prio;Demande;Début;Fin;Temps;Coût;Devise;Note;Avis;Rien\n"
    lignes = [
        "4711;Fuite;P-7;Atlas;Karim Alaoui;TERM;Panne;haute;01/07/2024 08:30;01.07.2024 09h15;2024-07-01 11:00;1h45;"
        "1.234,50;EUR;Joint usé;5;x\n",
        "4712;Bruit;Tour 9;001525713000000;;OUV;Visite;;02/07/2024;;;;-;;;;\n",
    ]
    fichier.write_text(entete + "".join(lignes), encoding="cp1252")
    choix = {
        "paires": [
            "N°=numero_source", "Quoi=titre", "Machine=equipement", "Client=client", "Tech=technicien",
            "Etat=statut", "Genre=type", "Prio=priorite", "Demande=date_creation", "Début=date_debut_travaux",
            "Fin=date_fin_travaux", "Temps=duree_reelle", "Coût=cout_externe", "Devise=devise", "Note=diagnostic",
            "Avis=satisfaction_client",
        ],
        "valeurs": ["statut:TERM=cloturee", "statut:OUV=ouverte", "type:Panne=corrective", "type:visite=preventive"],
        "taux": ["eur=10,80"],
    }  # fmt: skip
    bilan = importer(engine, fichier, **choix)
    assert (bilan.importees, bilan.equipements_crees) == (2, 1)
    assert bilan.remarques == {
        "fichier lu en Windows-1252": 1, "colonne « Rien » non reprise": 2, "coût absent": 1,
        "cellule « - » ou « #N/A » comprise comme vide": 1,
        "priorité absente : normale, comme une fiche neuve": 1,
        "date comme 03/04/2026 lue jour, puis mois : rien dans le fichier ne le prouve (--dates)": 2,
    }  # fmt: skip
    i = Intervention
    colonnes = (
        i.titre, i.statut, i.type, i.priorite, Client.nom_entreprise, Equipement.code_interne,
        Technicien.numero_badge, i.date_creation, i.date_debut_travaux, i.date_fin_travaux,
        i.duree_reelle, i.cout_externe, i.diagnostic, i.satisfaction_client, i.notes_internes,
    )  # fmt: skip

    def lire() -> list[tuple[Any, ...]]:
        with transaction(engine, write=False) as session:
            requete = sa.select(*colonnes).select_from(i).join(Client, Client.id == i.client_id)
            requete = requete.join(Equipement, Equipement.id == i.equipement_id).outerjoin(
                Technicien, Technicien.id == i.technicien_id
            )
            return [tuple(r) for r in session.execute(requete.order_by(i.id))]

    def local(*quand: int) -> datetime:
        return datetime(*quand, tzinfo=clock.CASABLANCA).astimezone(UTC)  # type: ignore[arg-type,misc]

    une, deux = lire()
    assert une == (
        "Fuite", "cloturee", "corrective", "haute", "Atlas", "P-7", "T-01", local(2024, 7, 1, 8, 30),
        local(2024, 7, 1, 9, 15), local(2024, 7, 1, 11), 105, Decimal("13332.60"), "Joint usé", 5,
        "Repris d'un autre système, n° 4711, type d'origine « Panne », statut d'origine « TERM », coût d'origine "
        "1234,50 EUR, à 10,80 MAD.",
    )  # fmt: skip
    assert deux[:7] == ("Bruit", "ouverte", "preventive", "normale", "Atlas", "CAS-REP-Tour 9", None)
    assert deux[8:14] == (None,) * 6

    assert refus(engine, fichier, **choix)[0] == (2, "n° 4711 : déjà importé (--existants ignorer, ou maj)")
    change = lignes[0].replace("Fuite", "Fuite d'huile").replace(";haute;", ";;")
    fichier.write_text(entete + change + lignes[1], encoding="cp1252")
    bilan = importer(engine, fichier, **choix, existants=Existants.MAJ)
    assert (bilan.importees, bilan.mises_a_jour, bilan.existantes) == (0, 1, 1)
    assert lire()[0][:4] == ("Fuite d'huile", "cloturee", "corrective", "normale")
    with transaction(engine, write=False) as session:
        trace = session.scalars(
            sa.select(HistoriqueIntervention).order_by(HistoriqueIntervention.id.desc()).limit(1)
        ).one()
        assert trace.ancienne_valeur == {"titre": "Fuite", "priorite": "haute"}
        assert trace.nouvelle_valeur == {
            "reference": "4711", "numero_source": "4711", "titre": "Fuite d'huile", "priorite": "normale",
        }  # fmt: skip
    fichier.write_text(
        entete + lignes[1].replace("OUV", "TERM") + lignes[0].replace("4711", "1").replace("Atlas", "Autre")
        + lignes[0].replace("4711", "1") + lignes[0].replace("4711", "2").replace("Karim Alaoui", "Inconnu")
        + lignes[1].replace("4712", "3").replace("OUV", "affectée")
        + lignes[0].replace("4711", "4").replace("11:00", "09:00"),
        encoding="cp1252",
    )  # fmt: skip
    pris = dict(refus(engine, fichier, **choix, existants=Existants.MAJ))
    assert pris[2].startswith(
        "statut ouverte ici, cloturee dans le fichier : à changer dans la fiche INT-CAS-00-2024-"
    )
    del pris[2]
    assert pris == {
        3: "equipement « P-7 » est celui d'un autre client",
        4: "numero_source « 1 » est déjà à la ligne 3",
        5: "technicien introuvable dans cette agence : « Inconnu »",
        6: "statut affectee sans technicien",
        7: "date_fin_travaux précède date_debut_travaux",
    }
    assert len(lire()) == 2


def test_a_long_title_is_kept_whole(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    fichier = tmp_path / "x.csv"
    long = "mot " * 70
    fichier.write_text(f"date_creation;equipement;titre;description\n2025-01-02;P7;{long};Suite\n", encoding="utf-8")
    bilan = importer(engine, fichier, constantes=["statut=ouverte", "type=corrective"], defauts=["priorite=basse"])
    assert bilan.remarques["titre trop long, gardé entier dans la description"] == 1
    with transaction(engine, write=False) as session:
        (ligne,) = session.scalars(sa.select(Intervention))
        assert (len(ligne.titre), ligne.titre[-1], ligne.description, ligne.priorite) == (
            200, "…", f"{long.strip()}\n\nSuite", "basse",
        )  # fmt: skip


def test_costs_that_are_no_figures_and_long_names_are_refused(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    fichier = tmp_path / "x.csv"
    fichier.write_text(
        "BscStartDate,Asset,OriginalShorttext,PMType,Cost\n"
        "2004-07-01,A,a,PM01,Infinity\n2004-07-01,A,b,PM01,1e30\n2004-07-01," + "A" * 31 + ",c,PM01,1\n"
        '01/07/2004,A,d,PM01,"1 234,50"\n2004-07-01,A,e,PM01,99999999999\n',
        encoding="utf-8",
    )  # fmt: skip
    bilan = importer(engine, fichier, profil="excavators", essai=True, taux=["AUD=1"])
    assert [r.ligne for r in bilan.refusees] == [2, 3, 4, 6]


def test_files_of_other_programs(engine: sa.Engine, agence: int, tmp_path: Path) -> None:
    """Shapes of public files: pandas' holes, hours, a name that means something else, one person in two places."""
    with transaction(engine) as session:
        user = User(username="k", email="k@exemple.ma", full_name="Karim", role="technicien", agence_id=agence)
        session.add(user)
        session.flush()
        session.add(Technicien(user_id=user.id, numero_badge="T-01", agence_id=agence))
    fichier = tmp_path / "x.csv"
    choix: dict[str, Any] = {
        "paires": ["WO=numero_source", "Client=titre", "Hours=duree_reelle", "Cost=cout_externe", "On=date_creation",
                   "Done=date_cloture", "Who=technicien", "State=statut", "Notes=recommandations"],
        "constantes": ["equipement=Four", "type=corrective"], "valeurs": ["statut:In Progress=en_cours"],
    }  # fmt: skip
    entete = "WO,Client,Hours,Cost,On,Done,Who,State,Notes\n"
    fichier.write_text(entete, encoding="utf-8")
    with pytest.raises(UserError, match="n'a aucune ligne à importer"):
        importer(engine, fichier, **choix)
    fichier.write_text(
        entete + "1,Quai,4.0,NaN,03/04/2024,nan,T-01,cloturee,None\n2,Quai,1.5 h,12.345,2024-04-03,2024-04-05,Karim,"
        "In Progress,#REF!\n3,Quai,90 min,1.50,2024-04-03,NaT,k,In Progress,vu\n",
        encoding="utf-8",
    )
    assert refus(engine, fichier, **choix) == [
        (2, "duree_reelle : « 4.0 » : dites l'unité du fichier (--durees minutes ou heures)"),
        (4, "technicien « k » a déjà ligne 3 en cours"),
    ]
    fichier.write_text(fichier.read_text(encoding="utf-8").replace("3,Quai", "3,Cour").replace("k,In Progress",
        "k,cloturee"), encoding="utf-8")  # fmt: skip
    bilan = importer(engine, fichier, **choix, ecriture=Ecriture(durees=Unite.HEURES))
    ordre = "date comme 03/04/2026 lue jour, puis mois : rien dans le fichier ne le prouve (--dates)"
    assert bilan.remarques == {
        "cellule « - » ou « #N/A » comprise comme vide": 4, "cellule en erreur (#REF!) lue comme vide": 1, ordre: 1,
        "coût absent": 1, "nombre arrondi à 2 décimales": 1, "priorité absente : normale, comme une fiche neuve": 3,
        "equipement : Four, donné pour tout le fichier": 3, "type : corrective, donné pour tout le fichier": 3,
    }  # fmt: skip
    i = Intervention
    with transaction(engine, write=False) as session:
        lus = session.execute(
            sa.select(i.titre, i.duree_reelle, i.cout_externe, i.recommandations, i.date_cloture).order_by(i.id)
        ).all()
    fin = datetime(2024, 4, 5, tzinfo=clock.CASABLANCA).astimezone(UTC)
    assert [tuple(r) for r in lus] == [
        ("Quai", 240, None, None, None), ("Quai", 90, Decimal("12.35"), None, fin),
        ("Cour", 90, Decimal("1.50"), "vu", None),
    ]  # fmt: skip
    fichier.write_text(entete + "9,Quai,,,2024-05-03,,T-01,In Progress,\n", encoding="utf-8")
    ((ligne, raison),) = refus(engine, fichier, **choix)
    assert ligne == 2
    assert re.fullmatch(r"technicien « T-01 » a déjà INT-CAS-00-2024-\d+ en cours", raison)


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
    bilan = importer(engine, chemin, paires=paires, constantes=["statut=cloturee", "type=corrective"])
    assert (bilan.importees, bilan.equipements_crees) == (1, 0)
    with transaction(engine, write=False) as session:
        [ligne] = session.scalars(sa.select(Intervention))
        assert (ligne.client_id, ligne.cout_externe, ligne.numero) == (
            proprietaire, Decimal("12.50"), "INT-CAS-00-2025-00001",
        )  # fmt: skip
