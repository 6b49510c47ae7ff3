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

from erp_desktop.domain.writing import bidi
from erp_desktop.ui.kit.i18n import apart
from erp_desktop.ui.kit.theme import theme

Genre = Literal["egal", "ajoute", "retire", "saut"]
# A figure, a day, a telephone is one word: half of one, tinted, was read as another figure, and turned in Arabic.
_WORDS = re.compile(
    "[\u2066-\u2068][^\u2066-\u2069]*\u2069|[+\u2212-]?\\d+(?:[.,:/\u00a0\u202f]\\d+)*|\\s+|[^\\W_]+|[\\W_]",
    re.UNICODE,
)
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
        styles = {"ajoute": f"background-color:{added}"}
        styles["retire"] = f"background-color:{removed};text-decoration:line-through"
        lines = list[list[Fragment]]([[]])
        for part in self._parts:
            if part.genre == "saut":
                lines.append([])
            else:
                lines[-1].append(part)
        self.setText("".join(_line(line, styles, rtl=look.rtl) for line in lines))
        self.setAccessibleName("".join(part.texte for part in self._parts if part.genre != "retire"))


def _line(parts: list[Fragment], styles: dict[str, str], *, rtl: bool) -> str:
    """One line of the label: on the side on which the window is read, in the direction of its own letters."""
    said: list[str] = []
    for part in parts:
        text = html.escape(part.texte).replace("\n", "<br>")
        if part.genre in styles:
            inside = apart(text.strip())
            said.append(f'<span style="{styles[part.genre]}">&nbsp;{inside}&nbsp;</span>')
            said.append(" " if text.endswith(" ") and part.genre == "ajoute" else "")
        else:
            said.append(text)
    # Values beside an arrow stand in the order of the window; a text reads by its letters.
    paired = any(part.genre == "egal" and part.texte.strip() in ("←", "→") for part in parts)
    leftward = rtl if paired else bidi.vers_la_gauche("".join(part.texte for part in parts), rtl)
    direction = "rtl" if leftward else "ltr"
    side = "right" if rtl else "left"
    return f'<div dir="{direction}" align="{side}" style="line-height:130%">{"".join(said)}</div>'
