"""The journal of acts: who did what and when, on every table, as far as this database knows."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QHBoxLayout

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError
from erp_desktop.services.audit import acts, places
from erp_desktop.services.audit.acts import Act
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import FieldSpec, FormSpec, Group, Head, sans_motif
from erp_desktop.ui.kinds import kind_of
from erp_desktop.ui.kit.controls import Button
from erp_desktop.ui.kit.i18n import became, colon, isolate, tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import field_labels
from erp_desktop.ui.wording import value_labels as labels

_SHORT = 3
"""Changed fields that a line of the list names."""


def action(act: Act) -> str:
    return tr(places.ACTIONS.get(act.action, act.action.replace("_", " ").capitalize()))


_PARTS = {"ligne": "lignes_intervention", "temps": "temps", "document": "documents"}
"""Of what the history of an intervention speaks besides, by the beginning of the act."""


def changed(act: Act) -> list[str]:
    """Each field with what it was and is, in words."""
    told = []
    table = _PARTS.get(act.action.partition("_")[0], act.table)
    for change in act.changements:
        before, after = (field_labels.valeur(table, change.champ, v, act.noms) for v in (change.avant, change.apres))
        told.append(f"{field_labels.champ(table, change.champ)}{colon()}{became(before, after)}")
    return told


def _in_short(act: Act) -> str:
    told = changed(act)
    words = " · ".join(told[:_SHORT]) + (" …" if len(told) > _SHORT else "")
    return words or act.remarque or labels.NONE


def _in_full(act: Act) -> str:
    return "\n".join([*changed(act), *([act.remarque] if act.remarque else [])]) or labels.NONE


def where(act: Act) -> str:
    """On which poste it was made, and whether the centre knows it."""
    if act.attend:
        return tr("Ce poste, pas encore envoyé")
    if act.poste is None:
        return labels.NONE
    return tr("Poste {n}", n=isolate(f"{act.poste:02d}")) if act.poste else tr("Centre")


def _author(act: Act) -> str:
    return act.auteur or tr("auteur inconnu")


def _never(_acteur: Acteur, _record: Any = None) -> bool:
    return False


def _refuse(*_arguments: Any) -> Any:
    raise NotAllowedError("Ceci se lit, et ne se modifie pas.")


class OpenBar(RecordPart):
    """Leads to the record that an act was done on."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._act: Act | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 14, 4)
        self.button = Button(tr("Ouvrir la fiche"), icon="arrow-square-out", on_click=self.open)
        row.addWidget(self.button)
        row.addStretch()
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        self._act = record
        self.setVisible(record is not None and kind_of(record.table) is not None and record.action != "suppression")

    def open(self) -> None:
        kind = kind_of(self._act.table) if self._act is not None else None
        if kind is not None and self._act is not None:
            self._panel.contexte.open_record(kind, self._act.fiche)


def _info(name: str, label: str, shown: Any) -> FieldSpec:
    return FieldSpec(name, label, "info", shown=shown)


FORM = FormSpec(
    kind="audit", table="journal", icon="clock-counter-clockwise", new_title="Acte",
    groups=[Group("Acte", [
        _info("quand", "Quand", lambda a: isolate(labels.instant(a.quand, year=True))),
        _info("auteur", "Qui", _author),
        _info("action", "Acte", action),
        _info("table", "Porte sur", lambda a: field_labels.table(a.table)),
        _info("libelle", "Fiche", lambda a: isolate(a.libelle)),
        FieldSpec("changements", "Changements", "area", lines=8, shown=_in_full),
        _info("poste", "Poste", where),
        _info("recu_a", "Reçu au centre le",
              lambda a: isolate(labels.instant(a.recu_a, year=True)) if a.recu_a is not None else labels.NONE),
    ])],
    load=acts.entry, create=_refuse, update=_refuse,
    head=lambda a: Head(code="", title=f"{action(a)} · {field_labels.table(a.table)}", tab=action(a),
                        plain=_author(a)),
    saved="", created="", may_write=_never, why_not=sans_motif, bar=OpenBar,
)  # fmt: skip

LISTE: ListSpec[Act] = ListSpec(
    title="Journal des actes", icon="clock-counter-clockwise",
    placeholder="Filtrer : table:clients auteur:salma du:01/11 au:30/11, un nom, un numéro",
    columns=[
        Column("quand", "Quand", 132, lambda a: labels.instant(a.quand, year=True), "code", numeric=True),
        Column("", "Qui", 124, _author, "strong", full=_author),
        Column("", "Acte", 112, action, wide=150),
        Column("", "Porte sur", 100, lambda a: field_labels.table(a.table), "muted"),
        Column("", "Fiche", 140, lambda a: isolate(a.libelle), wide=176),
        Column("", "Changements", 320, _in_short, stretch=True, full=_in_full),
        Column("", "Poste", 90, where, "muted", wide=200),
    ],
    row_id=lambda act: act.id, ids=places.ids, rows=acts.rows, one="1 acte", many="{n} actes",
    empty="Aucun acte ne répond à ces critères", new="", form=FORM, sort="quand", descending=True,
    facets=[
        Facet("table", "Table", options=lambda: [(t, field_labels.table(t)) for t in places.TABLE_NAMES]),
        Facet("acte", "Acte", options=lambda: [(a, tr(words)) for a, words in places.ACTIONS.items()]),
        Facet("auteur", "Auteur"), Facet("fiche", "Fiche", shown=False), Facet("du", "Du"), Facet("au", "Au"),
    ],
    may_create=_never, hints=places.hints,
)  # fmt: skip
