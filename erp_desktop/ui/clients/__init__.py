"""Clients: list and form."""

from __future__ import annotations

from erp_desktop.domain.enums import NiveauService, TypeClient
from erp_desktop.services import clients
from erp_desktop.services.clients import ClientInput, ClientLigne
from erp_desktop.services.shared import duplicates
from erp_desktop.ui.audit.tab import history_of
from erp_desktop.ui.forms.spec import ADD, REPLACE, FieldSpec, FormSpec, Group, Head
from erp_desktop.ui.kit.i18n import isolate, number
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels

COLUMNS: list[Column[ClientLigne]] = [
    Column("nom_entreprise", "Client", 240, lambda r: r.nom_entreprise, "strong", stretch=True),
    Column("type_client", LABEL, 96, lambda r: value_labels.label(TypeClient, r.type_client), "code"),
    Column("niveau_service", "Service", 84, lambda r: value_labels.label(NiveauService, r.niveau_service)),
    Column("ville", LABEL, 100, lambda r: r.ville or value_labels.NONE, wide=150),
    Column("ice", LABEL, 130, lambda r: isolate(r.ice or value_labels.NONE), "code", numeric=True),
    Column("telephone", LABEL, 132, lambda r: isolate(r.telephone or value_labels.NONE), "code", numeric=True),
    Column("", "Équipements", 92, lambda r: number(r.nb_equipements), "figure", numeric=True),
]


FORM = FormSpec(
    kind="clients",
    table="clients",
    icon="users-three",
    new_title="Nouveau client",
    groups=[
        Group("Identité", [
            FieldSpec("nom_entreprise", near=duplicates.clients),
            FieldSpec("type_client", bulk=REPLACE),
            FieldSpec("niveau_service", bulk=REPLACE),
        ]),
        Group("Contact", [
            FieldSpec("contact"),
            FieldSpec("telephone", placeholder="+212 5 22 40 18 76", near=duplicates.clients),
            FieldSpec("email", near=duplicates.clients),
            FieldSpec("ville", bulk=REPLACE),
            FieldSpec("adresse", lines=2),
        ]),
        Group("Identifiants légaux", [
            FieldSpec("ice", placeholder="15 chiffres", near=duplicates.clients),
            FieldSpec("identifiant_fiscal"),
            FieldSpec("registre_commerce"),
            FieldSpec("ville_rc"),
            FieldSpec("taxe_professionnelle"),
            FieldSpec("cnss"),
        ]),
        Group("Notes", [FieldSpec("notes", bulk=ADD)]),
    ],
    load=clients.get,
    create=lambda session, acteur, values: clients.create(session, acteur, ClientInput(**values)),
    update=clients.update,
    head=lambda r: Head(
        code="", title=r.nom_entreprise, tab=r.nom_entreprise,
        plain=" · ".join(filter(None, [value_labels.label(NiveauService, r.niveau_service), r.ville])),
    ),
    saved="Client enregistré",
    tabs=[history_of("clients")],
    created="Client créé",
)  # fmt: skip

LISTE: ListSpec[ClientLigne] = ListSpec(
    title="Clients",
    icon="users-three",
    placeholder="Filtrer : ville:rabat service:premium, un nom, un ICE, un téléphone",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=clients.ids,
    first=clients.first,
    places=clients.PLACES,
    rows=clients.rows,
    one="1 client",
    many="{n} clients",
    hints=clients.indices,
    empty="Aucun client ne répond à ces critères",
    new="Nouveau client",
    form=FORM,
    sort="nom_entreprise",
    facets=[
        Facet("type", "Type", options=lambda: value_labels.options(TypeClient)),
        Facet("service", "Service", options=lambda: value_labels.options(NiveauService)),
        Facet("ville", "Ville"),
        Facet("agence", "Agence"),
    ],
)
