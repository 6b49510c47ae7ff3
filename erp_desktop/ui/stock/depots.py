"""Places that hold stock: list and form."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import StatutDepot, TypeDepot
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie.stock import DepotInput
from erp_desktop.services.shared import choices as choix
from erp_desktop.services.stock import depots
from erp_desktop.services.stock.depots import DepotRow
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values
from erp_desktop.ui.kit.i18n import isolate, number
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels

COLUMNS: list[Column[DepotRow]] = [
    Column("nom", "Dépôt", 220, lambda r: r.nom, "strong", stretch=True),
    Column("type_depot", LABEL, 110, lambda r: labels.label(TypeDepot, r.type_depot)),
    Column("", "Technicien", 160, lambda r: r.technicien or labels.NONE),
    Column("statut", LABEL, 90, lambda r: labels.label(StatutDepot, r.statut)),
    Column("", "Références", 100, lambda r: number(r.references), "figure", numeric=True),
    Column("", "Comptage en cours", 170, lambda r: isolate(r.comptage) if r.comptage else labels.NONE, "muted"),
]


def _technicians(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.techniciens(session, acteur, text))


FORM = FormSpec(
    kind="depots",
    table="depots",
    icon="archive",
    new_title="Nouveau dépôt",
    groups=[
        Group("Identité", [
            FieldSpec("nom"),
            FieldSpec("type_depot"),
            FieldSpec("technicien_id", search=_technicians, shown=lambda r: r.technicien),
            FieldSpec("statut"),
        ]),
    ],
    load=depots.get,
    create=lambda session, acteur, values: depots.create(session, acteur, DepotInput(**values)),
    update=depots.update,
    head=lambda r: Head(code="", title=r.nom, tab=r.nom, plain=labels.label(TypeDepot, r.type_depot)),
    saved="Dépôt enregistré",
    created="Dépôt créé",
)  # fmt: skip

LISTE: ListSpec[DepotRow] = ListSpec(
    title="Dépôts",
    icon="archive",
    placeholder="Filtrer : type:fourgon statut:ouvert, un nom",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=depots.ids,
    first=depots.first,
    rows=depots.rows,
    one="1 dépôt",
    many="{n} dépôts",
    hints=depots.indices,
    empty="Aucun dépôt ne répond à ces critères",
    new="Nouveau dépôt",
    form=FORM,
    sort="nom",
    facets=[
        Facet("type", "Type", options=lambda: labels.options(TypeDepot)),
        Facet("statut", "État", options=lambda: labels.options(StatutDepot)),
    ],
    also=("mouvements_stock", "inventaires"),
)
