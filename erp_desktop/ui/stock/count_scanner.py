"""The field that a scanner writes into: codes are taken one after the other, and none that was refused is lost.

Who counts looks at the shelf, not at the screen: a refused code stays said until Esc or until it is taken after all,
whatever is scanned meanwhile.
"""

from __future__ import annotations

import re
from collections import deque
from decimal import Decimal
from typing import Any

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout

from erp_desktop.domain.recherche import cherchee
from erp_desktop.errors import ErpError, ValidationError
from erp_desktop.services.stock import counting
from erp_desktop.services.stock.counting import Found
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit import icons
from erp_desktop.ui.kit.controls import ErrorLine, LineEdit, Text, icon_button, mark, plain
from erp_desktop.ui.kit.i18n import isolate, said, tr
from erp_desktop.ui.kit.surfaces import Card

_TIMES = re.compile(r"(\d{1,4})\s*[*x×]\s*(\S.*)")
"""``3*code`` counts three at once."""
_MUTED = "inventaire/muet"
_SAID = 3
"""So many refused codes are named, the last first; more are counted."""


class Scanner(Card):
    """The code field of a count, with what it answers.

    Attributes:
        counted: (part and lot, how many more, counted so far) after each code that was taken.
    """

    counted = Signal(object, object, object)

    def __init__(self, contexte: Contexte, row_id: int) -> None:
        super().__init__("accent.soft")
        self._contexte, self._row_id = contexte, row_id
        self._waiting: deque[str] = deque()
        self._busy = False
        self._refusals: dict[str, str] = {}
        self._followed: Found | None = None
        self.code = LineEdit(tr("Scannez ou tapez un code"))
        self.code.setAccessibleName(tr("Code de la pièce"))
        self.error = ErrorLine()
        self.told = Text("", "strong", "accent.text", wrap=True)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.code, 1)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.told)
        words.addWidget(Text(tr("Entrée : +1 au compté · 3*code : +3"), "caption",
                             "text.secondary", wrap=True))  # fmt: skip
        line.addLayout(words, 1)
        folder = contexte.settings.data_dir
        self._memory = QSettings(str(folder / "fenetre.ini"), QSettings.Format.IniFormat)
        self.sound = icon_button("speaker-high", "", self._toggle_sound)
        self._show_sound()
        line.addWidget(self.sound)
        self.box.addLayout(line)
        self.box.addWidget(self.error)
        self.code.returnPressed.connect(self.scan)

    @property
    def muted(self) -> bool:
        """Whether a refused code is told to the eye only; kept on this desktop."""
        return str(self._memory.value(_MUTED, "non")) == "oui"

    def _toggle_sound(self) -> None:
        self._memory.setValue(_MUTED, "non" if self.muted else "oui")
        self._show_sound()

    def _show_sound(self) -> None:
        words = tr("Rétablir le son des refus") if self.muted else tr("Couper le son des refus")
        self.sound.setIcon(icons.icon("speaker-slash" if self.muted else "speaker-high", "text.secondary"))
        self.sound.setAccessibleName(words)
        self.sound.setToolTip(plain(words))

    def begin(self, text: str) -> None:
        """Take the keyboard, with what was typed of a code already; what the field held was refused."""
        self.code.setText(text)
        self.code.setFocus(Qt.FocusReason.ShortcutFocusReason)
        # Focus that comes by a key selects all: the next key would take the place of this one.
        self.code.end(False)

    def scan(self) -> None:
        """Count what the code names; a scanner ends with Enter, so the field is ready for the next."""
        text = cherchee(self.code.text())
        if not text:
            return
        mark(self.code, "invalid", False)
        # Not cleared: the field would keep the code for Ctrl+Z, which takes the entry back.
        self.code.setText("")
        self._waiting.append(text)
        self._next()

    def _next(self) -> None:
        """One at a time: what a code means may hang on the part before it."""
        if self._busy or not self._waiting:
            return
        self._busy = True
        text, acteur = self._waiting.popleft(), self._contexte.acteur
        times = _TIMES.fullmatch(text)
        many, code = (Decimal(times[1]), times[2]) if times else (Decimal(1), text)
        before = self._followed.piece_id if self._followed is not None else None

        def work(session: Any) -> tuple[Found, Decimal | None]:
            found = counting.find(session, acteur, code, before)
            if found.followed and found.lot is None:
                return found, None
            return found, counting.enter(session, acteur, self._row_id, found.piece_id, many, lot=found.lot)

        def done(what: tuple[Found, Decimal | None]) -> None:
            found, total = what
            self._refusals.pop(text, None)
            self.say_again()
            self._wait_for_lots(found if found.followed and (total is None or before is not None) else None)
            if total is not None:
                self.counted.emit((found.piece_id, found.lot if found.followed else None), many, total)
            self._answered()

        self._contexte.tasks.run(work, done, lambda error: self._refused(error, text), write=True, owner=self)

    def _answered(self) -> None:
        self._busy = False
        self._next()

    def _wait_for_lots(self, part: Found | None) -> None:
        """The codes that follow are lots or serial numbers of a part, until another part's or Esc."""
        self._followed = part
        if part is None:
            self.code.setPlaceholderText(tr("Scannez ou tapez un code"))
            return
        self.code.setPlaceholderText(tr("Lot ou numéro de série de {piece}", piece=isolate(part.reference)))
        self.told.setText(
            tr("{piece} : scannez ses lots ou numéros de série · Échap : autre pièce", piece=part.designation)
        )

    def _refused(self, error: Exception, text: str) -> None:
        if isinstance(error, ErpError):
            if not self.muted:
                # Told to the ear as well: whoever scans does not look.
                QApplication.beep()
            self._refusals.pop(text, None)
            self._refusals[text] = sentence(error)
            self.say_again()
            self.told.setText("")
            if not self.code.text() and not self._waiting:
                mark(self.code, "invalid", True)
                self.code.setText(text)
                self.code.selectAll()
                self.code.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self._contexte.tasks.failed.emit(error)
        self._answered()

    def say_again(self) -> None:
        """What was refused and not seen yet, and nothing else."""
        last = [said(words) for words in reversed(self._refusals.values())]
        lines = [*last[:_SAID], *([tr("et {n} autres", n=len(last) - _SAID)] if len(last) > _SAID else [])]
        if lines:
            lines[-1] += f" · {tr('Échap : vu')}"
        self.error.say("\n".join(lines))

    def say_wrong(self, words: str) -> None:
        """A sentence of the table's, until the next code."""
        self.error.say(words)
        self.told.setText("")

    def forget(self) -> bool:
        """Esc: what was refused has been seen; then, another part than the followed one. False: nothing to forget."""
        if self._refusals:
            self._refusals.clear()
            self.say_again()
            mark(self.code, "invalid", False)
        elif self._followed is not None:
            self._wait_for_lots(None)
            self.told.setText("")
        else:
            return False
        self.code.setText("")
        return True


def sentence(error: ErpError) -> str:
    """A refusal in one sentence, in French."""
    return next(iter(error.champs.values())) if isinstance(error, ValidationError) else str(error)
