/*
 * Requests one token and ends with the status: `get_token FLOW [URL]`. CA, CERT and KEY name PEM files, TIMEOUT milliseconds,
 * PROXY a URL with PROXY_USER and PROXY_PASSWORD.
 */
#include <minbearer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of the file that a variable names, or NULL. It is never freed. */
static const char *text_of(const char *variable) {
  const char *path = getenv(variable);
  FILE *file = path == NULL ? NULL : fopen(path, "r");
  char *text = calloc(1, 64 * 1024);
  if (file == NULL || text == NULL || fread(text, 1, 64 * 1024 - 1, file) == 0) return NULL;
  fclose(file);
  return text;
}

int main(int count, char **arguments) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  const char *url = count > 2 ? arguments[2] : NULL;
  minbearer *handle = strcmp(arguments[1], "jsa") == 0           ? minbearer_jsa_from_env()
                      : strcmp(arguments[1], "accelerator") == 0 ? minbearer_accelerator(url, "rose", "wrong")
                                                                 : minbearer_client_credentials_from_env(url);
  minbearer_set_timeout(handle, getenv("TIMEOUT") == NULL ? 500 : (uint32_t)atoi(getenv("TIMEOUT")));
  if (getenv("CA") != NULL) minbearer_set_ca(handle, text_of("CA"));
  if (getenv("CERT") != NULL) minbearer_set_client_certificate(handle, text_of("CERT"), text_of("KEY"));
  if (getenv("ADDED_CA") != NULL) minbearer_add_ca(handle, text_of("ADDED_CA"));
  if (getenv("SERVER_NAME") != NULL) minbearer_set_server_name(handle, "127.0.0.1", getenv("SERVER_NAME"));
  if (getenv("PROXY") != NULL) minbearer_set_proxy(handle, getenv("PROXY"), getenv("PROXY_USER"), getenv("PROXY_PASSWORD"));
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  minbearer_free(handle);
  fprintf(stderr, "minbearer: %s\n", why.text);
  return (int)status;
}
