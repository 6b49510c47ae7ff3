from __future__ import annotations

import runpy
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from pydantic import ValidationError as PydanticError
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import empreinte
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import DuplicateError, NotAllowedError, NotFoundError, PasswordToChooseError, ValidationError
from erp_desktop.models import Technicien, User
from erp_desktop.models.local import allocateur, sync_meta, sync_outbox, sync_session, verificateurs
from erp_desktop.services import auth
from erp_desktop.services.administration import accounts
from erp_desktop.services.calendrier import ADMINISTRATION
from erp_desktop.settings import Settings
from tests.services.branch import Monde

SECRET = "minaret-42-vert"


def ouvrir(monde: Monde, *, choisi: bool = True, **valeurs: Any) -> int:
    """Somebody whose password is their own, or the one that they were given."""
    champs = {"username": "Leila.Amrani", "email": "leila@exemple.ma", "full_name": "Leïla Amrani",
              "role": Role.AGENT, "mot_de_passe": SECRET, "agence_code": "CAS", **valeurs}  # fmt: skip
    with transaction(monde.engine) as session:
        ident = auth.creer_utilisateur(session, monde.admin, **champs)
        if choisi:
            session.execute(sa.update(User).where(User.id == ident).values(password_given_at=None))
        return ident


def entrer(engine: sa.Engine, secret: str = SECRET, nom: str = "leila.amrani", **reste: Any) -> Acteur:
    with transaction(engine) as session:
        return auth.login(session, nom, secret, **reste)


def test_login_knows_the_person(monde: Monde) -> None:
    ident = ouvrir(monde)
    for nom in ("leila.amrani", " Leila.Amrani", "LEILA@exemple.ma"):
        assert entrer(monde.engine, nom=nom) == Acteur(ident, "Leïla Amrani", Role.AGENT, monde.cas, "CAS", 0)
    [compte] = monde.lire(sa.select(User.last_login, User.hashed_password).where(User.id == ident))
    assert compte.last_login is not None
    assert compte.hashed_password.startswith("$argon2id$")
    assert SECRET not in compte.hashed_password


def test_five_failures_lock_for_a_quarter_of_an_hour(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    ouvrir(monde)
    for _ in range(4):
        with pytest.raises(auth.LoginRefuseError, match="incorrect"):
            entrer(monde.engine, "faux")
    with pytest.raises(auth.LoginRefuseError, match="verrouillé"):
        entrer(monde.engine, "faux")
    with pytest.raises(auth.LoginRefuseError, match="15 min"):
        entrer(monde.engine)
    plus_tard = clock.now() + timedelta(minutes=16)
    monkeypatch.setattr(clock, "now", lambda: plus_tard)
    assert entrer(monde.engine).role is Role.AGENT
    with pytest.raises(auth.LoginRefuseError, match="incorrect"):
        entrer(monde.engine, "faux")


def test_unknown_disabled_and_client_accounts_get_the_same_words(monde: Monde) -> None:
    ouvrir(monde)
    ouvrir(monde, username="c", email="c@exemple.ma", role=Role.CLIENT)
    with transaction(monde.engine) as session:
        accounts.close(session, monde.admin, accounts.by_name(session, "leila.amrani"))
    refus = set()
    for nom in ("leila.amrani", "c", "personne"):
        with pytest.raises(auth.LoginRefuseError) as erreur:
            entrer(monde.engine, nom=nom)
        refus.add(str(erreur.value))
    assert refus == {"Identifiant ou mot de passe incorrect."}


def test_a_login_is_no_change_for_the_branches(sqlite_engine: sa.Engine) -> None:
    with transaction(sqlite_engine) as session:
        auth.creer_utilisateur(session, None, username="x", email="x@x.ma", full_name="X", role=Role.ADMIN,
                               mot_de_passe=SECRET)  # fmt: skip
    with transaction(sqlite_engine) as session:
        session.execute(sa.update(User).values(password_given_at=None))
    with transaction(sqlite_engine) as session:
        session.execute(sa.delete(sync_outbox))
    entrer(sqlite_engine, nom="x")
    with pytest.raises(auth.LoginRefuseError):
        entrer(sqlite_engine, "faux", nom="x")
    with transaction(sqlite_engine, write=False) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(sync_outbox)) == 0
        assert session.execute(sa.select(sync_session.c.groupe)).scalar_one() is None


@pytest.fixture
def poste(sqlite_engine: sa.Engine) -> sa.Engine:
    """A device: its own number, an account without password hash."""
    with transaction(sqlite_engine) as session:
        session.add(User(id=77, username="leila.amrani", email="l@x.ma", full_name="Leïla", role="agent"))
        session.execute(sa.update(allocateur).values(poste=4))
    return sqlite_engine


def _deposer(session: Session) -> None:
    auth.deposer_verificateur(session, 77, SECRET)


def test_a_device_answers_offline_once_it_has_a_verifier(poste: sa.Engine) -> None:
    with pytest.raises(auth.PremiereConnexionError):
        entrer(poste)
    with transaction(poste) as session:
        _deposer(session)
    assert entrer(poste).poste == 4
    for _ in range(4):
        with pytest.raises(auth.LoginRefuseError, match="incorrect"):
            entrer(poste, "faux")
    assert entrer(poste).user_id == 77
    with transaction(poste, write=False) as session:
        told = session.scalar(sa.select(sync_meta.c.valeur).where(sync_meta.c.cle == "dernier_usager"))
        assert told == "77", "what its exchanges tell the centre"
    for _ in range(5):
        with pytest.raises(auth.LoginRefuseError):
            entrer(poste, "faux")
    with pytest.raises(auth.LoginRefuseError, match="verrouillé"):
        entrer(poste)
    with transaction(poste) as session:
        _deposer(session)
    assert entrer(poste).user_id == 77
    # The exchange brings that another one was given: the old one ends here too.
    donne = clock.now()
    with transaction(poste) as session:
        session.execute(sa.update(User).where(User.id == 77).values(password_given_at=donne))
    with pytest.raises(auth.PremiereConnexionError, match="nouveau mot de passe"):
        entrer(poste)
    with transaction(poste) as session:
        auth.deposer_verificateur(session, 77, SECRET, donne)
    assert entrer(poste).user_id == 77


def test_offline_logins_end_after_the_days_allowed(poste: sa.Engine) -> None:
    with transaction(poste) as session:
        _deposer(session)
        session.execute(sa.update(verificateurs).values(en_ligne_a=clock.to_text(clock.now() - timedelta(days=31))))
    with pytest.raises(auth.PremiereConnexionError, match="30 jours"):
        entrer(poste)
    with pytest.raises(auth.LoginRefuseError, match="incorrect"):
        entrer(poste, "faux")
    assert entrer(poste, jours_hors_ligne=40).user_id == 77


def test_a_clock_that_was_set_back_does_not_stretch_offline_logins(
    poste: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    with transaction(poste) as session:
        _deposer(session)
    for days in (10, 29):
        monkeypatch.setattr(clock, "now", lambda days=days: now + timedelta(days=days))
        assert entrer(poste).user_id == 77
    # Back to the tenth day; an hour less, as when the hour changes, is nothing.
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=10))
    with pytest.raises(auth.PremiereConnexionError, match="horloge"):
        entrer(poste)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=29) - timedelta(hours=1))
    assert entrer(poste).user_id == 77
    # A clock that once stood in the next century is mended by the centre's word.
    with transaction(poste) as session:
        session.execute(sa.update(sync_meta).where(sync_meta.c.cle == "horloge_vue").values(
            valeur=clock.to_text(now + timedelta(days=30000))))  # fmt: skip
    with pytest.raises(auth.PremiereConnexionError, match="horloge"):
        entrer(poste)
    with transaction(poste) as session:
        _deposer(session)
    assert entrer(poste).user_id == 77


def test_no_setting_stretches_offline_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_OFFLINE_LOGIN_DAYS", "3650")
    with pytest.raises(PydanticError, match="30"):
        Settings()
    monkeypatch.setenv("ERP_OFFLINE_LOGIN_DAYS", "5")
    assert Settings().offline_login_days == 5


def test_accounts_are_opened_once_and_by_administrators(monde: Monde) -> None:
    ouvrir(monde)
    with pytest.raises(DuplicateError, match="Leïla Amrani"):
        ouvrir(monde, email="autre@exemple.ma")
    with pytest.raises(DuplicateError, match=r"leila@exemple\.ma"):
        ouvrir(monde, username="autre")
    with pytest.raises(ValidationError) as refus:
        ouvrir(monde, username="é è", email="x", full_name=" ", agence_code="ZZZ", phone="12")
    assert set(refus.value.champs) == {"username", "email", "full_name", "agence_code", "phone"}
    with pytest.raises(ValidationError, match="8 caractères"):
        ouvrir(monde, username="b", email="b@b.ma", mot_de_passe="court")
    with transaction(monde.engine) as session, pytest.raises(NotAllowedError):
        auth.creer_utilisateur(
            session, monde.responsable, username="z", email="z@z.ma", full_name="Z", role=Role.AGENT
        )
    technicien = ouvrir(monde, username="t", email="t@t.ma", role=Role.TECHNICIEN)
    assert monde.lire(sa.select(Technicien.agence_id).where(Technicien.user_id == technicien)) == [(monde.cas,)]


def test_reset_lifts_the_lock_and_the_last_admin_stays(monde: Monde) -> None:
    ouvrir(monde)
    for _ in range(5):
        with pytest.raises(auth.LoginRefuseError):
            entrer(monde.engine, "faux")
    with transaction(monde.engine) as session:
        assert {c.username: c.verrouille for c in accounts.comptes(session)}["leila.amrani"] is True
        auth.reinitialiser(session, monde.admin, "leila.amrani", "nouveau-secret")
    with pytest.raises(PasswordToChooseError):
        entrer(monde.engine, "nouveau-secret")
    with transaction(monde.engine) as session:
        with pytest.raises(ValidationError, match="dernier administrateur"):
            accounts.close(session, ADMINISTRATION, accounts.by_name(session, "nadia.admin"))
        with pytest.raises(NotFoundError):
            accounts.by_name(session, "personne")


def test_a_given_password_serves_to_choose_one_and_ends(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    ident = ouvrir(monde, choisi=False)
    with pytest.raises(PasswordToChooseError):
        entrer(monde.engine)
    [row] = monde.lire(sa.select(User.last_login, User.password_changed_at).where(User.id == ident))
    assert tuple(row) == (None, None)
    for donne, nouveau, refus in (
        ("faux", "safran-77-bleu", auth.LoginRefuseError), (SECRET, SECRET, ValidationError),
        (SECRET, "court", ValidationError),
    ):  # fmt: skip
        with pytest.raises(refus), transaction(monde.engine) as session:
            auth.choisir(session, "leila.amrani", donne, nouveau)
    with pytest.raises(PasswordToChooseError):
        entrer(monde.engine)
    with transaction(monde.engine) as session:
        assert auth.choisir(session, "LEILA@exemple.ma", SECRET, "safran-77-bleu").user_id == ident
    assert entrer(monde.engine, "safran-77-bleu").user_id == ident
    with transaction(monde.engine) as session:
        [info] = [c for c in accounts.comptes(session) if c.id == ident]
        assert not info.a_choisir
        # Whoever is given another one chooses again, and has a week for it.
        auth.reinitialiser(session, monde.admin, "leila.amrani", "encore-un-autre")
    plus_tard = clock.now() + timedelta(days=7, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: plus_tard)
    with pytest.raises(auth.LoginRefuseError, match="7 jours"):
        entrer(monde.engine, "encore-un-autre")
    with pytest.raises(auth.LoginRefuseError, match="7 jours"), transaction(monde.engine) as session:
        auth.choisir(session, "leila.amrani", "encore-un-autre", "safran-77-bleu")
    with transaction(monde.engine) as session:
        [info] = [c for c in accounts.comptes(session) if c.id == ident]
        assert info.a_choisir


def test_a_person_changes_their_own_password_by_the_present_one(monde: Monde) -> None:
    ouvrir(monde)
    acteur = entrer(monde.engine)
    with pytest.raises(auth.LoginRefuseError, match="incorrect"), transaction(monde.engine) as session:
        auth.changer_mot_de_passe(session, acteur, "faux", "safran-77-bleu")
    [essais] = monde.lire(sa.select(User.failed_login_attempts).where(User.id == acteur.user_id))
    assert essais.failed_login_attempts == 1
    for refused in ("court", SECRET):
        with pytest.raises(ValidationError), transaction(monde.engine) as session:
            auth.changer_mot_de_passe(session, acteur, SECRET, refused)
    with transaction(monde.engine) as session:
        auth.changer_mot_de_passe(session, acteur, SECRET, "safran-77-bleu")
    assert entrer(monde.engine, "safran-77-bleu") == acteur
    with pytest.raises(auth.LoginRefuseError):
        entrer(monde.engine)


def test_passwords_are_kept_at_the_advised_cost_and_proved_from_the_salt() -> None:
    # As shipped: the other tests work with a cheaper one.
    shipped = runpy.run_path(empreinte.__file__)["hasher"]
    assert isinstance(shipped, PasswordHasher)
    kept = shipped.hash(SECRET)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert empreinte.calculer(kept.rsplit("$", 1)[0], SECRET) == kept
