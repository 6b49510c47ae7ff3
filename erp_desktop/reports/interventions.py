"""The managers' report on interventions: volumes, backlog, commitments, repair time, cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.enums import Priorite, Role, Statut, TypeIntervention, TypeLigne
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError, NotFoundError
from erp_desktop.models import (
    Agence,
    Client,
    Equipement,
    Intervention,
    LigneIntervention,
    Technicien,
)
from erp_desktop.models.local import sync_journal
from erp_desktop.registry import technicien_names
from erp_desktop.reports import delais
from erp_desktop.reports.encours import FINIES, SANS_SUITE, compter
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
from erp_desktop.reports.sql import centimes, centimes_ligne, code, denombrer, hors_index, minuit, rang, sans_jit

__all__ = ["ParamsRapport", "RapportInterventions", "agences", "autoriser", "calculer"]

I = Intervention  # noqa: E741
_STATUT: sa.ColumnElement[str] = hors_index(I.statut)
_COUTS = (TypeLigne.PIECE, TypeLigne.MAIN_OEUVRE, TypeLigne.DEPLACEMENT, TypeLigne.AUTRE)


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


def calculer(session: Session, params: ParamsRapport, *, maintenant: datetime | None = None) -> RapportInterventions:
    """Compute the report in a handful of scans; the same figures on SQLite and PostgreSQL.

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


@dataclass(frozen=True, slots=True)
class _Cloturees:
    nombre: int
    mttr: Mttr
    prise: Delai
    remise: Delai


class _Somme:
    """What one technicien or one équipement adds up to."""

    def __init__(self) -> None:
        self._valeurs = [0] * (6 + len(_COUTS))

    def ajouter(self, valeurs: Iterable[int]) -> None:
        self._valeurs = [a + b for a, b in zip(self._valeurs, valeurs, strict=True)]

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
    """One computation; bounds and scope are set once, each method is one statement."""

    def __init__(self, session: Session, params: ParamsRapport, a: datetime) -> None:
        self.session, self.params, self.a = session, params, a
        self.t0, self.t1 = minuit(params.debut), minuit(params.fin + timedelta(days=1))
        self.jours = (params.fin - params.debut).days + 1
        self.avant = minuit(params.debut - timedelta(days=self.jours))
        self.mois = mois_touches(params.debut, params.fin)
        # Rank 0 is the previous period, rank n the n-th month of this one.
        self.bornes = [self.t0, *(minuit(m) for m in self.mois[1:])]
        self.portee: list[sa.ColumnElement[bool]] = []
        if params.agence_id is not None:
            self.portee.append(I.agence_id == params.agence_id)
        if params.technicien_id is not None:
            self.portee.append(I.technicien_id == params.technicien_id)
        self.vaste = self._vaste()
        cloture = self.date(I.date_cloture)
        self.closes = sa.and_(cloture >= self.t0, cloture < self.t1, _STATUT.in_(FINIES), *self.portee)

    def date(self, colonne: Any) -> sa.ColumnElement[datetime]:
        """A column that bounds the rows: by its index, unless the period holds a good part of them all."""
        return hors_index(colonne) if self.vaste else colonne

    def _vaste(self) -> bool:
        """Whether a pass over the table is cheaper than a jump into it for each row of the period."""
        premiere = self.session.scalar(sa.select(sa.func.min(I.date_creation)))
        derniere = self.session.scalar(sa.select(sa.func.max(I.date_creation)))
        if premiere is None or derniere is None:
            return False
        commun = min(self.t1, derniere) - max(self.avant, premiere)
        return bool(commun * 3 > derniere - premiere)

    def lignes(self, requete: sa.Executable) -> list[Any]:
        return list(self.session.execute(requete))

    def rapport(self) -> RapportInterventions:
        p = self.params
        agence = self._agence()
        creees, statuts, types, priorites = self._creees()
        cloturees = self._cloturees()
        sla = self._sla()
        encours = compter(session=self.session, params=p, t0=self.t0, t1=self.t1, a=self.a, portee=self.portee)
        techniciens, equipements, nombre = self._chiffrage()
        n = range(1, len(self.mois) + 1)
        return RapportInterventions(
            params=p,
            agence=agence,
            calcule_a=self.a,
            donnees_du=self._fraicheur(),
            creees=sum(creees[i] for i in n),
            cloturees=sum(cloturees[i].nombre for i in n),
            sans_date_cloture=self._sans_date(),
            encours=sum(t.nombre for t in encours.tranches),
            encours_debut=encours.debut,
            sans_technicien=encours.sans_technicien,
            anciennete_au=encours.au,
            anciennete=encours.tranches,
            par_statut=_volumes(statuts, Statut),
            par_type=_volumes(types, TypeIntervention),
            par_priorite=_volumes(priorites, Priorite),
            par_mois=tuple(
                MoisRapport(
                    m,
                    creees[i],
                    cloturees[i].nombre,
                    sla[i],
                    cloturees[i].mttr,
                    cloturees[i].prise,
                    cloturees[i].remise,
                )
                for i, m in enumerate(self.mois, start=1)
            ),
            sla=sla_total(sla[i] for i in n),
            mttr=mttr_total(cloturees[i].mttr for i in n),
            prise_en_charge=delai_total(cloturees[i].prise for i in n),
            remise_en_service=delai_total(cloturees[i].remise for i in n),
            minutes=sum(t.minutes for t in techniciens),
            cout=cout_total(t.cout for t in techniciens),
            techniciens=techniciens,
            equipements=equipements,
            nb_equipements=nombre,
            precedent=Precedent(
                p.debut - timedelta(days=self.jours),
                p.debut - timedelta(days=1),
                creees[0],
                cloturees[0].nombre,
                sla[0],
                cloturees[0].mttr,
                cloturees[0].prise,
                cloturees[0].remise,
            ),
        )

    def _agence(self) -> str:
        if self.params.agence_id is None:
            return "Toutes les agences"
        trouve = self.session.execute(
            sa.select(Agence.nom, Agence.code).where(Agence.id == self.params.agence_id)
        ).one_or_none()
        if trouve is None:
            raise NotFoundError("Cette agence n’existe pas dans cette base.")
        return f"{trouve.nom} ({trouve.code})"

    def _fraicheur(self) -> datetime:
        if self.session.get_bind().dialect.name != "sqlite":
            return self.a
        reussi = sa.select(sa.func.max(sync_journal.c.quand)).where(sync_journal.c.erreur.is_(None))
        texte = self.session.scalar(reussi)
        return clock.from_text(texte) if texte else self.a

    def _creees(self) -> tuple[dict[int, int], Counter[str], Counter[str], Counter[str]]:
        par_mois: dict[int, int] = dict.fromkeys(range(len(self.mois) + 1), 0)
        statuts: Counter[str] = Counter()
        types: Counter[str] = Counter()
        priorites: Counter[str] = Counter()
        creation = self.date(I.date_creation)
        dimensions = (
            (rang(creation, self.bornes), range(len(self.bornes) + 1)), (code(I.statut, Statut), tuple(Statut)),
            (code(I.type, TypeIntervention), tuple(TypeIntervention)), (code(I.priorite, Priorite), tuple(Priorite)),
        )  # fmt: skip
        conditions = (creation >= self.avant, creation < self.t1, *self.portee)
        for (rang_, statut, type_, priorite), nombre in denombrer(self.session, dimensions, conditions):
            par_mois[rang_] += nombre
            if rang_:
                statuts[statut] += nombre
                types[type_] += nombre
                priorites[priorite] += nombre
        return par_mois, statuts, types, priorites

    def _sans_date(self) -> int:
        """Imported work whose closing nobody dated: in no figure of closed work."""
        creation = self.date(I.date_creation)
        periode = (creation >= self.t0, creation < self.t1, I.date_cloture.is_(None), _STATUT.in_(FINIES))
        return self.session.scalar(sa.select(sa.func.count()).where(*periode, *self.portee)) or 0

    def _cloturees(self) -> dict[int, _Cloturees]:
        """Closed by month; the correctives among them one by one, for their delays."""
        n = range(len(self.mois) + 1)
        cloture = self.date(I.date_cloture)
        k = rang(cloture, self.bornes)
        bornees = (cloture >= self.avant, cloture < self.t1, _STATUT.in_(FINIES), *self.portee)
        nombres = {cle: nombre for (cle,), nombre in denombrer(self.session, ((k, n),), bornees)}
        correctives = delais.correctives(self.session, k, sa.and_(*bornees, I.type == TypeIntervention.CORRECTIVE))
        return {i: _Cloturees(nombres.get(i, 0), *correctives[i]) for i in n}

    def _sla(self) -> dict[int, Sla]:
        limite = self.date(I.date_limite)
        fin = min(self.t1, max(self.a, self.t0))
        dimensions = (
            (rang(limite, self.bornes), range(len(self.bornes) + 1)), (sa.case((_tenu(), 1), else_=0), (0, 1)),
        )  # fmt: skip
        conditions = (limite >= self.avant, limite < fin, _engagement(), *self.portee)
        compte: Counter[tuple[Any, ...]] = Counter()
        for cle, nombre in denombrer(self.session, dimensions, conditions):
            compte[cle] += nombre
        return {k: Sla(compte[k, 0] + compte[k, 1], compte[k, 1]) for k in range(len(self.mois) + 1)}

    def _paires(self) -> dict[tuple[int | None, int], list[int]]:
        """Closed interventions by technicien and équipement: the figures of ``_Somme`` in its order."""
        echu = sa.and_(I.date_limite.is_not(None), I.date_limite < self.a)
        ligne, somme = LigneIntervention, sa.func.sum
        montant = centimes_ligne(ligne.quantite, ligne.prix_unitaire)
        # By no index: one in the order of the techniciens would jump into the table for each row of it.
        cles = (hors_index(I.technicien_id), hors_index(I.equipement_id))
        travail = (
            sa.select(
                *cles, sa.func.count(), sa.func.coalesce(somme(I.duree_reelle), 0), _nombre(I.duree_reelle.is_(None)),
                _nombre(echu), _nombre(sa.and_(echu, _tenu())), sa.func.coalesce(somme(centimes(I.cout_externe)), 0),
            ).where(self.closes).group_by(*cles)
        )  # fmt: skip
        couts = (
            sa.select(*cles, *(somme(sa.case((ligne.type_ligne == t, montant), else_=0)) for t in _COUTS))
            .select_from(sa.join(I, ligne, ligne.intervention_id == I.id))
            .where(self.closes, ligne.prevue.is_(False)).group_by(*cles)
        )  # fmt: skip
        rien = [0] * len(_COUTS)
        paires = {(t, e): [*map(int, valeurs), *rien] for t, e, *valeurs in self.lignes(travail)}
        for t, e, *valeurs in self.lignes(couts):
            paires[t, e][-len(rien) :] = map(int, valeurs)
        return paires

    def _chiffrage(self) -> tuple[tuple[LigneTechnicien, ...], tuple[LigneEquipement, ...], int]:
        """Work and cost by technicien, and by the ``top`` équipements of the returned number."""
        par_t: defaultdict[int | None, _Somme] = defaultdict(_Somme)
        par_e: defaultdict[int, _Somme] = defaultdict(_Somme)
        for (t, e), valeurs in self._paires().items():
            par_t[t].ajouter(valeurs)
            par_e[e].ajouter(valeurs)
        noms = technicien_names.noms(self.session, list(par_t))
        chers = sorted(par_e.items(), key=lambda x: (-x[1].total, -x[1].nombre, x[0]))[: self.params.top]
        machines = self._machines([e for e, _ in chers])
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

    def _machines(self, ids: list[int]) -> dict[int, tuple[str, str, str]]:
        requete = sa.select(Equipement.id, Equipement.code_interne, Equipement.nom, Client.nom_entreprise).join(
            Client, Client.id == Equipement.client_id
        )
        return {i: (code, nom, client) for i, code, nom, client in self.lignes(requete.where(Equipement.id.in_(ids)))}


def _tenu() -> sa.ColumnElement[bool]:
    """``sla.remise_en_service`` at or before the deadline."""
    return sa.and_(I.date_cloture.is_not(None), sa.func.coalesce(I.date_fin_travaux, I.date_cloture) <= I.date_limite)


def _engagement() -> sa.ColumnElement[bool]:
    """Neither cancelled nor standing still."""
    sans_cloture = sa.and_(I.statut.in_((*FINIES, *SANS_SUITE)), I.date_cloture.is_(None))
    return sa.not_(sa.or_(I.statut == Statut.ANNULEE, I.statut == Statut.EN_ATTENTE, sans_cloture))


def _nombre(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _volumes(compte: Counter[str], ordre: Iterable[str]) -> tuple[Volume, ...]:
    return tuple(Volume(str(v), compte[v]) for v in ordre)
