"""What the rest of the company does while somebody tries the window: Tanger and the head office keep working."""

from __future__ import annotations

import logging
import random
import threading

import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.demo.stage import Stage
from erp_desktop.domain.enums import Priorite, Statut
from erp_desktop.errors import ErpError
from erp_desktop.models import Intervention
from erp_desktop.services import interventions
from erp_desktop.sync.watch.service import SyncService

_log = logging.getLogger(__name__)


class Company:
    """Edits in Tanger's cache, synchronised by its own thread, and at the centre, every few seconds until stopped."""

    def __init__(self, stage: Stage, every_s: float = 8.0) -> None:
        self.stage = stage
        self.every_s = every_s
        self.edits = 0
        self._stop = threading.Event()
        self._random = random.Random(2026)  # noqa: S311 - not a secret
        tanger = stage.branches["TNG"]
        self._sync = SyncService(tanger.settings, tanger.cache, tanger.key)
        self._engine = tanger.engine()
        self._thread = threading.Thread(target=self._loop, name="demonstration", daemon=True)

    def start(self) -> None:
        self._sync.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(15)
        self._sync.stop()
        self._engine.dispose()

    def _loop(self) -> None:
        while not self._stop.wait(self.every_s):
            try:
                self._tanger()
                self._siege()
            except ErpError as error:
                _log.info("edit refused: %s", error)

    def _pick(self, engine: sa.Engine, code: str) -> int | None:
        agence = self.stage.branches[code].acteur.agence_id
        with transaction(engine, write=False) as session:
            ids = session.execute(
                sa.select(Intervention.id)
                .where(Intervention.agence_id == agence, Intervention.statut == Statut.EN_COURS.value)
                .limit(50)
            ).scalars()
            found = list(ids)
        return self._random.choice(found) if found else None

    def _tanger(self) -> None:
        branch = self.stage.branches["TNG"]
        if (chosen := self._pick(self._engine, "TNG")) is not None:
            with transaction(self._engine, branch.acteur.user_id) as session:
                interventions.update(
                    session, branch.acteur, chosen, {"notes_internes": f"Point {self.edits + 1} fait par téléphone."}
                )
            self.edits += 1
            self._sync.request_cycle()

    def _siege(self) -> None:
        if (chosen := self._pick(self.stage.centre, "CAS")) is not None:
            priorite = self._random.choice((Priorite.HAUTE, Priorite.NORMALE))
            with transaction(self.stage.centre, self.stage.siege.user_id) as session:
                interventions.update(session, self.stage.siege, chosen, {"priorite": priorite, "urgence": False})
            self.edits += 1
