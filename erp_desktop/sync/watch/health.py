"""What a monitor asks: is this cache fresh, is the centre well, which devices lag; as findings with a severity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock, paths
from erp_desktop.centre import isolation, machinery
from erp_desktop.centre.functions import watch
from erp_desktop.registry.revisions import head, position, revisions
from erp_desktop.sync import status
from erp_desktop.sync.watch import daily
from erp_desktop.sync.watch.coherence import Incoherence, incoherences

OK, ALERTE, PANNE = "ok", "alerte", "panne"
SILENCE = timedelta(hours=1)
"""Without a good cycle for this long, a cache or an active device is reported."""
SILENCE_LONG = timedelta(days=7)
CONTROLE_MAX = timedelta(days=7)
"""Without a comparison with the centre for this long, a cache is reported."""
DISQUE_MIN = 500_000_000
"""Free bytes beside the cache under which a copy for an upgrade may not fit."""
RETARD_CURSEUR_S = 300.0


@dataclass(frozen=True, slots=True)
class Constat:
    """One finding; ``niveau`` is ``ok``, ``alerte`` or ``panne``."""

    sujet: str
    niveau: str
    message: str


def pire(found: list[Constat]) -> str:
    """The worst severity of all."""
    levels = {c.niveau for c in found}
    return PANNE if PANNE in levels else ALERTE if ALERTE in levels else OK


def sante_cache(session: Session, path: Path) -> list[Constat]:
    """Health of one cache: freshness, refusals, errors of the last cycles, room on its disk."""
    state = status.etat(session)
    found = [_fraicheur(state.dernier_cycle, "aucun cycle réussi")]
    last = session.execute(sa.text("SELECT erreur FROM sync_journal ORDER BY id DESC LIMIT 1")).scalar()
    found.append(Constat("dernier cycle", ALERTE if last else OK, str(last or "sans erreur")))
    found.append(_nombre("mis de côté par le centre", state.refuses))
    found.append(_nombre("reçus mis de côté ici", state.rejetes))
    found.append(
        Constat("en attente", OK, f"{state.en_attente} changement(s), {state.conflits} conflit(s) à décider")
    )
    found.append(_controle(session))
    free = paths.free_space(path.parent)
    found.append(Constat("disque", OK if free > DISQUE_MIN else PANNE, f"{free / 1e9:.1f} Go libres"))
    return found


def _controle(session: Session) -> Constat:
    """What the last daily comparison with the centre found."""
    note = session.execute(sa.text("SELECT valeur FROM sync_meta WHERE cle = 'controle'")).scalar()
    last = daily.outcome(note)
    if last is None:
        return Constat("contrôle du jour", OK, "pas encore fait")
    instant, wrong = last
    told = ", ".join(f"{table} {count}" for table, count in wrong.items())
    late = clock.now() - clock.from_text(instant) > CONTROLE_MAX
    message = f"le {instant[:16]}, " + (f"lignes remises : {told}" if wrong else "aucun écart")
    return Constat("contrôle du jour", ALERTE if wrong or late else OK, message)


def _fraicheur(last: Any, never: str) -> Constat:
    if last is None:
        return Constat("fraîcheur", PANNE, never)
    age = clock.now() - last
    level = PANNE if age > SILENCE_LONG else ALERTE if age > SILENCE else OK
    return Constat("fraîcheur", level, f"dernier cycle réussi le {clock.to_text(last)[:16]}")


def _nombre(sujet: str, number: int) -> Constat:
    return Constat(sujet, ALERTE if number else OK, str(number))


# Every operand has its type: an operator that somebody left in schema public would match an unknown one better.
_POSTES = """
SELECT d.poste, d.nom, a.code AS agence, d.etat, d.login, d.version, d.revision, d.en_attente, d.dernier_lot,
       d.inscrit_a, d.expire_a, greatest(d.vu_a, s.vu) AS vu_a, s.vu IS NOT NULL AS en_ligne,
       extract(epoch FROM now() - greatest(d.vu_a, s.vu))::float AS silence_s,
       CASE WHEN :lag AND d.curseur_xid IS NOT NULL THEN (SELECT count(*) FROM sync.row_state e
         WHERE e.scope IN (0, d.agence_id) AND e.xid > d.curseur_xid AND e.origine <> d.poste) END AS retard,
       CASE pg_catalog.jsonb_typeof(d.su->'inscrit_par'::text) WHEN 'number'::text THEN (
         SELECT u.username FROM public.users u WHERE u.id = (d.su->>'inscrit_par'::text)::bigint)
         ELSE d.su->>'inscrit_par'::text END AS inscrit_par,
       (SELECT u.username FROM public.users u WHERE u.id = (d.su->'dit'::text->>'usager'::text)::bigint
         AND (u.agence_id IS NULL OR u.agence_id = d.agence_id)) AS usager, d.su->'dit'::text AS dit
  FROM (SELECT x.*, pg_catalog.to_jsonb(x)->'details'::text AS su FROM sync.devices x) d
  JOIN public.agences a ON a.id = d.agence_id
  LEFT JOIN (SELECT usename, max(coalesce(state_change, backend_start)) AS vu FROM pg_stat_activity
              WHERE datname = current_database() GROUP BY usename) s ON s.usename = d.login
 WHERE d.poste > 0 ORDER BY d.poste
"""


def postes(engine: sa.Engine) -> list[dict[str, Any]]:
    """Every enrolled device: what it last reported, whether it is connected now, and how far it lags.

    ``retard`` counts row states that it had not acknowledged when it last opened its line; None: never opened.
    ``annonce_a`` is when it told of itself: bytes of its ``cache``, seconds that its clock is ahead (``horloge_s``),
    rows that wait by table, for how long the oldest did (``depuis_s``).
    """
    with engine.connect() as connection:
        return postes_de(connection)


def postes_de(connection: sa.Connection, *, lag: bool = True) -> list[dict[str, Any]]:
    """:func:`postes` on a line that is open already.

    Args:
        lag: count ``retard``, which takes longer than all else where devices have been away.
    """
    return [_dit(dict(r)) for r in connection.execute(sa.text(_POSTES), {"lag": lag}).mappings()]


def _dit(row: dict[str, Any]) -> dict[str, Any]:
    """What a device last told of itself (``sync.annoncer``), named; None of what it never told."""
    told = row.pop("dit") or {}
    row |= {name: told.get(name) for name in ("cache", "chiffre", "horloge_s", "depuis_s", "cycle_s", "systeme")}
    row["tables"] = told.get("tables") or {}
    row["annonce_a"] = clock.from_text(told["a"]) if told else None
    return row


def sante_centre(engine: sa.Engine) -> list[Constat]:
    """Health of the centre: structure, cursor, silent devices, connections, age of published copies.

    Of an older one its structure alone, which lacks what the others are asked of.
    """
    with engine.connect() as connection:
        at = str(connection.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalar())
        rank = position(at)
        if rank is not None and at != head():
            due = len(revisions()) - 1 - rank
            told = f"révision {at}, {due} en attente : la mise à niveau se termine par « erp-admin db upgrade »"
            return [Constat("structure", PANNE, told)]
        row = connection.execute(
            sa.text(
                "SELECT (SELECT version_num FROM public.alembic_version) AS revision, "
                "coalesce((SELECT max(extract(epoch FROM now() - xact_start)) FROM pg_stat_activity "
                "  WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()), 0)::float AS retard, "
                "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS lignes, "
                "current_setting('max_connections')::int AS permises, "
                "(SELECT count(*) FROM sync.gares) AS gares, "
                "(SELECT count(*) FROM sync.instantanes WHERE revision <> "
                "  (SELECT version_num FROM public.alembic_version)) AS perimes"
            )
        ).one()
        crossed = incoherences(connection)
        holders = connection.execute(sa.text(watch.OFFENDERS)).all()
        fence = machinery.isolation_faults(connection)
        open_still = isolation.weaknesses(connection)
        if not connection.exec_driver_sql(watch.MAY_END).scalar():
            open_still.append("le centre ne peut pas mettre fin à une session de poste (GRANT pg_signal_backend, "
                              "pg_read_all_stats TO le propriétaire des tables)")  # fmt: skip
    with engine.begin() as connection:
        ended = connection.execute(sa.text("SELECT * FROM sync.veiller()")).all()
    silent = [p for p in postes(engine) if p["etat"] == "actif" and (p["silence_s"] is None
              or p["silence_s"] > SILENCE_LONG.total_seconds())]  # fmt: skip
    names = ", ".join(f"{p['poste']:02d} {p['nom']}" for p in silent[:5])
    return [
        Constat("structure", OK if row.revision == head() else ALERTE, f"révision {row.revision}"),
        Constat("curseur", ALERTE if row.retard > RETARD_CURSEUR_S else OK,
                f"plus ancienne écriture ouverte depuis {row.retard:.0f} s{_tenants(holders)}"),
        Constat("isolation", PANNE if fence else OK, " ; ".join(fence[:3]) or "chaque poste tenu à son agence"),
        Constat("limites des postes", ALERTE if open_still or ended else OK, " ; ".join([
            *([f"{len(ended)} session(s) terminée(s), qui retenaient les autres : {_nommees(ended)}"]
              if ended else []),
            *open_still,
        ]) or "en place"),
        Constat("connexions", ALERTE if row.lignes > 0.8 * row.permises else OK, f"{row.lignes} sur {row.permises}"),
        Constat("postes muets depuis 7 jours", ALERTE if silent else OK, f"{len(silent)} {names}".strip()),
        Constat("cohérence", PANNE if crossed else OK, _croisees(crossed)),
        Constat("premières copies publiées", ALERTE if row.perimes else OK,
                "d'une autre révision, à publier de nouveau" if row.perimes else "à jour ou aucune"),
    ]  # fmt: skip


def _tenants(holders: Sequence[Any]) -> str:
    """Who keeps the pulls of all agencies waiting, named."""
    told = _nommees([h for h in holders if h.secondes > RETARD_CURSEUR_S / 10])
    return f" : {told}" if told else ""


def _nommees(sessions: Sequence[Any]) -> str:
    return ", ".join(
        f"{f'poste {s.poste:02d} {s.nom}' if s.poste is not None else s.login} "
        f"({s.programme}, processus {s.processus}, {s.secondes:.0f} s)"
        for s in sessions
    )


def _croisees(crossed: list[Incoherence]) -> str:
    if not crossed:
        return "chaque ligne se rapporte à son agence"
    told = " ; ".join(f"{i.lignes} de {i.table} ({', '.join(i.agences)}) → {i.cible} « {i.libelle} » ({i.agence})"
                      for i in crossed[:3])  # fmt: skip
    more = f" ; et {len(crossed) - 3} autres" if len(crossed) > 3 else ""
    return f"{told}{more} ; erp-admin server coherence --repair"
