from __future__ import annotations

from erp_desktop.__main__ import main

raise SystemExit(main())
