/*
 * minbearer.h: gets a bearer token and writes the value of the Authorization header.
 *
 *     minbearer *jsa = minbearer_jsa_from_env();
 *     char value[MINBEARER_VALUE_SIZE];
 *     minbearer_message why;
 *     if (minbearer_authorization(jsa, value, sizeof value, &why) != MINBEARER_OK) {
 *         fprintf(stderr, "%s\n", why.text);
 *     }
 *     ... send "Authorization: " and value; after a 401, call minbearer_renew and send once more ...
 *     minbearer_wipe(value, sizeof value);
 *     minbearer_free(jsa);
 *
 * A handle is for one account at one token server. It gets a token when it is first asked for one, keeps it, and
 * renews it when it is due.
 *
 * Linking
 *   cc app.c $(pkg-config --cflags --libs minbearer), or cc app.c libminbearer.a -lpthread -lm -ldl
 *
 * Ownership
 *   - A constructor returns a handle, which the caller passes to minbearer_free once. No other call takes ownership
 *     of an argument.
 *   - Text goes in as UTF-8 that ends with a NUL. It is copied: the caller may free or wipe it when the call returns.
 *   - Value and message are written to the caller's memory. Only the handle has to be freed.
 *
 * Errors
 *   - A constructor never returns NULL. A wrong argument or setting is kept: each call for a token returns its status
 *     and its message. The first one counts, and the handle takes no setting after it. A setting also returns its
 *     status, which a caller may ignore. If memory runs out, the process ends by a signal.
 *   - NULL is allowed for every pointer and results in MINBEARER_MISUSE, from a constructor's argument too.
 *     minbearer_free and minbearer_wipe do nothing with it. MINBEARER_MISUSE is also for text that is not UTF-8, a
 *     setting for another flow than the handle's, a setting after the first call for a token, and a buffer too small
 *     for the value.
 *   - A message is one line, holds no secret and no token, and is cut to fit. After MINBEARER_OK it is empty.
 *   - After any other status the value is the empty string.
 *
 * Threads
 *   - Any number of threads may call functions with one handle at the same time. minbearer_free must be the last
 *     call with it. If several threads need a new token, one of them makes the request and the others wait for its
 *     outcome.
 *   - There is no state per thread. No thread outlives a call, but for a name lookup that the system's resolver does not
 *     end in time and, with TLS, CA files on a mount that does not answer. A call needs less than 64 KiB of stack.
 *
 * Time
 *   - A call for a token returns within the handle's timeout, 10 seconds unless set, plus half a second. Most calls
 *     return a kept token at once. Reading CLIENT_SECRET_FILE or CLIENT_ASSERTION_FILE has no limit if its mount does
 *     not answer.
 *   - After a failure no request is made for a pause, at random from about 1 second to 60. A call in the pause returns
 *     the kept token if that is still valid, else the last failure, at once.
 *
 * fork
 *   - A handle may be used on both sides of a fork. Each side has its own copy, renews it and frees it.
 *   - If another thread was in a call with the handle at the moment of the fork, the child cannot use its copy: each
 *     call returns MINBEARER_MISUSE, and minbearer_free does nothing. Fork before there are threads, or call exec in
 *     the child.
 *   - Every descriptor is opened close-on-exec.
 *
 * Signals
 *   - No handler is installed, and no signal's disposition or mask is changed. No function may be called from a
 *     handler.
 *   - A call that a signal interrupts goes on until its deadline, with or without SA_RESTART.
 *   - A server that closes the connection causes no SIGPIPE.
 *   - The port locator of the JSA flow is a child process, and its exit status counts. A program that ignores
 *     SIGCHLD, or waits for any child (wait, waitpid(-1, ...)), takes that status away, and the call returns
 *     MINBEARER_LOCATOR. Wait for your children by their ids, or call minbearer_set_qoauth_url.
 *   - The locator leads a process group of its own, which is killed if the locator still runs when the call ends. A
 *     terminal's Ctrl-C does not reach it.
 *
 * The environment
 *   - Only constructors whose names end in from_env read settings from the environment, once, in the call. With TLS,
 *     SSL_CERT_FILE and SSL_CERT_DIR are read too, unless minbearer_set_ca was called.
 *   - A call for a token passes the environment to the locator, without CLIENT_SECRET, and the system's resolver reads
 *     it. So no other thread may call setenv, putenv or unsetenv during a from_env constructor or a call for a token.
 *     Most programs set variables before they start threads.
 *
 * Secrets
 *   - The library wipes its copies of secret, password and token when it no longer needs them, at the latest in
 *     minbearer_free. The caller wipes its own copies, with minbearer_wipe.
 */
#ifndef MINBEARER_H
#define MINBEARER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 2 to 8 are the exit statuses of the program `minbearer`. A later version may add a status: treat it as a failure. */
typedef enum minbearer_status {
  MINBEARER_OK = 0,
  MINBEARER_MISUSE = 1,      /* the calling code is wrong */
  MINBEARER_CONFIG = 2,      /* a value is wrong: an argument, a variable, a file, a URL */
  MINBEARER_LOCATOR = 3,     /* the port locator could not start, failed, or printed no port */
  MINBEARER_NETWORK = 4,     /* DNS, connect, TLS, I/O, not HTTP, or cut short */
  MINBEARER_TIMEOUT = 5,     /* the deadline passed */
  MINBEARER_REFUSED = 6,     /* the token server refused the request: most often a wrong secret */
  MINBEARER_MALFORMED = 7,   /* its status code is 2xx, but its answer has no usable token */
  MINBEARER_UNAVAILABLE = 8, /* it cannot answer now: 429, 5xx */
  MINBEARER_PANICKED = 101   /* a bug in this library: please report it. Built for size it ends the process instead */
} minbearer_status;

#define MINBEARER_MESSAGE_SIZE 1024
typedef struct minbearer_message {
  char text[MINBEARER_MESSAGE_SIZE];
} minbearer_message;

/* The longest value there can be, with its NUL: "Bearer " and a token of 8 KiB. */
#define MINBEARER_VALUE_SIZE 8200

typedef struct minbearer minbearer;

/* ---- Constructors, one for each flow ---- */

/* JSA (QRadar): /service_port_locator.py finds the port of qoauth.service.consul. */
minbearer *minbearer_jsa(const char *client_id, const char *client_secret);

/* The same, with CLIENT_ID, CLIENT_SECRET or CLIENT_SECRET_FILE, and where they are set QOAUTH_URL, QOAUTH_HOST and
 * SERVICE_PORT_LOCATOR. A secret file is read anew for each request. */
minbearer *minbearer_jsa_from_env(void);

/* Altair Accelerator: any URL of the project, of which scheme, host and port are used. */
minbearer *minbearer_accelerator(const char *url, const char *username, const char *password);

/* OAuth 2.0 client credentials (RFC 6749 section 4.4). The secret goes into the body; see minbearer_set_basic. */
minbearer *minbearer_client_credentials(const char *token_url, const char *client_id, const char *client_secret);

/* The same, with CLIENT_ID and one of CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_ASSERTION_FILE (RFC 7523 section
 * 2.2). With none of the three, the client has to authenticate by minbearer_set_client_certificate. */
minbearer *minbearer_client_credentials_from_env(const char *token_url);

/* ---- Settings, before the first call for a token ---- */

/* The time limit for a call for a token. 0 is MINBEARER_CONFIG; more than a day counts as a day. */
minbearer_status minbearer_set_timeout(minbearer *handle, uint32_t milliseconds);

/* JSA: scheme, host and port of qoauth. No locator is run. */
minbearer_status minbearer_set_qoauth_url(minbearer *handle, const char *url);

/* JSA: another name than qoauth.service.consul, for the locator's argument and the URL. */
minbearer_status minbearer_set_qoauth_host(minbearer *handle, const char *host);

/* JSA: another locator than /service_port_locator.py. It gets the host as its argument and prints the port. */
minbearer_status minbearer_set_locator(minbearer *handle, const char *program);

/* Accelerator: "Bearer <token>" (RFC 6750) instead of the vendor's "Bearer:<token>". */
minbearer_status minbearer_set_rfc6750_header(minbearer *handle);

/* Client credentials: asks for a scope; may be called again. */
minbearer_status minbearer_add_scope(minbearer *handle, const char *scope);

/* Client credentials: a form parameter that the server needs, such as audience; may be called again. */
minbearer_status minbearer_add_parameter(minbearer *handle, const char *name, const char *value);

/* Client credentials: id and secret as HTTP Basic. */
minbearer_status minbearer_set_basic(minbearer *handle);

/* Client credentials: allows http to another host than this one, which exposes the secret to the network. */
minbearer_status minbearer_set_plain_http(minbearer *handle);

/* Trusts the CAs in this PEM text and no others. MINBEARER_CONFIG if the library was built without its feature tls. */
minbearer_status minbearer_set_ca(minbearer *handle, const char *pem);

/* Presents this certificate chain to a server that asks for a client certificate. Without tls as above. */
minbearer_status minbearer_set_client_certificate(minbearer *handle, const char *chain_pem, const char *key_pem);

/* ---- Calls for a token ---- */

/* Writes the value of the Authorization header, such as "Bearer 2YotnFZFEjr1zCsicMWpAA", into `size` bytes at `value`:
 * from memory, or obtained or renewed if that is due. MINBEARER_VALUE_SIZE bytes are always enough. If they are too
 * few, the token is kept, and the message says how many it takes. */
minbearer_status minbearer_authorization(minbearer *handle, char *value, size_t size, minbearer_message *why);

/* After an API answered 401. In: the value that it rejected. Out: the one to use now. If the handle has a newer token
 * than the rejected one, no request is made. If the API rejects new tokens too, the current one is written again, and
 * the server is asked after pauses that grow. With the empty string the call does what minbearer_authorization does;
 * text that is not a header value is MINBEARER_MISUSE. */
minbearer_status minbearer_renew(minbearer *handle, char *value, size_t size, minbearer_message *why);

/* ---- */

/* Wipes and frees the handle. */
void minbearer_free(minbearer *handle);

/* Overwrites memory with zeros. The compiler does not remove it, as it may remove a memset before a free. */
void minbearer_wipe(void *memory, size_t size);

/* The library's version, such as "0.1.0". Static; not to be freed. */
const char *minbearer_version(void);

#ifdef __cplusplus
}
#endif

#endif
