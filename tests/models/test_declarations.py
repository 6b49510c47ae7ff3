"""What is said of a column beside its mapping: whole, translated, and not said again elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from erp_desktop import paths
from erp_desktop.domain import saisie
from erp_desktop.domain.contrats import saisie as saisie_contrats
from erp_desktop.domain.saisie import stock as saisie_stock
from erp_desktop.models import Base
from erp_desktop.models.declare import Field, Noun, noun, said
from erp_desktop.registry import rules, tables
from erp_desktop.ui import sections
from erp_desktop.ui.forms.spec import FieldSpec
from erp_desktop.ui.forms.spec import Group as Heading
from erp_desktop.ui.kit.i18n import tr
from erp_desktop.ui.wording import field_labels


def catalogue(language: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for file in (paths.RESOURCES / "translations").glob(f"{language}*.json"):
        texts.update(json.loads(file.read_text(encoding="utf-8")))
    return texts


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_label_that_is_declared_is_translated(language: str) -> None:
    texts = catalogue(language)
    silent = []
    for table in Base.metadata.sorted_tables:
        declared = noun(table)
        if declared is None:
            continue
        told = [(table.name, declared.label), *((f"{table.name}, {g.name}", g.label) for g in declared.groups)]
        told += [(str(c), d.label) for c in table.columns if (d := said(c)) is not None]
        silent += [f"{where} : {label}" for where, label in told if label and label not in texts]
    assert silent == []


def test_a_column_without_a_label_is_named_where_the_registry_is_made() -> None:
    table = sa.Table("vehicules", sa.MetaData(), sa.Column("immatriculation", sa.String(20)))
    with pytest.raises(TypeError, match=r"vehicules\.immatriculation: declare its label"):
        tables._describe(table, Noun("Véhicule", "package"))
    table.c.immatriculation.info["field"] = Field("Immatriculation")
    made = tables._describe(table, Noun("Véhicule", "package"))
    assert made.column("immatriculation").asks


def test_a_closed_list_is_checked_by_the_database_as_it_is_declared() -> None:
    for table in Base.metadata.sorted_tables:
        checks = {str(c.name): str(c.sqltext) for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        for column in table.columns:
            declared = said(column)
            if declared is not None and declared.values is not None and not declared.checked:
                ruled = [r for r in rules.RULES if r.table == table.name and r.columns == (column.name,)]
                assert {r.event for r in ruled} == {"INSERT", "UPDATE"}
                assert all(repr(v.value) in r.when for v in declared.values for r in ruled)
            elif declared is not None and declared.values is not None:
                words = ", ".join(f"'{v}'" for v in declared.values)
                assert checks[f"ck_{table.name}_{column.name}"] == f"{column.name} IN ({words})"


def test_a_form_and_the_inbox_say_one_label() -> None:
    for kind in sections.KINDS:
        form = sections.spec(kind).form
        for one in form.fields:
            if one.name in Base.metadata.tables[form.table].c:
                assert tr(one.label.removesuffix(" (min)")) == field_labels.champ(form.table, one.name), (
                    kind,
                    one.name,
                )


def test_a_form_makes_the_editor_that_a_column_asks_for() -> None:
    fields = {one.name: one for one in sections.spec("clients").form.fields}
    assert [(fields[n].kind, fields[n].initial) for n in ("nom_entreprise", "type_client", "notes")] == [
        ("text", None), ("choice", "entreprise"), ("area", None)
    ]  # fmt: skip
    options = fields["niveau_service"].options
    assert options is not None
    assert [value for value, _ in options()] == ["premium", "standard", "basique"]
    with pytest.raises(ValueError, match=r"clients\.site_web: no column declares it"):
        replace(sections.spec("clients").form, groups=[Heading("Identité", [FieldSpec("site_web")])])


INPUTS: dict[str, list[type[saisie.Saisie]]] = {
    "interventions": [saisie.InterventionInput],
    "lignes_intervention": [saisie.LigneInput], "contrats": [saisie_contrats.ContratInput],
    "pieces_detachees": [saisie_stock.PieceInput], "depots": [saisie_stock.DepotInput],
    "inventaires": [saisie_stock.InventaireInput], "mouvements_stock": [saisie_stock.MouvementInput],
}  # fmt: skip


def test_a_typed_text_is_as_long_as_its_column() -> None:
    for name, inputs in INPUTS.items():
        columns = Base.metadata.tables[name].c
        for typed in inputs:
            for field_name, info in typed.model_fields.items():
                column = columns.get(field_name)
                if column is None or not isinstance(column.type, sa.String):
                    continue
                declared = said(column)
                if declared is None or declared.values is not None:
                    continue
                longest = next((m.max_length for m in info.metadata if hasattr(m, "max_length")), None)
                assert longest == (column.type.length or 20_000), (name, field_name)
