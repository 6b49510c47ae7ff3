"""``python3 dev.py shots``: every screen with live data, in each language, theme and size.

What the documentation shows is renewed there (``docs/screenshots``); every other picture is written beside, into
``build/captures``. A few screens exist once, whatever the look: those before somebody is at work, and what is decided
or broken on the way. What was begun goes on with ``--resume``; several may run side by side into the same folders,
each with its languages or parts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path

from PySide6.QtWidgets import QApplication

from erp_desktop import log
from erp_desktop.app import Desktop
from erp_desktop.demo import section_shots as sections
from erp_desktop.demo import start_shots
from erp_desktop.demo.paper_shots import papers
from erp_desktop.demo.shooter import CONTRACT_TABS, LISTS, Shooter
from erp_desktop.demo.stage import Stage
from erp_desktop.demo.story import Story
from erp_desktop.demo.window import SIZE, line, open_desktop, wait
from erp_desktop.settings import Settings

LANGUAGES = {"": "fr", "-ar": "ar", "-en": "en"}
THEMES = {"": "clair", "-sombre": "sombre"}
SIZES = {"": SIZE, "-1366x768": (1366, 768)}
Look = tuple[str, str, str, tuple[int, int]]
LOOKS: list[Look] = [
    (language + theme + size, LANGUAGES[language], THEMES[theme], SIZES[size])
    for language, theme, size in product(LANGUAGES, THEMES, SIZES)
]
"""Variant of the name, language, theme, size of the window; the first is the plain one."""
_FIRST = [look for look in LOOKS if look[3] == SIZE]


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures that are taken together.

    Attributes:
        who: in front of the window: ``new`` (a first start), ``nobody``, ``clerk``, ``manager``, ``admin``.
        pictures: the screens that it takes, each time all of them; by default the one of its name.
        looks: in which there are pictures of it.
    """

    name: str
    who: str
    take: Callable[[Shooter], None]
    pictures: tuple[str, ...] = ()
    looks: Sequence[Look] = tuple(LOOKS)

    @property
    def screens(self) -> tuple[str, ...]:
        return self.pictures or (self.name,)

    @property
    def files(self) -> set[str]:
        return {f"{screen}{look[0]}.png" for screen in self.screens for look in self.looks}


def _of(name: str, *more: str) -> tuple[str, ...]:
    return (name, *(f"{name}-{one}" for one in more))


PARTS = (
    Part("premier-demarrage", "new", Shooter.wizard, _of("premier-demarrage", "connexion"), _FIRST),
    Part("connexion", "nobody", Shooter.login, looks=_FIRST),
    Part("premier-mot-de-passe", "nobody", start_shots.given, looks=_FIRST),
    Part("mise-a-niveau-centre", "nobody", start_shots.consent, looks=_FIRST),
    Part("mise-a-niveau-poste", "nobody", start_shots.upgrade, looks=_FIRST),
    Part("interventions", "clerk", Shooter.interventions),
    Part("synchronisation", "clerk", Shooter.drawer, _of("synchronisation", "conflits", "recus", "journal")),
    Part("etat-vide", "clerk", Shooter.nothing_found),
    Part("conflits", "clerk", Shooter.inbox),
    Part("rapports", "clerk", Shooter.report),
    Part("planning", "clerk", Shooter.planning,
         _of("planning", "semaine", "deposer", "refus", "qui-et-quand", "jour")[1:]),
    Part("listes", "clerk", Shooter.other_lists, LISTS),
    Part("palette", "clerk", sections.palette, _of("palette", "commandes")),
    Part("stock", "clerk", Shooter.stock,
         ("stock", "stock-mouvements", "mouvements", "depots", "inventaires", "inventaire")),
    Part("contrats", "clerk", Shooter.contracts, _of("contrats", *CONTRACT_TABS)),
    Part("preventif", "clerk", Shooter.preventive, (*_of("preventif", "echeances"), "checklists")),
    Part("modification-groupee", "clerk", Shooter.bulk),
    Part("import", "clerk", Shooter.imported),
    Part("bon", "clerk", Shooter.bon),
    Part("notifications", "clerk", Shooter.notices, _of("notifications", "choix")),
    Part("conflits-choix", "clerk", Shooter.decided, looks=LOOKS[:1]),
    Part("tableau-de-bord", "manager", sections.board, ("tableau-de-bord", "tableau-filtre")),
    Part("preventif-lisser", "manager", sections.smoothed),
    Part("factures", "manager", sections.invoices, ("factures", "facture", "a-facturer")),
    Part("composer", "manager", sections.composed),
    Part("gestion", "manager", sections.kept, ("modeles", "objectifs", "audit")),
    Part("administration", "admin", sections.administered,
         _of("administration", "lecture", "inscription", "code", *sections.ROOMS)[1:]),
    Part("etat-erreur", "clerk", Shooter.broken, looks=_FIRST[:2]),
)  # fmt: skip


class Run:
    """Which pictures are wanted, which were taken by a run before, and what went wrong."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.out: Path = given.out
        self.beside: Path = given.beside
        self._marks: Path = self.beside / ".taken"
        self._given = given
        self.count = 0
        self.failed: list[str] = []
        for folder in (self.out, self.beside, self._marks):
            folder.mkdir(parents=True, exist_ok=True)
        for part, look in [] if given.resume else self._wanted(PARTS):
            self._mark(part, look).unlink(missing_ok=True)

    def _mark(self, part: Part, look: Look) -> Path:
        return self._marks / f"{part.name}{look[0]}"

    def due(self, parts: Sequence[Part]) -> Iterator[tuple[Part, Look]]:
        """What is wanted of these parts and was not taken, look by look."""
        return (one for one in self._wanted(parts) if not self._mark(*one).exists())

    def _wanted(self, parts: Sequence[Part]) -> Iterator[tuple[Part, Look]]:
        given = self._given
        for look in LOOKS:
            wanted = look[1] in given.languages and look[2] in given.themes and f"{look[3][0]}" in given.widths
            for part in parts if wanted else ():
                named = not given.parts or part.name in given.parts
                if named and look in part.looks:
                    yield part, look

    def papers(self) -> None:
        """Those of the documentation, unless other parts are asked for."""
        if not self._given.parts or "papiers" in self._given.parts:
            self.count += papers(self.out)

    def take(self, shooter: Shooter, part: Part, look: Look) -> bool:
        """Take one part in one look; False after saying why it could not be taken."""
        began, before = time.monotonic(), shooter.count
        try:
            if shooter.variant != look[0] or not shooter.count:
                shooter.look(*look)
            shooter.tidy()
            part.take(shooter)
        except Exception as error:  # noqa: BLE001 - one screen that fails does not cost the others
            self.failed.append(f"{part.name}{look[0]}: {error}")
            traceback.print_exc()
            return False
        taken = shooter.taken[before:]
        self.count += len(taken)
        if sorted(taken) != sorted(part.screens):
            self.failed.append(f"{part.name}{look[0]}: {', '.join(taken)} au lieu de {', '.join(part.screens)}")
            return False
        self._mark(part, look).touch()
        print(f"{part.name}{look[0]}: {len(taken)} en {time.monotonic() - began:.1f} s", flush=True)
        return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py shots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"), help="of the documentation's pictures")
    parser.add_argument("--beside", type=Path, default=Path("build/captures"), help="of all others")
    names = [*(part.name for part in PARTS), "papiers"]
    parser.add_argument("--parts", nargs="+", choices=names, help="only these")
    for option, known in (("languages", LANGUAGES.values()), ("themes", THEMES.values()),
                          ("widths", [str(size[0]) for size in SIZES.values()])):  # fmt: skip
        parser.add_argument(f"--{option}", nargs="+", choices=list(known), default=list(known))
    parser.add_argument("--resume", action="store_true", help="without what an earlier run took")
    run = Run(parser.parse_args())
    app = QApplication(sys.argv[:1])
    run.papers()
    with tempfile.TemporaryDirectory(prefix="erp-mif-shots-") as name:
        home = Path(name)
        log.configure(home / "journaux")
        _first_run(app, home / "neuf", run)
        if any(part.who != "new" for part, _look in run.due(PARTS)):
            with Stage(home, interventions=800) as stage:
                _working(app, stage, run)
    print(f"{run.count} captures dans {run.out}/ et {run.beside}/")
    for told in run.failed:
        print(told)
    return 1 if run.failed else 0


def _first_run(app: QApplication, home: Path, run: Run) -> None:
    due = list(run.due([part for part in PARTS if part.who == "new"]))
    if not due:
        return
    desktop = Desktop(app, Settings(data_dir=home, log_dir=home / "journaux"))
    desktop.window.resize(*SIZE)
    desktop.start()
    shooter = Shooter(desktop, run.out, run.beside)
    for part, look in due:
        run.take(shooter, part, look)
    desktop.window.close()
    desktop.close()


def _prepare(stage: Stage) -> Story:
    """A branch back from a cut: fields to decide and a refusal, besides the story's."""
    story = Story(stage)
    story.prepare()
    story.edit_while_cut_off()
    story.disagree()
    story.meet()
    return story


def _working(app: QApplication, stage: Stage, run: Run) -> None:
    story = _prepare(stage)
    casablanca = stage.branches["CAS"]
    people = {
        "clerk": casablanca.acteur,
        "manager": replace(stage.siege, poste=casablanca.acteur.poste),
        "admin": replace(stage.admin, poste=casablanca.acteur.poste),
    }
    desktop = open_desktop(app, casablanca)
    shooter = Shooter(desktop, run.out, run.beside, stage)
    try:
        wait(lambda: desktop.state is not None and desktop.state.en_ligne, "la ligne")
        line(desktop, up=False)
        for part, look in run.due([part for part in PARTS if part.who == "nobody"]):
            run.take(shooter, part, look)
        edited = False
        for who, parts in groupby((part for part in PARTS if part.who in people), lambda part: part.who):
            due = list(run.due(list(parts)))
            if not due:
                continue
            desktop.log_out()
            desktop.log_in(people[who])
            if who == "clerk" and not edited:
                edited = True
                story.edit_again()
                desktop.refresh_state()
            for part, look in due:
                if not run.take(shooter, part, look):
                    # What it left open is closed with the person's window.
                    desktop.log_out()
                    desktop.log_in(people[who])
    finally:
        desktop.window.unsaved = tuple
        desktop.window.close()
        desktop.close()


if __name__ == "__main__":
    raise SystemExit(main())
