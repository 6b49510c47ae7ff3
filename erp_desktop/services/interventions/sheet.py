"""Everything that a bon d'intervention prints, of one intervention or of many, in a few questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.enums import MomentPhoto, Statut
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Client, Contrat, Document, Equipement, Intervention, Technicien
from erp_desktop.registry import technicien_names
from erp_desktop.services.checklists.answers import Feuille, feuilles
from erp_desktop.services.documents import octets
from erp_desktop.services.interventions.lines import LigneInfo, lignes_de
from erp_desktop.services.interventions.list import portee_interventions
from erp_desktop.services.interventions.times import TempsInfo, temps_de
from erp_desktop.services.shared.clocks import Horloges
from erp_desktop.services.shared.letterhead import Letterhead, Office, letterhead, office
from erp_desktop.services.shared.lists import dans_l_ordre, paquets


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of before or after the work; ``contenu`` is None where its bytes are not."""

    moment: str
    nom: str
    mime: str
    contenu: bytes | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One bon. Durations are minutes; ``sla_reste_min`` is what was left of the deadline, or is."""

    id: int
    numero: str
    agence: Office
    entete: Letterhead
    statut: str
    priorite: str
    type: str
    titre: str
    description: str
    diagnostic: str
    travaux_realises: str
    recommandations: str
    date_creation: datetime
    date_planifiee: datetime | None
    date_debut_travaux: datetime | None
    date_fin_travaux: datetime | None
    duree_reelle: int | None
    temps_deplacement: int | None
    sla_etat: str
    sla_reste_min: int | None
    satisfaction_client: int | None
    satisfaction_commentaire: str
    signature: bytes | None
    signataire: str
    client: str
    client_site: str
    client_contact: str
    client_ice: str
    contrat: str
    equipement: str
    equipement_code: str
    equipement_serie: str
    equipement_lieu: str
    equipement_criticite: str
    technicien: str
    badge: str
    lignes: tuple[LigneInfo, ...]
    temps: tuple[TempsInfo, ...]
    checklist: Feuille | None = None
    signe_le: datetime | None = None
    signature_refus: str = ""
    photos: tuple[Photo, ...] = ()


def sheets(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[Sheet]:
    """The bons of some interventions inside the person's scope, in the order asked for, whatever their statut."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    clocks, now = Horloges(session), clock.now()
    agences = {a.id: a for a in session.scalars(sa.select(Agence))}
    found: dict[int, Sheet] = {}
    heads: dict[int | None, Letterhead] = {}
    for block in paquets(ids):
        query = (
            sa.select(Intervention, Client, Equipement, Contrat.numero_contrat, Technicien.numero_badge)
            .join(Client, Client.id == Intervention.client_id)
            .join(Equipement, Equipement.id == Intervention.equipement_id)
            .outerjoin(Contrat, Contrat.id == Intervention.contrat_id)
            .outerjoin(Technicien, Technicien.id == Intervention.technicien_id)
            .where(Intervention.id.in_(block), *portee_interventions(acteur))
        )
        read = list(session.execute(query))
        names = technicien_names.noms(
            session, {r.Intervention.technicien_id for r in read if r.Intervention.technicien_id is not None}
        )
        lines = lignes_de(session, [r.Intervention.id for r in read])
        times = temps_de(session, [r.Intervention.id for r in read])
        lists = feuilles(session, [r.Intervention for r in read])
        pictures = _photos(session, [r.Intervention.id for r in read])
        for i, client, machine, contract, badge in read:
            a = agences.get(i.agence_id or 0)
            if i.agence_id not in heads:
                heads[i.agence_id] = letterhead(session, i.agence_id)
            state = sla.situation(
                clocks.de(i.agence_id), Statut(i.statut), i.date_creation, i.date_limite,
                sla.remise_en_service(i.date_fin_travaux, i.date_cloture), now,
            )  # fmt: skip
            found[i.id] = Sheet(
                i.id, i.numero,
                office(a), heads[i.agence_id],
                i.statut, i.priorite, i.type, i.titre, i.description or "", i.diagnostic or "",
                i.travaux_realises or "", i.recommandations or "", i.date_creation, i.date_planifiee,
                i.date_debut_travaux, i.date_fin_travaux, i.duree_reelle, i.temps_deplacement, state.etat.value,
                state.reste_min, i.satisfaction_client, i.satisfaction_commentaire or "",
                i.signature, i.signataire or "", client.nom_entreprise,
                ", ".join(filter(None, [client.adresse, client.ville])), client.contact or "", client.ice or "",
                contract or "", machine.nom, machine.code_interne, machine.numero_serie or "",
                machine.localisation or "", machine.criticite, names.get(i.technicien_id or 0, ""), badge or "",
                tuple(line for line in lines[i.id] if not line.prevue), tuple(times[i.id]), lists.get(i.id),
                i.signe_le, i.signature_refus or "", tuple(pictures.get(i.id, ())),
            )  # fmt: skip
    return dans_l_ordre(ids, found)


_PER_MOMENT = 2
_LARGEST_PHOTO = 4 * 1024 * 1024
"""Bytes of a picture that a paper takes in as it is."""
_PRINTED = ("image/jpeg", "image/png")


def _photos(session: Session, ids: Sequence[int]) -> dict[int, list[Photo]]:
    """The latest pictures of before and after each work, two of each."""
    d = Document
    found: dict[int, list[Photo]] = {}
    told = sa.select(d).where(d.intervention_id.in_(ids), d.moment.is_not(None), d.mime_type.in_(_PRINTED))
    for one in session.scalars(told.order_by(d.moment.desc(), d.created_at.desc(), d.id.desc())):
        mine = found.setdefault(one.intervention_id or 0, [])
        if sum(p.moment == one.moment for p in mine) < _PER_MOMENT:
            content = octets(session, one) if one.taille <= _LARGEST_PHOTO else None
            mine.append(Photo(one.moment or "", one.nom_fichier, one.mime_type, content))
    for mine in found.values():
        mine.sort(key=lambda p: p.moment != MomentPhoto.AVANT)
    return found
