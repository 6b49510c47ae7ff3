"""What can be done from the box, by its words: sections, new records, looks, languages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from erp_desktop.domain.enums import Role
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit import theme as look_module
from erp_desktop.ui.kit.i18n import everywhere, tr
from erp_desktop.ui.palette.rows import Command

if TYPE_CHECKING:
    from erp_desktop.ui.workspace import Workspace

NEW: Final = (
    ("interventions", "Nouvelle intervention"), ("clients", "Nouveau client"),
    ("equipements", "Nouvel équipement"), ("contrats", "Nouveau contrat"), ("factures", "Nouvelle facture"),
    ("stock", "Nouvelle pièce"),
    ("inventaires", "Nouvel inventaire"), ("depots", "Nouveau dépôt"),
)  # fmt: skip

GOES: Final = "Aller à {section}"
_LANGUAGES: Final = {
    "fr": ("Passer en français ({langue})", "langue French language الفرنسية لغة"),
    "ar": ("Passer en arabe ({langue})", "langue Arabic language لغة"),
    "en": ("Passer en anglais ({langue})", "langue English language الإنجليزية لغة"),
}
"""Language → how one goes to it, and by what words of any of the three it is found: it may be read by who cannot."""


def commands(workspace: Workspace) -> Sequence[Command]:
    """The commands of the person at work, in the order in which they are offered."""
    acteur = workspace.contexte.acteur
    found: list[Command] = []
    if acteur.role is not Role.TECHNICIEN:
        found += [
            _command(words, "plus", _new(workspace, kind), "Ctrl N" if kind == "interventions" else "")
            for kind, words in NEW
            if kind in workspace.sections
        ]
    numbered = {section.key: place for place, section in enumerate(workspace.nav.sections[:9], start=1)}
    found += [
        Command(tr(GOES, section=tr(one.title)), one.icon, _go(workspace, one.key),
                f"Ctrl {numbered[one.key]}" if one.key in numbered else "", names=going(one.title),
                called=everywhere(one.title))
        for one in workspace.sections.values()
    ]  # fmt: skip
    if workspace.drawer is not None:
        found.append(_command("Synchronisation", "cloud-check", workspace.status.sync.click))
    found += [
        _command("Notifications", "bell", workspace.top.bell.click, "F8"),
        _command("Touches du clavier", "keyboard", workspace.keys.toggle, "F1"),
        _command("Imprimer la page", "printer", lambda: workspace.page and workspace.page.print_out(), "Ctrl P"),
        _command("Relire la page", "arrows-clockwise", lambda: workspace.page and workspace.page.reload(), "F5"),
        _command("Réduire la navigation", "rows", workspace.toggle_navigation, "Ctrl B"),
        _command("Thème clair", "sun", lambda: workspace.theme_asked.emit(look_module.LIGHT)),
        _command("Thème sombre", "moon", lambda: workspace.theme_asked.emit(look_module.DARK)),
        _command("Thème comme le système", "desktop", lambda: workspace.theme_asked.emit(look_module.SYSTEM)),
    ]
    found += [
        Command(tr(words, langue=i18n.LANGUAGES[code]), "translate", _speak(workspace, code), also=f"{words} {also}",
                names=everywhere(words))
        for code, (words, also) in _LANGUAGES.items()
        if code != i18n.language()
    ]  # fmt: skip
    if workspace.top.former:
        found.append(_command("Revenir à la version précédente…", "arrow-u-up-left", workspace.top.back_asked.emit))
    found += [
        _command("Changer mon mot de passe…", "key", workspace.password.open),
        _command("Verrouiller l'écran", "lock-key", workspace.lock_asked.emit),
        _command("Se déconnecter", "sign-out", workspace.logout_asked.emit),
    ]
    return found


def _command(words: str, icon: str, act: Callable[[], object], keys: str = "") -> Command:
    """Something that is called the same wherever it is offered."""
    return Command(tr(words), icon, act, keys, names=everywhere(words))


def going(title: str) -> list[str]:
    """How one goes to a section, in every language."""
    return [goes.format(section=name) for goes, name in zip(everywhere(GOES), everywhere(title), strict=True)]


def _new(workspace: Workspace, kind: str) -> Callable[[], object]:
    return lambda: workspace.open_record(kind, None)


def _go(workspace: Workspace, key: str) -> Callable[[], object]:
    return lambda: workspace.open_section(key)


def _speak(workspace: Workspace, code: str) -> Callable[[], object]:
    return lambda: workspace.language_asked.emit(code)
