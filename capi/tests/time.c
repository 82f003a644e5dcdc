/* A call ends with its timeout, and leaves no descriptor behind. */
#include "check.h"
#include <string.h>

static void ends(minbearer *handle, const char *what) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer_set_timeout(handle, 300);
  long long start = now_ms();
  minbearer_status got = minbearer_authorization(handle, value, sizeof value, &why);
  long long took = now_ms() - start;
  CHECK(got == MINBEARER_TIMEOUT, "%s: %d %s", what, got, why.text);
  CHECK(took >= 290 && took <= 800, "%s: %lld ms", what, took);
  minbearer_free(handle);
}

void test_time(void) {
  server *at = server_start(silence, NULL);
  int before = open_descriptors();
  ends(jsa_at(at), "a silent server");
  CHECK(open_descriptors() == before + 1, "the server's side of the connection is left, and nothing else");
  before = open_descriptors();
  char *locator = write_script("#!/bin/sh\nexec sleep 10\n");
  minbearer *handle = minbearer_jsa("id", "secret");
  minbearer_set_locator(handle, locator);
  ends(handle, "a locator that sleeps");
  CHECK(open_descriptors() == before, "%d, not %d", open_descriptors(), before);
  end_script(locator);
  server_stop(at);
}
