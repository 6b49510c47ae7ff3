"""Invoices between branches: drafts queued offline, one legal number, a period billed once from two desktops."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from typer.testing import CliRunner

from erp_desktop import clock
from erp_desktop.cli.facture import app as facture_commands
from erp_desktop.db.embedded import EmbeddedPostgres
from erp_desktop.db.engine import create_pg_engine, normalise_url
from erp_desktop.db.session import transaction
from erp_desktop.domain.contrats import cycle
from erp_desktop.domain.contrats.saisie import ContratInput
from erp_desktop.domain.enums import ModeFacturation, Role, StatutContrat
from erp_desktop.domain.factures.saisie import FactureInput, LigneFactureInput, PaiementInput
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.registry import rules
from erp_desktop.services import contrats, factures
from erp_desktop.sync.inbox import discard
from tests.services.factures.office import law
from tests.sync.device.test_centre_recovered import dump, move_to, recovered
from tests.sync.lab import Device, Lab

__all__ = ["recovered"]


def do(device: Device, lab: Lab, act: Any, *values: Any) -> Any:
    """One act of the branch's responsable on a desktop."""
    user = lab.value("SELECT min(id) FROM users WHERE role = 'responsable'")
    person = Acteur(user, "R", Role.RESPONSABLE, device.agence_id, device.agence, device.poste)
    with transaction(device.engine, user) as session:
        return act(session, person, *values)


def ready(lab: Lab) -> None:
    lab.sql("UPDATE users SET role = 'responsable' WHERE username = 'cas_1'")
    engine = create_pg_engine(lab.url)
    law(engine)
    engine.dispose()


def drafted(lab: Lab, device: Device, price: str = "100") -> int:
    pk = do(device, lab, factures.create, FactureInput(client_id=lab.ids("clients")[0]))
    do(device, lab, factures.ajouter, pk, LigneFactureInput(designation="Joint", quantite=1, prix_unitaire=price))
    return int(pk)


def test_a_draft_queued_on_two_desktops_gets_one_number(lab: Lab) -> None:
    ready(lab)
    a, b = lab.device(), lab.device()
    pk, other = drafted(lab, a), drafted(lab, a, "50")
    lab.settle()
    for device in (a, b):
        assert do(device, lab, factures.demander, pk).etat == "en_attente"
        assert do(device, lab, factures.get, pk).etat == "a_transmettre"
    # Made and asked for between two exchanges: the answer is in the one that brings it.
    late = drafted(lab, b, "70")
    do(b, lab, factures.demander, late)
    do(b, lab, factures.ajouter, other, LigneFactureInput(designation="Vis", quantite=1, prix_unitaire="1"))
    do(a, lab, factures.demander, other)
    year = clock.today().year
    a.sync()
    assert do(a, lab, factures.reponse, pk).numero == f"FAC-{year}-000001"
    assert do(a, lab, factures.get, pk).client == lab.get("clients", lab.ids("clients")[0], "nom_entreprise")
    b.sync()
    told = do(b, lab, factures.reponse, pk)
    assert (told.etat, told.numero, told.motif) == (
        "refusee", f"FAC-{year}-000001", f"Déjà validée sous FAC-{year}-000001."
    )  # fmt: skip
    assert do(b, lab, factures.reponse, late).numero == f"FAC-{year}-000003"
    # B's line for what A had validated meanwhile is set aside with its reason, and the number stands.
    assert [g[2] for g in b.parked()] == [rules.VALIDATED]
    lab.settle()
    assert lab.value("SELECT count(*) FROM factures WHERE numero LIKE 'FAC-%%'") == 3
    assert lab.sql("SELECT * FROM sync.verifier_serie('FAC')") == []
    # Paid on both desktops while they are cut off: both facts stand, what is too much is the client's.
    due = PaiementInput(parts=[{"facture_id": pk, "montant": "120"}], date_paiement=clock.today(),
                        mode_paiement="virement")  # fmt: skip
    for device in (a, b):
        do(device, lab, factures.encaisser, due)
    lab.settle()
    assert {do(d, lab, factures.get, pk).solde for d in (a, b)} == {Decimal("-120.00")}


def test_what_changed_since_it_was_asked_for_is_not_validated(lab: Lab) -> None:
    ready(lab)
    a, b = lab.device(), lab.device()
    pk = drafted(lab, a)
    lab.settle()
    do(b, lab, factures.ajouter, pk, LigneFactureInput(designation="Vis", quantite=1, prix_unitaire="50"))
    b.sync()
    do(a, lab, factures.demander, pk)
    a.sync()
    told = do(a, lab, factures.reponse, pk)
    assert told.motif == (
        "Le brouillon a changé depuis votre demande (180,00\u00a0MAD au lieu de 120,00\u00a0MAD) : relisez-le, puis "
        "validez-le à nouveau."
    )
    assert do(a, lab, factures.get, pk).etat == "rejetee"
    do(a, lab, factures.demander, pk)
    lab.settle()
    lab.converged()
    assert do(b, lab, factures.get, pk).etat == "validee"


def test_a_period_billed_on_two_desktops_is_one_invoice(lab: Lab) -> None:
    ready(lab)
    a, b = lab.device(), lab.device()
    today = clock.today()
    begin = cycle.plus_mois(today, -2)
    contract = do(a, lab, contrats.create, ContratInput(
        client_id=lab.ids("clients")[0], date_debut=begin, montant_annuel="12000",
        mode_facturation=ModeFacturation.MENSUEL, objet="Maintenance",
    ))  # fmt: skip
    do(a, lab, contrats.changer_statut, contract, StatutContrat.EN_COURS)
    lab.settle()
    made = [do(device, lab, factures.brouillon_de, do(device, lab, factures.a_facturer)) for device in (a, b)]
    assert [len(m) for m in made] == [3, 3]
    lab.settle()
    lab.converged()
    assert [d.parked() for d in (a, b)] == [[], []]
    assert lab.sql("SELECT count(*), count(DISTINCT periode_du), min(total_ht), max(total_ht) FROM factures") == [
        (3, 3, Decimal("1000.00"), Decimal("1000.00"))
    ]
    assert do(b, lab, factures.a_facturer) == []
    first = lab.value("SELECT id FROM factures ORDER BY periode_du LIMIT 1")
    do(a, lab, factures.demander, first)
    a.sync()
    assert do(a, lab, factures.reponse, first).etat == "acceptee"
    # Given back whole, the period can be billed anew; once.
    back = do(a, lab, factures.avoir, first)
    do(a, lab, factures.demander, back)
    lab.settle()
    assert do(b, lab, factures.get, first).etat == "annulee"
    again = [do(device, lab, factures.depuis_periode, contract, begin) for device in (a, b)]
    lab.settle()
    lab.converged()
    assert again[0] != again[1]
    assert lab.sql("SELECT count(*), max(periode_rang) FROM factures WHERE periode_du = %s", begin) == [(2, 1)]


def test_a_centre_put_back_from_a_backup_gives_no_number_twice(
    lab: Lab, pg_server: EmbeddedPostgres, recovered: list[str]
) -> None:
    ready(lab)
    a = lab.device()
    year = clock.today().year
    first, lost = drafted(lab, a), drafted(lab, a, "50")
    do(a, lab, factures.demander, first)
    a.sync()
    copy = f"{normalise_url(lab.url).database}_hier"
    recovered.append(copy)
    restored = dump(lab, pg_server, copy)
    lab.open_lines()
    do(a, lab, factures.demander, lost)
    a.sync()
    assert do(a, lab, factures.reponse, lost).numero == f"FAC-{year}-000002"
    move_to(lab, restored)
    # The request comes again with the batches that the centre lost: its number may be on paper, so it is refused.
    lab.settle()
    told = do(a, lab, factures.reponse, lost)
    assert told.etat == "refusee"
    assert told.motif.startswith("Le centre a été remis d'une sauvegarde : un administrateur dit d'abord")

    def resume(*words: str) -> str:
        done = CliRunner().invoke(facture_commands, ["reprise", *words, "--url", lab.url])
        return f"{done.exit_code} {done.output}"

    assert resume().startswith("1 erp-admin : Donnez --dernier FAC-")
    assert "n'est pas un numéro légal" in resume("--dernier", "FAC-2")
    assert "une série ne recule pas" in resume("--dernier", f"FAC-{year - 1}-000009")
    said = resume("--dernier", f"FAC-{year}-000002")
    assert said == f"0 FAC reprend après {year}-000002.\nAVO reprend après 0-000000.\n"
    do(a, lab, factures.demander, lost)
    lab.settle()
    assert do(a, lab, factures.reponse, lost).numero == f"FAC-{year}-000003"
    assert lab.sql("SELECT * FROM sync.verifier_serie('FAC')") == [(f"FAC-{year}-000002", "manque")]
    lab.converged()


def test_a_sending_is_taken_back_at_the_centre_while_nothing_followed(lab: Lab) -> None:
    ready(lab)
    a, b = lab.device(), lab.device()
    pk = drafted(lab, a)
    do(a, lab, factures.demander, pk)
    lab.settle()
    frozen = "SELECT numero, total_ttc, empreinte, solde FROM factures WHERE id = %s"
    before = lab.sql(frozen, pk)
    assert before[0][0].startswith("FAC-")

    def states() -> list[str]:
        lab.settle()
        lab.converged()
        return [lab.get("factures", pk, "etape"), *(do(d, lab, factures.get, pk).etat for d in (a, b))]

    # Before the exchange nothing of it reaches the centre; after it the centre takes it away, and tells the others.
    do(a, lab, factures.retirer, do(a, lab, factures.envoyer, pk))
    assert states() == ["validee"] * 3
    assert lab.value("SELECT count(*) FROM sync.row_state WHERE nom_table = 'relances'") == 0
    note = do(a, lab, factures.envoyer, pk)
    assert states() == ["envoyee"] * 3
    do(a, lab, factures.retirer, note)
    assert states() == ["validee"] * 3
    told = "SELECT operation, poste, avant->>'niveau' FROM sync.modifications WHERE nom_table = %s ORDER BY id"
    assert lab.sql(told, "relances")[-1] == ("D", a.poste, "0"), "the journal keeps who took it back"

    # Paid on another desktop meanwhile: the centre keeps the sending and says why; given up, it is here again.
    note = do(a, lab, factures.envoyer, pk)
    assert states() == ["envoyee"] * 3
    paid = PaiementInput(parts=[{"facture_id": pk, "montant": "20"}], date_paiement=clock.today(),
                         mode_paiement="virement")  # fmt: skip
    do(b, lab, factures.encaisser, paid)
    b.sync()
    do(a, lab, factures.retirer, note)
    lab.settle()
    assert [g[2] for g in a.parked()] == [rules.REMINDED]
    assert lab.value("SELECT count(*) FROM relances WHERE facture_id = %s", pk) == 1
    with transaction(a.engine) as session:
        discard.abandonner(session, "relances", note)
    assert states() == ["partielle"] * 3
    assert lab.sql(frozen, pk)[0][:3] == before[0][:3]
