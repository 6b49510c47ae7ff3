"""The bon d'intervention on paper, one or many in one document, in French or in Arabic from right to left."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from erp_desktop import clock
from erp_desktop.domain.enums import TypeLigne, TypePoint
from erp_desktop.domain.numeros import court
from erp_desktop.domain.writing import bidi
from erp_desktop.reports.papers import engine
from erp_desktop.reports.papers.written import LANGUAGES, Issuer, head, pairs, qr, svg, typed, words
from erp_desktop.services.checklists.answers import Feuille
from erp_desktop.services.interventions.sheet import Photo, Sheet

LANGUES = LANGUAGES
TEMPLATE = "bon_intervention"
_URGENT = {"urgente": "urgent"}


def composer(bons: Sequence[Sheet], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of some bons, each from its own first page on.

    Args:
        langue: ``fr`` or ``ar``.
        fraicheur: how old the data are, printed at the foot.
    """
    return engine.pdf(TEMPLATE, donnees(bons, langue, fraicheur))


def images(bons: Sequence[Sheet], langue: str = "fr", *, fraicheur: str = "", ppp: float = 110) -> list[bytes]:
    """The same pages as PNG, for a preview or a printer; ``ppp`` dots per inch."""
    return engine.pages(TEMPLATE, donnees(bons, langue, fraicheur), ppp)


def donnees(bons: Sequence[Sheet], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = words(TEMPLATE, langue)
    return {
        "titre": m["titre"], "langue": langue, "mots": m, "documents": [_bon(b, m, fraicheur) for b in bons],
    }  # fmt: skip


def _instant(valeur: datetime | None, forme: str = "%d/%m") -> str:
    # An en space: a narrow one, as between thousands, would run the hour into the date.
    return bidi.isoler(clock.written(clock.local(valeur), f"{forme}\u2004%H:%M")) if valeur is not None else "—"


def _duree(minutes: int, m: dict[str, Any]) -> str:
    heures, reste = divmod(abs(minutes), 60)
    return str(m["duree"]).format(duree=bidi.isoler(m["forme_duree"].format(h=heures, m=reste)))


def _quantite(quantite: Decimal, type_ligne: str, unite: str, m: dict[str, Any]) -> str:
    if type_ligne == TypeLigne.MAIN_OEUVRE:
        return _duree(round(quantite * 60), m)
    chiffre = bidi.isoler(f"{quantite.normalize():f}".replace(".", ","))
    dite = m["km"] if type_ligne == TypeLigne.DEPLACEMENT else "" if unite in ("", "u") else unite
    return f"{chiffre}\u00a0{dite}" if dite else chiffre


def _sla(bon: Sheet, m: dict[str, Any]) -> tuple[str, str]:
    """(words, tone): kept or missed once the machine runs again, else what is left."""
    if bon.sla_etat == "tenu":
        return m["sla"]["tenu"], "bon"
    if bon.sla_reste_min is None:
        return "—", ""
    cle = "retard" if bon.sla_etat == "late" else "reste"
    return m["sla"][cle].format(duree=_duree(bon.sla_reste_min, m)), "mauvais" if cle == "retard" else "bon"


_CASE = (400, 300)
"""Pixels of the frame that each picture of the work is fitted into."""


def _photo(photo: Photo, m: dict[str, Any]) -> list[str]:
    """Its caption, and itself as text; empty where its bytes are not here."""
    moment = m["moments"][photo.moment]
    if photo.contenu is None:
        return [f"{moment} · {bidi.isoler(photo.nom)} ({m['photo_ailleurs']})", ""]
    largeur, hauteur = _CASE
    code = base64.b64encode(photo.contenu).decode()
    return [
        moment,
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{largeur}" height="{hauteur}" viewBox="0 0 {largeur} {hauteur}">'
        f'<image width="{largeur}" height="{hauteur}" xlink:href="data:{photo.mime};base64,{code}"/></svg>',
    ]


def _checklist(feuille: Feuille | None, m: dict[str, Any]) -> dict[str, Any]:
    """The points in their order, each with what was expected, what was answered, and whether it failed."""
    if feuille is None:
        return {"nom": "", "points": []}
    points = []
    for p in feuille.points:
        unite = f"\u00a0{p.point.unite}" if p.point.unite else ""
        bornes = [f"{v.normalize():f}".replace(".", ",") for v in (p.point.minimum, p.point.maximum) if v is not None]
        attendu = bidi.isoler(" – ".join(bornes) + unite) if bornes else ""
        if len(bornes) == 1:
            attendu = bidi.isoler(f"{'≥' if p.point.minimum is not None else '≤'} {bornes[0]}{unite}")
        dit = m["reponses"].get(p.valeur or "", "") if p.point.type_point == TypePoint.OUI_NON else ""
        if p.valeur is not None and not dit:
            mesure = p.point.type_point == TypePoint.MESURE
            dit = bidi.isoler(p.valeur.replace(".", ",") + unite) if mesure else typed(p.valeur)
        dit = "\n".join(filter(None, [dit, typed(p.remarque or "")]))
        points.append([typed(p.point.libelle), attendu, dit or "—", "mauvais" if p.conforme is False else ""])
    return {"nom": f"{m['checklist']} · {typed(feuille.nom)}", "points": points}


def _bon(bon: Sheet, m: dict[str, Any], fraicheur: str) -> dict[str, Any]:
    e = m["entetes"]
    sla_dit, ton = _sla(bon, m)
    signe = bon.signature if bon.signature and bon.signature.startswith(b"\x89PNG") else None
    temps = [
        (e["duree"], _duree(bon.duree_reelle, m)) if bon.duree_reelle is not None else None,
        (e["deplacement"], _duree(bon.temps_deplacement, m)) if bon.temps_deplacement is not None else None,
    ]
    return {
        "tete": head(
            Issuer(bon.entete, bon.agence), m, titre=m["titre"], numero=bon.numero, fresh=fraicheur,
            statut=m["statuts"].get(bon.statut, bon.statut), mentions=m["conditions"],
        ),
        "court": bidi.isoler(court(bon.numero)),
        "client": pairs(
            (e["raison"], typed(bon.client)), (e["site"], typed(bon.client_site)),
            (e["contact"], typed(bon.client_contact)), ("ICE", bidi.isoler(bon.client_ice)),
            (e["contrat"], bidi.isoler(bon.contrat)),
        ),
        "equipement": pairs(
            (e["designation"], typed(bon.equipement)), (e["code"], bidi.isoler(bon.equipement_code)),
            (e["serie"], bidi.isoler(bon.equipement_serie)), (e["lieu"], typed(bon.equipement_lieu)),
            (e["criticite"], m["criticites"].get(bon.equipement_criticite, bon.equipement_criticite)),
        ),
        "bandeau": [
            [e["priorite"], m["priorites"].get(bon.priorite, bon.priorite), _URGENT.get(bon.priorite, "")],
            [e["technicien"], typed(bon.technicien) or "—", ""], [e["appel"], _instant(bon.date_creation), ""],
            [e["debut"], _instant(bon.date_debut_travaux), ""], [e["fin"], _instant(bon.date_fin_travaux), ""],
            [e["sla"], sla_dit, ton],
        ],
        "temps": [list(t) for t in temps if t is not None],
        "textes": [
            [nom, typed(valeur)] for nom, valeur in (
                (e["demande"], "\n".join(filter(None, [bon.titre, bon.description]))),
                (e["diagnostic"], bon.diagnostic), (e["travaux"], bon.travaux_realises),
                (e["recommandations"], bon.recommandations), (e["avis"], bon.satisfaction_commentaire),
            ) if valeur
        ],
        "lignes": [
            [m["types_ligne"].get(x.type_ligne, x.type_ligne), typed(x.designation),
             _quantite(x.quantite, x.type_ligne, x.unite, m), typed(x.depot) or "—"] for x in bon.lignes
        ],
        "passages": [
            [typed(t.technicien) or "—", m["types_temps"].get(t.type, t.type), _instant(t.debut),
             _instant(t.fin), _duree(t.minutes, m)] for t in bon.temps
        ],
        "checklist": _checklist(bon.checklist, m),
        "satisfaction": bon.satisfaction_client or 0,
        "qr": qr(bon.numero),
        "signature": svg(signe) if signe else "",
        "technicien": " · ".join(filter(None, [typed(bon.technicien), bidi.isoler(bon.badge)])),
        "signataire": " · ".join(
            filter(None, [
                typed(bon.signataire),
                _instant(bon.signe_le or bon.date_fin_travaux, "%d/%m/%Y") if signe or bon.signature_refus else "",
            ])
        ),
        "refus": m["signature_refusee"].format(motif=typed(bon.signature_refus)) if bon.signature_refus else "",
        "photos": [_photo(photo, m) for photo in bon.photos],
    }  # fmt: skip
