"""Files attached on a device, and where their bytes are."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import EtatDocument, Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.services import documents
from erp_desktop.sync.documents import DocumentExchange, DocumentsResult, contenus
from tests.sync.lab import Device, Lab

MO = 1_048_576


def octets(size: int, seed: int = 1) -> bytes:
    """Bytes that do not compress, like a photo."""
    return random.Random(seed).randbytes(size)


def acteur(lab: Lab, device: Device) -> Acteur:
    user = lab.ids("users", device.agence)[0]
    return Acteur(user, "Agent", Role.AGENT, device.agence_id, device.agence, device.poste)


def attach(lab: Lab, device: Device, content: bytes, name: str = "photo.jpg", row: int | None = None) -> int:
    with transaction(device.engine) as session:
        target = row or lab.ids("interventions", device.agence)[0]
        return documents.joindre(session, acteur(lab, device), "interventions", target, name, content)


def read(lab: Lab, device: Device, document: int) -> bytes:
    with transaction(device.engine) as session:
        return documents.lire(session, acteur(lab, device), document)[1]


def step(device: Device, **options: Any) -> DocumentsResult:
    """One step on the warm line, as the network thread does after a cycle."""
    syncer = device.syncer
    return DocumentExchange(syncer.cache, syncer.link, **{"quota": 100 * MO, **options}).run()


def states(device: Device) -> dict[int, EtatDocument]:
    with transaction(device.engine, write=False) as session:
        return {d.id: d.etat for d in contenus(session)}


def at_centre(lab: Lab, content: bytes) -> bool:
    key = hashlib.sha256(content).hexdigest()
    found = lab.value(
        "SELECT encode(sha256(string_agg(m.octets, ''::bytea ORDER BY m.numero)), 'hex') "
        "FROM contenus c JOIN contenus_morceaux m USING (sha256) WHERE c.complet "
        "AND sync.sha256_contenu(c.sha256) = %s GROUP BY c.sha256", key
    )  # fmt: skip
    return bool(found == key)
