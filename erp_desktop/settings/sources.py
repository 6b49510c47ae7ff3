"""Where the value of each option comes from, and what is said of one that cannot be.

Strongest first: arguments of the program's own code, the machine's policy, the environment, ``reglages.json`` of the
data folder, defaults. All that is wrong is told at once, by source, name and what is allowed; nothing is guessed.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError as PydanticError

from erp_desktop import paths
from erp_desktop.errors import UserError, raison
from erp_desktop.settings.described import allowed
from erp_desktop.settings.options import Settings

REGISTRY: Final = r"Software\Policies\ERP MIF"
_PREFIX: Final = "ERP_"
_ELSEWHERE: Final = {
    "password": "un mot de passe va dans le trousseau, .pgpass ou ERP_PASSWORD, jamais dans un fichier de réglages",
    "data_dir": "ce dossier est celui du fichier ; il se règle par la stratégie de la machine ou ERP_DATA_DIR",
}
"""What a file of the data folder may not hold, and why."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One setting that is wrong.

    Attributes:
        source: file, registry key or variable, as a person finds it.
        name: the option as it is written there; empty when the whole source cannot be read.
        words: what is wrong and what is allowed, one French sentence.
    """

    source: str
    name: str
    words: str

    def __str__(self) -> str:
        return f"{self.source} : {self.words}"


class SettingsError(UserError):
    """Settings that the program does not start with.

    Attributes:
        troubles: each of them.
    """

    code = "reglages"

    def __init__(self, troubles: list[Trouble]) -> None:
        self.troubles = troubles
        super().__init__(" ".join(map(str, troubles)))


@dataclass(frozen=True, slots=True)
class Layer:
    """The options that one source gives, as written there."""

    source: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """The value in force of one option and the source it comes from; ``défaut`` when nobody gave it."""

    name: str
    value: Any
    source: str


def policy_file() -> Path:
    """Settings of the whole machine, written by its administrator."""
    return paths.machine_dir() / "reglages.json"


def _registry() -> dict[str, Any]:
    """The values under the policy key; empty elsewhere than on Windows."""
    if platform.system() != "Windows":
        return {}
    winreg: Any = import_module("winreg")
    found: dict[str, Any] = {}
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, REGISTRY) as key:
            for place in range(winreg.QueryInfoKey(key)[1]):
                name, value, _kind = winreg.EnumValue(key, place)
                found[name] = value
    except OSError:
        return found
    return found


def _read(file: Path, troubles: list[Trouble]) -> dict[str, Any]:
    """The options of a file; a file that cannot be read is one trouble, told with its place."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):  # the second is said of the folder itself
        return {}
    except json.JSONDecodeError as error:
        troubles.append(
            Trouble(str(file), "", f"ligne {error.lineno}, colonne {error.colno} : ce n'est pas du JSON.")
        )
        return {}
    except UnicodeDecodeError:
        troubles.append(Trouble(str(file), "", "ce n'est pas un texte en UTF-8."))
        return {}
    except RecursionError:
        stored = None
    except OSError as error:
        troubles.append(Trouble(str(file), "", f"illisible ({raison(error)})."))
        return {}
    if not isinstance(stored, dict):
        troubles.append(Trouble(str(file), "", 'un objet est attendu : { "language": "fr" }.'))
        return {}
    return stored


def _environment() -> dict[str, Any]:
    """Variables of our prefix that name an option, or nearly."""
    found = {}
    for variable, value in os.environ.items():
        name = variable.upper().removeprefix(_PREFIX).lower()
        if variable.upper().startswith(_PREFIX) and (name in Settings.model_fields or _near(name)):
            found[name] = value
    return found


def _near(name: str) -> str:
    return next(iter(get_close_matches(name, Settings.model_fields, 1, 0.8)), "")


def layers(overrides: dict[str, Any], troubles: list[Trouble]) -> list[Layer]:
    """Every source, strongest first; the data folder is found before its file is read."""
    found = [
        Layer("programme", overrides), Layer(rf"registre HKLM\{REGISTRY}", _registry()),
        Layer(str(policy_file()), _read(policy_file(), troubles)), Layer("environnement", _environment()),
    ]  # fmt: skip
    folder = next((layer.values["data_dir"] for layer in found if layer.values.get("data_dir")), paths.data_dir())
    file = Path(folder) / "reglages.json"
    own = _read(file, troubles)
    for name, why in _ELSEWHERE.items():
        if name in own:
            troubles.append(Trouble(str(file), name, f"« {name} » : {why}."))
    found.append(Layer(str(file), {name: value for name, value in own.items() if name not in _ELSEWHERE}))
    return found


def _where(layer: Layer, name: str) -> str:
    return f"{_PREFIX}{name.upper()}" if layer.source == "environnement" else layer.source


def _known(found: list[Layer], troubles: list[Trouble]) -> dict[str, tuple[Any, str]]:
    """Option → value and source of the strongest; what is nearly a name is a trouble, the rest is newer."""
    chosen: dict[str, tuple[Any, str]] = {}
    for layer in found:
        for name, value in layer.values.items():
            if name in Settings.model_fields:
                chosen.setdefault(name, (value, _where(layer, name)))
            elif near := _near(name):
                words = f"« {name} » n'est pas un réglage ; vouliez-vous dire « {near} » ?"
                troubles.append(Trouble(_where(layer, name), name, words))
    return chosen


def unknown(found: list[Layer]) -> list[tuple[str, str]]:
    """(source, name) of what this version does not know and that is no slip either: kept, without effect."""
    return [(layer.source, name) for layer in found for name in layer.values
            if name not in Settings.model_fields and not _near(name)]  # fmt: skip


def explain(**overrides: Any) -> tuple[list[Origin], list[Trouble], list[tuple[str, str]]]:
    """Every option with its origin, what is wrong, and what is unknown; never raises."""
    troubles: list[Trouble] = []
    found = layers(overrides, troubles)
    chosen = _known(found, troubles)
    settings = _valid(chosen, troubles)
    refused = {trouble.name for trouble in troubles}
    origins = []
    for name in Settings.model_fields:
        value, source = getattr(settings, name), "défaut"
        if name in chosen and name not in refused:
            source = chosen[name][1]
        origins.append(Origin(name, value, source))
    return origins, troubles, unknown(found)


def _valid(chosen: dict[str, tuple[Any, str]], troubles: list[Trouble]) -> Settings:
    """Settings of what is right; each wrong value is a trouble and left at its default."""
    values = {name: value for name, (value, _source) in chosen.items()}
    # Every name is given, so that the model does not read the environment a second time.
    while True:
        try:
            return Settings(**values, _env_prefix="\0")
        except PydanticError as error:
            for name in {str(one["loc"][0]) for one in error.errors()}:
                value, source = values.pop(name), chosen[name][1]
                shown = "***" if name == "password" else f"« {value} »"
                words = f"« {name} » ne peut pas être {shown} ; admis : {allowed(name)}."
                troubles.append(Trouble(source, name, words))


def load(**overrides: Any) -> Settings:
    """The settings in force.

    Raises:
        SettingsError: some are wrong; each is named with its source and what is allowed.
    """
    troubles: list[Trouble] = []
    settings = _valid(_known(layers(overrides, troubles), troubles), troubles)
    if troubles:
        raise SettingsError(troubles)
    return settings


def folders(settings: Settings) -> None:
    """Make the folders of data and logs.

    Raises:
        SettingsError: one of them cannot be written in.
    """
    troubles = []
    for name, folder in (("data_dir", settings.data_dir), ("log_dir", settings.log_dir)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            source = next(one.source for one in explain()[0] if one.name == name)
            words = f"« {name} » : on ne peut pas écrire dans {folder} ({raison(error)})."
            troubles.append(Trouble(source, name, words))
    if troubles:
        raise SettingsError(troubles)


def save(settings: Settings, **changes: Any) -> Settings:
    """Store changed options for the next start; written whole beside and swapped, so a crash keeps the old file."""
    updated = settings.model_copy(update=changes)
    stored = json.loads(settings.file.read_text(encoding="utf-8-sig")) if settings.file.exists() else {}
    stored.update({k: v.value if isinstance(v, StrEnum) else str(v) if isinstance(v, Path) else v
                   for k, v in changes.items()})  # fmt: skip
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=".", dir=settings.file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(stored, out, indent=1, ensure_ascii=False)
        paths.put_in_place(Path(beside), settings.file)
    finally:
        Path(beside).unlink(missing_ok=True)
    return updated
