"""What administrators keep: written by them alone, at its source alone, and never without the last of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import HELD, transaction
from erp_desktop.domain.administration.saisie import (
    AgenceInput,
    CodePanneInput,
    CompetenceInput,
    CompteInput,
    ExigenceInput,
    FerieInput,
    IdentiteInput,
    TarifInput,
    TauxTvaInput,
)
from erp_desktop.domain.enums import MotifHoraire, ReglePlanning, Role, TypeCodePanne, VerdictPlanning
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import (
    DuplicateError,
    ErpError,
    NotAllowedError,
    PasswordToChooseError,
    UserError,
    ValidationError,
)
from erp_desktop.models import Equipement, Technicien, TechnicienCompetence, User
from erp_desktop.services import auth
from erp_desktop.services.administration import accounts, agencies, calendar, maintenance, numbering, referentials
from erp_desktop.services.administration.referentials import FAILURE_CODES, NEEDS, RATES, SKILLS, VAT
from erp_desktop.services.administration.source import AU_CENTRE
from erp_desktop.services.interventions import failures
from erp_desktop.services.shared.letterhead import letterhead
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde


def _piece(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG = b"".join((
    SIGNATURE, _piece(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"),
    _piece(b"IDAT", zlib.compress(b"\0\x7f")), _piece(b"IEND", b""),
))  # fmt: skip


def refused(act: Callable[[], Any], kind: type[ErpError] = ValidationError) -> str:
    with pytest.raises(kind) as told:
        act()
    champs = getattr(told.value, "champs", None)
    return " ".join(champs.values()) if champs else str(told.value)


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


def test_a_half_day_is_told_and_comes_back_as_one(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    eve = FerieInput(jour=date(2027, 12, 31), libelle="Veille", agence_id=monde.cas, ouvert="08:30-10:30,11:00-12:30")
    made = do(calendar.create, admin, eve)
    assert do(calendar.get, admin, made).ouvert == "08:30-10:30,11:00-12:30"
    assert [r.duree for r in do(calendar.rows, admin, [made])] == ["demi"]
    kept = do(calendar.remove, admin, made)
    assert kept == eve
    again = do(calendar.create, admin, kept)
    assert [r.duree for r in do(calendar.rows, admin, [again])] == ["demi"]
    whole = do(calendar.create, admin, FerieInput(jour=date(2027, 12, 30), libelle="Pont"))
    assert (do(calendar.get, admin, whole).ouvert, do(calendar.rows, admin, [whole])[0].duree) == ("", "jour")
    do(calendar.update, admin, again, {"libelle": "La veille"})
    assert do(calendar.get, admin, again).ouvert == "08:30-10:30,11:00-12:30"


def test_hours_of_a_season_begin_and_end_and_a_range_that_runs_backwards_is_named(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    for dates in ((None, None), (date(2027, 2, 8), None), (None, date(2027, 3, 9))):
        told = refused(
            lambda d=dates: do(calendar.set_week, admin, monde.cas, "1=09:00-15:00", *d, MotifHoraire.RAMADAN),  # type: ignore[misc]
            UserError,
        )
        assert told == "Des horaires qui ne sont pas ceux de toute l'année ont un premier et un dernier jour."
    for ranges in ("18:30-08:30", "08:00-12:00,11:00-13:00"):
        told = refused(
            lambda r=ranges: do(calendar.set_week, admin, monde.cas, f"1={r}", None, None, MotifHoraire.NORMAL),  # type: ignore[misc]
            UserError,
        )
        assert told == f"« {ranges} » ne se lit pas : une plage finit après avoir commencé."


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_administers_from_a_branch_reads_how_its_own_file_stands(monde: Monde) -> None:
    monde.executer("UPDATE _allocateur SET poste = 4")
    now = monde.faire(maintenance.schema, monde.responsable)
    assert (now.etat, now.revision) == ("egal", now.attendue)
    assert monde.faire(maintenance.journal, monde.responsable)
    for act in (maintenance.schema, maintenance.journal):
        refused(lambda act=act: monde.faire(act, monde.agent), NotAllowedError)  # type: ignore[misc]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nothing_of_it_is_written_on_a_branchs_desktop(monde: Monde) -> None:
    monde.executer("UPDATE _allocateur SET poste = 4")
    do, admin = monde.faire, monde.admin
    for act in (
        lambda: do(accounts.close, admin, monde.agent.user_id),
        lambda: do(accounts.invite, admin, monde.agent.user_id),
        lambda: do(accounts.update, admin, monde.agent.user_id, {"role": "admin"}),
        lambda: do(agencies.create, admin, AgenceInput(code="FES", nom="Fès")),
        lambda: do(agencies.LETTERHEADS.create, admin, IdentiteInput(raison_sociale="MIF")),
        lambda: do(VAT.create, admin, TauxTvaInput(libelle="X", taux=7, date_debut=date(2027, 1, 1))),
        lambda: do(calendar.create, admin, FerieInput(jour=date(2027, 5, 5), libelle="Pont")),
        lambda: do(calendar.set_week, admin, monde.cas, "1=08:00-12:00", None, None, MotifHoraire.NORMAL),
        lambda: do(maintenance.decide_rule, admin, None, ReglePlanning.SLA, VerdictPlanning.REFUSER),
    ):  # fmt: skip
        assert refused(act, NotAllowedError) == AU_CENTRE
    assert do(accounts.get, admin, monde.agent.user_id).invite is None, "a desktop is not told"


def test_reference_data_has_one_meaning_on_one_day(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    january, june = date(2026, 1, 1), date(2026, 6, 30)
    normal = do(VAT.create, admin, TauxTvaInput(libelle="Taux normal", taux="20", date_debut=january))
    again = TauxTvaInput(libelle="taux NORMAL", taux="22", date_debut=date(2027, 1, 1))
    assert "vaut déjà du 01/01/2026 sans fin" in refused(lambda: do(VAT.create, admin, again))
    same = TauxTvaInput(libelle="Autre", taux="20", date_debut=june)
    assert "Ce pourcentage vaut déjà" in refused(lambda: do(VAT.create, admin, same))
    assert "précède" in refused(lambda: do(VAT.update, admin, normal, {"date_fin": date(2025, 1, 1)}))
    do(VAT.update, admin, normal, {"date_fin": date(2026, 12, 31)})
    do(VAT.create, admin, again)
    assert [r.taux for r in do(VAT.rows, admin, do(VAT.ids, admin, ListQuery("normal")))] == [20, 22]

    hour = {"type_ligne": "main_oeuvre", "libelle": "Heure", "unite": "h", "date_debut": january}
    do(RATES.create, admin, TarifInput(prix_unitaire="250", **hour))
    own = do(RATES.create, admin, TarifInput(prix_unitaire="300", agence_id=monde.cas, date_fin=june, **hour))
    assert "Ce tarif vaut déjà" in refused(
        lambda: do(RATES.create, admin, TarifInput(prix_unitaire="310", agence_id=monde.cas, **hour))
    )
    assert [r.agence for r in do(RATES.rows, admin, [own])] == ["CAS"]
    with transaction(monde.engine, write=False) as session:
        july = date(2026, 7, 1)
        for agence, day, price in ((monde.cas, june, 300), (monde.cas, july, 250), (monde.rab, june, 250)):
            found = referentials.tarif_du_jour(session, agence, "main_oeuvre", day)
            assert found is not None
            assert found.prix_unitaire == Decimal(price)
        assert referentials.tarif_du_jour(session, None, "deplacement", june) is None

    cold = do(SKILLS.create, admin, CompetenceInput(nom="Froid", duree_validite_mois=24))
    assert "existe déjà" in refused(lambda: do(SKILLS.create, admin, CompetenceInput(nom="Froid")), DuplicateError)
    need = ExigenceInput(type_equipement="Groupe froid", competence_id=cold)
    made = do(NEEDS.create, admin, need)
    assert "déjà exigée" in refused(lambda: do(NEEDS.create, admin, need), DuplicateError)
    told = refused(lambda: do(SKILLS.remove, admin, cold), UserError)
    assert told == "Une fiche s'en sert encore : rien n'est supprimé."
    do(NEEDS.remove, admin, made)
    do(SKILLS.remove, admin, cold)
    for role in (monde.agent, monde.responsable):
        refused(lambda role=role: do(SKILLS.create, role, CompetenceInput(nom="X")), NotAllowedError)  # type: ignore[misc]


def test_failure_codes_make_a_tree_and_fit_the_machine(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    top = do(FAILURE_CODES.create, admin, CodePanneInput(type="cause", code="mec", libelle="Mécanique"))
    seal = do(FAILURE_CODES.create, admin, CodePanneInput(
        type="cause", code="MEC-01", libelle="Joint usé", parent_id=top, type_equipement="Presse",
    ))  # fmt: skip
    assert "existe déjà" in refused(
        lambda: do(FAILURE_CODES.create, admin, CodePanneInput(type="cause", code="MEC", libelle="X")), DuplicateError
    )
    assert "au-dessous" in refused(lambda: do(FAILURE_CODES.update, admin, top, {"parent_id": seal}))
    other = do(FAILURE_CODES.create, admin, CodePanneInput(type="remede", code="R-1", libelle="Remplacer"))
    assert "du même type" in refused(lambda: do(FAILURE_CODES.update, admin, seal, {"parent_id": other}))

    def offered(typed: str = "") -> list[str]:
        found = do(failures.codes, monde.agent, TypeCodePanne.CAUSE, typed, monde.equipement)
        return [c.libelle for c in found]

    assert offered() == ["MEC · Mécanique"]
    with transaction(monde.engine) as session:
        session.get_one(Equipement, monde.equipement).type_equipement = "presse"
    assert offered() == ["MEC · Mécanique", "MEC-01 · Joint usé"]
    do(FAILURE_CODES.update, admin, top, {"is_active": False})
    assert offered("joint") == ["MEC-01 · Joint usé"]
    assert do(FAILURE_CODES.get, admin, seal).parent == "MEC · Mécanique"


def test_an_agency_its_hours_its_holidays_and_its_letterhead(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    made = do(agencies.create, admin, AgenceInput(code="fes", nom="Fès", ville="Fès", telephone="0535112233"))
    same = AgenceInput(code="FES", nom="X")
    assert "déjà celui" in refused(lambda: do(agencies.create, admin, same), DuplicateError)
    assert "ne change plus" in refused(lambda: do(agencies.update, admin, made, {"code": "FEZ"}))
    assert "encore" in refused(lambda: do(agencies.update, admin, monde.cas, {"is_active": False}))
    assert [r.code for r in do(agencies.rows, admin, do(agencies.ids, admin, ListQuery("fes")))] == ["FES"]
    do(calendar.set_week, admin, made, "1-5=08:30-12:30,14:00-18:30 6=08:30-12:30", None, None, MotifHoraire.NORMAL)
    ramadan = (date(2027, 2, 8), date(2027, 3, 9), MotifHoraire.RAMADAN)
    do(calendar.set_week, admin, made, "1-6=09:00-15:00", *ramadan)
    assert [w.motif for w in do(calendar.weeks, admin, made)][:2] == ["ramadan", "normal"]
    assert do(calendar.weeks, admin, made)[1].jours[5] == (6, "08:30-12:30")
    refused(lambda: do(calendar.set_week, admin, made, "lundi matin", None, None, MotifHoraire.NORMAL), UserError)
    do(calendar.remove_week, admin, made, *ramadan)
    assert "ramadan" not in [w.motif for w in do(calendar.weeks, admin, made)]

    aid = do(calendar.create, admin, FerieInput(jour=date(2027, 5, 16), libelle="Aïd", provisoire=True))
    assert do(calendar.ids, admin, ListQuery("annee:2027 etat:provisoire")) == [aid]
    do(calendar.confirm, admin, aid, date(2027, 5, 17))
    assert (lambda c: (c.jour, c.provisoire))(do(calendar.get, admin, aid)) == (date(2027, 5, 17), False)
    kept = do(calendar.remove, admin, aid)
    do(calendar.create, admin, kept)
    assert "déjà férié" in refused(lambda: do(calendar.create, admin, kept), DuplicateError)

    company = do(agencies.LETTERHEADS.create, admin, IdentiteInput(
        raison_sociale="MIF Maroc", ice="001532097000001", telephone="0522000000", rib="007 780 0001234567890123 45",
    ))  # fmt: skip
    branch = do(agencies.LETTERHEADS.create, admin, IdentiteInput(raison_sociale="MIF Fès", agence_id=made))
    refused(lambda: do(agencies.LETTERHEADS.create, admin, IdentiteInput(raison_sociale="X")), DuplicateError)
    for broken in (b"GIF89a", SIGNATURE + bytes(40), PNG[:-1], PNG[:40] + b"?" + PNG[41:], SIGNATURE):
        assert "une image PNG" in refused(lambda p=broken: do(agencies.set_logo, admin, company, p))  # type: ignore[misc]
    heavy = PNG[:-12] + _piece(b"tEXt", bytes(agencies.LOGO_MAX)) + PNG[-12:]
    assert "trop lourd" in refused(lambda: do(agencies.set_logo, admin, company, heavy))
    do(agencies.set_logo, admin, company, PNG)
    with transaction(monde.engine, write=False) as session:
        one, all_ = letterhead(session, made), letterhead(session, monde.rab)
    assert (one.raison_sociale, one.ice, one.telephone, one.ville, one.logo) == (
        "MIF Fès", "001532097000001", "+212535112233", "Fès", PNG,
    )  # fmt: skip
    assert (all_.raison_sociale, all_.telephone) == ("MIF Maroc", "+212522000000")
    assert all_.rib == "007780000123456789012345"
    assert branch != company


def test_planning_rules_numbers_schema_and_journal(monde: Monde) -> None:
    do, admin, rule = monde.faire, monde.admin, ReglePlanning.CHEVAUCHEMENT

    def verdict(agence: int | None) -> tuple[VerdictPlanning, bool]:
        found: dict[ReglePlanning, tuple[VerdictPlanning, bool]] = do(maintenance.planning_rules, admin, agence)
        return found[rule]

    do(maintenance.decide_rule, admin, None, rule, VerdictPlanning.REFUSER)
    assert (verdict(None), verdict(monde.cas)) == ((VerdictPlanning.REFUSER, True), (VerdictPlanning.REFUSER, False))
    do(maintenance.decide_rule, admin, monde.cas, rule, VerdictPlanning.IGNORER)
    assert verdict(monde.cas) == (VerdictPlanning.IGNORER, True)
    do(maintenance.decide_rule, admin, monde.cas, rule, None)
    assert verdict(monde.cas) == (VerdictPlanning.REFUSER, False)

    with transaction(monde.engine) as session:
        for number in (1, 2, 5, 9):
            session.execute(
                sa.text(
                    "INSERT INTO interventions (id, agence_id, numero, titre, equipement_id, client_id, "
                    "date_creation, created_at, updated_at) SELECT :i, agence_id, :n, 'X', id, client_id, "
                    "created_at, created_at, created_at FROM equipements WHERE id = :e"
                ),
                {"i": (1 << 33) + number, "n": f"INT-CAS-04-2026-{number:05}", "e": monde.equipement},
            )
    (serie,) = [s for s in do(numbering.series, admin) if s.prefixe == "INT-CAS-04-2026-"]
    assert (serie.premier, serie.dernier, serie.nombre, serie.manquants) == (1, 9, 4, 5)
    assert do(numbering.gaps, admin, "interventions", serie.prefixe) == [(3, 4), (6, 8)]
    refused(lambda: do(numbering.series, monde.agent), NotAllowedError)

    now = do(maintenance.schema, admin)
    assert (now.etat, now.revision, now.exclus) == ("egal", now.attendue, ())
    lines = do(maintenance.journal, admin)
    assert lines
    assert {e.genre for e in lines} <= {"migration", "echange", "refus"}
    assert do(maintenance.journal_rows, admin, do(maintenance.journal_ids, admin, ListQuery("migration")))
