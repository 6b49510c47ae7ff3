"""What is typed and shown, without a window: filter words, dates, drafts, durations, catalogues."""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication
from sqlalchemy.orm import Session

from erp_desktop import clock, paths
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain import enums
from erp_desktop.models import Agence
from erp_desktop.models.base import Base
from erp_desktop.services.audit.places import ACTIONS
from erp_desktop.services.interventions import HistoriqueInfo
from erp_desktop.sync.exchange import reasons
from erp_desktop.ui.drafts import Done, Drafts
from erp_desktop.ui.forms.date_editors import to_instant
from erp_desktop.ui.interventions.history import claimed
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.lists.query import with_word, without, without_free_text, words
from erp_desktop.ui.wording import value_labels

KEYS = ["statut", "technicien", "avant"]


def test_filter_words_are_told_from_free_text() -> None:
    text = 'technicien:"Rachid El Fassi" avant:18/11 presse 12:30'
    found = [(word.key, word.value) for word in words(text, KEYS)]
    assert found == [("technicien", "Rachid El Fassi"), ("avant", "18/11"), ("", "presse"), ("", "12:30")]


def test_filter_words_can_be_replaced_and_removed() -> None:
    text = "statut:ouverte presse"
    assert with_word(text, "technicien", "K. Alaoui", KEYS) == 'statut:ouverte presse technicien:"K. Alaoui"'
    assert with_word(text, "statut", "en_cours", KEYS) == "presse statut:en_cours"
    assert without(text, words(text, KEYS)[0]) == "presse"
    assert without_free_text(text, KEYS) == "statut:ouverte"


def test_a_planned_time_follows_morocco_on_its_day() -> None:
    summer, winter = to_instant(date(2026, 7, 1), time(9)), to_instant(date(2026, 11, 22), time(9))
    assert summer.astimezone(UTC).hour == 8
    assert winter.astimezone(UTC).hour == 9


def test_drafts_survive_the_window_with_their_types(tmp_path: Path) -> None:
    kept = {"titre": "Fuite", "date_planifiee": datetime(2026, 11, 22, 9, tzinfo=UTC), "jour": date(2026, 1, 2),
            "prix": Decimal("12.50"), "technicien_id": 2**52 + 1}  # fmt: skip
    first = Drafts(tmp_path, 7)
    first.keep("interventions", 41, kept)
    first.close()
    other = Drafts(tmp_path, 7)
    found = other.find("interventions", 41)
    assert found is not None
    assert found.values == kept
    assert Drafts(tmp_path, 8).find("interventions", 41) is None
    other.drop("interventions", 41)
    other.close()
    assert other.find("interventions", 41) is None


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("instant", ["before", "after"])
def test_a_new_record_killed_around_its_commit_is_there_once(
    tmp_path: Path, sqlite_path: Path, sqlite_engine: sa.Engine, instant: str
) -> None:
    """The window went with its draft in it: saved again by the next one, it is looked for first."""

    def save(drafts: Drafts, engine: sa.Engine, typed: dict[str, str]) -> Done:
        work = drafts.once("agences", -1, typed, lambda session: new(session, typed["nom"]))
        with transaction(engine) as session:
            return work(session)

    def new(session: Session, nom: str) -> int:
        row = Agence(code="CAS", nom=nom, ville="Casablanca")
        session.add(row)
        session.flush()
        return row.id

    child = os.fork()
    if not child:
        drafts, engine = Drafts(tmp_path, 7), create_sqlite_engine(sqlite_path)
        drafts.keep("agences", -1, {"nom": "Casablanca"})
        if instant == "before":
            sa.event.listen(engine, "commit", lambda _line: os.kill(os.getpid(), signal.SIGKILL))
        save(drafts, engine, {"nom": "Casablanca"})
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    next_window = Drafts(tmp_path, 7)
    sent = next_window.sent("agences", -1)
    assert sent is not None
    # More is typed before it is saved again: what is known of it stays with the draft.
    next_window.keep("agences", -1, {"nom": "Casablanca centre"})
    done = save(next_window, sqlite_engine, {"nom": "Casablanca centre"})
    there = ("Casablanca", True) if instant == "after" else ("Casablanca centre", False)
    assert (done.values["nom"], done.before, done.answer) == (*there, sent.answer)
    with transaction(sqlite_engine, write=False) as session:
        assert session.execute(sa.select(Agence.id, Agence.nom)).all() == [(sent.id, there[0])]
    next_window.forget_sent("agences", -1)
    next_window.close()
    last = Drafts(tmp_path, 7)
    assert (last.sent("agences", -1), last.find("agences", -1).values) == (  # type: ignore[union-attr]
        None, {"nom": "Casablanca centre"})  # fmt: skip


def test_drafts_are_read_with_the_key_of_the_cache_alone_and_by_their_owner_alone(tmp_path: Path) -> None:
    key = "ab" * 32
    drafts = Drafts(tmp_path, 7, key)
    drafts.keep("clients", -1, {"nom": "Conserveries Atlas"})
    drafts.close()
    (file,) = tmp_path.iterdir()
    raw = file.read_bytes()
    assert b"Atlas" not in raw
    assert not raw.startswith(b"SQLite format 3")
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert Drafts(tmp_path, 7, key).find("clients", -1) is not None
    assert Drafts(tmp_path, 7, "cd" * 32).find("clients", -1) is None
    assert file.with_name(file.name + ".illisible").read_bytes() == raw


def test_drafts_that_an_earlier_version_left_as_text_are_taken_in(tmp_path: Path) -> None:
    old = tmp_path / "7"
    old.mkdir()
    text = '{"quand": "2026-11-20T10:00:00.000000Z", "champs": {"nom": "Atlas"}}'
    for name in ("clients-nouveau", "clients-41"):
        (old / f"{name}.json").write_text(text, encoding="utf-8")
    (old / "clients-42.json").write_text('{"quand": ', encoding="utf-8")
    drafts = Drafts(tmp_path, 7, "ab" * 32)
    for number in (-1, 41):
        found = drafts.find("clients", number)
        assert found is not None
        assert found.values == {"nom": "Atlas"}
    assert drafts.find("clients", 42) is None
    assert not list(old.iterdir())


def test_any_number_of_new_records_wait(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path, 7)
    slots = [drafts.fresh("clients") for _ in range(3)]
    for slot in slots:
        drafts.keep("clients", slot, {"nom": f"Client {slot}"})
    drafts.drop("clients", slots[1])
    drafts.close()
    again = Drafts(tmp_path, 7)
    assert [(kind, slot) for kind, slot, _draft in again.unfinished()] == [("clients", -1), ("clients", -3)]
    assert again.fresh("clients") == -4


def test_deadlines_are_said_shortly() -> None:
    said = [value_labels.remaining(n) for n in (28, -45, 550, 660, 26 * 60, 3 * 1440, None)]
    assert said == ["0 h 28", "+0 h 45", "9 h 10", "11 h", "26 h", "3 j", "—"]


def test_every_value_of_the_lists_has_a_word() -> None:
    for kind in value_labels._WORDS:
        for value, said in value_labels.options(kind):
            assert said, (kind, value)
            assert value in value_labels._WORDS[kind]
    for status in enums.Statut:
        assert value_labels.action(status.value)
    # Whatever column a history shows, its closed list has words, in each language.
    declared = {
        info.values
        for mapper in Base.registry.mappers for column in mapper.local_table.columns for info in column.info.values()
        if isinstance(getattr(info, "values", None), type)
    }  # fmt: skip
    assert len(declared) > 40
    assert declared - value_labels._WORDS.keys() == set()
    for language in ("ar", "en"):
        texts = set[str]().union(
            *(json.loads(file.read_text(encoding="utf-8"))
              for file in (paths.RESOURCES / "translations").glob(f"{language}*.json"))
        )  # fmt: skip
        assert {word for words in value_labels._WORDS.values() for word in words.values()} - texts == set()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_reason_of_a_refusal_is_said_in_each_language(qapp: QApplication, language: str) -> None:
    i18n.set_language(qapp, language)
    acts = [words for words in ACTIONS.values() if i18n.tr(words) == words]
    assert [*acts, *(sentence for sentence in reasons.TOLD if i18n.tr(sentence) == sentence)] == []


@pytest.mark.parametrize("language", ["ar", "en"])
def test_catalogues_keep_the_fields_of_their_source(qapp: QApplication, language: str) -> None:
    texts: dict[str, str] = {}
    for file in (paths.RESOURCES / "translations").glob(f"{language}*.json"):
        read = json.loads(file.read_text(encoding="utf-8"))
        assert not texts.keys() & read.keys()
        texts.update(read)
    for source, said in texts.items():
        assert sorted(re.findall(r"\{\w+\}", source)) == sorted(re.findall(r"\{\w+\}", said)), source
    i18n.set_language(qapp, language)
    for status in enums.Statut:
        assert value_labels.label(enums.Statut, status) == texts[value_labels._WORDS[enums.Statut][status]]


def test_freshness_names_the_day_only_when_it_is_another() -> None:
    now = clock.now()
    assert value_labels.freshness(now).startswith("à ")
    assert value_labels.freshness(datetime(2026, 1, 5, 14, 5, tzinfo=UTC)) == "du 05/01 à 15:05"


def test_what_a_poste_says_of_an_act_is_shown_as_a_claim(qapp: QApplication) -> None:
    told = datetime(2020, 1, 1, 9, tzinfo=UTC)
    heard = datetime(2026, 11, 22, 9, tzinfo=UTC)
    entry = HistoriqueInfo(told, "Karim", "Statut", "Statut", "Ouverte", "Affectée", None, 7, heard)
    assert claimed(entry) == "déclaré au poste 7, reçu au siège le 22/11/2026 09:00"
    assert claimed(replace(entry, recu_a=None)) == "déclaré au poste 7, pas encore reçu au siège"
    assert claimed(replace(entry, poste=0)) == ""
