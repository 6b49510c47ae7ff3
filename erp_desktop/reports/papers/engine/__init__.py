"""One engine for every paper: a template and inert data make a PDF, or pages for a preview."""

from __future__ import annotations

from erp_desktop.reports.papers.engine.compiling import PAGES, check, compile_pages, compile_pdf
from erp_desktop.reports.papers.engine.templates import (
    Template,
    changed,
    complete,
    folder,
    names,
    pages,
    pdf,
    shipped,
    take_notices,
    words,
)

__all__ = [
    "PAGES",
    "Template",
    "changed",
    "check",
    "compile_pages",
    "compile_pdf",
    "complete",
    "folder",
    "names",
    "pages",
    "pdf",
    "shipped",
    "take_notices",
    "words",
]
