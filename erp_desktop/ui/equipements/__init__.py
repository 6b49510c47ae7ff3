"""Équipements: list and form."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import Criticite, StatutEquipement
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import equipements
from erp_desktop.services.equipements import EquipementInput, EquipementLigne
from erp_desktop.services.shared import choices as choix
from erp_desktop.services.shared import duplicates
from erp_desktop.ui.arrets.tab import DowntimeTab
from erp_desktop.ui.audit.tab import history_of
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.equipements.meters import MetersTab
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import REPLACE, Choices, FieldSpec, FormSpec, Group, Head, Values
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels

COLUMNS: list[Column[EquipementLigne]] = [
    Column("code_interne", "Code", 140, lambda r: isolate(r.code_interne), "code", numeric=True),
    Column("nom", "Équipement", 220, lambda r: r.nom, "strong", stretch=True, tail=True),
    Column("client", "Client", 130, lambda r: r.client, wide=240),
    Column("type_equipement", LABEL, 96, lambda r: r.type_equipement or value_labels.NONE, "code", hidden=True),
    Column("marque", LABEL, 88, lambda r: r.marque or value_labels.NONE),
    Column("modele", LABEL, 88, lambda r: r.modele or value_labels.NONE, "code"),
    Column("statut", LABEL, 100, lambda r: value_labels.label(StatutEquipement, r.statut)),
    Column("criticite", LABEL, 84, lambda r: value_labels.label(Criticite, r.criticite)),
    Column("localisation", LABEL, 104, lambda r: r.localisation or value_labels.NONE, "muted", wide=200),
]


def _clients(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.clients(session, acteur, text))


def _contracts(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    client = values.get("client_id")
    return choices(choix.contrats(session, acteur, text, client_id=client)) if client else []


def _parents(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    return choices(choix.equipements(session, acteur, text, client_id=values.get("client_id")))


FORM = FormSpec(
    kind="equipements",
    table="equipements",
    icon="factory",
    new_title="Nouvel équipement",
    groups=[
        Group("Identité", [
            FieldSpec("nom"),
            FieldSpec("code_interne", near=duplicates.equipements),
            FieldSpec("numero_serie", near=duplicates.equipements),
            FieldSpec("type_equipement", bulk=REPLACE),
            FieldSpec("marque", bulk=REPLACE),
            FieldSpec("modele"),
        ]),
        Group("Rattachement", [
            FieldSpec("client_id", search=_clients, shown=lambda r: r.client,
                      clears=("contrat_id", "parent_id")),
            FieldSpec("contrat_id", search=_contracts, shown=lambda r: r.contrat or "", bulk=REPLACE),
            FieldSpec("parent_id", search=_parents, shown=lambda r: r.parent or ""),
            FieldSpec("localisation", bulk=REPLACE),
        ]),
        Group("Exploitation", [
            FieldSpec("statut", bulk=REPLACE),
            FieldSpec("criticite", bulk=REPLACE),
            FieldSpec("date_mise_en_service"),
            FieldSpec("date_fin_garantie", sens=Sens.FUTUR, bulk=REPLACE),
        ]),
    ],
    load=equipements.get,
    create=lambda session, acteur, values: equipements.create(session, acteur, EquipementInput(**values)),
    update=equipements.update,
    head=lambda r: Head(
        code=r.code_interne, title=r.nom, tab=r.nom,
        plain=" · ".join(filter(None, [value_labels.label(StatutEquipement, r.statut), r.client])),
    ),
    saved="Équipement enregistré",
    created="Équipement créé",
    tabs=[("Compteurs", MetersTab), ("Arrêts", DowntimeTab), ("Documents", DocumentsTab),
          history_of("equipements")],
)  # fmt: skip

LISTE: ListSpec[EquipementLigne] = ListSpec(
    title="Équipements",
    icon="factory",
    placeholder="Filtrer : statut:panne criticite:critique client:atlas, un code, un nom",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=equipements.ids,
    first=equipements.first,
    places=equipements.PLACES,
    rows=equipements.rows,
    one="1 équipement",
    many="{n} équipements",
    hints=equipements.indices,
    empty="Aucun équipement ne répond à ces critères",
    new="Nouvel équipement",
    form=FORM,
    sort="nom",
    facets=[
        Facet("statut", "État", options=lambda: value_labels.options(StatutEquipement)),
        Facet("criticite", "Criticité", options=lambda: value_labels.options(Criticite)),
        Facet("client", "Client"),
        Facet("marque", "Marque"),
        Facet("type", "Type"),
        Facet("agence", "Agence"),
        Facet("contrat", "Contrat", shown=False),
        Facet("equipement", "Équipement", shown=False),
        Facet("arbre", "Équipement et ses parties", shown=False),
        Facet("parc", "Parc", options=lambda: [("en_service", tr("En service"))], shown=False),
        Facet(
            "sans",
            "Sans",
            options=lambda: [("type", tr("Type")), ("contrat", tr("Contrat")), ("agence", tr("Agence"))],
            shown=False,
        ),
    ],
)
