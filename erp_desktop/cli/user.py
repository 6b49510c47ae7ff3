"""erp-admin user: accounts, managed at the centre or in a stand-alone file."""

from __future__ import annotations

import secrets as random_source
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from erp_desktop.centre import persons
from erp_desktop.cli.common import AsJson, Cache, CentreUrl, Secrets, Target, Url, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.db.engine import normalise_url, without_password
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import given
from erp_desktop.errors import UserError
from erp_desktop.services import auth
from erp_desktop.services.administration import accounts
from erp_desktop.services.calendrier import ADMINISTRATION, agence_par_code
from erp_desktop.upgrade.central import checklist

TO_REPLACE = f"La personne le remplace à sa première connexion, dans les {given.DAYS} jours ; il ne sert qu'à cela."

app = Commands(help="Les comptes.")
login = Commands(help="L'identifiant PostgreSQL d'une personne, pour qui travaille au centre sans poste inscrit.")
app.add_typer(login, name="login")

FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Lire le mot de passe sur l'entrée standard ; sinon il est tiré.")
]


def _password(from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was made here and must be shown once."""
    if not from_stdin:
        return random_source.token_urlsafe(12), True
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UserError("Aucun mot de passe sur l'entrée standard.")
    return line, False


def _shown(password: str, made: bool) -> dict[str, Any]:
    return {"must_change": True, "valid_days": given.DAYS, **({"password": password} if made else {})}


def _words(text: str, password: str, made: bool) -> list[str]:
    shown = f" Mot de passe, montré une seule fois : {password}" if made else ""
    return [text + shown, TO_REPLACE]


@app.command()
@guarded
def add(
    username: str,
    name: Annotated[str, typer.Option("--name", help="Nom complet.")],
    email: Annotated[str, typer.Option("--email")],
    role: Annotated[Role, typer.Option("--role")],
    agence: Annotated[str | None, typer.Option("--agence", help="Code de l'agence ; vide : le siège.")] = None,
    phone: Annotated[str | None, typer.Option("--phone")] = None,
    password_stdin: FromStdin = False,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Ouvrir un compte."""
    password, made = _password(password_stdin)
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        user_id = auth.creer_utilisateur(
            session, None, username=username, email=email, full_name=name, role=role, mot_de_passe=password,
            agence_code=agence, phone=phone,
        )  # fmt: skip
    answer = {"id": user_id, "username": username.strip().lower(), **_shown(password, made)}
    emit(as_json, answer, _words(f"Compte {answer['username']} ouvert.", password, made))


@app.command("list")
@guarded
def list_accounts(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Montrer les comptes."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        found = accounts.comptes(session)
    lines = [
        f"{u.username:<24} {u.role:<12} {u.agence_code or 'siège':<6} {u.full_name}"
        + ("" if u.is_active else " (désactivé)")
        + (" (verrouillé)" if u.verrouille else "")
        + (" (mot de passe à choisir)" if u.a_choisir else "")
        for u in found
    ]
    emit(as_json, found, lines or "Aucun compte.")


@app.command()
@guarded
def disable(
    username: str, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:  # fmt: skip
    """Désactiver un compte."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        user_id = accounts.by_name(session, username)
        accounts.close(session, ADMINISTRATION, user_id)
    emit(as_json, {"id": user_id, "username": username}, f"Compte {username} désactivé.")


@app.command("reset-password")
@guarded
def reset_password(
    username: str,
    password_stdin: FromStdin = False,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Donner un nouveau mot de passe, que la personne remplace en se connectant, et lever le verrou."""
    password, made = _password(password_stdin)
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        user_id = auth.reinitialiser(session, None, username, password)
    answer = {"id": user_id, "username": username, **_shown(password, made)}
    emit(as_json, answer, _words(f"Mot de passe de {username} changé.", password, made))


@app.command("set")
@guarded
def set_account(
    username: str,
    name: Annotated[str | None, typer.Option("--name", help="Nom complet.")] = None,
    email: Annotated[str | None, typer.Option("--email")] = None,
    role: Annotated[Role | None, typer.Option("--role")] = None,
    agence: Annotated[str | None, typer.Option("--agence", help="Code de l'agence ; SIEGE : aucune.")] = None,
    phone: Annotated[str | None, typer.Option("--phone")] = None,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Changer le nom, le rôle ou l'agence d'un compte."""
    changes: dict[str, object] = {
        k: v for k, v in {"full_name": name, "email": email, "phone": phone, "role": role}.items() if v is not None
    }
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        if agence is not None:
            found = None if agence.upper() == "SIEGE" else agence_par_code(session, agence)
            changes["agence_id"] = found.id if found is not None else None
        user_id = accounts.by_name(session, username)
        accounts.update(session, ADMINISTRATION, user_id, changes)
    emit(as_json, {"id": user_id, "username": username}, f"Compte {username} enregistré.")


@app.command()
@guarded
def enable(
    username: str, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:  # fmt: skip
    """Réactiver un compte, avec le mot de passe qu'il avait."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        user_id = accounts.by_name(session, username)
        accounts.reopen(session, ADMINISTRATION, user_id)
    emit(as_json, {"id": user_id, "username": username}, f"Compte {username} réactivé.")


@app.command()
@guarded
def unlock(
    username: str, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:  # fmt: skip
    """Lever le verrou d'un compte sans changer son mot de passe."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        user_id = accounts.by_name(session, username)
        accounts.unlock(session, ADMINISTRATION, user_id)
    emit(as_json, {"id": user_id, "username": username}, f"Compte {username} déverrouillé.")


def _ended(done: persons.Ended) -> str:
    said = f"{done.sessions} session(s) terminée(s)."
    return said + (f" {done.reste} restent ouvertes (GRANT pg_signal_backend TO ce compte)." if done.reste else "")


@login.command("add")
@guarded
def give_login(username: str, url: CentreUrl, password_stdin: FromStdin = False, as_json: AsJson = False) -> None:
    """Faire l'identifiant PostgreSQL d'un compte."""
    password, made = _password(password_stdin)
    with Target(url, None).engine() as engine, engine.begin() as connection:
        checklist.require_whole(connection)
        name = persons.give(connection, username, password)
    told = without_password(normalise_url(url)).set(drivername="postgresql", username=name)
    address = told.render_as_string(hide_password=False)
    emit(
        as_json, {"login": name, "adresse": address, **({"password": password} if made else {})},
        [f"Identifiant {name} fait." + (f" Mot de passe, montré une seule fois : {password}" if made else ""),
         f"Adresse du centre pour cette personne : {address}"],
    )  # fmt: skip


@login.command("reset")
@guarded
def reset_login(username: str, url: CentreUrl, password_stdin: FromStdin = False, as_json: AsJson = False) -> None:
    """Changer le mot de passe de l'identifiant PostgreSQL d'un compte et terminer ses sessions."""
    password, made = _password(password_stdin)
    with Target(url, None).engine() as engine, engine.begin() as connection:
        done = persons.reset(connection, username, password)
    shown = f" Mot de passe, montré une seule fois : {password}" if made else ""
    emit(
        as_json, {**asdict(done), **({"password": password} if made else {})},
        f"Mot de passe de {done.login} changé, {_ended(done)}{shown}",
    )  # fmt: skip


@login.command("remove")
@guarded
def take_login(username: str, url: CentreUrl, as_json: AsJson = False) -> None:
    """Retirer l'identifiant PostgreSQL d'un compte et terminer ses sessions ; le compte reste."""
    with Target(url, None).engine() as engine, engine.begin() as connection:
        done = persons.take(connection, username)
    emit(as_json, done, f"Identifiant {done.login} retiré, {_ended(done)}")


@login.command("list")
@guarded
def list_logins(url: CentreUrl, as_json: AsJson = False) -> None:
    """Montrer les identifiants PostgreSQL des personnes."""
    with Target(url, None).engine() as engine, engine.connect() as connection:
        found = persons.known(connection)
    lines = [
        f"{one.username:<24} {one.login}"
        + ("" if one.actif else " (compte désactivé)") + ("" if one.present else " (absent de ce serveur)")
        for one in found
    ]  # fmt: skip
    emit(as_json, found, lines or "Aucun identifiant de personne.")
