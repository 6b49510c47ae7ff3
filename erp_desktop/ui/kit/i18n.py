"""Languages: French is the source text, ``resources/translations/{ar,en}.json`` map it to the others."""

from __future__ import annotations

import json
import logging

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, Qt, QTranslator
from PySide6.QtWidgets import QApplication

from erp_desktop import paths

CONTEXT = "erp"
LANGUAGES = {"fr": "Français", "ar": "العربية", "en": "English"}
LRI, PDI = "\u2066", "\u2069"
THOUSANDS = "\u202f"

_log = logging.getLogger(__name__)


class Catalogue(QTranslator):
    """One language; a text that it lacks stays in French."""

    def __init__(self, language: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.code = language
        self._texts: dict[str, str] = {}
        for file in sorted((paths.RESOURCES / "translations").glob(f"{language}*.json"), reverse=True):
            self._texts.update(json.loads(file.read_text(encoding="utf-8")))

    def isEmpty(self) -> bool:
        return not self._texts

    def translate(self, context: str, source: str, _disambiguation: str | None = None, _n: int = -1) -> str | None:
        # Only a null string lets Qt go on to the next translator and to the source text.
        return self._texts.get(source) if context == CONTEXT else None


def tr(text: str, **values: object) -> str:
    """The text in the language in force, with ``{name}`` fields filled in."""
    said = QCoreApplication.translate(CONTEXT, text)
    said = said.replace("'", "’")
    return said.format(**values) if values else said


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


def language() -> str:
    """The code of the language in force."""
    app = QCoreApplication.instance()
    found = app.findChild(Catalogue) if app is not None else None
    return found.code if found is not None else "fr"


def isolate(text: str) -> str:
    """Wrap a code, phone or duration so that right-to-left text around it does not reorder it."""
    return f"{LRI}{text}{PDI}" if text and QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft else text


def number(value: int) -> str:
    """``1 248`` with the narrow no-break space that both writing directions keep in place."""
    return f"{value:,}".replace(",", THOUSANDS)
