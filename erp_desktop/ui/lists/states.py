"""What a list page shows instead of rows: nothing found, or the reading failed."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.errors import CentralUnreachableError, CentralWaitsError, ErpError
from erp_desktop.settings import Mode
from erp_desktop.ui.bug import offer_bundle
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import number, said, tr
from erp_desktop.ui.kit.states import EmptyState, ErrorState
from erp_desktop.ui.kit.surfaces import Banner, Chip
from erp_desktop.ui.lists.query import canonical, without, without_free_text, words

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage


def empty_state(page: ListPage) -> EmptyState:
    """Why nothing is shown, and what each filter costs."""
    spec, text = page.spec, page.filter.text()
    buttons: list[QWidget] = []
    if text:
        buttons.append(Button(tr("Effacer les filtres"), icon="x", on_click=lambda: page.filter.set_text("")))
    if spec.new and spec.may_create(page.contexte.acteur):
        buttons.append(Button(tr(spec.new), "primary", icon="plus", weight="bold", tip="Ctrl+N",
                              name=tr(spec.new), on_click=page.new_record))  # fmt: skip
    hour = clock.written(clock.local(clock.now()), tr("%d/%m à %H:%M"))
    if not text:
        told = tr("Cette liste est vide sur ce poste, à jour du {quand}.", quand=hour)
        told = f"{tr(spec.serves)} {told}" if spec.serves else told
        return EmptyState(tr(spec.blank), told, buttons, icon=spec.icon)
    if page.contexte.settings.mode is Mode.AUTONOME:
        told = tr("La recherche porte sur les données de ce poste.")
    else:
        told = tr("La recherche porte sur les données de ce poste, à jour du {quand}. "
                  "Une fiche créée depuis par une autre agence n'y est pas encore.", quand=hour)  # fmt: skip
    return EmptyState(
        tr(spec.empty), told, buttons, hint=tr("Un de ces filtres est peut-être de trop"), hints=_costs(page, text)
    )


def _costs(page: ListPage, text: str) -> list[QWidget]:
    keys = page.spec.words
    found = words(text, keys)
    free = [word for word in found if not word.key]
    if sum(bool(word.key) for word in found) + bool(free) < 2:
        # Of one filter alone nothing is told, and nothing is made to be thrown away.
        return []
    lines: list[QWidget] = []
    asked: list[tuple[str, Button]] = []
    page.chips.show_query(text)
    lines.extend(_line(page, page.chips.chip(word), without(text, word), asked) for word in found if word.key)
    if free:
        chip = Chip(tr("Texte :"), tr("« {texte} »", texte=" ".join(word.value for word in free)))
        rest = without_free_text(text, keys)
        chip.removed.connect(lambda: page.filter.set_text(rest))
        lines.append(_line(page, chip, rest, asked))
    _count(page, asked)
    return lines


def _line(page: ListPage, chip: QWidget, rest: str, asked: list[tuple[str, Button]]) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(chip)
    row.addStretch()
    button = Button("…", "link", on_click=lambda: page.filter.set_text(rest))
    row.addWidget(button)
    asked.append((rest, button))
    return line


def _count(page: ListPage, asked: list[tuple[str, Button]]) -> None:
    spec, source = page.spec, page.source
    _text, sort, descending = page.model.question

    def read(session: Any) -> list[int]:
        return [source.walk(session, canonical(rest, spec.words), sort, descending).count for rest, _button in asked]

    def show(counts: list[int]) -> None:
        for (_rest, button), count in zip(asked, counts, strict=True):
            said = tr("1 résultat sans lui") if count == 1 else tr("{n} résultats sans lui", n=number(count))
            button.setText(said)
            button.setEnabled(count > 0)
            button.setAccessibleName(said)

    page.contexte.tasks.run(read, show, lambda _error: None, owner=asked[0][1])


def _report(page: ListPage, error: Exception) -> tuple[str, str]:
    """What is shown of a failure, and all that support can use of it."""
    now = clock.local(clock.now()).strftime("%d/%m/%Y %H:%M:%S")
    # The statement behind the first line belongs in the report, not on the screen.
    last = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    detail = f"{now}  lecture « {page.spec.key} »\n{last[:400]}"
    return detail, "\n".join([detail, "", *traceback.format_exception(error)])


class _Waits(Banner):
    """Over a list that is read again when the line is back, of a table of the exchange or of none."""

    def __init__(self, page: ListPage, words: str) -> None:
        super().__init__("warning", words, icon="cloud-slash", square=True)
        self._bus, self._table = page.contexte.bus, page.spec.table
        page.contexte.tasks.line.connect(self._line_changed)

    def _line_changed(self, answers: bool) -> None:
        if answers:
            self._bus.publish(self._table)


def error_banner(page: ListPage, error: Exception) -> Banner:
    """Since when the list cannot be read, and the file that IT is sent."""
    hour = clock.local(clock.now()).strftime("%H:%M")
    if isinstance(error, CentralWaitsError):
        # It answers, and says why it serves nobody.
        return _Waits(page, said(str(error)))
    if isinstance(error, CentralUnreachableError):
        words = tr(
            "Hors ligne depuis {heure} : cette liste se lira d'elle-même quand la ligne reviendra.", heure=hour
        )
        return _Waits(page, words)
    words = tr("Lecture impossible depuis {heure}. Les autres écrans restent utilisables.", heure=hour)
    _detail, report = _report(page, error)
    return Banner(
        "danger", words, square=True, action=tr("Prévenir l'informatique"),
        on_action=lambda: offer_bundle(page.window(), {"ecran.txt": report}, page.contexte.say),
    )  # fmt: skip


def error_state(page: ListPage, error: Exception) -> EmptyState | ErrorState:
    """What failed, in words for the clerk and in detail for support; of a line that is cut there is no detail."""
    again = Button(tr("Réessayer la lecture"), "primary", icon="arrows-clockwise", on_click=page.reload)
    if isinstance(error, CentralUnreachableError):
        return EmptyState(tr("Cette liste n'a pas pu être lue"), said(str(error)), [again], icon="cloud-slash")
    expected = isinstance(error, ErpError)
    told = said(str(error)) if expected else tr(
        "Une erreur inattendue empêche de lire cette liste. Ce qui attend d'être envoyé est intact. "
        "Réessayez ; si elle revient, transmettez le rapport à l'assistance."
    )  # fmt: skip
    detail, report = _report(page, error)
    buttons = [
        again,
        Button(tr("Copier le rapport"), icon="copy", on_click=lambda: QGuiApplication.clipboard().setText(report)),
    ]
    return ErrorState(
        tr("Cette liste n'a pas pu être lue"), told, buttons, detail_title=tr("Détail pour l'assistance"),
        detail=detail,
    )  # fmt: skip
