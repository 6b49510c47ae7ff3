"""The story that the demonstration plays: two branches and the head office work while the line is cut, then meet.

Every edit goes through the services that the window uses, every exchange through the same thread; the figures printed
are read back from the databases at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop.db.session import transaction
from erp_desktop.demo.stage import Branch, Stage
from erp_desktop.domain.enums import Priorite, Statut, TypeIntervention, TypeLigne
from erp_desktop.domain.saisie import InterventionInput, LigneInput
from erp_desktop.models import Intervention, LigneIntervention
from erp_desktop.services import clients, interventions
from erp_desktop.services.shared import choices
from erp_desktop.sync import status
from erp_desktop.sync.device.enrolment import device_link
from erp_desktop.sync.exchange.cache import Cache
from erp_desktop.sync.exchange.cycle import CycleResult
from erp_desktop.sync.inbox import conflicts
from erp_desktop.sync.syncer import Syncer
from erp_desktop.sync.watch.verify import verify

MIEN = "Joint racleur usé, tige rayée sur 4 cm. Prévoir rechromage."
LEUR = "Fuite côté tige et raccord desserré. Joint 63×75 à commander."
MES_TRAVAUX = {"travaux_realises": "Raccord resserré, niveau refait."}
LEURS_TRAVAUX = {"travaux_realises": "Raccord remplacé sous garantie."}
ICE = "001532097000001"
DEPLACEMENT = LigneInput(
    type_ligne=TypeLigne.DEPLACEMENT, designation="Déplacement", quantite=Decimal(42), prix_unitaire=Decimal("4.50"),
    taux_tva=Decimal(20),
)  # fmt: skip
TITRE = "Fuite d'huile vérin principal"


@dataclass(slots=True)
class Report:
    """What happened, read back from the databases."""

    lines: list[str] = field(default_factory=list)
    cycles: dict[str, list[CycleResult]] = field(default_factory=dict)
    conflits: int = 0
    differences: int = 0
    rows: int = 0
    seconds: float = 0.0


class Story:
    """Steps to be called in order; each says what it did.

    Attributes:
        disputee: the intervention that Casablanca and the head office both edit.
        nouvelles: interventions created while cut off.
    """

    def __init__(self, stage: Stage, say: Callable[[str], None] = print) -> None:
        self.stage = stage
        self.report = Report()
        self._tell = say
        self.disputee = 0
        self.ligne_supprimee = 0
        self.nouvelles: dict[str, list[int]] = {"CAS": [], "TNG": []}

    def say(self, text: str) -> None:
        self.report.lines.append(text)
        self._tell(text)

    def prepare(self) -> None:
        """Give Casablanca an intervention that both sides know, and a line to delete."""
        branch = self.stage.branches["CAS"]
        engine = branch.engine()
        try:
            with transaction(engine, branch.acteur.user_id) as session:
                row = session.execute(
                    sa.select(Intervention)
                    .where(Intervention.statut == Statut.EN_COURS.value)
                    .order_by(Intervention.date_creation.desc())
                    .limit(1)
                ).scalar_one()
                self.disputee = row.id
                known = {
                    "titre": TITRE,
                    "diagnostic": "Fuite côté tige.",
                    "priorite": Priorite.NORMALE,
                    "urgence": False,
                }
                interventions.update(session, branch.acteur, row.id, known)
                self.ligne_supprimee = interventions.ajouter_ligne(session, branch.acteur, row.id, DEPLACEMENT)
        finally:
            engine.dispose()
        self.cycle("CAS")

    def cycle(self, code: str) -> CycleResult:
        """One synchronous cycle of a branch, as ``erp-admin sync run`` does."""
        branch = self.stage.branches[code]
        with Cache(branch.cache, branch.key) as cache:
            link = device_link(cache, branch.settings.secrets_file)
            try:
                result = Syncer(cache, link).run()
            finally:
                link.close()
        self.report.cycles.setdefault(code, []).append(result)
        return result

    def edit_while_cut_off(self) -> None:
        """Different fields, the same field, new interventions, a deletion; nobody sees the others."""
        self._casablanca()
        self._tanger()
        self._siege()

    def _casablanca(self) -> None:
        branch = self.stage.branches["CAS"]
        engine, who = branch.engine(), branch.acteur
        try:
            with transaction(engine, who.user_id) as session:
                interventions.update(session, who, self.disputee, {"diagnostic": MIEN, "temps_deplacement": 25})
            with transaction(engine, who.user_id) as session:
                interventions.changer_statut(session, who, self.disputee, Statut.EN_ATTENTE, "pièce commandée")
            with transaction(engine, who.user_id) as session:
                self.nouvelles["CAS"].append(self._create(session, branch, "Groupe froid en alarme haute pression"))
            with transaction(engine, who.user_id) as session:
                interventions.supprimer_ligne(session, who, self.ligne_supprimee)
            with transaction(engine, write=False) as session:
                state = status.etat(session)
        finally:
            engine.dispose()
        self.say(
            "Casablanca, ligne coupée : diagnostic et déplacement saisis, mise en attente, une intervention créée, "
            f"une ligne supprimée ; {state.en_attente} fiches attendent"
        )

    def disagree(self) -> None:
        """Casablanca and the head office also write the same work, and give the same ICE to two clients."""
        branch = self.stage.branches["CAS"]
        engine, who = branch.engine(), branch.acteur
        try:
            with transaction(engine, write=False) as session:
                busy = sa.select(Intervention.technicien_id).where(Intervention.statut == Statut.EN_COURS.value)
                at_work = set(session.scalars(busy))
                techniciens = [t.id for t in choices.techniciens(session, who, "") if t.id not in at_work]
                mien, leur = [c.id for c in choices.clients(session, who, "")][:2]
            with transaction(engine, who.user_id) as session:
                interventions.update(session, who, self.disputee, {**MES_TRAVAUX, "technicien_id": techniciens[0]})
            # Apart: the centre takes or refuses a transaction whole.
            with transaction(engine, who.user_id) as session:
                clients.update(session, who, mien, {"ice": ICE})
        finally:
            engine.dispose()
        siege = self.stage.siege
        with transaction(self.stage.centre, siege.user_id) as session:
            interventions.update(session, siege, self.disputee, {**LEURS_TRAVAUX, "technicien_id": techniciens[1]})
            clients.update(session, siege, leur, {"ice": ICE})

    def edit_again(self) -> None:
        """A few more edits in Casablanca, so that something waits."""
        branch = self.stage.branches["CAS"]
        engine, who = branch.engine(), branch.acteur
        try:
            with transaction(engine, who.user_id) as session:
                interventions.update(session, who, self.disputee, {"recommandations": "Commander un second joint."})
            with transaction(engine, who.user_id) as session:
                interventions.update(session, who, self.disputee, {"notes_internes": "Client prévenu à 15 h."})
            with transaction(engine, who.user_id) as session:
                interventions.ajouter_ligne(session, who, self.disputee, DEPLACEMENT)
                self._create(session, branch, "Arrêt ligne : sertisseuse bloquée")
        finally:
            engine.dispose()

    def _tanger(self) -> None:
        branch = self.stage.branches["TNG"]
        engine, who = branch.engine(), branch.acteur
        try:
            for titre in ("Vibration palier côté moteur", "Capteur de niveau silo instable"):
                with transaction(engine, who.user_id) as session:
                    self.nouvelles["TNG"].append(self._create(session, branch, titre))
            with transaction(engine, write=False) as session:
                state = status.etat(session)
        finally:
            engine.dispose()
        self.say(f"Tanger, ligne coupée : deux interventions créées ; {state.en_attente} fiches attendent")

    def _siege(self) -> None:
        who = self.stage.siege
        with transaction(self.stage.centre, who.user_id) as session:
            interventions.update(
                session, who, self.disputee,
                {"diagnostic": LEUR, "priorite": Priorite.HAUTE, "recommandations": "Contrôler le second vérin."},
            )  # fmt: skip
        self.say("Siège, au même moment : même diagnostic réécrit, priorité haute et recommandation ajoutées")

    def _create(self, session: Session, branch: Branch, titre: str) -> int:
        equipement = session.execute(
            sa.select(Intervention.equipement_id)
            .where(Intervention.agence_id == branch.acteur.agence_id)
            .order_by(Intervention.id.desc())
            .limit(1)
        ).scalar_one()
        return interventions.create(
            session, branch.acteur,
            InterventionInput(titre=titre, type=TypeIntervention.CORRECTIVE, equipement_id=equipement),
        )  # fmt: skip

    def meet(self) -> None:
        """The line comes back: both branches cycle until nothing moves."""
        started = time.perf_counter()
        for code in ("CAS", "TNG", "CAS"):
            result = self.cycle(code)
            self.say(
                f"{self.stage.branches[code].nom} : {result.pushed} envoyées, {result.pulled} reçues, "
                f"{result.conflicts} conflits, {result.parked} mises de côté, {result.round_trips} allers-retours "
                f"en {result.seconds * 1000:.0f} ms"
            )
            self.report.conflits += result.conflicts
        self.report.seconds = time.perf_counter() - started

    def resolve(self) -> None:
        """The clerk who lost keeps her text; the choice travels like any edit."""
        branch = self.stage.branches["CAS"]
        engine = branch.engine()
        try:
            with transaction(engine, branch.acteur.user_id) as session:
                waiting = [c for c in conflicts.liste(session, tous=False) if c.champ == "diagnostic"]
                for conflit in waiting:
                    conflicts.resolve(session, conflit.id, "mine")
        finally:
            engine.dispose()
        self.cycle("CAS")
        self.say(f"Conflit réglé à Casablanca : « garder la mienne » sur {len(waiting)} champ, renvoyé au centre")

    def check(self) -> Report:
        """Compare every row of both caches with the centre; raises when anything was lost."""
        for branch in self.stage.branches.values():
            with Cache(branch.cache, branch.key) as cache:
                link = device_link(cache, branch.settings.secrets_file)
                try:
                    found = verify(cache, link, repair=False)
                finally:
                    link.close()
            self.report.rows += found.rows
            self.report.differences += sum(sum(d) for d in found.differences.values())
        with transaction(self.stage.centre, write=False) as session:
            row = session.get_one(Intervention, self.disputee)
            wanted = (MIEN, Priorite.HAUTE.value, Statut.EN_ATTENTE.value, "Contrôler le second vérin.")
            got = (row.diagnostic, row.priorite, row.statut, row.recommandations)
            if got != wanted:
                raise RuntimeError(f"la fiche disputée ne dit pas ce qu'elle devrait : {got}")
            created = [i for ids in self.nouvelles.values() for i in ids]
            there = session.execute(
                sa.select(sa.func.count()).select_from(Intervention).where(Intervention.id.in_(created))
            ).scalar_one()
            if there != len(created) or session.get(LigneIntervention, self.ligne_supprimee) is not None:
                raise RuntimeError("une création ou une suppression faite hors ligne s'est perdue")
        if self.report.differences:
            raise RuntimeError(f"{self.report.differences} lignes diffèrent entre les postes et le centre")
        self.say(
            f"Vérifié ligne à ligne : {self.report.rows} lignes sur deux postes, 0 différence, rien de perdu ; "
            f"{self.report.conflits} champ(s) disputé(s), la valeur perdante gardée"
        )
        return self.report
