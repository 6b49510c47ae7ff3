"""A new version for this desktop: whether there is one, and whether its turn has come."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher

import erp_desktop
from erp_desktop import clock, paths
from erp_desktop.db import secrets
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import ErpError, UserError
from erp_desktop.registry import revisions
from erp_desktop.services.releases import manifest, source
from erp_desktop.services.releases.manifest import Artefact, Release, ReleaseRefusedError
from erp_desktop.settings import Settings


@dataclass(frozen=True, slots=True)
class Offer:
    """What a look brought.

    Attributes:
        nouvelle: a version to install; None when there is none for this desktop yet.
        attend: why a newer version is not for this desktop yet; empty otherwise.
    """

    version: str
    nouvelle: str | None
    attend: str
    artefact: Artefact | None = None
    revision: str = ""


def folder_of(settings: Settings) -> Path:
    return settings.data_dir / "mises-a-jour"


def remembered(settings: Settings) -> dict[str, Any]:
    """What this desktop knows of versions; empty before the first."""
    try:
        return dict(json.loads((folder_of(settings) / "etat.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def remember(settings: Settings, **values: object) -> None:
    folder = folder_of(settings)
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / ".etat.json"
    ready.write_text(json.dumps({**remembered(settings), **values}, ensure_ascii=False), encoding="utf-8")
    paths.put_in_place(ready, folder / "etat.json")


def look(settings: Settings, system: str | None = None) -> Offer:
    """Whether IT has laid down a newer version that this desktop may install.

    Args:
        system: another one than this machine's, to see what it would be offered.

    Raises:
        UserError: no place or key is set.
        ReleaseRefusedError: what lies there is not to be trusted: another signature, expired, older than one
            seen before, not for this system.
        UnavailableError: the place does not answer.
    """
    if not settings.update_source or not settings.update_key:
        raise UserError("Aucun lieu de mises à jour n'est réglé (update_source, update_key).")
    release = manifest.read(source.announced(settings.update_source, settings.update_authority), settings.update_key)
    _require_fresh(settings, release)
    wanted = system or manifest.system()
    mine = manifest.number(erp_desktop.__version__)
    if manifest.number(release.version) < mine:
        raise ReleaseRefusedError(
            f"La version annoncée ({release.version}) est plus ancienne que celle-ci ({erp_desktop.__version__}) : "
            "elle n'est pas installée."
        )
    if manifest.number(release.version) == mine:
        return Offer(release.version, None, "")
    if wanted not in release.systemes:
        raise ReleaseRefusedError(f"La version {release.version} n'existe pas pour ce système ({wanted}).")
    waits = _why_not_yet(settings, release)
    return Offer(
        release.version, None if waits else release.version, waits, release.systemes[wanted], release.revision
    )


def _require_fresh(settings: Settings, release: Release) -> None:
    if release.expire <= clock.now():
        raise ReleaseRefusedError(
            f"L'annonce de la version {release.version} a expiré : l'informatique doit la signer de nouveau."
        )
    seen = remembered(settings).get("annonce")
    if seen is not None and clock.to_text(release.publiee) < str(seen):
        raise ReleaseRefusedError(
            "Une annonce plus ancienne a été remise à la place de la dernière : elle n'est pas suivie."
        )
    if seen != clock.to_text(release.publiee):
        remember(settings, annonce=clock.to_text(release.publiee))


def _why_not_yet(settings: Settings, release: Release) -> str:
    agence, poste, centre = _desktop(settings)
    place = manifest.place_of(release.version, f"{agence}/{poste}")
    if not manifest.open_to(release.etapes, agence, place, clock.today()):
        return f"La version {release.version} viendra sur ce poste à son tour."
    # A program ahead of its centre could not exchange: it waits for the centre's upgrade.
    known = revisions.position(release.revision) is not None
    if not known and centre is not None and revisions.position(centre) is not None:
        return f"La version {release.version} attend la mise à niveau du centre."
    return ""


def _desktop(settings: Settings) -> tuple[str, str, str | None]:
    """Agency, number, and the revision that the centre had at the last exchange; without one, nothing of a centre."""
    if not settings.cache.is_file():
        return "", "", None
    try:
        connection = connect_sqlite(
            settings.cache, secrets.cache_key(settings.cache, settings.secrets_file), read_only=True
        )
        try:
            sql = "SELECT cle, valeur FROM sync_meta WHERE cle IN ('agence_code', 'poste', 'centre_revision')"
            told = dict(connection.execute(sql).fetchall())
        finally:
            connection.close()
    except (ErpError, sqlcipher.Error):
        return "", "", None
    return told.get("agence_code") or "", told.get("poste") or "", told.get("centre_revision")


def fetch(settings: Settings, offer: Offer, progress: Callable[[int, int], object] | None = None) -> Path:
    """The verified installer of an offer, downloaded from where it was cut.

    Raises:
        UserError: there is nothing to install, or it is not what was signed.
        UnavailableError: the place does not answer.
    """
    if offer.nouvelle is None or offer.artefact is None or settings.update_source is None:
        raise UserError(offer.attend or "Aucune version plus récente : ce poste est à jour.")
    return source.download(settings.update_source, offer.artefact, folder_of(settings) / offer.version, progress,
                           settings.update_authority)  # fmt: skip
