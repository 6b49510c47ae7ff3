"""Words typed beside an act, and values that no row holds: one refusal on a cache and at the centre, no fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import TOO_LARGE, transaction
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import Statut, StatutContrat
from erp_desktop.domain.rapports.definition import Definition as Report
from erp_desktop.domain.recherche import cherchee
from erp_desktop.domain.saisie import InterventionInput, mots
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.models import Client, Contrat, HistoriqueIntervention, Intervention, VueEnregistree
from erp_desktop.services import auth, contrats, interventions, rapports, views
from erp_desktop.services.planning.actions import Wish
from erp_desktop.services.planning.actions import plan as plan_visits
from erp_desktop.services.shared import choices
from tests.services.branch import Monde

TOO_LONG = "1" + "é" * 30_000
BEYOND = "Une date est hors du calendrier admis, de 1900 à 2199."


def job(monde: Monde, **more: Any) -> int:
    asked = InterventionInput(titre="Fuite", equipement_id=monde.equipement, **more)
    return monde.faire(interventions.create, monde.responsable, asked)


def suspend(monde: Monde, words: str) -> None:
    monde.faire(contrats.changer_statut, monde.responsable, monde.contrat, StatutContrat.SUSPENDU, words)


def wait(monde: Monde, words: str) -> None:
    begun = monde.lire(sa.select(Intervention.id))
    ident = begun[0].id if begun else job(monde, technicien_id=monde.karim)
    for step in () if begun else (Statut.AFFECTEE, Statut.EN_COURS):
        monde.faire(interventions.changer_statut, monde.responsable, ident, step)
    monde.faire(interventions.changer_statut, monde.responsable, ident, Statut.EN_ATTENTE, words)


def passed_over(monde: Monde, words: str) -> None:
    begin = datetime(2027, 1, 3, 3, tzinfo=UTC)
    wish = Wish(job(monde), monde.karim, begin, begin.replace(hour=4))
    monde.faire(plan_visits, monde.responsable, [wish], words)


def name_a_view(monde: Monde, words: str) -> None:
    monde.faire(views.save, monde.agent, "clients", words, views.Definition(), shared=False)


def name_a_report(monde: Monde, words: str) -> None:
    monde.faire(rapports.save, monde.responsable, words, Report(("interventions",), ("client",)), shared=False)


ACTS: dict[str, tuple[Callable[[Monde, str], None], str, int]] = {
    "contract": (suspend, "motif", 200), "wait": (wait, "remarque", 200), "planning": (passed_over, "motif", 200),
    "view": (name_a_view, "nom", 80), "report": (name_a_report, "nom", 120),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_words_beside_an_act_are_refused_whole_under_their_field(monde: Monde, act: str) -> None:
    do, field, most = ACTS[act]
    for words, told in (
        ("a\0b", mots.INTERDIT), ("Pont \ud800", mots.INTERDIT), ("x\udcff", mots.INTERDIT),
        (TOO_LONG, f"{most} caractères au plus."),
    ):  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            do(monde, words)
        assert refused.value.champs in ({field: told}, {field: f"{mots.REMARQUE} caractères au plus."})


def test_words_that_nobody_sees_are_none(monde: Monde) -> None:
    unseen = "\u200f\u200b\x07\u202e \u2066"
    with pytest.raises(ValidationError) as refused:
        suspend(monde, unseen)
    assert refused.value.champs == {"motif": "Donnez le motif."}
    with pytest.raises(ValidationError) as refused:
        name_a_view(monde, unseen)
    assert refused.value.champs == {"nom": "Donnez un nom à cette vue."}
    suspend(monde, "\u202eDépart\x1b[31m du client\u200b ")
    name_a_view(monde, " Mes\tclients\u200b ")
    assert monde.lire(sa.select(Contrat.motif).where(Contrat.id == monde.contrat)) == [("Départ[31m du client",)]
    assert monde.lire(sa.select(VueEnregistree.nom)) == [("Mes clients",)]


def test_a_long_remark_is_kept_whole_in_the_history(monde: Monde) -> None:
    ident, words = job(monde, technicien_id=monde.karim), "Pièce attendue. " * 1_000
    monde.faire(interventions.changer_statut, monde.responsable, ident, Statut.AFFECTEE, words)
    h = HistoriqueIntervention
    kept = monde.lire(sa.select(h.remarque).where(h.intervention_id == ident, h.remarque.is_not(None)))
    assert kept == [(words.strip(),)]


def test_a_value_that_no_row_holds_is_said_whichever_statement_meets_it(monde: Monde) -> None:
    ident = job(monde)
    i = Intervention

    def set_outside(value: datetime) -> None:
        with transaction(monde.engine, monde.responsable.user_id) as session:
            session.execute(sa.update(i).where(i.id == ident).values(date_limite=value))

    with pytest.raises(UserError) as refused:
        set_outside(datetime(2250, 1, 1, tzinfo=UTC))
    assert str(refused.value) == BEYOND
    assert not isinstance(refused.value, ValidationError)
    # A row still waiting in the session when the transaction ends.
    with pytest.raises(UserError) as refused, transaction(monde.engine, monde.responsable.user_id) as session:
        session.get_one(i, ident).date_limite = datetime(1850, 1, 1, tzinfo=UTC)
    assert str(refused.value) == BEYOND
    set_outside(clock.now())


def test_what_no_column_has_room_for_is_said_alike(monde: Monde) -> None:
    client = sa.update(Client).where(Client.id == monde.client)

    def write(**values: Any) -> None:
        with transaction(monde.engine, monde.responsable.user_id) as session:
            session.execute(client.values(**values))

    for values, told in (
        ({"ville": "F" * 81}, "Un texte est trop long."),
        ({"notes": "n" * 100_001}, "Un texte est trop long."),
    ):  # fmt: skip
        with pytest.raises(UserError) as refused:
            write(**values)
        assert str(refused.value) == told
    with pytest.raises(UserError) as refused, transaction(monde.engine, monde.responsable.user_id) as session:
        session.execute(sa.update(Contrat).values(montant_annuel=Decimal(10) ** 30))
    assert str(refused.value) == TOO_LARGE
    with pytest.raises(UserError) as refused, transaction(monde.engine, monde.responsable.user_id) as session:
        session.execute(sa.update(Contrat).values(montant_annuel=Decimal(10) ** 12))
    assert str(refused.value) == TOO_LARGE
    if monde.engine.dialect.name == "sqlite":
        with pytest.raises(UserError) as refused, transaction(monde.engine, write=False) as session:
            session.get(Client, 10**30)
        assert str(refused.value) == TOO_LARGE


def test_what_is_looked_for_is_what_is_seen(monde: Monde) -> None:
    found = monde.faire(choices.clients, monde.agent, cherchee("\u202eAt\0las\ud800\x1b "))
    assert [one.id for one in found] == [monde.client]
    with pytest.raises(auth.LoginRefuseError), transaction(monde.engine) as session:
        auth.login(session, "salma.\0bennis\ud800", "un mot de passe")


def test_a_day_outside_of_the_calendar_is_said_under_its_field() -> None:
    with pytest.raises(ValidationError) as refused:
        ContratInput(client_id=1, type_contrat="maintenance_complete", date_debut=date(1, 1, 1),
                     date_fin=date(9999, 12, 31))  # fmt: skip
    assert refused.value.champs == {"date_debut": BEYOND, "date_fin": BEYOND}
    with pytest.raises(ValidationError) as refused:
        InterventionInput.changements({}, {"date_planifiee": "9999-12-31T23:59"})
    assert refused.value.champs == {"date_planifiee": BEYOND}
