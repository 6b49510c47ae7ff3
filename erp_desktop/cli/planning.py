"""erp-admin planning: what a plan may break in each agency, and the skills that work on machines needs."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
import typer

from erp_desktop.cli.calendrier import Agence, opened
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.domain.enums import Niveau, ReglePlanning, VerdictPlanning
from erp_desktop.errors import NotFoundError
from erp_desktop.models import Competence
from erp_desktop.services.planning import reading, settings, visits

app = Commands(help="Règles du planning et compétences requises.")

Retirer = Annotated[bool, typer.Option("--retirer", help="Revenir à la règle usuelle, ou ne plus exiger.")]


@app.command("regles")
@guarded
def rules(
    agence: Agence = None, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:
    """Ce que chaque règle fait : refuser, avertir ou ignorer."""
    with opened(Target(url, cache, secrets), agence, write=False) as base:
        found = {r.value: v.value for r, v in reading.verdicts(base.session, base.agence_id).items()}
        emit(as_json, found, [f"{r:20} {v}" for r, v in found.items()])


@app.command("regle")
@guarded
def rule(
    regle: ReglePlanning, verdict: Annotated[VerdictPlanning | None, typer.Argument()] = None, agence: Agence = None,
    retirer: Retirer = False, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Décider d'une règle, pour une agence ou pour toutes."""
    with opened(Target(url, cache, secrets), agence, write=True) as base:
        settings.decide(base.session, base.agence_id, regle, None if retirer else verdict or VerdictPlanning.AVERTIR)
        now = reading.verdicts(base.session, base.agence_id)[regle].value
        emit(as_json, {"regle": regle.value, "verdict": now}, f"{regle.value} : {now}")


@app.command("competences")
@guarded
def skills(
    agence: Agence = None, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:
    """Les compétences qu'exige chaque type de machine."""
    with opened(Target(url, cache, secrets), agence, write=False) as base:
        needed = visits.required(base.session, base.agence_id)
        found = [
            {"type_equipement": kind, "competence": s.nom, "niveau": s.niveau} for kind, all_ in needed.items()
            for s in all_
        ]  # fmt: skip
        lines = [f"{f['type_equipement']} : {f['competence']} ({f['niveau']})" for f in found]
        emit(as_json, found, lines or "Aucune compétence n'est exigée.")


@app.command("competence")
@guarded
def skill(
    type_equipement: str, competence: str, agence: Agence = None,
    niveau: Annotated[Niveau, typer.Option("--niveau", help="Au moins.")] = Niveau.DEBUTANT, retirer: Retirer = False,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Exiger une compétence pour un type de machine."""
    with opened(Target(url, cache, secrets), agence, write=True) as base:
        c = Competence
        found = base.session.scalar(sa.select(c).where(sa.func.lower(c.nom) == competence.lower()))
        if found is None:
            raise NotFoundError(f"Introuvable : aucune compétence ne s'appelle « {competence} ».")
        settings.require(base.session, base.agence_id, type_equipement, found, None if retirer else niveau)
        done = {
            "type_equipement": type_equipement,
            "competence": found.nom,
            "niveau": None if retirer else niveau.value,
        }
        emit(as_json, done, f"{type_equipement} : {found.nom} {'non exigée' if retirer else f'({niveau.value})'}")
