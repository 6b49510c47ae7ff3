"""The cycle of a live cache, and what is done when the centre forgot something or wants this device no more."""

from __future__ import annotations

from erp_desktop.errors import DeviceErasedError, DeviceRevokedError
from erp_desktop.sync.device.farewell import farewell
from erp_desktop.sync.exchange.cache import ERASED
from erp_desktop.sync.exchange.cycle import Cycle, CycleResult
from erp_desktop.sync.exchange.erased import hear
from erp_desktop.sync.first_copy.fresh_copy import rebase, send_again


class Syncer(Cycle):
    """Cycles that lose nothing when the centre was restored, moved or purged, and leave nothing when revoked."""

    def run(self) -> CycleResult:
        """Run one cycle; a revoked device hands over what it had to send, then its data is erased.

        Raises:
            DeviceErasedError: it was.
            ErpError: as the cycle says; the journal has a line for it unless the device was revoked.
        """
        try:
            return super().run()
        except DeviceRevokedError:
            if farewell(self.cache, self.link):
                raise DeviceErasedError(ERASED) from None
            raise

    def start_again(self, known: int | None) -> int:
        """Send the batches that the centre lost again, then take a fresh copy and lay what waits over it."""
        if self._behind_erasures is not None:
            sql = "SELECT coalesce(jsonb_agg(e), '[]') FROM sync.copie_effacements() e"
            hear(self.cache, self.link.row(sql)[0], self._behind_erasures)
            self._behind_erasures = None
        if known is not None:
            send_again(self.cache, self.link, known)
        return rebase(self.cache, self.link).taken
