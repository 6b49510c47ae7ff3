#!/usr/bin/env python3
"""A Debian package of the built folder: ``python3 dev.py build deb [--trial]``.

Made from ``dist/erp-mif``, which is built first when it is not there. ``--trial`` installs the package on this
machine, uses it, removes it and looks for what is left: as root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent.parent)]

import build
import icon
from smoke import DIST, ROOT, TrialError, expect, say

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


def control(size: int) -> str:
    """What Debian knows of the package: it depends on what Qt needs of a screen and printers, the rest is inside."""
    libraries = ["libc6 (>= 2.34)", *dev.QT_LIBRARIES.values(), *dev.SCREEN_LIBRARIES.values(), "libcups2"]
    return (
        f"Package: {NAME}\nVersion: {erp_desktop.__version__}\nArchitecture: amd64\nSection: misc\n"
        f"Priority: optional\nMaintainer: ERP MIF Maroc <informatique@mif.invalid>\n"
        f"Installed-Size: {size // 1024}\nDepends: {', '.join(dict.fromkeys(libraries))}\n"
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


def trial(package: Path) -> None:
    """Installed, upgraded over itself, used, removed: nothing of it is left, and a user's data are."""
    started = time.monotonic()
    home = ROOT / "build" / "deb-trial"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    # dpkg asks for the administrator's folders too.
    programs = f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin"
    environment = {"PATH": programs, "HOME": str(home), "LANG": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen",
                   "ERP_DATA_DIR": str(home), "ERP_LOG_DIR": str(home)}  # fmt: skip

    def call(*command: str | Path) -> str:
        done = subprocess.run([str(c) for c in command], env=environment, capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"{command} → {done.returncode}\n{done.stdout[-800:]}{done.stderr[-800:]}")
        return done.stdout.strip()

    def there() -> bool:
        asked = ["dpkg-query", "-W", "-f", "${Status}", NAME]
        return "installed" in subprocess.run(asked, capture_output=True, text=True, check=False).stdout

    expect(not there(), f"{NAME} est déjà installé sur cette machine : rien n'est essayé")
    try:
        for _ in range(2):
            call("dpkg", "--force-depends", "-i", package)
        files = [Path(line) for line in call("dpkg", "-L", NAME).splitlines() if Path(line).is_file()]
        expect(call("erp-admin", "--version") == f"ERP MIF {erp_desktop.__version__}", "version inattendue")
        call("erp-admin", "db", "upgrade", "--cache", home / "erp-mif.sqlite")
        call("erp-mif", "--capture", home / "fenetre.png")
    finally:
        if there():
            call("dpkg", "-r", NAME)
    left = [f for f in files if f.exists() or f.is_symlink()]
    expect(not left and not Path("/", PROGRAMS).exists(), f"il reste {left[:5]}")
    expect((home / "erp-mif.sqlite").exists(), "les données ont disparu")
    shutil.rmtree(home)
    say(f"ok    paquet posé deux fois, utilisé, retiré : {len(files)} fichiers, {time.monotonic() - started:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", action="store_true", help="poser le paquet, l'essayer et le retirer")
    parser.add_argument("--trial-only", action="store_true", help="de même, du paquet qui est déjà fait")
    chosen = parser.parse_args()
    package = DIST.parent / f"{NAME}_{erp_desktop.__version__}_amd64.deb"
    if not chosen.trial_only:
        if not (DIST / "erp-admin").exists():
            build.build()
        package = pack()
    if chosen.trial or chosen.trial_only:
        try:
            trial(package)
        except TrialError as error:
            say(f"ÉCHEC {error}")
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
