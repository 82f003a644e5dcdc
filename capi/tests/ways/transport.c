/*
 * A network of the program's own, written from minbearer.h alone: POSIX sockets, plain http.
 *
 *     transport TOKEN_URL
 *
 * Credentials come from CLIENT_ID and CLIENT_SECRET.
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

typedef struct link {
  int descriptor;
} link_t;

/* Waits until the socket is ready: 1; 0 if it is not in time. */
static int ready(int descriptor, short events, uint32_t milliseconds) {
  struct pollfd one;
  one.fd = descriptor;
  one.events = events;
  one.revents = 0;
  return poll(&one, 1, milliseconds > 60000 ? 60000 : (int)milliseconds) > 0;
}

static int try_address(const struct addrinfo *address, uint32_t milliseconds) {
  int error = 0, descriptor = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
  socklen_t size = sizeof error;
  if (descriptor < 0) return -1;
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  if (connect(descriptor, address->ai_addr, address->ai_addrlen) == 0) return descriptor;
  if (errno == EINPROGRESS && ready(descriptor, POLLOUT, milliseconds) &&
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
    return descriptor;
  }
  close(descriptor);
  return -1;
}

static void *connect_to(void *context, const char *host, uint16_t port, int tls, uint32_t milliseconds) {
  struct addrinfo hints, *found, *address;
  char service[8];
  link_t *connection;
  (void)context;
  if (tls) return NULL; /* this program has none */
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  snprintf(service, sizeof service, "%u", (unsigned)port);
  if (getaddrinfo(host, service, &hints, &found) != 0) return NULL;
  connection = malloc(sizeof *connection);
  if (connection != NULL) {
    connection->descriptor = -1;
    /* One address after the other, with half of the time for the first ones. */
    for (address = found; address != NULL && connection->descriptor < 0; address = address->ai_next) {
      connection->descriptor = try_address(address, address->ai_next == NULL ? milliseconds : milliseconds / 2);
    }
    if (connection->descriptor < 0) {
      free(connection);
      connection = NULL;
    }
  }
  freeaddrinfo(found);
  return connection;
}

static int32_t moved(ssize_t count) {
  if (count >= 0) return (int32_t)count;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  return errno == EPIPE || errno == ECONNRESET ? MINBEARER_CLOSED : -1000 - errno;
}

static int32_t send_bytes(void *connection, const void *bytes, size_t size, uint32_t milliseconds) {
  link_t *link = connection;
  if (!ready(link->descriptor, POLLOUT, milliseconds)) return 0;
  return moved(send(link->descriptor, bytes, size, MSG_NOSIGNAL));
}

static int32_t receive_bytes(void *connection, void *bytes, size_t size, uint32_t milliseconds) {
  link_t *link = connection;
  ssize_t count;
  if (!ready(link->descriptor, POLLIN, milliseconds)) return 0;
  count = recv(link->descriptor, bytes, size, 0);
  return count == 0 ? MINBEARER_CLOSED : moved(count);
}

static void close_connection(void *connection) {
  link_t *link = connection;
  close(link->descriptor);
  free(link);
}

static uint64_t now(void *context) {
  struct timespec time;
  (void)context;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static uint32_t random_bits(void *context) {
  (void)context;
  return (uint32_t)random() ^ (uint32_t)random() << 16; /* a device has something better */
}

int main(int argc, char **argv) {
  const minbearer_transport sockets = {NULL, connect_to, send_bytes, receive_bytes, close_connection};
  static char value[MINBEARER_VALUE_SIZE];
  minbearer_message why = {""};
  minbearer_status status;
  minbearer *handle;

  if (argc != 2) return fputs("usage: transport TOKEN_URL\n", stderr), 1;
  srandom((unsigned)time(NULL) ^ (unsigned)getpid());
  handle = minbearer_client_credentials(argv[1], getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  minbearer_set_transport(handle, &sockets);
  minbearer_set_clock(handle, now, random_bits, NULL);

  status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) {
    printf("a header value of %lu characters\n", (unsigned long)strlen(value));
    status = minbearer_renew(handle, value, sizeof value, &why); /* the API said 401 */
  }
  if (status == MINBEARER_OK) puts("renewed");
  if (status != MINBEARER_OK) fprintf(stderr, "transport: %s: %s\n", minbearer_status_text(status), why.text);
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  return status;
}
