"""The options of the program: what there is, where each value comes from, what is wrong with one."""

from __future__ import annotations

from erp_desktop.settings.options import CentralUpgrade, Mode, Settings
from erp_desktop.settings.sources import SettingsError, Trouble, folders, load, save

__all__ = ["CentralUpgrade", "Mode", "Settings", "SettingsError", "Trouble", "folders", "load", "save"]
