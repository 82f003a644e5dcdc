/*
 * A library without an operating system on a heap of each size: MINBEARER_OK, or MINBEARER_NO_MEMORY, or where not even
 * the settings fit, minbearer_out_of_memory. Each heap is a process of its own, because that function does not return.
 */
#include <minbearer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t in_use, room;

void *minbearer_allocate(size_t size) {
  size_t *memory = size > room - in_use ? NULL : malloc(size + 16);
  if (memory == NULL) return NULL;
  memory[0] = size;
  in_use += size;
  return memory + 2;
}

void minbearer_release(void *memory) {
  in_use -= ((size_t *)memory)[-2];
  free((size_t *)memory - 2);
}

enum { OUT_OF_MEMORY = 99, WRONG = 98 };
void minbearer_out_of_memory(void) { _exit(OUT_OF_MEMORY); }

static int supply(void *context, char *secret, size_t size) {
  memset(secret, 's', size - 1);
  secret[*(size_t *)context] = '\0';
  return 0;
}

/* A token and a secret of so many characters, and further texts of a request. */
struct row {
  size_t characters, secret;
  int from_function, pieces;
  size_t grant_type, parameters;
};

/* Gets a token, and returns the status. */
static int get_token(size_t heap, const struct row *row) {
  static char text[MINBEARER_SECRET_SIZE + 64], value[MINBEARER_VALUE_SIZE], answer[32 * 1024];
  minbearer_message why = {""};
  minbearer_step step;
  minbearer_bytes request;
  minbearer_target target;
  int complete = 0;
  size_t characters = row->characters, secret = row->secret, pieces = (size_t)row->pieces;
  room = heap;
  memset(text, 's', secret);
  text[secret] = '\0';
  minbearer *handle = minbearer_client_credentials("https://h/token", "id", row->from_function ? NULL : text);
  memset(text, 'g', row->grant_type);
  text[row->grant_type] = '\0';
  if (row->grant_type > 0) minbearer_set_grant_type(handle, text);
  for (size_t i = 0; i < row->parameters; i++) minbearer_add_parameter(handle, "a", "b");
  if (row->from_function) minbearer_set_secret_function(handle, supply, &secret);
  minbearer_status status = minbearer_next(handle, 0, 0, &step);
  if (status == MINBEARER_OK) status = minbearer_request(handle, 0, &request, &target, &why);
  if (status == MINBEARER_OK) {
    memset(text, 't', characters);
    text[characters] = '\0';
    size_t size = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n{\"access_token\": \"%s\"}", characters + 20, text);
    for (size_t sent = 0; sent < size && !complete; sent += pieces) {
      size_t piece = size - sent < pieces ? size - sent : pieces;
      if (minbearer_push(handle, answer + sent, piece, &complete, &why) != MINBEARER_OK) break;
    }
    status = minbearer_finish(handle, 1, &why);
  }
  if (status == MINBEARER_OK) {
    status = minbearer_authorization(handle, value, sizeof value, &why);
    if (strlen(value) != characters + 7) return WRONG;
  } else if (minbearer_authorization(handle, value, sizeof value, &why) != status) {
    return WRONG; /* the failure is kept, whatever there is of memory */
  }
  minbearer_free(handle);
  return in_use == 0 ? (int)status : WRONG;
}

/* The same in a process of its own. */
static int status_with(size_t heap, const struct row *row) {
  int status = -1;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(get_token(heap, row));
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -status;
  return WEXITSTATUS(status);
}

int main(void) {
  static const struct row rows[] = {
      {100, 20, 0, 100000, 0, 0},  {1000, 20, 0, 100000, 0, 0},  {1000, 20, 0, 7, 0, 0},     {16000, 20, 0, 1000, 0, 0},
      {100, 4000, 0, 1000, 0, 0},  {1000, 20, 1, 1000, 0, 0},    {1000, 8000, 1, 1000, 0, 0},
      {100, 20, 0, 100000, 4000, 0}, {100, 20, 0, 100000, 0, 20},
  };
  int failed = 0;
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    /* What settings and messages take, and the secret if it is one of them. */
    size_t little = 2304 + (rows[row].from_function ? 0 : rows[row].secret) + rows[row].grant_type + 128 * rows[row].parameters, heap = 0;
    int status = OUT_OF_MEMORY, without = 0;
    for (; status != MINBEARER_OK && heap < 160 * 1024; heap += 64) {
      status = status_with(heap, &rows[row]);
      without += status == MINBEARER_NO_MEMORY;
      if (status == MINBEARER_OK || status == MINBEARER_NO_MEMORY || (status == OUT_OF_MEMORY && heap < little)) continue;
      failed++;
      printf("FAILED  row %zu: %d with %zu bytes\n", row, status, heap);
    }
    if (status == MINBEARER_OK && without > 0) continue;
    failed++;
    printf("FAILED  row %zu: %d at last, %d times without memory\n", row, status, without);
  }
  printf("%d failed\n", failed);
  return failed != 0;
}
