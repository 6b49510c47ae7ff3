"""Series of numbers and journals: what is only read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtWidgets import QVBoxLayout

from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import plier
from erp_desktop.errors import NotAllowedError
from erp_desktop.services.administration import maintenance, numbering
from erp_desktop.services.administration.maintenance import Entry
from erp_desktop.services.administration.numbering import Serie
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.sync.exchange.reasons import french_reason
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import FieldSpec, FormSpec, Group, Head, sans_motif
from erp_desktop.ui.kit.controls import Button, Text
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels

_CARRIERS = {
    "interventions": "Interventions", "contrats": "Contrats", "factures": "Factures", "inventaires": "Inventaires",
}  # fmt: skip
_KINDS = {"migration": "Mise à niveau", "echange": "Échange", "refus": "Refus"}


def _never(_acteur: Acteur, _record: Any = None) -> bool:
    return False


def _refuse(*_arguments: Any) -> Any:
    raise NotAllowedError("Ceci se lit, et ne se modifie pas.")


def _info(name: str, label: str, shown: Any) -> FieldSpec:
    return FieldSpec(name, label, "info", shown=shown)


# --- numbers


def _series(session: Any, acteur: Acteur) -> list[tuple[int, Serie]]:
    return list(enumerate(numbering.series(session, acteur), start=1))


def _series_ids(session: Any, acteur: Acteur, query: ListQuery) -> list[int]:
    words = plier(query.texte).split()
    kept = [
        (place, s) for place, s in _series(session, acteur)
        if all(w in plier(f"{s.prefixe} {_CARRIERS[s.table]}") for w in words)
    ]  # fmt: skip
    if query.tri:
        kept.sort(key=lambda one: (getattr(one[1], query.tri), one[0]), reverse=query.descendant)
    return [place for place, _s in kept]


class _Row:
    """A series under its place."""

    __slots__ = ("id", "serie")

    def __init__(self, place: int, serie: Serie) -> None:
        self.id, self.serie = place, serie


def _series_rows(session: Any, acteur: Acteur, ids: Sequence[int]) -> list[_Row]:
    found = dict(_series(session, acteur))
    return [_Row(i, found[i]) for i in ids if i in found]


def _series_one(session: Any, acteur: Acteur, place: int) -> _Row:
    return _series_rows(session, acteur, [place])[0]


class GapsBar(RecordPart):
    """Looks for numbers that are missing in the series."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._serie: Serie | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 4)
        column.setSpacing(8)
        self.button = Button(tr("Chercher les trous"), icon="magnifying-glass", on_click=self.look)
        column.addWidget(self.button)
        self.found = Text("", "body", "text.secondary", wrap=True)
        column.addWidget(self.found)
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:  # noqa: ARG002
        self._serie = record.serie if record is not None else None
        self.found.setText("")
        self.setVisible(record is not None)

    def look(self) -> None:
        serie, acteur = self._serie, self._panel.contexte.acteur
        if serie is None:
            return

        def found(runs: Sequence[tuple[int, int]]) -> None:
            spans = [number(a) if a == b else f"{number(a)} – {number(b)}" for a, b in runs]
            text = tr("Il manque : {numeros}.", numeros=isolate(", ".join(spans))) if spans else tr(
                "Aucun trou : chaque numéro est ici.")  # fmt: skip
            self.found.setText(text)

        self._panel.contexte.tasks.run(
            lambda session: numbering.gaps(session, acteur, serie.table, serie.prefixe), found, owner=self
        )


NUMBERS: ListSpec[_Row] = ListSpec(
    title="Numérotation", icon="list-bullets", placeholder="Filtrer : un préfixe, une année",
    columns=[
        Column("prefixe", "Série", 220, lambda r: isolate(r.serie.prefixe), "code", stretch=True),
        Column("table", "Porte sur", 100, lambda r: tr(_CARRIERS[r.serie.table])),
        Column("dernier", "Dernier numéro", 84, lambda r: number(r.serie.dernier), "figure", numeric=True),
        Column("nombre", "Donnés", 70, lambda r: number(r.serie.nombre), "figure", numeric=True),
        Column("manquants", "Manquants", 84,
               lambda r: number(r.serie.manquants) if r.serie.manquants else labels.NONE, "figure", numeric=True),
        Column("", "Dernier le", 122, lambda r: labels.instant(r.serie.depuis, year=True), "muted"),
    ],
    row_id=lambda row: row.id, ids=_series_ids, rows=_series_rows, one="1 série", many="{n} séries", feminine=True,
    empty="Aucun numéro ne répond à ces critères", blank="Aucun numéro n'a encore été donné", new="",
    form=FormSpec(
        kind="admin-numeros", table="series", icon="list-bullets", new_title="Série",
        groups=[Group("Série", [
            _info("prefixe", "Préfixe", lambda r: isolate(r.serie.prefixe)),
            _info("premier", "Premier numéro", lambda r: number(r.serie.premier)),
            _info("dernier", "Dernier numéro", lambda r: number(r.serie.dernier)),
            _info("nombre", "Donnés", lambda r: number(r.serie.nombre)),
            _info("manquants", "Manquants", lambda r: number(r.serie.manquants)),
        ])],
        load=_series_one, create=_refuse, update=_refuse,
        head=lambda r: Head(code=r.serie.prefixe, title=tr(_CARRIERS[r.serie.table]), tab=r.serie.prefixe),
        saved="", created="", may_write=_never, why_not=sans_motif, bar=GapsBar,
    ),
    also=("interventions", "contrats", "factures", "inventaires"), may_create=_never,
)  # fmt: skip


# --- journals


def _what(entry: Entry) -> str:
    """A refusal in the words that a clerk reads, whatever happened in the language in force."""
    return said(french_reason(entry.code, entry.quoi) if entry.genre == "refus" else entry.quoi)


JOURNAL: ListSpec[Entry] = ListSpec(
    title="Journaux", icon="clock-counter-clockwise", placeholder="Filtrer : un poste, un mot",
    columns=[
        Column("", "Quand", 140, lambda e: labels.instant(e.quand, year=True), "code", numeric=True),
        Column("genre", "Genre", 120, lambda e: tr(_KINDS[e.genre])),
        Column("qui", "Qui", 170, lambda e: e.qui or labels.NONE),
        Column("quoi", "Quoi", 300, _what, stretch=True),
    ],
    row_id=lambda row: row.id, ids=maintenance.journal_ids, rows=maintenance.journal_rows, one="1 ligne",
    many="{n} lignes", feminine=True, empty="Aucune ligne ne répond à ces critères", blank="Le journal est vide",
    new="",
    form=FormSpec(
        kind="admin-journaux", table="journal", icon="clock-counter-clockwise", new_title="Journal",
        groups=[Group("Ligne du journal", [
            _info("quand", "Quand", lambda e: isolate(labels.instant(e.quand, year=True))),
            _info("qui", "Qui", lambda e: e.qui or labels.NONE),
            FieldSpec("quoi", "Quoi", "area", lines=6, shown=_what),
        ])],
        load=maintenance.journal_entry, create=_refuse, update=_refuse,
        head=lambda e: Head(code="", title=tr(_KINDS[e.genre]), tab=tr(_KINDS[e.genre]), plain=e.qui),
        saved="", created="", may_write=_never, why_not=sans_motif,
    ),
    facets=[Facet("genre", "Genre", options=lambda: [(kind, tr(words)) for kind, words in _KINDS.items()])],
    may_create=_never,
)  # fmt: skip
