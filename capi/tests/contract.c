/* The header's promises, one file each. Ends with `N passed, N failed`. */
#include "check.h"
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  void (*run)(void);
} tests[] = {
    {"misuse", test_misuse}, {"values", test_values}, {"statuses", test_statuses}, {"threads", test_threads},
    {"fork", test_fork},     {"time", test_time},     {"signals", test_signals},
    {"transport", test_transport}, {"steps", test_steps},
};

/* With names, those tests alone. */
int main(int count, char **names) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t test = 0; test < sizeof tests / sizeof *tests; test++) {
    bool wanted = count == 1;
    for (int i = 1; i < count; i++) wanted |= strcmp(names[i], tests[test].name) == 0;
    if (wanted) tests[test].run();
  }
  return check_summary();
}
