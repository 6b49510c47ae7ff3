"""``python3 dev.py run``: the whole product on this machine, with data, in one command.

With a screen: Casablanca's window, while Tanger and the head office work beside it. Without one: the story is played
to its end, with pictures and a report in ``demo-out/``. Either way nothing is left running.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from PySide6.QtWidgets import QApplication

from erp_desktop import clock, log
from erp_desktop.db.session import transaction
from erp_desktop.demo.beside import Company
from erp_desktop.demo.stage import MOT_DE_PASSE, Stage
from erp_desktop.demo.story import Story
from erp_desktop.demo.window import Camera, leave_on_signals, line, open_desktop, open_form, settle, show, wait
from erp_desktop.reports import interventions as rapport
from erp_desktop.reports.pdf import ecrire_pdf


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def play(app: QApplication, stage: Stage, out: Path) -> None:
    """The story without a screen, pictures included."""
    story = Story(stage, say)
    story.prepare()
    desktop = open_desktop(app, stage.branches["CAS"])
    camera = Camera(desktop, out)
    try:
        camera.shoot("connexion")
        desktop.log_in(stage.branches["CAS"].acteur)
        wait(lambda: desktop.state is not None and desktop.state.en_ligne, "la ligne")
        if desktop.workspace is None:
            raise RuntimeError("the workspace did not open")
        show(desktop, "interventions")
        camera.shoot("interventions-en-ligne")
        line(desktop, up=False)
        story.edit_while_cut_off()
        page = show(desktop, "interventions")
        page.search("fuite vérin statut:en_attente")
        settle()
        open_form(page)
        camera.shoot("hors-ligne-fiche")
        desktop.workspace.status.sync.click()
        camera.shoot("hors-ligne-panneau")
        desktop.workspace.status.sync.click()
        story.meet()
        line(desktop, up=True)
        show(desktop, "conflits")
        camera.shoot("conflit")
        story.resolve()
        desktop.bus.data_changed.emit({"interventions": frozenset(), "sync_conflits": frozenset()}, story)
        camera.shoot("conflit-regle")
        show(desktop, "rapports")
        camera.shoot("rapport")
        report = story.check()
    finally:
        desktop.window.unsaved = tuple
        desktop.window.close()
        desktop.close()
    pdf = _report_pdf(stage, out)
    lines = ["# Démonstration", "", *(f"- {x}" for x in report.lines), "", *(f"![]({p.name})" for p in camera.taken)]
    (out / "histoire.md").write_text("\n".join([*lines, "", f"[Rapport]({pdf.name})", ""]), encoding="utf-8")
    say(f"{len(camera.taken)} captures, le rapport PDF et l'histoire sont dans {out}/")


def _report_pdf(stage: Stage, out: Path) -> Path:
    end = clock.today()
    params = rapport.ParamsRapport(end - timedelta(days=180), end, None)
    with transaction(stage.centre, write=False) as session:
        figures = rapport.calculer(session, params)
    path = out / "rapport-interventions.pdf"
    ecrire_pdf(figures, path)
    return path


def present(app: QApplication, stage: Stage) -> None:
    """The window for a person, with the company at work beside it."""
    pulse = leave_on_signals(app)
    Story(stage, say).prepare()
    desktop = open_desktop(app, stage.branches["CAS"])
    company = Company(stage)
    company.start()
    say(f"Identifiant : salma.bennis, mot de passe : {MOT_DE_PASSE}")
    say("En bas à gauche, l'état de la ligne ouvre le panneau de synchronisation ; « Couper la ligne » y est")
    say("Fermez la fenêtre pour tout arrêter, ou Ctrl+C ici")
    try:
        app.exec()
    finally:
        pulse.stop()
        company.stop()
        desktop.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py run", description=__doc__)
    parser.add_argument("--interventions", type=int, default=1200, help="par agence")
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="captures et rapport sans écran")
    options = parser.parse_args()
    started = time.perf_counter()
    app = QApplication(sys.argv[:1])
    headless = os.environ.get("QT_QPA_PLATFORM") in {"offscreen", "minimal"}
    with tempfile.TemporaryDirectory(prefix="erp-mif-demo-") as folder:
        log.configure(Path(folder) / "journaux")
        print("ERP MIF, démonstration", flush=True)
        try:
            with Stage(Path(folder), options.interventions, say) as stage:
                if headless:
                    options.out.mkdir(parents=True, exist_ok=True)
                    play(app, stage, options.out)
                else:
                    present(app, stage)
        except KeyboardInterrupt:
            say("interrompu ; rien ne reste en marche")
            return 130
    say(f"terminé en {time.perf_counter() - started:.1f} s ; rien ne reste en marche")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
