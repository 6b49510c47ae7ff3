"""Enrolment without typing: a file made at the centre carries where it is, whom to trust, and a code for one device.

The code is the password of a login that the centre made for a device to come (``etat`` *attendu*), which may do
nothing but take itself over, once and until the code expires; the centre keeps its SCRAM verifier only. Taking over
and replacing the password are one transaction: of two that come with one file, the second is refused.
"""

from __future__ import annotations

import contextlib
import platform
import secrets as random
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from erp_desktop import clock, paths
from erp_desktop.db import pg_line, secrets
from erp_desktop.db.engine import create_pg_engine, normalise_url, private, without_password
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import ErpError, UserError, raison
from erp_desktop.sync.device import enrolment, interrupted
from erp_desktop.sync.device.enrolment import Enrolled
from erp_desktop.sync.device.interrupted import Device, working_files
from erp_desktop.sync.device.registration import in_french, register, unregister
from erp_desktop.sync.first_copy.by_rows import Progress

LONGEST: Final = timedelta(days=30)
UNNAMED: Final = "à inscrire"
"""Name of a device until it comes with that of its machine."""
AUTHORITY: Final = "autorite-centre.crt"
NAMES: Final = ("poste.erp-mif", "poste.toml")
"""Looked for at the first start, in the machine's folder and in that of the data."""
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_HEAD: Final = """# Inscription d'un poste ERP MIF. Ce fichier vaut un mot de passe : il sert une seule fois,
# avant son expiration. Le poser sur le poste, ou : erp-admin device enroll --provision FICHIER --cache CHEMIN
"""


@dataclass(frozen=True, slots=True)
class Provision:
    """What a file says.

    Attributes:
        url: the centre's, without login.
        identifiant: login of the device to come.
        expire: instant after which the code is worth nothing.
        poste: the device's name; empty: the machine's.
        autorite: certificate in PEM that the centre's is verified by; empty: what the machine trusts.
    """

    url: str
    agence: str
    identifiant: str
    code: str
    expire: datetime
    poste: str = ""
    autorite: str = ""


def invite(
    engine: sa.Engine,
    agence: str,
    valid: timedelta,
    *,
    address: sa.URL,
    name: str = "",
    authority: Path | None = None,
    by: int | None = None,
) -> Provision:
    """Make a code for one device of an agency, and take back what expired unused.

    Args:
        engine: of an administrator.
        agence: code of the agency.
        valid: how long, a month at most.
        address: where devices reach the centre.
        name: of the device.
        authority: certificate to send along; by default that of the address, or this machine's own.
        by: account of whoever makes it.

    Raises:
        UserError: unknown agency, a duration that cannot be, a file that is no certificate.
    """
    if not timedelta() < valid <= LONGEST:
        raise UserError("Un code vaut de 1 minute à 30 jours : --valable 24h, --valable 7j.")
    pem = _authority(authority, address)
    until = clock.now() + valid
    code = "-".join("".join(random.choice(_ALPHABET) for _ in range(5)) for _ in range(6))
    with in_french():
        take_back_expired(engine)
        _poste, login, _id, known = register(engine, agence, name or UNNAMED, code, until=until, by=by)
    query = {k: v for k, v in address.query.items() if k not in {"sslrootcert", "sslcert", "sslkey", "passfile"}}
    url = without_password(address).set(drivername="postgresql", username=None, query=query)
    return Provision(url.render_as_string(), known, login, code, until, name, pem)


def take_back_expired(engine: sa.Engine) -> int:
    """Remove the devices whose code expired before anybody came; returns how many."""
    with engine.connect() as connection:
        late = connection.execute(
            sa.text("SELECT poste, login FROM sync.devices WHERE etat = 'attendu' AND expire_a < clock_timestamp()")
        ).all()
    for poste, login in late:
        # Another administrator may be doing the same.
        with contextlib.suppress(sa.exc.DBAPIError):
            unregister(engine, poste, login)
    return len(late)


def _authority(file: Path | None, address: sa.URL) -> str:
    asked = file is not None
    if file is None:
        named = str(address.query.get("sslrootcert") or "")
        file = Path(named) if named and named != "system" else None if named else pg_line.own_authority()
    if file is None or (not asked and not file.is_file()):
        return ""
    try:
        pem = file.read_text(encoding="ascii")
        ssl.create_default_context(cadata=pem)
    except (OSError, UnicodeDecodeError, ssl.SSLError, ValueError) as error:
        raise UserError(f"Le fichier {file} n'est pas un certificat d'autorité lisible (PEM).") from error
    return pem.strip() + "\n"


def write(provision: Provision, file: Path) -> None:
    """Write the file, readable by its owner alone.

    Raises:
        UserError: there is one already.
    """
    if file.exists():
        raise UserError(f"Le fichier {file} existe déjà : un code n'en remplace pas un autre.")
    texts = ((name, getattr(provision, name)) for name in ("url", "agence", "poste", "identifiant", "code"))
    lines = [_HEAD, *(f'{name} = "{_escaped(value)}"\n' for name, value in texts if value)]
    lines.append(f"expire = {clock.to_text(provision.expire)}\n")
    if provision.autorite:
        lines.append(f'autorite = """\n{provision.autorite}"""\n')
    private(file)
    try:
        file.write_text("".join(lines), encoding="utf-8")
    except OSError:
        paths.let_go(file)
        raise


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def read(file: Path) -> Provision:
    """What a file says.

    Raises:
        UserError: it cannot be read, or lacks something.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"Le fichier d'inscription {file} ne se lit pas : {raison(error)}.") from error
    except ValueError as error:
        raise UserError(f"Le fichier {file.name} n'est pas un fichier d'inscription.") from error
    return _checked(found, file.name)


def _checked(found: Mapping[str, Any], name: str) -> Provision:
    texts = {key: found.get(key, "") for key in ("url", "agence", "identifiant", "code", "poste", "autorite")}
    expire = found.get("expire")
    lacking = [key for key in ("url", "agence", "identifiant", "code") if not texts[key]]
    if not isinstance(expire, datetime) or expire.tzinfo is None:
        lacking.append("expire")
    if lacking or not all(isinstance(value, str) for value in texts.values()) or not isinstance(expire, datetime):
        raise UserError(f"Le fichier d'inscription {name} n'est pas entier ({', '.join(lacking) or 'textes'}).")
    normalise_url(texts["url"])
    return Provision(expire=expire, **texts)


def waiting(*folders: Path) -> Path | None:
    """The file that was laid on this machine for its first start, the machine's own folder first."""
    for folder in (paths.machine_dir(), *folders):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
    return None


def enroll(
    provision: Provision, path: Path, *, secrets_file: Path | None = None, encrypted: bool = True,
    progress: Progress | None = None,
) -> Enrolled:  # fmt: skip
    """Enrol this machine as the device that a file was made for.

    What is interrupted is gone on with by the same file: the new password was stored before the code was used up.

    Raises:
        UserError: a file is already at ``path``; the code expired, was used, or was taken back.
        CentralUnreachableError: nobody answers there, or no more.
    """
    if path.exists():
        raise UserError(f"Le fichier {path} existe déjà ; une base locale n'est jamais écrasée.")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = CacheLock(path)
    name = provision.poste or platform.node()[:60] or "Poste"
    try:
        lock.exclusive()
        centre = _trusting(provision, path)
        with in_french():
            device = _mine(provision, centre, path, secrets_file) or _taken(
                provision, centre, path, secrets_file, "" if provision.poste else name, encrypted=encrypted
            )
        rows = enrolment.fill(path, device, name, centre, progress)
    finally:
        lock.release()
    return Enrolled(device.poste, device.login, device.agence_id, device.code, path, rows)


def _trusting(provision: Provision, path: Path) -> sa.URL:
    """The centre's address; the authority that it is verified by is put beside the cache."""
    centre = normalise_url(provision.url)
    if not provision.autorite:
        return centre
    kept = path.with_name(AUTHORITY)
    beside = kept.with_name(kept.name + ".neuf")
    beside.write_text(provision.autorite, encoding="ascii")
    paths.put_in_place(beside, kept)
    return centre.update_query_dict({"sslrootcert": str(kept)})


def _line(centre: sa.URL, login: str, password: str) -> sa.Engine:
    return create_pg_engine(centre.set(username=login, password=password).render_as_string(hide_password=False))


def _mine(provision: Provision, centre: sa.URL, path: Path, file: Path | None) -> Device | None:
    """The device as an earlier attempt with this file took it over; None: it did not come so far."""
    left = secrets.load(path, file)
    if left.get("login") != provision.identifiant:
        return None
    engine = _line(centre, left["login"], left["password"])
    try:
        with engine.connect() as connection:
            poste, agence, epoch = connection.exec_driver_sql(
                "SELECT sync.poste(), sync.agence(), sync.epoque()"
            ).one()
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, pg_line.LineRefusedError) and error.orig.cause == "identifiant":
            return None
        raise
    finally:
        engine.dispose()
    if poste is None:
        return None
    if not interrupted.fits(working_files(path)[0], left.get("key"), left["login"], epoch):
        interrupted.throw_away(path)
    return Device(poste, left["login"], agence, provision.agence, left["password"], left.get("key"))


def _taken(
    provision: Provision, centre: sa.URL, path: Path, file: Path | None, name: str, *, encrypted: bool
) -> Device:  # fmt: skip
    """Take the awaited login over, under a name where it has none, and give it a password that nobody else knows."""
    if provision.expire <= clock.now():
        raise _expired(provision)
    interrupted.throw_away(path)
    key, password = (secrets.new_key() if encrypted else None), secrets.new_password()
    login = provision.identifiant
    enrolment.keep_secrets(
        path, {"password": password, "login": login} | ({"key": key} if key else {}), file, encrypted
    )  # fmt: skip
    engine = _line(centre, login, provision.code)
    try:
        with engine.begin() as connection:
            said = [name] if _names(connection) else []
            answer = connection.execute(sa.select(sa.func.sync.inscrire(*said))).scalar_one()
            if answer == "expire":
                raise _expired(provision)
            if answer != "pris":
                raise _used()
            connection.execute(
                sa.text("ALTER ROLE CURRENT_USER PASSWORD :p").bindparams(
                    sa.bindparam("p", password, literal_execute=True)
                )
            )
            poste, agence = connection.exec_driver_sql("SELECT sync.poste(), sync.agence()").one()
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, pg_line.LineRefusedError) and error.orig.cause == "identifiant":
            enrolment.forget(path, file)
            raise _used() from error
        raise
    except ErpError:
        enrolment.forget(path, file)
        raise
    finally:
        engine.dispose()
    return Device(poste, login, agence, provision.agence, password, key)


def _names(connection: sa.Connection) -> bool:
    """Whether the centre is told what a device calls itself; one of before is not."""
    return bool(connection.exec_driver_sql("SELECT to_regprocedure('sync.inscrire(text)') IS NOT NULL").scalar())


def _expired(provision: Provision) -> UserError:
    when = clock.local(provision.expire)
    return UserError(f"Ce code d'inscription a expiré le {when:%d/%m/%Y à %H:%M} : demandez-en un autre au siège.")


def _used() -> UserError:
    return UserError("Ce code d'inscription a déjà servi ou a été retiré : demandez-en un autre au siège.")


def used_up(file: Path) -> None:
    """Remove a file that is worth nothing any more, where this account may."""
    with contextlib.suppress(OSError):
        file.unlink()
