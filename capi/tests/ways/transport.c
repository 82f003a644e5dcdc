/* A network of the program's own, written from the header alone: blocking sockets without TLS, with the time that is left
 * as their timeout. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <minbearer.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void wait_at_most(int fd, int option, uint32_t milliseconds) {
  struct timeval time = {(time_t)(milliseconds / 1000), (suseconds_t)(milliseconds % 1000 * 1000)};
  setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

static void *connect_to(void *context, const char *host, uint16_t port, int tls, uint32_t milliseconds) {
  struct addrinfo hints = {0}, *found;
  char digits[6];
  int *fd = malloc(sizeof *fd);
  (void)context;
  if (fd == NULL) return NULL;
  *fd = -1;
  hints.ai_socktype = SOCK_STREAM;
  snprintf(digits, sizeof digits, "%u", port);
  if (!tls && getaddrinfo(host, digits, &hints, &found) == 0) {
    *fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    wait_at_most(*fd, SO_SNDTIMEO, milliseconds);
    if (*fd >= 0 && connect(*fd, found->ai_addr, found->ai_addrlen) != 0) {
      close(*fd);
      *fd = -1;
    }
    freeaddrinfo(found);
  }
  if (*fd >= 0) return fd;
  free(fd);
  return NULL;
}

static int32_t send_to(void *connection, const void *bytes, size_t size, uint32_t milliseconds) {
  int fd = *(int *)connection;
  wait_at_most(fd, SO_SNDTIMEO, milliseconds);
  ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
  if (sent >= 0) return (int32_t)sent;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -2;
}

static int32_t receive_from(void *connection, void *bytes, size_t size, uint32_t milliseconds) {
  int fd = *(int *)connection;
  wait_at_most(fd, SO_RCVTIMEO, milliseconds);
  ssize_t received = recv(fd, bytes, size, 0);
  if (received > 0) return (int32_t)received;
  if (received == 0) return MINBEARER_CLOSED;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -2;
}

static void close_it(void *connection) {
  close(*(int *)connection);
  free(connection);
}

static uint64_t milliseconds(void *context) {
  struct timespec now;
  (void)context;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t random_bits(void *context) {
  (void)context;
  return (uint32_t)rand(); /* no more is needed */
}

int main(int count, char **arguments) {
  static const minbearer_transport transport = {NULL, connect_to, send_to, receive_from, close_it};
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer *handle = minbearer_client_credentials(count > 1 ? arguments[1] : NULL, "id", "correct-horse-battery");
  minbearer_set_transport(handle, &transport);
  minbearer_set_clock(handle, milliseconds, random_bits, NULL);
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) {
    printf("Authorization: %s\n", value);
    status = minbearer_renew(handle, value, sizeof value, &why); /* as after a 401 */
    if (status == MINBEARER_OK) printf("Authorization: %s\n", value);
  }
  if (status != MINBEARER_OK) fprintf(stderr, "%s: %s\n", minbearer_status_text((int)status), why.text);
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  return (int)status;
}
