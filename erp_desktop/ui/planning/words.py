"""What the planning says, in the language in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from erp_desktop import clock
from erp_desktop.domain import enums, sla
from erp_desktop.domain.people import horaires
from erp_desktop.services.planning.data import Board, Card, Person, Problem, Visit, Waiting
from erp_desktop.services.planning.postpone import Later
from erp_desktop.services.planning.suggestion import MINUTES, Suggestion
from erp_desktop.ui.kit.i18n import comma, isolate, language, number, tr
from erp_desktop.ui.wording import value_labels

_DAYS = ("Lun", "Mar", "Mer", "Jeu", "Ven", "Sam", "Dim")
_LONG = ("Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi", "Dimanche")
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip

KEYS = (
    ("Tab", "Carte suivante"),
    ("Entrée", "Soulever la carte, puis la déposer"),
    ("← →", "Un quart d'heure avant, après"),
    ("↑ ↓", "Technicien précédent, suivant"),
    ("Ctrl ← →", "Un jour avant, après"),
    ("Maj ← →", "Raccourcir, allonger (ou − et +)"),
    ("Origine Fin", "À l'ouverture, à la fermeture"),
    ("Ctrl Entrée", "Déposer une copie : un renfort, un autre jour"),
    ("Échap", "Remettre la carte à sa place"),
    ("Suppr", "Retirer du planning"),
    ("Espace", "Choisir plusieurs cartes"),
    ("R", "Qui et quand"),
    ("P", "Repousser, d'une heure ou à la prochaine place libre"),
    ("V", "Verrouiller le créneau"),
    ("A", "Absences du technicien"),
    ("O", "Ouvrir l'intervention"),
    ("J S", "Jour, semaine"),
    ("T", "Aujourd'hui"),
)
"""What F1 shows of the board."""


def short_day(jour: date) -> str:
    """``Lun 16``."""
    return f"{tr(_DAYS[jour.weekday()])} {jour.day}"


def own_hours(written: str) -> tuple[str, bool]:
    """What the planning understands of a technicien's hours: ``Lun – Ven 08:00 – 12:00 · Sam – Dim repos``."""
    week = horaires.lire(written)
    if week is None:
        return tr("Le planning ne lit pas ces horaires et suit ceux de l'agence. Exemple : {exemple}",
                  exemple=isolate(horaires.EXEMPLE)), False  # fmt: skip
    told = []
    for first, last, spans in horaires.groupes(week):
        days = tr(_DAYS[first]) if first == last else f"{tr(_DAYS[first])} – {tr(_DAYS[last])}"
        hours = comma().join(isolate(f"{sla.ecrire_heure(a)} – {sla.ecrire_heure(b)}") for a, b in spans)
        told.append(f"{days} {hours or tr('repos')}")
    return tr("Compris : {horaires}, dans ceux de l'agence", horaires=" · ".join(told)), True


def long_day(jour: date) -> str:
    """``Mardi 17 novembre 2026``."""
    return f"{tr(_LONG[jour.weekday()])} {jour.day} {tr(_MONTHS[jour.month - 1])} {jour.year}"


def week(first: date, last: date) -> str:
    """``Semaine 47 · 16 – 21 novembre 2026``."""
    begin = f"{first.day}" if first.month == last.month else f"{first.day} {tr(_MONTHS[first.month - 1])}"
    number = tr("Semaine {n}", n=first.isocalendar().week)
    return f"{number} · {begin} – {last.day} {tr(_MONTHS[last.month - 1])} {last.year}"


def hour(instant: datetime) -> str:
    return clock.local(instant).strftime("%H:%M")


def span(debut: datetime, fin: datetime) -> str:
    """``09:00 – 17:00``, with the days when it lasts longer than one."""
    a, b = clock.local(debut), clock.local(fin)
    if a.date() == b.date():
        return isolate(f"{a:%H:%M} – {b:%H:%M}")
    return isolate(f"{a:%d/%m %H:%M} – {b:%d/%m %H:%M}")


def counted(waiting: Waiting) -> str:
    """``248``, or ``1 000+`` where no more are counted."""
    return isolate(number(waiting.total) + "+" * waiting.over)


def length(minutes: int) -> str:
    """``3 h``, ``2 h 30``, ``45 min``."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{isolate(str(rest))} {tr('min')}"
    if not rest:
        return f"{isolate(str(hours))} {tr('h')}"
    if language() == "ar":
        return f"{isolate(f'{hours}:{rest:02}')} {tr('h')}"
    return f"{hours} {tr('h')} {rest:02}"


def _spoken(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What fills a sentence of the services: levels and minutes in words, the rest as it is."""
    made = {}
    for key, value in values:
        if key == "niveau":
            made[key] = value_labels.label(enums.Niveau, value).lower()
        else:
            # No line ends inside « 20 h 30 ».
            made[key] = length(int(value)).replace(" ", "\u00a0") if key in MINUTES else isolate(value)
    return made


def problem(found: Problem) -> str:
    return tr(found.modele, **_spoken(found.valeurs))


def problems(found: Iterable[Problem]) -> str:
    return " ".join(problem(p) for p in found)


def suggestion(found: Suggestion) -> str:
    """Why, in one line."""
    said = comma().join(tr(model, **_spoken(values)) for model, values in found.parts)
    return said[:1].upper() + said[1:]


def when(found: Suggestion | Later) -> str:
    """``Lun 23/11 · 09:00 – 12:00``, ``Lun 23/11 14:00 – 24/11 10:00``."""
    jour = clock.local(found.debut).date()
    day, hours = tr(_DAYS[jour.weekday()]), span(found.debut, found.fin)
    if clock.local(found.fin).date() != jour:
        return f"{day} {hours}"
    return f"{day} {isolate(f'{jour:%d/%m}')} · {hours}"


def later(found: Later) -> str:
    """``Repousser de 1 h : 11:00 – 13:00``, with the day when it is another one."""
    a, b = clock.local(found.asked), clock.local(found.debut)
    if a.date() != b.date():
        return tr("Repousser : {place}", place=when(found))
    by = length(int((b - a).total_seconds() // 60))
    return tr("Repousser de {duree} : {place}", duree=by, place=span(found.debut, found.fin))


def later_asked(found: Later) -> str:
    """The same as a question, as short as a card is."""
    a, b = clock.local(found.asked), clock.local(found.debut)
    if a.date() != b.date():
        return tr("repousser à {jour} ?", jour=f"{short_day(b.date())} {isolate(hour(found.debut))}")
    return tr("repousser de {duree} ?", duree=length(int((b - a).total_seconds() // 60)))


def left(found: Visit) -> str:
    """What is left of a visit's delay; of the one by which work is to begin, its name as well."""
    told = value_labels.remaining(found.sla_reste_min, late=found.sla_etat == "late")
    return tr("début {reste}", reste=told) if found.sla_debut else told


def visit(found: Visit) -> str:
    """What a screen reader says of work that waits."""
    parts = [
        found.titre, found.client, value_labels.label(enums.Priorite, found.priorite),
        tr("durée {duree}", duree=length(found.duree)),
    ]  # fmt: skip
    if found.sla_reste_min is not None:
        parts.append(tr("reste {reste}", reste=left(found)))
    return comma().join(parts)


def load(person: Person, planned: int, available: int) -> str:
    """How busy somebody is, or why they are not."""
    if person.parti:
        return tr("n'est plus en activité")
    return isolate(f"{round(100 * planned / available)} %") if available else tr("absent")


def card(board: Board, found: Card) -> str:
    """What a screen reader says of a card: technicien, time, what it is, what is wrong with it."""
    person = board.people.get(found.technicien_id)
    gone = tr("n'est plus en activité") if person is not None and person.parti else ""
    parts = [
        person.nom if person else "", gone, long_day(clock.local(found.debut).date()), span(found.debut, found.fin),
        found.visit.titre, found.visit.client, value_labels.label(enums.Statut, found.visit.statut),
        value_labels.label(enums.Priorite, found.visit.priorite),
    ]  # fmt: skip
    if found.verrouille:
        parts.append(tr("verrouillé"))
    if found.key in board.absent:
        parts.append(tr("pendant une absence"))
    elif found.key in board.crossing:
        parts.append(tr("chevauchement"))
    return comma().join(filter(None, parts))


def card_place(found: Card) -> str:
    """What and when, in one line."""
    return comma().join((found.visit.titre, long_day(clock.local(found.debut).date()), span(found.debut, found.fin)))


def tip(board: Board, found: Card) -> str:
    """The whole of a card, for its tooltip."""
    v = found.visit
    lines = [
        f"{v.numero} · {v.titre}", " · ".join(filter(None, [v.client, v.ville, v.equipement])),
        f"{span(found.debut, found.fin)} · {value_labels.label(enums.Statut, v.statut)}",
    ]  # fmt: skip
    if found.trajet:
        lines.append(tr("Trajet avant : {duree}", duree=length(found.trajet)))
    if v.date_limite is not None:
        lines.append(tr("Échéance : {date}", date=value_labels.instant(v.date_limite)))
    if found.role == enums.RoleCreneau.RENFORT:
        lines.append(tr("En renfort"))
    if found.key in board.absent:
        lines.append(tr("Pendant une absence de ce technicien"))
    elif found.key in board.crossing:
        lines.append(tr("Chevauche un autre créneau de ce technicien"))
    return "\n".join(lines)
