/*
 * Gets a token over a modem and calls an API with it: minbearer without an operating system. `get_token` is the part to
 * take into a firmware; a device goes on from there and calls minbearer_next before each of its calls.
 */
#include "firmware.h"
#include <stdlib.h>
#include <string.h>

/* ---- The library's memory, counted ---- */

static uint32_t in_use, peak;

void *minbearer_allocate(size_t size) {
  size_t *memory = malloc(size + 8);
  if (memory == NULL) return NULL;
  memory[0] = size;
  in_use += (uint32_t)size;
  if (in_use > peak) peak = in_use;
  return memory + 2;
}

void minbearer_release(void *memory) {
  size_t *start = (size_t *)memory - 2;
  in_use -= (uint32_t)start[0];
  free(start);
}

void minbearer_out_of_memory(void) {
  console_print("out of memory\n");
  console_exit(100);
}

/* ---- The token ---- */

struct answer {
  minbearer *handle;
  minbearer_message *why;
};

/* Bytes of the token server's answer: 0 once it is complete. */
static int push(void *context, const void *bytes, size_t size) {
  struct answer *answer = context;
  int complete = 0;
  minbearer_status status = minbearer_push(answer->handle, bytes, size, &complete, answer->why);
  return status == MINBEARER_OK && !complete; /* minbearer_finish tells a failure again */
}

/* Asks for a token if one is due. After MINBEARER_OK minbearer_authorization has one. */
static minbearer_status get_token(minbearer *handle, minbearer_message *why) {
  minbearer_step step;
  minbearer_bytes request;
  minbearer_target target;
  minbearer_status status = minbearer_next(handle, board_milliseconds(), board_random(), &step);
  if (status == MINBEARER_OK && step.action == MINBEARER_ASK) {
    status = minbearer_request(handle, board_milliseconds(), &request, &target, why);
    if (status == MINBEARER_OK) {
      struct answer answer = {handle, why};
      uint64_t deadline = board_milliseconds() + target.milliseconds;
      if (modem_exchange(target.host, target.port, target.tls, request.bytes, request.size, deadline, push, &answer)) {
        status = minbearer_finish(handle, board_milliseconds(), why);
      } else {
        status = minbearer_failed(handle, board_milliseconds());
      }
    }
  }
  return status;
}

/* ---- The API ---- */

/* The start of an API's answer. A firmware with a JSON parser would read it as it comes. */
struct page {
  char text[512];
  size_t length;
};

static int keep(void *context, const void *bytes, size_t size) {
  struct page *page = context;
  size_t room = sizeof page->text - 1 - page->length;
  memcpy(page->text + page->length, bytes, size < room ? size : room);
  page->length += size < room ? size : room;
  return 1; /* until the server closes */
}

/* GETs http://host:port/path with the token: the API's status, or 0. */
static int call_api(char *url, const char *value, struct page *page) {
  char host[64];
  char *port = strchr(url + 7, ':'), *path = port == NULL ? NULL : strchr(port, '/');
  size_t length = strlen(value) + strlen(url) + 128;
  char *request = malloc(length);
  if (path == NULL || request == NULL || (size_t)(port - url - 7) >= sizeof host) return 0;
  memcpy(host, url + 7, (size_t)(port - url - 7));
  host[port - url - 7] = '\0';
  strcpy(request, "GET ");
  strcat(request, path);
  strcat(request, " HTTP/1.1\r\nConnection: close\r\nHost: ");
  strcat(request, host);
  strcat(request, "\r\nAuthorization: ");
  strcat(request, value);
  strcat(request, "\r\n\r\n");
  int is_complete = modem_exchange(host, (uint16_t)atoi(port + 1), 0, request, strlen(request),
                                   board_milliseconds() + 10000, keep, page);
  minbearer_wipe(request, length);
  free(request);
  return is_complete && strncmp(page->text, "HTTP/1.", 7) == 0 ? atoi(page->text + 9) : 0;
}

/* ---- The program: `firmware FLOW TOKEN_URL ID SECRET API_URL [stop]` ---- */

static minbearer_status run(char **words) {
  static char value[2048]; /* longer tokens are MINBEARER_MISUSE here */
  minbearer_message why = {""};
  minbearer *handle = minbearer_client_credentials(words[2], words[3], words[4]);
  minbearer_set_plain_http(handle); /* the tests' server has no TLS */
  minbearer_status status = get_token(handle, &why);
  /* Without a token this says why there is none. */
  status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) {
    static struct page page;
    console_print("token: ");
    console_print_number((uint32_t)strlen(value) - 7);
    console_print(" characters, got with ");
    console_print_number(peak);
    console_print(" bytes of heap\n");
    if (minbearer_seconds_left(handle) >= 0) {
      console_print("valid for ");
      console_print_number((uint32_t)minbearer_seconds_left(handle));
      console_print(" s\n");
    }
    int http = call_api(words[5], value, &page);
    if (http == 401) minbearer_rejected(handle, board_milliseconds());
    if (http / 100 == 2 && minbearer_accepted(handle) == MINBEARER_OK) {
      const char *body = strstr(page.text, "\r\n\r\n");
      console_print("answer: ");
      console_print(body == NULL ? "" : body + 4);
      console_print("\n");
    }
  } else {
    console_print("error: ");
    console_print(why.text);
    console_print("\n");
  }
  if (words[6] != NULL) console_pause("held");
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  return status;
}

int main(void) {
  static char line[512];
  char *words[8] = {NULL};
  size_t count = 0;
  console_command_line(line, sizeof line);
  for (char *word = strtok(line, " "); word != NULL && count < 7; word = strtok(NULL, " ")) words[count++] = word;
  minbearer_status status = MINBEARER_CONFIG;
  if (count >= 6 && strcmp(words[1], "client-credentials") == 0) status = run(words);
  else console_print("error: the arguments are client-credentials TOKEN_URL ID SECRET API_URL [stop]\n");
  int stops = words[6] != NULL;
  minbearer_wipe(line, sizeof line);
  if (stops) console_pause("dropped");
  console_print("heap: ");
  console_print_number(peak);
  console_print(" bytes at the peak, ");
  console_print_number(in_use);
  console_print(" left over\nstack: ");
  console_print_number(deepest_stack());
  console_print(" bytes at the deepest\n");
  return (int)status;
}
