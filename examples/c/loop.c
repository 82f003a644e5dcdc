/*
 * An event loop of one thread, without a blocking call: poll(2) waits for the token server, the API and the time at once,
 * and minbearer's calls without a network say what to do. It calls the API every so often, and keeps doing so with the old
 * token while a new one is on its way.
 *
 *     CLIENT_ID=... CLIENT_SECRET=... ./loop TOKEN_URL API_URL CALLS SECONDS
 *
 * Both URLs are http://address:port/path: names need a resolver that does not block, https a TLS library (see mbedtls.c).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <minbearer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { API_MILLISECONDS = 10000 };

/* A request under way: what is left to send, then what has come. */
struct exchange {
  int fd; /* -1: none */
  const char *unsent;
  size_t left;
  uint64_t deadline;
};

struct api {
  char address[64], path[256];
  uint16_t port;
  struct exchange exchange;
  char request[MINBEARER_VALUE_SIZE + 512], answer[16 * 1024];
  size_t read;
  int is_second; /* the call is made again with a new token */
  uint64_t due;
};

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void end(struct exchange *exchange) {
  if (exchange->fd >= 0) close(exchange->fd);
  exchange->fd = -1;
}

/* Starts to connect; poll says when it is done. */
static int begin(struct exchange *exchange, const char *address, uint16_t port, const void *request, size_t size,
                 uint64_t deadline) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  *exchange = (struct exchange){socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), request, size,
                                deadline};
  if (inet_pton(AF_INET, address, &to.sin_addr) == 1 &&
      (connect(exchange->fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS)) {
    return 0;
  }
  end(exchange);
  return -1;
}

/* Sends or receives what is possible now: bytes received, 0 if none, -1 if the server has closed, -2 for a failure. */
static ssize_t move(struct exchange *exchange, char *bytes, size_t room) {
  ssize_t moved = exchange->left > 0 ? send(exchange->fd, exchange->unsent, exchange->left, MSG_NOSIGNAL)
                                     : recv(exchange->fd, bytes, room, 0);
  if (moved < 0) return errno == EAGAIN || errno == EINTR ? 0 : -2;
  if (exchange->left == 0) return moved == 0 ? -1 : moved;
  exchange->unsent += moved;
  exchange->left -= (size_t)moved;
  return 0;
}

/* ---- The token ---- */

static void ask(minbearer *handle, struct exchange *exchange) {
  minbearer_message why;
  minbearer_bytes request;
  minbearer_target target;
  uint64_t time = now(); /* one for both, so that the exchange ends before its bytes do */
  if (minbearer_request(handle, time, &request, &target, &why) != MINBEARER_OK) {
    fprintf(stderr, "loop: %s\n", why.text);
  } else if (target.tls ||
             begin(exchange, target.host, target.port, request.bytes, request.size, time + target.milliseconds) != 0) {
    minbearer_failed(handle, now());
  }
}

static void go_on_with_token(minbearer *handle, struct exchange *exchange) {
  char bytes[1024];
  minbearer_message why = {""};
  int complete = 0;
  minbearer_status status = MINBEARER_OK;
  ssize_t moved = move(exchange, bytes, sizeof bytes);
  if (moved > 0) status = minbearer_push(handle, bytes, (size_t)moved, &complete, &why);
  minbearer_wipe(bytes, sizeof bytes);
  if (moved >= 0 && !complete && status == MINBEARER_OK) return;
  end(exchange);
  if (moved == -2) status = minbearer_failed(handle, now());
  else status = minbearer_finish(handle, now(), &why);
  if (status != MINBEARER_OK) fprintf(stderr, "loop: %s\n", why.text);
}

/* ---- The API ---- */

static void call(minbearer *handle, struct api *api) {
  static char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  if (minbearer_authorization(handle, value, sizeof value, &why) != MINBEARER_OK) return;
  int size = snprintf(api->request, sizeof api->request,
                      "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: %s\r\n\r\n", api->path,
                      api->address, value);
  minbearer_wipe(value, sizeof value);
  api->read = 0;
  begin(&api->exchange, api->address, api->port, api->request, (size_t)size, now() + API_MILLISECONDS);
}

/* 1 if the call has come to an end. After a first 401 the loop asks for a token, if it may, and calls again. */
static int go_on_with_api(minbearer *handle, struct api *api) {
  ssize_t moved = move(&api->exchange, api->answer + api->read, sizeof api->answer - 1 - api->read);
  if (moved > 0) api->read += (size_t)moved;
  if (moved >= 0 && api->read < sizeof api->answer - 1) return 0;
  end(&api->exchange);
  minbearer_wipe(api->request, sizeof api->request);
  api->answer[api->read] = '\0';
  int http = strncmp(api->answer, "HTTP/1.1 ", 9) == 0 ? atoi(api->answer + 9) : 0;
  const char *body = strstr(api->answer, "\r\n\r\n");
  if (http / 100 == 2) minbearer_accepted(handle);
  if (http == 401 && minbearer_rejected(handle, now()) == MINBEARER_OK && !api->is_second) {
    api->is_second = 1;
    return 0;
  }
  api->is_second = 0;
  printf("%d %s\n", http, body == NULL ? "" : body + 4);
  return 1;
}

static int parse(const char *url, struct api *api) {
  return sscanf(url, "http://%63[^:/]:%hu%255s", api->address, &api->port, api->path) == 3 ? 0 : -1;
}

int main(int count, char **arguments) {
  static struct api api = {.exchange = {.fd = -1}};
  struct exchange token = {.fd = -1};
  if (count != 5 || parse(arguments[2], &api) != 0) {
    fputs("loop: loop TOKEN_URL http://ADDRESS:PORT/PATH CALLS SECONDS\n", stderr);
    return MINBEARER_CONFIG;
  }
  minbearer *handle = minbearer_client_credentials(arguments[1], getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  int calls = atoi(arguments[3]);
  uint64_t end_of_all = now() + 1000 * strtoull(arguments[4], NULL, 10);
  minbearer_status status = MINBEARER_OK;
  while (calls > 0 && now() < end_of_all) {
    minbearer_step step;
    uint64_t time = now();
    if (token.fd >= 0 && time >= token.deadline) {
      end(&token);
      minbearer_failed(handle, time);
    }
    status = minbearer_next(handle, time, (uint32_t)rand(), &step);
    if (status != MINBEARER_OK) break;
    if (step.action == MINBEARER_ASK) {
      ask(handle, &token);
      continue; /* what is to be done has changed */
    }
    /* A call whose token was rejected waits for the new one, if there is to be one: within a second, or never. */
    int may_call = step.has_token && api.exchange.fd < 0 &&
                   (!api.is_second || (token.fd < 0 && step.until > time + 1000));
    if (may_call && now() >= api.due) {
      call(handle, &api);
      api.due = now() + 200;
    }
    struct pollfd ready[2] = {{token.fd, token.left > 0 ? POLLOUT : POLLIN, 0},
                              {api.exchange.fd, api.exchange.left > 0 ? POLLOUT : POLLIN, 0}};
    uint64_t until = step.until < end_of_all ? step.until : end_of_all;
    if (api.exchange.fd < 0 && may_call && api.due < until) until = api.due;
    if (api.exchange.fd >= 0 && api.exchange.deadline < until) until = api.exchange.deadline;
    poll(ready, 2, until > now() ? (int)(until - now()) : 0);
    if (ready[0].revents != 0) go_on_with_token(handle, &token);
    if (ready[1].revents != 0) calls -= go_on_with_api(handle, &api);
    if (api.exchange.fd >= 0 && now() >= api.exchange.deadline) end(&api.exchange);
  }
  if (calls > 0) { /* why there is no token */
    char value[16];
    minbearer_message why;
    status = minbearer_authorization(handle, value, sizeof value, &why);
    fprintf(stderr, "loop: %s\n", status == MINBEARER_OK ? "the time is over" : why.text);
    if (status == MINBEARER_OK) status = MINBEARER_TIMEOUT;
  }
  end(&token);
  end(&api.exchange);
  minbearer_free(handle);
  return (int)status;
}
