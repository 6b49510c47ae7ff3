"""The calendar: hours of agencies, holidays, what a new centre starts with, and open deadlines after a change.

The tables decide; libraries and files only fill them once. A change of the calendar goes through :func:`changement`,
which moves the deadlines of open work with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import holidays
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from erp_desktop import clock, paths
from erp_desktop.db.engine import create_sqlite_engine
from erp_desktop.db.session import transaction
from erp_desktop.domain import sla
from erp_desktop.domain.dates import DERNIERE_ANNEE, HORS_CALENDRIER, PREMIERE_ANNEE
from erp_desktop.domain.enums import DureeFerie, MotifHoraire, Role
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.domain.transitions import TERMINES
from erp_desktop.errors import DuplicateError, NotFoundError, UserError, ValidationError
from erp_desktop.models import Agence, Contrat, HoraireAgence, Intervention, JourFerie, TauxLegal, TauxTva
from erp_desktop.services.shared import trace
from erp_desktop.services.shared.clocks import Horloges as Horloges
from erp_desktop.services.shared.clocks import echeance, lire_periodes, plages_tapees
from erp_desktop.services.shared.clocks import lire_semaine as lire_semaine
from erp_desktop.services.shared.lists import cle_de

ADMINISTRATION = Acteur(user_id=0, nom="Administration", role=Role.ADMIN, agence_id=None)
"""Who signs what ``erp-admin`` does: no account."""
ESTIME = " (estimé)"
ANNEES = 2
"""Years that a new centre knows, this one included."""


@dataclass(frozen=True, slots=True)
class Recalcul:
    """Deadlines looked at and moved by one change."""

    ouvertes: int = 0
    deplacees: int = 0


def agence_par_code(session: Session, code: str | None) -> Agence | None:
    """None for every agency.

    Raises:
        NotFoundError: no such code.
    """
    if code is None:
        return None
    trouvee = session.scalar(sa.select(Agence).where(Agence.code == code.strip().upper()))
    if trouvee is None:
        raise NotFoundError(f"L'agence « {code} » n'existe pas dans cette base.")
    return trouvee


# --- holidays


def feries(session: Session, annee: int, agence_id: int | None = None) -> list[JourFerie]:
    """Holidays of a year, by date; those of one agency come with those of all.

    Raises: UserError: of no calendar.
    """
    if not PREMIERE_ANNEE <= annee <= DERNIERE_ANNEE:
        raise UserError(HORS_CALENDRIER)
    f = JourFerie
    requete = sa.select(f).where(f.jour >= date(annee, 1, 1), f.jour <= date(annee, 12, 31))
    if agence_id is not None:
        requete = requete.where(sa.or_(f.agence_id.is_(None), f.agence_id == agence_id))
    return list(session.scalars(requete.order_by(f.jour, f.libelle)))


def ferie(session: Session, jour: date, libelle: str | None, agence_id: int | None) -> JourFerie:
    """The holiday of a date; its name is needed only where two fall on it.

    Raises:
        NotFoundError: none, or several without a name.
    """
    du_jour = [
        f for f in session.scalars(sa.select(JourFerie).where(JourFerie.jour == jour).order_by(JourFerie.id))
        if f.agence_id == agence_id and libelle in (None, f.libelle)
    ]  # fmt: skip
    if len(du_jour) == 1:
        return du_jour[0]
    if not du_jour:
        raise NotFoundError(f"Aucun jour férié le {jour:%d/%m/%Y}.")
    noms = ", ".join(f"« {f.libelle} »" for f in du_jour)
    raise NotFoundError(f"Plusieurs jours fériés le {jour:%d/%m/%Y} : préciser lequel ({noms}).")


def ajouter_ferie(
    session: Session, jour: date, libelle: str, *, agence_id: int | None = None, provisoire: bool = False,
    ouvert: str | None = None, source: str = "saisie", auteur_id: int | None = None,
) -> JourFerie:  # fmt: skip
    """Add a holiday.

    Args:
        ouvert: for a half day, the ranges that stay open (``08:30-12:30``).

    Raises:
        DuplicateError: it is there already.
        UserError: unreadable ranges.
    """
    jumeaux = session.scalars(sa.select(JourFerie).where(JourFerie.jour == jour))
    if any(j.agence_id == agence_id and cle_de(j.libelle) == cle_de(libelle) for j in jumeaux):
        raise DuplicateError(f"« {libelle} » est déjà férié le {jour:%d/%m/%Y}.", "jour")
    ligne = JourFerie(
        jour=jour, libelle=libelle, agence_id=agence_id, provisoire=provisoire, source=source,
        duree=(DureeFerie.DEMI if ouvert else DureeFerie.JOUR).value, created_by_id=auteur_id,
    )  # fmt: skip
    session.add(ligne)
    if ouvert:
        semaine: dict[int, Sequence[sla.Plage]] = {jour.isoweekday(): plages_tapees(ouvert, "ouvert")}
        _poser(session, agence_id, semaine, jour, jour, MotifHoraire.EXCEPTION)
    session.flush()
    return ligne


def retirer_ferie(session: Session, ligne: JourFerie) -> None:
    """Take a holiday away, with the hours that a half day left open."""
    if ligne.duree == DureeFerie.DEMI:
        _effacer(session, ligne.agence_id, ligne.jour, ligne.jour, MotifHoraire.EXCEPTION)
    session.delete(ligne)
    session.flush()


def confirmer_ferie(session: Session, ligne: JourFerie, le_jour: date | None = None) -> None:
    """A provisional day is now sure; the moon may have put it on another date."""
    if le_jour is not None and le_jour != ligne.jour:
        if ligne.duree == DureeFerie.DEMI:
            raise UserError("Un demi-jour ne se déplace pas : le retirer puis l'ajouter à sa nouvelle date.")
        ligne.jour = le_jour
    ligne.provisoire = False
    ligne.confirme_le = clock.today()
    session.flush()


def completer(session: Session, annee: int) -> int:
    """Fill a year that holds no holiday of all agencies; the moon's days are provisional. Returns how many."""
    if any(f.agence_id is None for f in feries(session, annee)):
        return 0
    nombre = 0
    for jour, noms in sorted(holidays.country_holidays("MA", years=[annee], language="fr").items()):
        for nom in noms.split("; "):
            session.add(
                JourFerie(
                    jour=jour, libelle=nom.removesuffix(ESTIME), provisoire=nom.endswith(ESTIME),
                    source=f"holidays {version('holidays')}",
                )
            )  # fmt: skip
            nombre += 1
    session.flush()
    return nombre


# --- hours


def horaires(session: Session, agence_id: int) -> list[sla.Periode]:
    """The weeks that an agency's clock reads, the one that decides first."""
    return list(Horloges(session).de(agence_id).periodes)


def definir_horaires(
    session: Session,
    agence: Agence | None,
    semaine: dict[int, Sequence[sla.Plage]],
    *,
    du: date | None = None,
    au: date | None = None,
    motif: MotifHoraire = MotifHoraire.NORMAL,
) -> None:
    """Put a week in the place of the one of the same motif and dates; None is every agency.

    The usual week is also written as the text that programs from before this table read, as near as it can say it:
    the ranges of most days.
    """
    if du is not None and au is not None and au < du:
        raise ValidationError({"au": "La fin de validité précède son début."})
    if motif is not MotifHoraire.NORMAL and (du is None or au is None):
        dit = "Des horaires qui ne sont pas ceux de toute l'année ont un premier et un dernier jour."
        raise ValidationError({"du" if du is None else "au": dit})
    ident = agence.id if agence is not None else None
    _effacer(session, ident, du, au, motif)
    _poser(session, ident, semaine, du, au, motif)
    if agence is not None and motif is MotifHoraire.NORMAL and au is None:
        toutes = list(semaine.values())
        courante = max(toutes, key=toutes.count)
        agence.jours_ouvres = ",".join(str(j) for j in sorted(semaine))
        agence.horaires = ",".join(f"{sla.ecrire_heure(a)}-{_avant_minuit(b)}" for a, b in courante)
    session.flush()


def retirer_horaires(
    session: Session, agence_id: int | None, du: date | None, au: date | None, motif: MotifHoraire
) -> None:
    """Take a week away; the next in rank holds again.

    Raises:
        NotFoundError: there is none of this motif and these dates.
    """
    if not _effacer(session, agence_id, du, au, motif):
        raise NotFoundError("Aucun horaire de ce motif et de ces dates.")


def _avant_minuit(minute: int) -> str:
    """Older programs cannot read 24:00."""
    return sla.ecrire_heure(min(minute, sla.FIN_DU_JOUR - 1))


def _poser(
    session: Session, agence_id: int | None, semaine: dict[int, Sequence[sla.Plage]], du: date | None,
    au: date | None, motif: MotifHoraire,
) -> None:  # fmt: skip
    session.add_all(
        HoraireAgence(
            agence_id=agence_id, valable_du=du, valable_au=au, motif=motif.value, jour_iso=jour,
            debut=sla.ecrire_heure(debut), fin=sla.ecrire_heure(fin),
        )
        for jour, plages in semaine.items() for debut, fin in plages
    )  # fmt: skip


def _effacer(
    session: Session, agence_id: int | None, du: date | None, au: date | None, motif: MotifHoraire
) -> int:  # fmt: skip
    h = HoraireAgence
    lignes = [
        ligne for ligne in session.scalars(sa.select(h).where(h.motif == motif.value))
        if (ligne.agence_id, ligne.valable_du, ligne.valable_au) == (agence_id, du, au)
    ]  # fmt: skip
    for ligne in lignes:
        session.delete(ligne)
    session.flush()
    return len(lignes)


# --- what a centre starts with


def semer(session: Session) -> dict[str, int]:
    """Fill what was never filled, year by year, table by table, agency by agency: holidays, dated rates, dated weeks
    from the text of agencies. What somebody took away stays so. How many rows of each."""
    annee = clock.today().year
    semes = {m.__tablename__: semer_taux(session, m) for m in (TauxTva, TauxLegal)}
    semes["jours_feries"] = sum(completer(session, a) for a in range(annee, annee + ANNEES))
    pourvues = lire_periodes(session).keys()
    semes["horaires_agence"] = 0
    for agence in session.scalars(sa.select(Agence).order_by(Agence.id)):
        if agence.id in pourvues:
            continue
        try:
            texte = sla.lire_horaire(agence.jours_ouvres, agence.horaires)
        except ValueError:
            continue
        semaine = {j: plages for j, plages in enumerate(texte.periodes[0].semaine, start=1) if plages}
        # 23:59 is how the text had to say midnight.
        semaine = {j: tuple((a, b + 1 if b == sla.FIN_DU_JOUR - 1 else b) for a, b in p) for j, p in semaine.items()}
        _poser(session, agence.id, dict(semaine), None, None, MotifHoraire.NORMAL)
        semes["horaires_agence"] += sum(map(len, semaine.values()))
    session.flush()
    return semes


def semer_taux(session: Session, modele: type[TauxTva | TauxLegal]) -> int:
    """The rates of an empty table, as its file of ``resources/reference`` has them; how many."""
    if session.scalar(sa.select(modele.id).limit(1)) is not None:
        return 0
    lus = json.loads((paths.RESOURCES / "reference" / f"{modele.__tablename__}.json").read_text(encoding="utf-8"))
    for t in lus:
        jours = {c: t[c] and date.fromisoformat(t[c]) for c in ("date_debut", "date_fin")}
        session.add(modele(**(t | jours | {"taux": Decimal(t["taux"])})))
    return len(lus)


def semer_centre(engine: Engine) -> None:
    """:func:`semer` for a centre just upgraded: its triggers are in place, so that every device receives it."""
    with transaction(engine) as session:
        semer(session)


def semer_base(path: Path, key: str | None) -> None:
    """:func:`semer` for a stand-alone file that was just made."""
    engine = create_sqlite_engine(path, key)
    try:
        with transaction(engine) as session:
            semer(session)
    finally:
        engine.dispose()


# --- open deadlines


@contextmanager
def changement(
    session: Session, cause: str, acteur: Acteur = ADMINISTRATION, *, contrat_id: int | None = None,
    quand: datetime | None = None,
) -> Iterator[list[Recalcul]]:  # fmt: skip
    """A change of the calendar, or of one contract: at its end, open deadlines that the former gave are of the new.

    A deadline that the former calendar does not give was taken over from elsewhere and stays. The one element of the
    list tells how many, once the block is over. ``quand`` is the instant agreed, where each desktop does it alone.
    """
    donnees = donnees_par_le_calendrier(session, contrat_id)
    compte: list[Recalcul] = []
    yield compte
    session.flush()
    compte.append(_deplacer(session, donnees, cause, acteur, quand))


def donnees_par_le_calendrier(session: Session, contrat_id: int | None = None) -> list[Intervention]:
    """Open interventions, of one contract or all, whose deadline the calendar and their contract give now."""
    ouvertes = _ouvertes(session, contrat_id)
    contrats, horloges = _contrats(session, ouvertes), Horloges(session)
    return [i for i in ouvertes if i.date_limite == echeance(session, i, contrats.get(i.contrat_id or 0), horloges)]


def suivre(session: Session, limites: Mapping[int, datetime | None], cause: str) -> int:
    """Compute anew open deadlines that are still as ``limites`` has them, by identifier. Returns how many moved."""
    encore = [i for i in _ouvertes(session) if i.id in limites and i.date_limite == limites[i.id]]
    return _deplacer(session, encore, cause, ADMINISTRATION).deplacees


def recalculer(
    session: Session, cause: str, *, contrat_id: int | None = None, acteur: Acteur = ADMINISTRATION
) -> Recalcul:
    """Compute open deadlines anew, of one contract or of all: after a contract changed, or holidays that came."""
    ouvertes = _ouvertes(session, contrat_id)
    return _deplacer(session, ouvertes, cause, acteur)


def _ouvertes(session: Session, contrat_id: int | None = None) -> list[Intervention]:
    finies = [s.value for s in TERMINES]
    siennes = [] if contrat_id is None else [Intervention.contrat_id == contrat_id]
    i = Intervention
    asked = sa.select(i).where(i.statut.not_in(finies), i.date_limite.is_not(None), *siennes).order_by(i.id)
    return list(session.scalars(asked))


def _contrats(session: Session, ouvertes: Iterable[Intervention]) -> dict[int, Contrat]:
    idents = {i.contrat_id for i in ouvertes if i.contrat_id is not None}
    return {c.id: c for c in session.scalars(sa.select(Contrat).where(Contrat.id.in_(idents)))}


def _deplacer(
    session: Session, ouvertes: list[Intervention], cause: str, acteur: Acteur, quand: datetime | None = None
) -> Recalcul:
    contrats, horloges = _contrats(session, ouvertes), Horloges(session)
    deplacees = 0
    for ligne in ouvertes:
        nouvelle = echeance(session, ligne, contrats.get(ligne.contrat_id or 0), horloges)
        if nouvelle is None or nouvelle == ligne.date_limite:
            continue
        avant, ligne.date_limite = ligne.date_limite, nouvelle
        trace.noter(session, acteur, ligne, "echeance", {"date_limite": avant}, {"date_limite": nouvelle},
                     f"échéance recalculée : {cause}", quand)  # fmt: skip
        deplacees += 1
    session.flush()
    return Recalcul(len(ouvertes), deplacees)
