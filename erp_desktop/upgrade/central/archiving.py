"""A centre kept as a checked archive, with the names of its logins beside it, by PostgreSQL's own programs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_desktop import clock, paths
from erp_desktop.centre import logins
from erp_desktop.db.engine import create_pg_engine, private, without_password
from erp_desktop.domain.documents import nom_de_fichier
from erp_desktop.errors import UnavailableError, raison


def client_program(name: str) -> Path | None:
    """A PostgreSQL client program: on the path, else from a local installation, newest first."""
    found = shutil.which(name)
    if found:
        return Path(found)
    local = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    if local:
        return local[-1]
    from erp_desktop.db.embedded import find_binaries

    folder = find_binaries()
    program = folder / name if folder else None
    return program if program is not None and program.exists() else None


def client_programs(name: str) -> list[Path]:
    """Every one of this machine: an archive, or a server, may ask for another version than the first one's."""
    from erp_desktop.db.embedded import find_binaries

    carried = find_binaries()
    found = [client_program(name), carried / name if carried is not None else None]
    return list(dict.fromkeys(p for p in found if p is not None and p.exists()))


@dataclass(frozen=True, slots=True)
class Copie:
    """A checked ``pg_dump -Fc`` archive; ``identifiants`` is the file beside it that names the centre's logins."""

    chemin: Path
    taille: int
    sha256: str
    identifiants: Path | None = None


def dump(url: str, folder: Path) -> Copie:
    """Back the centre up and read the archive's table of contents.

    Raises:
        UnavailableError: no ``pg_dump`` on this machine, or it failed.
    """
    parsed = sa.make_url(url).set(drivername="postgresql")
    environment = dict(os.environ)
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    address = without_password(parsed).render_as_string(hide_password=False)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{nom_de_fichier(str(parsed.database))}-{clock.now():%Y%m%d_%H%M%S}.dump"
    # Under its name only once it was read and what belongs to it is beside it: who restores looks for archives there.
    begun = target.with_suffix(".partiel")
    failure = "pg_dump est introuvable sur ce poste."
    for program in client_programs("pg_dump"):
        # Nobody else reads along while it is written: pg_dump leaves the rights of a file that is there.
        private(begun)
        try:
            done = subprocess.run(  # noqa: S603
                [str(program), "-Fc", "-f", str(begun), "-d", address],
                env=environment, capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode == 0:
                return _settled(program, url, begun, target)
        finally:
            paths.let_go(begun)
        # What went wrong comes first; behind it stand the details, the question and what it was of.
        failure = done.stderr.decode(errors="replace").strip().splitlines()[0].removeprefix("pg_dump: ")
    raise UnavailableError(f"Sauvegarde du centre impossible : {failure}")


def _logins(url: str, archive: Path) -> Path | None:
    engine = create_pg_engine(url)
    try:
        with engine.connect() as connection:
            return logins.write(connection, archive)
    finally:
        engine.dispose()


def _settled(program: Path, url: str, begun: Path, target: Path) -> Copie:
    """Read an archive back, lay beside it what belongs to it, and give it its name."""
    listing = subprocess.run(  # noqa: S603
        [str(program.with_name("pg_restore")), "--list", str(begun)], capture_output=True, check=False
    )
    if listing.returncode or b"TABLE DATA" not in listing.stdout:
        raise UnavailableError("La sauvegarde du centre est illisible : mise à niveau arrêtée.")
    begun.chmod(0o600)
    with begun.open("rb") as file:
        mark = hashlib.file_digest(file, "sha256").hexdigest()
    note = target.with_suffix(".sha256")
    try:
        note.write_text(f"{mark}  {target.name}\n", encoding="utf-8")
        named = _logins(url, target)
        paths.put_in_place(begun, target)
    except OSError as error:
        for file_beside in (note, logins.beside(target)):
            paths.let_go(file_beside)
        raise UnavailableError(f"Sauvegarde du centre impossible : {raison(error)}.") from error
    return Copie(target, target.stat().st_size, mark, named)
