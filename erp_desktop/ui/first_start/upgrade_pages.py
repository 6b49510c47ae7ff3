"""Pages around an upgrade at the start: consent for the centre's, stopped, first run failed, damaged file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from erp_desktop.domain.writing.revisions import french
from erp_desktop.errors import (
    DamagedError,
    DeviceErasedError,
    ErpError,
    FirstRunError,
    LostError,
    UnreadableError,
    UpgradeCancelledError,
)
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import bullet, said, tr
from erp_desktop.ui.kit.states import EmptyState, ErrorState

Action = Callable[[], object]
_WIDE = 520


class Consentement(EmptyState):
    """Asks a migrator whether the centre may be upgraded now.

    Args:
        current: the centre's revision; None when it is empty.
        wanted: the program's.
        revisions: titles of what would be applied, in order.
        warnings: what to know first, one sentence each.
        answer: called once, with the decision.
    """

    def __init__(
        self, current: str | None, wanted: str, revisions: Sequence[str], warnings: Sequence[str],
        answer: Callable[[bool], object],
    ) -> None:  # fmt: skip
        self.accept = Button(tr("Mettre à niveau"), "primary", icon="database", on_click=lambda: answer(True))
        self.decline = Button(tr("Pas maintenant"), on_click=lambda: answer(False))
        words = tr(
            "De la révision {de} à la révision {vers}. Une sauvegarde vérifiée est faite d'abord ; chaque révision "
            "est appliquée en entier ou pas du tout, et les autres postes continuent de travailler.",
            de=current or tr("vide"), vers=wanted,
        )  # fmt: skip
        lines = [_line(bullet(tr(french(title)))) for title in revisions[:8]]
        if len(revisions) > 8:
            lines.append(_line(tr("et {n} autres", n=len(revisions) - 8), "text.secondary"))
        lines += [_line(line, "semantic.warning.text") for line in warnings]
        super().__init__(
            tr("La base centrale attend sa mise à niveau"), words, [self.accept, self.decline], icon="database",
            hint=tr("Ce qui sera appliqué"), hints=lines,
        )  # fmt: skip


def _line(words: str, ink: str = "text.primary") -> Text:
    made = Text(words, "body", ink, wrap=True)
    # As in the states: a label in a box layout is not asked its height for its width.
    made.setMinimumHeight(made.heightForWidth(_WIDE))
    return made


def refusal(
    error: Exception, *, again: Action, leave: Action, go_back: Action | None, salvage: Action | None,
    salvage_alone: Action | None = None, anew: Action | None = None,
) -> EmptyState | ErrorState:  # fmt: skip
    """The page that says why the database is not open, and what can be done.

    Args:
        error: what stopped the opening.
        again: tries once more.
        leave: closes the window.
        go_back: puts the backup from before the last upgrade back; None when there is none.
        salvage: sets a damaged file aside for its last good backup; None when there is none.
        salvage_alone: the same, leaving what waits in the file that is set aside.
        anew: opens the first-start wizard, offered when the file is gone.
    """
    retry = Button(tr("Réessayer"), "primary", icon="arrows-clockwise", on_click=again)
    buttons = [retry]
    if go_back is not None:
        buttons.append(Button(tr("Revenir à la sauvegarde"), on_click=go_back))
    elif salvage_alone is not None and isinstance(error, UnreadableError):
        buttons.append(Button(tr("Reprendre la sauvegarde sans eux"), on_click=salvage_alone))
    elif salvage is not None and isinstance(error, DamagedError):
        buttons.append(Button(tr("Reprendre la dernière sauvegarde"), on_click=salvage))
    if anew is not None and isinstance(error, LostError):
        buttons.append(Button(tr("Recommencer sur une base neuve"), on_click=anew))
    buttons.append(Button(tr("Quitter"), on_click=leave))
    if isinstance(error, UpgradeCancelledError):
        return EmptyState(tr("Mise à niveau arrêtée"), said(str(error)), buttons, icon="database")
    title = tr("La base ne s'est pas ouverte")
    if isinstance(error, DeviceErasedError):
        title = tr("Ce poste a été retiré")
    if isinstance(error, FirstRunError):
        title = tr("Le premier démarrage après la mise à niveau n'a pas abouti")
    if isinstance(error, ErpError):
        return ErrorState(title, said(str(error)), buttons)
    words = tr("Une erreur inattendue empêche d'ouvrir la base. Rien n'a été modifié.")
    detail = f"{type(error).__name__}: {error}"
    return ErrorState(title, words, buttons, detail_title=tr("Détail pour l'assistance"), detail=detail)


def restored(revision: str, carried: int, *, again: Action, leave: Action) -> EmptyState:
    """The backup is in place; a program that upgrades it again would only fail again."""
    words = tr(
        "La base est revenue à la révision {revision} ; {n} changement(s) pas encore envoyé(s) y sont reportés. "
        "Installez la version précédente du programme, ou réessayez si la cause est levée.",
        revision=revision, n=carried,
    )  # fmt: skip
    buttons = [Button(tr("Quitter"), "primary", on_click=leave), Button(tr("Réessayer"), on_click=again)]
    return EmptyState(tr("La sauvegarde est en place"), words, buttons, icon="database")
