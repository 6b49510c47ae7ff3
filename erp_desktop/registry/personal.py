"""What says something of a person: the columns of each kind of person, and what the law keeps all the same.

Law 09-08 gives a person the right to have such data erased; the tax code (CGI art. 211) keeps accounting documents
ten years. ``services.audit`` erases at the centre, ``sync.exchange.erased`` on each device.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from erp_desktop.domain.people import mentions
from erp_desktop.domain.recherche import plier

DRAFT = "('brouillon', 'a_transmettre')"


class Said(StrEnum):
    """What a column says of a person, hence how it is looked for elsewhere; OTHER is not looked for."""

    NAME = "nom"
    EMAIL = "courriel"
    PHONE = "telephone"
    LOGIN = "identifiant"
    OTHER = "autre"


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that stay as they are.

    Attributes:
        rows: SQL condition of both engines.
        why: one French sentence.
    """

    table: str
    rows: str
    why: str


COLUMNS: dict[str, dict[str, Said]] = {
    "users": {"full_name": Said.NAME, "username": Said.LOGIN, "email": Said.EMAIL, "phone": Said.PHONE},
    "techniciens": {
        "numero_badge": Said.OTHER, "zone_intervention": Said.OTHER, "horaires_travail": Said.OTHER,
        "cout_horaire": Said.OTHER,
    },
    "clients": {"contact": Said.NAME, "email": Said.EMAIL, "telephone": Said.PHONE},
}  # fmt: skip
"""Table → its columns about a person."""
OF_AN_INDIVIDUAL: dict[str, Said] = {
    "nom_entreprise": Said.NAME, "ice": Said.OTHER, "identifiant_fiscal": Said.OTHER, "registre_commerce": Said.OTHER,
    "ville_rc": Said.OTHER, "taxe_professionnelle": Said.OTHER, "cnss": Said.OTHER, "adresse": Said.OTHER,
    "ville": Said.OTHER, "notes": Said.OTHER,
}  # fmt: skip
"""Of a client who is a person, besides."""
INDIVIDUAL = "particulier"
ANONYMOUS: dict[tuple[str, str], str] = {
    ("users", "full_name"): "Personne effacée",
    ("users", "username"): "efface-{id}",
    ("users", "email"): "efface-{id}@efface.invalid",
    ("clients", "nom_entreprise"): "Client effacé {id}",
}
"""What stands in a column that may not be empty; the others become NULL."""

_TEN_YEARS = "pièce comptable, gardée dix ans (CGI art. 211)"
KEPT = (
    Kept("factures", f"statut NOT IN {DRAFT}", f"Factures et avoirs validés : {_TEN_YEARS}."),
    Kept(
        "lignes_facture", f"facture_id IN (SELECT id FROM factures WHERE statut NOT IN {DRAFT})",
        f"Lignes des factures validées : {_TEN_YEARS}.",
    ),
    Kept("paiements", "1 = 1", f"Paiements : {_TEN_YEARS}."),
    Kept("retenues", "1 = 1", f"Retenues et leurs attestations : {_TEN_YEARS}."),
)  # fmt: skip
KEPT_OF = {k.table: k for k in KEPT}
KEPT_DOCUMENTS = "facture"
"""Type of the documents that are accounting ones."""


def columns(table: str, *, individual: bool) -> dict[str, Said]:
    """The columns of a row that are erased, and what each says."""
    found = dict(COLUMNS[table])
    if table == "clients" and individual:
        found |= OF_AN_INDIVIDUAL
    return found


def anonymous(table: str, column: str, pk: int) -> str | None:
    """What a column holds afterwards."""
    told = ANONYMOUS.get((table, column))
    return told.format(id=pk) if told is not None else None


_PATTERNS: dict[Said, Callable[[str | None], list[str]]] = {
    Said.NAME: mentions.name, Said.EMAIL: mentions.code, Said.LOGIN: mentions.code, Said.PHONE: mentions.telephone,
}  # fmt: skip


def patterns(told: Mapping[str, Said], values: Iterable[tuple[str | None, Any]]) -> list[str]:
    """Patterns of (column, value) pairs, present or former, of one row; a group's values come as one mapping."""
    found: list[str] = []
    for column, value in values:
        if isinstance(value, Mapping):
            found += patterns(told, value.items())
        elif isinstance(value, str) and column is not None and column in told:
            means = _PATTERNS.get(told[column])
            found += means(value) if means is not None else []
    return found


def shared_words(one: str | None, two: str | None) -> set[str]:
    """Words that two names have in common, initials left out."""
    found = [{w for w in re.split(r"[^\w]+", plier(text or "")) if len(w) > 2} for text in (one, two)]
    return found[0] & found[1]


def former(
    told: Mapping[str, Said], name: str | None, values: Iterable[tuple[str | None, Any]]
) -> Iterator[tuple[str | None, Any]]:
    """Those of the former values of a client's contact that were the same person's: another one held the place too.

    Args:
        name: the contact that is erased.
    """
    for column, value in values:
        if isinstance(value, Mapping):
            yield from former(told, name, value.items())
        elif column is not None and isinstance(value, str):
            means = told.get(column)
            own = shared_words(name, name) if means is Said.EMAIL else set()
            if (means is Said.NAME and shared_words(name, value)) or any(word in plier(value) for word in own):
                yield column, value


Rows = Mapping[tuple[str, int], Collection[str]]
"""(table, key) → the columns of that row that are erased."""


def told_by(batch: dict[str, Any], table: str, pk: int) -> Iterator[tuple[str, Any]]:
    """(column, value) of all that a batch says of one row, before and after."""
    block = (batch.get("i") or {}).get(table) or {"c": [], "r": []}
    if "id" in block["c"]:
        for row in block["r"]:
            if row[2 + block["c"].index("id")] == pk:
                yield from zip(block["c"], row[2:], strict=False)
    for block in (batch.get("m") or {}).get(table) or ():
        for row in block["r"]:
            if row[2] == pk:
                for place, column in enumerate(block["c"]):
                    yield column, row[4 + 2 * place]
                    yield column, row[5 + 2 * place]


def strip_batch(batch: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """A batch (``centre.functions.merge``) without what it says of erased columns; changed in place."""
    for table, block in (batch.get("i") or {}).items():
        names = block["c"]
        for row in block["r"] if "id" in names else ():
            pk = int(row[2 + names.index("id")])
            for column in rows.get((table, pk), ()):
                if column in names:
                    row[2 + names.index(column)] = anonymous(table, column, pk)
    for table, blocks in (batch.get("m") or {}).items():
        for block in blocks:
            for row in block["r"]:
                for column in rows.get((table, row[2]), ()):
                    if column in block["c"]:
                        place = 4 + 2 * block["c"].index(column)
                        row[place] = row[place + 1] = anonymous(table, column, row[2])
    return batch


def strip_outcome(outcome: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """The centre's answer to a batch likewise: a conflict keeps its place and loses its values."""
    for conflict in outcome.get("conflits") or ():
        if (columns := rows.get((conflict[1], conflict[2]))) and (
            conflict[4] == "groupe" or conflict[3] is None or conflict[3] in columns
        ):
            conflict[5] = conflict[6] = conflict[7] = None
    return outcome
