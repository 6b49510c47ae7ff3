"""Every paper is set with its trial data in both languages, and says what it has to."""

from __future__ import annotations

import pytest

from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import comptage, engine, samples
from erp_desktop.reports.papers.written import LANGUAGES
from tests.reports.papers.invoices import pages, text_of

FINE = bidi.FINE
SAID = {
    "recu": [
        "Reçu de paiement", "N° REC-CAS-04-2026-00031", "Mode de paiement espèces", "Conserveries Atlas SA",
        f"FAC-2026-001342 17/11/2026 5{FINE}834,10 716,33 5{FINE}834,10", f"Total réglé 6{FINE}834,10",
        "Retenue à la source \u2212716,33", "Droit de timbre (0,25 %) 15,29", f"Encaissé MAD 6{FINE}133,06",
        "six mille cent trente-trois dirhams et six centimes",
    ],
    "releve": [
        "Relevé de compte", "du 01/01/2026 au 31/12/2026", f"Solde avant le 01/01/2026 1{FINE}250,50",
        f"06/01/2026 FAC-2026-000001 Facture · Maintenance 07/03/2026 801,00 2{FINE}051,50",
        f"16/01/2026 REC-2026-000003 Paiement 1{FINE}500,00 1{FINE}353,50", "1 à 30 jours 820,50",
        f"Total des débits 33{FINE}200,00", f"Total des crédits 28{FINE}500,00", f"Solde dû MAD 5{FINE}950,50",
    ],
    "contrat": [
        "Résumé de contrat", "N° CTR-CAS-04-2025-0117", "En cours", "Réponse, urgence 2 h", "Préavis 60 jours",
        f"120{FINE}000,00 MAD trimestrielle 60 jours 2,5{FINE}% · Indice d'essai",
        f"2 15/01/2026 – 14/01/2027 15 / 24 74,5 / 120 1 60{FINE}000,00", "SR-03 Sertisseuse 3 critique 15/01/2025 —",
        f"15/04/2026 14/07/2026 30{FINE}000,00", "Délais par priorité", "Urgente 0 h 30 4 h 00", "Haute 1 h 30 —",
    ],
    "comptage": [
        "Feuille de comptage", "N° IVT-CAS-04-2026-00003", "Magasin de Casablanca 17/11/2026 39 avec l’attendu",
        "Casier Référence Désignation Unité Attendu Compté Observation",
    ],
    "bon_transfert": [
        "Bon de transfert", "N° BT-20261117-1352", "Magasin de Casablanca Fourgon 1 17/11/2026 Salma Bennis",
        "Référence Désignation Unité Envoyé Reçu Observation", "SKF-6009 Roulement à billes, étanche",
        "Bon de sortie", "Magasin de Casablanca Agence de Tanger 17/11/2026", "Remis par",
    ],
    "bon_intervention": [
        "Bon d’intervention", "N° INT-CAS-04-2026-00487", "Urgente Karim Alaoui", "Roulement 6308-C3 2 Fourgon 1",
        "Dépannage mécanique 4 h 30 —", "Pression 5 – 7 bar 6,25 bar", "Karim Alaoui · CAS-017",
    ],
    "facture": [
        f"Net à payer MAD 5{FINE}117,77", "Projet de facture", "Facture corrigée FAC-2026-001342 du 17/11/2026",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", engine.names())
def test_a_paper_says_what_it_has_to_in_both_languages(name: str) -> None:
    engine.take_notices()
    for langue in LANGUAGES:
        pdf = engine.pdf(name, samples.data(name, langue))
        found = pages(pdf)
        text = "\n".join(line for page in found for line in page)
        if langue == "fr":
            # A long row of a bon parts into several lines of text.
            assert [words for words in SAID.get(name, []) if words not in text] == []
        else:
            # Numbers, telephones and references come out whole from right to left too.
            set_ = text_of(pdf)
            for words in SAID.get(name, []):
                whole = [w for w in words.split() if w.count("-") > 1 or (FINE in w and "," in w)]
                assert [w for w in whole if w not in set_] == []
        assert "{" not in text
        assert all(len(page) > 3 for page in found)
    assert engine.take_notices() == []


def test_an_account_is_carried_from_page_to_page() -> None:
    first, second = pages(engine.pdf("releve", samples.data("releve", "fr")))[:2]
    (carried,) = [line.removeprefix("À reporter ") for line in first if line.startswith("À reporter")]
    assert f"Report {carried}" in second
    last = next(line for line in reversed(first) if line[:2].isdigit() and line[2] == "/")
    assert last.endswith(f" {carried}")


def test_a_sheet_for_a_blind_count_does_not_say_what_is_expected() -> None:
    expected = [x.attendu for x in samples.count_sheet().lines]
    for blind in (True, False):
        document = comptage.donnees(comptage.Comptage(samples.count_sheet(), aveugle=blind), "fr", "")["documents"][0]
        assert ("Attendu" in document["colonnes"]) is not blind
        told = [bidi.nu(line[4]) for line in document["lignes"]]
        assert told == (["", "3", *[""] * 37] if blind else [str(value) for value in expected])
