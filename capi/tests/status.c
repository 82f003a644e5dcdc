/*
 * Requests one token and ends with the status: `status FLOW [URL]`. CA, CERT and KEY name PEM files.
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
  minbearer_set_timeout(handle, 500);
  if (getenv("CA") != NULL) minbearer_set_ca(handle, text_of("CA"));
  if (getenv("CERT") != NULL) minbearer_set_client_certificate(handle, text_of("CERT"), text_of("KEY"));
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  minbearer_free(handle);
  fprintf(stderr, "minbearer: %s\n", why.text);
  return (int)status;
}
