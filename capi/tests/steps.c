/* The calls without a network, in virtual time. */
#include "check.h"
#include <stdio.h>
#include <string.h>

#define SECRET "correct-horse-battery"
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 53\r\n\r\n{\"access_token\": \"abc\", \"expires_in\": 3600}          "

static minbearer *handle_for(const char *url) { return minbearer_client_credentials(url, "id", SECRET); }

static minbearer_step next(minbearer *handle, uint64_t now) {
  minbearer_step step = {MINBEARER_USE, 0, 0};
  minbearer_status got = minbearer_next(handle, now, 0x9E3779B9, &step);
  CHECK(got == MINBEARER_OK, "%d", got);
  CHECK(step.action != MINBEARER_USE || step.has_token == 1, "a token to use");
  CHECK(step.action == MINBEARER_ASK || step.until > now, "%d until %llu at %llu", step.action,
        (unsigned long long)step.until, (unsigned long long)now);
  return step;
}

/* One request at that time, whose answer comes in pieces of this size; none if it is NULL. */
static minbearer_status answered(minbearer *handle, uint64_t now, const char *answer, size_t piece, minbearer_message *why) {
  minbearer_bytes request;
  minbearer_target target;
  int complete = 0;
  minbearer_status got = minbearer_request(handle, now, &request, &target, why);
  CHECK(got == MINBEARER_OK, "%d %s", got, why->text);
  if (got != MINBEARER_OK) return got;
  if (answer == NULL) return minbearer_failed(handle, now);
  for (size_t given = 0; given < strlen(answer) && !complete; given += piece) {
    size_t left = strlen(answer) - given;
    got = minbearer_push(handle, answer + given, left < piece ? left : piece, &complete, why);
    CHECK(got == MINBEARER_OK || complete == 1, "after %d no more bytes are needed", got);
  }
  return minbearer_finish(handle, now, why);
}

static void what_is_sent(void) {
  minbearer *handle = handle_for("https://[2001:db8::7]:8443/token");
  minbearer_set_timeout(handle, 7000);
  minbearer_bytes request;
  minbearer_target target;
  minbearer_message why;
  char text[1024];
  CHECK(next(handle, 5).action == MINBEARER_ASK, "the first step");
  CHECK(minbearer_request(handle, 5, &request, &target, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(target.host, "2001:db8::7") == 0 && target.port == 8443 && target.tls == 1 && target.milliseconds == 7000,
        "%s %d %d %u", target.host, target.port, target.tls, target.milliseconds);
  /* While it is sent, a loop asks what to do, more than once. */
  minbearer_step step = next(handle, 100);
  CHECK(step.action == MINBEARER_WAIT && step.has_token == 0 && step.until == 7005, "%d until %llu", step.action,
        (unsigned long long)step.until);
  CHECK(minbearer_seconds_left(handle) == -1, "no token");
  snprintf(text, sizeof text, "%.*s", (int)request.size, (const char *)request.bytes);
  CHECK(strncmp(text, "POST /token HTTP/1.1\r\nHost: [2001:db8::7]:8443\r\n", 48) == 0, "%s", text);
  CHECK(strstr(text, "client_secret=" SECRET) != NULL, "%s", text);
  CHECK(minbearer_request(handle, 100, &request, &target, &why) == MINBEARER_MISUSE, "a second one: %s", why.text);
  /* Not ended in its time: it counts as failed. */
  step = next(handle, 7005);
  CHECK(step.action == MINBEARER_WAIT && step.until <= 7005 + 2000, "%d until %llu", step.action, (unsigned long long)step.until);
  char value[64];
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_TIMEOUT, "%s", why.text);
  CHECK(minbearer_finish(handle, 7006, &why) == MINBEARER_MISUSE, "it is ended: %s", why.text);
  minbearer_free(handle);
}

static void every_cut(void) {
  for (size_t piece = 1; piece <= strlen(OK_ANSWER); piece++) {
    minbearer *handle = handle_for("https://h/token");
    char value[64];
    minbearer_message why;
    CHECK(next(handle, 0).action == MINBEARER_ASK, "the first step");
    minbearer_status got = answered(handle, 10, OK_ANSWER, piece, &why);
    CHECK(got == MINBEARER_OK, "pieces of %zu: %d %s", piece, got, why.text);
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
    CHECK(strcmp(value, "Bearer abc") == 0, "%s", value);
    CHECK(minbearer_seconds_left(handle) == 3600, "%lld s", (long long)minbearer_seconds_left(handle));
    CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "no network: %s", why.text);
    minbearer_free(handle);
  }
}

/* A day with tokens of an hour, in which the loop sleeps until it is told. */
static void a_day(void) {
  minbearer *handle = handle_for("https://h/token");
  minbearer_message why;
  int requests = 0, steps = 0;
  for (uint64_t now = 0; now < 24 * 3600 * 1000; steps++) {
    minbearer_step step = next(handle, now);
    if (step.action == MINBEARER_ASK) {
      requests++;
      CHECK(requests == 1 || step.has_token == 1, "the old token is used meanwhile");
      CHECK(answered(handle, now, OK_ANSWER, 100, &why) == MINBEARER_OK, "%s", why.text);
    } else {
      CHECK(step.action == MINBEARER_USE, "%d", step.action);
      now = step.until;
    }
  }
  CHECK(requests >= 24 && requests <= 28, "%d requests", requests);
  CHECK(steps <= 2 * requests + 1, "%d steps for %d requests", steps, requests);
  minbearer_free(handle);
}

static void failures(void) {
  minbearer *handle = handle_for("https://h/token");
  minbearer_message why;
  char value[64];
  uint64_t now = 0, pause = 0;
  for (int failure = 0; failure < 12; failure++) {
    CHECK(next(handle, now).action == MINBEARER_ASK, "after the pause");
    CHECK(answered(handle, now, NULL, 0, &why) == MINBEARER_OK, "recorded");
    minbearer_step step = next(handle, now);
    CHECK(step.action == MINBEARER_WAIT && step.has_token == 0, "%d", step.action);
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_NETWORK, "%s", why.text);
    CHECK(strstr(why.text, "the token request to https://h failed: the program got no answer") != NULL, "%s", why.text);
    CHECK(step.until - now >= pause / 2, "the pauses grow: %llu ms", (unsigned long long)(step.until - now));
    CHECK(next(handle, step.until - 1).action == MINBEARER_WAIT, "a millisecond before");
    pause = step.until - now;
    now = step.until;
  }
  CHECK(pause >= 30000 && pause <= 60000, "%llu ms at last", (unsigned long long)pause);
  CHECK(answered(handle, now, "HTTP/1.1 401 No\r\n\r\n{\"error\": \"invalid_client\"}", 9, &why) == MINBEARER_REFUSED, "%s", why.text);
  CHECK(next(handle, now + 1100).action == MINBEARER_WAIT, "a refusal waits longest");
  CHECK(minbearer_wake(handle) == MINBEARER_OK, "wake");
  CHECK(next(handle, now + 1100).action == MINBEARER_ASK, "but not after wake");
  CHECK(answered(handle, now + 1100, OK_ANSWER, 9, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK && why.text[0] == '\0', "%s", why.text);
  minbearer_free(handle);
}

static void a_bad_answer(void) {
  minbearer *handle = handle_for("https://h/token");
  minbearer_message why;
  minbearer_bytes request;
  minbearer_target target;
  int complete = 7;
  CHECK(next(handle, 0).action == MINBEARER_ASK, "the first step");
  CHECK(minbearer_request(handle, 0, &request, &target, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_push(handle, NULL, 0, &complete, &why) == MINBEARER_OK && complete == 0, "no bytes: %s", why.text);
  CHECK(minbearer_push(handle, NULL, 1, &complete, &why) == MINBEARER_MISUSE, "%s", why.text);
  CHECK(minbearer_push(handle, "SSH-2.0\r\n", 9, &complete, &why) == MINBEARER_NETWORK && complete == 1, "%s", why.text);
  CHECK(minbearer_push(handle, "x", 1, &complete, &why) == MINBEARER_NETWORK && complete == 1, "again: %s", why.text);
  CHECK(strcmp(why.text, "") != 0 && strstr(why.text, "https://h failed") != NULL, "%s", why.text);
  CHECK(minbearer_finish(handle, 20, &why) == MINBEARER_NETWORK, "%s", why.text);
  CHECK(next(handle, 20).action == MINBEARER_WAIT, "a pause");
  minbearer_free(handle);
}

static void rejections(void) {
  minbearer *handle = handle_for("https://h/token");
  minbearer_message why;
  CHECK(minbearer_accepted(handle) == MINBEARER_MISUSE && minbearer_rejected(handle, 0) == MINBEARER_MISUSE, "no token");
  CHECK(next(handle, 0).action == MINBEARER_ASK, "the first step");
  CHECK(answered(handle, 0, OK_ANSWER, 100, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_accepted(handle) == MINBEARER_OK, "a call went well");
  CHECK(minbearer_rejected(handle, 100000) == MINBEARER_OK, "a 401");
  minbearer_step step = next(handle, 100000);
  CHECK(step.action == MINBEARER_ASK && step.has_token == 1, "the first one replaces the token: %d", step.action);
  CHECK(answered(handle, 100000, OK_ANSWER, 100, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_rejected(handle, 100100) == MINBEARER_OK, "a 401 at once");
  step = next(handle, 100100);
  CHECK(step.action == MINBEARER_USE && step.until > 100100 + 60000, "the call is forbidden, it seems: until %llu",
        (unsigned long long)step.until);
  /* A pause alone brings no request: another 401 after it does. */
  CHECK(next(handle, 100100 + 4000).action == MINBEARER_USE, "nothing has happened");
  CHECK(minbearer_rejected(handle, 100100 + 4000) == MINBEARER_OK, "a 401 after the pause");
  step = next(handle, 100100 + 4000);
  CHECK(step.action == MINBEARER_ASK && step.has_token == 1, "%d", step.action);
  minbearer_free(handle);

  /* A token that is younger than a second: the header's sketch waits. */
  handle = handle_for("https://h/token");
  CHECK(next(handle, 0).action == MINBEARER_ASK, "the first step");
  CHECK(answered(handle, 10, OK_ANSWER, 100, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_rejected(handle, 20) == MINBEARER_OK, "a 401 at once");
  step = next(handle, 20);
  CHECK(step.action == MINBEARER_USE && step.until - 20 <= 1000, "%d until %llu", step.action, (unsigned long long)step.until);
  step = next(handle, step.until);
  CHECK(step.action == MINBEARER_ASK && step.has_token == 1, "%d", step.action);
  minbearer_free(handle);
}

/* What a program that does not look at the status gets: nothing to do. */
static bool is_no_step(const minbearer_step *step) {
  return step->action == MINBEARER_WAIT && step->has_token == 0 && step->until == UINT64_MAX;
}

static void misuse(void) {
  minbearer_message why;
  minbearer_step step;
  minbearer_bytes request;
  minbearer_target target;
  int complete;
  char value[64];
  memset(&step, 0x5A, sizeof step);
  CHECK(minbearer_next(NULL, 0, 0, &step) == MINBEARER_MISUSE && is_no_step(&step), "no handle");
  minbearer *handle = handle_for("https://h/token");
  CHECK(minbearer_next(handle, 0, 0, NULL) == MINBEARER_MISUSE, "no step");
  CHECK(minbearer_request(handle, 0, NULL, &target, &why) == MINBEARER_MISUSE, "%s", why.text);
  CHECK(strcmp(why.text, "minbearer_request: request is NULL") == 0, "%s", why.text);
  CHECK(minbearer_request(handle, 0, &request, NULL, &why) == MINBEARER_MISUSE, "%s", why.text);
  CHECK(minbearer_push(handle, "x", 1, NULL, &why) == MINBEARER_MISUSE, "%s", why.text);
  CHECK(minbearer_push(handle, "x", 1, &complete, &why) == MINBEARER_MISUSE && complete == 0, "%s", why.text);
  CHECK(minbearer_finish(handle, 0, &why) == MINBEARER_MISUSE && minbearer_failed(handle, 0) == MINBEARER_MISUSE, "%s", why.text);
  /* These were calls without a network, so the handle makes no request itself. */
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "%s", why.text);
  CHECK(strstr(why.text, "minbearer_next says when") != NULL, "%s", why.text);
  CHECK(minbearer_set_timeout(handle, 5) == MINBEARER_MISUSE, "late");
  CHECK(next(handle, 0).action == MINBEARER_ASK, "and it works on");
  CHECK(answered(handle, 0, OK_ANSWER, 100, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_request(handle, 10, &request, &target, &why) == MINBEARER_MISUSE, "nobody said ASK: %s", why.text);
  CHECK(minbearer_authorization(handle, value, sizeof value, NULL) == MINBEARER_OK, "%s", value);
  minbearer_free(handle);

  /* A clock that goes back, and the ends of its range. */
  handle = handle_for("https://h/token");
  static const uint64_t times[] = {UINT64_MAX, 0, UINT64_MAX - 1, 5, UINT64_MAX / 2};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    CHECK(minbearer_next(handle, times[i], UINT32_MAX, &step) == MINBEARER_OK, "at %llu", (unsigned long long)times[i]);
    if (step.action == MINBEARER_ASK) CHECK(answered(handle, times[i], OK_ANSWER, 7, &why) == MINBEARER_OK, "%s", why.text);
  }
  minbearer_free(handle);

  /* What is wrong in a setting comes out of each call. */
  handle = handle_for("http://192.0.2.7/token");
  CHECK(next(handle, 0).action == MINBEARER_ASK, "the URL is looked at in the request");
  CHECK(minbearer_request(handle, 0, &request, &target, &why) == MINBEARER_CONFIG, "%s", why.text);
  CHECK(strstr(why.text, "plain http") != NULL, "%s", why.text);
  CHECK(next(handle, 0).action == MINBEARER_WAIT, "a pause");
  minbearer_free(handle);
  handle = handle_for("not a url");
  memset(&step, 0x5A, sizeof step);
  CHECK(minbearer_next(handle, 0, 0, &step) == MINBEARER_CONFIG && is_no_step(&step), "a bad URL");
  CHECK(minbearer_request(handle, 0, &request, &target, &why) == MINBEARER_CONFIG && why.text[0] != '\0', "%s", why.text);
  minbearer_free(handle);
  handle = minbearer_jsa("id", SECRET);
  CHECK(next(handle, 0).action == MINBEARER_ASK, "JSA");
  CHECK(minbearer_request(handle, 0, &request, &target, &why) == MINBEARER_CONFIG, "%s", why.text);
  CHECK(strstr(why.text, "minbearer_set_qoauth_url") != NULL, "%s", why.text);
  minbearer_free(handle);
}

static minbearer *in_use;

/* Calls the handle, which the header forbids. */
static int supply_with_a_call(void *context, char *secret, size_t size) {
  char value[64];
  minbearer_step step;
  (void)context, (void)size;
  CHECK(minbearer_authorization(in_use, value, sizeof value, NULL) == MINBEARER_MISUSE, "a call in a call");
  CHECK(minbearer_next(in_use, 0, 0, &step) == MINBEARER_MISUSE, "a step in a step");
  CHECK(minbearer_set_timeout(in_use, 5) == MINBEARER_MISUSE, "a setting in a step");
  CHECK(minbearer_wake(in_use) == MINBEARER_MISUSE && minbearer_seconds_left(in_use) == -1, "others");
  strcpy(secret, SECRET);
  return 0;
}

static void a_function_that_calls_the_handle(void) {
  minbearer_message why;
  in_use = minbearer_client_credentials("https://h/token", "id", NULL);
  minbearer_set_secret_function(in_use, supply_with_a_call, NULL);
  CHECK(next(in_use, 0).action == MINBEARER_ASK, "the first step");
  CHECK(answered(in_use, 0, OK_ANSWER, 100, &why) == MINBEARER_OK, "%s", why.text);
  minbearer_free(in_use);
}

void test_steps(void) {
  a_function_that_calls_the_handle();
  what_is_sent();
  every_cut();
  a_day();
  failures();
  a_bad_answer();
  rejections();
  misuse();
}
