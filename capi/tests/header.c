/* The header, as each version of C and C++ that it supports: included twice, with its sizes and statuses. */
#include "minbearer.h"
#include "minbearer.h"

typedef char value_is_long_enough[MINBEARER_VALUE_SIZE == 7 + 16384 + 1 ? 1 : -1];
typedef char message_is_its_text[sizeof(minbearer_message) == MINBEARER_MESSAGE_SIZE ? 1 : -1];

int main(void) {
  minbearer_message why;
  char value[MINBEARER_VALUE_SIZE];
  minbearer_status status = minbearer_authorization(NULL, value, sizeof value, &why);
  minbearer_free(NULL);
  switch (status) {
  case MINBEARER_MISUSE:
    return 0;
  case MINBEARER_OK:
  case MINBEARER_CONFIG:
  case MINBEARER_LOCATOR:
  case MINBEARER_NETWORK:
  case MINBEARER_TIMEOUT:
  case MINBEARER_REFUSED:
  case MINBEARER_MALFORMED:
  case MINBEARER_UNAVAILABLE:
  case MINBEARER_NO_MEMORY:
  case MINBEARER_PANICKED:
    break;
  }
  return 1;
}
