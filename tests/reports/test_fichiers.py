"""The three files of a report, as a manager's programs read them, made by the command line on both engines."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import unicodedata
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from erp_desktop import paths
from erp_desktop.db.session import transaction
from erp_desktop.errors import UserError
from erp_desktop.reports import csv_, pdf, xlsx
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport, RapportInterventions
from erp_desktop.reports.presentation import duree, ecrire, entier, mad, periode, pourcent
from erp_desktop.reports.sortie import atomique
from erp_desktop.reports.tableaux import indicateurs, tableaux
from tests.processes import erp_admin
from tests.reports.rows import MAINTENANT, attendu, remplir

DIX_MOIS = ParamsRapport(date(2026, 1, 1), date(2026, 10, 31))


@pytest.fixture
def rapport(sqlite_engine: sa.Engine) -> RapportInterventions:
    with transaction(sqlite_engine) as session:
        jeu = remplir(session, 600)
        return calculer(session, ParamsRapport(DIX_MOIS.debut, DIX_MOIS.fin, jeu.agences[0]), maintenant=MAINTENANT)


def _texte(page: pypdf.PageObject) -> str:
    # NFKC: the font's « fi » is one glyph.
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", page.extract_text()))


def test_le_pdf_porte_entete_periode_chiffres_et_numeros(rapport: RapportInterventions, tmp_path: Path) -> None:
    fichier = tmp_path / "rapport.pdf"
    pdf.ecrire_pdf(rapport, fichier)
    pages = pypdf.PdfReader(fichier).pages
    assert len(pages) == 3
    assert [round(float(x)) for x in pages[0].mediabox[2:]] == [595, 842]
    textes = [_texte(p) for p in pages]
    for n, texte in enumerate(textes, start=1):
        assert "ERP MIF Maroc" in texte
        assert f"Page {n} / 3" in texte
        assert "Calculé le 15/10/2026 à 14:30 sur les données du 15/10/2026 à 14:30" in texte
    assert "Casablanca (CAS), du 1er janvier au 31 octobre 2026" in textes[0]
    assert f"{rapport.creees} interventions créées, {rapport.cloturees} clôturées" in textes[0]
    for mot in ("Encours", "SLA tenus", "Délai de prise en charge", "Durée de réparation", "Remise en service",
                "Créées et clôturées par mois", "Ancienneté"):  # fmt: skip
        assert mot in textes[0]
    ensemble = " ".join(textes)
    assert re.sub(r"\s+", " ", mad(rapport.cout.total)) in ensemble
    for ligne in rapport.techniciens:
        assert ligne.nom in ensemble
    for machine in rapport.equipements:
        assert f"{machine.nom} ({machine.code})" in ensemble
    assert "Définitions" in textes[-1]


def test_un_nom_de_machine_ne_devient_pas_du_html(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    with transaction(sqlite_engine) as session:
        remplir(session, 100)
        session.execute(sa.text("UPDATE equipements SET nom = '<b>Four</b> & étuve'"))
        rapport = calculer(session, DIX_MOIS, maintenant=MAINTENANT)
    pdf.ecrire_pdf(rapport, tmp_path / "r.pdf")
    texte = " ".join(_texte(p) for p in pypdf.PdfReader(tmp_path / "r.pdf").pages)
    assert "<b>Four</b> & étuve (EQ-" in texte


def test_un_rapport_vide_s_imprime(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    with transaction(sqlite_engine, write=False) as session:
        rapport = calculer(session, DIX_MOIS, maintenant=MAINTENANT)
    pdf.ecrire_pdf(rapport, tmp_path / "vide.pdf")
    assert "Aucune intervention dans cette période." in _texte(pypdf.PdfReader(tmp_path / "vide.pdf").pages[0])
    xlsx.ecrire(rapport, tmp_path / "vide.xlsx")
    assert CalamineWorkbook.from_path(str(tmp_path / "vide.xlsx")).sheet_names[0] == "Synthèse"


def test_douze_ans_se_lisent_par_an(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    with transaction(sqlite_engine) as session:
        remplir(session, 200)
        rapport = calculer(session, ParamsRapport(date(2015, 1, 1), date(2026, 12, 31)), maintenant=MAINTENANT)
    pdf.ecrire_pdf(rapport, tmp_path / "ans.pdf")
    texte = " ".join(_texte(p) for p in pypdf.PdfReader(tmp_path / "ans.pdf").pages)
    assert "Activité par an" in texte
    assert "Créées et clôturées par an" in texte
    assert len(rapport.par_mois) == 144


def test_le_classeur_a_des_cellules_typees(rapport: RapportInterventions, tmp_path: Path) -> None:
    fichier = tmp_path / "rapport.xlsx"
    xlsx.ecrire(rapport, fichier)
    classeur = CalamineWorkbook.from_path(str(fichier))
    assert classeur.sheet_names == ["Synthèse", "Par mois", "Ancienneté", "Statuts", "Types", "Priorités",
                                    "Techniciens", "Équipements", "Définitions"]  # fmt: skip
    mois = classeur.get_sheet_by_name("Par mois").to_python()
    assert len(mois) == 1 + len(rapport.par_mois) + 1
    for ligne, m in zip(mois[1:], rapport.par_mois, strict=False):
        assert ligne[0] in (m.mois, datetime.combine(m.mois, time()))
        assert ligne[1:5] == [m.creees, m.cloturees, m.sla.echus, m.sla.tenus]
        assert ligne[5] == ("" if m.sla.taux is None else pytest.approx(m.sla.taux / 100))
        for cellule, mesure in zip(ligne[6:9], (m.prise_en_charge, m.mttr, m.remise_en_service), strict=True):
            if mesure.minutes is None:
                assert cellule == ""
            else:
                assert _minutes(cellule) == pytest.approx(mesure.minutes, abs=0.01)
    assert sum(m.mttr.reparations for m in rapport.par_mois) > 10
    machines = classeur.get_sheet_by_name("Équipements").to_python()
    for ligne, e in zip(machines[1:], rapport.equipements, strict=True):
        assert ligne[:3] == [e.nom, e.code, e.client]
        assert ligne[8] == pytest.approx(float(e.cout.total), abs=0.001)
    synthese = classeur.get_sheet_by_name("Synthèse").to_python()
    encours = next(ligne for ligne in synthese if ligne[0] == "Encours")
    assert encours[1:3] == [rapport.encours, rapport.encours_debut]


def _minutes(valeur: object) -> float:
    if isinstance(valeur, timedelta):
        return valeur.total_seconds() / 60
    if isinstance(valeur, time):
        return valeur.hour * 60 + valeur.minute + valeur.second / 60 + valeur.microsecond / 6e7
    assert isinstance(valeur, float), valeur
    return valeur * 24 * 60


def test_le_csv_se_relit_chiffre_par_chiffre(rapport: RapportInterventions, tmp_path: Path) -> None:
    fichier = tmp_path / "rapport.csv"
    csv_.ecrire(rapport, fichier)
    assert fichier.read_bytes().startswith(b"\xef\xbb\xbfrubrique;element;mesure;valeur;unite\r\n")
    with fichier.open(encoding="utf-8-sig", newline="") as flux:
        lignes = list(csv.DictReader(flux, delimiter=";"))
    valeurs = {(x["rubrique"], x["element"], x["mesure"]): x["valeur"] for x in lignes}
    assert len(valeurs) == len(lignes)
    assert int(valeurs["Indicateurs", "", "Encours"]) == rapport.encours
    assert valeurs["Rapport", "", "Début"] == "2026-01-01"
    for m in rapport.par_mois:
        assert int(valeurs["Activité par mois", m.mois.strftime("%Y-%m"), "Créées"]) == m.creees
    for e in rapport.equipements:
        element = f"{e.nom} · {e.code} · {e.client}"
        lu = valeurs["Équipements les plus coûteux", element, "Coût HT"].replace(",", ".")
        assert lu == format(e.cout.total, ".2f")


def test_les_fichiers_parlent_la_langue_de_la_fenetre(rapport: RapportInterventions, tmp_path: Path) -> None:
    for langue, heads, sheet in (
        ("en", "section;item;measure;value;unit", "Summary"),
        ("ar", "الباب;العنصر", "ملخص"),
    ):
        fichier = tmp_path / f"{langue}.csv"
        csv_.ecrire(rapport, fichier, langue)
        text = fichier.read_text("utf-8-sig")
        assert text.startswith(heads)
        found = {cell for line in text.splitlines() for cell in line.split(";")[:3:2]}
        left = {cell for cell in found if re.search("[éèêàôûœ]|des |par |du ", cell)}
        assert left == set(), "a heading is in French"
        xlsx.ecrire(rapport, tmp_path / f"{langue}.xlsx", langue)
        book = CalamineWorkbook.from_path(tmp_path / f"{langue}.xlsx")
        assert book.sheet_names[0] == sheet
        heads_of = {str(cell) for name in book.sheet_names for cell in book.get_sheet_by_name(name).to_python()[0]}
        assert {head for head in heads_of if re.search("[éèêàôûœ]", head)} == set()


def test_une_formule_dans_un_nom_reste_un_nom(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    with transaction(sqlite_engine) as session:
        remplir(session, 60)
        session.execute(sa.text("UPDATE equipements SET nom = '=HYPERLINK(\"x\")'"))
        rapport = calculer(session, DIX_MOIS, maintenant=MAINTENANT)
    csv_.ecrire(rapport, tmp_path / "r.csv")
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as flux:
        elements = [x["element"] for x in csv.DictReader(flux, delimiter=";") if "HYPERLINK" in x["element"]]
    assert elements
    assert all(x.startswith("'=") for x in elements)
    xlsx.ecrire(rapport, tmp_path / "r.xlsx")
    feuille = CalamineWorkbook.from_path(str(tmp_path / "r.xlsx")).get_sheet_by_name("Équipements").to_python()
    assert feuille[1][0] == '=HYPERLINK("x")'


def test_chaque_tableau_a_autant_de_valeurs_que_de_colonnes(rapport: RapportInterventions) -> None:
    for tableau in tableaux(rapport):
        for ligne in (*tableau.lignes, *([tableau.pied] if tableau.pied else [])):
            assert len(ligne) == len(tableau.colonnes), tableau.cle
            for colonne, valeur in zip(tableau.colonnes, ligne, strict=True):
                assert ecrire("texte" if isinstance(valeur, str) else colonne.genre, valeur)
    assert [i.cle for i in indicateurs(rapport)] == [
        "encours", "sla", "prise_en_charge", "mttr", "remise_en_service", "cout"]  # fmt: skip


def test_l_ecriture_francaise() -> None:
    assert entier(1234567) == "1\u202f234\u202f567"
    assert pourcent(92.44) == "92,4\u202f%"
    assert pourcent(None) == "–"
    assert (duree(342), duree(42), duree(0)) == ("5\u202fh\u202f42", "42\u202fmin", "0\u202fmin")
    assert periode(date(2026, 10, 1), date(2026, 10, 31)) == "du 1er au 31 octobre 2026"
    assert periode(date(2025, 12, 15), date(2026, 1, 3)) == "du 15 décembre 2025 au 3 janvier 2026"
    assert periode(date(2026, 8, 1), date(2026, 8, 1)) == "le 1er août 2026"


def test_un_echec_laisse_l_ancien_fichier(tmp_path: Path) -> None:
    cible = tmp_path / "rapport.pdf"
    cible.write_text("ancien")

    def a_moitie(fichier: Path) -> None:
        fichier.write_text("moi")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="Impossible d’écrire"):
        atomique(cible, a_moitie)
    assert cible.read_text() == "ancien"
    assert [f.name for f in tmp_path.iterdir()] == ["rapport.pdf"]


def _admin(*arguments: str, **environnement: str) -> subprocess.CompletedProcess[str]:
    return erp_admin("report", "interventions", *arguments, env={**os.environ, "PYTHONUTF8": "1", **environnement})


def test_la_commande_ecrit_les_trois_formats(
    engine: sa.Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The same period on either engine: same answer, three readable files."""
    with transaction(engine) as session:
        jeu = remplir(session, 300)
        creees = attendu(session, ParamsRapport(DIX_MOIS.debut, DIX_MOIS.fin, jeu.agences[0]))["creees"]
    assert creees > 50
    if engine.dialect.name == "sqlite":
        ou = ["--cache", str(request.getfixturevalue("sqlite_path"))]
    else:
        ou = ["--url", request.getfixturevalue("pg_url")]
    periode_ = ["--debut", "2026-01-01", "--fin", "2026-10-31", "--agence", "cas", "--json"]
    for forme, debut in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        cible = tmp_path / f"r.{forme}"
        fait = _admin("--format", forme, "--out", str(cible), *periode_, *ou)
        assert (fait.returncode, fait.stderr) == (0, "")
        reponse = json.loads(fait.stdout)
        assert reponse["octets"] == cible.stat().st_size
        assert reponse["agence"] == "Casablanca (CAS)"
        assert reponse["creees"] == creees
        assert cible.read_bytes().startswith(debut)


def test_les_refus_tiennent_en_une_ligne(sqlite_path: Path, tmp_path: Path) -> None:
    bon = ["--format", "csv", "--out", str(tmp_path / "r.csv"), "--cache", str(sqlite_path)]
    cas = {
        "n'existe pas ; choisir pdf, xlsx ou csv": ["--format", "docx"],
        "L'agence « ZZZ » n'existe pas": ["--agence", "ZZZ"],
        "ce dossier n’existe pas": ["--out", str(tmp_path / "absent" / "r.csv")],
        "n'est pas une date": ["--debut", "1er mars"],
        "La fin de la période précède son début": ["--debut", "2026-05-01", "--fin", "2026-04-01"],
        "n'existe pas.": ["--cache", str(tmp_path / "rien.sqlite")],
    }
    for raison, arguments in cas.items():
        refus = _admin(*bon, *arguments)
        assert refus.returncode == 1, raison
        assert refus.stdout == ""
        assert raison in refus.stderr
        assert refus.stderr.count("\n") == 1
    assert not (tmp_path / "r.csv").exists()


def test_les_trois_formats_s_ecrivent_sans_pyside6(sqlite_path: Path, tmp_path: Path) -> None:
    sans_qt = "import sys; sys.modules['PySide6'] = None; from erp_desktop.cli import main; main()"
    for forme in ("pdf", "xlsx", "csv"):
        fait = subprocess.run(
            [sys.executable, "-c", sans_qt, "report", "interventions", "--format", forme,
             "--out", str(tmp_path / f"r.{forme}"), "--cache", str(sqlite_path)],
            capture_output=True, text=True, check=False, cwd=paths.ROOT, env={**os.environ, "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert (fait.returncode, fait.stderr) == (0, "")
    assert sorted(f.name for f in tmp_path.iterdir() if f.name.startswith("r.")) == ["r.csv", "r.pdf", "r.xlsx"]
