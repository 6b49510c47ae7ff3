"""The list of interventions: identifiers in order, then rows of the window on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain import numeros, recherche, sla
from erp_desktop.domain.enums import EtatCreneau, EtatOccurrence, Priorite, Role, Statut, TypeIntervention, TypeLigne
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import (
    Agence,
    Client,
    CodePanne,
    Contrat,
    Creneau,
    Equipement,
    HistoriqueIntervention,
    Intervention,
    LigneIntervention,
    Occurrence,
    PieceDetachee,
    Technicien,
    User,
)
from erp_desktop.models.interventions import DUE
from erp_desktop.registry import technicien_names
from erp_desktop.services.interventions.pages import strata
from erp_desktop.services.search import exact
from erp_desktop.services.shared.availability import appele
from erp_desktop.services.shared.clocks import Horloges, PriseEnCharge, prise_en_charge, tenu_par
from erp_desktop.services.shared.lists import (
    contient,
    dans_l_ordre,
    hors_index,
    marques,
    paquets,
    portee,
    un_de,
)

MOTS = (
    "technicien", "client", "contrat", "equipement", "arbre", "famille", "probleme", "cause", "piece", "agence",
)  # fmt: skip
LISTES: dict[str, list[str]] = {
    "statut": list(Statut),
    "priorite": list(Priorite),
    "type": list(TypeIntervention),
    "sla": ["depasse", "proche", "echu"],
    "sans": ["technicien", "famille", "probleme", "cause", "contrat", "agence"],
    "avec": ["pieces"],
    "planifiee": ["passee", "a_planifier"],
}
JOURS: dict[str, tuple[Any, str]] = {
    "": (DUE, "idx_intervention_quand"),
    "cree": (Intervention.date_creation, "idx_intervention_date_creation"),
    "cloture": (Intervention.date_cloture, "idx_intervention_cloture"),
    "echeance": (Intervention.date_limite, "idx_intervention_date_limite"),
    "planifiee": (Intervention.date_planifiee, "idx_intervention_date_planifiee"),
}
"""What ``<mot>_depuis`` and ``<mot>_avant`` speak of, without a word ``depuis`` and ``avant``, and its index."""
DATES = (
    "ouverte_le",
    "visite_depuis",
    "visite_avant",
    *(f"{mot}_{bout}".lstrip("_") for mot in JOURS for bout in ("depuis", "avant")),
)
PROCHE = timedelta(hours=4)
"""A deadline so near is in danger."""


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
    prise: PriseEnCharge


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


def _par_mot(session: Session, mot: str, valeurs: list[str], *, suit: bool, pres: bool) -> sa.ColumnElement[bool]:
    """One typed word as a condition; its values widen. With ``suit`` by no index, but the one of the order; with
    ``pres`` each row looks up what it refers to, and no table of names is read through."""

    def de(nom: str) -> Any:
        colonne = getattr(Intervention, nom)
        return hors_index(colonne) if suit else colonne

    if mot in ("statut", "priorite", "type"):
        return de(mot).in_(valeurs)  # type: ignore[no-any-return]
    if mot == "sla":
        limite, maintenant = de("date_limite"), clock.now()
        # Spelled as in the index of running deadlines.
        actif = de("statut").in_(strata.ACTIFS) if suit else strata.ONGOING
        etats = {"depasse": limite < maintenant, "proche": limite.between(maintenant, maintenant + PROCHE)}
        courus = sa.and_(actif, sa.or_(sa.false(), *(etats[v] for v in valeurs if v in etats)))
        return sa.or_(limite < maintenant, courus) if "echu" in valeurs else courus
    if mot == "sans":
        manques = {nom: de(f"{nom}_id").is_(None) for nom in ("technicien", "probleme", "cause", "contrat", "agence")}
        inconnues = sa.select(Equipement.id).where(Equipement.type_equipement.is_(None))
        manques["famille"] = de("equipement_id").in_(inconnues)
        return sa.and_(*(manques[v] for v in valeurs)) if valeurs else sa.false()
    if mot == "technicien":
        cible = sa.select(Technicien.id).join(User, User.id == Technicien.user_id)
        cible = cible.outerjoin(Agence, Agence.id == Technicien.agence_id)
        colonne = de("technicien_id")

        def technicien(noms: list[str]) -> Any:
            return colonne.in_(cible.where(sa.or_(*(appele(session, v) for v in noms))))

        return exact.of(colonne, valeurs, technicien)
    if mot in ("client", "contrat"):
        return {"client": exact.client, "contrat": exact.contract}[mot](
            session, de(f"{mot}_id"), valeurs, near=pres)  # fmt: skip
    if mot in ("equipement", "arbre"):
        nom = exact.machine(session, valeurs)
        if pres and mot == "equipement":
            sienne = sa.exists().where(Equipement.id == Intervention.equipement_id, nom)
            return sienne.correlate_except(Equipement)
        return de("equipement_id").in_(  # type: ignore[no-any-return]
            exact.below(nom) if mot == "arbre" else sa.select(Equipement.id).where(nom)
        )
    if mot == "famille":
        types = sa.or_(*(exact.text(session, Equipement.type_equipement, v) for v in valeurs))
        return de("equipement_id").in_(sa.select(Equipement.id).where(types))  # type: ignore[no-any-return]
    if mot in ("probleme", "cause"):
        colonne = de(f"{mot}_id")

        def panne(noms: list[str]) -> Any:
            dit = sa.or_(*(contient(session, CodePanne.libelle, v) for v in noms))
            return colonne.in_(sa.select(CodePanne.id).where(dit))

        return exact.of(colonne, valeurs, panne)
    if mot in ("avec", "piece"):
        return Intervention.id.in_(_pieces(session, valeurs if mot == "piece" else ()))
    if mot == "planifiee":
        dites = {"passee": de("date_planifiee") < clock.now(), "a_planifier": a_planifier(suit=suit)}
        return sa.or_(sa.false(), *(dites[v] for v in valeurs))
    return agences(session, de("agence_id"), valeurs)


def agences(session: Session, colonne: Any, valeurs: list[str]) -> sa.ColumnElement[bool]:
    """Of the agencies that ``valeurs`` name by their code or a part of their name."""

    def nommees(noms: list[str]) -> Any:
        a = aliased(Agence)
        dite = (sa.or_(sa.func.lower(a.code) == v, contient(session, a.nom, v)) for v in noms)
        return colonne.in_(sa.select(a.id).where(sa.or_(*dite)))

    return exact.of(colonne, valeurs, nommees)


def a_planifier(*, suit: bool = False) -> sa.ColumnElement[bool]:
    """Open work that waits for its day or for who does it. With ``suit`` by no index, but the one of the order."""
    i, creneau = Intervention, Creneau
    statut, technicien = (hors_index(i.statut), hors_index(i.technicien_id)) if suit else (i.statut, i.technicien_id)
    return sa.and_(
        statut.in_(strata.A_PLANIFIER), sa.or_(i.date_planifiee.is_(None), technicien.is_(None)),
        ~sa.exists().where(creneau.intervention_id == i.id, creneau.etat != EtatCreneau.ANNULE),
    )  # fmt: skip


def _pieces(session: Session, noms: Sequence[str]) -> sa.Select[Any]:
    """Interventions that took parts; with ``noms``, those parts of the catalogue."""
    ligne, piece = LigneIntervention, PieceDetachee
    prises = sa.select(ligne.intervention_id).where(ligne.type_ligne == TypeLigne.PIECE, ligne.prevue.is_(False))
    if not noms:
        return prises

    def piece_dite(autres: list[str]) -> Any:
        dite = sa.or_(*(un_de(session, v, piece.reference, piece.designation) for v in autres))
        return ligne.piece_id.in_(sa.select(piece.id).where(dite))

    return prises.where(exact.of(ligne.piece_id, noms, piece_dite))


def libre(session: Session, mot: str, *, pres: bool = False) -> sa.ColumnElement[bool]:
    """One free word as a condition; ``pres`` as of a typed one."""
    morceaux = numeros.fragments(mot)
    if morceaux:
        return Intervention.numero.like(f"INT-%{'%'.join(morceaux)}")
    ailleurs = de_client_ou_machine(session, mot, pres=pres)
    return sa.or_(un_de(session, mot, Intervention.titre, Intervention.numero), *ailleurs)


def de_client_ou_machine(
    session: Session, mot: str, *, pres: bool = False
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """A free word as a condition on the client, and on the machine."""
    nomme = contient(session, Client.nom_entreprise, mot)
    appelee = un_de(session, mot, Equipement.nom, Equipement.code_interne)
    if pres:
        de, sur = Client.id == Intervention.client_id, Equipement.id == Intervention.equipement_id
        # An order may join the same table.
        client, machine = sa.exists().where(de, nomme), sa.exists().where(sur, appelee)
        return client.correlate_except(Client), machine.correlate_except(Equipement)
    clients, machines = sa.select(Client.id).where(nomme), sa.select(Equipement.id).where(appelee)
    return Intervention.client_id.in_(clients), Intervention.equipement_id.in_(machines)


def _ouverte(quand: datetime) -> list[sa.ColumnElement[bool]]:
    """Open at an instant, as the backlog of the reports counts: created before, neither closed nor cancelled then."""
    i, h = Intervention, HistoriqueIntervention
    annulees = sa.select(h.intervention_id).where(h.statut == Statut.ANNULEE.value, h.horodatage >= quand)
    return [
        i.date_creation < quand,
        sa.or_(
            i.statut.in_((*strata.ACTIFS, Statut.EN_ATTENTE)),
            sa.and_(i.statut.in_((Statut.CLOTUREE, Statut.ARCHIVEE)), i.date_cloture >= quand),
            sa.and_(i.statut.in_((Statut.ANNULEE, Statut.ARCHIVEE)), i.date_cloture.is_(None), i.id.in_(annulees)),
        ),
    ]  # fmt: skip


def jours(
    filtre: recherche.Filtre, *, suit: bool = False, tri: str | None = None
) -> dict[str, list[sa.ColumnElement[bool]]]:  # fmt: skip
    """Of each column of :data:`JOURS` that it speaks of, what it asks; ``suit`` and ``tri`` as of :func:`dites`."""
    dits: dict[str, list[sa.ColumnElement[bool]]] = {}
    for mot, jour in filtre.dates.items():
        nom, _, bout = mot.rpartition("_")
        if nom in JOURS:
            colonne = hors_index(JOURS[nom][0]) if suit and nom != strata.DAYS.get(tri) else JOURS[nom][0]
            depuis = bout == "depuis"
            dit = colonne >= _debut(jour) if depuis else colonne < _debut(jour + timedelta(days=1))
            dits.setdefault(nom, []).append(dit)
    return dits


def bornes(filtre: recherche.Filtre) -> tuple[datetime | None, datetime | None]:
    """The instant from which on all of it was called, and the one before which all of it is due."""
    depuis, avant = filtre.dates.get("cree_depuis"), filtre.dates.get("avant")
    return (_debut(depuis) if depuis else None), (_debut(avant + timedelta(days=1)) if avant else None)


def conditions(
    session: Session, acteur: Acteur, texte: str, *, suit: bool = False, pres: bool = False, tri: str | None = None
) -> list[sa.ColumnElement[bool]]:  # fmt: skip
    """WHERE clauses of the filter box and of the person's scope, for lists, exports and reports alike.

    ``depuis`` and ``avant`` speak of the due date, else the planned date, else the day of the call; both ends count.
    """
    return [*portee_interventions(acteur), *dites(session, texte, suit=suit, pres=pres, tri=tri)]


def dites(
    session: Session, texte: str, *, suit: bool = False, pres: bool = False, tri: str | None = None
) -> list[sa.ColumnElement[bool]]:  # fmt: skip
    """WHERE clauses of the filter box alone. The day that ``tri`` sorts by is a range of the order's index."""
    filtre = lire_filtre(texte)
    dits = jours(filtre, suit=suit, tri=tri)
    # Since a day a few have happened; of a statut there are many, which SQLite cannot know of the rest of them.
    large = ("statut", "priorite") if any(mot.endswith("_depuis") for mot in filtre.dates) else ()
    toutes = sans_jours(session, filtre, suit=suit, pres=pres, large=large)
    return [*toutes, *(dit for de_la_colonne in dits.values() for dit in de_la_colonne)]


def sans_jours(
    session: Session, filtre: recherche.Filtre, *, suit: bool = False, pres: bool = False, large: Sequence[str] = ()
) -> list[sa.ColumnElement[bool]]:
    """The same without what :func:`jours` tells; the words of ``large`` by no index."""
    toutes: list[sa.ColumnElement[bool]] = []
    for mot, valeurs in filtre.mots.items():
        toutes.append(_par_mot(session, mot, valeurs, suit=suit or mot in large, pres=pres))
    toutes += [libre(session, mot, pres=pres) for mot in filtre.libre]
    for mot, jour in filtre.dates.items():
        if mot == "ouverte_le":
            toutes += _ouverte(min(_debut(jour + timedelta(days=1)), clock.now()))
        elif mot.startswith("visite_"):
            due_le = Occurrence.date_cible >= jour if mot == "visite_depuis" else Occurrence.date_cible <= jour
            vues = sa.select(Occurrence.id).where(due_le, Occurrence.etat != EtatOccurrence.RETIREE)
            toutes.append(Intervention.occurrence_id.in_(vues))
    return toutes


_COLONNES = (
    Intervention.id, Intervention.numero, Intervention.statut, Intervention.priorite, Intervention.titre,
    Client.nom_entreprise, Equipement.nom.label("equipement"), Intervention.technicien_id, Agence.code,
    Intervention.agence_id, Intervention.date_creation, Intervention.date_planifiee, Intervention.date_limite,
    Intervention.date_debut_travaux, Intervention.date_fin_travaux, Intervention.date_cloture, Contrat,
)  # fmt: skip


def _lues(session: Session, requete: sa.Select[*tuple[Any, ...]]) -> list[Any]:
    return list(session.execute(requete))


def _horloges(session: Session, connues: Horloges | None) -> Horloges:
    return connues or Horloges(session)


def _de_lignes(acteur: Acteur, dites: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*_COLONNES)
        .join(Client, Client.id == Intervention.client_id)
        .join(Equipement, Equipement.id == Intervention.equipement_id)
        .outerjoin(Agence, Agence.id == Intervention.agence_id)
        .outerjoin(Contrat, Contrat.id == Intervention.contrat_id)
        .where(dites, *portee_interventions(acteur))
    )


def rows(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[InterventionLigne]:
    """Rows of a visible window, in the order of ``ids``; rows out of the person's scope are left out."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    marquees = marques(session, "interventions", ids)
    horloges: Horloges | None = None
    lignes: dict[int, InterventionLigne] = {}
    for paquet in paquets(ids):
        requete = _de_lignes(acteur, Intervention.id.in_(paquet))
        lues, horloges, tous = abreast(
            session, partial(_lues, requete=requete), partial(_horloges, connues=horloges), technicien_names.tous
        )
        lignes |= _lignes(lues, horloges, tous, *marquees)
    return dans_l_ordre(ids, lignes)


def first_rows(
    session: Session, acteur: Acteur, page: sa.Select[int], shown: int, skipped: int = 0
) -> tuple[list[int], list[InterventionLigne]]:
    """At the centre what ``page`` selects and the rows of some of them, the first ones or those behind what is
    ``skipped``, in one round trip."""
    choisies = page.subquery()
    # Found once for both: PostgreSQL keeps what is named so and asked twice.
    une = sa.select(choisies.c.id, sa.func.row_number().over().label("n")).cte("page")
    vues = sa.select(une.c.id).where(une.c.n > skipped, une.c.n <= skipped + shown)
    requete, toutes = _de_lignes(acteur, Intervention.id.in_(vues)), sa.select(une.c.id).order_by(une.c.n)
    ids, lues, horloges, tous = abreast(
        session, lambda s: list(s.scalars(toutes)), partial(_lues, requete=requete), Horloges, technicien_names.tous
    )
    return ids, dans_l_ordre(ids[skipped : skipped + shown], _lignes(lues, horloges, tous, set(), set()))


def _lignes(
    lues: Sequence[Any], horloges: Horloges, tous: Any, attente: set[int], conflit: set[int]
) -> dict[int, InterventionLigne]:
    maintenant = clock.now()
    lignes: dict[int, InterventionLigne] = {}
    techniciens = technicien_names.dire(tous, [r.technicien_id for r in lues])
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
            r.id in attente, r.id in conflit, prise_en_charge(horloges, r, r.Contrat, maintenant),
        )  # fmt: skip
    return lignes
