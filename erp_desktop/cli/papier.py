"""erp-admin papier: the templates of papers, ours and the company's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erp_desktop.cli import common
from erp_desktop.cli.french import Commands
from erp_desktop.errors import UserError
from erp_desktop.reports.papers import engine, samples
from erp_desktop.reports.papers.written import known
from erp_desktop.reports.sortie import keep

app = Commands(help="Modèles des imprimés : liste, vérification, aperçu.")
Language = Annotated[str, typer.Option("--langue", help="fr ou ar.")]


@app.callback()
def _group() -> None:
    """Modèles des imprimés."""


@app.command("list")
@common.guarded
def list_(as_json: common.AsJson = False) -> None:
    """Chaque modèle, et s'il est celui du programme ou de l'entreprise."""
    found = [{"nom": name, "origine": _origin(name)} for name in engine.names()]
    common.emit(as_json, found, lambda: [f"{one['nom']:<24} {one['origine']}" for one in found])


@app.command("check")
@common.guarded
def check(
    nom: Annotated[str | None, typer.Argument(help="Un modèle ; tous par défaut.")] = None,
    as_json: common.AsJson = False,
) -> None:
    """Compose chaque modèle avec des données d'essai, dans toutes ses langues ; statut 1 s'il y en a de faux."""
    if nom and nom not in engine.names():
        # Refused as a name, in one line; what is wrong inside a template is the answer.
        engine.shipped(nom)
    found = [_checked(one) for one in ([nom] if nom else engine.names())]
    common.emit(as_json, found, lambda: [f"{one['nom']:<24} {one['message']}" for one in found])
    if any(one["faux"] for one in found):
        raise typer.Exit(1)


@app.command("preview")
@common.guarded
def preview(
    nom: Annotated[str, typer.Argument(help="Un modèle.")],
    out: Annotated[Path, typer.Option("--out", help="Fichier PDF à écrire ; remplacé s'il existe.")],
    langue: Language = "fr",
    as_json: common.AsJson = False,
) -> None:
    """Écrit le PDF d'un modèle avec des données d'essai."""
    known(langue)
    template = engine.changed(nom) or engine.shipped(nom)
    data = samples.data(nom, langue)
    pages = engine.check(template.source, engine.complete(data))
    content = engine.compile_pdf(template.source, engine.complete(data))
    keep(out, content)
    notices = engine.take_notices()
    answer = {"fichier": out, "octets": len(content), "pages": pages, "origine": _origin(nom), "avis": notices}
    common.emit(as_json, answer, [f"Aperçu écrit : {out} ({pages} pages, {_origin(nom)}).", *notices])


def _origin(name: str) -> str:
    try:
        return "entreprise" if engine.changed(name) is not None else "programme"
    except UserError:
        return "entreprise"


def _checked(name: str) -> dict[str, object]:
    """What is wrong with a template, or how many pages its trials have."""
    try:
        template = engine.changed(name) or engine.shipped(name)
        pages = 0
        for langue in samples.LANGUAGES:
            pages += engine.check(template.source, engine.complete(samples.data(name, langue)))
    except UserError as error:
        return {"nom": name, "faux": True, "message": str(error)}
    notices = engine.take_notices()
    if notices:
        return {"nom": name, "faux": True, "message": " ".join(notices)}
    return {"nom": name, "faux": False, "message": f"bon, {_origin(name)}, {pages} pages d'essai"}
