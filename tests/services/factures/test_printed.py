"""Invoices, receipts and statements as papers and as UBL, read from either engine; clearance at the centre."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from erp_desktop.cli import facture as commands
from erp_desktop.domain.factures.saisie import PaiementInput, PartInput
from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import facture, recu, releve
from erp_desktop.services import factures
from tests.reports.papers.invoices import pages, text_of
from tests.reports.ubl.schemas import judged
from tests.services.branch import Monde
from tests.services.factures.office import ICE, drafted, law, line, validate

FINE = bidi.FINE
D = Decimal


def text(pdf: bytes) -> str:
    return "\n".join(x for page in pages(pdf) for x in page)


def test_what_is_printed_and_handed_over_is_what_was_validated(
    monde: Monde, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    law(monde.engine)
    pk = drafted(
        monde, line("320", "4.5"), line("4.5", "46", "10"), line("100", "1", "0", exoneration="Article 92-I"),
        remise_pct="5", retenue_tva_pct="75", reference_client="BC 7", mode_reglement="virement",
    )  # fmt: skip
    number = monde.faire(factures.get, monde.agent, pk).numero
    (draft,) = monde.faire(facture.lire, monde.agent, [pk])
    assert (draft.brouillon, draft.total_ttc, draft.remise) == (True, D("1952.92"), D("87.35"))
    told = text(facture.composer([draft]))
    assert f"N° {number}" in told
    assert "Projet de facture" in told

    # What is printed once it is validated was frozen then.
    legal = validate(monde, pk)
    if monde.engine.dialect.name == "postgresql":
        monde.executer("UPDATE clients SET nom_entreprise = 'Autre nom' WHERE id = :id", id=monde.client)
        monde.executer("UPDATE identite_societe SET raison_sociale = 'Autre société'")
    (printed,) = monde.faire(facture.lire, monde.agent, [pk])
    assert (printed.numero, printed.emetteur.entete.raison_sociale) == (legal, "MIF Maroc")
    assert printed.client == draft.client
    told = text(facture.composer([printed]))
    today = printed.jour
    assert today is not None
    for words in (
        f"N° {legal}", f"Date {today:%d/%m/%Y}", "Commande client BC 7", "Règlement virement", f"ICE {ICE}",
        f"Remise 5{FINE}% \u221287,35", f"0{FINE}% 95,00 0,00", "Article 92-I", f"Total TTC 1{FINE}952,92",
        f"Retenue à la source TVA 75{FINE}% \u2212219,95", f"Net à payer MAD 1{FINE}732,97",
        "mille neuf cent cinquante-deux dirhams et quatre-vingt-douze centimes",
    ):  # fmt: skip
        assert words in told, words

    # A payment with what was kept back, and the account.
    part = PartInput(facture_id=pk, montant="1952.92", retenue_tva="219.95")
    paid = monde.faire(factures.encaisser, monde.agent, PaiementInput(
        parts=[part.model_dump()], date_paiement=today, mode_paiement="cheque", reference="CHQ 7"))  # fmt: skip
    receipt = text(recu.composer(monde.faire(recu.lire, monde.agent, [paid])))
    for words in (
        f"{legal} {today:%d/%m/%Y} 1{FINE}952,92 219,95 1{FINE}952,92", f"Encaissé MAD 1{FINE}732,97",
        "mille sept cent trente-deux dirhams et quatre-vingt-dix-sept centimes", "Référence CHQ 7",
    ):  # fmt: skip
        assert words in receipt, words
    account = monde.faire(releve.lire, monde.agent, monde.client, date(2020, 1, 1), today)
    assert (account.solde, len(account.mouvements)) == (0, 2)
    assert "Solde dû MAD 0,00" in text(releve.composer([account]))
    before = monde.faire(releve.lire, monde.agent, monde.client, today + timedelta(days=1), today + timedelta(days=2))
    assert (before.report, before.mouvements) == (0, [])

    # The same as UBL, and its way to whoever clears it.
    postgresql = monde.engine.dialect.name == "postgresql"
    where = ["--url" if postgresql else "--cache", _place(monde)]
    if postgresql and monde.engine.url.password:
        monkeypatch.setenv("ERP_PASSWORD", str(monde.engine.url.password))

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(commands.app, list(words))
        return done.exit_code, done.output

    out = tmp_path / "facture.xml"
    assert run("ubl", legal.lower(), "--out", str(out), *where)[0] == 0
    root = judged(out.read_bytes())
    assert [root.findtext(f"{{*}}LegalMonetaryTotal/{{*}}{x}") for x in (
        "LineExtensionAmount", "AllowanceTotalAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount",
    )] == ["1747.00", "87.35", "1659.65", "1952.92", "1952.92"]  # fmt: skip
    assert etree.QName(root).localname == "Invoice"
    assert run("pdf", legal, "--out", str(tmp_path / "f.pdf"), "--langue", "ar", *where)[0] == 0
    assert legal in text_of((tmp_path / "f.pdf").read_bytes())
    code, told = run("ubl", "FAC-1999-000001", "--out", str(out), *where)
    assert (code, "n'existe pas dans cette base" in told) == (1, True)
    other = monde.faire(factures.get, monde.agent, drafted(monde)).numero
    code, told = run("ubl", other, "--out", str(out), *where)
    assert (code, "une fois validé" in told) == (1, True)
    if not postgresql:
        return
    box = tmp_path / "plateforme"
    code, told = run("transmettre", legal, "--dossier", str(box), *where)
    assert (code, "Impossible d’écrire" in told) == (1, True)
    assert monde.faire(factures.get, monde.agent, pk).statut_transmission == "sans"
    box.mkdir()
    assert run("transmettre", legal, "--dossier", str(box), *where)[0] == 0
    assert (box / f"{legal}.xml").read_bytes() == out.read_bytes()
    code, told = run("transmettre", legal, "--dossier", str(box), *where)
    assert (code, "ne suit pas ses étapes" in told) == (1, True)
    code, told = run("reponse", legal, "rejetee", *where)
    assert (code, "Un rejet dit son motif" in told) == (1, True)
    assert run("reponse", legal, "rejetee", "--motif", "ICE inconnu", *where)[0] == 0
    card = monde.faire(factures.get, monde.agent, pk)
    assert (card.statut_transmission, card.motif_rejet) == ("rejetee", "ICE inconnu")
    assert run("transmettre", legal, "--dossier", str(box), *where)[0] == 0
    code, told = run("reponse", legal, "acceptee", "--json", *where)
    assert (code, json.loads(told)["etat"]) == (0, "acceptee")
    assert monde.faire(factures.get, monde.agent, pk).statut_transmission == "acceptee"


def _place(monde: Monde) -> str:
    url = monde.engine.url
    if monde.engine.dialect.name == "postgresql":
        return url.set(password=None).render_as_string(hide_password=False)
    with monde.engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA database_list").one()
    return os.fspath(found[2])
