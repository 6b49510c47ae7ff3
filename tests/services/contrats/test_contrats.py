"""Contracts: life cycle, machines covered, deadlines that follow, quotas counted from the work, proposals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.saisie import (
    ContratInput,
    CouvertureInput,
    DelaiInput,
    ImputationInput,
    PeriodeInput,
)
from erp_desktop.domain.enums import Priorite, StatutContrat
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import NotAllowedError, NotFoundError, TransitionError, UserError, ValidationError
from erp_desktop.models import Contrat, HistoriqueIntervention, Intervention
from erp_desktop.services import contrats, documents, interventions, notifications
from erp_desktop.services.contrats import delays, periods
from erp_desktop.services.planning import reading
from erp_desktop.services.shared.common import ecrire
from erp_desktop.services.shared.lists import ListQuery
from erp_desktop.ui.planning import words
from erp_desktop.ui.wording import value_labels
from tests.services.branch import Monde

TODAY = date(2026, 11, 16)


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Monday morning, so that periods, ends and opening hours are what the tests say."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC))
    assert clock.today() == TODAY


def _draft(monde: Monde, **more: Any) -> int:
    values = {"client_id": monde.client, "date_debut": date(2026, 1, 1), "date_fin": date(2026, 12, 31)}
    with transaction(monde.engine) as session:
        return contrats.create(session, monde.agent, ContratInput(**(values | more)))


def _done(monde: Monde, contrat: int, day: date, minutes: int = 60, statut: str = "cloturee") -> int:
    """Work of a contract that began at eight on that day."""
    with transaction(monde.engine) as session:
        ident = interventions.create(
            session, monde.agent,
            InterventionInput(titre="Travail", equipement_id=monde.equipement, contrat_id=contrat),
        )  # fmt: skip
        row = session.get_one(Intervention, ident)
        row.statut, row.technicien_id, row.duree_reelle, row.diagnostic = statut, monde.karim, minutes, "fait"
        row.date_debut_travaux = datetime(day.year, day.month, day.day, 8, tzinfo=clock.CASABLANCA).astimezone(UTC)
        row.date_fin_travaux = row.date_debut_travaux + timedelta(minutes=minutes)
        return ident


def _run(monde: Monde, contrat: int) -> None:
    with transaction(monde.engine) as session:
        contrats.changer_statut(session, monde.responsable, contrat, StatutContrat.EN_COURS)


def test_a_contract_lives_from_draft_to_end_by_a_responsable(monde: Monde) -> None:
    ident = _draft(monde, nb_interventions_incluses=12, montant_annuel="120000")
    with transaction(monde.engine) as session:
        fiche = contrats.get(session, monde.agent, ident)
        assert (fiche.statut, fiche.numero_contrat) == ("brouillon", "CTR-CAS-00-2026-0001")
        contrats.update(session, monde.agent, ident, {"objet": "Ligne de sertissage"})
        assert [(o.vers, o.permis, o.raison) for o in contrats.offres(session, monde.agent, ident)] == [
            (StatutContrat.EN_COURS, False, "Réservé aux responsables.")
        ]
        with pytest.raises(NotAllowedError):
            contrats.changer_statut(session, monde.agent, ident, StatutContrat.EN_COURS)
        validated = contrats.changer_statut(session, monde.responsable, ident, StatutContrat.EN_COURS)
        first = periods.lister(session, monde.agent, ident)
        assert [(p.numero, p.du, p.au, p.interventions_incluses, str(p.montant)) for p in first] == [
            (1, date(2026, 1, 1), date(2026, 12, 31), 12, "120000.00")
        ]
        contrats.revenir(session, monde.responsable, validated)
        assert contrats.get(session, monde.agent, ident).statut == "brouillon"
        assert periods.lister(session, monde.agent, ident) == []
    _run(monde, ident)
    with transaction(monde.engine) as session:
        with pytest.raises(NotAllowedError, match="responsable"):
            contrats.update(session, monde.agent, ident, {"objet": "Autre"})
        with pytest.raises(ValidationError) as refused:
            contrats.changer_statut(session, monde.responsable, ident, StatutContrat.SUSPENDU)
        assert refused.value.champs == {"motif": "Donnez le motif."}
        contrats.changer_statut(session, monde.responsable, ident, StatutContrat.SUSPENDU, "Factures impayées")
        assert [o.vers for o in contrats.offres(session, monde.responsable, ident)] == [
            StatutContrat.EN_COURS, StatutContrat.RESILIE,
        ]  # fmt: skip
        contrats.changer_statut(session, monde.responsable, ident, StatutContrat.EN_COURS)
        with pytest.raises(ValidationError, match="précède"):
            contrats.changer_statut(
                session, monde.responsable, ident, StatutContrat.RESILIE, "Départ", date(2025, 12, 31)
            )
        contrats.changer_statut(session, monde.responsable, ident, StatutContrat.RESILIE, "Départ du client")
        fiche = contrats.get(session, monde.agent, ident)
        assert (fiche.etat, fiche.motif, fiche.date_resiliation) == ("resilie", "Départ du client", TODAY)
        with pytest.raises(TransitionError):
            contrats.update(session, monde.admin, ident, {"objet": "Autre"})
    # A cache refuses it to any other program as well; the centre's owner is let be.
    if monde.engine.dialect.name == "sqlite":
        with transaction(monde.engine) as session:
            session.get_one(Contrat, ident).statut = "en_cours"
            with pytest.raises(UserError, match="résilié"):
                ecrire(session)
            session.rollback()


def test_the_end_comes_by_its_date_and_a_renewal_carries_on(monde: Monde) -> None:
    past = _draft(monde, date_fin=date(2026, 6, 30), date_debut=date(2025, 7, 1), reconduction="expresse")
    near = _draft(monde, date_fin=date(2026, 12, 14), preavis_jours=30, duree_mois=6, heures_incluses=40)
    for ident in (past, near):
        with transaction(monde.engine) as session:
            session.get_one(Contrat, past).date_fin = date(2026, 12, 31)
        _run(monde, ident)
    with transaction(monde.engine) as session:
        session.get_one(Contrat, past).date_fin = date(2026, 6, 30)
    ask = lambda text: contrats.ids(session, monde.agent, ListQuery(text))  # noqa: E731
    with transaction(monde.engine) as session:
        assert contrats.get(session, monde.agent, past).etat == "expire"
        fiche = contrats.get(session, monde.agent, near)
        assert (fiche.etat, fiche.jours, fiche.rappel) == ("en_cours", 28, 30)
        assert fiche.preavis_avant == date(2026, 11, 14)
        # A contract without an end never expires and never calls for a renewal.
        assert contrats.get(session, monde.agent, monde.contrat).rappel is None
        assert ask("statut:expire") == [past]
        assert set(ask("statut:en_cours")) == {near, monde.contrat}
        assert ask("renouveler:30") == ask("renouveler:90") == [near]
        renewed = contrats.renouveler(session, monde.responsable, near)
        fiche = contrats.get(session, monde.agent, near)
        assert (fiche.date_fin, fiche.rappel) == (date(2027, 6, 14), None)
        two = periods.lister(session, monde.agent, near)
        assert [(p.numero, p.du, p.au, p.heures_incluses) for p in two] == [
            (2, date(2026, 12, 15), date(2027, 6, 14), 40), (1, date(2026, 1, 1), date(2026, 12, 14), 40),
        ]  # fmt: skip
        contrats.revenir(session, monde.responsable, renewed)
        assert len(periods.lister(session, monde.agent, near)) == 1
        contrats.renouveler(session, monde.responsable, past)
        assert contrats.get(session, monde.agent, past).date_fin == date(2027, 6, 30)
        with pytest.raises(TransitionError, match="pas de fin"):
            contrats.renouveler(session, monde.responsable, monde.contrat)
    assert cycle.suite(date(2026, 1, 31), 1) == (date(2026, 2, 1), date(2026, 2, 28))
    assert cycle.plus_mois(date(2028, 1, 31), 1) == date(2028, 2, 29)


def test_deadlines_of_open_work_follow_the_contract_and_say_why(monde: Monde) -> None:
    with transaction(monde.engine) as session:
        job = interventions.create(
            session, monde.agent, InterventionInput(titre="Panne", equipement_id=monde.equipement)
        )
        kept = interventions.create(
            session, monde.agent, InterventionInput(titre="Reprise", equipement_id=monde.equipement)
        )
        taken_over = datetime(2026, 12, 1, 12, tzinfo=UTC)
        session.get_one(Intervention, kept).date_limite = taken_over

    def deadline() -> datetime:
        with transaction(monde.engine) as session:
            found = session.get_one(Intervention, job).date_limite
            assert found is not None
            return found

    eight_hours = deadline()
    with transaction(monde.engine) as session:
        contrats.update(session, monde.responsable, monde.contrat, {"temps_reponse_normal": "4"})
    four_hours = deadline()
    assert four_hours == datetime(2026, 11, 16, 13, 0, tzinfo=UTC) < eight_hours
    with transaction(monde.engine) as session:
        contrats.update(
            session, monde.responsable, monde.contrat, {"temps_reponse_normal": "20", "horaire_sla": "continu"}
        )
    # Round the clock: twenty hours from nine are five in the morning, and what is left is counted likewise.
    assert deadline() == datetime(2026, 11, 17, 5, 0, tzinfo=UTC)
    with transaction(monde.engine) as session:
        assert interventions.get(session, monde.agent, job).sla_reste_min == 20 * 60
        assert interventions.rows(session, monde.agent, [job])[0].sla_reste_min == 20 * 60
        contrats.changer_statut(session, monde.responsable, monde.contrat, StatutContrat.SUSPENDU, "Impayé")
    # Suspended, it promises nothing: the priority's own 72 hours.
    assert deadline() > datetime(2026, 11, 20, tzinfo=UTC)
    with transaction(monde.engine) as session:
        h = HistoriqueIntervention
        told = session.scalars(
            sa.select(h.remarque).where(h.intervention_id == job, h.action == "echeance").order_by(h.id)
        )
        assert list(told) == ["échéance recalculée : contrat CTR-2025-0117"] * 3
        # A deadline that the contract did not give was taken over from elsewhere and stays.
        assert session.get_one(Intervention, kept).date_limite == taken_over


def test_quotas_are_counted_from_the_work_and_overruled_with_a_reason(monde: Monde) -> None:
    ident = _draft(monde, nb_interventions_incluses=2, heures_incluses=10)
    _run(monde, ident)
    jobs = [_done(monde, ident, date(2026, month, 3)) for month in (3, 1, 2)]
    _done(monde, ident, date(2025, 12, 31))
    _done(monde, ident, date(2026, 4, 1), statut="annulee")
    with transaction(monde.engine) as session:
        (period,) = periods.lister(session, monde.agent, ident)
        assert (period.interventions, period.minutes, period.hors_quota, period.part) == (3, 180, 1, 150)
        # By date of work: March is the third, although it was entered first.
        told = contrats.travaux(session, monde.agent, period.id)
        assert [(t.id, t.imputation) for t in told] == [
            (jobs[1], "contrat"), (jobs[2], "contrat"), (jobs[0], "a_facturer"),
        ]  # fmt: skip
        charge = interventions.get(session, monde.agent, jobs[0]).charge
        assert charge is not None
        assert (charge.imputation, charge.interventions, charge.interventions_incluses) == ("a_facturer", 3, 2)
        assert contrats.ids(session, monde.agent, ListQuery("quota:depasse")) == [ident]
        assert contrats.rows(session, monde.agent, [ident])[0].part == 150
        with pytest.raises(ValidationError) as refused:
            ImputationInput(imputation="contrat")
        assert refused.value.champs == {"imputation_motif": "Donnez le motif de cette décision."}
        given = ImputationInput(imputation="contrat", imputation_motif="Geste commercial")
        with pytest.raises(NotAllowedError):
            contrats.imputer(session, monde.agent, jobs[0], given)
        contrats.imputer(session, monde.responsable, jobs[0], given)
        billed = ImputationInput(imputation="a_facturer", imputation_motif="Casse du client")
        contrats.imputer(session, monde.responsable, jobs[1], billed)
        (period,) = periods.lister(session, monde.agent, ident)
        assert (period.interventions, period.hors_quota, period.part) == (2, 0, 100)
        h = HistoriqueIntervention
        why = session.scalars(sa.select(h.remarque).where(h.intervention_id == jobs[0], h.action == "imputation"))
        assert list(why) == ["Geste commercial"]
        contrats.imputer(session, monde.responsable, jobs[1], ImputationInput())
        contrats.imputer(session, monde.responsable, jobs[0], ImputationInput())
        # Raising the quota, or moving the period's end, takes the overflow back.
        periods.modifier(session, monde.responsable, period.id, {"interventions_incluses": "3"})
        assert periods.lister(session, monde.agent, ident)[0].hors_quota == 0
        periods.modifier(session, monde.responsable, period.id, {"interventions_incluses": "1", "au": "2026-02-01"})
        (period,) = periods.lister(session, monde.agent, ident)
        assert (period.interventions, period.hors_quota) == (1, 0)


def test_bad_dates_get_a_sentence_under_their_field(monde: Monde) -> None:
    def refusal(act: Any) -> dict[str, str]:
        with pytest.raises(ValidationError) as refused, transaction(monde.engine) as session:
            act(session)
        return refused.value.champs

    ident = _draft(monde)
    agent = monde.agent
    year = PeriodeInput(du=date(2026, 1, 1), au=date(2026, 6, 30))
    with transaction(monde.engine) as session:
        first = periods.ajouter(session, agent, ident, year)
    wrong = {"date_fin": "Le contrat finit avant de commencer."}
    assert refusal(lambda s: contrats.update(s, agent, ident, {"date_fin": "2025-12-31"})) == wrong
    assert refusal(lambda s: ContratInput(client_id=1, date_debut="2026-01-02", date_fin="2026-01-01")) == wrong
    assert refusal(lambda s: ContratInput(client_id=1, date_debut="2026-01-02", reconduction="tacite")) == {
        "reconduction": "Un contrat sans fin ne se reconduit pas : donnez sa date de fin."
    }
    assert refusal(lambda s: PeriodeInput(du="2026-02-01", au="2026-01-01")) == {
        "au": "La période finit avant de commencer."
    }
    overlap = PeriodeInput(du="2026-06-30", au="2026-07-31")
    assert refusal(lambda s: periods.ajouter(s, agent, ident, overlap)) == {
        "du": "Ces dates chevauchent la période 1, du 01/01/2026 au 30/06/2026."
    }
    outside = PeriodeInput(du="2026-07-01", au="2027-01-31")
    assert refusal(lambda s: periods.ajouter(s, agent, ident, outside)) == {
        "au": "La période dépasse la fin du contrat."
    }
    assert refusal(lambda s: periods.modifier(s, agent, first, {"du": "2025-01-01"})) == {
        "du": "La période commence avant le contrat."
    }
    foreign = CouvertureInput(equipement_id=monde.equipement_rab, du="2026-01-01")
    assert "equipement_id" in refusal(lambda s: contrats.couvrir(s, agent, ident, foreign))
    early = CouvertureInput(equipement_id=monde.equipement, du="2025-01-01")
    assert refusal(lambda s: contrats.couvrir(s, agent, ident, early)) == {
        "du": "La couverture commence avant le contrat."
    }
    with transaction(monde.engine) as session:
        periods.ajouter(session, agent, ident, PeriodeInput(du="2026-07-01", au="2026-12-31"))
        with pytest.raises(NotFoundError, match="dernière"):
            periods.supprimer(session, agent, first)


def test_the_contract_that_covers_the_machine_is_proposed(monde: Monde) -> None:
    other = _draft(monde, date_debut=date(2026, 2, 1))
    with transaction(monde.engine) as session:
        # A draft promises nothing: the one of the machine's form is proposed.
        found = contrats.proposer(session, monde.agent, monde.equipement)
        assert [(p.contrat_id, p.raison, p.sure) for p in found] == [(monde.contrat, "couvre cet équipement", True)]
        cover = CouvertureInput(equipement_id=monde.equipement, du=date(2026, 3, 1))
        contrats.couvrir(session, monde.agent, other, cover)
        contrats.couvrir(session, monde.agent, other, cover)
    _run(monde, other)
    with transaction(monde.engine) as session:
        assert [m.code_interne for m in contrats.couverts(session, monde.agent, other)] == ["SR-03"]
        found = contrats.proposer(session, monde.agent, monde.equipement)
        assert [(p.contrat_id, p.raison, p.au, p.sure) for p in found] == [
            (other, "couvre cet équipement jusqu'au {au}", date(2026, 12, 31), True),
            (monde.contrat, "couvre cet équipement", None, True),
        ]
        job = interventions.create(
            session, monde.agent, InterventionInput(titre="Panne", equipement_id=monde.equipement)
        )
        assert interventions.get(session, monde.agent, job).contrat_id == other
        # Taken off, the past of the cover stays on record and nothing is proposed any more.
        contrats.retirer(session, monde.responsable, other, monde.equipement)
        (left,) = contrats.couverts(session, monde.agent, other)
        assert (left.du, left.au) == (date(2026, 3, 1), date(2026, 11, 15))
        found = contrats.proposer(session, monde.agent, monde.equipement)
        assert [(p.contrat_id, p.sure) for p in found] == [(monde.contrat, True), (other, False)]


def _begun_in_time_or_late(monde: Monde, job: int, patch: pytest.MonkeyPatch) -> None:
    """Work that is to begin within half an hour: what list, form and notices say of it as time passes."""
    asked = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)

    def seen(minutes: int) -> list[Any]:
        patch.setattr(clock, "now", lambda: asked + timedelta(minutes=minutes))
        with transaction(monde.engine) as session:
            prise = interventions.get(session, monde.agent, job).prise
            assert interventions.rows(session, monde.agent, [job])[0].prise == prise
            assert prise.limite == asked + timedelta(minutes=30)
            waits = reading.board(session, monde.agent, asked.date(), 7).waiting.visits
            assert waits[0].intervention_id == job, "before what its deadline alone would put first"
            assert waits[0].sla_debut is prise.attendue
            if prise.attendue:
                assert words.left(waits[0]) == f"début {value_labels.remaining(prise.reste_min)}"
                assert (waits[0].sla_etat, waits[0].sla_reste_min) == (prise.etat, prise.reste_min)
            notifications.produire(session, monde.agent)
            told = [n.evenement for n in notifications.lister(session, monde.agent)
                    if n.contenu.startswith("Prise en charge : INT-")]  # fmt: skip
            return [prise.etat, prise.reste_min, prise.attendue, *told]

    assert seen(0) == ["ok", 30, True]
    assert seen(25) == ["soon", 5, True, "sla_proche"]
    assert seen(40) == ["late", -10, True, "sla_depasse", "sla_proche"]
    for began, state in ((20, ["tenu", None]), (45, ["late", -15])):
        with transaction(monde.engine) as session:
            session.get_one(Intervention, job).date_debut_travaux = asked + timedelta(minutes=began)
        assert seen(50) == [*state, False, "sla_depasse", "sla_proche"]
    with transaction(monde.engine) as session:
        session.get_one(Intervention, job).date_debut_travaux = None
    seen(0)


def test_delays_by_priority_move_the_deadlines_of_open_work_and_files_are_attached(
    monde: Monde, monkeypatch: pytest.MonkeyPatch
) -> None:
    contrat = _draft(monde, temps_reponse_urgence="8", horaire_sla="continu")
    _run(monde, contrat)
    with transaction(monde.engine) as session:
        job = interventions.create(
            session, monde.agent,
            InterventionInput(titre="Arrêt", equipement_id=monde.equipement, contrat_id=contrat, priorite="urgente"),
        )  # fmt: skip

    def left() -> timedelta:
        with transaction(monde.engine, write=False) as session:
            row = session.get_one(Intervention, job)
            assert row.date_limite is not None
            return row.date_limite - row.date_creation

    def fix(who: Any, **typed: Any) -> None:
        with transaction(monde.engine) as session:
            delays.fixer(session, who, contrat, DelaiInput(**typed))

    assert left() == timedelta(hours=8)
    with pytest.raises(NotAllowedError):
        fix(monde.agent, priorite="urgente", resolution="4")
    for typed, told in (
        ({"priorite": "programmee", "resolution": "1"}, "due à la fin de son jour"),
        ({"priorite": "haute"}, "Donnez un délai"),
        ({"priorite": "haute", "prise_en_charge": "5", "resolution": "4"}, "avant la résolution"),
    ):
        with pytest.raises(ValidationError, match=told):
            fix(monde.responsable, **typed)
    fix(monde.responsable, priorite="haute", resolution="2")
    assert left() == timedelta(hours=8)
    fix(monde.responsable, priorite="urgente", prise_en_charge="0,5", resolution="1,5")
    assert left() == timedelta(minutes=90)
    _begun_in_time_or_late(monde, job, monkeypatch)
    fix(monde.responsable, priorite="urgente", resolution="3")
    assert left() == timedelta(hours=3)
    with transaction(monde.engine) as session:
        assert [(d.priorite, d.prise_en_charge_min, d.resolution_min) for d in delays.lister(
            session, monde.agent, contrat)] == [("urgente", None, 180), ("haute", None, 120)]  # fmt: skip
        delays.retirer(session, monde.responsable, contrat, Priorite.URGENTE)
    assert left() == timedelta(hours=8)
    with transaction(monde.engine) as session:
        made = documents.joindre(session, monde.agent, "contrats", contrat, "signe.pdf", b"%PDF-1.4 signed")
        (found,) = documents.liste(session, monde.agent, "contrats", contrat)
        assert (found.id, found.nom_fichier) == (made, "signe.pdf")
        assert documents.lire(session, monde.agent, made)[1] == b"%PDF-1.4 signed"
