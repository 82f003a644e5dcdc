/* With -Cpanic=immediate-abort the standard library ends a program by an illegal instruction, at a panic and when an
 * allocation of its own fails. Here such a program ends as after any other error: with a line and a status. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The status of a network failure, which is also what an exchange without memory ends with. */
#define STATUS 4

static void end(int signal) {
  static const char error[] = ": no memory, or an error in this program\n";
  struct iovec line[] = {{program_invocation_short_name, strlen(program_invocation_short_name)},
                         {(char *)error, sizeof error - 1}};
  alarm(1); /* The reader of a pipe may have stopped reading. */
  writev(STDERR_FILENO, line, 2);
  _exit(STATUS);
}

__attribute__((constructor)) static void prepare(void) {
  signal(SIGILL, end);
  signal(SIGTRAP, end); /* aarch64's */
}
