"""The form of an intervention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from erp_desktop.domain.dates import Sens
from erp_desktop.domain.enums import Imputation, Priorite, Role, Statut, TypeTemps
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.services import interventions
from erp_desktop.services.checklists import models as checklists
from erp_desktop.services.interventions import failures, models
from erp_desktop.services.planning import slots
from erp_desktop.services.shared import choices as choix
from erp_desktop.services.shared import proposals
from erp_desktop.ui.arrets.tab import DowntimeTab
from erp_desktop.ui.documents.tab import DocumentsTab
from erp_desktop.ui.forms.choices import choices
from erp_desktop.ui.forms.spec import ADD, REPLACE, Choices, FieldSpec, FormSpec, Group, Head, Proposal, Values
from erp_desktop.ui.interventions.acts import ActsBar
from erp_desktop.ui.interventions.checklist import ChecklistTab
from erp_desktop.ui.interventions.history import HistoryTab
from erp_desktop.ui.interventions.lines import LinesTab
from erp_desktop.ui.interventions.other_acts import linked
from erp_desktop.ui.interventions.reception import ReceptionTab
from erp_desktop.ui.interventions.sla import begun_words, next_sla, sla_told
from erp_desktop.ui.interventions.times import TimesTab
from erp_desktop.ui.kit.i18n import isolate, number, tr
from erp_desktop.ui.printing.bons import print_bons
from erp_desktop.ui.wording import value_labels

Search = Callable[[Any, Acteur, str, Values], Choices]


def _clients(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(choix.clients(session, acteur, text))


def _equipment(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    return choices(choix.equipements(session, acteur, text, client_id=values.get("client_id")))


def _technicians(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    return choices(choix.techniciens(session, acteur, text, quand=values.get("date_planifiee")))


def _contracts(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    client = values.get("client_id")
    return choices(choix.contrats(session, acteur, text, client_id=client)) if client else []


def _checklists(session: Any, acteur: Acteur, text: str, _values: Values) -> Choices:
    return choices(checklists.choix(session, acteur, text))


def _origins(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
    return choices(models.origins(session, acteur, text, values.get("equipement_id"), values.get("client_id")))


def _code(name: str) -> Search:
    """Failure codes of the field's kind that fit the machine."""
    kind = failures.FIELDS[name]

    def search(session: Any, acteur: Acteur, text: str, values: Values) -> Choices:
        return choices(failures.codes(session, acteur, kind, text, values.get("equipement_id")))

    return search


def _contract_of(session: Any, acteur: Acteur, machine: Any) -> Proposal | None:
    """The contract that covers the machine; one that the client only has is said, not filled in."""
    found = proposals.proposer(session, acteur, machine)
    if not found:
        return None
    first = found[0]
    end = value_labels.day(first.au)

    def why() -> str:
        return tr("{numero} {raison}.", numero=isolate(first.numero), raison=tr(first.raison, au=isolate(end)))

    return Proposal(first.contrat_id if first.sure else None, first.numero, why)


def _charged(record: Any) -> str:
    """``Au contrat (12 sur 36)``, ``À facturer : 37 sur 36``; nothing before the work began."""
    charge = record.charge
    if charge is None:
        return value_labels.NONE
    words = value_labels.label(Imputation, charge.imputation)
    if charge.interventions_incluses is not None:
        used = tr("{n} sur {total}", n=number(charge.interventions), total=number(charge.interventions_incluses))
        words = f"{words} · {used}"
    return f"{words} · {tr('décidé')}" if charge.decidee else words


def _planner(acteur: Acteur, record: Any) -> bool:
    return acteur.role != Role.TECHNICIEN and _open(acteur, record)


def _open(_acteur: Acteur, record: Any) -> bool:
    return record is None or Statut(record.statut) not in TERMINES


def _not_summed(kind: TypeTemps) -> Callable[[Acteur, Any], bool]:
    """Typed as long as no time of that kind is noted."""
    return lambda acteur, record: _open(acteur, record) and (record is None or kind not in record.temps)


def _always(_acteur: Acteur, _record: Any) -> bool:
    return True


def _head(record: Any) -> Head:
    state, share, words = next_sla(record)
    return Head(
        code=record.numero, title=record.titre, tab=record.numero,
        status=(record.statut, value_labels.label(Statut, record.statut)),
        priority=(record.priorite, value_labels.label(Priorite, record.priorite)),
        sla=(state, share, words), sla_told=sla_told(record),
    )  # fmt: skip


def _may_write(acteur: Acteur, _record: Any) -> bool:
    return acteur.role != Role.CLIENT


GROUPS = [
    Group("Demande et affectation", [
        FieldSpec("titre", placeholder="Ce qui ne va pas, en une ligne", writable=_planner),
        FieldSpec("client_id", search=_clients, shown=lambda r: r.client,
                  clears=("equipement_id", "contrat_id"), writable=_planner),
        FieldSpec("equipement_id", search=_equipment, shown=lambda r: r.equipement,
                  proposes=_contract_of, proposes_for="contrat_id", writable=_planner),
        FieldSpec("contact", "Contact", "info", shown=lambda r: r.contact or "", on_create=False),
        FieldSpec("telephone", "Téléphone", "info", shown=lambda r: isolate(r.telephone), on_create=False),
        FieldSpec("contrat_id", search=_contracts, shown=lambda r: r.contrat or "",
                  writable=_planner, bulk=REPLACE),
        FieldSpec("charge", "Imputation", "info", shown=_charged, on_create=False),
        FieldSpec("type", writable=_planner, bulk=REPLACE),
        FieldSpec("priorite",
                  writable=_planner, bulk=REPLACE),
        FieldSpec("technicien_id", search=_technicians, shown=lambda r: r.technicien or "",
                  writable=_planner, bulk=REPLACE),
        FieldSpec("date_planifiee", sens=Sens.FUTUR, writable=_planner, bulk=REPLACE),
        FieldSpec("prise", "À prendre en charge avant", "info", shown=begun_words, on_create=False),
        FieldSpec("echeance", "Échéance", "info", shown=lambda r: value_labels.instant(r.date_limite, year=True),
                  on_create=False),
        FieldSpec("duree_estimee", writable=_planner),
        FieldSpec("checklist_id", kind="picker", search=_checklists, shown=lambda r: r.checklist,
                  writable=lambda _acteur, record: record is None),
        FieldSpec("origine_id", kind="picker", search=_origins, shown=lambda r: r.origine, writable=_planner),
        FieldSpec("suites", "Suivie de", "info", shown=linked, on_create=False),
        FieldSpec("description", placeholder="Circonstances, accès, contact sur place…",
                  writable=_planner),
    ]),
    Group("Compte rendu", [
        FieldSpec("diagnostic", placeholder="Symptôme, cause, mesure…", writable=_open),
        FieldSpec("probleme_id", kind="picker", search=_code("probleme_id"), shown=lambda r: r.probleme,
                  writable=_open, on_create=False),
        FieldSpec("cause_id", kind="picker", search=_code("cause_id"), shown=lambda r: r.cause, writable=_open,
                  on_create=False),
        FieldSpec("travaux_realises", writable=_open,
                  placeholder="Obligatoire pour clôturer, sauf si un diagnostic est saisi"),
        FieldSpec("remede_id", kind="picker", search=_code("remede_id"), shown=lambda r: r.remede, writable=_open,
                  on_create=False),
        FieldSpec("recommandations", lines=2, writable=_open),
        FieldSpec("duree_reelle", on_create=False, writable=_not_summed(TypeTemps.TRAVAIL)),
        FieldSpec("temps_deplacement", on_create=False, writable=_not_summed(TypeTemps.TRAJET)),
        FieldSpec("notes_internes", lines=2, placeholder="Jamais imprimées",
                  writable=_always, bulk=ADD),
    ]),
]  # fmt: skip

FORM = FormSpec(
    kind="interventions",
    table="interventions",
    icon="note-pencil",
    new_title="Nouvelle intervention",
    groups=GROUPS,
    load=interventions.get,
    create=lambda session, acteur, values: interventions.create(session, acteur, InterventionInput(**values)),
    update=interventions.update,
    head=_head,
    saved="Intervention enregistrée",
    created="Intervention créée",
    may_write=_may_write,
    bar=ActsBar,
    printing=print_bons,
    copies=models.copy_of,
    warns=slots.warnings,
    tabs=[
        ("Lignes", LinesTab),
        ("Checklist", ChecklistTab),
        ("Temps", TimesTab),
        ("Arrêts", DowntimeTab),
        ("Réception", ReceptionTab),
        ("Documents", DocumentsTab),
        ("Historique", HistoryTab),
    ],
)
