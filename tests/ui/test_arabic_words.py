"""What was French, turned round or said twice in an Arabic window."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from erp_desktop.db.worker import DbWorker
from erp_desktop.domain import enums
from erp_desktop.domain.factures.enums import EtatFacture, StatutTransmission
from erp_desktop.domain.preventif.etats import Etat
from erp_desktop.domain.writing.texts import texts
from erp_desktop.reports.papers import samples
from erp_desktop.services.objectifs import TargetRow
from erp_desktop.ui.contrats import marks
from erp_desktop.ui.factures.lines import count
from erp_desktop.ui.forms.editors import AreaEditor
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.rapports import targets
from erp_desktop.ui.stock.ledger_tab import origin
from erp_desktop.ui.wording import value_labels
from tests.ui.company import Monde
from tests.ui.window import Bureau


@pytest.fixture
def arabic(qapp: QApplication) -> None:
    i18n.set_language(qapp, "ar")


@pytest.mark.usefixtures("arabic")
def test_hours_are_said_in_arabic_and_other_units_as_they_were_typed() -> None:
    assert count(Decimal("1.50"), "h") == "\u20661,5\u2069 س"
    assert count(Decimal(4), "u") == "\u20664 u\u2069"
    target = TargetRow(1, "mttr", Decimal("3.00"), date(2026, 1, 1), "")
    (cell,) = [column.text(target) for column in targets.LISTE.columns if column.key == "cible"]
    assert cell == "\u2066≤ 3\u2069\u202fس"
    assert "MTTR (س)" in [words for _key, words in targets._figures()]


@pytest.mark.usefixtures("arabic")
@pytest.mark.parametrize(("motif", "told"), [
    ("INT-CAS-04-2026-00372", "\u2066INT-CAS-04-2026-00372\u2069"),
    ("Casse", "\u2066INT-CAS-04-2026-00372\u2069 · Casse"),
])  # fmt: skip
def test_where_a_movement_came_from_is_said_once(motif: str, told: str) -> None:
    row = SimpleNamespace(autre="", origine="INT-CAS-04-2026-00372", motif=motif, lot="", quantite=Decimal(-1))
    assert origin(row) == told  # type: ignore[arg-type]


@pytest.mark.usefixtures("arabic")
def test_a_sentence_that_begins_with_a_latin_word_is_read_from_the_right() -> None:
    assert i18n.tr("Espace : montrer ou cacher. Ctrl ↑ ↓ : déplacer.").startswith("\u2066Space\u2069: إ")
    assert i18n.tr("SLA par agence") == "\u200fSLA حسب الوكالة"
    noted = i18n.tr("{nom} : {n} lignes, {m} exclues. {exclues}", nom="MTTR", n="5", m="2", exclues="")
    assert noted.startswith("\u200fMTTR")
    assert i18n.tr("Aujourd'hui")[0] not in "\u200f\u2066"
    assert i18n.led("MTTR") == "MTTR", "nothing Arabic follows"
    # Whatever a label is put together from, as what a person typed before a word of ours.
    label = Text("Klaxon · مغلق")
    assert label.text() == "\u200fKlaxon · مغلق"
    label.setText("MTTR: 5")
    assert label.text() == "MTTR: 5"


@pytest.mark.parametrize(("language", "sides"), [("fr", (True, False)), ("ar", (False, True))])
def test_latin_words_of_several_lines_stand_on_the_side_of_their_form(
    qtbot: QtBot, qapp: QApplication, language: str, sides: tuple[bool, bool]
) -> None:
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    editor = AreaEditor("", 2)
    qtbot.addWidget(editor)
    editor.show()
    area = editor.area
    area.resize(300, 60)
    area.setPlainText("Zone industrielle")
    image = area.viewport().grab().toImage()
    inked = [x for x in range(2, image.width() - 2) for y in range(4, 28) if image.pixelColor(x, y).lightness() < 140]
    assert (min(inked) < 40, max(inked) > image.width() - 40) == sides


@pytest.mark.usefixtures("arabic")
def test_what_is_used_of_a_quota_comes_first_of_jobs_as_of_hours(qapp: QApplication) -> None:
    theme.install(qapp, theme.LIGHT)
    assert marks.used("45", 63) == "\u200f\u206645\u2069 / \u206663\u2069"
    hours = marks.hours(8483)
    assert hours.startswith("\u2066141:23\u2069")
    assert marks.used(hours, 218) == f"\u200f{hours} / \u2066218\u2069"


@pytest.mark.usefixtures("arabic")
def test_lines_of_the_journal_of_upgrades_are_in_arabic() -> None:
    said = i18n.said("de f4b8d2a6c0e1 à a1b2c3d4e5f6, en 7,6 s, version 0.1.0")
    assert said == "من f4b8d2a6c0e1 إلى a1b2c3d4e5f6، في 7,6 ث، الإصدار 0.1.0"
    assert i18n.said("première révision f4b8d2a6c0e1, en 7,6 s, version 0.1.0").startswith("المراجعة الأولى f4b8")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_words_of_a_head_begin_where_those_of_the_form_do(
    qtbot: QtBot, worker: DbWorker, monde: Monde, qapp: QApplication, tmp_path: Path, language: str
) -> None:
    i18n.set_language(qapp, language)
    theme.install(qapp, theme.LIGHT)
    assert monde.responsable is not None
    bureau = Bureau(qtbot, worker, monde.responsable, tmp_path)
    page = bureau.liste()
    page.view.select_place(0)
    bureau.settle()
    qapp.processEvents()
    head = page.form.head

    def begins(widget: QWidget) -> int:
        left = widget.mapTo(page.form, QPoint()).x()
        return left if language == "fr" else page.form.width() - left - widget.width()

    assert {begins(one) for one in (head.code, head.title, head.pill)} == {16}


def test_trial_papers_say_in_their_language_that_they_are() -> None:
    for name in ("bon_intervention", "facture", "recu", "releve", "contrat", "comptage", "bon_transfert"):
        data = str(samples.data(name, "ar"))
        assert samples.FRESH["ar"] in data, name
        assert samples.FRESH["fr"] not in data, name


@pytest.mark.usefixtures("arabic")
def test_what_a_word_says_has_the_gender_of_what_it_is_said_of() -> None:
    """An intervention, a contract, an absence are masculine; an invoice, a plan, a visit, a machine feminine."""
    for kind, value, said in (
        (enums.Statut, "annulee", "ملغى"), (EtatFacture, "annulee", "ملغاة"),
        (enums.StatutFacture, "annulee", "ملغاة"),
        (EtatFacture, "en_retard", "متأخرة"), (enums.StatutAbsence, "acceptee", "مقبول"),
        (StatutTransmission, "acceptee", "مقبولة"), (enums.StatutContrat, "suspendu", "معلق"),
        (enums.StatutPlanning, "suspendu", "معلقة"), (enums.StatutPlanning, "actif", "نشطة"),
        (enums.Statut, "affectee", "مسند"), (Etat, "affectee", "مسندة"), (enums.NiveauService, "standard", "عادي"),
        (enums.Criticite, "standard", "عادية"), (enums.StatutEquipement, "retire", "مسحوبة"),
    ):  # fmt: skip
        assert value_labels.label(kind, value) == said, (kind, value)
    assert i18n.tr("Retiré") == "مسحوب"


@pytest.mark.usefixtures("arabic")
def test_every_adjective_said_of_a_feminine_noun_ends_as_one() -> None:
    free = {"مسودة", "للإرسال", "قيد الإنجاز", "للإسناد", "للإنشاء", "في الصيانة", "بدون إرسال"}
    """What is a noun, or begins with a preposition, is the same of both."""
    for kind in value_labels._NOUNS:
        for value, words in value_labels.options(kind):
            first = words.split()[1 if words.startswith("غير ") else 0]
            assert words in free or first.endswith("ة") or words.endswith("ها"), (kind, value, words)
    in_catalogue = {key for key in texts("ar").known if "|" in key}
    nouns, lists = value_labels._NOUNS, value_labels._WORDS
    used = {f"{noun}|{words}" for kind, noun in nouns.items() for words in lists[kind].values()}
    # No closed list: said of an agency where it is listed.
    assert i18n.of("agence", "Ouverte").endswith("ة")
    assert in_catalogue <= used | {"agence|Ouverte"}
    assert len(in_catalogue) > 5
