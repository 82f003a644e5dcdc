/*
 * Calls an API by libcurl with a token of minbearer's, which goes into CURLOPT_XOAUTH2_BEARER.
 *
 *     cc libcurl.c $(pkg-config --cflags --libs minbearer libcurl) -o libcurl
 *     CLIENT_ID=... CLIENT_SECRET=... ./libcurl TOKEN_URL API_URL [CA_FILE]
 */
#include <curl/curl.h>
#include <minbearer.h>
#include <stdio.h>
#include <stdlib.h>

/* The whole text of a file, to be freed, or NULL. */
static char *read_file(const char *path) {
  char *text = calloc(1, 256 * 1024);
  FILE *file = fopen(path, "r");
  if (text != NULL && (file == NULL || fread(text, 1, 256 * 1024 - 1, file) == 0)) {
    free(text);
    text = NULL;
  }
  if (file != NULL) fclose(file);
  return text;
}

/* One call with this token, whose body goes to standard output unless the token is rejected: the HTTP status, or 0. */
static long call(CURL *curl, const char *token, char *error) {
  long http = 0;
  curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
  curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token); /* curl copies it, and does not wipe its copy */
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  curl_easy_perform(curl); /* a failure has no status, and its text in `error` */
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http);
  return http;
}

int main(int count, char **arguments) {
  static char token[MINBEARER_VALUE_SIZE], value[MINBEARER_VALUE_SIZE];
  char error[CURL_ERROR_SIZE] = "";
  minbearer_message why = {""};
  if (count < 3 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return MINBEARER_CONFIG;
  CURL *curl = curl_easy_init();
  minbearer *handle = minbearer_client_credentials(arguments[1], getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  if (count > 3) {
    char *ca = read_file(arguments[3]);
    minbearer_set_ca(handle, ca);
    curl_easy_setopt(curl, CURLOPT_CAINFO, arguments[3]);
    free(ca);
  }
  curl_easy_setopt(curl, CURLOPT_URL, arguments[2]);
  long http = 0;
  /* The header value is what minbearer_renew is told; curl takes the token alone. */
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) status = minbearer_access_token(handle, token, sizeof token, &why);
  if (status == MINBEARER_OK) http = call(curl, token, error);
  if (http == 401) { /* the token was rejected: get a new one, and call once more */
    status = minbearer_renew(handle, value, sizeof value, &why);
    if (status == MINBEARER_OK) status = minbearer_access_token(handle, token, sizeof token, &why);
    if (status == MINBEARER_OK) http = call(curl, token, error);
  }
  minbearer_wipe(token, sizeof token);
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  curl_easy_cleanup(curl);
  curl_global_cleanup();
  if (status == MINBEARER_OK && http / 100 == 2) return puts("") < 0;
  fprintf(stderr, "libcurl: %s\n", status == MINBEARER_OK ? error : why.text);
  return status == MINBEARER_OK ? MINBEARER_NETWORK : (int)status;
}
