"""The bon d'intervention on paper, one or many in one document, in French or in Arabic from right to left."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import segno

from erp_desktop import clock, paths
from erp_desktop.domain import telephone
from erp_desktop.domain.enums import TypeLigne, TypePoint
from erp_desktop.domain.numeros import court
from erp_desktop.domain.writing import bidi
from erp_desktop.reports import palette, papier
from erp_desktop.services.checklists.answers import Feuille
from erp_desktop.services.interventions.sheet import Sheet
from erp_desktop.services.shared.letterhead import Letterhead

_ARABE = re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")
LANGUES = ("fr", "ar")
TEMPLATE = "bon_intervention"
_URGENT = {"urgente": "urgent"}


@cache
def mots(langue: str) -> dict[str, Any]:
    """The words of the paper: they belong to it, not to the window, whose language may be another."""
    tous = json.loads((paths.RESOURCES / "templates" / f"{TEMPLATE}.json").read_text(encoding="utf-8"))
    return dict(tous[langue])


def composer(bons: Sequence[Sheet], langue: str = "fr", *, fraicheur: str = "") -> bytes:
    """The PDF of some bons, each from its own first page on.

    Args:
        langue: ``fr`` or ``ar``.
        fraicheur: how old the data are, printed at the foot.

    Raises:
        UserError: the template is wrong.
    """
    return papier.composer(papier.lire_modele(TEMPLATE), donnees(bons, langue, fraicheur))


def images(bons: Sequence[Sheet], langue: str = "fr", *, fraicheur: str = "", ppp: float = 110) -> list[bytes]:
    """The same pages as PNG, for a preview or a printer; ``ppp`` dots per inch."""
    return papier.images(papier.lire_modele(TEMPLATE), donnees(bons, langue, fraicheur), ppp)


def donnees(bons: Sequence[Sheet], langue: str, fraicheur: str) -> dict[str, Any]:
    """Everything that the template prints, already written."""
    m = mots(langue)
    maintenant = clock.local(clock.now())
    imprime = m["imprime"].format(jour=f"{maintenant:%d/%m/%Y}", heure=f"{maintenant:%H:%M}")
    couleurs = {nom: v for nom, v in asdict(palette.claire()).items() if not isinstance(v, dict)}
    return {
        "titre": m["titre"], "langue": langue, "couleurs": couleurs, "mots": m,
        "pied": bidi.isoler_dedans(" · ".join(filter(None, [imprime, fraicheur]))),
        "bons": [_bon(b, m) for b in bons],
    }  # fmt: skip


def _instant(valeur: datetime | None, forme: str = "%d/%m") -> str:
    # An en space: a narrow one, as between thousands, would run the hour into the date.
    return bidi.isoler(clock.local(valeur).strftime(f"{forme}\u2002%H:%M")) if valeur is not None else "—"


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


def _texte(valeur: str) -> str:
    """What people typed, line by line: words in Latin letters alone read from left to right on any paper."""
    return "\n".join(
        bidi.isoler_dedans(ligne) if _ARABE.search(ligne) else bidi.isoler(ligne) for ligne in valeur.split("\n")
    )


def _paires(*paires: tuple[str, str]) -> list[list[str]]:
    return [[nom, valeur or "—"] for nom, valeur in paires]


def _svg(png: bytes) -> str:
    """A picture as the text that a template can show: its data hold no bytes."""
    largeur, hauteur = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    code = base64.b64encode(png).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{largeur}" height="{hauteur}" viewBox="0 0 {largeur} {hauteur}">'
        f'<image width="{largeur}" height="{hauteur}" xlink:href="data:image/png;base64,{code}"/></svg>'
    )


def _identite(tete: Letterhead, m: dict[str, Any]) -> str:
    """The identifiers that a paper of a Moroccan company carries, those that are known."""
    i = m["identite"]
    form = tete.forme_juridique or ""
    if tete.capital:
        form = i["capital"].format(forme=form, montant=bidi.isoler(f"{tete.capital:,.2f}".replace(",", bidi.FINE)
                                                                   .replace(".", ","))).strip()  # fmt: skip
    told = [
        (i["ice"], tete.ice), (i["if"], tete.identifiant_fiscal),
        (f"{i['rc']} {tete.ville_rc}" if tete.ville_rc else i["rc"], tete.registre_commerce),
        (i["patente"], tete.taxe_professionnelle), (i["cnss"], tete.cnss),
        (f"{i['rib']} {tete.banque}" if tete.banque else i["rib"], tete.rib),
    ]  # fmt: skip
    pairs = (f"{n}\u00a0{bidi.isoler(v)}" for n, v in told if v)
    return " · ".join(filter(None, [_texte(form), *pairs, bidi.isoler(tete.email or "")]))


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
            dit = bidi.isoler(p.valeur.replace(".", ",") + unite) if mesure else _texte(p.valeur)
        dit = "\n".join(filter(None, [dit, _texte(p.remarque or "")]))
        points.append([_texte(p.point.libelle), attendu, dit or "—", "mauvais" if p.conforme is False else ""])
    return {"nom": f"{m['checklist']} · {_texte(feuille.nom)}", "points": points}


def _bon(bon: Sheet, m: dict[str, Any]) -> dict[str, Any]:
    e = m["entetes"]
    tete = bon.entete
    adresse = tete.adresse or bon.agence.adresse
    # An address is often typed with its town.
    ville = "" if tete.ville and tete.ville in adresse else tete.ville or bon.agence.ville
    phone = telephone.afficher(tete.telephone) if tete.telephone else bon.agence.telephone
    lieu = " · ".join(filter(None, [adresse, ville, bidi.isoler(phone)]))
    sla_dit, ton = _sla(bon, m)
    code = segno.make(bon.numero, error="m", micro=False)
    signe = bon.signature if bon.signature and bon.signature.startswith(b"\x89PNG") else None
    temps = [
        (e["duree"], _duree(bon.duree_reelle, m)) if bon.duree_reelle is not None else None,
        (e["deplacement"], _duree(bon.temps_deplacement, m)) if bon.temps_deplacement is not None else None,
    ]
    return {
        "numero": bidi.isoler(bon.numero), "court": bidi.isoler(court(bon.numero)),
        "agence": m["agence"].format(nom=_texte(bon.agence.nom)), "lieu": _texte(lieu),
        "societe": _texte(tete.raison_sociale) or m["societe"], "logo": _svg(tete.logo) if tete.logo else "",
        "identite": _identite(tete, m), "mentions": _texte(tete.mentions or ""),
        "statut": m["statuts"].get(bon.statut, bon.statut),
        "client": _paires(
            (e["raison"], _texte(bon.client)), (e["site"], _texte(bon.client_site)),
            (e["contact"], _texte(bon.client_contact)), ("ICE", bidi.isoler(bon.client_ice)),
            (e["contrat"], bidi.isoler(bon.contrat)),
        ),
        "equipement": _paires(
            (e["designation"], _texte(bon.equipement)), (e["code"], bidi.isoler(bon.equipement_code)),
            (e["serie"], bidi.isoler(bon.equipement_serie)), (e["lieu"], _texte(bon.equipement_lieu)),
            (e["criticite"], m["criticites"].get(bon.equipement_criticite, bon.equipement_criticite)),
        ),
        "bandeau": [
            [e["priorite"], m["priorites"].get(bon.priorite, bon.priorite), _URGENT.get(bon.priorite, "")],
            [e["technicien"], _texte(bon.technicien) or "—", ""], [e["appel"], _instant(bon.date_creation), ""],
            [e["debut"], _instant(bon.date_debut_travaux), ""], [e["fin"], _instant(bon.date_fin_travaux), ""],
            [e["sla"], sla_dit, ton],
        ],
        "temps": [list(t) for t in temps if t is not None],
        "textes": [
            [nom, _texte(valeur)] for nom, valeur in (
                (e["demande"], "\n".join(filter(None, [bon.titre, bon.description]))),
                (e["diagnostic"], bon.diagnostic), (e["travaux"], bon.travaux_realises),
                (e["recommandations"], bon.recommandations), (e["avis"], bon.satisfaction_commentaire),
            ) if valeur
        ],
        "lignes": [
            [m["types_ligne"].get(x.type_ligne, x.type_ligne), _texte(x.designation),
             _quantite(x.quantite, x.type_ligne, x.unite, m), _texte(x.depot) or "—"] for x in bon.lignes
        ],
        "passages": [
            [_texte(t.technicien) or "—", m["types_temps"].get(t.type, t.type), _instant(t.debut),
             _instant(t.fin), _duree(t.minutes, m)] for t in bon.temps
        ],
        "checklist": _checklist(bon.checklist, m),
        "satisfaction": bon.satisfaction_client or 0,
        "qr": code.svg_inline(border=0, omitsize=True),
        "signature": _svg(signe) if signe else "",
        "technicien": " · ".join(filter(None, [_texte(bon.technicien), bidi.isoler(bon.badge)])),
        "signataire": " · ".join(
            filter(None, [_texte(bon.signataire), _instant(bon.date_fin_travaux, "%d/%m/%Y") if signe else ""])
        ),
    }  # fmt: skip
