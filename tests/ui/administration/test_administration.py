"""Administration through real widgets: a stand-alone desktop, a branch's desktop, and the centre from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import segno
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from erp_desktop import clock
from erp_desktop.db.engine import normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.db.worker import DbWorker
from erp_desktop.domain.enums import Role
from erp_desktop.domain.writing import bidi
from erp_desktop.models import User
from erp_desktop.registry import revisions
from erp_desktop.services.administration import accounts
from erp_desktop.settings import Mode
from erp_desktop.sync.device import one_line, provisioning
from erp_desktop.ui.administration.account_bar import AccountBar
from erp_desktop.ui.administration.desktops.facts import DeviceFacts
from erp_desktop.ui.administration.desktops.page import DevicesPage
from erp_desktop.ui.administration.desktops.records import DeviceBar
from erp_desktop.ui.administration.holiday_bar import HolidayBar
from erp_desktop.ui.administration.hours_tab import HoursTab
from erp_desktop.ui.administration.rules_page import RulesPage
from erp_desktop.ui.administration.upkeep import BackupsPage, SchemaPage
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.surfaces import Banner
from erp_desktop.ui.lists.page import ListPage
from tests.ui.administration.office import WAIT, chosen, opened, room
from tests.ui.branch import Labo
from tests.ui.company import Monde
from tests.ui.window import Bureau


def test_a_stand_alone_desktop_is_administered_by_keyboard(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qtbot: QtBot
) -> None:
    page = opened(bureau)
    assert page.place.writes
    assert page.notices.count() == 0
    journal = room(bureau, page, "journaux")
    assert journal.view.painted_header.sort_section == -1, "newest first: no column's order, and no arrow"
    qtbot.keyClick(bureau.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert bureau.workspace.page is page, "nothing is created there, an intervention least of all"
    assert any("Rien ne se crée" in x.text() for x in bureau.window.toaster.toasts[-1].findChildren(QLabel))
    users = room(bureau, page, "utilisateurs")
    qtbot.keyClick(bureau.window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    editors = users.form.fields.editors
    for name, typed in (("full_name", "Hajar Tazi"), ("username", "h.tazi"), ("email", "h.tazi")):
        editors[name].line.setText(typed)  # type: ignore[attr-defined]
        editors[name].changed.emit()
    qtbot.keyClick(bureau.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    bureau.settle()
    assert users.form.fields.rows["email"].error.label.text() == "Adresse de courriel illisible."
    editors["email"].line.setText("h.tazi@exemple.ma")  # type: ignore[attr-defined]
    editors["email"].changed.emit()
    qtbot.keyClick(bureau.window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: users.form.row_id is not None, timeout=WAIT)
    bureau.settle()
    bar = users.form.bar
    assert isinstance(bar, AccountBar)
    assert bar.buttons["inviter"].text() == "Inviter"
    bar.buttons["inviter"].click()
    qtbot.waitUntil(lambda: not bar.secret.isHidden(), timeout=WAIT)
    assert len(bar.shown.text()) >= 12
    bureau.settle()
    assert bar.buttons["inviter"].text() == "Nouveau mot de passe"
    assert any("n’a pas encore été remplacé" in label.text() for label in bar.findChildren(QLabel))
    assert not bar.secret.isHidden(), "shown until another account is opened"
    bar.buttons["desactiver"].click()
    qtbot.waitUntil(lambda: "reactiver" in bar.buttons, timeout=WAIT)
    bureau.settle()
    bureau.window.toaster.toasts[-1].undo()
    qtbot.waitUntil(lambda: "desactiver" in bar.buttons, timeout=WAIT)
    # Oneself: the button says why it does nothing.
    chosen(bureau, qtbot, users, "nadia")
    assert bar.secret.isHidden()
    assert not bar.buttons["desactiver"].isEnabled()
    assert bar.trouble.label.text() == accounts.SOI.replace("'", "’")

    agencies = room(bureau, page, "agences")
    chosen(bureau, qtbot, agencies, "cas")
    hours = agencies.form.parts[0]
    assert isinstance(hours, HoursTab)
    # Nothing of the form is under the edge of the narrow panel beside a list.
    assert hours.minimumSizeHint().width() <= 340
    hours.week.line.setText("lundi")
    hours.add()
    qtbot.waitUntil(lambda: bool(hours.week_field.error.label.text()), timeout=WAIT)
    qtbot.keyClicks(hours.begin.line, "01/03/20")
    kept, row_id = hours.draft(), agencies.form.row_id
    assert kept == {"semaine": "lundi", "du": "01/03/20"}
    agencies.form.open_record(None)
    bureau.settle()
    assert (hours.draft(), hours.begin.line.text()) == ({}, "")
    agencies.form.open_record(row_id)
    qtbot.waitUntil(lambda: hours.draft() == kept, timeout=WAIT)
    hours.begin.line.clear()
    hours.week.line.setText("1-5=08:00-16:00")
    hours.add()
    qtbot.waitUntil(lambda: hours.draft() == {}, timeout=WAIT)
    bureau.settle()
    assert hours.lines.count() >= 1
    shown = " ".join(label.text() for label in hours.findChildren(QLabel))
    assert "08:00 – 16:00" in shown

    holidays = room(bureau, page, "feries")
    every = holidays.model.rowCount()
    holidays.filter.set_text("etat:provisoire")
    qtbot.waitUntil(lambda: 0 < holidays.model.rowCount() < every, timeout=WAIT)
    before = holidays.model.rowCount()
    holidays.view.select_place(0)
    qtbot.waitUntil(lambda: holidays.form.record is not None, timeout=WAIT)
    moon = holidays.form.bar
    assert isinstance(moon, HolidayBar)
    bureau.settle()
    sure, moon_id = moon.day.line.text(), holidays.form.row_id
    moon.day.line.clear()
    qtbot.keyClicks(moon.day.line, "12/0")
    assert moon.draft() == {"jour": "12/0"}
    holidays.form.open_record(None)
    bureau.settle()
    assert moon.draft() == {}
    holidays.form.open_record(moon_id)
    qtbot.waitUntil(lambda: moon.draft() == {"jour": "12/0"}, timeout=WAIT)
    moon.day.line.setText(sure)
    moon.confirm()
    qtbot.waitUntil(lambda: holidays.model.rowCount() == before - 1, timeout=WAIT)

    page.show_room("regles")
    rules = page.room
    assert isinstance(rules, RulesPage)
    qtbot.waitUntil(lambda: all(e.isEnabled() for e in rules.editors.values()), timeout=WAIT)
    page.step(1)
    assert page.current == "numeros"
    page.show_room("schema")
    schema = page.room
    assert isinstance(schema, SchemaPage)
    bureau.settle()
    assert schema.upgrade_button.isHidden()
    bureau.workspace.close_tab("administration")
    # Nobody else has the section.
    assert monde.agent is not None
    assert "administration" in bureau.workspace.sections


def _column(page: ListPage, key: str) -> list[str]:
    """What a column shows, read or not."""
    (place,) = (n for n, column in enumerate(page.model.columns) if column.key == key)
    return [str(page.model.index(row, place).data()) for row in range(page.model.rowCount())]


def _tells(centre: sa.Engine, said: dict[str, Any] | None) -> None:
    """What « atelier » told of itself last; None: nothing so far."""
    change = (
        "UPDATE sync.devices SET details = details - 'dit' || CAST(:said AS jsonb), en_attente = :n "
        "WHERE nom = 'atelier'"
    )
    told = json.dumps({} if said is None else {"dit": said})
    with centre.begin() as connection:
        connection.execute(sa.text(change), {"said": told, "n": sum((said or {}).get("tables", {}).values())})


def test_a_branchs_desktop_reads_and_administers_the_centre_with_a_login_of_its_own(
    qtbot: QtBot, pg_url: str, tmp_path: Path, qapp: QApplication
) -> None:
    lab = Labo(pg_url, tmp_path)
    assert lab.nadia is not None
    centre = sa.create_engine(pg_url)
    with transaction(centre) as session:
        session.get_one(User, lab.nadia.user_id).role = "admin"
    poste, other = lab.poste("accueil"), lab.poste("atelier")
    engine = poste.engine()
    worker = DbWorker(engine)
    made = Bureau(qtbot, worker, replace(lab.nadia, role=Role.ADMIN), tmp_path)
    settings = made.settings.model_copy(
        update={"mode": Mode.AGENCE, "data_dir": tmp_path, "cache_name": poste.path.name}
    )
    made.workspace.contexte = replace(made.workspace.contexte, settings=settings)
    page = opened(made)
    users = room(made, page, "utilisateurs")
    assert not page.place.writes
    assert users.model.rowCount() == 4
    assert not users.new_record()
    chosen(made, qtbot, users, "salma")
    assert (
        not users.form.fields.editors["full_name"].inner.isEnabled()
        or users.form.fields.editors["full_name"].line.isReadOnly()
    )  # type: ignore[attr-defined]
    # What this desktop's own file is like is read without the centre.
    schema = page.show_room("schema")
    assert isinstance(schema, SchemaPage)
    made.settle()
    assert [b.label.text() for b in schema.findChildren(Banner) if not b.isHidden()] == ["La base locale est à jour."]
    journal = room(made, page, "journaux")
    assert journal.model.rowCount() > 0
    page.show_room("postes")
    assert not isinstance(page.room, ListPage)

    panel = page.seat_panel
    action = page.notices.itemAt(0).widget()
    assert action is not None
    action.findChildren(QPushButton)[0].click()
    assert not panel.isHidden()
    panel.login.setText("personne")
    panel.enter()
    qtbot.waitUntil(lambda: bool(panel.trouble.label.text()), timeout=WAIT)
    panel.login.setText(str(normalise_url(pg_url).username))
    panel.enter()
    qtbot.waitUntil(lambda: page.place.central, timeout=WAIT)
    made.settle()
    qtbot.waitUntil(lambda: page.place.contexte.tasks.pending == 0, timeout=WAIT)
    assert page.place.writes
    with centre.connect() as connection:
        people = connection.exec_driver_sql("SELECT count(*) FROM users").scalar_one()
    counted = [page.items[room] for room in ("utilisateurs", "agences", "postes")]
    qtbot.waitUntil(lambda: [item.count for item in counted] == [people, 1, 2], timeout=WAIT)
    assert page.items["competences"].count == 0, "how many the other database has is not said of this one"
    devices = page.room
    assert isinstance(devices, DevicesPage)
    qtbot.waitUntil(lambda: devices.model.rowCount() == 2, timeout=WAIT)
    with centre.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a "
            "JOIN sync.devices d ON d.login = a.usename WHERE d.nom = 'atelier'"
        )
        seen = "UPDATE sync.devices SET vu_a = now() - CASE nom WHEN 'atelier' THEN 9 ELSE 0 END * interval '1 day'"
        connection.exec_driver_sql(seen)
    devices.reload()
    qtbot.waitUntil(lambda: _column(devices, "nom") == ["atelier", "accueil"], timeout=WAIT)
    qtbot.waitUntil(lambda: devices.count.text().endswith(" en ligne · 1 à surveiller"), timeout=WAIT)
    assert devices.window_words.text().startswith("Fenêtre de compatibilité")
    assert "atelier" not in devices.window_words.text()
    # What others do at the centre is seen without F5.
    with centre.begin() as connection:
        connection.exec_driver_sql("UPDATE sync.devices SET version = '9.9' WHERE nom = 'accueil'")
    devices.pulse.timeout.emit()
    qtbot.waitUntil(lambda: "9.9" in _column(devices, "version"), timeout=WAIT)
    devices.offer()
    devices.offered.ask()
    assert devices.offered.trouble.label.text() == "Donnez le code de l’agence."
    devices.offered.agency.setText("rien")
    file = tmp_path / "poste.erp-mif"
    devices.offered.make(file)
    qtbot.waitUntil(lambda: "Agence inconnue" in devices.offered.trouble.label.text(), timeout=WAIT)
    devices.offered.agency.setText("CAS")
    devices.offered.make(file)
    qtbot.waitUntil(devices.offered.isHidden, timeout=WAIT)
    invited = provisioning.read(file)
    assert invited.agence == "CAS"
    # The code is there once more, to scan and to copy, with its end.
    assert not devices.code.isHidden()
    until = f"{clock.local(invited.expire):%d/%m/%Y %H:%M}"
    assert devices.code.until.text() == f"Valable jusqu’au {until}"
    devices.code.copy_button.click()
    assert one_line.read(qapp.clipboard().text()) == invited
    assert [bytes(row) for row in devices.code.qr.rows] == [
        bytes(row) for row in segno.make(qapp.clipboard().text(), error="l", boost_error=False, micro=False).matrix
    ]
    # Who made it sees it at once; a code that went astray is taken back.
    qtbot.waitUntil(lambda: "Attendu" in _column(devices, "etat"), timeout=WAIT)
    devices.view.select_place(_column(devices, "etat").index("Attendu"))
    qtbot.waitUntil(lambda: devices.form.record is not None and devices.form.record.etat == "attendu", timeout=WAIT)
    waiting = devices.form.bar
    assert isinstance(waiting, DeviceBar)
    with centre.connect() as connection:
        made_by = connection.exec_driver_sql("SELECT details->'inscrit_par' FROM sync.devices WHERE etat = 'attendu'")
        assert made_by.scalar() == page.place.contexte.acteur.user_id
    assert not waiting.withdraw_button.isHidden()
    assert until in waiting.findChildren(Banner)[0].label.text()
    waiting.withdraw_button.click()
    qtbot.waitUntil(lambda: "Attendu" not in _column(devices, "etat"), timeout=WAIT)
    with centre.connect() as connection:
        login = provisioning.read(file).identifiant
        assert connection.execute(sa.text("SELECT to_regrole(:l)"), {"l": login}).scalar() is None
    devices.offer()
    devices.offered.agency.setText("CAS")
    devices.offered.name.setText("x" * 61)
    devices.offered.make(tmp_path / "long.erp-mif")
    qtbot.waitUntil(lambda: "de 1 à 60 caractères" in devices.offered.trouble.label.text(), timeout=WAIT)
    assert not (tmp_path / "long.erp-mif").exists()
    devices.offered.close_card()
    devices.filter.set_text("atelier")
    qtbot.waitUntil(lambda: devices.model.rowCount() == 1, timeout=WAIT)
    devices.view.select_place(0)
    qtbot.waitUntil(lambda: devices.form.record is not None and devices.form.record.nom == "atelier", timeout=WAIT)
    made.settle()
    bar = devices.form.bar
    assert isinstance(bar, DeviceBar)
    with centre.connect() as connection:
        received = connection.exec_driver_sql(
            "SELECT count(*) FROM sync.lots l JOIN sync.devices d USING (poste) WHERE d.nom = 'atelier'"
        ).scalar_one()
    facts = devices.form.below
    assert isinstance(facts, DeviceFacts)
    assert len(facts.days.counts) == 14
    assert (facts.days.counts[-1], sum(facts.days.counts[:-1])) == (received, 0)
    assert facts.days.isVisible()
    _tells(centre, None)
    devices.reload()
    qtbot.waitUntil(lambda: facts.total.text() == "—", timeout=WAIT)
    assert [facts.values[x].text() for x in ("Dernier usager", "Base locale", "Horloge")] == ["—", "—", "—"]
    assert facts.tables.isHidden()
    assert _column(devices, "en_attente") == ["—"]
    # Two days later, by a clock that is wrong and under a name that no account has.
    _tells(centre, {
        "a": "2026-11-20T08:00:00Z", "cache": 412 << 20, "chiffre": True, "horloge_s": -754.2, "usager": 7,
        "depuis_s": 172_800, "tables": {"clients": 1, "interventions": 1_200}, "systeme": "Windows 10", "cycle_s": 38,
    })  # fmt: skip
    devices.reload()
    qtbot.waitUntil(lambda: facts.total.text() == "1\u202f201", timeout=WAIT)
    shown = {label: bidi.nu(value.text()) for label, value in facts.values.items()}
    assert (shown["Horloge"], shown["Base locale"], shown["Dernier usager"]) == ("⚠ −12 min", "412 Mo, chiffrée", "—")
    assert shown["Version"] == "Windows 10"
    assert shown["Dernier cycle"].endswith(", 38 s")
    assert shown["Inscrit"].endswith(f" par {normalise_url(pg_url).username}")
    assert _column(devices, "revision") == ["—"]
    assert facts.tables.rows == [("Intervention", 1_200), ("Client", 1)]
    assert "Nombre annoncé au dernier échange, le 20/11" in facts.announced.text()
    assert any("retarde de" in one.label.text() for one in bar.findChildren(Banner))
    qtbot.waitUntil(lambda: _column(devices, "en_attente") == ["⚠ 1\u202f201"], timeout=WAIT)
    assert bidi.nu(_column(devices, "nom")[0]) == "atelier : Horloge ⚠ −12 min"
    with centre.begin() as connection:
        older = f"UPDATE sync.devices SET revision = '{revisions.revisions()[-3].revision}', version = '0.9'"
        connection.exec_driver_sql(f"{older} WHERE nom = 'atelier'")
    devices.filter.set_text("etat:horloge etat:attente version:0.9")
    qtbot.waitUntil(lambda: _column(devices, "revision") == ["−2"], timeout=WAIT)
    qtbot.waitUntil(lambda: devices.model.rowCount() == 1, timeout=WAIT)
    devices.form.grab()
    _tells(centre, {"a": "2026-11-20T08:00:00Z"})
    devices.filter.set_text("atelier")
    devices.reload()
    qtbot.waitUntil(lambda: bar._record is not None and bar._record.en_attente == 0, timeout=WAIT)
    bar.stolen_button.click()
    assert "Rien n’y attendait à son dernier échange." in bar.told.text()
    bar.revoke_button.click()
    assert bar.told.text().startswith("Rien n’attendait sur le poste à son dernier échange.")
    bar.name.setText("accueil")
    bar.confirm()
    qtbot.waitUntil(lambda: "recopiez son nom" in bar.trouble.label.text(), timeout=WAIT)
    bar.name.setText("Atelier")
    bar.confirm()
    qtbot.waitUntil(bar.entry.isHidden, timeout=WAIT)
    with centre.connect() as connection:
        told = "SELECT nom, etat FROM sync.devices WHERE poste > 0 AND etat <> 'attendu' ORDER BY nom"
        states = connection.exec_driver_sql(told).all()
    assert [tuple(s) for s in states] == [("accueil", "actif"), ("atelier", "retire")]
    # What brings it back is no file of its own: that is erased.
    qtbot.waitUntil(lambda: bar._record is not None and bar._record.etat == "retire", timeout=WAIT)
    bar.copy_command()
    assert "device enroll --cache FICHIER_NEUF" in qapp.clipboard().text()
    # What is written at the centre comes to the desktop with its next exchange.
    names = page.show_room("competences")
    assert isinstance(names, ListPage)
    assert names.new_record()
    names.form.fields.editors["nom"].line.setText("Soudure TIG")  # type: ignore[attr-defined]
    names.form.fields.editors["nom"].changed.emit()
    names.save()
    qtbot.waitUntil(lambda: names.form.row_id is not None, timeout=WAIT)
    page.leave_seat()
    made.settle()
    assert not page.place.writes
    poste.cycle()
    with transaction(engine, write=False) as session:
        assert session.execute(sa.text("SELECT nom FROM competences")).scalars().all() == ["Soudure TIG"]
    assert made.failures == []
    # Right to left, everything is there again.
    i18n.set_language(qapp, "ar")
    assert isinstance(page.show_room("schema"), SchemaPage)
    assert isinstance(page.show_room("sauvegardes"), BackupsPage)
    assert other.path.exists()
    made.finish()
    worker.close()
    centre.dispose()
