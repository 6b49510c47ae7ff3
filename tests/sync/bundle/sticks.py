"""A stick between a device and the centre: what the two commands of IT do, without their processes."""

from __future__ import annotations

from pathlib import Path

from erp_desktop.services.reception import suiveur
from erp_desktop.sync.bundle.merging import Merged, merge
from erp_desktop.sync.bundle.outgoing import Exported, export
from erp_desktop.sync.bundle.returning import Taken, take
from erp_desktop.sync.exchange.cache import Cache
from tests.sync.lab import Device, Lab

QUOTA = 100 * 1_048_576


def leave(device: Device, stick: Path) -> Exported:
    stick.mkdir(exist_ok=True)
    with Cache(device.path, device.key) as cache:
        return export(cache, stick, device.secrets_file, batch=device.batch)


def pass_by(lab: Lab, bundle: Path) -> Merged:
    return merge(lab.url, bundle, bundle.parent)


def come_back(device: Device, answer: Path | None) -> Taken:
    assert answer is not None
    with Cache(device.path, device.key) as cache:
        return take(cache, answer, quota=QUOTA, before_calendar=suiveur(device.path, device.key))


def carry(lab: Lab, device: Device, stick: Path) -> tuple[Exported, Merged, Taken]:
    """There and back."""
    out = leave(device, stick)
    merged = pass_by(lab, out.fichier)
    return out, merged, come_back(device, merged.fichier)
