"""Saved views of a list: the button that says which is open, its menu, and the line that names a new one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu

from erp_desktop.domain.writing.bidi import visible
from erp_desktop.errors import CentralUnreachableError, ErpError, ValidationError
from erp_desktop.services import views as service
from erp_desktop.services.views import Definition, View
from erp_desktop.ui.bus import Changes
from erp_desktop.ui.forms.editors import TextEditor
from erp_desktop.ui.kit.controls import Button, Field
from erp_desktop.ui.kit.i18n import isolate, said, tr
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.lists import columns
from erp_desktop.ui.lists.query import canonical

if TYPE_CHECKING:
    from erp_desktop.ui.lists.page import ListPage


class Views(QObject):
    """The views that a person may open on one list."""

    def __init__(self, page: ListPage) -> None:
        super().__init__(page)
        self._page, self._contexte = page, page.contexte
        self.all: list[View] = []
        self.current: View | None = None
        self._untouched, self._missed = True, False
        self.button = Button(tr("Vues"), icon="bookmark-simple", tip=tr("Vues enregistrées"), on_click=self.offer)
        self.strip = self._make_strip()
        self.strip.hide()
        self._contexte.bus.data_changed.connect(self._data_changed)

    def _make_strip(self) -> Surface:
        strip = Surface("surface.sunken", "border.subtle", radius=6)
        row = QHBoxLayout(strip)
        row.setContentsMargins(10, 8, 8, 8)
        row.setSpacing(8)
        self.name = TextEditor(tr("Novembre, toutes"))
        self.field = Field(tr("Nom de la vue"), self.name, label_width=100)
        row.addWidget(self.field, 1)
        self.shared = QCheckBox(tr("Partager avec l'agence"))
        row.addWidget(self.shared, 0, Qt.AlignmentFlag.AlignTop)
        self.save_button = Button(tr("Enregistrer"), "primary", on_click=self._save_named)
        row.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Button(tr("Annuler"), on_click=self.escape), 0, Qt.AlignmentFlag.AlignTop)
        self.name.line.returnPressed.connect(self._save_named)
        return strip

    # What there is

    def begin(self) -> None:
        """Read them and the first page, at the centre in one round trip; then the person's default is opened."""
        page = self._page
        with self._contexte.tasks.together():
            self.reload(self._first)
            page.model.ask("", page.spec.sort, page.spec.descending)

    def reload(self, then: Callable[[list[View]], object] | None = None) -> None:
        acteur, liste = self._contexte.acteur, self._page.spec.key
        self._contexte.tasks.run(
            lambda session: service.views(session, acteur, liste), then or self._arrived, self._not_read, owner=self
        )  # fmt: skip

    def _not_read(self, error: Exception) -> None:
        # Of a line that is cut the list itself tells, and both are read again when it is back.
        if isinstance(error, CentralUnreachableError):
            self._missed = True
        else:
            self._failed(error)

    def _arrived(self, found: list[View]) -> None:
        self.all = found
        if self.current is not None:
            self.current = next((one for one in found if one.id == self.current.id), None)
        self._say()

    def _first(self, found: list[View]) -> None:
        self._missed = False
        self._arrived(found)
        default = next((one for one in found if one.default), None)
        if default is not None and self._untouched and not self._page.filter.text():
            self.open(default)

    def _say(self) -> None:
        words = self.current.name if self.current is not None else tr("Vues")
        self.button.setText(words if len(words) <= 28 else f"{words[:27]}…")
        self.button.setAccessibleName(tr("Vue : {nom}", nom=words) if self.current is not None else words)

    def _data_changed(self, changes: Changes, initiator: object) -> None:
        if "vues_enregistrees" in changes and initiator is not self:
            self.reload(self._first if self._missed else None)

    # Opening

    def leave(self) -> None:
        """The page was told to show something else: the view of the beginning must not overtake that."""
        self._untouched = False

    def open(self, view: View | None) -> None:
        """Show a list as a view says; None as the list is made."""
        page, self._untouched = self._page, False
        self.current = view
        self._say()
        told = view.definition if view is not None else Definition("", page.spec.sort, page.spec.descending)
        known = {column.key for column in page.spec.columns if column.key}
        good = told.sort in known or (told.sort == page.spec.sort and bool(told.sort))
        sort, descending = (told.sort, told.descending) if good else (page.spec.sort, page.spec.descending)
        columns.arrange(page.view, told.columns or columns.original(page.view))
        page.columns_changed()
        page.view.set_sort(sort, descending)
        page.filter.set_text(told.text)
        page.model.ask(canonical(told.text, page.spec.words), sort, descending)

    def present(self) -> Definition:
        """What the list shows, to be kept."""
        page = self._page
        _text, sort, descending = page.model.question
        return Definition(page.filter.text(), sort, descending, columns.present(page.view))

    # The menu

    def offer(self) -> QMenu:
        """Drop the views and what can be done with the one that is open."""
        menu = QMenu(self._page)
        for view in self.all:
            words = view.name if view.mine else f"{view.name} · {isolate(view.owner)}"
            action = menu.addAction(words.replace("&", "&&"), partial(self.open, view))
            action.setCheckable(True)
            action.setChecked(self.current is not None and view.id == self.current.id)
        if self.all:
            menu.addSeparator()
        menu.addAction(tr("Liste d'origine"), partial(self.open, None))
        menu.addAction(tr("Enregistrer la vue…"), self.ask_name)
        if self.current is not None:
            self._own_acts(menu, self.current)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.button.mapToGlobal(QPoint(0, self.button.height() + 2)))
        return menu

    def _own_acts(self, menu: QMenu, view: View) -> None:
        menu.addSeparator()
        default = menu.addAction(tr("Ouvrir la liste sur cette vue"), partial(self._default, view))
        default.setCheckable(True)
        default.setChecked(view.default)
        if view.mine:
            menu.addAction(tr("Remplacer par ce qui est affiché"), partial(self._replace, view))
            shared = menu.addAction(tr("Partager avec l'agence"), partial(self._share, view))
            shared.setCheckable(True)
            shared.setChecked(view.shared)
            menu.addAction(tr("Supprimer la vue"), partial(self._delete, view))

    # Writing

    def ask_name(self) -> None:
        """Show the line that names a new view."""
        self.field.say("")
        self.name.show_value(self.current.name if self.current is not None and self.current.mine else "")
        self.shared.setChecked(self.current is not None and self.current.mine and self.current.shared)
        self.strip.show()
        self.name.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.name.line.selectAll()

    def escape(self) -> bool:
        """Put the line away; False when it was not there."""
        if self.strip.isHidden():
            return False
        self.strip.hide()
        self._page.view.setFocus()
        return True

    def _save_named(self) -> None:
        self._save(str(self.name.value() or ""), self.shared.isChecked())

    def _replace(self, view: View) -> None:
        self._save(view.name, view.shared)

    def _save(self, name: str, shared: bool) -> None:
        acteur, liste, definition = self._contexte.acteur, self._page.spec.key, self.present()
        shown = " ".join(visible(name).split())

        def saved(ident: int) -> None:
            self.escape()
            before = next((one for one in self.all if one.id == ident), None)
            if before is None:
                self._contexte.say(tr("Vue enregistrée : {nom}", nom=shown))
            else:
                self._contexte.say(tr("Vue remplacée : {nom}", nom=before.name), partial(self._put_back, before))
            self._changed(ident)

        self._write(lambda session: service.save(session, acteur, liste, name, definition, shared=shared), saved)

    def _put_back(self, view: View) -> None:
        """Keep a view again as it was read."""
        acteur, liste = self._contexte.acteur, self._page.spec.key
        self._write(
            lambda session: service.save(session, acteur, liste, view.name, view.definition, shared=view.shared),
            self._changed,
        )

    def _share(self, view: View) -> None:
        acteur = self._contexte.acteur
        self._write(
            lambda session: service.share(session, acteur, view.id, not view.shared),
            lambda _none: self._changed(view.id),
        )

    def _default(self, view: View) -> None:
        acteur, liste, wanted = self._contexte.acteur, self._page.spec.key, None if view.default else view.id
        self._write(
            lambda session: service.choose_default(session, acteur, liste, wanted),
            lambda _none: self._changed(view.id),
        )

    def _delete(self, view: View) -> None:
        acteur = self._contexte.acteur

        def gone(_none: None) -> None:
            self._contexte.say(tr("Vue supprimée : {nom}", nom=view.name), partial(self._put_back, view))
            self._changed(None)

        self._write(lambda session: service.delete(session, acteur, view.id), gone)

    def _write(self, work: Callable[[Any], Any], then: Callable[[Any], object]) -> None:
        self._contexte.tasks.run(work, then, self._failed, write=True)

    def _changed(self, ident: int | None) -> None:
        def arrived(found: list[View]) -> None:
            self.current = next((one for one in found if one.id == ident), None)
            self._arrived(found)

        self._contexte.bus.publish("vues_enregistrees", initiator=self)
        self.reload(arrived)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ValidationError) and not self.strip.isHidden():
            self.field.say(str(error))
            self.name.line.setFocus()
        elif isinstance(error, ErpError):
            self._contexte.say(said(str(error)), kind="danger")
        else:
            self._contexte.tasks.failed.emit(error)
