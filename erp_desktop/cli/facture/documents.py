"""erp-admin facture pdf and ubl: a document as it was validated, or the paper of a draft."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erp_desktop.cli import common
from erp_desktop.cli.facture.clearance import Number, ident_of
from erp_desktop.db.session import transaction
from erp_desktop.reports import ubl
from erp_desktop.reports.papers import engine, facture
from erp_desktop.reports.papers.written import known
from erp_desktop.reports.sortie import keep
from erp_desktop.services.calendrier import ADMINISTRATION

Out = Annotated[Path, typer.Option("--out", help="Fichier à écrire ; remplacé s'il existe.")]


@common.guarded
def as_ubl(
    numero: Number,
    out: Out,
    url: common.Url = None,
    cache: common.Cache = None,
    secrets: common.Secrets = None,
    as_json: common.AsJson = False,
) -> None:
    """Écrire un document validé en UBL 2.1."""
    with common.Target(url, cache, secrets).engine() as database, transaction(database, write=False) as session:
        (document,) = facture.lire(session, ADMINISTRATION, [ident_of(session, numero)])
    content = ubl.write(document)
    keep(out, content)
    common.emit(as_json, {"fichier": out, "octets": len(content)}, f"UBL écrit : {out}")


@common.guarded
def as_pdf(
    numero: Number,
    out: Out,
    langue: Annotated[str, typer.Option("--langue", help="fr ou ar.")] = "fr",
    url: common.Url = None,
    cache: common.Cache = None,
    secrets: common.Secrets = None,
    as_json: common.AsJson = False,
) -> None:
    """Écrire le PDF d'un document ; celui d'un projet porte PROV."""
    known(langue)
    with common.Target(url, cache, secrets).engine() as database, transaction(database, write=False) as session:
        found = facture.lire(session, ADMINISTRATION, [ident_of(session, numero)])
    content = facture.composer(found, langue)
    keep(out, content)
    notices = engine.take_notices()
    answer = {"fichier": out, "octets": len(content), "avis": notices}
    common.emit(as_json, answer, [f"PDF écrit : {out}", *notices])
