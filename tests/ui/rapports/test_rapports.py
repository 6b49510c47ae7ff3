"""The reports screen over a real database: figures, pickers, charts, files written off the GUI thread."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt, QThread
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from erp_desktop import clock, paths
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.periodes import PERIODES
from erp_desktop.reports import pdf
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.reports.tableaux import indicateurs
from erp_desktop.settings import Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.controls import LineEdit
from erp_desktop.ui.rapports import RapportsPage, wording
from erp_desktop.ui.rapports.page import GRAPHES
from erp_desktop.ui.tasks import Tasks
from tests.reports.rows import MAINTENANT, Jeu, remplir

Ouvrir = Callable[..., RapportsPage]


@pytest.fixture
def jeu(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Jeu:
    monkeypatch.setattr(clock, "now", lambda: MAINTENANT)
    with transaction(engine) as session:
        return remplir(session, 400)


@pytest.fixture
def dits() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def ouvrir(
    qtbot: QtBot, engine: sa.Engine, jeu: Jeu, tmp_path: Path, dits: list[tuple[str, str]]
) -> Iterator[Ouvrir]:
    worker = DbWorker(engine)
    pages: list[RapportsPage] = []

    def faire(role: Role = Role.RESPONSABLE, agence_id: int | None = None, code: str = "") -> RapportsPage:
        tasks = Tasks(worker)
        contexte = Contexte(
            acteur=Acteur(jeu.utilisateurs[0], "Amina", role, agence_id, code),
            settings=Settings(data_dir=tmp_path, log_dir=tmp_path), tasks=tasks, bus=Bus(),
            drafts=Drafts(tmp_path / "brouillons", 1),
            say=lambda mots, _undo=None, kind="": dits.append((kind, mots)),
            open_record=lambda *_: None,
        )  # fmt: skip
        page = RapportsPage(contexte)
        pages.append(page)
        qtbot.addWidget(page)
        page.resize(1240, 1100)
        page.show()
        qtbot.waitUntil(lambda: page.rapport is not None and page.dessine)
        return page

    yield faire
    worker.close()


def test_l_ecran_montre_les_chiffres_du_rapport(engine: sa.Engine, ouvrir: Ouvrir, jeu: Jeu) -> None:
    page = ouvrir()
    with transaction(engine, write=False) as session:
        attendu = calculer(session, ParamsRapport(date(2025, 11, 1), date(2026, 10, 15)))
    assert page.rapport == attendu
    assert attendu.creees > 100
    assert page.tuiles["encours"].accessibleName().startswith(f"Encours : {attendu.encours} interventions")
    modele = page.tables["techniciens"].modele
    lu = [[modele.index(n, c).data() for c in range(2)] for n in range(modele.rowCount())]
    assert lu[:-1] == [[t.nom, str(t.nombre)] for t in attendu.techniciens]
    assert lu[-1] == ["Total", str(attendu.cloturees)]
    assert page.fraicheur.text() == "calculé à 14:30 sur les données de 14:30"
    assert page.status()[0] == "du 1er novembre 2025 au 15 octobre 2026"


def test_la_periode_et_l_agence_changent_les_chiffres(qtbot: QtBot, ouvrir: Ouvrir, jeu: Jeu) -> None:
    page = ouvrir()
    tout = page.rapport
    menu = page.choix.menu_agence()
    assert [a.text() for a in menu.actions()] == ["Toutes les agences", "Casablanca (CAS)", "Rabat (RAB)"]
    menu.actions()[2].trigger()
    menu.close()
    qtbot.waitUntil(lambda: page.rapport is not tout)
    assert page.rapport is not None
    assert page.rapport.params.agence_id == jeu.agences[1]
    assert page.choix.agence.text() == "Agence : Rabat (RAB)  ▾"
    avant = page.rapport
    page.choix.choisir_periode("mois-1")
    qtbot.waitUntil(lambda: page.rapport is not avant)
    assert page.rapport is not None
    assert (page.rapport.params.debut, page.rapport.params.fin) == (date(2026, 9, 1), date(2026, 9, 30))
    assert 0 < page.rapport.creees < avant.creees


def test_des_dates_a_l_envers_sont_refusees_sur_place(qtbot: QtBot, ouvrir: Ouvrir) -> None:
    page = ouvrir()
    avant = page.rapport
    page.choix.ouvrir_dates()
    assert page.choix.dates.isVisible()
    page.choix.choisir_dates(date(2026, 5, 1), date(2026, 4, 1))
    assert page.choix.refus.text() == "La fin de la période précède son début."
    page.choix.choisir_dates(date(2026, 4, 1), date(2026, 4, 30))
    qtbot.waitUntil(lambda: page.rapport is not avant)
    assert page.choix.refus.text() == ""
    assert page.choix.periode.text() == "Période : du 1er au 30 avril 2026  ▾"


def test_les_dates_de_la_periode_se_tapent_comme_partout(qtbot: QtBot, ouvrir: Ouvrir) -> None:
    """The grammar of every other date field: what is not understood stays, marked, and changes no figure."""
    page = ouvrir()
    avant = page.rapport
    page.choix.ouvrir_dates()
    qtbot.keyClicks(_vider(page.choix.debut.line), "01042026")
    qtbot.keyClicks(_vider(page.choix.fin.line), "trente avril")
    qtbot.keyClick(page.choix.fin.line, Qt.Key.Key_Return)
    assert page.choix.fin.line.text() == "trente avril"
    assert page.choix.fin.line.property("invalid")
    assert page.choix.refus.text().startswith("Date attendue")
    assert page.rapport is avant
    _vider(page.choix.fin.line)
    qtbot.keyClick(page.choix.fin.line, Qt.Key.Key_Return)
    assert page.choix.refus.text() == "Indiquez les deux dates de la période."
    qtbot.keyClicks(page.choix.fin.line, "2026-04-30")
    qtbot.keyClick(page.choix.fin.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.rapport is not avant)
    assert page.rapport is not None
    assert (page.rapport.params.debut, page.rapport.params.fin) == (date(2026, 4, 1), date(2026, 4, 30))
    assert (page.choix.debut.line.text(), page.choix.fin.line.text()) == ("01/04/2026", "30/04/2026")


def _vider(champ: LineEdit) -> LineEdit:
    champ.selectAll()
    champ.del_()
    return champ


def test_un_responsable_reste_dans_son_agence(ouvrir: Ouvrir, jeu: Jeu) -> None:
    page = ouvrir(Role.RESPONSABLE, jeu.agences[0], "CAS")
    assert not page.choix.agence.isEnabled()
    assert page.rapport is not None
    assert page.rapport.params.agence_id == jeu.agences[0]
    assert page.rapport.agence == "Casablanca (CAS)"


def test_un_refus_se_lit_a_la_place_du_rapport(qtbot: QtBot, ouvrir: Ouvrir) -> None:
    page = ouvrir()
    page.choix.agence_id = 42
    page.reload()
    qtbot.waitUntil(lambda: page._pile.currentWidget() is not page._zone)
    etat = page._pile.currentWidget()
    assert any("n’existe pas" in x.text() for x in etat.findChildren(type(etat.words)))
    page.choix.agence_id = None
    page.reload()
    qtbot.waitUntil(lambda: page._pile.currentWidget() is page._zone)


def test_les_trois_fichiers_s_ecrivent_hors_du_fil_de_la_fenetre(
    qtbot: QtBot, ouvrir: Ouvrir, tmp_path: Path, dits: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ouvrir()
    fils: list[bool] = []
    principal = QThread.currentThread()
    vrai = pdf.ecrire_pdf

    def note(rapport: Any, cible: Path, langue: str) -> None:
        fils.append(QThread.currentThread() is not principal)
        vrai(rapport, cible, langue)

    monkeypatch.setattr(pdf, "ecrire_pdf", note)
    for forme in ("pdf", "xlsx", "csv"):
        with qtbot.waitSignal(page.exporte):
            page.exporter(forme, tmp_path / f"r.{forme}")
            assert not page.boutons[forme].isEnabled()
        qtbot.waitUntil(page.boutons[forme].isEnabled)
        assert (tmp_path / f"r.{forme}").stat().st_size > 1000
    assert fils == [True]
    texte = pypdf.PdfReader(tmp_path / "r.pdf").pages[0].extract_text()
    assert "Page 1 / 3" in " ".join(texte.split())
    assert [k for k, _ in dits] == ["success"] * 3
    with qtbot.waitSignal(page.exporte):
        page.exporter("csv", tmp_path / "absent" / "r.csv")
    qtbot.waitUntil(lambda: len(dits) == 4)
    assert dits[-1][0] == "danger"
    assert "ce dossier n’existe pas" in dits[-1][1]


def test_le_bouton_propose_un_nom_de_fichier(qtbot: QtBot, ouvrir: Ouvrir) -> None:
    page = ouvrir()
    qtbot.mouseClick(page.boutons["xlsx"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(page.findChildren(QFileDialog)))
    dialogue = page.findChildren(QFileDialog)[0]
    assert dialogue.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    assert Path(dialogue.selectedFiles()[0]).name == "rapport-interventions-20251101-20261015.xlsx"
    dialogue.close()


def test_le_theme_sombre_redessine(ouvrir: Ouvrir, qtbot: QtBot, qapp: Any) -> None:
    page = ouvrir()

    def fond() -> QColor:
        return page._graphes["activite"].grab().toImage().pixelColor(2, 2)

    clair = fond()
    theme.install(qapp, theme.DARK)
    assert fond() != clair
    assert fond() == theme.theme().color("surface.raised")


def test_une_colonne_se_trie_et_le_total_reste_en_bas(ouvrir: Ouvrir) -> None:
    table = ouvrir().tables["techniciens"]
    for _ in range(2):
        table.horizontalHeader().sectionClicked.emit(1)
        lu = [int(table.modele.index(n, 1).data()) for n in range(table.modele.rowCount())]
        assert lu[-1] == sum(lu[:-1])
        croissant = sorted(lu[:-1])
        assert lu[:-1] == (croissant[::-1] if _ == 0 else croissant)


def test_les_periodes_nommees() -> None:
    bornes = {p.cle: p.bornes for p in PERIODES}
    jour = date(2026, 3, 31)
    assert bornes["30j"](jour) == (date(2026, 3, 2), jour)
    assert bornes["mois"](jour) == (date(2026, 3, 1), jour)
    assert bornes["mois-1"](jour) == (date(2026, 2, 1), date(2026, 2, 28))
    assert bornes["trimestre"](jour) == (date(2026, 1, 1), jour)
    assert bornes["12m"](jour) == (date(2025, 4, 1), jour)
    assert bornes["12m"](date(2026, 12, 5)) == (date(2026, 1, 1), date(2026, 12, 5))
    for p in PERIODES:
        debut, fin = p.bornes(jour)
        assert timedelta(0) <= fin - debut <= timedelta(days=366), p.cle


@pytest.mark.parametrize("langue", ["ar", "en"])
def test_chaque_texte_de_l_ecran_est_traduit(langue: str) -> None:
    """Literal texts of the screen, and those it takes from the periods and the report's headings."""
    source = "".join(f.read_text(encoding="utf-8") for f in (paths.ROOT / "erp_desktop/ui/rapports").glob("*.py"))
    textes = set(re.findall(r'\btr\("([^"]+)"', source)) | {p.nom for p in PERIODES}
    textes |= {titre for _, titre, *_ in GRAPHES} | {"Techniciens", "Équipements", "Du", "au"}
    assert len(textes) > 40
    fichiers = (paths.RESOURCES / "translations").glob(f"{langue}*.json")
    connus = {texte for f in fichiers for texte in json.loads(f.read_text(encoding="utf-8"))}
    assert sorted(textes - connus - {"PDF", "XLSX", "CSV"}) == []


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_figures_are_told_in_the_language_of_the_window(
    ouvrir: Ouvrir, qtbot: QtBot, qapp: Any, language: str
) -> None:
    i18n.set_language(qapp, language)
    page = ouvrir()
    told = [wording.detail(i.detail) for i in indicateurs(page.rapport)]
    told += [words for chart in page._graphes.values() for _value, words in chart._ticks["bottom"]]
    told += [page.status()[0]]
    french = re.compile("[éèêûôîœç]|correctives|sans|échus|juil|janv|sur ")
    assert len(told) > 10
    assert [words for words in told if french.search(words)] == []
    if language == "ar":
        assert all(re.search("[\u0600-\u06ff]", words) for words in told[:6])
