"""Preventive plans: list with their year, and form with the model of their visits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics, QPainter

from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import AncrePlanning, Frequence, StatutPlanning
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.preventif import rythme
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.services.checklists import models as checklists
from erp_desktop.services.preventif import form as plan
from erp_desktop.services.preventif import list as plans
from erp_desktop.services.preventif import pickers
from erp_desktop.services.preventif.list import PlanLigne
from erp_desktop.services.preventif.year import Mark
from erp_desktop.services.shared import choices as choix
from erp_desktop.ui.audit.tab import history_of
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import Choices, FieldSpec, FormSpec, Group, Head, Values, responsable
from erp_desktop.ui.kit import paint
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.spec import Facet, ListSpec, Shortcut
from erp_desktop.ui.preventif.bar import PlanBar
from erp_desktop.ui.preventif.dates import DatesTab
from erp_desktop.ui.preventif.parts import PartsTab
from erp_desktop.ui.wording import value_labels as labels


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A row of the list with its year."""

    plan: PlanLigne
    marks: list[Mark] = field(default_factory=list)


def rhythm(row: PlanLigne) -> str:
    """How often, in a word."""
    if row.ancre == AncrePlanning.COMPTEUR:
        return tr("tous les {seuil}", seuil=isolate(row.seuil))
    word = labels.label(Frequence, row.frequence)
    return tr("{mot}, après clôture", mot=word) if row.ancre == AncrePlanning.CLOTURE else word


def next_day(row: PlanLigne) -> str:
    words = isolate(labels.day(row.prochaine)) if row.prochaine else labels.NONE
    return f"{words} · {tr('{n} j de retard', n=number(row.retard))}" if row.retard else words


def late_words(row: PlanLigne) -> str:
    return tr("{n} j", n=isolate(number(row.retard)))


def _draw_next(painter: QPainter, rect: QRect, row: PlanRow, rtl: bool) -> None:
    """The day, then on a red badge by how many days it is late."""
    look, plan = theme(), row.plan
    words = isolate(labels.day(plan.prochaine)) if plan.prochaine else labels.NONE
    font, ink = look.font("body", tabular=True), "semantic.danger.text" if plan.retard else "text.secondary"
    paint.text(painter, rect, words, rtl=rtl, font=font, colour=look.color(ink))
    if plan.retard:
        wide = QFontMetrics(font).horizontalAdvance(words) + 7
        paint.badge(painter, paint.visual(rtl, rect, rect.adjusted(wide, 0, 0, 0)), late_words(plan), "danger",
                    rtl=rtl)  # fmt: skip


def hours(minutes: int | None) -> str:
    """``1 h 30`` of minutes."""
    if not minutes:
        return labels.NONE
    whole, rest = divmod(minutes, 60)
    return f"{isolate(str(whole))} {tr('h')}" + (f" {isolate(f'{rest:02d}')}" if rest else "")


COLUMNS: list[Column[PlanRow]] = [
    Column("titre", "Plan", 130, lambda r: r.plan.titre, "strong", wide=170),
    Column("equipement", "Équipement", 120, lambda r: f"{r.plan.equipement} · {isolate(r.plan.code)}", wide=200,
           full=lambda r: f"{r.plan.equipement} · {r.plan.code} · {r.plan.client}",
           draw=lambda painter, rect, r, rtl: paint.two_lines(
               painter, rect, r.plan.equipement, f"{r.plan.client} · {isolate(r.plan.code)}", rtl=rtl)),
    Column("client", "Client", 120, lambda r: r.plan.client, hidden=True, wide=170),
    Column("frequence", "Fréquence", 104, lambda r: rhythm(r.plan), "muted", wide=130),
    Column("prochaine", "Prochaine", 142, lambda r: next_day(r.plan), "code", numeric=True, wide=150,
           draw=_draw_next),
    Column("duree", "Durée", 58, lambda r: hours(r.plan.duree), "code", numeric=True),
    Column("statut", "Statut", 84, lambda r: labels.label(StatutPlanning, r.plan.statut), hidden=True),
]  # fmt: skip


def _machines(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.equipements(session, acteur, text))


def _checklists(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(checklists.choix(session, acteur, text))


def _skills(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(pickers.competences(session, acteur, text))


def _people(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.techniciens(session, acteur, text))


def _meters(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    machine = values.get("equipement_id")
    return choices(pickers.compteurs(session, acteur, text, machine)) if machine else []


def _may_write(acteur: Acteur, record: Any) -> bool:
    over = record is not None and record.statut == StatutPlanning.TERMINE
    return roles.peut(acteur.role, roles.Droit.PREVENTIF_ECRIRE) and not over


def _why_not(acteur: Acteur, record: Any) -> str:
    if record is not None and record.statut == StatutPlanning.TERMINE:
        return "Ce plan est terminé : faites-en un autre."
    return responsable(acteur, record)


def _new_only(_acteur: Acteur, record: Any) -> bool:
    return record is None


def _months() -> list[tuple[str, str]]:
    names = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
             "novembre", "décembre")  # fmt: skip
    return [("", labels.NONE), *((str(n), tr(name)) for n, name in enumerate(names, 1))]


def _head(record: Any) -> Head:
    return Head(
        code=record.equipement, title=record.modele_titre, tab=record.modele_titre,
        plain=" · ".join([labels.label(StatutPlanning, record.statut), record.client]),
    )  # fmt: skip


FORM = FormSpec(
    kind="preventif",
    table="plannings",
    icon="calendar-check",
    new_title="Nouveau plan",
    groups=[
        Group("Plan", [
            FieldSpec("equipement_id", search=_machines, shown=lambda r: r.equipement, writable=_new_only,
                      clears=("compteur_id",)),
            FieldSpec("ancre"),
            FieldSpec("frequence", initial="mensuel"),
            FieldSpec("recurrence", placeholder=rythme.EXEMPLE),
            FieldSpec("date_debut", sens=Sens.FUTUR),
            FieldSpec("date_fin", sens=Sens.FUTUR),
            FieldSpec("compteur_id", search=_meters, shown=lambda r: r.compteur or ""),
            FieldSpec("seuil", kind="decimal", placeholder="500"),
        ]),
        Group("Saison et tolérance", [
            FieldSpec("saison_debut", kind="choice", options=_months),
            FieldSpec("saison_fin", kind="choice", options=_months),
            FieldSpec("report_ferie", initial="apres"),
            FieldSpec("tolerance_avant", placeholder="0"),
            FieldSpec("tolerance_apres", placeholder="0"),
            FieldSpec("horizon_jours", placeholder=str(rythme.HORIZON)),
        ]),
        Group("Intervention à créer", [
            FieldSpec("modele_titre", placeholder="Ce qu'il y a à faire, en une ligne"),
            FieldSpec("modele_type"),
            FieldSpec("modele_priorite"),
            FieldSpec("modele_duree_estimee"),
            FieldSpec("checklist_id", search=_checklists, shown=lambda r: r.checklist or ""),
            FieldSpec("competence_id", search=_skills, shown=lambda r: r.competence or ""),
            FieldSpec("technicien_prefere_id", search=_people, shown=lambda r: r.technicien_prefere or ""),
            FieldSpec("modele_description", placeholder="Gamme, accès, consignation…"),
        ]),
    ],
    load=plan.get,
    create=lambda session, acteur, values: plan.create(session, acteur, PlanInput(**values)),
    update=plan.update,
    head=_head,
    saved="Plan enregistré",
    created="Plan créé",
    may_write=_may_write,
    why_not=_why_not,
    bar=PlanBar,
    tabs=[("Échéances", DatesTab), ("Pièces", PartsTab), history_of("plannings")],
)  # fmt: skip

LISTE: ListSpec[PlanRow] = ListSpec(
    title="Préventif",
    icon="calendar-check",
    placeholder="Filtrer : retard:oui statut:actif client:atlas, un plan, un équipement",
    columns=COLUMNS,
    row_id=lambda row: row.plan.id,
    ids=plans.ids,
    first=plans.first,
    places=plans.PLACES,
    rows=lambda session, acteur, ids: [PlanRow(line) for line in plans.rows(session, acteur, ids)],
    one="1 plan",
    many="{n} plans",
    hints=plans.indices,
    empty="Aucun plan ne répond à ces critères",
    blank="Aucun plan de maintenance",
    serves="Un plan crée ses interventions tout seul, à la fréquence choisie.",
    new="Nouveau plan",
    form=FORM,
    sort="prochaine",
    facets=[
        Facet("statut", "Statut",
              options=lambda: [(s, labels.label(StatutPlanning, s)) for s in ("actif", "suspendu", "termine")]),
        Facet("frequence", "Fréquence", options=lambda: labels.options(Frequence)),
        Facet("ancre", "Compté depuis", options=lambda: labels.options(AncrePlanning)),
        Facet("retard", "Retard", options=lambda: [("oui", tr("En retard"))], shown=False),
        Facet("client", "Client"),
        Facet("equipement", "Équipement"),
        Facet("agence", "Agence"),
    ],
    shortcuts=[Shortcut("retard", "oui", "En retard", "warning")],
    also=("occurrences", "interventions", "equipements"),
    may_create=lambda acteur: roles.peut(acteur.role, roles.Droit.PREVENTIF_ECRIRE),
)  # fmt: skip
