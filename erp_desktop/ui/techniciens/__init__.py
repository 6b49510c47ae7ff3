"""Techniciens: list and form. Their accounts are made by the administration."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import Disponibilite, Niveau, Role
from erp_desktop.domain.people import horaires
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import techniciens
from erp_desktop.services.shared import duplicates
from erp_desktop.services.techniciens import TechnicienInput, TechnicienLigne
from erp_desktop.ui.audit.tab import history_of
from erp_desktop.ui.forms.spec import REPLACE, FieldSpec, FormSpec, Group, Head, responsable
from erp_desktop.ui.kit.i18n import number
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.planning import words
from erp_desktop.ui.planning.absences import AbsencesTab
from erp_desktop.ui.wording import value_labels

COLUMNS: list[Column[TechnicienLigne]] = [
    Column("nom", "Technicien", 240, lambda r: r.nom, "strong", stretch=True),
    Column("numero_badge", LABEL, 100, lambda r: r.numero_badge or value_labels.NONE, "code", numeric=True),
    Column("agence", "Agence", 120, lambda r: r.agence or value_labels.NONE),
    Column("equipe", LABEL, 120, lambda r: r.equipe or value_labels.NONE),
    Column("niveau", LABEL, 120, lambda r: value_labels.label(Niveau, r.niveau), "code"),
    Column("disponibilite", LABEL, 130, lambda r: value_labels.label(Disponibilite, r.disponibilite)),
    Column("zone_intervention", LABEL, 140, lambda r: r.zone_intervention or value_labels.NONE, "muted"),
    Column("nb_en_cours", "En charge", 96, lambda r: number(r.nb_en_cours), "figure", numeric=True),
]


def _writer(acteur: Acteur, _record: Any = None) -> bool:
    return acteur.role in (Role.ADMIN, Role.RESPONSABLE)


FORM = FormSpec(
    kind="techniciens",
    table="techniciens",
    icon="hard-hat",
    new_title="Nouveau technicien",
    groups=[
        Group("Identité", [
            FieldSpec("nom", "Nom", "info", shown=lambda r: r.nom),
            FieldSpec("numero_badge", near=duplicates.techniciens),
            FieldSpec("equipe", bulk=REPLACE),
            FieldSpec("niveau", bulk=REPLACE),
            FieldSpec("cout_horaire", placeholder="MAD, jamais imprimé"),
        ]),
        Group("Disponibilité", [
            FieldSpec("disponibilite", bulk=REPLACE),
            FieldSpec("zone_intervention", bulk=REPLACE),
            FieldSpec("horaires_travail", bulk=REPLACE, placeholder=horaires.EXEMPLE, reads=words.own_hours),
            FieldSpec("astreinte", bulk=REPLACE),
        ]),
    ],
    load=techniciens.get,
    create=lambda session, acteur, values: techniciens.create(session, acteur, TechnicienInput(**values)),
    update=techniciens.update,
    head=lambda r: Head(
        code=r.numero_badge or "", title=r.nom, tab=r.nom,
        plain=" · ".join(filter(None, [value_labels.label(Disponibilite, r.disponibilite), r.equipe])),
    ),
    saved="Technicien enregistré",
    created="Technicien créé",
    may_write=_writer,
    why_not=responsable,
    tabs=[("Absences", AbsencesTab), history_of("techniciens")],
)  # fmt: skip

LISTE: ListSpec[TechnicienLigne] = ListSpec(
    title="Techniciens",
    icon="hard-hat",
    placeholder="Filtrer : disponibilite:disponible niveau:expert, un nom, une zone",
    columns=COLUMNS,
    row_id=lambda row: row.id,
    ids=techniciens.ids,
    first=techniciens.first,
    rows=techniciens.rows,
    one="1 technicien",
    many="{n} techniciens",
    hints=techniciens.indices,
    empty="Aucun technicien ne répond à ces critères",
    new="",
    form=FORM,
    sort="nom",
    facets=[
        Facet("disponibilite", "Disponibilité", options=lambda: value_labels.options(Disponibilite)),
        Facet("niveau", "Niveau", options=lambda: value_labels.options(Niveau)),
        Facet("equipe", "Équipe"),
        Facet("zone", "Zone"),
        Facet("agence", "Agence"),
        Facet("technicien", "Technicien", shown=False),
    ],
    may_create=lambda _acteur: False,
)
