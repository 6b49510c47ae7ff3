#!/usr/bin/env python3
"""Builds the installable folder and tries it as built: ``python3 dev.py build [--smoke-only] [--update-trial]``.

The trial runs the frozen programs in a bare environment (no Python, no source tree, a home of their own), against a
real PostgreSQL started from the development tools. Each step prints its result; the first failure ends the build.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import components
import icon
import starts
import update_trial
from smoke import DIST, ROOT, say, smoke

import docs
import erp_desktop


def build() -> None:
    started = time.monotonic()
    shutil.rmtree(DIST, ignore_errors=True)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR",
               "--distpath", str(DIST.parent), "--workpath", str(ROOT / "build"),
               str(ROOT / "packaging" / "erp_desktop.spec")]  # fmt: skip
    picture = icon.write(ROOT / "build" / "erp-mif.ico")
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONHASHSEED": "1", "ERP_ICON": str(picture)})
    if os.name == "nt" and (signer := os.environ.get("ERP_SIGN")):
        for program in DIST.glob("*.exe"):
            subprocess.run(f'{signer} "{program}"', shell=True, check=True)
    components.write(DIST)
    files = [f for f in DIST.rglob("*") if f.is_file() and not f.is_symlink()]
    size = sum(f.stat().st_size for f in files) / 1e6
    say(f"{DIST} : {len(files)} fichiers, {size:.0f} Mo, {time.monotonic() - started:.0f} s")


@contextlib.contextmanager
def _packed(made: Path) -> Iterator[tarfile.TarFile]:
    """An archive to fill; packed on every core where the machine has the program for it."""
    if shutil.which("xz") is None:
        with tarfile.open(made, "w:xz") as archive:
            yield archive
        return
    with made.open("wb") as out, subprocess.Popen(["xz", "-T0", "-c"], stdin=subprocess.PIPE, stdout=out) as packer:
        with tarfile.open(fileobj=packer.stdin, mode="w|") as archive:
            yield archive
        packer.communicate()
    if packer.returncode:
        raise SystemExit(f"[build] xz : {packer.returncode}")


def package() -> Path:
    """One file to hand out: an archive with its installer on Linux, a silent installer on Windows."""
    if os.name == "nt":
        sys.path.insert(0, str(ROOT / "packaging" / "windows"))
        import chain

        return chain.installer(ROOT / "build", DIST, chain.moment(), out=DIST.parent)
    started = time.monotonic()
    folder = f"erp-mif-{erp_desktop.__version__}"
    made = DIST.parent / f"{folder}-{sys.platform}-x86_64.tar.xz"
    with _packed(made) as archive:
        archive.add(ROOT / "packaging" / "linux" / "installer.sh", f"{folder}/installer.sh")
        for guide in docs.write(ROOT / "docs" / "guide_it.md", DIST.parent):
            archive.add(guide, f"{folder}/{guide.name}")
        archive.add(DIST, f"{folder}/erp-mif")
    say(f"{made} : {made.stat().st_size / 1e6:.0f} Mo, {time.monotonic() - started:.0f} s")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke-only", action="store_true", help="essayer ce qui est déjà construit")
    parser.add_argument("--keep", action="store_true", help="garder le dossier de l'essai")
    parser.add_argument(
        "--update-trial", action="store_true", help="mettre à jour vers ce qui est déjà construit, puis revenir"
    )
    parser.add_argument("--previous", metavar="REF", default=update_trial.PREVIOUS, help="sa version d'avant")
    parser.add_argument("--starts", action="store_true", help="mesurer les démarrages de ce qui est déjà construit")
    chosen = parser.parse_args()
    if chosen.starts:
        return starts.measure()
    if chosen.update_trial:
        return update_trial.main(chosen.previous)
    if not chosen.smoke_only:
        build()
    failures = smoke(chosen.keep)
    if not failures and not chosen.smoke_only:
        package()
    say("tout est en ordre" if not failures else f"{failures} essai(s) en échec")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
