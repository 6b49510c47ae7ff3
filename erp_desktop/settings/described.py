"""What each option may be, in words, from its declaration: for refusals, ``config show`` and ``docs/reglages.md``."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from erp_desktop.settings.options import Settings

_CHOICES: Final = re.compile(r"\^\((.+)\)\$")
_SPECIAL: Final = {
    "central_url": "postgresql://identifiant@serveur:5432/base, sans mot de passe",
    "central_read_url": "postgresql://identifiant@serveur:5432/base, sans mot de passe",
    "cache_name": "un nom de fichier, sans dossier",
}
_INTRODUCTION: Final = """\
# Réglages

Écrit par `erp-admin config document`, d'après la déclaration des options : ne pas modifier à la main.

Le plus fort d'abord :

1. **stratégie de la machine** : sous Windows, le registre `HKLM\\Software\\Policies\\ERP MIF` (une valeur par
   réglage), puis `%ProgramData%\\ERP MIF\\reglages.json` ; ailleurs `/etc/erp-mif/reglages.json` ;
2. **environnement** : `ERP_` et le nom en majuscules, par exemple `ERP_LANGUAGE` ;
3. **fichier** `reglages.json` du dossier des données, que le programme écrit lui-même ;
4. **défaut**.

`erp-admin config show` dit la valeur de chaque réglage et d'où elle vient. Un réglage faux, ou un nom mal écrit, est
dit au démarrage dans une fenêtre et dans le journal, avec le fichier, le nom et ce qui est admis ; rien n'est ouvert
avant.

| réglage | admis | défaut | ce qu'il fait |
| --- | --- | --- | --- |
"""


def _inner(field: FieldInfo) -> Any:
    """The type of a value that is given."""
    kind: Any = field.annotation
    parts = [part for part in get_args(kind) if part is not type(None)]
    return parts[0] if parts else kind


def _bounds(field: FieldInfo) -> tuple[str, str]:
    low = high = ""
    for rule in field.metadata:
        low = f"au moins {rule.ge}" if hasattr(rule, "ge") else low
        low = f"plus de {rule.gt:g}" if hasattr(rule, "gt") else low
        high = f"au plus {rule.le}" if hasattr(rule, "le") else high
    return low, high


def allowed(name: str) -> str:
    """What an option may be: ``fr, ar ou en``, ``un nombre entier, au moins 1, au plus 50000``."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    field = Settings.model_fields[name]
    kind = _inner(field)
    pattern = next((rule.pattern for rule in field.metadata if getattr(rule, "pattern", None)), "")
    choices: list[str] = [one.value for one in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []
    if found := _CHOICES.fullmatch(pattern):
        choices = found[1].split("|")
    if choices:
        return f"{', '.join(choices[:-1])} ou {choices[-1]}"
    if kind is bool:
        return "true ou false"
    if kind in (int, float):
        words = ["un nombre entier" if kind is int else "un nombre", *filter(None, _bounds(field))]
        return ", ".join(words)
    return {Path: "un chemin", SecretStr: "un texte"}.get(kind, "un texte")


def default(name: str) -> str:
    """The default as it would be written; of a folder of the system, that it is."""
    field = Settings.model_fields[name]
    if field.default_factory is not None:
        return "dossier de la personne"
    value = field.default
    return "" if value is None else str(value.value if isinstance(value, StrEnum) else value)


def document() -> str:
    """``docs/reglages.md``."""
    lines = [
        f"| `{name}` | {allowed(name)} | {default(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _INTRODUCTION + "\n".join(lines) + "\n"
