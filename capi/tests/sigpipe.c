/*
 * A server that hangs up raises no SIGPIPE in a program that does not ignore it.
 *
 *     sigpipe URL [CA.pem]
 *
 * The functions of libc that write are replaced: at the n-th write to a socket its own side is shut down first, so that
 * the kernel answers as if the other side had gone, without a race. For each n a child makes one call for a token. To
 * be linked with the shared library, whose calls then come here.
 */
#define _GNU_SOURCE
#include "minbearer.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int writes, broken_write;

static void before_write(int fd) {
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) && ++writes == broken_write) shutdown(fd, SHUT_WR);
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  before_write(fd);
  return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  before_write(fd);
  return syscall(SYS_sendmsg, fd, message, flags);
}
ssize_t write(int fd, const void *bytes, size_t length) {
  before_write(fd);
  return syscall(SYS_write, fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  before_write(fd);
  return syscall(SYS_writev, fd, parts, count);
}

static char *read_text(const char *path) {
  FILE *file = fopen(path, "re");
  char *text = calloc(1, 64 * 1024);
  if (file == NULL || text == NULL || fread(text, 1, 64 * 1024 - 1, file) == 0) {
    perror(path);
    exit(1);
  }
  fclose(file);
  return text;
}

/* The status of a call whose n-th write fails: above 128 if a signal ended it, 100 if it does not write as often. */
static int call(int n, const char *url, const char *ca) {
  pid_t child = fork();
  if (child == 0) {
    char value[MINBEARER_VALUE_SIZE];
    minbearer_message why;
    minbearer *handle = minbearer_jsa("id", "secret");
    minbearer_set_qoauth_url(handle, url);
    if (ca != NULL) minbearer_set_ca(handle, ca);
    broken_write = n;
    minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
    minbearer_free(handle);
    _exit(writes < n && status == MINBEARER_OK ? 100 : status);
  }
  int status;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int count, char **arguments) {
  if (count < 2) return 1;
  const char *ca = count > 2 ? read_text(arguments[2]) : NULL;
  signal(SIGPIPE, SIG_DFL);
  int passed = 0, failed = 0, status = 0;
  /* Up to the first n that no write has. A call that had its answer by then is a good one. */
  for (int n = 1; n < 20 && status != 100; n++) {
    status = call(n, arguments[1], ca);
    if (n == 1 ? status == MINBEARER_NETWORK : status == MINBEARER_NETWORK || status == MINBEARER_OK || status == 100) {
      passed++;
    } else {
      failed++;
      printf("FAILED  write %d fails: status %d\n", n, status);
    }
  }
  if (status != 100) {
    failed++;
    printf("FAILED  no call came to its end: status %d\n", status);
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
