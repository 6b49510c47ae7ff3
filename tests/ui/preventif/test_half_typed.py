"""What is half typed in a part of a plan, a checklist or a machine stays with that record, whole, and comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.preventif.checklist import ChecklistInput, PointInput
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.models import Equipement
from erp_desktop.services import compteurs
from erp_desktop.services.checklists import models
from erp_desktop.services.compteurs import CompteurInput
from erp_desktop.services.preventif import form, generation
from erp_desktop.ui.checklists.points import PointsTab
from erp_desktop.ui.equipements.meters import MetersTab
from erp_desktop.ui.lists.page import ListPage
from erp_desktop.ui.preventif.dates import DatesTab
from erp_desktop.ui.preventif.parts import PartsTab
from tests.ui.company import Monde
from tests.ui.window import Bureau


def part_of(page: ListPage, kind: type) -> Any:
    return next(part for part in page.form.parts if isinstance(part, kind))


def there_and_back(bureau: Bureau, page: ListPage, first: int, second: int, part: Any) -> tuple[Any, Any]:
    """What the part holds for the second record, then for the first again, the person having typed in the first."""
    part.changed.emit()
    page.view.select_id(second)
    bureau.settle()
    elsewhere = part.draft()
    page.view.select_id(first)
    bureau.settle()
    return elsewhere, part.draft()


def test_a_new_meter_and_a_reading_stay_with_their_machine(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    who, (one, other) = monde.responsable, monde.machines[:2]
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        for machine in (one, other):
            assert session.get_one(Equipement, machine).id == machine
            compteurs.ajouter(session, who, machine, CompteurInput(nom="Heures", unite="h"))
    page = bureau.liste("equipements")
    page.view.select_id(one)
    bureau.settle()
    meters = part_of(page, MetersTab)
    ((meter, fields),) = meters.readings.items()
    meters.name.line.setText("Cycles")
    fields["valeur"].editor.line.setText("12,x")
    fields["remise_a_zero"].editor.show_value(True)
    typed = meters.draft()
    assert typed == {
        "compteur": {"nom": "Cycles"},
        "releves": {str(meter): {"valeur": "12,x", "remise_a_zero": True}},
    }
    assert there_and_back(bureau, page, one, other, meters) == ({}, typed)
    # Something of this machine changes meanwhile: the reading under way stays.
    bureau.bus.publish("equipements", one)
    bureau.settle()
    assert meters.draft() == typed


def test_a_point_half_typed_stays_with_its_checklist(bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine) -> None:
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        one, other = (
            models.create(session, who, ChecklistInput(nom=name), [PointInput(libelle="Carter en place")])
            for name in ("Presse", "Silo")
        )
    page = bureau.liste("checklists")
    page.view.select_id(one)
    bureau.settle()
    points = part_of(page, PointsTab)
    points.words.line.setText("Pression")
    points.kind.show_value("mesure")
    points.unit.line.setText("bar")
    points.low.line.setText("5")
    points.required.show_value(False)
    typed = points.draft()
    assert typed == {
        "libelle": "Pression", "type_point": "mesure", "unite": "bar", "minimum": "5", "obligatoire": False,
    }  # fmt: skip
    assert there_and_back(bureau, page, one, other, points) == ({}, typed)
    assert points.fields["minimum"].isVisibleTo(points)
    points.add()
    bureau.settle()
    assert points.draft() == {}
    assert len(points._points) == 2
    # What was taken out comes back by the toast.
    points._remove(0)
    bureau.settle()
    assert len(points._points) == 1
    bureau.window.toaster.toasts[-1].undo()
    bureau.settle()
    assert [point.libelle for point in points._points] == ["Carter en place", "Pression"]


def test_a_part_and_a_reason_half_typed_stay_with_their_plan(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine
) -> None:
    who = monde.responsable
    assert who is not None
    with transaction(sqlite_engine, who.user_id) as session:
        one, other = (
            form.create(session, who, PlanInput(
                equipement_id=machine, modele_titre="Graissage", frequence="mensuel", date_debut=clock.today()))
            for machine in monde.machines[:2]
        )  # fmt: skip
        generation.generer(session, who)
    page = bureau.liste("preventif")
    page.view.select_id(one)
    bureau.settle()
    parts, dates = part_of(page, PartsTab), part_of(page, DatesTab)
    parts.part.show_typed("joint t")
    parts.quantity.line.setText("3")
    assert there_and_back(bureau, page, one, other, parts) == ({}, {"piece_id": "joint t", "quantite": "3"})
    parts.restore({})
    aimed = dates._found[1]
    dates._aim(aimed)
    assert dates.draft() == {}
    dates.motive.line.setText("Usine ferm")
    dates.day.show_value(aimed.date_cible + timedelta(days=1))
    typed = dates.draft()
    assert typed["echeance"] == aimed.id
    assert there_and_back(bureau, page, one, other, dates) == ({}, typed)
    assert dates._at is not None
    assert dates._at.id == aimed.id
    assert dates.escape()
    assert dates.draft() == {}
