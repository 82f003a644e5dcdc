/* Runs commands in rounds, each round in an order of its own, so that whatever else the machine does meets them all
 * alike:
 *
 *     measure ROUNDS COMMAND...       each COMMAND a program and its one argument, or "" for none
 *
 * Prints a line for each command and round: the command's number, wall time and processor time (its own and that
 * of the children it waited for) in ns, and its own peak resident memory in KiB.
 *
 * The memory comes from a second run, under ptrace, because only a process that is stopped at its exit can be looked
 * at exactly: wait4's maximum is counted in batches of pages, and includes what forked the process. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static pid_t start(char **command, int traced) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child) return child;
    char *arguments[] = {command[0], *command[1] ? command[1] : NULL, NULL};
    dup2(open("/dev/null", O_WRONLY), 1);
    if (traced && (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))) fail("ptrace");
    execv(arguments[0], arguments);
    fail(arguments[0]);
    return -1;
}

static void succeeded(char **command, int status) {
    if (!status) return;
    fprintf(stderr, "measure: %s ended with status %#x\n", command[0], status);
    exit(1);
}

/* What a line of a file of /proc/PID says after NAME. */
static long kibibytes(pid_t pid, const char *file, const char *name) {
    char path[64], line[256];
    long found = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    FILE *lines = fopen(path, "r");
    if (!lines) fail(path);
    while (found < 0 && fgets(line, sizeof line, lines))
        if (!strncmp(line, name, strlen(name))) found = atol(line + strlen(name));
    fclose(lines);
    if (found < 0) fail(name);
    return found;
}

static long peak_memory(char **command) {
    int status, signal = 0;
    long peak = 0;
    pid_t child = start(command, 1);
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) fail("waitpid");
    if (ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC)) fail("ptrace");
    for (;;) {
        if (ptrace(PTRACE_CONT, child, 0, signal)) fail("ptrace");
        if (waitpid(child, &status, 0) < 0) fail("waitpid");
        if (!WIFSTOPPED(status)) break;
        signal = status >> 16 ? 0 : WSTOPSIG(status);
        if (status >> 16 == PTRACE_EVENT_EXIT) {
            long high = kibibytes(child, "status", "VmHWM:"), held = kibibytes(child, "smaps_rollup", "Rss:");
            peak = high > held ? high : held;
        }
    }
    succeeded(command, status);
    return peak;
}

static long long nanoseconds(struct timeval time) {
    return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

int main(int count, char **arguments) {
    if (count < 4 || count % 2) return 2;
    int commands = (count - 2) / 2;
    int *order = malloc(commands * sizeof *order);
    for (int turn = 0; turn < commands; turn++) order[turn] = turn;
    for (int round = 0; round < atoi(arguments[1]); round++)
        for (int turn = 0; turn < commands; turn++) {
            int other = turn + rand() % (commands - turn), number = order[other], status;
            order[other] = order[turn];
            order[turn] = number;
            char **command = arguments + 2 + 2 * number;
            struct rusage used;
            long long began = now();
            if (wait4(start(command, 0), &status, 0, &used) < 0) fail("wait4");
            long long wall = now() - began;
            succeeded(command, status);
            long memory = peak_memory(command);
            printf("%d %lld %lld %ld\n", number, wall,
                   nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime), memory);
        }
    return 0;
}
