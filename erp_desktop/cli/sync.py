"""erp-admin sync: run a cycle, see what waits, decide."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from erp_desktop import clock, settings
from erp_desktop.cli.common import AsJson, Secrets, Target, emit, emit_health, guarded
from erp_desktop.cli.french import Commands
from erp_desktop.db import secrets as secret_store
from erp_desktop.db.session import transaction
from erp_desktop.errors import ErpError, UserError
from erp_desktop.services.reception import suiveur
from erp_desktop.sync import status as states
from erp_desktop.sync.device.enrolment import device_link
from erp_desktop.sync.documents import DocumentExchange, DocumentsResult
from erp_desktop.sync.documents import contenus as documents_of
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.inbox import captions, discard, merging
from erp_desktop.sync.inbox import conflicts as inbox
from erp_desktop.sync.inbox.duplicates import doublons
from erp_desktop.sync.syncer import Syncer
from erp_desktop.sync.watch import health as surveillance
from erp_desktop.sync.watch.verify import verify as compare
from erp_desktop.upgrade.start.startup import read_revision

app = Commands(help="La synchronisation d'un poste.")

CacheFile = Annotated[Path, typer.Option("--cache", help="Fichier de la base locale.")]


@contextmanager
def _cache(path: Path, secrets: Path | None) -> Iterator[Cache]:
    if not path.is_file():
        raise UserError(f"Le fichier {path} n'existe pas.")
    # Before anything is opened for writing: a foreign file keeps every byte.
    read_revision(path, secret_store.cache_key(path, secrets))
    with Cache(path, secret_store.cache_key(path, secrets)) as cache:
        yield cache


@contextmanager
def _syncer(path: Path, secrets: Path | None) -> Iterator[Syncer]:
    options = settings.load()
    with _cache(path, secrets) as cache:
        link = device_link(
            cache, secrets, connect_timeout_s=options.connect_timeout_s, deadline_s=options.cycle_deadline_s
        )
        try:
            yield Syncer(cache, link, batch=options.sync_batch, before_calendar=suiveur(path, cache.key))
        finally:
            link.close()


@contextmanager
def _session(path: Path, secrets: Path | None, *, write: bool = False) -> Iterator[Session]:
    with Target(None, path, secrets).engine() as engine, transaction(engine, write=write) as session:
        yield session


@app.command()
@guarded
def run(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Envoyer et recevoir jusqu'à ce que tout soit à jour."""
    with _syncer(cache, secrets) as syncer:
        result = syncer.run()
        documents, trouble = _documents(syncer)
    text = (
        f"{result.pushed} envoyés, {result.pulled} reçus, {result.conflicts} conflits, {result.parked} mis de côté "
        f"({result.round_trips} allers-retours, {result.seconds:.2f} s)."
    )
    if documents.moved or trouble:
        text += f" Documents : {documents.sent} envoyés, {documents.received} reçus{trouble and f', {trouble}'}."
    emit(as_json, {**asdict(result), "documents": {**asdict(documents), "erreur": trouble or None}}, text)


@app.command("export")
@guarded
def export_bundle(
    cache: CacheFile,
    out: Annotated[Path, typer.Option("--out", help="Dossier de la clé USB, ou fichier.")],
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Écrire sur une clé ce que la ligne porterait ; « server import » le fusionne au centre."""
    from erp_desktop.sync.bundle.outgoing import export

    options = settings.load()
    with _cache(cache, secrets) as opened:
        done = export(opened, out, secrets, batch=options.sync_batch, days=options.documents_days)
    emit(as_json, done, done.told())


@app.command("import")
@guarded
def import_bundle(
    fichier: Annotated[Path, typer.Argument(help="Réponse du centre.")],
    cache: CacheFile,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Reprendre d'une clé la réponse du centre, comme si elle venait par la ligne."""
    from erp_desktop.sync.bundle.returning import take

    with _cache(cache, secrets) as opened:
        done = take(
            opened, fichier, quota=settings.load().documents_quota, before_calendar=suiveur(cache, opened.key)
        )
    emit(as_json, done, done.told())


def _documents(syncer: Syncer) -> tuple[DocumentsResult, str]:
    """Move all documents; what stops them leaves the rows' cycle a success."""
    options = settings.load()
    exchange = DocumentExchange(syncer.cache, syncer.link, quota=options.documents_quota, days=options.documents_days)
    try:
        return exchange.run(), ""
    except ErpError as error:
        return exchange.result, str(error)


@app.command()
@guarded
def documents(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Les documents et où sont leurs octets : ici, au centre, en attente."""
    with _session(cache, secrets) as session:
        found = documents_of(session)
    emit(as_json, found, lambda: [
        f"{d.id:>20} {d.etat.value:<8} {d.taille:>10} octets  {d.nom_fichier}" for d in found]
         or "Aucun document.")  # fmt: skip


@app.command()
@guarded
def status(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Ce qui attend, ce qui a été refusé, dernier cycle."""
    with _session(cache, secrets) as session:
        state = states.etat(session)
        waiting = states.sortants(session)
    text = f"{state.en_attente} en attente, {state.refuses} mis de côté, {state.conflits} conflits à décider."
    emit(as_json, {"etat": state, "sortants": waiting}, text)


@app.command()
@guarded
def journal(
    cache: CacheFile,
    secrets: Secrets = None,
    limite: Annotated[int, typer.Option("--limite", help="Nombre de cycles.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Les derniers cycles qui ont échangé quelque chose ou échoué, le plus récent d'abord."""
    with _session(cache, secrets) as session:
        found = captions.journal(session, limite)
    emit(as_json, found, lambda: [
        f"{clock.to_text(c.quand)[:19]}  {c.duree_s:7.2f} s  {c.envoyes:>6} envoyés  {c.recus:>6} reçus  "
        f"{c.conflits} conflits  {c.gares} mis de côté  {c.erreur or ''}".rstrip() for c in found]
         or "Aucun cycle.")  # fmt: skip


@app.command()
@guarded
def health(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Pour une surveillance : 0 tout va bien, 1 quelque chose demande un regard."""
    with _session(cache, secrets) as session:
        found = surveillance.sante_cache(session, cache)
    emit_health(as_json, found)


@app.command()
@guarded
def verify(
    cache: CacheFile,
    secrets: Secrets = None,
    repair: Annotated[bool, typer.Option(help="Remettre la version du centre.")] = True,
    as_json: AsJson = False,
) -> None:
    """Comparer chaque ligne avec le centre et réparer les différences."""
    with _syncer(cache, secrets) as syncer:
        syncer.run()
        found = compare(syncer.cache, syncer.link, repair=repair)
    emit(as_json, found, f"{found.rows} lignes comparées, {len(found.differences)} tables différentes, "
         f"{found.repaired} lignes réparées.")  # fmt: skip


@app.command()
@guarded
def conflicts(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Les valeurs qui ont perdu : base, mienne, leur."""
    with _session(cache, secrets) as session:
        found = inbox.liste(session)
    emit(as_json, found, lambda: [
        f"{c.id:>5} {c.libelle} {c.champ or 'suppression'} : {c.base!r} → mien {c.mien!r}, leur {c.leur!r}"
        f"{' (réglé)' if c.resolu else ' (à décider)' if c.a_decider else ''}" for c in found]
         or "Aucun conflit.")  # fmt: skip


@app.command()
@guarded
def parked(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Les groupes que le centre a refusés."""
    with _session(cache, secrets) as session:
        found = states.gares(session)
    emit(as_json, found, lambda: [f"{g.id:>5} [{g.code}] {g.raison} : {g.lignes}" for g in found]
         or "Rien n'est mis de côté.")  # fmt: skip


@app.command()
@guarded
def rejected(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Les lignes reçues que cette base n'a pas pu prendre."""
    with Target(None, cache, secrets).engine() as engine, engine.connect() as connection:
        found = [
            dict(r)
            for r in connection.exec_driver_sql(
                "SELECT nom_table, pk, raison, quand FROM sync_recus_rejetes ORDER BY quand"
            ).mappings()
        ]
    emit(as_json, found, [f"{r['nom_table']} {r['pk']} : {r['raison']}" for r in found] or "Aucune.")


@app.command()
@guarded
def resolve(
    conflict_id: int,
    cache: CacheFile,
    keep: Annotated[str | None, typer.Option(help="mine ou theirs")] = None,
    value: Annotated[str | None, typer.Option(help="Valeur en JSON.")] = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Régler un conflit : garder la mienne, la leur, ou écrire une valeur."""
    if (keep is None) == (value is None) or keep not in {None, "mine", "theirs"}:
        raise typer.BadParameter("donner --keep mine, --keep theirs ou --value JSON")
    chosen: Any = None
    if value is not None:
        try:
            chosen = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise typer.BadParameter("--value doit être du JSON") from error
    with _session(cache, secrets, write=True) as session:
        inbox.resolve(session, conflict_id, keep, chosen)  # type: ignore[arg-type]
    emit(as_json, {"resolved": conflict_id, "keep": keep or "value"}, f"Conflit {conflict_id} réglé.")


@app.command()
@guarded
def unpark(group_id: int, cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Renvoyer un groupe mis de côté au prochain cycle."""
    with _session(cache, secrets, write=True) as session:
        inbox.unpark(session, group_id)
    emit(as_json, {"unparked": group_id}, f"Groupe {group_id} renvoyé au prochain cycle.")


@app.command("discard")
@guarded
def discard_group(group_id: int, cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Abandonner un groupe mis de côté : ses fiches redeviennent ce qu'elles étaient."""
    with _session(cache, secrets, write=True) as session:
        rows = discard.abandonner_groupe(session, group_id)
    emit(as_json, {"discarded": group_id, "rows": rows}, f"Groupe {group_id} abandonné : {rows} fiche(s) remise(s).")


@app.command()
@guarded
def duplicates(cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Les fiches refusées parce qu'une autre a la même clé, et cette autre."""
    with _session(cache, secrets) as session:
        found = [{**asdict(d), "noms": [[*k, v] for k, v in d.noms.items()]} for d in doublons(session)]
    emit(as_json, found, lambda: [
        f"{d['gare']:>5} {d['table']} {d['mienne']} ({d['libelle']}) : "
        f"{d['obstacle'] or 'même clé que ' + str(d['autre'])}"
        for d in found] or "Aucun doublon.")  # fmt: skip


@app.command()
@guarded
def merge(
    group_id: int,
    row_id: int,
    cache: CacheFile,
    keep: Annotated[str, typer.Option(help="mine ou theirs : de qui les valeurs restent.")] = "theirs",
    field: Annotated[list[str] | None, typer.Option(help="champ=mine ou champ=theirs, autant de fois.")] = None,
    secrets: Secrets = None,
    as_json: AsJson = False,
) -> None:
    """Faire une seule fiche d'un doublon ; l'autre garde son identité."""
    chosen = dict(one.partition("=")[::2] for one in field or [])
    if not {keep, *chosen.values()} <= {"mine", "theirs"}:
        raise typer.BadParameter("donner mine ou theirs")
    with _session(cache, secrets, write=True) as session:
        number = merging.fusionner(session, group_id, row_id, keep, chosen)  # type: ignore[arg-type]
    emit(as_json, {"merged": number}, f"Fusion {number} faite.")


@app.command()
@guarded
def unmerge(merge_id: int, cache: CacheFile, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Annuler une fusion : les deux fiches sont de nouveau là."""
    with _session(cache, secrets, write=True) as session:
        merging.annuler(session, merge_id)
    emit(as_json, {"unmerged": merge_id}, f"Fusion {merge_id} annulée.")
