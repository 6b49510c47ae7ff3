"""The list of interventions: identifiers in order, then rows of the window on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import numeros, recherche, sla
from erp_desktop.domain.enums import Priorite, Role, Statut, TypeIntervention
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Client, Contrat, Equipement, Intervention, Technicien, User
from erp_desktop.registry import technicien_names
from erp_desktop.services.shared.availability import appele
from erp_desktop.services.shared.clocks import Horloges, tenu_par
from erp_desktop.services.shared.lists import (
    ListQuery,
    contient,
    dans_l_ordre,
    identifiants,
    marques,
    ordonner,
    paquets,
    portee,
    rang,
    un_de,
)

MOTS = ("technicien", "client", "equipement", "agence")
LISTES: dict[str, list[str]] = {
    "statut": list(Statut),
    "priorite": list(Priorite),
    "type": list(TypeIntervention),
    "sla": ["depasse"],
}
DATES = ("depuis", "avant", "cree_depuis", "cree_avant")
_ACTIFS = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS)


@dataclass(frozen=True, slots=True)
class InterventionLigne:
    """One row of the list. ``sla_reste_min`` counts opening minutes, negative when late."""

    id: int
    numero: str
    statut: str
    priorite: str
    titre: str
    client: str
    equipement: str
    technicien: str | None
    agence_code: str
    date_creation: datetime
    date_planifiee: datetime | None
    date_limite: datetime | None
    sla_reste_min: int | None
    sla_etat: str
    en_attente_sync: bool
    en_conflit: bool


def portee_interventions(acteur: Acteur) -> list[sa.ColumnElement[bool]]:
    """The agency's interventions; for a technicien, those assigned to them."""
    conditions = portee(acteur, Intervention.agence_id, partagees=False)
    if acteur.role is Role.TECHNICIEN:
        miens = sa.select(Technicien.id).where(Technicien.user_id == acteur.user_id)
        conditions.append(Intervention.technicien_id.in_(miens))
    return conditions


def lire_filtre(texte: str) -> recherche.Filtre:
    return recherche.analyser(texte, MOTS, clock.today(), LISTES, DATES)


def indices(texte: str) -> list[str]:
    """French hints about what the filter box does not understand."""
    return lire_filtre(texte).indices


def _debut(jour: Any) -> datetime:
    return datetime.combine(jour, time(), clock.CASABLANCA).astimezone(UTC)


def _par_mot(session: Session, mot: str, valeurs: list[str]) -> sa.ColumnElement[bool]:
    """One typed word as a condition; its values widen."""
    if mot in ("statut", "priorite", "type"):
        return getattr(Intervention, mot).in_(valeurs)  # type: ignore[no-any-return]
    if mot == "sla":
        en_retard = sa.and_(Intervention.statut.in_(_ACTIFS), Intervention.date_limite < clock.now())
        return en_retard if valeurs else sa.false()
    if mot == "technicien":
        cible = sa.select(Technicien.id).join(User, User.id == Technicien.user_id)
        cible = cible.outerjoin(Agence, Agence.id == Technicien.agence_id)
        nom = sa.or_(*(appele(session, v) for v in valeurs))
        return Intervention.technicien_id.in_(cible.where(nom))
    if mot == "client":
        nom = sa.or_(*(contient(session, Client.nom_entreprise, v) for v in valeurs))
        return Intervention.client_id.in_(sa.select(Client.id).where(nom))
    if mot == "equipement":
        nom = sa.or_(*(un_de(session, v, Equipement.nom, Equipement.code_interne) for v in valeurs))
        return Intervention.equipement_id.in_(sa.select(Equipement.id).where(nom))
    nom = sa.or_(*(sa.or_(sa.func.lower(Agence.code) == v, contient(session, Agence.nom, v)) for v in valeurs))
    return Intervention.agence_id.in_(sa.select(Agence.id).where(nom))


def _libre(session: Session, mot: str) -> sa.ColumnElement[bool]:
    morceaux = numeros.fragments(mot)
    if morceaux:
        return Intervention.numero.like(f"INT-%{'%'.join(morceaux)}")
    return sa.or_(
        un_de(session, mot, Intervention.titre, Intervention.numero),
        Intervention.client_id.in_(sa.select(Client.id).where(contient(session, Client.nom_entreprise, mot))),
        Intervention.equipement_id.in_(
            sa.select(Equipement.id).where(un_de(session, mot, Equipement.nom, Equipement.code_interne))
        ),
    )


def conditions(session: Session, acteur: Acteur, texte: str) -> list[sa.ColumnElement[bool]]:
    """WHERE clauses of the filter box and of the person's scope, for lists, exports and reports alike.

    ``depuis`` and ``avant`` speak of the due date, else the planned date, else the day of the call; both ends count.
    """
    filtre = lire_filtre(texte)
    toutes = portee_interventions(acteur)
    toutes += [_par_mot(session, mot, valeurs) for mot, valeurs in filtre.mots.items()]
    toutes += [_libre(session, mot) for mot in filtre.libre]
    due = sa.func.coalesce(Intervention.date_limite, Intervention.date_planifiee, Intervention.date_creation)
    for mot, jour in filtre.dates.items():
        colonne = Intervention.date_creation if mot.startswith("cree_") else due
        if mot.endswith("depuis"):
            toutes.append(colonne >= _debut(jour))
        else:
            toutes.append(colonne < _debut(jour + timedelta(days=1)))
    return toutes


_RANG_PRIORITE = sa.case({p.value: rang for rang, p in enumerate(Priorite)}, value=Intervention.priorite, else_=9)
_RANG_STATUT = sa.case({s.value: rang for rang, s in enumerate(Statut)}, value=Intervention.statut, else_=9)


def _trier(session: Session, requete: sa.Select[Any], query: ListQuery) -> sa.Select[Any]:
    tri = query.tri or "date_creation"
    descendant = query.descendant if query.tri else True
    cles: list[Any]
    if tri == "client":
        noms = rang(session, Client.id, Client.nom_entreprise)
        requete, cles = requete.join(noms, noms.c.id == Intervention.client_id), [noms.c.rang]
    elif tri == "equipement":
        noms = rang(session, Equipement.id, Equipement.nom)
        requete, cles = requete.join(noms, noms.c.id == Intervention.equipement_id), [noms.c.rang]
    elif tri == "technicien":
        noms = rang(session, User.id, User.full_name)
        requete = requete.outerjoin(Technicien, Technicien.id == Intervention.technicien_id)
        requete, cles = requete.outerjoin(noms, noms.c.id == Technicien.user_id), [noms.c.rang]
    elif tri == "agence_code":
        requete = requete.outerjoin(Agence, Agence.id == Intervention.agence_id)
        cles = [Agence.code]
    elif tri == "titre":
        noms = rang(session, Intervention.titre, Intervention.titre)
        requete, cles = requete.join(noms, noms.c.id == Intervention.titre), [noms.c.rang]
    else:
        cles = [
            {
                "priorite": _RANG_PRIORITE,
                "statut": _RANG_STATUT,
                "numero": Intervention.numero,
                "date_planifiee": Intervention.date_planifiee,
                "date_limite": Intervention.date_limite,
            }.get(tri, Intervention.date_creation)
        ]
    return ordonner(requete, cles, Intervention.id, descendant=descendant)


def _par_sla(session: Session, requete: sa.Select[int], query: ListQuery) -> list[int]:
    """What runs, by deadline; then what waits; then done work, newest first, each statut straight from its index."""
    i = Intervention
    limite = (i.date_limite.desc() if query.descendant else i.date_limite.asc()).nulls_last()
    court = requete.where(i.statut.in_(_ACTIFS)).order_by(limite, i.id.desc())
    trouves = identifiants(session, court.limit(query.limite))
    for statut in (Statut.EN_ATTENTE, Statut.CLOTUREE, Statut.ARCHIVEE, Statut.ANNULEE):
        reste = None if query.limite is None else query.limite - len(trouves)
        suite = requete.where(i.statut == statut).order_by(i.statut, i.date_creation.desc(), i.id.desc())
        trouves += identifiants(session, suite.limit(reste))
    return trouves


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """The matching identifiers, in order; newest first when no column is chosen."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    requete = sa.select(Intervention.id).where(*conditions(session, acteur, query.texte))
    if query.tri == "sla":
        return _par_sla(session, requete, query)
    return identifiants(session, _trier(session, requete, query).limit(query.limite))


_COLONNES = (
    Intervention.id, Intervention.numero, Intervention.statut, Intervention.priorite, Intervention.titre,
    Client.nom_entreprise, Equipement.nom.label("equipement"), Intervention.technicien_id, Agence.code,
    Intervention.agence_id, Intervention.date_creation, Intervention.date_planifiee, Intervention.date_limite,
    Intervention.date_fin_travaux, Intervention.date_cloture, Contrat,
)  # fmt: skip


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[InterventionLigne]:
    """Rows of a visible window, in the order of ``ids``; rows out of the person's scope are left out."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    attente, conflit = marques(session, "interventions", ids)
    horloges, maintenant = Horloges(session), clock.now()
    lignes: dict[int, InterventionLigne] = {}
    for paquet in paquets(ids):
        requete = (
            sa.select(*_COLONNES)
            .join(Client, Client.id == Intervention.client_id)
            .join(Equipement, Equipement.id == Intervention.equipement_id)
            .outerjoin(Agence, Agence.id == Intervention.agence_id)
            .outerjoin(Contrat, Contrat.id == Intervention.contrat_id)
            .where(Intervention.id.in_(paquet), *portee_interventions(acteur))
        )
        lues = list(session.execute(requete))
        techniciens = technicien_names.noms(session, (r.technicien_id for r in lues))
        for r in lues:
            tenu = tenu_par(r.Contrat, r.date_creation)
            etat = sla.situation(
                horloges.de(r.agence_id, tenu.horaire_sla if tenu else None), Statut(r.statut), r.date_creation,
                r.date_limite,
                sla.remise_en_service(r.date_fin_travaux, r.date_cloture), maintenant,
            )  # fmt: skip
            lignes[r.id] = InterventionLigne(
                r.id, r.numero, r.statut, r.priorite, r.titre, r.nom_entreprise, r.equipement,
                techniciens.get(r.technicien_id), r.code or "", r.date_creation, r.date_planifiee, r.date_limite,
                etat.reste_min, etat.etat.value,
                r.id in attente, r.id in conflit,
            )  # fmt: skip
    return dans_l_ordre(ids, lignes)
