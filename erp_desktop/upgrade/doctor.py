"""Diagnosis of a database: what is wrong, and the repair for it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import sqlcipher3.dbapi2 as sqlcipher

from erp_desktop import clock, paths
from erp_desktop.centre import isolation, preflight
from erp_desktop.centre.preflight import Constat
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.db.locks import CacheLock
from erp_desktop.errors import DatabaseBusyError, DatabaseRefusedError, UpgradeError
from erp_desktop.registry import bounds, revisions
from erp_desktop.registry import tables as registry
from erp_desktop.upgrade import backup, fingerprint, migrate, stamp, structures
from erp_desktop.upgrade.central import checklist
from erp_desktop.upgrade.reading import Structure

RESTORE = "erp-admin db restore --cache {} (les modifications pas encore envoyées sont reprises)"


def cache(path: Path, key: str | None) -> list[Constat]:
    """Examine a cache file that exists."""
    found = [_in_use(path), _room(path)]
    restore = RESTORE.format(path)
    try:
        stamps = stamp.stamps_of(path, key)
        structure = structures.read(path, key)
    except DatabaseRefusedError as error:
        return [*found, Constat("fichier", "erreur", str(error), "vérifier le fichier et sa clé"), _copies(path)]
    except (sqlcipher.DatabaseError, sa.exc.DBAPIError) as error:
        cause = getattr(error, "orig", None) or error
        return [*found, Constat("fichier", "erreur", f"base abîmée : {cause}", restore), _copies(path)]
    if not structure.keys() & structures.by_revision()[revisions.head()].keys():
        told = "ce n'est pas une base ERP MIF" if structure else "base vide"
        return [*found, Constat("fichier", "erreur", told, "indiquer un autre fichier avec --cache")]
    found += [_copies(path), *_leftovers(path, structure)]
    found.append(_integrity(path, key, restore))
    structure = structures.without_leftovers(structure)
    found += _stamp(stamps or [], structures.matching(structure, "sqlite"), f"--cache {path}", stamps is None)
    if stamps is not None and len(stamps) == 1 and revisions.position(stamps[0]) is not None:
        found.append(_structure(structures.differences(stamps[0], structure, "sqlite")))
    return [*found, _references(path, key), *_values(path, key)]


def _stamp(stamps: list[str], really: list[str], target: str, absent: bool = False) -> Iterator[Constat]:
    """What ``alembic_version`` says, held against the revisions whose structure is there."""
    best = really[-1] if really else None
    repair = f"erp-admin db stamp {best} {target}" if best else "d'abord la structure, puis erp-admin db stamp"
    if best not in {None, revisions.head()} and "--url" in target:
        # An older structure of a centre is recognised by its names only: a person answers for the rest.
        repair = f"DATABASE_URL=… alembic -x force=oui stamp {best}"
    if len(stamps) != 1:
        told = "alembic_version est absente" if absent else "alembic_version est vide"
        if stamps:
            told = f"alembic_version contient {len(stamps)} révisions ({', '.join(stamps)})"
        yield Constat("révision", "erreur", told + (f" ; la structure est celle de {best}" if best else ""), repair)
        return
    revision = stamps[0]
    rank = revisions.position(revision)
    if rank is None:
        yield Constat("révision", "erreur", f"{revision} : d'une version plus récente du programme",
                      "installer cette version, ou restaurer une sauvegarde")  # fmt: skip
    elif best is not None and revision not in really:
        told = f"la base annonce {revision}, sa structure est celle de {best}"
        yield Constat("révision", "erreur", told, repair)
    elif behind := len(revisions.revisions()) - 1 - rank:
        yield Constat("révision", "attention", f"{revision} : {behind} révision(s) en attente",
                      f"erp-admin db upgrade {target}")  # fmt: skip
    else:
        yield Constat("révision", "ok", revision)


def _structure(wrong: list[str]) -> Constat:
    """Differences to the revision announced, and the way out for the first kind of them."""
    if not wrong:
        return Constat("structure", "ok", "celle de la révision")
    more = f" (et {len(wrong) - 3} autres)" if len(wrong) > 3 else ""
    detail = f"{' ; '.join(wrong[:3])}{more}"
    if fingerprint.only_machinery(wrong):
        return Constat("structure", "erreur", detail, "remis en place par erp-admin db upgrade ou au démarrage")
    invalid = next((line for line in wrong if "index invalide" in line), None)
    if invalid is not None:
        name = invalid.split("« ")[1].split(" »")[0]
        return Constat("structure", "erreur", detail, f"REINDEX INDEX CONCURRENTLY {name}")
    unproven = next((line for line in wrong if "non validée" in line), None)
    if unproven is not None:
        table, name = unproven.split(" : ")[0], unproven.split("« ")[1].split(" »")[0]
        return Constat("structure", "erreur", detail, f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    extra = [line for line in wrong if line.endswith("en trop")]
    if extra and len(extra) == len(wrong):
        return Constat("structure", "erreur", detail, f"noter puis retirer ce qui est en trop : {_drop(extra[0])}")
    return Constat("structure", "erreur", detail, "erp-admin db check les liste ; remettre l'ancienne définition")


def _drop(line: str) -> str:
    """The statement that takes a hand-made thing away again."""
    table = line.split(" : ")[0]
    if " : table en trop" in line:
        return f"DROP TABLE {table}"
    kind, name = line.split(" : ")[1].split(" «")[0], line.split("« ")[1].split(" »")[0]
    words = {"colonne": f"ALTER TABLE {table} DROP COLUMN {name}", "index": f"DROP INDEX {name}"}
    return words.get(kind, f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def _integrity(path: Path, key: str | None, restore: str) -> Constat:
    try:
        connection = connect_sqlite(path, key, read_only=True)
        try:
            wrong = [row[0] for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
            if key is not None:
                wrong += [row[0] for row in connection.execute("PRAGMA cipher_integrity_check")]
        finally:
            connection.close()
    except (sqlcipher.DatabaseError, DatabaseRefusedError) as error:
        wrong = [str(error)]
    if wrong:
        return Constat("intégrité", "erreur", f"page abîmée : {wrong[0]}".replace("\n", " "), restore)
    return Constat("intégrité", "ok", "fichier lisible de bout en bout")


def _references(path: Path, key: str | None) -> Constat:
    try:
        connection = connect_sqlite(path, key, read_only=True)
        try:
            orphans = sorted({str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")})
        finally:
            connection.close()
    except sqlcipher.DatabaseError as error:
        return Constat("références", "erreur", str(error), RESTORE.format(path))
    if orphans:
        return Constat("références", "erreur", f"lignes orphelines : {', '.join(orphans)}",
                       "corriger ou supprimer ces lignes : PRAGMA foreign_key_check les nomme")  # fmt: skip
    return Constat("références", "ok", "aucune ligne orpheline")


def _values(path: Path, key: str | None) -> Iterator[Constat]:
    try:
        connection = connect_sqlite(path, key, read_only=True)
        try:
            present = {
                t.name: {row[1] for row in connection.execute(f"PRAGMA table_info({t.name})")}
                for t in registry.TABLES
            }
            yield _impossible(bounds.broken(lambda sql: connection.execute(sql).fetchall(), present, central=False))
        finally:
            connection.close()
    except sqlcipher.DatabaseError:
        return  # Told by the other examinations.


def _impossible(rows: list[str]) -> Constat:
    if not rows:
        return Constat("valeurs", "ok", "aucune valeur impossible")
    told = ", ".join(rows[:10]) + (" …" if len(rows) > 10 else "")
    return Constat("valeurs", "attention", f"valeurs que personne ne pourrait plus saisir : {told}",
                   "les corriger à la main ; elles restent lisibles et le reste de la fiche se modifie")  # fmt: skip


def migrations() -> list[Constat]:
    """Examine the history that this program carries: unedited, with one end."""
    try:
        heads = sorted(migrate.scripts().get_heads())
    except (migrate.alembic().util.CommandError, SyntaxError) as error:
        return [Constat("migrations", "erreur", f"historique illisible : {error}", "réinstaller le programme")]
    if len(heads) > 1:
        told = f"l'historique a {len(heads)} têtes : {', '.join(heads)}"
        repair = f"alembic merge -m fusion {' '.join(heads)}, puis python -m erp_desktop.upgrade.history"
        return [Constat("migrations", "erreur", told, repair)]
    try:
        revisions.verify(paths.MIGRATIONS / "versions")
    except UpgradeError as error:
        repair = "réinstaller le programme ; en développement, remettre le fichier livré (git checkout -- migrations)"
        return [Constat("migrations", "erreur", str(error), repair)]
    return [Constat("migrations", "ok", "fichiers conformes au manifeste, une seule tête")]


def _in_use(path: Path) -> Constat:
    lock = CacheLock(path)
    if not lock.path.exists():
        return Constat("verrou", "ok", "personne ne travaille sur le fichier")
    try:
        lock.exclusive(0.0)
    except DatabaseBusyError:
        return Constat("verrou", "attention", "un programme travaille sur le fichier", "le fermer avant de réparer")
    lock.release()
    return Constat("verrou", "ok", "personne ne travaille sur le fichier")


def _room(path: Path) -> Constat:
    free, size = paths.free_space(path.parent), path.stat().st_size
    told = f"{free // 1_000_000} Mo libres pour un fichier de {max(1, size // 1_000_000)} Mo"
    if free > 3 * size:
        return Constat("disque", "ok", told)
    return Constat("disque", "erreur", told, "libérer trois fois la taille de la base avant une mise à niveau")


def _copies(path: Path) -> Constat:
    saved = backup.backups(path)
    if not saved:
        return Constat("sauvegardes", "attention", "aucune", f"erp-admin db backup --cache {path}")
    return Constat("sauvegardes", "ok", f"{len(saved)}, la dernière du {clock.local(saved[0].quand):%d/%m/%Y %H:%M}")


def _leftovers(path: Path, structure: Structure) -> Iterator[Constat]:
    for name in (".upgrading", ".restauration", ".apercu"):
        rest = path.with_name(path.name + name)
        if rest.exists():
            told = f"{rest.name} : reste d'une opération interrompue"
            yield Constat("restes", "attention", told, "effacé par la prochaine opération de ce nom, sinon à la main")
    tables = sorted(t for t in structure if t.startswith(structures.LEFTOVER))
    if tables:
        told = f"table(s) d'une reconstruction interrompue : {', '.join(tables)}"
        yield Constat("restes", "erreur", told, " ; ".join(f'DROP TABLE "{t}"' for t in tables))


def centre(engine: sa.Engine) -> list[Constat]:
    """Examine a central database."""
    state = checklist.check_central(engine)
    with engine.connect() as connection:
        planted = isolation.planted(connection)
        connection.rollback()
        if planted:
            # Any further question would run what they left, with this account's rights.
            return [Constat("isolation", "erreur", " ; ".join(planted), "DROP OWNED BY … CASCADE, puis db upgrade")]
        stamps = _stamps(connection)
        absent = stamps == [] and not sa.inspect(connection).has_table("alembic_version")
        structure = fingerprint.read(connection)
        connection.rollback()
        if state.etat == "vide" and not structure:
            empty = Constat("révision", "attention", state.message, "erp-admin server init --url …")
            return [empty, *preflight.examine(connection)]
        really = structures.matching(structure, "postgresql")
        found = list(_stamp(sorted(stamps or []), really, "--url …", absent))
        if stamps is None:
            found = [_announced(state)]
        if not state.migrateur:
            found.append(Constat("structure", "attention", "ce compte ne peut pas la comparer", "compte migrateur"))
        elif stamps and len(stamps) == 1 and revisions.position(stamps[0]) is not None:
            found.append(_structure(structures.drift(connection, stamps[0])))
        connection.rollback()
        if state.migrateur and state.revision == revisions.head():
            columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            present: dict[str, set[str]] = {}
            for table, column in connection.exec_driver_sql(columns):
                present.setdefault(table, set()).add(column)
            found.append(
                _impossible(bounds.broken(lambda sql: connection.exec_driver_sql(sql).all(), present, central=True))
            )
        if state.migrateur or stamps == []:
            found += preflight.examine(connection)
        idle = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND state LIKE 'idle in transaction%%' AND state_change < now() - interval '1 minute'"
        ).scalar_one()
        told = f"{idle} session(s) laissée(s) dans une transaction : elles bloqueraient une mise à niveau"
        found.append(
            Constat("sessions", "attention", told, "les fermer : pg_terminate_backend, idle_session_timeout")
            if idle
            else Constat("sessions", "ok", "aucune transaction oubliée")
        )
        locks = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).scalar_one()
        found.append(
            Constat("attentes", "attention" if locks else "ok", f"{locks} requête(s) en attente d'un verrou")
        )
    return found


def _stamps(connection: sa.Connection) -> list[str] | None:
    """Rows of ``alembic_version``; None when this role may not read it."""
    table = connection.exec_driver_sql("SELECT to_regclass('public.alembic_version')").scalar()
    if table is None:
        return []
    readable = connection.exec_driver_sql("SELECT has_table_privilege('public.alembic_version', 'SELECT')").scalar()
    if not readable:
        return None
    return [str(v) for v in connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalars()]


def _announced(state: checklist.EtatSchema) -> Constat:
    """The revision as an ordinary role learns it, from the compatibility window."""
    level = {"egal": "ok", "ancien": "attention", "recent": "attention"}.get(state.etat, "erreur")
    remedy = "un compte migrateur dira quoi : erp-admin db doctor" if level == "erreur" else ""
    return Constat("révision", level, f"{state.revision or 'aucune'} : {state.message}", remedy)
