"""Papers: a typst template and its data make a PDF, in a sandbox and without Qt.

A template is text that a company may change, so it is trusted with nothing: no file (its root is an empty folder), no
package (an import would try the network), no code built from text, no font but ours. Data come as JSON beside it,
where ``#``, ``*`` or ``$`` in a client's name mean nothing.
"""

from __future__ import annotations

import json
import re
import tempfile
from functools import cache
from typing import Any, Literal, cast

import typst

from erp_desktop import paths
from erp_desktop.errors import UserError

COMMUN = "commun"
"""Shared functions, put before every template: a template can import nothing."""

_INTERDIT = re.compile(r"(?<![\w-])(import|include|eval|plugin|std)(?![\w-])")
_COMMENTAIRE = re.compile(r"//[^\n]*")


@cache
def _polices() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(paths.RESOURCES / "fonts")]
    )


def lire_modele(nom: str) -> str:
    """A shipped template with the shared functions before it."""
    dossier = paths.RESOURCES / "templates"
    return "\n".join((dossier / f"{n}.typ").read_text(encoding="utf-8") for n in (COMMUN, nom))


def composer(modele: str, donnees: dict[str, Any]) -> bytes:
    """The PDF of a template's text.

    Args:
        modele: the template's source, see :func:`lire_modele`.
        donnees: what it reads with ``json(bytes(sys.inputs.donnees))``.

    Raises:
        UserError: the template asks for what no paper needs, or is wrong; the place is told.
    """
    return cast("bytes", _compile(modele, donnees, "pdf"))


def images(modele: str, donnees: dict[str, Any], ppp: float) -> list[bytes]:
    """The pages of the same document as PNG, at ``ppp`` dots per inch, for a preview or a printer.

    Raises:
        UserError: as :func:`composer`.
    """
    pages = _compile(modele, donnees, "png", ppp)
    return [pages] if isinstance(pages, bytes) else list(pages)


def _compile(
    modele: str, donnees: dict[str, Any], forme: Literal["pdf", "png"], ppp: float | None = None
) -> bytes | list[bytes]:
    interdit = _INTERDIT.search(_COMMENTAIRE.sub("", modele))
    if interdit:
        raise UserError(f"Ce modèle de document emploie « {interdit[1]} », qui est refusé.")
    with tempfile.TemporaryDirectory() as vide:
        try:
            compilateur = typst.Compiler(
                modele.encode(), root=vide, font_paths=_polices(), ignore_system_fonts=True, package_path=vide,
                sys_inputs={"donnees": json.dumps(donnees, ensure_ascii=False)}, package_cache_path=vide,
            )  # fmt: skip
            return cast("bytes | list[bytes]", compilateur.compile(format=forme, ppi=ppp))
        except typst.TypstError as error:
            raise UserError(f"Ce modèle de document est faux : {error.diagnostic or error.message}") from error
