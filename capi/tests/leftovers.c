/*
 * After minbearer_free no copy of secret or token is left in the whole process.
 *
 * The program starts itself, hands the child secrets by a pipe, and reads its memory, all of it that can be written.
 * Linked together with check.c. Ends with `N passed, N failed`.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "check.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET_SIZE 41

/* Letters at random: no text that is in memory for another reason. */
static void make_secret(char *secret) {
  unsigned char random[SECRET_SIZE - 1];
  if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) exit(1);
  for (size_t i = 0; i < sizeof random; i++) secret[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[random[i] % 32];
  secret[SECRET_SIZE - 1] = '\0';
}

/* ---- The child ---- */

static void stay(int to_parent, int from_parent) {
  char byte = '.';
  if (write(to_parent, &byte, 1) != 1 || read(from_parent, &byte, 1) != 1) _exit(1);
}

static minbearer *make(const char *flow, const char *url, const char *secret) {
  minbearer *handle;
  if (strcmp(flow, "jsa") == 0) {
    handle = minbearer_jsa("id", secret);
    minbearer_set_qoauth_url(handle, url);
  } else if (strcmp(flow, "accelerator") == 0) {
    handle = minbearer_accelerator(url, "rose", secret);
  } else {
    handle = minbearer_client_credentials(url, "id", secret);
    if (strcmp(flow, "basic") == 0) minbearer_set_basic(handle);
  }
  return handle;
}

static int subject(const char *flow, const char *url, int from_parent, int to_parent) {
  char secret[SECRET_SIZE], value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  if (read(from_parent, secret, sizeof secret) != sizeof secret) return 1;
  minbearer *handle = make(flow, url, secret);
  minbearer_wipe(secret, sizeof secret);
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) status = minbearer_renew(handle, value, sizeof value, &why);
  minbearer_wipe(value, sizeof value);
  stay(to_parent, from_parent);
  minbearer_free(handle);
  stay(to_parent, from_parent);
  return 0;
}

/* ---- The observer ---- */

static int copies(pid_t process, const char *secret) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/maps", process);
  FILE *maps = fopen(path, "re");
  snprintf(path, sizeof path, "/proc/%d/mem", process);
  int memory = open(path, O_RDONLY | O_CLOEXEC);
  int count = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long long start, end;
    char rights[8];
    if (sscanf(line, "%llx-%llx %7s", &start, &end, rights) != 3 || rights[1] != 'w') continue;
    char *region = malloc(end - start);
    ssize_t got = pread(memory, region, end - start, start);
    /* The first half is enough to be a copy. */
    size_t half = SECRET_SIZE / 2;
    for (char *at = region; got > 0 && (at = memmem(at, region + got - at, secret, half)) != NULL; at += half) count++;
    free(region);
  }
  if (maps != NULL) fclose(maps);
  close(memory);
  return count;
}

struct answer {
  const char *status;
  const char *format; /* of the body, with the token */
  const char *token;
};

static size_t answer_it(server *self, const char *request, char *answer, size_t room) {
  (void)request;
  const struct answer *is = server_data(self);
  char body[512];
  snprintf(body, sizeof body, is->format, is->token);
  return answer_with(answer, room, is->status, body);
}

static void observe(const char *program, const char *flow, const char *status, const char *format) {
  char secret[SECRET_SIZE], token[SECRET_SIZE], from[16], to[16];
  make_secret(secret);
  make_secret(token);
  struct answer is = {status, format, token};
  server *at = server_start(answer_it, &is);
  int to_child[2], from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) exit(1);
  pid_t child = fork();
  if (child == 0) {
    snprintf(from, sizeof from, "%d", dup(to_child[0]));
    snprintf(to, sizeof to, "%d", dup(from_child[1]));
    execl(program, program, flow, server_url(at), from, to, (char *)NULL);
    _exit(127);
  }
  bool is_good = strcmp(status, "200 OK") == 0 && strstr(format, "Bearer") != NULL;
  char byte;
  ssize_t told = write(to_child[1], secret, sizeof secret);
  told += read(from_child[0], &byte, 1);
  CHECK(told == sizeof secret + 1, "%s, %s: it ended early", flow, status);
  int secrets = copies(child, secret), tokens = copies(child, token);
  CHECK(secrets >= 1, "%s, %s: the scan must see the handle's secret: %d", flow, status, secrets);
  CHECK(secrets == 1, "%s, %s: the handle keeps one: %d", flow, status, secrets);
  CHECK(tokens == is_good, "%s, %s: the handle keeps one token: %d", flow, status, tokens);
  told = write(to_child[1], ".", 1) + read(from_child[0], &byte, 1);
  CHECK(told == 2, "%s, %s: it ended early", flow, status);
  secrets = copies(child, secret), tokens = copies(child, token);
  CHECK(secrets == 0, "%s, %s: %d copies of the secret", flow, status, secrets);
  CHECK(tokens == 0, "%s, %s: %d copies of the token", flow, status, tokens);
  told = write(to_child[1], ".", 1);
  waitpid(child, NULL, 0);
  for (int end = 0; end < 2; end++) close(to_child[end]), close(from_child[end]);
  server_stop(at);
}

int main(int count, char **arguments) {
  if (count == 5) return subject(arguments[1], arguments[2], atoi(arguments[3]), atoi(arguments[4]));
  static const char *const flows[] = {"jsa", "accelerator", "client credentials", "basic"};
  for (int flow = 0; flow < 4; flow++) {
    observe("/proc/self/exe", flows[flow], "200 OK", "{\"access_token\": \"%s\", \"token_type\": \"Bearer\"}");
    observe("/proc/self/exe", flows[flow], "200 OK", "{\"access_token\": \"%s\", \"token_type\": \"mac\"}");
    observe("/proc/self/exe", flows[flow], "401 Unauthorized", "{\"error\": \"no\", \"access_token\": \"%s\"}");
  }
  return check_summary();
}
