"""Import of a file: one page, no chain of dialogs; the dry run runs again by itself, nothing is written before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer

from erp_desktop import clock
from erp_desktop.errors import ErpError
from erp_desktop.services.importation import wizard
from erp_desktop.services.importation.outcome import Bilan
from erp_desktop.services.importation.wizard import Choix, Essai, Faute, Fichier
from erp_desktop.services.shared.bulk import Progress, StoppedError
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.imports import outputs
from erp_desktop.ui.imports.faults import noted, teller
from erp_desktop.ui.imports.look import Look
from erp_desktop.ui.imports.source import Source
from erp_desktop.ui.kit.controls import clear
from erp_desktop.ui.kit.dialogs import ask_files, ask_target
from erp_desktop.ui.kit.i18n import isolate, language, number, said, tr
from erp_desktop.ui.kit.surfaces import Banner

_KINDS = ["CSV, Excel, OpenDocument (*.csv *.tsv *.txt *.xlsx *.xlsm *.xls *.ods)"]
_PAUSE_MS = 300


class ImportPage(Look):
    """Rows of a file into one table.

    Attributes:
        file: what was read; None before.
        faults: why lines are refused, of the last dry run.
    """

    def __init__(self, contexte: Contexte, table: str, title: str) -> None:
        super().__init__(title)
        self._contexte, self._table = contexte, table
        self.file: Fichier | None = None
        self.trial: Essai | None = None
        self.faults: list[Faute] = []
        self._corrections: dict[int, dict[str, str]] = {}
        self._judged = False
        self._writing: Progress | None = None
        self._fields = wizard.champs(table)
        self._source = Source(contexte, table, self._choice, self)
        self._source.begun.connect(self._begin_reading)
        self._source.shown.connect(self._show_file)
        self._source.failed.connect(self._unread)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self.judge)
        self._clock = QTimer(self)
        self._clock.setInterval(100)
        self._clock.timeout.connect(self._say_written)
        self.begins_at = self.choose_button
        for button, act in (
            (self.model_button, self._ask_model), (self.choose_button, self.ask_file),
            (self.mend_button, self.table.mend_first), (self.export_button, self._ask_refused),
            (self.again_button, self.judge), (self.leave_button, self.give_up), (self.write_button, self.write),
        ):  # fmt: skip
            button.clicked.connect(partial(self._press, act))
        self.columns.changed.connect(self._changed)
        self.columns.anew.connect(self._read_otherwise)
        self.table.mended.connect(self.mend)
        self.whole.toggled.connect(lambda _on: self._say())
        QTimer.singleShot(0, self, lambda: self.title_changed.emit(tr("Importer : {quoi}", quoi=tr(title))))
        self._say()

    @staticmethod
    def _press(act: Callable[[], object], _checked: bool = False) -> None:
        act()

    # The file

    def ask_file(self) -> None:
        ask_files(self, tr("Choisir un fichier…"), _KINDS, lambda paths: self.open_file(paths[0]))

    def open_file(self, path: Path) -> None:
        if not self._source.busy and self._writing is None:
            self._source.open(path)

    def _begin_reading(self, name: str) -> None:
        clear(self.banners)
        self._soon.stop()
        self.trial, self._judged = None, False
        self.strip.end()
        self.told.setText(tr("Lecture de {fichier}…", fichier=name))
        self._say()

    def _read_otherwise(self) -> None:
        """Another sheet or encoding was said."""
        if self.file is not None and self._writing is None and not self._source.otherwise(self.file):
            self._changed()

    def _unread(self, error: Exception) -> None:
        if self.file is not None:
            self._tell(self.file)
            self.judge()
        self._failed(error)

    def _tell(self, file: Fichier) -> None:
        count = len(file.lu.rows) + len(file.lu.faults)
        self.told.setText(
            tr("{fichier} · {n} lignes, {colonnes} colonnes · en-tête à la ligne {ligne}", fichier=isolate(file.nom),
               n=number(count), colonnes=len(file.colonnes), ligne=file.lu.header)
        )  # fmt: skip

    def _show_file(self, file: Fichier, used: Choix, recalled: bool) -> None:
        self.file, self.faults = file, []
        self._corrections = {line: dict(cells) for line, cells in used.corrections.items()}
        self._tell(file)
        self.columns.show_file(file, self._fields, used, before=wizard.reprend(self._table))
        known = tr("{n} sur {total} reconnues", n=sum(map(bool, used.champs.values())), total=len(used.champs))
        self.known.setText(f"{known} · {tr('réglage retrouvé')}" if recalled else known)
        self.choose_button.setText(tr("Changer de fichier…"))
        self.pages.setCurrentIndex(1)
        self.dirty_changed.emit(True)
        self.judge()

    # The dry run

    def _changed(self) -> None:
        self._judged = False
        self._say()
        self._soon.start()

    def mend(self, line: int, column: str, words: str) -> None:
        """Write something else in one cell, or wherever the file says the same unknown word, and judge again."""
        fault = next((f for f in self.faults if (f.ligne, f.colonne) == (line, column)), None)
        lines = {line}
        if fault is not None and fault.inconnue:
            same = (column, fault.valeur)
            lines |= {f.ligne for f in self.faults if f.inconnue and (f.colonne, f.valeur) == same}
            if len(lines) > 1:
                self._contexte.say(tr("Corrigé partout où le fichier dit « {mot} »", mot=isolate(fault.valeur)))
        for one in lines:
            self._corrections.setdefault(one, {})[column] = words.strip()
        self._changed()

    def _choice(self, *, apart: bool = False) -> Choix:
        left_out = frozenset(one.ligne for one in self.faults) if apart else frozenset()
        kept = {line: dict(cells) for line, cells in self._corrections.items()}
        return replace(self.columns.choice(), corrections=kept, ecartees=left_out)

    def judge(self) -> None:
        """Try every line again, in pieces between which lists and forms are read."""
        self._soon.stop()
        if self.file is None or self._source.busy or self._writing is not None:
            return
        if self.columns.why():
            self.trial, self._judged, self.faults = None, False, []
            self.table.show_faults([])
            self._say()
            return
        self._judged = False
        trial = self.trial = Essai(self._contexte.acteur, self._table, self.file, self._choice())
        self.strip.begin(self._stop_judging)
        self._say()
        self._piece(trial)

    def _stop_judging(self) -> None:
        self.trial = None
        self.strip.end()
        self._say()

    def _piece(self, trial: Essai) -> None:
        self.strip.tell(trial.done, trial.total)

        def done(more: bool) -> None:
            if trial is not self.trial:
                return
            if more:
                self._piece(trial)
            else:
                self._show(trial)

        def failed(error: Exception) -> None:
            if trial is self.trial:
                self.strip.end()
                self._failed(error)

        self._contexte.tasks.run(trial.piece, done, failed, owner=self)

    def _show(self, trial: Essai) -> None:
        self.strip.end()
        self._judged = True
        self.faults = trial.fautes
        refused = {one.ligne for one in self.faults}
        self.good.say(trial.nouvelles)
        self.bad.say(len(refused))
        self.noted.say(sum(trial.remarques().values()))
        self.notes.setText(noted(trial))
        self.table.show_faults(self.faults)
        self._say()

    # Writing

    def _count(self) -> int:
        """Lines that would be written; 0 while something stands in the way."""
        if not self._judged or self.trial is None or self._writing is not None:
            return 0
        refused = {one.ligne for one in self.faults}
        if refused and self.whole.isChecked():
            return 0
        return self.trial.nouvelles + self.trial.bilan.mises_a_jour

    def _say(self) -> None:
        count, refused = self._count(), len({one.ligne for one in self.faults})
        words = tr("Écrire {n} lignes", n=number(count)) if count else tr("Écrire")
        self.write_button.setText(words)
        self.write_button.setAccessibleName(words)
        self.write_button.setEnabled(bool(count))
        for button in (self.mend_button, self.export_button):
            button.setEnabled(bool(refused))
        self.apart.setEnabled(bool(refused))
        if self.file is None:
            why = ""
        elif why := self.columns.why():
            pass
        elif not self._judged:
            why = tr("Vérification en cours…") if self.trial is not None else tr("Vérification arrêtée.")
        elif refused and self.whole.isChecked():
            why = tr("Corrigez ou écartez d'abord les {n} lignes refusées.", n=number(refused))
        elif not count and not refused and self._writing is None:
            why = tr("Toutes les lignes sont déjà là : il n'y a rien à écrire.")
        else:
            why = ""
        self.why.setText(why)
        self.steps.show_step(self._step(count))
        self.status_changed.emit(*self.status())

    def _step(self, writable: int) -> int:
        """Where the file is on its way: chosen, its columns said, its lines judged, ready to be written."""
        if self.file is None:
            return 0
        if self.columns.why():
            return 1
        return 3 if writable or self._writing is not None else 2

    def write(self) -> None:
        """Write in one transaction; a line that became bad meanwhile stops all."""
        file = self.file
        if file is None or not self._count():
            return
        clear(self.banners)
        choice, acteur, table = self._choice(apart=self.apart.isChecked()), self._contexte.acteur, self._table
        progress = self._writing = Progress()
        total = self._count() or len(file.lu.rows)

        def heard(done: int, _total: int) -> None:
            progress.done = done
            if progress.stop.is_set():
                raise StoppedError

        self.strip.begin(progress.stop.set)
        self.strip.tell(0, total)
        self._clock.start()
        self._say()
        self._contexte.tasks.run(
            lambda session: wizard.ecrire_tout(session, acteur, table, file, choice, heard), self._written,
            self._refused, write=True,
        )  # fmt: skip

    def _say_written(self) -> None:
        if self._writing is not None and self.file is not None:
            self.strip.tell(self._writing.done, len(self.file.lu.rows))

    def _end(self) -> None:
        self._writing = None
        self._clock.stop()
        self.strip.end()

    def _written(self, done: Bilan) -> None:
        self._end()
        self._contexte.bus.publish(self._table)
        said = [tr("{n} lignes importées", n=number(done.importees))] if done.importees else []
        if done.mises_a_jour:
            said.append(tr("{n} lignes mises à jour", n=number(done.mises_a_jour)))
        self._contexte.say(", ".join(said))
        self.dirty_changed.emit(False)
        self.closed.emit()

    def _refused(self, error: Exception) -> None:
        self._end()
        self._failed(error)
        if not isinstance(error, StoppedError):
            self.judge()

    def _failed(self, error: Exception) -> None:
        self._say()
        if isinstance(error, ErpError):
            clear(self.banners)
            self.banners.addWidget(Banner("danger", said(str(error)), closable=True))
            if self.file is None:
                self.told.setText("")
        else:
            self._contexte.tasks.failed.emit(error)

    # What leaves

    def _ask_model(self) -> None:
        ask_target(self, tr("Modèle vide…"), f"{self._table}.xlsx", self.model, ["Excel (*.xlsx)"])

    def model(self, path: Path) -> None:
        """A workbook with the columns that an import takes, and no row."""
        try:
            outputs.write_model(path, tr(self._title), [one.name for one in self._fields])
        except ErpError as error:
            self._failed(error)

    def _ask_refused(self) -> None:
        name = f"{self._table}-refus-{clock.today().isoformat()}.csv"
        ask_target(self, tr("Exporter les lignes refusées…"), name, self.export_refused, ["CSV (*.csv)"])

    def export_refused(self, path: Path) -> None:
        """Each refused line as it is in the file, with its number and its reasons."""
        trial, tell = self.trial, teller(language())
        faults = [(one.colonne or tr(one.champ), one) for one in self.faults]
        if trial is None:
            return
        file, heads = trial.fichier, (tr("Ligne"), tr("Raison"))

        def finished(count: int) -> None:
            self._contexte.say(tr("{n} lignes écrites dans {fichier}", n=number(count), fichier=path.name))

        self._contexte.tasks.run(
            lambda _session: outputs.write_refused(path, heads, file, faults, tell), finished, self._failed,
            owner=self,
        )  # fmt: skip

    # What the window's keys do

    def save(self) -> bool:
        self.write()
        return True

    def reload(self) -> bool:
        self.judge()
        return True

    def give_up(self) -> None:
        """Leave; while lines are being written, stop that: nothing of it stays."""
        if self._writing is not None:
            self._writing.stop.set()
        else:
            self.trial = None
            self.dirty_changed.emit(False)
            self.closed.emit()

    def untouched(self) -> bool:
        return self.file is None

    def status(self) -> tuple[str, str]:
        if self.file is None:
            return "", ""
        return tr("{n} lignes lues, rien n'est encore écrit", n=number(len(self.file.lu.rows))), ""

    def keys(self) -> tuple[tuple[str, str], ...]:
        return (("F5", "Vérifier à nouveau"), ("F2", "Corriger la valeur"), ("Ctrl S", "Écrire"))
