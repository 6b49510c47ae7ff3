"""Reports of one's own: kept, shared, sent once at their time, and their failures told to whoever made them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop import clock
from erp_desktop.cli import report as command
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.definition import Definition, Destination, Rhythm, destination, read, rhythm
from erp_desktop.errors import NotAllowedError, ValidationError
from erp_desktop.models import RapportPlanifie, User
from erp_desktop.reports.managers import sending
from erp_desktop.services import notifications, rapports
from erp_desktop.settings import Settings
from tests.services.branch import Monde
from tests.services.rapports.mailbox import Mailbox

NOW = datetime(2026, 11, 30, 8, 10, tzinfo=UTC)
"""A Monday, ten minutes past eight in Morocco too."""
ASKED = Definition(("encours", "sla_tenus"), "agence", "30j")
DAILY = Rhythm(8)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, log_dir=tmp_path, smtp_tls=False)


@pytest.fixture(autouse=True)
def _yesterday(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planned on the day before it is due."""
    monkeypatch.setattr(clock, "now", lambda: NOW - timedelta(days=1))


def test_definitions_rhythms_and_places_are_read_with_care() -> None:
    assert read(ASKED.written()) == ASKED
    assert read({"chiffres": ["mttr", "gone", 4], "par": 3, "periode": "?", "agence_id": "x"}) == Definition(
        ("mttr",)
    )
    assert read("nothing") == Definition()
    for wrong, said in ((Definition(), "au moins un"), (Definition(("mtbf", "charge"), "client"), "Charge"),
                        (Definition(("mttr",) * 9), "8 chiffres")):  # fmt: skip
        with pytest.raises(ValidationError, match=said):
            wrong.check()
    for one in (DAILY, Rhythm(7, 30, weekday=1), Rhythm(6, monthday=28)):
        assert rhythm(one.written()) == one
    assert [r.last(NOW) for r in (DAILY, Rhythm(9), Rhythm(8, 0, weekday=7), Rhythm(0, 5, monthday=1))] == [
        datetime(2026, 11, 30, 8, tzinfo=UTC), datetime(2026, 11, 29, 9, tzinfo=UTC),
        datetime(2026, 11, 29, 8, tzinfo=UTC), datetime(2026, 11, 1, 0, 5, tzinfo=UTC)]  # fmt: skip
    # Before the clocks of Morocco changed, eight o'clock was seven in UTC.
    assert DAILY.last(datetime(2026, 9, 1, 12, tzinfo=UTC)) == datetime(2026, 9, 1, 7, tzinfo=UTC)
    for text in ("* * * * *", "0 25 * * *", "0 8 31 * *", "0 8 1 * 1", "chaque jour"):
        with pytest.raises(ValidationError):
            rhythm(text)
    assert destination("courriel:a@mif.ma, b@mif.ma").addresses == ("a@mif.ma", "b@mif.ma")
    for text in ("", "dossier:", "courriel:personne", "ftp:x"):
        with pytest.raises(ValidationError):
            destination(text)


def test_a_report_is_its_authors_and_shown_to_the_agency(monde: Monde) -> None:
    ident = monde.faire(rapports.save, monde.responsable, " Mois  ", ASKED, shared=False)
    for place in ("rapports", "12:00", "a\0b", "\u200b"):
        with pytest.raises(ValidationError):
            monde.faire(rapports.plan, monde.responsable, ident, DAILY, "pdf", Destination(folder=place))
    assert monde.faire(rapports.saved, monde.agent) == []
    assert monde.faire(rapports.save, monde.responsable, "Mois", replace(ASKED, periode="12m"), shared=True) == ident
    (seen,) = monde.faire(rapports.saved, monde.agent)
    assert (seen.name, seen.mine, seen.owner, seen.definition.periode) == ("Mois", False, "Omar Idrissi", "12m")
    assert monde.faire(rapports.saved, monde.autre_agent) == []
    for act in (rapports.delete, rapports.schedules):
        with pytest.raises(NotAllowedError, match="collègue"):
            monde.faire(act, monde.agent, ident)
    with pytest.raises(ValidationError, match="adresse"):
        monde.faire(rapports.plan, monde.responsable, ident, DAILY, "pdf", Destination(addresses=("moi",)))
    planned = monde.faire(rapports.plan, monde.responsable, ident, DAILY, "pdf", Destination(folder="/ici"))
    assert [s.id for s in monde.faire(rapports.schedules, monde.responsable, ident)] == [planned]
    monde.faire(rapports.unplan, monde.responsable, planned)
    monde.faire(rapports.plan, monde.responsable, ident, DAILY, "pdf", Destination(folder="/ici"))
    monde.faire(rapports.delete, monde.responsable, ident)
    assert monde.faire(rapports.saved, monde.responsable) == []
    assert monde.lire(sa.select(RapportPlanifie.id)) == []


def _planned(monde: Monde, form: str, where: Destination) -> int:
    ident = monde.faire(rapports.save, monde.responsable, "Semaine / MTTR", ASKED, shared=False)
    return monde.faire(rapports.plan, monde.responsable, ident, DAILY, form, where)


def _result(monde: Monde, ident: int) -> str:
    return str(monde.lire(sa.select(RapportPlanifie.dernier_resultat).where(RapportPlanifie.id == ident))[0][0])


def test_what_is_due_is_sent_once_by_whoever_comes_first(monde: Monde, settings: Settings, tmp_path: Path) -> None:
    folder = _planned(monde, "xlsx", Destination(folder=str(tmp_path)))
    posted = _planned(monde, "csv", Destination(addresses=("chef@mif.ma", "siege@mif.ma")))
    assert sending.run_due(monde.engine, settings, now=NOW - timedelta(hours=1)) == []
    with Mailbox() as box:
        mine = settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": box.port})
        with ThreadPoolExecutor(2) as two:
            done = list(two.map(lambda _: sending.run_due(monde.engine, mine, now=NOW), range(2)))
        sent = [one for machine in done for one in machine]
        assert sorted(one.where for one in sent) == sorted((str(tmp_path), "chef@mif.ma, siege@mif.ma"))
        assert all(not one.failure for one in sent)
        assert sending.run_due(monde.engine, mine, now=NOW + timedelta(hours=2)) == []
        (message,) = box.messages
        assert message["To"] == "chef@mif.ma, siege@mif.ma"
        attached = message.get_payload()[1]  # type: ignore[index]
        assert attached.get_filename() == "semaine-mttr-20261130-0800.csv"  # type: ignore[union-attr]
        text = attached.get_payload(decode=True).decode("utf-8-sig")  # type: ignore[union-attr]
        assert text.splitlines()[0] == "Agence;Encours;SLA tenus (%)"
        # The next day it is due again.
        assert len(sending.run_due(monde.engine, mine, now=NOW + timedelta(days=1))) == 2
    assert len(list(tmp_path.glob("semaine-mttr-*.xlsx"))) == 2
    assert _result(monde, folder).startswith("Écrit : ")
    assert _result(monde, posted) == "Envoyé à chef@mif.ma, siege@mif.ma."


def test_a_failure_is_one_sentence_told_to_the_author(monde: Monde, settings: Settings, tmp_path: Path) -> None:
    ident = _planned(monde, "pdf", Destination(addresses=("parti@mif.ma",)))
    with Mailbox(refuse="550 inconnu ici") as box:
        mine = settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": box.port})
        (one,) = sending.run_due(monde.engine, mine, now=NOW)
        assert one.failure == f"Le serveur de courriel 127.0.0.1:{box.port} refuse parti@mif.ma."
        assert box.messages == []
        port = box.port
    assert _result(monde, ident) == f"Échec : {one.failure}"
    (told,) = monde.faire(notifications.lister, monde.responsable)
    assert (told.evenement, told.contenu) == ("rapport_echec", f"Semaine / MTTR : {one.failure}")
    assert monde.faire(notifications.lister, monde.agent) == []
    for later, changes, said in (
        (1, {"smtp_host": "127.0.0.1", "smtp_port": port}, "ne répond pas"),
        (2, {}, "Aucun serveur de courriel"),
    ):
        tried = settings.model_copy(update=changes)
        (one,) = sending.run_due(monde.engine, tried, now=NOW + timedelta(days=later))
        assert said in one.failure
    assert len(monde.faire(notifications.lister, monde.responsable)) == 3
    with transaction(monde.engine) as session:
        session.execute(sa.update(RapportPlanifie).values(destination=f"dossier:{tmp_path / 'absent'}"))
    (one,) = sending.run_due(monde.engine, settings, now=NOW + timedelta(days=3))
    assert one.failure == f"Impossible d’écrire dans {tmp_path / 'absent'} : ce dossier n’existe pas."
    # An author who left sends nothing.
    monde.executer("UPDATE users SET is_active = false WHERE id = :i", i=monde.responsable.user_id)
    assert sending.run_due(monde.engine, settings, now=NOW + timedelta(days=4)) == []
    assert "plus actif" in _result(monde, ident)


def test_the_command_sends_and_says_what_failed(
    sqlite_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_sqlite_engine(sqlite_path)
    chef = Acteur(7, "Omar Idrissi", Role.RESPONSABLE, None)
    with transaction(engine) as session:
        session.add(User(id=7, username="omar", email="o@mif.ma", full_name=chef.nom, role="responsable"))
        session.flush()
        ident = rapports.save(session, chef, "Mois", Definition(("creees",), "mois", "12m"), shared=False)
        for place in (tmp_path, tmp_path / "absent"):
            rapports.plan(session, chef, ident, DAILY, "csv", Destination(folder=str(place)))
    engine.dispose()
    monkeypatch.setattr(clock, "now", lambda: NOW)
    done = CliRunner().invoke(command.app, ["run-due", "--cache", str(sqlite_path)])
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert f"Mois → {tmp_path}" in said
    assert "ce dossier n’existe pas" in said
    (file,) = tmp_path.glob("mois-*.csv")
    assert file.read_text(encoding="utf-8-sig").splitlines()[0] == "Mois;Créées"
    again = CliRunner().invoke(command.app, ["run-due", "--cache", str(sqlite_path)])
    assert (again.exit_code, again.output.strip()) == (0, "Aucun rapport n'est dû.")
