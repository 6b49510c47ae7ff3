"""Invoices and credit notes as UBL 2.1, and what carries them to whoever clears them."""

from __future__ import annotations

from erp_desktop.reports.ubl.clearance import answered, transmit
from erp_desktop.reports.ubl.document import write
from erp_desktop.reports.ubl.transport import FileDrop, Receipt, Transport

__all__ = ["FileDrop", "Receipt", "Transport", "answered", "transmit", "write"]
