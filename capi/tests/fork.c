/* A handle on both sides of a fork. */
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child came to: its exit status, or 200 if it had to be killed. */
static int outcome_of(pid_t child, long ms) {
  int status;
  for (long long end = now_ms() + ms; now_ms() < end; sleep_ms(5)) {
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 201;
  }
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return 200;
}

static void both_sides_use_it(void) {
  server *at = server_start(fresh_token, NULL);
  minbearer *handle = jsa_at(at);
  char value[MINBEARER_VALUE_SIZE], other[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  CHECK(minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK, "%s", why.text);
  pid_t child = fork();
  if (child == 0) {
    if (minbearer_authorization(handle, other, sizeof other, &why) != MINBEARER_OK) _exit(1);
    if (strcmp(other, value) != 0) _exit(2);
    if (minbearer_renew(handle, other, sizeof other, &why) != MINBEARER_OK) _exit(3);
    if (strcmp(other, value) == 0) _exit(4);
    minbearer_free(handle);
    _exit(0);
  }
  int outcome = outcome_of(child, 10000);
  CHECK(outcome == 0, "the child: %d", outcome);
  CHECK(minbearer_authorization(handle, other, sizeof other, &why) == MINBEARER_OK, "%s", why.text);
  CHECK(strcmp(other, value) == 0, "the parent has its own still: %s", other);
  minbearer_free(handle);
  server_stop(at);
}

static void *wait_for_an_answer(void *handle) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  return minbearer_authorization(handle, value, sizeof value, &why) == MINBEARER_OK ? handle : NULL;
}

static void a_thread_is_in_a_call(void) {
  server *at = server_start(silence, NULL);
  minbearer *handle = jsa_at(at);
  minbearer_set_timeout(handle, 1000);
  pthread_t thread;
  pthread_create(&thread, NULL, wait_for_an_answer, handle);
  while (server_requests(at) == 0) sleep_ms(1);
  pid_t child = fork();
  if (child == 0) {
    char value[MINBEARER_VALUE_SIZE];
    minbearer_message why;
    if (minbearer_set_timeout(handle, 1) != MINBEARER_MISUSE) _exit(1);
    if (minbearer_authorization(handle, value, sizeof value, &why) != MINBEARER_MISUSE) _exit(2);
    if (strstr(why.text, "forked") == NULL) _exit(3);
    minbearer_free(handle);
    /* Another handle, made here, is as good as any. */
    handle = minbearer_jsa("id", "");
    if (minbearer_authorization(handle, value, sizeof value, &why) != MINBEARER_CONFIG) _exit(4);
    minbearer_free(handle);
    _exit(0);
  }
  int outcome = outcome_of(child, 5000);
  CHECK(outcome == 0, "the child: %d", outcome);
  pthread_join(thread, NULL);
  minbearer_free(handle);
  server_stop(at);
}

void test_fork(void) {
  both_sides_use_it();
  a_thread_is_in_a_call();
}
