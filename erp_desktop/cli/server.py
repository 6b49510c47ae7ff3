"""erp-admin server: make and watch the centre."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from erp_desktop import settings
from erp_desktop.cli.common import AsJson, CentreUrl, Secrets, Target, emit, emit_health, guarded, with_password
from erp_desktop.cli.db.backups import teller
from erp_desktop.cli.french import Commands
from erp_desktop.cli.user import TO_REPLACE
from erp_desktop.db import secrets as secret_store
from erp_desktop.db.session import transaction
from erp_desktop.domain.people import given
from erp_desktop.services import calendrier, notifications
from erp_desktop.services.administration import accounts
from erp_desktop.services.contrats import amendments, following
from erp_desktop.sync.device import enrolment
from erp_desktop.sync.first_copy import empty_cache
from erp_desktop.sync.first_copy import published as snapshots
from erp_desktop.sync.watch import coherence as coherences
from erp_desktop.sync.watch import health as surveillance
from erp_desktop.sync.watch import housekeeping

app = Commands(help="Le serveur central et ses agences.")
agence = Commands(help="Les agences.")
app.add_typer(agence, name="agence")
quarantine = Commands(help="Ce que les postes retirés avaient encore à envoyer.")
app.add_typer(quarantine, name="quarantaine")


@app.command()
@guarded
def init(
    url: CentreUrl,
    source: Annotated[Path | None, typer.Option("--from", help="Base autonome à promouvoir en centre.")] = None,
    secrets: Secrets = None,
    admin: Annotated[str, typer.Option("--admin", help="Identifiant du premier administrateur.")] = "admin",
    name: Annotated[str, typer.Option("--name", help="Son nom complet.")] = "Administrateur",
    email: Annotated[str, typer.Option("--email")] = "admin@localhost.localdomain",
    as_json: AsJson = False,
) -> None:
    """Créer ou compléter le centre : schéma, rôles, droits, isolation, premier administrateur."""
    key = secret_store.cache_key(source, secrets) if source else None
    with Target(url, None).engine() as engine:
        revision = enrolment.init_centre(engine, source, key)
        with transaction(engine) as session:
            calendrier.semer(session)
            drawn = accounts.first_administrator(session, admin, name, email)
    told = [f"Centre prêt, révision {revision}."]
    if drawn is not None:
        told.append(f"Premier administrateur : {admin}. Mot de passe, montré une seule fois : {drawn}")
        told.append(TO_REPLACE)
    account = (
        {"username": admin, "must_change": True, "valid_days": given.DAYS, "password": drawn}
        if drawn is not None
        else None
    )
    emit(as_json, {"revision": revision, "admin": account}, told)


@agence.command("add")
@guarded
def agence_add(
    code: str,
    nom: str,
    url: CentreUrl,
    ville: Annotated[str | None, typer.Option(help="Ville de l'agence.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ajouter une agence."""
    with Target(url, None).engine() as engine:
        identifier = enrolment.add_agence(engine, code, nom, ville)
        with transaction(engine) as session:
            calendrier.semer(session)
    emit(as_json, {"id": identifier, "code": code.upper()}, f"Agence {code.upper()} ajoutée.")


@app.command()
@guarded
def status(url: CentreUrl, as_json: AsJson = False) -> None:
    """État du centre ; statut 1 quand il n'est pas entier."""
    with Target(url, None).engine() as engine:
        state = enrolment.centre_status(engine)
    emit(as_json, state, [f"{k} : {v}" for k, v in state.items()])
    if "epoque" not in state:
        raise typer.Exit(1)


@app.command()
@guarded
def restore(
    archive: Annotated[Path, typer.Argument(help="Sauvegarde faite par « db backup --url ».")],
    url: CentreUrl,
    replace: Annotated[bool, typer.Option("--replace", help="La base existe : la garder de côté, fermée.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remettre une sauvegarde du centre en service, sur le même serveur ou un autre, identifiants compris."""
    from erp_desktop.upgrade.central import restoring

    done = restoring.restore(with_password(url), archive, replace=replace, progress=teller(False))
    emit(as_json, done, lambda: [
        f"Centre remis : base {done.base}, révision {done.revision}, {len(done.identifiants)} identifiant(s), dont "
        f"{len(done.crees)} créé(s) sur ce serveur.",
        *([f"L'ancienne base est gardée, fermée : {done.remplacee}."] if done.remplacee else []),
        *([f"Sans mot de passe, à réinscrire (device reenroll) : {', '.join(done.sans_mot_de_passe)}."]
          if done.sans_mot_de_passe else []),
    ])  # fmt: skip


@app.command()
@guarded
def health(url: CentreUrl, as_json: AsJson = False) -> None:
    """Pour une surveillance : 0 tout va bien, 1 quelque chose demande un regard."""
    with Target(url, None).engine() as engine:
        found = surveillance.sante_centre(engine)
    emit_health(as_json, found)


@app.command()
@guarded
def coherence(
    url: CentreUrl,
    repair: Annotated[bool, typer.Option("--repair", help="Remettre ensemble ce qui peut l'être.")] = False,
    as_json: AsJson = False,
) -> None:
    """Les fiches auxquelles une autre agence se rapporte ; statut 1 tant qu'il en reste."""
    with Target(url, None).engine() as engine:
        done = coherences.reparer(engine) if repair else []
        with engine.connect() as connection:
            left = coherences.incoherences(connection)
    lines = [d.fait for d in done] + [
        f"{i.cible} « {i.libelle} » ({i.agence}) : {i.lignes} lignes de {i.table} "
        f"({', '.join(i.agences)}) s'y rapportent"
        for i in left
    ]
    emit(as_json, {"reparations": done, "reste": left}, lines or "Chaque ligne se rapporte à son agence.")
    if left:
        raise typer.Exit(1)


@app.command("snapshot")
@guarded
def publish_snapshots(url: CentreUrl, as_json: AsJson = False) -> None:
    """Publier la première copie de chaque agence, compressée, pour les prochains postes."""
    done = snapshots.publish(with_password(url), lambda path: empty_cache.create_cache(path, None, 0))
    emit(as_json, done, lambda: [
        f"{p.agence} : {p.rows} lignes, {p.size / 1e6:.1f} Mo en {p.pieces} morceaux ({p.size / p.plain_size:.0%})"
        for p in done] or "Aucune agence.")  # fmt: skip


@app.command()
@guarded
def purge(
    url: CentreUrl,
    days: Annotated[int, typer.Option("--jours", min=1, help="Les postes absents plus longtemps repartiront d'une "
                                                            "copie neuve.")] = 90,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Oublier les suppressions que tous les postes ont reçues, et les contenus que plus rien ne décrit."""
    with Target(url, None).engine() as engine:
        done = housekeeping.purge(engine, days)
    emit(as_json, done, f"{done.lignes} suppressions oubliées, {done.contenus} contenus de documents effacés.")


@app.command("notifier")
@guarded
def notify(url: CentreUrl, as_json: AsJson = False) -> None:
    """Annoncer ce qui concerne chacun, oublier l'ancien, tenir les contrats à jour ; pour une tâche planifiée."""
    with Target(url, None).engine() as engine, transaction(engine) as session:
        amended = amendments.take_effect(session)
        carried = len(following.carry_on(session))
        followed = sum(map(len, following.follow(session).values()))
        made, forgotten = notifications.produire_pour_tous(session), notifications.oublier(session)
    told = f"{made} notification(s) ajoutée(s), {forgotten} oubliée(s), {len(amended)} avenant(s) appliqué(s), "
    told += f"{carried} contrat(s) reconduit(s), {followed} période(s) ouverte(s)."
    counted = {"ajoutees": made, "oubliees": forgotten, "avenants": len(amended), "reconduits": carried}
    emit(as_json, counted | {"periodes": followed}, told)


@app.command("import")
@guarded
def import_bundle(
    fichier: Annotated[Path, typer.Argument(help="Paquet fait au poste par « sync export ».")],
    url: CentreUrl,
    out: Annotated[Path, typer.Option("--out", help="Dossier ou fichier de la réponse à rapporter au poste.")],
    as_json: AsJson = False,
) -> None:
    """Fusionner le paquet qu'un poste sans ligne a fait porter, et écrire la réponse à lui rapporter."""
    from erp_desktop.sync.bundle.merging import merge

    options = settings.load()
    done = merge(with_password(url), fichier, out, days=options.documents_days)
    emit(as_json, done, done.told())


@quarantine.command("list")
@guarded
def quarantine_list(url: CentreUrl, as_json: AsJson = False) -> None:
    """Ce que les postes retirés ont remis et que personne n'a encore repris."""
    with Target(url, None).engine() as engine:
        found = housekeeping.quarantine(engine)
    emit(as_json, found, lambda: [*map(_remise, found)] or "Rien en quarantaine.")


def _remise(remise: dict[str, Any]) -> str:
    absent = remise["documents_manquants"]
    return (
        f"{remise['id']:>4}  poste {remise['poste']:02d} {remise['nom']:<24} {remise['unites']:>6} changements, "
        f"remis {remise['recu_a']}" + (f", {absent} documents sans leur contenu" if absent else "")
    )


@quarantine.command("accept")
@guarded
def quarantine_accept(identifier: int, url: CentreUrl, as_json: AsJson = False) -> None:
    """Fusionner ce qu'un poste retiré a remis, comme s'il l'envoyait maintenant."""
    with Target(url, None).engine() as engine:
        done = housekeeping.take_over(engine, identifier)
    emit(as_json, done, f"{done['unites']} changements repris du poste {done['poste']:02d} : {done['conflits']} "
                        f"conflits, {done['gares']} refusés.")  # fmt: skip
