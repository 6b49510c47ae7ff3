"""Offices made up for demonstrations: they agree with themselves, and go on after real work orders."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import rythme
from erp_desktop.models import (
    Absence,
    Client,
    Creneau,
    HistoriqueIntervention,
    Intervention,
    Occurrence,
    Planning,
    Technicien,
)
from erp_desktop.services.demo import data as demo_data
from erp_desktop.services.preventif import dues, smoothing


def test_generated_offices_agree_with_themselves(engine: sa.Engine, agence: int) -> None:
    with transaction(engine) as session:
        made = demo_data.generer(session, "CAS", 400, seed=7)
    assert made.interventions == 400
    with transaction(engine, write=False) as session:
        rows = session.execute(sa.select(Intervention)).scalars().all()
        audits = session.execute(
            sa.select(HistoriqueIntervention.intervention_id, HistoriqueIntervention.statut).order_by(
                HistoriqueIntervention.horodatage, HistoriqueIntervention.id
            )
        ).all()
        last = {a.intervention_id: a.statut for a in audits}
        for row in rows:
            assert last[row.id] == row.statut
            assert (row.technicien_id is None) == (row.statut in {"ouverte", "annulee"})
            assert (row.date_fin_travaux is None) == (row.statut not in {"cloturee", "archivee"})
            assert row.date_debut_travaux is None or row.date_debut_travaux >= row.date_creation
        assert len({r.numero for r in rows}) == len(rows) == 403, "the visits of a shutdown come on top"
    with transaction(engine, write=False) as session:
        visits = session.execute(sa.select(Planning, Occurrence.date_prevue).join(Occurrence)).all()
        assert visits
        for plan, day in visits:
            assert rythme.dates(dues.rythme_de(plan, day), day, day) == [day], f"{plan.frequence} is not due on {day}"


def test_somebody_is_at_work_at_any_hour_of_the_week(engine: sa.Engine, agence: int) -> None:
    """A Saturday afternoon found nothing running, and the demonstration's story stopped before its first page."""
    running = sa.select(sa.func.count()).select_from(Intervention).where(Intervention.statut == "en_cours")
    saturday = datetime(2026, 11, 28, 15, 17, tzinfo=UTC)
    for hours in (0, 9, 18, 35, 81):
        with transaction(engine) as session:
            savepoint = session.begin_nested()
            demo_data.generer(session, "CAS", 30, seed=1, maintenant=saturday + timedelta(hours=hours))
            assert session.scalar(running), f"{hours} h after Saturday afternoon nobody works"
            savepoint.rollback()


def test_the_same_seed_makes_the_same_office(engine: sa.Engine, agence: int) -> None:
    def titles() -> list[tuple[str, str]]:
        with transaction(engine, write=False) as session:
            return [(r.titre, r.statut) for r in session.execute(sa.select(Intervention.titre, Intervention.statut))]

    with transaction(engine) as session:
        demo_data.generer(session, "CAS", 50, seed=3)
    first = sorted(titles())
    with transaction(engine) as session:
        if engine.dialect.name == "sqlite":
            # Work that is closed keeps its lines for everybody but who applies what the centre says.
            session.execute(sa.text("UPDATE _sync_session SET muet = 1"))
        for table in ("mouvements_stock", "lignes_inventaire", "inventaires", "stock_seuils", "creneaux",
                      "absences", "temps", "arrets", "reponses_checklist", "releves", "contrat_equipements",
                      "contrat_periodes"):  # fmt: skip
            session.execute(sa.text(f"DELETE FROM {table}"))
        session.execute(sa.text("DELETE FROM historiques_interventions"))
        session.execute(sa.text("DELETE FROM lignes_intervention"))
        session.execute(sa.text("DELETE FROM depots"))
        session.execute(sa.text("DELETE FROM interventions"))
        for table in ("occurrences", "planning_pieces", "plannings", "compteurs", "points_checklist",
                      "modeles_intervention", "checklists", "sla_regles"):  # fmt: skip
            session.execute(sa.text(f"DELETE FROM {table}"))
        session.execute(sa.text("DELETE FROM equipements"))
        session.execute(sa.text("DELETE FROM contrats"))
        session.execute(sa.text("DELETE FROM clients"))
        session.execute(sa.text("DELETE FROM technicien_competence"))
        session.execute(sa.text("DELETE FROM techniciens"))
        session.execute(sa.text("DELETE FROM users"))
        if engine.dialect.name == "sqlite":
            session.execute(sa.text("UPDATE _sync_session SET muet = 0"))
        demo_data.generer(session, "CAS", 50, seed=3)
    assert sorted(titles()) == first


def test_numbers_go_on_after_imports_and_generations(engine: sa.Engine, agence: int) -> None:
    for _ in range(2):
        with transaction(engine) as session:
            demo_data.generer(session, "CAS", 120, seed=5)
    with transaction(engine, write=False) as session:
        numeros = list(session.scalars(sa.select(Intervention.numero)))
        ices = list(session.scalars(sa.select(Client.ice).where(Client.ice.is_not(None))))
        en_cours = list(
            session.scalars(sa.select(Intervention.technicien_id).where(Intervention.statut == "en_cours"))
        )
    assert len(set(numeros)) == len(numeros) == 243, "the visits of a shutdown come on top, once"
    assert len(set(ices)) == len(ices)
    assert len(set(en_cours)) == len(en_cours)


def test_generated_dates_are_in_order_and_past(engine: sa.Engine, agence: int) -> None:
    with transaction(engine) as session:
        demo_data.generer(session, "CAS", 600, seed=11)
    with transaction(engine, write=False) as session:
        maintenant = clock.now()
        for r in session.scalars(sa.select(Intervention)):
            dates = [r.date_creation, r.date_affectation, r.date_debut_travaux, r.date_fin_travaux, r.date_cloture]
            suite = [d for d in dates if d is not None]
            assert suite == sorted(suite), r.numero
            assert suite[-1] <= maintenant
            assert r.date_limite is not None
            assert r.date_limite >= r.date_creation


def test_one_week_asks_for_more_than_there_is_and_can_be_spread_out(engine: sa.Engine, agence: int) -> None:
    with transaction(engine) as session:
        demo_data.generer(session, "CAS", 200, seed=2)
    who = Acteur(0, "Essai", Role.ADMIN, None)
    monday = clock.today() + timedelta(days=14 - clock.today().weekday())
    with transaction(engine, write=False) as session:
        found = smoothing.proposer(session, who, [Planning.agence_id == agence], monday)
    assert found.avant > found.capacite >= found.apres > 0
    assert [visit.titre.split(" : ")[0] for visit in found.visites] == ["Arrêt annuel"]
    # The board of these two weeks: everybody has work, nobody two pieces of it at once or while away.
    with transaction(engine, write=False) as session:
        people = set(session.scalars(sa.select(Technicien.id)))
        asked = (sa.select(m.technicien_id, m.debut, m.fin).where(m.debut > clock.now()) for m in (Creneau, Absence))
        to_come, away = (sorted(tuple(r) for r in session.execute(q)) for q in asked)
    assert {who for who, *_ in to_come} == people
    assert len(away) == 2
    for (who, _, end), (other, begin, _) in itertools.pairwise(sorted(to_come + away)):
        assert who != other or end <= begin, (who, end, begin)
