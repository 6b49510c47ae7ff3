"""What every erp-admin command shares: which database, how to answer, how to refuse."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher
import typer
from rich.console import Console
from rich.progress import Progress
from typer._click.exceptions import ClickException

from erp_desktop import clock, log, paths, settings
from erp_desktop.cli import terminal
from erp_desktop.db import engine as engines
from erp_desktop.db import secrets
from erp_desktop.db.pg_line import LineRefusedError
from erp_desktop.db.session import TOO_LARGE
from erp_desktop.domain.dates import DERNIERE_ANNEE, HORS_CALENDRIER, PREMIERE_ANNEE
from erp_desktop.domain.saisie import mots
from erp_desktop.domain.writing import typography
from erp_desktop.errors import ErpError, NotADatabaseError, UserError, ValidationError, raison
from erp_desktop.sync.watch.health import OK, Constat, pire
from erp_desktop.upgrade.start.startup import read_revision

P = ParamSpec("P")
_LONGEST_LOG = 2_000_000
"""Bytes after which the log of the commands begins anew."""

_JOUR = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
"""Python reads as well the week 2026-W01-1 as its Monday, of the year before."""
_LONGEST_WORD = 300
"""Letters of what is told again of what was typed; a path may have as many."""

Url = Annotated[str | None, typer.Option("--url", help="Base centrale : postgresql://utilisateur@hôte:port/base.")]
CentreUrl = Annotated[str, typer.Option("--url", help="postgresql://utilisateur@hôte:port/base")]
Cache = Annotated[Path | None, typer.Option("--cache", help="Fichier de la base locale.")]
Secrets = Annotated[
    Path | None, typer.Option("--secrets", envvar="ERP_SECRETS_FILE", help="Fichier 0600 des secrets du poste.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Répondre en JSON.")]


@dataclass(frozen=True)
class Target:
    """The database that a command works on: exactly one of ``url`` and ``cache``."""

    url: str | None
    cache: Path | None
    secrets: Path | None = None

    def __post_init__(self) -> None:
        if (self.url is None) == (self.cache is None):
            raise typer.BadParameter("donner soit --url, soit --cache")
        if self.cache is not None and self.cache.is_dir():
            raise UserError(f"{self.cache} est un dossier : donnez le fichier de la base locale.")

    @property
    def key(self) -> str | None:
        """The cache's encryption key, None when it is a plain file."""
        return secrets.cache_key(self.cache, self.secrets) if self.cache else None

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        """An engine on an existing database, disposed of at the end."""
        if self.cache is None:
            engine = engines.create_pg_engine(with_password(self.url or ""))
        else:
            if not self.cache.is_file():
                raise UserError(f"Le fichier {self.cache} n'existe pas.")
            # Before anything is opened for writing: a foreign file keeps every byte.
            read_revision(self.cache, self.key)
            engine = engines.create_sqlite_engine(self.cache, self.key)
        try:
            yield engine
        finally:
            engine.dispose()


def with_password(url: str) -> str:
    """Complete a URL with ``ERP_PASSWORD`` when it carries no password (libpq then tries .pgpass by itself)."""
    parsed = engines.normalise_url(url)
    password = settings.load().password
    if parsed.password is None and password is not None:
        parsed = parsed.set(password=password.get_secret_value())
    return parsed.render_as_string(hide_password=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, (date, Path, Decimal)):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(type(value).__name__)


def emit(as_json: bool, answer: Any, text: terminal.Text | Callable[[], terminal.Text] = "") -> None:
    """Print the answer: JSON on one line, or the French text, a line or several."""
    if as_json:
        terminal.show_json(answer, _plain)
    else:
        terminal.show(text() if callable(text) else text)


def emit_health(as_json: bool, found: list[Constat]) -> None:
    """Print findings; exit status 1 unless all are well, so that a monitor needs nothing else."""
    worst = pire(found)
    emit(as_json, {"niveau": worst, "constats": found},
         lambda: [f"{c.niveau:<7} {c.sujet} : {c.message}" for c in found])  # fmt: skip
    if worst != OK:
        raise typer.Exit(1)


def refuse(message: str, code: str = "refuse", *, as_json: bool = False) -> NoReturn:
    """One line on stderr (and a JSON error on stdout with --json), exit status 1."""
    line = typography.abreger(" ".join(map(_abrege, message.split())))
    if as_json:
        terminal.show_json({"error": {"code": code, "message": line}})
    terminal.show(f"erp-admin : {line}", err=True)
    raise typer.Exit(1)


def _abrege(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else f"{word[:40]}…{word[-12:]}"


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn errors of a command into :func:`refuse`; a bug keeps its traceback in the log only."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            _exiger_lisible(kwargs)
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort, ClickException):
            raise
        except NotADatabaseError as error:
            refuse(_without_secrets(error, kwargs), error.code, as_json=as_json)
        except ErpError as error:
            refuse(str(error), error.code, as_json=as_json)
        except sa.exc.OperationalError as error:
            refuse(_database_trouble(error), "indisponible", as_json=as_json)
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                refuse(CUT, "indisponible", as_json=as_json)
            refuse(f"La base a refusé : {str(error.orig).splitlines()[0]}", "base", as_json=as_json)
        except sqlcipher.Error as error:
            refuse(f"La base locale a refusé : {error}", "base", as_json=as_json)
        except OSError as error:
            refuse(f"Fichier inaccessible : {raison(error)} {error.filename or ''}", "fichier",
                   as_json=as_json)  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a bug: told in one line, kept in the log
            refuse(f"Erreur imprévue ({type(error).__name__}) ; le détail est dans {_noter()}", "imprevu",
                   as_json=as_json)  # fmt: skip

    return run


def _exiger_lisible(given: dict[str, Any]) -> None:
    """Refuse words that no database keeps (bytes that are no letters in the terminal's encoding, a NUL), days of no
    calendar, and the local database in the place of another file: what is written there would be written over it.

    Raises:
        UserError
    """
    base = given.get("cache")
    for name, value in given.items():
        if isinstance(value, Path) and isinstance(base, Path) and name != "cache" and _same(value, base):
            raise UserError(f"« {value} » est la base locale elle-même : donnez un autre fichier.")
        if isinstance(value, date):
            _du_calendrier(value)
        if isinstance(value, int) and abs(value) >= 1 << 63:
            raise UserError(TOO_LARGE)
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and mots.INTERDITS.search(word):
                raise UserError(f"« {word} » : {mots.INTERDIT[0].lower()}{mots.INTERDIT[1:]}")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def _noter() -> Path:
    """Keep the error under way for whoever is asked about it; returns where."""
    folder = paths.log_dir()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "erp-admin.log"
    kept = "a" if file.is_file() and file.stat().st_size < _LONGEST_LOG else "w"
    with file.open(kept, encoding="utf-8", errors="backslashreplace") as out:
        out.write(f"{clock.to_text(clock.now())} {log.redact(traceback.format_exc())}\n")
    return file


def _without_secrets(error: NotADatabaseError, given: dict[str, Any]) -> str:
    """Without its key an encrypted cache looks like no database at all: the secrets that are missing are named."""
    cache, file = given.get("cache"), given.get("secrets")
    if not isinstance(cache, Path) or secrets.cache_key(cache, file):
        return str(error)
    where = f"le fichier {file}" if file else "le trousseau de ce compte"
    return (
        f"Le fichier {cache.name} n'est pas une base ERP MIF, ou il est chiffré et ses secrets ne sont pas dans "
        f"{where} : indiquez --secrets FICHIER (ou ERP_SECRETS_FILE), celui de son inscription."
    )


def jour_de(champ: str, texte: str | None) -> date | None:
    """The day that an option or an argument gives.

    Raises:
        ValidationError: none, or one of no calendar.
    """
    if texte is None:
        return None
    try:
        if not _JOUR.fullmatch(texte):
            raise ValueError(texte)
        lu = date.fromisoformat(texte)
    except ValueError:
        raise ValidationError({champ: f"« {texte} » n'est pas une date de la forme AAAA-MM-JJ."}) from None
    return _du_calendrier(lu, champ)


def _du_calendrier(jour: date, champ: str = "jour") -> date:
    if not PREMIERE_ANNEE <= jour.year <= DERNIERE_ANNEE:
        raise ValidationError({champ: HORS_CALENDRIER})
    return jour


def consent(question: str) -> bool:
    """A question answered by oui or non on the terminal; no answer is no."""
    answer = terminal.prompt(f"{question} [oui/non]", default="non")
    return answer.strip().lower() in {"o", "oui", "y", "yes"}


def ask(question: str, *, hidden: bool = False) -> str:
    """A text typed on the terminal.

    Raises:
        UserError: nobody is there to answer.
    """
    try:
        return terminal.prompt(question, default="" if hidden else None, hide_input=hidden)
    except typer.Abort as error:
        raise UserError(
            f"{question} : sans réponse. Indiquez-le en option, ou lancez la commande d'un terminal."
        ) from error


CUT = "La ligne vers le centre a été coupée : rien n'est fait à moitié. Regardez où il en est avant de recommencer."


def _database_trouble(error: sa.exc.OperationalError) -> str:
    if isinstance(error.orig, LineRefusedError):
        return str(error.orig.told())
    if error.connection_invalidated:
        return CUT
    text = str(error.orig).strip()
    return f"Base indisponible : {text.splitlines()[0]}"


@contextmanager
def bar(wanted: bool, title: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """A progress bar on stderr, told (done, total or None); None when nobody asked for it."""
    if not wanted:
        yield None
        return
    with Progress(console=Console(stderr=True)) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def progress_wanted() -> bool:
    return sys.stderr.isatty()
