"""A device enrolled by a file: once, before it expires, by one of two, and gone on with after a cut."""

from __future__ import annotations

import dataclasses
import platform
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import segno
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop import clock
from erp_desktop.cli import device as commands
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.errors import CentralUnreachableError, UserError
from erp_desktop.sync.device import enrolment, one_line, provisioning, registration
from tests.sync.lab import Lab

USED = "Ce code d'inscription a déjà servi ou a été retiré : demandez-en un autre au siège."


def made(lab: Lab, file: Path, *options: str) -> provisioning.Provision:
    done = CliRunner().invoke(commands.app, ["code", "CAS", "--url", lab.url, "--out", str(file), *options])
    assert done.exit_code == 0, done.output
    return provisioning.read(file)


def waiting(lab: Lab) -> int:
    engine = create_pg_engine(lab.url)
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM sync.devices WHERE etat = 'attendu'")).scalar_one()
    engine.dispose()
    return int(count)


def test_one_file_enrols_one_device_once(lab: Lab, tmp_path: Path) -> None:
    file, cache = tmp_path / "poste.erp-mif", tmp_path / "a" / "poste.sqlite"
    one = made(lab, file, "--name", 'Accueil "1"')
    assert one.poste == 'Accueil "1"'
    assert file.stat().st_mode & 0o077 == 0
    secrets = ["--secrets", str(tmp_path / "secrets.json")]
    # Before its device comes the login reads nothing and sends nothing.
    address = normalise_url(one.url).set(username=one.identifiant, password=one.code)
    engine = create_pg_engine(address.render_as_string(hide_password=False))
    for refused in ("SELECT sync.tirer('0', 0, 10)", "SELECT sync.pousser('{}', 1, '')", "TABLE public.clients"):
        with pytest.raises(sa.exc.DBAPIError), engine.connect() as connection:
            connection.exec_driver_sql(refused)
    engine.dispose()
    copy = tmp_path / "copie.erp-mif"
    copy.write_bytes(file.read_bytes())
    done = CliRunner().invoke(commands.app, ["enroll", "--provision", str(file), "--cache", str(cache), *secrets])
    assert done.exit_code == 0, done.output
    assert not file.exists(), "a used file is worth nothing"
    assert not cache.read_bytes().startswith(b"SQLite format 3")
    again = ["enroll", "--provision", str(copy), "--cache", str(tmp_path / "b.sqlite"), *secrets]
    done = CliRunner().invoke(commands.app, [*again, "--json"])
    assert done.exit_code == 1
    assert USED in done.output
    assert waiting(lab) == 0
    bad = CliRunner().invoke(commands.app, ["enroll", "--cache", str(cache)])
    assert bad.exit_code == 2


def test_a_code_that_went_astray_is_taken_back_and_a_device_that_came_is_not(lab: Lab, tmp_path: Path) -> None:
    file, kept = tmp_path / "poste.erp-mif", tmp_path / "copie.erp-mif"
    one = made(lab, file)
    kept.write_bytes(file.read_bytes())
    poste = one.identifiant.rsplit("_p", 1)[1]
    done = CliRunner().invoke(commands.app, ["revoke", poste, "--url", lab.url])
    assert (done.exit_code, "Code du poste" in done.output) == (0, True)
    assert waiting(lab) == 0
    enroll = ["enroll", "--cache", str(tmp_path / "p.sqlite"), "--secrets", str(tmp_path / "s.json"), "--provision"]
    done = CliRunner().invoke(commands.app, [*enroll, str(kept)])
    assert (done.exit_code, USED in done.output) == (1, True)
    two = made(lab, tmp_path / "deux.erp-mif")
    assert CliRunner().invoke(commands.app, [*enroll, str(tmp_path / "deux.erp-mif")]).exit_code == 0
    engine = create_pg_engine(lab.url)
    assert not registration.withdraw(engine, int(two.identifiant.rsplit("_p", 1)[1]))
    engine.dispose()


@pytest.mark.parametrize("former", [False, True])
def test_who_comes_without_a_name_is_called_as_its_machine(lab: Lab, tmp_path: Path, *, former: bool) -> None:
    file, secrets = tmp_path / "poste.erp-mif", ["--secrets", str(tmp_path / "secrets.json")]
    one = made(lab, file)
    engine = create_pg_engine(lab.url)
    told = sa.text("SELECT nom FROM sync.devices WHERE login = :l")
    with engine.begin() as connection:
        assert connection.execute(told, {"l": one.identifiant}).scalar() == provisioning.UNNAMED
        if former:
            connection.exec_driver_sql("ALTER FUNCTION sync.inscrire(text) RENAME TO inscrire_neuve")
            connection.exec_driver_sql(
                "CREATE FUNCTION sync.inscrire() RETURNS text LANGUAGE sql AS 'SELECT sync.inscrire_neuve()'"
            )
            connection.exec_driver_sql("GRANT EXECUTE ON FUNCTION sync.inscrire() TO PUBLIC")
    done = CliRunner().invoke(
        commands.app, ["enroll", "--provision", str(file), "--cache", str(tmp_path / "p.sqlite"), *secrets]
    )
    assert done.exit_code == 0, done.output
    with engine.connect() as connection:
        name = connection.execute(told, {"l": one.identifiant}).scalar()
    engine.dispose()
    assert name == (provisioning.UNNAMED if former else platform.node()[:60])


def test_of_two_that_come_at_once_one_wins(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = made(lab, tmp_path / "poste.toml")
    # Both hold the file and are about to ask.
    together, real = threading.Barrier(2, timeout=30), enrolment.keep_secrets

    def meet(*arguments: Any) -> None:
        real(*arguments)
        together.wait()

    monkeypatch.setattr(enrolment, "keep_secrets", meet)
    outcomes: list[object] = []

    def come(n: int) -> None:
        folder = tmp_path / str(n)
        try:
            outcomes.append(provisioning.enroll(one, folder / "p.sqlite", secrets_file=folder / "s", encrypted=False))
        except UserError as error:
            outcomes.append(str(error))

    both = [threading.Thread(target=come, args=(n,)) for n in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    won = [o for o in outcomes if isinstance(o, enrolment.Enrolled)]
    assert len(won) == 1, outcomes
    assert [o for o in outcomes if o is not won[0]] == [USED]


def test_an_expired_code_is_refused_and_taken_back(lab: Lab, tmp_path: Path) -> None:
    one = made(lab, tmp_path / "poste.toml", "--valable", "7j")
    engine = create_pg_engine(lab.url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE sync.devices SET expire_a = now() WHERE etat = 'attendu'"))
    place = {"secrets_file": tmp_path / "s", "encrypted": False}
    with pytest.raises(UserError, match="a expiré le"):
        provisioning.enroll(one, tmp_path / "p.sqlite", **place)
    assert not (tmp_path / "p.sqlite").exists()
    assert waiting(lab) == 1
    other = made(lab, tmp_path / "autre.toml")
    engine.dispose()
    assert waiting(lab) == 1, "the expired one is gone"
    assert other.identifiant == one.identifiant, "a number that nobody took is given again, with another code"
    for wrong in ("0h", "31j", "demain"):
        done = CliRunner().invoke(
            commands.app, ["code", "CAS", "--url", lab.url, "--out", str(tmp_path / "x"), "--valable", wrong]
        )
        assert done.exit_code == 1, wrong


def test_what_a_cut_interrupts_is_gone_on_with_by_the_same_file(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, cache = made(lab, tmp_path / "poste.toml"), tmp_path / "p.sqlite"
    place = {"secrets_file": tmp_path / "s", "encrypted": True}

    def cut(*_: object) -> int:
        raise CentralUnreachableError("coupé")

    with monkeypatch.context() as patched:
        patched.setattr(enrolment, "fill", cut)
        with pytest.raises(CentralUnreachableError):
            provisioning.enroll(one, cache, **place)
    # The device is taken over: when the code expires makes no difference any more.
    late = dataclasses.replace(one, expire=clock.now() - timedelta(days=1))
    done = provisioning.enroll(late, cache, **place)
    assert (done.agence_code, cache.exists()) == ("CAS", True)


def test_a_file_that_is_not_whole_is_named(tmp_path: Path) -> None:
    file = tmp_path / "poste.toml"
    for text, told in (
        ('url = "postgresql://h/b"\n', "agence, identifiant, code, expire"),
        ("=", "n'est pas un fichier d'inscription"),
    ):
        file.write_text(text)
        with pytest.raises(UserError, match=told):
            provisioning.read(file)
    with pytest.raises(UserError, match="ne se lit pas"):
        provisioning.read(tmp_path / "absent.toml")


def test_a_line_carries_what_its_file_does_the_certificate_included(tmp_path: Path) -> None:
    """And whatever part of it is read in its place is refused in French."""
    kept = tmp_path / "centre"
    new = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=centre"]
    subprocess.run(
        ["openssl", "req", "-x509", *new, "-keyout", f"{kept}.key", "-out", f"{kept}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    pem = Path(f"{kept}.crt").read_text()
    made = provisioning.Provision(
        "postgresql://centre.example:5432/erp", "CAS", "erp_p7", "AAAAA-BBBBB", clock.now(), "Été « 1 »", pem
    )
    line = one_line.written(made)
    assert one_line.read(f" {line[:50]}\n{line[50:].lower()} ") == made
    assert segno.make(line, error="l", boost_error=False, micro=False).mode == "alphanumeric"
    cut = (line[:-n] for n in range(1, 24))
    for part in (line[:7], *cut, line[:60] + "0189", line[:9] + line[30:], "ERPMIF:" + "A" * 4000):
        with pytest.raises(UserError, match="n'est pas entier"):
            one_line.read(part)
