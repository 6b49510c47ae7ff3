"""Small random companies as plain dictionaries, full of what makes figures wrong, and their way into a database."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock, models
from erp_desktop.registry.invoices import settled
from erp_desktop.reports.catalogue.ask import Scope
from erp_desktop.reports.sql import minuit

Row = dict[str, Any]
TABLES = (
    "Agence", "User", "Technicien", "Client", "Contrat", "Equipement", "Planning", "Occurrence", "Intervention",
    "HistoriqueIntervention", "LigneIntervention", "Depot", "PieceDetachee", "MouvementStock", "Temps", "Creneau",
    "Absence", "Arret", "JourFerie", "Facture", "Paiement", "Imputation",
)  # fmt: skip


@dataclass
class World:
    """Rows by table, the question asked of them and the moment it is asked."""

    scope: Scope
    now: datetime
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})
    _last: int = 1000

    def add(self, table: str, **values: Any) -> int:
        self._last += 1
        self.rows[table].append({"id": self._last} | values)
        return self._last

    def of(self, table: str) -> list[Row]:
        return self.rows[table]


def store(connection: sa.Connection, world: World) -> None:
    """As they are: no rule, no reference and no trigger of either engine has a say. Then what invoices keep."""
    central = connection.dialect.name == "postgresql"
    if central:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
    else:
        connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
    for name in TABLES:
        if world.rows[name]:
            connection.execute(sa.insert(getattr(models, name)), world.rows[name])
    whole = "SELECT sync.solder(ARRAY(SELECT id FROM public.factures))" if central else settled.EVERYTHING
    connection.exec_driver_sql(whole)


def free(engine: sa.Engine) -> None:
    """A cache without triggers, for what :func:`store` writes."""
    with engine.begin() as connection:
        for name in connection.scalars(sa.text("SELECT name FROM sqlite_schema WHERE type = 'trigger'")).all():
            connection.execute(sa.text(f'DROP TRIGGER "{name}"'))


def make(seed: int) -> World:
    """An empty company, one with a single intervention, then larger ones."""
    chance = random.Random(seed)
    debut = date(2026, 8, 1) + timedelta(days=chance.randrange(-40, 90))
    fin = debut + timedelta(days=chance.choice((0, 1, 29, 30, 60, 95)))
    now = minuit(fin) + timedelta(days=chance.choice((-20, 0, 1, 3, 40)), hours=chance.randrange(24))
    world = World(Scope(debut, fin), now)
    size = (0, 1)[seed] if seed < 2 else chance.randrange(2, 45)
    if size:
        _Maker(world, chance, size).fill()
    return world


class _Maker:
    def __init__(self, world: World, chance: random.Random, size: int) -> None:
        self.w, self.r, self.size = world, chance, size
        s = world.scope
        self.edges = [minuit(s.debut), minuit(s.fin + timedelta(days=1)), minuit(s.fin), world.now]
        self.span = (s.fin - s.debut).days + 1

    def maybe(self, share: float = 0.5) -> bool:
        return self.r.random() < share

    def instant(self) -> datetime:
        """Anywhere around the period, often at its very ends."""
        if self.maybe(0.25):
            return self.r.choice(self.edges) + timedelta(microseconds=self.r.choice((-1, 0, 0, 1)))
        minutes = self.r.randrange(-45 * 1440, (self.span + 20) * 1440)
        return self.edges[0] + timedelta(minutes=minutes, microseconds=self.r.randrange(1_000_000))

    def day(self) -> date:
        return self.w.scope.debut + timedelta(days=self.r.randrange(-20, self.span + 10))

    def money(self, least: int = -200_000, most: int = 900_000, places: int = 2) -> Decimal:
        return Decimal(self.r.randrange(least, most)).scaleb(-places)

    def fill(self) -> None:
        r, add = self.r, self.w.add
        agences = [add("Agence", code=("CAS", "RAB")[n], nom=f"Agence {n}", jours_ouvres="1,2,3,4,5,6",
                       horaires=("08:30-18:30", "08:00-12:00")[n]) for n in range(2)]  # fmt: skip
        for piece in (51, 52, 53):
            add("PieceDetachee", id=piece, reference=f"P-{piece}", designation="Joint")
        for n in range(r.randrange(3)):
            add("JourFerie", jour=self.day(), libelle=f"Fête {n}", agence_id=r.choice((None, *agences)))
        clients = [add("Client", nom_entreprise=f"Client {n}", agence_id=r.choice(agences)) for n in range(3)]
        contrats = [self.contrat(clients, agences, n) for n in range(r.randrange(1, 5))]
        self.machines: list[int] = []
        for n in range(r.randrange(1, 6)):
            self.machines.append(add(
                "Equipement", client_id=r.choice(clients), agence_id=r.choice(agences), nom=f"Presse {n}",
                contrat_id=r.choice((None, *contrats)), parent_id=r.choice((None, *self.machines)),
                code_interne=f"EQ-{n}", type_equipement=r.choice((None, "Presse", "Pompe")),
                statut=r.choice(("operationnel", "operationnel", "panne", "retire")), is_active=self.maybe(0.9),
                date_mise_en_service=r.choice((None, self.day(), self.day())),
            ))  # fmt: skip
        self.people: list[int] = []
        for n in range(r.randrange(1, 5)):
            user = add("User", username=f"u{n}", email=f"u{n}@mif.ma", full_name=f"Nom {n}", role="technicien")
            self.people.append(
                add("Technicien", user_id=user, agence_id=r.choice(agences), is_active=self.maybe(0.8))
            )
            if self.maybe():
                self.absence(self.people[-1], agences)
        self.visits: list[int] = []
        for _ in range(r.randrange(4)):
            self.plan()
        jobs = [self.job(n, clients, contrats, agences) for n in range(self.size)]
        self.stock(agences, jobs)
        for machine in self.machines:
            begin = self.instant()
            for _ in range(r.randrange(3)):
                end = begin + timedelta(minutes=r.randrange(1, 9000))
                add("Arret", equipement_id=machine, debut=begin, fin=end if self.maybe(0.8) else None, cause="panne")
                begin = end + timedelta(minutes=r.randrange(0, 5000))
        self.times(jobs)
        for n in range(r.randrange(9)):
            self.invoice(n, clients, contrats, agences)

    def invoice(self, n: int, clients: list[int], contrats: list[int], agences: list[int]) -> None:
        """In any state, paid in parts, with a payment that bounced, or given back."""
        r, add = self.r, self.w.add
        others = [f["id"] for f in self.w.of("Facture") if f["type_facture"] == "facture"]
        kind = "avoir" if others and self.maybe(0.25) else "facture"
        until = r.choice((None, local(self.w.now) - timedelta(days=r.choice((-5, 0, 1, 30, 31, 60, 90, 91, 200)))))
        ident = add(
            "Facture", numero=f"F-{n}", type_facture=kind, client_id=r.choice(clients), agence_id=r.choice(agences),
            contrat_id=r.choice((None, *contrats)), date_echeance=until, total_ttc=self.money(0),
            statut=r.choice(("brouillon", "a_transmettre", "validee", "validee", "envoyee", "annulee")),
            facture_origine_id=r.choice(others) if kind == "avoir" else None,
        )  # fmt: skip
        for _ in range(r.randrange(3)):
            old = self.maybe(0.4)
            paid = add("Paiement", facture_id=ident if old else None, date_paiement=self.day(),
                       montant=self.money(1, 400_000), mode_paiement="virement", annule_id=None)  # fmt: skip
            if not old:
                add("Imputation", paiement_id=paid, facture_id=ident, montant=self.money(1, 400_000))
            if self.maybe(0.2):
                add("Paiement", facture_id=ident if old else None, date_paiement=self.day(), montant=self.money(1, 2),
                    mode_paiement="virement", annule_id=paid)  # fmt: skip

    def contrat(self, clients: list[int], agences: list[int], n: int) -> int:
        r, debut = self.r, self.day() - timedelta(days=self.r.randrange(0, 500))
        statut = r.choice(("brouillon", "en_cours", "en_cours", "suspendu", "resilie"))
        return self.w.add(
            "Contrat", numero_contrat=f"C-{n}", client_id=r.choice(clients), agence_id=r.choice(agences),
            type_contrat="maintenance_preventive", statut=statut, date_debut=debut,
            date_fin=r.choice((None, debut + timedelta(days=r.randrange(0, 800)))),
            date_resiliation=self.day() if statut == "resilie" else None,
            montant_annuel=r.choice((None, self.money(0), self.money(0))),
            mode_facturation=r.choice(("mensuel", "trimestriel", "annuel")),
            revision_pct=r.choice((None, Decimal("2.50"))),
        )  # fmt: skip

    def absence(self, technicien: int, agences: list[int]) -> None:
        r, debut = self.r, self.instant()
        weekly = self.maybe(0.3)
        self.w.add(
            "Absence", technicien_id=technicien, agence_id=self.w.of("Technicien")[-1]["agence_id"], debut=debut,
            fin=debut + timedelta(hours=r.randrange(1, 30 if weekly else 200)), zone="Africa/Casablanca",
            type=r.choice(("conge", "maladie", "astreinte")), statut=r.choice(("acceptee", "acceptee", "demande")),
            recurrence="hebdomadaire" if weekly else None,
            recurrence_fin=self.day() if weekly and self.maybe() else None,
        )  # fmt: skip

    def plan(self) -> None:
        r = self.r
        plan = self.w.add(
            "Planning", equipement_id=r.choice(self.machines), frequence="mensuel", modele_titre="Visite",
            tolerance_avant=r.choice((None, 0, 3)), tolerance_apres=r.choice((None, 0, 5)),
        )  # fmt: skip
        for n in range(r.randrange(5)):
            jour = self.day()
            etat = r.choice(("generee", "generee", "generee", "sautee", "retiree"))
            self.visits.append(self.w.add(
                "Occurrence", planning_id=plan, cle=f"{n}", date_prevue=date(2026, 1, 1 + n), date_cible=jour,
                etat=etat, motif="Fermé" if etat == "sautee" else None,
            ))  # fmt: skip

    def job(self, n: int, clients: list[int], contrats: list[int], agences: list[int]) -> int:
        """One intervention, sometimes reopened, archived without a date, or over before it was asked for."""
        r, add, born = self.r, self.w.add, self.instant()
        statut = r.choices(
            ("ouverte", "affectee", "en_cours", "en_attente", "cloturee", "archivee", "annulee"),
            (2, 2, 2, 2, 8, 3, 2),
        )[0]  # fmt: skip
        over = statut in ("cloturee", "archivee")
        begun = born + timedelta(minutes=r.randrange(-300, 9000)) if self.maybe(0.8) else None
        end = (begun or born) + timedelta(minutes=r.randrange(0, 3000)) if over and self.maybe(0.8) else None
        closed = self.instant() if self.maybe(0.3) else (end or born) + timedelta(minutes=r.randrange(0, 2000))
        earlier = [i["id"] for i in self.w.of("Intervention")]
        ident = add(
            "Intervention", numero=f"INT-{n}", titre="Fuite", agence_id=r.choice(agences), statut=statut,
            client_id=r.choice(clients), contrat_id=r.choice((None, *contrats)),
            equipement_id=r.choice(self.machines),
            technicien_id=r.choice((None, *self.people)), date_creation=born,
            type=r.choice(("corrective", "corrective", "corrective", "preventive", "diagnostic")),
            priorite=r.choice(("urgente", "haute", "normale")), probleme_id=r.choice((None, 1, 1, 2)),
            cause_id=r.choice((None, 3)), date_planifiee=self.instant() if self.maybe() else None,
            date_limite=r.choice((None, self.instant(), born + timedelta(hours=24), end or begun)),
            date_debut_travaux=begun, date_fin_travaux=end,
            date_cloture=closed if over and self.maybe(0.9) else None,
            duree_estimee=r.choice((None, 30, 90)), duree_reelle=r.choice((None, 0, 45, 400)),
            cout_externe=r.choice((None, None, self.money())), satisfaction_client=r.choice((None, 1, 4, 5)),
            imputation=r.choice((None, "contrat", "a_facturer")),
            origine_id=r.choice(earlier) if earlier and self.maybe(0.15) else None,
            occurrence_id=self.visits.pop() if self.visits and self.maybe(0.6) else None,
        )  # fmt: skip
        for _ in range(r.randrange(3) if self.maybe(0.4) else 0):
            # Cancelled once and reopened, or cancelled twice.
            add("HistoriqueIntervention", intervention_id=ident, action="statut",
                statut=r.choice(("annulee", "en_attente")), horodatage=self.instant())  # fmt: skip
        for _ in range(r.choice((0, 0, 1, 3))):
            add("LigneIntervention", intervention_id=ident, designation="Joint", taux_tva=Decimal("20.00"),
                type_ligne=r.choice(("piece", "piece", "main_oeuvre", "autre")), piece_id=r.choice((None, 51, 52)),
                quantite=self.money(-3000, 9000, 3), prix_unitaire=self.money(), prevue=self.maybe(0.2))  # fmt: skip
        return ident

    def stock(self, agences: list[int], jobs: list[int]) -> None:
        r, add = self.r, self.w.add
        depots = [(add("Depot", nom=f"D{n}", agence_id=a, type_depot=r.choice(("agence", "vehicule", "rebut"))), a)
                  for n, a in enumerate((*agences, *agences))]  # fmt: skip
        for piece in (51, 52, 53):
            for _ in range(r.randrange(5)):
                depot, agence = r.choice(depots)
                kind = r.choice(("entree", "entree", "sortie", "transfert"))
                quantity = abs(self.money(1, 9000, 3)) * (-1 if kind == "sortie" else 1)
                add("MouvementStock", piece_id=piece, depot_id=depot, agence_id=agence, type_mouvement=kind,
                    quantite=quantity, prix_unitaire=r.choice((None, self.money(0))),
                    valeur_unitaire=r.choice((None, self.money(0, 9_000_000, 4))),
                    intervention_id=r.choice((None, *jobs)) if kind == "sortie" else None,
                    horodatage=self.w.now - timedelta(days=r.choice((1, 20, 364, 365, 366, 700)),
                                                      minutes=r.randrange(900)))  # fmt: skip

    def times(self, jobs: list[int]) -> None:
        r = self.r
        for table, kinds in (
            ("Temps", ("travail", "trajet", "attente")),
            ("Creneau", ("confirme", "fait", "annule")),
        ):
            for n in range(r.randrange(self.size + 1)):
                debut = self.instant()
                row: Row = {
                    "intervention_id": r.choice(jobs), "technicien_id": r.choice(self.people), "debut": debut,
                    "fin": debut + timedelta(seconds=r.randrange(1, 100_000)),
                }  # fmt: skip
                if table == "Temps":
                    row |= {"type": r.choice(kinds), "cout_horaire": r.choice((None, self.money(0)))}
                else:
                    row |= {"etat": r.choice(kinds), "zone": "Africa/Casablanca", "ordre": n + 1}
                self.w.add(table, **row)


def local(instant: datetime) -> date:
    """The day of an instant in Morocco."""
    return clock.local(instant).date()


def whole(instant: datetime) -> int:
    """Seconds since 1970, the fraction cut off."""
    return int((instant.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
