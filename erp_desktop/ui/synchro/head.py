"""The head of the drawer: what the line does, four figures, the countdown to the next attempt."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.writing.accord import single
from erp_desktop.sync.status import EtatSync
from erp_desktop.ui.kit.controls import Button, IconLabel, Text, icon_button
from erp_desktop.ui.kit.i18n import language, number, said, tr
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.sign_in.screen import depuis
from erp_desktop.ui.synchro.cards import Tuile, quand


class Entete(QWidget):
    """Title, banner, tiles and buttons.

    Args:
        retry: asks for a cycle now; None when this desktop has no centre.
        set_line: cuts or restores the line, given by the demonstration only.
        line_up: whether it was not cut.
        by_hand: of a desktop that has a centre, what carries the exchange while the line is down.
    """

    closed = Signal()
    journal_asked = Signal()

    def __init__(
        self, retry: Callable[[], object] | None, set_line: Callable[[bool], object] | None,
        line_up: Callable[[], bool] = lambda: True, by_hand: QWidget | None = None, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._retry, self._set_line, self._line_up = retry, set_line, line_up
        self._state: EtatSync | None = None
        self._left = 0.0
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        title = QHBoxLayout()
        title.setSpacing(10)
        self._icon = IconLabel("cloud", "text.secondary", 19, "regular")
        title.addWidget(self._icon)
        title.addWidget(Text(tr("Synchronisation"), "title"))
        title.addStretch()
        self.line_button: Button | None = None
        if self._set_line is not None:
            self.line_button = Button(tr("Couper la ligne"), icon="wifi-slash", on_click=self._switch_line)
            title.addWidget(self.line_button)
        title.addWidget(icon_button("x", tr("Fermer"), self.closed.emit))
        column.addLayout(title)
        self._banner = QVBoxLayout()
        column.addLayout(self._banner)
        column.addLayout(self._tiles())
        column.addLayout(self._buttons())
        if by_hand is not None:
            column.addWidget(by_hand)
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._count_down)

    def _tiles(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.tiles = {
            "attente": Tuile(tr("en attente")), "refuses": Tuile(tr("refusés")),
            "conflits": Tuile(tr("conflits")), "cycle": Tuile(tr("dernier cycle réussi")),
        }  # fmt: skip
        for tile in self.tiles.values():
            row.addWidget(tile, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        self.retry_button = Button(
            tr("Réessayer maintenant"), "primary", icon="arrows-clockwise", on_click=self._try_now
        )
        self.retry_button.setEnabled(self._retry is not None)
        row.addWidget(self.retry_button)
        self.countdown = Text("", "body", "text.tertiary")
        row.addWidget(self.countdown)
        row.addStretch()
        self.journal_button = Button(tr("Journal"), icon="list-bullets", on_click=self.journal_asked.emit)
        row.addWidget(self.journal_button)
        return row

    def set_state(self, state: EtatSync) -> None:
        """Show a new state; the countdown starts again."""
        self._state = state
        self._left = state.prochain_essai_s or 0.0
        self._say_line(state)
        self._say_switch()
        self.retry_button.setText(tr("Échanger maintenant") if state.en_ligne else tr("Réessayer maintenant"))
        tiles = self.tiles
        tiles["attente"].set_figure(number(state.en_attente))
        words = tr("refusé") if single(state.refuses, language()) else tr("refusés")
        tiles["refuses"].set_figure(number(state.refuses), words, alarm=state.refuses > 0)
        words = tr("conflit") if single(state.conflits, language()) else tr("conflits")
        tiles["conflits"].set_figure(number(state.conflits), words, alarm=state.conflits > 0)
        tiles["cycle"].set_figure(quand(state.dernier_cycle))
        self._say_next()

    def _say_line(self, state: EtatSync) -> None:
        while (item := self._banner.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if state.mode == "autonome":
            self._icon.set_icon("hard-drives", "text.secondary")
            banner = Banner("info", tr("Poste autonome"), detail=tr("Tout est gardé ici ; rien n'est envoyé."))
        elif state.en_ligne is None:
            self._icon.set_icon("cloud", "text.secondary")
            banner = Banner("info", tr("Premier échange en cours"), detail=tr("Le serveur central va répondre."))
        elif state.en_ligne:
            self._icon.set_icon("cloud-check", "semantic.success.text", "fill")
            banner = Banner("success", tr("En ligne"), icon="cloud-check",
                            detail=tr("Vos changements partent au siège dès qu'ils sont enregistrés."))  # fmt: skip
        else:
            self._icon.set_icon("cloud-slash", "semantic.warning.text", "fill")
            since = state.hors_ligne_depuis
            words = tr("Hors ligne depuis {heure}", heure=depuis(since)) if since else tr("Hors ligne")
            why = said(state.erreur) if state.erreur else tr("Le serveur central ne répond pas.")
            banner = Banner("warning", words, icon="cloud-slash",
                            detail=tr("{raison} Continuez : tout est gardé sur ce poste.", raison=why))  # fmt: skip
        self._banner.addWidget(banner)

    def _say_next(self) -> None:
        state = self._state
        if state is None or self._retry is None or state.prochain_essai_s is None:
            self.countdown.setText("")
            self._tick.stop()
            return
        minutes, seconds = divmod(max(0, round(self._left)), 60)
        when = f"{minutes}:{seconds:02d}"
        online = tr("prochain échange dans {duree}", duree=when)
        self.countdown.setText(online if state.en_ligne else tr("prochain essai dans {duree}", duree=when))
        if not self._tick.isActive():
            self._tick.start()

    def _count_down(self) -> None:
        self._left = max(0.0, self._left - 1)
        self._say_next()

    def _try_now(self) -> None:
        if self._retry is not None:
            self.countdown.setText(tr("essai en cours…"))
            self._tick.stop()
            self._retry()

    def _switch_line(self) -> None:
        if self._set_line is None or self.line_button is None:
            return
        self._set_line(not self._line_up())
        self._say_switch()

    def _say_switch(self) -> None:
        if self.line_button is not None:
            self.line_button.setText(tr("Couper la ligne") if self._line_up() else tr("Rétablir la ligne"))
