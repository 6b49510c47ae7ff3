"""What administrators keep: written by them alone, and at its source alone."""

from __future__ import annotations

import zlib
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.administration.saisie import (
    AgenceInput,
    CodePanneInput,
    CompetenceInput,
    ExigenceInput,
    FerieInput,
    IdentiteInput,
    TarifInput,
    TauxTvaInput,
)
from erp_desktop.domain.enums import MotifHoraire, ReglePlanning, TypeCodePanne, VerdictPlanning
from erp_desktop.errors import (
    DuplicateError,
    NotAllowedError,
    UserError,
)
from erp_desktop.models import Equipement
from erp_desktop.services.administration import accounts, agencies, calendar, maintenance, numbering, referentials
from erp_desktop.services.administration.referentials import FAILURE_CODES, NEEDS, RATES, SKILLS, VAT
from erp_desktop.services.administration.source import AU_CENTRE
from erp_desktop.services.interventions import failures
from erp_desktop.services.shared.letterhead import letterhead
from erp_desktop.services.shared.lists import ListQuery
from tests.services.branch import Monde, refused


def _piece(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG = b"".join((
    SIGNATURE, _piece(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"),
    _piece(b"IDAT", zlib.compress(b"\0\x7f")), _piece(b"IEND", b""),
))  # fmt: skip


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
    for words in ("migration", "mise à niveau", "genre:migration", "genre:migration genre:refus niveau"):
        assert do(maintenance.journal_rows, admin, do(maintenance.journal_ids, admin, ListQuery(words)))
    for words in ("genre:refus", "genre:inconnu", "genre:migration absent"):
        assert do(maintenance.journal_ids, admin, ListQuery(words)) == []
