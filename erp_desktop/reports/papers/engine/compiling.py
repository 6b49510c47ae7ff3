"""A typst template and its data make a PDF or pages, in a sandbox, within a time and a number of pages, without Qt.

A template is text that a company may change, so it is trusted with nothing: no file (its root is an empty folder), no
package (an import would try the network), no code built from text, no font but ours. Data come as JSON beside it,
where ``#``, ``*`` or ``$`` in a client's name mean nothing.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, cast

import typst

from erp_desktop import paths
from erp_desktop.errors import UserError
from erp_desktop.reports.papers.engine.source import Source

STANDARD: Literal["a-2b"] = "a-2b"
"""PDF/A for keeping ten years; every font is embedded."""
PAGES = 3000
"""Of one document: a batch of a thousand bons with their lines has fewer."""
SECONDS = 60.0
"""That a template may take which is not ours: a thousand bons take a tenth of it here."""

_FORBIDDEN = re.compile(r"(?<![\w-])(import|include|eval|plugin|std)(?![\w-])")
_COMMENT = re.compile(r"//[^\n]*")
_NO_GLYPH = re.compile(r"the text `\"(.+?)\"` could not be displayed")
_UNKNOWN = "\ufffd"
Format = Literal["pdf", "png"]


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(paths.RESOURCES / "fonts")]
    )


def compile_pdf(source: Source, data: dict[str, Any]) -> bytes:
    """The PDF/A-2b of a template.

    Args:
        data: what it reads with ``json(bytes(sys.inputs.donnees))``.

    Raises:
        UserError: the template asks for what no paper needs, or is wrong; file and line are told.
    """
    return cast("bytes", _compile(source, data, "pdf"))


def compile_pages(source: Source, data: dict[str, Any], ppi: float) -> list[bytes]:
    """The pages of the same document as PNG, at ``ppi`` dots per inch, for a preview or a printer.

    Raises:
        UserError: as :func:`compile_pdf`.
    """
    pages = _compile(source, data, "png", ppi)
    return [pages] if isinstance(pages, bytes) else list(pages)


def check(source: Source, data: dict[str, Any], seconds: float = SECONDS, most: int = PAGES) -> int:
    """Set a template that is not ours within its bounds; the number of pages.

    What does not end cannot be ended in a thread: it is left behind, and the template is not tried again as it is.

    Raises:
        UserError: it is wrong, takes too long or makes too many pages.
    """
    _refuse(source)
    pages = _within(seconds, source, lambda: _count(source, data))
    if pages > most:
        raise UserError(f"Le modèle {source.name} fait {pages} pages, {most} au plus.")
    return pages


def _count(source: Source, data: dict[str, Any]) -> int:
    with tempfile.TemporaryDirectory() as empty:
        counter = _compiler(source.text + "\n#context [#metadata(here().page()) <pages-en-tout>]", data, empty)
        try:
            found = json.loads(counter.query("<pages-en-tout>"))
        except RuntimeError as error:
            # A question says no place; the same made a paper does.
            _compile(source, data, "pdf")
            raise UserError(source.told(str(error), "")) from error
    return int(found[-1]["value"])


def _within(seconds: float, source: Source, work: Callable[[], int]) -> int:
    result: list[int] = []
    trouble: list[Exception] = []

    def run() -> None:
        try:
            result.append(work())
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits
            trouble.append(error)

    thread = threading.Thread(target=run, name="modele", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise UserError(f"Le modèle {source.name} ne finit pas : {seconds:g} s au plus.")
    if trouble:
        raise trouble[0]
    return result[0]


def _refuse(source: Source) -> None:
    # Comments become spaces, so that what follows keeps its place.
    found = _FORBIDDEN.search(_COMMENT.sub(lambda comment: " " * len(comment[0]), source.text))
    if found:
        raise UserError(source.refused(found[1], found.start()))


def _compiler(text: str, data: dict[str, Any], empty: str) -> typst.Compiler:
    return typst.Compiler(
        text.encode(), root=empty, font_paths=_fonts(), ignore_system_fonts=True, package_path=empty,
        sys_inputs={"donnees": json.dumps(data, ensure_ascii=False)}, package_cache_path=empty,
    )  # fmt: skip


def _compile(source: Source, data: dict[str, Any], form: Format, ppi: float | None = None) -> bytes | list[bytes]:
    _refuse(source)
    standard = [STANDARD] if form == "pdf" else []
    with tempfile.TemporaryDirectory() as empty:
        try:
            return _made(_compiler(source.text, data, empty), form, ppi, standard)
        except typst.TypstError as error:
            absent = set("".join(_NO_GLYPH.findall(error.diagnostic or "")))
            if not absent:
                raise UserError(source.told(error.message, error.diagnostic or "")) from error
        # PDF/A takes no character without a shape in our fonts: an emoji in a name prints as the sign of the unknown.
        return _made(_compiler(source.text, _replaced(data, absent), empty), form, ppi, standard)


def _made(
    compiler: typst.Compiler, form: Format, ppi: float | None, standard: list[Literal["a-2b"]]
) -> bytes | list[bytes]:
    return cast("bytes | list[bytes]", compiler.compile(format=form, ppi=ppi, pdf_standards=list(standard)))


def _replaced(value: Any, absent: set[str]) -> Any:
    if isinstance(value, str):
        return "".join(_UNKNOWN if letter in absent else letter for letter in value)
    if isinstance(value, dict):
        return {key: _replaced(one, absent) for key, one in value.items()}
    return [_replaced(one, absent) for one in value] if isinstance(value, (list, tuple)) else value
