"""Weeks without a line: what a stick carries is merged as a cycle merges it, once, whole, by whom it is for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from erp_desktop.errors import CloneDetectedError
from erp_desktop.sync.bundle.sealed import BundleError, head_of
from tests.sync.bundle.sticks import carry, come_back, leave, pass_by
from tests.sync.bundle.usb_drill import lived_on_sticks
from tests.sync.device.test_farewell import revoke
from tests.sync.documents.files import at_centre, attach, octets, read, step
from tests.sync.lab import Lab


def test_a_stick_carries_what_a_line_would(lab: Lab, tmp_path: Path) -> None:
    a, b = lab.device(), lab.device()
    stick = tmp_path / "clé"
    with pytest.raises(Exception, match="une synchronisation par la ligne suffit"):
        leave(a, stick)
    lab.settle()
    one, two, three = *lab.ids("interventions")[:2], lab.ids("clients")[0]
    # What follows of these batches is settled by no line: both sides of a field, a refused row, papers both ways.
    a.set("interventions", one, titre="Titre de A", diagnostic="Joint racleur usé")
    ice = a.get("clients", three, "ice")
    a.set("clients", three, ice=lab.get("clients", lab.ids("clients", "TNG")[0], "ice"))
    sent, wanted = octets(150_000, 1), octets(90_000, 2)
    attach(lab, a, sent)
    paper = attach(lab, b, wanted, "plan.pdf")
    b.set("interventions", one, titre="Titre de B")
    b.set("interventions", two, titre="Du siège")
    b.sync()
    step(b)
    out = leave(a, stick)
    assert (out.lots, out.documents, out.reste) == (1, 1, 0)
    raw = out.fichier.read_bytes()
    assert b"Titre de A" not in raw
    assert sent[:64] not in raw
    # Typed after the stick left: it waits for the answer.
    a.set("interventions", two, diagnostic="Après la clé")
    merged = pass_by(lab, out.fichier)
    assert (merged.lots, merged.connus, merged.conflits, merged.gares, merged.documents_recus) == (1, 0, 1, 1, 1)
    told = "SELECT en_attente, details->'dit'->'tables' FROM sync.devices WHERE poste = %s"
    assert lab.sql(told, a.poste) == [(0, None)], "what is left once the bundle is merged"
    assert at_centre(lab, sent)
    done = come_back(a, merged.fichier)
    assert (done.deja, done.conflits, done.gares, done.documents, done.attend) == (False, 1, 1, 1, 1)
    assert lab.get("interventions", one, "diagnostic") == "Joint racleur usé"
    assert a.conflicts() == [("interventions", one, "titre", "Fuite 1", "Titre de A", "Titre de B")]
    assert [code for _, code, _ in a.parked()] == ["doublon"]
    assert read(lab, a, paper) == wanted
    assert (a.get("interventions", two, "titre"), a.get("interventions", two, "diagnostic")) == (
        "Du siège", "Après la clé",
    )  # fmt: skip

    # Twice at the centre, twice at the device: nothing doubles, nothing comes back.
    again = pass_by(lab, out.fichier)
    assert (again.lots, again.connus) == (1, 1)
    assert come_back(a, again.fichier).deja
    # The next one, and the line that comes back in the middle.
    second = leave(a, stick)
    assert (second.numero, second.lots, second.lignes) == (out.numero + 1, 1, 1)
    assert leave(a, stick).lignes == 1, "the same batch, until it is answered"
    answer = pass_by(lab, second.fichier)
    a.sync()
    assert lab.get("interventions", two, "diagnostic") == "Après la clé"
    assert come_back(a, answer.fichier).deja
    # In the wrong order: the first answer after all of that.
    assert come_back(a, merged.fichier).deja
    assert pass_by(lab, out.fichier).connus == 1
    a.set("clients", three, ice=ice)
    lab.settle()
    lab.converged()


def test_a_stick_that_is_not_whole_not_ours_or_not_the_next_is_refused(lab: Lab, tmp_path: Path) -> None:
    a, b = lab.device(), lab.device()
    lab.settle()
    stick = tmp_path / "cle"
    one = lab.ids("interventions")[0]
    before = lab.get("interventions", one, "titre")
    a.set("interventions", one, titre="Par la clé")
    out = leave(a, stick)
    content = out.fichier.read_bytes()
    start = content.index(b"\n", content.index(b"\n") + 1) + 1
    assert head_of(out.fichier).poste == a.poste
    broken = stick / "abime.paquet"
    cuts = {
        5: "n'est pas un paquet",
        start + 3: "incomplet",
        len(content) // 2: "incomplet",
        len(content) - 1: "incomplet",
    }
    for at, said in cuts.items():
        broken.write_bytes(content[:at])
        with pytest.raises(BundleError, match=said):
            pass_by(lab, broken)
    for at in (start + 1, start + 30, len(content) // 2, len(content) - 3):
        broken.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(BundleError, match=r"abîmé|incomplet"):
            pass_by(lab, broken)
    number = content.replace(f'"numero": {out.numero}'.encode(), b'"numero": 9', 1)
    for forged in (
        content + b"x",
        number,
        content.replace(f'"poste": {a.poste}'.encode(), f'"poste": {b.poste}'.encode(), 1),
    ):
        assert forged != content
        broken.write_bytes(forged)
        with pytest.raises(BundleError, match="modifié en chemin"):
            pass_by(lab, broken)
    assert lab.get("interventions", one, "titre") == before, "nothing of a refused bundle is merged"
    assert not list(stick.glob(".*")), "no half of an answer is left"

    answer = pass_by(lab, out.fichier).fichier
    assert answer is not None
    for act, said in (
        (lambda: come_back(b, answer), f"pour le poste {a.poste:02d} de CAS"),
        (lambda: come_back(a, out.fichier), "part vers le centre"),
        (lambda: pass_by(lab, answer), "c'est là-bas qu'on l'importe"),
    ):
        with pytest.raises(BundleError, match=said):
            act()
    half = stick / "moitie.paquet"
    half.write_bytes(answer.read_bytes()[:-40])
    with pytest.raises(BundleError, match="incomplet"):
        come_back(a, half)
    assert a.waiting == 1, "nothing of a refused answer is taken"

    # A copy of the disk that goes on by itself: the centre has another batch of that number.
    clone = lab.copy_of(a, "copie.sqlite")
    come_back(a, answer)
    clone.sql("DELETE FROM sync_lots")
    clone.sql("UPDATE sync_meta SET valeur = '0' WHERE cle = 'dernier_lot'")
    clone.set("interventions", one, titre="Par la copie")
    with pytest.raises(CloneDetectedError):
        pass_by(lab, leave(clone, tmp_path / "autre").fichier)
    clone.hang_up()
    assert lab.get("interventions", one, "titre") == "Par la clé"

    # Retired: what it brings waits for an administrator. Stolen: nothing is taken.
    a.set("interventions", one, titre="Le dernier mot")
    last = leave(a, stick).fichier
    revoke(lab, a, stolen=True)
    gone = pass_by(lab, last)
    assert (gone.revoque, gone.quarantaine, gone.fichier) == (True, 0, None)
    revoke(lab, a, stolen=False)
    assert pass_by(lab, last).quarantaine == 1
    lab.devices.remove(a)
    a.hang_up()


def test_many_batches_an_erasure_and_a_kill_between_two_pages(lab: Lab, tmp_path: Path) -> None:
    a, b = lab.device(), lab.device()
    lab.settle()
    stick = tmp_path / "cle"
    a.batch = 1
    works = lab.ids("interventions")
    for n, work in enumerate(works[:4]):
        a.set("interventions", work, titre=f"Titre {n}")
    out = leave(a, stick)
    assert (out.lots, out.lignes, out.reste) == (4, 4, 0)
    merged = pass_by(lab, out.fichier)
    kept = shutil.copyfile(merged.fichier or out.fichier, tmp_path / "reponse.paquet")
    # Killed after the second of four answers: the rest is taken from where it stood.
    a.hang_up()
    a.sql(
        "CREATE TRIGGER coupe BEFORE UPDATE OF repondu_a ON sync_lots WHEN new.numero = 3 "
        "BEGIN SELECT RAISE(ABORT, 'coupé'); END"
    )
    with pytest.raises(BundleError, match="tout ce qui précède l'a été"):
        come_back(a, kept)
    assert a.waiting == 2
    a.sql("DROP TRIGGER coupe")
    done = come_back(a, kept)
    assert (done.deja, done.envoyes, done.attend) == (False, 2, 0)
    assert a.sync().pushed == 0
    # Somebody was erased meanwhile: this device hears of it before anything of it is merged.
    a.set("interventions", works[0], titre="Vu par M. Zéroual")
    out = leave(a, stick)
    lab.sql(
        "INSERT INTO effacements (id, agence_id, nom_table, fiche_id, created_at, updated_at) "
        "SELECT 77, agence_id, 'clients', id, now(), now() FROM clients WHERE id = %s",
        lab.ids("clients")[2],
    )  # fmt: skip
    merged = pass_by(lab, out.fichier)
    assert merged.effacement
    assert lab.get("interventions", works[0], "titre") == "Titre 0"
    done = come_back(a, merged.fichier)
    assert (done.efface, done.attend) == (True, 1)
    # A bundle made before one that was merged, merged after it: its rows are from behind that one's outcome.
    b.sync()
    early = leave(b, tmp_path / "b")
    b.set("interventions", works[1], titre="De B")
    later = pass_by(lab, leave(b, tmp_path / "b").fichier)
    with pytest.raises(BundleError, match="importez d'abord la réponse à celui-là"):
        come_back(b, pass_by(lab, early.fichier).fichier)
    assert not come_back(b, later.fichier).deja
    out, merged, done = carry(lab, a, stick)
    assert (merged.effacement, merged.lots, done.attend) == (False, 1, 0)
    b.sync()
    assert b.get("interventions", works[0], "titre") == "Vu par M. Zéroual"
    lab.settle()
    lab.converged()


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_replicas_that_live_on_sticks_agree(lab: Lab) -> None:
    lived_on_sticks(lab, range(30), 40)
