"""Pictures of real widgets, for the documentation and for eyes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget


def grab(widget: QWidget, path: Path) -> Path:
    """Paint a shown widget into a PNG file and return its path.

    Raises:
        OSError: the file cannot be written.
    """
    for _ in range(3):
        QApplication.processEvents()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path), "PNG"):
        raise OSError(f"cannot write {path}")
    return path
