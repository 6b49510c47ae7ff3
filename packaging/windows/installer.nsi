; Installs ERP MIF for all users. Silent: installer.exe /S [/D=C:\Dossier]; removal: desinstaller.exe /S
; Compiled by packaging/build.py on Windows: makensis /DVERSION=… /DSOURCE=… /DSORTIE=…
Unicode true
Target amd64-unicode
ManifestDPIAware true
!include "MUI2.nsh"
Name "ERP MIF"
OutFile "${SORTIE}"
InstallDir "$PROGRAMFILES64\ERP MIF"
InstallDirRegKey HKLM "Software\ERP MIF" "Dossier"
RequestExecutionLevel admin
SetCompressor /SOLID lzma
!define CLE "Software\Microsoft\Windows\CurrentVersion\Uninstall\ERP MIF"

!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "French"

Section "ERP MIF"
  SetRegView 64
  SetShellVarContext all
  ; An older version's modules must not stay beside the new ones; a running program keeps its files locked.
  ClearErrors
  RMDir /r "$INSTDIR\_internal"
  IfErrors 0 libre
    SetErrorLevel 2
    Abort "ERP MIF est ouvert : fermez-le, puis relancez l'installation."
  libre:
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}\*.*"
  WriteUninstaller "$INSTDIR\desinstaller.exe"
  CreateShortcut "$SMPROGRAMS\ERP MIF.lnk" "$INSTDIR\erp-mif.exe"
  WriteRegStr HKLM "Software\ERP MIF" "Dossier" "$INSTDIR"
  WriteRegStr HKLM "${CLE}" "DisplayName" "ERP MIF"
  WriteRegStr HKLM "${CLE}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${CLE}" "Publisher" "ERP MIF Maroc"
  WriteRegStr HKLM "${CLE}" "UninstallString" '"$INSTDIR\desinstaller.exe"'
  WriteRegStr HKLM "${CLE}" "QuietUninstallString" '"$INSTDIR\desinstaller.exe" /S'
SectionEnd

Section "Uninstall"
  SetRegView 64
  SetShellVarContext all
  ; Data of the users (%LOCALAPPDATA%) stay.
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\erp-mif.exe"
  Delete "$INSTDIR\erp-admin.exe"
  Delete "$INSTDIR\desinstaller.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\ERP MIF.lnk"
  DeleteRegKey HKLM "${CLE}"
  DeleteRegKey HKLM "Software\ERP MIF"
SectionEnd
