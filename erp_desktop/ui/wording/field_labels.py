"""Labels of tables and fields as the models declare them, and how a field's stored value is read by a clerk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from erp_desktop import clock
from erp_desktop.domain import telephone
from erp_desktop.ui.kit.i18n import colon, decimal, isolate, tr
from erp_desktop.ui.wording import value_labels

if TYPE_CHECKING:
    from erp_desktop.services.shared.wording import Wording

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)$")


def _declared(nom_table: str, nom: str) -> Wording | None:
    # Not before the first label is shown: the window's frame comes before the database libraries.
    from erp_desktop.services.shared import wording

    return wording.field(nom_table, nom)


def champ(nom_table: str, nom: str | None) -> str:
    """The label of a field or of a group of fields; one from a newer version is shown as it is."""
    from erp_desktop.services.shared import wording

    if nom is None:
        return tr("Fiche entière")
    declared = _declared(nom_table, nom)
    label = wording.group(nom_table, nom) or (declared.label if declared is not None else "")
    return tr(label) if label else nom.replace("_", " ")


def table(nom: str) -> str:
    """What one row of a table is called."""
    from erp_desktop.services.shared import wording

    return tr(words) if (words := wording.row(nom)[0]) else nom.replace("_", " ")


def icone(nom: str) -> str:
    from erp_desktop.services.shared import wording

    return wording.row(nom)[1]


def liste(nom_table: str, nom: str) -> type[StrEnum] | None:
    """The closed list that a field takes its values from."""
    declared = _declared(nom_table, nom)
    return declared.values if declared is not None else None


def rewritable(nom_table: str, nom: str) -> bool:
    """Whether the inbox may settle a conflict of this field by other words."""
    declared = _declared(nom_table, nom)
    return declared is not None and declared.rewritable


def valeur(nom_table: str, nom: str | None, value: Any, noms: Mapping[tuple[str, int], str] | None = None) -> str:
    """A stored or wire value as a clerk reads it; of a group, each field with its value.

    Args:
        noms: (field, identifier) → name of the row that a reference points at.
    """
    if value is None or value == "":
        return value_labels.NONE
    if nom is None:
        return {"supprime": tr("Fiche supprimée"), "modifie": tr("Fiche modifiée")}.get(str(value), str(value))
    if isinstance(value, dict):
        return " · ".join(f"{champ(nom_table, c)}{colon()}{valeur(nom_table, c, v, noms)}" for c, v in value.items())
    declared = _declared(nom_table, nom)
    if declared is not None and declared.values is not None:
        return value_labels.label(declared.values, str(value))
    if isinstance(value, bool) or (declared is not None and declared.kind == "flag"):
        return tr("Oui") if value in {1, "1"} else tr("Non")
    if isinstance(value, int) and noms and (nom, value) in noms:
        return noms[nom, value]
    return _typed(nom, declared, value)


def versions(
    nom_table: str, nom: str | None, values: Sequence[Any], noms: Mapping[tuple[str, int], str] | None = None
) -> list[str]:
    """Versions of one thing side by side: of a group, the fields in which they differ."""
    groups = [value for value in values if isinstance(value, dict)]
    told = [c for c in (groups[0] if groups else ()) if len({repr(g.get(c)) for g in groups}) > 1]
    if len(told) == 1:
        nom = told[0]
        values = [v[nom] if isinstance(v, dict) else v for v in values]
    elif told:
        values = [{c: v[c] for c in told} if isinstance(v, dict) else v for v in values]
    return [valeur(nom_table, nom, value, noms) for value in values]


_PHONES = frozenset({"telephone", "phone", "telephone_demandeur"})


def _typed(nom: str, declared: Wording | None, value: Any) -> str:
    if declared is not None and declared.minutes and isinstance(value, int | float):
        return value_labels.remaining(int(value))
    if declared is not None and declared.money:
        return isolate(f"{value} MAD".replace(".", ","))
    if declared is not None and declared.kind == "decimal":
        return isolate(decimal(Decimal(value).normalize()))
    if nom in _PHONES:
        return isolate(telephone.afficher(str(value)))
    if nom == "signature":
        return tr("Signature présente")
    text = str(value)
    if _INSTANT.match(text):
        return isolate(clock.written(clock.local(clock.from_text(text)), tr("%d/%m/%Y à %H:%M")))
    if day := _DAY.match(text):
        return isolate(f"{day[3]}/{day[2]}/{day[1]}")
    return isolate(text) if declared is not None and declared.code else text
