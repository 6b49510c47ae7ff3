"""The conflict inbox: what lost at the centre, kept with base, mine and theirs.

The policy has already decided and nothing waits. Choosing is an ordinary edit of the live row, captured and sent like
any other, with undo.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import transitions
from erp_desktop.domain.enums import Statut
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.registry.policies import Policy
from erp_desktop.registry.tables import BY_NAME, Kind
from erp_desktop.sync.status import detail, libelle, nom_auteur

Keep = Literal["mine", "theirs"]
GIVEN = "Ce numéro est donné par le siège : le vôtre était déjà pris."


@dataclass(frozen=True, slots=True)
class Conflit:
    """One field that lost, or a whole row (``champ`` None: deletion against update).

    With policy ``groupe`` the champ names columns that are decided together; each version is column → value.

    Attributes:
        tient: which version the row has now, while nobody has chosen: the centre's, as a rule; mine of what a closing
            took along. None of a whole row, and of what was changed since.
    """

    id: int
    table: str
    pk: int
    libelle: str
    detail: str
    champ: str | None
    policy: str
    base: Any
    mien: Any
    leur: Any
    auteur_mien: str
    auteur_leur: str
    quand: datetime
    a_decider: bool
    resolu: str | None
    tient: Keep | None = None

    @property
    def impose(self) -> bool:
        """Whether the centre gave the value, so that mine cannot be kept."""
        return self.policy == Policy.CENTRE_SEUL


def liste(session: Session, *, tous: bool = True) -> list[Conflit]:
    """Conflicts, undecided first, newest first; only undecided ones unless ``tous``."""
    rows = session.execute(
        sa.text(
            "SELECT * FROM sync_conflits WHERE :tous OR (a_decider AND resolu IS NULL) "
            "ORDER BY (a_decider AND resolu IS NULL) DESC, quand DESC, id DESC"
        ),
        {"tous": tous},
    )
    return [_conflit(session, row) for row in rows]


def depuis(session: Session, debut: datetime, passes: int = 0) -> list[Conflit]:
    """The inbox since an instant: what is to decide whenever it came, what was settled or decided by the rule since.

    Args:
        passes: so many of those settled before it too, the last ones.
    """
    rows = session.execute(
        sa.text(
            "SELECT * FROM sync_conflits WHERE (a_decider AND resolu IS NULL) "
            "OR (resolu IS NOT NULL AND resolu_a >= :d) OR (NOT a_decider AND resolu IS NULL AND quand >= :d) "
            "OR id IN (SELECT id FROM sync_conflits WHERE resolu_a < :d ORDER BY resolu_a DESC, id DESC LIMIT :n) "
            "ORDER BY (a_decider AND resolu IS NULL) DESC, quand DESC, id DESC"
        ),
        {"d": clock.to_text(debut), "n": passes},
    )
    return [_conflit(session, row) for row in rows]


def regles_avant(session: Session, debut: datetime) -> int:
    """How many were settled before an instant."""
    asked = sa.text("SELECT count(*) FROM sync_conflits WHERE resolu_a < :d")
    return int(session.execute(asked, {"d": clock.to_text(debut)}).scalar_one())


def _conflit(session: Session, row: Any) -> Conflit:
    return Conflit(
        id=row.id,
        table=row.nom_table,
        pk=row.pk,
        libelle=libelle(session, row.nom_table, row.pk),
        detail=detail(session, row.nom_table, row.pk),
        champ=row.colonne,
        policy=row.politique,
        base=_value(row.base),
        mien=_value(row.mien),
        leur=_value(row.leur),
        auteur_mien=nom_auteur(session, row.auteur_mien),
        auteur_leur=row.auteur_leur or "",
        quand=clock.from_text(row.quand),
        a_decider=bool(row.a_decider),
        resolu=row.resolu,
        tient=_stands(session, row),
    )


def _stands(session: Session, row: Any) -> Keep | None:
    if row.resolu is not None or row.colonne is None:
        return None
    try:
        now = _current(session, row)
    except UserError:
        return None
    return "mine" if now == _value(row.mien) else "theirs" if now == _value(row.leur) else None


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _load(session: Session, identifier: int) -> Any:
    row = session.execute(sa.text("SELECT * FROM sync_conflits WHERE id = :i"), {"i": identifier}).one_or_none()
    if row is None:
        raise NotFoundError(f"Aucun conflit n° {identifier} dans cette base.")
    return row


def resolve(session: Session, conflit_id: int, keep: Keep | None = None, value: Any = None) -> None:
    """Decide a conflict: keep mine, keep theirs, or write ``value``.

    Args:
        session: a writing transaction of the cache.
        conflit_id: which one.
        keep: the version that stands from now on.
        value: wire form of the column; for a group, an object with every column of it.

    Raises:
        NotFoundError: no such conflict.
        UserError: already decided, the row is not here any more, or ``value`` leaves columns of a group out.
    """
    row = _load(session, conflit_id)
    if row.resolu is not None:
        raise UserError(f"Le conflit n° {conflit_id} est déjà réglé.")
    if row.politique == Policy.CENTRE_SEUL and keep != "theirs":
        raise UserError(GIVEN)
    before: Any = None
    if row.colonne is None:
        _resolve_row(session, row, keep)
    else:
        before = _current(session, row)
        chosen = _value(row.mien) if keep == "mine" else _value(row.leur) if keep == "theirs" else value
        if row.politique == "groupe":
            _check_group(row, chosen)
        if keep != "theirs" or before != chosen:
            _check_statut(row, before, chosen)
            _write(session, row, chosen)
    session.execute(
        sa.text("UPDATE sync_conflits SET resolu = :r, resolu_a = :a, avant_resolution = :b WHERE id = :i"),
        {"r": keep or "value", "a": clock.to_text(clock.now()), "b": json.dumps(before), "i": conflit_id},
    )


def undo(session: Session, conflit_id: int) -> None:
    """Take a decision back: the field returns to what it was just before, by an ordinary edit."""
    row = _load(session, conflit_id)
    if row.resolu is None:
        raise UserError(f"Le conflit n° {conflit_id} n'est pas réglé.")
    if row.colonne is not None:
        back = _value(row.avant_resolution)
        _check_statut(row, _current(session, row), back)
        _write(session, row, back)
    elif (_value(row.mien) == "supprime") == (row.resolu == "mine"):
        raise UserError("La fiche a été supprimée : cette décision ne s'annule pas.")
    session.execute(
        sa.text("UPDATE sync_conflits SET resolu = NULL, resolu_a = NULL WHERE id = :i"), {"i": conflit_id}
    )


def _resolve_row(session: Session, row: Any, keep: Keep | None) -> None:
    """Deletion against update: the update stood; keeping the deletion deletes again."""
    mine_deleted = _value(row.mien) == "supprime"
    if keep is None:
        raise UserError("Une suppression se règle en gardant l'une des deux versions.")
    if mine_deleted == (keep == "mine"):
        session.execute(sa.text(f"DELETE FROM {BY_NAME[row.nom_table].name} WHERE id = :pk"), {"pk": row.pk})


def _check_statut(row: Any, before: Any, chosen: Any) -> None:
    """A statut is only ever reached by its steps, one at a time; the centre would park anything else."""
    if row.politique != "statut" or chosen == before:
        return
    if chosen not in set(Statut) or not transitions.direct(Statut(before), Statut(chosen)):
        raise UserError(f"Le statut ne peut plus passer de « {before} » à « {chosen} ».")


def _check_group(row: Any, chosen: Any) -> None:
    """Half a group would be a thing that nobody made."""
    wanted = _columns(row)
    if not isinstance(chosen, dict) or set(chosen) != set(wanted):
        raise UserError(f"Ces champs se décident ensemble : donnez {', '.join(wanted)}.")


def _columns(row: Any) -> list[str]:
    """The columns that the conflict is about, as the registry knows them."""
    table = BY_NAME[row.nom_table]
    names = list(_value(row.leur)) if row.politique == "groupe" else [row.colonne]
    return [table.column(name).name for name in names]


def _current(session: Session, row: Any) -> Any:
    names = _columns(row)
    found = session.execute(
        sa.text(f"SELECT {', '.join(names)} FROM {row.nom_table} WHERE id = :pk"), {"pk": row.pk}
    ).one_or_none()
    if found is None:
        raise UserError("La fiche de ce conflit n'est plus sur ce poste.")
    values = [v.hex() if isinstance(v, bytes) else v for v in found]
    return dict(zip(names, values, strict=True)) if row.politique == "groupe" else values[0]


def _write(session: Session, row: Any, value: Any) -> None:
    table = BY_NAME[row.nom_table]
    values = value if row.politique == "groupe" else {row.colonne: value}
    stored = {
        c: bytes.fromhex(v) if table.column(c).kind is Kind.BYTES and v is not None else v for c, v in values.items()
    }
    sets = ", ".join(f"{table.column(c).name} = :{c}" for c in stored)
    changed = session.execute(
        sa.text(f"UPDATE {row.nom_table} SET {sets}, updated_at = :_a WHERE id = :_pk RETURNING id"),
        {**stored, "_a": clock.to_text(clock.now()), "_pk": row.pk},
    ).first()
    if changed is None:
        raise UserError("La fiche de ce conflit n'est plus sur ce poste.")


def unpark(session: Session, gare_id: int) -> None:
    """Send a parked unit again at the next cycle, and with it the units that were only waiting for a parent."""
    row = session.execute(
        sa.text("SELECT id FROM sync_gares WHERE id = :i AND etat = 'gare'"), {"i": gare_id}
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"Aucun groupe n° {gare_id} n'est mis de côté.")
    ready = session.execute(
        sa.text("SELECT id FROM sync_gares WHERE etat = 'gare' AND (id = :i OR code = 'parent')"), {"i": gare_id}
    ).scalars()
    for identifier in list(ready):
        session.execute(sa.text("UPDATE sync_outbox SET refus = NULL WHERE refus = :r"), {"r": str(identifier)})
        session.execute(sa.text("UPDATE sync_gares SET etat = 'renvoye' WHERE id = :i"), {"i": identifier})
