"""Pictures of the papers with their trial data: every paper in French, those that clients read in Arabic too."""

from __future__ import annotations

from pathlib import Path

from erp_desktop.reports.papers import engine, samples

PPI = 84.0
PAGES = {
    "bon_intervention": ("fr", "ar"), "facture": ("fr", "ar"), "recu": ("fr", "ar"), "releve": ("fr", "ar"),
    "contrat": ("fr",), "comptage": ("fr",), "planning_semaine": ("fr",), "bon_transfert": ("fr", "ar"),
    "rapport_interventions": ("fr", "ar", "en"),
}  # fmt: skip


def papers(out: Path) -> int:
    """Write the first page of each, a draft invoice and a page on which a total is carried; how many pictures."""
    taken = 0
    for name, languages in PAGES.items():
        for language in languages:
            pages = engine.pages(name, samples.data(name, language), PPI)
            wanted = {"": pages[0]}
            if name == "facture" and language == "fr":
                wanted |= {"-projet": pages[1], "-suite": pages[2]}
            for suffix, page in wanted.items():
                variant = "" if language == "fr" else f"-{language}"
                (out / f"papier-{name.replace('_', '-')}{suffix}{variant}.png").write_bytes(page)
                taken += 1
    return taken
