"""The charts of the screen: what each shows of a report."""

from __future__ import annotations

import math
from collections.abc import Callable

from erp_desktop.reports import palette
from erp_desktop.reports.graduations import paliers
from erp_desktop.reports.modele import RapportInterventions
from erp_desktop.reports.presentation import FINE, entier, mad_court, pourcent
from erp_desktop.reports.tableaux import libelle_tranche, par_mois_ou_an, parts
from erp_desktop.ui.kit.i18n import colon, tr
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.rapports import wording
from erp_desktop.ui.rapports.drawing import Chart

NOM_MAX = 24


def _couleurs() -> palette.Palette:
    return palette.lire(theme().dark)


def anciennete(g: Chart, r: RapportInterventions) -> None:
    """The backlog by age, pale to dark."""
    g.clear()
    maximum = max(t.nombre for t in r.anciennete)
    if not maximum:
        g.nothing(tr("Aucun encours"))
        return
    rampe = _couleurs().ordinal
    noms = [wording.age(libelle_tranche(t.mini, t.maxi)) for t in r.anciennete]
    g.grid(paliers(maximum), lambda v: entier(round(v)))
    for n, tranche in enumerate(r.anciennete):
        # The second tint is skipped so that neighbours stay apart.
        g.bar(rampe[n + (n > 0)], n - 0.29, 0, 0.58, tranche.nombre)
        g.label(n, tranche.nombre, entier(tranche.nombre), (0.5, 1.0), "text.primary")
    g.ticks("bottom", list(enumerate(noms)))
    g.show_range(-0.5, len(noms) - 0.5, 0, maximum * 1.14)
    g.setAccessibleName(", ".join(f"{nom}{colon()}{t.nombre}" for nom, t in zip(noms, r.anciennete, strict=True)))


def activite(g: Chart, r: RapportInterventions) -> None:
    """Created and closed, side by side for each month."""
    g.clear()
    mois = [(wording.month(nom), m) for nom, m in par_mois_ou_an(r)]
    maximum = max(max(m.creees, m.cloturees) for _, m in mois)
    if not maximum:
        g.nothing(tr("Rien dans cette période"))
        return
    series = _couleurs().series
    g.grid(paliers(maximum), lambda v: entier(round(v)))
    lisible = len(mois) * len(entier(maximum)) <= 38
    for decalage, couleur, valeurs in ((-0.225, series[0], [m.creees for _, m in mois]),
                                       (0.225, series[2], [m.cloturees for _, m in mois])):  # fmt: skip
        for n, valeur in enumerate(valeurs):
            g.bar(couleur, n + decalage - 0.215, 0, 0.43, valeur)
            if lisible and valeur:
                g.label(n + decalage, valeur, entier(valeur), (0.5, 1.0), "text.primary", "caption")
    saut = max(1, math.ceil(len(mois) / 13))
    g.ticks("bottom", [(n, nom) for n, (nom, _) in enumerate(mois) if n % saut == 0])
    g.show_range(-0.6, len(mois) - 0.4, 0, maximum * 1.14)
    g.setAccessibleName(", ".join(f"{nom}{colon()}{m.creees} / {m.cloturees}" for nom, m in mois))


def sla(g: Chart, r: RapportInterventions) -> None:
    """Share of commitments kept, month by month; a month without one leaves a gap."""
    g.clear()
    points = [(n, wording.month(nom), m.sla.taux) for n, (nom, m) in enumerate(par_mois_ou_an(r))]
    connus = [(n, nom, taux) for n, nom, taux in points if taux is not None]
    if not connus:
        g.nothing(tr("Aucun engagement échu dans cette période"))
        return
    bas = max(0, math.floor((min(t for *_, t in connus) - 5) / 10) * 10)
    haut = max(min(100, math.ceil((max(t for *_, t in connus) + 1) / 10) * 10), bas + 10)
    pas = 10 if haut - bas <= 40 else 20
    g.grid([float(v) for v in range(bas, haut + 1, pas)], lambda v: f"{round(v)}{FINE}%")
    g.line(_couleurs().series[0], [(n, taux) for n, _, taux in points], marks=len(connus) <= 13,
           floor=bas if len(connus) == len(points) else None)  # fmt: skip
    nommes = {len(connus) - 1, *(choix(range(len(connus)), key=lambda i: connus[i][2]) for choix in (max, min))}
    for i in nommes:
        n, _, taux = connus[i]
        # Under the point when the line comes from, or goes, above it.
        creux = any(voisin[2] > taux for voisin in connus[max(0, i - 1) : i + 2])
        dessous_libre = creux and taux - bas > (haut - bas) / 6
        g.label(n, taux, pourcent(taux), (0.5, -0.15 if dessous_libre else 1.15), "accent.text")
    saut = max(1, math.ceil(len(points) / 13))
    g.ticks("bottom", [(n, nom) for n, nom, _ in points if n % saut == 0])
    g.show_range(-0.5, len(points) - 0.5, bas, haut + (haut - bas) * 0.12)
    g.setAccessibleName(", ".join(f"{nom}{colon()}{pourcent(taux)}" for _, nom, taux in connus))


def couts(g: Chart, r: RapportInterventions) -> None:
    """The most expensive machines: parts, labour, the rest; the total at the end."""
    g.clear()
    machines = [e for e in r.equipements[:6] if e.cout.total > 0]
    if not machines:
        g.nothing(tr("Aucun coût dans cette période"))
        return
    series = _couleurs().series
    maximum = float(max(e.cout.total for e in machines))
    for n, e in enumerate(machines):
        y, x = -n, 0.0
        for couleur, part in zip((series[0], series[1], series[5]), parts(e.cout), strict=True):
            large = max(float(part), 0.0)
            g.bar(couleur, x, y - 0.3, large, 0.6)
            x += large
        g.label(x, y, mad_court(e.cout.total), (-0.1, 0.5), "text.primary")
    g.ticks("left", [(-n, _court(e.nom)) for n, e in enumerate(machines)])
    g.show_range(0, maximum * 1.16, -max(len(machines), 4) + 0.4, 0.6)
    g.setAccessibleName(", ".join(f"{e.nom}{colon()}{mad_court(e.cout.total)}" for e in machines))


def _court(nom: str) -> str:
    return nom if len(nom) <= NOM_MAX else nom[: NOM_MAX - 1] + "…"


DESSINS: dict[str, Callable[[Chart, RapportInterventions], None]] = {
    "activite": activite,
    "anciennete": anciennete,
    "sla": sla,
    "couts": couts,
}
