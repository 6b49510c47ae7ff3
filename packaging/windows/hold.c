/* For the trial: keeps a file open as a viewer or an antivirus does, without letting it be deleted or renamed over,
   for so many seconds. With no file it stands for a program of another version that runs. */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

int wmain(int count, wchar_t **given) {
    if (count > 1 && !wcscmp(given[1], L"--version")) {
        puts("ERP MIF " VERSION);
        return 0;
    }
    if (count < 3) {
        Sleep(600000);
        return 0;
    }
    HANDLE file = CreateFileW(given[1], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        printf("refused %lu\n", GetLastError());
        fflush(stdout);
        return 1;
    }
    puts("held");
    fflush(stdout);
    Sleep((DWORD)(1000 * wcstod(given[2], NULL)));
    CloseHandle(file);
    return 0;
}
