"""The catalogue of figures says each one once, and the documentation says the same."""

from __future__ import annotations

from pathlib import Path

from erp_desktop.domain.rapports.figures import BY_KEY, FIGURES, RATIOS, Figure, Unit

DOCS = Path(__file__).parents[3] / "docs" / "definitions.md"


def _row(figure: Figure) -> str:
    cells = (figure.nom, figure.unite, figure.formule, figure.exclues, figure.source)
    return "| " + " | ".join(cells).rstrip() + " |"


def test_the_documentation_gives_every_figure_as_the_program_does() -> None:
    text = DOCS.read_text(encoding="utf-8")
    table = text.partition("<!-- figures -->\n")[2].partition("<!-- /figures -->")[0]
    wanted = [
        "| chiffre | unité | calcul | exclues | norme |",
        "| --- | --- | --- | --- | --- |",
        *map(_row, FIGURES),
    ]
    assert table.splitlines() == wanted, "\n".join(wanted)


def test_each_figure_is_whole() -> None:
    assert len(BY_KEY) == len(FIGURES) == len({f.nom for f in FIGURES})
    for f in FIGURES:
        assert f.formule.endswith("."), f.cle
        assert f.exclues.endswith("."), f.cle
        assert f.groupes, f.cle
        assert f.cible is None or f.unite in RATIOS, f.cle
    assert {f.unite for f in FIGURES} == set(Unit)
