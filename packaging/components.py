"""What a built folder is made of: a CycloneDX list for machines, the licences for people, written into the folder.

Of everything that was frozen, the Python distributions whose files are in the folder, Python itself, and what lies
beside the program (fonts, icons) under a licence of its own.
"""

from __future__ import annotations

import hashlib
import importlib.metadata as metadata
import json
import platform
import re
import sys
from email.message import Message
from pathlib import Path
from typing import Any

import erp_desktop

ROOT = Path(__file__).resolve().parent.parent
SBOM, LICENCES = "sbom.cdx.json", "LICENCES.txt"
# Their licence is a file that lies beside them.
RESOURCES = {
    "Noto Sans": ("OFL-1.1", "resources/fonts"), "Phosphor Icons": ("MIT", "resources/icons"),
}  # fmt: skip
# Of the build's machinery this alone stays in what is built.
BOOTLOADER = "pyinstaller"


def _modules(program: Path) -> set[str]:
    """Top-level names of everything frozen into a folder: its archive of modules and its files."""
    from PyInstaller.archive.readers import CArchiveReader

    archive = CArchiveReader(str(program))
    found = {name for name, *_ in archive.open_embedded_archive("PYZ.pyz").toc.items()}
    names = {str(name).partition(".")[0] for name in found}
    inside = program.parent / "_internal"
    return names | {f.name.partition(".")[0] for f in inside.iterdir()}


def shipped(program: Path, site: Path) -> list[metadata.Distribution]:
    """The distributions of ``site`` of which something is in the folder of ``program``, by name."""
    present = _modules(program)
    found = {}
    for one in metadata.distributions(path=[str(site)]):
        tops = {
            str(f).replace("\\", "/").partition("/")[0].partition(".")[0]
            for f in one.files or () if f.suffix in {".py", ".pyd", ".so", ".dll"} or f.name == "__init__.py"
        } - {"", "__pycache__", "bin", "Scripts"}  # fmt: skip
        if tops & present:
            found[one.metadata["Name"].lower()] = one
    return [found[name] for name in sorted(found) if not name.startswith("erp-mif")]


def licence(told: Message | Any) -> str:
    """The licence as its metadata says it: an expression, a classifier, else the first words of the old field."""
    if expression := told["License-Expression"]:
        return str(expression)
    named = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or () if c.startswith("License ::")]
    if named:
        return " ; ".join(n for n in named if n != "OSI Approved") or named[0]
    return str(told["License"] or "voir le texte").strip().splitlines()[0][:80]


def _texts(one: metadata.Distribution) -> list[str]:
    wanted = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", re.IGNORECASE)
    named = [(f, str(f).replace("\\", "/")) for f in one.files or ()]
    return [
        Path(str(one.locate_file(file))).read_text(encoding="utf-8", errors="replace").strip()
        for file, name in named if ".dist-info/" in name and wanted.search(name)
    ]  # fmt: skip


def write(made: Path, python: Path | None = None) -> tuple[Path, Path]:
    """List what is in the folder ``made`` and under which licences, in two files inside it.

    Args:
        made: built, with the program ``erp-admin``.
        python: ``site-packages`` that it was frozen from; None is this Python's.
    """
    site = python or Path(next(p for p in sys.path if p.endswith("site-packages")))
    program = next(made.glob("erp-admin*"))
    found = shipped(program, site)
    version = platform.python_version() if python is None else "3.11.9"
    parts: list[dict[str, Any]] = [
        {"type": "framework", "name": "Python", "version": version, "licenses": [{"license": {"id": "PSF-2.0"}}]}
    ]
    parts += [
        {"type": "library", "name": one.metadata["Name"], "version": one.version,
         "purl": f"pkg:pypi/{one.metadata['Name'].lower()}@{one.version}",
         "licenses": [{"license": {"name": licence(one.metadata)}}]} for one in found
    ]  # fmt: skip
    parts += [{"type": "file", "name": name, "licenses": [{"license": {"id": which}}]}
              for name, (which, _where) in RESOURCES.items()]  # fmt: skip
    content = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {
            "type": "application", "name": "ERP MIF", "version": erp_desktop.__version__,
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(program.read_bytes()).hexdigest()}],
        }},
        "components": parts,
    }  # fmt: skip
    (made / SBOM).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = ["Ce que contient ERP MIF, et sous quelles licences", "",
             f"ERP MIF {erp_desktop.__version__} : MIT", f"Python {version} : PSF-2.0"]  # fmt: skip
    lines += [f"{name} : {which} (texte dans _internal/{where})" for name, (which, where) in RESOURCES.items()]
    lines += [f"{one.metadata['Name']} {one.version} : {licence(one.metadata)}" for one in found]
    for one in found:
        for text in _texts(one):
            lines += ["", "=" * 100, f"{one.metadata['Name']} {one.version}", "=" * 100, text]
    (made / LICENCES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made / SBOM, made / LICENCES
