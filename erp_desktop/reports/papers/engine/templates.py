"""Which template a paper is set with: ours, or the company's file of the same name when it works."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from erp_desktop import paths, settings
from erp_desktop.errors import UserError
from erp_desktop.reports import palette
from erp_desktop.reports.papers.engine import compiling
from erp_desktop.reports.papers.engine.source import Source

_log = logging.getLogger(__name__)
_SHARED = ("commun", "maison")
"""Put before every template: functions, the page with its letterhead."""
_HIDDEN = frozenset(_SHARED)
_notices: deque[str] = deque(maxlen=20)
_endless: dict[str, str] = {}
"""Templates that failed within a bound, by their content: none is tried twice."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Template:
    """A paper's template as it would be set.

    Attributes:
        changed: whether one of its files is the company's.
    """

    name: str
    source: Source
    changed: bool


def names() -> list[str]:
    """Every paper that has a template."""
    found = {file.stem for file in folder().glob("*.typ")}
    return sorted(found - _HIDDEN)


def shipped(name: str) -> Template:
    """Raises: UserError: there is no such paper."""
    if name not in names():
        raise UserError(f"Le modèle « {name} » n'existe pas ; choisir parmi : {', '.join(names())}.")
    return Template(name, Source(tuple((f"{n}.typ", _read(n)) for n in (*_SHARED, name))), changed=False)


def changed(name: str) -> Template | None:
    """The template with the company's files in the place of ours, None without any.

    Raises:
        UserError: there is no such paper, or a file cannot be read.
    """
    ours = shipped(name)
    parts = tuple((file, _own(file) or text) for file, text in ours.source.parts)
    return None if parts == ours.source.parts else Template(name, Source(parts), changed=True)


def pdf(name: str, data: dict[str, Any]) -> bytes:
    """The PDF of a paper; a template of the company that is wrong is told (:func:`take_notices`) and ours serves.

    Raises:
        UserError: there is no such paper.
    """
    return _set(name, data, compiling.compile_pdf)


def pages(name: str, data: dict[str, Any], ppi: float) -> list[bytes]:
    """The same as PNG, at ``ppi`` dots per inch."""
    return _set(name, data, lambda source, full: compiling.compile_pages(source, full, ppi))


def words(name: str, language: str) -> dict[str, Any]:
    """The words of a paper in a language: they belong to it, not to the window, whose language may be another.

    A company's file of the same name gives those that it says; the others stay.
    """
    file = f"{name}.json"
    ours: dict[str, Any] = json.loads((folder() / file).read_text(encoding="utf-8"))[language]
    try:
        own = _own(file)
        said = json.loads(own).get(language, {}) if own else {}
    except (json.JSONDecodeError, AttributeError) as error:
        _tell(f"Le fichier {file} des modèles est faux{_line(error)}. Celui du programme a servi.")
        return ours
    except UserError as error:
        _tell(f"{error} Celui du programme a servi.")
        return ours
    return _merged(ours, said)


def take_notices() -> list[str]:
    """What went wrong with the company's templates since the last call, a sentence each."""
    told = list(dict.fromkeys(_notices))
    _notices.clear()
    return told


def complete(data: dict[str, Any]) -> dict[str, Any]:
    """Data with the colours that every template reads."""
    paint = palette.claire()
    colours = {name: v for name, v in asdict(paint).items() if not isinstance(v, dict)} | {"alerte": paint.cible}
    return {"couleurs": colours, **data}


def _set(name: str, data: dict[str, Any], work: Callable[[Source, dict[str, Any]], T]) -> T:
    full = complete(data)
    try:
        own = changed(name)
        if own is not None:
            _bound(own.source, full)
            return work(own.source, full)
    except UserError as error:
        if name not in names():
            raise
        _tell(f"{error} Celui du programme a servi.")
    return work(shipped(name).source, full)


def _bound(source: Source, data: dict[str, Any]) -> None:
    key = hashlib.sha256(source.text.encode()).hexdigest()
    if key in _endless:
        raise UserError(_endless[key])
    try:
        compiling.check(source, data)
    except UserError as error:
        if "ne finit pas" in str(error):
            _endless[key] = str(error)
        raise


def _tell(sentence: str) -> None:
    _log.warning("%s", sentence)
    _notices.append(sentence)


def _line(error: Exception) -> str:
    return f", ligne {error.lineno}, colonne {error.colno}" if isinstance(error, json.JSONDecodeError) else ""


def _merged(ours: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Ours with what is said in its place, as long as it is of the same kind."""
    return {
        key: _merged(value, said[key]) if isinstance(value, dict) and isinstance(said.get(key), dict)
        else said[key] if type(said.get(key)) is type(value) and not isinstance(value, dict) else value
        for key, value in ours.items()
    }  # fmt: skip


def folder() -> Path:
    """Where ours are."""
    return paths.RESOURCES / "templates"


@cache
def _read(name: str) -> str:
    return (folder() / f"{name}.typ").read_text(encoding="utf-8")


def _own(file: str) -> str | None:
    """The company's file of that name, None without one."""
    try:
        own = settings.load().templates_dir
    except settings.SettingsError:
        # Said at the start and by erp-admin config; papers do without.
        return None
    target = own / file if own is not None else None
    if target is None or not target.is_file():
        return None
    try:
        return target.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Le modèle {file} ne peut pas être lu.") from error
