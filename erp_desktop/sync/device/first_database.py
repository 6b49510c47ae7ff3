"""The three ways in which a desktop gets its first database, besides enrolment: new, or from a backup."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import paths
from erp_desktop.db import secrets
from erp_desktop.db.engine import connect_sqlite, create_sqlite_engine, normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.errors import DatabaseRefusedError, DiskFullError, UserError, ValidationError
from erp_desktop.models import Agence, User
from erp_desktop.registry import revisions
from erp_desktop.sync.first_copy import empty_cache

PASSWORD_MIN = 10


@dataclass(frozen=True, slots=True)
class Compte:
    """The first account of a stand-alone desktop; it administers."""

    identifiant: str
    nom: str
    email: str
    mot_de_passe: str


@dataclass(frozen=True, slots=True)
class Importee:
    """A backup put in place; ``agence`` is True when it belongs to a device of a centre."""

    cache: Path
    revision: str
    agence: bool
    agence_code: str


def adresse(serveur: str, identifiant: str, mot_de_passe: str) -> str:
    """The administrator's URL of a centre from what a form asks; the scheme may be left out.

    Raises:
        ValidationError: with the fields ``serveur``, ``identifiant``, ``mot_de_passe``.
    """
    champs: dict[str, str] = {}
    serveur = serveur.strip()
    url: sa.URL | None = None
    if not serveur:
        champs["serveur"] = "Indiquez l'adresse du serveur central."
    else:
        try:
            url = normalise_url(serveur if "://" in serveur else f"postgresql://{serveur}")
        except (DatabaseRefusedError, ValueError):
            champs["serveur"] = "L'adresse a la forme postgresql://hôte:port/base."
    if not identifiant.strip():
        champs["identifiant"] = "Indiquez l'identifiant d'un administrateur du centre."
    if not mot_de_passe:
        champs["mot_de_passe"] = "Indiquez son mot de passe."
    if champs or url is None:
        raise ValidationError(champs)
    made = url.set(username=identifiant.strip(), password=mot_de_passe)
    return made.render_as_string(hide_password=False)


def creer_autonome(
    path: Path, agence_code: str, agence_nom: str, compte: Compte, *, secrets_file: Path | None = None,
    encrypted: bool = True,
) -> str | None:  # fmt: skip
    """Make a stand-alone cache with one agency and one administrator; returns its key, None when not encrypted.

    Raises:
        ValidationError: with the fields ``agence_code``, ``agence_nom`` and those of :class:`Compte`.
        UserError: a file lies there already, or no keyring answers.
    """
    code = agence_code.strip().upper()
    if champs := verifier_agence(code, agence_nom) | verifier_compte(compte):
        raise ValidationError(champs)
    if path.exists():
        raise UserError(f"Le fichier {path.name} existe déjà ; une base locale n'est jamais écrasée.")
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.new_key() if encrypted else None
    with _beside(path) as work:
        empty_cache.create_cache(work, key, 0)
        engine = create_sqlite_engine(work, key)
        try:
            with transaction(engine) as session:
                agence = Agence(code=code, nom=agence_nom.strip())
                session.add(agence)
                session.flush()
                session.add(_administrator(agence, compte))
                session.flush()
                session.execute(
                    sa.text(
                        "INSERT OR REPLACE INTO sync_meta (cle, valeur) "
                        "VALUES ('mode', 'autonome'), ('agence_code', :c), ('poste', '0')"
                    ),
                    {"c": code},
                )
            with engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                if raw is not None:
                    raw.cursor().execute("PRAGMA journal_mode = DELETE")
        finally:
            engine.dispose()
        if key is not None:
            secrets.store(path, {"key": key}, secrets_file)
    return key


def _administrator(agence: Agence, compte: Compte) -> User:
    from erp_desktop.domain.people import empreinte

    return User(
        agence_id=agence.id, username=compte.identifiant.strip(), email=compte.email.strip(),
        full_name=compte.nom.strip(), hashed_password=empreinte.hasher.hash(compte.mot_de_passe),
        role=Role.ADMIN.value, is_active=True, is_verified=True,
    )  # fmt: skip


def verifier_agence(code: str, nom: str) -> dict[str, str]:
    """What is wrong with an agency, by field; empty when nothing is."""
    champs: dict[str, str] = {}
    code = code.strip()
    if not (3 <= len(code) <= 5 and code.isascii() and code.isalpha()):
        champs["agence_code"] = "Le code d'une agence a de 3 à 5 lettres, par exemple CAS."
    if not nom.strip():
        champs["agence_nom"] = "Donnez un nom à l'agence."
    return champs


def verifier_compte(compte: Compte) -> dict[str, str]:
    """What is wrong with an account, by field; empty when nothing is."""
    champs: dict[str, str] = {}
    if len(compte.identifiant.strip()) < 3:
        champs["identifiant"] = "L'identifiant a au moins 3 caractères."
    if not compte.nom.strip():
        champs["nom"] = "Indiquez votre nom."
    if "@" not in compte.email.strip()[1:-1]:
        champs["email"] = "Cette adresse électronique n'est pas complète."
    if len(compte.mot_de_passe) < PASSWORD_MIN:
        champs["mot_de_passe"] = f"Le mot de passe a au moins {PASSWORD_MIN} caractères."
    return champs


def importer(source: Path, path: Path, *, secrets_file: Path | None = None) -> Importee:
    """Put a backup of an ERP MIF cache in place after checking it whole; the backup itself is only read.

    Raises:
        DatabaseRefusedError: not a cache of this program, damaged, from a newer version, or its key is unknown here.
        UserError: a file lies at ``path`` already, or ``source`` does not exist.
    """
    if path.exists():
        raise UserError(f"Le fichier {path.name} existe déjà ; une base locale n'est jamais écrasée.")
    if not source.is_file():
        raise UserError(f"Le fichier {source.name} n'existe pas.")
    key = _key_of(source, path, secrets_file)
    opened = connect_sqlite(source, key, read_only=True)
    try:
        revision, meta = _inspect(opened, source.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path) as work:
            target = connect_sqlite(work, key)
            try:
                opened.backup(target)
            finally:
                target.close()
            if key is not None and not secrets.load(path, secrets_file):
                secrets.store(path, secrets.load(source, secrets_file), secrets_file)
    finally:
        opened.close()
    return Importee(path, revision, meta.get("mode") == "agence", meta.get("agence_code") or "")


def _key_of(source: Path, path: Path, secrets_file: Path | None) -> str | None:
    """A plain file needs none; else the key kept for the backup or for the place it goes to."""
    with source.open("rb") as file:
        if file.read(16) == b"SQLite format 3\0":
            return None
    for place in (source, path):
        if key := secrets.cache_key(place, secrets_file):
            return key
    raise DatabaseRefusedError(
        f"Le fichier {source.name} n'est pas une base ERP MIF, ou il est chiffré par une clé que ce poste n'a pas."
    )


def _inspect(opened: object, name: str) -> tuple[str, dict[str, str | None]]:
    execute = opened.execute  # type: ignore[attr-defined]
    try:
        tables = {row[0] for row in execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if not {"alembic_version", "interventions", "_allocateur", "sync_meta"} <= tables:
            raise DatabaseRefusedError(f"Le fichier {name} n'est pas une base ERP MIF.")
        row = execute("SELECT version_num FROM alembic_version").fetchone()
        if row is None or revisions.position(row[0]) is None:
            raise DatabaseRefusedError(
                f"Le fichier {name} vient d'une version plus récente du programme ; mettez d'abord ce poste à jour."
            )
        state = execute("PRAGMA quick_check(1)").fetchone()
        if state is None or state[0] != "ok":
            raise DatabaseRefusedError(f"Le fichier {name} est abîmé : essayez une sauvegarde plus ancienne.")
        meta = dict(execute("SELECT cle, valeur FROM sync_meta").fetchall())
    except sqlcipher.DatabaseError as error:
        raise DatabaseRefusedError(f"Le fichier {name} est abîmé : essayez une sauvegarde plus ancienne.") from error
    return str(row[0]), meta


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A working file that takes its name only when the block succeeds."""
    work = path.with_name(path.name + ".neuf")
    family = [work, *(work.with_name(work.name + suffix) for suffix in ("-wal", "-shm", "-journal"))]
    for leftover in family:
        leftover.unlink(missing_ok=True)
    try:
        yield work
        descriptor = os.open(work, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        paths.put_in_place(work, path, patience_s=20)
    except OSError as error:
        if error.errno == 28:
            raise DiskFullError("Le disque est plein : rien n'a été installé.") from error
        raise
    finally:
        for leftover in family:
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)
