"""``python -m erp_desktop``: the desktop."""

from __future__ import annotations


def main() -> int:
    """Start the window; returns the process's exit status."""
    from erp_desktop.app import run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
