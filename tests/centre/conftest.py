"""Fixtures of this room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.centre.thief import Thief
from tests.sync.lab import Device, Lab


@pytest.fixture
def device(lab: Lab) -> Device:
    return lab.device("CAS")


@pytest.fixture
def line(device: Device) -> Iterator[Any]:
    connection = device.connect()
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


@pytest.fixture
def thief(lab: Lab, device: Device, line: Any) -> Thief:
    return Thief(lab, device, line)
