"""The managers' report on interventions: volumes, backlog, commitments, repair time, cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError, NotFoundError
from erp_desktop.models import Agence, Client, Equipement, Intervention, Technicien
from erp_desktop.models.local import sync_journal
from erp_desktop.registry import technicien_names
from erp_desktop.reports.figures import kept
from erp_desktop.reports.figures.encours import Encours, compter, par_ages
from erp_desktop.reports.figures.measures import CLOSES, CREEES, LISTES, PAIRE, SLA, Sums, still_to_come
from erp_desktop.reports.modele import (
    Cout,
    Delai,
    LigneEquipement,
    LigneTechnicien,
    MoisRapport,
    Mttr,
    ParamsRapport,
    Precedent,
    RapportInterventions,
    Sla,
    Volume,
    cout_total,
    delai_total,
    mois_touches,
    mttr_total,
    sla_total,
)
from erp_desktop.reports.sql import minuit, sans_jit

__all__ = ["ParamsRapport", "RapportInterventions", "agence", "agences", "autoriser", "calculer", "freshness"]

I = Intervention  # noqa: E741


def autoriser(session: Session, acteur: Acteur, params: ParamsRapport) -> ParamsRapport:
    """Narrow ``params`` to what the person may see: own agency away from headquarters, own work for a technicien.

    Raises:
        NotAllowedError: for a client, another agency, or a technicien without a record.
    """
    if acteur.role is Role.CLIENT:
        raise NotAllowedError("Les rapports ne sont pas ouverts aux clients.")
    agence_id = params.agence_id
    if acteur.role is not Role.ADMIN and acteur.agence_id is not None:
        if agence_id not in (None, acteur.agence_id):
            raise NotAllowedError("Vous ne pouvez voir que les rapports de votre agence.")
        agence_id = acteur.agence_id
    technicien_id = params.technicien_id
    if acteur.role is Role.TECHNICIEN:
        technicien_id = session.scalar(sa.select(Technicien.id).where(Technicien.user_id == acteur.user_id))
        if technicien_id is None:
            raise NotAllowedError("Votre compte n’est rattaché à aucune fiche de technicien.")
    return ParamsRapport(params.debut, params.fin, agence_id, technicien_id, params.top)


def agences(session: Session) -> tuple[tuple[int, str], ...]:
    """Identifier and name of every active agency, for a picker."""
    requete = sa.select(Agence.id, Agence.nom, Agence.code).where(Agence.is_active).order_by(Agence.nom)
    return tuple((i, f"{nom} ({code})") for i, nom, code in session.execute(requete))


def agence(session: Session, agence_id: int | None) -> str:
    """What a report calls its scope.

    Raises:
        NotFoundError: the identifier names no agency.
    """
    if agence_id is None:
        return "Toutes les agences"
    trouve = session.execute(sa.select(Agence.nom, Agence.code).where(Agence.id == agence_id)).one_or_none()
    if trouve is None:
        raise NotFoundError("Cette agence n’existe pas dans cette base.")
    return f"{trouve.nom} ({trouve.code})"


def lire(
    session: Session, acteur: Acteur, params: ParamsRapport
) -> tuple[RapportInterventions, tuple[tuple[int, str], ...], bool]:
    """The report as far as the person may see it, the agencies to choose from, and whether to :func:`kept.keep`.

    Raises:
        NotAllowedError: somebody else's figures.
    """
    permis = autoriser(session, acteur, params)
    rapport, offertes, garder = abreast(session, lambda s: calculer(s, permis), agences, kept.may_keep)
    return rapport, offertes, garder


def freshness(session: Session, now: datetime) -> datetime:
    """Of when the data are: the last exchange with the centre that a cache had, else the moment itself."""
    if session.get_bind().dialect.name != "sqlite":
        return now
    reussi = sa.select(sa.func.max(sync_journal.c.quand)).where(sync_journal.c.erreur.is_(None))
    texte = session.scalar(reussi)
    return clock.from_text(texte) if texte else now


def calculer(session: Session, params: ParamsRapport, *, maintenant: datetime | None = None) -> RapportInterventions:
    """Compute the report from the months that are kept and the rows of the others; the same figures on both engines.

    The period runs from the local midnight that begins ``debut`` to the one that ends ``fin``, both converted to UTC
    instants, so that the change of Morocco's offset moves no intervention to another day.

    - *créées*: ``date_creation`` in the period; ``par_statut`` (present statut), ``par_type`` and ``par_priorite``
      describe them. *clôturées*: ``date_cloture`` in the period and statut ``cloturee`` or ``archivee``.
    - *encours*: created before the end of the period and neither closed nor cancelled before it. The instant of a
      cancellation is its historique row; without one the intervention counts as cancelled from the start. Ages are
      counted in local days back from ``anciennete_au``, the last day of the period or today if that is earlier.
      ``encours_debut`` is the same count at the beginning of the period.
    - *SLA*: commitments whose ``date_limite`` falls in the period and is already past, kept when the machine was back
      (``sla.remise_en_service``) at or before it. What is open is not kept; cancelled work and work in en_attente,
      whose deadline stands still, are no commitments.
    - *MTTR*: ``duree_reelle`` of corrective interventions closed in the period; those without are counted apart.
      *prise en charge* (opening minutes from the demand to the beginning of the work) and *remise en service*
      (elapsed minutes from the demand to its end) describe the same interventions.
    - *minutes* worked: ``duree_reelle``; ``sans_duree`` counts the interventions without.
    - *coût*: before tax, of interventions closed in the period: each line's quantity × price rounded half up to the
      centime, plus ``cout_externe``.
    - *donnees_du*: the last successful exchange with the centre on a cache, otherwise the moment of computation.

    Args:
        session: reads only.
        params: the period and the scope.
        maintenant: the moment of computation, by default now.

    Raises:
        NotFoundError: when ``agence_id`` names no agency.
    """
    a = maintenant or clock.now()
    sans_jit(session)
    return _Calcul(session, params, a).rapport()


class _Somme:
    """What one technicien or one équipement adds up to."""

    def __init__(self) -> None:
        self._valeurs = [0] * PAIRE

    def ajouter(self, valeurs: Iterable[int]) -> None:
        self._valeurs = [a + b for a, b in zip(self._valeurs, valeurs, strict=True)]

    def retirer(self, promises: int, tenues: int) -> None:
        """Deadlines that are not past yet."""
        self._valeurs[3] -= promises
        self._valeurs[4] -= tenues

    @property
    def nombre(self) -> int:
        return self._valeurs[0]

    @property
    def minutes(self) -> int:
        return self._valeurs[1]

    @property
    def sans(self) -> int:
        return self._valeurs[2]

    @property
    def sla(self) -> Sla:
        return Sla(*self._valeurs[3:5])

    @property
    def total(self) -> int:
        """Centimes."""
        return sum(self._valeurs[5:])

    @property
    def cout(self) -> Cout:
        externe, pieces, main_oeuvre, deplacement, autres = (Decimal(c).scaleb(-2) for c in self._valeurs[5:])
        return Cout(pieces, main_oeuvre, deplacement, autres, externe)


class _Calcul:
    """One computation: bounds and scope are set once, sums are read by rank."""

    def __init__(self, session: Session, params: ParamsRapport, a: datetime) -> None:
        self.session, self.params, self.a = session, params, a
        self.t0, self.t1 = minuit(params.debut), minuit(params.fin + timedelta(days=1))
        self.jours = (params.fin - params.debut).days + 1
        self.avant = minuit(params.debut - timedelta(days=self.jours))
        self.mois = mois_touches(params.debut, params.fin)
        # Rank 0 is the previous period, rank n the n-th month of this one.
        self.bornes = [self.avant, self.t0, *(minuit(m) for m in self.mois[1:]), self.t1]
        self.portee: list[sa.ColumnElement[bool]] = []
        if params.agence_id is not None:
            self.portee.append(I.agence_id == params.agence_id)
        if params.technicien_id is not None:
            self.portee.append(I.technicien_id == params.technicien_id)
        (self.gardes, self.horloges), self.connus = abreast(
            session, lambda s: kept.read(s, self.avant, self.t1), kept.ends
        )

    def par(self, session: Session) -> _Calcul:
        """The same computation, asking another session."""
        autre = copy(self)
        autre.session = session
        return autre

    def sommes(self, mesure: str, bornes: Sequence[datetime], premier: int = 0) -> Sums:
        parts = kept.pieces(bornes, self.gardes, mesure, first=premier)
        return kept.total(self.session, mesure, parts, self.params, self.portee, self.horloges, self.connus)

    def par_rang(self, mesure: str, bornes: Sequence[datetime], vide: int) -> list[list[int]]:
        sommes = self.sommes(mesure, bornes)
        return [sommes.get((n,), [0] * vide) for n in range(len(self.mois) + 1)]

    def rapport(self) -> RapportInterventions:
        p = self.params
        tout, cloturees, sla, encours, chiffrage, nom_agence, donnees_du = abreast(
            self.session,
            lambda s: self.par(s).par_rang("creees", self.bornes, CREEES),
            lambda s: self.par(s).par_rang("closes", self.bornes, CLOSES),
            lambda s: self.par(s).sla(),
            lambda s: self.par(s).encours(),
            lambda s: self.par(s).chiffrage(),
            lambda s: agence(s, p.agence_id),
            lambda s: freshness(s, self.a),
        )
        creees = [valeurs[0] for valeurs in tout]
        sans_date, *codes = map(sum, zip(*(valeurs[1:] for valeurs in tout[1:]), strict=True))
        mttr = [Mttr(*v[1:4]) for v in cloturees]
        prises, remises = ([Delai(*v[i : i + 3]) for v in cloturees] for i in (4, 7))
        techniciens, equipements, nombre = chiffrage
        n = range(1, len(self.mois) + 1)
        return RapportInterventions(
            params=p,
            agence=nom_agence,
            calcule_a=self.a,
            donnees_du=donnees_du,
            creees=sum(creees[i] for i in n),
            cloturees=sum(cloturees[i][0] for i in n),
            sans_date_cloture=sans_date,
            encours=sum(t.nombre for t in encours.tranches),
            encours_debut=encours.debut,
            sans_technicien=encours.sans_technicien,
            anciennete_au=encours.au,
            anciennete=encours.tranches,
            **_volumes(codes),
            par_mois=tuple(
                MoisRapport(m, creees[i], cloturees[i][0], sla[i], mttr[i], prises[i], remises[i])
                for i, m in enumerate(self.mois, start=1)
            ),
            sla=sla_total(sla[1:]),
            mttr=mttr_total(mttr[1:]),
            prise_en_charge=delai_total(prises[1:]),
            remise_en_service=delai_total(remises[1:]),
            minutes=sum(t.minutes for t in techniciens),
            cout=cout_total(t.cout for t in techniciens),
            techniciens=techniciens,
            equipements=equipements,
            nb_equipements=nombre,
            precedent=Precedent(
                p.debut - timedelta(days=self.jours),
                p.debut - timedelta(days=1),
                creees[0],
                cloturees[0][0],
                sla[0],
                mttr[0],
                prises[0],
                remises[0],
            ),
        )

    def sla(self) -> list[Sla]:
        # What is due later than now is no commitment yet.
        fin = min(self.t1, max(self.a, self.t0))
        bornes = [min(b, fin) for b in self.bornes]
        return [Sla(*valeurs) for valeurs in self.par_rang("sla", bornes, SLA)]

    def encours(self) -> Encours:
        premier = kept.first_month(self.session, self.connus)
        if not self.gardes or premier is None or premier >= self.t1:
            return compter(self.session, self.params, self.t0, self.t1, self.a, self.portee)
        sommes = self.sommes("encours", [premier, max(premier, self.t0), self.t1])
        debut = sum(v[0] for (rang, _), v in sommes.items() if rang == 0)
        sans = sum(v[0] for (_, technicien), v in sommes.items() if technicien is None)
        a_la_fin = sum(v[0] for v in sommes.values())
        return par_ages(self.session, self.params, self.t1, self.a, self.portee, a_la_fin, sans, debut)

    def paires(self) -> dict[tuple[int | None, int], list[int]]:
        """Closed interventions by technicien and équipement: the figures of ``_Somme`` in its order."""
        paires = self.sommes("paires", [self.t0, self.t1])
        # Taken off a month, a pair may have nothing left.
        return {(t, e): valeurs for (_, t, e), valeurs in paires.items() if valeurs[0]}

    def chiffrage(self) -> tuple[tuple[LigneTechnicien, ...], tuple[LigneEquipement, ...], int]:
        """Work and cost by technicien, and by the ``top`` équipements of the returned number."""
        par_t: defaultdict[int | None, _Somme] = defaultdict(_Somme)
        par_e: defaultdict[int, _Somme] = defaultdict(_Somme)
        paires, a_venir = abreast(
            self.session, lambda s: self.par(s).paires(),
            lambda s: still_to_come(s, self.bornes[1], self.t1, self.portee, self.a),
        )  # fmt: skip
        for (t, e), valeurs in paires.items():
            par_t[t].ajouter(valeurs)
            par_e[e].ajouter(valeurs)
        for t, (promises, tenues) in a_venir.items():
            par_t[t].retirer(promises, tenues)
        chers = sorted(par_e.items(), key=lambda x: (-x[1].total, -x[1].nombre, x[0]))[: self.params.top]
        noms: dict[int, str]
        machines: dict[int, tuple[str, str, str]]
        noms, machines = abreast(
            self.session, lambda s: technicien_names.noms(s, list(par_t)),
            lambda s: self.par(s).machines([e for e, _ in chers]),
        )  # fmt: skip
        techniciens = [
            LigneTechnicien(
                t, "Sans technicien" if t is None else noms.get(t, f"Technicien {t}"), r.nombre, r.minutes,
                r.sla, r.cout, r.sans,
            )
            for t, r in par_t.items()
        ]  # fmt: skip
        return (
            tuple(sorted(techniciens, key=lambda x: (x.id is None, -x.nombre, x.id or 0))),
            tuple(LigneEquipement(e, *machines[e], r.nombre, r.minutes, r.cout) for e, r in chers),
            len(par_e),
        )

    def machines(self, ids: list[int]) -> dict[int, tuple[str, str, str]]:
        requete = sa.select(Equipement.id, Equipement.code_interne, Equipement.nom, Client.nom_entreprise).join(
            Client, Client.id == Equipement.client_id
        )
        return {
            i: (code, nom, client)
            for i, code, nom, client in self.session.execute(requete.where(Equipement.id.in_(ids)))
        }


def _volumes(codes: Sequence[int]) -> dict[str, tuple[Volume, ...]]:
    trouves, place = {}, 0
    for nom, valeurs in zip(("par_statut", "par_type", "par_priorite"), LISTES, strict=True):
        trouves[nom] = tuple(Volume(str(v), codes[place + n]) for n, v in enumerate(valeurs))
        place += len(valeurs)
    return trouves
