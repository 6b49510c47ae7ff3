"""Word-level differences between two texts, and the label that tints them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from erp_desktop.ui.kit.theme import theme

Genre = Literal["egal", "ajoute", "retire", "saut"]
_WORDS = re.compile(r"\s+|[^\W_]+|[\W_]", re.UNICODE)
_SHORT = 40


@dataclass(frozen=True, slots=True)
class Fragment:
    """A run of text; ``saut`` is a line break between an old and a new value."""

    texte: str
    genre: Genre


def mots(avant: str, apres: str) -> list[Fragment]:
    """What became of ``avant``: kept, added and removed runs, word by word, in reading order.

    Short values that have nothing in common are shown whole: the old one, then the new one.
    """
    if avant == apres:
        return [Fragment(apres, "egal")] if apres else []
    old, new = _WORDS.findall(avant), _WORDS.findall(apres)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.3 or (max(len(avant), len(apres)) <= _SHORT and len(old) < 6):
        parts = [Fragment(avant, "retire"), Fragment("", "saut")] if avant else []
        return [*parts, Fragment(apres, "ajoute")] if apres else parts[:1]
    found: list[Fragment] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            found.append(Fragment("".join(new[j1:j2]), "egal"))
            continue
        if i2 > i1 and "".join(old[i1:i2]).strip():
            found.append(Fragment("".join(old[i1:i2]), "retire"))
        if j2 > j1:
            found.append(Fragment("".join(new[j1:j2]), "ajoute"))
    return _joined(found)


def _joined(parts: list[Fragment]) -> list[Fragment]:
    """Spaces and stops alone between two added runs belong to them, or words would flicker."""
    made: list[Fragment] = []
    for number, part in enumerate(parts):
        nxt = parts[number + 1] if number + 1 < len(parts) else None
        between = part.genre == "egal" and not part.texte.strip(" .,;:!?\n") and nxt is not None
        between = between and nxt is not None and nxt.genre == "ajoute"
        if (between and made and made[-1].genre == "ajoute") or (made and made[-1].genre == part.genre == "ajoute"):
            made[-1] = Fragment(made[-1].texte + part.texte, "ajoute")
        else:
            made.append(part)
    return made


class DiffLabel(QLabel):
    """Shows fragments with the tints of the theme; plain text for a reader of the screen."""

    def __init__(self, parts: list[Fragment], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._refresh()
        theme().changed.connect(self._refresh)

    def set_parts(self, parts: list[Fragment]) -> None:
        self._parts = parts
        self._refresh()

    def _refresh(self) -> None:
        look = theme()
        self.setFont(look.font("body"))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, look.color("text.primary"))
        self.setPalette(palette)
        added, removed = look.color("conflict.added").name(), look.color("conflict.removed").name()
        said: list[str] = []
        for part in self._parts:
            text = html.escape(part.texte).replace("\n", "<br>")
            if part.genre == "saut":
                said.append("<br>")
            elif part.genre == "ajoute":
                said.append(f'<span style="background-color:{added}">&nbsp;{text.strip()}&nbsp;</span>')
                said.append(" " if text.endswith(" ") else "")
            elif part.genre == "retire":
                said.append(
                    f'<span style="background-color:{removed};text-decoration:line-through">'
                    f"&nbsp;{text.strip()}&nbsp;</span>"
                )
            else:
                said.append(text)
        direction = "rtl" if look.rtl else "ltr"
        self.setText(f'<div dir="{direction}" style="line-height:130%">{"".join(said)}</div>')
        self.setAccessibleName("".join(part.texte for part in self._parts if part.genre != "retire"))
