"""The report over eleven years of real work orders: every figure against the file itself."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.db.session import transaction
from erp_desktop.models import Agence
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.services import importation
from tests.reports.donnees import MAINTENANT, attendu

FICHIER = paths.ROOT / "tests" / "data" / "excavators.csv"


def test_les_ordres_de_travail_de_cinq_pelles(engine: sa.Engine) -> None:
    """Volumes by month, cost by machine and cost in all are those of the CSV, to the centime."""
    with FICHIER.open(encoding="utf-8", newline="") as flux:
        ordres = list(csv.DictReader(flux))
    jours = [date.fromisoformat(o["BscStartDate"]) for o in ordres]
    with transaction(engine) as session:
        session.add(Agence(code="CAS", nom="Casablanca"))
        session.flush()
        importation.importer_interventions(session, FICHIER, "CAS")
    with transaction(engine, write=False) as session:
        params = ParamsRapport(date(2001, 1, 1), date(2014, 12, 31))
        r, x = calculer(session, params, maintenant=MAINTENANT), attendu(session, params)
    assert r.creees == r.cloturees == len(ordres) == 5485
    assert r.encours == 0
    par_mois = Counter(j.replace(day=1) for j in jours)
    assert {m.mois: m.creees for m in r.par_mois if m.creees} == dict(par_mois)
    couts: Counter[str] = Counter()
    for o in ordres:
        couts[o["Asset"]] += Decimal(o["Cost"] or 0).quantize(Decimal("0.01"))
    assert sorted(e.cout.externe for e in r.equipements) == sorted(couts.values())
    assert r.cout.externe == r.cout.total == sum(couts.values())
    assert [e.cout.total for e in r.equipements] == sorted(couts.values(), reverse=True)
    assert sorted(e.nombre for e in r.equipements) == sorted(Counter(o["Asset"] for o in ordres).values())
    assert (r.mttr.reparations, r.sla.echus) == (x["reparations"], x["echus"])
