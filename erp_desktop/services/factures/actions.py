"""What is done with an invoice: asked for validation, given back, advanced, deducted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import ice as ice_rules
from erp_desktop.domain.argent import format_montant
from erp_desktop.domain.enums import StatutFacture, TypeClient, TypeFacture
from erp_desktop.domain.factures import montants
from erp_desktop.domain.factures.enums import CodeTaux, EtatDemande
from erp_desktop.domain.factures.etats import BROUILLONS
from erp_desktop.domain.factures.saisie import AcompteInput, AvoirLigneInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.models import Client, DemandeValidation, Facture, LigneFacture
from erp_desktop.models.local import sync_meta
from erp_desktop.services.factures import balance, billing, form, lines, rates
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import charger, ecrire
from erp_desktop.services.shared.letterhead import letterhead
from erp_desktop.services.shared.lists import est_sqlite
from erp_desktop.settings import Mode

NO_CENTRE = "Ce poste n'est relié à aucun centre, et lui seul donne le numéro légal."
NOT_VALIDATED = "Seule une facture validée se corrige par un avoir."


@dataclass(frozen=True, slots=True)
class Controle:
    """One check before a document is sent to the centre; ``phrase`` is French.

    Attributes:
        niveau: ``ok``, ``alerte`` or ``refus``; the centre would refuse the last.
    """

    niveau: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Reponse:
    """What the centre answered to the last request.

    Attributes:
        etat: ``EtatDemande``.
        numero: the legal number; also when another request was there first.
        motif: why it was refused, one French sentence.
    """

    etat: str
    numero: str
    motif: str


def _rate(taux: Decimal) -> str:
    return f"{taux.normalize():f}".replace(".", ",")


def controles(session: Session, acteur: Acteur, id: int) -> list[Controle]:  # noqa: A002
    """What the centre will look at, as far as it is known here; the centre alone decides."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    row = charger(session, acteur, Facture, id, "cette facture")
    day = row.date_facture or clock.today()
    found = [*_identities(session, row, day), *_lines(session, row, day)]
    if row.type_facture == TypeFacture.AVOIR:
        found += _avoir(session, row)
    return sorted(found, key=lambda c: ("refus", "alerte", "ok").index(c.niveau))


def _identities(session: Session, row: Facture, day: date) -> list[Controle]:
    client = session.get_one(Client, row.client_id)
    found = []
    if not (client.adresse or "").strip() and not (client.ville or "").strip():
        found.append(Controle("refus", f"Le client {client.nom_entreprise} n'a ni adresse ni ville."))
    if client.ice is None and client.type_client in (TypeClient.ENTREPRISE, TypeClient.COLLECTIVITE):
        limit = rates.found(session, CodeTaux.ICE, day)
        hard = limit is not None and limit.seuil is not None and row.total_ttc >= limit.seuil
        found.append(Controle("refus" if hard else "alerte", f"Le client {client.nom_entreprise} n'a pas d'ICE."))
    elif client.ice is not None:
        wrong = ice_rules.avertissement(client.ice)
        found.append(Controle("alerte" if wrong else "ok", wrong or "ICE du client : 15 chiffres, clé correcte."))
    head = letterhead(session, row.agence_id)
    if not head.raison_sociale or not head.ice:
        found.append(Controle("refus", "L'en-tête de la société n'a pas de raison sociale ou pas d'ICE."))
    return found


def _lines(session: Session, row: Facture, day: date) -> list[Controle]:
    rows, found = lines.rows_of(session, row.id), []
    if not rows:
        return [Controle("refus", "Ce brouillon n'a aucune ligne.")]
    if row.total_ttc < 0:
        found.append(Controle("refus", "Le total est négatif : faites plutôt un avoir."))
    operation = row.date_operation or day
    known = set(rates.tva_on(session, operation))
    for line in rows:
        if line.taux_tva == 0 and not (line.exoneration or "").strip():
            found.append(Controle("refus", f"« {line.designation} » est sans TVA : indiquez le texte qui l'exonère."))
        if row.type_facture != TypeFacture.AVOIR and line.acompte_id is None and line.taux_tva not in known:
            told = f"Le taux de TVA de {_rate(line.taux_tva)} % n'est pas en vigueur le {operation:%d/%m/%Y}."
            found.append(Controle("refus", told))
    for column in ("ligne_intervention_id", "temps_id"):
        made = {getattr(line, column): line for line in rows if getattr(line, column) is not None}
        for of, number in billing.lines(session, column, made, but=row.id).items():
            draft = number.startswith("PROV-")
            told = f"« {made[of].designation} » est {'aussi dans le brouillon' if draft else 'déjà facturée sous'}"
            found.append(Controle("alerte" if draft else "refus", f"{told} {number}."))
    return found


def _avoir(session: Session, row: Facture) -> list[Controle]:
    origin = session.get(Facture, row.facture_origine_id or 0)
    if origin is None or origin.statut in BROUILLONS:
        return [Controle("refus", "Un avoir corrige une facture validée du même client : choisissez-la.")]
    left = origin.total_ttc - balance.soldes(session, [origin.id], clock.today())[origin.id].credite
    if row.total_ttc > left:
        told = f"L'avoir dépasse ce qui reste de {origin.numero} : {format_montant(left)}."
        return [Controle("refus", told)]
    return []


def demander(session: Session, acteur: Acteur, id: int) -> Reponse:  # noqa: A002
    """Ask for the validation of a draft: answered at once at the centre, with the next exchange on a desktop.

    Raises:
        NotAllowedError: not a responsable.
        TransitionError: validated or asked for already, or something that the centre is sure to refuse.
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    # Read, not locked: the centre locks the series before the row.
    row = charger(session, acteur, Facture, id, "cette facture")
    session.refresh(row)
    if row.statut not in BROUILLONS:
        raise TransitionError(f"Déjà validée sous {row.numero}.")
    if form.waits(session, id):
        raise TransitionError(form.WAITING)
    if est_sqlite(session):
        mode = session.scalar(sa.select(sync_meta.c.valeur).where(sync_meta.c.cle == "mode"))
        if mode is not None and mode != Mode.AGENCE:
            raise TransitionError(NO_CENTRE)
    refused = [c.phrase for c in controles(session, acteur, id) if c.niveau == "refus"]
    if refused:
        raise TransitionError(refused[0])
    trace.annoncer(session, acteur)
    asked = DemandeValidation(
        facture_id=id, agence_id=row.agence_id, total_ttc=row.total_ttc, created_by_id=acteur.user_id or None,
        etat=EtatDemande.EN_ATTENTE.value,
    )  # fmt: skip
    session.add(asked)
    ecrire(session)
    if not est_sqlite(session):
        session.execute(sa.text("SELECT sync.repondre(ARRAY[CAST(:id AS bigint)])"), {"id": asked.id})
        session.refresh(asked)
        session.refresh(row)
    return Reponse(asked.etat, asked.numero or "", asked.motif or "")


def reponse(session: Session, acteur: Acteur, id: int) -> Reponse | None:  # noqa: A002
    """The centre's answer to the last request; None when nobody asked."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Facture, id, "cette facture")
    d = DemandeValidation
    last = session.scalars(sa.select(d).where(d.facture_id == id).order_by(d.id.desc()).limit(1)).first()
    return Reponse(last.etat, last.numero or "", last.motif or "") if last is not None else None


def reprendre(session: Session, acteur: Acteur, id: int) -> None:  # noqa: A002
    """Take a request back that the centre has not answered; the draft can be changed again.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    roles.exiger(acteur, roles.Droit.VALIDER)
    charger(session, acteur, Facture, id, "cette facture")
    d = DemandeValidation
    waiting = session.scalars(sa.select(d).where(d.facture_id == id, d.etat == EtatDemande.EN_ATTENTE.value)).all()
    if not waiting:
        raise TransitionError("Aucune demande n'attend la réponse du centre.")
    trace.annoncer(session, acteur)
    for one in waiting:
        session.delete(one)
    ecrire(session)


def avoir(
    session: Session, acteur: Acteur, facture_id: int, parts: Sequence[AvoirLigneInput] | None = None,
    motif: str | None = None,
) -> int:  # fmt: skip
    """A draft that gives a validated invoice back, whole or some quantities of its lines; returns its id.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: not validated, or nothing is left of it.
        ValidationError: more than is left of a line.
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    origin = charger(session, acteur, Facture, facture_id, "cette facture")
    motif = mots.lire(motif or "", "motif")
    if origin.type_facture != TypeFacture.FACTURE or origin.statut in (*BROUILLONS, StatutFacture.ANNULEE):
        raise TransitionError(NOT_VALIDATED)
    rows = {line.id: line for line in lines.rows_of(session, facture_id)}
    back = balance.given_back(list(rows), session)
    wanted = {p.ligne_id: p.quantite for p in parts} if parts is not None else None
    if wanted is not None and not set(wanted) <= set(rows):
        raise ValidationError({"lignes": f"Cette ligne n'est pas de {origin.numero}."})
    taken: list[tuple[LigneFacture, Decimal]] = []
    for pk, line in rows.items():
        left = abs(line.quantite) - back.get(pk, Decimal(0))
        if wanted is None:
            if left > 0:
                taken.append((line, left if line.quantite > 0 else -left))
        elif pk in wanted:
            if line.acompte_id is not None or wanted[pk] > left:
                raise ValidationError({"lignes": f"« {line.designation} » : il reste {_rate(left)} à rendre."})
            taken.append((line, wanted[pk]))
    if not taken:
        raise TransitionError(f"{origin.numero} est déjà rendue en entier.")
    row = form.draft(
        session, acteur, origin.client_id, type_facture=TypeFacture.AVOIR.value, facture_origine_id=facture_id,
        contrat_id=origin.contrat_id, remise_pct=origin.remise_pct, date_operation=origin.date_operation,
        reference_client=origin.reference_client, intitule=motif or f"Avoir sur {origin.numero}",
        retenue_tva_pct=origin.retenue_tva_pct, retenue_is_pct=origin.retenue_is_pct,
    )  # fmt: skip
    for line, quantity in taken:
        lines.add(
            session, acteur, row, designation=line.designation, quantite=quantity, unite=line.unite,
            prix_unitaire=line.prix_unitaire, remise_pct=line.remise_pct, taux_tva=line.taux_tva,
            exoneration=line.exoneration, intervention_id=line.intervention_id, acompte_id=line.acompte_id,
            ligne_origine_id=line.id,
        )  # fmt: skip
    form.refresh(session, row)
    return row.id


def acompte(session: Session, acteur: Acteur, saisie: AcompteInput) -> int:
    """A draft of an advance, which the final invoice takes off; returns its id.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    row = form.draft(
        session, acteur, saisie.client_id, contrat_id=saisie.contrat_id, acompte=True,
        conditions_jours=saisie.conditions_jours, reference_client=saisie.reference_client,
        intitule=saisie.designation,
    )  # fmt: skip
    lines.add(
        session, acteur, row, designation=saisie.designation, quantite=Decimal(1), unite="forfait",
        prix_unitaire=saisie.montant_ht, taux_tva=saisie.taux_tva,
    )  # fmt: skip
    form.refresh(session, row)
    return row.id


@dataclass(frozen=True, slots=True)
class AcompteInfo:
    """A validated advance of a client, and what of it no invoice has taken off, MAD before tax."""

    id: int
    numero: str
    jour: date | None
    total_ttc: Decimal
    reste: Decimal


def _left_of(session: Session, advance: Facture, but: int | None = None) -> dict[Decimal, Decimal]:
    """Rate → amount before tax of an advance that is neither taken off, in drafts too, nor given back."""
    left = {t.taux: t.ht for t in _nets(session, advance).par_taux}
    others = session.scalars(
        sa.select(Facture).where(
            Facture.id != (but or 0),
            Facture.statut != StatutFacture.ANNULEE.value,
            sa.or_(
                sa.and_(Facture.facture_origine_id == advance.id, balance.validated()),
                sa.and_(
                    Facture.type_facture == TypeFacture.FACTURE.value,
                    sa.exists().where(LigneFacture.facture_id == Facture.id, LigneFacture.acompte_id == advance.id),
                ),
            ),
        )
    ).all()
    given = billing.whole([o.id for o in others], session)
    for other in others:
        if other.id in given:
            continue
        for line in lines.rows_of(session, other.id):
            if other.facture_origine_id == advance.id or line.acompte_id == advance.id:
                net = montants.Ligne(line.quantite, line.prix_unitaire, line.taux_tva, line.remise_pct,
                                     other.remise_pct).net  # fmt: skip
                left[line.taux_tva] = left.get(line.taux_tva, Decimal(0)) - abs(net)
    return left


def _nets(session: Session, row: Facture) -> montants.Totaux:
    return montants.totaux(
        montants.Ligne(line.quantite, line.prix_unitaire, line.taux_tva, line.remise_pct, row.remise_pct)
        for line in lines.rows_of(session, row.id)
    )


def acomptes(session: Session, acteur: Acteur, client_id: int) -> list[AcompteInfo]:
    """Validated advances of a client of which something is left to take off, the oldest first."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    charger(session, acteur, Client, client_id, "ce client")
    f = Facture
    asked = sa.select(f).where(f.client_id == client_id, f.acompte.is_(True), balance.validated(f))
    found = []
    for row in session.scalars(asked.order_by(f.date_facture, f.id)):
        left = sum(_left_of(session, row).values(), Decimal("0.00"))
        if left > 0:
            found.append(AcompteInfo(row.id, row.numero, row.date_facture, row.total_ttc, left))
    return found


def deduire(session: Session, acteur: Acteur, facture_id: int, acompte_id: int) -> None:
    """Take what is left of an advance off a draft, at the rates at which it was invoiced.

    Raises:
        NotAllowedError, NotFoundError
        TransitionError: no validated advance of this client, nothing left of it, or the draft has a discount.
    """
    row = form.ouvrir(session, acteur, facture_id)
    advance = charger(session, acteur, Facture, acompte_id, "cet acompte")
    if not advance.acompte or advance.statut in BROUILLONS or advance.client_id != row.client_id:
        raise TransitionError(f"{advance.numero} n'est pas un acompte validé de ce client.")
    if row.remise_pct:
        raise TransitionError("La remise du document réduirait aussi l'acompte : portez-la sur les lignes.")
    left = {rate: amount for rate, amount in _left_of(session, advance).items() if amount > 0}
    if not left:
        raise TransitionError(f"L'acompte {advance.numero} est déjà déduit en entier.")
    trace.annoncer(session, acteur)
    for rate, amount in sorted(left.items(), reverse=True):
        lines.add(
            session, acteur, row, designation=f"Acompte {advance.numero} du {advance.date_facture:%d/%m/%Y}",
            quantite=Decimal(-1), prix_unitaire=amount, taux_tva=rate, acompte_id=acompte_id,
            exoneration=next((x.exoneration for x in lines.rows_of(session, acompte_id) if x.taux_tva == rate), None),
        )  # fmt: skip
    form.refresh(session, row)
