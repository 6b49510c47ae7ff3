"""``python3 dev.py shots``: every screen with live data, light, dark, Arabic, small, into ``docs/screenshots/``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication

from erp_desktop import log
from erp_desktop.app import Desktop
from erp_desktop.demo.stage import Stage
from erp_desktop.demo.story import Story
from erp_desktop.demo.window import SIZE, line, open_desktop, open_form, settle, show, wait
from erp_desktop.settings import Settings
from erp_desktop.ui.snap import grab

_LISTS = ("clients", "equipements", "techniciens")


class Shooter:
    """Pictures of one desktop, named ``<screen>-<variant>.png``; the plain light French one has no variant."""

    def __init__(self, desktop: Desktop, out: Path) -> None:
        self.desktop = desktop
        self.out = out
        self.variant = ""
        self.count = 0

    def take(self, screen: str) -> None:
        settle()
        grab(self.desktop.window, self.out / f"{screen}{self.variant}.png")
        self.count += 1

    def work_screens(self) -> None:
        """Interventions with its form, the drawer, the inbox, the report."""
        page = show(self.desktop, "interventions")
        page.search("")
        settle()
        open_form(page, 2)
        self.take("interventions")
        self.drawer()
        show(self.desktop, "conflits")
        self.take("conflits")
        show(self.desktop, "rapports")
        self.take("rapports")

    def drawer(self) -> None:
        if self.desktop.workspace is None:
            raise RuntimeError("nobody is logged in")
        chip = self.desktop.workspace.status.sync
        chip.click()
        self.take("synchronisation")
        chip.click()

    def other_screens(self) -> None:
        for name in _LISTS:
            open_form(show(self.desktop, name))
            self.take(name)
        page = show(self.desktop, "interventions")
        page.search("sertisseuse statut:annulee priorite:urgente client:introuvable")
        settle(1.0)
        self.take("etat-vide")
        page.search("")


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py shots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="erp-mif-shots-") as folder:
        log.configure(Path(folder) / "journaux")
        _first_run(app, Path(folder) / "neuf", out)
        with Stage(Path(folder)) as stage:
            _working(app, stage, out)
    return 0


def _first_run(app: QApplication, home: Path, out: Path) -> None:
    desktop = Desktop(app, Settings(data_dir=home, log_dir=home / "journaux"))
    desktop.window.resize(*SIZE)
    desktop.start()
    settle(1.0)
    for theme, suffix in (("clair", ""), ("sombre", "-sombre")):
        desktop.theme.apply(theme)
        settle()
        grab(desktop.window, out / f"premier-demarrage{suffix}.png")
    desktop.window.close()
    desktop.close()


def _working(app: QApplication, stage: Stage, out: Path) -> None:
    story = Story(stage)
    story.prepare()
    story.edit_while_cut_off()
    story.meet()
    desktop = open_desktop(app, stage.branches["CAS"])
    shooter = Shooter(desktop, out)
    try:
        shooter.take("connexion")
        desktop.log_in(stage.branches["CAS"].acteur)
        wait(lambda: desktop.state is not None, "l'état")
        line(desktop, up=False)
        story.edit_again()
        desktop.refresh_state()
        shooter.work_screens()
        shooter.other_screens()
        desktop.set_theme("sombre")
        shooter.variant = "-sombre"
        shooter.work_screens()
        desktop.set_theme("clair")
        desktop.window.resize(1366, 768)
        shooter.variant = "-1366x768"
        open_form(show(desktop, "interventions"), 2)
        shooter.take("interventions")
        desktop.window.resize(*SIZE)
        desktop.set_language("ar")
        shooter.variant = "-ar"
        open_form(show(desktop, "interventions"), 2)
        shooter.take("interventions")
    finally:
        desktop.window.close()
        desktop.close()
    print(f"{shooter.count} captures dans {out}/")


if __name__ == "__main__":
    raise SystemExit(main())
