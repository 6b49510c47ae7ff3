"""erp-admin device: enrol, list and revoke devices."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from erp_desktop import clock
from erp_desktop.cli.common import AsJson, CentreUrl, Secrets, Target, ask, bar, emit, guarded, with_password
from erp_desktop.cli.french import Commands
from erp_desktop.db import secrets as secret_store
from erp_desktop.db.engine import normalise_url, without_password
from erp_desktop.errors import UserError
from erp_desktop.sync.device import enrolment, provisioning, reenrolment, registration
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.first_copy.by_rows import Progress
from erp_desktop.sync.watch import health, roster
from erp_desktop.upgrade.start.startup import read_revision

app = Commands(help="Les postes inscrits.")


_DURATION = re.compile(r"(\d{1,4}) ?(min|m|h|j)")


def _duration(text: str) -> timedelta:
    """Minutes, hours or days: ``90min``, ``24h``, ``7j``."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise UserError(f"« {text} » n'est pas une durée : --valable 90min, 24h ou 7j.")
    return timedelta(**{{"j": "days", "h": "hours"}.get(found[2], "minutes"): int(found[1])})


@app.command()
@guarded
def code(
    agence: Annotated[str, typer.Argument(help="Code de l'agence.")],
    url: CentreUrl,
    out: Annotated[Path, typer.Option(help="Fichier à écrire, à poser sur le poste.")],
    valable: Annotated[str, typer.Option(help="Durée : 90min, 24h, 7j.")] = "24h",
    name: Annotated[str, typer.Option(help="Nom du poste ; sinon celui de la machine.")] = "",
    adresse: Annotated[str | None, typer.Option(help="Adresse du centre vue des postes, si elle diffère.")] = None,
    autorite: Annotated[Path | None, typer.Option(help="Certificat de l'autorité du centre (PEM).")] = None,
    as_json: AsJson = False,
) -> None:
    """Faire le fichier qui inscrit un poste sans rien taper : une fois, avant son expiration."""
    if out.exists():
        raise UserError(f"Le fichier {out} existe déjà : un code n'en remplace pas un autre.")
    with Target(url, None).engine() as engine:
        made = provisioning.invite(
            engine, agence, _duration(valable), name=name.strip(), authority=autorite,
            address=normalise_url(adresse or url),
        )  # fmt: skip
    provisioning.write(made, out)
    emit(
        as_json, {"fichier": out, "agence": made.agence, "identifiant": made.identifiant, "expire": made.expire},
        f"{out} inscrit un poste de {made.agence} une fois, jusqu'au {clock.local(made.expire):%d/%m/%Y à %H:%M}.",
    )  # fmt: skip


@app.command()
@guarded
def enroll(
    cache: Annotated[Path, typer.Option(help="Fichier à créer.")],
    url: Annotated[str | None, typer.Option("--url", help="postgresql://utilisateur@hôte:port/base")] = None,
    agence: Annotated[str | None, typer.Option(help="Code de l'agence.")] = None,
    name: Annotated[str | None, typer.Option(help="Nom du poste.")] = None,
    provision: Annotated[
        Path | None, typer.Option(help="Fichier d'inscription fait par « device code », à la place des trois.")
    ] = None,
    secrets: Secrets = None,
    no_encryption: Annotated[bool, typer.Option("--no-encryption", help="Laisser la base locale en clair.")] = False,
    progress: Annotated[bool, typer.Option("--progress", help="Montrer l'avancement.")] = False,
    as_json: AsJson = False,
) -> None:
    """Inscrire ce poste et faire sa première copie."""
    with bar(progress, "Première copie") as advance:
        told: Progress | None = (lambda _table, rows: advance(rows, None)) if advance else None
        if provision is not None and not (url or agence or name):
            done = provisioning.enroll(
                provisioning.read(provision), cache, secrets_file=secrets, encrypted=not no_encryption, progress=told
            )
            provisioning.used_up(provision)
        elif provision is None and url and agence and name:
            done = enrolment.enroll(
                with_password(url), agence, name, cache, secrets_file=secrets, encrypted=not no_encryption,
                progress=told,
            )  # fmt: skip
        else:
            raise typer.BadParameter("donner soit --provision, soit --url, --agence et --name")
    emit(as_json, done, f"Poste {done.poste:02d} inscrit à {done.agence_code}, {done.rows} lignes copiées.")


@app.command()
@guarded
def reenroll(
    cache: Annotated[Path, typer.Option(help="Base locale clonée, restaurée ou oubliée du centre.")],
    url: Annotated[
        str | None, typer.Option("--url", help="Adresse du centre ; sinon celle de la base locale.")
    ] = None,
    login: Annotated[str | None, typer.Option(help="Administrateur PostgreSQL du centre ; demandé sinon.")] = None,
    name: Annotated[str | None, typer.Option(help="Nouveau nom du poste.")] = None,
    secrets: Secrets = None,
    progress: Annotated[bool, typer.Option("--progress", help="Montrer l'avancement.")] = False,
    as_json: AsJson = False,
) -> None:
    """Réinscrire une base locale sous un nouveau numéro de poste, avec ce qu'elle n'a pas envoyé."""
    if not cache.is_file():
        raise UserError(f"Le fichier {cache} n'existe pas.")
    address = with_password(url) if url else _administrator(cache, secrets, login)
    with bar(progress, "Nouvelle copie") as advance:
        done = reenrolment.reenroll(
            address, cache, secrets_file=secrets, name=name,
            progress=(lambda _table, rows: advance(rows, None)) if advance else None,
        )  # fmt: skip
    emit(
        as_json, done,
        f"Poste {done.former_poste:02d} réinscrit sous le numéro {done.poste:02d} à {done.agence_code} ; "
        f"{done.waiting} changements gardés, à envoyer (erp-admin sync run).",
    )  # fmt: skip


def _administrator(cache: Path, secrets: Path | None, login: str | None) -> str:
    """The centre's address as the cache knows it, with an administrator's login instead of the device's."""
    key = secret_store.cache_key(cache, secrets)
    read_revision(cache, key)
    with Cache(cache, key) as opened:
        address = normalise_url(opened.require("url"))
    named = login or ask(f"Administrateur PostgreSQL du centre ({address.host})")
    complete = normalise_url(with_password(without_password(address).set(username=named).render_as_string()))
    if complete.password is None and sys.stdin.isatty():
        # Left empty: libpq looks for it in .pgpass.
        complete = complete.set(password=ask(f"Mot de passe de {named}", hidden=True) or None)
    return complete.render_as_string(hide_password=False)


@app.command("list")
@guarded
def list_devices(url: CentreUrl, as_json: AsJson = False) -> None:
    """Postes, version, révision, dernière visite, et ce qu'ils annoncent : attente, base, horloge, usager."""
    with Target(url, None).engine() as engine:
        found = health.postes(engine)
    emit(as_json, found, lambda: [*map(_ligne, found)] or "Aucun poste.")


def _ligne(poste: dict[str, Any]) -> str:
    seen = "en ligne" if poste["en_ligne"] else f"vu {str(poste['vu_a'] or 'jamais')[:16]}"
    late = "" if poste["retard"] is None else f"  {poste['retard']} à recevoir"
    return (
        f"{poste['poste']:>4}  {poste['agence']:<5} {poste['nom']:<24} {poste['etat']:<8} "
        f"v{poste['version'] or '?'}  {poste['revision'] or '?'}  "
        f"{poste['en_attente'] or 0:>6} en attente{late}  {seen}{_annonce(poste)}"
    )


def _annonce(poste: dict[str, Any]) -> str:
    """What a device told of itself; nothing of one that never did."""
    told = []
    if poste["tables"]:
        told.append(", ".join(f"{table} {count}" for table, count in sorted(poste["tables"].items())))
    if poste["cache"] is not None:
        told.append(f"base {poste['cache'] / 1e6:.0f} Mo{', chiffrée' if poste['chiffre'] else ''}")
    if poste["horloge_s"] is not None:
        wrong = " À RÉGLER" if abs(poste["horloge_s"]) > roster.CLOCK_S else ""
        told.append(f"horloge {poste['horloge_s']:+.0f} s{wrong}")
    if poste["usager"]:
        told.append(f"dernier usager {poste['usager']}")
    if poste["inscrit_par"]:
        told.append(f"inscrit par {poste['inscrit_par']}")
    return "".join(f"  {one}" for one in told)


@app.command()
@guarded
def revoke(
    poste: int,
    url: CentreUrl,
    stolen: Annotated[bool, typer.Option("--vole", help="Le poste a été volé.")] = False,
    as_json: AsJson = False,
) -> None:
    """Refuser un poste à partir de maintenant ; d'un poste attendu, retirer le code."""
    with Target(url, None).engine() as engine:
        if registration.withdraw(engine, poste):
            emit(as_json, {"poste": poste, "etat": "retire", "sessions": 0, "reste": []},
                 f"Code du poste {poste} retiré : son fichier n'inscrit plus aucun poste.")  # fmt: skip
            return
        done = registration.revoke(engine, poste, stolen=stolen)
    emit(
        as_json, {"poste": poste, "etat": "vole" if stolen else "retire", **asdict(done)},
        [f"Poste {poste} révoqué, {done.sessions} session(s) terminée(s).",
                   *(f"À faire : {line}" for line in done.reste)],
    )  # fmt: skip
