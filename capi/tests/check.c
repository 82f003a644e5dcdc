#define _GNU_SOURCE
#include "check.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int passed, failed;

void check_that(bool holds, const char *file, int line, const char *condition, const char *format, ...) {
  if (holds) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED  %s:%d: %s: ", file, line, condition);
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
}

int check_summary(void) {
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}

long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void sleep_ms(long ms) {
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0) {
  }
}

static void or_exit(bool good, const char *what) {
  if (!good) {
    perror(what);
    exit(1);
  }
}

struct server {
  answer_function *answer;
  const void *data;
  int listener;
  int requests;
  int silent[64];
  int silent_count;
  char url[32];
  pthread_t thread;
};

/* Reads a head and as much of a body as it announces. */
static bool read_request(int connection, char *request, size_t room) {
  size_t got = 0;
  for (;;) {
    ssize_t more = recv(connection, request + got, room - 1 - got, 0);
    if (more <= 0) return false;
    got += more;
    request[got] = '\0';
    const char *body = strstr(request, "\r\n\r\n");
    if (body == NULL) continue;
    const char *length = strcasestr(request, "\r\ncontent-length:");
    if (length == NULL || strlen(body + 4) >= (size_t)atoi(length + 17)) return true;
  }
}

static void *serve(void *argument) {
  server *self = argument;
  char request[32 * 1024];
  char answer[32 * 1024];
  for (;;) {
    int connection = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) return NULL;
    size_t length = 0;
    if (read_request(connection, request, sizeof request)) {
      __atomic_add_fetch(&self->requests, 1, __ATOMIC_SEQ_CST);
      length = self->answer(self, request, answer, sizeof answer);
    }
    if (length == 0 && self->silent_count < 64) {
      self->silent[self->silent_count++] = connection;
    } else {
      send(connection, answer, length, MSG_NOSIGNAL);
      close(connection);
    }
  }
}

server *server_start(answer_function *answer, const void *data) {
  server *self = calloc(1, sizeof *self);
  or_exit(self != NULL, "calloc");
  self->answer = answer;
  self->data = data;
  self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  or_exit(bind(self->listener, (struct sockaddr *)&address, length) == 0, "bind");
  or_exit(listen(self->listener, 64) == 0, "listen");
  or_exit(getsockname(self->listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
  snprintf(self->url, sizeof self->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  or_exit(pthread_create(&self->thread, NULL, serve, self) == 0, "pthread_create");
  return self;
}

void server_stop(server *self) {
  shutdown(self->listener, SHUT_RDWR);
  pthread_join(self->thread, NULL);
  close(self->listener);
  for (int i = 0; i < self->silent_count; i++) close(self->silent[i]);
  free(self);
}

const void *server_data(const server *self) { return self->data; }
const char *server_url(const server *self) { return self->url; }
int server_requests(const server *self) { return __atomic_load_n(&self->requests, __ATOMIC_SEQ_CST); }

size_t answer_with(char *answer, size_t room, const char *status, const char *body) {
  return snprintf(answer, room, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
                  strlen(body), body);
}

size_t fresh_token(server *self, const char *request, char *answer, size_t room) {
  (void)request;
  char body[256];
  snprintf(body, sizeof body,
           "{\"access_token\": \"token-%d-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN\", \"token_type\": \"Bearer\"}",
           server_requests(self));
  return answer_with(answer, room, "200 OK", body);
}

size_t long_token(server *self, const char *request, char *answer, size_t room) {
  (void)request;
  int length = *(const int *)server_data(self);
  char *body = malloc(length + 64);
  int start = sprintf(body, "{\"access_token\": \"");
  memset(body + start, 'x', length);
  strcpy(body + start + length, "\"}");
  size_t written = answer_with(answer, room, "200 OK", body);
  free(body);
  return written;
}

size_t canned(server *self, const char *request, char *answer, size_t room) {
  (void)request;
  const char *const *status_and_body = server_data(self);
  return answer_with(answer, room, status_and_body[0], status_and_body[1]);
}

size_t silence(server *self, const char *request, char *answer, size_t room) {
  (void)self, (void)request, (void)answer, (void)room;
  return 0;
}

minbearer *jsa_at(const server *at) {
  minbearer *handle = minbearer_jsa("id", "correct-horse-battery");
  minbearer_set_qoauth_url(handle, server_url(at));
  return handle;
}

char *write_script(const char *text) {
  char folder[] = "/tmp/minbearer-capi-XXXXXX";
  or_exit(mkdtemp(folder) != NULL, "mkdtemp");
  char *path = malloc(sizeof folder + 16);
  sprintf(path, "%s/locator", folder);
  FILE *file = fopen(path, "we");
  or_exit(file != NULL, path);
  fputs(text, file);
  fclose(file);
  chmod(path, 0755);
  return path;
}

void end_script(char *path) {
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
  free(path);
}

int open_descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  or_exit(folder != NULL, "/proc/self/fd");
  int count = 0;
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}
