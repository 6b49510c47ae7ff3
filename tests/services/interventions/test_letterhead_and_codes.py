"""The letterhead that administrators keep is on the bon, and failure codes are chosen on the work."""

from __future__ import annotations

import io
import re
import struct
import zlib
from decimal import Decimal

import pypdf
import pytest

from erp_desktop.domain.administration.saisie import CodePanneInput, IdentiteInput
from erp_desktop.domain.enums import Statut, TypeCodePanne
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.transitions import LIBELLES
from erp_desktop.errors import TransitionError, ValidationError
from erp_desktop.models import Intervention
from erp_desktop.reports.papers import bon
from erp_desktop.services import interventions
from erp_desktop.services.administration import agencies
from erp_desktop.services.administration.referentials import FAILURE_CODES
from erp_desktop.services.interventions import failures
from erp_desktop.services.interventions.sheet import sheets
from tests.reports.papers.invoices import text_of
from tests.services.branch import Monde


def picture(width: int = 60, height: int = 30) -> bytes:
    """A plain blue PNG."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x20\x40\xa0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_bon_carries_the_letterhead_of_its_agency(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    fiche = do(interventions.create, monde.agent, InterventionInput(titre="Fuite", equipement_id=monde.equipement))

    def printed(language: str) -> str:
        (sheet,) = do(sheets, monde.agent, [fiche])
        reader = pypdf.PdfReader(io.BytesIO(bon.composer([sheet], language)))
        assert len(reader.pages) == 1
        return reader.pages[0].extract_text()

    assert "ICE 0015" not in printed("fr"), "nothing is invented"
    head = do(agencies.LETTERHEADS.create, admin, IdentiteInput(
        raison_sociale="Ateliers du Port", forme_juridique="SARL", capital=Decimal(500_000), ice="001532097000001",
        identifiant_fiscal="15320970", registre_commerce="24587", ville_rc="Casablanca", taxe_professionnelle="345",
        cnss="98765", telephone="0522111213", banque="BP", rib="1" * 24, mentions="Payable à réception.",
    ))  # fmt: skip
    do(agencies.set_logo, admin, head, picture())
    told = re.sub(r"[\u2066-\u2069]", "", " ".join(printed("fr").split()))
    for words in (
        "Ateliers du Port", "SARL au capital de 500", "ICE 001532097000001", "IF 15320970", "RC Casablanca 24587",
        "Patente 345", "CNSS 98765", "RIB BP 1111", "Payable à réception.",
    ):  # fmt: skip
        assert words in told, words
    assert "001532097000001" in printed("ar")
    own = do(
        agencies.LETTERHEADS.create, admin, IdentiteInput(raison_sociale="Ateliers du Nord", agence_id=monde.rab)
    )
    assert "Ateliers du Port" in printed("fr"), "another agency's is not ours"
    do(agencies.LETTERHEADS.update, admin, own, {"agence_id": monde.cas})
    assert "Ateliers du Nord" in printed("fr")
    assert "001532097000001" in printed("fr"), "what it leaves out is the company's"


def test_failure_codes_are_chosen_kept_and_told_in_the_history(monde: Monde) -> None:
    do, admin = monde.faire, monde.admin
    cause = do(FAILURE_CODES.create, admin, CodePanneInput(type="cause", code="USURE", libelle="Usure"))
    remedy = do(FAILURE_CODES.create, admin, CodePanneInput(type="remede", code="REMPL", libelle="Remplacée"))
    fiche = do(interventions.create, monde.agent, InterventionInput(titre="Fuite", equipement_id=monde.equipement))
    with pytest.raises(ValidationError) as refused:
        do(interventions.update, monde.agent, fiche, {"cause_id": remedy})
    assert "cause_id" in refused.value.champs
    do(interventions.update, monde.agent, fiche, {"cause_id": cause, "remede_id": remedy})
    card = do(interventions.get, monde.agent, fiche)
    assert (card.cause, card.remede, card.probleme) == ("USURE · Usure", "REMPL · Remplacée", "")
    told = {h.champ: h.apres for h in do(interventions.historique, monde.agent, fiche)}
    assert told["Cause"] == "Usure"
    # Withdrawn since: it stays where it was chosen, and is offered to nobody.
    do(FAILURE_CODES.update, admin, cause, {"is_active": False})
    assert do(failures.codes, monde.agent, TypeCodePanne.CAUSE, "usure") == []
    do(interventions.update, monde.agent, fiche, {"diagnostic": "Joint fendu"})
    assert do(interventions.get, monde.agent, fiche).cause == "USURE · Usure"
    with monde.engine.begin() as connection:
        connection.execute(Intervention.__table__.update().values(statut="cloturee"))
    with pytest.raises(TransitionError):
        do(interventions.update, monde.agent, fiche, {"cause_id": None})


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_bon_is_printed_at_any_statut_and_says_which(monde: Monde) -> None:
    typed = InterventionInput(titre="Fuite", equipement_id=monde.equipement, technicien_id=monde.karim)
    ids = {statut: monde.faire(interventions.create, monde.agent, typed) for statut in Statut}
    for statut, ident in ids.items():
        closed = "UPDATE interventions SET statut = :s, diagnostic = 'Vu' WHERE id = :i"
        monde.executer(closed, s=statut.value, i=ident)
    found = monde.faire(sheets, monde.agent, list(ids.values()))
    assert [sheet.statut for sheet in found] == [statut.value for statut in Statut]
    for statut, sheet in zip(Statut, found, strict=True):
        told = " ".join(text_of(bon.composer([sheet])).split()).casefold()
        assert LIBELLES[statut] in told, statut
        assert [s for s in Statut if s is not statut and LIBELLES[s] in told] == []
