"""What the peer does: ``python -m tests.benchmarks.peer_app.act ACT '{"arguments": …}'`` prints JSON lines.

``serve`` fills a centre and serves it until its input ends; ``write`` commits rows at the centre out of order;
``device`` enrols a device and obeys one command a line.
"""

import json
import os
import random
import statistics
import sys
import threading
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.peer_app.settings")

import django

django.setup()

# Models are known once the project is set up, not before.
# ruff: noqa: E402
from django.core.management import call_command
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from morango.models.certificates import Certificate, Filter, ScopeDefinition
from morango.models.core import Store
from morango.sync.context import LocalSessionContext, SessionContext
from morango.sync.controller import MorangoProfileController

from tests.benchmarks.peer_app import rows
from tests.benchmarks.peer_app.models import Equipement, Intervention, User

PROFILE, SCOPE = "erp", "branche"


def say(**found):
    print(json.dumps(found), flush=True)


def _schema():
    call_command("migrate", run_syncdb=True, verbosity=0)
    ScopeDefinition.objects.get_or_create(
        id=SCOPE, profile=PROFILE, version=1, primary_scope_param_key="mainpartition", description="",
        read_filter_template="", write_filter_template="", read_write_filter_template="${mainpartition}",
    )  # fmt: skip


def serve(port, count):
    """A centre of ``count`` interventions behind Django's own HTTP server."""
    _schema()
    user = User(username="banc")
    user.set_password("banc")
    user.save()
    root = Certificate.generate_root_certificate(SCOPE)
    rows.interventions(root.id, rows.parents(root.id), count)
    # Serialised once beforehand, as a centre in service is.
    MorangoProfileController(PROFILE).serialize_into_store(Filter(root.id))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()
    say(root=root.id)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    run("127.0.0.1", port, get_wsgi_application(), threading=True)


def write(root, writers, seconds, hold_s):
    """Transactions of one row by several writers during some seconds, committed out of order."""
    machines = list(Equipement.objects.all()[:50])
    failures, written, until = [], [], time.monotonic() + seconds

    def work(number):
        chance = random.Random(number)
        try:
            while time.monotonic() < until:
                with transaction.atomic():
                    Intervention.objects.bulk_create(
                        [rows.intervention(root, machines[number], len(written), f"W{number}")]
                    )
                    written.append(number)
                    # The row stays uncommitted while others commit: this is the case under test.
                    time.sleep(chance.random() * hold_s)
        except Exception as error:  # noqa: BLE001
            failures.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say(written=len(written), failures=failures)


class Device:
    """One device: a certificate from the centre, then cycles of one session each, a push and a pull."""

    def __init__(self, url, root):
        self.filter, self.agence = Filter(root), root
        self.controller = MorangoProfileController(PROFILE)
        self.line = self.controller.create_network_connection(url)
        self.requests = 0
        self.line.session.hooks["response"].append(self._count)
        self.server = self.line.get_remote_certificates(root, SCOPE)[0]
        self.mine = self.line.certificate_signing_request(
            self.server, SCOPE, {"mainpartition": root}, userargs="banc", password="banc"
        )
        self.server = Certificate.objects.get(id=self.server.id)

    def _count(self, response, *_args, **_kwargs):
        self.requests += 1

    def _session(self, *directions):
        client = self.line.create_sync_session(self.mine, self.server)
        for direction in directions:
            transfer = client.get_push_client() if direction == "push" else client.get_pull_client()
            transfer.initialize(self.filter)
            transfer.run()
            transfer.finalize()
        self.line.close_sync_session(client.sync_session)

    def pull(self):
        return self._measured("pull")

    def push(self):
        return self._measured("push")

    def cycle(self):
        return self._measured("push", "pull")

    def idle(self, turns):
        return self._several(turns, lambda turn: None)

    def one(self, turns):
        def edit(turn):
            row = Intervention.objects.order_by("numero").first()
            row.titre = f"Un {turn}"
            row.save()

        return self._several(turns, edit)

    def edit(self, count, mark):
        keys = list(Intervention.objects.order_by("numero").values_list("id", flat=True)[:count])
        for start in range(0, count, 500):
            Intervention.objects.filter(id__in=keys[start : start + 500]).update(
                titre=f"Titre {mark}", notes_internes=f"Note {mark}"
            )
        return {}

    def add(self, count, series):
        machine = Equipement.objects.first()
        Intervention.objects.bulk_create([rows.intervention(self.agence, machine, i, series) for i in range(count)])
        return {}

    def attempt(self, direction):
        """A session over a line that is cut, or while the centre is written to: whether it came to its end."""
        try:
            self._session(direction)
        except Exception as error:  # noqa: BLE001
            print(repr(error), repr(error.__cause__), file=sys.stderr, flush=True)
            return {"failed": type(error).__name__}
        return {"failed": None}

    def count(self):
        refused = Store.objects.exclude(deserialization_error="").values_list("deserialization_error", flat=True)
        return {"rows": Intervention.objects.count(), "refused": len(refused), "reason": refused.first()}

    def _measured(self, *directions):
        before, started = self.requests, time.perf_counter()
        self._session(*directions)
        return {"seconds": time.perf_counter() - started, "round_trips": self.requests - before}

    def _several(self, turns, before):
        taken = []
        for turn in range(turns):
            before(turn)
            taken.append(self.cycle())
        return {**taken[-1], "seconds": statistics.median(it["seconds"] for it in taken)}


def device(url, root):
    if "PEER_WAITS" not in os.environ:
        # By default it asks at growing intervals, up to 5 s, whether a step is finished.
        SessionContext.max_backoff_interval = LocalSessionContext.max_backoff_interval = 0.02
    _schema()
    here = Device(url, root)
    say(ready=True)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        say(**getattr(here, name)(**arguments))


def numbers():
    """What the centre holds: rows, and distinct numbers of interventions."""
    found = Intervention.objects.values_list("numero", flat=True)
    say(rows=len(found), distinct=len(set(found)))


if __name__ == "__main__":
    {"serve": serve, "write": write, "device": device, "numbers": numbers}[sys.argv[1]](**json.loads(sys.argv[2]))
