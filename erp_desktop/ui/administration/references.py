"""Reference data: skills, failure codes, rates, VAT, holidays, the skills that work needs."""

from __future__ import annotations

from typing import Any

from erp_desktop.domain.administration.saisie import (
    CodePanneInput,
    CompetenceInput,
    ExigenceInput,
    FerieInput,
    TarifInput,
    TauxLegalInput,
    TauxTvaInput,
)
from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import DureeFerie, Niveau, TypeCodePanne, TypeTarif
from erp_desktop.domain.factures.enums import CodeTaux
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services.administration import calendar, referentials
from erp_desktop.services.administration.referentials import FAILURE_CODES, LEGAL, NEEDS, RATES, SKILLS, VAT
from erp_desktop.services.interventions import failures
from erp_desktop.ui.administration.holiday_bar import HolidayBar
from erp_desktop.ui.administration.people import OF_AGENCY, administers, agency, new_only, pick_agency
from erp_desktop.ui.administration.remove_bar import remove_bar
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values, administrateur
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.table import LABEL, Column
from erp_desktop.ui.lists.spec import Facet, ListSpec
from erp_desktop.ui.wording import value_labels as labels

_FOR_ALL = "Aucune : toutes les agences"


def money(value: Any) -> str:
    return isolate(f"{value:.2f}".replace(".", ","))


def percent(value: Any) -> str:
    return isolate(f"{value.normalize():f} %".replace(".", ","))


def _yes(value: bool) -> str:
    return tr("Oui") if value else tr("Non")


def _months(value: int | None) -> str:
    return number(value) if value else labels.NONE


def _pick_skill(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(referentials.skills(session, acteur, text))


def _pick_parent(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    kind = TypeCodePanne(values.get("type") or TypeCodePanne.PROBLEME)
    return choices(failures.codes(session, acteur, kind, text))


def _active(row: Any) -> tuple[str, str]:
    return ("cloturee", tr("En service")) if row.is_active else ("annulee", tr("Retiré"))


SKILLS_LIST: ListSpec[referentials.SkillRow] = ListSpec(
    title="Compétences", icon="hard-hat", placeholder="Filtrer : domaine:froid, un nom",
    columns=[
        Column("nom", LABEL, 220, lambda r: r.nom, "strong", stretch=True),
        Column("domaine", LABEL, 160, lambda r: r.domaine or labels.NONE),
        Column("necessite_certification", LABEL, 130, lambda r: _yes(r.necessite_certification)),
        Column("duree_validite_mois", LABEL, 120, lambda r: _months(r.duree_validite_mois), "code", numeric=True),
    ],
    row_id=lambda row: row.id, ids=SKILLS.ids, first=SKILLS.first, rows=SKILLS.rows,
    one="1 compétence", many="{n} compétences",
    empty="Aucune compétence ne répond à ces critères", new="Nouvelle compétence", feminine=True,
    form=FormSpec(
        kind="admin-competences", table="competences", icon="hard-hat", new_title="Nouvelle compétence",
        groups=[Group("Compétence", [
            FieldSpec("nom"), FieldSpec("domaine"), FieldSpec("necessite_certification"),
            FieldSpec("duree_validite_mois", placeholder="24"),
            FieldSpec("titulaires", "Techniciens qui l'ont", "info", shown=lambda r: number(r.titulaires),
                      on_create=False),
        ])],
        load=SKILLS.get,
        create=lambda session, acteur, values: SKILLS.create(session, acteur, CompetenceInput(**values)),
        update=SKILLS.update, head=lambda r: Head(code="", title=r.nom, tab=r.nom, plain=r.domaine or ""),
        saved="Compétence enregistrée", created="Compétence créée", may_write=administers, why_not=administrateur,
        bar=remove_bar(SKILLS, "competences", "Compétence supprimée", CompetenceInput),
    ),
    sort="nom", facets=[Facet("domaine", "Domaine")], also=("technicien_competence",), may_create=administers,
    hints=SKILLS.listing.hints,
)  # fmt: skip

CODES_LIST: ListSpec[referentials.CodeRow] = ListSpec(
    title="Codes de panne", icon="warning-circle", placeholder="Filtrer : type:cause, un code, un libellé",
    columns=[
        Column("code", LABEL, 84, lambda r: isolate(r.code), "code"),
        Column("type", LABEL, 84, lambda r: labels.label(TypeCodePanne, r.type)),
        Column("libelle", LABEL, 220, lambda r: r.libelle, "strong", stretch=True),
        Column("parent", "Au-dessous de", 150, lambda r: r.parent or labels.NONE, "muted", hidden=True),
        Column("type_equipement", LABEL, 116, lambda r: r.type_equipement or tr("Tous")),
        Column("is_active", "État", 110, lambda r: _active(r)[1], "pill", value=lambda r: _active(r)[0]),
    ],
    row_id=lambda row: row.id, ids=FAILURE_CODES.ids, rows=FAILURE_CODES.rows, one="1 code", many="{n} codes",
    empty="Aucun code de panne ne répond à ces critères", new="Nouveau code",
    form=FormSpec(
        kind="admin-codes", table="codes_panne", icon="warning-circle", new_title="Nouveau code",
        groups=[Group("Code de panne", [
            FieldSpec("type", writable=new_only, initial="probleme"), FieldSpec("code", placeholder="MEC-01"),
            FieldSpec("libelle"),
            FieldSpec("parent_id", kind="picker", search=_pick_parent, shown=lambda r: r.parent),
            FieldSpec("type_equipement", placeholder="Vide : tous les types"),
            FieldSpec("is_active", "En service", initial=True),
        ])],
        load=FAILURE_CODES.get,
        create=lambda session, acteur, values: FAILURE_CODES.create(session, acteur, CodePanneInput(**values)),
        update=FAILURE_CODES.update,
        head=lambda r: Head(code=r.code, title=r.libelle, tab=r.code, plain=labels.label(TypeCodePanne, r.type)),
        saved="Code enregistré", created="Code créé", may_write=administers, why_not=administrateur,
    ),
    sort="code", facets=[Facet("type", "Type", options=lambda: labels.options(TypeCodePanne))],
    may_create=administers, hints=FAILURE_CODES.listing.hints,
)  # fmt: skip

RATES_LIST: ListSpec[referentials.RateRow] = ListSpec(
    title="Tarifs", icon="tag", placeholder="Filtrer : type:deplacement agence:cas, un libellé",
    columns=[
        Column("libelle", LABEL, 190, lambda r: r.libelle, "strong", stretch=True),
        Column("type_ligne", LABEL, 120, lambda r: labels.label(TypeTarif, r.type_ligne)),
        Column("prix_unitaire", LABEL, 110, lambda r: money(r.prix_unitaire), "figure", numeric=True),
        Column("unite", LABEL, 80, lambda r: r.unite),
        Column("date_debut", "Du", 96, lambda r: isolate(labels.day(r.date_debut)), "code", numeric=True),
        Column("date_fin", "Au", 96, lambda r: isolate(labels.day(r.date_fin)), "code", numeric=True),
        Column("agence", "Agence", 90, lambda r: agency(r.agence)),
    ],
    row_id=lambda row: row.id, ids=RATES.ids, first=RATES.first, rows=RATES.rows, one="1 tarif", many="{n} tarifs",
    empty="Aucun tarif ne répond à ces critères", new="Nouveau tarif",
    form=FormSpec(
        kind="admin-tarifs", table="tarifs", icon="tag", new_title="Nouveau tarif",
        groups=[Group("Tarif", [
            FieldSpec("type_ligne", initial="main_oeuvre"), FieldSpec("libelle", placeholder="Heure de technicien"),
            FieldSpec("prix_unitaire"), FieldSpec("unite", placeholder="h"),
            FieldSpec("taux_tva"), FieldSpec("date_debut"),
            FieldSpec("date_fin", sens=Sens.FUTUR),
            FieldSpec("agence_id", kind="picker", search=pick_agency, shown=lambda r: r.agence, placeholder=_FOR_ALL),
        ])],
        load=RATES.get, create=lambda session, acteur, values: RATES.create(session, acteur, TarifInput(**values)),
        update=RATES.update,
        head=lambda r: Head(code="", title=r.libelle, tab=r.libelle, plain=labels.label(TypeTarif, r.type_ligne)),
        saved="Tarif enregistré", created="Tarif créé", may_write=administers, why_not=administrateur,
        bar=remove_bar(RATES, "tarifs", "Tarif supprimé", TarifInput),
    ),
    sort="libelle",
    facets=[Facet("type", "Type", options=lambda: labels.options(TypeTarif)), OF_AGENCY],
    also=("agences",), may_create=administers, hints=RATES.listing.hints,
)  # fmt: skip

VAT_LIST: ListSpec[referentials.VatRow] = ListSpec(
    title="Taux de TVA", icon="receipt", placeholder="Filtrer : un libellé",
    columns=[
        Column("libelle", LABEL, 220, lambda r: r.libelle, "strong", stretch=True),
        Column("taux", LABEL, 90, lambda r: percent(r.taux), "figure", numeric=True),
        Column("date_debut", "Du", 110, lambda r: isolate(labels.day(r.date_debut)), "code", numeric=True),
        Column("date_fin", "Au", 110, lambda r: isolate(labels.day(r.date_fin)), "code", numeric=True),
    ],
    row_id=lambda row: row.id, ids=VAT.ids, first=VAT.first, rows=VAT.rows, one="1 taux", many="{n} taux",
    empty="Aucun taux ne répond à ces critères", new="Nouveau taux",
    form=FormSpec(
        kind="admin-tva", table="taux_tva", icon="receipt", new_title="Nouveau taux",
        groups=[Group("Taux de TVA", [
            FieldSpec("libelle", placeholder="Taux normal"), FieldSpec("taux"), FieldSpec("date_debut"),
            FieldSpec("date_fin", sens=Sens.FUTUR),
        ])],
        load=VAT.get, create=lambda session, acteur, values: VAT.create(session, acteur, TauxTvaInput(**values)),
        update=VAT.update, head=lambda r: Head(code="", title=r.libelle, tab=r.libelle, plain=percent(r.taux)),
        saved="Taux enregistré", created="Taux créé", may_write=administers, why_not=administrateur,
        bar=remove_bar(VAT, "taux_tva", "Taux supprimé", TauxTvaInput),
    ),
    sort="date_debut", descending=True, may_create=administers,
)  # fmt: skip


def _threshold(row: Any) -> str:
    return money(row.seuil) if row.seuil is not None else labels.NONE


LEGAL_LIST: ListSpec[referentials.LegalRow] = ListSpec(
    title="Taux légaux", icon="receipt", placeholder="Filtrer : code:ras_tva, un libellé",
    columns=[
        Column("libelle", LABEL, 260, lambda r: r.libelle, "strong", stretch=True),
        Column("code", LABEL, 190, lambda r: labels.label(CodeTaux, r.code)),
        Column("taux", LABEL, 84, lambda r: percent(r.taux), "figure", numeric=True),
        Column("seuil", LABEL, 120, _threshold, "code", numeric=True, leaves=1),
        Column("date_debut", "Du", 104, lambda r: isolate(labels.day(r.date_debut)), "code", numeric=True),
        Column("date_fin", "Au", 104, lambda r: isolate(labels.day(r.date_fin)), "code", numeric=True),
    ],
    row_id=lambda row: row.id, ids=LEGAL.ids, first=LEGAL.first, rows=LEGAL.rows,
    one="1 taux légal", many="{n} taux légaux",
    empty="Aucun taux ne répond à ces critères", new="Nouveau taux",
    form=FormSpec(
        kind="admin-legaux", table="taux_legaux", icon="receipt", new_title="Nouveau taux",
        groups=[Group("Taux légal", [
            FieldSpec("code", initial="ras_tva"), FieldSpec("libelle", placeholder="Clients de l'État"),
            FieldSpec("taux"), FieldSpec("seuil", placeholder="Vide : dès le premier dirham"),
            FieldSpec("date_debut"), FieldSpec("date_fin", sens=Sens.FUTUR),
        ])],
        load=LEGAL.get,
        create=lambda session, acteur, values: LEGAL.create(session, acteur, TauxLegalInput(**values)),
        update=LEGAL.update,
        head=lambda r: Head(code="", title=r.libelle, tab=r.libelle, plain=labels.label(CodeTaux, r.code)),
        saved="Taux enregistré", created="Taux créé", may_write=administers, why_not=administrateur,
        bar=remove_bar(LEGAL, "taux_legaux", "Taux supprimé", TauxLegalInput),
    ),
    sort="date_debut", descending=True, facets=[Facet("code", "Code", options=lambda: labels.options(CodeTaux))],
    may_create=administers, hints=LEGAL.listing.hints,
)  # fmt: skip


def _sure(row: Any) -> tuple[str, str]:
    return ("en_attente", tr("À confirmer")) if row.provisoire else ("cloturee", tr("Confirmé"))


HOLIDAYS_LIST: ListSpec[calendar.HolidayRow] = ListSpec(
    title="Jours fériés", icon="calendar-dots", placeholder="Filtrer : annee:2027 etat:provisoire, un nom",
    columns=[
        Column("jour", LABEL, 110, lambda r: isolate(labels.day(r.jour)), "code", numeric=True),
        Column("libelle", LABEL, 220, lambda r: r.libelle, "strong", stretch=True),
        Column("duree", "Durée", 120, lambda r: labels.label(DureeFerie, r.duree)),
        Column("provisoire", "État", 130, lambda r: _sure(r)[1], "pill", value=lambda r: _sure(r)[0]),
        Column("agence", "Agence", 110, lambda r: agency(r.agence)),
    ],
    row_id=lambda row: row.id, ids=calendar.ids, rows=calendar.rows, one="1 jour", many="{n} jours",
    empty="Aucun jour férié ne répond à ces critères", new="Nouveau jour férié",
    form=FormSpec(
        kind="admin-feries", table="jours_feries", icon="calendar-dots", new_title="Nouveau jour férié",
        groups=[Group("Jour férié", [
            FieldSpec("jour", sens=Sens.FUTUR), FieldSpec("libelle"),
            FieldSpec("agence_id", kind="picker", search=pick_agency, shown=lambda r: r.agence, placeholder=_FOR_ALL,
                      writable=new_only),
            FieldSpec("provisoire"),
            FieldSpec("ouvert", "Reste ouvert", writable=new_only, placeholder="08:30-12:30 pour une demi-journée"),
        ])],
        load=calendar.get,
        create=lambda session, acteur, values: calendar.create(session, acteur, FerieInput(**values)),
        update=calendar.update,
        head=lambda r: Head(code="", title=r.libelle, tab=r.libelle, status=_sure(r),
                            plain=isolate(labels.day(r.jour))),
        saved="Jour férié enregistré", created="Jour férié ajouté", may_write=administers, why_not=administrateur,
        bar=HolidayBar,
    ),
    sort="jour", descending=True,
    facets=[
        Facet("etat", "État", options=lambda: [("provisoire", tr("À confirmer")), ("confirme", tr("Confirmé"))]),
        Facet("annee", "Année"), OF_AGENCY,
    ],
    also=("agences",), may_create=administers, hints=calendar.hints,
)  # fmt: skip

NEEDS_LIST: ListSpec[referentials.NeedRow] = ListSpec(
    title="Compétences requises", icon="shield-check", placeholder="Filtrer : agence:cas, un type d'équipement",
    columns=[
        Column("type_equipement", LABEL, 200, lambda r: r.type_equipement, "strong", stretch=True),
        Column("competence", "Compétence", 180, lambda r: r.competence),
        Column("niveau", "Au moins", 120, lambda r: labels.label(Niveau, r.niveau)),
        Column("agence", "Agence", 100, lambda r: agency(r.agence)),
    ],
    row_id=lambda row: row.id, ids=NEEDS.ids, first=NEEDS.first, rows=NEEDS.rows,
    one="1 exigence", many="{n} exigences",
    empty="Aucune compétence ne répond à ces critères", blank="Aucune compétence n'est exigée",
    new="Nouvelle exigence", feminine=True,
    form=FormSpec(
        kind="admin-exigences", table="competences_requises", icon="shield-check", new_title="Nouvelle exigence",
        groups=[Group("Exigence", [
            FieldSpec("type_equipement", placeholder="Groupe froid"),
            FieldSpec("competence_id", kind="picker", search=_pick_skill, shown=lambda r: r.competence),
            FieldSpec("niveau"),
            FieldSpec("agence_id", kind="picker", search=pick_agency, shown=lambda r: r.agence, placeholder=_FOR_ALL),
        ])],
        load=NEEDS.get, create=lambda session, acteur, values: NEEDS.create(session, acteur, ExigenceInput(**values)),
        update=NEEDS.update,
        head=lambda r: Head(code="", title=r.type_equipement, tab=r.type_equipement, plain=r.competence),
        saved="Exigence enregistrée", created="Exigence ajoutée", may_write=administers, why_not=administrateur,
        bar=remove_bar(NEEDS, "competences_requises", "Exigence retirée", ExigenceInput),
    ),
    sort="type_equipement", facets=[OF_AGENCY], also=("agences", "competences"),
    may_create=administers, hints=NEEDS.listing.hints,
)  # fmt: skip
