"""Records that are begun with what another one has; nothing of them is saved before the person says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from erp_desktop.ui.forms.fields import WORDS
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.view import BEGUN
from erp_desktop.ui.kit.i18n import isolate, tr

Read = Callable[[Any, Any, int], Any]
"""``read(session, acteur, source)`` gives what a new record begins with: values, their words, and their source."""


def duplicate(panel: FormPanel) -> bool:
    """Begin a new record with what the one shown has; False when its kind is not copied."""
    row_id, copies = panel.row_id, panel.spec.copies
    if row_id is None or copies is None or not panel.spec.writes(panel.contexte.acteur, None):
        return False
    begin_another(panel, copies, row_id, tr("Copie de {source}.", source="{source}"))
    return True


def begin_another(panel: FormPanel, read: Read, source: int, words: str, kind: str = "") -> None:
    """Open a blank form filled in from a record.

    Args:
        words: said above the form, with ``{source}``.
        kind: of the new record, when it is another than the panel's.
    """
    contexte = panel.contexte
    contexte.tasks.run(
        lambda session: read(session, contexte.acteur, source),
        lambda begun: contexte.begin(kind or panel.spec.kind, _draft_of(begun, words)), owner=panel,
    )  # fmt: skip


def _draft_of(begun: Any, words: str) -> dict[str, Any]:
    kept = {name: value for name, value in begun.values.items() if value is not None}
    shown = {name + WORDS: told for name, told in begun.words.items() if name in kept}
    return {**kept, **shown, BEGUN: words.format(source=isolate(begun.source))}


def fill_in(panel: FormPanel, begun: Any, words: str) -> None:
    """Fill the blank form in sight in; what was typed in other fields stays."""
    kept = _draft_of(begun, words)
    panel.say_above(kept.pop(BEGUN))
    panel.fields.restore(kept)
    panel.fields.changed.emit()
