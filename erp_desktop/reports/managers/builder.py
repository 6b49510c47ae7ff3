"""A report of one's own: figures of the catalogue side by side, on the screen and in files.

Rows come as they are needed, so that a hundred thousand machines go into a workbook without being in memory in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.definition import FILTERS, Definition
from erp_desktop.domain.rapports.figures import BY_KEY, Figure, Unit
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.reports import interventions, palette
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Key, Scope, Value, Values
from erp_desktop.reports.papers import engine
from erp_desktop.reports.presentation import VIDE, duree, ecrire, entier, instant, mad, periode, pourcent
from erp_desktop.reports.sortie import atomique
from erp_desktop.reports.tableur import CsvFile, XlsxFile

CHUNK = 500
PRINTED = 1_000
"""Rows of one PDF."""
CHARTED = 12
_SHOWN = {
    Unit.PERCENT: "%", Unit.MINUTES: "h", Unit.TOTAL_MINUTES: "h", Unit.SECONDS: "h", Unit.TOTAL_SECONDS: "h",
    Unit.MONEY: "MAD", Unit.NOTE: "/ 5", Unit.COUNT: "",
}  # fmt: skip
"""The unit of a file's column."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The figures of a definition at one moment.

    Attributes:
        named: what the rows are called that it is narrowed to, by filter.
        order: the keys of all figures; by the first figure, largest first, or by month or age.
        totals: each figure over the whole scope, never a mean of means.
    """

    title: str
    definition: Definition
    scope: Scope
    agency: str
    calcule_a: datetime
    donnees_du: datetime
    named: dict[str, str]
    figures: tuple[Figure, ...]
    values: tuple[Values, ...]
    order: tuple[Key, ...]
    totals: tuple[Value, ...]

    @property
    def subject(self) -> str:
        narrowed = [name for key, name in self.named.items() if key != "agence"]
        return ", ".join([self.agency, *narrowed, periode(self.scope.debut, self.scope.fin)])

    @property
    def grouped(self) -> str:
        """What the rows are, as a head of the first column."""
        return compute.GROUPS[self.definition.group] if self.definition.group else "Ensemble"

    def notes(self) -> list[str]:
        """What each figure counts and leaves out."""
        return [
            f"{f.nom} : {f.formule} {entier(v.n)} lignes, {entier(v.exclues)} exclues. Exclues : {f.exclues}"
            for f, v in zip(self.figures, self.totals, strict=True)
        ]


def answer(
    session: Session, acteur: Acteur, definition: Definition, title: str = "", *, now: datetime | None = None
) -> Answer:
    """Compute a definition as far as the person may see it.

    Raises:
        NotAllowedError, ValidationError
    """
    definition.check()
    at = now or clock.now()
    debut, fin = definition.days(clock.local(at).date())
    scope = Scope(debut, fin, **{name: getattr(definition, name) for name in FILTERS})
    scope = compute.permitted(session, acteur, scope)
    group = definition.group
    refused = [why for name in definition.figures if (why := compute.may_ask(name, scope, group)) is not None]
    if refused:
        raise ValidationError({"figures": " ".join(refused)})
    values = tuple(compute.compute(session, name, scope, group, now=at) for name in definition.figures)
    figures = tuple(BY_KEY[name] for name in definition.figures)
    first, unit = values[0], figures[0].unite
    keys = {key for found in values for key in found}

    def size(key: Key) -> tuple[Any, ...]:
        if group in ("mois", "age", "retard"):
            return (key,)
        number = first[key].number(unit) if key in first else None
        return (number is None, -(number or 0), key is None, str(key))

    ordered = tuple(sorted(keys, key=size)) or ((0,) if group is None else ())
    return Answer(
        title or "Rapport", definition, scope, interventions.agence(session, scope.agence_id), at,
        interventions.freshness(session, at), compute.filter_names(session, scope), figures, values, ordered,
        tuple(compute.total(found.values()) for found in values),
    )  # fmt: skip


def rows(session: Session, found: Answer, start: int = 0, count: int = CHUNK) -> list[tuple[str, list[Value]]]:
    """Some rows in order: what each is called, and its figures."""
    keys = found.order[start : start + count]
    names = compute.names(session, found.definition.group, keys, found.scope)
    empty = Value()
    return [(names[k], [v.get(k, empty) for v in found.values]) for k in keys]


def typed(figure: Figure, value: Value) -> float | int | None:
    """A number for a cell: per cent, hours, MAD, a mark or a count."""
    number = value.number(figure.unite)
    if number is None:
        return None
    if figure.unite is Unit.COUNT:
        return int(number)
    hours = {Unit.MINUTES: 60, Unit.TOTAL_MINUTES: 60, Unit.SECONDS: 3600, Unit.TOTAL_SECONDS: 3600}
    return round(number / hours.get(figure.unite, 1), 2)


def written(figure: Figure, value: Value) -> str:
    """The figure in words."""
    number = value.number(figure.unite)
    if number is None:
        return VIDE
    match figure.unite:
        case Unit.PERCENT:
            return pourcent(number)
        case Unit.MINUTES | Unit.TOTAL_MINUTES:
            return duree(number)
        case Unit.SECONDS | Unit.TOTAL_SECONDS:
            return duree(number / 60)
        case Unit.MONEY:
            return mad(Decimal(value.num).scaleb(-2))
        case Unit.NOTE:
            return ecrire("texte", f"{number:.1f}".replace(".", ","))
    return entier(int(number))


def titles(found: Answer) -> list[str]:
    """Heads of the columns of a file."""
    units = ((f.nom, _SHOWN[f.unite]) for f in found.figures)
    return [found.grouped, *(f"{name} ({unit})" if unit else name for name, unit in units)]


Progress = Callable[[int, int], bool]
"""Told rows done, of how many; False stops."""


def _chunks(session: Session, found: Answer, progress: Progress | None) -> Iterator[tuple[str, list[Value]]]:
    whole = len(found.order)
    for start in range(0, whole, CHUNK):
        if progress is not None and not progress(start, whole):
            raise UserError("Export annulé.")
        yield from rows(session, found, start)


def write(session: Session, found: Answer, path: Path, progress: Progress | None = None) -> None:
    """Write the file that the suffix of ``path`` names, whole or not at all.

    Raises:
        UserError: the file cannot be written, or ``progress`` stopped it.
    """
    kind = path.suffix.lower()
    if kind == ".pdf":
        page = pdf(session, found)
        atomique(path, lambda file: _put(file, page))
        return
    heads = titles(found)
    if kind == ".csv":
        with CsvFile(path) as out:
            out.row(heads)
            for name, values in _chunks(session, found, progress):
                out.row([name, *(typed(f, v) for f, v in zip(found.figures, values, strict=True))])
        return
    book = XlsxFile(path, found.title, heads)
    try:
        for name, values in _chunks(session, found, progress):
            book.row([name, *(typed(f, v) for f, v in zip(found.figures, values, strict=True))])
        book.row(["Total", *(typed(f, v) for f, v in zip(found.figures, found.totals, strict=True))])
        book.row([])
        book.row(["Période", found.scope.debut, found.scope.fin])
        book.row(["Agence", found.agency])
        for name, value in found.named.items():
            if name != "agence":
                book.row([compute.GROUPS[name], value])
        book.row(["Calculé le", found.calcule_a])
        book.row(["Données du", found.donnees_du])
        for note in found.notes():
            book.row([note])
    except BaseException:
        book.drop()
        raise
    book.commit()


def _put(file: Path, page: bytes) -> None:
    file.write_bytes(page)


def pdf(session: Session, found: Answer) -> bytes:
    """The report on paper: chart, table, what each figure means."""
    return engine.pdf("rapport", paper(session, found))


def pages(session: Session, found: Answer, ppi: float) -> list[bytes]:
    """The same as pictures, for a preview."""
    return engine.pages("rapport", paper(session, found), ppi)


def paper(session: Session, found: Answer) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    look, listed = palette.claire(), rows(session, found, 0, PRINTED)
    first = found.figures[0]
    charted = [(name, typed(first, v[0]) or 0, written(first, v[0])) for name, v in listed[:CHARTED]]
    left_out = len(found.order) - len(listed)
    return {
        "titre": found.title, "langue": "fr", "sujet": found.subject,
        "couleurs": {name: v for name, v in asdict(look).items() if not isinstance(v, dict)}
                    | {"neutre": look.discret},
        "fraicheur": f"Calculé le {instant(found.calcule_a)} sur les données du {instant(found.donnees_du)}",
        "graphe": {
            "titre": first.nom, "detail": found.grouped, "maximum": max([0, *(n for _, n, _ in charted)]),
            "couleurs": [{"nom": first.nom, "couleur": look.series[0]}],
            "lignes": [{"libelle": name, "parts": [n], "texte": said} for name, n, said in charted],
        },
        "tableau": {
            "colonnes": [found.grouped, *(f.nom for f in found.figures)],
            "gauche": [True, *(False for _ in found.figures)],
            "lignes": [[name, *(written(f, v) for f, v in zip(found.figures, values, strict=True))]
                       for name, values in listed],
            "pied": ["Total", *(written(f, v) for f, v in zip(found.figures, found.totals, strict=True))],
        },
        "largeurs": [30, *(14 for _ in found.figures)],
        "note": f"{entier(left_out)} lignes de plus sont dans le classeur." if left_out > 0 else "",
        "definitions": [note.split(" : ", 1) for note in found.notes()],
    }  # fmt: skip
