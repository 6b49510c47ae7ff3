"""What papers print, written: amounts, days, what people typed, pictures and the letterhead."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any

import segno
from sqlalchemy.orm import Session

from erp_desktop import clock
from erp_desktop.domain import telephone
from erp_desktop.domain.argent import format_montant
from erp_desktop.domain.writing import bidi
from erp_desktop.errors import UserError
from erp_desktop.models import Agence
from erp_desktop.reports.papers import engine
from erp_desktop.services.shared.letterhead import Letterhead, Office, letterhead, office

_ARABIC = re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")
LANGUAGES = ("fr", "ar")
SHARED = "maison"
NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who a paper comes from: the company, and its agency."""

    entete: Letterhead = field(default_factory=Letterhead)
    agence: Office = field(default_factory=Office)

    @classmethod
    def of(cls, session: Session, agence_id: int | None, frozen: Mapping[str, Any] | None = None) -> Issuer:
        """As the database says it now; ``frozen``: as its texts were when a document was validated."""
        agence = session.get(Agence, agence_id) if agence_id is not None else None
        now = letterhead(session, agence_id)
        if frozen:
            texts: dict[str, Any] = {one.name: frozen.get(one.name) for one in fields(Letterhead)}
            texts["raison_sociale"] = texts["raison_sociale"] or ""
            texts["capital"] = Decimal(str(texts["capital"])) if texts["capital"] is not None else None
            texts["logo"] = now.logo
            now = Letterhead(**texts)
        return cls(now, office(agence))


def known(language: str) -> None:
    """Raises: UserError: no paper is written in that language."""
    if language not in LANGUAGES:
        raise UserError(f"La langue « {language} » n'est pas celle d'un imprimé ; choisir {' ou '.join(LANGUAGES)}.")


def words(template: str, language: str) -> dict[str, Any]:
    """The words of a paper with those that all share."""
    return engine.words(SHARED, language) | engine.words(template, language)


def amount(value: Decimal, currency: str = "") -> str:
    """``1 234 567,80``, a real minus before what is negative; one run from left to right on any paper."""
    return bidi.isoler(format_montant(value, currency).replace("-", "\u2212"))


def number(value: Decimal) -> str:
    """``4,5`` from 4.500."""
    figure = f"{value.normalize():,f}".replace(",", bidi.FINE).replace(".", ",").replace("-", "\u2212")
    return bidi.isoler(figure)


def percent(value: Decimal) -> str:
    """``20 %``."""
    return bidi.isoler(f"{bidi.nu(number(value))}{bidi.FINE}%")


def day(value: date | None) -> str:
    return bidi.isoler(f"{value:%d/%m/%Y}") if value is not None else ""


def typed(value: str) -> str:
    """What people typed, line by line: words in Latin letters alone read from left to right on any paper."""
    return "\n".join(
        bidi.isoler_dedans(line) if _ARABIC.search(line) else bidi.isoler(line) for line in value.split("\n")
    )


def code(value: str | None) -> str:
    """A reference, a telephone or an identifier."""
    return bidi.isoler(value or "")


def named(name: str, value: str) -> str:
    """An identifier after its name; a name in Latin letters stays before it on any paper."""
    return typed(f"{name}\u00a0{code(value)}") if _ARABIC.search(name) else bidi.isoler(f"{name}\u00a0{value}")


def pairs(*given: tuple[str, str], all_of_them: bool = True) -> list[list[str]]:
    """Names with their values; what is empty is a dash, or is left out."""
    return [[name, value or NOTHING] for name, value in given if value or all_of_them]


def qr(text: str) -> str:
    """The drawing of a QR code, error level M."""
    return str(segno.make(text, error="m", micro=False).svg_inline(border=0, omitsize=True))


def svg(png: bytes) -> str:
    """A picture as the text that a template can show: its data hold no bytes."""
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" '
        f'xlink:href="data:image/png;base64,{base64.b64encode(png).decode()}"/></svg>'
    )


def identity(head: Letterhead, m: dict[str, Any]) -> str:
    """The identifiers that a paper of a Moroccan company carries, those that are known."""
    i = m["identite"]
    form = head.forme_juridique or ""
    if head.capital:
        form = i["capital"].format(forme=form, montant=amount(head.capital)).strip()
    told = [
        (i["ice"], head.ice), (i["if"], head.identifiant_fiscal),
        (f"{i['rc']} {head.ville_rc}" if head.ville_rc else i["rc"], head.registre_commerce),
        (i["patente"], head.taxe_professionnelle), (i["cnss"], head.cnss),
        (f"{i['rib']} {head.banque}" if head.banque else i["rib"], head.rib),
    ]  # fmt: skip
    known = (named(n, v) for n, v in told if v)
    parts = filter(None, [typed(form), *known, bidi.isoler(head.email or "")])
    # A line ends after a whole identifier and its point: a bank is not cut from its number.
    return "\u00a0· ".join(part.replace(" ", "\u00a0") for part in parts)


def head(
    issuer: Issuer, m: dict[str, Any], *, titre: str, numero: str = "", statut: str = "", mentions: str = "",
    fresh: str = "", draft: bool = False,
) -> dict[str, str]:  # fmt: skip
    """The letterhead and the foot of a paper.

    Args:
        mentions: what this kind of paper says at its foot; the company's own words win.
        fresh: how old the data are.
        draft: whether it carries the mark of what is not final.
    """
    own, agency = issuer.entete, issuer.agence
    adresse = own.adresse or agency.adresse
    # An address is often typed with its town.
    ville = "" if own.ville and own.ville in adresse else own.ville or agency.ville
    phone = telephone.afficher(own.telephone) if own.telephone else agency.telephone
    now = clock.local(clock.now())
    printed = m["imprime"].format(jour=f"{now:%d/%m/%Y}", heure=f"{now:%H:%M}")
    name = m["agence"].format(nom=typed(agency.nom)) if agency.nom else ""
    return {
        "titre": titre, "numero": f"{m['numero']} {code(numero)}" if numero else "", "statut": statut,
        "societe": typed(own.raison_sociale) or m["societe"], "logo": svg(own.logo) if own.logo else "",
        "metier": " · ".join(filter(None, [m["metier"], name])),
        "lieu": typed(" · ".join(filter(None, [adresse, ville, bidi.isoler(phone)]))),
        "identite": identity(own, m), "mentions": typed(own.mentions or "") or mentions,
        "pied": bidi.isoler_dedans(" · ".join(filter(None, [printed, fresh]))), "page": m["page"],
        "filigrane": m["prov"] if draft else "",
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of amounts.

    Attributes:
        cells: written; of a title, one.
        amount: what the row adds to the amount that is carried over the page.
    """

    cells: Sequence[str]
    amount: Decimal = Decimal(0)
    title: bool = False


def amounts(columns: Sequence[str], widths: Sequence[float], left: int, rows: Iterable[Row], m: dict[str, Any],
            start: Decimal = Decimal(0)) -> dict[str, Any]:  # fmt: skip
    """A table whose last column adds up, from ``start`` on; the first ``left`` columns hold words."""
    so_far, lines = start, []
    for row in rows:
        so_far += row.amount
        genre = "titre" if row.title else "ligne"
        lines.append({"genre": genre, "cellules": list(row.cells), "cumul": amount(so_far)})
    return {
        "colonnes": list(columns), "largeurs": list(widths), "lignes": lines,
        "gauche": [n < left for n in range(len(columns))], "report": m["report"], "a_reporter": m["a_reporter"],
        "rien": m["rien"],
    }  # fmt: skip


def table(columns: Sequence[str], widths: Sequence[float], left: int, rows: Iterable[Sequence[str]],
          m: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    """A table of words and figures that adds nothing up."""
    return {
        "colonnes": list(columns), "largeurs": list(widths), "lignes": [list(row) for row in rows],
        "gauche": [n < left for n in range(len(columns))], "rien": m["rien"],
    }  # fmt: skip
