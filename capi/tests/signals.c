/* No handler is set, an interrupted call goes on, and SIGCHLD does not make a failed locator look like a good one. */
#include "check.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static minbearer_status ask(minbearer *handle, minbearer_message *why) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, why);
  minbearer_free(handle);
  return status;
}

static minbearer *located_by(const char *program) {
  minbearer *handle = minbearer_jsa("id", "secret");
  minbearer_set_qoauth_host(handle, "127.0.0.1");
  minbearer_set_locator(handle, program);
  return handle;
}

static void nothing_is_changed(void) {
  struct sigaction before[NSIG], after;
  sigset_t mask_before, mask_after;
  for (int number = 1; number < NSIG; number++) sigaction(number, NULL, &before[number]);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &blocked, NULL);
  pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
  server *at = server_start(fresh_token, NULL);
  minbearer_message why;
  CHECK(ask(jsa_at(at), &why) == MINBEARER_OK, "%s", why.text);
  char *locator = write_script("#!/bin/sh\nexit 1\n");
  CHECK(ask(located_by(locator), &why) == MINBEARER_LOCATOR, "%s", why.text);
  end_script(locator);
  server_stop(at);
  pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
  for (int number = 1; number < NSIG; number++) {
    if (sigaction(number, NULL, &after) != 0) continue;
    CHECK(after.sa_handler == before[number].sa_handler, "signal %d has another handler", number);
    bool was_masked = sigismember(&mask_before, number) == 1;
    CHECK((sigismember(&mask_after, number) == 1) == was_masked, "signal %d is masked or no longer", number);
  }
  pthread_sigmask(SIG_UNBLOCK, &blocked, NULL);
}

static volatile sig_atomic_t interrupts;
static void interrupt(int number) {
  (void)number;
  interrupts++;
}

/* An answer after 300 ms, while a signal comes every 10 ms. */
static size_t slow_token(server *self, const char *request, char *answer, size_t room) {
  sleep_ms(300);
  return fresh_token(self, request, answer, room);
}

static void an_interrupted_call_goes_on(void) {
  server *at = server_start(slow_token, NULL);
  server *silent = server_start(silence, NULL);
  struct sigaction action = {.sa_handler = interrupt}; /* without SA_RESTART */
  sigaction(SIGALRM, &action, NULL);
  struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &often, NULL);
  minbearer_message why;
  minbearer_status got = ask(jsa_at(at), &why);
  CHECK(got == MINBEARER_OK, "%d %s", got, why.text);
  minbearer *handle = jsa_at(silent);
  minbearer_set_timeout(handle, 500);
  long long start = now_ms();
  got = ask(handle, &why);
  CHECK(got == MINBEARER_TIMEOUT, "%d %s", got, why.text);
  CHECK(now_ms() - start < 1000, "it took %lld ms", now_ms() - start);
  setitimer(ITIMER_REAL, &never, NULL);
  signal(SIGALRM, SIG_IGN); /* one may be on its way, and by default it would end the process */
  CHECK(interrupts > 20, "%d signals", (int)interrupts);
  server_stop(at);
  server_stop(silent);
}

static void reap(int number) {
  (void)number;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

static void a_locator_without_a_status(void) {
  server *at = server_start(fresh_token, NULL);
  char script[128];
  snprintf(script, sizeof script, "#!/bin/sh\necho %s\nexit 1\n", strrchr(server_url(at), ':') + 1);
  char *locator = write_script(script);
  for (int reaped = 0; reaped < 2; reaped++) {
    struct sigaction action = {.sa_handler = reaped ? reap : SIG_IGN}, old;
    sigaction(SIGCHLD, &action, &old);
    minbearer_message why;
    minbearer_status got = ask(located_by(locator), &why);
    sigaction(SIGCHLD, &old, NULL);
    CHECK(got == MINBEARER_LOCATOR, "SIGCHLD %s: %d %s", reaped ? "reaped" : "ignored", got, why.text);
  }
  CHECK(server_requests(at) == 0, "%d requests", server_requests(at));
  end_script(locator);
  server_stop(at);
}

void test_signals(void) {
  nothing_is_changed();
  an_interrupted_call_goes_on();
  a_locator_without_a_status();
}
