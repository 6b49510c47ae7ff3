#!/usr/bin/env python3
"""The program's icon, painted by the program: ``python packaging/icon.py FILE.ico|FILE.png``."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

SIDES = (16, 20, 24, 32, 40, 48, 64, 128, 256)


def png(side: int) -> bytes:
    """The logo in a square of ``side`` pixels, on nothing."""
    from PySide6.QtCore import QBuffer, QIODevice

    from erp_desktop.ui.kit import paint
    from erp_desktop.ui.kit.theme import theme

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    paint.mark(side, theme().color("accent.fill"), theme().color("text.onAccent")).save(buffer, "PNG")
    return bytes(buffer.data().data())


def ico() -> bytes:
    """All sides in one Windows icon; PNG pictures, which Windows reads since Vista."""
    pictures = [png(side) for side in SIDES]
    head = struct.pack("<HHH", 0, 1, len(pictures))
    place = len(head) + 16 * len(pictures)
    for side, picture in zip(SIDES, pictures, strict=True):
        head += struct.pack("<BBBBHHII", side % 256, side % 256, 0, 0, 1, 32, len(picture), place)
        place += len(picture)
    return head + b"".join(pictures)


def write(target: Path) -> Path:
    """Paint the icon into a file of the kind that its name says."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from erp_desktop.ui.kit import theme

    app = QApplication.instance() or QApplication([])
    theme.install(app, "clair")  # type: ignore[arg-type]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(ico() if target.suffix == ".ico" else png(256))
    return target


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    print(write(Path(sys.argv[1])))
