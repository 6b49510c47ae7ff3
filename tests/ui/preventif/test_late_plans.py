"""How late a plan is stays readable in its list, with a form beside and in Arabic too."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication

from erp_desktop import clock
from erp_desktop.db.session import transaction
from erp_desktop.domain.preventif.saisie import PlanInput
from erp_desktop.models import Intervention, Occurrence
from erp_desktop.services.preventif import form
from erp_desktop.ui.kit import i18n
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.main_window import first_size
from erp_desktop.ui.preventif import late_words
from tests.ui.company import Monde
from tests.ui.test_small_screen import SCREEN
from tests.ui.window import Bureau


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_days_that_a_plan_is_late_are_not_cut(
    bureau: Bureau, monde: Monde, sqlite_engine: sa.Engine, qapp: QApplication, language: str
) -> None:
    i18n.set_language(qapp, language)
    assert monde.responsable is not None
    begun = clock.today() - timedelta(days=146)
    with transaction(sqlite_engine) as session:
        plan = form.create(session, monde.responsable, PlanInput(
            equipement_id=monde.machines[0], modele_titre="Ronde", date_debut=begun, frequence="annuel"))  # fmt: skip
        due = Occurrence(
            planning_id=plan, cle=f"{plan}:{begun}", date_prevue=begun, date_cible=begun, etat="generee",
            agence_id=monde.agence,
        )  # fmt: skip
        session.add(due)
        session.flush()
        # An open visit of it.
        session.get_one(Intervention, monde.interventions[2]).occurrence_id = due.id
    bureau.window.resize(first_size(SCREEN))
    page = bureau.liste("preventif")
    (section,) = (n for n, one in enumerate(page.model.columns) if one.key == "prochaine")
    row = page.model.row_at(0)
    assert row.plan.retard == 146
    assert f"{begun:%d/%m/%Y}" in page.model.columns[section].text(row)
    day = QFontMetrics(theme().font("body", tabular=True)).horizontalAdvance(f"{begun:%d/%m/%Y}")
    badge = QFontMetrics(theme().font("caption", tabular=True)).horizontalAdvance(late_words(row.plan)) + 15
    for beside in (False, True):
        if beside:
            page.view.select_place(0)
            bureau.settle()
        assert page.beside.open is beside
        assert page.view.columnWidth(section) - 16 >= day + 7 + badge
