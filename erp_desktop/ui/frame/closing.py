"""What is asked of somebody who closes the program over work not yet saved: its names, and that it will be there."""

from __future__ import annotations

from collections.abc import Sequence

from erp_desktop.ui.frame.question import QuestionPage
from erp_desktop.ui.kit.controls import Button, Elided, Text
from erp_desktop.ui.kit.i18n import bullet, number, tr

_NAMED = 8


class ClosePage(QuestionPage):
    """Covers the window; Enter closes, Esc goes back to work. Nothing is lost either way.

    ``answered``: True to close.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(tr("{n} saisies ne sont pas enregistrées", n=number(len(names))))
        for name in names[:_NAMED]:
            self.card.box.addWidget(Elided(bullet(name)))
        if len(names) > _NAMED:
            rest = tr("et {n} autres", n=number(len(names) - _NAMED))
            self.card.box.addWidget(Text(rest, "body", "text.secondary"))
        words = tr(
            "Fermer garde chacune en brouillon : vous la retrouverez à votre prochaine connexion sur ce poste, mais "
            "les autres ne la voient pas encore."
        )
        self.stay = Button(tr("Revenir à la saisie"), on_click=lambda: self.answered.emit(False))
        self.close_button = Button(tr("Fermer"), "primary", on_click=lambda: self.answered.emit(True))
        self.ask(words, (self.stay, self.close_button), self.close_button)
