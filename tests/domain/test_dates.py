"""The grammar of typed dates; its page for people is its table of examples."""

from __future__ import annotations

import ast
import re
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_desktop import clock
from erp_desktop.domain.dates import Sens, lire, plus_mois

MAINTENANT = datetime(2026, 11, 28, 10, tzinfo=clock.CASABLANCA)
_PAGE = Path(__file__).parents[2] / "docs" / "dates.md"
EXEMPLES = re.findall(r"^\| `(.+?)` \| (.+?) \|$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def ecrit(lu: tuple[date, time | None] | None) -> str:
    if lu is None:
        return "refusé"
    jour, heure = lu
    return jour.strftime("%d/%m/%Y") + (heure.strftime(" %H:%M") if heure else "")


def test_the_page_holds_every_kind_of_example() -> None:
    assert len(EXEMPLES) == 46


@pytest.mark.parametrize(("tape", "compris"), EXEMPLES)
def test_the_page_says_what_the_program_reads(tape: str, compris: str) -> None:
    assert ecrit(lire(tape, MAINTENANT, Sens.FUTUR)) == compris


@pytest.mark.parametrize(
    ("le", "tape", "sens", "jour"),
    [
        (date(2026, 12, 29), "03/01", Sens.FUTUR, date(2027, 1, 3)),
        (date(2026, 12, 29), "03/01", Sens.PASSE, date(2026, 1, 3)),
        (date(2026, 12, 29), "03/01", Sens.PROCHE, date(2027, 1, 3)),
        (date(2027, 1, 2), "30/12", Sens.FUTUR, date(2026, 12, 30)),
        (date(2027, 1, 2), "30/12", Sens.PASSE, date(2026, 12, 30)),
        (date(2027, 1, 2), "30/12", Sens.PROCHE, date(2026, 12, 30)),
        (date(2026, 11, 28), "01/05", Sens.PROCHE, date(2026, 5, 1)),
        (date(2026, 11, 28), "01/05", Sens.FUTUR, date(2027, 5, 1)),
        (date(2026, 11, 28), "20/12", Sens.PASSE, date(2025, 12, 20)),
        (date(2026, 3, 5), "29/02", Sens.FUTUR, date(2028, 2, 29)),
        (date(2026, 3, 5), "29/02", Sens.PASSE, date(2024, 2, 29)),
        (date(2026, 11, 28), "lundi", Sens.PASSE, date(2026, 11, 23)),
    ],
)
def test_what_is_not_typed_depends_on_what_the_field_expects(le: date, tape: str, sens: Sens, jour: date) -> None:
    assert lire(tape, datetime.combine(le, time(10)), sens) == (jour, None)


def test_an_hour_gone_by_stays_today_where_the_past_is_expected() -> None:
    assert lire("à 9h", MAINTENANT, Sens.PASSE) == (date(2026, 11, 28), time(9))


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(Sens))
def test_a_full_date_is_that_date_in_every_form(jour: date, sens: Sens) -> None:
    for forme in ("%d/%m/%Y", "%Y-%m-%d", "%d%m%Y", "%d.%m.%y", "%d %m %Y"):
        assert lire(jour.strftime(forme), MAINTENANT, sens) == (jour, None)


@given(st.text(max_size=25), st.sampled_from(Sens))
def test_any_text_is_a_day_of_the_program_with_its_hour_or_is_refused(texte: str, sens: Sens) -> None:
    lu = lire(texte, MAINTENANT, sens)
    if lu is not None:
        jour, heure = lu
        assert 1900 <= jour.year <= 2200
        assert heure is None or (heure.second, heure.microsecond) == (0, 0)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-500, 500))
def test_months_away_keep_the_day_or_the_last(jour: date, mois: int) -> None:
    autre = plus_mois(jour, mois)
    assert (autre.year - jour.year) * 12 + autre.month - jour.month == mois
    assert autre.day == jour.day or (autre.day < jour.day and plus_mois(autre.replace(day=1), 1).day == 1)


def test_an_instant_is_written_with_words_of_any_language() -> None:
    """And nowhere else: what the system's own language cannot encode, ``strftime`` refuses on Windows."""
    assert clock.written(MAINTENANT, "%d/%m الساعة\u2002%H:%M") == "28/11 الساعة\u200210:00"
    assert clock.written(clock.UnreadableInstant.of("?"), "%d/%m à %H:%M") == clock.UNREADABLE

    def plain(form: ast.expr) -> bool:
        if isinstance(form, ast.IfExp):
            return plain(form.body) and plain(form.orelse)
        return isinstance(form, ast.Constant) and str(form.value).isascii()

    found = [
        f"{file.name}:{call.lineno}"
        for file in (Path(__file__).parents[2] / "erp_desktop").rglob("*.py")
        if ".strftime(" in (text := file.read_text(encoding="utf-8")) and file.name != "clock.py"
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "strftime"
        if not plain(call.args[0])
    ]
    assert found == []
