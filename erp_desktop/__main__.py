"""``python -m erp_desktop``: the desktop; with ``--demo``, the demonstration."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

import erp_desktop
from erp_desktop import paths


def main() -> int:
    """Start the window; returns the process's exit status."""
    # Of what is imported nothing is rubbish; from the first window on, ui.garbage says when it is looked for.
    gc.disable()
    paths.keep_to_the_owner()
    parser = argparse.ArgumentParser(prog="erp-mif", description="ERP MIF, le poste de travail.")
    parser.add_argument("--version", action="version", version=f"ERP MIF {erp_desktop.__version__}")
    parser.add_argument(
        "--capture", type=Path, metavar="FICHIER", help="peindre la première page dans un PNG, puis quitter"
    )
    parser.add_argument("--demo", action="store_true", help="jouer la démonstration, rien n'est gardé")
    parser.add_argument("cible", nargs="?", help="lien erp-mif:… à ouvrir, ou fichier d'inscription de ce poste")
    # What is left belongs to Qt (-platform, -style …).
    chosen, _qt = parser.parse_known_args(sys.argv[1:])
    if chosen.demo:
        from erp_desktop.demo.__main__ import main as demo

        sys.argv.remove("--demo")
        return demo()

    from erp_desktop.app import run

    # The value of an option of Qt lands there too: only what is ours is taken.
    target = chosen.cible or ""
    ours = target.startswith("erp-mif:") or target.lower().endswith((".erp-mif", ".toml"))
    return run(capture=chosen.capture, target=target if ours else "")


if __name__ == "__main__":
    raise SystemExit(main())
