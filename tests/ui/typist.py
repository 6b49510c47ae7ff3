"""A program of its own in which somebody types a new intervention and never gets to save it.

``python -m tests.ui.typist CACHE FOLDER USER AGENCY WORDS`` says ``gardé`` once the draft is on the disk, and
waits to be killed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


class Hand:
    """What a window for tests asks of pytest-qt."""

    def addWidget(self, _widget: Any, **_options: Any) -> None:  # noqa: N802 - as pytest-qt says it
        """Nothing is closed here: the program is killed."""

    @staticmethod
    def wait(milliseconds: int) -> None:
        from PySide6.QtTest import QTest

        QTest.qWait(milliseconds)

    def waitUntil(self, condition: Callable[[], object], timeout: int = 60_000) -> None:  # noqa: N802
        limit = time.monotonic() + timeout / 1000
        while not condition():
            if time.monotonic() > limit:
                raise TimeoutError("the window never came to rest")
            self.wait(5)


def main(cache: str, folder: str, user: str, agency: str, words: str) -> None:
    """Type ``words`` as the title of a new intervention, and wait."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from erp_desktop.db.engine import create_sqlite_engine
    from erp_desktop.db.worker import DbWorker
    from erp_desktop.domain.enums import Role
    from erp_desktop.domain.people.acteur import Acteur
    from erp_desktop.services.drafts import Coffre
    from erp_desktop.ui.kit import i18n, theme
    from tests.ui.window import Bureau

    app = QApplication(sys.argv[:1])
    i18n.set_language(app, "fr")
    theme.install(app, theme.LIGHT)
    worker = DbWorker(create_sqlite_engine(Path(cache)))
    bureau = Bureau(Hand(), worker, Acteur(int(user), "S", Role.AGENT, int(agency), "CAS", 4), Path(folder))  # type: ignore[arg-type]
    bureau.liste()
    QTest.keyClick(bureau.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    held = QApplication.focusWidget()
    assert held is not None
    QTest.keyClicks(held, words)
    kept = Path(folder) / "brouillons" / "brouillons.sqlite"
    bureau.qtbot.waitUntil(lambda: any(words in text for text in Coffre(kept, int(user), None).read().values()))
    print("gardé", flush=True)
    bureau.qtbot.wait(600_000)


if __name__ == "__main__":
    main(*sys.argv[1:])
