"""A new version on a desktop: told, verified, brought in pieces, installed, taken back with what was done since."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

import erp_desktop
from erp_desktop import clock
from erp_desktop.db.engine import connect_sqlite
from erp_desktop.errors import DatabaseBusyError, UnavailableError, UserError
from erp_desktop.registry import revisions
from erp_desktop.services.releases import installing, manifest, updates
from erp_desktop.services.releases.manifest import ReleaseRefusedError, Stage
from erp_desktop.upgrade.start import startup
from tests.migrations.golden.faire import HERE as GOLDEN
from tests.services.releases.depot import NEXT, Place, authority, it, says, served, tree

BEFORE = "f6c2a8e4b0d3"
"""A revision that customers' caches have."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HOME", str(tmp_path / "maison"))
    return Place(tmp_path)


def test_only_what_it_signed_is_offered(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="Aucun lieu de mises à jour"):
        place.look(update_source=None)
    with pytest.raises(UnavailableError, match="ne sont pas joignables"):
        place.look()
    place.sign()
    assert "jusqu'au" in it("verify", place.depot, "--public", place.public)
    assert place.look().nouvelle == NEXT
    announced = place.depot / manifest.NAME
    good = announced.read_bytes()

    def refused(content: bytes, said: str, act: Callable[[], object] = place.look) -> None:
        announced.write_bytes(content)
        with pytest.raises(ReleaseRefusedError, match=said):
            act()
        announced.write_bytes(good)

    refused(good.replace(NEXT.encode(), b"9.9.9"), "n'est pas signée")
    refused(b"A" + good[1:] if good[:1] != b"A" else b"B" + good[1:], "n'est pas signée")
    refused(b"", "n'est pas signée")
    stranger = place.key.with_name("autre.cle")
    it("key", "--out", stranger)
    mine, place.key = place.key, stranger
    place.sign()
    refused(announced.read_bytes(), "n'est pas signée")
    place.key = mine
    with pytest.raises(ReleaseRefusedError, match="n'existe pas pour ce système"):
        updates.look(place.settings, "windows-x86_64")
    monkeypatch.setattr(erp_desktop, "__version__", "0.10.0")
    refused(good, "plus ancienne que celle-ci")
    monkeypatch.setattr(erp_desktop, "__version__", NEXT)
    assert place.look().nouvelle is None
    monkeypatch.undo()
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=61))
    refused(good, "a expiré")
    monkeypatch.undo()
    place.sign("--version", "0.3.0")
    assert place.look().nouvelle == "0.3.0"
    refused(good, "annonce plus ancienne")
    # The file itself, changed behind the signature.
    announced.unlink()
    place.sign()
    offer = place.look()
    place.archive.write_bytes(place.archive.read_bytes()[:-1] + b"x")
    with pytest.raises(ReleaseRefusedError, match="n'est pas celui que l'informatique a signé"):
        updates.fetch(place.settings, offer)
    assert says(place.program) == f"ERP MIF {erp_desktop.__version__}"


def test_desktops_have_their_turn_and_never_go_ahead_of_their_centre(place: Place, tmp_path: Path) -> None:
    today = clock.today()
    stages = (Stage(today, ("CAS",)), Stage(today + timedelta(days=7), (), 25), Stage(today + timedelta(days=14)))
    turns = [
        [manifest.open_to(stages, agence, n, today + timedelta(days=d)) for d in (-1, 0, 7, 14)]
        for agence, n in (("CAS", 99), ("TNG", 24), ("TNG", 25))
    ]
    assert turns == [[False, True, True, True], [False, False, True, True], [False, False, False, True]]
    places = [manifest.place_of(NEXT, f"CAS/{n}") for n in range(400)]
    assert 60 < sum(p < 25 for p in places) < 140
    assert places != [manifest.place_of("0.3.0", f"CAS/{n}") for n in range(400)]
    db = connect_sqlite(place.settings.cache)
    db.execute("CREATE TABLE sync_meta (cle TEXT PRIMARY KEY, valeur TEXT)")
    db.execute(
        "INSERT INTO sync_meta VALUES ('agence_code', 'TNG'), ('poste', '3'), ('centre_revision', ?)", (BEFORE,)
    )
    place.sign("--etape", f"{today}:CAS")
    assert place.look().attend == f"La version {NEXT} viendra sur ce poste à son tour."
    place.sign("--etape", f"{today}:CAS,TNG", "--revision", "ffff0000ffff")
    waits = place.look()
    assert (waits.nouvelle, waits.attend) == (None, f"La version {NEXT} attend la mise à niveau du centre.")
    with pytest.raises(UserError, match="attend la mise à niveau du centre"):
        updates.fetch(place.settings, waits)
    db.execute("UPDATE sync_meta SET valeur = 'ffff0000ffff' WHERE cle = 'centre_revision'")
    assert place.look().nouvelle == NEXT
    db.close()


class _Slow(BaseHTTPRequestHandler):
    """Serves a folder, and hangs up after so many bytes of each answer."""

    folder: ClassVar[Path]
    cut: ClassVar[int]
    asked: ClassVar[list[str | None]]

    def do_GET(self) -> None:
        file = self.folder / self.path.lstrip("/")
        content = file.read_bytes()
        begin = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.asked.append(self.headers.get("Range"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin : begin + self.cut])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slow(place: Place) -> Iterator[str]:
    _Slow.folder, _Slow.cut, _Slow.asked = place.depot, 4_000, []
    authority(place.key.parent, "bonne")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    server.socket = served(place.key.parent, "bonne").wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_download_goes_on_where_it_was_cut(place: Place, slow: str) -> None:
    place.sign()
    settings = place.settings.model_copy(update={"update_source": slow})
    folder = place.key.parent
    for trusted, told in (
        (None, "n'est pas d'une autorité reconnue"),
        (authority(folder, "autre"), "n'est pas d'une autorité reconnue"),
        (folder / "absente.crt", "n'est pas un certificat d'autorité"),
    ):
        with pytest.raises(ReleaseRefusedError, match=told):
            updates.look(settings.model_copy(update={"update_authority": trusted}))
    settings = settings.model_copy(update={"update_authority": folder / "bonne.crt"})
    with pytest.raises(ReleaseRefusedError, match="pas à ce nom"):
        updates.look(settings.model_copy(update={"update_source": slow.replace("127.0.0.1", "localhost")}))
    assert _Slow.asked == []
    offer = updates.look(settings, "linux-x86_64")
    size = place.archive.stat().st_size
    cuts = 0
    while True:
        try:
            file = updates.fetch(settings, offer)
        except UnavailableError:
            cuts += 1
            assert cuts < 100
        else:
            break
    assert cuts == (size - 1) // 4_000
    assert _Slow.asked[1:] == [None, *(f"bytes={4_000 * n}-" for n in range(1, cuts + 1))]
    assert file.read_bytes() == place.archive.read_bytes()
    with pytest.raises(ReleaseRefusedError, match="adresse https"):
        updates.look(settings.model_copy(update={"update_source": "http://exemple.ma"}), "linux-x86_64")


def test_a_version_is_installed_and_taken_back_with_all_that_was_done_since(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = place.settings.cache
    cache.write_bytes(gzip.decompress((GOLDEN / f"{BEFORE}.sqlite.gz").read_bytes()))
    place.sign()
    offer = place.look()
    file = updates.fetch(place.settings, offer)
    old = f"ERP MIF {erp_desktop.__version__}"
    with pytest.raises(UserError, match="Aucune version d'avant"):
        installing.back(place.settings, place.program)
    # The program that installs is the old one: its caches are of the revision before.
    monkeypatch.setattr(revisions, "head", lambda: BEFORE)
    kept = file.read_bytes()
    file.write_bytes(kept + b"x")
    with pytest.raises(ReleaseRefusedError, match="a changé depuis"):
        installing.install(place.settings, offer, file, place.program)
    file.write_bytes(kept)
    done = installing.install(place.settings, offer, file, place.program)
    monkeypatch.undo()
    assert (done.version, says(place.program)) == (NEXT, f"ERP MIF {NEXT}")
    # Its first start upgrades the cache; somebody works, and nothing of it leaves.
    engine = startup.open_local(cache)
    with engine.begin() as connection:
        row = connection.exec_driver_sql("SELECT min(id) FROM clients").scalar_one()
        before = connection.exec_driver_sql("SELECT count(*) FROM sync_outbox").scalar_one()
        connection.exec_driver_sql("UPDATE clients SET notes = 'depuis la mise à jour' WHERE id = ?", (row,))
    assert startup.read_revision(cache, None) == revisions.head() != BEFORE
    with pytest.raises(DatabaseBusyError):
        installing.back(place.settings, place.program)
    assert says(place.program) == f"ERP MIF {NEXT}"
    engine.dispose()
    back = installing.back(place.settings, place.program)
    assert (back.version, says(place.program)) == (erp_desktop.__version__, old)
    assert startup.read_revision(cache, None) == BEFORE
    db = connect_sqlite(cache, read_only=True)
    assert db.execute("SELECT notes FROM clients WHERE id = ?", (row,)).fetchone() == ("depuis la mise à jour",)
    assert db.execute("SELECT count(*) FROM sync_outbox").fetchone()[0] == before + 1
    db.close()
    with pytest.raises(UserError, match="Aucune version d'avant"):
        installing.back(place.settings, place.program)


def test_on_windows_the_pointer_goes_back(place: Place) -> None:
    folder = place.program.parent / "ERP MIF"
    former = tree(folder / "versions" / "0.1.0-1", "0.1.0")
    tree(folder / "versions" / "0.2.0-2", NEXT)
    (folder / "version.txt").write_text("0.2.0-2", encoding="utf-8")
    updates.remember(place.settings, avant={"version": "0.1.0", "revision": revisions.head(), "dossier": str(former)})
    assert installing.back(place.settings, folder).version == "0.1.0"
    assert (folder / "version.txt").read_text(encoding="utf-8") == "0.1.0-1"


def test_the_installer_for_windows_is_told_a_folder_with_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """NSIS reads ``/D=`` to the end of the line and ignores one in quotes, for the folder of its registry."""
    said: list[object] = []
    monkeypatch.setattr(installing, "_call", said.append)
    installing._run_installer(Path("Mes fichiers/erp-mif-0.2.0.exe"), Path("Outils de l'été/ERP MIF"))
    assert said == ['"Mes fichiers/erp-mif-0.2.0.exe" /S /D=Outils de l\'été/ERP MIF']
