"""Invoices and credit notes on paper, one or many in one document, in French or in Arabic from right to left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop.domain.enums import TypeFacture
from erp_desktop.domain.factures import lettres_ar, montants
from erp_desktop.domain.factures.etats import BROUILLONS
from erp_desktop.domain.factures.lettres import en_lettres
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing import bidi
from erp_desktop.models import Client, Facture
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.written import (
    Issuer,
    Row,
    amount,
    amounts,
    code,
    day,
    head,
    named,
    number,
    pairs,
    percent,
    qr,
    typed,
    words,
)
from erp_desktop.services import factures

TEMPLATE = "facture"


@dataclass(frozen=True, slots=True)
class Partie:
    """Whom a document is made out to, as frozen when it was validated."""

    nom: str
    adresse: str = ""
    ville: str = ""
    ice: str = ""
    identifiant_fiscal: str = ""


@dataclass(frozen=True, slots=True)
class LigneImprimee:
    """``montant`` before tax, MAD; ``remise`` and ``taux`` in percent."""

    designation: str
    quantite: Decimal
    prix_unitaire: Decimal
    taux: Decimal
    montant: Decimal
    unite: str = ""
    remise: Decimal = Decimal(0)
    exoneration: str = ""


@dataclass(frozen=True, slots=True)
class Lot:
    """Lines of one intervention, or free ones (neither ``reference`` nor ``titre``)."""

    lignes: Sequence[LigneImprimee]
    titre: str = ""
    reference: str = ""
    jour: date | None = None


@dataclass(frozen=True, slots=True)
class Taxe:
    """What one rate amounts to; ``taux`` in percent."""

    taux: Decimal
    base: Decimal
    montant: Decimal
    exoneration: str = ""


@dataclass(frozen=True, slots=True)
class RetenueImprimee:
    """What the client keeps for the State: ``genre`` is ``tva`` or ``is``, ``taux`` in percent of it."""

    genre: str
    taux: Decimal
    montant: Decimal


@dataclass(frozen=True, slots=True)
class FactureImprimee:
    """A document with amounts that were computed elsewhere, MAD; those of a credit note are positive.

    Attributes:
        brouillon: carries the mark of what is not final, and another title.
        remise: off the whole, and ``remise_pct`` in percent when it was said so.
        acompte: paid before, off what is left to pay; ``d_acompte``: the document itself asks for one.
        en_lettres: the total in French words; an Arabic paper says it in its own.
        origine: number and day of the invoice that a credit note corrects.
    """

    numero: str
    client: Partie
    lots: Sequence[Lot]
    taxes: Sequence[Taxe]
    total_ht: Decimal
    total_tva: Decimal
    total_ttc: Decimal
    en_lettres: str
    type: str = TypeFacture.FACTURE
    brouillon: bool = False
    d_acompte: bool = False
    uuid: str = ""
    jour: date | None = None
    date_operation: date | None = None
    echeance: date | None = None
    delai_jours: int | None = None
    contrat: str = ""
    commande: str = ""
    reglement: str = ""
    origine: tuple[str, date | None] | None = None
    remise: Decimal = Decimal(0)
    remise_pct: Decimal = Decimal(0)
    timbre: Decimal = Decimal(0)
    retenues: Sequence[RetenueImprimee] = ()
    acompte: Decimal = Decimal(0)
    notes: str = ""
    emetteur: Issuer = field(default_factory=Issuer)

    @property
    def net(self) -> Decimal:
        """What is left to pay or to give back."""
        return self.total_ttc + self.timbre - self.acompte - sum((r.montant for r in self.retenues), Decimal(0))


def lire(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[FactureImprimee]:
    """Documents in the order asked for: what was frozen of a validated one, what is known today of a draft.

    Raises:
        NotAllowedError, NotFoundError
    """
    return [_lue(session, acteur, ident) for ident in ids]


def _lue(session: Session, acteur: Acteur, ident: int) -> FactureImprimee:
    f, found = factures.get(session, acteur, ident), factures.totaux(session, acteur, ident)
    lines, row = factures.lignes(session, acteur, ident), session.get_one(Facture, ident)
    origin = session.get(Facture, f.facture_origine_id) if f.facture_origine_id else None
    lots = []
    for (work, title, done), some in groupby(lines, lambda x: (x.intervention, x.titre, x.jour)):
        printed = [
            LigneImprimee(x.designation, x.quantite, x.prix_unitaire, x.taux_tva, x.total_ht, x.unite, x.remise_pct,
                          x.exoneration) for x in some
        ]  # fmt: skip
        lots.append(Lot(printed, title, work, done))
    why = {x.taux_tva: x.exoneration for x in lines if x.exoneration}
    kept = montants.retenues(found.ht, found.tva, f.retenue_tva_pct, f.retenue_is_pct)
    withheld = [
        RetenueImprimee(kind, rate, amount_)
        for kind, rate, amount_ in (("tva", f.retenue_tva_pct, kept.tva), ("is", f.retenue_is_pct, kept.impot))
        if rate and amount_ and f.type_facture == TypeFacture.FACTURE
    ]  # fmt: skip
    return FactureImprimee(
        f.numero, client_of(session, f.client_id, f.client_fige), lots,
        [Taxe(t.taux, t.ht, t.tva, why.get(t.taux, "")) for t in found.par_taux], found.ht, found.tva, found.ttc,
        en_lettres(found.ttc + row.timbre), f.type_facture, brouillon=f.statut in BROUILLONS, d_acompte=f.acompte,
        uuid=f.uuid or "", jour=f.date_facture, date_operation=f.date_operation, echeance=f.date_echeance,
        delai_jours=f.conditions_jours, contrat=f.contrat, commande=f.reference_client or "",
        reglement=f.mode_reglement or "", origine=(origin.numero, origin.date_facture) if origin else None,
        remise=found.remise, remise_pct=f.remise_pct, timbre=row.timbre, retenues=withheld, notes=f.notes or "",
        emetteur=Issuer.of(session, f.agence_id, f.societe_figee),
    )  # fmt: skip


def client_of(session: Session, ident: int, frozen: Mapping[str, Any] | None = None) -> Partie:
    """A client as papers print it: as frozen, else as on the client's form."""
    if frozen:
        names = ("nom", "adresse", "ville", "ice", "identifiant_fiscal")
        return Partie(*(str(frozen.get(name) or "") for name in names))
    c = session.get_one(Client, ident)
    return Partie(c.nom_entreprise, c.adresse or "", c.ville or "", c.ice or "", c.identifiant_fiscal or "")


def composer(imprimees: Sequence[FactureImprimee], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of some documents, each from its own first page on."""
    return engine.pdf(TEMPLATE, donnees(imprimees, langue, fraicheur))


def images(imprimees: Sequence[FactureImprimee], langue: str = "fr", *, fraicheur: str = "",
           ppp: float = 110) -> list[bytes]:  # fmt: skip
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(imprimees, langue, fraicheur), ppp)


def donnees(imprimees: Sequence[FactureImprimee], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = words(TEMPLATE, langue)
    title = m["titres"]["facture"]
    documents = [_document(f, m, fraicheur) for f in imprimees]
    if langue == "ar":
        for document, f in zip(documents, imprimees, strict=True):
            document["lettres"] = lettres_ar.en_lettres(f.total_ttc + f.timbre)
    return {"titre": title, "langue": langue, "mots": m, "documents": documents}


def _document(f: FactureImprimee, m: dict[str, Any], fresh: str) -> dict[str, Any]:
    e = m["entetes"]
    kind = "acompte" if f.d_acompte else str(f.type)
    kind = f"projet_{kind}" if f.brouillon else kind
    due = day(f.echeance)
    if due and f.delai_jours:
        due = m["delai"].format(jour=due, n=bidi.isoler(str(f.delai_jours)))
    origin = ""
    if f.origine is not None:
        origin = " ".join(filter(None, [code(f.origine[0]), m["du"].format(jour=day(f.origine[1]))
                                        if f.origine[1] else ""]))  # fmt: skip
    client, bank = f.client, f.emetteur.entete
    identifiers = [("ICE", client.ice), (m["if"], client.identifiant_fiscal)]
    return {
        "tete": head(f.emetteur, m, titre=m["titres"][kind], numero=f.numero, fresh=fresh, draft=f.brouillon,
                     mentions=m["mentions"]),
        "dates": pairs(
            (e["date"], day(f.jour)), (e["operation"], day(f.date_operation)), (e["echeance"], due),
            (e["origine"], origin), (e["contrat"], code(f.contrat)), (e["commande"], code(f.commande)),
            (e["reglement"], m["modes"].get(f.reglement, typed(f.reglement))), all_of_them=False,
        ),
        "client": [typed(client.nom), *map(typed, filter(None, [client.adresse, client.ville]))],
        "identifiants": [named(name, value) for name, value in identifiers if value],
        "tableau": amounts(m["colonnes"], (3.6, 1.05, 1.1, 0.8, 1.25), 1, _rows(f, m), m),
        "taxes": [[percent(t.taux), amount(t.base), amount(t.montant)] for t in f.taxes],
        "taxes_total": [amount(sum((t.base for t in f.taxes), Decimal(0))), amount(f.total_tva)],
        "exonerations": list(dict.fromkeys(typed(t.exoneration) for t in f.taxes if t.exoneration)),
        "totaux": _totals(f, m),
        "avant_lettres": m["arretee"][str(f.type)].format(montant=amount(f.total_ttc + f.timbre, m["devise"])),
        "lettres": bidi.isoler(f.en_lettres),
        "notes": typed(f.notes),
        "qr": qr(_verified(f)),
        "banque": m["banque"].format(rib=code(bank.rib), banque=typed(bank.banque or "")) if bank.rib else "",
        "rappel": m["rappel"].format(numero=code(f.numero)),
    }  # fmt: skip


def _rows(f: FactureImprimee, m: dict[str, Any]) -> list[Row]:
    rows = []
    for lot in f.lots:
        if lot.titre or lot.reference:
            title = typed(lot.titre)
            if lot.reference:
                told = m["reference_du"] if lot.jour is not None else m["reference"]
                title = told.format(numero=code(lot.reference), jour=day(lot.jour), titre=title)
            rows.append(Row([title], title=True))
        for line in lot.lignes:
            quantity = number(line.quantite)
            unit = m["unites"].get(line.unite, line.unite)
            name = typed(line.designation)
            if line.remise:
                name += "\n" + m["remise_ligne"].format(taux=percent(line.remise))
            rows.append(Row(
                [name, f"{quantity}\u00a0{unit}" if unit else quantity, amount(line.prix_unitaire),
                 percent(line.taux), amount(line.montant)],
                line.montant,
            ))  # fmt: skip
    return rows


def _totals(f: FactureImprimee, m: dict[str, Any]) -> list[list[str]]:
    t, net_ht = m["totaux"], f.total_ht
    lines = []
    if f.remise:
        name = t["remise_pct"].format(taux=percent(f.remise_pct)) if f.remise_pct else t["remise"]
        lines += [[t["brut"], amount(net_ht + f.remise), ""], [name, amount(-f.remise), ""]]
    lines += [[t["net_ht"] if f.remise else t["ht"], amount(net_ht), ""], [t["tva"], amount(f.total_tva), ""]]
    lines.append([t["ttc"], amount(f.total_ttc), "fort"])
    if f.timbre:
        lines.append([t["timbre"], amount(f.timbre), ""])
    lines += [[m["retenues"][r.genre].format(taux=percent(r.taux)), amount(-r.montant), ""] for r in f.retenues]
    if f.acompte:
        lines.append([t["acompte"], amount(-f.acompte), ""])
    lines.append([t[f"net_{f.type}"], amount(f.net), "net"])
    return lines


def _verified(f: FactureImprimee) -> str:
    """What the code says: number, both identifiers, day and total, readable without the program."""
    said = [f.numero, f.emetteur.entete.ice or "", f.client.ice, f.jour.isoformat() if f.jour else "",
            f"{f.total_ttc + f.timbre:.2f} MAD"]  # fmt: skip
    return "|".join(said)
