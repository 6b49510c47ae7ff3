"""One running window: what is wired behind it, in the order in which it happens."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from erp_desktop import settings as options
from erp_desktop.app import demonstration, place
from erp_desktop.app.central_line import CentralLine
from erp_desktop.app.due_reports import DueReports
from erp_desktop.app.engine import replica_of
from erp_desktop.app.opening import Opening
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import DamagedError, DeviceErasedError, ErpError
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.bug import show_bug
from erp_desktop.ui.bus import Bus, Changes
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.garbage import Collector
from erp_desktop.ui.idle import IdleWatch
from erp_desktop.ui.kit import i18n, theme
from erp_desktop.ui.kit.surfaces import Surface
from erp_desktop.ui.main_window import MainWindow
from erp_desktop.ui.tasks import Tasks
from erp_desktop.ui.workspace import Workspace

if TYPE_CHECKING:
    import sqlalchemy as sa

    from erp_desktop.db.worker import DbWorker
    from erp_desktop.sync.status import EtatSync
    from erp_desktop.sync.watch.service import SyncService
    from erp_desktop.ui.notifications.wiring import Tray

_log = logging.getLogger(__name__)


class Desktop(QObject):
    """One running window: opens the database behind it, then login, then work.

    Attributes:
        settings: in force; changes are stored for the next start.
        worker: the database worker once the database is open.
        sync: the network thread of a branch; ``line``: that of a window straight on the centre; None elsewhere.
        provision: file that the program was started with, for the first start.
    """

    database_opened = Signal()
    logged_in = Signal(object)
    built = Signal(object)  # a workspace that is new: after a login, and after a change of language
    state_changed = Signal(object)
    """A new :class:`EtatSync`."""
    _state_arrived = Signal(object)
    _data_arrived = Signal(object)

    def __init__(self, app: QApplication, settings: Settings) -> None:
        super().__init__(app)
        self.app, self.settings = app, settings
        self._collector = Collector(self, self.database_opened)
        i18n.set_language(app, settings.language)
        self.theme = theme.install(app, settings.theme)
        self.window = MainWindow(settings)
        self.window.on_close = self.close
        self.window.unsaved = lambda: self.workspace.unsaved() if self.workspace is not None else ()
        self.worker: DbWorker | None = None
        self.tasks: Tasks | None = None
        self.bus = Bus(self)
        self.sync: SyncService | None = None
        self.line: CentralLine | None = None
        self.state: EtatSync | None = None
        self.workspace: Workspace | None = None
        self.idle: IdleWatch | None = None
        self.provision: Path | None = None
        self._drafts: Drafts | None = None
        self._acteur: Acteur | None = None
        self._tray: Tray | None = None
        self._due: DueReports | None = None
        self._agencies: dict[int | None, str] = {}
        queued = Qt.ConnectionType.QueuedConnection
        self.opening = Opening(self, self.window, lambda: self.settings, self.show_first_run)
        self.opening.ready.connect(self._opened, queued)
        self._state_arrived.connect(self._show_state, queued)
        self._data_arrived.connect(self._publish, queued)
        self._count_soon = QTimer(self)
        self._count_soon.setSingleShot(True)
        self._count_soon.setInterval(400)
        self._count_soon.timeout.connect(self._count)
        self.bus.data_changed.connect(self._changed_here)

    def start(self) -> None:
        """Show the window, then go on behind it."""
        self.window.show()
        QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        from erp_desktop.db import secrets

        new = self.settings.mode is None and not self.settings.cache.exists()
        # Secrets without their cache: this desktop was enrolled once, and is not new.
        if new and not secrets.load(self.settings.cache, self.settings.secrets_file):
            self.show_first_run()
        else:
            self.open_database()

    # The database

    def open_database(self) -> None:
        """Open, and if need be upgrade, the database behind the window."""
        self.opening.begin()

    def _opened(self, engine: sa.Engine) -> None:
        from erp_desktop.db.worker import DbWorker

        self.worker = DbWorker(engine, replica=replica_of(self.settings, engine))
        self.tasks = Tasks(self.worker, self)
        self.tasks.failed.connect(self.report)
        if self.settings.mode is Mode.AGENCE:
            self._start_sync()
        elif self.settings.mode is Mode.CENTRE:
            self.line = CentralLine(self.tasks, self.bus, self)
        self.database_opened.emit()
        self.show_login()

    def _start_sync(self) -> None:
        from erp_desktop.db import secrets
        from erp_desktop.services.reception import suiveur
        from erp_desktop.sync.watch.service import SyncService

        cache, file = self.settings.cache, self.settings.secrets_file
        key = secrets.cache_key(cache, file)
        self.sync = SyncService(
            self.settings, cache, key, self._state_arrived.emit,
            lambda tables, _result: self._data_arrived.emit(tables), suiveur(cache, key),
        )  # fmt: skip
        self.sync.start()

    # Login and work

    def show_first_run(self) -> None:
        """The wizard; it calls :meth:`open_database` when it is done."""
        from erp_desktop.ui.first_start.first_run import FirstRun

        self.window.show_content(FirstRun(self, self.provision))

    def start_demo(self) -> None:
        """Leave this window for the demonstration, in a process of its own."""
        demonstration.leave_for(self.window)

    def show_login(self) -> None:
        """The login page; it calls :meth:`log_in`."""
        from erp_desktop.ui.sign_in.page import LoginPage

        self.window.show_content(LoginPage(self))

    def log_in(self, acteur: Acteur) -> None:
        """Open the workspace of a person."""
        if self.worker is None or self.tasks is None:
            raise RuntimeError("no database")
        self._acteur = acteur
        self.worker.user_id = acteur.user_id
        self._drafts = Drafts(self.settings.data_dir / "brouillons", acteur.user_id, self._drafts_key())
        self._build()
        if self.workspace is not None:
            self.workspace.open_unfinished()
        self.idle = IdleWatch(self.window, self.settings.idle_lock_minutes, self)
        self.idle.idle.connect(self.lock)
        self._due = DueReports(self.worker.engine, self.settings, self, self.worker.replica)
        self.logged_in.emit(acteur)
        self.refresh_state()

    def _drafts_key(self) -> str | None:
        from erp_desktop.db import secrets

        if self.settings.mode is Mode.CENTRE:
            return None
        return secrets.cache_key(self.settings.cache, self.settings.secrets_file)

    def _build(self, section: str = "") -> None:
        from erp_desktop.ui.notifications.wiring import attach_notifications
        from erp_desktop.ui.sections import first_section, records, sections
        from erp_desktop.ui.synchro.wiring import attach_sync

        if self._acteur is None or self.tasks is None or self._drafts is None:
            return
        contexte = Contexte(
            self._acteur, self.settings, self.tasks, self.bus, self._drafts, self.window.say, self.open_record,
            lambda kind, slot, show: self.workspace and self.workspace.unfinished_at(kind, slot, show=show),
            lambda key, words: self.workspace and self.workspace.open_list(key, words),
            lambda kind, values: self.workspace and self.workspace.begin(kind, values),
        )  # fmt: skip
        offered = [one for one in sections() if self.settings.mode is Mode.AGENCE or one.key != "conflits"]
        made = Workspace(contexte, offered, records(), *place.known(self.settings.mode, self._acteur, self._agencies))
        made.theme_asked.connect(self.set_theme)
        made.language_asked.connect(self.set_language)
        made.lock_asked.connect(self.lock)
        made.logout_asked.connect(self.log_out)
        self.workspace = made
        self.window.show_content(made)
        if self.line is not None:
            self.line.attach(made)
        else:
            attach_sync(made, self.sync, self.state_changed)
        tray = self._tray_icon()
        attach_notifications(made, tray.show, tray.clicked)
        made.open_section(section or first_section(self._acteur.role))
        if self.state is not None:
            self._show_state(self.state)
        self._count_soon.start()
        place.name(made, self.tasks, self.settings.mode, self._acteur, self._agencies)
        self._confirm_upgrade()
        self.built.emit(made)

    def _tray_icon(self) -> Tray:
        from erp_desktop.ui.notifications.wiring import Tray

        if self._tray is None:
            self._tray = Tray(self.window)
        return self._tray

    def _confirm_upgrade(self) -> None:
        from erp_desktop.upgrade.start import recovery

        if self.settings.mode is not Mode.CENTRE:
            recovery.confirm(self.settings.cache)

    def open_record(self, kind: str, row_id: int | None) -> object:
        """A record's own page, in the workspace of whoever is logged in."""
        return self.workspace.open_record(kind, row_id) if self.workspace is not None else None

    def lock(self) -> None:
        """Cover the work until the person's password is given, or somebody else's; nothing of it is lost."""
        from erp_desktop.services import auth
        from erp_desktop.ui.sign_in.page import LockPage

        acteur, tasks = self._acteur, self.tasks
        if acteur is None or tasks is None or self.workspace is None or self.window.cover_page is not None:
            return
        self._close_popups()
        self.workspace.leave()

        def covered(username: str) -> None:
            if self._acteur is acteur and isinstance(self.window.cover_page, Surface):
                page = LockPage(tasks, self.settings, acteur, username)
                page.connected.connect(self._unlock)
                self.window.cover(page)

        # Nothing is to be seen while the name is read.
        self.window.cover(Surface("surface.base"))
        tasks.run(
            lambda session: auth.identifiant_de(session, acteur), covered, lambda _error: self.log_out(), owner=self
        )

    @staticmethod
    def _close_popups() -> None:
        """Menus, lists and dialogs are windows of their own, over whatever covers this one."""
        for find in (QApplication.activePopupWidget, QApplication.activeModalWidget):
            while (widget := find()) is not None and widget.close():
                pass

    def _unlock(self, acteur: Acteur) -> None:
        if self._acteur is not None and acteur.user_id == self._acteur.user_id:
            self.window.uncover()
            return
        self._leave()
        self.log_in(acteur)

    def log_out(self) -> None:
        """Keep the drafts and go back to the login page."""
        self._leave()
        if self.worker is not None:
            self.worker.user_id = None
        self.show_login()

    def _leave(self) -> None:
        for watch in (self._due, self.idle):
            if watch is not None:
                watch.stop()
                watch.deleteLater()
        self._due = self.idle = None
        if self.line is not None:
            self.line.attach(None)
        if self.workspace is not None:
            self.workspace.leave()
            self.workspace = None
        if self._drafts is not None:
            self._drafts.close()
            self._drafts = None
        self._acteur = None

    def set_theme(self, mode: str) -> None:
        self.settings = options.save(self.settings, theme=mode)
        self.theme.apply(mode)

    def set_language(self, language: str) -> None:
        """Switch at once; open forms keep their drafts."""
        self.settings = options.save(self.settings, language=language)
        i18n.set_language(self.app, language)
        self.theme.apply(self.settings.theme)
        if self.workspace is not None:
            kept = self.workspace.memory()
            self.workspace.leave()
            self._build(kept[0][0][0].partition("/")[0] if kept[0] else "")
            self.workspace.recall(kept)

    # What changes

    def _publish(self, tables: frozenset[str]) -> None:
        changes: Changes = {table: frozenset() for table in tables}
        self.bus.data_changed.emit(changes, None)

    def _changed_here(self, _changes: Changes, initiator: object) -> None:
        self._count_soon.start()
        if initiator is not None:
            self.refresh_state()
            if self.sync is not None:
                self.sync.request_cycle()

    def refresh_state(self) -> None:
        """Count again what waits; the line's own state comes from the network thread."""
        from erp_desktop.sync import status

        known = self.state
        if self.tasks is None or self.worker is None or self.worker.engine.dialect.name != "sqlite":
            return
        self.tasks.run(
            lambda session: status.etat(
                session, en_ligne=known.en_ligne if known else None if self.sync is None else False,
                hors_ligne_depuis=known.hors_ligne_depuis if known else None, muet=known.muet if known else True,
                prochain_essai_s=known.prochain_essai_s if known else None, erreur=known.erreur if known else None,
            ),
            self._show_state, owner=self,
        )  # fmt: skip

    def _show_state(self, state: EtatSync) -> None:
        self.state = state
        if state.efface:
            self.report(DeviceErasedError(state.erreur or ""))
            return
        self.state_changed.emit(state)
        if self.workspace is None:
            return
        online = None if state.mode == Mode.AUTONOME else bool(state.en_ligne)
        self.workspace.status.sync.show_state(
            online=online, since=state.hors_ligne_depuis, waiting=state.en_attente if online is not None else 0,
            conflicts=state.conflits, refused=state.refuses,
        )  # fmt: skip
        self.workspace.set_synced(state.dernier_cycle if online is not None else None)
        self.workspace.nav.set_count("conflits", state.conflits)

    def _count(self) -> None:
        from erp_desktop.services import interventions
        from erp_desktop.services.shared.lists import ListQuery

        acteur, made = self._acteur, self.workspace
        if self.tasks is not None and acteur is not None and made is not None:
            self.tasks.run(
                lambda session: len(interventions.ids(session, acteur, ListQuery(texte="statut:ouverte"))),
                lambda number: made.nav.set_count("interventions", number), lambda _error: None, owner=made,
            )  # fmt: skip

    def report(self, error: object) -> None:
        """Tell an error that no screen handled."""
        if isinstance(error, DamagedError | DeviceErasedError):
            # Whatever is on the screen cannot go on; drafts are kept beside a damaged database.
            self._close_popups()
            self._leave()
            self._put_away()
            self.opening.refused(error)
        elif isinstance(error, ErpError):
            self.window.say(str(error), kind="danger")
        elif isinstance(error, BaseException):
            show_bug(self.window, error)

    def close(self) -> None:
        """End threads, in the order that loses nothing."""
        self._leave()
        self.opening.stop()
        if self.worker is not None:
            self._confirm_upgrade()
        self._put_away()

    def _put_away(self) -> None:
        """Let go of the database."""
        if self.sync is not None:
            self.sync.stop()
            self.sync = None
        if self.line is not None:
            self.line.stop()
            self.line = None
        if self.tasks is not None:
            self.tasks.stop()
        if self.worker is not None:
            self.worker.close()
            self.worker = None
