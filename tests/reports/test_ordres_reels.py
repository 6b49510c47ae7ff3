"""The report over eleven years of real work orders: every figure against the file itself."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.db.session import transaction
from erp_desktop.models import Agence
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.modele import ParamsRapport
from erp_desktop.reports.tableaux import indicateurs
from erp_desktop.services import importation
from tests.reports.rows import MAINTENANT, attendu

FICHIER = paths.ROOT / "tests" / "data" / "excavators.csv"
TYPES = tuple(f"type:{code}=corrective" for code in ("PM04", "PM05", "PM06", "PM13"))


def test_les_ordres_de_travail_de_cinq_pelles(engine: sa.Engine, tmp_path: Path) -> None:
    """What the file says is reported to the centime; what it does not say is left out, and counted."""
    with FICHIER.open(encoding="utf-8", newline="") as flux:
        ordres = list(csv.DictReader(flux))
    peu = tmp_path / "peu.csv"
    peu.write_text("".join(FICHIER.read_text(encoding="utf-8").splitlines(keepends=True)[:401]), encoding="utf-8")
    jours = [date.fromisoformat(o["BscStartDate"]) for o in ordres]
    with transaction(engine) as session:
        agences = [Agence(code=code, nom=code) for code in ("CAS", "RAB")]
        session.add_all(agences)
        session.flush()
        brute, decidee = (agence.id for agence in agences)
        importation.importer_interventions(session, peu, "CAS", choix=importation.Decisions(valeurs=TYPES))
        # Somebody decides that an order was closed on its day, and what an Australian dollar is.
        importation.importer_interventions(
            session, FICHIER, "RAB",
            choix=importation.Decisions(("BscStartDate=date_cloture",), TYPES, taux=("AUD=6,5",)),
        )  # fmt: skip
    with transaction(engine, write=False) as session:
        params = ParamsRapport(date(2001, 1, 1), date(2014, 12, 31), brute)
        r, x = calculer(session, params, maintenant=MAINTENANT), attendu(session, params)
        params = ParamsRapport(date(2001, 1, 1), date(2014, 12, 31), decidee)
        d = calculer(session, params, maintenant=MAINTENANT)
    for rapport, n in ((r, 400), (d, 5485)):
        assert rapport.creees == n
        par_mois = Counter(j.replace(day=1) for j in jours[:n])
        assert {m.mois: m.creees for m in rapport.par_mois if m.creees} == dict(par_mois)
        assert (rapport.encours, rapport.sla.echus, rapport.minutes) == (0, 0, 0)
        assert (rapport.mttr.reparations, rapport.mttr.minutes) == (0, None)

    assert (r.cloturees, r.sans_date_cloture, r.cout.total, r.mttr.exclues) == (0, 400, 0, 0)
    assert x["sans_date"] == 400
    assert (
        next(i.detail for i in indicateurs(r) if i.cle == "cout") == "hors taxes, 0 clôturée, 400 exclues sans date"
    )

    assert (d.cloturees, d.sans_date_cloture) == (5485, 0)
    assert d.mttr.exclues == sum(o["PMType"] != "PM02" for o in ordres)
    couts: Counter[str] = Counter()
    for o in ordres:
        couts[o["Asset"]] += (Decimal(o["Cost"]) * Decimal("6.5")).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert sorted(e.cout.externe for e in d.equipements) == sorted(couts.values())
    assert d.cout.externe == d.cout.total == sum(couts.values())
    assert [e.cout.total for e in d.equipements] == sorted(couts.values(), reverse=True)
    assert sorted(e.nombre for e in d.equipements) == sorted(Counter(o["Asset"] for o in ordres).values())
