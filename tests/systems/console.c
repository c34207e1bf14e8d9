// Starts a program of Windows at a console of its own, and has that ask it to end:
// console.exe c|break|close|logoff|shutdown PROGRAM [WORD...]
//
// The program gets the standard output and error of this one. Once this reads a line from its own standard input, the event
// happens to the program, and this ends as the program ends. tests/ports builds it with mingw and runs it under wine:
// tests/systems/life. The console sends Ctrl-C. The others wine's console does not send, so they come as Windows brings them: on a
// new thread of the program that begins in CtrlRoutine of kernelbase.dll, which calls the program's handlers. On Windows
// tests/http/console.rs closes a console.
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#include <wchar.h>

static const struct {
    const wchar_t *name;
    DWORD event;
} EVENTS[] = {{L"c", CTRL_C_EVENT},
              {L"break", CTRL_BREAK_EVENT},
              {L"close", CTRL_CLOSE_EVENT},
              {L"logoff", CTRL_LOGOFF_EVENT},
              {L"shutdown", CTRL_SHUTDOWN_EVENT}};

static int failed(const char *what) {
    fprintf(stderr, "console: %s failed with %lu\n", what, GetLastError());
    return 99;
}

// This outlives what happens to all at the console.
static BOOL WINAPI outlive(DWORD event) {
    (void)event;
    return TRUE;
}

// Appends a word to a command line; none of ours has a quotation mark in it or ends in a backslash.
static void append(wchar_t *line, size_t size, const wchar_t *word) {
    if (line[0]) wcsncat(line, L" ", size - wcslen(line) - 1);
    wcsncat(line, L"\"", size - wcslen(line) - 1);
    wcsncat(line, word, size - wcslen(line) - 1);
    wcsncat(line, L"\"", size - wcslen(line) - 1);
}

static BOOL happen(HANDLE program, DWORD event) {
    if (event == CTRL_C_EVENT) return GenerateConsoleCtrlEvent(event, 0);
    // Every process has that file at the same address.
    void *routine = (void *)GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "CtrlRoutine");
    return routine && CreateRemoteThread(program, NULL, 0, (LPTHREAD_START_ROUTINE)routine, (void *)(ULONG_PTR)event, 0, NULL);
}

int wmain(int count, wchar_t **words) {
    size_t kind = 0, kinds = sizeof EVENTS / sizeof *EVENTS;
    while (count > 2 && kind < kinds && wcscmp(words[1], EVENTS[kind].name)) kind++;
    if (count < 3 || kind == kinds) {
        fprintf(stderr, "usage: console c|break|close|logoff|shutdown PROGRAM [WORD...]\n");
        return 2;
    }
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    STARTUPINFOW start = {0};
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    SetHandleInformation(start.hStdOutput, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    SetHandleInformation(start.hStdError, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    FreeConsole();
    if (!AllocConsole()) return failed("AllocConsole");
    SetConsoleCtrlHandler(outlive, TRUE);
    wchar_t line[4096] = L"";
    for (int word = 2; word < count; word++) append(line, sizeof line / sizeof *line, words[word]);
    PROCESS_INFORMATION program;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &program)) return failed("CreateProcess");
    char byte;
    DWORD read;
    while (ReadFile(input, &byte, 1, &read, NULL) && read == 1 && byte != '\n') {
    }
    if (!happen(program.hProcess, EVENTS[kind].event)) {
        TerminateProcess(program.hProcess, 97);
        return failed("the event");
    }
    if (WaitForSingleObject(program.hProcess, 60000) != WAIT_OBJECT_0) {
        fprintf(stderr, "console: the program did not end\n");
        TerminateProcess(program.hProcess, 97);
        WaitForSingleObject(program.hProcess, 5000);
    }
    DWORD status = 98;
    GetExitCodeProcess(program.hProcess, &status);
    return (int)status;
}
