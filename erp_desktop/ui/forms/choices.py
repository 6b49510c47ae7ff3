"""From the services' choices to what pickers show."""

from __future__ import annotations

from collections.abc import Iterable

from erp_desktop.services.choix import Choix
from erp_desktop.ui.forms.spec import Choices


def choices(found: Iterable[Choix]) -> Choices:
    return [(one.id, one.libelle, one.detail or "") for one in found]
