"""Acts of several statements in a process killed at a boundary of them: all of it is there, or nothing."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db.engine import create_pg_engine, create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import MotifHoraire, Statut, StatutContrat
from erp_desktop.domain.factures.saisie import PaiementInput, PartInput
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.domain.saisie.stock import DepotInput, InventaireInput, MouvementInput, PieceInput
from erp_desktop.models import Base
from erp_desktop.services import contrats, documents, factures, interventions
from erp_desktop.services.administration import accounts, calendar
from erp_desktop.services.importation import tables as importation
from erp_desktop.services.preventif import form as plans
from erp_desktop.services.shared.bulk import Editing, Progress
from erp_desktop.services.stock import counting, depots, ledger, parts
from tests.services.branch import Monde
from tests.services.factures.office import drafted, law, validated

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
Act = Callable[[Session], Any]
MONEY_AND_PARTS = ("payment", "renewal", "validation", "credit", "line", "transfer", "reversed")


def acts(monde: Monde, folder: Path) -> dict[str, tuple[Acteur, Act]]:
    who, admin, ramadan = monde.responsable, monde.admin, MotifHoraire.RAMADAN
    file = folder / "clients.csv"
    rows = "".join(f"Atelier {n};Fès\n" for n in range(40))
    file.write_text(f"nom_entreprise;ville\n{rows}", encoding="utf-8")
    asked = InterventionInput(titre="Fuite", equipement_id=monde.equipement, technicien_id=monde.karim)
    job = monde.faire(interventions.create, who, asked)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(300_000)
    plan = PlanInput(equipement_id=monde.equipement, modele_titre="Graissage", frequence="mensuel",
                     date_debut=clock.today())  # fmt: skip
    store = monde.faire(depots.create, who, DepotInput(nom="Magasin"))
    part = monde.faire(parts.create, who, PieceInput(reference="JNT-63", designation="Joint"))
    sheet = monde.faire(counting.create, who, InventaireInput(depot_id=store))
    monde.faire(counting.enter, who, sheet, part, Decimal(3))
    jobs = [job, monde.faire(interventions.create, who, asked)]
    several = Editing("interventions", interventions.get, interventions.update)
    changes = {"priorite": "haute"}
    trials = monde.faire(several.trials, who, jobs, changes)
    return {
        "count": (who, lambda s: counting.validate(s, who, sheet)),
        "several": (who, lambda s: several.write(s, who, trials, changes, Progress())),
        "import": (who, lambda s: importation.importer(s, "clients", file, "CAS", user_id=who.user_id)),
        "document": (who, lambda s: documents.joindre(s, who, "interventions", job, "photo.png", picture)),
        "hours": (admin, lambda s: calendar.set_week(
            s, admin, monde.cas, "1-5=09:00-15:00", date(2027, 2, 8), date(2027, 3, 9), ramadan)),
        "statut": (who, lambda s: interventions.changer_statut(s, who, job, Statut.AFFECTEE)),
        "plan": (who, lambda s: plans.create(s, who, plan)),
        "account": (admin, lambda s: accounts.close(s, admin, accounts.by_name(s, "hind.berrada"))),
    }  # fmt: skip


def money_and_parts(monde: Monde) -> dict[str, tuple[Acteur, Act]]:
    """What is counted, billed or promised: a number, a sum or a quantity would be missing or twice."""
    who = monde.responsable
    law(monde.engine)
    if monde.engine.dialect.name == "sqlite":
        monde.executer("INSERT OR REPLACE INTO sync_meta (cle, valeur) VALUES ('mode', 'agence')")
    draft, one, other = drafted(monde), validated(monde), validated(monde)
    parts_ = [PartInput(facture_id=one, montant="1200", retenue_tva="150"),
              PartInput(facture_id=other, montant="200")]  # fmt: skip
    received = PaiementInput(parts=parts_, date_paiement=clock.today(), mode_paiement="especes")
    begun = clock.today() - timedelta(days=300)
    promised = ContratInput(client_id=monde.client, date_debut=begun, date_fin=clock.today() + timedelta(days=60),
                            nb_interventions_incluses=10)  # fmt: skip
    contract = monde.faire(contrats.create, who, promised)
    monde.faire(contrats.changer_statut, who, contract, StatutContrat.EN_COURS)
    store, van = (monde.faire(depots.create, who, DepotInput(nom=nom)) for nom in ("Magasin", "Fourgon"))
    part = monde.faire(parts.create, who, PieceInput(reference="JNT-63", designation="Joint"))
    moved = {"piece_id": part, "depot_id": store, "quantite": "4"}
    entry = monde.faire(ledger.post, who, MouvementInput(type_mouvement="entree", **moved))
    transfer = MouvementInput(type_mouvement="transfert", vers_depot_id=van, **moved)
    job = monde.faire(interventions.create, who, InterventionInput(titre="Fuite", equipement_id=monde.equipement))
    line = LigneInput(type_ligne="piece", designation="Joint", prix_unitaire="9", **moved)
    return {
        "validation": (who, lambda s: factures.demander(s, who, draft)),
        "credit": (who, lambda s: factures.avoir(s, who, one)),
        "payment": (who, lambda s: factures.encaisser(s, who, received)),
        "renewal": (who, lambda s: contrats.renouveler(s, who, contract)),
        "line": (who, lambda s: interventions.ajouter_ligne(s, who, job, line)),
        "transfer": (who, lambda s: ledger.post(s, who, transfer)),
        "reversed": (who, lambda s: ledger.reverse(s, who, entry.ids[0], "Erreur")),
    }  # fmt: skip


def held(engine: sa.Engine) -> dict[str, tuple[Any, ...]]:
    """How many rows each table has, and when one of them was written last."""
    tables = {n: t for n, t in Base.metadata.tables.items() if "updated_at" in t.c}
    with transaction(engine, write=False) as session:
        return {
            name: tuple(session.execute(sa.select(sa.func.count(), sa.func.max(t.c.updated_at))).one())
            for name, t in tables.items()
        }


def killed(place: Path | str, who: Acteur, act: Act, boundary: int) -> bool:
    """Do an act in a process with a connection of its own; whether it died at the boundary."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or status == 0, status
        return os.WIFSIGNALED(status)
    try:
        left = [boundary]
        engine = create_pg_engine(place) if isinstance(place, str) else create_sqlite_engine(place)

        def burn(*_heard: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(engine, name, burn)
        with transaction(engine, who.user_id) as session:
            act(session)
    except BaseException:  # noqa: BLE001 - told by the status of the process
        traceback.print_exc()
        os._exit(3)
    os._exit(0)


@pytest.mark.parametrize(
    "name",
    [
        "import", "document", "count", "several", "hours", "statut", "plan", "account", *MONEY_AND_PARTS[:1],
        *(pytest.param(name, marks=pytest.mark.soak) for name in MONEY_AND_PARTS[1:]),
    ],
)  # fmt: skip
def test_an_act_that_is_killed_is_there_whole_or_not_at_all(
    request: pytest.FixtureRequest, monde: Monde, tmp_path: Path, name: str
) -> None:
    sqlite = monde.engine.dialect.name == "sqlite"
    place: Path | str = request.getfixturevalue("sqlite_path" if sqlite else "pg_url")
    who, act = money_and_parts(monde)[name] if name in MONEY_AND_PARTS else acts(monde, tmp_path)[name]
    before, boundary, turns = held(monde.engine), 5, 0
    while killed(place, who, act, boundary):
        assert held(monde.engine) == before, boundary
        boundary, turns = boundary + 7, turns + 1
    assert turns > 0
    assert held(monde.engine) != before
    if sqlite:
        assert monde.lire(sa.text("PRAGMA integrity_check")) == [("ok",)]
