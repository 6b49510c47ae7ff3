"""What stands above and below the answers: the field, and the keys with the signs that choose what is searched."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QHBoxLayout, QLineEdit

from erp_desktop.ui.kit.controls import IconLabel, Text
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme

COMMANDS: Final = ">"
NUMBERS: Final = "#"
PEOPLE: Final = "@"


def head(edit: QLineEdit, count: Text) -> Surface:
    """The field where it is typed, how many answered, and the key that closes."""
    bar = Surface("surface.raised", "border.subtle", sides="b")
    row = QHBoxLayout(bar)
    row.setContentsMargins(18, 12, 16, 12)
    row.setSpacing(12)
    row.addWidget(IconLabel("magnifying-glass", "accent.text", 20))
    edit.setObjectName("palette")
    edit.setFrame(False)
    edit.setFont(theme().font("title"))
    edit.setStyleSheet("QLineEdit#palette { border: none; background: transparent; padding: 0; }")
    edit.setPlaceholderText(tr("Un numéro, un client, une machine, une commande…"))
    edit.setAccessibleName(tr("Recherche"))
    row.addWidget(edit, 1)
    row.addWidget(count)
    row.addWidget(KeyCap(tr("Échap")))
    return bar


def foot() -> Surface:
    """The keys, drawn."""
    bar = Surface("surface.sunken", "border.subtle", sides="t")
    keys = QHBoxLayout(bar)
    keys.setContentsMargins(18, 8, 18, 8)
    for cap, words in (
        ("↑ ↓", tr("choisir")), ("Tab", tr("par section")), (COMMANDS, tr("commandes")), (NUMBERS, tr("numéro")),
        (PEOPLE, tr("technicien")),
    ):  # fmt: skip
        keys.addWidget(KeyCap(cap))
        keys.addWidget(Text(words, "caption", "text.secondary"))
        keys.addSpacing(8)
    keys.addStretch()
    return bar
