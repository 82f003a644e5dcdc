/*
 * Asks the JSA console for its databases: the token by minbearer, the API call over plain sockets or OpenSSL.
 *
 *     cc databases.c $(pkg-config --cflags --libs minbearer) -o databases
 *     CLIENT_ID=... CLIENT_SECRET=... CONSOLE_URL=http://127.0.0.1:8080 ./databases
 *
 * A real console serves https. Its CA is trusted for the console, and by a minbearer with TLS for qoauth too:
 *
 *     cc -DWITH_OPENSSL databases.c $(pkg-config --cflags --libs minbearer openssl) -o databases
 *     SSL_CERT_FILE=/store/consolecert.pem CONSOLE_URL=https://console ... ./databases
 */
#include <minbearer.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef WITH_OPENSSL
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#endif

/* The console, and a connection to it. */
struct console {
  char host[256], port[6];
  int is_tls, socket;
#ifdef WITH_OPENSSL
  SSL_CTX *trust;
  SSL *tls;
#endif
};

/* Reads `http://host:port` or `https://host:port`; the port may be absent, and an IPv6 address is in brackets. */
static int parse(struct console *console, const char *url) {
  if (url == NULL || strncmp(url, "http", 4) != 0) return -1;
  console->is_tls = url[4] == 's';
  url += console->is_tls ? 5 : 4;
  if (strncmp(url, "://", 3) != 0) return -1;
  url += 3;
  const char *start = url + (*url == '['), *end = start + strcspn(start, *url == '[' ? "]" : ":/");
  const char *port = *end == ']' ? end + 1 : end;
  if (end == start || (size_t)(end - start) >= sizeof console->host) return -1;
  memcpy(console->host, start, end - start);
  strcpy(console->port, console->is_tls ? "443" : "80");
  if (*port == ':' && port[1] != '\0') strncpy(console->port, port + 1, 5);
  console->port[strcspn(console->port, "/")] = '\0';
  return 0;
}

static int connect_socket(struct console *console) {
  struct addrinfo hints = {0}, *found, *next;
  struct timeval limit = {10, 0};
  hints.ai_socktype = SOCK_STREAM;
  console->socket = -1;
  if (getaddrinfo(console->host, console->port, &hints, &found) != 0) return -1;
  for (next = found; next != NULL && console->socket < 0; next = next->ai_next) {
    console->socket = socket(next->ai_family, next->ai_socktype, next->ai_protocol);
    setsockopt(console->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(console->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* for connect too */
    if (console->socket >= 0 && connect(console->socket, next->ai_addr, next->ai_addrlen) != 0) {
      close(console->socket);
      console->socket = -1;
    }
  }
  freeaddrinfo(found);
  return console->socket < 0 ? -1 : 0;
}

#ifdef WITH_OPENSSL
/* A handshake in which the certificate is verified, for the host. */
static int begin_tls(struct console *console) {
  console->trust = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_default_verify_paths(console->trust); /* SSL_CERT_FILE */
  SSL_CTX_set_verify(console->trust, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_options(console->trust, SSL_OP_IGNORE_UNEXPECTED_EOF); /* the answer's length says where it ends */
  console->tls = SSL_new(console->trust);
  if (console->tls == NULL) return -1;
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(console->tls), console->host) != 1) { /* no address: a name */
    SSL_set_tlsext_host_name(console->tls, console->host);
    if (SSL_set1_host(console->tls, console->host) != 1) return -1;
  }
  SSL_set_fd(console->tls, console->socket);
  return SSL_connect(console->tls) == 1 ? 0 : -1;
}
#endif

static int open_connection(struct console *console) {
  if (connect_socket(console) != 0) return -1;
#ifdef WITH_OPENSSL
  console->trust = NULL, console->tls = NULL;
  if (console->is_tls) return begin_tls(console);
#endif
  return 0;
}

static void close_connection(struct console *console) {
#ifdef WITH_OPENSSL
  SSL_free(console->tls);
  SSL_CTX_free(console->trust);
#endif
  if (console->socket >= 0) close(console->socket);
}

static void say(struct console *console, const char *text) {
#ifdef WITH_OPENSSL
  if (console->tls != NULL) {
    SSL_write(console->tls, text, (int)strlen(text));
    return;
  }
#endif
  if (send(console->socket, text, strlen(text), MSG_NOSIGNAL) < 0) return; /* the answer will be missing */
}

static ssize_t hear(struct console *console, char *text, size_t room) {
#ifdef WITH_OPENSSL
  if (console->tls != NULL) return SSL_read(console->tls, text, (int)room);
#endif
  return recv(console->socket, text, room, 0);
}

/* Reads the console's answer, and returns its HTTP status, or -1. */
static int get_databases(struct console *console, const char *authorization, char *answer, size_t room) {
  size_t read = 0;
  ssize_t got;
  if (open_connection(console) == 0) {
    say(console, "GET /api/ariel/databases HTTP/1.1\r\nConnection: close\r\nHost: ");
    say(console, console->host);
    say(console, "\r\nAuthorization: ");
    say(console, authorization);
    say(console, "\r\n\r\n");
    while (read < room - 1 && (got = hear(console, answer + read, room - 1 - read)) > 0) read += got;
  }
  close_connection(console);
  answer[read] = '\0';
  return strncmp(answer, "HTTP/1.1 ", 9) == 0 && strstr(answer, "\r\n\r\n") != NULL ? atoi(answer + 9) : -1;
}

int main(void) {
  char value[MINBEARER_VALUE_SIZE], answer[16 * 1024];
  struct console console = {0};
  minbearer_message why;
  int http = -1;
  int is_known = parse(&console, getenv("CONSOLE_URL")) == 0;
#ifdef WITH_OPENSSL
  signal(SIGPIPE, SIG_IGN); /* OpenSSL does not see to that */
#else
  is_known = is_known && !console.is_tls;
#endif
  if (!is_known) {
    fputs("databases: CONSOLE_URL is no http URL, nor https where WITH_OPENSSL was defined\n", stderr);
    return MINBEARER_CONFIG;
  }
  minbearer *jsa = minbearer_jsa_from_env();
  minbearer_status status = minbearer_authorization(jsa, value, sizeof value, &why);
  if (status == MINBEARER_OK) http = get_databases(&console, value, answer, sizeof answer);
  if (http == 401) { /* the token was rejected: get a new one, and call once more */
    status = minbearer_renew(jsa, value, sizeof value, &why);
    if (status == MINBEARER_OK) http = get_databases(&console, value, answer, sizeof answer);
  }
  minbearer_wipe(value, sizeof value);
  minbearer_free(jsa);
  if (http == 200) return puts(strstr(answer, "\r\n\r\n") + 4) < 0;
  if (status == MINBEARER_OK) status = MINBEARER_NETWORK, strcpy(why.text, "no databases from CONSOLE_URL");
  fputs("databases: ", stderr); /* fprintf would add 11 KiB to a static program */
  fputs(why.text, stderr);
  fputs("\n", stderr);
  return status;
}
