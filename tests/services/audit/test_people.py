"""What is held on a person, as a file, and its erasure: by the services on both engines, and by commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from erp_desktop.cli.audit import app
from erp_desktop.domain.documents import cle_au_centre
from erp_desktop.domain.people import mentions
from erp_desktop.errors import NotAllowedError, NotFoundError, UserError
from erp_desktop.models import Base
from erp_desktop.registry import personal
from erp_desktop.services import clients, documents
from erp_desktop.services.audit import erasure, extract, people
from erp_desktop.services.clients import ClientInput
from tests.services.branch import Monde


def test_every_spelling_of_a_person_is_found_and_nobody_else() -> None:
    named = (mentions.name("Karim Zéroual"), mentions.code("kz@atlas.ma"), mentions.telephone("+212661234567"))
    pattern = mentions.together(p for found in named for p in found)
    assert pattern is not None
    for words in (
        "M. ZEROUAL Karim", "karim  zéroual.", "Zéroual, Karim", "0661-23-45-67", "00212 6 61 23 45 67",
        "+212 (0)661 234567", "KZ@Atlas.ma", "Karim\u00a0Zeroual",
    ):  # fmt: skip
        assert mentions.names(words, pattern), words
        assert mentions.MARK in mentions.erased({"a": [words]}, pattern)["a"][0]
    for words in ("Karima Zerouali", "Karim Alaoui", "90661234567", "06612345678", "Zéroual", "kz@atlas.mat"):
        assert not mentions.names(words, pattern), words
    # One word would be anybody; several people in one field are each one.
    assert mentions.name("Karim") == mentions.telephone("1234") == []
    both = mentions.together(mentions.name("Hind Berrada / Omar Filali"))
    assert both is not None
    assert mentions.names("vu avec O. Filali Omar", both)


def test_what_is_declared_of_people_exists() -> None:
    for table, columns in personal.COLUMNS.items():
        known = Base.metadata.tables[table].c
        for column in {**columns, **(personal.OF_AN_INDIVIDUAL if table == "clients" else {})}:
            assert known[column].nullable or (table, column) in personal.ANONYMOUS, (table, column)


def test_a_technicien_is_extracted_and_erased_on_either_engine(monde: Monde) -> None:
    karim = monde.technicien.user_id
    monde.executer("UPDATE users SET phone = '0661234567' WHERE id = :i", i=karim)
    monde.executer("UPDATE clients SET notes = 'Voir Alaoui Karim, 06 61 23 45 67' WHERE id = :i", i=monde.client)
    monde.executer("UPDATE techniciens SET cout_horaire = '95.00' WHERE id = :i", i=monde.karim)
    who = monde.faire(people.search, monde.admin, "alaoui")
    assert [c.libelle for c in who] == ["Karim Alaoui"]

    def held() -> dict[tuple[str, str], str]:
        with sa.orm.Session(monde.engine) as session:
            _, lines = extract.extract(session, monde.admin, "techniciens", monde.karim)
            return {(h.table, h.champ): str(h.valeur) for h in lines}

    before = held()
    assert before["Compte", "Nom complet"] == "Karim Alaoui"
    assert before["Technicien", "Badge"] == "T-01"
    assert before["Client", "Notes"] == "Voir Alaoui Karim, 06 61 23 45 67"
    assert ("Compte", "") not in before
    with pytest.raises(NotAllowedError):
        monde.faire(erasure.plan, monde.responsable, "users", karim)
    with pytest.raises(NotFoundError):
        monde.faire(erasure.plan, monde.admin, "users", 1)
    with pytest.raises(UserError, match="votre propre compte"):
        monde.faire(erasure.erase, monde.admin, "users", monde.admin.user_id)
    told = monde.faire(erasure.erase, monde.admin, "users", karim, reference="DEM-1")
    assert {one.quoi for one in told.efface} >= {
        "Compte : Nom complet, Identifiant, Courriel, Téléphone", "Textes qui nomment la personne : Client",
    }  # fmt: skip
    row = monde.lire(sa.text(f"SELECT full_name, username, email, phone, is_active FROM users WHERE id = {karim}"))[0]
    assert tuple(row) == ("Personne effacée", f"efface-{karim}", f"efface-{karim}@efface.invalid", None, 0)
    assert monde.lire(sa.text(f"SELECT notes FROM clients WHERE id = {monde.client}"))[0][0] == (
        "Voir (effacé), (effacé)"
    )
    badge = sa.text(f"SELECT cout_horaire, numero_badge FROM techniciens WHERE id = {monde.karim}")
    assert monde.lire(badge) == [(None, None)]
    again = monde.faire(erasure.erase, monde.admin, "techniciens", monde.karim)
    assert again.deja
    assert monde.lire(sa.text("SELECT nom_table, reference FROM effacements ORDER BY nom_table")) == [
        ("techniciens", "DEM-1"), ("users", "DEM-1"),
    ]  # fmt: skip
    assert "Karim Alaoui" not in held().values()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_private_client_from_the_command_line(monde: Monde, pg_url: str, tmp_path: Path) -> None:
    pk = monde.faire(clients.create, monde.agent, ClientInput(
        nom_entreprise="Fatima Zahra Lahlou", type_client="particulier", telephone="0522111222", adresse="12 rue Ibn",
    ))  # fmt: skip
    other = monde.faire(clients.create, monde.agent, ClientInput(nom_entreprise="Atlas", notes="Vu F. Z. Lahlou"))
    monde.executer("UPDATE equipements SET client_id = :c WHERE id = :e", c=pk, e=monde.equipement)
    photo = monde.faire(documents.joindre, monde.agent, "equipements", monde.equipement, "plan.pdf", b"%PDF-1.4 plan")
    hashed = monde.lire(sa.text(f"SELECT sha256 FROM documents WHERE id = {photo}"))[0][0]
    key = cle_au_centre(monde.cas, hashed)
    assert monde.lire(sa.text("SELECT sha256 FROM contenus")) == [(key,)]

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--url", pg_url])
        return f"{done.exit_code} {done.output}"

    file = tmp_path / "extrait.csv"
    assert run("personne", "extrait", "lahlou", str(file)).startswith("0 ")
    lines = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert lines[0] == ["Où", "Fiche", "Champ", "Valeur", "Pourquoi"]
    assert ["Client", "Fatima Zahra Lahlou", "Adresse", "12 rue Ibn", "la fiche de la personne"] in lines
    assert any(line[0] == "Équipement" and line[4].startswith("s'y rapporte") for line in lines)
    assert "donnez un fichier .csv ou .xlsx" in run("personne", "extrait", "lahlou", str(tmp_path / "x.pdf"))
    assert run("personne", "plan", "personne du tout").startswith("1 erp-admin : Personne ne s'appelle")
    plan = json.loads(run("personne", "plan", "lahlou", "--aussi", "F. Z. Lahlou", "--json")[2:])
    assert ("Documents et photos, avec leur contenu", 1) in [(one["quoi"], one["nombre"]) for one in plan["efface"]]
    assert run("personne", "effacer", "lahlou").startswith("1 ")
    assert monde.lire(sa.text(f"SELECT count(*) FROM clients WHERE id = {pk} AND adresse IS NOT NULL"))[0][0] == 1
    assert "chaque poste suit" in run("personne", "effacer", "lahlou", "--yes", "--aussi", "F. Z. Lahlou")
    row = monde.lire(sa.text(f"SELECT nom_entreprise, adresse, telephone, is_active FROM clients WHERE id = {pk}"))[0]
    assert tuple(row) == (f"Client effacé {pk}", None, None, False)
    assert monde.lire(sa.text(f"SELECT notes FROM clients WHERE id = {other}"))[0][0] == "Vu (effacé)"
    assert monde.lire(sa.text("SELECT (SELECT count(*) FROM contenus) + (SELECT count(*) FROM documents)"))[0][0] == 0
    # The journal of what was done before the erasure has lost the data, and has not told of the erasure itself.
    listed = run("list", "--filtre", "table:clients", "--json")
    assert "Lahlou" not in listed
    assert json.loads(listed[2:])["actes"]
    export = tmp_path / "actes.xlsx"
    assert run("export", str(export), "--filtre", "acte:creation").endswith(f"écrits dans {export}.\n")
    assert export.stat().st_size > 0
    assert run("list", "--filtre", "tabel:clients").startswith("1 erp-admin : Mot de filtre inconnu « tabel: »")
