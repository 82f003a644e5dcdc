/*
 * FreeRTOS's coreHTTP and coreMQTT have a transport interface of their own (TransportInterface_t, transport_interface.h):
 * functions that send and receive over a NetworkContext_t. This makes a minbearer_transport of such a pair, so that a
 * device which has one for mbedTLS, wolfSSL or a secure element uses it for tokens too.
 *
 *     static const struct corehttp_connect how = {my_connect, my_disconnect, my_send, my_receive};
 *     minbearer_transport transport = corehttp_transport(&how);
 *     minbearer_set_transport(handle, &transport);
 *
 * The two differ in what they say of nothing: coreHTTP's zero means "again", and a closed connection is a negative number,
 * which coreHTTP's users have to know. Here every negative number of its receive function ends the answer: whether it is
 * whole is then decided by its length, as always. The functions know no time limit: one that blocks has to be given one when
 * the connection is made (`milliseconds`, of connect).
 */
#ifndef COREHTTP_H
#define COREHTTP_H

#include <minbearer.h>
#include <stdlib.h>
#include <transport_interface.h>

struct corehttp_connect {
  /* Connects, with TLS and a verified certificate if `tls` is 1: NULL if it cannot. */
  NetworkContext_t *(*connect)(const char *host, uint16_t port, int tls, uint32_t milliseconds);
  void (*disconnect)(NetworkContext_t *network);
  TransportSend_t send;
  TransportRecv_t receive;
};

struct corehttp_connection {
  const struct corehttp_connect *how;
  NetworkContext_t *network;
};

static void *corehttp_open(void *context, const char *host, uint16_t port, int tls, uint32_t milliseconds) {
  struct corehttp_connection *connection = malloc(sizeof *connection);
  if (connection == NULL) return NULL;
  connection->how = context;
  connection->network = connection->how->connect(host, port, tls, milliseconds);
  if (connection->network != NULL) return connection;
  free(connection);
  return NULL;
}

static int32_t corehttp_send(void *context, const void *bytes, size_t size, uint32_t milliseconds) {
  struct corehttp_connection *connection = context;
  (void)milliseconds;
  return connection->how->send(connection->network, bytes, size);
}

static int32_t corehttp_receive(void *context, void *bytes, size_t size, uint32_t milliseconds) {
  struct corehttp_connection *connection = context;
  (void)milliseconds;
  int32_t received = connection->how->receive(connection->network, bytes, size);
  return received < 0 ? MINBEARER_CLOSED : received;
}

static void corehttp_close(void *context) {
  struct corehttp_connection *connection = context;
  connection->how->disconnect(connection->network);
  free(connection);
}

static minbearer_transport corehttp_transport(const struct corehttp_connect *how) {
  minbearer_transport transport = {(void *)how, corehttp_open, corehttp_send, corehttp_receive, corehttp_close};
  return transport;
}

#endif
