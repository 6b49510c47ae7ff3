"""Papers: the text that comes out is the text that went in, in both directions, and a template does nothing else."""

from __future__ import annotations

import io
import os
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from erp_desktop import paths
from erp_desktop.domain.writing import bidi
from erp_desktop.errors import UserError
from erp_desktop.reports import palette, papier
from erp_desktop.reports.presentation import mad

FEUILLE = "\n#show: page-entete\n#for l in d.lignes { par(l) }\n"


def feuille(*lignes: str, langue: str = "ar") -> bytes:
    couleurs = {nom: v for nom, v in asdict(palette.claire()).items() if not isinstance(v, dict)}
    modele = (paths.RESOURCES / "templates" / "commun.typ").read_text(encoding="utf-8") + FEUILLE
    donnees = {"titre": "t", "langue": langue, "sujet": "", "fraicheur": "", "couleurs": couleurs, "lignes": lignes}
    return papier.composer(modele, donnees)


def lignes_lues(pdf: bytes) -> list[str]:
    """Lines in reading order."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0]
    texte = page.get_textpage()
    lues = [bidi.nu(x).strip() for x in texte.get_text_bounded().splitlines()]
    texte.close()
    page.close()
    document.close()
    return lues


@pytest.mark.parametrize(
    ("phrase", "lue"),
    [
        ("المجموع 1 234 567,80 درهم", "المجموع 1\u202f234\u202f567,80 درهم"),
        ("المجموع 1\u202f234\u202f567,80 درهم", "المجموع 1\u202f234\u202f567,80 درهم"),
        ("-12,50", "-12,50"),
        ("+212 5 22 34 56 78", "+212\u202f5\u202f22\u202f34\u202f56\u202f78"),
        ("من 08:30-12:30", "من 08:30-12:30"),
    ],
)
def test_in_arabic_figures_phones_and_ranges_come_out_as_they_went_in(phrase: str, lue: str) -> None:
    assert lue in lignes_lues(feuille(bidi.isoler_dedans(phrase)))


def test_in_arabic_a_code_keeps_its_order() -> None:
    page = pypdf.PdfReader(io.BytesIO(feuille(bidi.isoler_dedans("INT-CAS-3-2026-0042 (SKF 6205-2RS)")))).pages[0]
    assert "INT-CAS-3-2026-0042 (SKF 6205-2RS)" in bidi.nu(page.extract_text())


def test_without_isolates_the_same_range_would_be_turned_round() -> None:
    """What the isolates are for: this is how the engine sets a bare range after an Arabic word."""
    assert "من 08:30-12:30" not in lignes_lues(feuille("من 08:30-12:30"))


def test_one_function_isolates_and_keeps_the_narrow_space() -> None:
    assert bidi.isoler("1 234,50") == "\u20661\u202f234,50\u2069"
    assert bidi.isoler(bidi.isoler("08:30-12:30")) == "\u206608:30-12:30\u2069"
    assert bidi.isoler("") == ""
    assert (
        bidi.isoler_dedans("INT-CAS-3-2026-0042 (SKF 6205-2RS)") == "\u2066INT-CAS-3-2026-0042 (SKF 6205-2RS)\u2069"
    )
    assert bidi.isoler_dedans("باب") == "باب"
    assert bidi.nu(bidi.isoler("-12,50")) == "-12,50"


def test_an_amount_keeps_its_narrow_spaces_and_its_unit() -> None:
    montant = mad(Decimal("1234567.80"))
    assert montant == "1\u202f234\u202f567,80\u00a0MAD"
    assert montant in lignes_lues(feuille(montant, langue="fr"))


def test_a_name_is_never_markup() -> None:
    nom = "#strong[x] *gras* $a$ <b> \\ @ref //"
    assert nom in lignes_lues(feuille(nom, langue="fr"))


@pytest.mark.parametrize(
    "ligne",
    [
        '#import "@preview/cetz:0.3.0": *', '#include "@preview/x:1.0.0"', '#{ import "@local/x:1.0.0" }',
        '#eval("1")', '#plugin("x.wasm")', '#dictionary(std).at("ev" + "al")',
    ],
)  # fmt: skip
def test_a_template_that_imports_is_refused_before_it_is_read(ligne: str) -> None:
    with pytest.raises(UserError, match="refusé"):
        papier.composer(ligne, {})


def test_a_template_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for chemin in (str(secret), os.path.relpath(secret), "secret.txt", "/etc/hostname"):
        with pytest.raises(UserError, match="faux"):
            papier.composer(f'#read("{chemin}")', {})


def test_an_endless_template_stops() -> None:
    with pytest.raises(UserError, match="faux"):
        papier.composer("#while true { }", {})


def test_only_our_fonts_are_used() -> None:
    page = pypdf.PdfReader(io.BytesIO(feuille("Abc ابت", langue="fr"))).pages[0]
    polices = [str(f.get_object()["/BaseFont"]) for f in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert len(polices) >= 2
    assert all("NotoSans" in p for p in polices)


def test_a_mark_that_ends_a_sentence_is_no_part_of_a_figure_and_a_code_may_begin_with_one() -> None:
    assert bidi.isoler_dedans("من 08:30-12:30.") == "من \u206608:30-12:30\u2069."
    assert bidi.isoler_dedans("المدحرجة 6308-C3، 6205-2RS") == "المدحرجة \u20666308-C3\u2069، \u20666205-2RS\u2069"
    page = pypdf.PdfReader(io.BytesIO(feuille(bidi.isoler_dedans("المدحرجة 6308-C3")))).pages[0]
    assert "6308-C3" in bidi.nu(page.extract_text())
