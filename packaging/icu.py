"""Qt's Unicode data without what this program never asks for: 32 MB of languages become three.

Qt on Linux carries the data of ICU as a library of one table. Of it stay the properties of every character, the
collation of all, and what belongs to the three languages of the program.
"""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

LANGUAGES = ("fr", "ar", "en", "root")
_NEVER = re.compile(r"\.cnv$|dict$|^(translit|unit|curr|lang|region|zone|rbnf)/(?!(root|pool|res_index)\.res$)")
_OF_A_LANGUAGE = re.compile(r"^(?:(?:coll|brkitr|unit|curr|lang|region|zone|rbnf)/)?([a-z]{2,3})(?:_\w+)?\.res$")


def _kept(name: str) -> bool:
    if _NEVER.search(name):
        return False
    language = _OF_A_LANGUAGE.match(name)
    return language is None or language[1] in LANGUAGES


def _thinned(table: bytes) -> bytes:
    """The same common data file (its format is ``icu4c/source/common/ucmndata.h``) with fewer items."""
    header = struct.unpack_from("<H", table)[0]
    if table[2:4] != b"\xda\x27":
        raise ValueError("no ICU data")
    (count,) = struct.unpack_from("<I", table, header)
    places = [struct.unpack_from("<II", table, header + 4 + 8 * n) for n in range(count)]
    ends = [*(data for _, data in places[1:]), len(table) - header]
    items = []
    for (name, data), end in zip(places, ends, strict=True):
        text = table[header + name : table.index(b"\0", header + name)]
        if _kept(text.decode("ascii").partition("/")[2]):
            items.append((text, table[header + data : header + end]))
    names = b"".join(text + b"\0" for text, _ in items)
    start = 4 + 8 * len(items)
    first = -(-(start + len(names)) // 16) * 16
    index, content, at = [], bytearray(), start
    for text, data in items:
        index.append(struct.pack("<II", at, first + len(content)))
        at += len(text) + 1
        content += data + bytes(-len(data) % 16)
    body = struct.pack("<I", len(items)) + b"".join(index) + names
    return table[:header] + body + bytes(first - len(body)) + bytes(content)


def thin(library: Path, work: Path) -> Path:
    """A library to take the place of ``library``, made below ``work`` by the linker that PyInstaller needs anyway.

    Raises:
        OSError, ValueError, subprocess.CalledProcessError: it cannot be made here.
    """
    told = subprocess.run(["nm", "-D", "-S", library], check=True, capture_output=True, text=True).stdout
    found = re.search(r"^(\w+) (?:(\w+) )?\w (icudt\d+_dat)", told, re.MULTILINE)
    sections = subprocess.run(["readelf", "-SW", library], check=True, capture_output=True, text=True).stdout
    if found is None:
        raise ValueError("no ICU data")
    address = int(found[1], 16)
    for line in sections.splitlines():
        part = re.match(r"\s*\[\s*\d+\]\s+\S+\s+PROGBITS\s+(\w+)\s+(\w+)\s+(\w+)", line)
        if part and int(part[1], 16) <= address < int(part[1], 16) + int(part[3], 16):
            offset = address - int(part[1], 16) + int(part[2], 16)
            size = int(part[1], 16) + int(part[3], 16) - address
            break
    else:
        raise ValueError("no ICU data")
    work.mkdir(parents=True, exist_ok=True)
    table, made = work / "donnees", work / library.name
    table.write_bytes(_thinned(library.read_bytes()[offset : offset + size]))
    source = work / "donnees.o"
    for command in (
        ["ld", "-r", "-b", "binary", "-z", "noexecstack", "-o", source.name, table.name],
        ["objcopy", "--rename-section", ".data=.rodata,alloc,load,readonly,data,contents", "--set-section-alignment",
         ".data=16", "--redefine-sym", f"_binary_donnees_start={found[3]}", "--strip-symbol", "_binary_donnees_end",
         "--strip-symbol", "_binary_donnees_size", source.name],
        ["ld", "-shared", "-z", "noexecstack", "-soname", library.name, "-o", made.name, source.name],
    ):  # fmt: skip
        subprocess.run(command, cwd=work, check=True, capture_output=True)
    return made
