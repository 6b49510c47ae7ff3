"""Where reference data is written: the centre, by who may write there, or a stand-alone file.

Never a branch's desktop: its own login cannot write it whatever a program does (``centre/isolation.py``); this
refuses first, in words.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared.lists import est_sqlite

AU_CENTRE = "Ce qui vaut pour toutes les agences se change au centre : identifiez-vous au centre."
SANS_DROIT = "Ce compte du centre n'a pas le droit d'y administrer : prenez celui d'un administrateur PostgreSQL."


def inscriptible(session: Session) -> bool:
    """Whether this connection may write reference data and accounts."""
    if est_sqlite(session):
        return poste_local(session) == 0
    writable = (
        "SELECT has_table_privilege('public.users', 'UPDATE') AND has_table_privilege('public.agences', 'UPDATE')"
    )
    return bool(session.scalar(sa.text(writable)))


def administrer(session: Session, acteur: Acteur) -> None:
    """Refuse whoever is no administrator, and every connection that may not write.

    Raises:
        NotAllowedError
    """
    roles.exiger(acteur, roles.Droit.ADMINISTRER)
    if not inscriptible(session):
        raise NotAllowedError(AU_CENTRE if est_sqlite(session) else SANS_DROIT)
