"""The top bar: who we are, where, one search, one act, the person."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QActionGroup, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QSizePolicy, QWidget

from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.ui.frame.bell import Bell
from erp_desktop.ui.frame.narrow import NarrowBar, Spare
from erp_desktop.ui.kit import i18n, icons, paint
from erp_desktop.ui.kit import theme as look_module
from erp_desktop.ui.kit.controls import Button, EnterPresses, IconLabel, Text, icon_button, plain
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.paint import KeyCap
from erp_desktop.ui.kit.ring import KeyboardRing
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.wording import value_labels


class Logo(QWidget):
    def __init__(self, side: int = 26, *, inverse: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inverse = inverse
        self.setFixedSize(side, side)
        self.setAccessibleName("ERP MIF")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        ground, flower = theme().color("accent.fill"), theme().color("text.onAccent")
        paint.logo(painter, self.rect(), *((flower, ground) if self._inverse else (ground, flower)))
        painter.end()


class Person(KeyboardRing, EnterPresses, QAbstractButton):
    """Initials, name and role; opens the person's menu."""

    def __init__(self, acteur: Acteur, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._role = acteur.nom, value_labels.label(Role, acteur.role)
        self._letters = paint.initials(acteur.nom)
        self.brief = False
        """Whether the initials stand for the name; the name is then in the tooltip."""
        self.setAccessibleName(f"{self._name}, {self._role}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def words(self) -> int:
        """Points that name and role take."""
        return max(paint.metrics("strong").horizontalAdvance(self._name),
                   paint.metrics("caption").horizontalAdvance(self._role))  # fmt: skip

    def set_brief(self, brief: bool) -> None:
        self.brief = brief
        self.setToolTip(plain(f"{self._name}, {self._role}") if brief else "")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(60 if self.brief else self.words + 68, 38)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        disc = paint.visual(rtl, box, QRect(4, 5, 28, 28))
        paint.rounded(painter, disc, 14, look.color("status.en_cours.soft"))
        painter.setFont(look.font("strong"))
        painter.setPen(look.color("status.en_cours.text"))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, self._letters)
        room = 0 if self.brief else box.width() - 64
        for words, role, ink, place in (
            (self._name, "strong", "text.primary", QRect(40, 3, room, 17)),
            (self._role, "caption", "text.tertiary", QRect(40, 19, room, 16)),
        ):
            if room:
                paint.text(painter, paint.visual(rtl, box, place), words, rtl=rtl, font=look.font(role),
                           colour=look.color(ink))  # fmt: skip
        icons.draw(painter, paint.visual(rtl, box, QRect(box.width() - 20, 0, 16, 38)), "caret-down",
                   look.color("text.secondary"), 12)  # fmt: skip
        if self._ring:
            paint.focus_ring(painter, box, 6)
        painter.end()


class SearchBox(KeyboardRing, EnterPresses, QAbstractButton):
    """Looks like a field and opens the box of :mod:`erp_desktop.ui.palette`; a letter typed here is typed there."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(32)
        self.setText(tr("Rechercher un numéro, un client, une commande…"))
        self.setAccessibleName(tr("Recherche"))
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 8, 0)
        row.setSpacing(8)
        row.addWidget(IconLabel("magnifying-glass", "text.tertiary"))
        row.addStretch(1)
        row.addWidget(KeyCap("Ctrl K"))
        self.clicked.connect(lambda: self.asked.emit(""))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().strip() and event.text().isprintable():
            self.asked.emit(event.text())
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look, rtl, box = QPainter(self), theme(), theme().rtl, self.rect()
        radius = look.px("radius.md")
        paint.rounded(painter, box, radius, look.color("surface.sunken"), look.color("border.default"))
        words = QRect(36, 0, box.width() - 36 - 62, box.height())
        paint.text(painter, paint.visual(rtl, box, words), self.text(), rtl=rtl, font=look.font("body"),
                   colour=look.color("text.tertiary"))  # fmt: skip
        if self._ring:
            paint.focus_ring(painter, box, radius)
        painter.end()


class TopBar(NarrowBar):
    """Signals carry what was asked; the window does it."""

    new_asked = Signal()
    keys_asked = Signal()
    theme_asked = Signal(str)
    language_asked = Signal(str)
    password_asked = Signal()
    lock_asked = Signal()
    logout_asked = Signal()
    back_asked = Signal()

    def __init__(self, acteur: Acteur, place: str, *, may_create: bool, parent: QWidget | None = None) -> None:
        super().__init__("surface.base", "border.default", sides="b", parent=parent)
        self.former = ""
        """The version before, where this desktop can go back to it."""
        self.setFixedHeight(theme().px("frame.topBar"))
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 0, 10, 1)
        row.setSpacing(8)
        row.addWidget(Logo())
        brand = Text("ERP MIF", "section")
        row.addWidget(brand)
        rule = Surface("border.default")
        rule.setFixedSize(1, 48)
        row.addSpacing(12)
        row.addWidget(rule)
        row.addSpacing(12)
        house = IconLabel("buildings", "text.secondary")
        row.addWidget(house)
        self.place = Text(place, "body", "text.secondary")
        row.addWidget(self.place)
        row.addStretch(2)
        self.search = SearchBox()
        self.search.setMinimumWidth(150)
        self.search.setMaximumWidth(480)
        row.addWidget(self.search, 8)
        row.addStretch(2)
        self.spare(brand, rule)
        self.spare(house, self.place)
        if may_create:
            new = Button(tr("Nouvelle intervention"), "primary", icon="plus", weight="bold", tip="Ctrl+N",
                         on_click=self.new_asked.emit, name=tr("Nouvelle intervention"))  # fmt: skip
            row.addWidget(new)
            wide = new.sizeHint().width()
            self.spares.append(Spare(lambda: wide - 40, lambda given: self._name_act(new, given)))
        row.addSpacing(6)
        self.bell = Bell()
        row.addWidget(self.bell)
        row.addWidget(icon_button("question", tr("Touches (F1)"), self.keys_asked.emit))
        self.person = Person(acteur)
        self.person.clicked.connect(self._menu)
        row.addWidget(self.person)
        self.spares.append(Spare(lambda: self.person.words + 8, self.person.set_brief))

    @staticmethod
    def _name_act(button: Button, given: bool) -> None:
        """Leave the plus alone, or say what it begins."""
        words = tr("Nouvelle intervention")
        button.setText("" if given else words)
        button.setToolTip(words if given else "Ctrl+N")

    def _menu(self) -> None:
        menu = QMenu(self)
        self._choices(menu, tr("Thème"), [
            (look_module.SYSTEM, tr("Comme le système")), (look_module.LIGHT, tr("Clair")),
            (look_module.DARK, tr("Sombre")),
        ], theme().mode, self.theme_asked)  # fmt: skip
        language = i18n.language()
        self._choices(menu, tr("Langue"), list(i18n.LANGUAGES.items()), language, self.language_asked)
        menu.addSeparator()
        if self.former:
            menu.addAction(icons.icon("arrow-u-up-left"), tr("Revenir à la version précédente…"),
                           self.back_asked.emit)  # fmt: skip
        menu.addAction(icons.icon("key"), tr("Changer mon mot de passe…"), self.password_asked.emit)
        menu.addAction(icons.icon("lock-key"), tr("Verrouiller l'écran"), self.lock_asked.emit)
        menu.addAction(icons.icon("sign-out"), tr("Se déconnecter"), self.logout_asked.emit)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.person.mapToGlobal(self.person.rect().bottomLeft()))

    @staticmethod
    def _choices(
        menu: QMenu, title: str, choices: list[tuple[str, str]], current: str, signal: SignalInstance
    ) -> None:
        sub = menu.addMenu(title)
        group = QActionGroup(sub)
        for value, words in choices:
            action = sub.addAction(words)
            action.setCheckable(True)
            action.setChecked(value == current)
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, value=value: signal.emit(value))
