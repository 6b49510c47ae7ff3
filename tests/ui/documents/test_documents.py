"""The tab of attached files, on a real cache and with a real centre."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QMimeData, QObject, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QDropEvent
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.documents import DocumentExchange
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.syncer import Syncer
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.controls import Text
from tests.ui.branch import Labo, Poste
from tests.ui.company import Monde
from tests.ui.window import Bureau

PHOTO = bytes(range(256)) * 400


class Opened(QObject):
    """Stands for the program that the desktop would start."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[Path] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.paths.append(Path(url.toLocalFile()))


@pytest.fixture
def opened() -> Iterator[Opened]:
    made = Opened()
    QDesktopServices.setUrlHandler("file", made, "take")
    yield made
    QDesktopServices.unsetUrlHandler("file")


def tab_of(bureau: Bureau, row: int, table: str = "interventions") -> DocumentsTab:
    page = bureau.liste(table)
    assert page.view.select_id(row)
    bureau.qtbot.waitUntil(lambda: page.form.row_id == row)
    bureau.settle()
    tab = next(part for part in page.form.parts if isinstance(part, DocumentsTab))
    page.form.tabs.set_current(page.form.parts.index(tab) + 1)
    return tab


def words(tab: DocumentsTab) -> str:
    return " / ".join(text.text() for text in tab.findChildren(Text) if text.isVisibleTo(tab))


def said(bureau: Bureau) -> str:
    """The last toast."""
    return " ".join(label.text() for label in bureau.window.toaster.toasts[-1].findChildren(QLabel))


def button(tab: DocumentsTab, name: str) -> QPushButton:
    return next(b for b in tab.findChildren(QPushButton) if b.text() == name and b.isVisibleTo(tab))


def exchange(poste: Poste) -> None:
    with Cache(poste.path) as cache:
        link = enrolment.device_link(cache)
        try:
            Syncer(cache, link).run()
            DocumentExchange(cache, link, quota=10**9, days=0).run()
        finally:
            link.close()


def test_files_are_attached_counted_and_opened(
    bureau: Bureau, monde: Monde, qtbot: QtBot, tmp_path: Path, opened: Opened
) -> None:
    tab = tab_of(bureau, monde.interventions[2])
    assert "Aucun document joint." in words(tab)
    files = [tmp_path / "plaque.jpg", tmp_path / "devis.pdf"]
    for file in files:
        file.write_bytes(PHOTO + file.name.encode())
    tab.attach(files)
    bureau.settle()
    assert "plaque.jpg" in words(tab)
    assert "Sur ce poste · Photo · 100 Ko" in words(tab)
    panel = tab._panel
    assert panel.tabs.tabText(panel.parts.index(tab) + 1) == "Documents 2"
    document = next(d for d in tab._found if d.nom_fichier == "plaque.jpg")
    tab.open(document)
    qtbot.waitUntil(lambda: bool(opened.paths))
    (path,) = opened.paths
    assert (path.name, path.read_bytes()) == ("plaque.jpg", PHOTO + b"plaque.jpg")
    assert path.parent.parent.stat().st_mode & 0o077 == 0, "nobody else may look"


def test_one_bad_file_and_none_is_attached(bureau: Bureau, monde: Monde, tmp_path: Path) -> None:
    tab = tab_of(bureau, monde.interventions[2])
    good, bad = tmp_path / "plaque.jpg", tmp_path / "macro.exe"
    good.write_bytes(PHOTO)
    bad.write_bytes(b"MZ")
    tab.attach([good, bad])
    bureau.settle()
    assert "Aucun document joint." in words(tab)
    assert "macro.exe : Seuls les photos" in said(bureau)
    tab.attach_button.setFocus()
    tab.attach([tmp_path / "absent.pdf"])
    bureau.settle()
    assert "absent.pdf ne peut pas être lu" in said(bureau)
    assert tab.attach_button.hasFocus()


def test_a_file_dropped_on_the_tab_is_attached(bureau: Bureau, monde: Monde, tmp_path: Path) -> None:
    tab = tab_of(bureau, monde.machines[0], "equipements")
    file = tmp_path / "manuel.pdf"
    file.write_bytes(b"%PDF-1.7")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    tab.dropEvent(
        QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
    )
    bureau.settle()
    assert "manuel.pdf" in words(tab)


@pytest.mark.parametrize(("language", "expected"), [("ar", "على هذا الجهاز"), ("en", "On this desktop")])
def test_the_tab_speaks_the_language_in_force(
    bureau: Bureau, monde: Monde, tmp_path: Path, qapp: object, language: str, expected: str
) -> None:
    i18n.set_language(qapp, language)  # type: ignore[arg-type]
    tab = tab_of(bureau, monde.interventions[2])
    file = tmp_path / "plaque.jpg"
    file.write_bytes(PHOTO)
    tab.attach([file])
    bureau.settle()
    assert expected in words(tab)


def test_states_follow_the_exchange(pg_url: str, qtbot: QtBot, tmp_path: Path) -> None:
    labo = Labo(pg_url, tmp_path)
    mine, theirs = labo.poste("accueil"), labo.poste("atelier")
    assert labo.salma is not None
    engine = mine.engine()
    worker = DbWorker(engine)
    bureau = Bureau(qtbot, worker, labo.salma, tmp_path / "bureau")
    row = labo.monde.interventions[2]
    tab = tab_of(bureau, row)
    file = tmp_path / "plaque.jpg"
    file.write_bytes(PHOTO)
    tab.attach([file])
    bureau.settle()
    assert "En attente d’envoi" in words(tab)
    exchange(mine)
    bureau.bus.publish("documents")
    bureau.settle()
    assert "Au centre" in words(tab)
    with transaction(engine) as session:
        session.execute(sa.text("DELETE FROM contenus"))
    bureau.bus.publish("documents")
    bureau.settle()
    assert "À télécharger" in words(tab)
    button(tab, "Télécharger").click()
    bureau.settle()
    assert "Téléchargement demandé" in words(tab)
    exchange(mine)
    bureau.bus.publish("documents")
    bureau.settle()
    assert button(tab, "Ouvrir").isVisible()
    exchange(theirs)
    with Cache(theirs.path) as cache:
        assert cache.value("SELECT nom_fichier FROM documents") == "plaque.jpg"
    bureau.finish()
    worker.close()
    engine.dispose()
    assert bureau.failures == []
