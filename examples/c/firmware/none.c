/* Functions that do nothing, in place of the library: the size of the rest of the firmware. */
#include "firmware.h"
#include <string.h>

minbearer *minbearer_client_credentials(const char *url, const char *id, const char *secret) {
  (void)url, (void)id, (void)secret;
  return minbearer_allocate(1);
}
minbearer_status minbearer_set_plain_http(minbearer *handle) { return handle == NULL; }
minbearer_status minbearer_next(minbearer *handle, uint64_t now, uint32_t random, minbearer_step *step) {
  (void)now, (void)random;
  step->action = MINBEARER_ASK;
  return handle == NULL;
}
minbearer_status minbearer_request(minbearer *handle, uint64_t now, minbearer_bytes *request, minbearer_target *target,
                                   minbearer_message *why) {
  (void)now, (void)request, (void)target, (void)why;
  return handle == NULL;
}
minbearer_status minbearer_push(minbearer *handle, const void *bytes, size_t size, int *complete, minbearer_message *why) {
  (void)bytes, (void)size, (void)complete, (void)why;
  return handle == NULL;
}
minbearer_status minbearer_finish(minbearer *handle, uint64_t now, minbearer_message *why) {
  (void)now, (void)why;
  return handle == NULL;
}
minbearer_status minbearer_failed(minbearer *handle, uint64_t now) { return (void)now, handle == NULL; }
minbearer_status minbearer_accepted(minbearer *handle) { return handle == NULL; }
minbearer_status minbearer_rejected(minbearer *handle, uint64_t now) { return (void)now, handle == NULL; }
int64_t minbearer_seconds_left(minbearer *handle) { return handle == NULL; }
minbearer_status minbearer_authorization(minbearer *handle, char *value, size_t size, minbearer_message *why) {
  (void)value, (void)size, (void)why;
  return handle == NULL;
}
void minbearer_free(minbearer *handle) { minbearer_release(handle); }
void minbearer_wipe(void *memory, size_t size) { memset(memory, 0, size); }
