/* The program at the place that IT knows: starts the version that the pointer beside it names.

   Versions lie in folders of their own, so that a new one is installed while the old one runs; `version.txt` is
   switched in one step of the file system. Compiled twice: CONSOLE for erp-admin, without for erp-mif. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#ifndef PROGRAM
#define PROGRAM L"erp-mif.exe"
#endif
#define ROOM 32768

static int refuse(const wchar_t *words) {
#ifdef CONSOLE
    fwprintf(stderr, L"erp-admin : %ls\n", words);
#else
    MessageBoxW(NULL, words, L"ERP MIF", MB_OK | MB_ICONERROR);
#endif
    return 1;
}

/* What follows the program's own name in a command line. */
static const wchar_t *arguments(const wchar_t *line) {
    int quoted = 0;
    for (; *line && (quoted || (*line != L' ' && *line != L'\t')); line++)
        if (*line == L'"') quoted = !quoted;
    return line;
}

static int start(void) {
    static wchar_t folder[ROOM], path[ROOM + 600], command[2 * ROOM], version[256];
    char line[256] = {0};
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION child;
    DWORD status = 1;
    if (!GetModuleFileNameW(NULL, folder, ROOM)) return refuse(L"le dossier du programme est introuvable.");
    wchar_t *end = wcsrchr(folder, L'\\');
    if (!end) return refuse(L"le dossier du programme est introuvable.");
    *end = 0;
    swprintf(path, ROOM + 600, L"%ls\\version.txt", folder);
    FILE *pointer = _wfopen(path, L"rb");
    if (!pointer || !fgets(line, sizeof line, pointer)) {
        if (pointer) fclose(pointer);
        return refuse(L"installation incomplète (version.txt) : relancez l'installeur.");
    }
    fclose(pointer);
    line[strcspn(line, "\r\n")] = 0;
    MultiByteToWideChar(CP_UTF8, 0, line, -1, version, 256);
    /* A folder of ours and nothing else. */
    if (!*version || wcspbrk(version, L"\\/:") || !wcscmp(version, L".."))
        return refuse(L"version.txt est illisible : relancez l'installeur.");
    swprintf(path, ROOM + 600, L"%ls\\versions\\%ls\\" PROGRAM, folder, version);
    swprintf(command, 2 * ROOM, L"\"%ls\"%ls", path, arguments(GetCommandLineW()));
    GetStartupInfoW(&how);
    if (!CreateProcessW(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &how, &child))
        return refuse(L"la version installée ne démarre pas : relancez l'installeur.");
    /* Who started this program waits for the end of that one, and is given its status. */
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &status);
    return (int)status;
}

#ifdef CONSOLE
static BOOL WINAPI to_the_child(DWORD event) { return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT; }

int main(void) {
    SetConsoleCtrlHandler(to_the_child, TRUE);
    return start();
}
#else
int WINAPI WinMain(HINSTANCE here, HINSTANCE before, LPSTR line, int show) {
    (void)here, (void)before, (void)line, (void)show;
    return start();
}
#endif
