/* What is written, and where: buffers of the exact size and one less, the longest token, and what renewing does. */
#include "check.h"
#include <string.h>

/* The longest token. */
#define LONGEST (MINBEARER_VALUE_SIZE - 8)

static void sizes(int token_length) {
  server *at = server_start(long_token, &token_length);
  size_t exact = strlen("Bearer ") + token_length + 1;
  minbearer *handle = jsa_at(at);
  minbearer_message why;
  /* A byte more than it may use, to see that it does not. */
  char value[MINBEARER_VALUE_SIZE + 1];

  memset(value, '?', sizeof value);
  minbearer_status got = minbearer_authorization(handle, value, exact - 1, &why);
  CHECK(got == MINBEARER_MISUSE, "one less than %zu: %d %s", exact, got, why.text);
  CHECK(strstr(why.text, "bytes, and its buffer has") != NULL, "%s", why.text);
  CHECK(value[0] == '\0' && value[1] == '?' && value[exact - 1] == '?', "nothing is written but a NUL");

  memset(value, '?', sizeof value);
  got = minbearer_authorization(handle, value, exact, &why);
  CHECK(got == MINBEARER_OK, "%zu: %d %s", exact, got, why.text);
  CHECK(strlen(value) == exact - 1 && value[exact] == '?', "it fits: %zu", strlen(value));
  CHECK(server_requests(at) == 1, "the token was kept: %d requests", server_requests(at));

  /* In a renewal the old value is read within the size. */
  got = minbearer_renew(handle, value, exact, &why);
  CHECK(got == MINBEARER_OK && strlen(value) == exact - 1, "renewed: %d %s", got, why.text);
  CHECK(server_requests(at) == 2, "%d requests", server_requests(at));
  minbearer_free(handle);
  server_stop(at);
}

static void the_longest_token(void) {
  int length = LONGEST;
  server *at = server_start(long_token, &length);
  minbearer *handle = jsa_at(at);
  minbearer_message why;
  char value[MINBEARER_VALUE_SIZE];
  minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
  CHECK(got == MINBEARER_OK && strlen(value) == sizeof value - 1, "the longest: %d %s", got, why.text);
  /* A size that is no size is cut to what there is a use for. */
  got = minbearer_authorization(handle, value, (size_t)-1, &why);
  CHECK(got == MINBEARER_OK && strlen(value) == sizeof value - 1, "the largest size: %d %s", got, why.text);
  minbearer_free(handle);

  length++;
  handle = jsa_at(at);
  got = minbearer_authorization(handle, value, sizeof value, &why);
  CHECK(got == MINBEARER_MALFORMED, "a byte more: %d %s", got, why.text);
  minbearer_free(handle);
  server_stop(at);
}

static void renewing(void) {
  server *at = server_start(fresh_token, NULL);
  minbearer *handle = jsa_at(at);
  minbearer_message why;
  char first[MINBEARER_VALUE_SIZE] = "", second[MINBEARER_VALUE_SIZE], late[MINBEARER_VALUE_SIZE];

  CHECK(minbearer_renew(handle, first, sizeof first, &why) == MINBEARER_OK, "from nothing: %s", why.text);
  CHECK(strncmp(first, "Bearer token-1-", 15) == 0, "%s", first);
  strcpy(second, first);
  strcpy(late, first);
  CHECK(minbearer_renew(handle, second, sizeof second, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strncmp(second, "Bearer token-2-", 15) == 0, "%s", second);
  CHECK(minbearer_renew(handle, late, sizeof late, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(late, second) == 0, "who was slower gets the same: %s", late);
  strcpy(late, "Bearer never-seen");
  CHECK(minbearer_renew(handle, late, sizeof late, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(late, second) == 0, "and so does a value of elsewhere: %s", late);
  CHECK(server_requests(at) == 2, "%d requests", server_requests(at));

  /* A shorter value leaves nothing of a longer one behind it. */
  memset(late, 'x', sizeof late);
  memcpy(late, "Bearer ", 7);
  late[4000] = '\0';
  CHECK(minbearer_renew(handle, late, sizeof late, &why) == MINBEARER_OK, "%s", why.text);
  size_t tail = strlen(late);
  while (tail < 4000 && late[tail] == '\0') tail++;
  CHECK(tail == 4000 && late[4001] == 'x', "the rest is wiped up to %zu", tail);
  minbearer_free(handle);
  server_stop(at);
}

static void the_vendors_colon(void) {
  server *at = server_start(fresh_token, NULL);
  for (int rfc6750 = 0; rfc6750 < 2; rfc6750++) {
    minbearer *handle = minbearer_accelerator(server_url(at), "rose", "password");
    if (rfc6750) minbearer_set_rfc6750_header(handle);
    char value[MINBEARER_VALUE_SIZE], renewed[MINBEARER_VALUE_SIZE];
    minbearer_message why;
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
    CHECK(strncmp(value, rfc6750 ? "Bearer token-" : "Bearer:token-", 13) == 0, "%s", value);
    strcpy(renewed, value);
    CHECK(minbearer_renew(handle, renewed, sizeof renewed, &why) == MINBEARER_OK, "%s", why.text);
    CHECK(strcmp(renewed, value) != 0, "the rejected value is known by its token: %s", renewed);
    minbearer_free(handle);
  }
  server_stop(at);
}

static size_t token_for_the_settings(server *self, const char *request, char *answer, size_t room) {
  const char *const *wanted = server_data(self);
  for (; *wanted != NULL; wanted++) {
    if (strstr(request, *wanted) != NULL) continue;
    return answer_with(answer, room, "400 Bad Request", "{\"error\": \"unlike\"}");
  }
  return fresh_token(self, request, answer, room);
}

static void settings_travel(void) {
  /* Basic: id and secret. */
  const char *wanted[] = {"scope=read%20write", "audience=api", "resource=a&resource=b", "Basic aWQ6c2VjcmV0", NULL};
  server *at = server_start(token_for_the_settings, wanted);
  minbearer *handle = minbearer_client_credentials(server_url(at), "id", "secret");
  minbearer_set_basic(handle);
  minbearer_add_scope(handle, "read");
  minbearer_add_scope(handle, "write");
  minbearer_add_parameter(handle, "audience", "api");
  minbearer_add_parameter(handle, "resource", "a");
  minbearer_add_parameter(handle, "resource", "b");
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
  CHECK(got == MINBEARER_OK, "%d %s", got, why.text);
  minbearer_free(handle);
  server_stop(at);
}

void test_values(void) {
  sizes(1);
  sizes(48);
  sizes(LONGEST);
  the_longest_token();
  renewing();
  the_vendors_colon();
  settings_travel();
}
