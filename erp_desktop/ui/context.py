"""What every screen is given; made once per login in ``app/desktop.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtWidgets import QWidget

from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.settings import Settings
from erp_desktop.ui.bus import Bus
from erp_desktop.ui.drafts import Drafts
from erp_desktop.ui.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Contexte:
    """The person at work and the means.

    Attributes:
        say: shows a toast: ``say(words, undo=None, kind="success")``.
        unfinished_at: the panel in which the unfinished new record of that kind and slot is open, brought in sight
            when the third argument says so; None when it is open nowhere.
        open_list: shows a section with its filter set: ``open_list("interventions", "sla:depasse")``.
        begin: opens a blank record in a tab with a draft in it: ``begin("interventions", values as a draft keeps)``.
        open_record: opens a record in a tab of its own: ``open_record("interventions", id)``; None opens a blank one.
    """

    acteur: Acteur
    settings: Settings
    tasks: Tasks
    bus: Bus
    drafts: Drafts
    say: Callable[..., Any]
    open_record: Callable[[str, int | None], Any]
    unfinished_at: Callable[[str, int, bool], Any] = lambda _kind, _slot, _show: None
    open_list: Callable[[str, str], Any] = lambda _section, _words: None
    begin: Callable[[str, Mapping[str, Any]], Any] = lambda _kind, _values: None


@dataclass(frozen=True, slots=True)
class Section:
    """A place of the left navigation.

    Attributes:
        key: stable name.
        make: builds the page, called when it is first opened.
        roles: who sees it.
        shown: False for pages opened otherwise than by the navigation.
        alert: drawn in red, only while its counter is above zero.
    """

    key: str
    title: str
    icon: str
    group: str
    make: Callable[[Contexte], QWidget]
    roles: frozenset[Role] = field(default_factory=lambda: frozenset(Role))
    shown: bool = True
    alert: bool = False
