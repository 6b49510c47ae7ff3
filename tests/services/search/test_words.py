"""Words inside what is written in an intervention, on both engines; the index of a cache under every change."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from erp_desktop.db.session import transaction
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.models import Client, HistoriqueIntervention, Intervention
from erp_desktop.registry import capture, searched
from erp_desktop.services import interventions
from erp_desktop.services.search import answers, fulltext, words
from tests.services.branch import Monde
from tests.services.plans import scanned


def made(monde: Monde, **values: object) -> int:
    return monde.faire(
        interventions.create,
        monde.agent,
        InterventionInput(equipement_id=monde.equipement, **values),  # type: ignore[arg-type]
    )


def found(monde: Monde, text: str) -> set[int]:
    return {one.id for one in monde.faire(answers.search, monde.agent, "interventions", text, 10)}


def settled(monde: Monde) -> bool:
    """Catch up whole; whether the index answers then."""
    with transaction(monde.engine) as session:
        while words.catch_up(session):
            pass
    with transaction(monde.engine, write=False) as session:
        return not words.waits(session) and words.ready(session)


def test_words_inside_every_text_are_found_and_follow_what_is_written(monde: Monde) -> None:
    sqlite = monde.engine.dialect.name == "sqlite"
    pump = made(monde, titre="Pompe à eau", description="Le réducteur dégage une odeur. Appeler le 06 61 23 45 67.")
    arab = made(monde, titre="صيانة المضخّة", description="تسرّب زيت أمام الآلة")
    plain = made(monde, titre="Courroie", description="")
    monde.faire(
        interventions.ajouter_ligne, monde.agent, plain,
        LigneInput(type_ligne="autre", designation="Joint torique", quantite=Decimal(1), prix_unitaire=Decimal(5)),
    )  # fmt: skip
    with transaction(monde.engine) as session:
        session.execute(
            sa.update(HistoriqueIntervention).where(HistoriqueIntervention.intervention_id == plain)
            .values(remarque="Client absent, œilleton à revoir")
        )  # fmt: skip

    def all_found() -> None:
        for text, wanted in (
            ("reducteur", pump), ("RÉDUCT odeur", pump), ("0661234567", pump), ("+212 661 23 45 67", pump),
            ("odeur atlas", pump), ("المضخه", arab), ("امام الاله", arab), ("torique", plain), ("oeilleton", plain),
        ):  # fmt: skip
            assert found(monde, text) == {wanted}, text
        assert found(monde, "réducteur torique") == set()

    if sqlite:
        assert settled(monde)
    all_found()
    if sqlite:
        _asked_word_by_word(monde)
        with pytest.MonkeyPatch.context() as patch:
            # As of a million rows: every word begins too many others, and few rows are looked at.
            patch.setattr(words, "_SPELLINGS", 0)
            with transaction(monde.engine, write=False) as session:
                assert words.question(session, ["o", "odeur"]).led == '"odeur"*', "the rarer beginning alone"
            for read in (0, 1, 120):
                patch.setattr(fulltext, "_READ", read)
                all_found()
    # What was just written answers before the index knows it, and what it no longer says does not.
    with transaction(monde.engine) as session:
        session.execute(sa.update(Intervention).where(Intervention.id == pump).values(description="Palier chaud"))
    assert found(monde, "reducteur") == set()
    assert found(monde, "palier") == {pump}
    if not sqlite:
        return
    # Only the clients and the machines of those rows are looked at.
    assert scanned(monde, lambda s: answers.search(s, monde.agent, "interventions", "palier a", 10)) == []
    assert settled(monde)
    assert found(monde, "palier") == {pump}
    with transaction(monde.engine) as session:
        session.execute(sa.update(Client).where(Client.id == monde.client).values(nom_entreprise="Sucreries Zaër"))
    assert settled(monde)
    assert found(monde, "palier zaer") == {pump}
    assert found(monde, "palier atlas") == set()
    # The file is lost, or of another day: made anew, and meanwhile each row is looked at.
    [row] = monde.lire(sa.text("SELECT file FROM pragma_database_list WHERE name = 'main'"))
    path = Path(row[0])
    monde.engine.dispose()
    path.with_name(path.name + searched.SUFFIX).unlink()
    assert found(monde, "courroie") == {plain}
    assert settled(monde)
    assert found(monde, "palier zaer") == {pump}
    with transaction(monde.engine) as session:
        session.execute(sa.text("UPDATE _recherche_attente SET pk = pk - 1 WHERE nom_table = '#'"))
        session.execute(sa.delete(HistoriqueIntervention).where(HistoriqueIntervention.intervention_id == arab))
        session.execute(sa.delete(Intervention).where(Intervention.id == arab))
    assert settled(monde)
    assert found(monde, "الاله") == set()


def test_a_revision_that_changes_no_text_leaves_the_words_known(monde: Monde) -> None:
    """As each one does: the triggers away, something written, the triggers back."""
    if monde.engine.dialect.name != "sqlite":
        return
    made(monde, titre="Fuite", description="Joint usé")
    assert settled(monde)
    for changed, known in (
        ("UPDATE interventions SET statut = 'affectee'", True), ("CREATE INDEX essai ON clients (ville)", True),
        ("CREATE TABLE essai2 AS SELECT * FROM interventions", True), ("UPDATE factures SET notes = 'x'", True),
        ("UPDATE interventions SET titre = 'Fuites'", False), ("UPDATE clients SET nom_entreprise = 'Atlas'", False),
        ("UPDATE lignes_intervention SET designation = 'Vis'", False), ("DELETE FROM lignes_intervention", False),
        ("ALTER TABLE interventions ADD COLUMN essai text", False), ("DROP TABLE lignes_intervention", False),
    ):  # fmt: skip
        with monde.engine.connect() as connection:
            capture.remove(connection)
            connection.execute(sa.text(changed))
            capture.install(connection)
            noted = connection.scalar(sa.text("SELECT count(*) FROM _recherche_attente WHERE pk <= 0 "
                                              "AND nom_table = 'interventions'"))  # fmt: skip
            connection.rollback()
        assert (noted == 0) is known, changed


@pytest.mark.parametrize("away", [False, True])
def test_triggers_of_before_give_way_to_these_without_reading_every_row_again(monde: Monde, *, away: bool) -> None:
    """A cache of the program before notes all columns by one trigger of its own; a revision takes them away first."""
    if monde.engine.dialect.name != "sqlite":
        return
    job = made(monde, titre="Fuite", description="Joint usé")
    assert settled(monde)
    name, sql = searched.formerly()
    for lost, known in ((False, True), (True, False)):
        with monde.engine.connect() as connection:
            for one in searched.captured({"_recherche_attente": set(), "interventions": {*searched.COLUMNS}}):
                trigger = f"erp_interventions_upd_{one}"
                text = connection.scalar(sa.text("SELECT sql FROM sqlite_schema WHERE name = :n"), {"n": trigger})
                connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
                connection.exec_driver_sql(str(text).replace(f"{searched.NOTE} ", ""))
            if not lost:
                connection.exec_driver_sql(sql)
            if away:
                capture.remove(connection)
            capture.install(connection)
            noted = "SELECT count(*) FROM _recherche_attente WHERE nom_table = 'interventions'"
            assert (connection.scalar(sa.text(noted)) == 0) is known
            assert connection.scalar(sa.text("SELECT count(*) FROM sqlite_schema WHERE name = :n"), {"n": name}) == 0
            connection.execute(sa.text("UPDATE interventions SET titre = 'Fuites' WHERE id = :i"), {"i": job})
            assert connection.scalar(sa.text(f"{noted} AND pk = :i"), {"i": job}) == 1
            connection.rollback()


def test_every_column_that_a_search_reads_is_noted_once_loud_or_muted(monde: Monde) -> None:
    if monde.engine.dialect.name != "sqlite":
        return
    job = made(monde, titre="Fuite", description="Joint usé")
    assert settled(monde)
    noted = sa.text("SELECT pk FROM _recherche_attente WHERE nom_table = 'interventions'")
    values = {"client_id": monde.client_rab, "equipement_id": monde.equipement_rab}
    for muted in (0, 1):
        for column in searched.COLUMNS:
            with monde.engine.connect() as connection:
                connection.exec_driver_sql(f"UPDATE _sync_session SET muet = {muted}")
                # Rules about numbers and clients are others' concern.
                for (rule,) in connection.exec_driver_sql(
                    "SELECT name FROM sqlite_schema WHERE name LIKE 'erp_regle_%_interventions'"
                ).fetchall():
                    connection.exec_driver_sql(f"DROP TRIGGER {rule}")
                given = values.get(column, "Autre")
                change = sa.text(f"UPDATE interventions SET {column} = :v WHERE id = :i")
                connection.execute(change, {"v": given, "i": job})
                connection.execute(change, {"v": given, "i": job})
                assert connection.scalars(noted).all() == [job], (column, muted)
                connection.rollback()
    with monde.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE interventions SET notes_internes = notes_internes, priorite = 'basse'")
        assert connection.scalars(noted).all() == []
        connection.rollback()


def _asked_word_by_word(monde: Monde) -> None:
    """Never as a beginning, for which the index gathers every row before it tells one."""
    with transaction(monde.engine, write=False) as session:
        asked = words.question(session, ["reduct", "o", "nulle"])
        assert (asked.wide, asked.narrow) == ((), '("reducteur") AND ("odeur" OR "oeilleton") AND ("nulle")')
        hits = words.matching(session, words.question(session, ["a"]).narrow, None)
        assert hits == words.matching(session, words.asked(["a"]), None)
        assert len(hits) > 1


def test_a_row_may_be_received_twice_before_the_index_catches_up(monde: Monde) -> None:
    if monde.engine.dialect.name != "sqlite":
        return
    job = made(monde, titre="Fuite", description="Joint usé")
    with transaction(monde.engine) as session:
        session.execute(sa.text("DELETE FROM _recherche_attente"))
        row = dict(session.execute(sa.text(f"SELECT * FROM interventions WHERE id = {job}")).mappings().one())
        marks = ", ".join(f":{name}" for name in row)
        # As an exchange writes what it receives: an upsert's own way with conflicts is that of its triggers too.
        upsert = sa.text(f"INSERT INTO interventions ({', '.join(row)}) VALUES ({marks}) "
                         "ON CONFLICT (id) DO UPDATE SET description = excluded.description")  # fmt: skip
        for words_ in ("Joint changé", "Joint racleur changé"):
            session.execute(upsert, {**row, "description": words_})
        renamed = "INSERT INTO clients SELECT * FROM clients WHERE id = :id ON CONFLICT (id) DO UPDATE SET "
        session.execute(sa.text(f"{renamed} nom_entreprise = 'Atlas bis'"), {"id": monde.client})
        waiting = session.scalars(sa.text("SELECT pk FROM _recherche_attente WHERE nom_table = 'interventions'"))
        assert list(waiting) == [job]
