"""One lock per cache: shared while a program works on it, exclusive to upgrade, restore or swap the file.

The lock lies in a file of its own beside the cache, so that swapping the cache never swaps the lock. The operating
system releases it when the process ends, however it ends.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from erp_desktop.errors import DatabaseBusyError, DatabaseRefusedError, raison

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)

    class _Overlapped(ctypes.Structure):
        _fields_ = [
            ("internal", ctypes.c_void_p),
            ("internal_high", ctypes.c_void_p),
            ("offset", wintypes.DWORD),
            ("offset_high", wintypes.DWORD),
            ("event", wintypes.HANDLE),
        ]

    def _try(descriptor: int, exclusive: bool) -> bool:
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        flags = 1 | (2 if exclusive else 0)  # fail immediately, exclusive
        return bool(_KERNEL.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(_Overlapped())))

    def _unlock(descriptor: int) -> None:
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        _KERNEL.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(_Overlapped()))

else:
    import fcntl

    def _try(descriptor: int, exclusive: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


_NOTE = 16
"""Where the note begins: Windows keeps others from reading the locked first byte."""


class CacheLock:
    """The lock of one cache file; not re-entrant, one object per opening."""

    def __init__(self, cache: Path) -> None:
        self.path = cache.with_name(cache.name + ".verrou")
        self._descriptor: int | None = None

    def _acquire(self, exclusive: bool, timeout_s: float) -> None:
        self.release()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DatabaseRefusedError(
                f"Le dossier {self.path.parent} n'est pas accessible en écriture ({raison(error)}) : "
                "choisissez un autre dossier de données ou demandez l'accès."
            ) from error
        deadline = time.monotonic() + timeout_s
        while not _try(descriptor, exclusive):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise DatabaseBusyError(
                    "Une autre fenêtre ou commande travaille sur la base locale : fermez-la, puis réessayez."
                    if exclusive
                    else "Une mise à niveau ou une restauration est en cours sur la base locale : réessayez bientôt."
                )
            time.sleep(0.05)
        self._descriptor = descriptor

    def shared(self, timeout_s: float = 60.0) -> None:
        """Wait for a share, releasing what this object holds first.

        Raises:
            DatabaseBusyError: somebody kept it exclusively for ``timeout_s`` seconds.
        """
        self._acquire(exclusive=False, timeout_s=timeout_s)

    def exclusive(self, timeout_s: float = 10.0) -> None:
        """Wait until nobody else holds it, releasing what this object holds first.

        Raises:
            DatabaseBusyError: somebody kept it for ``timeout_s`` seconds.
        """
        self._acquire(exclusive=True, timeout_s=timeout_s)

    def note(self, text: str) -> None:
        """Leave a line for the next one who holds the lock; what it holds now must be held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, _NOTE)
            os.lseek(self._descriptor, _NOTE, os.SEEK_SET)
            os.write(self._descriptor, text.encode())

    def noted(self) -> str:
        """The last line left; empty when there is none."""
        if self._descriptor is None:
            return ""
        os.lseek(self._descriptor, _NOTE, os.SEEK_SET)
        return os.read(self._descriptor, 200).decode(errors="replace")

    def release(self) -> None:
        if self._descriptor is not None:
            _unlock(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
