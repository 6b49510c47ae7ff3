"""Who did what, when, with the values before and after."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from erp_desktop.services import interventions
from erp_desktop.services.interventions import HistoriqueInfo
from erp_desktop.ui.audit.part import HistoryPart, line
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.i18n import became, tr
from erp_desktop.ui.wording import value_labels


def claimed(entry: HistoriqueInfo) -> str:
    """What a poste says of an act is a claim: where it was made, and when head office heard of it; else nothing."""
    if not entry.poste:
        return ""
    if entry.recu_a is None:
        return tr("déclaré au poste {poste}, pas encore reçu au siège", poste=entry.poste)
    when = value_labels.instant(entry.recu_a, year=True)
    return tr("déclaré au poste {poste}, reçu au siège le {quand}", poste=entry.poste, quand=when)


class HistoryTab(HistoryPart[HistoriqueInfo]):
    """The audit of one intervention, newest first."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__(panel, interventions.historique, _act)


def _act(entry: HistoriqueInfo) -> QWidget:
    what = tr(entry.action)
    if entry.champ:
        what += f" · {entry.champ}"
    values = []
    if entry.avant or entry.apres:
        values.append(became(entry.avant or value_labels.NONE, entry.apres or value_labels.NONE))
    if entry.remarque:
        values.append(entry.remarque)
    who = f"{value_labels.instant(entry.horodatage, year=True)} · {entry.auteur or tr('auteur inconnu')}"
    return line(what, values, f"{who} · {claim}" if (claim := claimed(entry)) else who)
