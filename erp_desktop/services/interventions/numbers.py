"""Drawing intervention numbers: final at once, never reused, never twice."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import numeros
from erp_desktop.models.local import allocateur, compteurs
from erp_desktop.services.shared.lists import est_sqlite

_VERROU = "SELECT sync.reserver_numeros(:code)"
_PLUS_GRAND = (
    "SELECT numero FROM interventions WHERE numero BETWEEN :bas AND :haut AND numero LIKE :comme "
    "ORDER BY numero DESC LIMIT 1"
)


def poste_local(session: Session) -> int:
    """The device number of this database; 0 at the centre and stand-alone."""
    if not est_sqlite(session):
        return 0
    return int(session.scalar(sa.select(allocateur.c.poste)) or 0)


def _dernier(session: Session, prefixe: str, apres: str = "") -> int:
    """The greatest of a prefix.

    Args:
        apres: agency whose numbers are locked first, at the centre: the same trip, and what was taken while it waited
            is seen, since each statement of a text sees what is committed when it begins.
    """
    # Numbers of one prefix and one length sort like their figures under any collation; five digits first.
    for chiffres in (5, 6, 7, 8):
        bas = "0" * chiffres if chiffres == 5 else "1" + "0" * (chiffres - 1)
        bornes = {"bas": prefixe + bas, "haut": prefixe + "9" * chiffres, "comme": prefixe + "_" * chiffres}
        if apres:
            plus_grand = session.scalar(sa.text(f"{_VERROU}; {_PLUS_GRAND}"), {**bornes, "code": apres})
            apres = ""
        else:
            plus_grand = session.scalar(sa.text(_PLUS_GRAND), bornes)
        if plus_grand is None:
            return 10 ** (chiffres - 1) - 1 if chiffres > 5 else 0
        sequence = int(plus_grand.rpartition("-")[2])
        if sequence < 10**chiffres - 1:
            return sequence
    raise OverflowError(prefixe)


def tirer(session: Session, agence: str, annee: int, combien: int = 1) -> list[str]:
    """Take the next ``combien`` numbers of an agency and year, in the caller's transaction.

    A cache counts in ``_compteurs``, which is never behind the rows present; the centre takes max + 1 under a lock
    that ends with the transaction, so a rolled-back draw leaves no gap and two writers never share a number.
    """
    prefixe = numeros.prefixe(agence, poste_local(session), annee)
    if est_sqlite(session):
        compte = session.scalar(sa.select(compteurs.c.valeur).where(compteurs.c.nom == prefixe))
        dernier = max(compte or 0, _dernier(session, prefixe))
        if compte is None:
            session.execute(sa.insert(compteurs).values(nom=prefixe, valeur=dernier + combien))
        else:
            session.execute(sa.update(compteurs).where(compteurs.c.nom == prefixe).values(valeur=dernier + combien))
    else:
        dernier = _dernier(session, prefixe, apres=agence)
    return [f"{prefixe}{dernier + k:05d}" for k in range(1, combien + 1)]
