"""Which column, constant or default gives each field of a table, and what is missing, unknown or double."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from erp_desktop.errors import UserError
from erp_desktop.services.importation.decisions import Champs, Decisions, champ, egales, traductions
from erp_desktop.services.importation.values import plier
from erp_desktop.services.sheets.model import Table


def champs(
    lu: Table, choix: Decisions, possibles: Sequence[str], geres: set[str], exiges: Mapping[str, set[str]],
    notes: Counter[str],
) -> tuple[Champs, list[str]]:  # fmt: skip
    """(how each field is found, why the header is refused).

    Args:
        lu: the file.
        choix: what the person says of it.
        possibles: fields that a file fills.
        geres: columns of our own exports that an import gives itself.
        exiges: each required field with every name under which a file may give it.
        notes: counts what was understood rather than read.

    Raises:
        UserError: a mapping of an unknown column or field.
    """
    combien = len(lu.rows)
    constantes, defauts = egales(choix.constantes, possibles), egales(choix.defauts, possibles)
    voulus: dict[str, list[str]] = defaultdict(list)
    for paire in choix.paires:
        colonne, _, nom = paire.rpartition("=")
        if colonne not in lu.columns:
            raise UserError(f"Le fichier n'a pas de colonne « {colonne} ».")
        voulus[colonne] += [champ(nom, possibles)] if nom else []
    dits = [(nom, colonne) for colonne, noms in voulus.items() for nom in noms]
    raisons = [f"deux colonnes donnent {nom}" for nom, n in Counter(nom for nom, _ in dits).items() if n > 1]
    trouves = dict(dits)
    pris = {*trouves, *constantes}
    for colonne in lu.columns:
        nom = plier(colonne)
        if colonne in voulus:
            continue
        if nom in geres:
            notes[f"colonne « {colonne} » non reprise : ces valeurs sont données à l'import"] = combien
        elif nom and nom in pris:
            notes[f"colonne « {colonne} » écartée : une autre donne {nom}"] = combien
        elif nom in trouves:
            raisons.append(f"deux colonnes donnent {nom}")
        elif nom in possibles:
            trouves[nom] = colonne
        else:
            raisons.append(
                f"colonne inconnue « {colonne} » (--map {colonne}=champ, ou --map {colonne}= pour l'ignorer)"
            )
    for nom, valeur in constantes.items():
        notes[f"{nom} : {valeur}, donné pour tout le fichier"] = combien
    trouves = {nom: colonne for nom, colonne in trouves.items() if nom not in constantes}
    lus = Champs(trouves, traductions(choix.valeurs, possibles), constantes, defauts)
    for nom, noms in exiges.items():
        if not noms & lus.donnes:
            autre = "".join(f"{court} ou " for court in sorted(noms - {nom}))
            raisons.append(f"colonne obligatoire absente : {autre}{nom}")
    return lus, raisons
