"""Which interventions a list shows, in order: along the index of its order, or by what tells the few that answer."""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.domain import numeros, recherche
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models import Agence, Intervention
from erp_desktop.models.expressions.sorting import cle_tri
from erp_desktop.services.interventions.list import (
    LISTES,
    agences,
    bornes,
    conditions,
    de_client_ou_machine,
    jours,
    libre,
    lire_filtre,
    portee_interventions,
    sans_jours,
)
from erp_desktop.services.interventions.pages import leads, order, strata
from erp_desktop.services.search import exact, pieces, words
from erp_desktop.services.shared.lists import ListQuery, contient, est_sqlite, hors_index, identifiants, parmi
from erp_desktop.services.shared.places import Long, Stratum, beginning
from erp_desktop.services.shared.places.stretches import Stretches

_RARES = 2000
_FREQUENTES = 8
"""So many that answer among the first rows of an order are not rare in it."""
_CANDIDATES = 200_000
"""Rows that may hold a word, told by its letters; more are met soon enough along the order."""
_ESSAI = 200
"""Of so many of them it is tried whether they do."""
_DERNIERES, _SOUVENT, _PLUPART = 1000, 50, 300
"""Of so many of the last rows so many hold a word that is met soon along any order, and so many along any at all."""
_PAR_STATUT = ("statut", "sla")
"""Orders of which each stratum is of one statut."""
_VUES, _LOIN = ((2048, (16_384, 40_000, 4_000)), (5120, (100_000, 160_000, 160_000))), 40_000
"""So many rows of an order are looked at before, each time, what an index tells is asked: so many as a set along the
order; and where that index holds what is sorted by, so many sorted, by a name so many. No fewer than the last number,
where what was met until then says that the page is further than the next time."""
_PASSEES = 32_768
"""Rows of an order that are passed over to meet those of a set; half as many before what has a day is all sorted."""
_TRIEES = 20_000
"""Rows that may hold a word which are looked at and sorted by title: those of one word stand together there."""
_NOMMES = {"client", "equipement"}
"""Words whose values are in what :mod:`~erp_desktop.services.search.pieces` knows of an intervention."""


def ids(session: Session, acteur: Acteur, query: ListQuery) -> list[int]:
    """The matching identifiers, in order; newest first when no column is chosen."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    filtre = lire_filtre(query.texte)
    # PostgreSQL weighs the words against the order by itself.
    cherche = query.limite is not None and est_sqlite(session) and bool(filtre.mots or filtre.libre or filtre.dates)
    if not cherche:
        return order.ids(session, request(session, acteur, query), query, among(session, query, acteur))
    eux = among(session, query, acteur)
    faire = leads.to_do(filtre)
    if faire and order.far(query) and faire.rare(session):
        # Each name without any would be passed over.
        eux = replace(eux, to_do=False)
    lettres = bool(filtre.libre or _NOMMES & filtre.mots.keys())
    # Among the last rows it is met soon, and before them nowhere.
    de_cela = lettres and faire is not None and faire.peu(session, query)
    dits = jours(filtre)
    # By their titles rows of one word stand together, and all the others between them.
    assez = _PLUPART if filtre.libre and query.tri == "titre" else _SOUVENT
    if lettres and not (dits or de_cela) and _souvent(session, acteur, query.texte, assez):
        requete = sa.select(Intervention.id).where(*conditions(session, acteur, query.texte, suit=True, pres=True))
        return order.ids(session, requete, query, eux)
    question = _lettres(session, filtre)
    if question:
        quelques = pieces.matching(session, question, _RARES + 1)
        if len(quelques) <= _RARES:
            return _verifiees(session, acteur, query, quelques)
    if de_cela and faire:
        return leads.sorted_apart(session, acteur, query, faire, eux)
    suit = conditions(session, acteur, query.texte, suit=True, pres=lettres, tri=query.tri)
    requete = sa.select(Intervention.id).where(*suit)
    # What has a deadline is due by it.
    limites = [dit.operator(Intervention.date_limite, dit.right) for dit in dits.get("", ())]
    marche = order.soon(session, requete, query, eux, limites)
    # Of letters alone the last rows have told already how soon they are met.
    autres = bool(dits or filtre.mots.keys() - _NOMMES)
    if ((question and autres) or not lettres) and marche.reach(_VUES[0][0]):
        return marche.found
    if not lettres and faire and faire.peu(session, query):
        return leads.sorted_apart(session, acteur, query, faire, eux)
    if question and not dits:
        if query.tri == "titre":
            trouvees = _par_titre(session, acteur, query, question)
            if trouvees is not None:
                return trouvees
        if pieces.count(session, question, _CANDIDATES + 1) <= _CANDIDATES:
            return _parmi_candidates(session, acteur, query, question)
    toutes = conditions(session, acteur, query.texte, suit=True, pres=True)
    seul = "statut" in filtre.mots and filtre.mots.keys() <= LISTES.keys() and "priorite" not in filtre.mots
    if seul and not (lettres or dits):
        marche.reach(_VUES[-1][0])
    # What was met now and then is not rare, and to tell so each row of a word would be looked up for the others.
    if len(marche.found) < _FREQUENTES and not question and (filtre.mots or filtre.libre or not dits):
        rares = _rares(session, acteur, query.texte, sans_jours(session, filtre) if dits else None)
        if rares is not None:
            return order.few(session, rares, query, toutes if dits else ())
    # The day that is sorted by is a range of the order's own index.
    if dits.keys() != {strata.DAYS.get(query.tri)} and (menent := leads.of(session, filtre, query.tri)):
        trouvees = _a_tour_de_role(session, query, eux, marche, menent, toutes)
        if trouvees is not None:
            return trouvees
    return order.ids(session, requete, query, eux)


def _a_tour_de_role(
    session: Session, query: ListQuery, eux: strata.Among, marche: Stretches, menent: Sequence[leads.Mene],
    toutes: Sequence[sa.ColumnElement[bool]],
) -> list[int] | None:  # fmt: skip
    """Along the order, or by what an index tells: each goes as far as the other has cost. None where neither is soon.

    What has a day may be anywhere along an order; a page of many is met soon, and a few are sorted sooner.
    """
    titre = query.tri == "titre"
    for vues, assez in _VUES:
        if marche.reach(vues):
            return marche.found
        bientot = 5 * len(marche.found) >= 2 * (query.limite or 0)
        ensemble, triees, par_nom = (max(one, 0 if bientot else _LOIN) for one in assez)
        # No index that tells a day holds titles, and a row that is looked up costs as much as six of an index.
        dits = [(mene.couvre and not titre, mene) for mene in menent]
        most = par_nom if order.far(query) else triees
        comptes = [mene.combien(session, most if couvre else ensemble) for couvre, mene in dits]
        nombre, (couvre, mene) = min(
            zip(comptes, dits, strict=True), key=lambda one: one[0] * (1 if one[1][0] else 6)
        )
        if nombre > (most if couvre else ensemble):
            continue
        par_statut = mene.index in (leads.STATUTS, leads.URGENTES)
        sans_fin = titre or par_statut
        proche = sans_fin or bool(marche.found) or nombre <= _PASSEES // 2
        if not couvre and nombre > vues and proche and not (par_statut and query.tri in _PAR_STATUT):
            # Along the order those of a set: no other row is looked up, in an encrypted table a page of it each.
            requete = sa.select(Intervention.id).where(*toutes)
            parmi_eux = order.soon(session, requete, query, eux, within=mene.requete)
            if parmi_eux.reach(sys.maxsize if sans_fin else _PASSEES):
                return parmi_eux.found
        return order.told(session, mene.requete.where(*toutes), query, eux)
    if marche.reach(_PASSEES // 2):
        return marche.found
    if menent[0].couvre and not titre:
        return order.told(session, menent[0].requete.where(*toutes), query, eux)
    return None


def request(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    return sa.select(Intervention.id).where(*conditions(session, acteur, query.texte))


def among(session: Session, query: ListQuery, acteur: Acteur | None = None) -> strata.Among:
    """What the words and the scope say of each row; on a cache of a list by number also its only agency."""
    filtre = lire_filtre(query.texte)
    mots, agence, de = filtre.mots, None, None
    if acteur is not None and not roles.voit_tout(acteur):
        agence, de = acteur.agence_id, partial(operator.eq, acteur.agence_id)
    elif "agence" in mots:
        de = partial(agences, session, valeurs=mots["agence"])
        if query.tri == "numero" and est_sqlite(session):
            une = identifiants(session, sa.select(Agence.id).where(de(Agence.id)).limit(2))
            agence = une[0] if len(une) == 1 else None
    return strata.Among(
        [*leads.states(filtre), *mots.get("priorite", ())],
        agence,
        *bornes(filtre),
        "technicien" in mots.get("sans", ()),
        leads.to_do(filtre) is not None,
        de,
    )


def _demande(session: Session, acteur: Acteur, query: ListQuery) -> sa.Select[int]:
    """What a list of many rows selects: along the index of its order, which no word is a way around."""
    roles.exiger(acteur, roles.Droit.INTERVENTION_LIRE)
    return sa.select(Intervention.id).where(*conditions(session, acteur, query.texte, suit=True, tri=query.tri))


PLACES = Long(
    Intervention.id, ids, _demande, lambda session, query: strata.order(session, query, among(session, query))
)  # fmt: skip


def _souvent(session: Session, acteur: Acteur, texte: str, assez: int) -> bool:
    """Whether many of the last rows answer: a page of them is found soon along the order's index."""
    dernieres = sa.select(Intervention.id).order_by(Intervention.id.desc()).limit(_DERNIERES)
    parmi_elles = sa.select(Intervention.id).where(
        *conditions(session, acteur, texte, pres=True), Intervention.id.in_(dernieres)
    )
    parmi_elles = parmi_elles.with_hint(Intervention, "NOT INDEXED", "sqlite")
    return len(identifiants(session, parmi_elles.limit(assez))) == assez


def _lettres(session: Session, filtre: recherche.Filtre) -> str:
    """What is asked of the index of letters; empty where it cannot tell, or knows another state of the cache."""
    # A number is written with less than is typed of it, and its letters are not side by side.
    libres = [[mot] for mot in filtre.libre if not numeros.fragments(mot)]
    nommes = [filtre.mots[mot] for mot in sorted(_NOMMES & filtre.mots.keys())]
    dits = [valeurs for valeurs in nommes if not any(map(exact.is_row, valeurs))]
    return pieces.asked(session, [*libres, *dits]) if (libres or dits) and words.ready(session) else ""


def _verifiees(session: Session, acteur: Acteur, query: ListQuery, rows: Sequence[int]) -> list[int]:
    """Of a few rows that may hold what is looked for, and of those written since, the ones that do."""
    rows = [*rows, *words.pending(session)]
    return order.few(session, rows, query, conditions(session, acteur, query.texte, pres=True))


def _par_titre(session: Session, acteur: Acteur, query: ListQuery, question: str) -> list[int] | None:
    """The same of many by title, where the rows of one word stand together: what is in the range of the titles that
    a few of them have is in order, and only the rest is looked up. None of too many that are all over the order."""
    nombre, essai = pieces.sampled(session, question)
    bas, limite, ident, cle = query.descendant, query.limite or 0, Intervention.id, cle_tri(Intervention.titre)
    titres = sorted(order.titles(session, essai).values())
    ensemble = False
    if titres and nombre <= _CANDIDATES:
        dans = Stratum(sa.and_(cle >= titres[0], cle <= titres[-1]), [cle], bas)
        plage = sa.select(ident).where(dans.where).limit(2 * nombre)
        peuvent = pieces.rows(question, words.pending(session)).subquery()
        reste = identifiants(session, sa.select(peuvent.c.id).where(peuvent.c.id.not_in(plage)).limit(_RARES + 1))
        # Where the range holds more than that, it is not theirs.
        tenues = session.scalar(sa.select(sa.func.count()).select_from(plage.subquery())) or 0
        ensemble = len(reste) <= _RARES and tenues < 2 * nombre
    if not ensemble:
        rows = pieces.matching(session, question, _TRIEES) if nombre <= _TRIEES else None
        return None if rows is None else _verifiees(session, acteur, query, rows)
    dites = conditions(session, acteur, query.texte, pres=True)
    loin = order.titles(session, reste)
    avant = [one for one, titre in loin.items() if (titre > titres[-1] if bas else titre < titres[0])]
    trouvees = order.few(session, avant, query, dites)
    suit = sa.select(ident).where(*conditions(session, acteur, query.texte, suit=True, pres=True))
    trouvees += beginning(session, suit, ident, iter([dans]), limite)[0]
    if len(trouvees) < limite:
        trouvees += order.few(session, [one for one in loin if one not in avant], query, dites)
    return trouvees[:limite]


def _parmi_candidates(session: Session, acteur: Acteur, query: ListQuery, question: str) -> list[int]:
    """The same of many: a page of them is met along the order, and no other row is looked at."""
    some = pieces.matching(session, question, _ESSAI)
    dites = conditions(session, acteur, query.texte, pres=True)
    if len(leads.good(session, some, dites)) < _ESSAI // 10:
        # The other words leave hardly any of them: the whole order would be walked for a page.
        return _verifiees(session, acteur, query, pieces.matching(session, question, _CANDIDATES))
    ident, attente = hors_index(Intervention.id), words.pending(session)
    # One set of them, which is asked before the row itself is looked at.
    peuvent = ident.in_(pieces.rows(question, attente))
    requete = sa.select(Intervention.id).where(
        peuvent, *conditions(session, acteur, query.texte, suit=True, pres=True)
    )
    return order.ids(session, requete, query, among(session, query, acteur))


def _rares(
    session: Session, acteur: Acteur, texte: str, dites: Sequence[sa.ColumnElement[bool]] | None = None
) -> list[int] | None:
    """Every answer where they are few: sorted by themselves sooner than they are met along the order.

    None where they are not: a page of them is found soon along the order's index.

    Args:
        dites: what is asked of them; all of it unless told otherwise.
    """
    filtre = lire_filtre(texte)
    asked = conditions(session, acteur, texte) if dites is None else [*portee_interventions(acteur), *dites]
    requete = sa.select(Intervention.id).where(*asked)
    if filtre.libre and not filtre.mots:
        # Nothing tells but the rows themselves; the indexes of one word's columns are a tenth of them.
        un_mot = identifiants(session, _partout(session, max(filtre.libre, key=len)).limit(_RARES + 1))
        if len(un_mot) > _RARES:
            return None
        requete = requete.where(parmi(session, Intervention.id, un_mot))
        requete = requete.with_hint(Intervention, "NOT INDEXED", "sqlite")
    elif filtre.mots.get("sla") == ["proche"]:
        # Four hours of it are always few; SQLite takes what has one of three states for fewer.
        requete = requete.with_hint(Intervention, "INDEXED BY idx_intervention_echeance", "sqlite")
    trouvees = identifiants(session, requete.limit(_RARES + 1))
    return trouvees if len(trouvees) <= _RARES else None


def _partout(session: Session, mot: str) -> sa.Select[int]:
    """The same as of a free word, read in the indexes alone; the ways that may soon be enough come first."""
    i = Intervention
    if numeros.fragments(mot):
        return sa.select(i.id).where(libre(session, mot))
    client, machine = de_client_ou_machine(session, mot)
    titre = sa.select(i.id).where(contient(session, cle_tri(i.titre), mot))
    titre = titre.with_hint(i, "INDEXED BY idx_intervention_titre_tri", "sqlite")
    numero = sa.select(i.id).where(contient(session, i.numero, mot))
    lus = (titre, numero) if mot.isalpha() else (numero, titre)
    noms = (sa.select(i.id).where(client), sa.select(i.id).where(machine))
    return sa.select(sa.union_all(*noms, *lus).subquery().c.id)
