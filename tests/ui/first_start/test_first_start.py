"""The first start against a real centre: what is refused leaves nothing, what succeeds leaves a working database."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from erp_desktop import settings as options
from erp_desktop.app import Desktop
from erp_desktop.db import secrets
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.device import one_line, provisioning
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.ui.first_start.first_run import FirstRun
from erp_desktop.ui.first_start.wizard import AGENCE, AUTONOME, DEMO, Assistant
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.controls import Text
from erp_desktop.ui.sign_in.page import LoginPage
from tests.processes import Program
from tests.sync.first_copy.test_first_copy import MANY
from tests.sync.first_copy.test_resumed_copy import CHILD
from tests.sync.proxy import ChaosProxy
from tests.ui.company import creer


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "poste"
    return Settings(data_dir=folder, log_dir=folder, secrets_file=tmp_path / "secrets.json")


@pytest.fixture
def wizard(qtbot: QtBot, settings: Settings) -> Assistant:
    made = Assistant(settings)
    qtbot.addWidget(made)
    made.resize(1200, 860)
    made.show()
    return made


def _type(wizard: Assistant, **values: str) -> None:
    assert wizard.form is not None
    for name, value in values.items():
        editor = wizard.form.fields[name].editor
        assert isinstance(editor, QLineEdit)
        editor.setText(value)


def _errors(wizard: Assistant) -> dict[str, str]:
    assert wizard.form is not None
    return {n: f.error.label.text() for n, f in wizard.form.fields.items() if f.error.label.text()}


def _join(qtbot: QtBot, wizard: Assistant, **values: str) -> None:
    qtbot.keyClick(wizard.cards[AGENCE], Qt.Key.Key_Return)
    assert wizard.step == "connexion"
    _type(wizard, **values)
    qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)


def _where(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {
        "serveur": f"postgresql://{parts.hostname}:{parts.port}{parts.path}", "identifiant": parts.username or "",
        "mot_de_passe": parts.password or "sans",
    }  # fmt: skip


def _devices(url: str) -> int:
    engine = create_pg_engine(url)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM sync.devices")).scalar_one()
    engine.dispose()
    return int(count)


def test_digits_choose_and_the_demonstration_is_asked_for(qtbot: QtBot, wizard: Assistant) -> None:
    for key, usage in ((Qt.Key.Key_2, AUTONOME), (Qt.Key.Key_3, DEMO)):
        qtbot.keyClick(wizard.cards[AGENCE], key)
        assert wizard.cards[usage].isChecked()
    with qtbot.waitSignal(wizard.demo_asked):
        qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)


def test_an_unreadable_address_and_empty_fields_are_told_under_them(qtbot: QtBot, wizard: Assistant) -> None:
    _join(qtbot, wizard, serveur="http://centre", agence="CAS")
    assert _errors(wizard) == {
        "serveur": "L’adresse a la forme postgresql://hôte:port/base.",
        "identifiant": "Indiquez l’identifiant d’un administrateur du centre.",
        "mot_de_passe": "Indiquez son mot de passe.",
    }
    assert wizard.step == "connexion"


def test_nobody_there_is_said_calmly_and_nothing_is_left(qtbot: QtBot, wizard: Assistant) -> None:
    _join(qtbot, wizard, serveur="postgresql://127.0.0.1:1/erp", identifiant="a", mot_de_passe="b", agence="CAS")
    assert wizard.step == "copie"
    qtbot.waitUntil(lambda: not wizard.busy)
    assert wizard.step == "connexion"
    assert wizard.banner is not None
    assert wizard.banner.label.text() == "Le serveur central ne répond pas à cette adresse."
    assert not wizard.settings.cache.exists()


@pytest.fixture
def asks_password(pg_engine: sa.Engine) -> Iterator[str]:
    """A role whose password the server checks, as in production; the server's file is put back."""
    role = f"essai_{uuid.uuid4().hex[:8]}"

    def loaded() -> object:
        # Only a new line shows what new lines get.
        engine = create_pg_engine(pg_engine.url.render_as_string(hide_password=False))
        with engine.connect() as connection:
            found: object = connection.exec_driver_sql("SELECT pg_conf_load_time()").scalar_one()
        engine.dispose()
        return found

    def write(lines: list[str]) -> None:
        known = loaded()
        with pg_engine.begin() as connection:
            file = connection.exec_driver_sql("SHOW hba_file").scalar_one()
            values = ", ".join("('" + line.replace("'", "''") + "')" for line in lines)
            connection.exec_driver_sql(f"COPY (VALUES {values}) TO '{file}'")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        while loaded() == known:
            time.sleep(0.01)

    with pg_engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'le-bon'")
        before = connection.exec_driver_sql("SELECT pg_read_file(current_setting('hba_file'))").scalar_one()
    lines = [line for line in before.splitlines() if line.strip() and not line.startswith("#")]
    write([f"host all {role} all scram-sha-256", *lines])
    yield role
    write(lines)
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(f"DROP ROLE {role}")


def test_a_wrong_password_is_refused_by_the_centre(
    qtbot: QtBot, wizard: Assistant, pg_url: str, asks_password: str
) -> None:
    where = _where(pg_url) | {"identifiant": asks_password}
    _join(qtbot, wizard, **{**where, "mot_de_passe": "le-mauvais"}, agence="CAS")
    qtbot.waitUntil(lambda: not wizard.busy)
    assert wizard.banner is not None
    assert wizard.banner.label.text() == "Le serveur central a refusé l’identifiant ou le mot de passe."
    _type(wizard, mot_de_passe="le-bon")
    qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not wizard.busy)
    assert "n’a pas le droit d’inscrire un poste" in wizard.banner.label.text()
    assert not wizard.settings.cache.exists()
    assert _devices(pg_url) == 0


def test_an_unknown_agency_is_refused_and_what_was_typed_stays(
    qtbot: QtBot, wizard: Assistant, pg_url: str, pg_engine: sa.Engine
) -> None:
    creer(pg_engine)
    _join(qtbot, wizard, **_where(pg_url), agence="XXX", poste="Accueil")
    qtbot.waitUntil(lambda: not wizard.busy)
    assert wizard.banner is not None
    assert wizard.banner.label.text() == "Agence inconnue : XXX. Agences du centre : CAS."
    assert wizard.form is not None
    assert wizard.form.values()["poste"] == "Accueil"
    assert not wizard.settings.cache.exists()
    assert not wizard.settings.file.exists()
    assert _devices(pg_url) == 0


def test_joining_copies_the_agency_and_stores_the_settings(
    qtbot: QtBot, wizard: Assistant, pg_url: str, pg_engine: sa.Engine
) -> None:
    world = creer(pg_engine)
    _join(qtbot, wizard, **_where(pg_url), agence="cas", poste="Accueil")
    qtbot.waitUntil(lambda: wizard.step == "fin")
    with qtbot.waitSignal(wizard.done) as done:
        qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)
    stored = done.args[0]
    assert stored.mode is Mode.AGENCE
    assert options.load(data_dir=wizard.settings.data_dir).mode is Mode.AGENCE
    key = secrets.cache_key(stored.cache, stored.secrets_file)
    assert key is not None
    with Cache(stored.cache, key) as cache:
        assert cache.value("SELECT count(*) FROM interventions") == len(world.interventions)
        assert cache.get("agence_code") == "CAS"
    assert "sans" not in stored.file.read_text(encoding="utf-8")
    assert _devices(pg_url) == 1


def test_joining_goes_on_with_a_first_copy_whose_program_was_killed(
    qtbot: QtBot, wizard: Assistant, pg_url: str, pg_engine: sa.Engine
) -> None:
    creer(pg_engine)
    with pg_engine.begin() as connection:
        connection.exec_driver_sql(MANY.replace("%s", "4000").replace("%", "%%"))
    cache, store = wizard.settings.cache, wizard.settings.secrets_file
    assert store is not None
    where = normalise_url(pg_url)
    with ChaosProxy.before(where) as proxy:
        slow = where.set(port=proxy.port).render_as_string(hide_password=False)
        proxy.bytes_per_s = 1_500_000
        child = Program(["-c", CHILD, slow, cache, store], stderr=None)
        assert child.stdout is not None
        next(line for line in child.stdout if line.startswith("equipements ") and int(line.split()[1]) >= 1_000)
        child.kill()
        child.communicate()
        proxy.heal()
        assert not cache.exists(), "so that the program shows the wizard again"
        _join(qtbot, wizard, **{**_where(slow), "agence": "CAS", "poste": "Neuf"})
        copying = wizard.copy
        assert copying is not None
        qtbot.waitUntil(lambda: wizard.step == "fin")
        assert copying.counts.keys().isdisjoint({"users", "clients"}), "what was here did not come again"
    assert _devices(pg_url) == 1
    with Cache(cache, secrets.cache_key(cache, store)) as held, pg_engine.connect() as connection:
        for table in ("clients", "equipements", "interventions"):
            there = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            assert held.value(f"SELECT count(*) FROM {table}") == there
            assert there > (0 if table == "interventions" else 4_000)


def test_a_stand_alone_desktop_gets_one_agency_and_one_account(qtbot: QtBot, wizard: Assistant) -> None:
    qtbot.keyClick(wizard.cards[AUTONOME], Qt.Key.Key_Return)
    _type(wizard, agence_nom="Casablanca", agence_code="C1")
    qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)
    assert _errors(wizard) == {"agence_code": "Le code d’une agence a de 3 à 5 lettres, par exemple CAS."}
    _type(wizard, agence_code="CAS")
    qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)
    assert wizard.step == "compte"
    _type(wizard, nom="Salma Bennis", email="salma@mif.ma", identifiant="salma.bennis", mot_de_passe="court")
    qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)
    assert list(_errors(wizard)) == ["mot_de_passe"]
    _type(wizard, mot_de_passe="un bon mot de passe")
    with qtbot.waitSignal(wizard.done) as done:
        qtbot.mouseClick(wizard.forward, Qt.MouseButton.LeftButton)
    stored = done.args[0]
    assert stored.mode is Mode.AUTONOME
    with Cache(stored.cache, secrets.cache_key(stored.cache, stored.secrets_file)) as cache:
        assert cache.one("SELECT username, role, hashed_password LIKE '$argon2id$%' FROM users") == (
            "salma.bennis", "admin", 1,
        )  # fmt: skip
        assert cache.one("SELECT code, nom FROM agences") == ("CAS", "Casablanca")
        # What its clocks and its invoices count by: holidays, rates, the hours of each weekday.
        assert cache.value("SELECT count(*) FROM jours_feries WHERE NOT provisoire") >= 9
        assert cache.value("SELECT count(*) FROM taux_tva") == 5
        assert cache.value("SELECT count(DISTINCT jour_iso) FROM horaires_agence") >= 5


def test_no_hint_is_painted_over_a_field(qtbot: QtBot, wizard: Assistant) -> None:
    qtbot.keyClick(wizard.cards[AUTONOME], Qt.Key.Key_Return)
    form = wizard.form
    assert form is not None
    notes = [note for note in form.findChildren(Text) if note.parent() is form]
    assert notes
    qtbot.waitUntil(lambda: all(note.height() > 5 for note in notes))
    qtbot.wait(50)
    for note in notes:
        assert not any(note.geometry().intersects(field.geometry()) for field in form.fields.values())


def test_a_backup_is_checked_and_put_in_place(
    qtbot: QtBot, wizard: Assistant, sqlite_path: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "sauvegarde.sqlite"
    shutil.copyfile(sqlite_path, backup)
    before = backup.read_bytes()
    with qtbot.waitSignal(wizard.done) as done:
        wizard.import_backup(backup)
    assert done.args[0].mode is Mode.AUTONOME
    assert backup.read_bytes() == before
    with Cache(done.args[0].cache) as cache:
        assert cache.value("SELECT count(*) FROM alembic_version") == 1


@pytest.mark.parametrize("content", [b"ceci n'est pas une base", b""])
def test_any_other_file_is_refused(qtbot: QtBot, wizard: Assistant, tmp_path: Path, content: bytes) -> None:
    wrong = tmp_path / "lettre.sqlite"
    wrong.write_bytes(content)
    wizard.import_backup(wrong)
    qtbot.waitUntil(lambda: not wizard.busy and wizard.banner is not None)
    assert wizard.banner is not None
    assert "n’est pas une base ERP MIF" in wizard.banner.label.text()
    assert wizard.step == "usage"
    assert not wizard.settings.cache.exists()


def test_the_language_switch_keeps_what_was_typed(qtbot: QtBot, wizard: Assistant, qapp: QApplication) -> None:
    qtbot.keyClick(wizard.cards[AGENCE], Qt.Key.Key_Return)
    _type(wizard, serveur="centre:5432/erp")
    with qtbot.waitSignal(wizard.language_changed):
        qtbot.mouseClick(wizard.languages.buttons["ar"], Qt.MouseButton.LeftButton)
    assert i18n.language() == "ar"
    assert qapp.layoutDirection() == Qt.LayoutDirection.RightToLeft
    assert wizard.form is not None
    assert wizard.form.values()["serveur"] == "centre:5432/erp"
    wizard.set_language("fr")


def _first_run(qapp: QApplication, qtbot: QtBot, settings: Settings) -> tuple[Desktop, FirstRun]:
    """The program started on a machine that has nothing yet."""
    desktop = Desktop(qapp, settings)
    qtbot.addWidget(desktop.window)
    desktop.start()
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), FirstRun))
    page = desktop.window.centralWidget()
    assert isinstance(page, FirstRun)
    return desktop, page


def test_a_file_laid_on_the_machine_enrols_without_a_key_typed(
    qapp: QApplication, qtbot: QtBot, settings: Settings, pg_url: str, pg_engine: sa.Engine
) -> None:
    """Also after a first attempt with a file that is not whole, which leads to the form."""
    creer(pg_engine)
    invited = provisioning.invite(
        pg_engine, "CAS", timedelta(hours=1), address=normalise_url(pg_url), name="Accueil"
    )  # fmt: skip
    settings.data_dir.mkdir(parents=True)
    laid = settings.data_dir / "poste.erp-mif"
    laid.write_text("url = 1")
    desktop, page = _first_run(qapp, qtbot, settings)
    assert page.step == "connexion"
    assert page.banner is not None
    assert "n’est pas entier" in page.banner.label.text()
    laid.unlink()
    provisioning.write(invited, laid)
    qtbot.mouseClick(page.forward, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.step == "fin")
    qtbot.mouseClick(page.forward, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: isinstance(desktop.window.centralWidget(), LoginPage))
    assert not laid.exists()
    assert desktop.settings.mode is Mode.AGENCE
    assert _devices(pg_url) == 1
    desktop.close()
    desktop.setParent(None)


def test_a_code_scanned_into_the_address_enrols_with_nothing_else_typed(
    qapp: QApplication, qtbot: QtBot, settings: Settings, pg_url: str, pg_engine: sa.Engine
) -> None:
    """Cut short it says so under the field, which keeps what was read."""
    creer(pg_engine)
    invited = provisioning.invite(
        pg_engine, "CAS", timedelta(hours=1), address=normalise_url(pg_url), name="Accueil"
    )  # fmt: skip
    line = one_line.written(invited)
    desktop, page = _first_run(qapp, qtbot, settings)
    qtbot.keyClick(page.cards[AGENCE], Qt.Key.Key_Return)
    _type(page, serveur=line[:-40])
    qtbot.mouseClick(page.forward, Qt.MouseButton.LeftButton)
    assert page.form is not None
    wrong = "Ce code d’inscription n’est pas entier : lisez-le ou collez-le de nouveau."
    assert _errors(page) == {"serveur": wrong}
    assert page.form.values()["serveur"] == line[:-40]
    _type(page, serveur=line.lower())
    qtbot.keyClick(page.form.fields["serveur"].editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.step == "fin", timeout=30_000)
    assert _devices(pg_url) == 1
    desktop.close()
    desktop.setParent(None)
