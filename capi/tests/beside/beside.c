/* Calls minbearer and another Rust library in one program. */
#include <minbearer.h>
#include <stdint.h>
#include <stdio.h>

uint32_t other_sum(uint32_t count);

int main(void) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer *jsa = minbearer_jsa_from_env();
  minbearer_status status = minbearer_authorization(jsa, value, sizeof value, &why);
  minbearer_wipe(value, sizeof value);
  minbearer_free(jsa);
  printf("%d %u %u\n", status, (unsigned)other_sum(5), (unsigned)other_sum(13));
  return 0;
}
