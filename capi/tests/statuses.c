/* Each status, from what leads to it. */
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(minbearer *handle, minbearer_status status, const char *part, const char *what) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
  CHECK(got == status, "%s: %d %s", what, got, why.text);
  CHECK(strstr(why.text, part) != NULL, "%s: `%s` has no `%s`", what, why.text, part);
  CHECK(strchr(why.text, '\n') == NULL, "%s: one line: %s", what, why.text);
  minbearer_free(handle);
}

static void answered(const char *status_line, const char *body, minbearer_status status, const char *part) {
  const char *status_and_body[] = {status_line, body};
  server *at = server_start(canned, status_and_body);
  expect(jsa_at(at), status, part, status_line);
  server_stop(at);
}

static void located(const char *script, minbearer_status status, const char *part) {
  char *program = write_script(script);
  minbearer *handle = minbearer_jsa("id", "secret");
  minbearer_set_qoauth_host(handle, "127.0.0.1");
  minbearer_set_locator(handle, program);
  minbearer_set_timeout(handle, 2000);
  expect(handle, status, part, script);
  end_script(program);
}

static void from_the_environment(void) {
  static const char *const names[] = {"CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "QOAUTH_URL"};
  for (int row = 0; row < 4; row++) unsetenv(names[row]);
  expect(minbearer_jsa_from_env(), MINBEARER_CONFIG, "CLIENT_", "nothing is set");
  expect(minbearer_client_credentials_from_env("https://h"), MINBEARER_CONFIG, "CLIENT_", "nothing is set");
  server *at = server_start(fresh_token, NULL);
  setenv("CLIENT_ID", "id", 1);
  setenv("CLIENT_SECRET", "secret", 1);
  setenv("QOAUTH_URL", server_url(at), 1);
  expect(minbearer_jsa_from_env(), MINBEARER_OK, "", "JSA");
  expect(minbearer_client_credentials_from_env(server_url(at)), MINBEARER_OK, "", "client credentials");
  setenv("QOAUTH_URL", "", 1);
  expect(minbearer_jsa_from_env(), MINBEARER_CONFIG, "QOAUTH_URL", "an empty variable");
  for (int row = 0; row < 4; row++) unsetenv(names[row]);
  server_stop(at);
}

static void a_long_message_is_cut(void) {
  /* Two bytes a character, so that the cut may not fall between them. */
  char program[4096] = "/nonexistent/";
  for (int i = 0; i < 2000; i++) strcat(program, "\xc3\xa9");
  minbearer *handle = minbearer_jsa("id", "secret");
  minbearer_set_locator(handle, program);
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why[2];
  memset(why, '?', sizeof why);
  CHECK(minbearer_authorization(handle, value, sizeof value, why) == MINBEARER_LOCATOR, "%s", why[0].text);
  size_t length = strnlen(why[0].text, sizeof why[0]);
  CHECK(length < MINBEARER_MESSAGE_SIZE, "%zu bytes", length);
  CHECK(why[1].text[0] == '?', "what follows is left alone");
  minbearer_free(handle);
}

void test_statuses(void) {
  const char *token = "{\"access_token\": \"abc\", \"token_type\": \"Bearer\"}";
  answered("200 OK", token, MINBEARER_OK, "");
  answered("401 Unauthorized", "{\"error\": \"invalid_client\"}", MINBEARER_REFUSED, "invalid_client");
  answered("400 Bad Request", "{\"error\": \"correct-horse-battery\"}", MINBEARER_REFUSED, "[redacted]");
  answered("302 Found", "", MINBEARER_REFUSED, "redirect");
  answered("200 OK", "{}", MINBEARER_MALFORMED, "access_token");
  answered("503 Service Unavailable", "", MINBEARER_UNAVAILABLE, "503");
  answered("429 Too Many Requests", "", MINBEARER_UNAVAILABLE, "429");
  answered("not a status line", "", MINBEARER_NETWORK, "HTTP");
  server *gone = server_start(fresh_token, NULL);
  minbearer *handle = jsa_at(gone);
  server_stop(gone);
  expect(handle, MINBEARER_NETWORK, "refused", "nothing listens");
  handle = minbearer_client_credentials("http://192.0.2.1/token", "id", "secret");
  expect(handle, MINBEARER_CONFIG, "plain http", "http");
  located("#!/bin/sh\nexit 1\n", MINBEARER_LOCATOR, "exit status: 1");
  located("#!/bin/sh\necho no port\n", MINBEARER_LOCATOR, "no port");
  handle = minbearer_jsa("id", "secret");
  minbearer_set_locator(handle, "/nonexistent");
  /* Under valgrind a child has to start before it can fail, so this is all that the message always says. */
  expect(handle, MINBEARER_LOCATOR, "the port locator /nonexistent", "no locator");
  from_the_environment();
  a_long_message_is_cut();
}
