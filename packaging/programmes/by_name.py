"""Both programs in one file: it is the console's under its name, the window's under any other."""

from __future__ import annotations

import sys
from pathlib import Path

if Path(sys.argv[0]).name == "erp-admin":
    from erp_desktop.cli import main as console

    console()
else:
    from erp_desktop.__main__ import main as window

    raise SystemExit(window())
