"""Reports on paper in three languages: no word of ours left in French, figures in order, read without colour."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pypdf
import pytest

from erp_desktop.domain.writing.bidi import FINE, LRI, PDI, nu
from erp_desktop.reports.catalogue.ask import Scope, Value
from erp_desktop.reports.managers import printed
from erp_desktop.reports.managers.dashboard import Dashboard, Tile
from erp_desktop.reports.papers import engine, samples
from erp_desktop.reports.papers.translated import Words

NAMES = re.compile(r"Sertisseuse|Technicien \d+|Conserveries Atlas SA|SR-\d+|MAD|SLA|MTTR|min\b|ERP MIF")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in ("couleur", "couleurs", "langue", "ton") or not isinstance(one, str):
                yield from _texts(one)


def test_a_report_keeps_no_french_word_of_ours() -> None:
    arabic = samples.data("rapport_interventions", "ar")
    left = {t for t in _texts(arabic) if re.search("[A-Za-zÀ-ÿ]{3}", NAMES.sub("", t)) and not t.startswith("#")}
    assert left - set(arabic["mots"]) == set()
    english = samples.data("rapport_interventions", "en")
    told = "171 jobs created, 159 closed; the backlog goes from 22 to 34. 4 have waited for more than 30 days."
    assert english["phrase"] == told
    assert [t["detail"] for t in english["tuiles"]][1:3] == ["37 kept of 40 due", "30 corrective jobs, 1 left out"]
    assert english["mois"]["categories"] == ["Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
    french = samples.data("rapport_interventions", "fr")
    assert french["phrase"].startswith(f"171 interventions créées, 159 clôturées{FINE}; l’encours passe de 22 à 34.")


def test_figures_keep_their_order_in_arabic() -> None:
    say = Words("ar")
    assert say.kept(f"39{FINE}000,00 MAD") == f"{LRI}39{FINE}000,00 MAD{PDI}"
    assert say.deep(f"50{FINE}min avant") == f"{LRI}50{PDI}{FINE}د سابقًا"
    assert say.kept(f"الهدف ≥ 300{FINE}h") == f"الهدف ≥ {LRI}300{PDI}{FINE}س", "hours without minutes are whole too"
    assert say.kept(f"5{FINE}h{FINE}42") == f"{LRI}5:42{PDI}{FINE}س"
    assert say.kept(f"+34{FINE}min") == f"{LRI}+34{PDI}{FINE}د"
    assert say.kept(say.kept(f"31,2{FINE}h")) == f"{LRI}31,2{PDI}{FINE}س", "said twice, it is not said otherwise"
    assert say.kept("Client prévenu à 15 h") == f"{LRI}Client prévenu à 15 h{PDI}", "what somebody typed stays"
    assert say.kept("Sertisseuse 1 (SR-01)") == f"{LRI}Sertisseuse 1 (SR-01){PDI}"
    assert say.deep("oct. 2026").startswith("أكتوبر")


@pytest.mark.parametrize("language", ["ar", "en"])
def test_parts_are_told_apart_without_colour(language: str) -> None:
    page = pypdf.PdfReader(
        io.BytesIO(engine.pdf("rapport_interventions", samples.data("rapport_interventions", language)))
    )
    first = page.pages[0]
    tilings = [p.get_object() for p in first["/Resources"]["/Pattern"].values()]
    # Hatched, and dotted; what is plain needs none.
    assert len([p for p in tilings if p["/PatternType"] == 1]) >= 2
    words = nu(first.extract_text())
    assert {"ar": "39 000,00", "en": "Report on jobs"}[language] in words.replace(FINE, " ")


def test_the_dashboard_keeps_no_french_word_of_ours() -> None:
    arabic = samples.data("tableau_de_bord", "ar")
    names = re.compile(r"Presses|Convoyeurs|Compresseurs d'air|Pompes de recirculation|Groupe froid, haute pression|"
                       r"Filtre|MTTR|MTBF|EN \d+|min\b|SLA")  # fmt: skip
    left = {t for t in _texts(arabic) if re.search("[A-Za-zÀ-ÿ]{3}", names.sub("", t)) and not t.startswith("#")}
    assert left - set(arabic["mots"]) == set()
    english = samples.data("tableau_de_bord", "en")
    tiles = {t["libelle"]: (t["valeur"], t["ecart"], t["ton"], t["detail"]) for t in english["tuiles"]}
    assert tiles["Backlog"] == ("186", "+19", "mauvais", "")
    assert tiles["MTTR"] == (f"5{FINE}h{FINE}42", f"+34{FINE}min", "mauvais", f"target ≤ 6{FINE}h{FINE}00")
    assert tiles["MTBF"] == (f"312{FINE}h", f"+31,2{FINE}h", "bon", f"target ≥ 300{FINE}h")
    assert [row[0] for row in english["attend"]["lignes"]] == ["3 overdue", "1 part below its minimum"]
    assert english["sla"]["lignes"][0]["texte"] == f"89,0{FINE}%  +1,0"
    assert english["familles"]["lignes"][0][1:] == [f"5,0{FINE}h", f"11,1{FINE}h", "1"]


def test_a_dashboard_that_cannot_tell_a_load_says_why() -> None:
    scope = Scope(date(2026, 11, 1), date(2026, 11, 30), client_id=7)
    now = datetime(2026, 11, 17, 13, tzinfo=UTC)
    refused = Tile("mtbf", Value(), Value(), None, "Les heures d'un équipement ne sont celles d'aucun technicien.")
    board = Dashboard(
        scope, scope.before(), "Casablanca", now, now, (refused,), (), (), (), (), (), now.date(), (), (),
        {"client": "Conserveries Atlas"}, {"charge": "x"}, {"sla_tenus": 95.0, "charge": 85.0}, 0.1,
    )  # fmt: skip
    told = printed.data(board)
    assert told["charge"]["detail"].startswith("Les heures d’un technicien ne se partagent pas")
    assert (told["tuiles"][0]["valeur"], told["tuiles"][0]["detail"]) == (
        "–", "Les heures d’un équipement ne sont celles d’aucun technicien.",
    )  # fmt: skip
    assert told["sujet"] == "Casablanca, Conserveries Atlas, du 1er au 30 novembre 2026"
    page = pypdf.PdfReader(io.BytesIO(engine.pdf(printed.TEMPLATE, told)))
    words = page.pages[0].extract_text()
    assert "Rien d’urgent." in words
    assert "Rien dans cette période" in words


@pytest.mark.parametrize("name", ["liste", "planning_semaine", "rapport"])
def test_trial_lists_plannings_and_reports_are_in_their_language(name: str) -> None:
    names = re.compile(r"INT-CAS-[\d-]+|Conserveries Atlas( SA)?|Bouskoura|Sertisseuse bloquée|Technicien \d+|"
                       r"Mécanique|SR-\d+|Casablanca|MAD|SLA|MTTR|EN \d+")  # fmt: skip
    arabic = samples.data(name, "ar")
    left = {t for t in _texts(arabic) if re.search("[A-Za-zÀ-ÿ]{3}", names.sub("", t)) and not t.startswith("#")}
    assert left - set(arabic.get("mots", ())) - {arabic.get("papier", "")} == set()


def test_a_printed_list_says_its_page_in_its_language() -> None:
    for language, page in (("ar", "صفحة"), ("en", "Page"), ("fr", "Page")):
        words = samples.data("liste", language)["mots"]
        assert words["Page"] == page
    assert words["Maintenance industrielle"] == "Maintenance industrielle"
    assert samples.data("liste", "en")["mots"]["Maintenance industrielle"] == "Industrial maintenance"
