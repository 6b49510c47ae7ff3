"""Invoices, receipts and statements before they are printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from PySide6.QtWidgets import QWidget

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.reports.papers import facture, recu, releve
from erp_desktop.ui.context import Contexte
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.printing.preview import Paper, PreviewWindow, first
from erp_desktop.ui.wording import value_labels as labels

MOST = 500


def print_invoices(contexte: Contexte, ids: Sequence[int], parent: QWidget) -> None:
    """Show some invoices or credit notes; a draft carries its mark."""
    wanted = first(contexte, ids, MOST)
    _show(contexte, parent, facture, tr("Facture"), tr("Factures"), lambda s, a: facture.lire(s, a, wanted),
          lambda one: one.numero)  # fmt: skip


def print_receipts(contexte: Contexte, ids: Sequence[int], parent: QWidget) -> None:
    """Show the receipts of some payments."""
    wanted = first(contexte, ids, MOST)
    _show(contexte, parent, recu, tr("Reçu de paiement"), tr("Reçus de paiement"),
          lambda s, a: recu.lire(s, a, wanted), lambda one: one.numero)  # fmt: skip


def print_statement(contexte: Contexte, client_id: int, du: date, au: date, parent: QWidget) -> None:
    """Show the account of a client between two days."""
    title = tr("Relevé de compte")
    _show(contexte, parent, releve, title, title, lambda s, a: [releve.lire(s, a, client_id, du, au)],
          lambda one: f"releve-{one.client.nom}-{one.au.isoformat()}")  # fmt: skip


def _show(
    contexte: Contexte, parent: QWidget, kind: Any, one: str, many: str,
    read: Callable[[Any, Acteur], list[Any]], name: Callable[[Any], str],
) -> None:  # fmt: skip
    acteur = contexte.acteur

    def show(found: list[Any]) -> None:
        if not found:
            return
        fresh = tr("données locales {quand}", quand=labels.freshness(clock.now()))
        single = len(found) == 1
        paper = Paper(
            one if single else many, name(found[0]) if single else f"{kind.TEMPLATE}-{clock.today().isoformat()}",
            len(found), lambda code: kind.composer(found, code, fraicheur=fresh),
            lambda code, count, ppi: kind.images(found[:count], code, fraicheur=fresh, ppp=ppi),
        )  # fmt: skip
        PreviewWindow(contexte, paper, parent).show()

    contexte.tasks.run(lambda session: read(session, acteur), show, owner=parent)
