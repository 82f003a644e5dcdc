/* The library's own network, written from the header alone: prints the header that a token server's token makes. */
#include <minbearer.h>
#include <stdio.h>

int main(int count, char **arguments) {
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer *handle = minbearer_client_credentials(count > 1 ? arguments[1] : NULL, "id", "correct-horse-battery");
  minbearer_add_scope(handle, "read");
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) {
    printf("Authorization: %s\n", value);
    status = minbearer_renew(handle, value, sizeof value, &why); /* as after a 401 */
    if (status == MINBEARER_OK) printf("Authorization: %s\n", value);
  }
  if (status != MINBEARER_OK) fprintf(stderr, "%s: %s\n", minbearer_status_text((int)status), why.text);
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  return (int)status;
}
