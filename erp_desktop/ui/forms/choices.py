"""From the services' choices to what pickers show."""

from __future__ import annotations

from collections.abc import Iterable

from erp_desktop.domain.enums import Disponibilite
from erp_desktop.services.shared.choices import Choix
from erp_desktop.ui.forms.spec import Choices
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import value_labels


def choices(found: Iterable[Choix]) -> Choices:
    return [(one.id, one.libelle, _detail(one)) for one in found]


def _detail(one: Choix) -> str:
    if not one.disponibilite:
        return one.detail
    free = value_labels.label(Disponibilite, one.disponibilite)
    if one.en_cours:
        free = tr("{etat} : {n} en cours", etat=free, n=one.en_cours)
    planned = tr("déjà prévu à cette heure") if one.prevues else ""
    return " · ".join(filter(None, [free, planned, one.detail]))
