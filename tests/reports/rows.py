"""Rows for the report tests, and the same figures computed row by row in plain Python."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain import sla
from erp_desktop.domain.enums import Priorite, Statut, TypeIntervention
from erp_desktop.models import (
    Agence,
    Client,
    Equipement,
    HistoriqueIntervention,
    Intervention,
    JourFerie,
    LigneIntervention,
    Technicien,
    User,
)
from erp_desktop.reports.modele import ParamsRapport

MAINTENANT = datetime(2026, 10, 15, 14, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Jeu:
    """Identifiers of what :func:`remplir` made; techniciens alternate between the two agencies."""

    agences: list[int]
    utilisateurs: list[int]
    techniciens: list[int]
    equipements: list[int]
    interventions: list[int]


def remplir(session: Session, nombre: int = 1500, graine: int = 7, jours: int = 500) -> Jeu:
    """Two agencies, six techniciens, forty machines and ``nombre`` interventions in every state of their life."""
    hasard = random.Random(graine)
    debut = MAINTENANT - timedelta(days=jours)
    connexion = session.connection()
    if connexion.dialect.name == "sqlite":
        # Rows as the centre sends them: no rule of a form stops an old or an odd one, and the report must count it.
        connexion.execute(sa.text("UPDATE _sync_session SET muet = 1"))

    def nouveaux(n: int) -> list[int]:
        return ids.allocate(connexion, n)

    jeu = Jeu(nouveaux(2), nouveaux(6), nouveaux(6), nouveaux(40), nouveaux(nombre))
    clients = nouveaux(8)
    ajouter = session.execute
    ajouter(sa.insert(Agence), [
        {"id": jeu.agences[i], "code": code, "nom": nom}
        for i, (code, nom) in enumerate((("CAS", "Casablanca"), ("RAB", "Rabat")))
    ])  # fmt: skip
    ajouter(sa.insert(User), [
        {"id": jeu.utilisateurs[i], "username": f"tech{i}", "email": f"tech{i}@mif.ma",
         "full_name": f"Nadia Ouazzani {i}", "role": "technicien", "agence_id": jeu.agences[i % 2]}
        for i in range(6)
    ])  # fmt: skip
    ajouter(sa.insert(Technicien), [
        {"id": jeu.techniciens[i], "user_id": jeu.utilisateurs[i], "agence_id": jeu.agences[i % 2]} for i in range(6)
    ])  # fmt: skip
    ajouter(sa.insert(Client), [
        {"id": clients[i], "nom_entreprise": f"Cimenterie n° {i}", "agence_id": jeu.agences[i % 2]} for i in range(8)
    ])  # fmt: skip
    ajouter(sa.insert(Equipement), [
        {"id": jeu.equipements[i], "client_id": clients[i % 8], "nom": f"Presse PH-{i:03}",
         "code_interne": f"EQ-{i:04}", "agence_id": jeu.agences[i % 2]}
        for i in range(40)
    ])  # fmt: skip
    ajouter(sa.insert(JourFerie), [{"id": nouveaux(1)[0], "jour": date(2026, 7, 30), "libelle": "Fête du Trône"}])
    pas = timedelta(days=jours) / nombre
    interventions = [_intervention(hasard, jeu, clients, i, debut + i * pas) for i in range(nombre)]
    lignes, historiques = [], []
    for i in interventions:
        n = hasard.choice((0, 1, 1, 2, 4)) if i["statut"] in {"cloturee", "archivee", "en_cours"} else 0
        lignes += [_ligne(hasard, i) for _ in range(n)]
        if i["statut"] == "annulee" and hasard.random() < 0.8:
            quand = i["date_creation"] + timedelta(hours=hasard.randrange(1, 2000))
            historiques.append({
                "intervention_id": i["id"], "agence_id": i["agence_id"], "action": "statut", "statut": "annulee",
                "horodatage": quand,
            })  # fmt: skip
    for rangees in (lignes, historiques):
        for rangee, identifiant in zip(rangees, nouveaux(len(rangees)), strict=True):
            rangee["id"] = identifiant
    for table, rangees in ((Intervention, interventions), (LigneIntervention, lignes),
                           (HistoriqueIntervention, historiques)):  # fmt: skip
        for bas in range(0, len(rangees), 5000):
            ajouter(sa.insert(table), rangees[bas : bas + 5000])
    return jeu


def _intervention(hasard: random.Random, jeu: Jeu, clients: list[int], i: int, creation: datetime) -> dict[str, Any]:
    age = (MAINTENANT - creation).total_seconds() / 86400
    statut = hasard.choices(list(Statut), weights=(2, 2, 1, 1, 14, 4, 2) if age > 20 else (5, 4, 2, 2, 4, 0, 1))[0]
    travail = creation + timedelta(minutes=hasard.randrange(1, 9000), microseconds=hasard.randrange(1_000_000))
    fin = travail + timedelta(seconds=hasard.randrange(60, 400_000), microseconds=hasard.randrange(1_000_000))
    cloture = fin + timedelta(minutes=hasard.randrange(0, 3000))
    commencee = statut in {Statut.EN_COURS, Statut.EN_ATTENTE, Statut.CLOTUREE, Statut.ARCHIVEE}
    finie = statut in {Statut.CLOTUREE, Statut.ARCHIVEE} and cloture < MAINTENANT
    if statut in {Statut.CLOTUREE, Statut.ARCHIVEE} and not finie:
        statut = Statut.EN_COURS
    machine = hasard.randrange(40)
    agence = machine % 2
    sans_debut = hasard.random() < 0.1
    return {
        "id": jeu.interventions[i], "numero": f"INT-{'CAS' if agence == 0 else 'RAB'}-00-2026-{i:06}",
        "titre": "Fuite d’huile", "agence_id": jeu.agences[agence], "equipement_id": jeu.equipements[machine],
        "client_id": clients[machine % 8], "type": str(hasard.choice(list(TypeIntervention))), "statut": str(statut),
        "priorite": str(hasard.choice(list(Priorite))),
        "technicien_id": None if hasard.random() < 0.15 else jeu.techniciens[agence + 2 * hasard.randrange(3)],
        "date_creation": creation,
        "date_limite": None if hasard.random() < 0.2 else creation + timedelta(hours=hasard.choice((2, 24, 72, 168))),
        "date_debut_travaux": travail if commencee and not sans_debut else None,
        "date_fin_travaux": fin if finie else None,
        "date_cloture": cloture if finie else None,
        "duree_reelle": hasard.randrange(5, 600) if finie and hasard.random() < 0.5 else None,
        "cout_externe": Decimal(hasard.randrange(0, 900_000)).scaleb(-2) if hasard.random() < 0.2 else None,
    }  # fmt: skip


def _ligne(hasard: random.Random, i: dict[str, Any]) -> dict[str, Any]:
    return {
        "intervention_id": i["id"], "agence_id": i["agence_id"],
        "type_ligne": hasard.choice(("piece", "main_oeuvre", "deplacement", "autre")), "designation": "Joint",
        "quantite": Decimal(hasard.randrange(-500, 12_000)).scaleb(-3),
        "prix_unitaire": Decimal(hasard.randrange(1, 500_000)).scaleb(-2), "taux_tva": Decimal("20.00"),
    }  # fmt: skip


HORAIRE = sla.lire_horaire("1,2,3,4,5,6", "08:30-18:30", [date(2026, 7, 30)])


def jour(instant: datetime | None) -> date | None:
    return clock.local(instant).date() if instant else None


def _ouvertes(debut: datetime, fin: datetime) -> int:
    debut, fin = debut.replace(microsecond=0), fin.replace(microsecond=0)
    jours = [jour(debut) + timedelta(days=n) for n in range((jour(fin) - jour(debut)).days + 1)]
    ouvertures = [o for j in jours for o in HORAIRE.ouvertures(j)]
    return sum(max(0, int((min(b, fin) - max(a, debut)).total_seconds())) for a, b in ouvertures)


def _ecoulees(debut: datetime, fin: datetime) -> int:
    return int((fin.replace(microsecond=0) - debut.replace(microsecond=0)).total_seconds())


def attendu(session: Session, params: ParamsRapport, a: datetime = MAINTENANT) -> dict[str, Any]:
    """The report's figures from every row, one at a time, with Python's own dates and decimals."""

    def dans(instant: datetime | None) -> bool:
        return instant is not None and params.debut <= jour(instant) <= params.fin

    annulations: dict[int, datetime] = {}
    for h in session.scalars(sa.select(HistoriqueIntervention).where(HistoriqueIntervention.statut == "annulee")):
        annulations[h.intervention_id] = max(h.horodatage, annulations.get(h.intervention_id, h.horodatage))
    couts: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for ligne in session.scalars(sa.select(LigneIntervention)):
        montant = (ligne.quantite * ligne.prix_unitaire).quantize(Decimal("0.01"), ROUND_HALF_UP)
        couts[ligne.intervention_id][ligne.type_ligne] += montant

    r: dict[str, Any] = {
        "creees": 0, "cloturees": 0, "sans_date": 0, "encours": 0, "encours_debut": 0, "sans_technicien": 0,
        "anciennete": [0, 0, 0, 0], "statut": Counter(), "type": Counter(), "priorite": Counter(),
        "mois": defaultdict(Counter), "echus": 0, "tenus": 0, "reparations": 0, "exclues": 0, "total": 0,
        "prises": [0, 0, 0], "remises": [0, 0, 0],
        "techniciens": defaultdict(Counter), "equipements": defaultdict(Counter), "cout": Counter(),
    }  # fmt: skip
    au = min(params.fin, jour(a))
    for i in session.scalars(sa.select(Intervention)):
        if params.agence_id not in (None, i.agence_id):
            continue
        if params.technicien_id not in (None, i.technicien_id):
            continue
        close = i.date_cloture if i.statut in {"cloturee", "archivee"} else None
        if dans(i.date_creation):
            r["creees"] += 1
            r["sans_date"] += i.statut in {"cloturee", "archivee"} and i.date_cloture is None
            r["statut"][i.statut] += 1
            r["type"][i.type] += 1
            r["priorite"][i.priorite] += 1
            r["mois"][jour(i.date_creation).replace(day=1)]["creees"] += 1
        if i.statut in {"ouverte", "affectee", "en_cours", "en_attente"}:
            sortie = date.max
        else:
            sortie = jour(close) or jour(annulations.get(i.id)) or date.min
        if jour(i.date_creation) <= params.fin and sortie > params.fin:
            r["encours"] += 1
            r["sans_technicien"] += i.technicien_id is None
            age = (au - jour(i.date_creation)).days
            r["anciennete"][0 if age <= 2 else 1 if age <= 7 else 2 if age <= 30 else 3] += 1
        if jour(i.date_creation) < params.debut <= sortie:
            r["encours_debut"] += 1
        remise = (i.date_fin_travaux or i.date_cloture) if i.date_cloture else None
        tenu = remise is not None and i.date_limite is not None and remise <= i.date_limite
        arretee = i.statut in {"annulee", "en_attente"}
        engagee = not arretee and not (i.statut in {"cloturee", "archivee"} and i.date_cloture is None)
        if dans(i.date_limite) and i.date_limite < a and engagee:
            mois = r["mois"][jour(i.date_limite).replace(day=1)]
            mois["echus"] += 1
            mois["tenus"] += tenu
            r["echus"] += 1
            r["tenus"] += tenu
        if not dans(close):
            continue
        r["cloturees"] += 1
        mois = r["mois"][jour(close).replace(day=1)]
        mois["cloturees"] += 1
        if i.type == "corrective":
            r["reparations" if i.duree_reelle is not None else "exclues"] += 1
            r["total"] += i.duree_reelle or 0
            for cle, fin, ecoule in (("prises", i.date_debut_travaux, _ouvertes), ("remises", remise, _ecoulees)):
                sert = fin is not None and fin >= i.date_creation
                r[cle] = [r[cle][0] + sert, r[cle][1] + (ecoule(i.date_creation, fin) if sert else 0),
                          r[cle][2] + (not sert)]  # fmt: skip
        sans = i.duree_reelle is None
        part = Counter(
            {"nombre": 1, "minutes": i.duree_reelle or 0, "sans": int(sans), "externe": i.cout_externe or Decimal(0)}
        )
        part.update(couts[i.id])
        r["cout"].update({k: v for k, v in part.items() if k not in {"nombre", "minutes", "sans"}})
        r["techniciens"][i.technicien_id].update(part)
        r["equipements"][i.equipement_id].update(part)
        if i.date_limite is not None and i.date_limite < a:
            r["techniciens"][i.technicien_id].update({"echus": 1, "tenus": int(tenu)})
    return r
