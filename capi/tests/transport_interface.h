/* What coreHTTP's transport_interface.h declares, as its documentation has it; each port defines the context. */
#include <stddef.h>
#include <stdint.h>
struct NetworkContext;
typedef struct NetworkContext NetworkContext_t;
typedef int32_t (*TransportRecv_t)(NetworkContext_t *network, void *bytes, size_t size);
typedef int32_t (*TransportSend_t)(NetworkContext_t *network, const void *bytes, size_t size);
