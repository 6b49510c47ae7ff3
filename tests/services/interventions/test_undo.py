"""Each transition of an intervention is taken back by an ordinary one, or the refusal says why."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from erp_desktop import clock
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.domain.transitions import SUIVANTS
from erp_desktop.errors import ErpError
from erp_desktop.models import Intervention
from erp_desktop.services import interventions
from tests.services.conftest import Monde

REFUSED = {
    ("affectee", "en_cours"): "Une intervention en cours ne peut pas devenir affectée.",
    ("ouverte", "annulee"): "Une intervention annulée ne peut pas devenir ouverte.",
    ("affectee", "annulee"): "Une intervention annulée ne peut pas devenir affectée.",
    ("en_cours", "annulee"): "Une intervention annulée ne peut pas devenir en cours.",
    ("en_attente", "annulee"): "Une intervention annulée ne peut pas devenir en attente.",
    ("cloturee", "archivee"): "Une intervention archivée ne peut pas devenir clôturée.",
    ("annulee", "archivee"): "Une intervention archivée ne peut pas devenir annulée.",
}
WAYS = {
    "ouverte": (), "affectee": ("affectee",), "en_cours": ("affectee", "en_cours"),
    "en_attente": ("affectee", "en_cours", "en_attente"), "cloturee": ("affectee", "en_cours", "cloturee"),
    "annulee": ("annulee",),
}  # fmt: skip


@pytest.mark.parametrize(("de", "vers"), [(a.value, b.value) for a, after in SUIVANTS.items() for b in after])
def test_a_transition_is_taken_back_or_the_refusal_says_why(monde: Monde, de: str, vers: str) -> None:
    who = monde.responsable
    typed = InterventionInput(
        titre="Panne", equipement_id=monde.equipement, technicien_id=monde.karim, date_planifiee=clock.now()
    )
    ident = monde.faire(interventions.create, who, typed)
    monde.faire(interventions.update, who, ident, {"diagnostic": "Joint usé"})
    for step in WAYS[de]:
        monde.faire(interventions.changer_statut, who, ident, Statut(step))
    i = Intervention
    kept = sa.select(i.statut, i.technicien_id, i.date_planifiee, i.date_debut_travaux, i.date_fin_travaux,
                     i.date_cloture, i.date_limite).where(i.id == ident)  # fmt: skip
    before = monde.lire(kept)
    back = monde.faire(interventions.changer_statut, who, ident, Statut(vers), "Fuite revenue")
    after = monde.lire(kept)
    if (told := REFUSED.get((de, vers))) is None:
        monde.faire(interventions.revenir, who, back)
        assert monde.lire(kept) == before
        after = before
    else:
        with pytest.raises(ErpError) as refused:
            monde.faire(interventions.revenir, who, back)
        assert str(refused.value) == told
    assert monde.lire(kept) == after
