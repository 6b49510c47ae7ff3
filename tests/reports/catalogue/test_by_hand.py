"""Every figure of September 2026 at one agency of Casablanca, worked out by hand.

The month is 721 hours long: Morocco gave back one hour in the night to the 20th (IANA time zones, Africa/Casablanca).
The agency is open from Monday to Saturday, 08:30 to 18:30, so that 26 open days make 260 hours. Terms are those of
EN 13306:2017 and EN 15341:2007 as ``docs/definitions.md`` names them; delays of payment those of loi 69-21 (60 days
where nothing was agreed, art. 78-2 of the Code de commerce).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.rapports.figures import FIGURES
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.catalogue.ask import Scope, Value
from tests.reports.catalogue.world import World, free, store

HOUR = 3600
SEPTEMBER = Scope(date(2026, 9, 1), date(2026, 9, 30))
NOW = datetime(2026, 10, 5, 9, tzinfo=clock.CASABLANCA)


def at(month: int, day: int, hour: str) -> datetime:
    """A moment of 2026 on the clock of Casablanca."""
    return datetime.combine(date(2026, month, day), time.fromisoformat(hour), clock.CASABLANCA)


def month() -> World:
    """Two machines in use, four jobs closed, one open, one cancelled, one that nobody knows the end of."""
    w = World(SEPTEMBER, NOW)
    cas = w.add("Agence", code="CAS", nom="Casablanca", jours_ouvres="1,2,3,4,5,6", horaires="08:30-18:30")
    client = w.add("Client", nom_entreprise="Minoterie Chaouia", agence_id=cas)
    contrat = w.add("Contrat", numero_contrat="C-1", client_id=client, agence_id=cas, statut="en_cours",
                    type_contrat="maintenance_preventive", date_debut=date(2026, 1, 1), date_fin=None,
                    montant_annuel=Decimal(120_000), mode_facturation="mensuel")  # fmt: skip
    machine = {"client_id": client, "agence_id": cas, "is_active": True, "statut": "operationnel"}
    pompe = w.add("Equipement", nom="Pompe", code_interne="P-1", **machine)
    presse = w.add("Equipement", nom="Presse", code_interne="P-2", date_mise_en_service=date(2026, 9, 16), **machine)
    w.add("Equipement", nom="Vieille presse", code_interne="P-3", **{**machine, "statut": "retire"})
    people = [
        w.add("User", username=n, email=f"{n}@mif.ma", full_name=n, role="technicien") for n in ("karim", "salma")
    ]
    karim = w.add("Technicien", user_id=people[0], agence_id=cas, is_active=True)
    w.add("Technicien", user_id=people[1], agence_id=cas, is_active=False)
    job = {"agence_id": cas, "client_id": client, "titre": "Fuite", "priorite": "normale", "technicien_id": karim}
    # Repaired on the day, within the deadline, and back sixteen days later with the same code.
    first = w.add(
        "Intervention", numero="A", type="corrective", statut="cloturee", equipement_id=pompe, probleme_id=1,
        contrat_id=contrat, imputation="contrat", date_creation=at(9, 3, "09:00"), date_planifiee=at(9, 3, "10:00"),
        date_debut_travaux=at(9, 3, "10:30"), date_fin_travaux=at(9, 3, "12:00"), date_cloture=at(9, 3, "12:30"),
        date_limite=at(9, 3, "13:00"), duree_estimee=60, duree_reelle=90, satisfaction_client=4, **job,
    )  # fmt: skip
    # Called on a Saturday evening before the clocks changed, begun on Monday in time, over an hour too late.
    second = w.add(
        "Intervention", numero="B", type="corrective", statut="archivee", equipement_id=pompe, probleme_id=1,
        imputation="a_facturer", date_creation=at(9, 19, "18:00"), date_planifiee=at(9, 21, "09:00"),
        date_debut_travaux=at(9, 21, "09:00"), date_fin_travaux=at(9, 21, "11:00"), date_cloture=at(9, 21, "11:00"),
        date_limite=at(9, 21, "10:00"), duree_reelle=120, **job,
    )  # fmt: skip
    plan = w.add("Planning", equipement_id=pompe, frequence="mensuel", modele_titre="Visite", tolerance_avant=0,
                 tolerance_apres=0)  # fmt: skip
    due = [w.add("Occurrence", planning_id=plan, cle=str(n), date_prevue=day, date_cible=day, etat=etat, motif=why)
           for n, (day, etat, why) in enumerate(((date(2026, 9, 10), "generee", None),
                                                 (date(2026, 9, 24), "generee", None),
                                                 (date(2026, 9, 28), "sautee", "Four arrêté")))]  # fmt: skip
    # The first visit ends a day after its due day, the second on it, though a day after it was planned.
    w.add(
        "Intervention", numero="C", type="preventive", statut="cloturee", equipement_id=pompe, occurrence_id=due[0],
        date_creation=at(9, 1, "08:30"), date_planifiee=at(9, 10, "09:00"), date_debut_travaux=at(9, 10, "09:00"),
        date_fin_travaux=at(9, 11, "10:00"), date_cloture=at(9, 11, "10:00"), duree_reelle=60,
        cout_externe=Decimal(80), satisfaction_client=5, **job,
    )  # fmt: skip
    fourth = w.add(
        "Intervention", numero="D", type="preventive", statut="cloturee", equipement_id=presse, occurrence_id=due[1],
        date_creation=at(9, 1, "08:31"), date_planifiee=at(9, 23, "09:00"), date_debut_travaux=at(9, 24, "14:00"),
        date_fin_travaux=at(9, 24, "15:00"), date_cloture=at(9, 24, "16:00"), duree_reelle=30, **job,
    )  # fmt: skip
    w.add("Intervention", numero="E", type="corrective", statut="affectee", equipement_id=presse, probleme_id=2,
          date_creation=at(9, 29, "10:00"), date_limite=at(10, 2, "10:00"), duree_estimee=45, **job)  # fmt: skip
    w.add("Intervention", numero="F", type="diagnostic", statut="archivee", equipement_id=pompe,
          date_creation=at(9, 5, "09:00"), **job)  # fmt: skip
    w.add("Intervention", numero="G", type="corrective", statut="annulee", equipement_id=pompe, probleme_id=1,
          date_creation=at(9, 8, "09:00"), date_limite=at(9, 8, "12:00"), **job)  # fmt: skip
    w.add("Arret", equipement_id=pompe, debut=at(9, 3, "09:00"), fin=at(9, 3, "12:00"), cause="panne")
    w.add("Absence", technicien_id=karim, agence_id=cas, debut=at(9, 7, "08:30"), fin=at(9, 7, "18:30"), type="conge",
          zone="Africa/Casablanca", statut="acceptee", recurrence=None, recurrence_fin=None)  # fmt: skip
    hours = {"intervention_id": first, "technicien_id": karim}
    noted = (
        ("trajet", "10:00", "10:30", 120),
        ("travail", "10:30", "12:00", 120),
        ("attente", "13:00", "14:00", None),
    )
    for kind, begin, end, price in noted:
        w.add("Temps", type=kind, debut=at(9, 3, begin), fin=at(9, 3, end), cout_horaire=price and Decimal(price),
              **hours)  # fmt: skip
    for n, (etat, end) in enumerate((("confirme", "13:00"), ("annule", "18:00"))):
        w.add("Creneau", etat=etat, debut=at(9, 10, "09:00"), fin=at(9, 10, end), zone="Africa/Casablanca", ordre=n,
              **hours)  # fmt: skip
    parts = [w.add("PieceDetachee", reference=f"R-{n}", designation="Roulement 6205") for n in range(3)]
    line = {"taux_tva": Decimal(20), "prevue": False}
    for owner, kind, part, quantity, price, more in (
        (first, "piece", parts[0], "2", "150.25", {}), (second, "main_oeuvre", None, "1.5", "200", {}),
        (second, "piece", None, "1", "20", {}), (fourth, "piece", parts[0], "1", "999", {"prevue": True}),
    ):  # fmt: skip
        w.add("LigneIntervention", intervention_id=owner, designation="x", type_ligne=kind, piece_id=part,
              quantite=Decimal(quantity), prix_unitaire=Decimal(price), **{**line, **more})  # fmt: skip
    depot = w.add("Depot", nom="Magasin", agence_id=cas, type_depot="agence")
    for part, kind, quantity, price, when, owner in (
        (0, "entree", 10, 100, at(9, 1, "09:00"), None), (0, "sortie", -2, 100, at(9, 3, "11:00"), first),
        (1, "sortie", -1, None, at(9, 4, "09:00"), None),
        (2, "entree", 3, 50, datetime(2025, 1, 10, 9, tzinfo=clock.CASABLANCA), None),
    ):  # fmt: skip
        cost = price and Decimal(price)
        w.add("MouvementStock", piece_id=parts[part], depot_id=depot, agence_id=cas, type_mouvement=kind,
              quantite=Decimal(quantity), prix_unitaire=cost, valeur_unitaire=cost, horodatage=when,
              intervention_id=owner)  # fmt: skip
    bill = {"client_id": client, "agence_id": cas, "type_facture": "facture", "contrat_id": None}
    # Of 22 July, nothing agreed: due 60 days later, on the 20th, and fifteen days late now.
    late = w.add("Facture", numero="F-1", statut="validee", date_facture=date(2026, 7, 22),
                 date_echeance=date(2026, 9, 20), total_ttc=Decimal(12_000), **bill)  # fmt: skip
    w.add("Facture", numero="PROV-1", statut="brouillon", date_echeance=None, total_ttc=Decimal(500), **bill)
    paid = w.add("Paiement", facture_id=None, date_paiement=date(2026, 9, 30), montant=Decimal(2_000),
                 mode_paiement="virement", annule_id=None)  # fmt: skip
    w.add("Imputation", paiement_id=paid, facture_id=late, montant=Decimal(2_000))
    for rows in w.rows.values():
        # One statement stores them all.
        names = dict.fromkeys(name for row in rows for name in row)
        rows[:] = [dict.fromkeys(names) | row for row in rows]
    return w


WORKED_OUT = {
    # E is open on the 30th; F, archived without a date, is left out.
    "encours": Value(1, 0, 1, 1),
    "encours_heures": Value(45, 0, 1, 0),
    # From the 29th at 10:00 to the end of the 30th.
    "encours_age": Value(38 * HOUR, 1, 1, 0),
    "creees": Value(7, 0, 7, 0),
    "cloturees": Value(4, 0, 4, 0),
    # A, B and E; G was cancelled.
    "pannes": Value(3, 0, 3, 1),
    # A and B were begun in time, A alone was over in time; what was cancelled is no commitment.
    "sla_prise": Value(2, 2, 2, 1),
    "sla_tenus": Value(1, 2, 2, 1),
    # A: 09:00 to 10:30. B: half an hour on Saturday, half an hour on Monday.
    "prise_en_charge": Value(90 * 60 + 60 * 60, 2, 2, 0),
    "mttr": Value(90 + 120, 2, 2, 0),
    # A: three hours. B: 41 hours by the clocks on the wall, 42 that went by.
    "remise_en_service": Value((3 + 42) * HOUR, 2, 2, 0),
    # The pump 721 hours, the press the 361 since the 16th, less the pump's three; three failures.
    "mtbf": Value((721 + 361 - 3) * HOUR, 3, 2, 1),
    "disponibilite": Value((721 + 361 - 3) * HOUR, (721 + 361) * HOUR, 2, 1),
    "arrets": Value(3 * HOUR, 0, 1, 1),
    # A came back as B.
    "premier_passage": Value(1, 2, 2, 0),
    "recidives": Value(1, 3, 3, 1),
    "part_preventif": Value(60 + 30, 90 + 120 + 60 + 30, 4, 0),
    # One visit a day late, one on its day, one skipped with its reason.
    "respect_preventif": Value(1, 2, 2, 1),
    # D was begun a day after it was planned.
    "respect_planning": Value(3, 4, 4, 0),
    # Travel and work, not the wait; 260 hours less a day off. Salma does not work here any more.
    "occupation": Value(2 * HOUR, 250 * HOUR, 1, 1),
    "charge": Value(4 * HOUR, 250 * HOUR, 1, 1),
    # 2 × 150.25, 1.5 × 200, 1 × 20 and 80 taken over; D has nothing but what was planned.
    "cout": Value(300_50 + 300_00 + 20_00 + 80_00, 0, 3, 1),
    # Two parts at 100, two hours at 120, 80 taken over; the wait has no price.
    "cout_revient": Value(200_00 + 240_00 + 80_00, 0, 4, 1),
    # A twelfth of 120,000, less what A took: B is billed apart.
    "marge": Value(10_000_00 - 440_00, 0, 1, 1),
    "pieces": Value(300_50, 0, 1, 1),
    # Eight bearings at 100 and three old ones at 50; one place is below zero and is worth nothing.
    "stock_valeur": Value(800_00 + 150_00, 0, 2, 1),
    "stock_dormant": Value(150_00, 0, 1, 0),
    "creances": Value(10_000_00, 0, 1, 1),
    # A 4, C 5; B and D were not asked.
    "satisfaction": Value(9, 2, 2, 2),
}  # fmt: skip


def test_each_figure_of_a_month_worked_out_by_hand(sqlite_engine: sa.Engine, pg_engine: sa.Engine) -> None:
    assert set(WORKED_OUT) == {f.cle for f in FIGURES}
    free(sqlite_engine)
    for engine in (sqlite_engine, pg_engine):
        with engine.connect() as connection:
            store(connection, month())
            with Session(connection) as session:
                found = {name: compute.one(session, name, SEPTEMBER, now=NOW) for name in WORKED_OUT}
                late = compute.compute(session, "creances", SEPTEMBER, "retard", now=NOW)
                # The last minute of August belongs to August, by Morocco's clock and not by UTC's.
                august = replace(SEPTEMBER, debut=date(2026, 8, 1), fin=date(2026, 8, 31))
                before = compute.one(session, "creees", august, now=NOW)
            connection.rollback()
        assert found == WORKED_OUT, engine.dialect.name
        # Fifteen days late: the first bucket after what is not due.
        assert late[1] == Value(10_000_00, 0, 1, 0)
        assert before == Value()
