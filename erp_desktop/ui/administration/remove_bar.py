"""Under the head of a row of reference data that nothing needs: take it away, with undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop.domain.enums import Role
from erp_desktop.domain.saisie import Saisie
from erp_desktop.errors import ErpError
from erp_desktop.services.administration.reference import Reference
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.kit.controls import Button, ErrorLine
from erp_desktop.ui.kit.i18n import tr


def remove_bar(
    reference: Reference[Any, Any], table: str, said: str, typed: type[Saisie]
) -> Callable[[FormPanel], RecordPart]:
    """A bar for a table.

    Args:
        said: the toast.
        typed: input model that brings the row back.
    """
    return lambda panel: RemoveBar(panel, reference, table, said, typed)


class RemoveBar(RecordPart):
    """One button; a refusal, because something uses the row, is said below."""

    def __init__(
        self, panel: FormPanel, reference: Reference[Any, Any], table: str, said: str, typed: type[Saisie]
    ) -> None:
        super().__init__()
        self._panel, self._reference, self._table, self._said, self._typed = panel, reference, table, said, typed
        self._row_id: int | None = None
        self._record: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        self.button = Button(tr("Supprimer"), "danger", icon="trash", on_click=self.remove)
        row.addWidget(self.button)
        row.addStretch()
        column.addLayout(row)
        self.trouble = ErrorLine()
        column.addWidget(self.trouble)
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id, self._record = row_id, record
        self.trouble.say("")
        self.setVisible(row_id is not None and self._panel.contexte.acteur.role is Role.ADMIN)

    def remove(self) -> None:
        row_id, record, contexte = self._row_id, self._record, self._panel.contexte
        if row_id is None or record is None:
            return
        values = {name: getattr(record, name) for name in self._typed.model_fields}

        def bring_back() -> None:
            contexte.tasks.run(
                lambda session: self._reference.create(session, contexte.acteur, self._typed(**values)),
                lambda _id: changed(self._panel, self._table), write=True,
            )  # fmt: skip

        def removed(_none: object) -> None:
            self._panel.close_panel()
            contexte.say(tr(self._said), bring_back)
            changed(self._panel, self._table, row_id)

        contexte.tasks.run(
            lambda session: self._reference.remove(session, contexte.acteur, row_id), removed, self._refused,
            write=True, owner=self,
        )  # fmt: skip

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, ErpError):
            self._panel.contexte.tasks.failed.emit(error)
            return
        self.trouble.say(str(error))
