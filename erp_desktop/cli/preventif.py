"""erp-admin preventif: the visits of the plans, made ahead; for a scheduler at the centre, once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from erp_desktop import clock
from erp_desktop.cli.calendrier import Agence
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.db.session import transaction
from erp_desktop.domain.preventif import rythme
from erp_desktop.services import calendrier
from erp_desktop.services.preventif import generation

app = Commands(help="Visites du préventif.")

Jours = Annotated[
    int | None,
    typer.Option("--jours", min=1, max=732, help=f"Horizon ; celui de chaque plan ({rythme.HORIZON})."),
]


@app.callback()
def _group() -> None:
    """Maintenance préventive : ce que le centre prépare d'avance."""


@app.command("generer")
@guarded
def generate(
    jours: Jours = None, agence: Agence = None, url: Url = None, cache: Cache = None, secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Créer les interventions des échéances à venir, une seule fois chacune ; sans effet quand rien ne manque."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        found = calendrier.agence_par_code(session, agence)
        done = generation.generer(
            session, calendrier.ADMINISTRATION, agence_id=found.id if found is not None else None,
            jusqu_au=None if jours is None else clock.today() + timedelta(days=jours),
        )  # fmt: skip
        lines = [f"{len(done.generees)} visite(s) créée(s), {done.retirees} retirée(s)."]
        lines += [f"Plan {plan} : {reason}" for plan, reason in done.refus]
        emit(
            as_json,
            {"generees": len(done.generees), "retirees": done.retirees,
             "refus": [{"plan": plan, "raison": reason} for plan, reason in done.refus]},
            lines,
        )  # fmt: skip
