; Installs ERP MIF for one user or for all, beside whatever version is there, and switches to it in one step.
; Compiled by packaging/windows/chain.py: makensis -DVERSION=0.1.0 -DBUILD=… -DSOURCE=folder -DLAUNCHERS=folder
; -DICON=file -DOUTPUT=file [-DSIGN=command that signs the file that follows it]
;
;   installer.exe [/S] [/AllUsers | /CurrentUser] [/D=folder]       status 0 done, 2 refused, 3 rights are missing
;   desinstaller.exe [/S] [/DONNEES]                                the same; /DONNEES takes this user's data too
;
;   folder\erp-mif.exe, erp-admin.exe     launchers: start what version.txt names
;   folder\version.txt                    the pointer; renamed into place once the version is whole
;   folder\versions\VERSION-BUILD\        a version: never changed once it is there; the former one stays, unused
Unicode true
Target amd64-unicode
ManifestDPIAware true
ManifestSupportedOS Win10
SetCompressor /SOLID lzma
SetCompressorDictSize 32
RequestExecutionLevel highest
Name "ERP MIF ${VERSION}"
OutFile "${OUTPUT}"
BrandingText "ERP MIF Maroc"
!define NAME "${VERSION}-${BUILD}"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\ERP MIF"
!define OWN_KEY "Software\ERP MIF"
!define IN_USE "ERP MIF est ouvert : fermez-le, puis recommencez. Rien n'a été changé."
!ifdef SIGN
!finalize '${SIGN} "%1"'
!uninstfinalize '${SIGN} "%1"'
!endif

!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "nsDialogs.nsh"
!include "x64.nsh"
!include "WinVer.nsh"

VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=1036 "ProductName" "ERP MIF"
VIAddVersionKey /LANG=1036 "CompanyName" "ERP MIF Maroc"
VIAddVersionKey /LANG=1036 "FileDescription" "Installation d'ERP MIF"
VIAddVersionKey /LANG=1036 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=1036 "ProductVersion" "${NAME}"
VIAddVersionKey /LANG=1036 "LegalCopyright" "ERP MIF Maroc"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
Page custom ask_for_whom keep_for_whom
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
UninstPage custom un.ask_data un.keep_data
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "French"

Var everybody ; "1": for all users
Var given     ; "1": the command line names the folder
Var choice
Var data      ; "1": the uninstaller takes the data too
Var busy      ; "1": the version that was looked at runs

!macro refuse status words
  SetErrorLevel ${status}
  IfSilent +2
  MessageBox MB_OK|MB_ICONSTOP "${words}"
  DetailPrint "${words}"
  Quit
!macroend

; Whether a version's programs run: Windows opens the file of a running program for nobody who would write. $busy says.
!macro probe folder
  StrCpy $busy "0"
  !insertmacro probe_one "${folder}\erp-mif.exe"
  !insertmacro probe_one "${folder}\erp-admin.exe"
!macroend

!macro probe_one file
  ${If} ${FileExists} "${file}"
    ClearErrors
    FileOpen $R8 "${file}" a
    ${If} ${Errors}
      StrCpy $busy "1"
    ${Else}
      FileClose $R8
    ${EndIf}
  ${EndIf}
!macroend

!macro admin
  UserInfo::GetAccountType
  Pop $R0
!macroend

Function .onInit
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    !insertmacro refuse 2 "ERP MIF demande Windows 10 ou 11, 64 bits."
  ${EndIf}
  SetRegView 64
  ${If} $INSTDIR != ""
    StrCpy $given "1"
  ${EndIf}
  !insertmacro admin
  ${GetParameters} $R1
  StrCpy $everybody "0"
  ${If} $R0 == "Admin"
    StrCpy $everybody "1"
    ; What is one account's stays so, whoever renews it: known by whose key names the folder.
    ReadRegStr $R2 HKLM "${OWN_KEY}" "Dossier"
    ReadRegStr $R3 HKCU "${OWN_KEY}" "Dossier"
    ${If} $given == "1"
    ${AndIf} $R2 != $INSTDIR
    ${AndIf} $R3 == $INSTDIR
      StrCpy $everybody "0"
    ${ElseIf} $given != "1"
    ${AndIf} $R2 == ""
    ${AndIf} $R3 != ""
      StrCpy $everybody "0"
    ${EndIf}
  ${EndIf}
  ClearErrors
  ${GetOptions} $R1 "/CurrentUser" $R2
  ${IfNot} ${Errors}
    StrCpy $everybody "0"
  ${EndIf}
  ClearErrors
  ${GetOptions} $R1 "/AllUsers" $R2
  ${IfNot} ${Errors}
    ${If} $R0 != "Admin"
      !insertmacro refuse 3 "Installer pour tous les utilisateurs demande les droits d'administrateur."
    ${EndIf}
    StrCpy $everybody "1"
  ${EndIf}
  Call place
FunctionEnd

; Shell folders, registry and destination of the chosen mode.
Function place
  ${If} $everybody == "1"
    SetShellVarContext all
  ${Else}
    SetShellVarContext current
  ${EndIf}
  ${If} $given != "1"
    ReadRegStr $INSTDIR SHCTX "${OWN_KEY}" "Dossier"
    ${If} $INSTDIR == ""
      ${If} $everybody == "1"
        StrCpy $INSTDIR "$PROGRAMFILES64\ERP MIF"
      ${Else}
        StrCpy $INSTDIR "$LOCALAPPDATA\Programs\ERP MIF"
      ${EndIf}
    ${EndIf}
  ${EndIf}
FunctionEnd

Function ask_for_whom
  !insertmacro admin
  ${If} $R0 != "Admin"
    Abort ; Nothing to choose.
  ${EndIf}
  !insertmacro MUI_HEADER_TEXT "Pour qui installer ?" ""
  nsDialogs::Create 1018
  Pop $R1
  ${NSD_CreateRadioButton} 0 10u 100% 12u "Pour tous les utilisateurs de ce poste"
  Pop $choice
  ${NSD_CreateRadioButton} 0 28u 100% 12u "Pour moi seulement"
  Pop $R2
  ${If} $everybody == "1"
    ${NSD_Check} $choice
  ${Else}
    ${NSD_Check} $R2
  ${EndIf}
  nsDialogs::Show
FunctionEnd

Function keep_for_whom
  ${NSD_GetState} $choice $everybody
  Call place
FunctionEnd

; What may stop the installation is found before the first file is written.
Function check
  ${If} ${FileExists} "$INSTDIR\*.*"
  ${AndIfNot} ${FileExists} "$INSTDIR\version.txt"
  ${AndIfNot} ${FileExists} "$INSTDIR\versions\*.*"
    FindFirst $R1 $R2 "$INSTDIR\*.*"
    ${DoWhile} $R2 != ""
      ${If} $R2 != "."
      ${AndIf} $R2 != ".."
        FindClose $R1
        !insertmacro refuse 2 "Le dossier $INSTDIR contient autre chose ; choisissez-en un autre. Rien n'a été changé."
      ${EndIf}
      FindNext $R1 $R2
    ${Loop}
    FindClose $R1
  ${EndIf}
  ; This very build again: a repair, unless it runs.
  !insertmacro probe "$INSTDIR\versions\${NAME}"
  ${If} $busy == "1"
    !insertmacro refuse 2 "${IN_USE}"
  ${EndIf}
  ClearErrors
  CreateDirectory "$INSTDIR\versions"
  FileOpen $R8 "$INSTDIR\versions\essai" w
  ${If} ${Errors}
    !insertmacro refuse 3 "Le dossier $INSTDIR n'est pas accessible en écriture. Rien n'a été changé."
  ${EndIf}
  FileClose $R8
  Delete "$INSTDIR\versions\essai"
FunctionEnd

; A launcher that waits for its program keeps its own file: that one is put aside, and goes with the next installation.
!macro launcher file
  Delete "$INSTDIR\${file}.ancien"
  ${If} ${FileExists} "$INSTDIR\${file}"
    Delete "$INSTDIR\${file}"
    ${If} ${FileExists} "$INSTDIR\${file}"
      Rename "$INSTDIR\${file}" "$INSTDIR\${file}.ancien"
    ${EndIf}
  ${EndIf}
  File "${LAUNCHERS}\${file}"
!macroend

Section "ERP MIF"
  SetRegView 64
  Call check
  ReadRegStr $R9 SHCTX "${OWN_KEY}" "Version"
  ; Beside: under a name of its own until it is whole.
  RMDir /r "$INSTDIR\versions\nouvelle"
  SetOutPath "$INSTDIR\versions\nouvelle"
  ClearErrors
  File /r "${SOURCE}\*.*"
  ${If} ${Errors}
    SetOutPath "$TEMP"
    RMDir /r "$INSTDIR\versions\nouvelle"
    !insertmacro refuse 2 "La copie a échoué (disque plein ?). La version en place reste."
  ${EndIf}
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\versions\retiree"
  ClearErrors
  ${If} ${FileExists} "$INSTDIR\versions\${NAME}\*.*"
    ; As a whole or not at all: what somebody began to use meanwhile is not half deleted.
    Rename "$INSTDIR\versions\${NAME}" "$INSTDIR\versions\retiree"
  ${EndIf}
  ${IfNot} ${Errors}
    Rename "$INSTDIR\versions\nouvelle" "$INSTDIR\versions\${NAME}"
  ${EndIf}
  ${If} ${Errors}
    RMDir /r "$INSTDIR\versions\nouvelle"
    !insertmacro refuse 2 "${IN_USE}"
  ${EndIf}
  RMDir /r "$INSTDIR\versions\retiree"
  !insertmacro launcher "erp-mif.exe"
  !insertmacro launcher "erp-admin.exe"
  WriteUninstaller "$INSTDIR\desinstaller.exe"
  ; And switched: whoever starts the program now gets this version.
  FileOpen $R8 "$INSTDIR\version.txt.neuf" w
  FileWrite $R8 "${NAME}$\r$\n"
  FileClose $R8
  System::Call 'kernel32::MoveFileExW(w "$INSTDIR\version.txt.neuf", w "$INSTDIR\version.txt", i 9) i .R7'
  ${If} $R7 = 0
    !insertmacro refuse 2 "La version n'a pas pu être changée ; l'ancienne reste en service."
  ${EndIf}

  CreateShortcut "$SMPROGRAMS\ERP MIF.lnk" "$INSTDIR\erp-mif.exe" "" "$INSTDIR\erp-mif.exe"
  WriteRegStr SHCTX "${OWN_KEY}" "Dossier" "$INSTDIR"
  WriteRegStr SHCTX "${OWN_KEY}" "Version" "${NAME}"
  WriteRegStr SHCTX "Software\Classes\erp-mif" "" "URL:ERP MIF"
  WriteRegStr SHCTX "Software\Classes\erp-mif" "URL Protocol" ""
  WriteRegStr SHCTX "Software\Classes\erp-mif\DefaultIcon" "" "$INSTDIR\erp-mif.exe,0"
  WriteRegStr SHCTX "Software\Classes\erp-mif\shell\open\command" "" '"$INSTDIR\erp-mif.exe" "%1"'
  WriteRegStr SHCTX "Software\Classes\.erp-mif" "" "ERPMIF.Inscription"
  WriteRegStr SHCTX "Software\Classes\ERPMIF.Inscription" "" "Inscription d'un poste ERP MIF"
  WriteRegStr SHCTX "Software\Classes\ERPMIF.Inscription\DefaultIcon" "" "$INSTDIR\erp-mif.exe,0"
  WriteRegStr SHCTX "Software\Classes\ERPMIF.Inscription\shell\open\command" "" '"$INSTDIR\erp-mif.exe" "%1"'
  WriteRegStr SHCTX "Software\Microsoft\Windows\CurrentVersion\App Paths\erp-mif.exe" "" "$INSTDIR\erp-mif.exe"
  WriteRegStr SHCTX "Software\Microsoft\Windows\CurrentVersion\App Paths\erp-admin.exe" "" "$INSTDIR\erp-admin.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayName" "ERP MIF"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\erp-mif.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "Publisher" "ERP MIF Maroc"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\desinstaller.exe"'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\desinstaller.exe" /S'
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "EstimatedSize" ${KILOBYTES}
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoRepair" 1

  ; Older versions go, but for the one before this, to which IT may go back, and for any that still runs.
  FindFirst $R1 $R2 "$INSTDIR\versions\*.*"
  ${DoWhile} $R2 != ""
    ${If} $R2 != "."
    ${AndIf} $R2 != ".."
    ${AndIf} $R2 != "${NAME}"
    ${AndIf} $R2 != $R9
      !insertmacro probe "$INSTDIR\versions\$R2"
      ${If} $busy == "0"
        RMDir /r "$INSTDIR\versions\$R2"
      ${EndIf}
    ${EndIf}
    FindNext $R1 $R2
  ${Loop}
  FindClose $R1
  System::Call 'shell32::SHChangeNotify(i 0x08000000, i 0, p 0, p 0)'
SectionEnd

Function un.onInit
  SetRegView 64
  ; The mode is known by whose key names this folder.
  StrCpy $everybody "0"
  SetShellVarContext current
  ReadRegStr $R1 HKLM "${OWN_KEY}" "Dossier"
  ${If} $R1 == $INSTDIR
    !insertmacro admin
    ${If} $R0 != "Admin"
      !insertmacro refuse 3 "Retirer ce programme demande les droits d'administrateur."
    ${EndIf}
    StrCpy $everybody "1"
    SetShellVarContext all
  ${EndIf}
  ${GetParameters} $R1
  StrCpy $data "0"
  ClearErrors
  ${GetOptions} $R1 "/DONNEES" $R2
  ${IfNot} ${Errors}
    StrCpy $data "1"
  ${EndIf}
FunctionEnd

Function un.ask_data
  !insertmacro MUI_HEADER_TEXT "Données de ce compte" ""
  nsDialogs::Create 1018
  Pop $R1
  ${NSD_CreateLabel} 0 0 100% 36u "La base locale, ses sauvegardes, les documents et les journaux restent sur ce poste \
    et servent à une prochaine installation. Ce qui n'a pas été envoyé au siège n'existe que là."
  Pop $R2
  ${NSD_CreateCheckbox} 0 44u 100% 12u "Effacer aussi mes données, définitivement"
  Pop $choice
  nsDialogs::Show
FunctionEnd

Function un.keep_data
  ${NSD_GetState} $choice $data
FunctionEnd

Section "Uninstall"
  ; A program in use keeps all its files.
  FindFirst $R1 $R2 "$INSTDIR\versions\*.*"
  ${DoWhile} $R2 != ""
    ${If} $R2 != "."
    ${AndIf} $R2 != ".."
      !insertmacro probe "$INSTDIR\versions\$R2"
      ${If} $busy == "1"
        FindClose $R1
        !insertmacro refuse 2 "${IN_USE}"
      ${EndIf}
    ${EndIf}
    FindNext $R1 $R2
  ${Loop}
  FindClose $R1
  SetOutPath "$TEMP"
  ${If} ${FileExists} "$INSTDIR\version.txt"
    RMDir /r "$INSTDIR\versions"
  ${EndIf}
  Delete "$INSTDIR\erp-mif.exe"
  Delete "$INSTDIR\erp-mif.exe.ancien"
  Delete "$INSTDIR\erp-admin.exe"
  Delete "$INSTDIR\erp-admin.exe.ancien"
  Delete "$INSTDIR\version.txt"
  Delete "$INSTDIR\desinstaller.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\ERP MIF.lnk"
  DeleteRegKey SHCTX "Software\Classes\erp-mif"
  DeleteRegKey SHCTX "Software\Classes\.erp-mif"
  DeleteRegKey SHCTX "Software\Classes\ERPMIF.Inscription"
  DeleteRegKey SHCTX "Software\Microsoft\Windows\CurrentVersion\App Paths\erp-mif.exe"
  DeleteRegKey SHCTX "Software\Microsoft\Windows\CurrentVersion\App Paths\erp-admin.exe"
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"
  DeleteRegKey SHCTX "${OWN_KEY}"
  ${If} $data == "1"
    SetShellVarContext current
    RMDir /r "$LOCALAPPDATA\ERP MIF Maroc\ERP MIF"
    RMDir "$LOCALAPPDATA\ERP MIF Maroc"
  ${EndIf}
SectionEnd
