"""What the centre sees to when a batch touched the stock: transfers that cancel out, and a ledger that agrees.

A device posts a line and its movement together, and the difference of a count when it is validated. Two devices that
do so while they are cut off are both right on their own side: the line's quantity is decided by the merge and both
movements stand, a movement from before a count arrives after it. The centre, the only one to know both, posts what is
missing in the transaction of the batch, so that every replica receives one ledger for which these hold:

- the movements of a line come to what the line takes of its lot: its quantity, or nothing when it is gone or only
  planned;
- up to the moment of each validated count, in their order, the movements of each lot, or of the part as a whole, come
  to what was counted (what was taken back was not), and those of a count that was given up come to nothing.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
from erp_desktop.domain.suivi import REPRISE
from erp_desktop.registry.search_path import PIN

TRANSFER = "Un transfert déplace la même quantité d'un dépôt à un autre."
LINE, COUNT = "Accord avec la ligne", "Accord avec l'inventaire"
"""Motives of what the centre posts."""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_POST = """
    INSERT INTO public.mouvements_stock (agence_id, piece_id, depot_id, type_mouvement, quantite, intervention_id,
      horodatage, date_effet, valeur_unitaire, motif, ligne_intervention_id, inventaire_id, lot, created_at,
      updated_at)
    VALUES ({agence}, {piece}, {depot}, {type}, {quantite}, {intervention}, clock_timestamp(), {effet}, {valeur},
      {motif}, {ligne}, {inventaire}, {lot}, clock_timestamp(), clock_timestamp());"""

FUNCTIONS = sql(
    "stock/functions",
    PIN=PIN,
    POST_OF_A_LINE=_POST.format(
        agence="g.agence_id",
        piece="g.piece_id",
        depot="g.depot_id",
        type="CASE WHEN g.ecart < 0 THEN 'sortie' ELSE 'retour' END",
        quantite="g.ecart",
        intervention="g.intervention_id",
        effet="NULL",
        valeur="g.valeur",
        motif=_quoted(LINE),
        ligne="g.ligne",
        inventaire="NULL",
        lot="g.lot",
    ),
    POST_OF_A_COUNT=_POST.format(
        agence="g.agence_id",
        piece="g.piece_id",
        depot="g.depot_id",
        type="'ajustement'",
        quantite="ecart",
        intervention="NULL",
        effet="g.quand",
        valeur="NULL",
        motif=_quoted(COUNT),
        ligne="NULL",
        inventaire="g.id",
        lot="nullif(g.lot, '')",
    ),
    TRANSFER_REASON=_quoted(TRANSFER),
    TAKEN_BACK=_quoted(REPRISE),
)
"""Functions, callees first; ``sync.appliquer`` calls the last one."""
