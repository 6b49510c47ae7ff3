"""Under the head of an invoice: what the centre says of it, and what is done with it next."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QVBoxLayout

from erp_desktop.domain.enums import TypeFacture
from erp_desktop.domain.factures.enums import CanalRelance, EtatFacture
from erp_desktop.domain.factures.etats import OUVERTS
from erp_desktop.domain.factures.saisie import RelanceInput
from erp_desktop.domain.people import roles
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.reports import ubl
from erp_desktop.reports.papers import facture
from erp_desktop.reports.sortie import keep
from erp_desktop.services import factures
from erp_desktop.services.factures import Controle
from erp_desktop.ui.factures import marks
from erp_desktop.ui.forms.acts import ActBar
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.kit.controls import Button, clear
from erp_desktop.ui.kit.dialogs import ask_target
from erp_desktop.ui.kit.i18n import isolate, number, said, tr
from erp_desktop.ui.kit.surfaces import Banner, Etapes
from erp_desktop.ui.printing.invoices import print_invoices
from erp_desktop.ui.wording import value_labels as labels


class InvoiceBar(ActBar):
    """Alerts, then the acts of its state; the first is what usually comes next."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__(panel, motive=tr("Motif"), confirm=tr("Confirmer"), on_motive=lambda: None,
                         margins=(16, 8, 14, 4), spacing=8)  # fmt: skip
        self.alerts = QVBoxLayout()
        self.alerts.setSpacing(6)
        self.column.insertLayout(0, self.alerts)
        self._record: Any = None

    def show_record(self, row_id: int | None, record: Any) -> None:
        self._row_id, self._record = row_id, record
        clear(self.alerts)
        clear(self.lines)
        self.buttons = {}
        self.explain("")
        if record is None or row_id is None:
            self.hide()
            return
        self._tell(record)
        self._offer(record)
        self.show()
        if record.modifiable and self._may(roles.Droit.VALIDER):
            acteur = self._panel.contexte.acteur
            self._panel.contexte.tasks.run(
                lambda session: factures.controles(session, acteur, row_id),
                lambda found: self._checked(row_id, found), lambda _error: None, owner=self,
            )  # fmt: skip

    def _may(self, right: roles.Droit) -> bool:
        return roles.peut(self._panel.contexte.acteur.role, right)

    def _tell(self, record: Any) -> None:
        if (chain := marks.steps(record)) is not None:
            self.alerts.addWidget(Etapes(*chain))
        if record.motif:
            words = tr("Le centre a refusé : {motif}", motif=said(record.motif))
            self.alerts.addWidget(Banner("danger", words))
        if record.etat == EtatFacture.A_TRANSMETTRE:
            self.alerts.addWidget(Banner("info", tr("Attend la réponse du centre, au prochain échange.")))
        elif record.etat == EtatFacture.BROUILLON and not record.motif:
            words = tr("PROV est un numéro d'attente : le centre donne le numéro légal à la validation, sans trou.")
            self.alerts.addWidget(Banner("info", words))
        if record.retard:
            day = isolate(labels.day(record.date_echeance))
            words = tr("En retard de {n} jours, échue le {jour}.", n=number(record.retard), jour=day)
            self.alerts.addWidget(Banner("warning", words))
        if record.motif_rejet:
            self.alerts.addWidget(Banner("danger", record.motif_rejet))
        if record.ice_refuse and (offer := self._ice(record)) is not None:
            self.alerts.addWidget(offer)

    def _ice(self, record: Any) -> Banner | None:
        """What takes the client's ICE once the record has one; of a numbered invoice, why nothing does."""
        ice = isolate(record.ice_fiche)
        if marks.issued(record):
            if record.ice_fiche in ("", record.client_ice):
                return None
            words = tr("La fiche du client porte maintenant l'ICE {ice}. Une facture numérotée garde celui de sa "
                       "validation : rendez-la par un avoir, puis facturez à nouveau.", ice=ice)  # fmt: skip
            return Banner("info", words)
        if not record.ice_fiche:
            words = tr("L'ICE se complète dans la fiche du client : le brouillon la suit.")
            return Banner("info", words, action=tr("Ouvrir la fiche du client"), on_action=self.open_client)
        words = tr("La fiche du client porte maintenant l'ICE {ice} : transmis à nouveau, le brouillon le prend.",
                   ice=ice)  # fmt: skip
        validates = self._may(roles.Droit.VALIDER)
        return Banner("info", words, action=tr("Prendre l'ICE de la fiche") if validates else "",
                      on_action=self.ask_for_number)  # fmt: skip

    def open_client(self) -> None:
        self._panel.contexte.open_record("clients", self._record.client_id)

    def _offer(self, record: Any) -> None:
        etat, invoice = EtatFacture(record.etat), record.type_facture == TypeFacture.FACTURE
        writes, validates = self._may(roles.Droit.FICHIER_ECRIRE), self._may(roles.Droit.VALIDER)
        central = self._panel.contexte.settings.mode == "centre"
        if etat in (EtatFacture.BROUILLON, EtatFacture.REJETEE):
            words = tr("Valider") if central else tr("Transmettre au siège")
            send = self._add("demander", words, "paper-plane-tilt", self.ask_for_number)
            send.setEnabled(validates)
            if not validates:
                why = tr("Un responsable transmet les factures.")
                self.refuse(send, why)
                self.explain(why)
        elif etat is EtatFacture.A_TRANSMETTRE and validates:
            self._add("reprendre", tr("Reprendre"), "arrow-u-up-left", self.take_back)
        elif etat in OUVERTS and invoice and writes:
            self._add("payer", tr("Enregistrer un paiement"), "receipt", lambda: self._panel.tabs.set_current(2))
            if etat is EtatFacture.VALIDEE:
                self._add("envoyer", tr("Marquer envoyée"), "envelope-simple", self.mark_sent)
            if etat is EtatFacture.EN_RETARD:
                self._add("relancer", tr("Relancer le client"), "envelope-simple", self.remind)
        if marks.issued(record) and invoice and writes and record.credite < record.total_ttc:
            self._add("avoir", tr("Avoir"), "arrow-u-up-left", self.give_back)
        self._add("apercu", tr("Aperçu"), "printer", self.preview)
        if marks.issued(record):
            self._add("ubl", tr("UBL…"), "export", self.save_ubl)

    def _add(self, name: str, words: str, icon: str, go: Any) -> Button:
        button = Button(words, "default" if self.buttons else "soft", icon=icon, on_click=go)
        self.buttons[name] = button
        self.lines.addWidget(button)
        return button

    def _checked(self, row_id: int, found: list[Controle]) -> None:
        """What the centre would refuse is said before it is asked."""
        if row_id != self._row_id:
            return
        wrong = [c for c in found if c.niveau != "ok"]
        send = self.buttons.get("demander")
        if send is not None and any(c.niveau == "refus" for c in wrong):
            send.setEnabled(False)
            self.refuse(send, said(wrong[0].phrase))
        self.explain(" ".join(said(c.phrase) for c in wrong))

    def ask_for_number(self) -> None:
        """Validated at once at the centre; on a desktop the answer comes with the exchange."""
        asked = self._row_id
        if asked is None:
            return

        def take_back(session: Any, acteur: Acteur, _answer: Any) -> None:
            # The one that was asked for, whichever is shown by then.
            factures.reprendre(session, acteur, asked)

        # What the centre has answered stands.
        central = self._panel.contexte.settings.mode == "centre"
        words = tr("Demande de validation enregistrée")
        self.act(self.ask_for_number, factures.demander, words, None if central else take_back)

    def take_back(self) -> None:
        self.act(self.take_back, factures.reprendre, tr("Brouillon repris"), None)

    def mark_sent(self) -> None:
        self.act(self.mark_sent, factures.envoyer, tr("Facture marquée envoyée"), factures.retirer,
                 tr("La facture n'est plus marquée envoyée"))  # fmt: skip

    def remind(self) -> None:
        """Note the next step; the paper is the statement of account."""

        def do(session: Any, acteur: Acteur, row_id: int) -> int:
            level = max((r.niveau for r in factures.relances(session, acteur, row_id)), default=0)
            told = RelanceInput(niveau=min(level + 1, 3), canal=CanalRelance.COURRIEL)
            return factures.relancer(session, acteur, row_id, told)

        self.act(self.remind, do, tr("Relance notée"), factures.retirer, tr("Relance retirée"))

    def give_back(self) -> None:
        """A draft of a credit note over all that is left; its lines are changed there."""
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def made(found: int) -> None:
            contexte.bus.publish("factures", found)
            contexte.open_record("factures", found)

        contexte.tasks.run(
            lambda session: factures.avoir(session, contexte.acteur, row_id),
            made,
            self._failed,
            write=True,
            owner=self,
        )

    def preview(self) -> None:
        if self._row_id is not None:
            print_invoices(self._panel.contexte, [self._row_id], self)

    def save_ubl(self) -> None:
        """The invoice as a file that an accountant's program reads."""
        row_id, title = self._row_id, tr("Enregistrer la facture en UBL")
        if row_id is not None:
            name = f"{self._record.numero}.xml"
            ask_target(self, title, name, partial(self.keep_ubl, row_id), ["UBL (*.xml)"])

    def keep_ubl(self, row_id: int, target: Path) -> None:
        """Write the file whole or not at all."""
        contexte = self._panel.contexte
        contexte.tasks.run(
            lambda session: keep(target, ubl.write(facture.lire(session, contexte.acteur, [row_id])[0])),
            lambda _none: contexte.say(tr("Facture enregistrée dans {nom}", nom=target.name)),
            self._failed, owner=self,
        )  # fmt: skip

    def _failed(self, error: Exception) -> None:
        self._panel.contexte.say(said(str(error)), kind="danger")
