"""What an import did, or why it did nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from erp_desktop.errors import UserError
from erp_desktop.services.importation.values import plier
from erp_desktop.services.sheets.reading import Known

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LigneRefusee:
    """``ligne`` is that of the file, counted from 1."""

    ligne: int
    raison: str


@dataclass(slots=True)
class Bilan:
    """What an import did, or would do.

    Attributes:
        existantes: rows that the file names and that were there already, left as they are.
        remarques: what was understood rather than read, with how many times.
    """

    lignes: int = 0
    importees: int = 0
    mises_a_jour: int = 0
    existantes: int = 0
    equipements_crees: int = 0
    refusees: list[LigneRefusee] = field(default_factory=list)
    remarques: dict[str, int] = field(default_factory=dict)
    essai: bool = False


class ImportRefuse(UserError):  # noqa: N818 - an outcome that carries its report
    """Bad lines: nothing was imported."""

    code = "import_refuse"

    def __init__(self, bilan: Bilan) -> None:
        self.bilan = bilan
        first, many = bilan.refusees[0], len(bilan.refusees)
        refused = f"{many} lignes refusées" if many > 1 else "1 ligne refusée"
        super().__init__(f"{refused}, rien n'a été importé ; ligne {first.ligne} : {first.raison}")


def connaitre(noms: Iterable[str]) -> Known:
    """Tells a header by the columns that an import knows, folded."""
    connus = {plier(nom) for nom in noms}
    return lambda mots: sum(plier(mot) in connus for mot in mots)
