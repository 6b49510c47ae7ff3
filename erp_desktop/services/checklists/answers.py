"""Answers of an intervention: each adds a row with the point as it read, and none is ever taken back by an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.enums import Priorite, TypeIntervention, TypePoint
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import checklist as regles
from erp_desktop.domain.preventif.checklist import Point
from erp_desktop.domain.saisie import InterventionInput, mots
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.errors import NotAllowedError, TransitionError, ValidationError
from erp_desktop.models import Checklist, Document, Intervention, ReponseChecklist, User
from erp_desktop.services.checklists import models
from erp_desktop.services.interventions.form import create, est_a, ouvrir, ouvrir_avec
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.common import ecrire, lie
from erp_desktop.services.shared.lists import paquets


def sans_reponse(session: Session, ligne: Intervention) -> tuple[str, ...]:
    """Required points of an intervention that nobody answered, by name."""
    if ligne.checklist_id is None or ligne.checklist_version is None:
        return ()
    r = ReponseChecklist
    repondus = set(session.scalars(sa.select(r.point_id).where(r.intervention_id == ligne.id)))
    connus = models.points(session, ligne.checklist_id, ligne.checklist_version)
    return tuple(p.libelle for p in connus if p.obligatoire and p.id not in repondus)


@dataclass(frozen=True, slots=True)
class PointRepondu:
    """A point of an intervention with its last answer, if it has one.

    Attributes:
        conforme: None without an answer, or when there is nothing to judge.
    """

    point: Point
    valeur: str | None = None
    conforme: bool | None = None
    remarque: str | None = None
    document_id: int | None = None
    auteur: str | None = None
    repondu_a: datetime | None = None


@dataclass(frozen=True, slots=True)
class Feuille:
    """The checklist of an intervention; ``suite_id`` is the follow-up that a failed point already has."""

    nom: str
    version: int
    points: tuple[PointRepondu, ...]
    modifiable: bool
    suite_id: int | None = None

    @property
    def manquants(self) -> list[str]:
        """Required points without an answer, by name."""
        return [p.point.libelle for p in self.points if p.point.obligatoire and p.valeur is None]

    @property
    def en_defaut(self) -> list[str]:
        return [p.point.libelle for p in self.points if p.conforme is False]


def feuille(session: Session, acteur: Acteur, intervention_id: int) -> Feuille | None:
    """The checklist of an intervention with its answers; None when it has none."""
    i = Intervention
    premiere = sa.select(i.id).where(i.origine_id == intervention_id).order_by(i.id).limit(1)
    ligne, suite = ouvrir_avec(session, acteur, intervention_id, lambda s: s.scalar(premiere))
    trouvee = feuilles(session, [ligne]).get(intervention_id)
    if trouvee is None:
        return None
    return Feuille(trouvee.nom, trouvee.version, trouvee.points, _peut(session, acteur, ligne), suite)


def _peut(session: Session, acteur: Acteur, ligne: Intervention) -> bool:
    if ligne.statut in TERMINES:
        return False
    return roles.peut(acteur.role, roles.Droit.INTERVENTION_ECRIRE) or est_a(session, acteur, ligne)


def feuilles(session: Session, lignes: Sequence[Intervention]) -> dict[int, Feuille]:
    """Intervention → its checklist as it was answered, in a few questions."""
    avec = [i for i in lignes if i.checklist_id is not None and i.checklist_version is not None]
    if not avec:
        return {}
    c, r = Checklist, ReponseChecklist
    nommees = sa.select(c.id, c.nom).where(c.id.in_({i.checklist_id for i in avec}))
    cles = list({(i.checklist_id or 0, i.checklist_version or 0) for i in avec})

    def repondues(s: Session) -> dict[tuple[int, int], tuple[ReponseChecklist, str | None]]:
        lues: dict[tuple[int, int], tuple[ReponseChecklist, str | None]] = {}
        for paquet in paquets([i.id for i in avec]):
            requete = (
                sa.select(r, User.full_name).outerjoin(User, User.id == r.created_by_id)
                .where(r.intervention_id.in_(paquet)).order_by(r.repondu_a, r.id)
            )  # fmt: skip
            for row in s.execute(requete):
                lues[row[0].intervention_id, row[0].point_id] = (row[0], row[1])
        return lues

    noms, reponses, *points = abreast(
        session,
        lambda s: dict(s.execute(nommees).all()),
        repondues,
        *(partial(models.points, checklist_id=ident, version=version) for ident, version in cles),
    )
    listes = dict(zip(cles, points, strict=True))
    faites = {}
    for i in avec:
        assert i.checklist_id is not None  # noqa: S101 - asked for above
        assert i.checklist_version is not None  # noqa: S101 - asked for above
        vus = []
        for point in listes[i.checklist_id, i.checklist_version]:
            dit = reponses.get((i.id, point.id))
            if dit is None:
                vus.append(PointRepondu(point))
                continue
            x, auteur = dit
            # As it read when it was answered.
            lu = Point(point.id, x.ordre, x.libelle, x.type_point, x.unite, x.minimum, x.maximum, x.obligatoire)
            vus.append(PointRepondu(lu, x.valeur, x.conforme, x.remarque, x.document_id, auteur, x.repondu_a))
        faites[i.id] = Feuille(noms[i.checklist_id], i.checklist_version, tuple(vus), False)
    return faites


def repondre(
    session: Session,
    acteur: Acteur,
    intervention_id: int,
    point_id: int,
    valeur: str,
    remarque: str = "",
    document_id: int | None = None,
) -> None:
    """Answer a point; the last answer counts, the former ones stay.

    Raises:
        NotAllowedError, NotFoundError, TransitionError, ValidationError
    """
    ligne = ouvrir(session, acteur, intervention_id, pour_ecrire=True)
    if ligne.statut in TERMINES:
        raise TransitionError("Cette intervention est close : sa checklist ne change plus.")
    if not _peut(session, acteur, ligne):
        raise NotAllowedError("Un technicien ne répond qu'à la checklist de ses interventions.")
    connus = models.points(session, ligne.checklist_id or 0, ligne.checklist_version or 0)
    point = next((p for p in connus if p.id == point_id), None)
    if point is None:
        raise ValidationError({"valeur": "Ce point n'est pas de la checklist de cette intervention."})
    if point.type_point == TypePoint.PHOTO:
        document = lie(session, acteur, Document, document_id, "valeur", "Cette photo n'existe pas.", ligne.agence_id)
        if document is None or document.intervention_id != intervention_id:
            raise ValidationError({"valeur": "Joignez d'abord une photo à l'intervention."})
        valeur = document.nom_fichier
    lue, conforme = regles.lire(point, valeur)
    remarque = mots.lire(remarque, "remarque")
    trace.annoncer(session, acteur)
    session.add(
        ReponseChecklist(
            agence_id=ligne.agence_id, intervention_id=intervention_id, point_id=point.id, ordre=point.ordre,
            libelle=point.libelle, type_point=point.type_point, unite=point.unite, minimum=point.minimum,
            maximum=point.maximum, obligatoire=point.obligatoire, valeur=lue, conforme=conforme,
            remarque=remarque or None, document_id=document_id, repondu_a=clock.now(),
            created_by_id=acteur.user_id,
        )
    )  # fmt: skip
    ecrire(session)


def photos(session: Session, acteur: Acteur, intervention_id: int) -> list[tuple[int, str]]:
    """(identifier, name) of the pictures that an intervention has, the newest first."""
    ouvrir(session, acteur, intervention_id)
    d = Document
    requete = sa.select(d.id, d.nom_fichier).where(
        d.intervention_id == intervention_id, d.mime_type.startswith("image/")
    )
    return [(r.id, r.nom_fichier) for r in session.execute(requete.order_by(d.id.desc()))]


def suite(session: Session, acteur: Acteur, intervention_id: int) -> int:
    """Open the intervention that failed points call for, linked to this one. Returns its id.

    Raises:
        NotAllowedError, NotFoundError, ValidationError
    """
    ligne = ouvrir(session, acteur, intervention_id)
    vue = feuille(session, acteur, intervention_id)
    defauts = vue.en_defaut if vue is not None else []
    titre = f"Suite de {ligne.numero}" + (f" : {', '.join(defauts)}" if defauts else "")
    return create(
        session, acteur,
        InterventionInput(
            titre=titre[:200], equipement_id=ligne.equipement_id, type=TypeIntervention.CORRECTIVE,
            priorite=Priorite.NORMALE, contrat_id=ligne.contrat_id,
            description="\n".join(f"• {d}" for d in defauts) or None, origine_id=intervention_id,
        ),
    )  # fmt: skip
