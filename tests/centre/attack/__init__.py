"""What a stolen desktop tries at the centre: one list of named cases, each with a verdict.

Every case acts with a device's own login and straight SQL, and fails when its attack succeeds. Those of this package
share one centre (:mod:`stage`); those of other test files are taken over from there (:mod:`borrowed`), so that one
list names all::

    python -m tests.centre.attack              # every case on both kinds of centre; exit status 1 if one succeeds
    python -m tests.centre.attack FOLDER…      # on the servers of these folders of binaries

A centre is either fresh, or carried over from PostgreSQL 14 defaults: a database of an earlier revision in whose
schema ``public`` everybody might create, where a stranger had planted code before the upgrade.
"""

from __future__ import annotations

from tests.centre.attack import code, holding, reach, work
from tests.centre.attack.borrowed import BORROWED
from tests.centre.attack.stage import CASES

__all__ = ["BORROWED", "CASES", "code", "holding", "reach", "work"]
