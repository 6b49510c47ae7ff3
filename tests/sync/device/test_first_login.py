"""The first login on a device, against a real centre."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import CentralUnreachableError, NotAllowedError, PasswordToChooseError, ValidationError
from erp_desktop.models import User
from erp_desktop.models.local import verificateurs
from erp_desktop.models.users import SECRETS
from erp_desktop.services import auth
from erp_desktop.settings import Mode, Settings
from erp_desktop.sync.device import enrolment, registration
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.syncer import Syncer
from erp_desktop.ui.sign_in.page import changer_au_poste, choisir_au_poste, login_au_poste

SECRET = "minaret-42-vert"


class Poste:
    """A centre with two agencies and one enrolled device of Casablanca."""

    def __init__(self, url: str, folder: Path) -> None:
        self.centre = create_pg_engine(url)
        for code in ("CAS", "RAB"):
            enrolment.add_agence(self.centre, code, code, code)
        self.ouvrir("salma", "CAS")
        self.ouvrir("yasmine", "RAB")
        self.settings = Settings(mode=Mode.AGENCE, data_dir=folder, log_dir=folder, secrets_file=folder / "s.json")
        done = enrolment.enroll(
            url, "CAS", "Accueil", self.settings.cache, secrets_file=self.settings.secrets_file, encrypted=False
        )
        self.poste = done.poste
        self.cache = create_sqlite_engine(self.settings.cache)

    def ouvrir(self, nom: str, agence: str, *, choisi: bool = True) -> None:
        """An account whose password is the person's own, or the one that they were given."""
        with transaction(self.centre) as session:
            auth.creer_utilisateur(session, None, username=nom, email=f"{nom}@x.ma", full_name=nom.title(),
                                   role=Role.AGENT, mot_de_passe=SECRET, agence_code=agence)  # fmt: skip
            if choisi:
                session.execute(sa.update(User).where(User.username == nom).values(password_given_at=None))

    def choisir(self, nom: str, donne: str, nouveau: str) -> Acteur:
        with transaction(self.cache) as session:
            return choisir_au_poste(session, nom, donne, nouveau, settings=self.settings)

    def donner_il_y_a(self, nom: str, jours: int) -> None:
        donne = clock.now() - timedelta(days=jours)
        with transaction(self.centre) as session:
            session.execute(sa.update(User).where(User.username == nom).values(password_given_at=donne))
        self.echanger()

    def echanger(self) -> None:
        with Cache(self.settings.cache) as cache:
            link = enrolment.device_link(cache, self.settings.secrets_file)
            Syncer(cache, link).run()
            link.close()

    def entrer(self, nom: str = "salma", secret: str = SECRET) -> Acteur:
        with transaction(self.cache) as session:
            return login_au_poste(session, nom, secret, settings=self.settings)

    def changer(self, acteur: Acteur, ancien: str, nouveau: str) -> None:
        with transaction(self.cache) as session:
            changer_au_poste(session, acteur, ancien, nouveau, settings=self.settings)

    def compte(self, nom: str) -> User:
        with transaction(self.centre, write=False) as session:
            secrets = undefer_group(SECRETS)
            compte = session.scalars(sa.select(User).where(User.username == nom).options(secrets)).one()
            session.expunge(compte)
            return compte

    def couper(self) -> None:
        """Forget the centre's address, as far as this device can tell: the line is down."""
        with transaction(self.cache) as session:
            session.execute(sa.text("UPDATE sync_meta SET valeur = replace(valeur, '127.0.0.1', '127.0.0.2') "
                                    "WHERE cle = 'url'"))  # fmt: skip

    def versions(self) -> int:
        with transaction(self.centre, write=False) as session:
            return int(
                session.execute(sa.text("SELECT sum(ver) FROM sync.row_state WHERE nom_table = 'users'")).scalar_one()
            )


@pytest.fixture
def poste(pg_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Poste(pg_url, tmp_path)
    yield made
    made.cache.dispose()
    made.centre.dispose()


def test_first_login_asks_the_centre_then_works_offline(poste: Poste) -> None:
    avant = poste.versions()
    acteur = poste.entrer()
    assert (acteur.nom, acteur.agence_code, acteur.poste) == ("Salma", "CAS", poste.poste)
    assert poste.compte("salma").last_login is not None
    assert poste.versions() == avant
    poste.couper()
    assert poste.entrer() == acteur
    with transaction(poste.cache, write=False) as session:
        assert session.execute(sa.select(User.hashed_password)).scalars().all() == [None]
        [garde] = session.execute(sa.select(verificateurs.c.empreinte)).scalars()
    assert garde != poste.compte("salma").hashed_password


def test_no_line_says_that_the_first_login_needs_it(poste: Poste) -> None:
    poste.couper()
    with pytest.raises(auth.PremiereConnexionError, match="ligne"):
        poste.entrer()


def test_a_password_changed_at_the_centre_is_taken_over(poste: Poste) -> None:
    acteur = poste.entrer()
    with transaction(poste.centre) as session:
        auth.reinitialiser(session, None, "salma", "nouveau-secret")
    # Nothing of it was heard here yet: the old one opens, the new one is the centre's to judge.
    assert poste.entrer() == acteur
    with pytest.raises(PasswordToChooseError):
        poste.entrer(secret="nouveau-secret")
    with pytest.raises(ValidationError):
        poste.choisir("salma", "nouveau-secret", "nouveau-secret")
    assert poste.choisir("salma", "nouveau-secret", "safran-77-bleu") == acteur
    with pytest.raises(NotAllowedError, match="incorrect"):
        poste.choisir("salma", "nouveau-secret", "encore-un-autre")
    poste.echanger()
    poste.couper()
    assert poste.entrer(secret="safran-77-bleu") == acteur
    for secret in (SECRET, "nouveau-secret"):
        with pytest.raises(auth.LoginRefuseError, match="incorrect"):
            poste.entrer(secret=secret)


def test_a_reset_ends_offline_logins_with_the_exchange_that_brings_it(poste: Poste) -> None:
    poste.entrer()
    with transaction(poste.centre) as session:
        auth.reinitialiser(session, None, "salma", "nouveau-secret")
    poste.echanger()
    with pytest.raises(NotAllowedError, match="incorrect"):
        poste.entrer()
    poste.couper()
    for secret in (SECRET, "nouveau-secret"):
        with pytest.raises(auth.PremiereConnexionError, match="nouveau mot de passe"):
            poste.entrer(secret=secret)
    with pytest.raises(CentralUnreachableError, match="ligne du centre"):
        poste.choisir("salma", "nouveau-secret", "safran-77-bleu")


def test_a_given_password_does_nothing_at_the_centre_but_choose(poste: Poste) -> None:
    poste.ouvrir("nouvelle", "CAS", choisi=False)
    # The account is not here yet: nothing is asked of the person before it is.
    with pytest.raises(auth.LoginRefuseError, match="prochain échange"):
        poste.entrer("nouvelle")
    poste.echanger()
    with pytest.raises(PasswordToChooseError):
        poste.entrer("nouvelle")
    assert poste.compte("nouvelle").last_login is None
    with transaction(poste.cache, write=False) as session:
        assert session.execute(sa.select(verificateurs.c.user_id)).all() == []
    poste.donner_il_y_a("nouvelle", 7)
    for asked in (lambda: poste.entrer("nouvelle"), lambda: poste.choisir("nouvelle", SECRET, "safran-77-bleu")):
        with pytest.raises(NotAllowedError, match="7 jours"):
            asked()
    poste.donner_il_y_a("nouvelle", 6)
    assert poste.choisir("nouvelle", SECRET, "safran-77-bleu").nom == "Nouvelle"
    assert poste.compte("nouvelle").password_changed_at is not None
    assert poste.entrer("nouvelle", "safran-77-bleu").nom == "Nouvelle"


def test_guessing_through_a_device_locks_the_account_at_the_centre(poste: Poste) -> None:
    for _ in range(5):
        with pytest.raises(NotAllowedError):
            poste.entrer(secret="faux-secret")
    assert poste.compte("salma").locked_until is not None
    with pytest.raises(NotAllowedError, match="verrouillé"):
        poste.entrer()


def test_a_device_learns_nothing_about_other_agencies(poste: Poste) -> None:
    with pytest.raises(NotAllowedError, match="incorrect"):
        poste.entrer("yasmine")
    assert poste.compte("yasmine").failed_login_attempts == 0
    with transaction(poste.centre) as session:
        login = session.execute(sa.text("SELECT login FROM sync.devices")).scalar_one()
        session.execute(sa.text(f'SET LOCAL SESSION AUTHORIZATION "{login}"'))
        sels = [
            session.execute(sa.text("SELECT sync.connexion_sel(:n)"), {"n": nom}).scalar_one()
            for nom in ("salma", "yasmine", "personne", "personne")
        ]
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), session.begin_nested():
            session.execute(sa.text("SELECT hashed_password FROM users"))
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), session.begin_nested():
            session.execute(sa.text("SELECT sync.compte_connu('yasmine')"))
    vrai = (poste.compte("yasmine").hashed_password or "").rpartition("$")[0]
    assert sels[1] != vrai
    assert sels[2] == sels[3]
    assert {len(s) for s in sels} == {len(vrai)}


def test_a_revoked_device_is_refused(poste: Poste) -> None:
    registration.revoke(poste.centre, poste.poste, stolen=True)
    with pytest.raises(NotAllowedError):
        poste.entrer()
    assert poste.compte("salma").last_login is None


def test_a_device_changes_a_password_at_the_centre_and_keeps_it_for_offline(poste: Poste) -> None:
    acteur, avant = poste.entrer(), poste.versions()
    poste.changer(acteur, SECRET, "safran-77-bleu")
    compte = poste.compte("salma")
    assert compte.password_changed_at is not None
    assert poste.versions() == avant
    with transaction(poste.centre) as session:
        assert auth.login(session, "salma", "safran-77-bleu").user_id == acteur.user_id
    with transaction(poste.cache, write=False) as session:
        assert session.execute(sa.select(User.hashed_password)).scalars().all() == [None]
    poste.couper()
    assert poste.entrer(secret="safran-77-bleu") == acteur
    with pytest.raises(auth.LoginRefuseError):
        poste.entrer()


def test_a_wrong_present_password_changes_nothing_and_is_counted(poste: Poste) -> None:
    acteur = poste.entrer()
    avant = poste.compte("salma").hashed_password
    with pytest.raises(NotAllowedError, match="incorrect"):
        poste.changer(acteur, "faux-secret", "safran-77-bleu")
    assert (poste.compte("salma").hashed_password, poste.compte("salma").failed_login_attempts) == (avant, 1)
    assert poste.entrer() == acteur


def test_without_the_line_a_password_stays_and_a_sentence_says_why(poste: Poste) -> None:
    acteur = poste.entrer()
    poste.couper()
    with pytest.raises(CentralUnreachableError, match="ligne du centre"):
        poste.changer(acteur, SECRET, "safran-77-bleu")
    assert poste.entrer() == acteur


@pytest.mark.parametrize(
    "hache",
    ["safran-77-bleu", None, "$argon2id$v=19$m=65536",
     "$argon2id$v=19$m=8,t=1,p=1$c2Vsc2Vsc2Vsc2Vsc2Vsc2U$" + "A" * 43],
)  # fmt: skip
def test_the_centre_takes_no_hash_that_is_cheap_to_guess(poste: Poste, hache: str | None) -> None:
    avant = poste.compte("salma").hashed_password
    with transaction(poste.centre) as session:
        login = session.execute(sa.text("SELECT login FROM sync.devices")).scalar_one()
        session.execute(sa.text(f'SET LOCAL SESSION AUTHORIZATION "{login}"'))
        with pytest.raises(sa.exc.DataError), session.begin_nested():
            session.execute(
                sa.text("SELECT user_id FROM sync.changer_secret('salma', :p, :n)"), {"p": avant, "n": hache}
            )
    assert poste.compte("salma").hashed_password == avant


def test_a_device_changes_no_password_of_another_agency(poste: Poste) -> None:
    avant = poste.compte("yasmine").hashed_password
    with transaction(poste.centre) as session:
        login = session.execute(sa.text("SELECT login FROM sync.devices")).scalar_one()
        session.execute(sa.text(f'SET LOCAL SESSION AUTHORIZATION "{login}"'))
        changed = session.execute(
            sa.text("SELECT user_id, verrou FROM sync.changer_secret('yasmine', :p, :n)"),
            {"p": avant, "n": auth.hacher("safran-77-bleu")},
        ).one()
    assert tuple(changed) == (None, None)
    assert poste.compte("yasmine").hashed_password == avant
