"""Several records changed alike: tried first, then written whole, by the service that saves one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import UserError
from erp_desktop.models import Base
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.shared.lists import paquets

MOST = 2_000
"""Records of one bulk edit."""
NO_DATE = "Il n'y a pas de date à décaler : donnez-en une."

Load = Callable[[Session, Acteur, int], Any]
Update = Callable[[Session, Acteur, int, dict[str, Any]], None]
Warn = Callable[[Session, Acteur, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Addition:
    """Words added below those that a text already says."""

    words: str


@dataclass(frozen=True, slots=True)
class Shift:
    """A date moved by open days of the record's agency; negative goes back. The hour stays."""

    days: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What a change makes of one record.

    Attributes:
        before: the record as it is; None when it cannot even be read.
        after: the record as it would be; None when it is refused.
        refused: the domain's sentence.
        warnings: what the change newly breaks without being refused.
        seen: the values of what changes, as the record has them; what :meth:`Editing.write` holds them against.
    """

    id: int
    before: Any
    after: Any = None
    refused: str = ""
    warnings: Sequence[str] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Progress:
    """Of work on another thread: counted there, read and stopped here."""

    done: int = 0
    stop: Event = field(default_factory=Event)


class StoppedError(UserError):
    """The person stopped the work; nothing of it is written."""

    def __init__(self) -> None:
        super().__init__("Modification arrêtée : rien n'est écrit.")


class MovedError(UserError):
    """Records have other values than those that the change was tried on; nothing is written.

    Attributes:
        ids: of these records.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = tuple(ids)
        super().__init__("Rien n'est écrit : des fiches ont changé depuis l'aperçu.")


class RowRefusedError(UserError):
    """One record was refused while all were being written.

    Attributes:
        id: of the record.
    """

    def __init__(self, ident: int, words: str) -> None:
        self.id = ident
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Editing:
    """How one noun is read and written: the services of its form, and its table."""

    table: str
    load: Load
    update: Update
    warn: Warn = lambda _session, _acteur, _id: ()

    def trials(self, session: Session, acteur: Acteur, ids: Sequence[int], changes: Mapping[str, Any]) -> list[Trial]:
        """Each record with what the changes would make of it; whatever is written is taken back.

        Records are tried one after the other, so that one sees what those before it became.
        """
        seen = self._seen(session, ids, changes)
        whole = session.begin_nested()
        try:
            return [replace(self._try(session, acteur, ident, changes), seen=seen.get(ident, {})) for ident in ids]
        finally:
            whole.rollback()

    def _seen(self, session: Session, ids: Sequence[int], changes: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
        """Record → what it has now of the columns that change; what is gone is left out."""
        table = Base.metadata.tables[self.table]
        names = [name for name in changes if name in table.columns]
        asked = sa.select(table.c.id, *(table.c[name] for name in names))
        return {
            row[0]: dict(zip(names, row[1:], strict=True))
            for part in paquets(ids)
            for row in session.execute(asked.where(table.c.id.in_(part)))
        }

    def _try(self, session: Session, acteur: Acteur, ident: int, changes: Mapping[str, Any]) -> Trial:
        before = None
        own = session.begin_nested()
        try:
            before = self.load(session, acteur, ident)
            known = set(self.warn(session, acteur, ident))
            self.update(session, acteur, ident, self._meant(session, before, changes))
            ecrire(session)
            session.expire_all()
            warnings = [words for words in self.warn(session, acteur, ident) if words not in known]
            made = Trial(ident, before, self.load(session, acteur, ident), "", warnings)
        except UserError as error:
            own.rollback()
            return Trial(ident, before, None, str(error))
        own.commit()
        return made

    def write(
        self, session: Session, acteur: Acteur, trials: Sequence[Trial], changes: Mapping[str, Any],
        progress: Progress,
    ) -> list[tuple[int, dict[str, Any]]]:  # fmt: skip
        """Change the records that were tried in the transaction of ``session``.

        Returns:
            what :meth:`restore` needs: each record with the values that it had.

        Raises:
            MovedError: what changes has another value by now than when it was tried.
            RowRefusedError: a record that moved otherwise; the transaction must not be committed.
            StoppedError: as asked by ``progress``.
        """
        kept = []
        ids = [trial.id for trial in trials]
        now = self._seen(session, ids, changes)
        moved = [trial.id for trial in trials if now.get(trial.id) != trial.seen]
        if moved:
            raise MovedError(moved)
        for ident in ids:
            if progress.stop.is_set():
                raise StoppedError
            try:
                before = self.load(session, acteur, ident)
                self.update(session, acteur, ident, self._meant(session, before, changes))
                ecrire(session)
            except UserError as error:
                raise RowRefusedError(ident, str(error)) from error
            kept.append((ident, {name: getattr(before, name, None) for name in changes}))
            progress.done += 1
        return kept

    def restore(self, session: Session, acteur: Acteur, kept: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Give the records back the values that they had, the last one first."""
        for ident, values in reversed(kept):
            self.update(session, acteur, ident, dict(values))

    @staticmethod
    def _meant(session: Session, record: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The values of one record."""
        made: dict[str, Any] = {}
        for name, value in changes.items():
            present = getattr(record, name, None)
            if isinstance(value, Addition):
                made[name] = f"{present}\n{value.words}" if present else value.words
            elif isinstance(value, Shift):
                made[name] = _shifted(session, record, present, value.days)
            else:
                made[name] = value
        return made


def _shifted(session: Session, record: Any, present: date | datetime | None, days: int) -> date | datetime:
    """``present`` moved by open days of the record's agency."""
    if present is None:
        raise UserError(NO_DATE)
    horaire = Horloges(session).de(record.agence_id)
    at = clock.local(present) if isinstance(present, datetime) else None
    day = at.date() if at is not None else present
    step = timedelta(days=1 if days > 0 else -1)
    left = abs(days)
    for _turn in range(abs(days) * 7 + 60):
        if not left:
            break
        day += step
        left -= horaire.ouvert(day)
    if at is None:
        return day
    return at.replace(year=day.year, month=day.month, day=day.day, fold=0).astimezone(UTC)
