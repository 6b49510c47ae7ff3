"""Accounts: opened, invited, locked, moved and closed, and never without the last administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import HELD, transaction
from erp_desktop.domain.administration.saisie import (
    AgenceInput,
    CompetenceInput,
    CompteInput,
)
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import (
    DuplicateError,
    NotAllowedError,
    PasswordToChooseError,
    UserError,
)
from erp_desktop.models import Technicien, TechnicienCompetence, User
from erp_desktop.services import auth
from erp_desktop.services.administration import accounts, agencies
from erp_desktop.services.administration.referentials import SKILLS
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde, refused


def test_accounts_are_opened_invited_locked_and_the_last_administrator_stays(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    typed = CompteInput(username="H.Tazi", full_name="Hajar Tazi", email="H.Tazi@exemple.ma", role=Role.AGENT,
                        agence_id=monde.cas)  # fmt: skip
    refused(lambda: do(accounts.create, monde.responsable, typed), NotAllowedError)
    made = do(accounts.create, admin, typed)
    card = do(accounts.get, admin, made)
    assert (card.username, card.email, card.agence, card.invite, card.is_active) == (
        "h.tazi", "h.tazi@exemple.ma", "CAS", False, True,
    )  # fmt: skip
    assert "déjà celui de « Hajar Tazi »" in refused(lambda: do(accounts.create, admin, typed), DuplicateError)
    assert made in do(accounts.ids, admin, ListQuery("role:agent agence:cas tazi"))
    assert [r.full_name for r in do(accounts.rows, admin, [made])] == ["Hajar Tazi"]
    # Nobody enters before the first password, which is given back once.
    with transaction(monde.engine) as session, pytest.raises(auth.LoginRefuseError):
        auth.login(session, "h.tazi", "")
    word = do(accounts.invite, admin, made)
    with transaction(monde.engine) as session, pytest.raises(PasswordToChooseError):
        auth.login(session, "h.tazi", word)
    ends = do(accounts.get, admin, made).donne_jusqu_a
    assert ends is not None
    assert timedelta(days=6) < ends - clock.now() <= timedelta(days=7)
    own = "celui-de-hajar"
    with transaction(monde.engine) as session:
        assert auth.choisir(session, "h.tazi", word, own).user_id == made
    card = do(accounts.get, admin, made)
    assert (card.invite, card.donne_jusqu_a) == (True, None)
    for _ in range(auth.ESSAIS):
        with transaction(monde.engine) as session, pytest.raises(auth.LoginRefuseError):
            auth.login(session, "h.tazi", "faux")
    assert do(accounts.get, admin, made).verrouille
    do(accounts.unlock, admin, made)
    with transaction(monde.engine) as session:
        auth.login(session, "h.tazi", own)
    do(accounts.update, admin, made, {"role": "technicien", "phone": "0661234567"})
    with transaction(monde.engine, write=False) as session:
        profile = sa.text("SELECT count(*) FROM techniciens WHERE user_id = :u")
        assert session.scalar(profile, {"u": made}) == 1, "a technicien has a profile"
    do(accounts.close, admin, made)
    with transaction(monde.engine) as session, pytest.raises(auth.LoginRefuseError):
        auth.login(session, "h.tazi", own)
    assert "réactivez-le" in refused(lambda: do(accounts.invite, admin, made))
    do(accounts.reopen, admin, made)

    # One's own rights, and the last administrator's, are taken away by nobody.
    for act in (
        lambda: do(accounts.close, admin, admin.user_id),
        lambda: do(accounts.update, admin, admin.user_id, {"role": "agent"}),
    ):
        assert refused(act) == accounts.SOI
    second = do(accounts.create, admin, CompteInput(
        username="deux", full_name="Deux", email="deux@exemple.ma", role=Role.ADMIN,
    ))  # fmt: skip
    other = Acteur(second, "Deux", Role.ADMIN, None)
    do(accounts.update, other, admin.user_id, {"role": "responsable"})
    do(accounts.update, other, admin.user_id, {"role": "admin"})
    do(accounts.close, other, admin.user_id)
    # Closed meanwhile, the first acts on: the second is the last one.
    for act in (
        lambda: do(accounts.close, admin, second), lambda: do(accounts.update, admin, second, {"role": "agent"}),
    ):  # fmt: skip
        assert refused(act) == accounts.DERNIER


@pytest.mark.parametrize("email", ["hajar@", "@exemple.ma", "hajar@exemple", "ha jar@exemple.ma", "a@b@c.ma"])
def test_an_address_that_reaches_nobody_is_refused_wherever_an_account_is_opened(monde: Monde, email: str) -> None:
    told = "Adresse de courriel illisible."
    typed = {"username": "h.tazi", "full_name": "Hajar Tazi", "email": email, "role": Role.AGENT}
    assert refused(lambda: CompteInput(**typed)) == told
    with transaction(monde.engine) as session:
        assert refused(lambda: auth.creer_utilisateur(session, None, **typed)) == told
    assert refused(lambda: monde.faire(accounts.update, monde.admin, monde.agent.user_id, {"email": email})) == told


def test_marks_that_nobody_sees_are_no_part_of_what_a_person_signs_in_with(monde: Monde) -> None:
    typed = CompteInput(
        username="h\u200f.tazi\u200e", full_name="Hajar Tazi", email="\u202ah.tazi@exemple.ma\u202c", role=Role.AGENT
    )
    card = monde.faire(accounts.get, monde.admin, monde.faire(accounts.create, monde.admin, typed))
    assert (card.username, card.email) == ("h.tazi", "h.tazi@exemple.ma")
    refused(lambda: CompteInput(username="\u200f", full_name="X", email="x@exemple.ma", role=Role.AGENT))


def test_no_account_is_at_work_in_a_closed_agency(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    fes = do(agencies.create, admin, AgenceInput(code="fes", nom="Fès"))
    typed = {"username": "h.tazi", "full_name": "Hajar Tazi", "email": "h@exemple.ma", "role": Role.AGENT}
    made = do(accounts.create, admin, CompteInput(agence_id=fes, **typed))
    told = refused(lambda: do(agencies.update, admin, fes, {"is_active": False}))
    assert told.startswith("Cette agence a encore un compte actif")
    do(accounts.close, admin, made)
    do(agencies.update, admin, fes, {"is_active": False})
    other = {**typed, "username": "x", "email": "x@exemple.ma"}
    acts = (
        lambda: do(accounts.reopen, admin, made),
        lambda: do(accounts.create, admin, CompteInput(agence_id=fes, **other)),
        lambda: do(accounts.update, admin, monde.agent.user_id, {"agence_id": fes}),
        lambda: do(lambda session, _acteur: auth.creer_utilisateur(session, None, agence_code="fes", **other), admin),
    )  # fmt: skip
    for act in acts:
        assert refused(act) == "L'agence FES est fermée : rouvrez-la, ou changez l'agence du compte."
    do(accounts.update, admin, made, {"agence_id": monde.cas})
    do(accounts.reopen, admin, made)


def _work_of_karim(monde: Monde) -> None:
    monde.executer(
        "INSERT INTO interventions (id, agence_id, numero, titre, equipement_id, client_id, technicien_id, "
        "date_creation, created_at, updated_at) SELECT :i, agence_id, 'INT-CAS-04-2026-00001', 'X', id, client_id, "
        ":t, created_at, created_at, created_at FROM equipements WHERE id = :e",
        i=(1 << 33) + 78, t=monde.karim, e=monde.equipement,
    )  # fmt: skip


def test_a_technicien_goes_to_another_agency_while_no_work_names_the_profile(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    (account,) = monde.lire(sa.select(Technicien.user_id).where(Technicien.id == monde.karim))[0]
    skill = do(SKILLS.create, admin, CompetenceInput(nom="Soudure"))
    monde.executer(
        "INSERT INTO technicien_competence (id, agence_id, technicien_id, competence_id, niveau, created_at, "
        "updated_at) SELECT :i, agence_id, id, :c, 'expert', created_at, created_at FROM techniciens WHERE id = :t",
        i=(1 << 33) + 77, c=skill, t=monde.karim,
    )  # fmt: skip
    places = sa.select(User.agence_id, Technicien.agence_id, TechnicienCompetence.agence_id).where(
        User.id == account, Technicien.user_id == User.id, TechnicienCompetence.technicien_id == Technicien.id
    )
    do(accounts.update, admin, account, {"agence_id": monde.rab})
    assert monde.lire(places) == [(monde.rab, monde.rab, monde.rab)]
    do(accounts.update, admin, account, {"agence_id": monde.cas})
    _work_of_karim(monde)
    assert refused(lambda: do(accounts.update, admin, account, {"agence_id": monde.rab})) == accounts.AU_TRAVAIL
    assert monde.lire(places) == [(monde.cas, monde.cas, monde.cas)]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_holds_a_row_back_in_its_agency_is_said(monde: Monde) -> None:
    _work_of_karim(monde)
    with pytest.raises(UserError) as told:
        monde.executer(
            "UPDATE users SET agence_id = :a WHERE id = (SELECT user_id FROM techniciens WHERE id = :t)",
            a=monde.rab, t=monde.karim,
        )  # fmt: skip
    assert str(told.value) == HELD
