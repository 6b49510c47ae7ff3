"""erp-admin referentiel: what administrators keep for everybody, table by table, by the window's own services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from erp_desktop import clock
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.db.session import transaction
from erp_desktop.domain.administration.saisie import (
    AgenceInput,
    CodePanneInput,
    CompetenceInput,
    ExigenceInput,
    IdentiteInput,
    TarifInput,
    TauxLegalInput,
    TauxTvaInput,
)
from erp_desktop.domain.saisie import Saisie
from erp_desktop.errors import UserError, ValidationError
from erp_desktop.services.administration import agencies, maintenance, numbering
from erp_desktop.services.administration.referentials import FAILURE_CODES, LEGAL, NEEDS, RATES, SKILLS, VAT
from erp_desktop.services.calendrier import ADMINISTRATION, agence_par_code
from erp_desktop.services.shared.lists import ListQuery

app = Commands(help="Agences, en-têtes, compétences, codes de panne, tarifs, TVA, numéros.")


@dataclass(frozen=True)
class _Table:
    """What one table is written and read by."""

    typed: type[Saisie]
    ids: Callable[..., list[int]]
    rows: Callable[..., list[Any]]
    create: Callable[..., int]
    update: Callable[..., None]
    remove: Callable[..., None] | None = None


def _of(reference: Any, typed: type[Saisie], *, removes: bool = True) -> _Table:
    remove = reference.remove if removes else None
    return _Table(typed, reference.ids, reference.rows, reference.create, reference.update, remove)


TABLES: dict[str, _Table] = {
    "agences": _Table(AgenceInput, agencies.ids, agencies.rows, agencies.create, agencies.update),
    "entetes": _of(agencies.LETTERHEADS, IdentiteInput),
    "competences": _of(SKILLS, CompetenceInput),
    "codes": _of(FAILURE_CODES, CodePanneInput, removes=False),
    "tarifs": _of(RATES, TarifInput),
    "tva": _of(VAT, TauxTvaInput),
    "legaux": _of(LEGAL, TauxLegalInput),
    "exigences": _of(NEEDS, ExigenceInput),
}

Table = Annotated[str, typer.Argument(help=f"{', '.join(TABLES)}.")]
Fields = Annotated[list[str] | None, typer.Argument(help="champ=valeur ; une valeur vide efface. agence=CODE.")]


def _table(name: str) -> _Table:
    if name not in TABLES:
        raise UserError(f"Table inconnue : {name}. Tables : {', '.join(TABLES)}.")
    return TABLES[name]


def _typed(session: Any, table: _Table, fields: list[str] | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields or []:
        name, equals, value = field.partition("=")
        if not equals:
            raise ValidationError({name: f"« {field} » n'est pas de la forme champ=valeur."})
        if name == "agence":
            found = agence_par_code(session, value) if value else None
            name, value = "agence_id", found.id if found is not None else ""  # type: ignore[assignment]
        if name not in table.typed.model_fields:
            known = ", ".join(table.typed.model_fields)
            raise ValidationError({name: f"Champ inconnu : {name}. Champs : {known}."})
        values[name] = value if value != "" else None
    return values


def _line(row: Any) -> str:
    told = asdict(row)
    ident = told.pop("id")
    return f"{ident}  " + "  ".join(str(v) for v in told.values() if v not in (None, ""))


@app.command("list")
@guarded
def list_rows(
    table: Table, filtre: Annotated[str, typer.Option("--filtre", help="Comme dans la fenêtre.")] = "",
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Montrer les lignes d'une table."""
    kept = _table(table)
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        found = kept.rows(session, ADMINISTRATION, kept.ids(session, ADMINISTRATION, ListQuery(filtre)))
    emit(as_json, found, [_line(r) for r in found] or "Aucune ligne.")


@app.command()
@guarded
def add(
    table: Table, champs: Fields = None, url: Url = None, cache: Cache = None, secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Ajouter une ligne."""
    kept = _table(table)
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        ident = kept.create(session, ADMINISTRATION, kept.typed(**_typed(session, kept, champs)))
    emit(as_json, {"id": ident}, f"Ligne {ident} ajoutée à « {table} ».")


@app.command("set")
@guarded
def set_fields(
    table: Table, identifier: Annotated[int, typer.Argument(metavar="ID")], champs: Fields = None, url: Url = None,
    cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Changer des champs d'une ligne."""
    kept = _table(table)
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        kept.update(session, ADMINISTRATION, identifier, _typed(session, kept, champs))
    emit(as_json, {"id": identifier}, f"Ligne {identifier} enregistrée.")


@app.command()
@guarded
def remove(
    table: Table, identifier: Annotated[int, typer.Argument(metavar="ID")], url: Url = None, cache: Cache = None,
    secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Supprimer une ligne que rien n'utilise."""
    kept = _table(table)
    if kept.remove is None:
        raise UserError(f"Une ligne de « {table} » se retire (is_active=non), elle ne se supprime pas.")
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        kept.remove(session, ADMINISTRATION, identifier)
    emit(as_json, {"id": identifier}, f"Ligne {identifier} supprimée.")


@app.command()
@guarded
def logo(
    identifier: Annotated[int, typer.Argument(metavar="ID")],
    fichier: Annotated[Path | None, typer.Argument(help="Image PNG ; sans elle, le logo est retiré.")] = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Mettre un logo sur un en-tête, ou le retirer."""
    picture = fichier.read_bytes() if fichier is not None else None
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        agencies.set_logo(session, ADMINISTRATION, identifier, picture)
    emit(
        as_json, {"id": identifier, "octets": len(picture or b"")}, "Logo enregistré." if picture else "Logo retiré."
    )


def _prefixes(found: list[numbering.Serie]) -> str:
    return ", ".join(s.prefixe for s in found[:3]) + ("…" if len(found) > 3 else "")


@app.command("numeros")
@guarded
def numbers(
    trous: Annotated[str | None, typer.Option("--trous", help="Préfixe d'une série dont chercher les trous.")] = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Les séries de numéros, et ce qui y manque."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        found = numbering.series(session, ADMINISTRATION)
        if trous is not None and trous not in {s.prefixe for s in found}:
            raise UserError(f"Aucune série n'a le préfixe « {trous} ». Il y a {_prefixes(found)}.")
        runs: dict[str, Any] = {
            s.prefixe: numbering.gaps(session, ADMINISTRATION, s.table, s.prefixe)
            for s in found
            if s.prefixe == trous
        }
    answer = [asdict(s) | {"manquants": s.manquants, "trous": runs.get(s.prefixe)} for s in found]
    lines = [f"{s.prefixe:<28} {s.premier} … {s.dernier}  {s.nombre} numéros, {s.manquants} manquants" for s in found]
    lines += [f"{a}" if a == b else f"{a} … {b}" for spans in runs.values() for a, b in spans]
    emit(as_json, answer, lines or "Aucun numéro.")


@app.command("journal")
@guarded
def journal(
    filtre: Annotated[str, typer.Option("--filtre", help="Des mots : un poste, un genre.")] = "",
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Mises à niveau, échanges et refus, les derniers d'abord."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        places = maintenance.journal_ids(session, ADMINISTRATION, ListQuery(filtre))
        found = maintenance.journal_rows(session, ADMINISTRATION, places)
    lines = [f"{clock.local(e.quand):%d/%m/%Y %H:%M}  {e.genre:<9} {e.qui:<20} {e.quoi}" for e in found]
    emit(as_json, found, lines or "Aucune ligne.")
