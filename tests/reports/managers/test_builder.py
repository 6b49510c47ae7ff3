"""A report of one's own as a workbook, as text and on paper: figures of the catalogue, typed, whole or not at all."""

from __future__ import annotations

import csv
import re
import time
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook
from sqlalchemy.orm import Session

from erp_desktop.domain.enums import Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.rapports.definition import Definition
from erp_desktop.errors import UserError
from erp_desktop.models import Equipement
from erp_desktop.reports.catalogue import compute
from erp_desktop.reports.managers import builder
from erp_desktop.reports.sql import minuit
from tests.reports.catalogue.world import free, make, store

CHEF = Acteur(1, "Amina", Role.RESPONSABLE, None)
ASKED = Definition(("cout", "mttr", "sla_tenus", "mtbf"), None, "12m")


def test_files_hold_the_figures_of_the_catalogue(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    free(sqlite_engine)
    folder = tmp_path / "rapports"
    folder.mkdir()
    world = make(8)
    now = minuit(world.scope.fin) + timedelta(days=1, hours=9)
    # A name that a spreadsheet would run.
    world.of("Agence")[0]["nom"] = "=cmd|' /C calc'!A0"
    with sqlite_engine.connect() as connection:
        store(connection, world)
        with Session(connection) as session:
            found = builder.answer(session, CHEF, replace(ASKED, group="agence"), "Coûts", now=now)
            for name, values, whole in zip(found.definition.figures, found.values, found.totals, strict=True):
                assert values == compute.compute(session, name, found.scope, "agence", now=now)
                assert whole == compute.one(session, name, found.scope, now=now)
            files = {kind: folder / f"rapport.{kind}" for kind in ("xlsx", "csv", "pdf")}
            for file in files.values():
                builder.write(session, found, file)
            assert builder.titles(found, "en")[0] == "Branch"
            listed = builder.rows(session, found)
            assert [v[0].num for _, v in listed] == sorted((v[0].num for _, v in listed), reverse=True)
            months = builder.answer(session, CHEF, Definition(("pannes",), "mois", "12m"), now=now)
            assert list(months.order) == sorted(months.order)
            arabic = builder.paper(session, found, "ar")
            (only,) = builder.rows(session, builder.answer(session, CHEF, ASKED, now=now))
            assert only[0] == "Ensemble"
            told: list[tuple[int, int]] = []
            with pytest.raises(UserError, match="annulé"):
                builder.write(session, found, folder / "rien.xlsx", lambda n, of: told.append((n, of)) is not None)
            assert told == [(0, 2)]
    assert sorted(p.name for p in folder.iterdir()) == ["rapport.csv", "rapport.pdf", "rapport.xlsx"]
    heads = ["Agence", "Coût HT (MAD)", "MTTR (h)", "SLA tenus (%)", "MTBF (h)"]
    wanted = [[name, *(builder.typed(f, v) for f, v in zip(found.figures, values, strict=True))]
              for name, values in listed]  # fmt: skip
    sheet = CalamineWorkbook.from_path(files["xlsx"]).get_sheet_by_index(0).to_python()
    assert sheet[0] == heads
    assert [[c if c != "" else None for c in row] for row in sheet[1:3]] == wanted
    assert sheet[3][0] == "Total"
    assert sheet[3][1] == builder.typed(found.figures[0], found.totals[0]) == sum(row[1] for row in wanted)
    assert sheet[5][:3] == ["Période", found.scope.debut, found.scope.fin]
    assert isinstance(sheet[7][1], datetime)
    assert any(str(row[0]).startswith("MTTR : Durée réelle") and "exclues" in row[0] for row in sheet)
    # Beside them a chart of the very cells.
    chart = zipfile.ZipFile(files["xlsx"]).read("xl/charts/chart1.xml").decode()
    cells = [one.replace("'", "") for one in re.findall(r"<c:f>(.*?)</c:f>", chart)]
    assert cells == ["Coûts!$B$1", "Coûts!$A$2:$A$3", "Coûts!$B$2:$B$3"]
    assert '<c:barDir val="bar"/>' in chart
    assert arabic["tableau"]["pied"][0] == "المجموع"
    assert arabic["tableau"]["colonnes"][0] == "الوكالة"
    assert "المستبعدة" in arabic["definitions"][0][1]
    xml = zipfile.ZipFile(files["xlsx"]).read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in xml
    assert not re.search(r"<f[ >]", xml)
    with files["csv"].open(encoding="utf-8-sig", newline="") as file:
        text = list(csv.reader(file, delimiter=";"))
    assert text[0] == heads
    assert len(text) == 3
    assert {row[0] for row in text[1:]} == {"'=cmd|' /C calc'!A0", "Agence 1"}
    page = "".join(p.extract_text() for p in pypdf.PdfReader(files["pdf"]).pages)
    for words in ("Coûts", "Agence 1", "MTBF", "Définitions", "Total"):
        assert words in page


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_a_hundred_thousand_machines_go_into_a_workbook_a_piece_at_a_time(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    free(sqlite_engine)
    world = make(8)
    now = minuit(world.scope.fin) + timedelta(days=1)
    client = world.of("Client")[0]["id"]
    with sqlite_engine.connect() as connection:
        store(connection, world)
        connection.execute(sa.insert(Equipement), [
            {"id": 100_000 + n, "client_id": client, "nom": f"Presse {n}", "code_interne": f"P-{n:06}"}
            for n in range(100_000)
        ])  # fmt: skip
        with Session(connection) as session:
            found = builder.answer(session, CHEF, Definition(("mtbf", "disponibilite"), "equipement", "12m"), now=now)
            assert len(found.order) >= 100_000
            tracemalloc.start()
            begun, seen = time.perf_counter(), []
            builder.write(session, found, tmp_path / "tout.xlsx", lambda n, _of: seen.append(n) is None)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            print(f"{len(found.order)} lignes : {time.perf_counter() - begun:.1f} s, {peak / 1e6:.1f} Mo de plus")
    assert len(seen) >= 200
    assert peak < 20_000_000
