"""Languages: French is the source text, ``resources/translations/{ar,en}.json`` map it to the others."""

from __future__ import annotations

import logging
import re
from decimal import Decimal

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from erp_desktop.domain.writing import bidi, typography
from erp_desktop.domain.writing.accord import accorder, single
from erp_desktop.domain.writing.texts import singulars, texts

CONTEXT = "erp"
LANGUAGES = {"fr": "Français", "ar": "العربية", "en": "English"}

_log = logging.getLogger(__name__)


class Catalogue(QTranslator):
    """One language for Qt; a text that it lacks stays in French."""

    def __init__(self, language: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.code = language
        self._texts = texts(language)

    def isEmpty(self) -> bool:
        return not self._texts.known

    def translate(self, context: str, source: str, _disambiguation: str | None = None, _n: int = -1) -> str | None:
        # Only a null string lets Qt go on to the next translator and to the source text.
        return self._texts.of(source) if context == CONTEXT else None

    def sentence(self, words: str) -> str | None:
        """A refusal in this language, its values kept; None when it is not known."""
        return self._texts.sentence(words)

    def known(self, key: str) -> str | None:
        """What the catalogue has under a key, and nothing that is like it."""
        return self._texts.known.get(key)


def tr(text: str, **values: object) -> str:
    """The text in the language in force, with ``{name}`` fields filled in; of ``n`` = 1, what is said of one.

    French says as much of none: « 0 ligne importée ».
    """
    if (n := str(values.get("n", ""))) in ("0", "1") and single(int(n), language()):
        text = _of_one(text, n)
    said = typography.composer(QCoreApplication.translate(CONTEXT, text))
    return led(accorder(said, values, language()).format(**values) if values else said)


def of(noun: str, words: str) -> str:
    """What is said of a noun; the catalogue of a language that bends it to its gender has ``facture|Annulée``."""
    catalogue = _catalogue()
    found = catalogue.known(f"{noun}|{words}") if catalogue is not None else None
    return led(typography.composer(found)) if found is not None else tr(words)


def _of_one(text: str, n: str) -> str:
    """What a text that counts several things says of one, with ``n`` in the place of « 1 »."""
    one = singulars().get(text, text)
    if n == "1":
        return one
    said, found = re.subn(r"\b1\b", "{n}", one, count=1)
    return said if found else text


def counted(one: str, many: str, n: int) -> str:
    """``1 client``, ``12 clients``, and of none in French ``0 client``."""
    if not single(n, language()):
        return tr(many, n=number(n))
    return tr(one) if n == 1 else typography.composer(re.sub(r"\b1\b", number(n), one, count=1))


def led(words: str) -> str:
    """Words of an Arabic window, read from its side even where a Latin word begins them."""
    return bidi.mener(words) if QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft else words


def everywhere(text: str) -> list[str]:
    """The text in each of :data:`LANGUAGES`, its fields left open."""
    return [text if code == "fr" else texts(code).of(text) or text for code in LANGUAGES]


def said(words: str) -> str:
    """A sentence that comes from below the window, in the language in force, with its numbers and names inside.

    Several sentences in one are translated one by one; what is not known stays in French.
    """
    catalogue, words = _catalogue(), typography.abreger(words)
    if catalogue is None or not words:
        return typography.composer(words)
    whole = catalogue.sentence(words)
    if whole is not None:
        return led(typography.composer(whole))
    parts = re.split(r"(?<=\.) (?=[A-ZÀ-Ý«])", words)
    return led(typography.composer(" ".join(catalogue.sentence(part) or part for part in parts)))


def set_language(app: QApplication, language: str) -> None:
    """Switch language and direction; windows get ``QEvent.LanguageChange`` and rebuild their texts."""
    for old in app.findChildren(QTranslator):
        app.removeTranslator(old)
        old.setParent(None)
    own = QTranslator(app)
    if own.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(own)
    if language != "fr":
        app.installTranslator(Catalogue(language, app))
    QLocale.setDefault(QLocale({"ar": "ar_MA", "en": "en_GB"}.get(language, "fr_MA")))
    rtl = language == "ar"
    app.setLayoutDirection(Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight)


_NUMBER = re.compile(r"\b[A-Z]{3}(?:-[A-Z0-9]+){2,}")


def language() -> str:
    """The code of the language in force."""
    found = _catalogue()
    return found.code if found is not None else "fr"


def _catalogue() -> Catalogue | None:
    app = QCoreApplication.instance()
    return app.findChild(Catalogue) if app is not None else None


def isolate(text: str) -> str:
    """Wrap a code, phone or duration so that right-to-left text around it does not reorder it."""
    return bidi.isoler(text) if QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft else text


def code(text: str) -> str:
    """A number or reference in a sentence: isolated, and no line ends at one of its hyphens."""
    return isolate(text.replace("-", "-\u2060"))


def unparted(words: str) -> str:
    """A sentence of which no line ends within a number: ``INT-`` is not parted from the rest."""
    return _NUMBER.sub(lambda found: found[0].replace("-", "-\u2060"), words)


def apart(text: str) -> str:
    """Wrap what a person wrote: it is read by its own letters, whatever the direction of the words around it."""
    rtl = QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft
    return f"\u2068{text}\u2069" if rtl and text else text


def became(before: str, after: str) -> str:
    """``before → after``, the arrow pointing the way the window is read."""
    rtl = QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft
    # The mark says which way the line is read, were it all in Latin letters.
    return f"{bidi.RLM}{apart(before)} ← {apart(after)}" if rtl else f"{before} → {after}"


def colon() -> str:
    """What stands between a name and its value: only French puts a space before it."""
    return " : " if language() == "fr" else ": "


def comma() -> str:
    """What stands between the parts of an enumeration."""
    return "، " if language() == "ar" else ", "


def bullet(text: str) -> str:
    """``• text`` with the bullet on the side on which the window is read, whatever letters the text begins with."""
    rtl = QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft
    return f"\u200f• \u2068{text}\u2069" if rtl else f"• {text}"


def number(value: int) -> str:
    """``1 248`` with the narrow no-break space that both writing directions keep in place."""
    return f"{value:,}".replace(",", bidi.FINE)


def decimal(value: Decimal, places: str = "") -> str:
    """``1 248,5``, with as many figures after the comma as it has, or ``.2``."""
    return f"{value:,{places}f}".replace(",", bidi.FINE).replace(".", ",")
