"""Above a part's fields: what each place holds, who set what aside, and the movements one makes."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop.domain.enums import TypeDepot, TypeMouvement
from erp_desktop.domain.suivi import SuiviPiece
from erp_desktop.errors import UserError
from erp_desktop.services.stock import lookup, parts, quantities
from erp_desktop.services.stock.ledger import Posted
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import ecrit_les_fiches
from erp_desktop.ui.kit.controls import Button, Elided, Text, clear
from erp_desktop.ui.kit.i18n import comma, isolate, tr
from erp_desktop.ui.kit.surfaces import Banner, Card
from erp_desktop.ui.stock.figures import quantity
from erp_desktop.ui.stock.movement_strip import MovementStrip, Work
from erp_desktop.ui.wording import value_labels as labels

_ACTS = (
    (TypeMouvement.ENTREE, "Recevoir"), (TypeMouvement.SORTIE, "Sortir"),
    (TypeMouvement.TRANSFERT, "Transférer"),
    (TypeMouvement.AJUSTEMENT, "Ajuster"),
)  # fmt: skip
_PER_ROW = 3


_NAME = "PartBar"
"""Under which a draft keeps the movement."""


class PartBar(RecordPart):
    """Tiles of the places, then the acts; a strip of fields takes the acts' place while one enters a movement."""

    unsaved = "Mouvement non enregistré"

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 4)
        column.setSpacing(8)
        self.warnings = QVBoxLayout()
        column.addLayout(self.warnings)
        self.tiles = QGridLayout()
        self.tiles.setSpacing(8)
        column.addLayout(self.tiles)
        self.reserved = Text("", "caption", "text.secondary", wrap=True)
        column.addWidget(self.reserved)
        self._acts = QWidget()
        row = QHBoxLayout(self._acts)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.buttons: dict[str, Button] = {}
        for kind, words in _ACTS:
            button = Button(tr(words), "soft" if kind is TypeMouvement.ENTREE else "default",
                            on_click=partial(self.begin, kind.value))  # fmt: skip
            self.buttons[kind.value] = button
            row.addWidget(button)
        row.addStretch()
        column.addWidget(self._acts)
        self.strip = MovementStrip(panel.contexte, lambda: self._row_id, self._once)
        self.strip.posted.connect(self._posted)
        self.strip.changed.connect(self.changed)
        self.strip.hide()
        column.addWidget(self.strip)
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            self.strip.show_typed({})
            self.strip.hide()
        self._row_id = row_id
        self.setVisible(record is not None)
        if record is None:
            return
        writes = ecrit_les_fiches(self._panel.contexte.acteur)
        self._acts.setVisible(writes and not self.strip.isVisibleTo(self))
        self.strip.ask_lot(record.suivi != SuiviPiece.AUCUN)
        clear(self.tiles)
        # What is on its way, or scrapped, is worth a tile when there is some.
        seen = [p for p in record.places if p.quantite or p.type_depot in (TypeDepot.AGENCE, TypeDepot.VEHICULE)]
        for n, place in enumerate(seen):
            self.tiles.addWidget(self._tile(place, record.unite), n // _PER_ROW, n % _PER_ROW)
        held = comma().join(f"{isolate(r.numero)} ({quantity(r.quantite)})" for r in record.reservations[:6])
        words = tr("{n} réservés : {qui}", n=quantity(record.reserve), qui=held)
        self.reserved.setText(words if held else "")
        self.reserved.setVisible(bool(held))
        clear(self.warnings)
        if any(p.quantite < 0 for p in record.places):
            self._read_negatives(row_id)
        acteur = self._panel.contexte.acteur
        self._panel.contexte.tasks.run(
            lambda session: quantities.places(session, acteur, open_only=True), self.strip.show_places, owner=self
        )

    def _read_negatives(self, row_id: int | None) -> None:
        acteur = self._panel.contexte.acteur
        if row_id is None:
            return

        def show(found: list[lookup.Negative]) -> None:
            if row_id != self._row_id:
                return
            clear(self.warnings)
            for one in found:
                words = tr("{depot} est à {n} : à compter.", depot=one.depot, n=quantity(one.quantite))
                detail = " · ".join(
                    " ".join(filter(None, [labels.instant(when), quantity(q), isolate(why), who]))
                    for when, q, why, who in one.causes
                )
                self.warnings.addWidget(Banner("warning", words, detail=detail))

        self._panel.contexte.tasks.run(lambda session: lookup.negatives(session, acteur, row_id), show, owner=self)

    @staticmethod
    def _tile(place: parts.PlaceStock, unit: str) -> QWidget:
        card = Card("surface.sunken")
        card.box.setContentsMargins(10, 7, 10, 7)
        card.box.setSpacing(1)
        card.box.addWidget(Elided(place.depot, "caption", "text.secondary"))
        tone = "semantic.danger.text" if place.quantite < 0 else "text.primary"
        card.box.addWidget(Text(f"{quantity(place.quantite)} {unit}", "section", tone))
        low = tr("minimum {n}", n=quantity(place.minimum)) if place.minimum is not None else ""
        card.box.addWidget(Text(low, "caption", "text.tertiary"))
        return card

    def begin(self, kind: str) -> None:
        """Ask for the quantity and the place of a movement."""
        self.strip.show_kind(kind)
        self._acts.hide()
        self.strip.show()
        self.strip.start()

    def draft(self) -> dict[str, Any]:
        typed = self.strip.typed()
        return {"mouvement": self.strip.kind.value(), **typed} if typed else {}

    def restore(self, kept: dict[str, Any]) -> None:
        if kept:
            self.strip.show_kind(str(kept["mouvement"]))
            self._acts.hide()
            self.strip.show()
        elif self.draft():
            self._put_away()
        self.strip.show_typed(kept)

    def _once(self, work: Work) -> Work:
        row_id, kind, drafts = self._row_id, self._panel.spec.kind, self._panel.contexte.drafts
        if row_id is None:
            return work
        self._panel.keep_now()
        held = self.draft()
        sent = drafts.once(kind, row_id, held, work, _NAME)

        def run(session: Any) -> tuple[int, Posted]:
            done = sent(session)
            if not done.before:
                made: tuple[int, Posted] = done.answer
                return made
            if done.values != held:
                drafts.forget_sent(kind, row_id, _NAME)
                raise UserError(done.said(""))
            return row_id, Posted((), Decimal(0))

        return run

    def _put_away(self) -> None:
        self.strip.hide()
        self._acts.setVisible(ecrit_les_fiches(self._panel.contexte.acteur))

    def escape(self) -> bool:
        if not self.strip.isVisibleTo(self):
            return False
        kept, row_id = self.draft(), self._row_id
        self.strip.show_typed({})
        self._put_away()
        self.changed.emit()
        if kept:
            self._panel.contexte.say(
                tr("Saisie abandonnée"), lambda: self.restore(kept) if self._row_id == row_id else None, "info"
            )
        return True

    def _posted(self, piece: int) -> None:
        self._panel.contexte.drafts.forget_sent(self._panel.spec.kind, piece, _NAME)
        if piece != self._row_id:
            self._panel.forget_part(piece, self)
            return
        self._put_away()
        self.changed.emit()
        if not self._panel.dirty:
            self._panel.open_record(piece)
