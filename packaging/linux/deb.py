#!/usr/bin/env python3
"""A Debian package of the built folder: ``python3 dev.py build deb [--trial]``.

Made from ``dist/erp-mif``, which is built first when it is not there. ``--trial`` puts it in a bare Debian, where apt
finds what it depends on, uses it, removes it and looks for what is left: as root, with debootstrap.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent.parent)]

import bare
import build
import icon
from smoke import DIST, ROOT, say

import dev
import erp_desktop

NAME = "erp-mif"
PROGRAMS = "opt/erp-mif"
ENTRY = """[Desktop Entry]
Type=Application
Name=ERP MIF
Comment=Maintenance industrielle
Exec=/opt/erp-mif/erp-mif %u
Icon=erp-mif
Categories=Office;
MimeType=x-scheme-handler/erp-mif;application/x-erp-mif-inscription;
StartupWMClass=erp-mif
"""
KIND = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-erp-mif-inscription">
    <comment>Inscription d'un poste ERP MIF</comment>
    <glob pattern="*.erp-mif"/>
  </mime-type>
</mime-info>
"""
REFRESH = """#!/bin/sh
set -e
command -v update-desktop-database >/dev/null 2>&1 && update-desktop-database -q /usr/share/applications || true
command -v update-mime-database >/dev/null 2>&1 && update-mime-database /usr/share/mime || true
"""


def needed() -> list[str]:
    """The packages of Debian that a screen, printers and TLS need; ``docs/guide_it.md`` says the same."""
    others = ("libcups2", "libgssapi-krb5-2", "libssl3", "libstdc++6", "libzstd1")
    return list(dict.fromkeys([*dev.QT_LIBRARIES.values(), *others, *dev.SCREEN_LIBRARIES.values()]))


def control(size: int) -> str:
    """What Debian knows of the package: it depends on what the spec leaves to the machine, the rest is inside."""
    libraries = ["libc6 (>= 2.34)", *needed()]
    return (
        f"Package: {NAME}\nVersion: {erp_desktop.__version__}\nArchitecture: amd64\nSection: misc\n"
        f"Priority: optional\nMaintainer: ERP MIF Maroc <informatique@mif.invalid>\n"
        f"Installed-Size: {size // 1024}\nDepends: {', '.join(libraries)}\n"
        "Description: maintenance industrielle, même sans réseau\n"
        " Le poste de travail erp-mif et sa ligne de commande erp-admin. Les données des\n"
        " utilisateurs restent dans leur dossier quand le paquet est retiré.\n"
    )


def pack() -> Path:
    """Lay the package out beside the built folder and close it."""
    started = time.monotonic()
    root = ROOT / "build" / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(DIST, root / PROGRAMS, symlinks=True)
    for place, content, mode in (
        ("usr/share/applications/erp-mif.desktop", ENTRY, 0o644),
        ("usr/share/mime/packages/erp-mif.xml", KIND, 0o644),
        ("DEBIAN/postinst", REFRESH, 0o755), ("DEBIAN/postrm", REFRESH, 0o755),
    ):  # fmt: skip
        file = root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    icon.write(root / "usr/share/icons/hicolor/256x256/apps/erp-mif.png")
    (root / "usr/bin").mkdir()
    for program in ("erp-mif", "erp-admin"):
        (root / "usr/bin" / program).symlink_to(f"/{PROGRAMS}/{program}")
    (root / "usr/share/doc" / NAME).mkdir(parents=True)
    (root / "usr/share/doc" / NAME / "copyright").symlink_to(f"/{PROGRAMS}/LICENCES.txt")
    size = sum(f.lstat().st_size for f in root.rglob("*") if not f.is_dir())
    (root / "DEBIAN/control").write_text(control(size), encoding="utf-8")
    # Folders that a strict umask made would be closed to the users.
    for folder in (root, *(f for f in root.rglob("*") if f.is_dir() and not f.is_symlink())):
        folder.chmod(0o755)
    made = DIST.parent / f"{NAME}_{erp_desktop.__version__}_amd64.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-z4", "--build", root, made], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    shutil.rmtree(root)
    took = time.monotonic() - started
    say(f"{made} : {made.stat().st_size / 1e6:.0f} Mo ({size / 1e6:.0f} installés), {took:.0f} s")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--trial", action="store_true", help="poser le paquet dans une Debian nue, l'essayer et le retirer"
    )
    parser.add_argument("--trial-only", action="store_true", help="de même, du paquet qui est déjà fait")
    chosen = parser.parse_args()
    package = DIST.parent / f"{NAME}_{erp_desktop.__version__}_amd64.deb"
    if not chosen.trial_only:
        if not (DIST / "erp-admin").exists():
            build.build()
        package = pack()
    if chosen.trial or chosen.trial_only:
        return 1 if bare.trial(package, ROOT / "build" / "deb-trial") else 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
