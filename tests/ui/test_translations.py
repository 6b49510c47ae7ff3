"""Every sentence of the window and every refusal from below it exists in the three languages, numbers inside."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication

from erp_desktop import paths
from erp_desktop.domain.definitions import DUREE_REPARATION, PRISE_EN_CHARGE, REMISE_EN_SERVICE, SLA_TENUS
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import given
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.people.roles import Droit, exiger
from erp_desktop.domain.saisie import _PHRASES
from erp_desktop.domain.writing import bidi, typography
from erp_desktop.domain.writing.accord import accorder
from erp_desktop.domain.writing.texts import singulars
from erp_desktop.errors import RAISONS, NotAllowedError, raison
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.i18n import said, tr
from erp_desktop.ui.sign_in.page import NOT_HERE
from erp_desktop.ui.wording import value_labels

ROOT = Path(i18n.__file__).resolve().parents[2]
LANGUAGES = ("ar", "en")
_REFUSING = [
    *sorted((ROOT / "domain").rglob("*.py")),
    *(
        f
        for f in sorted((ROOT / "services").rglob("*.py"))
        if not re.search("import|sheets|services/demo/|services/releases/", f.relative_to(ROOT).as_posix())
    ),
    *(ROOT / "sync" / "inbox" / f"{name}.py" for name in ("conflicts", "merging", "discard")),
    *(ROOT / "sync" / "bundle" / f"{name}.py" for name in ("sealed", "outgoing", "returning")),
    ROOT / "reports" / "interventions.py", ROOT / "reports" / "modele.py", ROOT / "db" / "session.py",
]  # fmt: skip
"""Where what a clerk can do wrong is refused; IT reads its own messages in French."""


def catalogue(language: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in (paths.RESOURCES / "translations").glob(f"{language}*.json"):
        texts.update(json.loads(file.read_text(encoding="utf-8")))
    return texts


def _template(node: ast.AST) -> str | None:
    """A constant or f-string with a word in place of each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        values = [n.value if isinstance(n, ast.Constant) else f"X{place}Y" for place, n in enumerate(node.values)]
        return "".join(map(str, values))
    return None


def refusals() -> Iterator[str]:
    for file in _REFUSING:
        # Phrases kept apart, filled in where they are raised: « {valeur} est déjà celui de {autre} ».
        for phrase in re.findall(r'"([A-ZÀ-Ý][^"\n]*\{valeur\}[^"\n]*)"', file.read_text(encoding="utf-8")):
            names = dict.fromkeys(re.findall(r"\{(\w+)\}", phrase))
            yield phrase.format(**{name: f"X{place}Y" for place, name in enumerate(names, start=1)})
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if not name.endswith("Error") and name not in ("_regle", "lie"):
                continue
            for argument in [*node.args, *(k.value for k in node.keywords)]:
                for one in argument.values if isinstance(argument, ast.Dict) else [argument]:
                    words = _template(one)
                    own = re.sub(r"X\d+Y", "", words or "")
                    if words and re.match(r"[A-ZÀ-Ý«][^_]* ", words) and len(own) > 8:
                        yield words


def steps() -> Iterator[str]:
    """What the window says while it opens a database that is behind."""
    for name in ("start/by_copy", "central/attempts", "central/checklist"):
        for node in ast.walk(ast.parse((ROOT / "upgrade" / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("tell", "Etape"):
                yield from (words for one in node.args if (words := _template(one)) is not None)


REFUSALS = sorted({*refusals(), *steps()})


def test_the_walk_finds_the_refusals() -> None:
    assert len(REFUSALS) > 60
    assert any("X1Y" in words for words in REFUSALS)
    assert len(set(steps())) > 9


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_is_translated_with_its_values(qapp: QApplication, language: str) -> None:
    i18n.set_language(qapp, language)
    missing = []
    for words in [
        *REFUSALS,
        given.TO_CHOOSE,
        given.EXPIRED,
        NOT_HERE,
        *(re.sub(r"\{\w+\}", "12", phrase) for phrase in _PHRASES.values()),
    ]:
        translated = said(words)
        kept = all(value in translated for value in re.findall(r"X\d+Y|\b12\b", words))
        if translated == typography.composer(words) or not kept:
            missing.append(words)
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_window_is_translated(language: str) -> None:
    texts, missing = catalogue(language), set[str]()
    for file in [*(ROOT / "ui").rglob("*.py"), *sorted((ROOT / "app").rglob("*.py"))]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr" and node.args:
                words = node.args[0]
                if isinstance(words, ast.Constant) and words.value not in texts:
                    missing.add(words.value)
    assert missing == set()


_SEVERAL = re.compile(
    r"\{n\} (?:en |de |à |sur \{\w+\} )?[a-zéèêàûîô'-]+[sx]\b(?<! hors)(?<! cours)(?<! refus)(?<! ms)"
    r"(?! (?:au plus|au moins|de plus)\b)"
)
_NEVER_ONE = {
    "Les {n} premières lignes seulement : choisissez-en moins.", "{titre} (aperçu des {n} premiers)",
    "Les {n} premières sur {total} : la section Interventions les montre toutes.",
    "Les {n} derniers sur {total} : la section Mouvements les montre tous.", "Sous {n} jours",
}  # fmt: skip
"""Texts whose figure is a bound."""
_OF_ONE = re.compile(r"[=>] '?1'?\b")
"""A choice between one and several."""


def test_nothing_is_counted_in_the_plural_where_there_is_one(qapp: QApplication) -> None:
    one, missing = singulars(), set[str]()
    for file in (ROOT / "ui").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        told = {
            id(n) for choice in ast.walk(tree) if isinstance(choice, ast.IfExp)
            if _OF_ONE.search(ast.unparse(choice.test)) for n in ast.walk(choice)
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr" and id(node) not in told:
                words = str(getattr(node.args[0], "value", ""))
                if _SEVERAL.search(words) and words not in {*one, *_NEVER_ONE}:
                    missing.add(words)
    assert missing == set()
    assert [tr("{n} ouvertes, par priorité", n=n) for n in ("1", "2")] == [
        "1 ouverte, par priorité", "2 ouvertes, par priorité",
    ]  # fmt: skip
    for language in LANGUAGES:
        assert set(one.values()) - catalogue(language).keys() == set()
    i18n.set_language(qapp, "en")
    assert tr("{n} lignes importées", n=1) == "1 row imported"


def test_none_is_singular_in_french_and_as_each_language_has_it(qapp: QApplication) -> None:
    def shown(language: str) -> list[str]:
        i18n.set_language(qapp, language)
        withdrawn = tr("{n} visites créées, {r} retirées", n=4, r=0)
        made = tr("{n} visites créées, {r} retirées", n=0, r=2)
        return [withdrawn, made, *(i18n.counted("1 client", "{n} clients", n) for n in (0, 1, 2, 3, 11, 100))]

    assert shown("fr") == [
        "4 visites créées, 0 retirée", "0 visite créée, 2 retirées",
        "0 client", "1 client", "2 clients", "3 clients", "11 clients", "100 clients",
    ]  # fmt: skip
    assert shown("en") == [
        "4 visits made, 0 withdrawn", "0 visits made, 2 withdrawn",
        "0 clients", "1 client", "2 clients", "3 clients", "11 clients", "100 clients",
    ]  # fmt: skip
    assert shown("ar")[2:] == ["0 زبون", "زبون واحد", "زبونان", "3 زبناء", "11 زبونًا", "100 زبون"]


_NEVER_CALLED = {
    "ar": {
        r"postes?": "محط|حاسوب", r"agences?": "فرع|فروع",
        r"équipements?|machines?(?! n'est pas admise)": "تجهيز|آلة|آلات",
        r"clients?": "عميل|عملاء|زبائن", r"données (?!à l'import|en nombre)": "معطيات",
        r"(?<!check)listes?": r"\bال?قائمة(?! الفحص)|\bال?قوائم(?! الفحص)", r"fiches?": r"جذاذة|\bال?سجلا?ت? (?!في)",
        r"administrateurs?": "مسؤول(?!ين)", r"affect\w+": "تكليف|تعيين", r"acomptes?": "دفعة مسبقة|الدفعة المسبقة",
        r"paiements?": r"\bدفع\b|مدفوعات", r"délais?": r"\bال?أجل|آجال", r"tarifs?": "سعر|أسعار",
        r"créneaux?": "حصص|فترات",
        r"tolérance": "سماح", r"mot de passe": "كلمة السر", r"HT": "رسوم|الرسم|بدون ضريبة", r"checklists?": "التحقق",
    },
    "en": {
        r"postes?": r"\b(?:computer|device|workstation)", r"clients?": "customer", r"villes?": r"\btown",
        r"téléphones?": "telephone", r"délais?": r"\bdelay", r"photos?": "picture", r"dépôts?": r"\bstore",
        r"tarifs?": "tariff", r"objectifs?": r"\bgoal", r"corrigez": r"\bmend", r"modèles?": r"\bmodels\b|\bno model",
        r"interventions?": "intervention", r"agences?": r"\bagenc(?:y|ies)\b", r"équipements?": r"\bequipment\b",
        r"HT": r"before tax|excl\. tax", r"notifications?": r"\bnotices?\b", r"identifiant": "username",
    },
}  # fmt: skip
"""What a French noun is not called: each thing has one name in a language (``docs/glossaire.md``)."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_thing_has_one_word(language: str) -> None:
    mixed = {
        (noun, source, translated)
        for noun, wrong in _NEVER_CALLED[language].items()
        for source, translated in catalogue(language).items()
        if re.search(rf"\b(?:{noun})\b", source, re.IGNORECASE) and re.search(wrong, translated, re.IGNORECASE)
    }
    assert mixed == set()
    for noun in _NEVER_CALLED[language]:
        assert any(re.search(rf"\b(?:{noun})\b", source, re.IGNORECASE) for source in catalogue(language)), noun


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_figure_has_one_name_wherever_it_is_named(language: str) -> None:
    texts = catalogue(language)
    for name in (PRISE_EN_CHARGE, DUREE_REPARATION, REMISE_EN_SERVICE, SLA_TENUS):
        told = {words: said for words, said in texts.items() if name in words}
        assert len(told) > 0
        assert {words for words, said in told.items() if texts[name].lower() not in said.lower()} == set()


_COUNTED = re.compile(r"\{(\w+)\} (?:en |de |à )?[a-zéèêàûîô'-]+(?:s|x|\(s\))(?![\w'])")
_NO_NOUN = {
    "أخرى", "الأولى", "التالية", "بدون", "بلا", "خارج", "خلال", "في", "قيد", "م", "متبقية", "محجوزة", "محددة",
    "محددون", "مرفوضة", "مستبعدة", "مستحقة", "معروفة", "معلمة", "مغلقة", "مفتوحة", "من", "منشأة",
}  # fmt: skip
"""What follows a figure in Arabic without being what is counted."""


def test_every_counted_noun_agrees_with_its_figure(qapp: QApplication) -> None:
    stiff = set[str]()
    for source, translated in catalogue("ar").items():
        for field in _COUNTED.findall(source):
            noun = re.search(rf"\{{{field}\}} ([\u0600-\u06ff]+?)[،؛؟]?(?![\u0600-\u06ff])", translated)
            alone = accorder(translated, {field: 2}, "ar") == translated
            if noun is not None and alone and noun[1] not in {*_NO_NOUN, "كيلوبايت"}:
                stiff.add(translated)
    assert stiff == set()
    i18n.set_language(qapp, "ar")
    assert [tr("{n} pièces", n=n) for n in ("2", "3", "10", "11", "18", "100", "1\u202f103")] == [
        "قطعتان", "3 قطع", "10 قطع", "11 قطعة", "18 قطعة", "100 قطعة", "1\u202f103 قطع",
    ]  # fmt: skip
    assert [tr("{n} factures", n=n) for n in (3, 40)] == ["3 فواتير", "40 فاتورة"]
    assert [bidi.nu(value_labels.measured(words)) for words in ("2\u202fh\u202f56", "45\u202fmin", "57,8 %")] == [
        "2:56 س", "45 د", "57,8 %",
    ]  # fmt: skip
    assert tr("et {n} autres champs", n=12) == "و12 حقلًا آخر"
    assert [bidi.nu(value_labels.remaining(days * 1440)) for days in (2, -2, 5, 12)] == [
        "يومان", "+2 يوم", "5 أيام", "12 يومًا",
    ]  # fmt: skip
    assert [said(f"Le mot de passe compte au moins {n} caractères.") for n in (8, 12)] == [
        "كلمة المرور من 8 أحرف على الأقل.", "كلمة المرور من 12 حرفًا على الأقل.",
    ]  # fmt: skip
    i18n.set_language(qapp, "fr")
    assert tr("{n} visites créées, {r} retirées", n=4, r=1) == "4 visites créées, 1 retirée"
    i18n.set_language(qapp, "en")
    columns = "{fichier} · {n} lignes, {colonnes} colonnes · en-tête à la ligne {ligne}"
    assert tr(columns, fichier="a", n=3, colonnes=1, ligne=1) == "a · 3 rows, 1 column · header on line 1"


def test_no_moment_is_written_in_french_alone() -> None:
    said = re.compile(r'(?<!tr\()"%[^"]* à %H')
    assert [f.name for f in (ROOT / "ui").rglob("*.py") if said.search(f.read_text(encoding="utf-8"))] == []


def test_a_name_and_its_value_are_joined_as_the_language_does() -> None:
    stiff = [
        f"{file.name}:{node.lineno}" for file in (ROOT / "ui").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.JoinedStr)
        if any(isinstance(part, ast.Constant) and re.search(" :( |$)", str(part.value)) for part in node.values)
    ]  # fmt: skip
    assert stiff == []


def test_a_bullet_stands_on_the_side_where_reading_begins(qapp: QApplication) -> None:
    for language in ("ar", "fr"):
        i18n.set_language(qapp, language)
        said = i18n.bullet("Fuite de gaz")
        layout = QTextLayout(said)
        layout.setTextOption(QTextOption())
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        places = [float(line.cursorToX(said.index(letter))[0]) for letter in "•F"]  # type: ignore[index]
        assert (places[0] > places[1]) is (language == "ar")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_keeps_french_typography_or_formats(language: str) -> None:
    for source, translated in catalogue(language).items():
        assert "aaaa" not in translated, source
        assert not re.search(r"« | »", translated), source
        if language == "en":
            assert not re.search(r" [:;!?](\s|$)", translated), source


@pytest.mark.parametrize(
    ("mot", "attendu"),
    [("annuler", "d'annuler"), ("exécuter", "d'exécuter"), ("modifier", "de modifier"), ("écrire", "d'écrire"),
     ("habiller", "d'habiller"), ("hors tension", "de hors tension")],
)  # fmt: skip
def test_de_elides_before_a_vowel(mot: str, attendu: str) -> None:
    assert typography.de(mot) == attendu


def test_no_french_sentence_forgets_to_elide() -> None:
    agent = Acteur(1, "x", Role.CLIENT, 1, "CAS", 1)
    for droit in Droit:
        with pytest.raises(NotAllowedError) as refused:
            exiger(agent, droit)
        assert not re.search(r"\bde [aeiouéèê]", str(refused.value))


def test_guillemets_hold_their_words() -> None:
    assert tr("Texte « {x} » !", x="a") == "Texte «\u00a0a\u00a0» !"
    assert said(said("À « Karim ».")) == "À «\u00a0Karim\u00a0»."
    assert said("Le badge T-1 est déjà celui de « Karim ».") == "Le badge T-1 est déjà celui de «\u00a0Karim\u00a0»."


def test_what_is_refused_is_never_shown_as_it_was_raised() -> None:
    """Fields and banners translate a sentence from below; a message, a label and a box show what they are given."""
    raw = re.compile(r"(?:contexte\.say|setText|QMessageBox)\([^()]*\bstr\(error\)")
    shown = [
        f"{file.relative_to(ROOT)}: {found.group()}"
        for file in sorted((ROOT / "ui").rglob("*.py")) for found in raw.finditer(file.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert shown == []
    assert raw.search("contexte.say(str(error), kind='danger')"), "the search finds what it is for"


def test_a_refusal_is_said_in_the_language_in_force(qapp: QApplication) -> None:
    i18n.set_language(qapp, "en")
    assert said("Le badge T-1 est déjà celui de « Karim ».") == "Badge T-1 is already that of “Karim”."
    assert said("Une intervention clôturée ne peut pas devenir en cours.") == (
        "A job that is closed cannot become in progress."
    )
    assert (
        said("Votre rôle ne permet pas d'annuler une intervention.")
        == "Your role does not allow you to cancel a job."
    )
    assert said("L'ICE compte 15 chiffres. Date illisible.") == "An ICE has 15 digits. Unreadable date."
    assert tr("le technicien est déjà en cours sur INT-CAS-04-2026-00001.") == (
        "the technician is already at work on INT-CAS-04-2026-00001."
    )
    assert said("lot 1, conflits : 0, refusés : 2") == "batch 1, conflicts: 0, refused: 2"
    i18n.set_language(qapp, "ar")
    assert "T-1" in said("Le badge T-1 est déjà celui de « Karim ».")
    assert "15" in said("L’ICE compte 15 chiffres.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_the_system_refused_a_file_is_said_in_the_language_in_force(qapp: QApplication, language: str) -> None:
    for number in (*RAISONS, 9999):
        # What the system itself says of it is in a language of its own.
        why = raison(OSError(number, "Some words of the system"))
        assert "system" not in why
        i18n.set_language(qapp, language)
        assert said(why) != typography.composer(why), why
        shown = said(f"a.csv ne peut pas être lu : {why}.")
        assert shown.endswith(f"{said(why)}."), shown
        i18n.set_language(qapp, "fr")


def test_nothing_shows_the_words_of_the_system() -> None:
    assert [str(file) for file in ROOT.rglob("*.py") if ".strerror" in file.read_text(encoding="utf-8")] == []
