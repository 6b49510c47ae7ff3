"""The first start: three ways to work, each to its end, nothing changed until it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from erp_desktop import settings as options
from erp_desktop.errors import ValidationError
from erp_desktop.services import calendrier
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.device import enrolment, first_database
from erp_desktop.sync.device.enrolment import Enrolled
from erp_desktop.sync.device.first_database import Compte, Importee
from erp_desktop.sync.first_copy.by_rows import Progress
from erp_desktop.ui.background import Fond
from erp_desktop.ui.first_start.choices import Carte, trouble
from erp_desktop.ui.first_start.copying import Copie
from erp_desktop.ui.first_start.forms import Formulaire, FormulaireAgence, FormulaireCentre, FormulaireCompte
from erp_desktop.ui.first_start.welcome import Accueil
from erp_desktop.ui.kit.controls import Button, IconLabel, Text
from erp_desktop.ui.kit.dialogs import ask_files
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.surfaces import Banner, Card, Etapes

AGENCE, AUTONOME, DEMO = "agence", "autonome", "demo"
_WIDTH = 760
_SECRETS = "secrets.json"


class Assistant(Accueil):
    """The wizard.

    Args:
        settings: where the data goes; what was chosen is stored for the next start.
        encrypted: False leaves caches plain, for tests.
    """

    done = Signal(object)
    """The stored :class:`Settings`: a database is in place."""
    demo_asked = Signal()
    quit_asked = Signal()

    def __init__(self, settings: Settings, *, encrypted: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.settings, self._encrypted = settings, encrypted
        self._usage, self._step = AGENCE, "usage"
        self._typed: dict[str, str] = {}
        self._error: Exception | None = None
        self._result: Settings | None = None
        self._enrolled: Enrolled | None = None
        self._secrets = settings.secrets_file
        self._work = Fond(self)
        self._work.progressed.connect(self._advance)
        self._work.finished.connect(self._finished)
        self._work.failed.connect(self._failed)
        self._shortcuts()
        self.rebuild()

    def _shortcuts(self) -> None:
        for key, usage in (("1", AGENCE), ("2", AUTONOME), ("3", DEMO)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda usage=usage: self.choose(usage))

    # What it says

    def panel_words(self) -> tuple[str, str]:
        return tr("Premier démarrage"), tr(
            "Trois façons de commencer. Dix minutes au plus, sans risque : tant que ce n'est pas fini, "
            "rien n'est installé."
        )

    def help_words(self) -> str:
        return tr(
            "« Rejoindre une agence » demande l'adresse du serveur et un administrateur. « Poste autonome » "
            "ne demande rien à personne. « Démonstration » s'efface quand on la ferme. "
            "Une sauvegarde se reprend par Importer."
        )

    def foot(self) -> str:
        return isolate(str(self.settings.data_dir))

    @property
    def step(self) -> str:
        """``usage``, ``connexion``, ``agence``, ``copie``, ``compte`` or ``fin``."""
        return self._step

    @property
    def busy(self) -> bool:
        return self._work.busy

    def _steps(self) -> tuple[list[str], int]:
        if self._usage == AUTONOME:
            names = [tr("Usage"), tr("Agence"), tr("Compte")]
            return names, {"usage": 0, "agence": 1, "compte": 2, "copie": 2}[self._step]
        names = [tr("Usage"), tr("Connexion"), tr("Première copie"), tr("Compte")]
        return names, {"usage": 0, "connexion": 1, "copie": 2, "fin": 3}[self._step]

    # Building

    def rebuild(self) -> None:
        if self._root is not None and self.form is not None:
            self._typed.update(self.form.values())
        counts = dict(self.copy.counts) if self._root is not None and self.copy is not None else {}
        self.form: Formulaire | None = None
        self.copy: Copie | None = None
        self.cards: dict[str, Carte] = {}
        self.banner: Banner | None = None
        super().rebuild()
        for name, count in counts.items():
            self._advance(name, count)

    def body(self, column: QVBoxLayout) -> None:
        holder = QWidget()
        holder.setMaximumWidth(_WIDTH)
        holder.setMinimumWidth(560)
        self._box = QVBoxLayout(holder)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        names, place = self._steps()
        self._box.addWidget(Etapes(names, place))
        self._box.addSpacing(28)
        {"usage": self._build_usage, "connexion": self._build_centre, "agence": self._build_agence,
         "compte": self._build_account, "copie": self._build_copy, "fin": self._build_end}[self._step]()  # fmt: skip
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(holder, 100)
        row.addStretch(1)
        column.addLayout(row)

    def _title(self, title: str, words: str) -> None:
        heading = Text(title, "kpi", wrap=True)
        self._box.addWidget(heading)
        self._box.addSpacing(8)
        self._box.addWidget(Text(words, "body", "text.secondary", wrap=True))
        self._box.addSpacing(22)
        self._show_error()

    def _show_error(self) -> None:
        error = self._error
        if error is None or isinstance(error, ValidationError):
            return
        self.banner = trouble(error, self._use_file)
        self._box.addWidget(self.banner)
        self._box.addSpacing(16)

    def _use_file(self) -> None:
        self._secrets = self.settings.data_dir / _SECRETS
        self._error = None
        self.go_on()

    def _buttons(self, forward: str, *, back: str = "", extra: Sequence[Button] = ()) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        if back:
            row.addWidget(Button(tr("Retour"), "ghost", icon="arrow-left", on_click=lambda: self._go(back)))
        else:
            row.addWidget(Button(tr("Quitter"), "ghost", on_click=self.quit_asked.emit))
        row.addStretch()
        for button in extra:
            row.addWidget(button)
        self.forward = Button(forward, "primary", on_click=self.go_on)
        self.forward.setMinimumWidth(120)
        row.addWidget(self.forward)
        self._box.addSpacing(24)
        self._box.addLayout(row)

    def _build_usage(self) -> None:
        words = tr("L'informatique peut changer ce choix plus tard, sans perdre de données.")
        self._title(tr("Comment ce poste va-t-il travailler ?"), words)
        self.cards = {
            AGENCE: Carte(
                "1", "buildings", tr("Rejoindre une agence"),
                tr("Le poste reçoit une copie des données de l'agence et se synchronise avec le siège. "
                   "Il reste utilisable sans réseau, même des semaines."),
                [tr("un administrateur, une fois"), tr("quelques minutes de copie")], badge=tr("Le plus courant"),
            ),
            AUTONOME: Carte(
                "2", "desktop", tr("Poste autonome"),
                tr("Une petite structure sur un seul PC, sans serveur. La base et les sauvegardes restent ici ; "
                   "on peut rejoindre un siège plus tard."),
                [tr("aucun réseau"), tr("base chiffrée")],
            ),
            DEMO: Carte(
                "3", "flask", tr("Démonstration"),
                tr("Une entreprise fictive, deux agences et des mois d'activité pour essayer sans risque. "
                   "Rien n'est envoyé."),
                [tr("prêt en moins d'une minute"), tr("s'efface en la fermant")],
            ),
        }  # fmt: skip
        keys = list(self.cards)
        for usage, card in self.cards.items():
            card.clicked.connect(lambda _checked=False, usage=usage: self.choose(usage))
            card.opened.connect(lambda usage=usage: self._enter(usage))
            card.moved.connect(lambda step, usage=usage: self._focus(keys[max(0, min(2, keys.index(usage) + step))]))
            self._box.addWidget(card)
            self._box.addSpacing(10)
        self.cards[self._usage].setChecked(True)
        self._buttons(tr("Continuer"), extra=[Button(tr("Importer une sauvegarde…"), on_click=self.ask_import)])
        chosen = self.cards[self._usage]
        QTimer.singleShot(0, chosen, lambda: chosen.setFocus(Qt.FocusReason.OtherFocusReason))

    def _enter(self, usage: str) -> None:
        self.choose(usage)
        self.go_on()

    def _focus(self, usage: str) -> None:
        self.choose(usage)
        self.cards[usage].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _place(self, form: Formulaire) -> None:
        self.form = form
        form.submitted.connect(self.go_on)
        self._box.addWidget(form)
        if isinstance(self._error, ValidationError):
            form.say(self._error.champs)
        else:
            QTimer.singleShot(0, form, form.begin)

    def _build_centre(self) -> None:
        words = tr("Demandez ces renseignements à l'informatique du siège ; ils ne servent qu'une fois.")
        self._title(tr("Où est le siège ?"), words)
        self._place(FormulaireCentre(self._typed))
        self._buttons(tr("Copier les données"), back="usage")

    def _build_agence(self) -> None:
        self._title(tr("Votre agence"), tr("Une seule ici ; d'autres s'ajoutent en rejoignant un siège."))
        self._place(FormulaireAgence(self._typed))
        self._buttons(tr("Continuer"), back="usage")

    def _build_account(self) -> None:
        self._title(tr("Votre compte"), tr("La base est chiffrée ; sa clé est gardée par le système."))
        self._place(FormulaireCompte(self._typed))
        self._buttons(tr("Créer la base"), back="agence")

    def _build_copy(self) -> None:
        if self._usage == AUTONOME:
            self._title(tr("Création de la base…"), tr("Quelques secondes."))
        else:
            words = tr(
                "Laissez faire : si la ligne tombe ou si le poste s'arrête, la copie reprend où elle en était."
            )
            self._title(tr("Première copie"), words)
        self.copy = Copie()
        self._box.addWidget(self.copy)

    def _build_end(self) -> None:
        found = self._enrolled
        if found is None:
            return
        self._title(tr("Ce poste est prêt"), tr("Il travaille désormais avec ou sans réseau."))
        card = Card("semantic.success.soft")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(IconLabel("check-circle", "semantic.success.text", 22, "fill"))
        words = tr("Poste {n} de l'agence {code} · {lignes} lignes copiées", n=f"{found.poste:02d}",
                   code=isolate(found.agence_code), lignes=number(found.rows))  # fmt: skip
        row.addWidget(Text(words, "strong", "semantic.success.text"), 1)
        card.box.addLayout(row)
        words = tr("Connectez-vous avec le compte que l'administrateur vous a donné.")
        card.box.addWidget(Text(words, "body", "text.secondary", wrap=True))
        self._box.addWidget(card)
        self._buttons(tr("Se connecter"))

    # Going on

    def choose(self, usage: str) -> None:
        """Pick one of the three ways."""
        if self._step == "usage":
            self._usage = usage
            self.cards[usage].setChecked(True)

    def _go(self, step: str) -> None:
        self._step = step
        self.rebuild()

    def go_on(self) -> None:
        """What the primary button of the step does."""
        if self.form is not None:
            self._typed.update(self.form.values())
        self._error = None
        if self._step == "usage":
            if self._usage == DEMO:
                self.demo_asked.emit()
            else:
                self._go("connexion" if self._usage == AGENCE else "agence")
        elif self._step == "connexion":
            self._enrol()
        elif self._step == "agence":
            self._check_agence()
        elif self._step == "compte":
            self._create()
        elif self._step == "fin" and self._result is not None:
            self.done.emit(self._result)

    def _enrol(self) -> None:
        typed = dict(self._typed)
        try:
            url = first_database.adresse(
                typed.get("serveur", ""), typed.get("identifiant", ""), typed.get("mot_de_passe", "")
            )
            if not typed.get("agence", "").strip():
                raise ValidationError({"agence": "Indiquez le code de l'agence, par exemple CAS."})
        except ValidationError as error:
            self._failed(error)
            return
        name = typed.get("poste", "").strip() or tr("Poste")
        self.enrol_by(
            lambda path, file, encrypted, progress: enrolment.enroll(
                url, typed["agence"], name, path, secrets_file=file, encrypted=encrypted, progress=progress
            )
        )

    def enrol_by(self, enrol: Callable[[Path, Path | None, bool, Progress], Enrolled]) -> None:
        """Show the first copy while ``enrol`` makes it: told the cache, the file of secrets, whether to encrypt."""
        path, file, encrypted = self.settings.cache, self._secrets, self._encrypted
        self._go("copie")
        self._work.run(lambda progress: enrol(path, file, encrypted, progress))

    def _check_agence(self) -> None:
        code = self._typed.get("agence_code", "").strip()
        wrong = first_database.verifier_agence(code, self._typed.get("agence_nom", ""))
        if wrong:
            self._failed(ValidationError(wrong))
        else:
            self._go("compte")

    def _create(self) -> None:
        typed = dict(self._typed)
        compte = Compte(typed.get("identifiant", ""), typed.get("nom", ""), typed.get("email", ""),
                        typed.get("mot_de_passe", ""))  # fmt: skip
        wrong = first_database.verifier_compte(compte)
        if wrong:
            self._failed(ValidationError(wrong))
            return
        path, file, encrypted = self.settings.cache, self._secrets, self._encrypted
        self._go("copie")

        def make(_progress: object) -> object:
            key = first_database.creer_autonome(
                path, typed["agence_code"], typed["agence_nom"], compte, secrets_file=file, encrypted=encrypted
            )
            calendrier.semer_base(path, key)
            return key

        self._work.run(make)

    def ask_import(self) -> None:
        """Pick a backup; the dialog is the system's and blocks nothing else."""
        kinds = [tr("Bases ERP MIF (*.sqlite *.db *.bak)"), tr("Tous les fichiers (*)")]
        ask_files(self, tr("Importer une sauvegarde"), kinds, lambda chosen: self.import_backup(chosen[0]))

    def import_backup(self, source: Path) -> None:
        """Check a backup and put it in place."""
        if self._work.busy:
            return
        path, file = self.settings.cache, self._secrets
        self._error = None
        self._work.run(lambda _progress: first_database.importer(source, path, secrets_file=file))

    # Answers

    def _advance(self, name: str, count: int) -> None:
        if self.copy is not None:
            self.copy.advance(name, count)

    def _finished(self, result: Any) -> None:
        changes: dict[str, Any] = {"secrets_file": self._secrets} if self._secrets is not None else {}
        if isinstance(result, Enrolled):
            self._enrolled = result
            changes["mode"] = Mode.AGENCE
        elif isinstance(result, Importee):
            changes["mode"] = Mode.AGENCE if result.agence else Mode.AUTONOME
        else:
            changes["mode"] = Mode.AUTONOME
        self._typed.pop("mot_de_passe", None)
        self._result = options.save(self.settings, **changes)
        if isinstance(result, Enrolled):
            self.form = None
            self._go("fin")
        else:
            self.done.emit(self._result)

    def fail(self, error: Exception, *, step: str) -> None:
        """Show why nothing was done, on that step."""
        self._step = step
        self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._error = error
        if self._step == "copie":
            self._step = "compte" if self._usage == AUTONOME else "connexion"
        self.rebuild()
