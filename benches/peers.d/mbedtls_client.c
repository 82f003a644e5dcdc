/* A token by minbearer's C library without an operating system, over mbedTLS: the transport is that of examples/c. It
   posts its credentials, where the others send JSA's query. */
#define main main_of_the_example
#include "../../examples/c/mbedtls.c"
#undef main

int main(void) {
  static struct tls tls;
  static char url[512], value[MINBEARER_VALUE_SIZE];
  minbearer_message why = {""};
  if (start_tls(&tls, getenv("SSL_CERT_FILE")) != 0) return MINBEARER_CONFIG;
  minbearer_transport transport = {&tls, open_connection, send_bytes, receive_bytes, close_connection};
  snprintf(url, sizeof url, "%s/token", getenv("QOAUTH_URL"));
  minbearer *handle = minbearer_client_credentials(url, getenv("CLIENT_ID"), getenv("CLIENT_SECRET"));
  minbearer_set_transport(handle, &transport);
  minbearer_set_clock(handle, milliseconds, random_bits, &tls);
  minbearer_status status = minbearer_access_token(handle, value, sizeof value, &why);
  if (status == MINBEARER_OK) puts(value);
  else fprintf(stderr, "mbedtls_client: %s\n", why.text);
  minbearer_wipe(value, sizeof value);
  minbearer_free(handle);
  end_tls(&tls);
  return (int)status;
}
