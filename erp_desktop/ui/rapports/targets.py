"""Targets of figures: list and form."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.figures import BY_KEY, FIGURES
from erp_desktop.domain.recherche import plier
from erp_desktop.reports import interventions
from erp_desktop.reports.presentation import FINE
from erp_desktop.services import objectifs
from erp_desktop.services.objectifs import TYPED_IN, ObjectifInput, TargetCard, TargetRow
from erp_desktop.services.shared.common import PARTAGEE
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values, responsable
from erp_desktop.ui.kit.i18n import isolate, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels


def _may(acteur: Acteur, record: TargetCard | None = None) -> bool:
    """Managers write their agency's; what is everybody's is an administrator's."""
    if acteur.role is Role.RESPONSABLE:
        return record is None or record.agence_id is not None
    return acteur.role is Role.ADMIN


def _agencies(session: Any, _acteur: Acteur, text: str, _values: Values) -> Choices:
    return [(ident, name, "") for ident, name in interventions.agences(session) if plier(text) in plier(name)]


def _named(chiffre: str) -> str:
    return tr(BY_KEY[chiffre].nom) if chiffre in BY_KEY else chiffre


def _value(row: TargetRow | TargetCard) -> str:
    unit = TYPED_IN[BY_KEY[row.chiffre].unite] if row.chiffre in BY_KEY else ""
    sign = {-1: "≤ ", 1: "≥ "}.get(BY_KEY[row.chiffre].sens, "") if row.chiffre in BY_KEY else ""
    said = f"{row.cible.normalize():f}".replace(".", ",")
    if unit == "h":
        # A word in Arabic, outside of the figure.
        return f"{isolate(sign + said)}{FINE}{tr(unit)}"
    return isolate(f"{sign}{said}{FINE}{unit}".rstrip(FINE))


def _figures() -> list[tuple[str, str]]:
    """With the unit in which each is typed."""
    units = ((f, TYPED_IN[f.unite]) for f in FIGURES)
    return [(f.cle, f"{tr(f.nom)} ({tr(unit) if unit == 'h' else unit})" if unit else tr(f.nom)) for f, unit in units]


FORM = FormSpec(
    kind="objectifs",
    table="objectifs",
    icon="gauge",
    new_title="Nouvel objectif",
    groups=[
        Group("Objectif", [
            FieldSpec("chiffre", kind="choice", options=_figures, initial="sla_tenus",
                      writable=lambda _acteur, record: record is None),
            FieldSpec("cible"),
            FieldSpec("date_debut"),
            FieldSpec("agence_id", kind="picker", search=_agencies, shown=lambda r: r.agence,
                      placeholder="Vide : toutes les agences",
                      writable=lambda acteur, record: record is None and acteur.role is Role.ADMIN),
        ]),
    ],
    load=objectifs.get,
    create=lambda session, acteur, values: objectifs.create(session, acteur, ObjectifInput(**values)),
    update=objectifs.update,
    head=lambda r: Head(code="", title=_named(r.chiffre), tab=_named(r.chiffre), plain=_value(r)),
    saved="Objectif enregistré",
    created="Objectif créé",
    may_write=_may,
    why_not=lambda acteur, record: PARTAGEE if acteur.role is Role.RESPONSABLE else responsable(acteur, record),
)  # fmt: skip

LISTE: ListSpec[TargetRow] = ListSpec(
    title="Objectifs",
    icon="gauge",
    placeholder="Filtrer : chiffre:mttr agence:cas",
    columns=[
        Column("chiffre", LABEL, 240, lambda r: _named(r.chiffre), "strong", stretch=True),
        Column("cible", LABEL, 130, _value, "code", numeric=True),
        Column("date_debut", LABEL, 120, lambda r: isolate(labels.day(r.date_debut)), "code", numeric=True),
        Column("agence", "Agence", 130, lambda r: isolate(r.agence) if r.agence else tr("toutes")),
    ],
    row_id=lambda row: row.id,
    ids=objectifs.LISTING.ids,
    first=objectifs.LISTING.first,
    rows=objectifs.LISTING.rows,
    one="1 objectif",
    many="{n} objectifs",
    hints=objectifs.LISTING.hints,
    empty="Aucun objectif ne répond à ces critères",
    blank="Aucun objectif : ceux du catalogue valent",
    new="Nouvel objectif",
    form=FORM,
    sort="chiffre",
    facets=[
        Facet("chiffre", "Chiffre", options=lambda: [(f.cle, tr(f.nom)) for f in FIGURES]),
        Facet("agence", "Agence"),
    ],
    also=("agences",),
    may_create=_may,
)
