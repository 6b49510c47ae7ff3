"""Papers: the text that comes out is the text that went in, in both directions, and a template does nothing else."""

from __future__ import annotations

import io
import os
from decimal import Decimal
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from erp_desktop.domain.writing import bidi
from erp_desktop.errors import UserError
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.engine.source import Source
from erp_desktop.reports.papers.engine.templates import complete
from erp_desktop.reports.presentation import mad

FEUILLE = "\n#show: page-entete\n#for l in d.lignes { par(l) }\n"


def feuille(*lignes: str, langue: str = "ar") -> bytes:
    commun = engine.shipped("liste").source.parts[0]
    donnees = {"titre": "t", "langue": langue, "sujet": "", "fraicheur": "", "lignes": lignes}
    return engine.compile_pdf(Source((commun, ("feuille.typ", FEUILLE))), complete(donnees))


def composer(texte: str) -> bytes:
    return engine.compile_pdf(Source((("essai.typ", texte),)), {})


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
    # A day is not read on into its hour.
    assert bidi.isoler("17/11/2026 13:40") == "\u206617/11/2026\u00a013:40\u2069"
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
        composer(ligne)


def test_a_template_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for chemin in (str(secret), os.path.relpath(secret), "secret.txt", "/etc/hostname"):
        with pytest.raises(UserError, match="faux"):
            composer(f'#read("{chemin}")')


def test_an_endless_template_stops() -> None:
    with pytest.raises(UserError, match="faux"):
        composer("#while true { }")


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


def test_what_is_wrong_is_one_sentence_with_its_file_and_line(tmp_path: Path) -> None:
    shared = ("commun.typ", "#let a = 1\n#let b = 2")
    for text, said in (
        ("x\n#inconnu", "Le modèle essai.typ, ligne 2, colonne 2 est faux : le nom « inconnu » n'existe pas."),
        ("\n\n#let z = (", "Le modèle essai.typ, ligne 3, colonne 10 est faux : une parenthèse, un crochet ou une "
                           "accolade n'est pas fermé."),
        ('#(a: 1).at("montant")', "Le modèle essai.typ, ligne 1, colonne 2 est faux : la donnée « montant » n'existe "
                                  "pas."),
        ('// import\n#eval("1")', "Le modèle essai.typ, ligne 2, emploie « eval », qui est refusé."),
    ):  # fmt: skip
        with pytest.raises(UserError) as error:
            engine.compile_pdf(Source((shared, ("essai.typ", text))), {})
        assert str(error.value) == said
    with pytest.raises(UserError, match=r"Le modèle commun.typ, ligne 2, .*« rien » n'existe pas"):
        engine.compile_pdf(Source((("commun.typ", "\n#rien"), ("essai.typ", "x"))), {})


def test_a_template_has_a_time_and_a_number_of_pages() -> None:
    endless = Source((("essai.typ", "#for i in range(4000000) { let a = i * i }"),))
    with pytest.raises(UserError, match=r"essai.typ ne finit pas : 0.05 s au plus"):
        engine.check(endless, {}, seconds=0.05)
    with pytest.raises(UserError, match=r"essai.typ fait 6 pages, 5 au plus"):
        engine.check(Source((("essai.typ", "#for i in range(5) { pagebreak() }\nfin"),)), {}, most=5)


def test_pdf_a_is_kept_when_a_name_has_a_letter_that_no_font_has() -> None:
    pdf = feuille("Café \U0001f600 中 Atlas", langue="fr")
    assert "Café \ufffd \ufffd Atlas" in lignes_lues(pdf)
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pypdf.PdfReader(
        io.BytesIO(pdf)
    ).trailer["/Root"]["/Metadata"].get_data()  # fmt: skip


def test_a_file_of_the_company_wins_and_a_wrong_one_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_TEMPLATES_DIR", str(tmp_path))
    data = {
        "titre": "Stock", "sujet": "", "langue": "fr", "fraicheur": "", "largeurs": [1],
        "tableau": {"colonnes": ["Pièce"], "gauche": [True], "pied": [], "lignes": [["Joint"]]},
    }  # fmt: skip
    engine.take_notices()
    assert "Stock" in lignes_lues(engine.pdf("liste", data))
    (tmp_path / "liste.typ").write_text("#show: page-entete\nNotre liste : #d.titre", encoding="utf-8")
    assert "Notre liste : Stock" in lignes_lues(engine.pdf("liste", data))
    assert engine.take_notices() == []
    (tmp_path / "liste.typ").write_text("#show: page-entete\n\n#d.titres", encoding="utf-8")
    assert "Joint" in lignes_lues(engine.pdf("liste", data))
    said = "Le modèle liste.typ, ligne 3, colonne 4 est faux : la donnée « titres » n'existe pas. "
    assert engine.take_notices() == [said + "Celui du programme a servi."]
    (tmp_path / "liste.typ").write_bytes(b"\xff\xfe")
    assert len(engine.pages("liste", data, 30)) == 1
    assert engine.take_notices() == ["Le modèle liste.typ ne peut pas être lu. Celui du programme a servi."]


def test_words_of_the_company_replace_ours_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_TEMPLATES_DIR", str(tmp_path))
    ours = engine.words("facture", "fr")
    (tmp_path / "facture.json").write_text(
        '{"fr": {"mentions": "Nos conditions.", "titres": {"facture": "Note"}, "colonnes": "faux", "autre": "x"}}'
    )
    own = engine.words("facture", "fr")
    assert own == {**ours, "mentions": "Nos conditions.", "titres": {**ours["titres"], "facture": "Note"}}
    assert engine.words("facture", "ar")["mentions"] != "Nos conditions."
    engine.take_notices()
    (tmp_path / "facture.json").write_text('{"fr": {\n "mentions" }}')
    assert engine.words("facture", "fr") == ours
    assert engine.take_notices() == [
        "Le fichier facture.json des modèles est faux, ligne 2, colonne 13. Celui du programme a servi."
    ]
    # The words of both languages have the same names.
    for name in {file.stem for file in engine.folder().glob("*.json")}:
        assert _names(engine.words(name, "fr")) == _names(engine.words(name, "ar")), name


def _names(words: dict[str, object]) -> object:
    return {
        k: _names(v) if isinstance(v, dict) else len(v) if isinstance(v, list) else None for k, v in words.items()
    }
