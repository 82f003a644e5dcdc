/*
 * No network in the library, written from minbearer.h alone: the program moves the bytes, and one poll(2) waits.
 *
 *     bytes TOKEN_URL
 *
 * Gets a token, calls an API that answers 401, gets another token and calls once more. Credentials come from CLIENT_ID and CLIENT_SECRET.
 */
#include <errno.h>
#include <fcntl.h>
#include <minbearer.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Waits for the socket until `until`: 1 if it is ready. */
static int ready(int socket, short events, uint64_t until) {
  struct pollfd one;
  uint64_t left = now() < until ? until - now() : 0;
  one.fd = socket;
  one.events = events;
  one.revents = 0;
  return poll(&one, 1, left > 60000 ? 60000 : (int)left) > 0;
}

static int connect_to(const minbearer_target *target, uint64_t until) {
  struct addrinfo hints, *found;
  char port[8];
  int descriptor = -1, error = 0;
  socklen_t size = sizeof error;
  if (target->tls) return -1; /* this program has none */
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  snprintf(port, sizeof port, "%u", (unsigned)target->port);
  if (getaddrinfo(target->host, port, &hints, &found) != 0) return -1;
  descriptor = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (descriptor >= 0) {
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    if (connect(descriptor, found->ai_addr, found->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || !ready(descriptor, POLLOUT, until) ||
         getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)) {
      close(descriptor);
      descriptor = -1;
    }
  }
  freeaddrinfo(found);
  return descriptor;
}

/* One token request, from MINBEARER_ASK to its end. */
static minbearer_status ask(minbearer *handle, minbearer_message *why) {
  minbearer_bytes request;
  minbearer_target target;
  char answer[512];
  const char *rest;
  size_t left;
  uint64_t until;
  int connection, complete = 0;
  minbearer_status status = minbearer_request(handle, now(), &request, &target, why);
  if (status != MINBEARER_OK) return status;

  until = now() + target.milliseconds;
  connection = connect_to(&target, until);
  if (connection < 0) {
    minbearer_failed(handle, now());
    strcpy(why->text, "no connection");
    return MINBEARER_NETWORK;
  }
  for (rest = request.bytes, left = request.size; left > 0;) {
    ssize_t sent = ready(connection, POLLOUT, until) ? send(connection, rest, left, MSG_NOSIGNAL) : -1;
    if (sent <= 0) break;
    rest += sent;
    left -= (size_t)sent;
  }
  while (left == 0 && !complete) {
    ssize_t got = ready(connection, POLLIN, until) ? recv(connection, answer, sizeof answer, 0) : -1;
    if (got < 0) break;
    if (got == 0) {
      complete = 1; /* the server has closed: minbearer_finish says whether that was all */
    } else if (minbearer_push(handle, answer, (size_t)got, &complete, why) != MINBEARER_OK) {
      break; /* complete is 1, and minbearer_finish returns the same */
    }
  }
  minbearer_wipe(answer, sizeof answer);
  close(connection);
  if (complete) return minbearer_finish(handle, now(), why);
  minbearer_failed(handle, now());
  strcpy(why->text, "no answer in time");
  return MINBEARER_TIMEOUT;
}

int main(int argc, char **argv) {
  static char value[MINBEARER_VALUE_SIZE], first[MINBEARER_VALUE_SIZE];
  minbearer_message why = {""};
  minbearer_status status = MINBEARER_OK;
  minbearer_step step;
  minbearer *handle;
  int requests = 0, calls = 0;

  if (argc != 2) return fputs("usage: bytes TOKEN_URL\n", stderr), 1;
  srandom((unsigned)time(NULL) ^ (unsigned)getpid());
  handle = minbearer_client_credentials(argv[1], getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  while (calls < 2 && requests < 4) {
    status = minbearer_next(handle, now(), (uint32_t)random(), &step);
    if (status != MINBEARER_OK) break;
    if (step.action == MINBEARER_ASK) {
      requests += 1;
      status = ask(handle, &why);
      printf("request %d: %s\n", requests, minbearer_status_text(status));
      if (status != MINBEARER_OK) fprintf(stderr, "bytes: %s\n", why.text);
    } else if (step.has_token && (calls == 0 || step.until > now() + 1000)) {
      status = minbearer_authorization(handle, value, sizeof value, &why);
      if (status != MINBEARER_OK) break;
      calls += 1;
      printf("call %d with a header value of %lu characters\n", calls, (unsigned long)strlen(value));
      /* Here the program would call its API. The first call is rejected, while its token is younger than a second. */
      if (calls == 1) strcpy(first, value);
      status = calls == 1 ? minbearer_rejected(handle, now()) : minbearer_accepted(handle);
    } else {
      uint64_t left = step.until > now() ? step.until - now() : 0;
      poll(NULL, 0, left > 5000 ? 5000 : (int)left);
    }
  }
  if (status != MINBEARER_OK) fprintf(stderr, "bytes: %s\n", minbearer_status_text(status));
  if (calls == 2 && strcmp(first, value) == 0) return fputs("bytes: the rejected token again\n", stderr), 1;
  minbearer_wipe(value, sizeof value);
  minbearer_wipe(first, sizeof first);
  minbearer_free(handle);
  return status;
}
