"""A validated document on its way to whoever clears it: what was handed over, and what was answered.

Both are written at the centre alone, by its own function, which refuses a step out of turn.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.factures.enums import StatutTransmission
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import UserError
from erp_desktop.models import Facture
from erp_desktop.reports.papers import facture
from erp_desktop.reports.ubl.document import write
from erp_desktop.reports.ubl.transport import Receipt, Transport
from erp_desktop.services.shared.lists import est_sqlite

NOT_HERE = "La transmission se fait au centre : donnez --url."
_TO_SEND = (StatutTransmission.SANS, StatutTransmission.REJETEE)


def transmit(session: Session, acteur: Acteur, ident: int, transport: Transport) -> Receipt:
    """Hand a document over; a failure leaves its state as it was, once more of the same does no harm.

    Raises:
        NotFoundError, UserError: a draft, one that was handed over before, or a transport that refuses.
    """
    _centre(session)
    (document,) = facture.lire(session, acteur, [ident])
    content = write(document)
    if session.get_one(Facture, ident).statut_transmission in _TO_SEND:
        _note(session, ident, StatutTransmission.A_TRANSMETTRE)
    _note(session, ident, StatutTransmission.TRANSMISE)
    return transport.send(document.numero, content)


def answered(session: Session, ident: int, state: StatutTransmission, reason: str = "") -> None:
    """Keep what was answered: ``acceptee``, or ``rejetee`` with its reason.

    Raises:
        UserError: out of turn, or a refusal without a reason.
    """
    _centre(session)
    _note(session, ident, state, reason)


def _centre(session: Session) -> None:
    if est_sqlite(session):
        raise UserError(NOT_HERE)


def _note(session: Session, ident: int, state: StatutTransmission, reason: str = "") -> None:
    try:
        session.execute(
            sa.text("SELECT sync.noter_transmission(:id, :state, :reason)"),
            {"id": ident, "state": state.value, "reason": reason},
        )
    except sa.exc.DBAPIError as error:
        raise UserError(str(error.orig).splitlines()[0].removeprefix("ERROR:  ")) from error
    session.expire_all()
