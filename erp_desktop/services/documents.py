"""Files attached to interventions, équipements and contracts: list, attach, read, ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import documents as regles
from erp_desktop.domain.enums import EtatDocument, MomentPhoto, TypeDocument
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotFoundError, UserError, ValidationError, raison
from erp_desktop.models import Contenu, Contrat, Document, Equipement, Intervention, MorceauContenu, User
from erp_desktop.services.interventions.form import ouvrir
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire
from erp_desktop.services.shared.lists import est_sqlite

CIBLES: Final = {
    "interventions": Document.intervention_id, "equipements": Document.equipement_id, "contrats": Document.contrat_id,
}  # fmt: skip
"""Table of a record that files are attached to → what names it."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One attached file; ``taille`` in bytes."""

    id: int
    nom_fichier: str
    type_document: str
    mime_type: str
    taille: int
    etat: EtatDocument
    created_at: datetime
    auteur: str | None
    moment: str | None = None

    @property
    def photo(self) -> bool:
        return self.mime_type.startswith("image/")


def _cible(session: Session, acteur: Acteur, table: str, ident: int) -> Intervention | Equipement | Contrat:
    if table == "interventions":
        roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
        return ouvrir(session, acteur, ident)
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    if table == "contrats":
        return charger(session, acteur, Contrat, ident, "ce contrat")
    return charger(session, acteur, Equipement, ident, "cet équipement")


def _en_reseau(session: Session) -> bool:
    """Whether this database is a cache with a centre."""
    if not est_sqlite(session):
        return False
    return session.execute(sa.text("SELECT 1 FROM sync_meta WHERE cle = 'epoque'")).scalar() is not None


def _etat(session: Session, contenu: Contenu | None, *, reseau: bool) -> EtatDocument:
    if contenu is None:
        return EtatDocument.DISTANT
    if not est_sqlite(session):
        return EtatDocument.CENTRE if contenu.complet else EtatDocument.DISTANT
    return regles.etat(reseau=reseau, complet=contenu.complet, au_centre=contenu.au_centre,
                       demande=contenu.demande_le is not None)  # fmt: skip


def _cle(session: Session, agence_id: int | None, sha256: str) -> str:
    """Where a content is: under its hash in a cache, under its agency and its hash at the centre."""
    return sha256 if est_sqlite(session) else regles.cle_au_centre(agence_id, sha256)


def liste(session: Session, acteur: Acteur, table: str, ident: int) -> list[DocumentInfo]:
    """Files of a record, newest first.

    Args:
        table: one of :data:`CIBLES`.
    """
    cache = est_sqlite(session)
    contenu = Document.sha256 if cache else sa.func.sync.cle_contenu(Document.agence_id, Document.sha256)
    query = (
        sa.select(Document, Contenu, User.full_name)
        .outerjoin(Contenu, Contenu.sha256 == contenu)
        .outerjoin(User, User.id == Document.created_by_id)
        .where(CIBLES[table] == ident)
        .order_by(Document.created_at.desc(), Document.id.desc())
    )
    _, rows, reseau = abreast(
        session, lambda s: _cible(s, acteur, table, ident), lambda s: s.execute(query).all(), _en_reseau
    )
    return [
        DocumentInfo(d.id, d.nom_fichier, d.type_document, d.mime_type, d.taille, _etat(session, c, reseau=reseau),
                     d.created_at, auteur, d.moment)
        for d, c, auteur in rows
    ]  # fmt: skip


def joindre(
    session: Session, acteur: Acteur, table: str, ident: int, nom: str, contenu: bytes,
    type_document: TypeDocument | None = None, moment: MomentPhoto | None = None,
) -> int:  # fmt: skip
    """Attach a file; returns the document's id. The same bytes are stored once, whatever their names.

    Never refused for want of quota: what waits to be sent is the clerk's work.

    Args:
        moment: of a picture; of anything else it is left out.

    Raises:
        NotAllowedError, NotFoundError
        ValidationError: empty, too large, or of a kind that is not kept.
    """
    cible = _cible(session, acteur, table, ident)
    roles.exiger(
        acteur,
        roles.Droit.INTERVENTION_EXECUTER if table == "interventions" else roles.Droit.FICHIER_ECRIRE,
    )
    fichier = regles.accepter(nom, contenu)
    trace.annoncer(session, acteur)
    document = Document(
        nom_fichier=fichier.nom,
        type_document=(type_document or regles.type_suppose(fichier.mime)).value,
        mime_type=fichier.mime,
        taille=fichier.taille,
        sha256=fichier.sha256,
        moment=moment.value if moment is not None and fichier.mime.startswith("image/") else None,
        **{CIBLES[table].key: ident},
        agence_id=cible.agence_id if cible.agence_id is not None else acteur.agence_id,
        created_by_id=acteur.user_id,
    )
    session.add(document)
    # The description first: at the centre a content is visible through it alone.
    ecrire(session)
    _garder(session, fichier, _cle(session, document.agence_id, fichier.sha256))
    if isinstance(cible, Intervention):
        trace.noter(session, acteur, cible, "document_joint", None, {"nom_fichier": fichier.nom})
    ecrire(session)
    return document.id


def joindre_fichiers(
    session: Session, acteur: Acteur, table: str, ident: int, chemins: Sequence[Path],
    moment: MomentPhoto | None = None,
) -> list[int]:  # fmt: skip
    """Attach files of this desktop; returns the documents' ids.

    Raises:
        UserError: a file cannot be read, or is no document; none is attached then.
    """
    faits = []
    for chemin in chemins:
        try:
            with chemin.open("rb") as fichier:
                # One byte too many tells a large file without reading it all.
                contenu = fichier.read(regles.TAILLE_MAX + 1)
        except OSError as error:
            raise UserError(f"{chemin.name} ne peut pas être lu : {raison(error)}.") from error
        try:
            faits.append(joindre(session, acteur, table, ident, chemin.name, contenu, moment=moment))
        except ValidationError as error:
            raise UserError(f"{chemin.name} : {error}") from error
    return faits


def nouveaux(session: Session, chemins: Sequence[Path]) -> list[Path]:
    """Those files of this desktop that are attached to nothing yet, known by name and size, in their order."""
    tailles = {}
    for chemin in chemins:
        try:
            tailles[chemin] = chemin.stat().st_size
        except OSError:
            continue
    noms = {regles.nom_seul(c.name) for c in tailles}
    requete = sa.select(Document.nom_fichier, Document.taille).where(Document.nom_fichier.in_(noms))
    connus = {(nom, taille) for nom, taille in session.execute(requete)}
    return [c for c, taille in tailles.items() if taille and (regles.nom_seul(c.name), taille) not in connus]


def _garder(session: Session, fichier: regles.Fichier, cle: str) -> None:
    """Store bytes that may be here already, whole or in part."""
    connue = session.get(Contenu, cle, with_for_update=True)
    lu = clock.now() if est_sqlite(session) else None
    if connue is not None and connue.complet:
        connue.dernier_acces = lu
        return
    if connue is None:
        connue = Contenu(sha256=cle, taille=fichier.taille)
        session.add(connue)
    else:
        # Pieces of a transfer under way: these are all here and known to be good.
        session.execute(sa.delete(MorceauContenu).where(MorceauContenu.sha256 == cle))
    connue.complet, connue.demande_le, connue.dernier_acces = True, None, lu
    session.flush()
    session.execute(
        sa.insert(MorceauContenu),
        [{"sha256": cle, "numero": n, "octets": o} for n, o in regles.decouper(fichier.contenu)],
    )


def _charger(session: Session, acteur: Acteur, ident: int) -> Document:
    document = charger(session, acteur, Document, ident, "ce document")
    if document.intervention_id is not None:
        _cible(session, acteur, "interventions", document.intervention_id)
    else:
        roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    return document


def dater(session: Session, acteur: Acteur, ident: int, moment: MomentPhoto | None) -> None:
    """Say whether a picture shows the machine before the work or after it; None: neither.

    Raises:
        NotAllowedError, NotFoundError
        UserError: it is no picture.
    """
    document = _charger(session, acteur, ident)
    roles.exiger(
        acteur,
        roles.Droit.INTERVENTION_EXECUTER if document.intervention_id is not None else roles.Droit.FICHIER_ECRIRE,
    )
    if not document.mime_type.startswith("image/"):
        raise UserError("Seule une photo est d'avant ou d'après les travaux.")
    trace.annoncer(session, acteur)
    document.moment = moment.value if moment is not None else None
    ecrire(session)


def octets(session: Session, document: Document) -> bytes | None:
    """The bytes of a document that the caller may read, if they are here and whole; notes no reading."""
    cle = _cle(session, document.agence_id, document.sha256)
    if session.scalar(sa.select(Contenu.complet).where(Contenu.sha256 == cle)) is not True:
        return None
    m = MorceauContenu
    tout = b"".join(session.scalars(sa.select(m.octets).where(m.sha256 == cle).order_by(m.numero)))
    return tout if hashlib.sha256(tout).hexdigest() == document.sha256 else None


def photos(session: Session, acteur: Acteur, ids: Sequence[int]) -> dict[int, bytes]:
    """The bytes of those documents that are pictures and here, to be shown small."""
    trouvees = {}
    for ident in ids:
        document = _charger(session, acteur, ident)
        contenu = octets(session, document) if document.mime_type.startswith("image/") else None
        if contenu is not None:
            trouvees[ident] = contenu
    return trouvees


def lire(session: Session, acteur: Acteur, ident: int) -> tuple[str, bytes]:
    """A document's safe file name and its bytes; needs a writing transaction, for it notes the reading.

    Raises:
        NotFoundError: the bytes are not here; :func:`demander` fetches them.
    """
    document = _charger(session, acteur, ident)
    cle = _cle(session, document.agence_id, document.sha256)
    contenu = session.get(Contenu, cle)
    if contenu is None or not contenu.complet:
        raise NotFoundError("Ce document n'est pas sur ce poste : téléchargez-le d'abord.")
    morceaux = session.scalars(
        sa.select(MorceauContenu.octets).where(MorceauContenu.sha256 == cle).order_by(MorceauContenu.numero)
    )
    octets = b"".join(morceaux)
    if hashlib.sha256(octets).hexdigest() != document.sha256:
        raise UserError("Ce document est abîmé sur ce poste ; demandez-le à la personne qui l'a joint.")
    if est_sqlite(session):
        contenu.dernier_acces = clock.now()
    return regles.nom_sur(document.nom_fichier, document.mime_type), octets


def demander(session: Session, acteur: Acteur, ident: int, *, quota: int) -> None:
    """Ask for a document's bytes: they come with the next exchange, before all others.

    Args:
        quota: bytes that contents may take here.

    Raises:
        UserError: no centre to ask, or what waits to be sent leaves no room for it.
    """
    document = _charger(session, acteur, ident)
    if not _en_reseau(session):
        raise UserError("Ce document n'est pas dans cette base, et il n'y a pas de centre où le demander.")
    contenu = session.get(Contenu, document.sha256)
    if contenu is not None and contenu.complet:
        return
    garde = session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(Contenu.taille), 0)).where(Contenu.complet, sa.not_(Contenu.au_centre))
    )
    if document.taille + int(garde or 0) > quota:
        raise UserError(
            "La place réservée aux documents est prise par ceux qui attendent d'être envoyés ; "
            "réessayez après leur envoi."
        )
    if contenu is None:
        contenu = Contenu(sha256=document.sha256, taille=document.taille)
        session.add(contenu)
    contenu.demande_le = clock.now()
