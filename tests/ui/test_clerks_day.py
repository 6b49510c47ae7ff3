"""A clerk's day through real widgets, by keyboard alone: every key goes to the widget that has the focus."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput, CouvertureInput
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.models import Attente, Depot, Intervention, LigneIntervention, MouvementStock, PieceDetachee
from erp_desktop.services import contrats
from erp_desktop.services.contrats import periods
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.printing.preview import PreviewWindow
from tests.ui.company import Monde
from tests.ui.window import Bureau

_MOST_TABS = 120
CTRL = Qt.KeyboardModifier.ControlModifier


class Keyboard:
    """Ten fingers and no mouse."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau

    @property
    def focus(self) -> QWidget:
        found = QApplication.focusWidget()
        assert found is not None, "the focus is lost"
        return found

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.focus, key, modifiers)
        self.bureau.settle()

    def type(self, words: str) -> None:
        QTest.keyClicks(self.focus, words)
        self.bureau.settle()

    def act(self, name: str, *, back: bool = False) -> None:
        """Press a button, and wait until the row of acts hears again."""
        self.go_to(name, back=back)
        self.press(Qt.Key.Key_Return)
        self.bureau.qtbot.wait(QApplication.doubleClickInterval() + 20)

    def choose(self, name: str) -> None:
        """An entry of the menu that the focused button opens."""
        self.press(Qt.Key.Key_Return)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu), "no menu opened"
        for _ in menu.actions():
            QTest.keyClick(menu, Qt.Key.Key_Down)
            found = menu.activeAction()
            if found is not None and found.text() == name:
                QTest.keyClick(menu, Qt.Key.Key_Return)
                self.bureau.settle()
                return
        pytest.fail(f"no {name} in {[a.text() for a in menu.actions()]}")

    def go_to(self, name: str, *, back: bool = False) -> QWidget:
        """Tab until the widget of that name has the focus."""
        passed = []
        for _ in range(_MOST_TABS):
            if self.focus.accessibleName() == name and self.focus.isVisible():
                return self.focus
            passed.append(self.focus.accessibleName() or type(self.focus).__name__)
            QTest.keyClick(self.focus, Qt.Key.Key_Backtab if back else Qt.Key.Key_Tab)
        pytest.fail(f"no way to {name} by Tab, past {passed}")

    def open_part(self, name: str, key: Qt.Key) -> None:
        """Walk along the tabs of the record to one of them."""
        self.go_to("Parties de la fiche")
        for _ in range(12):
            bar = self.focus
            if bar.tabText(bar.currentIndex()).startswith(name):  # type: ignore[attr-defined]
                return
            self.press(key)
        pytest.fail(f"no part {name}")


def _office(engine: sa.Engine, monde: Monde) -> int:
    """A contract of ten jobs over the first machine, and a van with bearings; returns the contract."""
    who = monde.responsable
    assert who is not None
    begin, now = clock.today() - timedelta(days=30), datetime.now(UTC)
    with transaction(engine, who.user_id) as session:
        contract = contrats.create(
            session, who,
            ContratInput(client_id=monde.clients[0], date_debut=begin, nb_interventions_incluses=10,
                         date_fin=begin + timedelta(days=300)),
        )  # fmt: skip
        contrats.changer_statut(session, who, contract, StatutContrat.EN_COURS)
        contrats.couvrir(session, who, contract, CouvertureInput(equipement_id=monde.machines[0], du=begin))
        van = Depot(
            nom="Fourgon 1", type_depot="vehicule", technicien_id=monde.techniciens[1], agence_id=monde.agence
        )
        part = PieceDetachee(reference="SKF-6205", designation="Roulement 6205", prix_unitaire=Decimal(85),
                             agence_id=monde.agence)  # fmt: skip
        session.add_all([van, part])
        session.flush()
        session.add(MouvementStock(piece_id=part.id, depot_id=van.id, type_mouvement="entree", quantite=Decimal(500),
                                   agence_id=monde.agence, date_effet=now, horodatage=now))  # fmt: skip
    return contract


def _one_job(hands: Keyboard, number: int) -> None:
    """From the call to the closing."""
    hands.press(Qt.Key.Key_2, CTRL)
    hands.press(Qt.Key.Key_N, CTRL)
    hands.type(f"Appel {number} : sertisseuse qui vibre")
    hands.go_to("Client")
    hands.type("atlas")
    hands.go_to("Équipement")
    hands.type("sertisseuse")
    hands.go_to("Technicien")
    hands.type("berrada")
    hands.go_to("Planifiée le")
    hands.type("=")
    hands.press(Qt.Key.Key_S, CTRL)
    hands.act("Affecter")
    hands.act("Démarrer")
    hands.go_to("Autres actions")
    hands.choose("Mettre en attente")
    assert hands.focus.accessibleName() == "Motif de l’attente"
    hands.press(Qt.Key.Key_Return)
    hands.bureau.qtbot.wait(QApplication.doubleClickInterval() + 20)
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
    hands.press(Qt.Key.Key_S, CTRL)
    hands.act("Clôturer")
    hands.act("Faire signer")
    assert hands.focus.accessibleName() == "Satisfaction"
    hands.type("4")
    hands.go_to("Motif du refus")
    hands.type("Chef absent")
    hands.press(Qt.Key.Key_S, CTRL)


def _day(bureau: Bureau, monde: Monde, engine: sa.Engine, jobs: int, folder: Path) -> None:
    # The row of acts is deaf that long after each of them: a day of thirty would wait two minutes for it.
    QApplication.setDoubleClickInterval(40)
    contract = _office(engine, monde)
    hands = Keyboard(bureau)
    bureau.liste()
    for number in range(jobs):
        _one_job(hands, number)
    i = Intervention
    with transaction(engine, write=False) as session:
        done = session.execute(
            sa.select(i.statut, i.contrat_id, i.satisfaction_client, i.signature_refus).where(i.titre.like("Appel %"))
        ).all()
        assert done == [("cloturee", contract, 4, "Chef absent")] * jobs
        (period,) = periods.lister(session, bureau.acteur, contract)
        assert period.interventions == jobs
        taken = session.scalar(sa.select(sa.func.sum(MouvementStock.quantite)))
        assert taken == 500 - 2 * jobs, "each took two bearings from the van"
        assert session.scalar(sa.select(sa.func.count()).select_from(LigneIntervention)) == jobs
        waited = session.execute(sa.select(Attente.motif, Attente.fin.is_not(None))).all()
        assert waited == [("piece", True)] * jobs

    hands.press(Qt.Key.Key_2, CTRL)
    page = bureau.workspace.page
    assert isinstance(page, ListPage)
    while not page.form.isHidden():
        hands.press(Qt.Key.Key_Escape)
    hands.press(Qt.Key.Key_A, CTRL)
    hands.press(Qt.Key.Key_P, CTRL)

    def previews() -> list[PreviewWindow]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, PreviewWindow) and w.isVisible()]

    bureau.qtbot.waitUntil(lambda: bool(previews()), timeout=30_000)
    (preview,) = previews()
    bureau.qtbot.waitUntil(lambda: len(preview.pages) >= jobs, timeout=60_000)
    QTest.keyClick(preview, Qt.Key.Key_Escape)

    bureau.window.activateWindow()
    bureau.qtbot.waitUntil(lambda: QApplication.focusWidget() is not None, timeout=30_000)
    hands.press(Qt.Key.Key_N, CTRL)
    hands.type("Un appel que la panne coupe")
    panel = bureau.workspace.page.record_panel() if bureau.workspace.page is not None else None
    assert panel is not None
    panel.keep_now()
    # The program is killed: what is on the disk at this moment is all that a new one finds.
    store = folder / "brouillons"
    killed = folder / "apres"
    bureau.drafts._pool.submit(lambda: None).result()
    shutil.copytree(store, killed)
    again = Drafts(killed, bureau.acteur.user_id)
    assert [draft.values["titre"] for _kind, _slot, draft in again.unfinished()] == ["Un appel que la panne coupe"]
    again.close()


@pytest.fixture(autouse=True)
def _usual_interval() -> Iterator[None]:
    before = QApplication.doubleClickInterval()
    yield
    QApplication.setDoubleClickInterval(before)


def test_a_day_of_three_calls(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    _day(bureau, monde, sqlite_engine, 3, bureau.settings.data_dir)


@pytest.mark.soak
def test_a_day_of_thirty_calls(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    _day(bureau, monde, sqlite_engine, 30, bureau.settings.data_dir)
