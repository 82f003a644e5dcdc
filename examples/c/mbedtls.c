/*
 * Gets a token and calls an API with it, all over mbedTLS: the library's requests go through the transport below, and so
 * does the call of the API. The CAs of a private PKI come from a file.
 *
 *     mbedtls CA_FILE TOKEN_URL API_HOST API_PORT API_PATH
 *
 * CLIENT_ID and CLIENT_SECRET are in the environment. It works with every libminbearer; the smallest is the one built
 * without an operating system, which then takes its memory from ../../capi/memory.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <minbearer.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What connections have in common: the transport's context. */
struct tls {
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_x509_crt cas;
  mbedtls_ssl_config config;
  char why[160]; /* there is no connection; one thread makes the requests */
};

struct connection {
  mbedtls_net_context net;
  mbedtls_ssl_context ssl;
  int is_tls;
};

static uint64_t milliseconds(void *context) {
  struct timespec now;
  (void)context;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t random_bits(void *context) {
  struct tls *tls = context;
  uint32_t bits = 0;
  mbedtls_ctr_drbg_random(&tls->random, (unsigned char *)&bits, sizeof bits);
  return bits;
}

/* What is left of a time limit that began at `start`. */
static int left(uint64_t start, uint32_t limit) {
  uint64_t spent = milliseconds(NULL) - start;
  return spent < limit ? (int)(limit - spent) : 0;
}

/* A socket that does not block, connected within the limit. mbedtls_net_connect knows no limit. */
static int connect_socket(const char *host, uint16_t port, uint64_t start, uint32_t limit) {
  struct addrinfo hints = {0}, *found, *next;
  char digits[6];
  int fd = -1;
  hints.ai_socktype = SOCK_STREAM;
  snprintf(digits, sizeof digits, "%u", port);
  if (getaddrinfo(host, digits, &hints, &found) != 0) return -1;
  for (next = found; next != NULL && fd < 0; next = next->ai_next) {
    int error = 0;
    socklen_t size = sizeof error;
    fd = socket(next->ai_family, next->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, next->ai_protocol);
    struct pollfd ready = {fd, POLLOUT, 0};
    /* What is sent in two pieces would wait for an acknowledgement between them, 40 ms. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, next->ai_addr, next->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || poll(&ready, 1, left(start, limit)) != 1 ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  return fd;
}

static void close_connection(void *context) {
  struct connection *connection = context;
  if (connection->is_tls) mbedtls_ssl_close_notify(&connection->ssl);
  mbedtls_ssl_free(&connection->ssl);
  mbedtls_net_free(&connection->net);
  free(connection);
}

/* Waits until the socket is ready for what mbedTLS wants, if it wants something: 1 to try again, else 0. */
static int wait_for(struct connection *connection, int outcome, int milliseconds) {
  struct pollfd ready = {connection->net.fd, outcome == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN, 0};
  if (outcome != MBEDTLS_ERR_SSL_WANT_READ && outcome != MBEDTLS_ERR_SSL_WANT_WRITE) return 0;
  return poll(&ready, 1, milliseconds) == 1;
}

static void *open_connection(void *context, const char *host, uint16_t port, int is_tls, uint32_t limit) {
  struct tls *tls = context;
  uint64_t start = milliseconds(NULL);
  tls->why[0] = '\0';
  struct connection *connection = calloc(1, sizeof *connection);
  int outcome = connection == NULL ? MBEDTLS_ERR_SSL_ALLOC_FAILED : 0;
  if (connection == NULL) return NULL;
  mbedtls_net_init(&connection->net);
  mbedtls_ssl_init(&connection->ssl);
  connection->net.fd = connect_socket(host, port, start, limit);
  if (connection->net.fd < 0) outcome = MBEDTLS_ERR_NET_CONNECT_FAILED;
  if (outcome == 0 && is_tls) {
    connection->is_tls = 1;
    outcome = mbedtls_ssl_setup(&connection->ssl, &tls->config);
    /* The name for which the certificate is verified. Without it mbedTLS accepts any. */
    if (outcome == 0) outcome = mbedtls_ssl_set_hostname(&connection->ssl, host);
    mbedtls_ssl_set_bio(&connection->ssl, &connection->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    if (outcome == 0) {
      do {
        outcome = mbedtls_ssl_handshake(&connection->ssl);
      } while (wait_for(connection, outcome, left(start, limit)));
    }
  }
  if (outcome == 0) return connection;
  mbedtls_strerror(outcome, tls->why, sizeof tls->why);
  connection->is_tls = 0;
  close_connection(connection);
  return NULL;
}

static int32_t moved(struct connection *connection, int outcome, uint32_t milliseconds) {
  if (outcome > 0) return outcome;
  if (outcome == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return MINBEARER_CLOSED;
  if (outcome == 0) return connection->is_tls ? MBEDTLS_ERR_SSL_CONN_EOF : MINBEARER_CLOSED; /* perhaps cut short */
  if (outcome == MBEDTLS_ERR_SSL_WANT_READ || outcome == MBEDTLS_ERR_SSL_WANT_WRITE) {
    wait_for(connection, outcome, (int)milliseconds);
    return 0; /* and called again */
  }
  return outcome; /* mbedTLS has no -1 */
}

static int32_t send_bytes(void *context, const void *bytes, size_t size, uint32_t milliseconds) {
  struct connection *connection = context;
  int sent = connection->is_tls ? mbedtls_ssl_write(&connection->ssl, bytes, size)
                                : mbedtls_net_send(&connection->net, bytes, size);
  return moved(connection, sent, milliseconds);
}

static int32_t receive_bytes(void *context, void *bytes, size_t size, uint32_t milliseconds) {
  struct connection *connection = context;
  int received = connection->is_tls ? mbedtls_ssl_read(&connection->ssl, bytes, size)
                                    : mbedtls_net_recv(&connection->net, bytes, size);
  return moved(connection, received, milliseconds);
}

static int start_tls(struct tls *tls, const char *ca_file) {
  mbedtls_entropy_init(&tls->entropy);
  mbedtls_ctr_drbg_init(&tls->random);
  mbedtls_x509_crt_init(&tls->cas);
  mbedtls_ssl_config_init(&tls->config);
  if (mbedtls_ctr_drbg_seed(&tls->random, mbedtls_entropy_func, &tls->entropy, NULL, 0) != 0 ||
      mbedtls_x509_crt_parse_file(&tls->cas, ca_file) != 0 ||
      mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
    return -1;
  }
  mbedtls_ssl_conf_ca_chain(&tls->config, &tls->cas, NULL);
  mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED); /* never _OPTIONAL, never _NONE */
  mbedtls_ssl_conf_rng(&tls->config, mbedtls_ctr_drbg_random, &tls->random);
  return 0;
}

static void end_tls(struct tls *tls) {
  mbedtls_ssl_config_free(&tls->config);
  mbedtls_x509_crt_free(&tls->cas);
  mbedtls_ctr_drbg_free(&tls->random);
  mbedtls_entropy_free(&tls->entropy);
}

/* One GET with the token: its status, or -1. The answer is complete when the server closes. */
static int call_api(struct tls *tls, char **target, const char *value, char *answer, size_t room) {
  static char request[MINBEARER_VALUE_SIZE + 1024];
  uint64_t start = milliseconds(NULL);
  const uint32_t limit = 10000;
  size_t sent = 0, read = 0;
  int32_t moved = 0;
  int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: %s\r\n\r\n",
                      target[2], target[0], value);
  void *connection = open_connection(tls, target[0], (uint16_t)atoi(target[1]), 1, limit);
  if (connection == NULL || size < 0 || (size_t)size >= sizeof request) return -1;
  while (sent < (size_t)size && moved >= 0 && left(start, limit) > 0) {
    moved = send_bytes(connection, request + sent, (size_t)size - sent, (uint32_t)left(start, limit));
    if (moved > 0) sent += (size_t)moved;
  }
  while (read < room - 1 && moved >= 0 && left(start, limit) > 0) {
    moved = receive_bytes(connection, answer + read, room - 1 - read, (uint32_t)left(start, limit));
    if (moved > 0) read += (size_t)moved;
  }
  close_connection(connection);
  minbearer_wipe(request, sizeof request);
  answer[read] = '\0';
  return moved == MINBEARER_CLOSED && strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : -1;
}

int main(int count, char **arguments) {
  static struct tls tls;
  static char value[MINBEARER_VALUE_SIZE], answer[64 * 1024];
  minbearer_message why = {""};
  if (count != 6 || start_tls(&tls, arguments[1]) != 0) {
    fputs("mbedtls: mbedtls CA_FILE TOKEN_URL API_HOST API_PORT API_PATH, and CA_FILE in PEM\n", stderr);
    return MINBEARER_CONFIG;
  }
  minbearer_transport transport = {&tls, open_connection, send_bytes, receive_bytes, close_connection};
  minbearer *handle = minbearer_client_credentials(arguments[2], getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  minbearer_set_transport(handle, &transport);
  minbearer_set_clock(handle, milliseconds, random_bits, &tls);
  int http = -1;
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) http = call_api(&tls, arguments + 3, value, answer, sizeof answer);
  if (http == 401) { /* the token was rejected: get a new one, and call once more */
    status = minbearer_renew(handle, value, sizeof value, &why);
    if (status == MINBEARER_OK) http = call_api(&tls, arguments + 3, value, answer, sizeof answer);
  }
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  end_tls(&tls);
  if (status != MINBEARER_OK) {
    fprintf(stderr, "mbedtls: %s%s%s\n", why.text, tls.why[0] == '\0' ? "" : ": ", tls.why);
    return (int)status;
  }
  const char *body = strstr(answer, "\r\n\r\n");
  if (http == 200 && body != NULL) return puts(body + 4) < 0;
  fprintf(stderr, "mbedtls: the API's answer was %d%s%s\n", http, tls.why[0] == '\0' ? "" : ": ", tls.why);
  return MINBEARER_NETWORK;
}
