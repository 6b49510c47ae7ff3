"""A report of one's own: figures of the catalogue side by side, on the screen and in files.

Rows come as they are needed, so that a hundred thousand machines go into a workbook without being in memory in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.abreast import abreast
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.definition import FILTERS, Definition
from erp_desktop.domain.rapports.figures import BY_KEY, Figure, Unit
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.reports import interventions, palette
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Key, Scope, Value, Values
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.translated import Words
from erp_desktop.reports.presentation import VIDE, duree, entier, instant, mad, note, periode, pourcent
from erp_desktop.reports.sortie import keep
from erp_desktop.reports.tableur import CsvFile, XlsxFile
from erp_desktop.services import objectifs, rapports

CHUNK = 500
PRINTED = 1_000
"""Rows of one PDF."""
CHARTED = 12
_SHOWN = {
    Unit.PERCENT: "%", Unit.MINUTES: "h", Unit.TOTAL_MINUTES: "h", Unit.SECONDS: "h", Unit.TOTAL_SECONDS: "h",
    Unit.MONEY: "MAD", Unit.NOTE: "/ 5", Unit.COUNT: "",
}  # fmt: skip
"""The unit of a file's column."""
_HOURS = {Unit.MINUTES: 60, Unit.TOTAL_MINUTES: 60, Unit.SECONDS: 3600, Unit.TOTAL_SECONDS: 3600}


@dataclass(frozen=True, slots=True)
class Answer:
    """The figures of a definition at one moment.

    Attributes:
        named: what the rows are called that it is narrowed to, by filter.
        targets: figure → what it should reach on the last day, in its unit.
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
    targets: dict[str, float]
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

    def figure(name: str) -> Callable[[Session], Values]:
        return lambda side: compute.compute(side, name, scope, group, now=at)

    *found, agency, fresh, named, targets = abreast(
        session, *(figure(name) for name in definition.figures),
        lambda side: interventions.agence(side, scope.agence_id), lambda side: interventions.freshness(side, at),
        lambda side: compute.filter_names(side, scope),
        lambda side: objectifs.of_day(side, scope.agence_id, min(fin, clock.local(at).date())),
    )  # fmt: skip
    values = tuple(found)
    figures = tuple(BY_KEY[name] for name in definition.figures)
    first, unit = values[0], figures[0].unite
    keys = {key for told in values for key in told}

    def size(key: Key) -> tuple[Any, ...]:
        if group in ("mois", "age", "retard"):
            return (key,)
        number = first[key].number(unit) if key in first else None
        return (number is None, -(number or 0), key is None, str(key))

    ordered = tuple(sorted(keys, key=size)) or ((0,) if group is None else ())
    return Answer(
        title or "Rapport", definition, scope, agency, at, fresh, named, targets, figures, values, ordered,
        tuple(compute.total(told.values()) for told in values),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Composed:
    """What the page shows on which a report is composed.

    Attributes:
        listed: the first rows.
        kept: reports that were kept under a name.
        named: what the rows are called that any of them is narrowed to, by (filter, identifier).
    """

    found: Answer
    listed: list[tuple[str, list[Value]]]
    kept: list[rapports.Saved]
    agencies: tuple[tuple[int, str], ...]
    named: dict[tuple[str, Any], str]


def composed(session: Session, acteur: Acteur, definition: Definition, title: str, shown: int) -> Composed:
    """:func:`answer` with what stands around it.

    Raises:
        NotAllowedError, ValidationError
    """
    found, kept, agencies = abreast(
        session, lambda side: answer(side, acteur, definition, title), lambda side: rapports.saved(side, acteur),
        interventions.agences,
    )  # fmt: skip
    definitions = [definition, *(one.definition for one in kept)]
    listed, named = abreast(
        session, lambda side: rows(side, found, 0, shown), lambda side: _called(side, definitions, found.scope)
    )
    return Composed(found, listed, kept, agencies, named)


def _called(session: Session, definitions: list[Definition], scope: Scope) -> dict[tuple[str, Any], str]:
    names = [f.removesuffix("_id") for f in FILTERS]

    def called(name: str) -> Callable[[Session], dict[Key, str]]:
        wanted = {getattr(one, f"{name}_id") for one in definitions} - {None}
        return lambda side: compute.names(side, name, wanted, scope)

    told = abreast(session, *map(called, names))
    return {(name, key): said for name, found in zip(names, told, strict=True) for key, said in found.items()}


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
    return round(number / _HOURS.get(figure.unite, 1), 2)


def goal(found: Answer) -> float | None:
    """What the first figure should reach, as :func:`typed` gives it; None when nobody says."""
    figure = found.figures[0]
    wanted = found.targets.get(figure.cle)
    if wanted is None:
        return None
    return round(wanted / _HOURS.get(figure.unite, 1), 2)


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
            return note(number)
    return entier(int(number))


def titles(found: Answer, language: str = "fr") -> list[str]:
    """Heads of the columns of a file, in a language of ``translated.LANGUAGES``."""
    say = Words(language)
    units = ((say(f.nom), _SHOWN[f.unite]) for f in found.figures)
    return [say(found.grouped), *(f"{name} ({unit})" if unit else name for name, unit in units)]


Progress = Callable[[int, int], bool]
"""Told rows done, of how many; False stops."""


def _chunks(session: Session, found: Answer, progress: Progress | None) -> Iterator[tuple[str, list[Value]]]:
    whole = len(found.order)
    for start in range(0, whole, CHUNK):
        if progress is not None and not progress(start, whole):
            raise UserError("Export annulé.")
        yield from rows(session, found, start)


def write(
    session: Session, found: Answer, path: Path, progress: Progress | None = None, language: str = "fr"
) -> None:  # fmt: skip
    """Write the file that the suffix of ``path`` names, whole or not at all; its heads, and a PDF, in ``language``.

    Raises:
        UserError: the file cannot be written, or ``progress`` stopped it.
    """
    kind = path.suffix.lower()
    if kind == ".pdf":
        keep(path, pdf(session, found, language))
        return
    heads = titles(found, language)
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
        if len(found.order) > 1:
            tall = found.definition.group in ("mois", "age", "retard")
            book.chart(heads[1], min(len(found.order), CHARTED), palette.claire().series[0], standing=tall)
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


def pdf(session: Session, found: Answer, language: str = "fr") -> bytes:
    """The report on paper: chart, table, what each figure means."""
    return engine.pdf("rapport", paper(session, found, language))


def paper(session: Session, found: Answer, language: str = "fr") -> dict[str, Any]:
    """Everything that the template prints, already written, in a language of ``translated.LANGUAGES``."""
    look, listed, say = palette.claire(), rows(session, found, 0, PRINTED), Words(language)
    first = found.figures[0]
    # What nobody named is said in the language; what somebody typed stays.
    ours = found.definition.group in (None, "type", "priorite", "age", "retard", "mois")
    lines = [
        (say.deep(name) if ours or key is None else say.kept(name), values)
        for key, (name, values) in zip(found.order, listed, strict=False)
    ]
    charted = [(name, typed(first, v[0]) or 0, say.kept(written(first, v[0]))) for name, v in lines[:CHARTED]]
    left_out = len(found.order) - len(lines)
    more = say("{n} lignes de plus sont dans le classeur.", n=entier(left_out))

    def cells(values: Sequence[Value]) -> list[str]:
        return [say.kept(written(f, v)) for f, v in zip(found.figures, values, strict=True)]

    heads = [say(found.grouped), *(say(f.nom) for f in found.figures)]
    dates = {"a": say.moment(instant(found.calcule_a)), "de": say.moment(instant(found.donnees_du))}
    narrowed = [name for key, name in found.named.items() if key != "agence"]
    subject = [say.deep(found.agency), *narrowed, say.period(found.scope.debut, found.scope.fin)]
    return {
        "titre": say.deep(found.title), "langue": language, "mots": say.templates(),
        "sujet": say.kept(("، " if language == "ar" else ", ").join(subject)),
        "couleurs": {name: v for name, v in asdict(look).items() if not isinstance(v, dict)}
                    | {"neutre": look.discret},
        "fraicheur": say.kept(say("Calculé le {a} sur les données du {de}", **dates)),
        "graphe": {
            "titre": heads[1], "detail": heads[0], "maximum": max([0, *(n for _, n, _ in charted)]),
            "couleurs": [{"nom": heads[1], "couleur": look.series[0]}],
            "lignes": [{"libelle": name, "parts": [n], "texte": said} for name, n, said in charted],
        },
        "tableau": {
            "colonnes": heads,
            "gauche": [True, *(False for _ in found.figures)],
            "lignes": [[name, *cells(values)] for name, values in lines],
            "pied": [say("Total"), *cells(found.totals)],
        },
        "largeurs": [30, *(14 for _ in found.figures)],
        "note": say.kept(more) if left_out > 0 else "",
        "definitions": [[say(f.nom), say.kept(meant(f, v, say))]
                        for f, v in zip(found.figures, found.totals, strict=True)],
    }  # fmt: skip


def meant(figure: Figure, value: Value, say: Words) -> str:
    """What a figure is, and what it counts and leaves out here."""
    counted = say("{n} lignes, {m} exclues", n=entier(value.n), m=entier(value.exclues))
    return f"{say(figure.formule)} {counted}. {say('Exclues :')} {say(figure.exclues)}"
