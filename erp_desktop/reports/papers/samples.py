"""What a template is tried with: invented documents that use everything a paper can say, on several pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from erp_desktop.domain.argent import LigneMontant, totaux
from erp_desktop.domain.preventif.checklist import Point
from erp_desktop.domain.rapports.figures import AGES, BY_KEY
from erp_desktop.errors import UserError
from erp_desktop.reports import pdf
from erp_desktop.reports.catalogue.ask import Scope, Value
from erp_desktop.reports.managers import printed
from erp_desktop.reports.managers.dashboard import Age, Dashboard, Share, Tile
from erp_desktop.reports.managers.decisions import Decision
from erp_desktop.reports.modele import (
    Cout,
    Delai,
    LigneEquipement,
    LigneTechnicien,
    MoisRapport,
    Mttr,
    ParamsRapport,
    Precedent,
    RapportInterventions,
    Sla,
    Tranche,
    Volume,
)
from erp_desktop.reports.papers import bon, comptage, contrat, etiquettes, facture, liste, recu, releve, transfert
from erp_desktop.reports.papers.translated import Words
from erp_desktop.reports.papers.written import LANGUAGES, Issuer
from erp_desktop.services.checklists.answers import Feuille, PointRepondu
from erp_desktop.services.contrats import ContratFiche, CouvertInfo, Periode
from erp_desktop.services.contrats.delays import Delai as DelaiContrat
from erp_desktop.services.interventions.lines import LigneInfo
from erp_desktop.services.interventions.sheet import Sheet
from erp_desktop.services.interventions.times import TempsInfo
from erp_desktop.services.shared.letterhead import Letterhead, Office
from erp_desktop.services.stock import counting
from erp_desktop.services.stock.parts import PartCard
from erp_desktop.services.stock.transfers import Sent, Transfer

__all__ = ["LANGUAGES", "data"]
NOW = datetime(2026, 11, 17, 13, 52, tzinfo=UTC)
TODAY = NOW.date()
FRESH = {"fr": "données d'essai", "ar": "بيانات تجريبية", "en": "trial data"}
HEAD = Letterhead(
    raison_sociale="Société d'essai", forme_juridique="SARL", capital=Decimal(2_000_000), ice="001928374000010",
    identifiant_fiscal="00000000", registre_commerce="000000", ville_rc="Casablanca", cnss="0000000",
    banque="Banque d'essai", rib="000 000 0000000000000000 00",
)  # fmt: skip
OFFICE = Office("Casablanca", "12, rue des Ateliers, Aïn Sebaâ", "Casablanca", "+212 5 22 00 00 00")
ISSUER = Issuer(HEAD, OFFICE)
CLIENT = facture.Partie("Conserveries Atlas SA", "Zone industrielle, lot 14", "27182 Bouskoura", "001532087000077")


def data(name: str, langue: str) -> dict[str, Any]:
    """What the template of that name reads, in a language of papers.

    Raises:
        UserError: nobody invented any.
    """
    if name not in _MADE:
        raise UserError(f"Le modèle « {name} » n'a pas de données d'essai.")
    return _MADE[name](langue)


def _bon(langue: str) -> dict[str, Any]:
    lines = [
        LigneInfo(n, kind, None, words, Decimal(count), Decimal(0), Decimal(20), Decimal(0), Decimal(0), depot=depot)
        for n, (kind, words, count, depot) in enumerate((
            ("piece", "Roulement 6308-C3", "2", "Fourgon 1"), ("piece", "Kit joints vérin Ø63", "1", "Fourgon 1"),
            ("main_oeuvre", "Dépannage mécanique", "4.5", ""),
            ("deplacement", "Casablanca – Bouskoura, aller-retour", "46", ""),
        ))
    ]  # fmt: skip
    end = NOW + timedelta(hours=4, minutes=30)
    stretch = TempsInfo(1, 1, "Karim Alaoui", NOW, end, "travail", 270, None, "", None, None, None, None)
    points = (
        PointRepondu(Point(1, 1, "Fuite visible", "oui_non", None, None, None, True), "non", False, "Sous le vérin"),
        PointRepondu(Point(2, 2, "Pression", "mesure", "bar", Decimal(5), Decimal(7), True), "6.25", True),
    )
    sheet = Sheet(
        1, "INT-CAS-04-2026-00487", OFFICE, HEAD, "cloturee", "urgente", "corrective",
        "Sertisseuse bloquée en milieu de cycle", "Ligne 3 à l'arrêt. Bruit métallique signalé par l'opérateur.",
        "Roulement de palier 6308-C3 grippé côté moteur ; joint de vérin Ø63 fuyard.",
        "Remplacement des deux roulements et du kit de joints, réglage du jeu à 0,12 mm, essais en charge 30 min.",
        "Prévoir l'alignement moteur au prochain arrêt.", NOW - timedelta(hours=1), None, NOW,
        NOW + timedelta(hours=4, minutes=30), 270, 40, "tenu", 64, 4, "Rapide et propre", None, "Rachida Sabri",
        CLIENT.nom, "Zone industrielle, Bouskoura", "Rachida Sabri", CLIENT.ice, "CTR-CAS-04-2025-0117",
        "Sertisseuse ligne 3", "SR-03", "SM-4410-77-218", "Atelier conditionnement", "critique", "Karim Alaoui",
        "CAS-017", tuple(lines), (stretch,), Feuille("Sertisseuse", 2, points, modifiable=False),
    )  # fmt: skip
    return bon.donnees([sheet, sheet], langue, FRESH[langue])


def _line(words: str, count: str, price: str, rate: str = "20", unit: str = "u") -> facture.LigneImprimee:
    q, p, t = Decimal(count), Decimal(price), Decimal(rate)
    return facture.LigneImprimee(words, q, p, t, LigneMontant(q, p, t).ht, unit)


def _invoice(lots: list[facture.Lot], **more: Any) -> facture.FactureImprimee:
    found = totaux(LigneMontant(x.quantite, x.prix_unitaire, x.taux) for lot in lots for x in lot.lignes)
    given: dict[str, Any] = {
        "numero": "FAC-2026-001342", "jour": TODAY, "echeance": date(2027, 1, 16), "delai_jours": 60,
        "contrat": "CTR-CAS-04-2025-0117", "commande": "BC 2026/4471", "reglement": "virement", "emetteur": ISSUER,
        "en_lettres": "cinq mille huit cent trente-quatre dirhams et dix centimes",
    }  # fmt: skip
    return facture.FactureImprimee(
        client=CLIENT, lots=lots, taxes=[facture.Taxe(t.taux, t.ht, t.tva) for t in found.par_taux],
        total_ht=found.ht, total_tva=found.tva, total_ttc=found.ttc, **(given | more),
    )  # fmt: skip


def _facture(langue: str) -> dict[str, Any]:
    short = [
        facture.Lot(
            [_line("Main-d'œuvre, dépannage mécanique", "4.5", "320", unit="heure"),
             _line("Roulement 6308-C3", "2", "215"), _line("Kit joints vérin Ø63", "1", "602"),
             _line("Déplacement Casablanca – Bouskoura", "46", "4.5", "10", "km")],
            "Arrêt ligne : sertisseuse SR-02", "INT-CAS-04-2026-00463", date(2026, 11, 16),
        ),
        facture.Lot(
            [_line("Main-d'œuvre, contrôle et vidange", "3", "320", unit="heure"),
             _line("Huile HV46, bidon 20 L", "1", "1240")],
            "Vidange groupe hydraulique", "INT-CAS-04-2026-00451", date(2026, 11, 10),
        ),
    ]  # fmt: skip
    long = [facture.Lot([_line(f"Pièce d'essai n° {n}", "1", f"{100 + n}.25") for n in range(1, 61)])]
    documents = [
        _invoice(short, retenues=[facture.RetenueImprimee("tva", Decimal(75), Decimal("716.33"))]),
        _invoice(long, numero="PROV-CAS-04-00012", brouillon=True, notes="Document d'essai sur plusieurs pages."),
        _invoice(short, numero="AVO-2026-000017", type="avoir", origine=("FAC-2026-001342", TODAY), echeance=None),
    ]
    return facture.donnees(documents, langue, FRESH[langue])


def _recu(langue: str) -> dict[str, Any]:
    settled = [
        recu.Reglee("FAC-2026-001342", Decimal("5834.10"), TODAY, Decimal("5834.10"), Decimal("716.33")),
        recu.Reglee("FAC-2026-001290", Decimal("1000.00"), date(2026, 10, 2), Decimal("2542.40")),
    ]
    receipt = recu.Recu(
        "REC-CAS-04-2026-00031", TODAY, CLIENT, Decimal("6834.10"), "especes",
        "six mille cent trente-trois dirhams et six centimes", settled, "Caisse 1", "", Decimal("716.33"),
        Decimal("15.29"), emetteur=ISSUER,
    )  # fmt: skip
    return recu.donnees([receipt], langue, FRESH[langue])


def _releve(langue: str) -> dict[str, Any]:
    first = date(2026, 1, 1)
    moved = [
        releve.Mouvement(
            first + timedelta(days=5 * n), "paiement" if n % 3 == 0 else "facture",
            f"{'REC' if n % 3 == 0 else 'FAC'}-2026-{n:06d}", Decimal(0) if n % 3 == 0 else Decimal(800 + n),
            Decimal(1500) if n % 3 == 0 else Decimal(0), "" if n % 3 == 0 else "Maintenance",
            None if n % 3 == 0 else first + timedelta(days=5 * n + 60),
        )
        for n in range(1, 60)
    ]  # fmt: skip
    ages = [("non_echu", Decimal("1650.00")), ("1_30", Decimal("820.50")), ("plus_90", Decimal("12.00"))]
    told = releve.ReleveImprime(CLIENT, first, date(2026, 12, 31), Decimal("1250.50"), moved, ages, ISSUER)
    return releve.donnees([told], langue, FRESH[langue])


def _contrat(langue: str) -> dict[str, Any]:
    fiche = ContratFiche(
        1, 1, "CTR-CAS-04-2025-0117", 1, "maintenance_complete", "en_cours", "Lignes de sertissage",
        date(2025, 1, 15), date(2027, 1, 14), date(2025, 1, 10), None, None, Decimal(120_000), "trimestriel",
        Decimal("2.5"), "Indice d'essai", 24, 120, 60, 2, 24, "agence", Decimal(500), "tacite", 12, 60, 80, NOW, NOW,
        CLIENT.nom, "CAS", "en_cours", 47, 60, None,
    )  # fmt: skip
    machines = [
        CouvertInfo(n, f"SR-{n:02d}", f"Sertisseuse {n}", "critique", date(2025, 1, 15), None) for n in range(1, 7)
    ]
    periods = [
        Periode(2, 1, 2, date(2026, 1, 15), date(2027, 1, 14), 24, 120, Decimal(60_000), 15, 4470, 1, 62),
        Periode(1, 1, 1, date(2025, 1, 15), date(2026, 1, 14), 24, None, Decimal(60_000), 25, 8000, 1, 104),
    ]
    delays = [DelaiContrat(1, "urgente", 30, 240), DelaiContrat(2, "haute", 90, None)]
    parts = [(date(2026, m, 15), date(2026, m + 3, 14), Decimal(30_000)) for m in (1, 4, 7)]
    printed_one = contrat.ContratImprime(fiche, machines, periods, parts, ISSUER, delays)
    return contrat.donnees([printed_one], langue, FRESH[langue])


def count_sheet() -> counting.Sheet:
    """Thirty-nine parts of a place, one of them counted."""
    lines = tuple(
        counting.Counted(
            n, f"SKF-6{n:03d}", "Roulement à billes, étanche", f"611{n:010d}", f"A-{n // 10:02d}-{n % 10}", "u",
            Decimal(n), Decimal(3) if n == 2 else None, None, None, None, "", 0,
        )
        for n in range(1, 40)
    )  # fmt: skip
    return counting.Sheet(1, "IVT-CAS-04-2026-00003", "ouvert", 1, "Magasin de Casablanca", NOW, lines, ())


def _comptage(langue: str) -> dict[str, Any]:
    sheet = count_sheet()
    return comptage.donnees(comptage.Comptage(sheet, aveugle=False, emetteur=ISSUER), langue, FRESH[langue])


def _transfert(langue: str) -> dict[str, Any]:
    sent = tuple(
        Sent(f"SKF-6{n:03d}", "Roulement à billes, étanche", f"L-{n:04d}" if n % 9 == 0 else "", "u", Decimal(n))
        for n in range(1, 40)
    )
    there = Transfer(1, False, "Magasin de Casablanca", "Fourgon 1", NOW, ("Salma Bennis",), sent)
    away = Transfer(1, True, "Magasin de Casablanca", "Agence de Tanger", NOW, ("Salma Bennis",), sent[:2])
    return transfert.donnees([transfert.BonTransfert(one, ISSUER) for one in (there, away)], langue, FRESH[langue])


def _etiquettes(langue: str) -> dict[str, Any]:
    part = PartCard(
        1, 1, "SKF-6308-C3", "Roulement à billes, étanche, jeu C3", None, "6110000000017", "u", Decimal(215),
        Decimal(20), Decimal(2), "A-02-3", "aucun", None, None, None, True, NOW, NOW, "", (), (), *[Decimal(0)] * 6,
    )  # fmt: skip
    return etiquettes.donnees([part] * 22, langue)


def _liste(langue: str) -> dict[str, Any]:
    say = Words(langue)
    rows = [[f"INT-CAS-04-2026-{n:05d}", CLIENT.nom, say("En cours"), f"{n},50"] for n in range(1, 70)]
    return liste.donnees(liste.Listing(
        say("Interventions"), say("{n} interventions", n=69), FRESH[langue],
        [say(head) for head in ("N°", "Client", "Statut", "Durée")], [3, 4, 2, 1],
        [True, True, True, False], rows, langue,
    ), len(rows))  # fmt: skip


def _planning(langue: str) -> dict[str, Any]:
    say = Words(langue)
    card = {
        "heures": say.kept("08:30 – 10:15"), "titre": "Sertisseuse bloquée",
        "client": "Conserveries Atlas · Bouskoura", "fond": "#ecebfb", "bord": "#4a40c4", "alerte": False,
    }  # fmt: skip
    days: list[dict[str, Any]] = [{"absences": [], "cartes": [card, card | {"alerte": True}]} for _ in range(5)]
    days.append({"absences": [say("Congé")], "cartes": []})
    people = [
        {"nom": f"Technicien {n}", "detail": "Mécanique", "charge": say.kept("62 %"), "jours": days}
        for n in range(1, 13)
    ]
    return {
        "titre": f"{say('Planning')} · {say.period(date(2026, 11, 16), date(2026, 11, 21))}", "agence": OFFICE.nom,
        "legende": f"{say('Affectée')} · {say('En cours')}",
        "fraicheur": FRESH[langue], "langue": langue, "techniciens": say("Technicien · charge"), "papier": "a4",
        "jours": [{"nom": say.kept(f"{n}/11"), "note": ""} for n in range(16, 22)], "fermes": [False] * 5 + [True],
        "largeurs": [2, 2, 2, 2, 2, 1], "lignes": people,
    }  # fmt: skip


def _rapport(langue: str) -> dict[str, Any]:
    sla, mttr, delay = Sla(40, 37), Mttr(30, 7200, 2), Delai(30, 90_000, 1)
    cost = Cout(Decimal(12_000), Decimal(24_000), Decimal(3_000), Decimal(0), Decimal(0))
    months = tuple(MoisRapport(date(2026, m, 1), 20 + m, 18 + m, sla, mttr, delay, delay) for m in range(6, 12))
    report = RapportInterventions(
        ParamsRapport(date(2026, 6, 1), date(2026, 11, 30)), OFFICE.nom, NOW, NOW, 171, 159, 1, 34, 22, 3, TODAY,
        (Tranche(0, 2, 12), Tranche(3, 7, 10), Tranche(8, 30, 8), Tranche(31, None, 4)),
        (Volume("cloturee", 159), Volume("en_cours", 12)), (Volume("corrective", 120), Volume("preventive", 51)),
        (Volume("urgente", 30), Volume("normale", 141)), months, sla, mttr, delay, delay, 7200, cost,
        tuple(LigneTechnicien(n, f"Technicien {n}", 20, 900, sla, cost, 1) for n in range(1, 8)),
        tuple(LigneEquipement(n, f"SR-{n:02d}", f"Sertisseuse {n}", CLIENT.nom, 9, 500, cost) for n in range(1, 11)),
        10, Precedent(date(2025, 12, 1), date(2026, 5, 31), 150, 148, sla, mttr, delay, delay),
    )  # fmt: skip
    return pdf.donnees(report, langue)


def _tableau(langue: str) -> dict[str, Any]:
    scope = Scope(date(2026, 10, 19), date(2026, 11, 17))
    names = ("Presses", "Convoyeurs", "Compresseurs d'air", "Pompes de recirculation")
    shares = tuple(
        Share(n, name, Value(90 - n, 100), Value(88, 100), Value(n * 360_000, 9), n)
        for n, name in enumerate(names, 1)
    )
    repairs = tuple(replace(one, value=Value(30_000, 100)) for one in shares)
    figures = {
        "encours": Value(186), "sla_tenus": Value(924, 1000, 1000), "mttr": Value(34_200, 100, 100, 3),
        "mtbf": Value(1_123_200, 1, 1), "premier_passage": Value(78, 100), "satisfaction": Value(43, 10),
    }  # fmt: skip
    board = Dashboard(
        scope, scope.before(), "Toutes les agences", NOW, NOW,
        tuple(Tile(name, value, replace(value, num=value.num * 9 // 10), BY_KEY[name].cible, "")
              for name, value in figures.items()),
        tuple(Age(*bounds, (1, 6 - n, 20, 3, 4)) for n, bounds in enumerate(AGES)),
        shares, repairs, (*shares, Share(None, "Sans code", Value(4))), shares, TODAY,
        (Decision("retard", 3, "Groupe froid, haute pression", NOW, "interventions"),
         Decision("stock", 1, "Filtre 10 µ", None, "stock")),
        (), {}, {}, {"sla_tenus": 95, "charge": 85}, 0.4,
    )  # fmt: skip
    return printed.data(board, langue)


def _rapport_libre(langue: str) -> dict[str, Any]:
    machines, say = [(f"SR-{n:02d}", 40 - n) for n in range(1, 41)], Words(langue)
    return {
        "titre": say("Rapport"), "langue": langue, "mots": say.templates(), "sujet": OFFICE.nom,
        "fraicheur": FRESH[langue],
        "graphe": {
            "titre": say("Interventions"), "detail": "", "maximum": 39,
            "couleurs": [{"nom": say("Interventions"), "couleur": "#4a40c4"}],
            "lignes": [{"libelle": name, "parts": [n], "texte": str(n)} for name, n in machines[:12]],
        },
        "tableau": {
            "colonnes": [say(head) for head in ("Équipement", "Interventions", "Coût")],
            "gauche": [True, False, False],
            "lignes": [[name, str(n), f"{n},50"] for name, n in machines], "pied": [say("Total"), "780", "780,50"],
        },
        "largeurs": [30, 14, 14], "note": FRESH[langue],
        "definitions": [[say(BY_KEY["encours"].nom), say(BY_KEY["encours"].formule)]],
    }  # fmt: skip


_MADE: dict[str, Callable[[str], dict[str, Any]]] = {
    "bon_intervention": _bon, "bon_transfert": _transfert, "comptage": _comptage, "contrat": _contrat,
    "etiquettes": _etiquettes, "facture": _facture, "liste": _liste, "planning_semaine": _planning,
    "rapport": _rapport_libre, "rapport_interventions": _rapport, "recu": _recu, "releve": _releve,
    "tableau_de_bord": _tableau,
}  # fmt: skip
