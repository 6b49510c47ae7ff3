from __future__ import annotations

from erp_desktop.cli import main

main()
