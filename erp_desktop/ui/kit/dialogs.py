"""Qt's own dialogs as this program opens them: nothing waits for them, and Enter presses the focused button.

In Qt's file dialog Enter on the button of the parent folder saves the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QWidget

TITLE_BAR = 40
"""What a window manager draws over a window, about."""


def fitting(wanted: QSize, room: QSize) -> QSize:
    """Size of a window on a screen whose usable area is ``room``, title bar and border left out."""
    return QSize(min(wanted.width(), room.width() - 2), min(wanted.height(), room.height() - TITLE_BAR))


class _Keys(QObject):
    """Watches the buttons of one dialog; a key held down presses once."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and isinstance(watched, QAbstractButton)
        ):
            if not event.isAutoRepeat():
                watched.click()
            return True
        return False


def enter_presses(dialog: QWidget) -> None:
    """Let Enter press the focused button of a dialog that Qt made, not its default one."""
    keys = _Keys(dialog)
    for button in dialog.findChildren(QAbstractButton):
        button.installEventFilter(keys)


def _opened(dialog: QFileDialog) -> QFileDialog:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    # The widgets are made when it opens; the system's own dialog has none.
    enter_presses(dialog)
    return dialog


def ask_target(
    parent: QWidget, title: str, name: str, then: Callable[[Path], object], kinds: Sequence[str] = ()
) -> QFileDialog:
    """Ask where a file goes; ``then`` gets the path, if any.

    Args:
        name: the name proposed; its suffix is added to a name without one.
        kinds: filters, ``PDF (*.pdf)``.
    """
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(list(kinds))
    dialog.setDefaultSuffix(Path(name).suffix[1:])
    dialog.selectFile(name)
    dialog.fileSelected.connect(lambda path: then(Path(path)))
    return _opened(dialog)


def ask_files(
    parent: QWidget, title: str, kinds: Sequence[str], then: Callable[[list[Path]], object], *, many: bool = False
) -> QFileDialog:
    """Ask for existing files, one unless ``many``; ``then`` gets them, if any."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles if many else QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(list(kinds))
    dialog.filesSelected.connect(lambda paths: then([Path(path) for path in paths]))
    return _opened(dialog)
