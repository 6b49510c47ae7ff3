"""What answers free words in one noun, or a number in any spelling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from erp_desktop import clock
from erp_desktop.domain import numeros, telephone
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.recherche import MOTS_MAX, chiffres, plier
from erp_desktop.models import (
    Agence,
    Checklist,
    Client,
    Contrat,
    Depot,
    Equipement,
    Facture,
    Intervention,
    Inventaire,
    LigneFacture,
    ModeleIntervention,
    MouvementStock,
    PieceDetachee,
    Planning,
    Technicien,
    User,
)
from erp_desktop.registry.technicien_names import noms
from erp_desktop.services.interventions.list import portee_interventions
from erp_desktop.services.search import fulltext
from erp_desktop.services.shared.lists import contient, portee, un_de
from erp_desktop.services.stock.quantities import EFFET

_SEPARATEURS: Final = " .-/()+\u00a0\u202f"
_ASSEZ: Final = 4
"""Figures from which a number is looked for inside other numbers."""
_NOMS_PROCHES: Final = 5_000
_PIECES: Final = 500
"""Parts that a word names, whose movements are looked for."""
Colonne = InstrumentedAttribute[Any] | sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Reponse:
    """One record found.

    Attributes:
        table: also its kind.
        statut: of an intervention or a contract, the stored value; empty for others.
    """

    table: str
    id: int
    libelle: str
    detail: str
    statut: str = ""


@dataclass(frozen=True, slots=True)
class _Noun:
    """How one noun answers.

    Attributes:
        columns: the SELECT that ``said`` reads; the scope of the person is in it.
        words: columns in which each word may be found.
        figures: columns that hold numbers, compared without their separators.
        order: best first.
        others: conditions that a word meets elsewhere: in the client's name of a machine.
        numbered: condition of the rows that belong to an intervention of this number (a pattern of LIKE).
    """

    table: str
    right: roles.Droit
    columns: Callable[[Acteur], Any]
    words: tuple[Colonne, ...]
    figures: tuple[Colonne, ...]
    order: tuple[Any, ...]
    said: Callable[[Session, Sequence[Any]], list[Reponse]]
    others: Callable[[Session, str], list[sa.ColumnElement[bool]]] = lambda _session, _word: []
    numbered: Callable[[str], sa.ColumnElement[bool]] | None = None


def _named(session: Session, column: Colonne, target: type[Client | Equipement], word: str) -> Any:
    names = (Client.nom_entreprise,) if target is Client else (Equipement.nom, Equipement.code_interne)
    return column.in_(sa.select(target.id).where(un_de(session, word, *names)))


def _interventions(acteur: Acteur) -> Any:
    i = Intervention
    return (
        sa.select(i.id, i.numero, i.titre, i.statut, i.technicien_id, Client.nom_entreprise, Equipement.nom)
        .outerjoin(Client, Client.id == i.client_id)
        .outerjoin(Equipement, Equipement.id == i.equipement_id)
        .where(*portee_interventions(acteur))
    )


def _intervention_rows(session: Session, rows: Sequence[Any]) -> list[Reponse]:
    people = noms(session, [r.technicien_id for r in rows if r.technicien_id is not None])
    return [
        Reponse(
            "interventions", r.id, " — ".join(filter(None, [r.titre, r.nom_entreprise])),
            " · ".join(filter(None, [numeros.court(r.numero), r.nom, people.get(r.technicien_id, "")])), r.statut,
        )
        for r in rows
    ]  # fmt: skip


def _of(table: str, *, detail: Callable[[Any], list[str | None]], state: str = "") -> Any:
    def said(_session: Session, rows: Sequence[Any]) -> list[Reponse]:
        return [
            Reponse(table, r.id, r.libelle, " · ".join(filter(None, detail(r))), getattr(r, state) if state else "")
            for r in rows
        ]

    return said


def _clients(acteur: Acteur) -> Any:
    c = Client
    return sa.select(c.id, c.nom_entreprise.label("libelle"), c.ville, c.ice, c.telephone).where(
        c.is_active.is_(True), *portee(acteur, c.agence_id)
    )


def _machines(acteur: Acteur) -> Any:
    e = Equipement
    return (
        sa.select(e.id, e.nom.label("libelle"), e.code_interne, e.numero_serie, Client.nom_entreprise, e.localisation)
        .join(Client, Client.id == e.client_id)
        .where(e.is_active.is_(True), *portee(acteur, e.agence_id))
    )


def _techniciens(acteur: Acteur) -> Any:
    t = Technicien
    return (
        sa.select(t.id, User.full_name.label("libelle"), t.numero_badge, t.equipe, Agence.nom, User.phone)
        .join(User, User.id == t.user_id)
        .outerjoin(Agence, Agence.id == t.agence_id)
        .where(t.is_active.is_(True), User.is_active.is_(True), *portee(acteur, t.agence_id))
    )


def _contrats(acteur: Acteur) -> Any:
    c = Contrat
    return (
        sa.select(c.id, c.numero_contrat.label("libelle"), c.objet, c.statut, Client.nom_entreprise)
        .join(Client, Client.id == c.client_id)
        .where(*portee(acteur, c.agence_id))
    )


def _factures(acteur: Acteur) -> Any:
    f = Facture
    return (
        sa.select(f.id, f.numero.label("libelle"), f.intitule, f.statut, f.date_facture, Client.nom_entreprise)
        .join(Client, Client.id == f.client_id)
        .where(*portee(acteur, f.agence_id))
    )


def _pieces(acteur: Acteur) -> Any:
    p = PieceDetachee
    return sa.select(p.id, p.designation.label("libelle"), p.reference, p.famille, p.fournisseur_reference).where(
        p.is_active.is_(True), *portee(acteur, p.agence_id)
    )


def _plans(acteur: Acteur) -> Any:
    p = Planning
    return (
        sa.select(
            p.id, p.modele_titre.label("libelle"), Equipement.nom, Equipement.code_interne, Client.nom_entreprise
        )
        .join(Equipement, Equipement.id == p.equipement_id)
        .join(Client, Client.id == Equipement.client_id)
        .where(*portee(acteur, p.agence_id))
    )


def _inventaires(acteur: Acteur) -> Any:
    i = Inventaire
    return (
        sa.select(i.id, i.numero.label("libelle"), Depot.nom, i.remarque)
        .join(Depot, Depot.id == i.depot_id)
        .where(*portee(acteur, i.agence_id))
    )


def _depots(acteur: Acteur) -> Any:
    d = Depot
    return (
        sa.select(d.id, d.nom.label("libelle"), User.full_name)
        .outerjoin(Technicien, Technicien.id == d.technicien_id)
        .outerjoin(User, User.id == Technicien.user_id)
        .where(d.is_active.is_(True), *portee(acteur, d.agence_id))
    )


def _modeles(acteur: Acteur) -> Any:
    m = ModeleIntervention
    return sa.select(m.id, m.nom.label("libelle"), m.titre).where(m.is_active.is_(True), *portee(acteur, m.agence_id))


def _checklists(acteur: Acteur) -> Any:
    c = Checklist
    return sa.select(c.id, c.nom.label("libelle"), c.type_equipement).where(
        c.is_active.is_(True), *portee(acteur, c.agence_id)
    )


def _mouvements(acteur: Acteur) -> Any:
    m = MouvementStock
    return (
        sa.select(m.id, PieceDetachee.reference, PieceDetachee.designation, EFFET.label("quand"), m.quantite,
                  Depot.nom, Intervention.numero, m.motif)
        .join(PieceDetachee, PieceDetachee.id == m.piece_id)
        .join(Depot, Depot.id == m.depot_id)
        .outerjoin(Intervention, Intervention.id == m.intervention_id)
        .where(*portee(acteur, m.agence_id))
    )  # fmt: skip


def _mouvement_rows(_session: Session, rows: Sequence[Any]) -> list[Reponse]:
    found = []
    for r in rows:
        signed = f"{r.quantite:+f}".rstrip("0").rstrip(".").replace("-", "\u2212").replace(".", ",")
        told = [f"{r.quand.astimezone(clock.CASABLANCA):%d/%m/%Y}", signed, r.nom, r.numero, r.motif]
        detail = " · ".join(dict.fromkeys(filter(None, told)))
        found.append(Reponse("mouvements", r.id, f"{r.reference} · {r.designation}", detail))
    return found


def _of_parts(session: Session, word: str) -> list[sa.ColumnElement[bool]]:
    """Parts are few and movements many: the parts are read first, and the movements along their index."""
    named = sa.select(PieceDetachee.id).where(
        un_de(session, word, PieceDetachee.reference, PieceDetachee.designation)
    )
    return [MouvementStock.piece_id.in_(list(session.scalars(named.limit(_PIECES))))]


def _in_lines(session: Session, word: str) -> sa.ColumnElement[bool]:
    lines = sa.select(LigneFacture.facture_id).where(contient(session, LigneFacture.designation, word))
    return Facture.id.in_(lines)


_FICHIER = roles.Droit.FICHIER_LIRE
_NOUNS: Final = {
    noun.table: noun
    for noun in (
        _Noun("clients", _FICHIER, _clients,
              (Client.nom_entreprise, Client.ville, Client.contact, Client.email, Client.adresse, Client.notes),
              (Client.ice, Client.telephone), (sa.func.lower(Client.nom_entreprise),),
              _of("clients", detail=lambda r: [r.ville, r.ice and f"ICE {r.ice}", telephone.afficher(r.telephone)])),
        _Noun("interventions", roles.Droit.INTERVENTION_LIRE, _interventions,
              (Intervention.titre, Intervention.numero), (), (Intervention.date_creation.desc(),), _intervention_rows,
              lambda s, w: [_named(s, Intervention.client_id, Client, w),
                            _named(s, Intervention.equipement_id, Equipement, w)],
              Intervention.numero.like),
        _Noun("equipements", _FICHIER, _machines,
              (Equipement.nom, Equipement.code_interne, Equipement.numero_serie, Equipement.localisation,
               Equipement.marque, Equipement.modele),
              (Equipement.numero_serie, Equipement.code_interne), (sa.func.lower(Equipement.nom),),
              _of("equipements", detail=lambda r: [
                  r.code_interne, r.nom_entreprise, r.localisation, r.numero_serie and f"n° {r.numero_serie}"]),
              lambda s, w: [contient(s, Client.nom_entreprise, w)]),
        _Noun("techniciens", _FICHIER, _techniciens, (User.full_name, Technicien.equipe, Technicien.numero_badge),
              (Technicien.numero_badge, User.phone), (sa.func.lower(User.full_name),),
              _of("techniciens", detail=lambda r: [r.nom, r.equipe, r.numero_badge])),
        _Noun("contrats", _FICHIER, _contrats, (Contrat.numero_contrat, Contrat.objet), (Contrat.numero_contrat,),
              (Contrat.numero_contrat.desc(),),
              _of("contrats", detail=lambda r: [r.nom_entreprise, r.objet], state="statut"),
              lambda s, w: [contient(s, Client.nom_entreprise, w)]),
        _Noun("factures", _FICHIER, _factures,
              (Facture.numero, Facture.intitule, Facture.reference_client, Facture.notes),
              (Facture.numero, Facture.reference_client), (Facture.id.desc(),),
              _of("factures", detail=lambda r: [r.nom_entreprise, r.intitule]),
              lambda s, w: [contient(s, Client.nom_entreprise, w), _in_lines(s, w)]),
        _Noun("stock", _FICHIER, _pieces,
              (PieceDetachee.designation, PieceDetachee.reference, PieceDetachee.famille,
               PieceDetachee.fournisseur_reference),
              (PieceDetachee.reference, PieceDetachee.code_barres, PieceDetachee.fournisseur_reference),
              (sa.func.lower(PieceDetachee.designation),),
              _of("stock", detail=lambda r: [r.reference, r.famille])),
        _Noun("preventif", roles.Droit.INTERVENTION_LIRE, _plans, (Planning.modele_titre,), (),
              (sa.func.lower(Planning.modele_titre),),
              _of("preventif", detail=lambda r: [r.nom, r.code_interne, r.nom_entreprise]),
              lambda s, w: [un_de(s, w, Equipement.nom, Equipement.code_interne, Client.nom_entreprise)]),
        _Noun("inventaires", _FICHIER, _inventaires, (Inventaire.numero, Inventaire.remarque), (Inventaire.numero,),
              (Inventaire.id.desc(),), _of("inventaires", detail=lambda r: [r.nom, r.remarque]),
              lambda s, w: [contient(s, Depot.nom, w)]),
        _Noun("depots", _FICHIER, _depots, (Depot.nom,), (), (sa.func.lower(Depot.nom),),
              _of("depots", detail=lambda r: [r.full_name]),
              lambda s, w: [contient(s, User.full_name, w)]),
        _Noun("mouvements", _FICHIER, _mouvements, (), (), (EFFET.desc(), MouvementStock.id.desc()), _mouvement_rows,
              _of_parts, lambda pattern: MouvementStock.intervention_id.in_(
                  sa.select(Intervention.id).where(Intervention.numero.like(pattern)))),
        # Only who plans has a page of these two.
        _Noun("modeles", roles.Droit.INTERVENTION_ECRIRE, _modeles,
              (ModeleIntervention.nom, ModeleIntervention.titre), (), (sa.func.lower(ModeleIntervention.nom),),
              _of("modeles", detail=lambda r: [r.titre])),
        _Noun("checklists", roles.Droit.INTERVENTION_ECRIRE, _checklists,
              (Checklist.nom, Checklist.type_equipement), (), (sa.func.lower(Checklist.nom),),
              _of("checklists", detail=lambda r: [r.type_equipement])),
    )
}  # fmt: skip
TABLES: Final = tuple(_NOUNS)
"""Kinds that can be searched, in the order in which their answers are shown."""


def _figures(column: Colonne, digits: str) -> sa.ColumnElement[bool]:
    bare: sa.ColumnElement[str] = sa.type_coerce(column, sa.Text())
    for sign in _SEPARATEURS:
        bare = sa.func.replace(bare, sign, "", type_=sa.Text())
    return bare.like(f"%{digits}%")


def _matches(session: Session, noun: _Noun, text: str, numbers_only: bool) -> sa.ColumnElement[bool]:
    """Every word somewhere, or the whole text as a number."""
    ways: list[sa.ColumnElement[bool]] = []
    # The beginning of a telephone may be typed with a zero that the stored one does not have.
    digits = chiffres(text).lstrip("0")
    if len(digits) >= _ASSEZ:
        ways += [_figures(column, digits) for column in noun.figures]
    if noun.numbered is not None and (pattern := numeros.motif(text)) is not None:
        ways.append(noun.numbered(pattern))
    if not numbers_only:
        words = [
            sa.or_(*(contient(session, column, word) for column in noun.words), *noun.others(session, word))
            for word in plier(text).split()[:MOTS_MAX]
        ]
        ways.append(sa.and_(*words))
    elif noun.figures:
        ways += [contient(session, column, plier(text)) for column in noun.figures]
    return sa.or_(sa.false(), *ways)


def may_search(acteur: Acteur, table: str) -> bool:
    """Whether the role reads this noun at all."""
    return table in _NOUNS and roles.peut(acteur.role, _NOUNS[table].right)


def search(
    session: Session, acteur: Acteur, table: str, text: str, limit: int, *, numbers_only: bool = False
) -> list[Reponse]:
    """Records of one noun for free words, accents, capitals and Arabic letter forms apart.

    Args:
        limit: how many at most.
        numbers_only: look in numbers alone.

    Raises:
        NotAllowedError: the role does not read this noun.
    """
    noun = _NOUNS[table]
    roles.exiger(acteur, noun.right)
    if not text.strip():
        return []
    plainly = _matches(session, noun, text.strip(), numbers_only)
    if table == "interventions":
        rows = fulltext.find(session, noun.columns(acteur), text.strip(), limit, plainly, numbers_only=numbers_only)
        return noun.said(session, list(rows))
    query = noun.columns(acteur).where(plainly)
    return noun.said(session, list(session.execute(query.order_by(*noun.order).limit(limit))))


def named(session: Session, acteur: Acteur, wanted: Sequence[tuple[str, int]]) -> list[Reponse]:
    """These records as they are called today, in this order; what is gone or out of reach is left out."""
    found: dict[tuple[str, int], Reponse] = {}
    for table in {table for table, _id in wanted if may_search(acteur, table)}:
        noun = _NOUNS[table]
        key = noun.columns(acteur).selected_columns[0]
        rows = list(session.execute(noun.columns(acteur).where(key.in_([i for t, i in wanted if t == table]))))
        found |= {(table, one.id): one for one in noun.said(session, rows)}
    return [found[one] for one in wanted if one in found]


def near(session: Session, acteur: Acteur, text: str) -> list[str]:
    """Up to three names of clients or machines that are spelled nearly like this, best first."""
    if acteur.role is Role.TECHNICIEN or len(text.strip()) < _ASSEZ:
        return []
    names: dict[str, str] = {}
    for query in (
        sa.select(Client.nom_entreprise).where(*portee(acteur, Client.agence_id)),
        sa.select(Equipement.nom).where(*portee(acteur, Equipement.agence_id)).distinct(),
    ):
        for name in session.scalars(query.limit(_NOMS_PROCHES)):
            for part in (name, *name.split()):
                names.setdefault(plier(part), part)
    return [names[one] for one in get_close_matches(plier(text.strip()), list(names), 3, 0.7)]
