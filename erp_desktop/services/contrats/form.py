"""One contract: its form, its creation, its edits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.echeancier import Echeance, echeancier
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import ModeFacturation, StatutContrat
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError, TransitionError, ValidationError
from erp_desktop.models import Agence, Client, Contrat, Equipement, Intervention
from erp_desktop.models.local import compteurs
from erp_desktop.services import calendrier
from erp_desktop.services.contrats import following
from erp_desktop.services.interventions.numbers import poste_local
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import agence_de, appliquer, charger, ecrire, lie
from erp_desktop.services.shared.lists import est_sqlite

_MOIS_A_VENIR = 12
_ECHEANCES = frozenset({"temps_reponse_urgence", "temps_reponse_normal", "horaire_sla", "date_debut", "date_fin"})
"""What deadlines of open work depend on."""


@dataclass(frozen=True, slots=True)
class ContratFiche:
    """Every field of the form, with the labels of what it points to.

    Attributes:
        etat: the statut on the day, an end that has come included.
        jours: until the end; negative once it has come; None without one.
        rappel: 90, 60 or 30 when the end is that near.
    """

    id: int
    agence_id: int | None
    numero_contrat: str
    client_id: int
    type_contrat: str
    statut: str
    objet: str | None
    date_debut: date
    date_fin: date | None
    date_signature: date | None
    date_resiliation: date | None
    motif: str | None
    montant_annuel: Decimal | None
    mode_facturation: str
    revision_pct: Decimal | None
    indice: str | None
    nb_interventions_incluses: int | None
    heures_incluses: int | None
    delai_paiement_jours: int | None
    temps_reponse_urgence: int | None
    temps_reponse_normal: int | None
    horaire_sla: str
    penalites_retard: Decimal | None
    reconduction: str
    duree_mois: int | None
    preavis_jours: int | None
    seuil_alerte_pct: int | None
    created_at: datetime
    updated_at: datetime
    client: str
    agence_code: str
    etat: str
    jours: int | None
    rappel: int | None
    preavis_avant: date | None


_PROPRES = [f.name for f in fields(ContratFiche) if f.name in Contrat.__table__.columns]


def get(session: Session, acteur: Acteur, id: int) -> ContratFiche:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.FICHIER_LIRE)
    aujourdhui, k = clock.today(), Contrat
    ligne, client, agence = abreast(
        session, lambda s: charger(s, acteur, Contrat, id, "ce contrat"),
        lambda s: s.scalar(sa.select(Client.nom_entreprise).join(k, k.client_id == Client.id).where(k.id == id)),
        lambda s: s.scalar(sa.select(Agence.code).join(k, k.agence_id == Agence.id).where(k.id == id)),
    )  # fmt: skip
    etat = cycle.effectif(ligne.statut, ligne.date_fin, aujourdhui)
    return ContratFiche(
        **{nom: getattr(ligne, nom) for nom in _PROPRES},
        client=client,
        agence_code=agence or "",
        etat=etat.value,
        jours=None if ligne.date_fin is None else (ligne.date_fin - aujourdhui).days,
        rappel=cycle.rappel(ligne.date_fin, aujourdhui) if etat in cycle.VIVANTS else None,
        preavis_avant=cycle.preavis(ligne.date_fin, ligne.preavis_jours),
    )


def echeances(fiche: ContratFiche, jour: date) -> list[Echeance]:
    """Every part that is invoiced up to a year from ``jour``, the contract's end or the day that ended it."""
    if not fiche.montant_annuel:
        return []
    fin = fiche.date_fin
    if fiche.statut == StatutContrat.RESILIE and fiche.date_resiliation is not None:
        arret = fiche.date_resiliation - cycle.UN_JOUR
        fin = arret if fin is None else min(fin, arret)
    return echeancier(
        fiche.montant_annuel, ModeFacturation(fiche.mode_facturation), fiche.date_debut, fin,
        cycle.plus_mois(jour, _MOIS_A_VENIR), fiche.revision_pct,
    )  # fmt: skip


def ouvrir(session: Session, acteur: Acteur, id: int) -> Contrat:  # noqa: A002
    """The mapped row for writing: a draft by whoever writes records, what was validated by a responsable.

    Raises:
        NotAllowedError, NotFoundError, TransitionError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    ligne = charger(session, acteur, Contrat, id, "ce contrat", ecrire=True)
    if ligne.statut == StatutContrat.RESILIE:
        raise TransitionError("Un contrat résilié ne se modifie plus.")
    if ligne.statut != StatutContrat.BROUILLON and not roles.peut(acteur.role, roles.Droit.VALIDER):
        raise NotAllowedError("Un contrat validé se modifie par un responsable.")
    return ligne


def remanier(ligne: Contrat) -> None:
    """What hangs on a contract changes: of a draft it is the draft that does.

    So nobody validates it without having seen that, and it is refused once somebody validated the draft, as any other
    change of it (``docs/sync.md``).
    """
    if ligne.statut == StatutContrat.BROUILLON:
        ligne.updated_at = clock.now()


def modifiable(acteur: Acteur, statut: str | None) -> bool:
    """Whether this person may write a contract of that statut (None: a new one), as :func:`ouvrir` decides."""
    if statut == StatutContrat.RESILIE:
        return False
    droit = roles.Droit.FICHIER_ECRIRE if statut in (None, StatutContrat.BROUILLON) else roles.Droit.VALIDER
    return roles.peut(acteur.role, droit)


def _numero(session: Session, agence: Agence | None) -> str:
    """The next number of the agency's contracts of this year on this desktop."""
    code = agence.code if agence else "MIF"
    prefixe = f"CTR-{code}-{poste_local(session):02d}-{clock.local(clock.now()).year}-"
    if not est_sqlite(session):
        session.execute(sa.text("SELECT sync.reserver_numeros(:code)"), {"code": code})
    pris = session.scalar(
        sa.select(sa.func.max(Contrat.numero_contrat)).where(Contrat.numero_contrat.startswith(prefixe))
    )
    dernier = int(pris.rpartition("-")[2]) if pris else 0
    if est_sqlite(session):
        garde = session.scalar(sa.select(compteurs.c.valeur).where(compteurs.c.nom == prefixe))
        dernier = max(dernier, garde or 0)
        if garde is None:
            session.execute(sa.insert(compteurs).values(nom=prefixe, valeur=dernier + 1))
        else:
            session.execute(sa.update(compteurs).where(compteurs.c.nom == prefixe).values(valeur=dernier + 1))
    return f"{prefixe}{dernier + 1:04d}"


def create(session: Session, acteur: Acteur, saisie: ContratInput) -> int:
    """Add a draft to a client, in the client's agency; returns its id.

    Raises:
        NotAllowedError, ValidationError
    """
    roles.exiger(acteur, roles.Droit.FICHIER_ECRIRE)
    trace.annoncer(session, acteur)
    client = session.get(Client, saisie.client_id)
    heritee = client.agence_id if client is not None and roles.voit_tout(acteur) else None
    agence_id = agence_de(session, acteur, heritee, partage=True)
    _client(session, acteur, saisie.client_id, agence_id)
    agence = session.get(Agence, agence_id) if agence_id is not None else None
    ligne = Contrat(
        **saisie.model_dump(), agence_id=agence_id, numero_contrat=_numero(session, agence),
        statut=StatutContrat.BROUILLON.value, created_by_id=acteur.user_id,
    )  # fmt: skip
    session.add(ligne)
    ecrire(session)
    return ligne.id


def _client(session: Session, acteur: Acteur, client_id: int, agence_id: int | None) -> None:
    lie(session, acteur, Client, client_id, "client_id", "Ce client n'existe pas dans cette agence.", agence_id)


def _attache(session: Session, ident: int) -> bool:
    """Whether machines or work of the client name the contract."""
    return any(
        session.scalar(sa.select(modele.id).where(modele.contrat_id == ident).limit(1)) is not None
        for modele in (Equipement, Intervention)
    )


def update(
    session: Session,
    acteur: Acteur,
    id: int,  # noqa: A002
    changes: dict[str, object],
    quand: datetime | None = None,
) -> None:
    """Change fields of the form; deadlines of open work follow, with a row in their history.

    Covers that end with the contract follow its end.

    Args:
        quand: when the change took effect, where each desktop makes it by itself.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    ligne = ouvrir(session, acteur, id)
    actuel: dict[str, Any] = {nom: getattr(ligne, nom) for nom in ContratInput.model_fields}
    nouvelles = ContratInput.changements(actuel, dict(changes))
    if not nouvelles:
        return
    if "client_id" in nouvelles:
        _client(session, acteur, nouvelles["client_id"], ligne.agence_id)
        if _attache(session, id):
            raise ValidationError({"client_id": "Des équipements ou des interventions sont sous ce contrat."})
    trace.annoncer(session, acteur)
    if _ECHEANCES & nouvelles.keys():
        with calendrier.changement(session, f"contrat {ligne.numero_contrat}", acteur, contrat_id=id, quand=quand):
            fin = ligne.date_fin
            appliquer(ligne, nouvelles)
            following.covers(session, ligne, fin)
    else:
        appliquer(ligne, nouvelles)
    ecrire(session)
