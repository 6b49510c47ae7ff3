"""Reports for managers: key figures, charts and tables of a period, and their PDF, workbook and CSV."""

from __future__ import annotations

from erp_desktop.ui.rapports.page import RapportsPage

__all__ = ["RapportsPage"]
