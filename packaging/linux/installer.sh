#!/bin/sh
# Installs, upgrades or removes ERP MIF on Linux; asks nothing with --silencieux.
set -eu
ICI=$(cd "$(dirname "$0")" && pwd)
PREFIXE=/opt/erp-mif
LIENS=/usr/local/bin
MENUS=/usr/share/applications
SILENCIEUX=non
ACTION=installer

usage() {
    cat <<'FIN'
Usage : installer.sh [--prefixe DOSSIER] [--liens DOSSIER] [--menus DOSSIER] [--silencieux] [--desinstaller]
  --prefixe DOSSIER  où installer (par défaut /opt/erp-mif)
  --liens DOSSIER    où mettre les commandes erp-mif et erp-admin (par défaut /usr/local/bin)
  --menus DOSSIER    où mettre l'entrée du menu (par défaut /usr/share/applications)
  --silencieux       ne rien demander, n'écrire que les erreurs
  --desinstaller     retirer le programme ; les données des utilisateurs restent
FIN
}

dire() { [ "$SILENCIEUX" = oui ] || echo "$1"; }
refuser() { echo "installer.sh : $1" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case "$1" in
        --prefixe|--liens|--menus)
            [ $# -gt 1 ] || { usage >&2; exit 2; }
            case "$1" in --prefixe) PREFIXE=$2 ;; --liens) LIENS=$2 ;; --menus) MENUS=$2 ;; esac
            shift ;;
        --silencieux) SILENCIEUX=oui ;;
        --desinstaller) ACTION=desinstaller ;;
        -h|--help|--aide) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done

retirer() {
    for nom in erp-mif erp-admin; do
        # Only a link of ours: another program may bear that name.
        if [ -L "$LIENS/$nom" ] && [ "$(readlink "$LIENS/$nom")" = "$PREFIXE/$nom" ]; then rm -f "$LIENS/$nom"; fi
    done
    rm -f "$MENUS/erp-mif.desktop"
    if [ -x "$PREFIXE/erp-mif" ] && [ -d "$PREFIXE/_internal" ]; then rm -rf "$PREFIXE" "$PREFIXE.ancien"; fi
}

if [ "$ACTION" = desinstaller ]; then
    [ -x "$PREFIXE/erp-mif" ] || refuser "ERP MIF n'est pas installé dans $PREFIXE"
    retirer
    dire "ERP MIF est retiré ; les données restent dans ~/.local/share."
    exit 0
fi

[ -x "$ICI/erp-mif/erp-mif" ] || refuser "le dossier erp-mif manque à côté de ce script"
if [ -e "$PREFIXE" ] && [ ! -x "$PREFIXE/erp-mif" ]; then
    refuser "$PREFIXE existe et n'est pas une installation d'ERP MIF ; choisir un autre --prefixe"
fi
if [ "$SILENCIEUX" = non ]; then
    printf 'Installer ERP MIF dans %s ? [o/N] ' "$PREFIXE"
    read -r reponse
    case "$reponse" in o|O|oui) ;; *) exit 1 ;; esac
fi
mkdir -p "$(dirname "$PREFIXE")" "$LIENS" "$MENUS" || refuser "droits insuffisants ; utiliser sudo"
# Copied beside and swapped: a cut never leaves half a program.
rm -rf "$PREFIXE.nouveau"
mkdir "$PREFIXE.nouveau"
cp -a "$ICI/erp-mif/." "$PREFIXE.nouveau" || refuser "copie impossible dans $PREFIXE.nouveau"
if [ -e "$PREFIXE" ]; then
    rm -rf "$PREFIXE.ancien"
    mv "$PREFIXE" "$PREFIXE.ancien"
fi
# The version before stays beside, to go back to (erp-admin update back).
mv "$PREFIXE.nouveau" "$PREFIXE"
for nom in erp-mif erp-admin; do
    ln -sf "$PREFIXE/$nom" "$LIENS/$nom"
done
cat > "$MENUS/erp-mif.desktop" <<FIN
[Desktop Entry]
Type=Application
Name=ERP MIF
Comment=Maintenance industrielle
Exec=$PREFIXE/erp-mif
Icon=$PREFIXE/_internal/resources/icons/regular/wrench.svg
Categories=Office;
FIN
dire "ERP MIF est installé : $("$PREFIXE/erp-admin" --version)."
