"""The rows of one file of work orders, judged line by line and written into one agency."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain.enums import Statut
from erp_desktop.models import (
    Agence,
    Client,
    Contrat,
    Equipement,
    HistoriqueIntervention,
    Intervention,
    Technicien,
    User,
)
from erp_desktop.services.importation import values as valeurs
from erp_desktop.services.importation.dates import conclure
from erp_desktop.services.importation.decisions import Decisions, Existants, Lecture, lecture
from erp_desktop.services.importation.nearest import suffix
from erp_desktop.services.importation.outcome import Bilan, ImportRefuse, LigneRefusee, Progress
from erp_desktop.services.importation.values import Ecriture
from erp_desktop.services.importation.work_orders import Lecteur, Ordre
from erp_desktop.services.interventions import numbers
from erp_desktop.services.shared.lists import mesurer
from erp_desktop.services.sheets.model import Table

ACTION = "importation"
_BATCH = 2_000
_PIECE = 1_000


class RepriseOrdres:
    """One import into one agency: what its steps share.

    Args:
        machines: a machine that is not known is created; if not, its line is refused.
    """

    champs: Lecture
    existants: Existants

    def __init__(
        self, session: Session, agence: int, bilan: Bilan, ecriture: Ecriture, *, machines: bool = True
    ) -> None:
        self.session, self.agence, self.bilan, self.ecriture = session, agence, bilan, ecriture
        self.machines = machines
        self.code = ""
        self.user_id: int | None = None
        self.nouveaux: list[Ordre] = []
        self.connus: list[tuple[Ordre, Any]] = []
        self.changes: list[tuple[Ordre, Any, dict[str, Any]]] = []

    def faire(self, lu: Table, choix: Decisions, user_id: int | None, progress: Progress | None) -> Bilan:
        self.user_id = user_id
        for _done in self.essayer(lu, choix):
            pass
        if self.bilan.refusees:
            if self.bilan.essai:
                return self.bilan
            raise ImportRefuse(self.bilan)
        self.bilan.importees = len(self.nouveaux)
        if self.bilan.essai:
            return self.bilan
        self.creer_machines(self.nouveaux)
        self.inserer(self.nouveaux, progress)
        self.mettre_a_jour()
        mesurer(self.session, Intervention, HistoriqueIntervention)
        return self.bilan

    def essayer(self, lu: Table, choix: Decisions) -> Iterator[int]:
        """Judge every line, piece by piece: how many steps are done, two for each line.

        Between two pieces another session may take the place of :attr:`session`.
        """
        rows = lu.rows
        self.code = self.session.get_one(Agence, self.agence).code
        champs, self.existants = lecture(choix, lu.columns), choix.existants
        self.champs = champs
        self.bilan.lignes = len(rows) + len(lu.faults)
        notes = Counter(lu.notes)
        for colonne in champs.libres:
            notes[f"colonne « {colonne} » non reprise"] = len(rows)
        for nom, valeur in champs.constantes.items():
            notes[f"{nom} : {valeur}, donné pour tout le fichier"] = len(rows)
        lecteur = Lecteur(champs, self.ecriture, notes)
        lecteur.convenir(rows)
        ordres: list[Ordre] = []
        for at in range(0, len(rows), _PIECE):
            ordres += [lecteur.lire(n, row) for n, row in rows[at : at + _PIECE]]
            yield len(ordres)
        conclure(notes, self.ecriture.dates)
        self.relier(ordres)
        yield len(rows) + len(rows) // 2
        self.nouveaux, self.connus = self.trier(ordres)
        self.refuser_occupes(self.nouveaux, self.connus)
        self.comparer([(ordre, row) for ordre, row in self.connus if not ordre.fautes])
        self.bilan.remarques = dict(notes)
        refus = [*lu.faults, *((o.ligne, " ; ".join(o.fautes)) for o in ordres if o.fautes)]
        self.bilan.refusees = [LigneRefusee(*un) for un in sorted(refus)]

    def _ici(self, colonne: Any) -> sa.ColumnElement[bool]:
        return sa.or_(colonne.is_(None), colonne == self.agence)

    def _noms(self, nom: str) -> dict[str, set[tuple[int, int | None]]]:
        """What people call a row → its (id, client); several rows of one name stay several."""
        trouves: dict[str, set[tuple[int, int | None]]] = defaultdict(set)
        if nom == "client":
            for ident, ice, entreprise in self.session.execute(
                sa.select(Client.id, Client.ice, Client.nom_entreprise).where(self._ici(Client.agence_id))
            ):
                for cle in filter(None, (ice, entreprise)):
                    trouves[cle].add((ident, ident))
        elif nom == "contrat":
            for ident, numero, client in self.session.execute(
                sa.select(Contrat.id, Contrat.numero_contrat, Contrat.client_id).where(self._ici(Contrat.agence_id))
            ):
                trouves[numero].add((ident, client))
        elif nom == "technicien":
            for ident, *cles in self.session.execute(
                sa.select(Technicien.id, Technicien.numero_badge, User.username, User.email, User.full_name)
                .join(User, User.id == Technicien.user_id)
                .where(self._ici(Technicien.agence_id))
            ):
                for cle in filter(None, cles):
                    trouves[cle].add((ident, None))
        else:
            for ident, code, client in self.session.execute(
                sa.select(Equipement.id, Equipement.code_interne, Equipement.client_id).where(
                    Equipement.agence_id == self.agence
                )
            ):
                trouves[code].add((ident, client))
        return trouves

    def relier(self, ordres: list[Ordre]) -> None:
        """Replace what the file calls clients, contracts, techniciens and machines by identifiers."""
        for nom in ("client", "contrat", "technicien", "equipement"):
            if not any(nom in o.liens for o in ordres):
                continue
            noms, near = self._noms(nom), dict[str, str]()
            for ordre in ordres:
                if (dit := ordre.liens.get(nom)) is None:
                    continue
                choix = noms.get(dit) or noms.get(valeurs.ice_connu(dit)) or set()
                if nom == "equipement":
                    choix = choix or noms.get(self._code(dit), set())
                if len(choix) > 1:
                    ordre.fautes.append(f"{nom} « {dit} » en désigne plusieurs")
                elif choix:
                    ((ident, client),) = choix
                    ordre.valeurs[f"{nom}_id"] = ident
                    if client is not None and ordre.valeurs.setdefault("client_id", client) != client:
                        ordre.fautes.append(f"{nom} « {dit} » est celui d'un autre client")
                elif nom != "equipement" or not self.machines:
                    if dit not in near:
                        near[dit] = suffix(dit, noms)
                    ordre.fautes.append(f"{nom} introuvable dans cette agence : « {dit} »{near[dit]}")
        for ordre in ordres:
            ordre.valeurs.setdefault("contrat_id", None)
            ordre.valeurs.setdefault("technicien_id", None)

    def _code(self, machine: str) -> str:
        """Under which an import keeps a machine that was not known: 40 characters hold any."""
        return f"{self.code}-REP-{machine}"

    def trier(self, ordres: list[Ordre]) -> tuple[list[Ordre], list[tuple[Ordre, Any]]]:
        """(new ones, those to update with their row); what stands in the way becomes a fault of its line."""
        h = HistoriqueIntervention
        deja = {
            contenu["reference"]: ident
            for ident, contenu in self.session.execute(
                sa.select(h.intervention_id, h.nouvelle_valeur).where(h.action == ACTION, h.agence_id == self.agence)
            )
            if isinstance(contenu, dict) and "reference" in contenu
        }
        nouveaux: list[Ordre] = []
        connus: dict[int, Ordre] = {}
        premiers: dict[str, int] = {}
        for ordre in ordres:
            autre = premiers.setdefault(ordre.reference, ordre.ligne)
            if autre != ordre.ligne:
                ordre.fautes.append(f"numero_source « {ordre.reference} » est déjà à la ligne {autre}")
            elif ordre.reference not in deja:
                nouveaux.append(ordre)
            elif self.existants is Existants.IGNORER:
                self.bilan.existantes += 1
                ordre.fautes.clear()
            elif self.existants is Existants.REFUSER:
                dit = f"n° {ordre.numero_source}" if ordre.numero_source else "cette ligne"
                ordre.fautes.append(f"{dit} : déjà importé (--existants ignorer, ou maj)")
            else:
                connus[deja[ordre.reference]] = ordre
        a_jour = []
        for debut in range(0, len(connus), 500):
            paquet = list(connus)[debut : debut + 500]
            for row in self.session.execute(
                sa.select(Intervention.__table__).where(Intervention.id.in_(paquet))
            ).mappings():
                ordre = connus[row["id"]]
                if "statut" in self.champs.donnes and ordre.valeurs["statut"] != row["statut"]:
                    ordre.fautes.append(
                        f"statut {row['statut']} ici, {ordre.valeurs['statut']} dans le fichier : à changer dans la "
                        f"fiche {row['numero']}"
                    )
                a_jour.append((ordre, row))
        return nouveaux, a_jour

    def refuser_occupes(self, nouveaux: list[Ordre], connus: list[tuple[Ordre, Any]]) -> None:
        """Nobody works in two places at once: one intervention en_cours for each technicien, here and in the file."""
        i = Intervention
        ici = self.session.execute(
            sa.select(i.technicien_id, i.numero, i.id).where(
                i.statut == Statut.EN_COURS.value, i.agence_id == self.agence, i.technicien_id.is_not(None)
            )
        )
        pris: dict[int, tuple[str, int | None]] = {t: (numero, ident) for t, numero, ident in ici if t is not None}
        for ordre, ident in [*((o, None) for o in nouveaux), *((o, row["id"]) for o, row in connus)]:
            technicien = ordre.valeurs.get("technicien_id")
            if technicien is None or ordre.valeurs.get("statut") != Statut.EN_COURS.value:
                continue
            autre, sien = pris.setdefault(technicien, (f"ligne {ordre.ligne}", ident))
            if autre != f"ligne {ordre.ligne}" and (ident is None or ident != sien):
                ordre.fautes.append(f"technicien « {ordre.liens['technicien']} » a déjà {autre} en cours")

    def creer_machines(self, ordres: list[Ordre]) -> None:
        """Machines that no line of the agency's fleet is, for the client named or the profile's."""
        manquants = [o for o in ordres if "equipement_id" not in o.valeurs]
        faites: dict[str, tuple[int, int]] = {}
        for ordre in manquants:
            nom = ordre.liens["equipement"]
            if nom not in faites:
                client = ordre.valeurs.get("client_id") or self._proprietaire()
                machine = Equipement(
                    agence_id=self.agence, client_id=client, nom=self.champs.profile.machine.format(nom),
                    code_interne=self._code(nom),
                )  # fmt: skip
                self.session.add(machine)
                self.session.flush()
                faites[nom] = machine.id, client
                self.bilan.equipements_crees += 1
            ordre.valeurs["equipement_id"], client = faites[nom]
            if ordre.valeurs.setdefault("client_id", client) != client:
                raise ImportRefuse(
                    replace(
                        self.bilan, importees=0,
                        refusees=[LigneRefusee(ordre.ligne, f"equipement « {nom} » est celui d'un autre client")],
                    )
                )  # fmt: skip

    def _proprietaire(self) -> int:
        nom = self.champs.profile.client
        requete = sa.select(Client.id).where(Client.agence_id == self.agence, Client.nom_entreprise == nom)
        client = self.session.execute(requete).scalars().first()
        if client is None:
            owner = Client(agence_id=self.agence, nom_entreprise=nom)
            self.session.add(owner)
            self.session.flush()
            client = owner.id
        return client

    def inserer(self, ordres: list[Ordre], progress: Progress | None) -> None:
        self.session.flush()
        connection, now = self.session.connection(), clock.now()
        annees = [clock.local(o.valeurs["date_creation"]).year for o in ordres]
        tires = {a: iter(numbers.tirer(self.session, self.code, a, n)) for a, n in sorted(Counter(annees).items())}
        for at in range(0, len(ordres), _BATCH):
            block = ordres[at : at + _BATCH]
            rows, audit = [], []
            identifiers = ids.allocate(connection, 2 * len(block))
            pairs = zip(identifiers[: len(block)], identifiers[len(block) :], strict=True)
            for (identifier, audit_id), ordre, annee in zip(pairs, block, annees[at : at + _BATCH], strict=True):
                common = {"agence_id": self.agence, "created_at": now, "updated_at": now,
                          "created_by_id": self.user_id}  # fmt: skip
                note = self._note(ordre)
                notes = "\n".join(filter(None, [ordre.valeurs["notes_internes"], note]))
                zone = clock.CASABLANCA.key if ordre.valeurs["date_planifiee"] else None
                rows.append(
                    common
                    | ordre.valeurs
                    | {"id": identifier, "numero": next(tires[annee]), "notes_internes": notes,
                       "zone_planifiee": zone}
                )  # fmt: skip
                audit.append(self._trace(audit_id, identifier, ordre, now, note) | common)
            connection.execute(sa.insert(Intervention.__table__), rows)  # type: ignore[arg-type]
            connection.execute(sa.insert(HistoriqueIntervention.__table__), audit)  # type: ignore[arg-type]
            if progress:
                progress(at + len(block), len(ordres))

    @staticmethod
    def _note(ordre: Ordre) -> str:
        return "Repris d'un autre système" + "".join(f", {dit}" for dit in ordre.origine) + "."

    def _trace(self, ident: int, intervention: int, ordre: Ordre, now: Any, note: str) -> dict[str, Any]:
        source = {"numero_source": ordre.numero_source} if ordre.numero_source else {}
        return {
            "id": ident, "intervention_id": intervention, "user_id": self.user_id, "action": ACTION,
            "statut": ordre.valeurs["statut"], "nouvelle_valeur": {"reference": ordre.reference} | source,
            "ancienne_valeur": None, "remarque": note, "horodatage": now,
        }  # fmt: skip

    def comparer(self, connus: list[tuple[Ordre, Any]]) -> None:
        """What the file says otherwise than the rows; what it does not say stays as people left it."""
        dits = {
            f"{c}_id" if c in {"equipement", "client", "contrat", "technicien"} else c for c in self.champs.donnes
        }
        for ordre, row in connus:
            nouvelles = {c: ordre.valeurs[c] for c in dits - {"statut", "notes_internes"} if c in ordre.valeurs}
            change = {c: v for c, v in nouvelles.items() if v is not None and v != row[c]}
            if change:
                self.changes.append((ordre, row, change))
        self.bilan.mises_a_jour = len(self.changes)
        self.bilan.existantes += len(connus) - len(self.changes)

    def mettre_a_jour(self) -> None:
        now = clock.now()
        for ordre, row, change in self.changes:
            table = Intervention.__table__
            self.session.execute(
                sa.update(table).where(table.c.id == row["id"]).values(**change, updated_at=now)  # type: ignore[arg-type]
            )
            (audit,) = ids.allocate(self.session.connection(), 1)
            trace = self._trace(audit, row["id"], ordre, now, self._note(ordre)) | {
                "agence_id": row["agence_id"], "created_at": now, "updated_at": now, "created_by_id": self.user_id,
                "statut": row["statut"], "ancienne_valeur": {c: _dit(row[c]) for c in change},
            }  # fmt: skip
            trace["nouvelle_valeur"] |= {c: _dit(v) for c, v in change.items()}
            self.session.execute(sa.insert(HistoriqueIntervention.__table__), [trace])  # type: ignore[arg-type]


def _dit(valeur: Any) -> Any:
    if valeur is None or isinstance(valeur, (str, int)):
        return valeur
    return clock.to_text(valeur) if hasattr(valeur, "tzinfo") else str(valeur)
