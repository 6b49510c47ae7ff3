"""The rows of the bench: the same content as ``tests.benchmarks.data``."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.benchmarks.peer_app.models import Client, Equipement, Intervention

START = datetime(2026, 11, 1, 8, 0, 0, 123456, tzinfo=UTC)


def _kept(model, made):
    """Insert many at once: what ``save()`` would have done, but for one statement a row."""
    for row in made:
        row.id = row.calculate_uuid()
    model.objects.bulk_create(made, batch_size=500)
    return made


def parents(agence):
    clients = _kept(Client, [
        Client(agence=agence, nom_entreprise=f"Client {i}", ville="Casablanca", created_at=START, updated_at=START)
        for i in range(200)
    ])  # fmt: skip
    return _kept(Equipement, [
        Equipement(agence=agence, client=clients[i % 200], nom=f"Presse {i}", code_interne=f"EQ-{i}",
                   created_at=START, updated_at=START)
        for i in range(1000)
    ])  # fmt: skip


def intervention(agence, machine, i, series="INT"):
    later = START + timedelta(minutes=i)
    made = Intervention(
        agence=agence, numero=f"{series}-CAS-00-2026-{i:07}", titre=f"Fuite d'huile vérin principal {i}",
        description=f"Signalée par le chef d'équipe à {i % 24} h, arrêt possible.", type="corrective",
        statut="cloturee", priorite="normale", equipement=machine, client_id=machine.client_id, date_creation=later,
        date_planifiee=later, zone_planifiee="Africa/Casablanca", date_limite=later, date_debut_travaux=later,
        date_fin_travaux=later + timedelta(minutes=60), date_cloture=later + timedelta(minutes=90), duree_estimee=60,
        duree_reelle=55, temps_deplacement=20, diagnostic="Joint racleur usé, tige rayée sur 4 cm.",
        travaux_realises="Joint remplacé, essai en charge concluant.", notes_internes="Prévoir rechromage",
        cout_externe=Decimal(i % 900), satisfaction_client=1 + i % 5, created_at=START, updated_at=START,
    )  # fmt: skip
    made.id = made.calculate_uuid()
    return made


def interventions(agence, machines, count):
    made = [intervention(agence, machines[i % len(machines)], i) for i in range(count)]
    Intervention.objects.bulk_create(made, batch_size=500)
