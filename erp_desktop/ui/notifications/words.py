"""How events are said, drawn and opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from erp_desktop.domain.enums import EvenementNotification
from erp_desktop.services.notifications import NotificationInfo
from erp_desktop.services.notifications.events import PLUSIEURS, PRISE_EN_CHARGE
from erp_desktop.services.notifications.reading import REPORT_FAILED
from erp_desktop.ui.kinds import kind_of
from erp_desktop.ui.kit.i18n import colon, isolate, number, said, tr
from erp_desktop.ui.wording import value_labels

ICONS = {
    "affectation": ("user-circle-check", "accent.text"), "sla_proche": ("hourglass-medium", "semantic.warning.text"),
    "sla_depasse": ("warning-octagon", "semantic.danger.text"), "conflit": ("git-merge", "semantic.danger.text"),
    "refus": ("prohibit", "semantic.danger.text"), "stock_minimum": ("package", "semantic.warning.text"),
    "contrat_echeance": ("file-text", "semantic.info.text"),
    REPORT_FAILED: ("envelope-simple", "semantic.danger.text"),
}  # fmt: skip
INBOX = "conflits"
_COUNTED = {
    "affectation": ("1 affectation", "{n} affectations"),
    "sla_proche": ("1 échéance proche", "{n} échéances proches"),
    "sla_depasse": ("1 retard", "{n} retards"), "conflit": ("1 conflit", "{n} conflits"),
    "refus": ("1 refus du centre", "{n} refus du centre"),
    "stock_minimum": ("1 pièce sous le minimum", "{n} pièces sous le minimum"),
    "contrat_echeance": ("1 contrat à échéance", "{n} contrats à échéance"),
    REPORT_FAILED: ("1 rapport non envoyé", "{n} rapports non envoyés"),
}  # fmt: skip
ALONE = 2
"""Up to so many notices at once are said one by one; more are counted."""


def event(one: NotificationInfo) -> str:
    if one.evenement == REPORT_FAILED:
        return tr("Rapport non envoyé")
    return value_labels.label(EvenementNotification, one.evenement)


def object_name(one: NotificationInfo) -> str:
    """The name of what a notice is about; of a refusal, the centre's sentence in the language in force."""
    if not one.contenu:
        return ""
    name = one.contenu.removeprefix(PRISE_EN_CHARGE)
    if name != one.contenu:
        return tr("Prise en charge : {objet}", objet=isolate(name))
    if (several := conflicts(one)) > 1:
        name = one.contenu.partition(PLUSIEURS)[2]
        told = tr(_COUNTED["conflit"][1], n=number(several))
        return f"{isolate(name)} · {told}" if name else told
    return said(one.contenu) if one.evenement == EvenementNotification.REFUS else isolate(one.contenu)


def conflicts(one: NotificationInfo) -> int:
    """How many conflicts of its record a notice tells of; one of anything else."""
    several, between, _name = one.contenu.partition(PLUSIEURS)
    told = one.evenement == EvenementNotification.CONFLIT and between and several.isdecimal()
    return int(several) if told else 1


def _bare(one: NotificationInfo) -> str:
    """The name of what it is about, whichever of its deadlines is meant."""
    return one.contenu.removeprefix(PRISE_EN_CHARGE)


def opens(one: NotificationInfo) -> tuple[str, int | None]:
    """What a click opens: a kind of record and its identifier, or a section and None."""
    if one.evenement == REPORT_FAILED:
        return "composer", None
    if one.evenement in (EvenementNotification.CONFLIT, EvenementNotification.REFUS):
        return INBOX, None
    kind = kind_of(one.objet_table)
    return (kind, one.objet_id) if kind is not None else ("", None)


def announcement(news: Sequence[NotificationInfo]) -> tuple[str, str]:
    """Title and text of one message for all that is new: each by name, or how many of each kind.

    What several notices are about is named once, with all that happened to it.
    """
    if len(news) <= ALONE:
        if len(news) > 1 and len({(one.objet_table, one.objet_id, _bare(one)) for one in news}) == 1:
            if len({one.evenement for one in news}) == 1 and news[0].contenu != news[1].contenu:
                both = tr("{quoi} (prise en charge et résolution)", quoi=event(news[0]))
                return both, isolate(_bare(news[0]))
            happened = [event(one) if _bare(one) == one.contenu else tr("{quoi} (prise en charge)", quoi=event(one))
                        for one in news]  # fmt: skip
            plain = [one for one in news if _bare(one) == one.contenu]
            return " · ".join(dict.fromkeys(happened)), object_name(plain[0]) if plain else isolate(_bare(news[0]))
        return event(news[0]), "\n".join(
            object_name(one) if one.evenement == news[0].evenement else f"{event(one)}{colon()}{object_name(one)}"
            for one in news
        )
    counts: Counter[str] = Counter()
    for one in news:
        counts[one.evenement] += conflicts(one)
    said = [
        tr(words[0]) if counts[kind] == 1 else tr(words[1], n=number(counts[kind]))
        for kind, words in _COUNTED.items() if counts[kind]
    ]  # fmt: skip
    return tr("{n} notifications", n=number(len(news))), tr(", ").join(said)
