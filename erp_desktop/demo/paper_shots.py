"""Pictures of the papers with their trial data: every paper in French, those that clients read in Arabic too."""

from __future__ import annotations

from pathlib import Path

from erp_desktop.reports.papers import engine, samples

PPI = 84.0
PAGES = {
    "bon_intervention": ("fr", "ar"), "facture": ("fr", "ar"), "recu": ("fr", "ar"), "releve": ("fr", "ar"),
    "contrat": ("fr",), "comptage": ("fr",), "planning_semaine": ("fr",), "bon_transfert": ("fr", "ar"),
    "rapport_interventions": ("fr", "ar", "en"), "tableau_de_bord": ("fr", "ar"),
}  # fmt: skip


def named() -> dict[str, tuple[str, str, int]]:
    """File of each picture → its paper, its language and its page: the first, of an invoice a draft's and a carried
    total's too."""
    found = {}
    for name, languages in PAGES.items():
        for language in languages:
            suffixes = ("", "-projet", "-suite") if (name, language) == ("facture", "fr") else ("",)
            variant = "" if language == "fr" else f"-{language}"
            for page, suffix in enumerate(suffixes):
                found[f"papier-{name.replace('_', '-')}{suffix}{variant}.png"] = (name, language, page)
    return found


def papers(out: Path) -> int:
    """Write them all; how many pictures."""
    pages = {
        (name, language): engine.pages(name, samples.data(name, language), PPI)
        for name, languages in PAGES.items() for language in languages
    }  # fmt: skip
    wanted = named()
    for file, (name, language, page) in wanted.items():
        (out / file).write_bytes(pages[name, language][page])
    return len(wanted)
