"""What each revision of the structure brings, for whoever agrees to it; its own file says it in English."""

from __future__ import annotations

from typing import Final

from erp_desktop.domain.writing.texts import texts

FRENCH: Final = {
    "Initial full migration from models": "Créer la base de départ",
    "Create clients and contrats, and tie equipements and interventions to them":
        "Créer les clients et les contrats, et y rattacher équipements et interventions",
    "Add username to user model": "Donner un identifiant à chaque compte",
    "Ensure all timestamps columns exist": "Dater la création et la modification de chaque ligne",
    "Add is_active column to users": "Dire si un compte est actif",
    "Add satisfaction and internal notes to interventions":
        "Noter la satisfaction et les notes internes d'une intervention",
    "Add phone to users": "Garder le téléphone des comptes",
    "Add is_verified to users, false for every existing account": "Dire si un compte est vérifié",
    "Widen the phone of users from 20 to 50 characters": "Élargir le téléphone des comptes",
    "Replace first_name and last_name of users by full_name": "Réunir prénom et nom des comptes",
    "Map the roles of users to the closed list of the trade": "Ramener les rôles à la liste du métier",
    "Add the composite, natural-key and partial indexes": "Indexer ce qui se cherche le plus",
    "Tie interventions to techniciens; a technicien that is gone leaves NULL":
        "Rattacher les interventions à leur technicien",
    "Add agences, the agency of every row and the last columns of the first tables":
        "Ajouter les agences, et l'agence de chaque ligne",
    "Create stock, invoices, reports, preferences and reference tables":
        "Créer le stock, les factures, les rapports et les référentiels",
    "Create what a cache needs to exchange with the centre (SQLite only)":
        "Préparer les postes à l'échange avec le centre",
    "Create schema sync: row states, devices, batches, conflicts, compatibility window (PostgreSQL only)":
        "Préparer le centre à l'échange avec les postes",
    "Keep what retired devices hand over, and up to where deletions were forgotten (PostgreSQL only)":
        "Garder ce que remet un poste retiré",
    "Expand: add plannings.recurrence beside rrule, filled from it; each follows the other until rrule goes":
        "Ajouter la récurrence des plans du préventif",
    "Index the deadline of interventions without keeping anybody from writing":
        "Indexer l'échéance des interventions, sans arrêter personne",
    "Contract: drop plannings.rrule, which recurrence replaces; pending exchanges take the new name":
        "Retirer l'ancienne récurrence des plans du préventif",
    "Cut the bytes of documents into pieces of 64 KB, and keep what merging duplicates changed (SQLite)":
        "Découper les documents en morceaux, pour les échanger par petits bouts",
    "Note local changes at half the cost: no index on the outbox, and a check that builds no table (SQLite)":
        "Noter les saisies d'un poste deux fois plus vite",
    "Hours by weekday with their dates, and several holidays on one date, of all agencies or of one":
        "Dater les horaires par jour de semaine, et plusieurs jours fériés à une même date",
    "Stock per depot: thresholds, counts, transfers in two rows, what a line consumes and what a movement is worth":
        "Tenir le stock par dépôt : seuils, inventaires, transferts et valeur des mouvements",
    "Index closings and cancellations by date, so that a report reads its period and not the years before it":
        "Indexer les clôtures par date, pour des rapports plus rapides",
    "Slots of interventions, absences, what a plan may break and the skills that work needs":
        "Planifier par créneaux, avec les absences et les compétences",
    "Contracts: machines covered, periods with their quotas, renewal, notice, hours of the SLA, who pays for a job":
        "Compléter les contrats : équipements couverts, périodes, quotas, préavis et heures du SLA",
    "Identity of the company, failure codes, rates of labour and travel; what notices are about":
        "Garder l'identité de la société, les codes de panne, les tarifs et l'objet des notifications",
    "Contracts: the yearly revision of their amount, and the index that it follows":
        "Réviser chaque année le montant des contrats",
    "Keep what a report counts of each month beside the rows, on every replica for itself":
        "Garder les chiffres de chaque mois, pour des rapports plus rapides",
    "Times of techniciens, downtime of machines; why work waits and what the client thinks of it":
        "Noter les temps des techniciens et les arrêts des machines",
    "Preventive plans with their due dates, parts, meters and checklists; what a visit is of, and what it follows up":
        "Générer le préventif : échéances, pièces, compteurs et checklists",
    "Index the orders in which a list of interventions is offered, so that its first page costs what it shows":
        "Indexer les ordres de la liste des interventions",
    "Why and how long work waits, who signed and when, models of interventions, amendments of contracts":
        "Suivre les attentes, les signatures, les modèles et les avenants",
    "Invoices as the law wants them: snapshots, empreinte, periods, advances, requests, "
    "payments over several of them":
        "Facturer comme la loi le veut : empreinte, périodes, acomptes et paiements répartis",
    "Let a device wait for its enrolment by a code that works once and expires (PostgreSQL only)":
        "Inscrire un poste par un code qui sert une fois",
    "Find rows by their place and by their words": "Trouver une ligne par sa place et par ses mots",
    "Keep who changed what at the centre, and tell every device whose personal data was erased":
        "Tenir le journal des actes, et dire aux postes quelles données personnelles sont effacées",
    "What each figure should reach, by agency and from a day on": "Fixer un objectif à chaque chiffre, par agence",
    "The key that a device and the centre share for what is carried by hand while the line is down (PostgreSQL only)":
        "Confier une clé à l'échange porté à la main quand la ligne est coupée",
    "Sort every list that grows with the business by an index": "Trier les longues listes par un index",
    "Tell units of parts apart by lot or serial number; delays by priority and documents of contracts":
        "Suivre les lots et numéros de série, et les délais par priorité",
    "Read a page of a list from the index of its order alone; keep what is due of an invoice beside it":
        "Lire une page de liste d'un seul index, et garder ce que doit une facture",
    "Tell the lots of a followed part apart in counts": "Compter par lot les pièces suivies",
    "Say when somebody else gave an account its password, and for which one a cache answers offline":
        "Dire quand un mot de passe a été donné par un autre",
    "Mark of which agency and technicien the kept figures of a month are wrong":
        "Recompter dans un rapport cela seul qui a changé",
    "Find interventions by the day on which they are due, without looking at every one":
        "Trouver les interventions par leur jour, par un index",
    "Say whose file a device was enrolled with again, whose numbers it still brings (PostgreSQL only)":
        "Dire de quel fichier un poste réinscrit apporte encore les numéros",
    "Sort one agency's interventions by number, tell the urgent open ones, and those due before they were called":
        "Trier par numéro les interventions d'une agence",
    "Keep what is to be done in an index by itself, and the days of what nobody does in another":
        "Garder ensemble les interventions qui sont à faire",
    "Keep what a device tells of itself at each exchange, and who enrolled it (PostgreSQL only)":
        "Garder ce que chaque poste annonce de lui-même, et qui l'a inscrit",
    "Keep what is to be done in the order of each column that lists sort by":
        "Ranger les interventions à faire dans l'ordre de chaque liste",
}  # fmt: skip
"""Title of a revision → the same in French; a revision that was published keeps its title for ever."""


def french(title: str) -> str:
    """What a revision brings, in French; its own words where nobody said it otherwise."""
    return FRENCH.get(title.removesuffix("."), title)


def told(title: str, language: str) -> str:
    """The same in another language of the interface."""
    return texts(language).of(french(title)) or french(title) if language != "fr" else french(title)
