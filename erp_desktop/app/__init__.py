"""The only wiring of the desktop: settings → window frame → upgrade → engine → worker → content."""

from erp_desktop.app.desktop import Desktop
from erp_desktop.app.engine import open_engine
from erp_desktop.app.running import run

__all__ = ["Desktop", "open_engine", "run"]
