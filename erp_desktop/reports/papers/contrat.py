"""The summary of a contract: terms, what is left of the quotas, machines covered, what is invoiced when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.written import (
    Issuer,
    Row,
    amount,
    amounts,
    code,
    day,
    head,
    number,
    pairs,
    percent,
    table,
    typed,
    words,
)
from erp_desktop.services import contrats
from erp_desktop.services.contrats import ContratFiche, CouvertInfo, Periode, delays, periods
from erp_desktop.services.contrats.delays import Delai

TEMPLATE = "contrat"
MINUTES = 60


@dataclass(frozen=True, slots=True)
class ContratImprime:
    """A contract as its form shows it.

    Attributes:
        echeances: first day, last day and amount before tax of what is invoiced, MAD.
    """

    fiche: ContratFiche
    couverts: Sequence[CouvertInfo] = ()
    periodes: Sequence[Periode] = ()
    echeances: Sequence[tuple[date, date, Decimal]] = ()
    emetteur: Issuer = field(default_factory=Issuer)
    delais: Sequence[Delai] = ()


def lire(session: Session, acteur: Acteur, ids: Sequence[int]) -> list[ContratImprime]:
    """Contracts in the order asked for, with what is invoiced from the present year of the contract on.

    Raises:
        NotAllowedError, NotFoundError
    """
    today, found = clock.today(), []
    for ident in ids:
        fiche = contrats.get(session, acteur, ident)
        parts = contrats.echeances(fiche, today)
        year = next((x.annee for x in parts if x.au >= today), parts[-1].annee if parts else 0)
        found.append(ContratImprime(
            fiche, contrats.couverts(session, acteur, ident), periods.lister(session, acteur, ident),
            [(x.du, x.au, x.montant) for x in parts if x.annee >= year], Issuer.of(session, fiche.agence_id),
            delays.lister(session, acteur, ident),
        ))  # fmt: skip
    return found


def composer(imprimes: Sequence[ContratImprime], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of the summaries of some contracts."""
    return engine.pdf(TEMPLATE, donnees(imprimes, langue, fraicheur))


def images(imprimes: Sequence[ContratImprime], langue: str = "fr", *, fraicheur: str = "",
           ppp: float = 110) -> list[bytes]:  # fmt: skip
    """The same pages as PNG."""
    return engine.pages(TEMPLATE, donnees(imprimes, langue, fraicheur), ppp)


def donnees(imprimes: Sequence[ContratImprime], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = words(TEMPLATE, langue)
    documents = [_contrat(c, m, fraicheur) for c in imprimes]
    return {"titre": m["titre"], "langue": langue, "mots": m, "documents": documents}


def _count(value: int | None, m: dict[str, Any], unit: str) -> str:
    return m["unites"][unit].format(n=bidi.isoler(str(value))) if value is not None else ""


def _contrat(c: ContratImprime, m: dict[str, Any], fresh: str) -> dict[str, Any]:
    f, e = c.fiche, m["entetes"]
    revised = " · ".join(filter(None, [percent(f.revision_pct) if f.revision_pct else "", typed(f.indice or "")]))
    penalties = amount(f.penalites_retard, "MAD") if f.penalites_retard else ""
    return {
        "tete": head(c.emetteur, m, titre=m["titre"], numero=f.numero_contrat, fresh=fresh, mentions=m["mentions"],
                     statut=m["statuts"].get(f.etat, f.etat), draft=f.statut == "brouillon"),
        "parties": pairs(
            (e["client"], typed(f.client)), (e["objet"], typed(f.objet or "")),
            (e["type"], m["types"].get(f.type_contrat, f.type_contrat)),
            (e["du"], day(f.date_debut)), (e["au"], day(f.date_fin)), (e["signe"], day(f.date_signature)),
        ),
        "engagements": pairs(
            (e["urgence"], _count(f.temps_reponse_urgence, m, "heures")),
            (e["normal"], _count(f.temps_reponse_normal, m, "heures")),
            (e["horaire"], m["horaires"].get(f.horaire_sla, f.horaire_sla)), (e["penalites"], penalties),
            (e["reconduction"], m["reconductions"].get(f.reconduction, f.reconduction)),
            (e["preavis"], _count(f.preavis_jours, m, "jours")),
        ),
        "montants": [
            [e["montant"], amount(f.montant_annuel, "MAD") if f.montant_annuel is not None else "—", ""],
            [e["facturation"], m["facturations"].get(f.mode_facturation, f.mode_facturation), ""],
            [e["paiement"], _count(f.delai_paiement_jours, m, "jours") or "—", ""],
            [e["revision"], revised or "—", ""],
        ],
        "delais": table(
            m["colonnes_delais"], (1.4, 1, 1), 1,
            [[m["priorites"][d.priorite], _delay(d.prise_en_charge_min, m), _delay(d.resolution_min, m)]
             for d in c.delais],
            m,
        ),
        "periodes": table(
            m["colonnes_periodes"], (0.4, 2, 1.2, 1.1, 1, 1.1), 2, [_period(p, m) for p in c.periodes], m
        ),
        "equipements": table(
            m["colonnes_equipements"], (1.2, 2.4, 1, 0.9, 0.9), 3,
            [[code(x.code_interne), typed(x.nom), m["criticites"].get(x.criticite, x.criticite), day(x.du) or "—",
              day(x.au) or "—"] for x in c.couverts],
            m,
        ),
        "echeances": amounts(
            m["colonnes_echeances"], (1, 1, 1.4), 2,
            [Row([day(du), day(au), amount(montant)], montant) for du, au, montant in c.echeances], m,
        ),
    }  # fmt: skip


def _delay(minutes: int | None, m: dict[str, Any]) -> str:
    """``1 h 30``; a dash where the contract's other delays hold."""
    if minutes is None:
        return "—"
    hours, rest = divmod(minutes, MINUTES)
    return str(m["unites"]["duree"]).format(n=bidi.isoler(m["unites"]["forme"].format(h=hours, m=rest)))


def _period(p: Periode, m: dict[str, Any]) -> list[str]:
    hours = Decimal(p.minutes) / MINUTES
    used = bidi.isoler(str(p.interventions))
    spent = number(hours.quantize(Decimal("0.1")))
    return [
        bidi.isoler(str(p.numero)), m["du_au"].format(du=day(p.du), au=day(p.au)),
        _share(used, p.interventions_incluses), _share(spent, p.heures_incluses), bidi.isoler(str(p.hors_quota)),
        amount(Decimal(str(p.montant))) if p.montant is not None else "—",
    ]  # fmt: skip


def _share(used: str, included: int | None) -> str:
    return bidi.isoler(f"{bidi.nu(used)} / {included}") if included is not None else used
