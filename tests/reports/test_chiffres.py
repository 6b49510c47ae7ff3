"""The figures of the report, on both engines, against the same rows counted one by one in Python."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import NotAllowedError, NotFoundError, ValidationError
from erp_desktop.models import Intervention, LigneIntervention
from erp_desktop.reports.figures import kept
from erp_desktop.reports.interventions import autoriser, calculer
from erp_desktop.reports.modele import Cout, ParamsRapport, RapportInterventions
from erp_desktop.reports.sql import minuit
from tests.reports.rows import MAINTENANT, Jeu, attendu, remplir

PERIODES = {
    "mois en cours": ParamsRapport(date(2026, 10, 1), date(2026, 10, 31), top=100),
    "passage à UTC+0": ParamsRapport(date(2026, 9, 12), date(2026, 9, 27), top=100),
    "un jour": ParamsRapport(date(2026, 3, 3), date(2026, 3, 3), top=100),
    "tout": ParamsRapport(date(2020, 1, 1), date(2026, 12, 31), top=100),
    "avant tout": ParamsRapport(date(2012, 1, 1), date(2012, 12, 31), top=100),
}


@pytest.fixture
def jeu(engine: sa.Engine) -> Jeu:
    with transaction(engine) as session:
        return remplir(session)


@pytest.fixture
def session(engine: sa.Engine, jeu: Jeu) -> Iterator[Session]:
    with transaction(engine, write=False) as lecture:
        yield lecture


def test_les_chiffres_sont_ceux_des_lignes(session: Session, jeu: Jeu) -> None:
    """Every figure of every period equals the row-by-row count; the data set is not trivial."""
    periodes = {
        "une agence": ParamsRapport(date(2026, 1, 1), date(2026, 10, 31), jeu.agences[0], top=100),
        "un technicien": ParamsRapport(
            date(2025, 7, 1), date(2026, 6, 30), technicien_id=jeu.techniciens[2], top=100
        ),
        **PERIODES,
    }
    for nom, params in periodes.items():
        r, x = calculer(session, params, maintenant=MAINTENANT), attendu(session, params)
        assert r.sans_date_cloture == x["sans_date"], nom
        assert (r.creees, r.cloturees, r.encours, r.encours_debut, r.sans_technicien) == (
            x["creees"], x["cloturees"], x["encours"], x["encours_debut"], x["sans_technicien"]), nom  # fmt: skip
        assert [t.nombre for t in r.anciennete] == x["anciennete"], nom
        assert (r.sla.echus, r.sla.tenus) == (x["echus"], x["tenus"]), nom
        assert (r.mttr.reparations, r.mttr.exclues, r.mttr.total_min) == (
            x["reparations"],
            x["exclues"],
            x["total"],
        ), nom
        for delai, attendus in ((r.prise_en_charge, x["prises"]), (r.remise_en_service, x["remises"])):
            assert [delai.nombre, delai.total_s, delai.exclues] == attendus, nom
        for volumes, cle in ((r.par_statut, "statut"), (r.par_type, "type"), (r.par_priorite, "priorite")):
            assert {v.cle: v.nombre for v in volumes if v.nombre} == dict(x[cle]), nom
        _comparer_mois(r, x)
        _comparer_lignes(r, x, jeu)
    assert r.creees == 0
    tout = calculer(session, PERIODES["tout"], maintenant=MAINTENANT)
    assert tout.creees == 1500
    assert 500 < tout.cloturees < 1200
    assert min(t.nombre for t in tout.anciennete) > 0
    assert 0 < tout.sla.tenus < tout.sla.echus
    assert min(tout.mttr.reparations, tout.mttr.exclues) > 50
    assert min(tout.prise_en_charge.nombre, tout.prise_en_charge.exclues, tout.remise_en_service.nombre) > 10
    assert tout.prise_en_charge.minutes < tout.remise_en_service.minutes
    assert min(tout.cout.pieces, tout.cout.main_oeuvre, tout.cout.deplacement, tout.cout.externe) > 0


def _comparer_mois(r: RapportInterventions, x: dict) -> None:
    vus = {m.mois: (m.creees, m.cloturees, m.sla.echus, m.sla.tenus) for m in r.par_mois}
    for mois, compte in x["mois"].items():
        assert vus[mois] == (compte["creees"], compte["cloturees"], compte["echus"], compte["tenus"]), mois
    assert sum(m.creees for m in r.par_mois) == r.creees
    assert sum(m.cloturees for m in r.par_mois) == r.cloturees


def _cout(compte: dict) -> Cout:
    return Cout(*(Decimal(compte[c]) for c in ("piece", "main_oeuvre", "deplacement", "autre", "externe")))


def _comparer_lignes(r: RapportInterventions, x: dict, jeu: Jeu) -> None:
    assert r.cout == _cout(x["cout"])
    assert {t.id for t in r.techniciens} == set(x["techniciens"])
    for t in r.techniciens:
        compte = x["techniciens"][t.id]
        assert (t.nombre, t.minutes, t.sans_duree, t.sla.echus, t.sla.tenus) == (
            compte["nombre"], compte["minutes"], compte["sans"], compte["echus"], compte["tenus"])  # fmt: skip
        assert t.cout == _cout(compte)
        nom = "Sans technicien" if t.id is None else f"Nadia Ouazzani {jeu.techniciens.index(t.id)}"
        assert t.nom == nom
    assert r.nb_equipements == len(x["equipements"]) == len(r.equipements)
    for e in r.equipements:
        compte = x["equipements"][e.id]
        assert (e.nombre, e.minutes, e.cout) == (compte["nombre"], compte["minutes"], _cout(compte))
        assert e.code == f"EQ-{jeu.equipements.index(e.id):04}"
    totaux = [e.cout.total for e in r.equipements]
    assert totaux == sorted(totaux, reverse=True)


def test_les_premiers_equipements_sont_les_plus_couteux(session: Session) -> None:
    params = PERIODES["tout"]
    tous = calculer(session, params, maintenant=MAINTENANT)
    trois = calculer(session, ParamsRapport(params.debut, params.fin, top=3), maintenant=MAINTENANT)
    assert trois.equipements == tous.equipements[:3]
    assert trois.nb_equipements == tous.nb_equipements == 40


def test_la_periode_precedente_se_retrouve_seule(session: Session) -> None:
    """What a report says of the period before is what the report of that period says."""
    r = calculer(session, ParamsRapport(date(2026, 3, 16), date(2026, 4, 30)), maintenant=MAINTENANT)
    avant = calculer(session, ParamsRapport(r.precedent.debut, r.precedent.fin), maintenant=MAINTENANT)
    assert (r.precedent.debut, r.precedent.fin) == (date(2026, 1, 29), date(2026, 3, 15))
    p = r.precedent
    assert (p.creees, p.cloturees, p.sla, p.mttr) == (avant.creees, avant.cloturees, avant.sla, avant.mttr)
    assert (p.prise_en_charge, p.remise_en_service) == (avant.prise_en_charge, avant.remise_en_service)
    assert p.prise_en_charge.total_s > 0
    assert r.encours_debut == avant.encours
    assert avant.creees > 50


def test_une_minute_autour_de_minuit_au_maroc(engine: sa.Engine, jeu: Jeu) -> None:
    """A day ends at local midnight: 23:00 UTC until September 2026, 00:00 UTC since."""
    assert minuit(date(2026, 8, 1)) == datetime(2026, 7, 31, 23, tzinfo=UTC)
    assert minuit(date(2026, 11, 1)) == datetime(2026, 11, 1, tzinfo=UTC)
    juillet = ParamsRapport(date(2026, 7, 1), date(2026, 7, 31))
    octobre = ParamsRapport(date(2026, 10, 1), date(2026, 10, 31))
    cas = (
        (datetime(2026, 7, 31, 22, 59, 59, 999_999, UTC), [1, 0]),
        (datetime(2026, 7, 31, 23, tzinfo=UTC), [0, 0]),
        (datetime(2026, 9, 30, 23, 59, 59, 999_999, UTC), [0, 0]),
        (datetime(2026, 10, 1, tzinfo=UTC), [0, 1]),
    )
    with transaction(engine) as session:

        def creees(instant: datetime) -> list[int]:
            premiere = sa.update(Intervention).where(Intervention.id == jeu.interventions[0])
            session.execute(premiere.values(date_creation=instant))
            return [calculer(session, p, maintenant=MAINTENANT).creees for p in (juillet, octobre)]

        sans = creees(datetime(2019, 1, 1, tzinfo=UTC))
        for instant, gagne in cas:
            assert [b - a for a, b in zip(sans, creees(instant), strict=True)] == gagne, instant


@pytest.mark.parametrize(
    ("quantite", "prix"),
    [("0.005", "1.00"), ("-0.005", "1.00"), ("1.005", "1.00"), ("2.675", "1.00"), ("0.004", "1.24"),
     ("-1.115", "3.00"), ("999999.999", "99999.99"), ("0.015", "0.10"), ("3.000", "33.33")],
)  # fmt: skip
def test_chaque_ligne_s_arrondit_au_centime_superieur(engine: sa.Engine, quantite: str, prix: str) -> None:
    exact = (Decimal(quantite) * Decimal(prix)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    with transaction(engine) as session:
        remplir(session, 1)
        session.execute(sa.delete(LigneIntervention))
        une = session.scalars(sa.select(Intervention)).one()
        session.execute(sa.update(Intervention).values(statut="cloturee", date_cloture=MAINTENANT, cout_externe=None))
        session.add(LigneIntervention(
            intervention_id=une.id, agence_id=une.agence_id, type_ligne="piece", designation="Joint",
            quantite=Decimal(quantite), prix_unitaire=Decimal(prix), taux_tva=Decimal(20),
        ))  # fmt: skip
        session.flush()
        r = calculer(session, PERIODES["mois en cours"], maintenant=MAINTENANT)
    assert r.cout.pieces == r.cout.total == exact


def test_une_agence_inconnue_est_refusee(session: Session) -> None:
    with pytest.raises(NotFoundError, match="n’existe pas"):
        calculer(session, ParamsRapport(date(2026, 1, 1), date(2026, 1, 31), agence_id=42))


def test_une_periode_a_l_envers_est_refusee() -> None:
    with pytest.raises(ValidationError) as refus:
        ParamsRapport(date(2026, 2, 1), date(2026, 1, 31))
    assert set(refus.value.champs) == {"fin"}


def test_chacun_voit_ce_que_son_role_permet(session: Session, jeu: Jeu) -> None:
    params = ParamsRapport(date(2026, 1, 1), date(2026, 10, 31))

    casa, rabat = jeu.agences

    def acteur(role: Role, agence_id: int | None, user_id: int = 1) -> Acteur:
        return Acteur(user_id, "Amina", role, agence_id)

    assert autoriser(session, acteur(Role.ADMIN, casa), params) == params
    assert autoriser(session, acteur(Role.RESPONSABLE, None), params) == params
    borne = autoriser(session, acteur(Role.AGENT, casa), params)
    assert (borne.agence_id, borne.technicien_id) == (casa, None)
    propre = autoriser(session, acteur(Role.TECHNICIEN, rabat, jeu.utilisateurs[3]), params)
    assert (propre.agence_id, propre.technicien_id) == (rabat, jeu.techniciens[3])
    with pytest.raises(NotAllowedError):
        autoriser(session, acteur(Role.RESPONSABLE, casa), ParamsRapport(params.debut, params.fin, rabat))
    with pytest.raises(NotAllowedError):
        autoriser(session, acteur(Role.CLIENT, casa), params)
    with pytest.raises(NotAllowedError):
        autoriser(session, acteur(Role.TECHNICIEN, casa, 999), params)


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_cent_mille_interventions_en_une_seconde(engine: sa.Engine) -> None:
    with transaction(engine) as ecriture:
        remplir(ecriture, 100_000)
    kept.keep_all(engine, PERIODES["tout"].fin)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(sa.text("ANALYZE"))
    with transaction(engine, write=False) as session:
        for params in (PERIODES["mois en cours"], PERIODES["tout"]):
            # The best of four: another program on the machine is not the report's time.
            durees = []
            for _ in range(4):
                debut = time.perf_counter()
                r = calculer(session, params, maintenant=MAINTENANT)
                durees.append(time.perf_counter() - debut)
            duree = min(durees)
            print(f"{engine.dialect.name} {params.debut} {r.creees} créées : {duree * 1000:.0f} ms")
            assert duree < 1.0
