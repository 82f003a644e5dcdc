/*
 * Asks the JSA console for its databases: the token by minbearer, the API call over plain sockets.
 *
 *     cc databases.c $(pkg-config --cflags --libs minbearer) -o databases
 *     CLIENT_ID=... CLIENT_SECRET=... CONSOLE_URL=http://127.0.0.1:8080 ./databases
 *
 * A real console serves https: send the header's value with your TLS library.
 */
#include <minbearer.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connects to the host and port of `http://host:port`. */
static int connect_to(const char *url, char *host, size_t room) {
  const char *port = url == NULL ? NULL : strrchr(url, ':');
  if (port == NULL || strncmp(url, "http://", 7) != 0 || port < url + 7 || (size_t)(port - url - 7) >= room) return -1;
  memcpy(host, url + 7, port - url - 7);
  host[port - url - 7] = '\0';
  struct addrinfo hints = {0}, *found, *next;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host, port + 1, &hints, &found) != 0) return -1;
  int connection = -1;
  for (next = found; next != NULL && connection < 0; next = next->ai_next) {
    connection = socket(next->ai_family, next->ai_socktype, next->ai_protocol);
    if (connection >= 0 && connect(connection, next->ai_addr, next->ai_addrlen) != 0) {
      close(connection);
      connection = -1;
    }
  }
  freeaddrinfo(found);
  return connection;
}

static void say(int connection, const char *text) {
  if (send(connection, text, strlen(text), MSG_NOSIGNAL) < 0) return; /* the answer will be missing */
}

/* Reads the console's answer, and returns its HTTP status, or -1. */
static int get_databases(const char *console, const char *authorization, char *answer, size_t room) {
  char host[256];
  size_t read = 0;
  ssize_t got;
  int connection = connect_to(console, host, sizeof host);
  if (connection < 0) return -1;
  say(connection, "GET /api/ariel/databases HTTP/1.1\r\nConnection: close\r\nHost: ");
  say(connection, host);
  say(connection, "\r\nAuthorization: ");
  say(connection, authorization);
  say(connection, "\r\n\r\n");
  while (read < room - 1 && (got = recv(connection, answer + read, room - 1 - read, 0)) > 0) read += got;
  close(connection);
  answer[read] = '\0';
  return strncmp(answer, "HTTP/1.1 ", 9) == 0 && strstr(answer, "\r\n\r\n") != NULL ? atoi(answer + 9) : -1;
}

int main(void) {
  const char *console = getenv("CONSOLE_URL");
  char value[MINBEARER_VALUE_SIZE], answer[16 * 1024];
  minbearer_message why;
  minbearer *jsa = minbearer_jsa_from_env();
  int http = -1;
  minbearer_status status = minbearer_authorization(jsa, value, sizeof value, &why);
  if (status == MINBEARER_OK) http = get_databases(console, value, answer, sizeof answer);
  if (http == 401) { /* the token was rejected: get a new one, and call once more */
    status = minbearer_renew(jsa, value, sizeof value, &why);
    if (status == MINBEARER_OK) http = get_databases(console, value, answer, sizeof answer);
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
