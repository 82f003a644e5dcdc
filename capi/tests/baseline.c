/* What examples/c/mbedtls.c is without minbearer: the two exchanges over mbedTLS, no renewal, no JSON. For its size. */
#define main with_minbearer
#include "../../examples/c/mbedtls.c"
#undef main

void minbearer_wipe(void *memory, size_t size) { memset(memory, 0, size); }

int main(int count, char **arguments) {
  static const char request[] = "POST /token HTTP/1.1\r\nContent-Length: 29\r\n\r\ngrant_type=client_credentials";
  static struct tls tls;
  static char value[MINBEARER_VALUE_SIZE], answer[64 * 1024];
  if (count != 6 || start_tls(&tls, arguments[1]) != 0) return MINBEARER_CONFIG;
  void *connection = open_connection(&tls, arguments[3], (uint16_t)atoi(arguments[4]), 1, 10000);
  if (connection == NULL) return MINBEARER_NETWORK;
  int32_t moved = send_bytes(connection, request, sizeof request - 1, 10000);
  if (moved > 0) moved = receive_bytes(connection, value, sizeof value - 1, 10000);
  close_connection(connection);
  int http = call_api(&tls, arguments + 3, value, answer, sizeof answer);
  end_tls(&tls);
  return moved > 0 && http == 200 ? puts(answer) < 0 : MINBEARER_NETWORK;
}
