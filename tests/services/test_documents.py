"""Attaching and reading files, on a cache and on a centre."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop.domain import documents as regles
from erp_desktop.domain.enums import EtatDocument, TypeDocument
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import NotAllowedError, NotFoundError, UserError, ValidationError
from erp_desktop.models import Contenu, Document, MorceauContenu
from erp_desktop.services import documents, interventions
from tests.services.branch import Monde

PHOTO = bytes(range(256)) * 600


@pytest.fixture
def intervention(monde: Monde) -> int:
    saisie = InterventionInput(titre="Fuite", client_id=monde.client, equipement_id=monde.equipement)
    return monde.faire(interventions.create, monde.agent, saisie)


def test_a_file_is_attached_listed_and_read_back(monde: Monde, intervention: int) -> None:
    photo = monde.faire(documents.joindre, monde.agent, "interventions", intervention, "C:\\a\\plaque.JPG", PHOTO)
    (info,) = monde.faire(documents.liste, monde.agent, "interventions", intervention)
    assert (info.id, info.nom_fichier, info.type_document, info.taille, info.auteur) == (
        photo, "plaque.JPG", TypeDocument.PHOTO, len(PHOTO), "Salma Bennis",
    )  # fmt: skip
    assert info.etat is (EtatDocument.POSTE if monde.engine.dialect.name == "sqlite" else EtatDocument.CENTRE)
    assert monde.faire(documents.lire, monde.agent, photo) == ("plaque.JPG", PHOTO)
    assert [len(r[0]) for r in monde.lire(sa.select(MorceauContenu.octets).order_by(MorceauContenu.numero))] == [
        65_536, 65_536, len(PHOTO) - 131_072,
    ]  # fmt: skip
    told = monde.faire(interventions.historique, monde.agent, intervention)[0]
    assert (told.action, told.apres) == ("Document joint", "plaque.JPG")


def test_an_equipement_has_files_too(monde: Monde) -> None:
    manual = monde.faire(documents.joindre, monde.agent, "equipements", monde.equipement, "manuel.pdf", b"%PDF",
                         TypeDocument.MANUEL)  # fmt: skip
    (info,) = monde.faire(documents.liste, monde.agent, "equipements", monde.equipement)
    assert (info.id, info.type_document, info.mime_type) == (manual, "manuel", "application/pdf")


def test_the_same_bytes_are_stored_once(monde: Monde, intervention: int) -> None:
    one = monde.faire(documents.joindre, monde.agent, "interventions", intervention, "un.jpg", PHOTO)
    two = monde.faire(documents.joindre, monde.agent, "equipements", monde.equipement, "deux.jpg", PHOTO)
    assert len(monde.lire(sa.select(Contenu.sha256))) == 1
    assert len(monde.lire(sa.select(MorceauContenu.numero))) == 3
    for document, name in ((one, "un.jpg"), (two, "deux.jpg")):
        assert monde.faire(documents.lire, monde.agent, document) == (name, PHOTO)


def test_a_transfer_under_way_is_replaced_by_the_file_itself(monde: Monde, intervention: int) -> None:
    one = monde.faire(documents.joindre, monde.agent, "interventions", intervention, "un.jpg", PHOTO)
    monde.executer("DELETE FROM contenus_morceaux WHERE numero > 0")
    monde.executer("UPDATE contenus SET complet = :non", non=False)
    with pytest.raises(NotFoundError):
        monde.faire(documents.lire, monde.agent, one)
    monde.faire(documents.joindre, monde.agent, "interventions", intervention, "deux.jpg", PHOTO)
    assert monde.faire(documents.lire, monde.agent, one) == ("un.jpg", PHOTO)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("virus.exe", b"MZ", "Seuls"), ("photo.jpg.bat", b"x", "Seuls"), ("sans", b"x", "Seuls"),
        ("vide.pdf", b"", "vide"), ("film.pdf", bytes(regles.TAILLE_MAX + 1), "dépasse 50 Mo"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(
    monde: Monde, intervention: int, name: str, content: bytes, words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        monde.faire(documents.joindre, monde.agent, "interventions", intervention, name, content)
    assert monde.lire(sa.select(Document.id)) == monde.lire(sa.select(Contenu.sha256)) == []


def test_rights_and_agencies(monde: Monde, intervention: int) -> None:
    photo = monde.faire(documents.joindre, monde.agent, "interventions", intervention, "un.jpg", PHOTO)
    for call in (
        lambda: monde.faire(documents.liste, monde.autre_agent, "interventions", intervention),
        lambda: monde.faire(documents.lire, monde.autre_agent, photo),
        lambda: monde.faire(documents.demander, monde.autre_agent, photo, quota=1),
        lambda: monde.faire(documents.joindre, monde.autre_agent, "interventions", intervention, "x.jpg", b"x"),
        # Not assigned to this technicien.
        lambda: monde.faire(documents.lire, monde.technicien, photo),
    ):
        with pytest.raises(NotFoundError):
            call()
    with pytest.raises(NotAllowedError):
        monde.faire(documents.joindre, monde.technicien, "equipements", monde.equipement, "x.jpg", b"x")


def test_damaged_bytes_are_not_shown(monde: Monde, intervention: int) -> None:
    photo = monde.faire(documents.joindre, monde.agent, "interventions", intervention, "un.jpg", PHOTO)
    monde.executer("DELETE FROM contenus_morceaux WHERE numero = 1")
    with pytest.raises(UserError, match="abîmé"):
        monde.faire(documents.lire, monde.agent, photo)


def test_without_a_centre_there_is_nobody_to_ask(monde: Monde, intervention: int) -> None:
    photo = monde.faire(documents.joindre, monde.agent, "interventions", intervention, "un.jpg", PHOTO)
    monde.executer("DELETE FROM contenus")
    with pytest.raises(UserError, match="pas de centre"):
        monde.faire(documents.demander, monde.agent, photo, quota=10**9)


@pytest.mark.parametrize(
    ("name", "mime", "safe"),
    [
        ("plaque.jpg", "image/jpeg", "plaque.jpg"), ("../../.bashrc", "application/pdf", "bashrc.pdf"),
        ("C:\\Windows\\evil.exe", "application/pdf", "evil.exe.pdf"), ("note.pdf", "image/png", "note.pdf.png"),
        ("x.exe", "application/x-msdownload", "x.exe.bin"), ("..", "image/png", "document.png"),
        ("a\x00b\n:.pdf", "application/pdf", "ab.pdf"), ("nul.pdf", "application/pdf", "_nul.pdf"),
        ("ص" * 250 + ".pdf", "application/pdf", "ص" * 98 + ".pdf"), ("\u202efdp.exe", "image/png", "fdp.exe.png"),
        ("COM1 .x.png", "image/png", "_COM1 .x.png"), ("a." + "b" * 300, "image/png", "a." + "b" * 198 + ".png"),
    ],
)  # fmt: skip
def test_a_received_name_is_never_believed(name: str, mime: str, safe: str) -> None:
    assert regles.nom_sur(name, mime) == safe
