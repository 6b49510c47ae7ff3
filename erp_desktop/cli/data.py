"""erp-admin data: import, export and generate rows."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.cli import terminal
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, bar, emit, guarded, refuse
from erp_desktop.cli.french import Commands
from erp_desktop.db.session import transaction
from erp_desktop.domain import telephone
from erp_desktop.domain.nombres import Convention
from erp_desktop.errors import UserError
from erp_desktop.registry.tables import BY_NAME, Kind
from erp_desktop.reports.tableur import CsvFile
from erp_desktop.services import importation
from erp_desktop.services.calendrier import agence_par_code
from erp_desktop.services.demo import data as demo_data
from erp_desktop.services.factures import demo as demo_factures
from erp_desktop.services.importation import tables as importation_tables
from erp_desktop.services.importation.dates import Ordre
from erp_desktop.services.importation.decisions import Decisions, Existants
from erp_desktop.services.importation.values import Ecriture, Unite

app = Commands(help="Importer, exporter, engendrer des données.")

Agence = Annotated[str | None, typer.Option("--agence", help="Code de l'agence ; celle du poste par défaut.")]
_TOLD = 20
"""Refused lines that a terminal is shown; more are in a file."""
WithBar = Annotated[bool, typer.Option("--progress", help="Montrer l'avancement.")]


def _agence(session: Session, wanted: str | None) -> str:
    """The wanted agency, else the enrolled cache's, else the only one there is."""
    if wanted:
        return wanted.upper()
    if session.get_bind().dialect.name == "sqlite":
        code = session.execute(sa.text("SELECT valeur FROM sync_meta WHERE cle = 'agence_code'")).scalar()
        if code:
            return str(code)
    codes = list(session.execute(sa.text("SELECT code FROM agences ORDER BY code")).scalars())
    if len(codes) != 1:
        raise UserError(f"Indiquez --agence CODE ; agences : {', '.join(codes) or 'aucune'}.")
    return str(codes[0])


@app.command("import")
@guarded
def import_rows(
    table: str,
    file: Path,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="colonne=champ, répétable.")] = None,
    profil: Annotated[str | None, typer.Option("--profil", help="Profil connu, par exemple excavators.")] = None,
    valeur: Annotated[
        list[str] | None, typer.Option("--valeur", help="champ:valeur du fichier=valeur, répétable.")
    ] = None,
    constante: Annotated[
        list[str] | None, typer.Option("--constante", help="champ=valeur pour tout le fichier, répétable.")
    ] = None,
    defaut: Annotated[
        list[str] | None, typer.Option("--defaut", help="champ=valeur là où le fichier est vide, répétable.")
    ] = None,
    taux: Annotated[list[str] | None, typer.Option("--taux", help="AUD=6,52 : MAD pour un, répétable.")] = None,
    existants: Annotated[
        Existants, typer.Option("--existants", help="Ce que deviennent les ordres déjà importés.")
    ] = Existants.REFUSER,
    nombres: Annotated[
        Convention | None, typer.Option("--nombres", help="Comment le fichier écrit ses décimales.")
    ] = None,
    dates: Annotated[
        Ordre | None, typer.Option("--dates", help="Jour, mois, année ou mois, jour, année ; jma par défaut.")
    ] = None,
    durees: Annotated[
        Unite | None, typer.Option("--durees", help="Ce que comptent les durées écrites sans unité.")
    ] = None,
    pays: Annotated[
        str, typer.Option("--pays", help="Pays des téléphones sans indicatif, en deux lettres.")
    ] = telephone.MAROC,
    encodage: Annotated[
        str | None, typer.Option("--encodage", help="Encodage du texte, par exemple cp850 ; sinon reconnu.")
    ] = None,
    feuille: Annotated[str | None, typer.Option("--feuille", help="Feuille du classeur.")] = None,
    completer_ice: Annotated[
        bool, typer.Option("--completer-ice", help="Remettre les zéros qu'un tableur a ôtés au début d'un ICE.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Vérifier sans rien écrire.")] = False,
    refus: Annotated[
        Path | None, typer.Option("--refus", help="Où écrire les lignes refusées ; à côté du fichier par défaut.")
    ] = None,
    agence: Agence = None,
    progress: WithBar = False,
    as_json: AsJson = False,
) -> None:
    """Importer des lignes : tout ou rien."""
    orders = table == "interventions"
    if not orders:
        importation_tables.exiger(table)
    choix = Decisions(
        mapping or (), valeur or (), constante or (), defaut or (), taux or (), existants, profil
    )  # fmt: skip
    if not orders and (profil is not None or taux or existants is not Existants.REFUSER):
        raise UserError("--profil, --taux et --existants ne valent que pour les interventions.")
    if not file.is_file():
        raise UserError(f"Le fichier {file} n'existe pas.")
    ecriture = Ecriture(nombres, dates, encodage, feuille, completer_ice, durees, telephone.pays(pays))
    try:
        with (
            Target(url, cache, secrets).engine() as engine,
            transaction(engine, write=not dry_run) as session,
            bar(progress, "Import") as advance,
        ):
            code = _agence(session, agence)
            if orders:
                bilan = importation.importer_interventions(
                    session, file, code, choix=choix, ecriture=ecriture, essai=dry_run, progress=advance
                )  # fmt: skip
            else:
                bilan = importation_tables.importer(
                    session, table, file, code, choix=choix, ecriture=ecriture, essai=dry_run,
                    progress=advance,
                )  # fmt: skip
    except importation.ImportRefuse as error:
        if not as_json:
            terminal.show(_refusals(error.bilan, refus or file.with_name(f"{file.name}.refus.csv")))
        refuse(str(error), error.code, as_json=as_json)
    told = refus or file.with_name(f"{file.name}.refus.csv")
    emit(as_json, bilan, lambda: [*_bilan_text(bilan), *_refusals(bilan, told)])
    if bilan.refusees:
        raise typer.Exit(1)


def _bilan_text(bilan: importation.Bilan) -> list[str]:
    head = "Essai : rien n'a été écrit. " if bilan.essai else ""
    known = f", {bilan.mises_a_jour} mises à jour" if bilan.mises_a_jour else ""
    known += f", {bilan.existantes} déjà là" if bilan.existantes else ""
    refused = f", {len(bilan.refusees)} refusées."
    lines = [f"{head}{bilan.lignes} lignes lues, {bilan.importees} importées{known}{refused}"]
    return lines + [f"{count} × {note}" for note, count in sorted(bilan.remarques.items())]


def _refusals(bilan: importation.Bilan, beside: Path) -> list[str]:
    """The first refused lines; of many, how often each reason comes, and all of them in a file."""
    told = [f"ligne {r.ligne} : {r.raison}" for r in bilan.refusees[:_TOLD]]
    if len(bilan.refusees) <= _TOLD:
        return told
    kinds = Counter(re.sub(r"« .*? »|\d+", "…", r.raison) for r in bilan.refusees)
    told += [f"{count} × {kind}" for kind, count in kinds.most_common(5)]
    try:
        with CsvFile(beside) as out:
            out.row(("ligne", "raison"))
            for r in bilan.refusees:
                out.row((r.ligne, r.raison))
    except UserError as error:
        return [*told, f"{error} (--refus FICHIER)"]
    return [*told, f"Toutes les lignes refusées : {beside}"]


@app.command()
@guarded
def export(
    table: str,
    file: Path,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Exporter une table en CSV (point-virgule, UTF-8 avec BOM)."""
    if table not in BY_NAME:
        raise UserError(f"Table inconnue : {table}. Tables : {', '.join(sorted(BY_NAME))}.")
    columns = {c.name: c.name for c in BY_NAME[table].columns if c.kind.value != "bytea"}
    # What people know of a referenced row, so that the file can be imported where identifiers differ.
    columns |= importation_tables.expressions(table)
    decimals = {c.name for c in BY_NAME[table].columns if c.kind is Kind.DECIMAL}
    count = 0
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        rows = session.execute(sa.text(f"SELECT {', '.join(columns.values())} FROM {table} ORDER BY id"))
        with CsvFile(file) as out:
            out.row(columns)
            for row in rows:
                out.row(
                    Decimal(v) if c in decimals and v is not None else v for c, v in zip(columns, row, strict=True)
                )
                count += 1
    emit(as_json, {"table": table, "rows": count, "file": file}, f"{count} lignes écrites dans {file}.")


@app.command()
@guarded
def generate(
    interventions: Annotated[int, typer.Option(min=1, help="Nombre d'interventions.")],
    seed: Annotated[int, typer.Option(help="Même graine, mêmes données.")] = 1,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    agence: Agence = None,
    progress: WithBar = False,
    as_json: AsJson = False,
) -> None:
    """Engendrer des données marocaines vraisemblables."""
    with (
        Target(url, cache, secrets).engine() as engine,
        transaction(engine) as session,
        bar(progress, "Interventions") as advance,
    ):
        code = _agence(session, agence)
        made = demo_data.generer(session, code, interventions, seed, progress=advance)
        found = agence_par_code(session, code)
        if found is not None:
            demo_factures.fill(session, [found.id], clock.now())
    emit(
        as_json, made, f"{made.interventions} interventions, {made.clients} clients, {made.equipements} équipements."
    )
