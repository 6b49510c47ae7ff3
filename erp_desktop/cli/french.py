"""The help of a command, and what is wrong with one, in French as everything else that erp-admin says."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import typer
from rich.text import Text
from typer import rich_utils
from typer._click import exceptions as usage
from typer._click.core import Command, Context
from typer._click.formatting import HelpFormatter
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from erp_desktop.cli import terminal

PROGRAM = "erp-admin"

rich_utils.ARGUMENTS_PANEL_TITLE = "Arguments"
rich_utils.OPTIONS_PANEL_TITLE = "Options"
rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"
rich_utils.DEFAULT_STRING = "[par défaut : {}]"
rich_utils.ENVVAR_STRING = "[variable : {}]"
rich_utils.DEPRECATED_STRING = "(à ne plus utiliser) "

_KINDS = {
    "<bool>": "", "<str>": "<texte>", "<path>": "<chemin>", "<int>": "<entier>", "<int range>": "<entier>",
    "<float>": "<nombre>", "<float range>": "<nombre>", "<list[str]>": "<texte>...", "<list[int]>": "<entier>...",
}  # fmt: skip
"""What the library calls a kind of value → what a person reads; a switch takes none."""

_ARGUMENTS = {
    "file": "fichier", "group_id": "groupe", "row_id": "fiche", "conflict_id": "conflit", "merge_id": "fusion",
    "identifier": "remise", "username": "identifiant",
}  # fmt: skip


class FrenchKinds(rich_utils.TypesHighlighter):
    """The column of the kinds of value, which the library writes in Python's words."""

    def __call__(self, text: str | Text) -> Text:
        told = text.plain if isinstance(text, Text) else text
        shown = re.sub(r"<[^>]+>", lambda kind: _KINDS.get(kind[0], kind[0]), told)
        return super().__call__(Text(shown, style=rich_utils.STYLE_TYPES, overflow="fold"))


rich_utils.types_highlighter = FrenchKinds()
rich_utils.OptionHighlighter.highlights[-1] = r"(?P<usage>Utilisation : )"


class FrenchHelp(Command):
    """Mixed into a command, before its own class: its help is French to the last word."""

    def format_usage(self, ctx: Context, formatter: HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), "Utilisation : ")

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Afficher cette aide et quitter."
        return option


class FrenchCommand(FrenchHelp, TyperCommand):
    """A command; its arguments are named as people know them, not as the function does."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            if isinstance(param, TyperArgument) and param.name in _ARGUMENTS:
                param.metavar = _ARGUMENTS[param.name]


class FrenchGroup(FrenchHelp, TyperGroup):
    """A group of commands whose usage errors are ours; exit status 2, as everywhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subcommand_metavar = "COMMANDE [ARGUMENTS]..."

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.commands)
            maybe = f" (peut-être : {', '.join(near)})" if near else ""
            raise usage.UsageError(f"la commande « {name} » n'existe pas{maybe}", ctx)
        return super().resolve_command(ctx, args)

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None,
        standalone_mode: bool = True, windows_expand_args: bool = True, **extra: Any,
    ) -> Any:  # fmt: skip
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        try:
            done = super().main(args, prog_name or PROGRAM, complete_var, False, windows_expand_args, **extra)
        except usage.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except usage.ClickException as error:
            _refuse(error)
        except typer.Abort:
            terminal.show(f"{PROGRAM} : abandonné", err=True)
            sys.exit(1)
        sys.exit(done if isinstance(done, int) else 0)


class Commands(typer.Typer):
    """A group whose commands, and the group itself, speak French."""

    def __init__(self, *, help: str, **settings: Any) -> None:
        super().__init__(
            cls=FrenchGroup,
            no_args_is_help=True,
            help=help,
            add_completion=False,
            pretty_exceptions_enable=False,
            **settings,
        )

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        return super().command(name, **{"cls": FrenchCommand, **settings})


def _refuse(error: usage.ClickException) -> NoReturn:
    context = getattr(error, "ctx", None)
    aide = f" ; aide : {context.command_path} --help" if context is not None else ""
    terminal.show(f"{PROGRAM} : {sentence(error)}{aide}", err=True)
    sys.exit(error.exit_code)


def sentence(error: usage.ClickException) -> str:
    """What is wrong with the command; decided by the error's kind, not by its English words where it has a kind."""
    if isinstance(error, usage.MissingParameter):
        return f"il manque {_named(error.param)}"
    if isinstance(error, usage.NoSuchOption):
        maybe = f" (peut-être : {', '.join(sorted(error.possibilities))})" if error.possibilities else ""
        return f"l'option {error.option_name} n'existe pas{maybe}"
    if isinstance(error, usage.BadOptionUsage):
        takes = "n'attend pas de valeur" if "does not take" in error.message else "attend une valeur"
        return f"l'option {error.option_name} {takes}"
    if isinstance(error, usage.BadParameter) and error.param is not None:
        return f"{_named(error.param)} : valeur refusée{_expected(error)}"
    if "unexpected extra argument" in error.message:
        return f"mots en trop : {error.message.rpartition('(')[2].rstrip(').')}"
    return error.message.rstrip(".")


def _named(param: Any) -> str:
    if param is None:
        return "une valeur"
    if param.param_type_name == "option":
        return f"l'option {max(param.opts, key=len)}"
    return f"l'argument {param.display_name_raw.upper()}"


def _expected(error: usage.BadParameter) -> str:
    """The closed list, or the number, that was wanted."""
    _, told, listed = error.message.partition("is not one of ")
    if told:
        return f" ; une de : {listed.rstrip('.').replace(chr(39), '')}"
    if "integer" in error.message:
        return " ; un nombre entier est attendu"
    if "number" in error.message or "float" in error.message:
        return " ; un nombre est attendu"
    return ""
