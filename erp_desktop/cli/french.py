"""A badly written command is told in French, in one line, as everything else that erp-admin says."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer import rich_utils
from typer._click import exceptions as usage
from typer._click.core import Command, Context
from typer.core import TyperGroup

from erp_desktop.cli import terminal

PROGRAM = "erp-admin"

rich_utils.ARGUMENTS_PANEL_TITLE = "Arguments"
rich_utils.OPTIONS_PANEL_TITLE = "Options"
rich_utils.COMMANDS_PANEL_TITLE = "Commandes"
rich_utils.REQUIRED_LONG_STRING = "[obligatoire]"
rich_utils.DEFAULT_STRING = "[par défaut : {}]"
rich_utils.ENVVAR_STRING = "[variable : {}]"


class FrenchGroup(TyperGroup):
    """A group of commands whose usage errors are ours; exit status 2, as everywhere."""

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
    return f"l'argument {str(param.name).upper()}"


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
