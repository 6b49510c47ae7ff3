"""First login on a device: a rate-limited question to the centre, limited to the device's agency.

The caller proves the password by its argon2id hash under the account's salt (``domain.empreinte``); the stored hash
stays here. A password that somebody else gave lets nobody in: it proves who may choose one
(``domain.people.given``). An unknown account gets a salt too, always the same one, so asking tells nothing. Five
wrong proofs lock the account for a quarter of an hour. A new password comes as its hash, beside the proof of the
present one. A person's PostgreSQL login may ask for that person only, a device for the accounts of its agency, the
owner of the tables for anybody.
"""

from __future__ import annotations

from erp_desktop.centre.sql import sql
from erp_desktop.domain.people import given
from erp_desktop.registry.search_path import DEFINER

ENTRIES = ("connexion_sel(text)", "connexion(text, text)", "changer_secret(text, text, text)")

FUNCTIONS = sql("login/functions", DEFINER=DEFINER, DAYS=given.DAYS)


def chosen_first(table: str) -> list[str]:
    """Nothing of a table is read or written by who still has the password that somebody else gave."""
    return [
        f"DROP POLICY IF EXISTS erp_choix ON {table}",
        f"CREATE POLICY erp_choix ON {table} AS RESTRICTIVE TO erp_central USING ((SELECT sync.exiger_choix()))",
    ]
