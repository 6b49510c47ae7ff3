"""Reports that are due: computed, written, and put into a folder or sent by courriel, each once."""

from __future__ import annotations

import re
import smtplib
import tempfile
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.replica import Replica
from erp_desktop.db.session import snapshot, transaction
from erp_desktop.errors import ErpError, UserError
from erp_desktop.reports.managers import builder
from erp_desktop.reports.managers.builder import Answer
from erp_desktop.services import rapports
from erp_desktop.services.rapports import Run
from erp_desktop.settings import Settings

_KINDS = {
    "pdf": ("application", "pdf"), "csv": ("text", "csv"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}  # fmt: skip
_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Done:
    """One report that was due: where it went, or why not."""

    name: str
    due: datetime
    where: str
    failure: str = ""


def run_due(
    engine: sa.Engine, settings: Settings, *, now: datetime | None = None, replica: Replica | None = None
) -> list[Done]:
    """Send what is due on this database and no other machine has taken; what fails is told to its owner.

    Args:
        engine: where the reports are kept.
        settings: the mail server.
        now: for tests.
        replica: where figures are read, by default the same database.
    """
    at = now or clock.now()
    with transaction(engine, write=False) as session:
        waiting = rapports.due(session, at)
    found = []
    for ident, when in waiting:
        with transaction(engine) as session:
            run = rapports.claim(session, ident, when)
        if run is None:
            continue
        where = run.destination.folder or ", ".join(run.destination.addresses)
        failure = said = ""
        try:
            said = _send(engine, settings, run, at, replica)
        except ErpError as error:
            failure = str(error)
        except Exception as error:
            failure = f"Erreur inattendue : {error}"
            raise
        finally:
            with transaction(engine) as session:
                rapports.finish(session, run, failure, said)
        found.append(Done(run.name, when, where, failure))
    return found


def _send(engine: sa.Engine, settings: Settings, run: Run, now: datetime, replica: Replica | None) -> str:
    stem = re.sub(r"[^\w-]+", "-", run.name).strip("-").lower()[:60] or "rapport"
    name = f"{stem}-{clock.local(run.due):%Y%m%d-%H%M}.{run.format}"
    with tempfile.TemporaryDirectory(prefix="erp-rapport-") as folder:
        target = Path(run.destination.folder or folder) / name

        def written(session: Session) -> Answer:
            found = builder.answer(session, run.owner, run.definition, run.name, now=now)
            builder.write(session, found, target)
            return found

        if replica is not None:
            found = replica.read(written, whole=True)
        else:
            with transaction(snapshot(engine), write=False) as session:
                found = written(session)
        if run.destination.folder:
            return f"Écrit : {target}"
        mail(settings, run.destination.addresses, run.name, found.subject, target)
    return f"Envoyé à {', '.join(run.destination.addresses)}."


def mail(settings: Settings, to: tuple[str, ...], title: str, words: str, file: Path) -> None:
    """Send a file.

    Raises:
        UserError: no server is set, it cannot be reached, or it refuses; one sentence says which.
    """
    host = settings.smtp_host
    if not host:
        raise UserError("Aucun serveur de courriel n'est réglé (smtp_host).")
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = title, settings.smtp_from or to[0], ", ".join(to)
    message.set_content(f"{title}\n{words}\n")
    main, sub = _KINDS[file.suffix.lstrip(".")]
    message.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    place = f"{host}:{settings.smtp_port}"
    try:
        with smtplib.SMTP(host, settings.smtp_port, timeout=_SECONDS) as server:
            if settings.smtp_tls:
                server.starttls()
            if settings.smtp_user:
                secret = settings.smtp_password
                server.login(settings.smtp_user, secret.get_secret_value() if secret else "")
            refused = server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise UserError(f"Le serveur de courriel {place} refuse l'identifiant ou le mot de passe.") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise UserError(f"Le serveur de courriel {place} refuse {', '.join(sorted(error.recipients))}.") from error
    except smtplib.SMTPResponseException as error:
        told = (
            error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        )
        raise UserError(f"Le serveur de courriel {place} a refusé : {error.smtp_code} {told}.") from error
    except (OSError, smtplib.SMTPException) as error:
        raise UserError(f"Le serveur de courriel {place} ne répond pas.") from error
    if refused:
        raise UserError(f"Le serveur de courriel {place} refuse {', '.join(sorted(refused))}.")
