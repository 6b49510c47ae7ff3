"""A small company in a real cache: one agency, people, clients, machines, interventions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.models.agences import Agence
from erp_desktop.models.clients import Client
from erp_desktop.models.equipements import Equipement
from erp_desktop.models.interventions import Intervention
from erp_desktop.models.users import Technicien, User

CLIENTS = ["Conserveries Atlas", "Minoterie Chaouia", "Textiles Bouregreg"]
MACHINES = [("Sertisseuse SR-03", 0), ("Broyeur BR-07", 1), ("Presse PH-204", 2), ("Silo SL-02", 1)]
TECHNICIENS = ["Karim Alaoui", "Hind Berrada"]
TITRES = [
    ("Arrêt ligne : sertisseuse bloquée", "en_cours", "urgente", 0, 0),
    ("Vibration palier côté moteur", "affectee", "haute", 1, 1),
    ("Fuite d'huile vérin principal", "ouverte", "haute", 2, None),
    ("Capteur de niveau silo instable", "ouverte", "normale", 3, None),
    ("Étalonnage bascule de pesage", "cloturee", "normale", 1, 1),
    ("Devis éclairage atelier", "annulee", "basse", 0, None),
]


@dataclass
class Monde:
    """Identifiers of what was made, and the people who act."""

    agence: int = 0
    clients: list[int] = field(default_factory=list)
    machines: list[int] = field(default_factory=list)
    techniciens: list[int] = field(default_factory=list)
    interventions: list[int] = field(default_factory=list)
    agent: Acteur | None = None
    responsable: Acteur | None = None


def creer(engine: sa.Engine) -> Monde:
    """Fill an empty cache."""
    made, now = Monde(), clock.now()
    with transaction(engine) as session:
        agence = Agence(code="CAS", nom="Casablanca", ville="Casablanca")
        session.add(agence)
        session.flush()
        made.agence = agence.id

        def person(name: str, role: str) -> User:
            login = name.lower().replace(" ", ".")
            user = User(username=login, email=f"{login}@mif.ma", full_name=name, role=role, agence_id=agence.id)
            session.add(user)
            session.flush()
            return user

        agent, chef = person("Salma Bennis", "agent"), person("Nadia Chraibi", "responsable")
        made.agent = Acteur(agent.id, agent.full_name, Role.AGENT, agence.id, "CAS", 4)
        made.responsable = Acteur(chef.id, chef.full_name, Role.RESPONSABLE, agence.id, "CAS", 4)
        for number, name in enumerate(TECHNICIENS):
            one = Technicien(user_id=person(name, "technicien").id, numero_badge=f"T-{number:02d}", equipe="Nord",
                             agence_id=agence.id)  # fmt: skip
            session.add(one)
            session.flush()
            made.techniciens.append(one.id)
        for name in CLIENTS:
            client = Client(nom_entreprise=name, ville="Casablanca", agence_id=agence.id)
            session.add(client)
            session.flush()
            made.clients.append(client.id)
        for number, (name, owner) in enumerate(MACHINES):
            machine = Equipement(client_id=made.clients[owner], nom=name, code_interne=f"EQ-{number:03d}",
                                 agence_id=agence.id)  # fmt: skip
            session.add(machine)
            session.flush()
            made.machines.append(machine.id)
        for number, (titre, statut, priorite, machine_no, tech) in enumerate(TITRES):
            row = Intervention(
                numero=f"INT-CAS-04-{clock.today().year}-{number + 1:05d}", titre=titre, statut=statut,
                priorite=priorite, equipement_id=made.machines[machine_no],
                client_id=made.clients[MACHINES[machine_no][1]],
                technicien_id=made.techniciens[tech] if tech is not None else None,
                date_creation=now - timedelta(hours=3), date_limite=now + timedelta(hours=number - 1),
                date_debut_travaux=now - timedelta(hours=1) if statut == "en_cours" else None, agence_id=agence.id,
            )  # fmt: skip
            session.add(row)
            session.flush()
            made.interventions.append(row.id)
    return made


def remplir(engine: sa.Engine, monde: Monde, nombre: int) -> None:
    """Add ``nombre`` open interventions in one statement."""
    with transaction(engine) as session:
        top = session.execute(sa.text("SELECT max(id) FROM interventions")).scalar_one()
        session.execute(
            sa.text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :nombre) "
                "INSERT INTO interventions (id, numero, titre, type, statut, priorite, urgence, equipement_id, "
                "client_id, date_creation, agence_id, created_at, updated_at) "
                "SELECT :top + i * 8, printf('INT-CAS-04-2025-%07d', i), 'Panne ' || i, 'corrective', 'ouverte', "
                "'normale', 0, :machine, :client, :quand, :agence, :quand, :quand FROM n"
            ),
            {"nombre": nombre, "top": top, "machine": monde.machines[0], "client": monde.clients[0],
             "agence": monde.agence, "quand": clock.to_text(clock.now())},
        )  # fmt: skip
