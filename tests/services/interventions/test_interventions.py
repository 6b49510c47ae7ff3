from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain import numeros
from erp_desktop.domain.enums import Role, Statut
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.errors import NotAllowedError, NotFoundError, TransitionError, ValidationError
from erp_desktop.models import HistoriqueIntervention, Intervention
from erp_desktop.services import calendrier
from erp_desktop.services import interventions as svc
from erp_desktop.services.shared import places
from erp_desktop.services.shared.lists import ListQuery, cle_de, cle_texte
from tests.reports.rows import remplir
from tests.services.branch import Monde


def creer(monde: Monde, acteur: Acteur | None = None, **valeurs: Any) -> int:
    champs = {"titre": "Arrêt ligne : sertisseuse bloquée", "equipement_id": monde.equipement, **valeurs}
    return monde.faire(svc.create, acteur or monde.agent, InterventionInput(**champs))


def passer(monde: Monde, ident: int, *vers: Statut, acteur: Acteur | None = None) -> None:
    for statut in vers:
        monde.faire(svc.changer_statut, acteur or monde.responsable, ident, statut)


def fiche(monde: Monde, ident: int) -> svc.InterventionFiche:
    return monde.faire(svc.get, monde.admin, ident)


def chercher(monde: Monde, texte: str, acteur: Acteur | None = None, **tri: Any) -> list[int]:
    return monde.faire(svc.ids, acteur or monde.agent, ListQuery(texte=texte, **tri))


def test_creation_takes_number_client_contract_and_deadline(monde: Monde) -> None:
    ident = creer(monde, urgence=True)
    lue = fiche(monde, ident)
    numero = numeros.lire(lue.numero)
    assert numero is not None
    assert (numero.agence, numero.poste, numero.sequence) == ("CAS", 0, 1)
    assert numero.annee == clock.local(clock.now()).year
    assert (lue.client_id, lue.contrat_id, lue.agence_id) == (monde.client, monde.contrat, monde.cas)
    assert (lue.client, lue.equipement, lue.contrat) == ("Conserveries Atlas", "Sertisseuse SR-03", "CTR-2025-0117")
    assert lue.priorite == "urgente"
    assert lue.date_limite is not None
    assert lue.date_limite > lue.date_creation
    [histoire] = monde.lire(sa.select(HistoriqueIntervention.action, HistoriqueIntervention.user_id))
    assert tuple(histoire) == ("creation", monde.agent.user_id)


def test_numbers_follow_each_other_per_agency(monde: Monde) -> None:
    premiers = [fiche(monde, creer(monde)).numero for _ in range(3)]
    assert [n[-5:] for n in premiers] == ["00001", "00002", "00003"]
    rabat = fiche(monde, creer(monde, monde.autre_agent, equipement_id=monde.equipement_rab)).numero
    assert rabat.startswith("INT-RAB-00-")
    assert rabat.endswith("-00001")


def test_rolled_back_creation_leaves_nothing(monde: Monde) -> None:
    with pytest.raises(ValidationError):
        creer(monde, client_id=monde.client_rab)
    assert monde.lire(sa.select(Intervention.id)) == []
    assert fiche(monde, creer(monde)).numero.endswith("-00001")


def test_another_agency_is_out_of_reach(monde: Monde) -> None:
    ident = creer(monde)
    with pytest.raises(NotFoundError):
        monde.faire(svc.get, monde.autre_agent, ident)
    with pytest.raises(ValidationError, match="équipement"):
        creer(monde, equipement_id=monde.equipement_rab)
    assert chercher(monde, "", monde.autre_agent) == []
    assert chercher(monde, "", monde.siege) == [ident]


def test_whole_life_writes_one_audit_row_per_transition(monde: Monde) -> None:
    ident = creer(monde, technicien_id=monde.karim)
    passer(monde, ident, Statut.AFFECTEE, Statut.EN_COURS)
    with pytest.raises(TransitionError, match="Saisissez d'abord le diagnostic"):
        passer(monde, ident, Statut.CLOTUREE)
    monde.faire(svc.update, monde.agent, ident, {"travaux_realises": "Came remplacée"})
    monde.faire(svc.changer_statut, monde.agent, ident, Statut.CLOTUREE, "Essai concluant")
    passer(monde, ident, Statut.ARCHIVEE)
    lue = fiche(monde, ident)
    assert lue.statut == "archivee"
    assert lue.date_affectation is not None
    assert lue.date_debut_travaux is not None
    assert lue.date_fin_travaux is not None
    assert lue.date_debut_travaux <= lue.date_fin_travaux <= clock.now()
    assert lue.sla_etat == "tenu"
    h = HistoriqueIntervention
    statuts = monde.lire(
        sa.select(h.statut, h.user_id, h.remarque).where(h.action == "statut").order_by(h.horodatage, h.id)
    )
    assert [s.statut for s in statuts] == ["affectee", "en_cours", "cloturee", "archivee"]
    assert [s.user_id for s in statuts] == [monde.responsable.user_id] * 2 + [
        monde.agent.user_id, monde.responsable.user_id,
    ]  # fmt: skip
    assert [s.remarque for s in statuts] == [None, None, "Essai concluant", None]


def test_history_reads_in_words_newest_first(monde: Monde) -> None:
    ident = creer(monde)
    monde.faire(svc.update, monde.agent, ident, {"technicien_id": monde.karim, "titre": "Sertisseuse"})
    passer(monde, ident, Statut.AFFECTEE)
    infos = monde.faire(svc.historique, monde.agent, ident)
    assert infos[0].action == "Changement de statut"
    assert (infos[0].champ, infos[0].avant, infos[0].apres) == ("Statut", "Ouverte", "Affectée")
    modif = {i.champ: (i.avant, i.apres, i.auteur) for i in infos if i.action == "Modification"}
    assert modif["Technicien"] == (None, "Karim Alaoui", "Salma Bennis")
    assert modif["Titre"] == ("Arrêt ligne : sertisseuse bloquée", "Sertisseuse", "Salma Bennis")
    assert infos[-1].action == "Création"


def test_unchanged_update_writes_nothing(monde: Monde) -> None:
    ident = creer(monde)
    monde.faire(svc.update, monde.agent, ident, {"titre": "Arrêt ligne : sertisseuse bloquée "})
    assert len(monde.lire(sa.select(HistoriqueIntervention.id))) == 1


def test_offers_say_why_not(monde: Monde) -> None:
    ident = creer(monde)
    offres = {o.vers: o for o in monde.faire(svc.transitions, monde.agent, ident)}
    assert offres[Statut.AFFECTEE].raison == "choisissez d'abord un technicien."
    assert not offres[Statut.ANNULEE].permis
    assert "rôle" in offres[Statut.ANNULEE].raison
    with pytest.raises(NotAllowedError):
        passer(monde, ident, Statut.ANNULEE, acteur=monde.agent)
    passer(monde, ident, Statut.ANNULEE, acteur=monde.responsable)
    assert fiche(monde, ident).statut == "annulee"


def test_one_intervention_at_a_time_per_technicien(monde: Monde) -> None:
    premiere, seconde = creer(monde, technicien_id=monde.karim), creer(monde, technicien_id=monde.karim)
    passer(monde, premiere, Statut.AFFECTEE, Statut.EN_COURS)
    passer(monde, seconde, Statut.AFFECTEE)
    with pytest.raises(TransitionError, match=fiche(monde, premiere).numero):
        passer(monde, seconde, Statut.EN_COURS)
    passer(monde, premiere, Statut.EN_ATTENTE)
    passer(monde, seconde, Statut.EN_COURS)
    with pytest.raises(TransitionError, match="déjà en cours"):
        passer(monde, premiere, Statut.EN_COURS)


def test_back_to_open_releases_the_technicien(monde: Monde) -> None:
    ident = creer(monde, technicien_id=monde.karim)
    passer(monde, ident, Statut.AFFECTEE)
    with pytest.raises(ValidationError) as refus:
        monde.faire(svc.update, monde.agent, ident, {"technicien_id": None})
    assert list(refus.value.champs) == ["technicien_id"]
    passer(monde, ident, Statut.OUVERTE)
    assert (fiche(monde, ident).technicien_id, fiche(monde, ident).date_affectation) == (None, None)


def test_technicien_reports_only_on_own_work(monde: Monde) -> None:
    mienne, autre = creer(monde, technicien_id=monde.karim), creer(monde, technicien_id=monde.hind)
    passer(monde, mienne, Statut.AFFECTEE)
    assert chercher(monde, "", monde.technicien) == [mienne]
    passer(monde, mienne, Statut.EN_COURS, acteur=monde.technicien)
    monde.faire(svc.update, monde.technicien, mienne, {"diagnostic": "Came usée"})
    with pytest.raises(NotAllowedError):
        monde.faire(svc.update, monde.technicien, mienne, {"titre": "x"})
    with pytest.raises(NotFoundError):
        monde.faire(svc.update, monde.technicien, autre, {"diagnostic": "x"})
    passer(monde, mienne, Statut.CLOTUREE, acteur=monde.technicien)
    with pytest.raises(NotAllowedError):
        creer(monde, monde.technicien)


def test_closed_work_takes_no_edit_and_keeps_its_lines(monde: Monde) -> None:
    ident = creer(monde, technicien_id=monde.karim, diagnostic="Came usée")
    ligne = LigneInput(type_ligne="piece", designation="Came", quantite="2", prix_unitaire="1 250,50", taux_tva="20")
    retiree, gardee = (monde.faire(svc.ajouter_ligne, monde.agent, ident, ligne) for _ in range(2))
    monde.faire(svc.supprimer_ligne, monde.agent, retiree)
    passer(monde, ident, Statut.AFFECTEE, Statut.EN_COURS, Statut.CLOTUREE)
    with pytest.raises(TransitionError):
        monde.faire(svc.supprimer_ligne, monde.agent, gardee)
    with pytest.raises(TransitionError):
        monde.faire(svc.update, monde.agent, ident, {"titre": "x"})
    monde.faire(svc.update, monde.agent, ident, {"satisfaction_client": 5})
    monde.faire(svc.ajouter_ligne, monde.agent, ident, ligne)
    lignes = monde.faire(svc.lignes, monde.agent, ident)
    assert [(r.total_ht, r.total_tva) for r in lignes] == [(Decimal("2501.00"), Decimal("500.20"))] * 2


def test_closing_fills_the_repair_time_as_it_is_defined(monde: Monde, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work alone: no night, no holiday, no pause; what was typed stays, and work out of hours stays unknown."""
    monde.executer("UPDATE agences SET jours_ouvres = '1,2,3,4,5', horaires = '08:30-18:30'")
    monde.faire(lambda s, _a: calendrier.ajouter_ferie(s, date(2027, 3, 15), "Essai"), monde.admin)

    def a(jour: int, heure: str, ident: int, *vers: Statut) -> None:
        instant = datetime.combine(date(2027, 3, jour), time.fromisoformat(heure), clock.CASABLANCA)
        monkeypatch.setattr(clock, "now", lambda: instant.astimezone(UTC))
        passer(monde, ident, *vers)
        h = HistoriqueIntervention
        # The database writes this row itself, by its own clock.
        derniere = sa.select(sa.func.max(h.id)).where(h.intervention_id == ident, h.action == "statut")
        monde.faire(
            lambda s, _a: s.execute(
                sa.update(h).where(h.id == derniere.scalar_subquery()).values(horodatage=instant.astimezone(UTC))
            ),
            monde.admin,
        )

    mesuree, tapee, dimanche = (creer(monde, technicien_id=monde.karim, diagnostic="Usée") for _ in range(3))
    # A Friday evening, a pause over the week-end and a holiday, a Tuesday morning.
    a(12, "17:30", mesuree, Statut.AFFECTEE, Statut.EN_COURS)
    a(12, "18:00", mesuree, Statut.EN_ATTENTE)
    a(16, "09:00", mesuree, Statut.EN_COURS)
    a(16, "10:15", mesuree, Statut.CLOTUREE)
    assert fiche(monde, mesuree).duree_reelle == 30 + 75
    a(17, "09:00", tapee, Statut.AFFECTEE, Statut.EN_COURS)
    monde.faire(svc.update, monde.agent, tapee, {"duree_reelle": 42})
    a(17, "12:00", tapee, Statut.CLOTUREE)
    assert fiche(monde, tapee).duree_reelle == 42
    a(21, "10:00", dimanche, Statut.AFFECTEE, Statut.EN_COURS)
    a(21, "11:00", dimanche, Statut.CLOTUREE)
    assert fiche(monde, dimanche).duree_reelle is None


def test_pause_moves_the_deadline_on(monde: Monde) -> None:
    monde.executer("UPDATE agences SET jours_ouvres = '1,2,3,4,5,6,7', horaires = '00:00-23:59'")
    ident = creer(monde, technicien_id=monde.karim)
    passer(monde, ident, Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)
    assert fiche(monde, ident).sla_etat == "paused"
    avant = fiche(monde, ident).date_limite
    assert avant is not None
    il_y_a_3h = clock.now() - timedelta(hours=3)
    monde.faire(
        lambda s, _a: s.execute(
            sa.update(HistoriqueIntervention)
            .where(HistoriqueIntervention.action == "statut")
            .values(horodatage=il_y_a_3h)
        ),
        monde.admin,
    )
    passer(monde, ident, Statut.EN_COURS)
    apres = fiche(monde, ident).date_limite
    assert apres is not None
    assert timedelta(hours=2, minutes=55) < apres - avant < timedelta(hours=3, minutes=5)
    assert fiche(monde, ident).sla_etat in ("ok", "soon")


def test_search_ignores_accents_and_capitals(monde: Monde) -> None:
    premier = creer(monde, titre="Étalonnage bascule de quai")
    second = creer(monde, titre="FUITE d'huile vérin 50% [sud]")
    assert chercher(monde, "etalonnage BASCULE") == [premier]
    assert chercher(monde, "verin fuite") == [second]
    assert chercher(monde, "50% [sud]") == [second]
    assert chercher(monde, "100%") == []
    assert set(chercher(monde, "conserveries")) == {premier, second}
    assert set(chercher(monde, "sr-03")) == {premier, second}
    assert chercher(monde, "00-00002") == [second]
    assert chercher(monde, fiche(monde, premier).numero) == [premier]


def test_typed_words(monde: Monde) -> None:
    ouverte = creer(monde, titre="a", priorite="haute")
    affectee = creer(monde, titre="b", technicien_id=monde.karim, type="preventive")
    passer(monde, affectee, Statut.AFFECTEE)
    rabat = creer(monde, monde.autre_agent, titre="c", equipement_id=monde.equipement_rab)
    for texte, attendu in {
        "statut:ouverte": {ouverte, rabat},
        "statut:ouverte,affectee": {ouverte, affectee, rabat},
        "statut:aff": {affectee},
        "technicien:karim": {affectee},
        'technicien:"karim alaoui"': {affectee},
        "priorite:haute": {ouverte},
        "type:preventive": {affectee},
        "agence:rab": {rabat},
        "client:ceramiques": {rabat},
        "equipement:pont": {rabat},
        "client:ceramiques client:atlas statut:ouverte": {ouverte, rabat},
        "statut:zzz": set(),
        "cree_avant:aujourd'hui": {ouverte, affectee, rabat},
        "cree_depuis:demain": set(),
        "avant:+365": {ouverte, affectee, rabat},
        "depuis:+365": set(),
        "sla:depasse": set(),
    }.items():
        assert set(chercher(monde, texte, monde.siege)) == attendu, texte
    assert svc.indices("statu:ouverte") == ["Mot de filtre inconnu « statu: » ; vouliez-vous dire « statut: » ?"]


def test_sorts_are_total_and_reverse(monde: Monde) -> None:
    titres = ["Étalonnage", "eau", "Fuite", "abri", "Équerre", "échelle"]
    idents = {titre: creer(monde, titre=titre) for titre in titres}
    attendu = ["abri", "eau", "échelle", "Équerre", "Étalonnage", "Fuite"]
    assert chercher(monde, "", tri="titre") == [idents[t] for t in attendu]
    assert chercher(monde, "", tri="titre", descendant=True) == [idents[t] for t in reversed(attendu)]
    toutes = set(idents.values())
    for tri in ("numero", "statut", "priorite", "client", "equipement", "technicien", "agence_code", "date_creation",
                "date_planifiee", "date_limite", "sla", ""):  # fmt: skip
        for descendant in (False, True):
            assert set(chercher(monde, "", tri=tri, descendant=descendant)) == toutes


ORDERS = ("", "sla", "numero", "statut", "priorite", "titre", "client", "equipement", "technicien", "agence_code",
          "date_creation", "date_planifiee", "date_limite")  # fmt: skip


def test_a_name_sorts_alike_here_and_in_the_database(engine: sa.Engine) -> None:
    names = ["Étau", "étau", "ZÉRO", "œuf", "Ñandu", "ÿ", "Ça", "مضخة", "a_b", "A-b", "ÀÂÇÉÈÊËÎÏÔÛÜ àâçéèêëîïôûü", ""]
    with transaction(engine, write=False) as session:
        for name in names:
            key = session.scalar(sa.select(cle_texte(session, sa.literal(name))))
            assert key == cle_de(name), name


def test_a_first_page_follows_an_index_in_every_order_offered(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sorts nor passes over the table, so that it costs what it shows."""
    # A few rows of several names are sorted together.
    monkeypatch.setattr(places, "PACK", 0)
    asked: list[tuple[str, Any]] = []

    @sa.event.listens_for(sqlite_engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if "FROM interventions" in statement and not statement.startswith("EXPLAIN"):
            asked.append((statement, values))

    who = Acteur(1, "Amina", Role.ADMIN, None)
    with transaction(sqlite_engine) as session:
        remplir(session, 400)
        session.execute(sa.text("ANALYZE"))
    with transaction(sqlite_engine, write=False) as session:
        for tri, descendant in itertools.product(ORDERS, (False, True)):
            asked.clear()
            assert len(svc.ids(session, who, ListQuery("", tri, descendant, 20))) == 20
            for statement, values in asked:
                plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                steps = " / ".join(row[3] for row in plan)
                assert "TEMP B-TREE FOR ORDER BY" not in steps, (tri, statement, steps)
                assert not re.search(r"SCAN interventions(?! USING (COVERING )?INDEX)", steps), (
                    tri,
                    statement,
                    steps,
                )


def test_sla_order_puts_what_runs_first(monde: Monde) -> None:
    lente, vite = creer(monde, priorite="basse", contrat_id=None), creer(monde, priorite="urgente")
    attente, close = creer(monde, technicien_id=monde.karim), creer(monde, technicien_id=monde.hind, diagnostic="x")
    passer(monde, attente, Statut.AFFECTEE, Statut.EN_COURS, Statut.EN_ATTENTE)
    passer(monde, close, Statut.AFFECTEE, Statut.EN_COURS, Statut.CLOTUREE)
    annulee = creer(monde)
    passer(monde, annulee, Statut.ANNULEE)
    assert chercher(monde, "", tri="sla") == [vite, lente, attente, close, annulee]
    assert chercher(monde, "", tri="sla", descendant=True) == [lente, vite, attente, close, annulee]


def test_rows_keep_order_and_skip_the_vanished(monde: Monde) -> None:
    a, b = creer(monde, titre="a", technicien_id=monde.karim), creer(monde, titre="b", urgence=True)
    lignes = monde.faire(svc.rows, monde.agent, [b, 12345, a])
    assert [r.titre for r in lignes] == ["b", "a"]
    assert (lignes[1].technicien, lignes[0].technicien) == ("Karim Alaoui", None)
    assert lignes[0].agence_code == "CAS"
    assert not any(r.en_conflit or r.en_attente_sync for r in lignes)
    sur_cache = monde.engine.dialect.name == "sqlite"
    if sur_cache:
        # Only a desktop with a centre waits for it; the one before was stand-alone.
        monde.executer("INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES ('mode', 'agence')")
        lignes = monde.faire(svc.rows, monde.agent, [b, 12345, a])
    assert [r.en_attente_sync for r in lignes] == [sur_cache, sur_cache]


def test_input_of_the_form_is_refused_field_by_field(monde: Monde) -> None:
    ident = creer(monde)
    with pytest.raises(ValidationError) as refus:
        monde.faire(svc.update, monde.agent, ident, {"titre": "", "satisfaction_client": 9, "priorite": "x"})
    assert set(refus.value.champs) == {"titre", "satisfaction_client", "priorite"}
    assert refus.value.champs["titre"] == "Ce champ est obligatoire."
