"""Models of interventions: list and form."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import Priorite, TypeIntervention
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.checklists import models as checklists
from erp_desktop.services.interventions import models
from erp_desktop.services.interventions.models import ModeleInput, ModeleRow
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels

COLUMNS: list[Column[ModeleRow]] = [
    Column("nom", LABEL, 180, lambda r: r.nom, "strong", wide=240),
    Column("titre", LABEL, 220, lambda r: r.titre, stretch=True),
    Column("type", LABEL, 120, lambda r: labels.label(TypeIntervention, r.type)),
    Column("priorite", LABEL, 110, lambda r: labels.label(Priorite, r.priorite)),
    Column("checklist", "Checklist", 160, lambda r: r.checklist or labels.NONE),
]


def _checklists(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(checklists.choix(session, acteur, text))


FORM = FormSpec(
    kind="modeles",
    table="modeles_intervention",
    icon="copy",
    new_title="Nouveau modèle",
    groups=[
        Group("Modèle", [
            FieldSpec("nom", placeholder="Sous quel nom le trouver"),
            FieldSpec("is_active"),
        ]),
        Group("Intervention à créer", [
            FieldSpec("titre", placeholder="Ce qu'il y a à faire, en une ligne"),
            FieldSpec("type"),
            FieldSpec("priorite"),
            FieldSpec("duree_estimee"),
            FieldSpec("checklist_id", search=_checklists, shown=lambda r: r.checklist),
            FieldSpec("description", placeholder="Gamme, accès, consignation…"),
        ]),
    ],
    load=models.get,
    create=lambda session, acteur, values: models.create(session, acteur, ModeleInput(**values)),
    update=models.update,
    head=lambda r: Head(code="", title=r.nom, tab=r.nom, plain=r.titre if r.is_active else tr("hors d'usage")),
    saved="Modèle enregistré",
    created="Modèle créé",
)  # fmt: skip

LISTE: ListSpec[ModeleRow] = ListSpec(
    title="Modèles d'intervention",
    icon="copy",
    placeholder="Filtrer : type:corrective, un nom, un titre",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=models.LISTING.ids,
    first=models.LISTING.first,
    rows=models.LISTING.rows,
    one="1 modèle",
    many="{n} modèles",
    hints=models.LISTING.hints,
    empty="Aucun modèle ne répond à ces critères",
    blank="Aucun modèle",
    serves="Un modèle remplit d'avance une intervention qui revient.",
    new="Nouveau modèle",
    form=FORM,
    sort="nom",
    facets=[
        Facet("type", "Type", options=lambda: labels.options(TypeIntervention)),
        Facet("agence", "Agence"),
    ],
)
