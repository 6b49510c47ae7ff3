"""What has happened that a person should know: read from the database, the same on every replica.

An event is known by its occurrence, which every replica finds alike: the audit row of an assignment, the deadline
that came near, the last delivery before a part ran short, the end that a contract has. Its key is made from event,
object, occurrence and person, so that the desktops of one person and the centre, whoever sees it first, make one row.
Nobody is told of what they did themselves.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import sla
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.enums import EvenementNotification, Role, Statut, StatutContrat
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.models import (
    Base,
    Client,
    Contrat,
    HistoriqueIntervention,
    Intervention,
    MouvementStock,
    PieceDetachee,
    SlaRegle,
    Technicien,
)
from erp_desktop.models.local import sync_conflits, sync_gares, sync_outbox
from erp_desktop.registry.tables import BY_NAME
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared.clocks import Horloges, horaire_de, prise_en_charge
from erp_desktop.services.shared.lists import ListQuery, est_sqlite, paquets, portee
from erp_desktop.services.stock import parts

ESPACE = uuid.UUID("5f0c1a7e-3d2b-5c48-9a61-7e0b4d9f2c33")
"""Name space of the keys; it never changes."""
RECENT = timedelta(days=7)
"""Older than this, a deadline that has passed is seen in the list and told to nobody any more."""
PRISE_EN_CHARGE = "Prise en charge : "
"""What begins the name of an intervention whose work is to begin, rather than to end, by the deadline told of."""
PLUSIEURS = " conflits : "
"""Between how many fields of a record were lost and its name; a single one is not counted."""
_AVANCE = timedelta(days=10)
"""How far ahead deadlines are looked at: a quarter of the longest delay is nearer, nights and Sundays included."""


@dataclass(frozen=True, slots=True)
class Evenement:
    """One thing to tell one person.

    Attributes:
        objet: table and identifier of the record that a click opens.
        occurrence: which one it is, among those of the same kind about the same object.
        contenu: what names the object: number, title; the sentence around it is the window's.
        auteur_id: who did it; None when it is nobody's act.
    """

    evenement: EvenementNotification
    objet: tuple[str, int]
    occurrence: str
    contenu: str
    agence_id: int | None
    auteur_id: int | None = None

    def cle(self, user_id: int) -> str:
        """The key of the row that tells ``user_id``."""
        table, ident = self.objet
        return str(uuid.uuid5(ESPACE, f"{self.evenement}|{table}|{ident}|{self.occurrence}|{user_id}"))


def veille(session: Session, acteur: Acteur) -> bool:
    """Whether the person answers for a whole agency: its responsable, or whoever works on a stand-alone desktop."""
    if acteur.agence_id is not None:
        return acteur.role is Role.RESPONSABLE
    seul = est_sqlite(session) and poste_local(session) == 0
    return seul and acteur.role in (Role.ADMIN, Role.RESPONSABLE)


def trouver(session: Session, acteur: Acteur, *, tout: bool = True) -> list[Evenement]:
    """Everything that the person should be told of now, own acts left out; what was told already included.

    Args:
        tout: False leaves out what reads whole ledgers: minimums of the stock, ends of contracts.
    """
    trouves = [*_affectations(session, acteur), *_echeances(session, acteur)]
    if tout and veille(session, acteur):
        trouves += [*_stock(session, acteur), *_contrats(session, acteur)]
    if est_sqlite(session):
        trouves += [*_conflits(session, acteur), *_refus(session, acteur)]
    return [e for e in trouves if e.auteur_id != acteur.user_id]


def _nomme(intervention: Intervention) -> str:
    return f"{intervention.numero} · {intervention.titre}"


def _affectations(session: Session, acteur: Acteur) -> Iterator[Evenement]:
    moi = sa.select(Technicien.id).where(Technicien.user_id == acteur.user_id)
    en_main = (Statut.AFFECTEE.value, Statut.EN_COURS.value)
    ouvertes = session.scalars(
        sa.select(Intervention).where(Intervention.technicien_id.in_(moi), Intervention.statut.in_(en_main))
    ).all()
    donnees = _donnees(session, [i.id for i in ouvertes])
    for i in ouvertes:
        if (acte := donnees.get(i.id)) is not None:
            yield Evenement(
                EvenementNotification.AFFECTATION, ("interventions", i.id), str(acte.id), _nomme(i), i.agence_id,
                acte.user_id,
            )  # fmt: skip


def _donnees(session: Session, ids: list[int]) -> dict[int, Any]:
    """Intervention → the latest audit row that gave it its technicien, of the last days.

    A row that names the technicien says most exactly who assigned; without one, it is the change to affectée.
    """
    h, trouvees = HistoriqueIntervention, {}
    colonnes = (h.id, h.intervention_id, h.user_id, h.action, h.statut, h.ancienne_valeur, h.nouvelle_valeur)
    for paquet in paquets(ids):
        requete = (
            sa.select(*colonnes)
            .where(h.intervention_id.in_(paquet), h.horodatage >= clock.now() - RECENT)
            .order_by(h.horodatage, h.id)
        )
        nommee: set[int] = set()
        for ligne in session.execute(requete):
            avant, apres = ligne.ancienne_valeur or {}, ligne.nouvelle_valeur or {}
            change = apres.get("technicien_id") not in (None, avant.get("technicien_id"))
            if change or (ligne.statut == Statut.AFFECTEE and ligne.action == "statut"
                          and ligne.intervention_id not in nommee):  # fmt: skip
                trouvees[ligne.intervention_id] = ligne
                nommee |= {ligne.intervention_id} if change else set()
    return trouvees


_SLA = {
    sla.EtatSla.SOON.value: EvenementNotification.SLA_PROCHE,
    sla.EtatSla.LATE.value: EvenementNotification.SLA_DEPASSE,
}


def _suivies(
    session: Session, acteur: Acteur, *conditions: sa.ColumnElement[bool]
) -> list[tuple[Any, Contrat | None]]:
    """Interventions whose deadlines the person is told of, with their contracts."""
    f = Intervention
    miennes = [
        f.technicien_id.in_(sa.select(Technicien.id).where(Technicien.user_id == acteur.user_id)),
        f.created_by_id == acteur.user_id,
    ]
    qui = [] if veille(session, acteur) else [sa.or_(*miennes)]
    lignes = session.scalars(sa.select(f).where(*conditions, *portee(acteur, f.agence_id), *qui)).all()
    sous = {ligne.contrat_id for ligne in lignes} - {None}
    contrats = {c.id: c for c in session.scalars(sa.select(Contrat).where(Contrat.id.in_(sous)))} if sous else {}
    return [(ligne, contrats.get(ligne.contrat_id or 0)) for ligne in lignes]


def _echeances(session: Session, acteur: Acteur) -> Iterator[Evenement]:
    f, r, maintenant = Intervention, SlaRegle, clock.now()
    dues = _suivies(
        session, acteur, f.date_limite.between(maintenant - RECENT, maintenant + _AVANCE),
        f.statut.not_in([s.value for s in TERMINES]),
    )  # fmt: skip
    a_prendre = _suivies(
        session, acteur, f.statut.in_((Statut.OUVERTE.value, Statut.AFFECTEE.value)), f.date_debut_travaux.is_(None),
        sa.exists().where(r.contrat_id == f.contrat_id, r.priorite == f.priorite, r.prise_en_charge_min.is_not(None)),
    )  # fmt: skip
    if not dues and not a_prendre:
        return
    horloges = Horloges(session)
    for ligne, contrat in dues:
        horaire = horaire_de(session, ligne, contrat, horloges)
        etat = sla.situation(
            horaire, Statut(ligne.statut), ligne.date_creation, ligne.date_limite, None, maintenant
        ).etat  # fmt: skip
        if etat.value in _SLA and isinstance(ligne.date_limite, datetime):
            limite = clock.to_text(ligne.date_limite)
            yield Evenement(_SLA[etat.value], ("interventions", ligne.id), limite, _nomme(ligne), ligne.agence_id)
    for ligne, contrat in a_prendre:
        prise = prise_en_charge(horloges, ligne, contrat, maintenant)
        if prise.etat in _SLA and prise.limite is not None and prise.limite >= maintenant - RECENT:
            occurrence = f"prise|{clock.to_text(prise.limite)}"
            yield Evenement(
                _SLA[prise.etat], ("interventions", ligne.id), occurrence, f"{PRISE_EN_CHARGE}{_nomme(ligne)}",
                ligne.agence_id,
            )  # fmt: skip


def _stock(session: Session, acteur: Acteur) -> Iterator[Evenement]:
    """A part under its minimum, once since its last delivery; whoever took the last ones knows it."""
    m = MouvementStock
    for paquet in paquets(parts.ids(session, acteur, ListQuery("etat:sous_minimum"))):
        entree, sortie = sa.func.max(sa.case((~_sort(), m.id))), sa.func.max(sa.case((_sort(), m.id)))
        requete = (
            sa.select(m.piece_id, entree, sortie)
            .where(m.piece_id.in_(paquet), *portee(acteur, m.agence_id))
            .group_by(m.piece_id)
        )
        derniers = {piece: (entre, sorti) for piece, entre, sorti in session.execute(requete)}
        auteurs = dict(
            session.execute(
                sa.select(m.id, m.created_by_id).where(m.id.in_([s for _, s in derniers.values() if s is not None]))
            ).all()
        )
        for piece in session.scalars(sa.select(PieceDetachee).where(PieceDetachee.id.in_(paquet))):
            entre, sorti = derniers.get(piece.id, (None, None))
            yield Evenement(
                EvenementNotification.STOCK_MINIMUM, ("pieces_detachees", piece.id),
                f"{entre or 0}|{acteur.agence_id or 0}", f"{piece.reference} · {piece.designation}",
                acteur.agence_id, auteurs.get(sorti),
            )  # fmt: skip


def _sort() -> sa.ColumnElement[bool]:
    return sa.cast(MouvementStock.quantite, sa.Float()) < 0


def _contrats(session: Session, acteur: Acteur) -> Iterator[Evenement]:
    jour = clock.today()
    requete = (
        sa.select(Contrat, Client.nom_entreprise)
        .join(Client, Client.id == Contrat.client_id)
        .where(
            Contrat.statut.in_((StatutContrat.EN_COURS.value, StatutContrat.SUSPENDU.value)),
            Contrat.date_fin.between(jour, jour + timedelta(days=max(cycle.RAPPELS))),
            *portee(acteur, Contrat.agence_id),
        )
    )
    for contrat, client in session.execute(requete):
        rappel = cycle.rappel(contrat.date_fin, jour)
        yield Evenement(
            EvenementNotification.CONTRAT_ECHEANCE, ("contrats", contrat.id), f"{contrat.date_fin}|{rappel}",
            f"{contrat.numero_contrat} · {client} · {contrat.date_fin:%d/%m/%Y}",
            contrat.agence_id or acteur.agence_id,
        )  # fmt: skip


def _conflits(session: Session, acteur: Acteur) -> Iterator[Evenement]:
    """What this desktop's own changes lost against somebody else's, until it is decided: one for each record.

    One exchange brings all that a record lost at one time, and the first of them stays its occurrence once some are
    decided.
    """
    c = sync_conflits.c
    a_decider = sa.func.count().filter(c.resolu.is_(None))
    requete = (
        sa.select(sa.func.min(c.id), c.nom_table, c.pk, a_decider)
        .where(c.a_decider == 1, c.auteur_mien == acteur.user_id)
        .group_by(c.nom_table, c.pk, c.quand)
        .having(a_decider > 0)
    )
    for ident, table, pk, nombre in session.execute(requete).all():
        nom = _libelle(session, table, pk)
        contenu = f"{nombre}{PLUSIEURS}{nom}" if nombre > 1 else nom
        yield Evenement(EvenementNotification.CONFLIT, (table, pk), str(ident), contenu, acteur.agence_id)


def _refus(session: Session, acteur: Acteur) -> Iterator[Evenement]:
    """What the centre refused of this person's changes, until it is corrected or given up."""
    g, o = sync_gares.c, sync_outbox.c
    requete = (
        sa.select(g.id, g.raison, sa.func.min(o.nom_table), sa.func.min(o.pk))
        .join(sync_outbox, o.refus == sa.cast(g.id, sa.Text()))
        .where(g.etat == "gare", o.user_id == acteur.user_id)
        .group_by(g.id, g.raison)
    )
    for ident, raison, table, pk in session.execute(requete):
        yield Evenement(
            EvenementNotification.REFUS, (table, pk), f"{acteur.poste}|{ident}", str(raison), acteur.agence_id
        )


def _libelle(session: Session, table: str, pk: int) -> str:
    """What a person calls the row; empty when it has no name or is gone."""
    nom = BY_NAME[table].name_column if table in BY_NAME else ""
    if not nom:
        return ""
    lignes = Base.metadata.tables[table]
    return str(session.scalar(sa.select(lignes.c[nom]).where(lignes.c.id == pk)) or "")
