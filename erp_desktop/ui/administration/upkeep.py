"""The schema with its upgrade, and backups: pages that say how things stand and set one thing in motion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from erp_desktop.domain.enums import Role
from erp_desktop.domain.writing.revisions import french
from erp_desktop.errors import CentralUnreachableError, ErpError
from erp_desktop.services.administration import maintenance
from erp_desktop.services.administration.maintenance import Copy, Schema
from erp_desktop.ui.background import Fond
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.controls import Button, Elided, Text, clear
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Banner, Card, Surface
from erp_desktop.ui.page import Page
from erp_desktop.ui.wording import value_labels as labels


class UpkeepPage(Page):
    """A heading, buttons, and what was found below."""

    def __init__(self, contexte: Contexte, title: str) -> None:
        super().__init__()
        self.contexte = contexte
        self._told: Banner | None = None
        body = Surface("surface.base")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(10)
        head = QHBoxLayout()
        head.addWidget(Text(title, "page"))
        head.addStretch()
        self.acts = QHBoxLayout()
        self.acts.setSpacing(8)
        head.addLayout(self.acts)
        column.addLayout(head)
        inside = QWidget()
        inside.setObjectName("corps")
        self.found = QVBoxLayout(inside)
        self.found.setContentsMargins(0, 0, 0, 0)
        self.found.setSpacing(10)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAccessibleName(title)
        area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        area.setWidget(inside)
        column.addWidget(area, 1)
        self._column = column
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(body)

    def body_column(self) -> QVBoxLayout:
        """Where a page puts what stays above what was found; the heading is first."""
        return self._column

    def _act(self, words: str, kind: str, icon: str, act: Callable[[], object]) -> Button:
        button = Button(words, kind, icon=icon, on_click=act)
        self.acts.addWidget(button)
        return button

    def _pairs(self, *pairs: tuple[str, str]) -> Card:
        card = Card("surface.base")
        for name, value in pairs:
            row = QHBoxLayout()
            label = Text(name, "body", "text.secondary")
            label.setFixedWidth(230)
            row.addWidget(label)
            row.addWidget(Text(value, "body", wrap=True), 1)
            card.box.addLayout(row)
        return card

    def _refused(self, error: Exception) -> None:
        if isinstance(error, ErpError):
            if not self.found.count():
                self.found.addStretch()
            if self._told is not None and shiboken6.isValid(self._told):
                self._told.deleteLater()
            self._told = Banner("danger", str(error), closable=True)
            self.found.insertWidget(0, self._told)
        else:
            self.contexte.tasks.failed.emit(error)


class SchemaPage(UpkeepPage):
    """Where the database stands, who would be shut out, and the upgrade of a centre that is behind."""

    stepped = Signal(str)
    """What the upgrade does now, from its own thread."""

    def __init__(self, contexte: Contexte) -> None:
        super().__init__(contexte, tr("Schéma et mises à niveau"))
        self._asked: Banner | None = None
        self._busy = False
        self.stepped.connect(self._tell_step)
        self._cut = False
        contexte.tasks.line.connect(self._line_changed)
        self._act(tr("Vérifier"), "default", "arrows-clockwise", self.reload)
        self.upgrade_button = self._act(tr("Mettre à niveau…"), "primary", "database", self.ask)
        self.upgrade_button.hide()
        self.step = Banner("info", "")
        self.step.hide()
        self.body_column().insertWidget(1, self.step)
        self.reload()

    def reload(self) -> bool:
        contexte = self.contexte
        contexte.tasks.run(
            lambda session: maintenance.schema(session, contexte.acteur), self.show_schema, self._refused, owner=self
        )
        return True

    def _line_changed(self, answers: bool) -> None:
        if answers and self._cut:
            self.reload()

    def _refused(self, error: Exception) -> None:
        self._cut = isinstance(error, CentralUnreachableError)
        super()._refused(error)

    def show_schema(self, now: Schema) -> None:
        """Say how the database stands."""
        self._cut = False
        clear(self.found)
        self._asked = None
        kind = {"egal": "success", "ancien": "warning", "recent": "info", "vide": "info"}.get(now.etat, "danger")
        self.found.addWidget(Banner(kind, said(now.message)))
        window = tr("depuis la révision {revision}", revision=isolate(now.min_client or labels.NONE))
        server = isolate(f"PostgreSQL {now.serveur}") if now.serveur else tr("base locale de ce poste")
        self.found.addWidget(self._pairs(
            (tr("Base"), isolate(now.revision or labels.NONE)), (tr("Programme"), isolate(now.attendue)),
            (tr("Serveur"), server), (tr("Postes acceptés"), window),
        ))  # fmt: skip
        if now.revisions:
            self._list(tr("À venir"), (tr(french(title)) for title in now.revisions))
        if now.exclus:
            self._list(tr("Postes qui devront se mettre à jour avant d'échanger"), now.exclus)
        if now.constats:
            self._list(tr("À régler"), now.constats)
        self.found.addStretch()
        self.upgrade_button.setVisible(now.etat == "ancien" and now.migrateur)

    def _list(self, title: str, lines: Any) -> None:
        card = Card("surface.base")
        card.box.addWidget(Text(title, "strong"))
        for line in lines:
            card.box.addWidget(Text(line, "body", "text.secondary", wrap=True))
        self.found.addWidget(card)

    def ask(self) -> None:
        """Say what will happen; the second press does it."""
        if self._asked is not None or self._busy:
            return
        self._asked = Banner(
            "warning", tr("Le centre est d'abord sauvegardé, puis mis à niveau ; les postes attendent un instant."),
            action=tr("Mettre à niveau maintenant"), on_action=self.upgrade,
        )  # fmt: skip
        self.found.insertWidget(0, self._asked)

    def upgrade(self) -> None:
        """Bring the centre to this program's revision, saying each step."""
        if self._busy:
            return
        contexte, folder = self.contexte, self.contexte.settings.archives
        self._busy = True
        self.upgrade_button.setEnabled(False)
        if self._asked is not None:
            self._asked.hide()
        self._tell_step(tr("Mise à niveau en cours…"))

        def done(notes: tuple[str, ...]) -> None:
            self._rest()
            contexte.say(" ".join((tr("Centre mis à niveau"), *notes)))
            self.reload()

        def refused(error: Exception) -> None:
            self._rest()
            self.reload()
            self._refused(error)

        contexte.tasks.run(
            lambda session: maintenance.upgrade(session, contexte.acteur, folder, self.stepped.emit), done, refused,
            long=True, owner=self,
        )  # fmt: skip

    def _tell_step(self, words: str) -> None:
        self.step.label.setText(said(words))
        self.step.setVisible(self._busy)

    def _rest(self) -> None:
        self._busy = False
        self.step.hide()
        self.upgrade_button.setEnabled(True)


class BackupsPage(UpkeepPage):
    """What lies on this machine, and a new copy of the local file or of the centre.

    Args:
        central: the database at hand is a centre's.
    """

    def __init__(self, contexte: Contexte, *, central: bool) -> None:
        super().__init__(contexte, tr("Sauvegardes"))
        self._central = central
        self._work = Fond(self)
        self._work.finished.connect(self._made)
        self._work.failed.connect(self._stopped)
        words = tr("Sauvegarder le centre") if central else tr("Sauvegarder ce poste")
        self.make_button = self._act(words, "primary", "floppy-disk", self.make)
        self.make_button.setEnabled(contexte.acteur.role is Role.ADMIN or not central)
        self.reload()

    def reload(self) -> bool:
        self._fill(maintenance.backups(self.contexte.settings))
        return True

    def _fill(self, found: list[Copy]) -> None:
        clear(self.found)
        told = tr("Remettre une sauvegarde arrête le programme : erp-admin db restore, ou server restore au centre.")
        self.found.addWidget(Banner("info", told))
        card = Card("surface.base")
        if not found:
            card.box.addWidget(Text(tr("Aucune sauvegarde sur ce poste."), "body", "text.tertiary"))
        for one in found:
            row = QHBoxLayout()
            when = Text(isolate(labels.instant(one.quand, year=True)), "mono")
            when.setFixedWidth(150)
            row.addWidget(when)
            row.addWidget(Elided(str(one.chemin), "body", "text.secondary"), 1)
            size = isolate(f"{number(max(1, one.taille // 1_000_000))} {tr('Mo')}")
            row.addWidget(Text(" · ".join(filter(None, (size, isolate(one.revision)))), "body", "text.tertiary"))
            card.box.addLayout(row)
        self.found.addWidget(card)
        self.found.addStretch()

    def make(self) -> None:
        """Make a copy and read it back."""
        contexte, options = self.contexte, self.contexte.settings
        self.make_button.setEnabled(False)
        if self._central:
            contexte.tasks.run(
                lambda session: maintenance.back_up_centre(session, contexte.acteur, options.archives), self._made,
                self._stopped, long=True, owner=self,
            )  # fmt: skip
        else:
            self._work.run(lambda _progress: maintenance.back_up_here(options))

    def _made(self, made: Any) -> None:
        self.make_button.setEnabled(True)
        self.contexte.say(tr("Sauvegarde faite et relue : {nom}", nom=isolate(made.name)))
        self.reload()

    def _stopped(self, error: Exception) -> None:
        self.make_button.setEnabled(True)
        self._refused(error)
