"""The first start as the desktop shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from PySide6.QtWidgets import QWidget

from erp_desktop import settings as options
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.settings import Settings
from erp_desktop.sync.device import one_line, provisioning
from erp_desktop.sync.device.provisioning import Provision
from erp_desktop.ui.first_start.wizard import AGENCE, Assistant


class Bureau(Protocol):
    """What the wizard needs of the desktop."""

    settings: Settings

    @property
    def window(self) -> QWidget: ...
    def open_database(self) -> None: ...
    def start_demo(self) -> None: ...


class FirstRun(Assistant):
    """The wizard wired to the running desktop.

    Args:
        desktop: it.
        provision: file that enrols without typing; by default the one that was laid on this machine, if any.
    """

    def __init__(self, desktop: Any, provision: Path | None = None) -> None:
        bureau: Bureau = desktop
        super().__init__(bureau.settings)
        self._bureau = bureau
        self.done.connect(self._open)
        self.demo_asked.connect(bureau.start_demo)
        self.quit_asked.connect(bureau.window.close)
        self.language_changed.connect(self._keep_language)
        self._provision = provision or provisioning.waiting(self.settings.data_dir)
        if self._provision is not None:
            self.provision(self._provision)

    def provision(self, file: Path) -> None:
        """Enrol by a file; what is refused leads to the form, with the reason over it."""
        if self.busy:
            return
        self.choose(AGENCE)
        try:
            found = provisioning.read(file)
        except UserError as error:
            self.fail(error, step="connexion")
            return
        self._provision = file
        self._enrol_with(found)

    def _enrol_with(self, found: Provision) -> None:
        self.enrol_by(
            lambda path, secrets, encrypted, progress: provisioning.enroll(
                found, path, secrets_file=secrets, encrypted=encrypted, progress=progress
            )
        )

    def _keep_language(self, code: str) -> None:
        self.settings = self._bureau.settings = options.save(self.settings, language=code)

    def go_on(self) -> None:
        """Enrol by the line of a code typed as the address; try a file again as long as nothing was typed instead."""
        if self.step == "connexion" and self.form is not None and one_line.is_one(self.form.values()["serveur"]):
            self._typed.update(self.form.values())
            try:
                found = one_line.read(self._typed["serveur"])
            except UserError as error:
                self.fail(ValidationError({"serveur": str(error)}), step="connexion")
                return
            self._error = None
            self._provision = None
            self._enrol_with(found)
            return
        if self._provision is not None and self.step == "connexion" and self.form is not None:
            typed = self.form.values()
            if not (typed.get("serveur") or typed.get("identifiant")):
                self.provision(self._provision)
                return
        super().go_on()

    def _open(self, settings: Settings) -> None:
        if self._provision is not None:
            provisioning.used_up(self._provision)
        self._bureau.settings = settings
        self._bureau.open_database()
