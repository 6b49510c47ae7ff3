"""Whatever an import says of a file exists in every language, its figures and values inside."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtWidgets import QApplication

from erp_desktop import services
from erp_desktop.db.session import transaction
from erp_desktop.domain.writing import bidi, typography
from erp_desktop.services.importation import wizard
from erp_desktop.services.importation.decisions import Existants
from erp_desktop.services.importation.nearest import split
from erp_desktop.services.importation.wizard import Choix, Essai, nommer, sans_option
from erp_desktop.ui.imports.faults import teller, told
from erp_desktop.ui.kit import i18n
from tests.ui.company import Monde

_ROOT = Path(services.__file__).parent
_FILES = sorted(one for room in ("importation", "sheets") for one in (_ROOT / room).rglob("*.py"))
_KEPT = {
    "Autre téléphone : ", "Mines à ciel ouvert (reprise)", "Repris d'un autre système", "Reprise de données",
    "Sans intitulé", "coût d'origine X1Y X3Y",
}  # fmt: skip
"""Written into rows, where they stay whatever the window's language."""
_OF_THE_COMMAND = {
    "Agence inconnue : X1Y.", "Champ inconnu : « X1Y ». Champs possibles : X3Y.",
    "L'import de « X1Y » n'existe pas ; tables possibles : X3Y.",
    "Le fichier X1Y a plusieurs feuilles à importer : X3Y (--feuille NOM).",
    "Le fichier X1Y n'est pas un classeur : --feuille ne s'applique pas.",
    "Taux de X1Y : X3Y", "Profil inconnu : « X1Y ». Profils : X3Y.",
    "« X1Y » n'est pas champ:valeur du fichier=valeur.", "« X1Y » n'est pas nom=valeur.",
}  # fmt: skip
"""Of options that the window does not have: whoever types them reads French."""
_NO_SENTENCE = {
    "date dont l'ordre se voit", "cette ligne", "unexpected end", ", proche de « (.+) »$", ", proche de « X1Y »",
    "\\binconnue? «|introuvable dans cette agence",
}  # fmt: skip
_BY_FIELD = {
    "X0Y : nombre négatif": "nombre négatif", "X0Y : valeur absenteX2Y": "valeur absente",
    "X0Y : X2Y caractères au plus": "X2Y caractères au plus",
}  # fmt: skip
"""Those whose first value is a field, which the window shows apart → without it."""
_END = re.compile(r"(?<=[»)])X\d+Y$")
"""Where the near value, or the advice of the command, follows."""


def _template(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"X{place}Y"
            for place, part in enumerate(node.values)
        )
    return None


def remarks() -> Iterator[str]:
    """Every text of several words that the engine of imports holds, but docstrings and advice of the command."""
    for file in _FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                apart |= {id(part) for part in node.values}
        for node in ast.walk(tree):
            words = _template(node) if id(node) not in apart else None
            bare = re.sub(r"X\d+Y", "", words or "")
            several = " " in bare.strip() and len(re.findall(r"[A-Za-zÀ-ÿ]{2,}", bare)) > 1
            code = re.search(r"SELECT|\\d", bare)
            if words and several and not words.startswith(" (") and not code and words not in _NO_SENTENCE:
                yield words


LABELS = {one.name: one.label for one in wizard.champs("interventions")}


def shown(words: str) -> str:
    """As the window shows it: without options, near values, and the field that it names apart."""
    words = _BY_FIELD.get(words) or sans_option(_END.sub("", split(words)[0]))
    head, colon, rest = words.partition(" : ")
    return rest if colon and re.fullmatch(r"[a-z_]+", head) else nommer(words, LABELS)


REMARKS = sorted(set(remarks()))


def test_the_walk_finds_what_an_import_says() -> None:
    assert len(REMARKS) > 90
    for words in ("valeur absente", "ligne décalée : X1Y cellules, X3Y colonnes", "date illisible « X1Y »X3Y"):
        assert words in REMARKS
    # Nothing is exempt that is said no more.
    assert {*_KEPT, *_OF_THE_COMMAND} - {*REMARKS} == set()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_remark_is_translated_with_its_values(qapp: QApplication, language: str) -> None:
    i18n.set_language(qapp, language)
    tell, missing = teller(language), []
    for words in REMARKS:
        if words in _KEPT | _OF_THE_COMMAND:
            continue
        said = shown(words)
        found = told(said)
        kept = all(value in found for value in re.findall(r"X\d+Y", said))
        # Two words of it in a row that are French still are a part that a looser sentence let stand.
        left = re.findall(r"[a-zà-ÿ]{3,} [a-zà-ÿ]{2,}", re.sub("« .+? »", "", said))
        half = any(part in found for part in left)
        # A window adds only the mark that leads a sentence which begins with a Latin word.
        if found == typography.composer(said) or not kept or half or tell(said) != found.removeprefix(bidi.RLM):
            missing.append(said)
    assert missing == []


_BAD = [
    "N;Équipement;Titre;Statut;Type;Date de création;Durée réelle;Coût externe;Technicien;Client;Clôture;Obs",
    "1;EQ-000;A;Clôturée;Corrective;31/02/2026;;;;;;x",
    "2;EQ-404;A;Clôturée;Corrective;05/02/1826;;;;;;x",
    "3;EQ-000;A;Close;Corrective;05/02/2026;-;;;;;x",
    "4;;A;Affectée;Corrective;05/02/2026;2,5;1.234,5x;;;;x",
    "5;EQ-000;A;En cours;Corrective;05/02/2126;;;;;;x",
    "1;EQ-000;;Clôturée;Corrective;05/02/2026;;;;;04/02/2026;x",
    "7;EQ-001;A;Clôturée;Corrective;05/02/26;;1,234;;Inconnu;;x",
    "8;EQ-001;A;Clôturée;;05/02/2026;;-12;Personne;;;x",
    "9;EQ-001;A;Clôturée;Corrective",
]  # fmt: skip
_FIELDS = (
    "numero_source", "equipement", "titre", "statut", "type", "date_creation", "duree_reelle", "cout_externe",
    "technicien", "client", "date_cloture", "",
)  # fmt: skip


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_file_full_of_faults_is_judged_without_a_french_word(
    qapp: QApplication, monde: Monde, sqlite_engine: sa.Engine, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "ot.csv"
    path.write_text("\n".join(_BAD), encoding="cp1252")
    file = wizard.ouvrir("interventions", path)
    fed = dict(zip([c.name for c in file.colonnes], _FIELDS, strict=True))
    assert monde.agent is not None
    trial = Essai(monde.agent, "interventions", file, Choix(fed, existants=Existants.MAJ))
    with transaction(sqlite_engine, write=False) as session:
        while trial.piece(session):
            pass
    remarks, faults = trial.remarques(), trial.fautes
    assert {one.ligne for one in faults} == set(range(2, 11))
    assert len(faults) > 12
    assert len(remarks) > 5
    i18n.set_language(qapp, language)
    tell = teller(language)
    for words in [*remarks, *(one.raison for one in faults)]:
        assert told(words) != typography.composer(words), words
        assert told(words) == tell(words)
        bare = re.sub("« .+? »", "", words)
        assert not [part for part in re.findall(r"[a-zà-ÿ]{4,} [a-zà-ÿ]{2,}", bare) if part in told(words)], words
