/* No network of the library's, written from the header alone: the program moves the bytes, three at a time. */
#define _POSIX_C_SOURCE 200809L
#include <minbearer.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int connect_to(const minbearer_target *target) {
  struct addrinfo hints = {0}, *found;
  char digits[6];
  hints.ai_socktype = SOCK_STREAM;
  snprintf(digits, sizeof digits, "%u", target->port);
  if (target->tls || getaddrinfo(target->host, digits, &hints, &found) != 0) return -1;
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

static minbearer_status ask(minbearer *handle, minbearer_message *why) {
  minbearer_bytes request;
  minbearer_target target;
  int complete = 0;
  minbearer_status status = minbearer_request(handle, now(), &request, &target, why);
  if (status != MINBEARER_OK) return status;
  int fd = connect_to(&target);
  if (fd < 0 || send(fd, request.bytes, request.size, MSG_NOSIGNAL) != (ssize_t)request.size) {
    char value[8];
    if (fd >= 0) close(fd);
    minbearer_failed(handle, now());
    return minbearer_authorization(handle, value, sizeof value, why); /* says why there is no token */
  }
  while (!complete) {
    char bytes[3];
    ssize_t received = recv(fd, bytes, sizeof bytes, 0);
    if (received <= 0) break;
    if (minbearer_push(handle, bytes, (size_t)received, &complete, why) != MINBEARER_OK) break;
  }
  close(fd);
  return minbearer_finish(handle, now(), why);
}

int main(int count, char **arguments) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why = {""};
  minbearer *handle = minbearer_client_credentials(count > 1 ? arguments[1] : NULL, "id", "correct-horse-battery");
  minbearer_status status = MINBEARER_OK;
  for (int calls = 0; status == MINBEARER_OK && calls < 2;) {
    minbearer_step step;
    status = minbearer_next(handle, now(), 42, &step);
    if (status != MINBEARER_OK) {
      /* A setting is wrong: a call with a message says which. */
      status = minbearer_authorization(handle, value, sizeof value, &why);
    } else if (step.action == MINBEARER_ASK) {
      status = ask(handle, &why);
    } else if (step.has_token) {
      status = minbearer_authorization(handle, value, sizeof value, &why);
      if (status == MINBEARER_OK) printf("Authorization: %s\n", value);
      minbearer_rejected(handle, now()); /* the API said 401 */
      calls++;
      sleep(1); /* no two requests within a second */
    } else {
      sleep(1);
    }
  }
  if (status != MINBEARER_OK) fprintf(stderr, "%s: %s\n", minbearer_status_text((int)status), why.text);
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  return (int)status;
}
