/* A network of the program's own, here one in memory: what it does well, and each way in which it can misbehave. */
#include "check.h"
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECRET "correct-horse-battery"

/* What a function does in place of what it should. */
enum way { WELL, ONE_BYTE, NOTHING, TOO_MUCH, MUCH_TOO_MUCH, CLOSES, FAILS, FAILS_LEAST, TOO_LATE, AT_THE_END };

struct fake {
  enum way connects, sends, receives;
  const char *answer;
  size_t given;
  int connections, open, calls, received, tls;
  bool asked_for_no_time;
  char host[64], request[2048];
  uint16_t port;
  size_t sent;
};

static void note_time(struct fake *fake, uint32_t milliseconds) {
  fake->calls++;
  fake->asked_for_no_time |= milliseconds == 0;
}

static void *fake_connect(void *context, const char *host, uint16_t port, int tls, uint32_t milliseconds) {
  struct fake *fake = context;
  note_time(fake, milliseconds);
  snprintf(fake->host, sizeof fake->host, "%s", host);
  fake->port = port;
  fake->tls = tls;
  fake->given = fake->sent = 0;
  if (fake->connects == TOO_LATE) sleep_ms((long)milliseconds + 20);
  if (fake->connects == AT_THE_END) { /* within the last millisecond */
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000LL + now.tv_nsec - start.tv_nsec < milliseconds * 1000000LL - 990000);
    return NULL;
  }
  if (fake->connects == FAILS) return NULL;
  fake->connections++;
  fake->open++;
  return fake;
}

static int32_t moved(enum way way, size_t size, uint32_t milliseconds) {
  switch (way) {
  case ONE_BYTE:
    return size > 0 ? 1 : 0;
  case NOTHING:
    return 0;
  case TOO_MUCH:
    return (int32_t)size + 1;
  case MUCH_TOO_MUCH:
    return INT32_MAX;
  case CLOSES:
    return MINBEARER_CLOSED;
  case FAILS:
    return -77;
  case FAILS_LEAST:
    return INT32_MIN;
  case TOO_LATE:
    sleep_ms((long)milliseconds + 20);
    return size > 0 ? 1 : 0;
  default:
    return (int32_t)size;
  }
}

static int32_t fake_send(void *connection, const void *bytes, size_t size, uint32_t milliseconds) {
  struct fake *fake = connection;
  note_time(fake, milliseconds);
  int32_t sent = moved(fake->sends, size, milliseconds);
  if (sent > 0 && (size_t)sent <= size && fake->sent + (size_t)sent < sizeof fake->request) {
    memcpy(fake->request + fake->sent, bytes, (size_t)sent);
    fake->sent += (size_t)sent;
    fake->request[fake->sent] = '\0';
  }
  return sent;
}

static int32_t fake_receive(void *connection, void *bytes, size_t size, uint32_t milliseconds) {
  struct fake *fake = connection;
  note_time(fake, milliseconds);
  fake->received++;
  size_t left = strlen(fake->answer) - fake->given;
  if (left == 0 && fake->receives < NOTHING) return MINBEARER_CLOSED;
  int32_t received = moved(fake->receives, fake->receives == WELL || fake->receives == ONE_BYTE ? (left < size ? left : size) : size,
                           milliseconds);
  if (received > 0 && (size_t)received <= left && (size_t)received <= size) {
    memcpy(bytes, fake->answer + fake->given, (size_t)received);
    fake->given += (size_t)received;
  }
  return received;
}

static void fake_close(void *connection) { ((struct fake *)connection)->open--; }

static uint64_t milliseconds(void *context) { return (void)context, (uint64_t)now_ms(); }
static uint32_t random_bits(void *context) { return (void)context, 4; }

static minbearer *handle_over(struct fake *fake, const char *url) {
  minbearer_transport transport = {fake, fake_connect, fake_send, fake_receive, fake_close};
  minbearer *handle = minbearer_client_credentials(url, "id", SECRET);
  CHECK(minbearer_set_transport(handle, &transport) == MINBEARER_OK, "a transport");
  memset(&transport, 0, sizeof transport); /* it was copied */
  minbearer_set_clock(handle, milliseconds, random_bits, NULL);
  minbearer_set_timeout(handle, 150);
  return handle;
}

#define TOKEN "{\"access_token\": \"abc\", \"token_type\": \"Bearer\"}"
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n" TOKEN
#define REFUSAL "HTTP/1.1 400 Bad Request\r\n\r\n{\"error\": \"invalid_client\", \"error_description\": \"not " SECRET "\"}"

static void each_way(void) {
  static const struct {
    const char *what;
    enum way connects, sends, receives;
    const char *answer;
    minbearer_status status;
    const char *part;
  } rows[] = {
      {"well", WELL, WELL, WELL, OK_ANSWER, MINBEARER_OK, ""},
      {"a byte at a time", WELL, ONE_BYTE, ONE_BYTE, OK_ANSWER, MINBEARER_OK, ""},
      {"a refusal", WELL, WELL, WELL, REFUSAL, MINBEARER_REFUSED, "[redacted]"},
      {"no connection", FAILS, WELL, WELL, "", MINBEARER_NETWORK, "could not connect to https://token.example: its function connect returned NULL"},
      {"no connection, at the deadline", AT_THE_END, WELL, WELL, "", MINBEARER_TIMEOUT, "longer than the timeout"},
      {"a connection too late", TOO_LATE, WELL, WELL, OK_ANSWER, MINBEARER_TIMEOUT, "longer than the timeout"},
      {"sends nothing", WELL, NOTHING, WELL, OK_ANSWER, MINBEARER_TIMEOUT, "longer than the timeout"},
      {"sends too late", WELL, TOO_LATE, WELL, OK_ANSWER, MINBEARER_TIMEOUT, "longer than the timeout"},
      {"sends too much", WELL, TOO_MUCH, WELL, OK_ANSWER, MINBEARER_NETWORK, "function send returned"},
      {"sends much too much", WELL, MUCH_TOO_MUCH, WELL, OK_ANSWER, MINBEARER_NETWORK, "function send returned 2147483647 for"},
      {"closes while it sends", WELL, CLOSES, CLOSES, "", MINBEARER_NETWORK, "closed while the request was sent"},
      {"closes while it sends, after a refusal", WELL, CLOSES, WELL, REFUSAL, MINBEARER_REFUSED, "invalid_client"},
      {"cannot send", WELL, FAILS, WELL, OK_ANSWER, MINBEARER_NETWORK, "the token request to https://token.example failed: the transport's function send returned -77"},
      {"cannot send, the least number", WELL, FAILS_LEAST, WELL, OK_ANSWER, MINBEARER_NETWORK, "returned -2147483648"},
      {"receives nothing", WELL, WELL, NOTHING, "", MINBEARER_TIMEOUT, "longer than the timeout"},
      {"receives too late", WELL, WELL, TOO_LATE, OK_ANSWER, MINBEARER_TIMEOUT, "longer than the timeout"},
      {"receives too much", WELL, WELL, TOO_MUCH, "", MINBEARER_NETWORK, "function receive returned"},
      {"receives much too much", WELL, WELL, MUCH_TOO_MUCH, "", MINBEARER_NETWORK, "receive returned 2147483647 for"},
      {"cannot receive", WELL, WELL, FAILS, "", MINBEARER_NETWORK, "function receive returned -77"},
      {"cannot receive, the least number", WELL, WELL, FAILS_LEAST, "", MINBEARER_NETWORK, "returned -2147483648"},
      {"no answer", WELL, WELL, CLOSES, "", MINBEARER_NETWORK, "without an answer"},
      {"half an answer", WELL, WELL, WELL, "HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{", MINBEARER_NETWORK, "cut short"},
      {"no HTTP", WELL, WELL, WELL, "SSH-2.0-OpenSSH\r\n", MINBEARER_NETWORK, "the token request to https://token.example failed: the answer is not HTTP"},
      {"no token", WELL, WELL, WELL, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", MINBEARER_MALFORMED, "access_token"},
  };
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    struct fake fake = {rows[row].connects, rows[row].sends, rows[row].receives, rows[row].answer, 0, 0, 0, 0, 0, -1, false, "", "", 0, 0};
    minbearer *handle = handle_over(&fake, "https://token.example/token");
    char value[64] = "old";
    minbearer_message why;
    minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
    CHECK(got == rows[row].status, "%s: %d %s", rows[row].what, got, why.text);
    CHECK(strstr(why.text, rows[row].part) != NULL, "%s: `%s` has no `%s`", rows[row].what, why.text, rows[row].part);
    CHECK(strstr(why.text, SECRET) == NULL, "%s: %s", rows[row].what, why.text);
    CHECK(strcmp(value, got == MINBEARER_OK ? "Bearer abc" : "") == 0, "%s: %s", rows[row].what, value);
    CHECK(fake.open == 0 && fake.connections == (rows[row].connects != FAILS && rows[row].connects != AT_THE_END), "%s: %d of %d connections are open",
          rows[row].what, fake.open, fake.connections);
    bool broken = rows[row].connects != WELL || (rows[row].sends > ONE_BYTE && rows[row].sends != CLOSES);
    CHECK(!broken || fake.received == 0, "%s: receive was called", rows[row].what);
    CHECK(!fake.asked_for_no_time, "%s: a function was called without time", rows[row].what);
    CHECK(fake.tls == 1 && fake.port == 443 && strcmp(fake.host, "token.example") == 0, "%s: %d %d %s", rows[row].what,
          fake.tls, fake.port, fake.host);
    /* A second call: the kept token, or the failure again, without a request. */
    int calls = fake.calls;
    CHECK(minbearer_authorization(handle, value, sizeof value, NULL) == got, "%s: again", rows[row].what);
    CHECK(fake.calls == calls, "%s: in its pause", rows[row].what);
    CHECK(minbearer_seconds_left(handle) == -1, "%s: no lifetime", rows[row].what);
    minbearer_free(handle);
  }
}

static void where_it_connects(void) {
  static const struct {
    const char *url, *host;
    int port, tls;
  } rows[] = {
      {"https://[2001:db8::7]:8443/token", "2001:db8::7", 8443, 1},
      {"http://127.0.0.1:8080/token", "127.0.0.1", 8080, 0},
      {"https://token.example/token", "token.example", 443, 1},
  };
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    struct fake fake = {.answer = OK_ANSWER};
    minbearer *handle = handle_over(&fake, rows[row].url);
    char value[64];
    minbearer_message why;
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
    CHECK(strcmp(fake.host, rows[row].host) == 0 && fake.port == rows[row].port && fake.tls == rows[row].tls,
          "%s: %s %d %d", rows[row].url, fake.host, fake.port, fake.tls);
    CHECK(strncmp(fake.request, "POST /token HTTP/1.1\r\n", 22) == 0, "%s", fake.request);
    CHECK(strstr(fake.request, "client_secret=" SECRET) != NULL, "%s", fake.request);
    minbearer_free(handle);
  }
}

static void renewal(void) {
  struct fake fake = {.answer = "HTTP/1.1 200 OK\r\n\r\n{\"access_token\": \"abc\", \"expires_in\": 3600}"};
  minbearer *handle = handle_over(&fake, "https://token.example/token");
  char value[64] = "Bearer other";
  minbearer_message why;
  CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(value, "Bearer abc") == 0 && fake.connections == 1, "%s, %d connections", value, fake.connections);
  CHECK(minbearer_seconds_left(handle) > 3590, "%lld s", (long long)minbearer_seconds_left(handle));
  CHECK(minbearer_wake(handle) == MINBEARER_OK, "wake");
  sleep_ms(1100); /* no two requests within a second, whoever wants them */
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(fake.connections == 2, "%d connections after wake", fake.connections);
  /* A renewal that fails: the old token is valid. */
  fake.connects = FAILS;
  sleep_ms(1100);
  CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_OK || why.text[0] != '\0', "%s", why.text);
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_access_token(handle, value, sizeof value, &why) == MINBEARER_OK && strcmp(value, "abc") == 0, "%s", value);
  minbearer_free(handle);
}

/* A token that is rejected in the second of its request: the call waits for its end, where something can wait. */
static void renewal_of_a_young_token(void) {
  struct fake fake = {.answer = OK_ANSWER};
  minbearer *handle = handle_over(&fake, "https://token.example/token");
  minbearer_set_timeout(handle, 5000);
  char value[64];
  minbearer_message why;
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(minbearer_renew(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(fake.connections == (HAS_SYSTEM ? 2 : 1), "%d connections", fake.connections);
  if (!HAS_SYSTEM) sleep_ms(1100);
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(fake.connections == 2, "%d connections", fake.connections);
  minbearer_free(handle);
}

static void members(void) {
  struct fake fake = {.answer = "HTTP/1.1 200 OK\r\n\r\n{\"access_token\": \"abc\", \"instance_url\": \"https://i.example\", \"id\": 7}"};
  minbearer *handle = handle_over(&fake, "https://token.example/token");
  minbearer_keep_member(handle, "instance_url");
  minbearer_keep_member(handle, "id");
  char value[64];
  minbearer_message why;
  CHECK(minbearer_member(handle, "instance_url", value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(value, "https://i.example") == 0, "%s", value);
  CHECK(minbearer_member(handle, "instance_url", value, 4, &why) == MINBEARER_MISUSE && value[0] == '\0', "%s", why.text);
  CHECK(minbearer_member(handle, "id", value, sizeof value, &why) == MINBEARER_MALFORMED, "a number: %s", why.text);
  CHECK(minbearer_member(handle, "scope", value, sizeof value, &why) == MINBEARER_MISUSE, "not kept: %s", why.text);
  strcpy(value, "instance_url"); /* the name where the value goes */
  CHECK(minbearer_member(handle, value, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(value, "https://i.example") == 0 && fake.connections == 1, "%s, %d connections", value, fake.connections);
  minbearer_free(handle);
}

static void settings(void) {
  struct fake fake = {.answer = OK_ANSWER};
  minbearer_transport whole = {&fake, fake_connect, fake_send, fake_receive, fake_close};
  char value[64];
  minbearer_message why;
  CHECK(minbearer_set_transport(NULL, &whole) == MINBEARER_MISUSE, "no handle");
  for (int missing = 0; missing < 5; missing++) {
    minbearer_transport transport = whole;
    if (missing == 1) transport.connect = NULL;
    if (missing == 2) transport.send = NULL;
    if (missing == 3) transport.receive = NULL;
    if (missing == 4) transport.close = NULL;
    minbearer *handle = minbearer_client_credentials("https://h/token", "id", SECRET);
    CHECK(minbearer_set_transport(handle, missing == 0 ? NULL : &transport) == MINBEARER_MISUSE, "%d is missing", missing);
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "%s", why.text);
    CHECK(strstr(why.text, "minbearer_set_transport: ") != NULL && strstr(why.text, "NULL") != NULL, "%s", why.text);
    minbearer_free(handle);
  }
  /* The two networks in either order: the message names both settings. */
  for (int row = 0; row < 6; row++) {
    static const char *const names[] = {"minbearer_set_ca", "minbearer_set_proxy", "minbearer_set_server_name"};
    int setting = row % 3;
    bool is_first = row > 2;
    if (is_first && (!minbearer_has_tls() || setting == 0)) continue; /* there is no CA to try it with */
    minbearer *handle = minbearer_client_credentials("https://h/token", "id", SECRET);
    if (!is_first) minbearer_set_transport(handle, &whole);
    minbearer_status got = setting == 0   ? minbearer_set_ca(handle, "pem")
                           : setting == 1 ? minbearer_set_proxy(handle, "http://h:8080", NULL, NULL)
                                          : minbearer_set_server_name(handle, "h", "name");
    if (is_first) got = minbearer_set_transport(handle, &whole);
    CHECK(got == MINBEARER_MISUSE, "row %d: %d", row, got);
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "%s", why.text);
    CHECK(strstr(why.text, names[setting]) == why.text && strstr(why.text, "the handle has a transport by minbearer_set_transport"), "%s", why.text);
    minbearer_free(handle);
  }
  minbearer *handle = handle_over(&fake, "https://h/token");
  minbearer_step step;
  CHECK(minbearer_next(handle, 0, 0, &step) == MINBEARER_MISUSE, "two ways at once");
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "and the handle works on: %s", why.text);
  CHECK(minbearer_next(handle, 0, 0, &step) == MINBEARER_MISUSE, "two ways at once");
  minbearer_free(handle);
}

/* ---- What each setting sends ---- */

#define JWT "aGVhZA.Ym9keQ.c2ln"

static int supply_secret(void *context, char *secret, size_t size) {
  snprintf(secret, size, "%s", (const char *)context);
  return 0;
}

static char *assertion_file;
static void is_body(minbearer *handle) { (void)handle; }
static void is_basic(minbearer *handle) { minbearer_set_basic(handle); }
static void is_unencoded(minbearer *handle) { minbearer_set_basic_unencoded(handle); }
static void has_scopes(minbearer *handle) {
  minbearer_add_scope(handle, "read");
  minbearer_add_scope(handle, "write");
}
static void has_parameters(minbearer *handle) {
  minbearer_add_parameter(handle, "audience", "https://api");
  minbearer_add_parameter(handle, "resource", "a");
}
static void has_headers(minbearer *handle) {
  minbearer_add_request_header(handle, "X-Key", "key of the gateway");
  minbearer_add_request_header(handle, "X-Tenant", "7");
}
static void is_another_grant(minbearer *handle) { minbearer_set_grant_type(handle, "account_credentials"); }
static void is_of_a_certificate(minbearer *handle) { minbearer_set_grant_type(handle, "client_credentials"); }
static void has_secret_function(minbearer *handle) {
  minbearer_set_secret_function(handle, supply_secret, (void *)"of-a-function");
}
static void has_assertion_function(minbearer *handle) {
  minbearer_set_assertion_function(handle, supply_secret, (void *)JWT);
}
static void has_secret_file(minbearer *handle) { minbearer_set_secret_file(handle, "/proc/sys/kernel/ostype"); }
static void has_assertion_file(minbearer *handle) { minbearer_set_assertion_file(handle, assertion_file); }
static void is_plain(minbearer *handle) { minbearer_set_plain_http(handle); }

static void what_settings_send(void) {
  static const struct {
    void (*set)(minbearer *);
    const char *secret, *wanted, *also, *unwanted;
    bool needs_system;
  } rows[] = {
      {is_body, "a b", "client_id=id&client_secret=a%20b", "grant_type=client_credentials", "Authorization", false},
      {is_basic, "a b", "Authorization: Basic aWQ6YSUyMGI=", "", "client_secret", false},
      {is_unencoded, "a b", "Authorization: Basic aWQ6YSBi", "", "client_secret", false},
      {has_scopes, SECRET, "scope=read%20write", "", "Authorization", false},
      {has_parameters, SECRET, "audience=https%3A%2F%2Fapi", "resource=a", "Authorization", false},
      {has_headers, SECRET, "\r\nX-Key: key of the gateway\r\n", "\r\nX-Tenant: 7\r\n", "Authorization", false},
      {is_another_grant, NULL, "grant_type=account_credentials", "client_id=id", "client_secret", false},
      {is_another_grant, SECRET, "grant_type=account_credentials", "client_secret=" SECRET, "client_credentials", false},
      {is_of_a_certificate, NULL, "grant_type=client_credentials", "client_id=id", "client_secret", false},
      {has_secret_function, NULL, "client_secret=of-a-function", "", SECRET, false},
      {has_secret_function, SECRET, "client_secret=of-a-function", "", SECRET, false},
      {has_assertion_function, NULL, "client_assertion=" JWT, "client_assertion_type=urn%3Aietf", "client_secret", false},
      {has_assertion_function, SECRET, "client_assertion=" JWT, "", SECRET, false},
      {has_secret_file, NULL, "client_secret=Linux", "", "%0A", true},
      {has_assertion_file, NULL, "client_assertion=" JWT, "client_assertion_type=urn%3Aietf", "%0A", true},
  };
  assertion_file = write_script(JWT "\n");
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    struct fake fake = {.answer = OK_ANSWER};
    minbearer_transport transport = {&fake, fake_connect, fake_send, fake_receive, fake_close};
    minbearer *handle = minbearer_client_credentials("https://h/token", "id", rows[row].secret);
    minbearer_set_transport(handle, &transport);
    minbearer_set_clock(handle, milliseconds, random_bits, NULL);
    rows[row].set(handle);
    char value[64];
    minbearer_message why;
    minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
    if (rows[row].needs_system && !HAS_SYSTEM) {
      CHECK(got == MINBEARER_CONFIG && strstr(why.text, "built without an operating system") != NULL, "row %zu: %s", row, why.text);
    } else {
      CHECK(got == MINBEARER_OK, "row %zu: %d %s", row, got, why.text);
      CHECK(strstr(fake.request, rows[row].wanted) != NULL, "row %zu: %s", row, fake.request);
      CHECK(strstr(fake.request, rows[row].also) != NULL, "row %zu: %s", row, fake.request);
      CHECK(strstr(fake.request, rows[row].unwanted) == NULL, "row %zu: %s", row, fake.request);
    }
    minbearer_free(handle);
  }
  end_script(assertion_file);
  for (int allowed = 0; allowed < 2; allowed++) {
    struct fake fake = {.answer = OK_ANSWER};
    minbearer *handle = handle_over(&fake, "http://192.0.2.7/token");
    if (allowed) is_plain(handle);
    char value[64];
    minbearer_message why;
    minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
    CHECK(got == (allowed ? MINBEARER_OK : MINBEARER_CONFIG), "plain http %d: %d %s", allowed, got, why.text);
    CHECK(fake.connections == allowed && fake.tls == 0, "%d connections", fake.connections);
    minbearer_free(handle);
  }
}

static void the_documented_flows(void) {
  for (int flow = 0; flow < 2; flow++) {
    struct fake fake = {.answer = OK_ANSWER};
    minbearer_transport transport = {&fake, fake_connect, fake_send, fake_receive, fake_close};
    minbearer *handle = flow == 0 ? minbearer_jsa("id", SECRET) : minbearer_accelerator("https://h:6271/project", "rose", SECRET);
    if (flow == 0) minbearer_set_qoauth_url(handle, "https://h:6271");
    minbearer_set_transport(handle, &transport);
    minbearer_set_clock(handle, milliseconds, random_bits, NULL);
    char value[64];
    minbearer_message why;
    CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "flow %d: %s", flow, why.text);
    CHECK(strcmp(value, flow == 0 ? "Bearer abc" : "Bearer:abc") == 0, "%s", value);
    CHECK(fake.port == 6271 && fake.tls == 1 && strcmp(fake.host, "h") == 0, "%s %d", fake.host, fake.port);
    CHECK(strstr(fake.request, flow == 0 ? "GET /token?grant_type=client_credentials&client_id=id&client_secret=" SECRET
                                         : "username=rose&password=" SECRET) != NULL, "%s", fake.request);
    minbearer_free(handle);
  }
}

/* ---- A function for a secret that misbehaves ---- */

enum supply { RETURNS_5, RETURNS_LEAST, NO_NUL, NOT_UTF8, EMPTY, UNTOUCHED, LONGEST, SLOW };

static int bad_supply(void *context, char *secret, size_t size) {
  CHECK(size == MINBEARER_SECRET_SIZE, "%zu", size);
  switch (*(enum supply *)context) {
  case RETURNS_5:
    strcpy(secret, SECRET);
    return 5;
  case RETURNS_LEAST:
    return INT_MIN;
  case NO_NUL:
    memset(secret, 'x', size);
    return 0;
  case NOT_UTF8:
    strcpy(secret, SECRET "\xff");
    return 0;
  case EMPTY:
    secret[0] = '\0';
    return 0;
  case LONGEST:
    memset(secret, 'x', size - 1);
    secret[8] = secret[16] = '.'; /* a JWT too */
    secret[size - 1] = '\0';
    return 0;
  case SLOW:
    sleep_ms(200);
    strcpy(secret, JWT);
    return 0;
  default:
    return 0;
  }
}

static void functions_for_a_secret(void) {
  static const struct {
    enum supply way;
    minbearer_status status;
    const char *part;
  } rows[] = {
      {RETURNS_5, MINBEARER_CONFIG, "returned 5"},
      {RETURNS_LEAST, MINBEARER_CONFIG, "returned -2147483648"},
      {NO_NUL, MINBEARER_CONFIG, "does not end with a NUL"},
      {NOT_UTF8, MINBEARER_CONFIG, "not UTF-8"},
      {EMPTY, MINBEARER_CONFIG, "empty"},
      {UNTOUCHED, MINBEARER_CONFIG, "empty"},
      {LONGEST, MINBEARER_OK, ""},
      {SLOW, MINBEARER_TIMEOUT, ""},
  };
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    for (int is_assertion = 0; is_assertion < 2; is_assertion++) {
      struct fake fake = {.answer = OK_ANSWER};
      enum supply way = rows[row].way;
      minbearer *handle = handle_over(&fake, "https://h/token");
      if (is_assertion) minbearer_set_assertion_function(handle, bad_supply, &way);
      else minbearer_set_secret_function(handle, bad_supply, &way);
      char value[64] = "old";
      minbearer_message why;
      minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
      CHECK(got == rows[row].status, "row %zu, %d: %d %s", row, is_assertion, got, why.text);
      CHECK(strstr(why.text, rows[row].part) != NULL && strstr(why.text, SECRET) == NULL, "row %zu: %s", row, why.text);
      CHECK(strcmp(value, got == MINBEARER_OK ? "Bearer abc" : "") == 0, "row %zu: %s", row, value);
      CHECK(fake.open == 0 && fake.connections == (got == MINBEARER_OK), "row %zu: %d connections", row, fake.connections);
      minbearer_free(handle);
    }
  }
}

/* What needs an operating system says so where there is none. */
static void without_a_system(void) {
  if (HAS_SYSTEM) return;
  minbearer *handles[] = {minbearer_jsa_from_env(), minbearer_client_credentials_from_env("https://h/token"),
                          minbearer_jsa("id", SECRET), minbearer_jsa("id", NULL)};
  CHECK(minbearer_set_locator(handles[2], "/bin/true") == MINBEARER_CONFIG, "a locator");
  CHECK(minbearer_set_secret_file(handles[3], "/secret") == MINBEARER_CONFIG, "a file");
  for (size_t row = 0; row < sizeof handles / sizeof *handles; row++) {
    char value[64];
    minbearer_message why;
    minbearer_step step;
    CHECK(minbearer_authorization(handles[row], value, sizeof value, &why) == MINBEARER_CONFIG, "row %zu: %s", row, why.text);
    CHECK(strstr(why.text, "built without an operating system") != NULL, "row %zu: %s", row, why.text);
    CHECK(minbearer_next(handles[row], 0, 0, &step) == MINBEARER_CONFIG, "row %zu", row);
    minbearer_free(handles[row]);
  }
  struct fake fake = {.answer = OK_ANSWER};
  minbearer_transport transport = {&fake, fake_connect, fake_send, fake_receive, fake_close};
  minbearer *handle = minbearer_client_credentials("https://h/token", "id", SECRET);
  minbearer_set_transport(handle, &transport);
  char value[64];
  minbearer_message why;
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_MISUSE, "no clock: %s", why.text);
  CHECK(strstr(why.text, "minbearer_set_clock") != NULL, "%s", why.text);
  minbearer_free(handle);
}

/* ---- Stack ---- */

static unsigned char stack[64 * 1024] __attribute__((aligned(4096)));
static minbearer *on_the_stack;

static void *call_on_the_stack(void *context) {
  static char value[64];
  unsigned char here;
  CHECK(minbearer_authorization(on_the_stack, value, sizeof value, NULL) == *(minbearer_status *)context, "a status");
  unsigned char *volatile start = &here; /* how deep the call began */
  return start;
}

/* Without an operating system little stack is enough, for the answers that take most. */
static void little_stack(void) {
#if !HAS_SYSTEM && !defined(__SANITIZE_ADDRESS__)
  static struct {
    const char *answer;
    minbearer_status status;
  } rows[] = {{OK_ANSWER, MINBEARER_OK}, {OK_ANSWER, MINBEARER_OK}, {REFUSAL, MINBEARER_REFUSED}, {"SSH-2.0\r\n", MINBEARER_NETWORK},
              {"HTTP/1.1 403 No\r\nContent-Type: text/html\r\n\r\n<title>" SECRET "</title>", MINBEARER_REFUSED}};
  mallopt(M_ARENA_MAX, 1); /* malloc's first call in a thread would take more than ours */
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    struct fake fake = {.answer = rows[row].answer};
    on_the_stack = handle_over(&fake, "https://token.example/token");
    memset(stack, 0xA5, sizeof stack);
    pthread_attr_t attributes;
    pthread_t thread;
    void *start;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, sizeof stack);
    pthread_create(&thread, &attributes, call_on_the_stack, &rows[row].status);
    pthread_join(thread, &start);
    unsigned char *deepest = stack;
    while (*deepest == 0xA5) deepest++;
    minbearer_free(on_the_stack);
    if (row == 0) continue; /* the dynamic linker looked for functions on the same stack */
    CHECK((unsigned char *)start - deepest < 6 * 1024, "row %zu: %td bytes", row, (unsigned char *)start - deepest);
  }
#else
  (void)stack, (void)call_on_the_stack;
#endif
}

void test_transport(void) {
  little_stack();
  what_settings_send();
  the_documented_flows();
  functions_for_a_secret();
  without_a_system();
  each_way();
  where_it_connects();
  renewal();
  renewal_of_a_young_token();
  members();
  settings();
}
