"""``python3 dev.py shots``: every screen with live data, in each language, theme and size.

What the documentation shows is renewed there (``docs/screenshots``); every other picture is written beside, into
``build/captures``. A few screens exist once, whatever the look: those before somebody is at work, and what is decided
or broken on the way.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import timedelta
from itertools import product
from pathlib import Path

import sqlalchemy as sa
from PySide6.QtWidgets import QApplication, QWidget

from erp_desktop import clock, log
from erp_desktop.app import Desktop
from erp_desktop.demo.paper_shots import papers
from erp_desktop.demo.section_shots import administered, managed, palette
from erp_desktop.demo.stage import MOT_DE_PASSE, Stage
from erp_desktop.demo.story import Story
from erp_desktop.demo.window import SIZE, line, open_desktop, open_form, settle, show, wait
from erp_desktop.settings import Settings
from erp_desktop.ui.conflits.page import ConflitsPage
from erp_desktop.ui.first_start.first_run import FirstRun
from erp_desktop.ui.first_start.wizard import AGENCE
from erp_desktop.ui.imports.page import ImportPage
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.notifications.panel import NotificationsPanel
from erp_desktop.ui.pictures import grab
from erp_desktop.ui.planning.geometry import DAY, WEEK
from erp_desktop.ui.printing.preview import PreviewWindow
from erp_desktop.ui.sign_in.page import LoginPage
from erp_desktop.ui.stock.count_page import CountPage
from erp_desktop.ui.synchro.drawer import Panneau

_LISTS = ("clients", "equipements", "techniciens")
LANGUAGES = {"": "fr", "-ar": "ar", "-en": "en"}
THEMES = {"": "clair", "-sombre": "sombre"}
SIZES = {"": SIZE, "-1366x768": (1366, 768)}
LOOKS = [
    (language + theme + size, LANGUAGES[language], THEMES[theme], SIZES[size])
    for language, theme, size in product(LANGUAGES, THEMES, SIZES)
]
"""Variant of the name, language, theme, size of the window; the first is the plain one."""
_FIRST = [look for look in LOOKS if look[3] == SIZE]
_NOTHING = "sertisseuse statut:annulee priorite:urgente"


class Shooter:
    """Pictures of one desktop, named ``<screen>-<variant>.png``; the plain light French one has no variant."""

    def __init__(self, desktop: Desktop, out: Path, beside: Path) -> None:
        self.desktop = desktop
        self.out, self.beside = out, beside
        self.variant = ""
        self.count = 0

    def take(self, screen: str, window: QWidget | None = None) -> None:
        settle()
        name = f"{screen}{self.variant}.png"
        shown = not self.variant or (self.out / name).exists()
        grab(window or self.desktop.window, (self.out if shown else self.beside) / name)
        self.count += 1

    def look(self, variant: str, language: str, theme: str, size: tuple[int, int] = SIZE) -> None:
        """Dress the window; the look is part of the names that follow."""
        self.variant = variant
        self.desktop.window.resize(*size)
        if language != i18n.language():
            self.desktop.set_language(language)
        self.desktop.set_theme(theme)

    # Before work

    def wizard(self) -> None:
        for look in _FIRST:
            self.look(*look)
            # What is open keeps its language until it is built again.
            self.desktop.show_first_run()
            self.take("premier-demarrage")
            page = self.desktop.window.centralWidget()
            if isinstance(page, FirstRun):
                page.choose(AGENCE)
                page.go_on()
            self.take("premier-demarrage-connexion")

    def login(self) -> None:
        for look in _FIRST:
            self.look(*look)
            self.desktop.show_login()
            settle()
            page = self.desktop.window.centralWidget()
            if isinstance(page, LoginPage):
                page.identifier.setText("salma.bennis")
                page.password.setText(MOT_DE_PASSE)
                page.keep.setChecked(True)
                page.password.setFocus()
            self.take("connexion")

    # At work

    def screens(self) -> None:
        """Every screen of a clerk, in the look that the window has."""
        self.work_screens()
        self.planning()
        self.other_lists()
        palette(self)
        self.stock()
        self.contracts()
        self.preventive()
        self.bulk()
        self.bon()
        self.notices()

    def work_screens(self) -> None:
        """Interventions with its form, the drawer, the inbox, the report."""
        page = self.interventions()
        self.drawer()
        page.form.close_panel()
        page.search(_NOTHING)
        settle(1.0)
        self.take("etat-vide")
        page.search("")
        show(self.desktop, "conflits")
        self.take("conflits")
        rapports = show(self.desktop, "rapports")
        end = clock.today()
        begin = end.replace(year=end.year - (end.month < 6), month=(end.month - 6) % 12 + 1, day=1)
        rapports.choix.choisir_dates(begin, end)
        wait(lambda: rapports.dessine, "les graphiques", 60)
        self.take("rapports")

    def interventions(self) -> ListPage:
        page: ListPage = show(self.desktop, "interventions")
        open_form(page, 3)
        self.take("interventions")
        return page

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
        settle()
        view = page.view
        visit = page.backlog.visits[0] if page.backlog.visits else None
        if visit is not None:
            view.lift_visit(visit)
            view.setFocus()
            self.take("planning-deposer")
            view.give_up()
            page.desk.suggest(visit)
            wait(page.who.isVisible, "qui et quand")
            self.take("planning-qui-et-quand")
            page.escape()
        page.set_mode(DAY)
        self.take("planning-jour")
        page.set_mode(WEEK)

    def other_lists(self) -> None:
        for name in _LISTS:
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
        wait(lambda: bool(window.pages), "la mise en page", 60)
        self.take("bon", window)
        window.close()
        settle()

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
        panel.rows["date_planifiee"].editor.line.setText("+1 jour ouvré")
        panel.preview()
        wait(lambda: panel.trial.trials, "l'aperçu")
        self.take("modification-groupee")
        page.selection.close()
        page.selection.clear()
        self.imported()

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
        named = ("-equipements", "-interventions", "-quotas", "-echeancier", "-avenants", "-historique")
        for tab, name in enumerate(named, start=1):
            page.form.tabs.set_current(tab)
            self.take(f"contrats{name}")
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
        if isinstance(page, ConflitsPage):
            page.decide(next(row for row in page.rows if row.open).conflit, "theirs")
        self.take("conflits-choix")

    def broken(self) -> None:
        """A list that really cannot be read: its table is gone from this throwaway cache."""
        page: ListPage = show(self.desktop, "interventions")
        page.form.close_panel()
        for toast in list(self.desktop.window.toaster.toasts):
            toast.dismiss()
        if self.desktop.worker is None:
            raise RuntimeError("no database")
        with self.desktop.worker.engine.begin() as connection:
            connection.execute(sa.text("PRAGMA legacy_alter_table = ON"))
            connection.execute(sa.text("ALTER TABLE interventions RENAME TO interventions_perdue"))
        page.reload()
        wait(page.banners.count, "l'erreur")
        for look in _FIRST[:2]:
            self.look(*look)
            self.take("etat-erreur")


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py shots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"), help="of the documentation's pictures")
    parser.add_argument("--beside", type=Path, default=Path("build/captures"), help="of all others")
    given = parser.parse_args()
    out: Path = given.out
    beside: Path = given.beside
    for folder in (out, beside):
        folder.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="erp-mif-shots-") as name:
        home = Path(name)
        log.configure(home / "journaux")
        count = papers(out) + _first_run(app, home / "neuf", out, beside)
        with Stage(home, interventions=400) as stage:
            count += _working(app, stage, out, beside)
    print(f"{count} captures dans {out}/ et {beside}/")
    return 0


def _first_run(app: QApplication, home: Path, out: Path, beside: Path) -> int:
    desktop = Desktop(app, Settings(data_dir=home, log_dir=home / "journaux"))
    desktop.window.resize(*SIZE)
    desktop.start()
    shooter = Shooter(desktop, out, beside)
    shooter.wizard()
    desktop.window.close()
    desktop.close()
    return shooter.count


def _prepare(stage: Stage) -> Story:
    """A branch back from a cut: fields to decide and a refusal, besides the story's."""
    story = Story(stage)
    story.prepare()
    story.edit_while_cut_off()
    story.disagree()
    story.meet()
    return story


def _working(app: QApplication, stage: Stage, out: Path, beside: Path) -> int:
    story = _prepare(stage)
    casablanca = stage.branches["CAS"]
    desktop = open_desktop(app, casablanca)
    shooter = Shooter(desktop, out, beside)
    try:
        wait(lambda: desktop.state is not None and desktop.state.en_ligne, "la ligne")
        line(desktop, up=False)
        shooter.login()
        shooter.look(*LOOKS[0])
        desktop.log_in(casablanca.acteur)
        story.edit_again()
        desktop.refresh_state()
        for look in LOOKS:
            shooter.look(*look)
            shooter.screens()
        shooter.look(*LOOKS[0])
        shooter.decided()
        managed(shooter, stage, LOOKS)
        administered(shooter, stage, LOOKS)
        desktop.log_out()
        desktop.log_in(casablanca.acteur)
        shooter.broken()
    finally:
        desktop.window.unsaved = tuple
        desktop.window.close()
        desktop.close()
    return shooter.count


if __name__ == "__main__":
    raise SystemExit(main())
