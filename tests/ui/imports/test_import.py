"""A file imported in the window: recognised, judged in pieces, mended in place, written whole, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing.texts import texts
from erp_desktop.errors import UserError
from erp_desktop.models import ContratPeriode, Depot, Equipement, PieceDetachee, Planning
from erp_desktop.services.importation import wizard
from erp_desktop.services.importation.wizard import Choix, Essai
from erp_desktop.ui.imports.faults import told
from erp_desktop.ui.imports.page import ImportPage
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.sections import IMPORTS
from tests.ui.company import Monde
from tests.ui.imports.opening import PATIENCE, judged, opened
from tests.ui.window import Bureau

_HEAD = "Raison sociale;ICE;Localité;Téléphone;Obs"


def written(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join([_HEAD, *rows]) + "\n", encoding="utf-8-sig")
    return path


def sheet(path: Path, count: int = 40) -> Path:
    rows = [f"Atelier {n:03d};;Rabat;05 22 40 18 {n % 100:02d};RAS" for n in range(count)]
    rows[3] = "Atelier trois;12AB;Rabat;;"
    rows[10] = ";;Rabat;;orphelin"
    rows[11] = "Conserveries Atlas;;Rabat;;"  # there already
    return written(path, rows)


def clients(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM clients")).scalar_one())


def test_bad_lines_are_named_mended_or_left_out_and_the_rest_is_written(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    before = clients(sqlite_engine)
    page = opened(bureau, qtbot, sheet(tmp_path / "parc.csv"))
    assert page.columns.given()["Raison sociale"] == "nom_entreprise"
    assert page.columns.given()["Obs"] == ""
    column = page.columns.editors["Localité"]
    column.combo.setFocus()
    while column.value() != "ville":
        QTest.keyClick(column.combo, Qt.Key.Key_Down)
    judged(page, qtbot, 3)
    assert [(one.ligne, one.colonne, one.valeur) for one in page.faults] == [
        (5, "ICE", "12AB"), (12, "Raison sociale", ""), (13, "Raison sociale", "Conserveries Atlas"),
    ]  # fmt: skip
    assert page.good.figure.text() == "37"
    assert not page.write_button.isEnabled()
    assert clients(sqlite_engine) == before
    refused = tmp_path / "refus.csv"
    page.export_refused(refused)
    qtbot.waitUntil(refused.exists, timeout=PATIENCE)
    assert len(refused.read_text(encoding="utf-8-sig").splitlines()) == 1 + 3
    QTest.keyClick(page.mend_button, Qt.Key.Key_Return)
    editor = page.table.findChild(QLineEdit)
    assert editor is not None
    QTest.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor, "001234567000089")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    judged(page, qtbot, 2)
    page.apart.setFocus()
    QTest.keyClick(page.apart, Qt.Key.Key_Space)
    assert page.write_button.text() == "Écrire 38 lignes"
    assert page.save()
    qtbot.waitUntil(lambda: clients(sqlite_engine) == before + 38, timeout=PATIENCE)
    bureau.settle()
    with sqlite_engine.connect() as connection:
        row = connection.execute(sa.text("SELECT ice, ville FROM clients WHERE nom_entreprise = 'Atelier trois'"))
        assert row.one() == ("001234567000089", "Rabat")
    again = opened(bureau, qtbot, written(tmp_path / "autre.csv", ["Nouvelle;;Fès;;"]))
    assert "réglage retrouvé" in again.known.text()
    judged(again, qtbot, 0)
    assert again.columns.given()["Localité"] == "ville"
    again.give_up()


def test_an_import_is_offered_where_rows_are_made(bureau: Bureau, qtbot: QtBot) -> None:
    page = bureau.liste("clients")
    QTest.keyClick(page.head.export_button, Qt.Key.Key_Return)
    menu = next(one for one in page.findChildren(QMenu) if one.isVisible())
    words = [action.text() for action in menu.actions()]
    assert words[-1] == "Importer un fichier…"
    QTest.keyClick(menu, Qt.Key.Key_Up)
    QTest.keyClick(menu, Qt.Key.Key_Return)
    bureau.settle()
    assert isinstance(bureau.workspace.page, ImportPage)


def test_a_line_that_became_bad_and_a_stop_write_nothing(
    monde: Monde, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    file = wizard.ouvrir("clients", sheet(tmp_path / "parc.csv"))
    choice = Choix(wizard.proposer("clients", file), ecartees=frozenset({5, 12, 13}))
    labels = {one.name: one.label for one in wizard.champs("clients")}
    for language in ("ar", "en"):
        heads = {name: texts(language).known[label] for name, label in labels.items()}
        (tmp_path / "exporte.csv").write_text(";".join(heads.values()) + "\n" + ";".join("x" for _ in heads), "utf-8")
        told = wizard.proposer("clients", wizard.ouvrir("clients", tmp_path / "exporte.csv"))
        assert {column: name for name, column in heads.items()} == told
    before = clients(sqlite_engine)
    assert monde.agent is not None
    agent = monde.agent

    def stop(_done: int, _total: int) -> None:
        raise UserError("arrêté")

    for progress, given in ((stop, choice), (lambda _d, _t: None, Choix(choice.champs))):
        with pytest.raises(UserError), transaction(sqlite_engine) as session:
            wizard.ecrire_tout(session, agent, "clients", file, given, progress)
    assert clients(sqlite_engine) == before
    headquarters = Acteur(agent.user_id, agent.nom, agent.role, None, "", 0)
    with pytest.raises(UserError, match="agence"), transaction(sqlite_engine) as session:
        Essai(headquarters, "clients", file, choice).piece(session)


def test_kinds_are_read_from_every_row(tmp_path: Path) -> None:
    file = tmp_path / "types.csv"
    lines = ["nom_entreprise;ice;montant;jour;actif"]
    lines += [f"A{n};00123456700008{n};{n + 1},50;0{n + 1}/03/2026;oui" for n in range(9)]
    lines[5] = "A4;001234567000084;5,50;bientôt;oui"
    file.write_text("\n".join(lines), encoding="utf-8")
    found = {c.name: (c.kind, c.odd) for c in wizard.ouvrir("clients", file).colonnes}
    assert found == {
        "nom_entreprise": ("text", 0), "ice": ("text", 0), "montant": ("number", 0), "jour": ("text", 0),
        "actif": ("flag", 0),
    }  # fmt: skip


_SECTIONS: dict[str, tuple[str, list[str], list[tuple[str, str, str]]]] = {
    "depots": (
        "Nom;Type;Technicien",
        ["Fourgon 7;véhicule;T-01", "Réserve;agence;T-01"],
        [("3", "Technicien", "Seul un véhicule est confié à un technicien")],
    ),
    "contrats": (
        "Numéro de contrat;Client;Type;Statut;Date de début;Date de fin;Interventions par an;Reconduction",
        ["C-1;Conserveries Atlas;Maintenance complète;en cours;01/01/2026;31/12/2026;12;",
         "C-2;Conserveries Atlas;Maintenance complète;brouillon;01/01/2026;31/12/2025;;",
         "C-3;Conserveries Atlas;Maintenance complète;brouillon;01/01/2026;;;tacite"],
        [("3", "Date de fin", "Le contrat finit avant de commencer"),
         ("4", "Reconduction", "Un contrat sans fin ne se reconduit pas : donnez sa date de fin")],
    ),
    "plannings": (
        "Équipement;Titre;Fréquence;Règle de répétition;Première date;Fin du plan",
        ["EQ-000;Graissage;Mensuel;;05/01/2026;",
         "EQ-003;Graissage;Mensuel;;05/01/2026;",
         'EQ-001;Contrôle;RRULE;"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30";05/01/2026;',
         'EQ-001;Contrôle;RRULE;"FREQ=DAILY;INTERVAL=0";05/01/2026;',
         "EQ-001;Contrôle;Annuel;;05/01/2026;04/01/2026"],
        [("3", "Équipement", "Cet équipement est retiré : il n'a plus de préventif"),
         ("4", "Règle de répétition", "Cette règle ne commence jamais : aucun de ces mois n'a ce jour"),
         ("5", "Règle de répétition",
          "Cette règle ne finit jamais : un intervalle de 0 répète sans fin la même date"),
         ("6", "Fin du plan", "Le plan finit avant de commencer")],
    ),
    "mouvements_stock": (
        "Pièce;Dépôt;Type de mouvement;Quantité;Date et heure",
        ["SKF;Magasin;entrée;12;05/01/2026", "SKF;Annexe;entrée;12;05/01/2026", "SKF;Magasin;entrée;0;05/01/2026",
         "SKF;Magasin;entrée;;05/01/2026"],
        [("3", "Dépôt", "Ce dépôt est clos : rouvrez-le ou choisissez-en un autre"),
         ("4", "Quantité", "positive pour une entrée ou un retour, négative pour une sortie, jamais nulle"),
         ("5", "Quantité", "valeur absente")],
    ),
    "interventions": (
        "Équipement;Client;Technicien;Titre;Statut;Type;Date de création;Fin des travaux;Début des travaux",
        ["EQ-000;;T-01;Palier;Clôturée;Corrective;05/01/2026;06/01/2026 10:00;06/01/2026 09:00",
         "EQ-999;;;Palier;Ouverte;Corrective;05/01/2026;;",
         "EQ-001;;;Palier;Terminée;Corrective;05/01/2026;;",
         "EQ-001;;;Palier;Ouverte;Corrective;hier;;",
         "EQ-001;Conserveries Atlas;;Palier;Ouverte;Corrective;05/01/2026;;"],
        [("3", "Équipement", "Équipement introuvable dans cette agence : « EQ-999 »"),
         ("4", "Statut", "Statut inconnu « Terminée »"),
         ("5", "Date de création", "date illisible « hier »"),
         ("6", "Équipement", "Équipement « EQ-001 » est celui d'un autre client")],
    ),
}  # fmt: skip
"""Table → header, lines, and each refusal: line, column, the beginning of its words."""


def test_each_section_is_filled_from_a_file_under_its_own_rules(
    monde: Monde, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    assert set(IMPORTS.values()) == set(wizard.TABLES)
    who, agent = monde.responsable, monde.agent
    assert who is not None
    assert agent is not None
    with transaction(sqlite_engine, who.user_id) as session:
        session.get_one(Equipement, monde.machines[3]).statut = "retire"
        session.add_all([
            Depot(nom="Magasin", agence_id=monde.agence), Depot(nom="Annexe", agence_id=monde.agence, statut="clos"),
            PieceDetachee(reference="SKF", designation="Roulement", agence_id=monde.agence),
        ])  # fmt: skip

    def tried(acteur: Acteur, table: str, path: Path) -> tuple[wizard.Fichier, Choix, list[tuple[str, str, str]]]:
        file = wizard.ouvrir(table, path)
        choice = Choix(wizard.proposer(table, file))
        trial = Essai(acteur, table, file, choice)
        more = True
        while more:
            with transaction(sqlite_engine, write=False) as session:
                more = trial.piece(session)
        return file, choice, [(str(one.ligne), one.colonne, one.raison) for one in trial.fautes]

    for table, (header, lines, refused) in _SECTIONS.items():
        path = tmp_path / f"{table}.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8-sig")
        file, choice, found = tried(who, table, path)
        assert "" not in choice.champs.values(), (table, choice.champs)
        assert [(line, column) for line, column, _ in found] == [(line, column) for line, column, _ in refused]
        for (_l, _c, said), (_line, _column, words) in zip(found, refused, strict=True):
            assert said.startswith(words), (table, said)
            assert "--" not in said
        bad = frozenset(int(line) for line, _c, _w in refused)
        with transaction(sqlite_engine, who.user_id) as session:
            done = wizard.ecrire_tout(
                session, who, table, file, Choix(choice.champs, ecartees=bad), lambda _d, _t: None
            )
        assert done.importees == len(lines) - len(bad), table
    with transaction(sqlite_engine, write=False) as session:
        plan = session.scalars(sa.select(Planning)).one()
        assert (plan.rythme_depuis, plan.report_ferie, plan.agence_id) == (clock.today(), "apres", monde.agence)
        period = session.scalars(sa.select(ContratPeriode)).one()
        assert (period.interventions_incluses, period.numero) == (12, 1)
    # An agent neither plans nor validates from a file.
    with pytest.raises(UserError, match="préventif"):
        tried(agent, "plannings", tmp_path / "plannings.csv")
    (tmp_path / "c.csv").write_text(f"{_SECTIONS['contrats'][0]}\n{_SECTIONS['contrats'][1][0]}\n".replace(
        "C-1", "C-9"), encoding="utf-8-sig")  # fmt: skip
    assert tried(agent, "contrats", tmp_path / "c.csv")[2] == [
        ("2", "Statut", "un contrat se valide par un responsable, importez-le en brouillon")
    ]


def test_a_reason_of_a_service_is_told_in_the_language_in_force(qapp: QApplication) -> None:
    i18n.set_language(qapp, "en")
    assert told("L'ICE compte 15 chiffres") == "An ICE has 15 digits"
    assert told("valeur absente") == "no value"
    assert told("« 1,234 » se lit 1234 ou 1,234 : dites la convention du fichier").endswith("writes numbers")
    assert told("date illisible « hier »") != "date illisible « hier »"
    assert (
        told("coût en AUD gardé dans les notes, hors des chiffres")
        == "cost in AUD kept in the notes, out of the figures"
    )
    assert told("phrase que personne n'a traduite").startswith("phrase que personne")


def test_an_unknown_value_is_offered_the_known_one_it_comes_near_to(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "machines.csv"
    path.write_text(
        "Nom;Code interne;Client;Statut\nPresse;PR-1;Conserverie Atlas;actif\n"
        "Tour;TR-1;Minoterie Chaouia;operationel\nSilo;SI-1;Zyx;operationnel\n",
        encoding="utf-8-sig",
    )
    page = bureau.workspace.open_record("import-equipements", None)
    assert isinstance(page, ImportPage)
    assert page.steps.accessibleName() == "Étape 1 sur 4 : Fichier"
    page.open_file(path)
    qtbot.waitUntil(lambda: page._judged, timeout=PATIENCE)
    bureau.settle()
    assert page.steps.accessibleName() == "Étape 3 sur 4 : Contrôle"
    near = {one.colonne + str(one.ligne): one.proche for one in page.faults}
    assert near == {"Client2": "Conserveries Atlas", "Statut2": "", "Statut3": "operationnel", "Client4": ""}
    reason = page.table.lines.index([one.colonne for one in page.faults].index("Client"), 3)
    assert str(reason.data()).endswith("proche de «\u00a0Conserveries Atlas\u00a0»")
    page.table.setFocus()
    page.table.setCurrentIndex(reason)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page._judged and "Client2" not in {o.colonne + str(o.ligne) for o in page.faults})
    assert page._corrections[2] == {"Client": "Conserveries Atlas"}


def test_lost_zeros_of_an_ice_are_one_click_away_and_no_option_of_the_command_is_told(
    bureau: Bureau, qtbot: QtBot, tmp_path: Path
) -> None:
    rows = ["Zéros;1525713000000;Rabat;;", "Ailleurs;;Paris;01 99 00 21 40;"]
    page = opened(bureau, qtbot, written(tmp_path / "tableur.csv", rows))
    judged(page, qtbot, 2)
    assert [(one.ligne, one.colonne, one.proche) for one in page.faults] == [
        (2, "ICE", "001525713000000"), (3, "Téléphone", ""),
    ]  # fmt: skip
    assert "--" not in "".join(one.raison for one in page.faults)
    page.table.lines.take_near(0)
    judged(page, qtbot, 1)
    assert page._corrections == {2: {"ICE": "001525713000000"}}
    page.give_up()


def test_a_word_mended_once_is_written_wherever_the_file_says_it(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, sqlite_engine: sa.Engine
) -> None:
    path = tmp_path / "parc.csv"
    states = ["ACTIVO", "AVERIADO", "ACTIVO", "ACTIVO", ""]
    rows = [f"Tour {n};TR-{n % 4};Conserveries Atlas;{state}" for n, state in enumerate(states)]
    path.write_text("Nom;Code interne;Client;Statut\n" + "\n".join(rows) + "\n", encoding="utf-8-sig")
    page = bureau.workspace.open_record("import-equipements", None)
    assert isinstance(page, ImportPage)
    page.open_file(path)
    # The last line has the number of the first one: mended alone.
    judged(page, qtbot, 5)
    first = next(one for one in page.faults if one.valeur == "ACTIVO")
    assert first.ligne == 2
    page.mend(first.ligne, "Statut", "operationnel")
    judged(page, qtbot, 2)
    assert page._corrections == {n: {"Statut": "operationnel"} for n in (2, 4, 5)}
    told = [label.text() for label in bureau.window.toaster.toasts[-1].findChildren(QLabel)]
    assert any("partout où le fichier dit" in words and "ACTIVO" in words for words in told)
    left = sorted((one.ligne, one.valeur, one.inconnue) for one in page.faults)
    assert left == [(3, "AVERIADO", True), (6, "TR-0", False)]
    page.mend(3, "Statut", "panne")
    page.mend(6, "Code interne", "TR-9")
    judged(page, qtbot, 0)
    assert page.save()
    qtbot.waitUntil(lambda: "TR-9" in codes(sqlite_engine))
    assert {"TR-0", "TR-1", "TR-2", "TR-3"} <= codes(sqlite_engine)


def codes(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(sa.text("SELECT code_interne FROM equipements")).scalars())
