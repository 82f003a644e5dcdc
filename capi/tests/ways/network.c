/*
 * The library's own network, written from minbearer.h alone: a token, an API call that is answered 401, a renewed token.
 *
 *     network TOKEN_URL [CA_FILE]
 *
 * Credentials come from CLIENT_ID and CLIENT_SECRET. Prints what it did; the exit status is minbearer's.
 */
#include <minbearer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char ca[64 * 1024];

static int read_ca(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return -1;
  size_t size = fread(ca, 1, sizeof ca - 1, file);
  ca[size] = '\0';
  return fclose(file);
}

int main(int argc, char **argv) {
  char value[MINBEARER_VALUE_SIZE], first[MINBEARER_VALUE_SIZE], token[MINBEARER_VALUE_SIZE];
  minbearer_message why = {""};
  minbearer_status status;
  minbearer *handle;

  if (argc < 2) return fputs("usage: network TOKEN_URL [CA_FILE]\n", stderr), 1;
  handle = minbearer_client_credentials(argv[1], getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  minbearer_set_timeout(handle, 5000);
  minbearer_add_scope(handle, "read");
  if (argc > 2) {
    if (!minbearer_has_tls()) return fputs("network: the library has no TLS\n", stderr), 1;
    if (read_ca(argv[2]) != 0) return perror(argv[2]), 1;
    minbearer_set_ca(handle, ca);
  }

  status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) {
    printf("a header value of %lu characters, %ld seconds left\n", (unsigned long)strlen(value), (long)minbearer_seconds_left(handle));
    strcpy(first, value);
    status = minbearer_access_token(handle, token, sizeof token, &why);
  }
  if (status == MINBEARER_OK && strstr(value, token) == NULL) return fputs("network: another token\n", stderr), 1;

  /* The API said 401. */
  if (status == MINBEARER_OK) status = minbearer_renew(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) puts(strcmp(first, value) == 0 ? "the same token, too soon to ask again" : "a new token");

  if (status != MINBEARER_OK) fprintf(stderr, "network: %s: %s\n", minbearer_status_text(status), why.text);
  minbearer_wipe(value, sizeof value);
  minbearer_wipe(first, sizeof first);
  minbearer_wipe(token, sizeof token);
  minbearer_free(handle);
  return status;
}
