"""erp-admin audit: who did what when; what is held on a person, and its erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.cli import terminal
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, consent, emit, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.db.session import transaction
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.reports import rows
from erp_desktop.services.audit import acts, erasure, extract, people, places
from erp_desktop.services.audit.acts import Act
from erp_desktop.services.audit.erasure import Line, Plan
from erp_desktop.services.calendrier import ADMINISTRATION
from erp_desktop.services.shared import wording
from erp_desktop.services.shared.lists import ListQuery

app = Commands(help="Qui a fait quoi et quand ; données d'une personne, extrait et effacement.")
personne = Commands(help="Les données d'une personne : extrait, plan d'effacement, effacement (loi 09-08).")
app.add_typer(personne, name="personne")

_PIECE = 500
Filtre = Annotated[
    str,
    typer.Option("--filtre", help="Comme dans la fenêtre : table:clients auteur:salma acte:suppression."),
]
Jour = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="AAAA-MM-JJ.")]
Qui = Annotated[str, typer.Argument(help="Identifiant ou nom du compte, contact ou raison sociale d'un client.")]
Autres = Annotated[
    list[str] | None, typer.Option("--aussi", help="Autre façon dont les textes nomment la personne ; répétable.")
]


def _field(table: str, name: str) -> str:
    declared = wording.field(table, name)
    return declared.label if declared is not None else name.replace("_", " ")


def _value(act: Act, name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "oui" if value else "non"
    return act.noms.get((name, value), str(value)) if isinstance(value, int) else str(value)


def _changes(act: Act) -> str:
    told = [
        f"{_field(act.table, c.champ)} : {_value(act, c.champ, c.avant)} → {_value(act, c.champ, c.apres)}"
        for c in act.changements
    ]
    return " · ".join([*told, *([act.remarque] if act.remarque else [])])


def _filter(filtre: str, du: datetime | None, au: datetime | None) -> str:
    hints = places.hints(filtre)
    if hints:
        raise UserError(hints[0])
    ends = [f"{word}:{day:%d/%m/%Y}" for word, day in (("du", du), ("au", au)) if day is not None]
    return " ".join([filtre, *ends]).strip()


def _read(session: Session, keys: list[int]) -> Iterator[Act]:
    for start in range(0, len(keys), _PIECE):
        yield from acts.rows(session, ADMINISTRATION, keys[start : start + _PIECE])


@app.command("list")
@guarded
def list_acts(
    filtre: Filtre = "", du: Jour = None, au: Jour = None,
    limite: Annotated[int, typer.Option("--limite", min=1, help="Les plus récents.")] = 200,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Montrer les actes, le plus récent en tête ; sans période ni fiche, ceux des 90 derniers jours."""
    words = _filter(filtre, du, au)
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        found = list(_read(session, places.ids(session, ADMINISTRATION, ListQuery(words, limite=limite))))
    lines = [
        f"{clock.local(a.quand):%d/%m/%Y %H:%M}  {a.auteur or 'auteur inconnu':<22} "
        f"{places.ACTIONS.get(a.action, a.action):<22} {wording.row(a.table)[0]} {a.libelle}  {_changes(a)}".rstrip()
        for a in found
    ]
    emit(as_json, {"actes": found}, lines or "Aucun acte ne répond à ces critères.")


@app.command("export")
@guarded
def export(
    file: Annotated[Path, typer.Argument(help="Fichier .csv ou .xlsx.")],
    filtre: Filtre = "", du: Jour = None, au: Jour = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Écrire les actes dans un fichier, avec les valeurs d'avant et d'après."""
    words = _filter(filtre, du, au)
    titles = ("Quand", "Qui", "Acte", "Porte sur", "Fiche", "Changements", "Poste", "Reçu au centre le")
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        keys = places.ids(session, ADMINISTRATION, ListQuery(words))
        count = rows.write(file, "Journal des actes", titles, (
            (a.quand, a.auteur, places.ACTIONS.get(a.action, a.action), wording.row(a.table)[0], a.libelle,
             _changes(a), a.poste, a.recu_a) for a in _read(session, keys)
        ))  # fmt: skip
    emit(as_json, {"lignes": count, "fichier": file}, f"{count} actes écrits dans {file}.")


def _who(session: Session, typed: str) -> tuple[str, int]:
    found = people.search(session, ADMINISTRATION, typed)
    exact = [c for c in found if typed.strip().casefold() in (c.libelle.casefold(), c.detail.casefold())] or found
    if len(exact) != 1:
        names = ", ".join(f"{c.libelle} ({c.detail})" if c.detail else c.libelle for c in exact[:5])
        raise NotFoundError(
            f"Plusieurs personnes : {names}. Donnez l'identifiant ou la raison sociale." if exact
            else f"Personne ne s'appelle {typed}."
        )  # fmt: skip
    who = people.by_choice(session, exact[0].id)
    return who.table, who.id


@personne.command("extrait")
@guarded
def extract_person(
    qui: Qui, file: Annotated[Path, typer.Argument(help="Fichier .csv ou .xlsx.")], aussi: Autres = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Écrire tout ce que la base détient sur une personne."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        _, held = extract.extract(session, ADMINISTRATION, *_who(session, qui), aussi or ())
        count = rows.write(file, "Données détenues", extract.HEAD, (h.cells for h in held))
    emit(as_json, {"lignes": count, "fichier": file}, f"{count} valeurs écrites dans {file}.")


def _told(plan: Plan) -> list[str]:
    def lines(title: str, found: tuple[Line, ...]) -> list[str]:
        return [title, *(f"  {one.nombre:>5}  {one.quoi}" for one in found)] if found else []

    return [
        *lines("Effacé :", plan.efface), *lines("Gardé :", plan.garde), *(f"Attention : {r}" for r in plan.remarques),
        *(f"À régler d'abord : {o}" for o in plan.obstacles),
    ]  # fmt: skip


@personne.command("plan")
@guarded
def plan_erasure(
    qui: Qui, aussi: Autres = None, url: Url = None, cache: Cache = None, secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Dire ce qu'un effacement ôterait, ce qu'il garderait et pourquoi, sans rien changer."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        told = erasure.plan(session, ADMINISTRATION, *_who(session, qui), aussi or ())
    emit(as_json, told, lambda: _told(told))


@personne.command("effacer")
@guarded
def erase_person(
    qui: Qui, aussi: Autres = None,
    reference: Annotated[str, typer.Option("--reference", help="Référence de la demande, sans nom.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Sans demander.")] = False,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Effacer les données d'une personne, au centre et de là sur chaque poste ; rien ne les ramène."""
    with Target(url, cache, secrets).engine() as engine:
        with transaction(engine, write=False) as session:
            table, pk = _who(session, qui)
            shown = erasure.plan(session, ADMINISTRATION, table, pk, aussi or ())
        if not yes:
            for line in _told(shown):
                terminal.show(line, err=True)
            if not consent("Effacer ces données ?"):
                raise UserError("Rien n'est effacé.")
        with transaction(engine) as session:
            told = erasure.erase(session, ADMINISTRATION, table, pk, reference=reference, others=aussi or ())
    emit(as_json, told, lambda: [*_told(told), "Effacé ; chaque poste suit à son prochain échange."])
