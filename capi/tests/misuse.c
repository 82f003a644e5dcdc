/* Every function, called wrongly: MINBEARER_MISUSE, a message that names the function, and no request. */
#include "check.h"
#include <stdio.h>
#include <string.h>

#define NOT_UTF8 "\xff"

/* Asks for a token, which must come to `status`, with `part` in the message, and nothing in the value. */
static void expect(minbearer *handle, minbearer_status status, const char *part, const char *what) {
  char value[MINBEARER_VALUE_SIZE] = "an old value";
  minbearer_message why;
  memset(&why, '?', sizeof why);
  for (int call = 0; call < 2; call++) {
    minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
    CHECK(got == status, "%s: %d", what, got);
    CHECK(strstr(why.text, part) != NULL, "%s: `%s` has no `%s`", what, why.text, part);
    CHECK(value[0] == '\0', "%s: %s", what, value);
  }
}

static void constructors(void) {
  const struct {
    minbearer *handle;
    const char *part;
  } rows[] = {
      {minbearer_jsa(NULL, "secret"), "minbearer_jsa: client_id is NULL"},
      {minbearer_jsa("id", NULL), "minbearer_jsa: client_secret is NULL, and no setting"},
      {minbearer_jsa(NOT_UTF8, "secret"), "minbearer_jsa: client_id is not UTF-8"},
      {minbearer_jsa("id", NOT_UTF8), "minbearer_jsa: client_secret is not UTF-8"},
      {minbearer_accelerator(NULL, "rose", "password"), "minbearer_accelerator: url is NULL"},
      {minbearer_accelerator("http://h", NULL, "password"), "minbearer_accelerator: username is NULL"},
      {minbearer_accelerator("http://h", "rose", NULL), "minbearer_accelerator: password is NULL"},
      {minbearer_accelerator(NOT_UTF8, "rose", "password"), "minbearer_accelerator: url is not UTF-8"},
      {minbearer_accelerator("http://h", NOT_UTF8, "password"), "minbearer_accelerator: username is not UTF-8"},
      {minbearer_accelerator("http://h", "rose", NOT_UTF8), "minbearer_accelerator: password is not UTF-8"},
      {minbearer_client_credentials(NULL, "id", "secret"), "minbearer_client_credentials: token_url is NULL"},
      {minbearer_client_credentials("https://h", NULL, "secret"), "minbearer_client_credentials: client_id is NULL"},
      {minbearer_client_credentials("https://h", "id", NULL), "minbearer_client_credentials: client_secret is NULL"},
      {minbearer_client_credentials(NOT_UTF8, "id", "secret"), "minbearer_client_credentials: token_url is not UTF-8"},
      {minbearer_client_credentials("https://h", NOT_UTF8, "secret"), "minbearer_client_credentials: client_id is not"},
      {minbearer_client_credentials("https://h", "id", NOT_UTF8), "minbearer_client_credentials: client_secret is not"},
      {minbearer_client_credentials_from_env(NULL), "minbearer_client_credentials_from_env: token_url is NULL"},
      {minbearer_client_credentials_from_env(NOT_UTF8), "minbearer_client_credentials_from_env: token_url is not UTF-8"},
  };
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    CHECK(rows[row].handle != NULL, "%s", rows[row].part);
    expect(rows[row].handle, MINBEARER_MISUSE, rows[row].part, rows[row].part);
    minbearer_free(rows[row].handle);
  }
}

/* The settings under one type. */
typedef minbearer_status setting(minbearer *, const char *text);
static minbearer_status timeout(minbearer *handle, const char *text) {
  return minbearer_set_timeout(handle, text == NULL ? 0 : 10000);
}
static minbearer_status rfc6750(minbearer *handle, const char *text) {
  (void)text;
  return minbearer_set_rfc6750_header(handle);
}
static minbearer_status basic(minbearer *handle, const char *text) {
  (void)text;
  return minbearer_set_basic(handle);
}
static minbearer_status plain_http(minbearer *handle, const char *text) {
  (void)text;
  return minbearer_set_plain_http(handle);
}
static minbearer_status parameter_name(minbearer *handle, const char *text) {
  return minbearer_add_parameter(handle, text, "value");
}
static minbearer_status parameter_value(minbearer *handle, const char *text) {
  return minbearer_add_parameter(handle, "name", text);
}
static minbearer_status chain(minbearer *handle, const char *text) {
  return minbearer_set_client_certificate(handle, text, "key");
}
static minbearer_status unencoded(minbearer *handle, const char *text) {
  (void)text;
  return minbearer_set_basic_unencoded(handle);
}
static minbearer_status header_name(minbearer *handle, const char *text) {
  return minbearer_add_request_header(handle, text, "value");
}
static minbearer_status header_value(minbearer *handle, const char *text) {
  return minbearer_add_request_header(handle, "X-Key", text);
}
static int supply(void *context, char *secret, size_t size) {
  (void)context, (void)size;
  strcpy(secret, "correct-horse-battery");
  return 0;
}
static minbearer_status secret_function(minbearer *handle, const char *text) {
  return minbearer_set_secret_function(handle, text == NULL ? NULL : supply, NULL);
}
static minbearer_status assertion_function(minbearer *handle, const char *text) {
  return minbearer_set_assertion_function(handle, text == NULL ? NULL : supply, NULL);
}
static uint64_t clock_of(void *context) {
  (void)context;
  return 0;
}
static uint32_t random_of(void *context) {
  (void)context;
  return 4;
}
static minbearer_status clock_function(minbearer *handle, const char *text) {
  return minbearer_set_clock(handle, text == NULL ? NULL : clock_of, random_of, NULL);
}
static minbearer_status random_function(minbearer *handle, const char *text) {
  return minbearer_set_clock(handle, clock_of, text == NULL ? NULL : random_of, NULL);
}
static minbearer_status host(minbearer *handle, const char *text) {
  return minbearer_set_server_name(handle, text, "name");
}
static minbearer_status name(minbearer *handle, const char *text) {
  return minbearer_set_server_name(handle, "host", text);
}
static minbearer_status proxy(minbearer *handle, const char *text) {
  return minbearer_set_proxy(handle, text, NULL, NULL);
}
static minbearer_status proxy_user(minbearer *handle, const char *text) {
  return minbearer_set_proxy(handle, "http://127.0.0.1:9", text, "password");
}
static minbearer_status proxy_password(minbearer *handle, const char *text) {
  return minbearer_set_proxy(handle, "http://127.0.0.1:9", "rose", text);
}
static minbearer_status key(minbearer *handle, const char *text) {
  return minbearer_set_client_certificate(handle, "chain", text);
}

enum flow { JSA, ACCELERATOR, CLIENT_CREDENTIALS, ANY };

static minbearer *handle_of(enum flow flow) {
  switch (flow) {
  case ACCELERATOR:
    return minbearer_accelerator("http://127.0.0.1:9", "rose", "password");
  case CLIENT_CREDENTIALS:
    return minbearer_client_credentials("http://127.0.0.1:9", "id", "secret");
  default:
    return minbearer_jsa("id", "secret");
  }
}

static const struct {
  const char *function;
  setting *set;
  enum flow flow;
  const char *argument; /* NULL: it has no text */
  const char *good;     /* NULL: needs what is not here */
} settings[] = {
    {"minbearer_set_timeout", timeout, ANY, NULL, "10000"},
    {"minbearer_set_qoauth_url", minbearer_set_qoauth_url, JSA, "url", "http://127.0.0.1:9"},
    {"minbearer_set_qoauth_host", minbearer_set_qoauth_host, JSA, "host", "127.0.0.1"},
    {"minbearer_set_locator", minbearer_set_locator, JSA, "program", "/bin/true"},
    {"minbearer_set_rfc6750_header", rfc6750, ACCELERATOR, NULL, ""},
    {"minbearer_add_scope", minbearer_add_scope, CLIENT_CREDENTIALS, "scope", "read"},
    {"minbearer_add_parameter", parameter_name, CLIENT_CREDENTIALS, "name", "audience"},
    {"minbearer_add_parameter", parameter_value, CLIENT_CREDENTIALS, "value", "api"},
    {"minbearer_set_basic", basic, CLIENT_CREDENTIALS, NULL, ""},
    {"minbearer_set_plain_http", plain_http, CLIENT_CREDENTIALS, NULL, ""},
    {"minbearer_set_basic_unencoded", unencoded, CLIENT_CREDENTIALS, NULL, ""},
    {"minbearer_set_grant_type", minbearer_set_grant_type, CLIENT_CREDENTIALS, "name", "account_credentials"},
    {"minbearer_add_request_header", header_name, CLIENT_CREDENTIALS, "name", "X-Key"},
    {"minbearer_add_request_header", header_value, CLIENT_CREDENTIALS, "value", "a key"},
    {"minbearer_keep_member", minbearer_keep_member, CLIENT_CREDENTIALS, "name", "instance_url"},
    {"minbearer_set_secret_file", minbearer_set_secret_file, ANY, "path", "/proc/self/comm"},
    {"minbearer_set_assertion_file", minbearer_set_assertion_file, CLIENT_CREDENTIALS, "path", "/nonexistent"},
    {"minbearer_set_secret_function", secret_function, ANY, NULL, ""},
    {"minbearer_set_assertion_function", assertion_function, CLIENT_CREDENTIALS, NULL, ""},
    {"minbearer_set_clock", clock_function, ANY, NULL, ""},
    {"minbearer_set_clock", random_function, ANY, NULL, ""},
    {"minbearer_set_ca", minbearer_set_ca, ANY, "pem", NULL},
    {"minbearer_add_ca", minbearer_add_ca, ANY, "pem", NULL},
    {"minbearer_set_server_name", host, ANY, "host", NULL},
    {"minbearer_set_server_name", name, ANY, "name", NULL},
    {"minbearer_set_proxy", proxy, ANY, "url", NULL},
    {"minbearer_set_proxy", proxy_user, ANY, "username", NULL},
    {"minbearer_set_proxy", proxy_password, ANY, "password", NULL},
    {"minbearer_set_client_certificate", chain, ANY, "chain_pem", NULL},
    {"minbearer_set_client_certificate", key, ANY, "key_pem", NULL},
};

static void setting_calls(void) {
  for (size_t row = 0; row < sizeof settings / sizeof *settings; row++) {
    const char *function = settings[row].function;
    const char *argument = settings[row].argument;
    setting *set = settings[row].set;
    minbearer *handle;
    char part[128];

    minbearer_status got = set(NULL, "text");
    CHECK(got == MINBEARER_MISUSE, "%s, no handle: %d", function, got);

    for (int flow = JSA; flow < ANY && settings[row].good != NULL; flow++) {
      handle = handle_of(flow);
      bool is_for_it = settings[row].flow == ANY || (int)settings[row].flow == flow;
      got = set(handle, settings[row].good);
      CHECK(got == (is_for_it ? MINBEARER_OK : MINBEARER_MISUSE), "%s, flow %d: %d", function, flow, got);
      snprintf(part, sizeof part, "%s: a handle of minbearer_", function);
      if (!is_for_it) expect(handle, MINBEARER_MISUSE, part, "a setting of another flow");
      minbearer_free(handle);
    }

    for (int bad = 0; bad < 2 && argument != NULL; bad++) {
      handle = handle_of(settings[row].flow);
      got = set(handle, bad ? NOT_UTF8 : NULL);
      CHECK(got == MINBEARER_MISUSE, "%s, %s: %d", function, argument, got);
      snprintf(part, sizeof part, "%s: %s is %s", function, argument, bad ? "not UTF-8" : "NULL");
      expect(handle, MINBEARER_MISUSE, part, "a bad text");
      minbearer_free(handle);
    }

    /* After the first call, whatever it came to: the handle stays what it was. */
    handle = handle_of(settings[row].flow);
    minbearer_set_timeout(handle, 2000);
    char value[8] = "";
    minbearer_message why, again;
    minbearer_status first = minbearer_authorization(handle, value, sizeof value, &why);
    got = set(handle, "text");
    CHECK(got == MINBEARER_MISUSE, "%s, late: %d", function, got);
    got = minbearer_authorization(handle, value, sizeof value, &again);
    CHECK(got == first && first != MINBEARER_MISUSE, "%s, after a late setting: %d %s", function, got, again.text);
    minbearer_free(handle);
  }
}

static void the_first_mistake_counts(void) {
  minbearer *handle = minbearer_jsa("id", "secret");
  CHECK(minbearer_set_basic(handle) == MINBEARER_MISUSE, "another flow's");
  minbearer_status got = minbearer_set_qoauth_url(handle, "not a url");
  CHECK(got == MINBEARER_MISUSE, "the second answers for the first: %d", got);
  expect(handle, MINBEARER_MISUSE, "minbearer_set_basic: ", "two mistakes");
  minbearer_free(handle);

  handle = minbearer_jsa("id", "secret");
  CHECK(minbearer_set_qoauth_url(handle, "ftp://h") == MINBEARER_CONFIG, "a bad URL");
  got = minbearer_set_basic(handle);
  CHECK(got == MINBEARER_CONFIG, "the second answers for the first: %d", got);
  expect(handle, MINBEARER_CONFIG, "minbearer_set_qoauth_url: the qoauth URL", "two mistakes");
  minbearer_free(handle);

  /* Without TLS there is no CA to set; with it, this is none. */
  handle = minbearer_jsa("id", "secret");
  CHECK(minbearer_set_ca(handle, "no certificate") == MINBEARER_CONFIG, "no PEM");
  expect(handle, MINBEARER_CONFIG, "minbearer_set_ca: ", "no PEM");
  minbearer_free(handle);
  handle = minbearer_jsa("id", "secret");
  CHECK(minbearer_set_client_certificate(handle, "no certificate", "no key") == MINBEARER_CONFIG, "no PEM");
  expect(handle, MINBEARER_CONFIG, "minbearer_set_client_certificate: ", "no PEM");
  minbearer_free(handle);

  handle = minbearer_jsa("", "secret");
  expect(handle, MINBEARER_CONFIG, "minbearer_jsa: the client id", "an empty id");
  minbearer_free(handle);

  handle = minbearer_jsa("id", "secret");
  CHECK(minbearer_set_timeout(handle, 0) == MINBEARER_CONFIG, "no time");
  expect(handle, MINBEARER_CONFIG, "minbearer_set_timeout: a timeout of 0 ms", "no time");
  minbearer_free(handle);
}

typedef minbearer_status call_for_token(minbearer *, char *, size_t, minbearer_message *);

static void calls_for_a_token(void) {
  static const struct {
    const char *name;
    call_for_token *call;
  } calls[] = {{"minbearer_authorization", minbearer_authorization}, {"minbearer_renew", minbearer_renew}};
  server *at = server_start(fresh_token, NULL);
  for (int row = 0; row < 2; row++) {
    const char *name = calls[row].name;
    minbearer *handle = jsa_at(at);
    char value[MINBEARER_VALUE_SIZE] = "Bearer x", part[128];
    minbearer_message why;

    CHECK(calls[row].call(NULL, NULL, 0, NULL) == MINBEARER_MISUSE, "%s: nothing at all", name);
    CHECK(calls[row].call(NULL, value, sizeof value, &why) == MINBEARER_MISUSE, "%s: no handle", name);
    snprintf(part, sizeof part, "%s: the handle is NULL", name);
    CHECK(strcmp(why.text, part) == 0, "%s", why.text);
    CHECK(value[0] == '\0', "%s", value);
    CHECK(calls[row].call(handle, NULL, sizeof value, &why) == MINBEARER_MISUSE, "%s: no value", name);
    CHECK(strstr(why.text, "value is NULL") != NULL, "%s", why.text);
    CHECK(calls[row].call(handle, value, 0, &why) == MINBEARER_MISUSE, "%s: no size", name);
    CHECK(strstr(why.text, "no size") != NULL, "%s", why.text);
    CHECK(server_requests(at) == 0, "%s: %d requests", name, server_requests(at));
    /* None of these is a setting: the handle is as good as before. */
    value[0] = '\0';
    CHECK(calls[row].call(handle, value, sizeof value, &why) == MINBEARER_OK, "%s: %s", name, why.text);
    CHECK(why.text[0] == '\0', "%s: %s", name, why.text);
    CHECK(calls[row].call(handle, value, sizeof value, NULL) == MINBEARER_OK, "%s: without a message", name);
    CHECK(strncmp(value, "Bearer token-", 13) == 0, "%s: %s", name, value);
    minbearer_free(handle);
    server_stop(at);
    at = server_start(fresh_token, NULL);
  }

  minbearer *handle = jsa_at(at);
  static const char not_values[][16] = {"x", "token", "Bearer", "bearer token", "Bearer\xff", "Bearer a\nb"};
  for (size_t row = 0; row < sizeof not_values / sizeof *not_values; row++) {
    char value[MINBEARER_VALUE_SIZE];
    minbearer_message why;
    strcpy(value, not_values[row]);
    minbearer_status got = minbearer_renew(handle, value, sizeof value, &why);
    CHECK(got == MINBEARER_MISUSE, "`%s`: %d %s", not_values[row], got, why.text);
    CHECK(strcmp(value, not_values[row]) == 0, "the caller's text stays: %s", value);
    CHECK(strncmp(why.text, "minbearer_renew: value ", 23) == 0, "%s", why.text);
  }
  char value[16];
  memset(value, 'x', sizeof value);
  minbearer_message why;
  strcpy(value, "authorization: ");
  CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "a field: %s", why.text);
  CHECK(strstr(why.text, "without \"Authorization: \"") != NULL, "%s", why.text);
  strcpy(value, "2YotnFZFEjr1z");
  CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "a token: %s", why.text);
  CHECK(strstr(why.text, "not the access token alone") != NULL, "%s", why.text);
  memset(value, 'x', sizeof value);
  CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "no NUL: %s", why.text);
  CHECK(strstr(why.text, "does not end with a NUL") != NULL, "%s", why.text);
  CHECK(server_requests(at) == 0, "%d requests", server_requests(at));
  minbearer_free(handle);
  server_stop(at);
}

/* Value and message in one piece of memory, at each distance: a status, and nothing is written. */
static void overlap(void) {
  static struct {
    char before[64];
    minbearer_message why;
    char after[64];
  } memory;
  server *at = server_start(fresh_token, NULL);
  minbearer *handle = jsa_at(at);
  char *start = (char *)&memory;
  for (size_t place = 0; place + 64 <= sizeof memory; place++) {
    bool apart = place == 0 || place == 64 + sizeof memory.why;
    memset(&memory, '?', sizeof memory);
    minbearer_status got = minbearer_authorization(handle, start + place, 64, &memory.why);
    CHECK(got == (apart ? MINBEARER_OK : MINBEARER_MISUSE), "at %zu: %d", place, got);
    CHECK(apart || (memory.why.text[0] == '?' && start[place] == '?'), "at %zu something is written", place);
  }
  minbearer_free(handle);
  server_stop(at);
}

static void queries(void) {
  CHECK(minbearer_seconds_left(NULL) == -1, "no handle");
  CHECK(minbearer_wake(NULL) == MINBEARER_MISUSE, "no handle");
  char value[64] = "x";
  minbearer_message why;
  minbearer *handle = minbearer_client_credentials("http://127.0.0.1:9", "id", "secret");
  CHECK(minbearer_seconds_left(handle) == -1, "no token yet");
  CHECK(minbearer_member(handle, NULL, value, sizeof value, &why) == MINBEARER_MISUSE, "no name");
  CHECK(strcmp(why.text, "minbearer_member: name is NULL") == 0 && value[0] == '\0', "%s", why.text);
  minbearer_free(handle);
  for (int status = -1; status < 110; status++) {
    const char *text = minbearer_status_text(status);
    bool known = (status >= 0 && status <= 9) || status == 101;
    CHECK((strstr(text, "does not know") == NULL) == known, "%d: %s", status, text);
  }
  CHECK(minbearer_has_tls() == 0 || minbearer_has_tls() == 1, "%d", minbearer_has_tls());
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", MINBEARER_VERSION_MAJOR, MINBEARER_VERSION_MINOR, MINBEARER_VERSION_PATCH);
  CHECK(strcmp(minbearer_version(), version) == 0 && strcmp(version, MINBEARER_VERSION) == 0, "%s", version);
}

/* A secret that is missing may still come; a setting that is late leaves the handle as it was. */
static void a_secret_that_comes_later(void) {
  server *at = server_start(fresh_token, NULL);
  char value[128];
  minbearer_message why;
  for (int way = 0; way < 2; way++) {
    minbearer *handle = minbearer_jsa("id", NULL);
    minbearer_set_qoauth_url(handle, server_url(at));
    if (way == 0) minbearer_set_secret_function(handle, supply, NULL);
    if (way == 1) minbearer_set_secret_file(handle, "/proc/self/comm");
    minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
    CHECK(got == MINBEARER_OK, "way %d: %d %s", way, got, why.text);
    CHECK(minbearer_set_timeout(handle, 0) == MINBEARER_MISUSE, "late and wrong");
    CHECK(minbearer_set_basic(handle) == MINBEARER_MISUSE, "late and another flow's");
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
    minbearer_free(handle);
  }
  server_stop(at);
}

void test_misuse(void) {
  overlap();
  queries();
  a_secret_that_comes_later();
  constructors();
  setting_calls();
  the_first_mistake_counts();
  calls_for_a_token();
  minbearer_free(NULL);
  minbearer_wipe(NULL, 8);
  char memory[4] = {1, 2, 3, 4};
  minbearer_wipe(memory, 0);
  CHECK(memory[0] == 1, "0 bytes are none");
  minbearer_wipe(memory, 3);
  CHECK(memory[0] == 0 && memory[1] == 0 && memory[2] == 0 && memory[3] == 4, "3 bytes are 3");
  CHECK(strncmp(minbearer_version(), "0.", 2) == 0, "%s", minbearer_version());
}
