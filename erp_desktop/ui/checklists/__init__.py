"""Checklists: list, and form with the points of the present version."""

from __future__ import annotations

from erp_desktop.domain.people import roles
from erp_desktop.domain.preventif.checklist import ChecklistInput
from erp_desktop.services.checklists import models
from erp_desktop.services.checklists.models import ChecklistLigne
from erp_desktop.ui.checklists.points import PointsTab
from erp_desktop.ui.forms.spec import FieldSpec, FormSpec, Group, Head, responsable
from erp_desktop.ui.kit.i18n import number, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import ListSpec
from erp_desktop.ui.wording import value_labels as labels

COLUMNS: list[Column[ChecklistLigne]] = [
    Column("nom", LABEL, 220, lambda r: r.nom, "strong", stretch=True),
    Column("type_equipement", LABEL, 180, lambda r: r.type_equipement or labels.NONE, wide=240),
    Column("", "Points", 80, lambda r: number(r.points), "figure", numeric=True),
    Column("", "Version", 80, lambda r: number(r.version), "code", numeric=True),
]

FORM = FormSpec(
    kind="checklists",
    table="checklists",
    icon="list-bullets",
    new_title="Nouvelle checklist",
    groups=[
        Group("Checklist", [
            FieldSpec("nom", placeholder="Visite semestrielle d'un groupe froid"),
            FieldSpec("type_equipement", placeholder="Vide : les seuls plans qui la nomment"),
        ]),
    ],
    load=models.get,
    create=lambda session, acteur, values: models.create(session, acteur, ChecklistInput(**values), []),
    update=models.update,
    head=lambda r: Head(code=tr("version {n}", n=number(r.version)), title=r.nom, tab=r.nom,
                        plain=r.type_equipement or ""),
    saved="Checklist enregistrée",
    created="Checklist créée",
    why_not=responsable,
    may_write=lambda acteur, _record: roles.peut(acteur.role, roles.Droit.PREVENTIF_ECRIRE),
    tabs=[("Points", PointsTab)],
)  # fmt: skip

LISTE: ListSpec[ChecklistLigne] = ListSpec(
    title="Checklists",
    icon="list-bullets",
    placeholder="Filtrer : un nom, un type d'équipement",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=models.ids,
    first=models.first,
    rows=models.rows,
    one="1 checklist",
    many="{n} checklists",
    feminine=True,
    empty="Aucune checklist ne répond à ces critères",
    blank="Aucune checklist",
    serves="Une checklist donne au technicien les points à répondre avant de clore.",
    new="Nouvelle checklist",
    form=FORM,
    sort="nom",
    also=("points_checklist",),
    may_create=lambda acteur: roles.peut(acteur.role, roles.Droit.PREVENTIF_ECRIRE),
)
