"""erp-admin calendrier: holidays and hours of agencies; open deadlines follow each change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded, jour_de
from erp_desktop.cli.french import Commands
from erp_desktop.db.session import transaction
from erp_desktop.domain import sla
from erp_desktop.domain.enums import MotifHoraire
from erp_desktop.domain.saisie import mots
from erp_desktop.errors import UserError
from erp_desktop.models import Contrat, JourFerie
from erp_desktop.services import calendrier

app = Commands(help="Jours fériés et horaires des agences.")

Agence = Annotated[str | None, typer.Option("--agence", help="Code d'une agence ; toutes par défaut.")]
Du = Annotated[str | None, typer.Option("--du", help="Premier jour de validité, AAAA-MM-JJ.")]
Au = Annotated[str | None, typer.Option("--au", help="Dernier jour de validité, AAAA-MM-JJ.")]
Motif = Annotated[MotifHoraire, typer.Option("--motif", help="Pourquoi ces horaires.")]
Libelle = Annotated[str | None, typer.Option("--libelle", help="Lequel, quand deux fêtes tombent le même jour.")]
JOURS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")


@dataclass(frozen=True)
class _Base:
    session: Session
    agence: Any
    agence_id: int | None


@contextmanager
def opened(target: Target, agence: str | None, *, write: bool) -> Iterator[_Base]:
    """A transaction; the calendar of a device is its centre's, and is changed there."""
    with target.engine() as engine, transaction(engine, write=write) as session:
        locale = engine.dialect.name == "sqlite"
        if write and locale and session.scalar(sa.text("SELECT poste FROM _allocateur")):
            raise UserError("Le calendrier d'un poste est celui de son centre : donner --url du centre.")
        trouvee = calendrier.agence_par_code(session, agence)
        yield _Base(session, trouvee, trouvee.id if trouvee is not None else None)


def _date(texte: str) -> date:
    trouve = jour_de("jour", texte)
    assert trouve is not None  # noqa: S101 - only None gives None
    return trouve


def _decrire(f: JourFerie) -> dict[str, Any]:
    return {"jour": f.jour, "libelle": f.libelle, "agence_id": f.agence_id, "provisoire": f.provisoire,
            "duree": f.duree, "source": f.source, "confirme_le": f.confirme_le}  # fmt: skip


def _fait(compte: list[calendrier.Recalcul], texte: str, as_json: bool, **reponse: Any) -> None:
    n = compte[0]
    emit(as_json, reponse | {"echeances_deplacees": n.deplacees, "ouvertes": n.ouvertes},
         f"{texte} {n.deplacees} échéance(s) déplacée(s) sur {n.ouvertes} ouverte(s).")  # fmt: skip


@app.command("feries")
@guarded
def feries(
    annee: int, agence: Agence = None, url: Url = None, cache: Cache = None, secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Les jours fériés d'une année."""
    with opened(Target(url, cache, secrets), agence, write=False) as base:
        trouves = [_decrire(f) for f in calendrier.feries(base.session, annee, base.agence_id)]
    lignes = [
        f"{f['jour']:%d/%m/%Y}  {f['libelle']}"
        + ("  (demi-journée)" if f["duree"] == "demi" else "")
        + ("  provisoire" if f["provisoire"] else "")
        + ("  propre à une agence" if f["agence_id"] else "")
        for f in trouves
    ]
    emit(
        as_json,
        trouves,
        lignes or f"Aucun : erp-admin calendrier completer {annee}.",
    )


@app.command("completer")
@guarded
def completer(
    annee: int, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:
    """Remplir une année vide : fêtes fixes, et fêtes de la lune à confirmer."""
    with (
        opened(Target(url, cache, secrets), None, write=True) as base,
        calendrier.changement(base.session, f"jours fériés de {annee}") as compte,
    ):
        nombre = calendrier.completer(base.session, annee)
    _fait(compte, f"{nombre} jour(s) férié(s) ajouté(s).", as_json, ajoutes=nombre)


@app.command("ajouter")
@guarded
def ajouter(
    jour: str,
    libelle: str,
    agence: Agence = None,
    ouvert: Annotated[str | None, typer.Option("--ouvert", help="Demi-journée : ce qui reste ouvert.")] = None,
    provisoire: Annotated[bool, typer.Option("--provisoire", help="Date encore incertaine.")] = False,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Ajouter un jour férié ou une fermeture."""
    le, libelle = _date(jour), mots.lire(libelle, "libelle", 120, exige="Donnez le nom de ce jour.")
    with (
        opened(Target(url, cache, secrets), agence, write=True) as base,
        calendrier.changement(base.session, f"{libelle}, le {le:%d/%m/%Y}") as compte,
    ):
        calendrier.ajouter_ferie(
            base.session, le, libelle, agence_id=base.agence_id, provisoire=provisoire, ouvert=ouvert
        )
    _fait(compte, f"« {libelle} » ajouté le {le:%d/%m/%Y}.", as_json)


@app.command("confirmer")
@guarded
def confirmer(
    jour: str,
    le: Annotated[str | None, typer.Option("--le", help="La date sûre, si elle a changé.")] = None,
    libelle: Libelle = None,
    agence: Agence = None,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Confirmer un jour provisoire, à sa date ou à une autre."""
    annonce, sur = _date(jour), jour_de("jour", le)
    with opened(Target(url, cache, secrets), agence, write=True) as base:
        ligne = calendrier.ferie(base.session, annonce, libelle, base.agence_id)
        nom = ligne.libelle
        with calendrier.changement(base.session, f"{nom}, le {sur or annonce:%d/%m/%Y}") as compte:
            calendrier.confirmer_ferie(base.session, ligne, sur)
    _fait(compte, f"« {nom} » confirmé le {sur or annonce:%d/%m/%Y}.", as_json)


@app.command("retirer")
@guarded
def retirer(
    jour: str, libelle: Libelle = None, agence: Agence = None, url: Url = None, cache: Cache = None,
    secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Retirer un jour férié."""
    le = _date(jour)
    with opened(Target(url, cache, secrets), agence, write=True) as base:
        ligne = calendrier.ferie(base.session, le, libelle, base.agence_id)
        nom = ligne.libelle
        with calendrier.changement(base.session, f"{nom} n'est plus férié le {le:%d/%m/%Y}") as compte:
            calendrier.retirer_ferie(base.session, ligne)
    _fait(compte, f"« {nom} » n'est plus férié.", as_json)


def _semaine(periode: sla.Periode) -> str:
    ouverts = [
        f"{nom} " + ", ".join(f"{sla.ecrire_heure(a)}-{sla.ecrire_heure(b)}" for a, b in plages)
        for nom, plages in zip(JOURS, periode.semaine, strict=True) if plages
    ]  # fmt: skip
    validite = " ".join(
        [f"du {periode.du:%d/%m/%Y}" if periode.du else "", f"au {periode.au:%d/%m/%Y}" if periode.au else ""]
    ).strip()
    portee = "" if periode.propre else ", toutes les agences"
    return f"{periode.motif.value}{portee} ({validite or 'sans limite'}) : {' ; '.join(ouverts)}"


@app.command("horaires")
@guarded
def horaires(
    agence: str, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:
    """Les horaires d'une agence, celui qui décide d'abord."""
    with opened(Target(url, cache, secrets), agence, write=False) as base:
        semaines = calendrier.horaires(base.session, base.agence.id)
    emit(as_json, semaines, [*map(_semaine, semaines)])


@app.command("definir")
@guarded
def definir(
    agence: Annotated[str, typer.Argument(help="Code de l'agence ; TOUTES pour toutes.")],
    semaine: Annotated[str, typer.Argument(help="1-5=08:30-12:30,14:00-18:30 6=08:30-12:30 (1 est lundi).")],
    du: Du = None,
    au: Au = None,
    motif: Motif = MotifHoraire.NORMAL,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Définir une semaine d'horaires, de toujours ou d'une date à une autre."""
    lue = calendrier.lire_semaine(semaine)
    code = None if agence.upper() == "TOUTES" else agence
    with (
        opened(Target(url, cache, secrets), code, write=True) as base,
        calendrier.changement(base.session, f"horaires de {agence.upper()}") as compte,
    ):
        debut, fin = jour_de("du", du), jour_de("au", au)
        calendrier.definir_horaires(base.session, base.agence, lue, du=debut, au=fin, motif=motif)
    _fait(compte, f"Horaires de {agence.upper()} enregistrés.", as_json)


@app.command("effacer")
@guarded
def effacer(
    agence: str, du: Du = None, au: Au = None, motif: Motif = MotifHoraire.NORMAL, url: Url = None,
    cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Effacer une semaine d'horaires : la précédente vaut de nouveau."""
    code = None if agence.upper() == "TOUTES" else agence
    with (
        opened(Target(url, cache, secrets), code, write=True) as base,
        calendrier.changement(base.session, f"horaires de {agence.upper()}") as compte,
    ):
        calendrier.retirer_horaires(base.session, base.agence_id, jour_de("jour", du), jour_de("jour", au), motif)
    _fait(compte, f"Horaires de {agence.upper()} effacés.", as_json)


@app.command("recalculer")
@guarded
def recalculer(
    contrat: Annotated[str | None, typer.Option("--contrat", help="Numéro d'un contrat qui a changé.")] = None,
    url: Url = None,
    cache: Cache = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Recalculer les échéances ouvertes : d'un contrat qui a changé, ou toutes."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        ident, cause = None, "calendrier"
        if contrat is not None:
            ident = session.scalar(sa.select(Contrat.id).where(Contrat.numero_contrat == contrat))
            cause = f"contrat {contrat}"
            if ident is None:
                raise UserError(f"Le contrat « {contrat} » n'existe pas dans cette base.")
        compte = [calendrier.recalculer(session, cause, contrat_id=ident)]
    _fait(compte, "", as_json)
