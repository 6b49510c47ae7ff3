"""The rows behind a number: the list that shows them, and the words of its filter box that find just these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from erp_desktop import clock
from erp_desktop.domain.enums import StatutContrat
from erp_desktop.domain.factures.delais import NOMS_DES_TRANCHES
from erp_desktop.domain.rapports.figures import AGES
from erp_desktop.reports.catalogue.ask import Key, Scope
from erp_desktop.reports.modele import mois_touches
from erp_desktop.services.search import exact

ALIVE = "statut:ouverte,affectee,en_cours,en_attente,cloturee,archivee"
CLOSED = "statut:cloturee,archivee"
_RUNNING = f"statut:{','.join(s for s in StatutContrat if s is not StatutContrat.BROUILLON)}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number's rows are: a section and its filter."""

    section: str
    words: str = ""


_WORDS = {
    "interventions": {
        "agence": "agence", "client": "client", "contrat": "contrat", "equipement": "equipement",
        "type_equipement": "famille", "technicien": "technicien", "probleme": "probleme", "cause": "cause",
        "piece": "piece",
    },
    "equipements": {
        "agence": "agence", "client": "client", "contrat": "contrat", "equipement": "equipement",
        "type_equipement": "type",
    },
    "techniciens": {"agence": "agence", "technicien": "technicien"},
    "contrats": {"agence": "agence", "client": "client", "contrat": "contrat"},
    "stock": {"agence": "chez", "piece": "piece"},
    "factures": {"agence": "agence", "client": "client", "contrat": "contrat"},
}  # fmt: skip
"""Section → filter or group → the typed word that means it."""


def narrowed(section: str, scope: Scope, named: Mapping[str, str]) -> str | None:
    """The words for what a scope is narrowed to; None when the list knows no word for it.

    Args:
        named: what the rows are called that it is narrowed to, by filter.
    """
    found = []
    for name, value in scope.filters.items():
        word = _WORDS[section].get(name)
        if word is None:
            return None
        found.append(_word("arbre" if name == "equipement" else word, value, named.get(name, "")))
    return " ".join(found)


def _word(word: str, value: object, name: str) -> str:
    """A number means the row of that identifier, a text itself."""
    said = exact.row(name, value) if isinstance(value, int) else exact.whole(str(value))
    return f'{word}:"{said}"'


def day(jour: date) -> str:
    return f"{jour:%d/%m/%Y}"


def _between(word: str, scope: Scope) -> str:
    return f"{word}_depuis:{day(scope.debut)} {word}_avant:{day(scope.fin)}"


def rows_of(
    figure: str, scope: Scope, named: Mapping[str, str], now: datetime, *,
    group: str | None = None, key: Key = 0, name: str = "",
) -> Place:  # fmt: skip
    """The rows that a figure counts or leaves out.

    Args:
        named: what the rows are called that the scope is narrowed to, by filter.
        group, key, name: of a part of it, what it is told apart by, its key, and what that is called.
    """
    more = ""
    if group == "mois":
        scope = _month(scope, key)
    elif group == "age":
        more = _aged(scope, now, key)
    section, words = _whole(figure, scope)
    if group == "retard":
        words = f"age:{NOMS_DES_TRANCHES[key]}"
    elif group not in (None, "mois", "age"):
        more = told(section, str(group), key, name)
    return Place(section, " ".join(filter(None, [words, more, narrowed(section, scope, named)])))


def told(section: str, group: str, key: Key, name: str) -> str:
    """The word that narrows a list to one part; ``key`` may be several identifiers."""
    word = _WORDS.get(section, {}).get(group, group)
    if key is None:
        return f"sans:{word}"
    if isinstance(key, tuple):
        return f"{word}:{','.join(f'#{one}' for one in key)}"
    return f"{word}:{key}" if group in ("type", "priorite") else _word(word, key, name)


def _whole(figure: str, scope: Scope) -> tuple[str, str]:
    """Section and words of a whole figure, without what its scope is narrowed to."""
    closed = f"{CLOSED} {_between('cloture', scope)}"
    repaired = f"type:corrective {closed}"
    due = f"sla:echu {_between('echeance', scope)}"
    parc = ("equipements", "parc:en_service")
    elsewhere = {
        "mtbf": parc, "disponibilite": parc, "arrets": parc, "occupation": ("techniciens", ""),
        "charge": ("techniciens", ""), "marge": ("contrats", f"{_RUNNING} debut_avant:{day(scope.fin)}"),
        "stock_valeur": ("stock", ""), "stock_dormant": ("stock", "etat:dormant"),
        "creances": ("factures", f"age:{','.join(NOMS_DES_TRANCHES)}"),
    }  # fmt: skip
    open_ = f"ouverte_le:{day(scope.fin)}"
    jobs = {
        "encours": open_, "encours_heures": open_, "encours_age": open_, "creees": _between("cree", scope),
        "pannes": f"type:corrective {ALIVE} {_between('cree', scope)}",
        "recidives": f"type:corrective {_between('cree', scope)}", "sla_prise": due, "sla_tenus": due,
        "prise_en_charge": repaired, "mttr": repaired, "remise_en_service": repaired, "premier_passage": repaired,
        "respect_planning": f"planifiee:passee {_between('planifiee', scope)}",
        "respect_preventif": _between("visite", scope), "pieces": f"avec:pieces {closed}",
    }  # fmt: skip
    return elsewhere.get(figure) or ("interventions", jobs.get(figure, closed))


def _month(scope: Scope, rank: int) -> Scope:
    months = mois_touches(scope.debut, scope.fin)
    last = months[rank + 1] - timedelta(days=1) if rank + 1 < len(months) else scope.fin
    return replace(scope, debut=max(scope.debut, months[rank]), fin=last)


def _aged(scope: Scope, now: datetime, rank: int) -> str:
    """The words of an age; ``rank`` 0 is the oldest."""
    last = min(scope.fin, clock.local(now).date())
    least, most = AGES[len(AGES) - 1 - rank]
    words = f"cree_avant:{day(last - timedelta(days=least))}"
    return words if most is None else f"{words} cree_depuis:{day(last - timedelta(days=most))}"
