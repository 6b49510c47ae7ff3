"""Pictures of a window at work, screen by screen; :mod:`erp_desktop.demo.shots` says which, and in which looks."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QWidget

from erp_desktop import clock
from erp_desktop.app import Desktop
from erp_desktop.demo.stage import MOT_DE_PASSE, Stage
from erp_desktop.demo.window import SIZE, open_form, rest, show, wait
from erp_desktop.domain.enums import TypeAbsence
from erp_desktop.services.planning.data import Visit
from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.first_start.first_run import FirstRun
from erp_desktop.ui.first_start.wizard import AGENCE
from erp_desktop.ui.imports.page import ImportPage
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.dialogs import fitting
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.notifications.panel import NotificationsPanel
from erp_desktop.ui.pictures import grab
from erp_desktop.ui.planning.geometry import DAY, WEEK
from erp_desktop.ui.planning.view import BoardView
from erp_desktop.ui.printing.preview import PreviewWindow
from erp_desktop.ui.sign_in.page import LoginPage
from erp_desktop.ui.stock.count_page import CountPage
from erp_desktop.ui.synchro.drawer import Panneau

_NEXT_DAY = {"fr": "+1 jour ouvré", "ar": "+1 يوم عمل", "en": "+1 working day"}
LISTS = ("clients", "equipements", "techniciens")
CONTRACT_TABS = (
    "equipements", "delais", "interventions", "quotas", "echeancier", "avenants", "documents", "historique"
)  # fmt: skip
_NOTHING = "sertisseuse statut:annulee priorite:urgente"


class Shooter:
    """Pictures of one desktop, named ``<screen>-<variant>.png``; the plain light French one has no variant."""

    def __init__(self, desktop: Desktop, out: Path, beside: Path, stage: Stage | None = None) -> None:
        self.desktop = desktop
        self.out, self.beside = out, beside
        self.stage = stage
        self.variant = ""
        self.taken: list[str] = []
        self.size = QSize(*SIZE)
        self.given = ""
        """The password that an administrator gave to somebody new."""

    @property
    def count(self) -> int:
        return len(self.taken)

    def take(self, screen: str, window: QWidget | None = None) -> None:
        rest(self.desktop)
        for toast in self.desktop.window.toaster.toasts:
            if not toast.can_undo:
                # What passes by is no part of a screen.
                toast.dismiss()
        self.take_now(screen, window)

    def take_now(self, screen: str, window: QWidget | None = None) -> None:
        """As it stands, without waiting for what the window still does."""
        name = f"{screen}{self.variant}.png"
        shown = not self.variant or (self.out / name).exists()
        grab(window or self.desktop.window, (self.out if shown else self.beside) / name)
        self.taken.append(screen)

    def look(self, variant: str, language: str, theme: str, size: tuple[int, int]) -> None:
        """Dress the window; the look is part of the names that follow."""
        self.variant = variant
        self.size = QSize(*size)
        self.desktop.window.resize(self.size)
        if language != i18n.language():
            self.desktop.set_language(language)
        self.desktop.set_theme(theme)

    def tidy(self) -> None:
        """Close every tab but the one in sight: a picture does not depend on those taken before it."""
        workspace = self.desktop.workspace
        for key in workspace.tabs.keys if workspace is not None else ():
            if workspace is not None and key != workspace.tabs.current:
                workspace.close_tab(key)

    # Before work

    def wizard(self) -> None:
        # What is open keeps its language until it is built again.
        self.desktop.show_first_run()
        self._as_installed()
        self.take("premier-demarrage")
        page = self.desktop.window.centralWidget()
        if isinstance(page, FirstRun):
            page.choose(AGENCE)
            page.go_on()
        self._as_installed()
        self.take("premier-demarrage-connexion")

    def _as_installed(self) -> None:
        """Say the folder of an installed program, not the one that is thrown away after the pictures."""
        rest(self.desktop)
        here = str(self.desktop.settings.data_dir)
        for one in self.desktop.window.findChildren(QLabel):
            one.setText(one.text().replace(here, r"C:\ProgramData\ERP MIF"))

    def login(self) -> None:
        self.desktop.show_login()
        rest(self.desktop)
        page = self.desktop.window.centralWidget()
        if isinstance(page, LoginPage):
            page.identifier.setText("salma.bennis")
            page.password.setText(MOT_DE_PASSE)
            page.keep.setChecked(True)
            page.password.setFocus()
        self.take("connexion")

    # At work

    def interventions(self) -> None:
        open_form(show(self.desktop, "interventions"), 3)
        self.take("interventions")

    def nothing_found(self) -> None:
        page: ListPage = show(self.desktop, "interventions")
        page.form.close_panel()
        page.search(_NOTHING)
        self.take("etat-vide")
        page.search("")

    def inbox(self) -> None:
        show(self.desktop, "conflits")
        self.take("conflits")

    def report(self) -> None:
        rapports = show(self.desktop, "rapports")
        end = clock.today()
        begin = end.replace(year=end.year - (end.month < 6), month=(end.month - 6) % 12 + 1, day=1)
        rapports.choix.choisir_dates(begin, end)
        wait(lambda: rapports.dessine, "les graphiques", 60)
        self.take("rapports")

    def drawer(self) -> None:
        workspace = self.desktop.workspace
        panel = workspace.findChild(Panneau) if workspace is not None else None
        if workspace is None or panel is None:
            raise RuntimeError("nobody is logged in")
        workspace.status.sync.click()
        for tab, name in (("sortants", ""), ("conflits", "-conflits"), ("recus", "-recus"), ("journal", "-journal")):
            panel.show_tab(tab)
            self.take(f"synchronisation{name}")
        panel.show_tab("sortants")
        panel.hide()

    def notices(self) -> None:
        """What the person was told, and the choices."""
        workspace = self.desktop.workspace
        panel = workspace.findChild(NotificationsPanel) if workspace is not None else None
        if workspace is None or panel is None:
            raise RuntimeError("nobody is logged in")
        workspace.top.bell.click()
        wait(lambda: panel.lines, "les notifications")
        self.take("notifications")
        panel.settings.click()
        self.take("notifications-choix")
        panel.hide()

    def planning(self) -> None:
        """The week, a card in the air with its verdict, who and when, the day."""
        page = show(self.desktop, "planning")
        wait(lambda: page.board is not None and page.board.cards, "le planning")
        page.set_mode(WEEK)
        page.show_day(clock.today())
        self.take("planning-semaine")
        # At the end of a week, most of what is planned is in the next one.
        page.show_day(clock.today() + timedelta(days=(7 - clock.today().weekday()) * (clock.today().weekday() >= 4)))
        rest(self.desktop)
        view = page.view
        visit = page.backlog.visits[0] if page.backlog.visits else None
        if visit is not None:
            view.lift_visit(visit)
            view.setFocus()
            self.take("planning-deposer")
            view.give_up()
            self._refused(view, visit)
            page.desk.suggest(visit)
            wait(page.who.isVisible, "qui et quand")
            self.take("planning-qui-et-quand")
            page.escape()
        page.set_mode(DAY)
        self.take("planning-jour")
        page.set_mode(WEEK)

    def _refused(self, view: BoardView, visit: Visit) -> None:
        """Work held over a leave: the row says no, and who could take it at that hour."""
        board, grid = view.board, view.grid
        if board is None or grid is None:
            raise RuntimeError("no board")
        leaves = (a for row in grid.rows for a in board.away_of.get(row.person.id, ()) if a.type == TypeAbsence.CONGE)
        away = next(a for a in leaves if a.fin.astimezone(grid.zone).date() > grid.days[0])
        view.lift_visit(visit)
        if view.lift is None:
            raise RuntimeError("nothing is lifted")
        begins = max(away.debut, grid.local_instant(grid.days[0], 10 * 60))
        view.lift.place(grid, grid.row_of(away.technicien_id) or 0, begins)
        view.viewport().update()
        self.take("planning-refus")
        view.give_up()

    def other_lists(self) -> None:
        for name in LISTS:
            open_form(show(self.desktop, name))
            self.take(name)

    def stock(self) -> None:
        """Parts, the ledger with its bar, a count under way, places, and a bon before it is printed."""
        page = show(self.desktop, "stock")
        row = next((n for n in range(page.model.rowCount()) if n > 3), 0)
        open_form(page, row)
        self.take("stock")
        page.form.tabs.set_current(1)
        self.take("stock-mouvements")
        page.form.tabs.set_current(0)
        page.form.close_panel()
        show(self.desktop, "mouvements")
        self.take("mouvements")
        open_form(show(self.desktop, "depots"))
        self.take("depots")
        counts = show(self.desktop, "inventaires")
        open_form(counts)
        self.take("inventaires")
        workspace = self.desktop.workspace
        sheet = workspace.open_record("inventaires", counts.form.row_id) if workspace is not None else None
        if isinstance(sheet, CountPage):
            wait(lambda: sheet.sheet is not None, "la feuille de comptage")
            self.take("inventaire")

    def bon(self) -> None:
        """The preview of the bons of two rows."""
        page = show(self.desktop, "interventions")
        page.form.close_panel()
        open_form(page, 3)
        page.print_out()
        wait(lambda: bool(self.desktop.window.findChildren(PreviewWindow)), "l'aperçu")
        window = self.desktop.window.findChildren(PreviewWindow)[0]
        # As on a screen of the picture's size: the imaginary one is smaller.
        window.resize(fitting(QSize(920, 900), self.size))
        wait(lambda: bool(window.pages), "la mise en page", 60)
        self.take("bon", window)
        window.close()
        rest(self.desktop)

    def bulk(self) -> None:
        """Six rows changed alike, tried before they are written."""
        page: ListPage = show(self.desktop, "interventions")
        page.form.close_panel()
        page.view.reselect(list(page.model.ids[2:8]))
        page.selection.edit()
        panel = page.selection.panel
        if panel is None:
            raise RuntimeError("nothing may be changed here")
        wait(lambda: panel.rows["priorite"].records, "les fiches")
        panel.rows["priorite"].box.setChecked(True)
        panel.rows["priorite"].editor.show_value("haute")
        panel.rows["date_planifiee"].box.setChecked(True)
        panel.rows["date_planifiee"].editor.line.setText(_NEXT_DAY[i18n.language()])
        panel.preview()
        wait(lambda: panel.trial.trials, "l'aperçu")
        self.take("modification-groupee")
        page.selection.close()
        page.selection.clear()

    def imported(self) -> None:
        """A file with a few bad lines, judged."""
        workspace = self.desktop.workspace
        page = workspace.open_record("import-clients", None) if workspace is not None else None
        if not isinstance(page, ImportPage):
            raise RuntimeError("no import")
        lines = ["Raison sociale;ICE;Téléphone;Ville;Courriel;Obs"]
        lines += [f"Atelier {n:03d};;05 22 40 {n // 100:02d} {n % 100:02d};Rabat;;RAS" for n in range(240)]
        bad = {12: "Garage Atlas;12AB;;Fès;;", 40: ";;;Rabat;;orphelin", 77: "Presse;;;Salé;sans arobase;"}
        lines = [bad.get(place, line) for place, line in enumerate(lines)]
        file = self.desktop.settings.data_dir / "clients-2026.csv"
        file.write_text("\n".join(lines), encoding="utf-8-sig")
        page.open_file(file)
        wait(lambda: page.faults, "la vérification")
        for toast in list(self.desktop.window.toaster.toasts):
            toast.dismiss()
        self.take("import")
        page.give_up()

    def contracts(self) -> None:
        """The list with a form: terms, machines, periods; and the proposal in a new intervention."""
        page = show(self.desktop, "contrats")
        open_form(page, 2)
        self.take("contrats")
        for tab, name in enumerate(CONTRACT_TABS, start=1):
            page.form.tabs.set_current(tab)
            self.take(f"contrats-{name}")
        page.form.tabs.set_current(0)
        page.form.close_panel()

    def preventive(self) -> None:
        """The year of each plan with the load of its weeks, then the dates of one, and the points of a checklist."""
        show(self.desktop, "preventif")
        self.take("preventif")
        for name, row, picture in (("preventif", 1, "preventif-echeances"), ("checklists", 0, "checklists")):
            open_form(page := show(self.desktop, name), row)
            page.form.tabs.set_current(1)
            self.take(picture)
            page.form.close_panel()

    def decided(self) -> None:
        """The inbox after one choice, with its undo."""
        page = show(self.desktop, "conflits")
        if not isinstance(page, ConflitsPage):
            raise RuntimeError("no conflicts")
        page.decide(next(row for row in page.rows if row.open).conflit, "theirs")
        self.take("conflits-choix")
        # Every other look shows the choice open too.
        for toast in self.desktop.window.toaster.toasts:
            toast.undo()
        wait(lambda: page.rows and all(row.open for row in page.rows), "le choix défait")

    def broken(self) -> None:
        """A list that really cannot be read: its table is gone from this throwaway cache."""
        page: ListPage = show(self.desktop, "interventions")
        page.form.close_panel()
        for toast in list(self.desktop.window.toaster.toasts):
            toast.dismiss()
        if self.desktop.worker is None:
            raise RuntimeError("no database")
        with contextlib.suppress(sa.exc.OperationalError), self.desktop.worker.engine.begin() as connection:
            connection.execute(sa.text("PRAGMA legacy_alter_table = ON"))
            connection.execute(sa.text("ALTER TABLE interventions RENAME TO interventions_perdue"))
        page.reload()
        wait(page.banners.count, "l'erreur")
        self.take("etat-erreur")
