"""Checklists: versions of their points, answers that nothing takes back, closing, what follows a failed point."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from erp_desktop.db.session import transaction
from erp_desktop.domain.enums import Statut
from erp_desktop.domain.preventif.checklist import ChecklistInput, PointInput
from erp_desktop.domain.saisie import InterventionInput
from erp_desktop.errors import NotAllowedError, TransitionError, UserError, ValidationError
from erp_desktop.models import Document, Equipement, Intervention, ReponseChecklist
from erp_desktop.reports.papers import bon
from erp_desktop.services import interventions
from erp_desktop.services.checklists import answers, models
from erp_desktop.services.interventions.sheet import sheets
from tests.services.conftest import Monde

POINTS = [
    PointInput(libelle="Fuite visible", type_point="oui_non"),
    PointInput(libelle="Pression", type_point="mesure", unite="bar", minimum="5,5", maximum="7"),
    PointInput(libelle="Remarques", type_point="texte", obligatoire=False),
    PointInput(libelle="Plaque", type_point="photo"),
]


@pytest.fixture
def visit(monde: Monde) -> int:
    """An intervention under way on a machine whose type has a checklist."""
    with transaction(monde.engine) as session:
        session.get_one(Equipement, monde.equipement).type_equipement = "Sertisseuse"
    monde.faire(models.create, monde.responsable, ChecklistInput(nom="Visite", type_equipement="sertisseuse"), POINTS)
    with transaction(monde.engine) as session:
        ident = interventions.create(
            session, monde.agent,
            InterventionInput(titre="Visite", equipement_id=monde.equipement, technicien_id=monde.karim),
        )  # fmt: skip
        for statut in (Statut.AFFECTEE, Statut.EN_COURS):
            interventions.changer_statut(session, monde.agent, ident, statut)
        return ident


def sheet(monde: Monde, ident: int) -> answers.Feuille:
    found = monde.faire(answers.feuille, monde.agent, ident)
    assert found is not None
    return found


def answer(monde: Monde, ident: int, libelle: str, valeur: str, **more: Any) -> None:
    point = next(p.point.id for p in sheet(monde, ident).points if p.point.libelle == libelle)
    monde.faire(answers.repondre, monde.technicien, ident, point, valeur, **more)


def test_answers_are_kept_and_closing_waits_for_the_required_ones(monde: Monde, visit: int) -> None:
    assert sheet(monde, visit).manquants == ["Fuite visible", "Pression", "Plaque"]
    monde.faire(interventions.update, monde.agent, visit, {"diagnostic": "Usure"})
    with pytest.raises(TransitionError, match="Répondez d'abord à « Fuite visible » et à 2 autres points"):
        monde.faire(interventions.changer_statut, monde.agent, visit, Statut.CLOTUREE)
    for libelle, typed, sentence in (
        ("Fuite visible", "peut-être", "oui, non"), ("Pression", "beaucoup", "nombre"),
        ("Remarques", "x" * 2_001, "2000 caractères"), ("Remarques", "  ", "Répondez"), ("Plaque", "", "photo"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=sentence):
            answer(monde, visit, libelle, typed)
    answer(monde, visit, "Fuite visible", "non", remarque="Sous le vérin")
    answer(monde, visit, "Pression", "6,250")
    # An edit of the form takes no answer back.
    monde.faire(interventions.update, monde.agent, visit, {"titre": "Visite annuelle", "travaux_realises": "Joint"})
    assert {p.point.libelle: (p.valeur, p.conforme) for p in sheet(monde, visit).points} == {
        "Fuite visible": ("non", False), "Pression": ("6.25", True), "Remarques": (None, None), "Plaque": (None, None)
    }  # fmt: skip
    with pytest.raises(TransitionError, match="« Plaque » de la checklist"):
        monde.faire(interventions.changer_statut, monde.agent, visit, Statut.CLOTUREE)
    # The database refuses it as well, whoever writes.
    if monde.engine.dialect.name == "sqlite":
        with pytest.raises((UserError, sa.exc.IntegrityError), match="checklist"):
            monde.executer("UPDATE interventions SET statut = 'cloturee' WHERE id = :id", id=visit)
    with transaction(monde.engine) as session:
        photo = Document(
            nom_fichier="plaque.jpg", type_document="photo", mime_type="image/jpeg", taille=1, sha256="0" * 64,
            intervention_id=visit, agence_id=monde.cas,
        )  # fmt: skip
        session.add(photo)
        session.flush()
        picture = photo.id
    assert monde.faire(answers.photos, monde.agent, visit) == [(picture, "plaque.jpg")]
    answer(monde, visit, "Plaque", "", document_id=picture)
    answer(monde, visit, "Fuite visible", "oui")
    monde.faire(interventions.changer_statut, monde.agent, visit, Statut.CLOTUREE)
    with pytest.raises(TransitionError, match="close"):
        answer(monde, visit, "Fuite visible", "non")
    r = ReponseChecklist
    first = r.libelle == "Fuite visible"
    assert monde.lire(sa.select(r.valeur, r.remarque).where(first).order_by(r.id)) == [
        ("non", "Sous le vérin"), ("oui", None)
    ]  # fmt: skip


def test_a_new_version_leaves_what_was_begun_with_the_former(monde: Monde, visit: int) -> None:
    answer(monde, visit, "Pression", "6")
    (known,) = monde.faire(models.lister, monde.agent)
    with pytest.raises(NotAllowedError):
        monde.faire(models.reviser, monde.agent, known.id, POINTS[:1])
    stricter = PointInput(libelle="Pression", type_point="mesure", unite="bar", minimum="6", maximum="6,5")
    assert monde.faire(models.reviser, monde.responsable, known.id, [POINTS[0], stricter]) == 2
    assert monde.faire(models.reviser, monde.responsable, known.id, [POINTS[0], stricter]) == 2
    kept = sheet(monde, visit)
    assert kept.version == 1
    assert [p.point.libelle for p in kept.points] == ["Fuite visible", "Pression", "Remarques", "Plaque"]
    assert kept.points[1].point.minimum == Decimal("5.5")
    with transaction(monde.engine) as session:
        later = interventions.create(
            session, monde.agent, InterventionInput(titre="Autre", equipement_id=monde.equipement)
        )
    new = sheet(monde, later)
    assert [(p.point.libelle, p.point.maximum) for p in new.points] == [
        ("Fuite visible", None), ("Pression", Decimal("6.5"))
    ]  # fmt: skip
    assert [c.libelle for c in monde.faire(models.choix, monde.agent, "serti")] == ["Visite"]


def test_a_failed_point_proposes_what_follows(monde: Monde, visit: int) -> None:
    answer(monde, visit, "Fuite visible", "non")
    answer(monde, visit, "Pression", "9")
    assert sheet(monde, visit).en_defaut == ["Fuite visible", "Pression"]
    follow_up = monde.faire(answers.suite, monde.agent, visit)
    with transaction(monde.engine, write=False) as session:
        row = session.get_one(Intervention, follow_up)
        origin = session.get_one(Intervention, visit)
        assert (row.origine_id, row.equipement_id, row.type) == (visit, origin.equipement_id, "corrective")
        assert row.titre == f"Suite de {origin.numero} : Fuite visible, Pression"
    assert sheet(monde, visit).suite_id == follow_up


def test_a_point_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        PointInput(libelle="Pression", type_point="mesure", minimum="7", maximum="5")
    assert set(refused.value.champs) == {"maximum"}
    with pytest.raises(ValidationError):
        PointInput(libelle="x" * 20_000)
    assert PointInput(libelle="Fuite", unite="bar", minimum="1").minimum is None


def test_the_bon_prints_the_checklist_in_both_languages(monde: Monde, visit: int) -> None:
    answer(monde, visit, "Fuite visible", "non", remarque="Sous le vérin")
    answer(monde, visit, "Pression", "6,25")
    printed = monde.faire(sheets, monde.agent, [visit])
    for langue, words in (("fr", ["Checklist · ", "Fuite visible", "Non"]), ("ar", ["6,25"])):
        pages = bon.images(printed, langue, ppp=40)
        assert len(pages) == 1
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(bon.composer(printed, langue))).pages)
        assert [w for w in words if w not in text] == []
    points = bon.donnees(printed, "fr", "")["documents"][0]["checklist"]["points"]
    assert [(p[2].replace("\u2066", "").replace("\u2069", ""), p[3]) for p in points] == [
        ("Non\nSous le vérin", "mauvais"), ("6,25\u00a0bar", ""), ("—", ""), ("—", "")
    ]  # fmt: skip
