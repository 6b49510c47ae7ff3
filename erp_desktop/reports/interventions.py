"""The managers' report on interventions: volumes, backlog, commitments, repair time, cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
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
    HistoriqueIntervention,
    Intervention,
    LigneIntervention,
    Technicien,
)
from erp_desktop.models.local import sync_journal
from erp_desktop.registry import technicien_names
from erp_desktop.reports.modele import (
    Cout,
    LigneEquipement,
    LigneTechnicien,
    MoisRapport,
    Mttr,
    ParamsRapport,
    Precedent,
    RapportInterventions,
    Sla,
    Tranche,
    Volume,
    cout_total,
    mttr_total,
    sla_total,
)
from erp_desktop.reports.sql import centimes, centimes_ligne, hors_index, minuit, rang, sans_jit

__all__ = ["ParamsRapport", "RapportInterventions", "agences", "autoriser", "calculer"]

I = Intervention  # noqa: E741
TRANCHES = ((0, 2), (3, 7), (8, 30), (31, None))
"""Ages of the backlog in local days."""
_STATUT: sa.ColumnElement[str] = hors_index(I.statut)
_EN_VIE = (Statut.OUVERTE, Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)
_FINIES = (Statut.CLOTUREE, Statut.ARCHIVEE)
_SANS_SUITE = (Statut.ANNULEE, Statut.ARCHIVEE)
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


class _Calcul:
    """One computation; bounds and scope are set once, each method is one statement."""

    def __init__(self, session: Session, params: ParamsRapport, a: datetime) -> None:
        self.session, self.params, self.a = session, params, a
        self.t0, self.t1 = minuit(params.debut), minuit(params.fin + timedelta(days=1))
        self.jours = (params.fin - params.debut).days + 1
        self.avant = minuit(params.debut - timedelta(days=self.jours))
        self.mois = _mois(params.debut, params.fin)
        # Rank 0 is the previous period, rank n the n-th month of this one.
        self.bornes = [self.t0, *(minuit(m) for m in self.mois[1:])]
        self.portee: list[sa.ColumnElement[bool]] = []
        if params.agence_id is not None:
            self.portee.append(I.agence_id == params.agence_id)
        if params.technicien_id is not None:
            self.portee.append(I.technicien_id == params.technicien_id)
        self.closes = sa.and_(I.date_cloture >= self.t0, I.date_cloture < self.t1, _STATUT.in_(_FINIES), *self.portee)

    def lignes(self, requete: sa.Executable) -> list[Any]:
        return list(self.session.execute(requete))

    def rapport(self) -> RapportInterventions:
        p = self.params
        agence = self._agence()
        creees, statuts, types, priorites = self._creees()
        cloturees = self._cloturees()
        sla = self._sla()
        tranches, sans_technicien, au, encours_debut = self._encours()
        techniciens, equipements, nombre = self._chiffrage()
        n = range(1, len(self.mois) + 1)
        return RapportInterventions(
            params=p,
            agence=agence,
            calcule_a=self.a,
            donnees_du=self._fraicheur(),
            creees=sum(creees[i] for i in n),
            cloturees=sum(cloturees[i][0] for i in n),
            encours=sum(t.nombre for t in tranches),
            encours_debut=encours_debut,
            sans_technicien=sans_technicien,
            anciennete_au=au,
            anciennete=tranches,
            par_statut=_volumes(statuts, Statut),
            par_type=_volumes(types, TypeIntervention),
            par_priorite=_volumes(priorites, Priorite),
            par_mois=tuple(
                MoisRapport(m, creees[i], cloturees[i][0], sla[i], cloturees[i][1])
                for i, m in enumerate(self.mois, start=1)
            ),
            sla=sla_total(sla[i] for i in n),
            mttr=mttr_total(cloturees[i][1] for i in n),
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
                cloturees[0][1],
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
        k = rang(I.date_creation, self.bornes).label("k")
        par_mois: dict[int, int] = dict.fromkeys(range(len(self.mois) + 1), 0)
        statuts: Counter[str] = Counter()
        types: Counter[str] = Counter()
        priorites: Counter[str] = Counter()
        requete = (
            sa.select(k, I.statut, I.type, I.priorite, sa.func.count())
            .where(I.date_creation >= self.avant, I.date_creation < self.t1, *self.portee)
            .group_by(sa.literal_column("k"), I.statut, I.type, I.priorite)
        )
        for rang_, statut, type_, priorite, nombre in self.lignes(requete):
            par_mois[rang_] += nombre
            if rang_:
                statuts[statut] += nombre
                types[type_] += nombre
                priorites[priorite] += nombre
        return par_mois, statuts, types, priorites

    def _cloturees(self) -> dict[int, tuple[int, Mttr]]:
        k = rang(I.date_cloture, self.bornes).label("k")
        corrective = I.type == TypeIntervention.CORRECTIVE
        requete = (
            sa.select(
                k,
                sa.func.count(),
                _nombre(corrective),
                sa.func.count(sa.case((corrective, I.duree_reelle))),
                sa.func.sum(sa.case((corrective, I.duree_reelle))),
            )
            .where(I.date_cloture >= self.avant, I.date_cloture < self.t1, _STATUT.in_(_FINIES), *self.portee)
            .group_by(sa.literal_column("k"))
        )
        vide = dict.fromkeys(range(len(self.mois) + 1), (0, Mttr(0, 0)))
        return vide | {r: (n, Mttr(m, int(t or 0), int(c) - m)) for r, n, c, m, t in self.lignes(requete)}

    def _sla(self) -> dict[int, Sla]:
        k = rang(I.date_limite, self.bornes).label("k")
        fin = min(self.t1, max(self.a, self.t0))
        requete = (
            sa.select(k, sa.func.count(), _nombre(_tenu()))
            .where(I.date_limite >= self.avant, I.date_limite < fin, _engagement(), *self.portee)
            .group_by(sa.literal_column("k"))
        )
        vide = dict.fromkeys(range(len(self.mois) + 1), Sla(0, 0))
        return vide | {r: Sla(n, int(tenus)) for r, n, tenus in self.lignes(requete)}

    def _ouverte_a(self, t: datetime) -> sa.ColumnElement[bool]:
        h = HistoriqueIntervention
        # A value, not an EXISTS: PostgreSQL answers that one from a pass over every row of the history.
        annulee_le = (
            sa.select(sa.func.max(h.horodatage))
            .where(h.intervention_id == I.id, h.statut == Statut.ANNULEE)
            .correlate(I)
            .scalar_subquery()
        )
        return sa.and_(
            I.date_creation < t,
            sa.case(
                (I.statut.in_(_EN_VIE), sa.true()),
                (I.date_cloture.is_not(None), sa.and_(I.statut.in_(_FINIES), I.date_cloture >= t)),
                (I.statut.in_(_SANS_SUITE), annulee_le >= t),
                else_=sa.false(),
            ),
        )

    def _encours(self) -> tuple[tuple[Tranche, ...], int, date, int]:
        """The backlog by age, its part without a technicien, the day of the ages, the backlog at the beginning."""
        au = min(self.params.fin, clock.local(self.a).date())
        # Oldest first: created before the midnight that begins the youngest day of a bucket.
        bornes = [minuit(au - timedelta(days=mini - 1)) for mini, _ in reversed(TRANCHES[1:])]
        k = rang(I.date_creation, bornes).label("k")
        fin = self._ouverte_a(self.t1)
        requete = (
            sa.select(
                k, _nombre(fin), _nombre(sa.and_(I.technicien_id.is_(None), fin)), _nombre(self._ouverte_a(self.t0))
            )
            # What was closed before the period is in neither backlog.
            .where(sa.or_(I.date_cloture.is_(None), I.date_cloture >= self.t0), *self.portee)
            .group_by(sa.literal_column("k"))
        )
        compte = {r: (int(n), int(sans), int(avant)) for r, n, sans, avant in self.lignes(requete)}
        dernier = len(TRANCHES) - 1
        tranches = tuple(
            Tranche(mini, maxi, compte[dernier - i][0] if dernier - i in compte else 0)
            for i, (mini, maxi) in enumerate(TRANCHES)
        )
        return tranches, sum(c[1] for c in compte.values()), au, sum(c[2] for c in compte.values())

    def _paires(self) -> sa.CTE:
        """Closed interventions by technicien and équipement: one pass over the rows serves both tables."""
        ligne = LigneIntervention
        montant = centimes_ligne(ligne.quantite, ligne.prix_unitaire)
        couts = (
            sa.select(
                ligne.intervention_id,
                *(
                    sa.func.sum(sa.case((ligne.type_ligne == t, montant), else_=0)).label(f"c{i}")
                    for i, t in enumerate(_COUTS)
                ),
            )
            .where(ligne.intervention_id.in_(sa.select(I.id).where(self.closes)), ligne.prevue.is_(False))
            .group_by(ligne.intervention_id)
            .subquery("couts")
        )
        echu = sa.and_(I.date_limite.is_not(None), I.date_limite < self.a)
        somme = sa.func.sum
        return (
            sa.select(
                I.technicien_id,
                I.equipement_id,
                sa.func.count().label("nombre"),
                sa.func.coalesce(somme(I.duree_reelle), 0).label("minutes"),
                _nombre(I.duree_reelle.is_(None)).label("sans"),
                _nombre(echu).label("echu"),
                _nombre(sa.and_(echu, _tenu())).label("tenu"),
                *(sa.func.coalesce(somme(couts.c[f"c{i}"]), 0).label(f"c{i}") for i in range(len(_COUTS))),
                sa.func.coalesce(somme(centimes(I.cout_externe)), 0).label("externe"),
            )
            .select_from(sa.outerjoin(I, couts, couts.c.intervention_id == I.id))
            .where(self.closes)
            .group_by(I.technicien_id, I.equipement_id)
            .cte("paires")
        )

    def _chiffrage(self) -> tuple[tuple[LigneTechnicien, ...], tuple[LigneEquipement, ...], int]:
        """Work and cost by technicien, and by the ``top`` équipements of the returned number."""
        paires = self._paires()
        couts = (*(f"c{i}" for i in range(len(_COUTS))), "externe")

        def sommes(cle: sa.ColumnElement[Any]) -> sa.Select[Any]:
            total = sum((sa.func.sum(paires.c[c]) for c in couts[1:]), sa.func.sum(paires.c[couts[0]]))
            return sa.select(
                cle.label("cle"), total.label("total"), sa.func.count().over().label("combien"),
                *(sa.func.sum(paires.c[c]).label(c) for c in ("nombre", "minutes", "sans", "echu", "tenu", *couts)),
            ).group_by(cle)  # fmt: skip

        t = sommes(paires.c.technicien_id).subquery("t")
        e = sommes(paires.c.equipement_id)
        e_tri = e.order_by(sa.desc("total"), sa.desc("nombre"), "cle").limit(self.params.top).subquery("e")
        requete = sa.union_all(
            sa.select(sa.literal_column("0", sa.Integer).label("genre"), t),
            sa.select(sa.literal_column("1", sa.Integer).label("genre"), e_tri),
        )
        par_t: list[Any] = []
        par_e: list[Any] = []
        for r in self.lignes(requete):
            (par_e if r.genre else par_t).append(r)
        noms = technicien_names.noms(self.session, [r.cle for r in par_t])
        machines = self._machines([r.cle for r in par_e])
        par_e.sort(key=lambda r: (-r.total, -r.nombre, r.cle))
        techniciens = [
            LigneTechnicien(
                r.cle, "Sans technicien" if r.cle is None else noms.get(r.cle, f"Technicien {r.cle}"),
                int(r.nombre), int(r.minutes), Sla(int(r.echu), int(r.tenu)), _cout(r), int(r.sans),
            )
            for r in par_t
        ]  # fmt: skip
        return (
            tuple(sorted(techniciens, key=lambda x: (x.id is None, -x.nombre, x.id or 0))),
            tuple(LigneEquipement(r.cle, *machines[r.cle], int(r.nombre), int(r.minutes), _cout(r)) for r in par_e),
            int(par_e[0].combien) if par_e else 0,
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
    sans_cloture = sa.and_(I.statut.in_((*_FINIES, *_SANS_SUITE)), I.date_cloture.is_(None))
    return sa.not_(sa.or_(I.statut == Statut.ANNULEE, I.statut == Statut.EN_ATTENTE, sans_cloture))


def _nombre(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def _mois(debut: date, fin: date) -> list[date]:
    """First days of the calendar months that the period touches."""
    premier, dernier = debut.year * 12 + debut.month - 1, fin.year * 12 + fin.month - 1
    return [date(m // 12, m % 12 + 1, 1) for m in range(premier, dernier + 1)]


def _volumes(compte: Counter[str], ordre: Iterable[str]) -> tuple[Volume, ...]:
    return tuple(Volume(str(v), compte[v]) for v in ordre)


def _cout(r: Any) -> Cout:
    return Cout(*(Decimal(int(c)).scaleb(-2) for c in (r.c0, r.c1, r.c2, r.c3, r.externe)))
