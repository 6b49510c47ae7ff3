"""The words that believable rows are made of."""

from __future__ import annotations

from erp_desktop.domain.enums import TypeIntervention

CLIENTS = (
    "Conserveries Atlas", "Froid Atlantique", "Minoterie Chaouia", "Textiles Bouregreg", "Huilerie Zerhoun",
    "Laiterie Doukkala", "Céramiques du Souss", "Câblages Rif Auto", "Plastiques du Détroit", "Imprimerie Al Qalam",
    "Papeterie Sebou", "Cimenterie Oued Nefifik", "Sucrerie Tadla", "Fonderie Aïn Harrouda", "Brasserie Oulmès",
    "Emballages Gharb", "Tanneries de Fès", "Verreries Mohammedia", "Aciéries Jorf", "Menuiserie Cèdre Azrou",
)  # fmt: skip
MACHINES = (
    ("Sertisseuse", "SR", "Ferrum", "F12"), ("Groupe froid", "GF", "Carrier", "30XA"),
    ("Broyeur", "BR", "Retsch", "SM300"), ("Presse hydraulique", "PH", "Bosch Rexroth", "A10V"),
    ("Réducteur", "RD", "SEW", "R107"), ("Silo", "SL", "Silos Cordoba", "09.15"),
    ("Bascule", "BP", "Mettler", "IND570"), ("Convoyeur", "CV", "Interroll", "EC310"),
    ("Armoire électrique", "AE", "Schneider", "Prisma"), ("Chaudière", "CH", "Babcock", "BWD"),
    ("Compresseur", "CP", "Atlas Copco", "GA37"), ("Extrudeuse", "EX", "Coperion", "ZSK"),
    ("Pont roulant", "PR", "Demag", "KBK"), ("Pompe de recirculation", "PC", "Grundfos", "CR32"),
)  # fmt: skip
TITRES: dict[TypeIntervention, tuple[str, ...]] = {
    TypeIntervention.CORRECTIVE: (
        "Arrêt ligne : {m} en défaut", "Vibration palier côté moteur", "Fuite d'huile vérin principal",
        "Bruit anormal réducteur", "Défaut isolement moteur", "Surchauffe pompe de recirculation",
        "Variateur hors service, pièce à commander", "Capteur de niveau instable", "Fuite de gaz sur raccord",
        "Courroie détendue", "Voyant défaut armoire électrique",
    ),
    TypeIntervention.PREVENTIVE: (
        "Préventif mensuel {m}", "Préventif trimestriel {m}", "Contrôle annuel {m}", "Graissage général {m}",
        "Remplacement filtre hydraulique", "Étalonnage de la chaîne de mesure",
    ),
    TypeIntervention.AMELIORATIVE: ("Pose d'un carter de sécurité", "Devis éclairage atelier", "Ajout d'un capteur"),
    TypeIntervention.DIAGNOSTIC: ("Diagnostic vibratoire {m}", "Analyse d'huile {m}", "Thermographie {m}"),
}  # fmt: skip
DIAGNOSTICS = (
    "Joint racleur usé, tige rayée sur 4 cm.", "Roulement côté moteur à remplacer.", "Connecteur oxydé.",
    "Courroie étirée au-delà de la tolérance.", "Filtre colmaté, pression différentielle hors seuil.",
)  # fmt: skip
TRAVAUX = (
    "Joint remplacé, essai en charge concluant.", "Roulement changé, alignement au laser.",
    "Connecteur refait, isolement mesuré à 500 MΩ.", "Courroie remplacée et retendue.", "Filtre et huile remplacés.",
)  # fmt: skip
PRENOMS = ("Karim", "Hicham", "Nadia", "Omar", "Imane", "Rachid", "Yassine", "Salma", "Badr", "Khadija")
NOMS = ("Alaoui", "Berrada", "Ouazzani", "Tazi", "Chraïbi", "El Fassi", "Lahlou", "Bennis", "Aït Lahcen", "Idrissi")
