"""How a list looks on this desktop: its columns, the share of the form beside it, tight or airy rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer

from erp_desktop.services import views
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists import columns

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage

_PAUSE_MS = 400


def after(owner: QObject, wait: int, then: object) -> QTimer:
    """A timer that calls once, ``wait`` milliseconds after it was started last."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(wait)
    timer.timeout.connect(then)
    return timer


class Remembered(QObject):
    """Restores the look of a list when it opens and keeps what the person changes, once they pause."""

    def __init__(self, page: ListPage) -> None:
        super().__init__(page)
        self._page = page
        self._compact_chosen: bool | None = None
        self.keep_soon = after(self, _PAUSE_MS, self.keep)

    def _memory(self) -> QSettings:
        folder = self._page.contexte.settings.data_dir
        return QSettings(str(folder / "fenetre.ini"), QSettings.Format.IniFormat)

    def _columns_key(self) -> str:
        """Each person has their own; Arabic needs wider columns than French: each direction remembers its own."""
        key, person = self._page.spec.key, self._page.contexte.acteur.user_id
        return f"listes/{key}/colonnes-de-{person}{'-rtl' if theme().rtl else ''}"

    def restore_columns(self) -> None:
        """As the person left them; columns that are new come behind."""
        kept = self._memory().value(self._columns_key())
        if isinstance(kept, str):
            columns.arrange(self._page.view, views.read_columns(kept))

    def restore(self) -> None:
        memory = self._memory()
        self.restore_columns()
        sizes = memory.value(f"listes/{self._page.spec.key}/volets")
        if sizes is not None:
            self._page.splitter.restoreState(sizes)
        density = memory.value("densite")
        if density is not None:
            self._compact_chosen = str(density) == "serree"
        self.apply_density()

    def keep(self) -> None:
        memory = self._memory()
        memory.setValue(self._columns_key(), views.write_columns(columns.present(self._page.view)))
        memory.setValue(f"listes/{self._page.spec.key}/volets", self._page.splitter.saveState())

    @property
    def compact(self) -> bool:
        """Tight rows: as chosen, else where the window is low."""
        return self._compact_chosen if self._compact_chosen is not None else self._page.window().height() < 800

    def toggle_density(self) -> None:
        self._compact_chosen = not self.compact
        self._memory().setValue("densite", "serree" if self._compact_chosen else "aeree")
        self.apply_density()

    def apply_density(self) -> None:
        self._page.view.set_density(compact=self.compact)
