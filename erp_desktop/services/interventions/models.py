"""Models of interventions: what one that is asked for again and again begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Priorite, TypeIntervention
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.domain.saisie import Court, Long, Minutes, Saisie
from erp_desktop.models import Checklist, Client, Contrat, Equipement, Intervention, ModeleIntervention
from erp_desktop.services.interventions.form import ouvrir
from erp_desktop.services.interventions.list import portee_interventions
from erp_desktop.services.shared import edits, trace
from erp_desktop.services.shared.choices import Choix
from erp_desktop.services.shared.common import agence_de, charger, lie
from erp_desktop.services.shared.listing import Far, Listing, closed, of_agency
from erp_desktop.services.shared.lists import cle_texte, portee, un_de
from erp_desktop.services.shared.typed import required

BEGINS = ("titre", "description", "type", "priorite", "duree_estimee", "checklist_id")
"""What an intervention takes over from a model."""
COPIES = (*BEGINS, "client_id", "equipement_id", "contrat_id")
"""What a copy takes over from an intervention; the report, dates and people are those of each."""


class ModeleInput(Saisie):
    """A model as its form types it."""

    nom: str = required(ModeleIntervention.nom)
    titre: Court
    description: Long = None
    type: TypeIntervention = TypeIntervention.CORRECTIVE
    priorite: Priorite = Priorite.NORMALE
    duree_estimee: Minutes = None
    checklist_id: int | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class ModeleRow:
    """One row of the list."""

    id: int
    nom: str
    titre: str
    type: str
    priorite: str
    checklist: str | None


@dataclass(frozen=True, slots=True)
class ModeleCard:
    """Every field of the form."""

    id: int
    agence_id: int | None
    nom: str
    titre: str
    description: str | None
    type: str
    priorite: str
    duree_estimee: int | None
    checklist_id: int | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    checklist: str


def _with_checklist(asked: sa.Select[Any]) -> sa.Select[Any]:
    return asked.outerjoin(Checklist, Checklist.id == ModeleIntervention.checklist_id)


LISTING = Listing(
    ModeleIntervention,
    ModeleRow,
    sort="nom",
    words={"type": closed(ModeleIntervention.type), "agence": of_agency(ModeleIntervention.agence_id)},
    free=(ModeleIntervention.nom, ModeleIntervention.titre),
    far={"checklist": Far(Checklist.nom, _with_checklist)},
)


def _name(session: Session, checklist_id: int | None) -> str:
    return session.scalar(sa.select(Checklist.nom).where(Checklist.id == checklist_id)) or ""


def get(session: Session, acteur: Acteur, id: int) -> ModeleCard:  # noqa: A002
    """All fields of the form."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    row = charger(session, acteur, ModeleIntervention, id, "ce modèle")
    return edits.lire(ModeleCard, row, checklist=_name(session, row.checklist_id))


def _check(session: Session, acteur: Acteur, values: dict[str, Any], agence: int | None) -> None:
    lie(session, acteur, Checklist, values["checklist_id"], "checklist_id",
        "Cette checklist n'existe pas dans cette agence.", agence)  # fmt: skip


def create(session: Session, acteur: Acteur, typed: ModeleInput) -> int:
    """Add a model to the person's agency; returns its id."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    agence, values = agence_de(session, acteur, None, partage=True), typed.model_dump()
    _check(session, acteur, values, agence)
    trace.annoncer(session, acteur)
    return edits.creer(session, acteur, ModeleIntervention(**values, agence_id=agence))


def update(session: Session, acteur: Acteur, id: int, changes: dict[str, object]) -> None:  # noqa: A002
    """Change fields of the form; interventions begun from it stay as they are."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_ECRIRE)
    row = charger(session, acteur, ModeleIntervention, id, "ce modèle", ecrire=True)
    edits.modifier(
        session, acteur, row, ModeleInput, changes,
        lambda now, new: _check(session, acteur, {**now, **new}, row.agence_id),
    )  # fmt: skip


def choices(session: Session, acteur: Acteur, words: str, limit: int = 20) -> list[Choix]:
    """Models in use by name or title, for a picker."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    m = ModeleIntervention
    query = (
        sa.select(m.id, m.nom, m.titre)
        .where(m.is_active.is_(True), *portee(acteur, m.agence_id))
        .where(*(un_de(session, word, m.nom, m.titre) for word in plier(words).split()))
        .order_by(cle_texte(session, m.nom), m.id)
        .limit(limit)
    )
    return [Choix(r.id, r.nom, r.titre) for r in session.execute(query)]


def origins(
    session: Session, acteur: Acteur, words: str, equipement_id: int | None, client_id: int | None, limit: int = 20
) -> list[Choix]:
    """Interventions that another may follow up: of its machine, else of its client, the latest first."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    i = Intervention
    query = sa.select(i.id, i.numero, i.titre).where(*portee_interventions(acteur))
    if equipement_id is not None:
        query = query.where(i.equipement_id == equipement_id)
    elif client_id is not None:
        query = query.where(i.client_id == client_id)
    elif not words.strip():
        return []
    query = query.where(*(un_de(session, word, i.numero, i.titre) for word in plier(words).split()))
    found = session.execute(query.order_by(i.date_creation.desc(), i.id.desc()).limit(limit))
    return [Choix(r.id, r.numero, r.titre) for r in found]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a blank form is filled with: values by field, the words of what they point to, and whence they are."""

    values: dict[str, Any]
    words: dict[str, str]
    source: str


def begin_from(session: Session, acteur: Acteur, id: int) -> Beginning:  # noqa: A002
    """What an intervention made after a model begins with."""
    card = get(session, acteur, id)
    values = {name: getattr(card, name) for name in BEGINS if getattr(card, name) is not None}
    return Beginning(values, {"checklist_id": card.checklist}, card.nom)


def copy_of(session: Session, acteur: Acteur, id: int) -> Beginning:  # noqa: A002
    """What a copy of an intervention begins with."""
    return _taken(session, ouvrir(session, acteur, id), COPIES)


def follow_up(session: Session, acteur: Acteur, id: int) -> Beginning:  # noqa: A002
    """What the intervention that follows another up begins with."""
    row = ouvrir(session, acteur, id)
    begun = _taken(session, row, ("client_id", "equipement_id", "contrat_id", "priorite"))
    begun.values.update({
        "origine_id": row.id, "titre": f"Suite de {row.numero} : {row.titre}"[:200],
        "description": row.recommandations or None,
    })  # fmt: skip
    begun.words["origine_id"] = row.numero
    return begun


def as_plan(session: Session, acteur: Acteur, id: int) -> Beginning:  # noqa: A002
    """What the preventive plan begins with that repeats an intervention which a client asked for."""
    roles.exiger(acteur, roles.Droit.PREVENTIF_ECRIRE)
    row = ouvrir(session, acteur, id)
    begun = _taken(session, row, ("equipement_id", "checklist_id"))
    model = {
        "modele_titre": row.titre, "modele_type": row.type, "modele_priorite": row.priorite,
        "modele_duree_estimee": row.duree_estimee or row.duree_reelle, "modele_description": row.description,
    }  # fmt: skip
    begun.values.update({name: value for name, value in model.items() if value is not None})
    return begun


def _taken(session: Session, row: Intervention, names: Sequence[str]) -> Beginning:
    values = {name: getattr(row, name) for name in names if getattr(row, name) is not None}
    words = {"checklist_id": _name(session, row.checklist_id)} if "checklist_id" in values else {}
    for name, column, key in (
        ("client_id", Client.nom_entreprise, Client.id), ("equipement_id", Equipement.nom, Equipement.id),
        ("contrat_id", Contrat.numero_contrat, Contrat.id),
    ):  # fmt: skip
        if name in values:
            words[name] = session.scalar(sa.select(column).where(key == values[name])) or ""
    return Beginning(values, words, row.numero)


def save_as_model(session: Session, acteur: Acteur, id: int, nom: str = "") -> int:  # noqa: A002
    """Make a model of an intervention; returns the model's id.

    Args:
        nom: the title of the intervention when empty.
    """
    row = ouvrir(session, acteur, id)
    values = {name: getattr(row, name) for name in BEGINS}
    return create(session, acteur, ModeleInput(nom=(nom or row.titre)[:120], **values))
