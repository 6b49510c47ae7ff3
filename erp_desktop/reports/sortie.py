"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from erp_desktop import paths
from erp_desktop.errors import UserError, raison

_PREFIX = ".erp-mif-"
_FORSAKEN_S = 86_400
"""Seconds after which nobody writes an unfinished file any more: its program was killed."""


class Unfinished:
    """A file with a name that nobody can foretell beside ``cible``, until it is whole; gone with this object.

    Raises:
        UserError: the folder is missing or refuses writing.
    """

    def __init__(self, cible: Path) -> None:
        self.cible = cible
        try:
            _forget_forsaken(cible)
            descripteur, nom = tempfile.mkstemp(prefix=_PREFIX, suffix=cible.suffix, dir=cible.parent)
        except OSError as error:
            raise UserError(f"Impossible d’écrire dans {cible.parent} : {_raison(error)}.") from error
        os.close(descripteur)
        self.path = Path(nom)
        self._gone = weakref.finalize(self, paths.let_go, self.path)

    def commit(self) -> None:
        """Give the file its name; a failure leaves what had it untouched.

        Raises:
            UserError: the target is held open by another program, or is a folder.
        """
        try:
            if os.name == "posix":
                masque = os.umask(0)
                os.umask(masque)
                self.path.chmod(0o666 & ~masque)
            paths.put_in_place(self.path, self.cible)
        except OSError as error:
            raise self.refused(error) from error
        finally:
            self.drop()

    def drop(self) -> None:
        self._gone()

    def refused(self, error: OSError) -> UserError:
        return UserError(f"Impossible d’écrire {self.cible} : {_raison(error)}.")


def atomique(cible: Path, ecrire: Callable[[Path], None]) -> None:
    """Let ``ecrire`` fill a temporary file beside ``cible``, then swap it in; a failure leaves ``cible`` untouched.

    Raises:
        UserError: see :class:`Unfinished`; or what ``ecrire`` could not write.
    """
    fichier = Unfinished(cible)
    try:
        ecrire(fichier.path)
    except OSError as error:
        fichier.drop()
        raise fichier.refused(error) from error
    except BaseException:
        fichier.drop()
        raise
    fichier.commit()


def keep(cible: Path, contenu: bytes) -> None:
    """Make ``contenu`` the file ``cible``, whole or not at all.

    Raises:
        UserError: see :func:`atomique`.
    """

    def ecrire(fichier: Path) -> None:
        fichier.write_bytes(contenu)

    atomique(cible, ecrire)


def _forget_forsaken(cible: Path) -> None:
    """Delete what a program that was killed left in the folder of ``cible``."""
    for file in cible.parent.glob(f"{_PREFIX}*{cible.suffix}"):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > _FORSAKEN_S:
                file.unlink()


def _raison(error: OSError) -> str:
    # What is missing for a file that is written is its folder.
    return "ce dossier n’existe pas" if isinstance(error, FileNotFoundError) else raison(error)
