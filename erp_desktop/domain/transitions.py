"""The state machine of an intervention."""

from __future__ import annotations

from functools import cache

from erp_desktop.domain.enums import Statut

SUIVANTS: dict[Statut, tuple[Statut, ...]] = {
    Statut.OUVERTE: (Statut.AFFECTEE, Statut.ANNULEE),
    Statut.AFFECTEE: (Statut.EN_COURS, Statut.OUVERTE, Statut.ANNULEE),
    Statut.EN_COURS: (Statut.EN_ATTENTE, Statut.CLOTUREE, Statut.ANNULEE),
    Statut.EN_ATTENTE: (Statut.EN_COURS, Statut.ANNULEE),
    Statut.CLOTUREE: (Statut.ARCHIVEE,),
    Statut.ANNULEE: (Statut.ARCHIVEE,),
    Statut.ARCHIVEE: (),
}
"""Direct transitions."""


@cache
def reachable(de: Statut) -> frozenset[Statut]:
    """States that some chain of transitions leads to from ``de``; itself only when a chain comes back."""
    found: set[Statut] = set()
    frontier = list(SUIVANTS[de])
    while frontier:
        state = frontier.pop()
        if state not in found:
            found.add(state)
            frontier += SUIVANTS[state]
    return frozenset(found)


def reachable_pairs() -> frozenset[tuple[str, str]]:
    """Every (from, to) with a chain from one to the other."""
    return frozenset((a.value, b.value) for a in Statut for b in reachable(a))
