"""Pictures of what comes before work, and comes seldom: a first password, a centre and a cache that are behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from erp_desktop.app import Desktop
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.demo.window import SIZE, line, rest, wait
from erp_desktop.domain.administration.saisie import CompteInput
from erp_desktop.domain.enums import Role
from erp_desktop.registry import revisions
from erp_desktop.services.administration import accounts
from erp_desktop.settings import Mode, Settings
from erp_desktop.ui.first_start.upgrade_pages import Consentement
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.main_window import Opening
from erp_desktop.ui.sign_in.page import LoginPage
from erp_desktop.upgrade import migrate

if TYPE_CHECKING:
    from erp_desktop.demo.shooter import Shooter
    from erp_desktop.demo.stage import Stage

_NEW = "imane.rami"
_BEHIND_CENTRE, _BEHIND_CACHE = 4, 30
"""By how many revisions: few for the centre, whose page names them; many where a step has to be caught."""


def given(shooter: Shooter) -> None:
    """Somebody new enters with the password that the administrator gave, and is asked for another."""
    stage = shooter.stage
    if stage is None:
        raise RuntimeError("no centre")
    if not shooter.given:
        shooter.given = _invite(stage)
    line(shooter.desktop, up=True)
    shooter.desktop.show_login()
    page = shooter.desktop.window.centralWidget()
    if not isinstance(page, LoginPage):
        raise TypeError("no login")

    def asked() -> bool:
        # Until the account has come with an exchange, the answer is to try again.
        if page.choice is None and page.submit.isEnabled():
            page.identifier.setText(_NEW)
            page.password.setText(shooter.given)
            page.try_login()
            rest(shooter.desktop)
        return page.choice is not None

    wait(asked, "le compte")
    shooter.take("premier-mot-de-passe")
    shooter.desktop.show_login()
    line(shooter.desktop, up=False)


def _invite(stage: Stage) -> str:
    agence = stage.branches["CAS"].acteur.agence_id
    typed = CompteInput(
        username=_NEW, full_name="Imane Rami", email=f"{_NEW}@erp-mif.example", role=Role.AGENT, agence_id=agence
    )
    with transaction(stage.centre, stage.admin.user_id) as session:
        return accounts.invite(session, stage.admin, accounts.create(session, stage.admin, typed))


@contextmanager
def _opened(shooter: Shooter, settings: Settings) -> Iterator[Desktop]:
    """A desktop of its own, in the look of the pictures."""
    before, app = shooter.desktop, QApplication.instance()
    if not isinstance(app, QApplication):
        raise TypeError("no application")
    look = {"language": i18n.language(), "theme": before.settings.theme}
    desktop = Desktop(app, settings.model_copy(update=look))
    desktop.window.resize(*SIZE)
    shooter.desktop = desktop
    try:
        desktop.start()
        yield desktop
    finally:
        shooter.desktop = before
        desktop.window.close()
        desktop.close()


def consent(shooter: Shooter) -> None:
    """A migrator starts the program of a centre that is behind."""
    stage = shooter.stage
    if stage is None:
        raise RuntimeError("no centre")
    url = stage.server.create_database(f"erp_mif_en_retard{shooter.variant.replace('-', '_')}")
    engine = create_pg_engine(url)
    with engine.connect() as connection:
        migrate.upgrade(connection, revisions.revisions()[-1 - _BEHIND_CENTRE].revision)
    engine.dispose()
    folder = stage.folder / f"centre{shooter.variant}"
    settings = Settings(mode=Mode.CENTRE, central_url=url, data_dir=folder, log_dir=folder)
    with _opened(shooter, settings) as desktop:
        wait(lambda: isinstance(desktop.window.centralWidget(), Consentement), "la question", 60)
        shooter.take("mise-a-niveau-centre")


def upgrade(shooter: Shooter) -> None:
    """A desktop starts on a cache that is behind; taken while a step is under way."""
    stage = shooter.stage
    if stage is None:
        raise RuntimeError("no centre")
    settings = _behind(stage.folder / f"retard{shooter.variant}")
    with _opened(shooter, settings) as desktop:
        taken: list[int] = []

        def seen() -> bool:
            page = desktop.window.centralWidget()
            if isinstance(page, Opening) and page.bar.isVisible() and not taken:
                page.bar.valueChanged.connect(catch)
                taken.append(0)
            return len(taken) > 1

        def catch(share: int) -> None:
            # Here, because the next step may be told as soon as the events run again.
            if share >= 40 and len(taken) == 1:
                taken.append(share)
                shooter.take_now("mise-a-niveau-poste")

        wait(seen, "la mise à niveau", 60)
        wait(lambda: isinstance(desktop.window.centralWidget(), LoginPage), "la connexion", 60)


def _behind(folder: Path) -> Settings:
    settings = Settings(mode=Mode.AUTONOME, data_dir=folder, log_dir=folder)
    settings.cache.parent.mkdir(parents=True, exist_ok=True)
    engine = create_sqlite_engine(settings.cache)
    with engine.connect() as connection:
        migrate.upgrade(connection, revisions.revisions()[-1 - _BEHIND_CACHE].revision, verified_after=True)
    engine.dispose()
    return settings
