"""Amounts, words and delays of an invoice: Moroccan cases by hand, with where they come from."""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import Decimal

import pytest

from erp_desktop.domain.factures import delais, lettres, lettres_ar, montants
from erp_desktop.domain.factures.enums import EtatFacture
from erp_desktop.domain.factures.etats import Faits, etat

D = Decimal


def test_vat_apart_for_each_rate_after_both_discounts() -> None:
    """CGI art. 145-III: the VAT of each rate apart. 5 % off the document, 10 % off one line, half a centime up."""
    told = montants.totaux([
        montants.Ligne(D("4.5"), D("320"), D(20), remise_document=D(5)),
        montants.Ligne(D(3), D("33.35"), D(20), remise=D(10), remise_document=D(5)),
        montants.Ligne(D(46), D("4.5"), D(10), remise_document=D(5)),
        montants.Ligne(D(1), D("100"), D(0), remise_document=D(5)),
    ])  # fmt: skip
    # 1440.00, 90.045 → 90.05, 207.00, 100.00 are printed; 1368.00, 85.55 (85.5475), 196.65, 95.00 are taxed.
    assert (told.brut, told.remise, told.ht) == (D("1837.05"), D("91.85"), D("1745.20"))
    assert [(t.taux, t.ht, t.tva) for t in told.par_taux] == [
        (D(0), D("95.00"), D("0.00")), (D(10), D("196.65"), D("19.67")), (D(20), D("1453.55"), D("290.71")),
    ]  # fmt: skip
    assert told.ttc == D("2055.58")


def test_withholding_stamp_and_payments_in_parts() -> None:
    """CGI art. 117-IV: 75 % of the VAT kept back by a public client with an attestation; art. 252-I-B: 0.25 %."""
    kept = montants.retenues(D("4635.05"), D("907.35"), D(75), D(5))
    assert (kept.tva, kept.impot) == (D("680.51"), D("231.75"))
    assert montants.net_a_recevoir(D("5542.40"), kept) == D("4630.14")
    assert montants.timbre(D("1200"), D("0.25")) == D("3.00")
    assert montants.timbre(D("2"), D("0.25")) == D("0.01")
    assert montants.repartir(D("1500"), [D("1200"), D("0"), D("500")]) == [D("1200"), D("0"), D("300")]


def test_delays_of_law_69_21() -> None:
    """Art. 78-2: 60 days, 120 at most, from the invoice, of one made late from the end of the month of the work."""
    assert delais.echeance_legale(date(2026, 3, 31), date(2026, 3, 12), None) == date(2026, 5, 30)
    assert delais.echeance_legale(date(2026, 4, 20), date(2026, 3, 12), None) == date(2026, 5, 30)
    assert delais.echeance_legale(date(2026, 1, 10), None, 150) == date(2026, 5, 10)
    # 10,000 for 45 days at 2.25 + 3 % a year; the State's fine: 2.25 % and once 0.85 for the second month.
    assert delais.interets(D("10000"), 45, D("2.25"), D("3")) == D("64.73")
    assert delais.amende(D("10000"), 45, D("2.25"), D("0.85")) == D("310.00")
    assert delais.amende(D("10000"), 30, D("2.25"), D("0.85")) == D("225.00")
    assert [delais.tranche(n) for n in (0, 1, 30, 31, 60, 61, 90, 91)] == [0, 1, 1, 2, 2, 3, 3, 4]
    assert delais.relance_suivante(date(2026, 1, 31), 1) == delais.Etape(2, date(2026, 2, 21))
    assert delais.relance_suivante(date(2026, 1, 31), 3) is None


@pytest.mark.parametrize(
    ("credite", "regle", "echeance", "wanted"),
    [
        ("0", "0", date(2026, 5, 1), EtatFacture.ENVOYEE), ("0", "1", date(2026, 5, 1), EtatFacture.PARTIELLE),
        ("0", "1", date(2026, 4, 30), EtatFacture.EN_RETARD), ("0", "100", date(2026, 4, 1), EtatFacture.PAYEE),
        ("40", "60", None, EtatFacture.PAYEE), ("100", "0", None, EtatFacture.ANNULEE),
        ("0", "120", None, EtatFacture.PAYEE),
    ],
)  # fmt: skip
def test_states_follow_from_facts(credite: str, regle: str, echeance: date | None, wanted: EtatFacture) -> None:
    facts = Faits("validee", "acceptee", D(100), D(credite), D(regle), echeance, True)
    assert etat(facts, date(2026, 5, 1)) is wanted


VALUES = {
    "un": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
    "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20, "trente": 30,
    "quarante": 40, "cinquante": 50, "soixante": 60,
}  # fmt: skip
SCALES = {"mille": 10**3, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9}


def read(words: str) -> int:
    """A French cardinal back to its number, by another way than it was written."""
    total = group = 0
    for word in words.replace(" et ", " ").replace("-", " ").split():
        plain = {"vingts": "vingt", "cents": "cent"}.get(word, word)
        if plain == "cent":
            group = group // 100 * 100 + max(group % 100, 1) * 100 if group < 100 else group * 100
        elif plain == "vingt" and group % 100 == 4:
            group += 76
        elif plain in SCALES:
            total, group = total + max(group, 1) * SCALES[plain], 0
        else:
            group += VALUES[plain]
    return total + group


WRONG = re.compile(
    # A plural before another number, or none where nothing follows; « un cent », « un mille »; figures and doubles.
    r"(cents|vingts)[ -](?!million|milliard|dirham|de |centime)|(^|millions? |milliards? )un (cent\b|mille)|milles"
    r"|millions? dirham|milliards? dirham|quatre-vingt (mill[io]|d|c)"
    r"|(deux|trois|quatre|cinq|six|sept|huit|neuf) cent (million|milliard|dirham|centime)"
    r"|(?<!quatre-)\b(vingt|trente|quarante|cinquante|soixante)[ -]un\b|quatre-vingt et|soixante-onze|zéro centime"
    r"|  |\d"
)


def test_ten_thousand_amounts_are_said_as_grammar_wants() -> None:
    chance = random.Random(20260101)
    round_ones = [n * 10**p for n in (1, 2, 21, 71, 80, 81, 91, 100, 200, 280) for p in (3, 6, 9)]
    whole = [*range(1, 2_001), *round_ones]
    whole += [chance.randrange(10 ** chance.randrange(3, 12)) + 1 for _ in range(7_500)]
    amounts = [(n, chance.randrange(100)) for n in (*whole, *range(9_980, 10_480))]
    assert len(amounts) >= 10_000
    for dirhams, centimes in amounts:
        said = lettres.en_lettres(D(dirhams) + D(centimes).scaleb(-2))
        assert not WRONG.search(said), said
        head, mark, tail = re.fullmatch(r"(.*?) (?:de )?(dirhams?)(.*)", said).groups()  # type: ignore[union-attr]
        assert read(head) == dirhams, said
        assert mark == ("dirhams" if dirhams > 1 else "dirham"), said
        assert (" de dirham" in said) == (dirhams % 10**6 == 0), said
        if centimes:
            assert re.fullmatch(rf" et (.*) centime{'s' if centimes > 1 else ''}", tail), said
            assert read(tail.removeprefix(" et ").rsplit(" ", 1)[0]) == centimes, said
        else:
            assert tail == "", said


@pytest.mark.soak
def test_ten_thousand_numbers_are_said_as_num2words_says_them() -> None:
    # Its one dependency has no wheel, so it is no package of ours: pip install num2words.
    num2words = pytest.importorskip("num2words").num2words
    chance = random.Random(20260102)
    others = [chance.randrange(10 ** chance.randrange(3, 12)) for _ in range(8_000)]
    for n in (*range(2_001), *range(9_980, 10_480), *others):
        assert lettres.cardinal(n) == num2words(n, lang="fr"), n


def test_amounts_by_hand() -> None:
    for amount, said in (
        ("5542.40", "cinq mille cinq cent quarante-deux dirhams et quarante centimes"),
        ("71.71", "soixante et onze dirhams et soixante et onze centimes"), ("1000000", "un million de dirhams"),
        ("280000000", "deux cent quatre-vingts millions de dirhams"),
        ("280000", "deux cent quatre-vingt mille dirhams"),
        ("1001000.01", "un million mille dirhams et un centime"), ("0.50", "cinquante centimes"),
        ("0", "zéro dirham"), ("999999999999.99", "neuf cent quatre-vingt-dix-neuf milliards neuf cent quatre-vingt-"
         "dix-neuf millions neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf dirhams et "
         "quatre-vingt-dix-neuf centimes"),
    ):  # fmt: skip
        assert lettres.en_lettres(D(amount)) == said
    with pytest.raises(ValueError, match="not said"):
        lettres.en_lettres(D(-1))


def test_arabic_amounts_by_hand_and_each_number_in_words_of_its_own() -> None:
    for amount, said in (
        ("0", "صفر درهم"), ("1", "درهم واحد"), ("2", "درهمان"), ("7", "سبعة دراهم"), ("11", "أحد عشر درهما"),
        ("100", "مائة درهم"), ("102", "مائة درهم ودرهمان"), ("200", "مائتا درهم"), ("2000", "ألفا درهم"),
        ("2500", "ألفان وخمسمائة درهم"), ("3000", "ثلاثة آلاف درهم"), ("11500", "أحد عشر ألفا وخمسمائة درهم"),
        ("101000", "مائة ألف وألف درهم"), ("2000000", "مليونا درهم"), ("0.50", "خمسون سنتيما"),
        ("1.02", "درهم واحد وسنتيمان"),
        ("5542.40", "خمسة آلاف وخمسمائة واثنان وأربعون درهما وأربعون سنتيما"),
        ("1234567.80", "مليون ومائتان وأربعة وثلاثون ألفا وخمسمائة وسبعة وستون درهما وثمانون سنتيما"),
    ):  # fmt: skip
        assert lettres_ar.en_lettres(D(amount)) == said, amount
    with pytest.raises(ValueError, match="not said"):
        lettres_ar.en_lettres(D(10) ** 12)
    seen: dict[str, int] = {}
    chance = random.Random(20260103)
    for n in (*range(3_000), *(chance.randrange(10 ** chance.randrange(3, 12)) for _ in range(3_000))):
        said = lettres_ar.compter(n, lettres_ar.DIRHAM)
        assert seen.setdefault(said, n) == n, f"{n} and {seen[said]} are said alike"
        # What is counted agrees with what stands right before it.
        for few in re.finditer(r"(ثلاثة|أربعة|خمسة|ستة|سبعة|ثمانية|تسعة|عشرة) (?!و|عشر)(\w+)", said):
            assert few[2] in {"دراهم", "آلاف", "ملايين", "ملايير"}, said
        assert not re.search(r"(مائتان|ألفان|مليونان|ملياران) (درهم|ألف|مليون|مليار)", said), said
        assert "  " not in said, said
