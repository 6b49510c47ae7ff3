"""Entering one movement by keyboard: kind, part, place, quantity, Enter; refusals go under their field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from erp_desktop.domain.enums import TypeMouvement
from erp_desktop.domain.recherche import cherchee
from erp_desktop.domain.saisie.stock import MouvementInput
from erp_desktop.errors import ValidationError
from erp_desktop.services.stock import counting, ledger
from erp_desktop.services.stock.ledger import Posted
from erp_desktop.services.stock.quantities import Place
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.forms import entry
from erp_desktop.ui.forms.editors import ChoiceEditor, MoneyEditor, TextEditor
from erp_desktop.ui.kit.controls import Button, Field, LineEdit
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.wording import value_labels as labels

_SAID = {
    "entree": "Entrée enregistrée", "sortie": "Sortie enregistrée", "retour": "Retour enregistré",
    "ajustement": "Ajustement enregistré", "transfert": "Transfert enregistré",
}  # fmt: skip
Work = Callable[[Any], tuple[int, Posted]]
Once = Callable[[Work], Work]
_TYPED = ("quantite", "valeur_unitaire", "lot", "motif")


class MovementStrip(QWidget):
    """A row of fields.

    Args:
        part: gives the part of the record beside it; left out, a code field takes a scanned or typed code and gets
            the focus back after each movement.
        once: makes of the work what does it once, whatever becomes of its answer; where a draft keeps what is typed.
    """

    posted = Signal(object)
    """A movement was made: the identifier of its part."""
    changed = Signal()
    """The person typed in it."""

    def __init__(
        self, contexte: Contexte, part: Callable[[], int | None] | None = None, once: Once = lambda work: work
    ) -> None:
        super().__init__()
        self._contexte, self._part, self._once = contexte, part, once
        self._wanted: tuple[Any, Any] | None = None
        self.kind = ChoiceEditor(labels.options(TypeMouvement))
        self.code = LineEdit(tr("Scannez ou tapez un code"))
        self.quantity, self.price = MoneyEditor("1", decimals=3), MoneyEditor("0,00", decimals=4)
        self.depot, self.target = ChoiceEditor([]), ChoiceEditor([])
        self.motive = TextEditor(tr("BL, raison…"))
        self.lot = TextEditor(tr("Si la pièce est suivie"))
        self.fields = {
            "type_mouvement": Field(tr("Mouvement"), self.kind), "code": Field(tr("Code"), self.code),
            "quantite": Field(tr("Quantité"), self.quantity), "depot_id": Field(tr("Dépôt"), self.depot),
            "vers_depot_id": Field(tr("Vers"), self.target), "valeur_unitaire": Field(tr("Coût HT"), self.price),
            "motif": Field(tr("Motif"), self.motive), "lot": Field(tr("Lot ou série"), self.lot),
        }  # fmt: skip
        self.add_button = Button(tr("Enregistrer le mouvement"), "soft", icon="check", on_click=self.post)
        self._lay_out()
        self.kind.changed.connect(self._kind_changed)
        self.code.returnPressed.connect(self._coded)
        for editor in (self.quantity, self.price, self.lot, self.motive):
            editor.line.returnPressed.connect(self.post)
            editor.changed.connect(self.changed)
        self.show_kind(TypeMouvement.ENTREE.value)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        wide = self._part is None
        order = (
            ["type_mouvement", "code", "quantite", "depot_id", "vers_depot_id", "valeur_unitaire", "lot", "motif"]
            if wide else ["quantite", "depot_id", "vers_depot_id", "valeur_unitaire", "lot", "motif"]
        )  # fmt: skip
        per_row = 8 if wide else 2
        for place, name in enumerate(order):
            grid.addWidget(self.fields[name], place // per_row, place % per_row, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(place % per_row, 1)
        self._grid, self._columns = grid, {name: place for place, name in enumerate(order) if wide}
        for name in self.fields.keys() - set(order):
            self.fields[name].setParent(self)
            self.fields[name].hide()
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.add_button)
        grid.addLayout(row, len(order) // per_row + 1, 0, 1, per_row)

    def show_kind(self, kind: str) -> None:
        """Make it an entry, an exit…"""
        self.kind.show_value(kind)
        self._kind_changed()

    def _kind_changed(self) -> None:
        kind = self.kind.value()
        self.fields["vers_depot_id"].setVisible(kind == TypeMouvement.TRANSFERT)
        self.fields["valeur_unitaire"].setVisible(kind == TypeMouvement.ENTREE)
        for name, place in self._columns.items():
            self._grid.setColumnStretch(place, int(self.fields[name].isVisibleTo(self)))
        self._clear()

    def _clear(self) -> None:
        for field in self.fields.values():
            field.say("")

    def show_places(self, places: Sequence[Place], first: int | None = None) -> None:
        """Offer the open places."""
        chosen, aimed = self._wanted or (self.depot.combo.currentData(), self.target.combo.currentData())
        self._wanted = None
        for editor in (self.depot, self.target):
            editor.combo.clear()
            for place in places:
                editor.combo.addItem(place.nom, place.id)
        wanted = chosen if chosen is not None else first
        found = self.depot.combo.findData(wanted)
        self.depot.combo.setCurrentIndex(max(found, 0))
        found = self.target.combo.findData(aimed)
        self.target.combo.setCurrentIndex(found if found >= 0 else 1 if len(places) > 1 else 0)

    def typed(self) -> dict[str, Any]:
        """The words that are not posted yet, as :meth:`show_typed` takes them."""
        words = entry.typed({name: self.fields[name] for name in _TYPED})
        depot, target = self._wanted or (self.depot.combo.currentData(), self.target.combo.currentData())
        return {**words, "depot": depot, "vers": target} if words else {}

    def show_typed(self, kept: Mapping[str, Any]) -> None:
        """Put such words back; an empty one makes the fields blank."""
        entry.put_back({name: self.fields[name] for name in _TYPED}, kept)
        self._wanted = None
        if not kept:
            return
        places = [self.depot.combo.findData(kept["depot"]), self.target.combo.findData(kept["vers"])]
        if min(places) >= 0:
            self.depot.combo.setCurrentIndex(places[0])
            self.target.combo.setCurrentIndex(places[1])
        else:
            # The places are still being read.
            self._wanted = (kept["depot"], kept["vers"])

    def ask_lot(self, wanted: bool) -> None:
        """Ask which units moved; a code may be of any part, so there it is always asked."""
        self.fields["lot"].setVisible(wanted)

    def start(self) -> None:
        """Put the cursor where one begins."""
        (self.code if self._part is None else self.quantity.inner).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _coded(self) -> None:
        """A scanner ends with Enter: on to the quantity."""
        self.fields["code"].say("")
        if self.code.text().strip():
            self.quantity.inner.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.quantity.line.selectAll()

    def _values(self) -> dict[str, Any] | None:
        names = ["type_mouvement", "quantite", "depot_id", "motif"]
        if self.fields["lot"].isVisibleTo(self):
            names.append("lot")
        if self.kind.value() == TypeMouvement.TRANSFERT:
            names.append("vers_depot_id")
        if self.kind.value() == TypeMouvement.ENTREE:
            names.append("valeur_unitaire")
        self._clear()
        return entry.read({name: self.fields[name] for name in names})

    def post(self) -> None:
        """Make the movement typed."""
        values, acteur, code = self._values(), self._contexte.acteur, cherchee(self.code.text())
        part = self._part() if self._part is not None else None
        if values is None or not self.add_button.isEnabled():
            return
        if self._part is None and not code:
            self.fields["code"].say("Scannez ou tapez le code d'une pièce.")
            self.start()
            return
        self.add_button.setEnabled(False)
        sent = self._texts()

        def work(session: Any) -> tuple[int, Posted]:
            piece = part if part is not None else counting.find_part(session, acteur, code)
            return piece, ledger.post(session, acteur, MouvementInput(piece_id=piece, **values))

        self._contexte.tasks.run(
            self._once(work), lambda done: self._done(*done, sent), self._refused, write=True, owner=self
        )

    def _texts(self) -> dict[str, str]:
        lines = {name: self.fields[name].editor.line for name in _TYPED}  # type: ignore[attr-defined]
        return {"code": self.code.text(), **{name: line.text() for name, line in lines.items()}}

    def _done(self, piece: int, posted: Posted, sent: Mapping[str, str]) -> None:
        self.add_button.setEnabled(True)
        kind = self.kind.value()
        words = tr(_SAID[kind])
        if posted.warning:
            self._contexte.say(f"{words}. {said(posted.warning)}", kind="warning")
        else:
            self._contexte.say(words)
        if self._part is None or self._part() == piece:
            # Else what stands here is of another part, shown meanwhile.
            # What was typed of the next one while this one was written stays.
            now = self._texts()
            since = {name: text.removeprefix(sent[name]) for name, text in now.items() if text != sent[name]}
            self.show_typed({})
            self.code.setText(since.pop("code", ""))
            for name, text in since.items():
                self.fields[name].editor.line.setText(text)  # type: ignore[attr-defined]
            begun = bool(self.typed() or self.code.text())
        else:
            begun = True
        self._contexte.bus.publish("mouvements_stock", *posted.ids, initiator=self)
        self._contexte.bus.publish("pieces_detachees", piece, initiator=self)
        self.posted.emit(piece)
        if self.isVisible() and not begun:
            self.start()

    def _refused(self, error: Exception) -> None:
        self.add_button.setEnabled(True)
        if isinstance(error, ValidationError) and self._part is None and "piece_id" in error.champs:
            error = ValidationError({"code" if k == "piece_id" else k: v for k, v in error.champs.items()})
        shown = {name: field for name, field in self.fields.items() if field.isVisibleTo(self)}
        entry.refuse(self._contexte, shown, error, "quantite")
