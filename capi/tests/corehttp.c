/* examples/c/corehttp.h over plain sockets that do not block, in coreHTTP's manner: 0 is "again". corehttp URL */
#include "../../examples/c/corehttp.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct NetworkContext {
  int fd;
};

static NetworkContext_t *open_socket(const char *host, uint16_t port, int tls, uint32_t milliseconds) {
  static NetworkContext_t network;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  (void)milliseconds;
  network.fd = socket(AF_INET, SOCK_STREAM, 0);
  if (tls || inet_pton(AF_INET, host, &to.sin_addr) != 1) return NULL;
  return connect(network.fd, (struct sockaddr *)&to, sizeof to) == 0 ? &network : NULL;
}
static void close_socket(NetworkContext_t *network) { close(network->fd); }
static int32_t send_some(NetworkContext_t *network, const void *bytes, size_t size) {
  ssize_t sent = send(network->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent >= 0 ? (int32_t)sent : errno == EAGAIN ? 0 : -1;
}
static int32_t receive_some(NetworkContext_t *network, void *bytes, size_t size) {
  ssize_t received = recv(network->fd, bytes, size, MSG_DONTWAIT);
  return received > 0 ? (int32_t)received : received < 0 && errno == EAGAIN ? 0 : -1;
}

int main(int count, char **arguments) {
  static const struct corehttp_connect how = {open_socket, close_socket, send_some, receive_some};
  char value[MINBEARER_VALUE_SIZE];
  minbearer_message why;
  minbearer_transport transport = corehttp_transport(&how);
  minbearer *handle = minbearer_client_credentials(count > 1 ? arguments[1] : NULL, "id", "secret");
  minbearer_set_transport(handle, &transport);
  minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
  puts(status == MINBEARER_OK ? value : why.text);
  minbearer_free(handle);
  return (int)status;
}
