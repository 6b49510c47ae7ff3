"""A clerk's day through real widgets, by keyboard alone: calls planned, worked and closed, parts from a van, a quota,
an hour without the line, a conflict, a preventive round, a count, the bons in one go, and a power cut in a form."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.contrats.saisie import ContratInput, CouvertureInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.models import (
    Agence,
    Attente,
    Creneau,
    Depot,
    Intervention,
    LigneIntervention,
    MouvementStock,
    Occurrence,
    PieceDetachee,
)
from erp_desktop.services import calendrier, contrats
from erp_desktop.services.contrats import periods
from erp_desktop.services.preventif import form as plans
from erp_desktop.ui.conflits.cards import LigneChamp
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.planning.backlog import BacklogView
from erp_desktop.ui.printing.preview import SHOWN, PreviewWindow
from tests.processes import Program
from tests.ui.branch import Labo
from tests.ui.company import Monde
from tests.ui.keyboard import CTRL, Keyboard
from tests.ui.window import Bureau

_PATIENCE = 180_000
_CUT = "Un appel que la panne coupe"


def _office(url: str, monde: Monde) -> int:
    """At the centre: a contract over the first machine, a van for each technicien, a plan; returns the contract."""
    who = monde.responsable
    assert who is not None
    begin, now = clock.today() - timedelta(days=30), datetime.now(UTC)
    engine = create_pg_engine(url)
    usual = dict.fromkeys(range(1, 6), ((480, 720), (840, 1080))) | {6: ((480, 720),)}
    with transaction(engine, who.user_id) as session:
        calendrier.definir_horaires(session, session.get_one(Agence, monde.agence), usual)
        session.execute(sa.update(Intervention).values(statut="annulee", technicien_id=None))
        contract = contrats.create(
            session, who,
            ContratInput(client_id=monde.clients[0], date_debut=begin, nb_interventions_incluses=40,
                         date_fin=begin + timedelta(days=300)),
        )  # fmt: skip
        contrats.changer_statut(session, who, contract, StatutContrat.EN_COURS)
        contrats.couvrir(session, who, contract, CouvertureInput(equipement_id=monde.machines[0], du=begin))
        part = PieceDetachee(reference="SKF-6205", designation="Roulement 6205", prix_unitaire=Decimal(85),
                             agence_id=monde.agence)  # fmt: skip
        session.add(part)
        session.flush()
        for number, technicien in enumerate(monde.techniciens, start=1):
            van = Depot(nom=f"Fourgon {number}", type_depot="vehicule", technicien_id=technicien,
                        agence_id=monde.agence)  # fmt: skip
            session.add(van)
            session.flush()
            session.add(
                MouvementStock(piece_id=part.id, depot_id=van.id, type_mouvement="entree", quantite=Decimal(500),
                               agence_id=monde.agence, date_effet=now, horodatage=now)
            )  # fmt: skip
        plans.create(
            session, who,
            PlanInput(equipement_id=monde.machines[1], modele_titre="Tournee de graissage", frequence="mensuel",
                      date_debut=clock.today()),
        )  # fmt: skip
    engine.dispose()
    return contract


class Day:
    """What a day needs: a window on one desktop of the branch, another desktop, and the centre between them.

    Attributes:
        line: down, nothing is exchanged; what happens meanwhile waits.
    """

    def __init__(self, qtbot: QtBot, url: str, folder: Path) -> None:
        # The row of acts is deaf that long after each of them: a day of thirty would wait two minutes for it.
        QApplication.setDoubleClickInterval(40)
        self.labo = Labo(url, folder)
        self.monde, salma = self.labo.monde, self.labo.salma
        assert salma is not None
        self.salma = salma
        self.contract = _office(url, self.monde)
        self.mine, self.theirs = self.labo.poste("accueil"), self.labo.poste("atelier")
        self.engine = self.mine.engine()
        self.worker = DbWorker(self.engine)
        self.bureau = Bureau(qtbot, self.worker, salma, folder)
        self.hands = Keyboard(self.bureau)
        self.line = True

    def close(self) -> None:
        self.bureau.finish()
        self.worker.close()
        self.engine.dispose()
        assert self.bureau.failures == []

    def exchange(self) -> None:
        """What the network thread does every few seconds while there is a line."""
        if not self.line:
            return
        done = self.mine.cycle()
        for table in done.tables:
            self.bureau.bus.publish(table)
        self.bureau.settle()

    def all(self, asked: sa.Select[tuple[object, ...]]) -> list[tuple[object, ...]]:
        with transaction(self.engine, write=False) as session:
            return [tuple(row) for row in session.execute(asked)]

    # The clerk

    def job(self, number: int) -> None:
        """From the call to the closing."""
        hands, title = self.hands, f"Appel {number} : sertisseuse qui vibre"
        hands.press(Qt.Key.Key_1, CTRL)
        hands.press(Qt.Key.Key_N, CTRL)
        hands.type(title)
        hands.go_to("Client")
        hands.type("atlas")
        hands.go_to("Équipement")
        hands.type("sertisseuse")
        hands.press(Qt.Key.Key_S, CTRL)
        # Planned on the board: who and when.
        hands.press(Qt.Key.Key_2, CTRL)
        backlog = hands.go_to_kind(BacklogView)
        assert isinstance(backlog, BacklogView)
        for _ in backlog.visits:
            if backlog.visit is not None and backlog.visit.titre == title:
                break
            hands.press(Qt.Key.Key_Down)
        hands.press(Qt.Key.Key_R)
        hands.press(Qt.Key.Key_Return)
        hands.press(Qt.Key.Key_1, CTRL)
        hands.act("Démarrer")
        hands.go_to("Autres actions")
        hands.choose("Mettre en attente")
        assert hands.focus.accessibleName() == "Motif de l’attente"
        hands.press(Qt.Key.Key_Return)
        self.bureau.qtbot.wait(QApplication.doubleClickInterval() + 20)
        hands.act("Reprendre")
        hands.open_part("Lignes", Qt.Key.Key_Right)
        hands.go_to("Type")
        hands.type("P")
        hands.go_to("Pièce")
        hands.type("6205")
        hands.press(Qt.Key.Key_Return)
        hands.go_to("Quantité")
        hands.type("2")
        hands.press(Qt.Key.Key_S, CTRL)
        hands.open_part("Détail", Qt.Key.Key_Left)
        hands.go_to("Diagnostic")
        hands.type("Palier use")
        hands.act("Clôturer", back=True)
        hands.act("Faire signer")
        assert hands.focus.accessibleName() == "Satisfaction"
        hands.type("4")
        hands.go_to("Motif du refus")
        hands.type("Chef absent")
        hands.press(Qt.Key.Key_S, CTRL)

    def jobs_are_done(self, jobs: int) -> None:
        i = Intervention
        done = self.all(
            sa.select(i.statut, i.contrat_id, i.satisfaction_client, i.signature_refus, i.diagnostic).where(
                i.titre.like("Appel %"))
        )  # fmt: skip
        assert done == [("cloturee", self.contract, 4, "Chef absent", "Palier use")] * jobs
        planned = self.all(sa.select(Creneau.technicien_id).join(i, i.id == Creneau.intervention_id).where(
            i.titre.like("Appel %")))  # fmt: skip
        assert len(planned) == jobs
        with transaction(self.engine, write=False) as session:
            (period,) = periods.lister(session, self.salma, self.contract)
        assert (period.interventions, period.hors_quota) == (jobs, 0)
        taken = self.all(sa.select(sa.func.sum(MouvementStock.quantite)))
        assert taken == [(1000 - 2 * jobs,)], "each took two bearings from a van"
        assert self.all(sa.select(sa.func.count()).select_from(LigneIntervention)) == [(jobs,)]
        waited = self.all(sa.select(Attente.motif, Attente.fin.is_not(None)))
        assert waited == [("piece", True)] * jobs

    def an_hour_without_the_line(self, jobs: range) -> None:
        """Calls taken while the line is down, and a record that the workshop writes meanwhile as well."""
        self.exchange()
        self.theirs.cycle()
        self.line = False
        for number in jobs:
            self.job(number)
            self.exchange()
        nadia = self.labo.nadia
        assert nadia is not None
        machine = self.monde.machines[1]
        self.theirs.edit(nadia.user_id, "equipements", machine, localisation="Hangar nord")
        self.theirs.cycle()
        self.hands.command("aller a equipements")
        self.hands.press(Qt.Key.Key_F, CTRL)
        self.hands.type("broyeur")
        self.hands.press(Qt.Key.Key_Down)
        self.hands.press(Qt.Key.Key_Return)
        self.hands.go_to("Localisation")
        self.hands.type("Atelier 2")
        self.hands.press(Qt.Key.Key_S, CTRL)
        with create_pg_engine(self.labo.url).connect() as centre:
            there = sa.select(sa.func.count()).select_from(Intervention).where(Intervention.titre.like("Appel %"))
            assert centre.scalar(there) == jobs.start, "what was done without the line is not there yet"
        self.line = True
        self.exchange()

    def the_conflict_is_settled(self) -> None:
        hands = self.hands
        hands.command("aller a conflits")
        row = hands.go_to_kind(LigneChamp)
        assert isinstance(row, LigneChamp)
        assert row.conflit.champ == "localisation"
        hands.press(Qt.Key.Key_M)
        self.exchange()
        self.theirs.cycle()
        assert self.theirs.value("equipements", self.monde.machines[1], "localisation") == "Atelier 2"

    def a_preventive_round(self) -> None:
        hands = self.hands
        hands.command("aller a preventif")
        hands.press(Qt.Key.Key_G, CTRL)
        visits = sa.select(Occurrence.date_cible).where(Occurrence.etat == "generee")
        self.bureau.settle()
        assert self.all(visits) == [], "they are shown before they are made"
        hands.press(Qt.Key.Key_Return)
        self.bureau.settle()
        assert self.all(visits)
        hands.find("graissage")
        hands.go_to("Technicien")
        hands.type("berrada")
        hands.go_to("Planifiée le")
        hands.type("=")
        hands.act("Affecter", back=True)
        hands.act("Démarrer")
        hands.go_to("Diagnostic")
        hands.type("Graisse faite")
        hands.act("Clôturer", back=True)
        done = self.all(sa.select(Intervention.statut).where(Intervention.diagnostic == "Graisse faite"))
        assert done == [("cloturee",)]

    def a_count(self) -> None:
        """Of the second van: three bearings are not there."""
        hands = self.hands
        van = self.all(sa.select(Depot.id).where(Depot.nom == "Fourgon 2"))[0][0]
        held = sa.select(sa.func.sum(MouvementStock.quantite)).where(MouvementStock.depot_id == van)
        before = self.all(held)[0][0]
        assert isinstance(before, Decimal)
        hands.command("nouvel inventaire")
        hands.type("fourgon 2")
        hands.press(Qt.Key.Key_Return)
        hands.press(Qt.Key.Key_S, CTRL)
        assert hands.focus.accessibleName() == "Code de la pièce"
        hands.type(f"{int(before) - 3}*SKF-6205")
        hands.press(Qt.Key.Key_Return)
        hands.act("Terminer et régler les écarts", back=True)
        assert self.all(held) == [(before - 3,)]

    def the_bons_are_printed(self, jobs: int) -> None:
        hands = self.hands
        hands.press(Qt.Key.Key_1, CTRL)
        page = self.bureau.workspace.page
        assert isinstance(page, ListPage)
        while not page.form.isHidden():
            hands.press(Qt.Key.Key_Escape)
        hands.press(Qt.Key.Key_A, CTRL)
        assert page.selection.size >= jobs
        hands.press(Qt.Key.Key_P, CTRL)

        def previews() -> list[PreviewWindow]:
            return [w for w in QApplication.topLevelWidgets() if isinstance(w, PreviewWindow) and w.isVisible()]

        self.bureau.qtbot.waitUntil(lambda: bool(previews()), timeout=_PATIENCE)
        (preview,) = previews()
        shown = min(jobs, SHOWN)
        self.bureau.qtbot.waitUntil(lambda: len(preview.pages) >= shown, timeout=_PATIENCE)
        QTest.keyClick(preview, Qt.Key.Key_Escape)
        self.bureau.window.activateWindow()
        self.bureau.qtbot.waitUntil(lambda: QApplication.focusWidget() is not None, timeout=_PATIENCE)

    def the_power_goes(self, folder: Path) -> None:
        """A program in which a form is being typed is killed; the next start finds what was typed."""
        args = [self.mine.path, folder, self.salma.user_id, self.salma.agence_id, _CUT]
        with Program(["-m", "tests.ui.typist", *map(str, args)]) as child:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == "gardé", child.stderr.read() if child.stderr else ""
            os.kill(child.pid, signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL
        qtbot = self.bureau.qtbot
        worker = DbWorker(create_sqlite_engine(self.mine.path))
        again = Bureau(qtbot, worker, self.salma, folder)
        again.workspace.open_section("interventions")
        again.workspace.open_unfinished()
        again.settle()
        assert again.workspace.unsaved() == [f"Nouvelle intervention : {_CUT}"]
        again.finish()
        worker.close()


@pytest.fixture
def day(qtbot: QtBot, pg_url: str, tmp_path: Path) -> Iterator[Day]:
    before = QApplication.doubleClickInterval()
    made = Day(qtbot, pg_url, tmp_path)
    yield made
    made.close()
    QApplication.setDoubleClickInterval(before)


def _played(day: Day, jobs: int, folder: Path) -> None:
    day.bureau.liste()
    day.job(0)
    day.an_hour_without_the_line(range(1, jobs))
    day.the_conflict_is_settled()
    day.jobs_are_done(jobs)
    day.a_preventive_round()
    day.a_count()
    day.the_bons_are_printed(jobs)
    day.the_power_goes(folder / "coupure")
    day.exchange()
    day.theirs.cycle()
    count = sa.select(sa.func.count()).select_from(Intervention).where(Intervention.statut == "cloturee")
    with day.theirs.engine().connect() as other:
        assert other.scalar(count) == jobs + 1, "the other desktop has the whole day"


def test_a_day_of_three_calls(day: Day, tmp_path: Path) -> None:
    _played(day, 3, tmp_path)


@pytest.mark.soak
def test_a_day_of_thirty_calls(day: Day, tmp_path: Path) -> None:
    _played(day, 30, tmp_path)
