"""What the drawer is made of: figures, tabs, one change, one line of the journal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from erp_desktop import clock
from erp_desktop.sync.inbox.captions import Cycle, Noms
from erp_desktop.sync.inbox.conflicts import Conflit
from erp_desktop.sync.status import ChampDiff, Recu, Sortant
from erp_desktop.ui.conflits.diff import DiffLabel, Fragment
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.controls import Button, Elided, EnterPresses, IconLabel, Text
from erp_desktop.ui.kit.i18n import colon, comma, isolate, number, said, tr
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import field_labels, value_labels

FICHES = frozenset({"interventions", "clients", "equipements", "techniciens"})
"""Tables whose rows have a form to be opened in."""
_DIFFS = 4


class Tuile(Surface):
    """A figure and its word."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__("surface.sunken", radius=6, parent=parent)
        self._words = words
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 8, 7)
        column.setSpacing(1)
        self.figure = Text("—", "page")
        self.label = Text(words, "body", "text.secondary")
        column.addWidget(self.figure)
        column.addWidget(self.label)

    def set_figure(self, figure: str, words: str = "", *, alarm: bool = False) -> None:
        self.figure.setText(figure)
        self.figure.set_colour("semantic.danger.text" if alarm else "text.primary")
        self.label.setText(words or self._words)
        self.setAccessibleName(f"{figure} {self.label.text()}")


class Onglet(KeyboardRing, EnterPresses, QAbstractButton):
    """A tab of the drawer, underlined when chosen."""

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setText(words)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_words(self, words: str) -> None:
        self.setText(words)
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(paint.metrics("strong").horizontalAdvance(self.text()) + 26, 36)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, box = QPainter(self), theme(), self.rect()
        on = self.isChecked()
        painter.setFont(look.font("strong" if on else "body"))
        painter.setPen(look.color("accent.text" if on else "text.secondary"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())
        if on:
            painter.fillRect(QRect(0, box.height() - 2, box.width(), 2), look.color("accent.fill"))
        if self._ring:
            paint.focus_ring(painter, box.adjusted(2, 3, -2, -4), 2)
        painter.end()


def heure(instant: object) -> str:
    """``14:05`` today, ``16/11 14:05`` before."""
    here = clock.local(instant)  # type: ignore[arg-type]
    return here.strftime("%H:%M") if here.date() == clock.today() else here.strftime("%d/%m %H:%M")


class _Item(Surface):
    """Icon, title, time; more lines below."""

    def __init__(self, icon: str, colour: str, title: str, when: str, weight: str = "regular") -> None:
        super().__init__("surface.raised", "border.subtle", sides="b")
        across = QHBoxLayout(self)
        across.setContentsMargins(16, 10, 16, 11)
        across.setSpacing(9)
        across.addWidget(IconLabel(icon, colour, 16, weight), 0, Qt.AlignmentFlag.AlignTop)
        self.lines = QVBoxLayout()
        self.lines.setSpacing(3)
        head = QHBoxLayout()
        self.title = Elided(title, "strong")
        head.addWidget(self.title, 1)
        head.addWidget(Text(when, "caption", "text.tertiary"))
        self.lines.addLayout(head)
        across.addLayout(self.lines, 1)
        self.setAccessibleName(title)

    def add_line(self, words: str, colour: str = "text.secondary") -> None:
        if words:
            self.lines.addWidget(Elided(words, "body", colour))


def fragments(table: str, fields: Sequence[ChampDiff], noms: Noms, *, named: bool) -> list[Fragment]:
    """Old → new of each field, one a line, led by its label when ``named``."""
    made: list[Fragment] = []
    arrow = " ← " if theme().rtl else " → "
    for field in fields[:_DIFFS]:
        if made:
            made.append(Fragment("", "saut"))
        if named:
            made.append(Fragment(f"{field_labels.champ(table, field.champ)}{colon()}", "egal"))
        old, new = (_court(field_labels.valeur(table, field.champ, v, noms)) for v in (field.avant, field.apres))
        made += [Fragment(old, "retire"), Fragment(arrow, "egal"), Fragment(new, "ajoute")]
    return made


def _court(words: str) -> str:
    return words if len(words) <= 120 else words[:119] + "…"


class Changement(_Item):
    """One changed row that waits, or that the centre refused."""

    correct = Signal(object)
    resend = Signal(object)
    abandon = Signal(object)

    def __init__(self, sortant: Sortant, noms: Noms) -> None:
        self.sortant = sortant
        refused = sortant.refus is not None
        icon, colour, weight = _mark(sortant)
        super().__init__(icon, colour, self._title(sortant), heure(sortant.quand), weight)
        under = [sortant.detail, sortant.auteur]
        if refused and len(sortant.champs) == 1:
            under = [field_labels.champ(sortant.table, sortant.champs[0].champ), sortant.auteur]
        self.add_line(" · ".join(part for part in under if part))
        self.values: DiffLabel | None = None
        if sortant.champs:
            self.values = DiffLabel(fragments(sortant.table, sortant.champs, noms, named=len(sortant.champs) > 1))
            self.lines.addWidget(self.values)
            if len(sortant.champs) > _DIFFS:
                rest = len(sortant.champs) - _DIFFS
                words = tr("et 1 autre champ") if rest == 1 else tr("et {n} autres champs", n=rest)
                self.add_line(words, "text.tertiary")
        if refused:
            self._refusal(sortant)
        else:
            row = QHBoxLayout()
            self.abandon_button = Button(
                tr("Abandonner ce changement"), "ghost", icon="arrow-u-up-left",
                on_click=lambda: self.abandon.emit(sortant),
            )  # fmt: skip
            self.abandon_button.setStyleSheet("QPushButton { min-height: 20px; }")
            row.addWidget(self.abandon_button)
            row.addStretch()
            self.lines.addLayout(row)

    @staticmethod
    def _title(sortant: Sortant) -> str:
        name = isolate(sortant.libelle)
        if sortant.table != "interventions":
            name = f"{field_labels.table(sortant.table)} {name}"
        if sortant.refus is not None:
            return name
        if sortant.op == "I":
            return f"{name} · {tr('création')}"
        if sortant.op == "D":
            return f"{name} · {tr('suppression')}"
        count = len(sortant.champs)
        if count == 1:
            return f"{name} · {field_labels.champ(sortant.table, sortant.champs[0].champ)}"
        return f"{name} · {tr('{n} champs', n=count)}"

    def _refusal(self, sortant: Sortant) -> None:
        why = Surface("semantic.danger.soft", radius=4)
        inside = QHBoxLayout(why)
        inside.setContentsMargins(8, 4, 8, 4)
        reason = tr(sortant.refus or "")
        reason = reason[:1].lower() + reason[1:]
        inside.addWidget(Text(tr("Refusé par le siège : {raison}", raison=reason),
                              "body", "semantic.danger.text", wrap=True))  # fmt: skip
        self.lines.addWidget(why)
        row = QHBoxLayout()
        row.setSpacing(8)
        if sortant.table in FICHES and sortant.op != "D":
            self.correct_button = Button(tr("Corriger"), icon="pencil-simple",
                                         on_click=lambda: self.correct.emit(sortant))  # fmt: skip
            row.addWidget(self.correct_button)
        self.resend_button = Button(tr("Renvoyer"), on_click=lambda: self.resend.emit(sortant))
        self.abandon_button = Button(tr("Abandonner…"), "danger", on_click=lambda: self.abandon.emit(sortant))
        row.addWidget(self.resend_button)
        row.addWidget(self.abandon_button)
        row.addStretch()
        self.lines.addSpacing(3)
        self.lines.addLayout(row)


def _mark(sortant: Sortant) -> tuple[str, str, str]:
    if sortant.refus is not None:
        return "warning-octagon", "semantic.danger.text", "fill"
    if sortant.op == "I":
        return "plus", "text.secondary", "regular"
    if sortant.op == "D":
        return "trash", "text.secondary", "regular"
    return field_labels.icone(sortant.table), "text.secondary", "regular"


class LigneConflit(_Item):
    """A conflict as the drawer tells it; the inbox settles it."""

    asked = Signal()

    def __init__(self, conflit: Conflit, noms: Noms) -> None:
        name = isolate(conflit.libelle)
        if conflit.table != "interventions":
            name = f"{field_labels.table(conflit.table)} {name}"
        title = f"{name} · {field_labels.champ(conflit.table, conflit.champ)}"
        super().__init__("git-merge", "semantic.danger.text", title, heure(conflit.quand), "fill")
        self.add_line(conflit.detail)
        mine, theirs = map(
            _court, field_labels.versions(conflit.table, conflit.champ, (conflit.mien, conflit.leur), noms)
        )
        self.lines.addWidget(DiffLabel([
            Fragment(tr("La mienne") + colon(), "egal"), Fragment(mine, "retire"), Fragment("", "saut"),
            Fragment(tr("La leur") + colon(), "egal"), Fragment(theirs, "ajoute"),
        ]))  # fmt: skip
        row = QHBoxLayout()
        row.addWidget(Button(tr("Choisir…"), "link", on_click=self.asked.emit))
        row.addStretch()
        self.lines.addLayout(row)


class LigneRecue(_Item):
    """A record that others changed."""

    opened = Signal(object)

    def __init__(self, recu: Recu) -> None:
        super().__init__(field_labels.icone(recu.table), "text.secondary", isolate(recu.libelle), heure(recu.quand))
        row = QHBoxLayout()
        row.addWidget(Text(recu.origine or tr("siège"), "body", "text.secondary"))
        row.addStretch()
        if recu.table in FICHES:
            row.addWidget(Button(tr("Ouvrir"), "link", on_click=lambda: self.opened.emit(recu)))
        self.lines.addLayout(row)


class LigneJournal(_Item):
    """One cycle that moved something or failed."""

    def __init__(self, cycle: Cycle) -> None:
        failed = cycle.erreur is not None
        counted = [
            (cycle.envoyes, tr("{n} envoyés" if cycle.envoyes > 1 else "1 envoyé", n=number(cycle.envoyes))),
            (cycle.recus, tr("{n} reçus" if cycle.recus > 1 else "1 reçu", n=number(cycle.recus))),
            (cycle.conflits, tr("{n} en conflit", n=number(cycle.conflits))),
            (cycle.gares, tr("{n} refusés" if cycle.gares > 1 else "1 refusé", n=number(cycle.gares))),
        ]
        title = comma().join(words for count, words in counted if count) or tr("Rien n'a circulé")
        icon, colour = (
            ("cloud-slash", "semantic.warning.text") if failed else ("cloud-check", "semantic.success.text")
        )
        super().__init__(icon, colour, title, heure(cycle.quand), "fill")
        seconds = f"{isolate(f'{cycle.duree_s:.2f}'.replace('.', ','))} {tr('s')}"
        self.add_line(said(cycle.erreur) if cycle.erreur else tr("en {duree}", duree=seconds))


def quand(etat_cycle: object) -> str:
    return heure(etat_cycle) if etat_cycle is not None else value_labels.NONE
