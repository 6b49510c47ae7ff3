"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from erp_desktop.errors import UserError


def atomique(cible: Path, ecrire: Callable[[Path], None]) -> None:
    """Let ``ecrire`` fill a temporary file beside ``cible``, then swap it in; a failure leaves ``cible`` untouched.

    Raises:
        UserError: the folder is missing or refuses writing, or the target is held open by another program.
    """
    try:
        descripteur, nom = tempfile.mkstemp(prefix=".", suffix=cible.suffix, dir=cible.parent)
    except OSError as error:
        raise UserError(f"Impossible d’écrire dans {cible.parent} : {_raison(error)}.") from error
    os.close(descripteur)
    temporaire = Path(nom)
    try:
        ecrire(temporaire)
        if os.name == "posix":
            masque = os.umask(0)
            os.umask(masque)
            temporaire.chmod(0o666 & ~masque)
        temporaire.replace(cible)
    except OSError as error:
        raise UserError(f"Impossible d’écrire {cible} : {_raison(error)}.") from error
    finally:
        temporaire.unlink(missing_ok=True)


def _raison(error: OSError) -> str:
    raisons: dict[type[OSError], str] = {
        FileNotFoundError: "ce dossier n’existe pas",
        NotADirectoryError: "ce n’est pas un dossier",
        IsADirectoryError: "c’est un dossier",
        PermissionError: "accès refusé, ou fichier ouvert dans un autre programme",
    }
    return raisons.get(type(error), error.strerror or str(error))
