/* One handle, 8 threads, 200 calls each. */
#include "check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define THREADS 8
#define CALLS 200

struct shared {
  minbearer *handle;
  pthread_barrier_t start;
  atomic_int wrong;
  bool renews;
};

static void *call(void *argument) {
  struct shared *shared = argument;
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  pthread_barrier_wait(&shared->start);
  for (int i = 0; i < CALLS; i++) {
    minbearer_status status = minbearer_authorization(shared->handle, value, sizeof value, &why);
    if (status == MINBEARER_OK && shared->renews && i % 50 == 49) {
      status = minbearer_renew(shared->handle, value, sizeof value, &why);
    }
    if (status != MINBEARER_OK || strncmp(value, "Bearer token-", 13) != 0 ||
        strcmp(value + strlen(value) - 41, "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN") != 0) {
      atomic_fetch_add(&shared->wrong, 1);
      printf("%d %s %s\n", status, value, why.text);
    }
  }
  return NULL;
}

static void *find_and_call(void *argument) {
  char value[1024];
  minbearer_message why;
  minbearer_status status = minbearer_authorization(argument, value, sizeof value, &why);
  CHECK(status == MINBEARER_OK, "%d %s", status, why.text);
  return NULL;
}

/* What the header says of the stack: a call in a thread that has no more. */
static void a_small_stack(void) {
  server *at = server_start(fresh_token, NULL);
  char script[64];
  snprintf(script, sizeof script, "#!/bin/sh\necho %s\n", strrchr(server_url(at), ':') + 1);
  char *locator = write_script(script);
  minbearer *handle = minbearer_jsa("id", "secret");
  minbearer_set_qoauth_host(handle, "localhost");
  minbearer_set_locator(handle, locator);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  pthread_t thread;
  pthread_create(&thread, &small, find_and_call, handle);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&small);
  minbearer_free(handle);
  end_script(locator);
  server_stop(at);
}

void test_threads(void) {
  a_small_stack();
  for (int renews = 0; renews < 2; renews++) {
    server *at = server_start(fresh_token, NULL);
    struct shared shared = {.handle = jsa_at(at), .renews = renews};
    pthread_t threads[THREADS];
    pthread_barrier_init(&shared.start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, call, &shared);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&shared.start);
    CHECK(shared.wrong == 0, "%d of %d calls went wrong", shared.wrong, THREADS * CALLS);
    int most = renews ? 1 + THREADS * CALLS / 50 : 1;
    CHECK(server_requests(at) >= 1 && server_requests(at) <= most, "%d requests", server_requests(at));
    minbearer_free(shared.handle);
    server_stop(at);
  }
}
