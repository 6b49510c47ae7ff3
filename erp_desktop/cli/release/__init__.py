"""erp-admin release: what IT signs before desktops may install it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

import erp_desktop
from erp_desktop import clock
from erp_desktop.cli.common import AsJson, emit, guarded, jour_de
from erp_desktop.cli.french import Commands
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.registry import revisions
from erp_desktop.services.releases import manifest
from erp_desktop.services.releases.manifest import Artefact, Release, Stage

app = Commands(help="Signer et vérifier une version à distribuer.")


@app.command("key")
@guarded
def key(
    out: Annotated[Path, typer.Option("--out", help="Fichier de la clé privée, à garder hors des postes.")],
    as_json: AsJson = False,
) -> None:
    """Faire la paire de clés de l'informatique ; la clé publique va dans le réglage update_key des postes."""
    public = manifest.new_key(out)
    emit(as_json, {"publique": public, "privee": out}, f"update_key = {public}")


@app.command("sign")
@guarded
def sign(
    folder: Annotated[Path, typer.Argument(help="Dossier des installeurs ; l'annonce y est écrite.")],
    key_file: Annotated[Path, typer.Option("--key", help="Clé privée.")],
    linux: Annotated[str | None, typer.Option(help="Archive pour Linux (.tar.xz).")] = None,
    windows: Annotated[str | None, typer.Option(help="Installeur pour Windows (.exe).")] = None,
    version: Annotated[str, typer.Option(help="Version annoncée.")] = erp_desktop.__version__,
    revision: Annotated[str | None, typer.Option(help="Révision de sa base ; sinon celle de ce programme.")] = None,
    days: Annotated[int, typer.Option("--jours", min=1, max=3_650, help="Jours avant que l'annonce expire.")] = 60,
    stages: Annotated[list[str] | None, typer.Option(
        "--etape", help="AAAA-MM-JJ:CAS,TNG ou AAAA-MM-JJ:25% ; sans étape, tous les postes.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Écrire l'annonce signée d'une version."""
    found: dict[str, Artefact] = {}
    for system, name in (("linux-x86_64", linux), ("windows-x86_64", windows)):
        if name is not None:
            if not (folder / name).is_file():
                raise UserError(f"Le fichier {folder / name} n'existe pas.")
            found[system] = manifest.artefact(folder / name)
    if not found:
        raise UserError("Aucun installeur : donnez --linux, --windows, ou les deux.")
    now = clock.now()
    release = Release(version, revision or revisions.head(), now, now + timedelta(days=days), found,
                      tuple(map(_stage, stages or ())))  # fmt: skip
    made = manifest.sign(release, key_file, folder)
    emit(as_json, {"fichier": made, "version": version, "systemes": sorted(found)},
         f"Version {version} signée pour {', '.join(sorted(found))} : {made}.")  # fmt: skip


def _stage(text: str) -> Stage:
    day, *rest = text.split(":")
    try:
        part = next((int(r.rstrip("%")) for r in rest if r.endswith("%")), 100)
        codes = tuple(c.strip().upper() for r in rest if not r.endswith("%") for c in r.split(",") if c.strip())
        begins = jour_de("etape", day)
        if begins is None or not 1 <= part <= 100 or (rest and not any(r.strip() for r in rest)):
            raise ValueError(text)
        return Stage(begins, codes, part)
    except (ValueError, ValidationError) as error:
        raise UserError(f"Étape illisible : {text}. Par exemple 2026-12-01:CAS,TNG ou 2026-12-08:50%.") from error


@app.command("verify")
@guarded
def verify(
    folder: Annotated[Path, typer.Argument(help="Dossier de l'annonce et des installeurs.")],
    public: Annotated[str, typer.Option("--public", help="Clé publique (update_key).")],
    as_json: AsJson = False,
) -> None:
    """Vérifier la signature et chaque fichier, comme un poste le ferait."""
    release = manifest.read((folder / manifest.NAME).read_bytes(), public)
    for one in release.systemes.values():
        if not (folder / one.fichier).is_file() or manifest.sha256_of(folder / one.fichier) != one.sha256:
            raise manifest.ReleaseRefusedError(f"Le fichier {one.fichier} n'est pas celui qui a été signé.")
    emit(
        as_json,
        {"version": release.version, "systemes": sorted(release.systemes), "expire": release.expire},
        f"Version {release.version} : signature et fichiers bons jusqu'au {clock.local(release.expire).date()}.",
    )
