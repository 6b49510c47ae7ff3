"""erp-admin facture: drafts, validation, payments, credit notes, reminders, statements, the test of the series.

Papers and UBL are ``documents``, the way to whoever clears them ``clearance``.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.cli.common import AsJson, Cache, Secrets, Target, Url, emit, guarded, refuse
from erp_desktop.cli.facture import clearance, documents
from erp_desktop.cli.french import Commands
from erp_desktop.db.session import transaction
from erp_desktop.domain.argent import format_montant
from erp_desktop.domain.enums import ModePaiement
from erp_desktop.domain.factures.enums import CanalRelance, EtatDemande
from erp_desktop.domain.factures.saisie import PaiementInput, Recu, RelanceInput
from erp_desktop.errors import NotFoundError, UserError
from erp_desktop.models import Client, Contrat, Facture, Intervention
from erp_desktop.services import factures
from erp_desktop.services.calendrier import ADMINISTRATION
from erp_desktop.services.shared.lists import ListQuery

app = Commands(help="Factures, avoirs, paiements, relances, relevés, série légale.")

Numero = Annotated[str, typer.Argument(help="Numéro de la facture, légal ou provisoire.")]
Jour = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="AAAA-MM-JJ ; ce jour sinon.")]


@app.callback()
def _group() -> None:
    """Facturation : tout ce que fait la fenêtre, pour un script."""


def _one(session: Session, model: Any, column: Any, value: str, noun: str) -> Any:
    row = session.scalar(sa.select(model).where(column == value.strip()))
    if row is None:
        raise NotFoundError(f"Introuvable : {noun} {value}.")
    return row


def _invoice(session: Session, numero: str) -> int:
    return int(_one(session, Facture, Facture.numero, numero.upper(), "la facture").id)


def _told(session: Session, ids: list[int]) -> tuple[list[factures.FactureLigne], list[str]]:
    rows = factures.rows(session, ADMINISTRATION, ids)
    lines = [
        f"{r.numero:<24} {r.etat:<13} {r.date_facture or '':<10} {format_montant(r.total_ttc):>16} "
        f"{format_montant(r.solde):>16}  {r.client}"
        for r in rows
    ]
    return rows, lines


@app.command("list")
@guarded
def list_invoices(
    filtre: Annotated[str, typer.Option("--filtre", help="Comme dans la fenêtre : statut:en_retard.")] = "",
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Montrer les factures, la plus récente en tête, avec leur état et leur solde."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        found = factures.ids(session, ADMINISTRATION, ListQuery(filtre))
        rows, lines = _told(session, found)
        foot = factures.pied(session, ADMINISTRATION, filtre)
    lines.append(f"{foot.nombre} facture(s), {format_montant(foot.total_ttc)}, dû {format_montant(foot.solde)}")
    emit(as_json, {"factures": rows, "pied": foot}, lines)


@app.command("create-from")
@guarded
def create_from(
    intervention: Annotated[list[str] | None, typer.Option("--intervention", help="Numéro ; répétable.")] = None,
    contrat: Annotated[str | None, typer.Option("--contrat", help="Numéro du contrat.")] = None,
    periode: Annotated[
        datetime | None, typer.Option("--periode", formats=["%Y-%m-%d"], help="Premier jour de la période.")
    ] = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Faire le brouillon d'interventions clôturées, ou d'une période de contrat."""
    if bool(intervention) == bool(contrat) or bool(contrat) != bool(periode):
        raise UserError("Donnez soit --intervention, soit --contrat et --periode.")
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        if intervention:
            works = [_one(session, Intervention, Intervention.numero, n, "l'intervention").id for n in intervention]
            pk = factures.depuis_interventions(session, ADMINISTRATION, works)
        else:
            owner = _one(session, Contrat, Contrat.numero_contrat, contrat or "", "le contrat")
            pk = factures.depuis_periode(session, ADMINISTRATION, owner.id, periode.date())  # type: ignore[union-attr]
        card = factures.get(session, ADMINISTRATION, pk)
        emit(as_json, {"id": pk, "numero": card.numero, "total_ttc": card.total_ttc},
             f"{card.numero} : {format_montant(card.total_ttc)}")  # fmt: skip


@app.command("validate")
@guarded
def validate(
    numero: Numero, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False
) -> None:
    """Valider un brouillon : au centre tout de suite, sur un poste au prochain échange."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        told = factures.demander(session, ADMINISTRATION, _invoice(session, numero))
    if told.etat == EtatDemande.REFUSEE:
        refuse(told.motif, "refuse", as_json=as_json)
    waits = told.etat == EtatDemande.EN_ATTENTE
    emit(as_json, told, f"{numero} : à transmettre." if waits else f"{numero} : validée sous {told.numero}.")


@app.command("payer")
@guarded
def pay(
    numeros: Annotated[list[str], typer.Argument(help="Une facture du client, ou plusieurs.")],
    montant: Annotated[str | None, typer.Option("--montant", help="Reçu du client ; tout le dû sinon.")] = None,
    mode: Annotated[ModePaiement, typer.Option("--mode")] = ModePaiement.VIREMENT,
    reference: Annotated[str | None, typer.Option("--reference", help="Du chèque, de l'effet, du virement.")] = None,
    jour: Jour = None, url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Encaisser un paiement, réparti dans l'ordre des échéances ; les retenues suivent les factures."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        ids = [_invoice(session, n) for n in numeros]
        due = sum((factures.attendu(session, ADMINISTRATION, i).net for i in ids), Decimal(0))
        given = due if montant is None else Recu(montant=montant).montant
        parts = factures.repartir(session, ADMINISTRATION, ids, given)
        pk = factures.encaisser(session, ADMINISTRATION, PaiementInput(
            parts=[p.model_dump() for p in parts], mode_paiement=mode, reference=reference,
            date_paiement=jour.date() if jour is not None else clock.today(),
        ))  # fmt: skip
        told = factures.recu(session, ADMINISTRATION, pk)
    lines = [f"{told.numero} : encaissé {format_montant(told.encaisse)}, timbre {format_montant(told.timbre)}."]
    lines += [f"  {p.numero} : {format_montant(p.montant)}" for p in told.parts]
    emit(as_json, told, lines)


@app.command("avoir")
@guarded
def credit(
    numero: Numero, motif: Annotated[str | None, typer.Option("--motif")] = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Faire le brouillon de l'avoir de ce qui reste d'une facture validée."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        pk = factures.avoir(session, ADMINISTRATION, _invoice(session, numero), motif=motif)
        card = factures.get(session, ADMINISTRATION, pk)
        emit(as_json, {"id": pk, "numero": card.numero, "total_ttc": card.total_ttc},
             f"{card.numero} : {format_montant(card.total_ttc)}")  # fmt: skip


@app.command("relances")
@guarded
def reminders(
    noter: Annotated[str | None, typer.Option("--noter", help="Facture dont la prochaine relance est faite.")] = None,
    canal: Annotated[CanalRelance, typer.Option("--canal")] = CanalRelance.COURRIEL,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Montrer les factures dont la prochaine relance est venue, ou noter qu'elle est faite."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine) as session:
        found = factures.a_relancer(session, ADMINISTRATION)
        if noter is not None:
            pk = _invoice(session, noter)
            level = next((a.niveau for a in found if a.id == pk), None)
            if level is None:
                raise UserError(f"Aucune relance de {noter} n'est venue.")
            factures.relancer(session, ADMINISTRATION, pk, RelanceInput(niveau=level, canal=canal))
            found = tuple(a for a in found if a.id == pk)
    lines = [
        f"{a.numero:<18} relance {a.niveau}  {a.retard:>4} j  {format_montant(a.solde):>16}  {a.client}"
        for a in found
    ]  # fmt: skip
    emit(as_json, found, lines or "Aucune relance n'est venue.")


@app.command("releve")
@guarded
def statement(
    client: Annotated[str, typer.Argument(help="Raison sociale ou ICE.")],
    du: Annotated[datetime | None, typer.Option("--du", formats=["%Y-%m-%d"], help="1er janvier sinon.")] = None,
    au: Annotated[datetime | None, typer.Option("--au", formats=["%Y-%m-%d"], help="Aujourd'hui sinon.")] = None,
    url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Le compte d'un client : factures, avoirs, paiements, solde et ancienneté."""
    today = clock.today()
    begin = du.date() if du is not None else date(today.year, 1, 1)
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        known = sa.select(Client.id).where(sa.or_(Client.ice == client, Client.nom_entreprise == client))
        found = list(session.scalars(known.limit(2)))
        if len(found) != 1:
            raise NotFoundError(f"{'Plusieurs clients' if found else 'Aucun client'} : {client}. Donnez l'ICE.")
        told = factures.releve(session, ADMINISTRATION, found[0], begin, au.date() if au is not None else today)
    lines = [f"{told.client}, du {told.du:%d/%m/%Y} au {told.au:%d/%m/%Y}, report {format_montant(told.report)}"]
    lines += [
        f"{e.jour:%d/%m/%Y}  {e.genre:<10} {e.numero:<22} {format_montant(e.debit - e.credit):>16} "
        f"{format_montant(e.solde):>16}"
        for e in told.ecritures
    ]  # fmt: skip
    emit(as_json, told, [*lines, f"Solde : {format_montant(told.solde)}"])


@app.command("serie")
@guarded
def series(url: Url = None, cache: Cache = None, secrets: Secrets = None, as_json: AsJson = False) -> None:
    """Lire tous les numéros légaux et recalculer leurs empreintes ; code 1 quand l'un manque ou a changé."""
    with Target(url, cache, secrets).engine() as engine, transaction(engine, write=False) as session:
        found = factures.verifier(session, ADMINISTRATION)
    lines = []
    for one in found:
        state = "entière" if not one.defauts else f"{len(one.defauts)} défaut(s)"
        lines.append(f"{one.code}-{one.annee} : {one.dernier} numéro(s), {state}")
        lines += [f"  {n} : {'manque' if what == 'manque' else 'contenu changé'}" for n, what in one.defauts]
    emit(as_json, found, lines)
    if any(one.defauts for one in found):
        raise typer.Exit(1)


@app.command("reprise")
@guarded
def resume(
    dernier: Annotated[
        list[str] | None, typer.Option("--dernier", help="Dernier numéro donné d'une série ; répétable.")
    ] = None,
    rien: Annotated[bool, typer.Option("--rien-depuis", help="Rien n'a été validé depuis la sauvegarde.")] = False,
    url: Url = None, secrets: Secrets = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Le centre est remis d'une sauvegarde : dire jusqu'où allaient les numéros légaux, pour valider de nouveau."""
    if bool(dernier) == rien:
        raise UserError("Donnez --dernier FAC-… (et --dernier AVO-…), ou --rien-depuis.")
    with Target(url, None, secrets).engine() as engine, transaction(engine) as session:
        found = factures.reprendre_series(session, ADMINISTRATION, dernier or [])
    emit(as_json, found, [f"{one.code} reprend après {one.annee}-{one.dernier:06d}." for one in found])


app.command("pdf")(documents.as_pdf)
app.command("ubl")(documents.as_ubl)
app.command()(clearance.transmettre)
app.command()(clearance.reponse)
