"""Import of rows into a table of the trade from a CSV or XLSX file: all or nothing, every bad line named.

Columns of the file are the columns of the registry, by name or by ``colonne=champ``. A reference is given by its
identifier (``client_id``) or, in a column without the suffix, by what people know (``client``: ICE or name). The
latter wins when both are there, because identifiers of another database mean nothing here: rows get new ones.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.db import ids
from erp_desktop.domain import nombres
from erp_desktop.domain.enums import ReportFerie, StatutContrat
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import UserError
from erp_desktop.models import Agence, Base, Contrat
from erp_desktop.registry.tables import BY_NAME, Kind, Reference
from erp_desktop.services.contrats import following
from erp_desktop.services.contrats.actions import premiere_periode
from erp_desktop.services.importation import columns
from erp_desktop.services.importation import values as valeurs
from erp_desktop.services.importation.dates import conclure
from erp_desktop.services.importation.decisions import Champs, Decisions
from erp_desktop.services.importation.nearest import suffix
from erp_desktop.services.importation.outcome import Bilan, ImportRefuse, LigneRefusee, Progress, connaitre
from erp_desktop.services.importation.references import IDENTIFIANTS, TABLES, exiger, expressions, references
from erp_desktop.services.importation.repeated import refuser_repetees
from erp_desktop.services.importation.rules import Ligne, Row, juger, rang, useful
from erp_desktop.services.importation.values import Ecriture
from erp_desktop.services.sheets.model import Cell, Table, text
from erp_desktop.services.sheets.reading import read

__all__ = ["TABLES", "exiger", "expressions", "importer"]

_GERES = {"id", "agence_id", "created_at", "updated_at", "created_by_id"}
_SUIVIES = {
    "lignes_intervention": {"depot_id", "prevue"},
    "mouvements_stock": {"transfert_id", "ligne_intervention_id", "inventaire_id", "annule_id"},
    "plannings": {"compteur_id", "derniere_date", "genere_jusqu_au", "prochaine_date", "rythme_depuis", "seuil"},
}
"""What only the services write, together with what it means for the stock or the visits."""
_UNIQUES_EN_PLUS = {"techniciens": {"numero_badge": True}}
"""What the services keep unique and the database does not."""
_EXIGEES = {"plannings": {"date_debut"}}
"""What the services ask for and the database does not."""
_DEFAUTS = {"plannings": {"report_ferie": ReportFerie.APRES.value}}
"""What a blank form begins with, where the database has another default for rows of before."""
_BATCH = 2_000
_PIECE = 1_000
_CHUNK = 500
_NEAR, _KNOWN = 40, 5_000
"""Unknown words of one column for which a near one is looked for, and how many known ones are looked at."""


def importer(
    session: Session,
    table: str,
    fichier: Path,
    agence_code: str,
    *,
    choix: Decisions | None = None,
    ecriture: Ecriture | None = None,
    essai: bool = False,
    user_id: int | None = None,
    progress: Progress | None = None,
) -> Bilan:
    """Import the rows of a file into an agency, in the caller's transaction.

    Args:
        session: cache or centre; written to only when every line is good and ``essai`` is False.
        table: one of :data:`TABLES`.
        fichier: CSV, XLSX, XLS or ODS.
        agence_code: the agency that takes the rows over; references are looked up in it and in what is shared.
        choix: what the columns mean, and what the file does not say; a currency or a known profile is of work orders.
        ecriture: how the file is written, where it does not show it.
        essai: check only.
        user_id: author.
        progress: called with (done, total).

    Raises:
        ImportRefuse: at least one bad line; its ``bilan`` lists them all, the header being line 1.
        UserError: a table that takes no import, an unreadable or empty file, unknown agency or mapping.
    """
    exiger(table)
    agence = session.execute(sa.select(Agence.id).where(Agence.code == agence_code.upper())).scalar_one_or_none()
    if agence is None:
        raise UserError(f"Agence inconnue : {agence_code}.")
    ecriture = ecriture or Ecriture()
    reprise = Reprise(session, table, agence, Bilan(essai=essai), ecriture)
    choix = choix or Decisions()
    dites = (paire.rpartition("=")[0] for paire in choix.paires)
    noms = [*reprise.colonnes, *reprise.references, *_GERES, *dites]
    lu = read(fichier, connaitre(noms), sheet=ecriture.feuille, encoding=ecriture.encodage)
    if not lu.rows and not lu.faults:
        raise UserError(f"Le fichier {fichier.name} n'a aucune ligne à importer.")
    return reprise.faire(lu, choix, user_id, progress)


class Reprise:
    """One import: what its steps share."""

    def __init__(
        self, session: Session, table: str, agence: int, bilan: Bilan, ecriture: Ecriture,
        acteur: Acteur | None = None,
    ) -> None:  # fmt: skip
        self.ecriture, self.acteur = ecriture, acteur
        self.session, self.nom, self.agence, self.bilan = session, table, agence, bilan
        self.table = Base.metadata.tables[table]
        self.references = references(table)
        self.courts = {ref.column: name for name, ref in self.references.items()}
        geres = _GERES | _SUIVIES.get(table, set())
        self.colonnes = [c.name for c in BY_NAME[table].columns if c.name not in geres]
        self.lecteurs = {c: valeurs.lecteur(self.table, BY_NAME[table].column(c)) for c in self.colonnes}
        for nom, defaut in _DEFAUTS.get(table, {}).items():
            self.lecteurs[nom] = replace(self.lecteurs[nom], defaut=defaut)
        for nom in _EXIGEES.get(table, ()):
            self.lecteurs[nom] = replace(self.lecteurs[nom], obligatoire=True)
        self.remarques: Counter[str] = Counter()
        self.lignes: list[Ligne] = []

    @classmethod
    def sans_base(cls, table: str) -> Reprise:
        """To be asked for its fields alone."""
        return cls(cast("Session", None), table, 0, Bilan(), Ecriture())

    def faire(self, lu: Table, choix: Decisions, user_id: int | None, progress: Progress | None) -> Bilan:
        for _done in self.essayer(lu, choix):
            pass
        if self.bilan.refusees:
            if self.bilan.essai:
                return self.bilan
            raise ImportRefuse(self.bilan)
        if not self.bilan.essai:
            self._inserer(self.lignes, user_id, progress)
        self.bilan.importees = len(self.lignes)
        return self.bilan

    def essayer(self, lu: Table, choix: Decisions) -> Iterator[int]:
        """Judge every line, piece by piece: each line is read, then judged; how many of these steps are done.

        Between two pieces another session may take the place of :attr:`session`.
        """
        rows = lu.rows
        self.bilan.lignes = len(rows) + len(lu.faults)
        self.remarques.update(lu.notes)
        champs = self._champs(lu, choix)
        if not self.bilan.refusees:
            self._convenir(champs, rows)
            lus = {*champs.donnes, *champs.defauts}
            for at in range(0, len(rows), _PIECE):
                self.lignes += [
                    self._lire(n, {f: champs.cellule(f, row) for f in lus}) for n, row in rows[at : at + _PIECE]
                ]
                yield len(self.lignes)
            conclure(self.remarques, self.ecriture.dates)
            self._relier(self.lignes)
            for at in range(0, len(rows), _PIECE):
                for ligne in self.lignes[at : at + _PIECE]:
                    juger(self.nom, ligne, self.lecteurs, self.remarques, self.acteur)
                yield len(rows) + min(len(rows), at + _PIECE)
            self._doublons(self.lignes)
            refus = [*lu.faults, *((x.numero, " ; ".join(x.fautes)) for x in self.lignes if x.fautes)]
            self.bilan.refusees = [LigneRefusee(*un) for un in sorted(refus)]
        self.bilan.remarques = dict(self.remarques)

    def _champs(self, lu: Table, choix: Decisions) -> Champs:
        """Where each field comes from; unknown columns, and required fields that nothing gives, are refused."""
        exiges = {
            nom: {nom, self.courts.get(nom, nom)} for nom in self.colonnes if self.lecteurs[nom].obligatoire
        }  # fmt: skip
        possibles = [*self.colonnes, *self.references]
        champs, raisons = columns.champs(lu, choix, possibles, _GERES, exiges, self.remarques)
        self.bilan.refusees = [LigneRefusee(lu.header, raison) for raison in raisons]
        return champs

    def _convenir(self, champs: Champs, rows: Sequence[tuple[int, dict[str, Cell]]]) -> None:
        """Without a convention given: that of our own exports, else what the file's figures show."""
        convention = self.ecriture.nombres
        if convention is None and {c for _, row in rows[:1] for c in row} >= _GERES:
            convention = nombres.Convention.VIRGULE
        if convention is None:
            decimaux = [
                c for f, c in champs.colonnes.items() if f in self.lecteurs and self.lecteurs[f].kind is Kind.DECIMAL
            ]
            textes = (row[c] for c in decimaux for _, row in rows)
            convention = nombres.convention_de(t for t in textes if isinstance(t, str))
        self.ecriture = replace(self.ecriture, nombres=convention)

    def _valeur(self, nom: str, cellule: Cell) -> Any:
        if nom == "ice" and cellule != "":
            cellule = valeurs.lire_ice(cellule, self.ecriture, self.remarques)
        if nom == "telephone" and cellule != "":
            cellule = valeurs.lire_telephone(cellule, self.ecriture)
        return self.lecteurs[nom].lire(cellule, self.ecriture, self.remarques)

    def _lire(self, numero: int, cellules: dict[str, Cell]) -> Ligne:
        ligne = Ligne(numero, {})
        propres = {f: unicodedata.normalize("NFC", c) if isinstance(c, str) else c for f, c in cellules.items()}
        autre = valeurs.separer_telephones(propres, self.ecriture, self.remarques) if self.nom == "clients" else None
        if autre is not None:
            propres["notes"] = "\n".join(filter(None, [text(propres.get("notes", "")), autre]))
        for nom in self.colonnes:
            texte = propres.get(nom, "")
            court = text(propres.get(self.courts.get(nom, ""), ""))
            try:
                if court:
                    ligne.valeurs[nom] = None
                    ligne.cles[nom] = (True, valeurs.texte_sain(court))
                else:
                    ligne.valeurs[nom] = self._valeur(nom, texte)
                    if nom in self.courts and texte != "":
                        ligne.cles[nom] = (False, str(ligne.valeurs[nom]))
            except ValueError as error:
                near = suffix(text(texte), self.lecteurs[nom].parmi) if not court else ""
                ligne.fautes.append(f"{nom} : {error}{near}")
        return ligne

    def _relier(self, lignes: list[Ligne]) -> None:
        """Replace what people know by identifiers; every referenced row must be the agency's or shared."""
        par_code = {x.valeurs.get("code_interne"): x for x in lignes} if self.nom == "equipements" else {}
        for nom, ref in self.references.items():
            propre = ref.target == self.nom
            cles = {(par_cle, t) for x in lignes for par_cle, t in [x.cles.get(ref.column, (True, ""))] if t}
            trouves = self._chercher(ref, cles)
            near = self._near(ref, [t for par_cle, t in cles if par_cle and not trouves.get((par_cle, t))])
            for ligne in lignes:
                if ref.column not in ligne.cles:
                    continue
                par_cle, texte = ligne.cles[ref.column]
                if propre and par_cle and texte in par_code:
                    ligne.parent = par_code[texte]
                    continue
                choix = trouves.get((par_cle, texte), [])
                if len(choix) == 1:
                    ligne.refs[ref.column] = choix[0]
                    ligne.valeurs[ref.column] = choix[0].id
                elif choix:
                    ligne.fautes.append(f"{nom} « {texte} » en désigne plusieurs : donnez {ref.column}")
                else:
                    told = near.get(texte, "") if par_cle else ""
                    ligne.fautes.append(f"{nom} introuvable dans cette agence : « {texte} »{told}")

    def _near(self, ref: Reference, unknown: Sequence[str]) -> dict[str, str]:
        """Unknown word → what its reason says of the one that it probably means; of the first words of a file."""
        unknown = [words for words in unknown if words][:_NEAR]
        cible, known = Base.metadata.tables[ref.target], list[str]()
        first = {case(words[0]) for words in unknown for case in (str.lower, str.upper)}
        for column in (name for name in IDENTIFIANTS[ref.target] if unknown and name != "ice"):
            told = cible.c[column]
            asked = sa.select(told).where(
                sa.or_(cible.c.agence_id.is_(None), cible.c.agence_id == self.agence),
                sa.func.substr(told, 1, 1).in_(first),
            )
            known += self.session.execute(asked.limit(_KNOWN)).scalars()
        return {words: suffix(words, known) for words in unknown}

    def _chercher(self, ref: Reference, cles: set[tuple[bool, str]]) -> dict[tuple[bool, str], list[Row]]:
        cible = Base.metadata.tables[ref.target]
        trouves: dict[tuple[bool, str], list[Row]] = {}
        needed = useful(self.nom, ref.target)
        utile = cible.c[needed] if needed else sa.null()
        for colonne in ("id", *IDENTIFIANTS[ref.target]):
            cherches: dict[Any, list[tuple[bool, str]]] = {}
            for cle in cles - trouves.keys():
                if cle[0] == (colonne != "id"):
                    valeur: Any = cle[1] if cle[0] else int(cle[1])
                    cherches.setdefault(valeurs.ice_connu(cle[1]) if colonne == "ice" else valeur, []).append(cle)
            for paquet in _paquets(list(cherches)):
                requete = sa.select(
                    cible.c.id, cible.c.agence_id, cible.c[colonne].label("cle"), utile.label("utile")
                ).where(
                    cible.c[colonne].in_(paquet),
                    sa.or_(cible.c.agence_id.is_(None), cible.c.agence_id == self.agence),
                )
                for row in self.session.execute(requete):
                    for cle in cherches[row.cle]:
                        trouves.setdefault(cle, []).append(row)
        return trouves

    def _doublons(self, lignes: list[Ligne]) -> None:
        """Natural keys taken twice in the file, or already in the database."""
        for nom, par_agence in uniques(self.table).items():
            self._doublon(
                nom,
                [x for x in lignes if x.valeurs.get(nom) is not None],
                par_agence=par_agence,
            )
        if self.nom == "clients":
            # Without ICE, the name is all that tells one client from another.
            anonymes = [x for x in lignes if x.valeurs.get("ice") is None and x.valeurs.get("nom_entreprise")]
            self._doublon("nom_entreprise", anonymes, par_agence=True)
        refuser_repetees(self.session, self.nom, lignes)

    def _doublon(self, nom: str, lignes: list[Ligne], *, par_agence: bool) -> None:
        premiers: dict[Any, int] = {}
        colonne = self.table.c[nom]
        ou = [self.table.c.agence_id == self.agence] if par_agence else []
        pris: set[Any] = set()
        for paquet in _paquets(list({x.valeurs[nom] for x in lignes})):
            pris.update(self.session.execute(sa.select(colonne).where(colonne.in_(paquet), *ou)).scalars())
        for ligne in lignes:
            valeur = ligne.valeurs[nom]
            dit = ligne.cles.get(nom, (True, valeur))[1]
            if valeur in pris:
                ligne.fautes.append(f"{nom} « {dit} » est déjà dans la base")
            elif valeur in premiers:
                ligne.fautes.append(f"{nom} « {dit} » est déjà à la ligne {premiers[valeur]}")
            premiers.setdefault(valeur, ligne.numero)

    def _inserer(self, lignes: list[Ligne], user_id: int | None, progress: Progress | None) -> None:
        connection, now = self.session.connection(), clock.now()
        racine = BY_NAME[self.nom].root
        ordre = sorted(lignes, key=rang)
        for at in range(0, len(ordre), _BATCH):
            bloc = ordre[at : at + _BATCH]
            for identifiant, ligne in zip(ids.allocate(connection, len(bloc)), bloc, strict=True):
                agence = ligne.refs[racine.column].agence_id if racine else self.agence
                ligne.valeurs |= {
                    "id": identifiant, "agence_id": agence, "created_at": now, "updated_at": now,
                    "created_by_id": user_id,
                }  # fmt: skip
                if ligne.parent is not None:
                    ligne.valeurs["parent_id"] = ligne.parent.valeurs["id"]
                if self.nom == "plannings":
                    # As of a new plan: none of its dates of before today is late.
                    ligne.valeurs["rythme_depuis"] = clock.today()
            for depth in sorted({rang(x) for x in bloc}):
                connection.execute(sa.insert(self.table), [x.valeurs for x in bloc if rang(x) == depth])
            if self.nom == "contrats":
                self._periodes([x.valeurs["id"] for x in bloc if x.valeurs["statut"] == StatutContrat.EN_COURS])
            if progress:
                progress(at + len(bloc), len(ordre))

    def _periodes(self, contrats: list[int]) -> None:
        """The periods of contracts that run, as of one that a responsable validates: their quota is counted."""
        for paquet in _paquets(contrats):
            for contrat in self.session.scalars(sa.select(Contrat).where(Contrat.id.in_(paquet))):
                if premiere_periode(self.session, contrat, contrat.created_by_id):
                    following.follow(self.session, contrat.id)


def uniques(table: sa.Table) -> dict[str, bool]:
    """Column of one value that no two rows share → whether that is asked within an agency only."""
    found = {c.name: False for c in table.columns if c.unique}
    found |= {i.columns[0].name: False for i in table.indexes if i.unique and "engine" in i.info}
    for rule in table.constraints:
        names = [c.name for c in rule.columns] if isinstance(rule, sa.UniqueConstraint) else []
        if len(names) == 2 and names[0] == "agence_id":
            found[names[1]] = True
    found |= _UNIQUES_EN_PLUS.get(table.name, {})
    return {c.name: found[c.name] for c in table.columns if c.name in found}


def _paquets(tout: list[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(tout), _CHUNK):
        yield tout[at : at + _CHUNK]
