"""What crosses from the planning's services to screens and papers: frozen, without a session behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from erp_desktop.domain import sla
from erp_desktop.domain.enums import ReglePlanning, StatutAbsence, TypeAbsence, VerdictPlanning
from erp_desktop.domain.transitions import TERMINES

LONGEST = timedelta(days=31)
"""No slot lasts longer, so that a week is found by where slots begin."""
SHORTEST = timedelta(minutes=5)
LEAVES = (TypeAbsence.CONGE, TypeAbsence.MALADIE)
"""Absences in which nobody is sent anywhere."""
HOUR = 60
"""Minutes that a visit takes when nobody estimated it."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Skill:
    """``niveau`` as in ``enums.Niveau``; ``valable_au``: of a technicien's, the last day that it holds."""

    competence_id: int
    nom: str
    niveau: str
    valable_au: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A technicien of the board.

    Attributes:
        semaine: their own hours, None: the agency's.
        parti: withdrawn or with a closed account; nothing more is planned for them.
    """

    id: int
    nom: str
    equipe: str | None
    niveau: str
    zone: str | None
    agence_id: int | None
    competences: tuple[Skill, ...] = ()
    semaine: sla.Semaine | None = None
    parti: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """An intervention as the planning sees it.

    Attributes:
        duree: minutes that it takes, an hour when nobody estimated it.
        deplacement: minutes on the road, None when nobody said.
        sla_part: share of the delay that is left, 0 to 1.
        sla_debut: the delay is the one by which its work is to begin, not the one by which it is to be over.
        requises: skills that its machine's type needs.
        retire: its machine is out of service for good.
    """

    intervention_id: int
    numero: str
    titre: str
    client_id: int
    client: str
    ville: str | None
    equipement_id: int
    equipement: str
    agence_id: int | None
    technicien_id: int | None
    statut: str
    priorite: str
    duree: int
    deplacement: int | None
    date_limite: datetime | None
    sla_etat: str
    sla_reste_min: int | None
    sla_part: float
    requises: tuple[Skill, ...] = ()
    retire: bool = False
    sla_debut: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be planned.

    Attributes:
        visits: the first of them.
        total: how many there are, as far as they are counted; there are more where it is ``over``.
        texte: the words of the list's filter that they answer.
    """

    visits: tuple[Visit, ...] = ()
    total: int = 0
    over: bool = False
    texte: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A visit at its place. ``slot_id`` is None for a plan that has no slot: an earlier program's, an import's."""

    visit: Visit
    slot_id: int | None
    technicien_id: int
    debut: datetime
    fin: datetime
    zone: str
    trajet: int | None = None
    role: str = "principal"
    etat: str = "confirme"
    verrouille: bool = False
    ordre: int = 1

    @property
    def key(self) -> tuple[int, int]:
        """The same thing before and after a reading."""
        return self.visit.intervention_id, self.slot_id or 0

    @property
    def version(self) -> tuple[Any, ...]:
        """What another person's change changes."""
        return self.slot_id, self.technicien_id, self.debut, self.fin, self.etat, self.verrouille


@dataclass(frozen=True, slots=True)
class Away:
    """One occurrence of an absence."""

    id: int
    technicien_id: int
    debut: datetime
    fin: datetime
    type: str
    statut: str
    remarque: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What a plan breaks; ``regle`` is None for what no setting allows.

    ``modele`` is French with ``{name}`` places, ``valeurs`` fill them.
    """

    regle: ReglePlanning | None
    verdict: VerdictPlanning
    modele: str
    valeurs: tuple[tuple[str, str], ...] = ()

    @property
    def phrase(self) -> str:
        return self.modele.format(**dict(self.valeurs))


@dataclass(frozen=True)
class Facts:
    """What judging a plan needs, of one agency over some days."""

    horaire: sla.Horaire
    feries: Mapping[date, str]
    techniciens: tuple[Person, ...]
    cards: tuple[Card, ...]
    absences: tuple[Away, ...]
    verdicts: Mapping[ReglePlanning, VerdictPlanning]

    @cached_property
    def people(self) -> dict[int, Person]:
        return {p.id: p for p in self.techniciens}

    @cached_property
    def _own(self) -> dict[int, sla.Horaire]:
        weeks = {p.semaine for p in self.techniciens}
        clocks = {w: self.horaire if w is None else self.horaire.dans(w) for w in weeks}
        return {p.id: clocks[p.semaine] for p in self.techniciens}

    def horaire_de(self, technicien_id: int) -> sla.Horaire:
        """When somebody works: the agency's hours, within their own."""
        return self._own.get(technicien_id, self.horaire)

    @cached_property
    def cards_of(self) -> dict[int, list[Card]]:
        """By technicien, in the order of their beginning."""
        found: dict[int, list[Card]] = {}
        for card in sorted(self.cards, key=lambda c: (c.debut, c.key)):
            found.setdefault(card.technicien_id, []).append(card)
        return found

    @cached_property
    def away_of(self) -> dict[int, list[Away]]:
        found: dict[int, list[Away]] = {}
        for away in self.absences:
            found.setdefault(away.technicien_id, []).append(away)
        return found


@dataclass(frozen=True)
class Board(Facts):
    """Some days of one agency.

    Attributes:
        premier: the first day; ``jours`` follow from it.
        waiting: what waits for a slot, what is due first first.
        lu_a: when it was read.
    """

    agence_id: int | None = None
    agence: str = ""
    premier: date = date.min
    jours: int = 7
    waiting: Waiting = field(default_factory=Waiting)
    lu_a: datetime = NEVER
    agences: tuple[tuple[int, str], ...] = field(default=())

    @cached_property
    def days(self) -> tuple[date, ...]:
        return tuple(self.premier + timedelta(days=n) for n in range(self.jours))

    @cached_property
    def crossing(self) -> frozenset[tuple[int, int]]:
        """Keys of cards that cannot all be: of one technicien at once, or in a leave; what is over is no matter."""
        found = set(self.absent)
        for cards in self.cards_of.values():
            open_cards: list[Card] = []
            for card in cards:
                if card.visit.statut in TERMINES:
                    continue
                open_cards = [c for c in open_cards if c.fin > card.debut]
                for other in open_cards:
                    found |= {card.key, other.key}
                open_cards.append(card)
        return frozenset(found)

    @cached_property
    def absent(self) -> frozenset[tuple[int, int]]:
        """Keys of cards of a technicien who is on leave or ill then."""
        return frozenset(
            card.key
            for who, aways in self.away_of.items()
            for away in aways if away.statut == StatutAbsence.ACCEPTEE and away.type in LEAVES
            for card in self.cards_of.get(who, ())
            if card.debut < away.fin and card.fin > away.debut and card.visit.statut not in TERMINES
        )  # fmt: skip
