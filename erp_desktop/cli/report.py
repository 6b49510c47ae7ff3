"""erp-admin report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from erp_desktop import clock, settings
from erp_desktop.cli import common, terminal
from erp_desktop.cli.french import Commands
from erp_desktop.db.replica import Replica
from erp_desktop.db.session import snapshot, transaction
from erp_desktop.errors import NotFoundError, UnavailableError, UserError
from erp_desktop.models import Agence
from erp_desktop.reports import csv_, pdf, xlsx
from erp_desktop.reports.figures import kept
from erp_desktop.reports.interventions import calculer
from erp_desktop.reports.managers import sending
from erp_desktop.reports.modele import ParamsRapport, RapportInterventions

app = Commands(help="Rapports.")

Replique = Annotated[
    str | None, typer.Option("--replique", help="Réplique du centre où lire ; le centre si elle ne convient pas.")
]
FORMATS = {"pdf": pdf.ecrire_pdf, "xlsx": xlsx.ecrire, "csv": csv_.ecrire}


@app.callback()
def _group() -> None:
    """Rapports."""


@app.command("interventions")
@common.guarded
def interventions(
    format: Annotated[str, typer.Option("--format", help="pdf, xlsx ou csv.")],
    out: Annotated[Path, typer.Option("--out", help="Fichier à écrire ; remplacé s'il existe.")],
    debut: Annotated[str | None, typer.Option("--debut", help="Premier jour, AAAA-MM-JJ.")] = None,
    fin: Annotated[
        str | None, typer.Option("--fin", help="Dernier jour, AAAA-MM-JJ ; aujourd'hui par défaut.")
    ] = None,
    agence: Annotated[str | None, typer.Option("--agence", help="Code d'une agence ; toutes par défaut.")] = None,
    url: common.Url = None,
    replique: Replique = None,
    cache: common.Cache = None,
    secrets: common.Secrets = None,
    as_json: common.AsJson = False,
) -> None:
    """Activité, encours, SLA, temps de réparation et coûts ; les trente derniers jours par défaut."""
    if format not in FORMATS:
        raise UserError(f"Le format « {format} » n'existe pas ; choisir pdf, xlsx ou csv.")
    dernier = common.jour_de("fin", fin) or clock.today()
    premier = common.jour_de("debut", debut) or dernier - timedelta(days=29)
    target = common.Target(url, cache, secrets)
    with target.engine() as engine:
        # Without room or beside another writer the figures are the same, counted from the rows.
        with suppress(UnavailableError):
            kept.keep_all(engine, dernier)

        def computed(session: Session) -> RapportInterventions:
            return calculer(session, ParamsRapport(premier, dernier, _agence_id(session, agence)))

        with _reading(engine, replique) as replica:
            if replica is not None:
                rapport = replica.read(computed, whole=True)
            else:
                with transaction(snapshot(engine), write=False) as session:
                    rapport = computed(session)
    FORMATS[format](rapport, out)
    answer = {
        "fichier": out, "octets": out.stat().st_size, "debut": premier, "fin": dernier, "agence": rapport.agence,
        "creees": rapport.creees, "cloturees": rapport.cloturees, "encours": rapport.encours,
    }  # fmt: skip
    common.emit(as_json, answer, f"Rapport écrit : {out} ({rapport.creees} créées, {rapport.cloturees} clôturées).")


@app.command("run-due")
@common.guarded
def run_due(
    url: common.Url = None,
    replique: Replique = None,
    cache: common.Cache = None,
    secrets: common.Secrets = None,
    as_json: common.AsJson = False,
) -> None:
    """Envoyer les rapports planifiés qui sont dus ; chacun une fois, même lancé sur deux machines."""
    target = common.Target(url, cache, secrets)
    with target.engine() as engine, _reading(engine, replique) as replica:
        done = sending.run_due(engine, settings.load(), replica=replica)
    failed = [one for one in done if one.failure]
    lines = [f"{one.name} → {one.where}" + (f" : {one.failure}" if one.failure else "") for one in done]
    answer = {"envoyes": len(done) - len(failed), "echecs": len(failed), "rapports": lines}
    common.emit(as_json, answer, lines or "Aucun rapport n'est dû.")
    if failed:
        raise typer.Exit(1)


@contextmanager
def _reading(engine: sa.Engine, address: str | None) -> Iterator[Replica | None]:
    if address is None:
        yield None
        return
    if engine.dialect.name != "postgresql":
        raise UserError("--replique va avec --url : une base locale se lit elle-même.")
    replica = Replica(engine, common.with_password(address))
    try:
        yield replica
        if replica.reason:
            terminal.show(f"Lu au centre : {replica.reason}", err=True)
    finally:
        replica.close()


def _agence_id(session: Session, code: str | None) -> int | None:
    if code is None:
        return None
    trouve = session.scalar(sa.select(Agence.id).where(Agence.code == code.upper()))
    if trouve is None:
        raise NotFoundError(f"L'agence « {code} » n'existe pas dans cette base.")
    return trouve
