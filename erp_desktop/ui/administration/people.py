"""Accounts, agencies and letterheads: lists and forms."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.administration.saisie import AgenceInput, CompteInput, IdentiteInput
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.administration import accounts, agencies, referentials
from erp_desktop.ui.administration.account_bar import AccountBar
from erp_desktop.ui.administration.hours_tab import HoursTab
from erp_desktop.ui.administration.logo_bar import LogoBar
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values, administrateur
from erp_desktop.ui.kit.i18n import isolate, number, of, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels

EVERYWHERE = "Toutes"


def administers(acteur: Acteur, _record: Any = None) -> bool:
    """Whether this person writes here: an administrator, where reference data may be written."""
    return acteur.role is Role.ADMIN


def new_only(_acteur: Acteur, record: Any) -> bool:
    return record is None


def pick_agency(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(referentials.agencies(session, acteur, text))


def _agencies_there(session: Any, acteur: Acteur) -> list[tuple[str, str]]:
    return [(c.libelle.lower(), c.libelle) for c in referentials.agencies(session, acteur, "", 500)]


OF_AGENCY = Facet("agence", "Agence", search=_agencies_there)
"""One click where administrators of many agencies look at one."""


def agency(code: str) -> str:
    return isolate(code) if code else tr(EVERYWHERE)


def seat_of(code: str) -> str:
    """Where a person works: an agency, or the head office."""
    return isolate(code) if code else tr("Siège")


def _state(row: Any) -> tuple[str, str]:
    if not row.is_active:
        return "annulee", tr("Désactivé")
    return "cloturee", tr("Actif")


ACCOUNTS: ListSpec[accounts.AccountRow] = ListSpec(
    title="Utilisateurs",
    icon="users",
    placeholder="Filtrer : role:agent agence:cas, un nom, un identifiant",
    columns=[
        Column("full_name", LABEL, 190, lambda r: r.full_name, "strong", stretch=True),
        Column("username", LABEL, 150, lambda r: isolate(r.username), "muted"),
        Column("role", LABEL, 160, lambda r: labels.label(Role, r.role)),
        Column("agence", "Agence", 106, lambda r: seat_of(r.agence)),
        Column("", "État", 110, lambda r: _state(r)[1], "pill", value=lambda r: _state(r)[0]),
    ],
    row_id=lambda row: row.id,
    ids=accounts.ids,
    first=accounts.LISTING.first,
    rows=accounts.rows,
    one="1 utilisateur",
    many="{n} utilisateurs",
    hints=accounts.indices,
    empty="Aucun utilisateur ne répond à ces critères",
    new="Nouvel utilisateur",
    form=FormSpec(
        kind="admin-utilisateurs",
        table="users",
        icon="user",
        new_title="Nouvel utilisateur",
        groups=[
            Group("Compte", [
                FieldSpec("full_name"),
                FieldSpec("username", placeholder="salma.bennis"),
                FieldSpec("email", placeholder="salma.bennis@exemple.ma"),
                FieldSpec("phone"),
                FieldSpec("role", initial="agent"),
                FieldSpec("agence_id", kind="picker", search=pick_agency, shown=lambda r: r.agence,
                          placeholder="Aucune : le siège"),
            ]),
        ],
        load=accounts.get,
        create=lambda session, acteur, values: accounts.create(session, acteur, CompteInput(**values)),
        update=accounts.update,
        head=lambda r: Head(code=r.username, title=r.full_name, tab=r.username, status=_state(r)),
        saved="Compte enregistré",
        created="Compte ouvert : donnez-lui son premier mot de passe",
        may_write=administers, why_not=administrateur,
        bar=AccountBar,
    ),
    sort="full_name",
    facets=[Facet("role", "Rôle", options=lambda: labels.options(Role)), OF_AGENCY],
    also=("agences",),
    may_create=administers,
)  # fmt: skip

AGENCIES: ListSpec[agencies.AgencyRow] = ListSpec(
    title="Agences",
    icon="buildings",
    placeholder="Filtrer : un code, un nom, une ville",
    columns=[
        Column("code", LABEL, 80, lambda r: isolate(r.code), "code"),
        Column("nom", LABEL, 200, lambda r: r.nom, "strong", stretch=True),
        Column("ville", LABEL, 140, lambda r: r.ville or labels.NONE),
        Column("telephone", LABEL, 130, lambda r: isolate(r.telephone) if r.telephone else labels.NONE, "code"),
        Column("comptes", "Comptes", 90, lambda r: number(r.comptes), "figure", numeric=True),
        Column("is_active", "État", 110, lambda r: of("agence", "Ouverte") if r.is_active else tr("Fermée"), "pill",
               value=lambda r: "cloturee" if r.is_active else "annulee"),
    ],
    row_id=lambda row: row.id,
    ids=agencies.ids,
    rows=agencies.rows,
    one="1 agence",
    many="{n} agences",
    empty="Aucune agence ne répond à ces critères",
    new="Nouvelle agence",
    feminine=True,
    form=FormSpec(
        kind="admin-agences",
        table="agences",
        icon="buildings",
        new_title="Nouvelle agence",
        groups=[
            Group("Agence", [
                FieldSpec("code", writable=new_only, placeholder="CAS"),
                FieldSpec("nom"),
                FieldSpec("ville"),
                FieldSpec("is_active", "L'agence est ouverte", initial=True),
            ]),
            Group("Coordonnées", [
                FieldSpec("adresse", kind="area", lines=2),
                FieldSpec("telephone"),
                FieldSpec("email"),
            ]),
        ],
        load=agencies.get,
        create=lambda session, acteur, values: agencies.create(session, acteur, AgenceInput(**values)),
        update=agencies.update,
        head=lambda r: Head(code=r.code, title=r.nom, tab=r.code, plain=r.ville or ""),
        saved="Agence enregistrée",
        created="Agence ouverte",
        may_write=administers, why_not=administrateur,
        tabs=[("Horaires", HoursTab)],
    ),
    sort="code",
    also=("users",),
    may_create=administers,
)  # fmt: skip

LETTERHEADS: ListSpec[agencies.LetterheadRow] = ListSpec(
    title="En-têtes",
    icon="file-text",
    placeholder="Filtrer : un nom, une ville",
    columns=[
        Column("raison_sociale", LABEL, 220, lambda r: r.raison_sociale, "strong", stretch=True),
        Column("agence", "Agence", 120, lambda r: isolate(r.agence) if r.agence else tr("La société")),
        Column("ice", LABEL, 150, lambda r: isolate(r.ice) if r.ice else labels.NONE, "code"),
        Column("ville", LABEL, 130, lambda r: r.ville or labels.NONE),
    ],
    row_id=lambda row: row.id,
    ids=agencies.LETTERHEADS.ids,
    first=agencies.LETTERHEADS.first,
    rows=agencies.LETTERHEADS.rows,
    one="1 en-tête",
    many="{n} en-têtes",
    empty="Aucun en-tête ne répond à ces critères", blank="Aucun en-tête : les papiers portent le nom du programme",
    new="Nouvel en-tête",
    form=FormSpec(
        kind="admin-entetes",
        table="identite_societe",
        icon="file-text",
        new_title="Nouvel en-tête",
        groups=[
            Group("Société", [
                FieldSpec("raison_sociale"),
                FieldSpec("forme_juridique", placeholder="SARL"),
                FieldSpec("capital"),
                FieldSpec("agence_id", kind="picker", search=pick_agency, shown=lambda r: r.agence,
                          placeholder="Aucune : toute la société"),
            ]),
            Group("Identifiants", [
                FieldSpec("ice"), FieldSpec("identifiant_fiscal"), FieldSpec("registre_commerce"),
                FieldSpec("ville_rc"), FieldSpec("taxe_professionnelle"), FieldSpec("cnss"),
            ]),
            Group("Coordonnées", [
                FieldSpec("adresse", kind="area", lines=2), FieldSpec("ville"), FieldSpec("telephone"),
                FieldSpec("email"), FieldSpec("site_web"), FieldSpec("banque"), FieldSpec("rib"),
                FieldSpec("mentions", kind="area", lines=2),
            ]),
        ],
        load=agencies.LETTERHEADS.get,
        create=lambda session, acteur, values: agencies.LETTERHEADS.create(session, acteur, IdentiteInput(**values)),
        update=agencies.LETTERHEADS.update,
        head=lambda r: Head(code="", title=r.raison_sociale, tab=r.raison_sociale,
                            plain=r.agence or tr("La société")),
        saved="En-tête enregistré",
        created="En-tête créé",
        may_write=administers, why_not=administrateur,
        bar=LogoBar,
    ),
    sort="raison_sociale",
    also=("agences",),
    may_create=administers,
)  # fmt: skip
