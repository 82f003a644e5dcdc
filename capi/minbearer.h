/*
 * minbearer.h: gets a bearer token, renews it, and writes the value of the Authorization header.
 *
 * There are three ways to use it, and one handle for all of them. The first is the library's own network, where a call
 * returns when there is a token. With its feature `tls` the library verifies the server's certificate and name.
 *
 *     minbearer *handle = minbearer_client_credentials("https://auth.example/token", "id", getenv("CLIENT_SECRET"));
 *     char value[MINBEARER_VALUE_SIZE];
 *     minbearer_message why;
 *     minbearer_status status = minbearer_authorization(handle, value, sizeof value, &why);
 *     if (status == MINBEARER_OK && call_api(value) == 401) {      sends "Authorization: " and the value
 *         status = minbearer_renew(handle, value, sizeof value, &why);
 *         if (status == MINBEARER_OK) call_api(value);             a second 401 is the API's answer: report it
 *     }
 *     if (status != MINBEARER_OK) fprintf(stderr, "%s\n", why.text);
 *     minbearer_wipe(value, sizeof value);
 *     minbearer_free(handle);
 *
 * The second is a network or TLS of the program's own, such as mbedTLS, wolfSSL or OpenSSL: four functions that move
 * bytes, while the library speaks HTTP. TLS and its verification are then the program's: a connect function that does not
 * verify certificate and name hands the secret to whoever answers. All else is as above, with one line after the
 * constructor's (and minbearer_set_clock, if the library has no operating system):
 *
 *     minbearer_set_transport(handle, &(minbearer_transport){NULL, my_connect, my_send, my_receive, my_close});
 *
 * The third is no network at all: minbearer_next says when to ask for a token, minbearer_request writes the bytes to
 * send, minbearer_push takes those that came. None of these calls waits, so they suit an event loop and a device
 * without an operating system. "Without a network", below, has the example. What is said up to there holds for this way
 * too, but for signals, and for time limits: the program keeps them.
 *
 * Building and linking
 *   capi/install --features tls && ldconfig          Rust's cargo builds it; the feature is for https
 *   cc app.c $(pkg-config --cflags --libs minbearer)
 *   cc -static app.c $(pkg-config --static --cflags --libs minbearer)
 *   With glibc the linker then warns of getaddrinfo: a lookup by the library's own network needs the same glibc at run time.
 *   After capi/install --prefix DIR, set PKG_CONFIG_PATH=DIR/lib/pkgconfig, and link with -Wl,-rpath,DIR/lib or run with
 *   LD_LIBRARY_PATH=DIR/lib.
 *   capi/install --prefix DIR --no-default-features  needs no operating system; --target thumbv7m-none-eabi, for example
 *   cc -IDIR/include app.c capi/memory.c DIR/lib/libminbearer.a
 *   That library needs no libc either, but the functions for memory at the end of this file: capi/memory.c, or the
 *   program's own. Functions and settings that need an operating system are marked (OS). In such a library the setting's
 *   status is MINBEARER_CONFIG, and so is that of every call with the constructor's handle.
 *
 * Ownership
 *   - A constructor returns a handle, which the caller passes to minbearer_free once. No other call takes ownership
 *     of an argument.
 *   - Text goes in as UTF-8 that ends with a NUL. It is copied: the caller may free or wipe it when the call returns.
 *   - Values and messages are written to the caller's memory, which must not overlap: a value that shares a byte with
 *     the message results in MINBEARER_MISUSE, and nothing is written. The `name` of minbearer_member may stand where its
 *     value is written.
 *   - What minbearer_request lends, `request.bytes` and `target.host`, is valid until the first minbearer_push,
 *     minbearer_finish or minbearer_failed after it, or a minbearer_next at a time at which the request is over.
 *   - A function that the program gives (of a transport, for a secret, for a clock) and its context must stay valid
 *     until minbearer_free. It must return: no longjmp, no exception, no pthread_exit. It must not call any function
 *     with the handle.
 *
 * Threads
 *   - Any number of threads may call functions with one handle at the same time. minbearer_free must be the last
 *     call with it. If several threads need a new token, one of them makes the request and the others wait for its
 *     outcome.
 *   - The functions that the program gives are called by whichever thread makes the request, never by two at once for
 *     one handle. No lock is held meanwhile.
 *   - The calls without a network are for one thread at a time: a second one gets MINBEARER_MISUSE. In a library without
 *     an operating system, that is so for every call, and nothing detects it: a handle belongs to one task.
 *   - There is no state per thread, and none outside the handles. No thread outlives a call, but for a name lookup that
 *     the system's resolver does not end in time and, with TLS, CA files on a mount that does not answer.
 *   - A call needs less than 64 KiB of stack; without an operating system less than 4 KiB where a pointer has 32 bits, and
 *     less than 6 KiB where it has 64. What the functions of the program need comes on top.
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
 *   - A server that closes the connection causes no SIGPIPE. A transport of the program's own has to see to that itself.
 *   - The port locator of the JSA flow is a child process, and its exit status counts. A program that ignores
 *     SIGCHLD, or waits for any child (wait, waitpid(-1, ...)), takes that status away, and the call returns
 *     MINBEARER_LOCATOR. Wait for your children by their ids, or call minbearer_set_qoauth_url.
 *   - The locator leads a process group of its own, which is killed if the locator still runs when the call ends. A
 *     terminal's Ctrl-C does not reach it.
 *
 * Errors
 *   - A constructor never returns NULL. A wrong argument or setting before the first call for a token is kept: each call
 *     for a token returns its status and its message. The first one counts: every later setting returns its status too, and
 *     changes nothing. A caller may ignore what settings return.
 *   - After the first call for a token a setting returns MINBEARER_MISUSE and changes nothing: the handle works on.
 *   - NULL is allowed for every pointer and results in MINBEARER_MISUSE, with these exceptions. `why` may be NULL: then
 *     there is no message. A `context` may be NULL. A constructor's secret or password may be NULL if a setting supplies it
 *     before the first call for a token, and a proxy's name and password if both are. minbearer_seconds_left of NULL is -1,
 *     and minbearer_free and minbearer_wipe do nothing.
 *   - MINBEARER_MISUSE is also for text that is not UTF-8, a setting for another flow than the handle's, and a buffer too
 *     small for the value. Its message names the function, and so does that of a wrong setting.
 *   - A message is one line, holds no secret and no token, and is cut to fit. After MINBEARER_OK it is empty.
 *   - A message that recommends a setting names the option of the program `minbearer` and the Rust function, such as
 *     "--basic (ClientAuthentication::basic)". The settings below name their options.
 *   - After any other status than MINBEARER_OK the value is the empty string, but for two cases of MINBEARER_MISUSE: where
 *     minbearer_renew did not get a header value, which it leaves as it is, and where value and message overlap.
 *   - If memory runs out, a library with an operating system ends the process by a signal. See the end of this file for
 *     one without.
 *
 * Time
 *   - A call for a token returns within the handle's timeout, 10 seconds unless set, plus half a second. Most calls
 *     return a kept token at once. A secret's file has no limit if its mount does not answer; a function of the program
 *     cannot be ended either, and if it returned too late the call returns MINBEARER_TIMEOUT.
 *   - After a failure no request is made for a pause, at random from about 1 second to 60, or as long as the server asks
 *     by Retry-After, up to an hour. A call in the pause returns the kept token if that is still valid, else the last
 *     failure, at once. minbearer_wake ends a pause.
 *   - After the pause the next call tries again, whatever the failure was but a wrong setting. MINBEARER_NETWORK, _TIMEOUT,
 *     _UNAVAILABLE, _LOCATOR and _NO_MEMORY may pass by themselves. MINBEARER_REFUSED and _MALFORMED want someone to look:
 *     a wrong secret is tried again after the longest pause, or when its file has changed.
 *   - A token is renewed at 90 % of its lifetime, or 60 seconds before its end if that is later, less a random part of up to
 *     a tenth of the lifetime. No request begins within a second of the beginning of another.
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

/* The version of this header; minbearer_version returns the library's. Before 1.0 a minor version is another interface. */
#define MINBEARER_VERSION "0.1.0"
#define MINBEARER_VERSION_MAJOR 0
#define MINBEARER_VERSION_MINOR 1
#define MINBEARER_VERSION_PATCH 0

/* The compiler warns, where it can, if the result of the function is not used. */
#if defined(__GNUC__)
#define MINBEARER_USE_RESULT __attribute__((warn_unused_result))
#else
#define MINBEARER_USE_RESULT
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
  MINBEARER_UNAVAILABLE = 8, /* it cannot answer now: 429, 5xx but 501 */
  MINBEARER_NO_MEMORY = 9,   /* there is no memory for a request, an answer or a token */
  MINBEARER_PANICKED = 101   /* a bug in this library: please report it. Built for size it ends the process instead */
} minbearer_status;

/* Value and message may be static where there is little stack. */
#define MINBEARER_MESSAGE_SIZE 1024
typedef struct minbearer_message {
  char text[MINBEARER_MESSAGE_SIZE];
} minbearer_message;

/* The longest value there can be, with its NUL: "Bearer " and a token of 16 KiB. Less will do for shorter tokens. */
#define MINBEARER_VALUE_SIZE 16392

typedef struct minbearer minbearer;

/* ---- Constructors, one for each flow ---- */

/* JSA (QRadar): /service_port_locator.py finds the port of qoauth.service.consul. */
MINBEARER_USE_RESULT minbearer *minbearer_jsa(const char *client_id, const char *client_secret);

/* The same (OS), with CLIENT_ID or CLIENT_ID_FILE, CLIENT_SECRET or CLIENT_SECRET_FILE, and where they are set QOAUTH_URL,
 * QOAUTH_HOST and SERVICE_PORT_LOCATOR. The files are read anew for each request. Both for the id, or both for the secret,
 * are MINBEARER_CONFIG. */
MINBEARER_USE_RESULT minbearer *minbearer_jsa_from_env(void);

/* Altair Accelerator: any URL of the project, of which scheme, host and port are used. */
MINBEARER_USE_RESULT minbearer *minbearer_accelerator(const char *url, const char *username, const char *password);

/* OAuth 2.0 client credentials (RFC 6749 section 4.4). The token URL is whole, with its path: a slash at the end is part
 * of it. The secret goes into the body; see minbearer_set_basic. It may be NULL with
 * minbearer_set_secret_file or another setting that supplies it, for a client that authenticates by
 * minbearer_set_client_certificate, and with minbearer_set_grant_type. */
MINBEARER_USE_RESULT minbearer *minbearer_client_credentials(const char *token_url, const char *client_id,
                                                             const char *client_secret);

/* The same (OS), with CLIENT_ID or CLIENT_ID_FILE, and one of CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_ASSERTION_FILE
 * (RFC 7523 section 2.2). With none of the three, a setting has to supply one, or the client's certificate. Two of the
 * three, or both for the id, are MINBEARER_CONFIG. */
MINBEARER_USE_RESULT minbearer *minbearer_client_credentials_from_env(const char *token_url);

/* ---- Settings, before the first call for a token ---- */

/* The time limit for a call for a token (--timeout). 0 is MINBEARER_CONFIG; more than a day counts as a day. */
minbearer_status minbearer_set_timeout(minbearer *handle, uint32_t milliseconds);

/* The secret or password in this file (OS), in place of any that was given. It is read anew for each request, without
 * one newline at its end, so a secret may be replaced while the program runs: write another file and rename it. */
minbearer_status minbearer_set_secret_file(minbearer *handle, const char *path);

/* The secret or password from a function, which is called for each request: a keyring, a TPM. It writes a text that ends
 * with a NUL to `size` bytes, MINBEARER_SECRET_SIZE, at `secret`, and returns 0; the library wipes them. Any other number
 * is MINBEARER_CONFIG. Its time counts towards the timeout. */
#define MINBEARER_SECRET_SIZE 16385
typedef int minbearer_secret_function(void *context, char *secret, size_t size);
minbearer_status minbearer_set_secret_function(minbearer *handle, minbearer_secret_function *supply, void *context);

/* JSA: scheme, host and port of qoauth. No locator is run. Without it, the calls without a network are
 * MINBEARER_CONFIG. */
minbearer_status minbearer_set_qoauth_url(minbearer *handle, const char *url);

/* JSA: another name than qoauth.service.consul, for the locator's argument and the URL. */
minbearer_status minbearer_set_qoauth_host(minbearer *handle, const char *host);

/* JSA (OS): another locator than /service_port_locator.py. It gets the host as its argument and prints the port. */
minbearer_status minbearer_set_locator(minbearer *handle, const char *program);

/* Accelerator: "Bearer <token>" (RFC 6750) instead of the vendor's "Bearer:<token>". */
minbearer_status minbearer_set_rfc6750_header(minbearer *handle);

/* From here to minbearer_set_plain_http the settings are for client credentials. */

/* Asks for a scope (--scope); may be called again. */
minbearer_status minbearer_add_scope(minbearer *handle, const char *scope);

/* A form parameter that the server needs, such as audience (--parameter); may be called again. */
minbearer_status minbearer_add_parameter(minbearer *handle, const char *name, const char *value);

/* A header field of the token request, such as a gateway's key (--request-header); may be called again. The value is wiped
 * like a secret. */
minbearer_status minbearer_add_request_header(minbearer *handle, const char *name, const char *value);

/* Another grant_type than client_credentials, for a server with a name of its own: Zoom's account_credentials
 * (--grant-type). The client then needs no secret. With "client_credentials" and no secret the request has the client's id
 * alone: for a certificate that the program's own TLS presents (RFC 8705). */
minbearer_status minbearer_set_grant_type(minbearer *handle, const char *name);

/* Id and secret as HTTP Basic (--basic), form-encoded first, as the RFC demands. */
minbearer_status minbearer_set_basic(minbearer *handle);

/* The same without form-encoding, as curl does, for servers that do not decode (--basic-unencoded). */
minbearer_status minbearer_set_basic_unencoded(minbearer *handle);

/* Instead of a secret the assertion in this file (OS), a JWT that someone else signs (RFC 7523 section 2.2): of Kubernetes
 * or SPIFFE. It is read anew for each request. */
minbearer_status minbearer_set_assertion_file(minbearer *handle, const char *path);

/* The same from a function, as for a secret: a JWT that a TPM or the program's own TLS library signs. */
minbearer_status minbearer_set_assertion_function(minbearer *handle, minbearer_secret_function *supply, void *context);

/* Keeps a string member of the answer for minbearer_member: Salesforce's instance_url. May be called again. */
minbearer_status minbearer_keep_member(minbearer *handle, const char *name);

/* Allows http to another host than localhost, 127.0.0.0/8 and [::1], which exposes the secret to the network
 * (--plain-http). */
minbearer_status minbearer_set_plain_http(minbearer *handle);

/* From here to minbearer_set_proxy the settings are for the library's own network. Without its feature `tls` they are
 * MINBEARER_CONFIG, with a transport of the program's own MINBEARER_MISUSE. minbearer_has_tls tells before. */

/* Trusts the CAs in this PEM text and no others (--cacert, which takes a file: here the program reads it). */
minbearer_status minbearer_set_ca(minbearer *handle, const char *pem);

/* Trusts them in addition to the system's. */
minbearer_status minbearer_add_ca(minbearer *handle, const char *pem);

/* Verifies the certificate of `host` for this name instead, and asks for it (--server-name): a console that is reached by
 * its address, whose certificate is for localhost.localdomain. May be called again for another host. */
minbearer_status minbearer_set_server_name(minbearer *handle, const char *host, const char *name);

/* Presents this certificate chain to a server that asks for a client certificate (--cert, --key). */
minbearer_status minbearer_set_client_certificate(minbearer *handle, const char *chain_pem, const char *key_pem);

/* Connects to https servers through this HTTP proxy, http://host:port, by CONNECT (--proxy); an http server is then
 * MINBEARER_CONFIG. User name and password (--proxy-user) are both NULL or both given; the proxy sees nothing else. */
minbearer_status minbearer_set_proxy(minbearer *handle, const char *url, const char *username, const char *password);

/* ---- A network of the program's own ---- */

/* The functions are called in this order for one token request: connect, send until all is sent, receive until the
 * answer is complete, close. They move the bytes of HTTP as they are. Each request has a connection of its own, which the
 * server is asked to close. After MINBEARER_CLOSED of send an answer is still received, as a server may refuse early;
 * after any other failure the connection is closed at once.
 *
 * Over TCP set TCP_NODELAY: TLS sends a request in more than one piece, and without it each exchange may wait 40 ms for a
 * delayed acknowledgement. SIGPIPE is the functions' to prevent, by MSG_NOSIGNAL for example.
 *
 * `milliseconds`, above 0, is what is left of the timeout: a function must return by then, with what it has. That includes
 * a name's lookup; getaddrinfo has no limit of its own. If one returns later, the call is MINBEARER_TIMEOUT, and a connection
 * that was made is closed.
 *
 * Numbers below MINBEARER_CLOSED are failures, and the message has the number: -1000 - errno, for example. An error number
 * negated does not do: EPERM is 1. */
#define MINBEARER_CLOSED (-1)
typedef struct minbearer_transport {
  void *context; /* for connect alone: the others have only the connection, in which to keep what they need */

  /* Connects to a name or an address (IPv6 without brackets), and returns the connection, or NULL if there is none. The
   * message cannot say why: keep a text in `context` and print it beside the message, under a lock where several threads
   * use the handle. `host` is lent for the call.
   *
   * If `tls` is 1, this means with TLS, its handshake completed and the certificate verified for `host`. If that is an
   * address, it is looked for among the certificate's addresses, and no server name is sent. If it is a name that ends in a
   * dot, certificate and server name have it without. */
  void *(*connect)(void *context, const char *host, uint16_t port, int tls, uint32_t milliseconds);

  /* Both return how many bytes they have moved, 1 to `size`, which is above 0; or 0 if none could be moved yet. That may be
   * before `milliseconds` are over: they are then called again with the same pointer and size, as SSL_write wants it, until
   * the deadline. A library without an operating system does so at once, so wait before you return 0.
   *
   * MINBEARER_CLOSED means that the server has closed the connection: recv's 0, ECONNRESET, EPIPE. With TLS an end without
   * close_notify is a failure instead. A TLS library can hold bytes while its socket has none: read before you wait. */
  int32_t (*send)(void *connection, const void *bytes, size_t size, uint32_t milliseconds);
  int32_t (*receive)(void *connection, void *bytes, size_t size, uint32_t milliseconds);

  /* Called once for each connection. Must not wait. */
  void (*close)(void *connection);
} minbearer_transport;

/* Uses these functions, none of which may be NULL, instead of the library's own network. The struct is copied. It does not go
 * together with a setting of that network: the second of the two is MINBEARER_MISUSE. */
minbearer_status minbearer_set_transport(minbearer *handle, const minbearer_transport *transport);

/* A clock and random numbers. A library without an operating system needs them for calls over a transport; one with an
 * operating system returns MINBEARER_OK and uses its own. `milliseconds` counts from any start, never back, and if possible through suspend;
 * `random` returns 32 random bits. */
typedef uint64_t minbearer_clock_function(void *context);
typedef uint32_t minbearer_random_function(void *context);
minbearer_status minbearer_set_clock(minbearer *handle, minbearer_clock_function *milliseconds,
                                     minbearer_random_function *random, void *context);

/* ---- Calls for a token ---- */

/* Writes the value of the Authorization header, such as "Bearer 2YotnFZFEjr1zCsicMWpAA", into `size` bytes at `value`:
 * from memory, or obtained or renewed if that is due. MINBEARER_VALUE_SIZE bytes are always enough. If they are too
 * few, the token is kept, and the message says how many it takes. */
MINBEARER_USE_RESULT minbearer_status minbearer_authorization(minbearer *handle, char *value, size_t size,
                                                              minbearer_message *why);

/* The same for the token alone, such as "2YotnFZFEjr1zCsicMWpAA": for a client that makes the header itself. */
MINBEARER_USE_RESULT minbearer_status minbearer_access_token(minbearer *handle, char *value, size_t size,
                                                             minbearer_message *why);

/* The same for a member of the answer that minbearer_keep_member names. MINBEARER_MALFORMED if the answer had no such
 * member that is a string. */
MINBEARER_USE_RESULT minbearer_status minbearer_member(minbearer *handle, const char *name, char *value, size_t size,
                                                       minbearer_message *why);

/* After an API answered 401. In: the header value that it rejected, as minbearer_authorization wrote it. Out: the one to
 * use now. If the handle has a newer token than the rejected one, no request is made. If the API rejects new tokens too,
 * the same value is written again, which strcmp shows, and the server is asked after pauses that grow: the API forbids
 * the call with any token, and its 401 is the answer. A token younger than a second is replaced when the second is over:
 * the call waits for that. With less than that of its timeout left, and in a library without an operating system, it writes
 * the same value at once, and the next call asks.
 * With the empty string the call does what minbearer_authorization does. Text that is not a header value (the token alone,
 * "Authorization: ..." with the field's name) is MINBEARER_MISUSE, and stays where it is. */
MINBEARER_USE_RESULT minbearer_status minbearer_renew(minbearer *handle, char *value, size_t size,
                                                      minbearer_message *why);

/* What is left of the kept token, in whole seconds; 0 if it has ended; -1 if that is not known: there is no token, or there
 * is one without a lifetime, which is used until an API rejects it. Makes no request. In a library without an operating
 * system, and in the calls without a network, it is what was left at the last call that had the time. */
int64_t minbearer_seconds_left(minbearer *handle);

/* Something has changed, such as the secret's file or the network: the next call asks the server, whatever the pause, but
 * not within a second of the last request. */
minbearer_status minbearer_wake(minbearer *handle);

/* ---- Without a network ----
 *
 * The program moves the bytes, by its own clock: a number of milliseconds from any start, which never goes back and, if
 * possible, runs through suspend. The calls below neither wait nor look at another clock. For each token request:
 *
 *     minbearer_step step;
 *     minbearer_next(handle, now, random, &step)              when something has happened, and at step.until
 *     if step.action is MINBEARER_ASK:
 *         minbearer_request(handle, now, &request, &target, &why)   if it fails, minbearer_next says when again
 *         connect to target.host and target.port, with TLS if target.tls, and send all bytes of `request`, or until the
 *             server closes: it may refuse early
 *         minbearer_push(handle, bytes, size, &complete, &why)   for what comes then, until `complete` is 1
 *         close the connection
 *         minbearer_finish(handle, now, &why)                 the answer is complete, or the server has closed: recv's 0,
 *                                                             ECONNRESET, EPIPE
 *         or minbearer_failed(handle, now)                    no connection, or another error; the program prints why
 *         or, after target.milliseconds, minbearer_next       the request was not in time
 *     else if step.has_token:
 *         minbearer_authorization(handle, value, sizeof value, &why) and an API call
 *         after a 2xx: minbearer_accepted(handle)
 *         after a 401: minbearer_rejected(handle, now), and minbearer_next as above:
 *             a request is under way: end it as above first, and if that is MINBEARER_OK, make the API call once more
 *             MINBEARER_ASK: make the request, then the API call once more; a second 401 is its answer, and told too
 *             MINBEARER_USE, and step.until is 1000 ms away at most: MINBEARER_ASK comes then, so wait
 *             MINBEARER_USE: the 401 is the call's answer; the next 401 after a pause of 1 to 60 seconds brings ASK again
 *     else: wait until step.until
 *
 * The first of these calls decides: after it, no call with the handle uses a network. minbearer_authorization,
 * minbearer_access_token and minbearer_member then write the kept token, or return what the last request came to, or
 * MINBEARER_MISUSE before there was one and when the token has ended; minbearer_renew is MINBEARER_MISUSE. With a transport these calls are MINBEARER_MISUSE. */

typedef enum minbearer_action {
  MINBEARER_USE = 1,  /* use the token, and make no request before `until`: none is due, too soon, or under way */
  MINBEARER_ASK = 2,  /* make a token request now */
  MINBEARER_WAIT = 3  /* there is no token, and a request is under way, or may not begin before `until` */
} minbearer_action;

typedef struct minbearer_step {
  minbearer_action action;
  int has_token;  /* 1 if minbearer_authorization writes a token that may be used: always with USE, often with ASK. After
                   * minbearer_rejected it is the rejected one, until there is another */
  uint64_t until; /* call minbearer_next again by this time, by the same clock; UINT64_MAX: only when something happens.
                   * With ASK it is now: poll with it only after minbearer_request */
} minbearer_step;

typedef struct minbearer_bytes {
  const void *bytes;
  size_t size;
} minbearer_bytes;

typedef struct minbearer_target {
  const char *host;      /* a name or an address, IPv6 without brackets */
  uint16_t port;
  int tls;               /* 1: with TLS, and the certificate must be verified for `host` */
  uint32_t milliseconds; /* how long the request may take: the handle's timeout */
} minbearer_target;

/* What to do now. `random` is 32 random bits, others at each call, so that devices which started together do not ask
 * together. A request that was not ended within `target.milliseconds` counts as failed, MINBEARER_TIMEOUT, at the first call of this
 * after that: keep that time, and close the connection; minbearer_push, minbearer_finish and minbearer_failed are then
 * MINBEARER_MISUSE, as they are without a request. If a setting was wrong, this returns its status, minbearer_authorization has the message, and `step` says
 * WAIT, for ever. */
MINBEARER_USE_RESULT minbearer_status minbearer_next(minbearer *handle, uint64_t now_milliseconds, uint32_t random,
                                                     minbearer_step *step);

/* The request to send after MINBEARER_ASK: HTTP/1.1, head and body, to be sent as it is over a new connection. It holds the
 * secret: send it, and keep no copy. After a failure there is no request to end, and ASK comes again after a pause. http to
 * another host, a file or function without a secret, and a qoauth without its URL are such failures, MINBEARER_CONFIG. */
MINBEARER_USE_RESULT minbearer_status minbearer_request(minbearer *handle, uint64_t now_milliseconds,
                                                        minbearer_bytes *request, minbearer_target *target,
                                                        minbearer_message *why);

/* Bytes of the answer, its head included, cut anywhere; those after its end are ignored. Sets `complete` to 1 if no more
 * are needed, also if it fails, else to 0: at 1 close the connection, and call minbearer_finish, which returns the same failure. */
MINBEARER_USE_RESULT minbearer_status minbearer_push(minbearer *handle, const void *bytes, size_t size, int *complete,
                                                     minbearer_message *why);

/* Ends the request: the answer is complete, or the server has closed the connection, which is the end of some answers; of
 * one that is cut short it is MINBEARER_NETWORK. MINBEARER_OK: there is a new token. */
MINBEARER_USE_RESULT minbearer_status minbearer_finish(minbearer *handle, uint64_t now_milliseconds,
                                                       minbearer_message *why);

/* Ends the request: there was no answer. The message of minbearer_authorization then says no more than that, so print what
 * the network said; while there is still a token, there is no message. */
minbearer_status minbearer_failed(minbearer *handle, uint64_t now_milliseconds);

/* What an API said to the token that minbearer_authorization writes now. After a 401, and only then, it was rejected:
 * minbearer_next then says whether to ask for another, as above. A 2xx has accepted it. Other outcomes, and those of calls
 * with an earlier token, are not told: if a minbearer_finish returned MINBEARER_OK since the value was written, tell nothing.
 * If there never was a token, both are MINBEARER_MISUSE. */
minbearer_status minbearer_accepted(minbearer *handle);
minbearer_status minbearer_rejected(minbearer *handle, uint64_t now_milliseconds);

/* ---- */

/* Wipes and frees the handle. */
void minbearer_free(minbearer *handle);

/* Overwrites memory with zeros. The compiler does not remove it, as it may remove a memset before a free. */
void minbearer_wipe(void *memory, size_t size);

/* The library's version, such as "0.1.0". Static; not to be freed. */
const char *minbearer_version(void);

/* A few words for a status, such as "the deadline passed". Static; not to be freed. */
const char *minbearer_status_text(int status);

/* 1 if the library was built with its feature `tls`, else 0. */
int minbearer_has_tls(void);

/* ---- Memory, for a library without an operating system ----
 *
 * The program defines these three; capi/memory.c does it over malloc. The library wipes memory before it is released.
 *
 *   void *minbearer_allocate(size_t size);        aligned as malloc's; NULL if there is none
 *   void minbearer_release(void *memory);         never NULL
 *   void minbearer_out_of_memory(void);           does not return
 *
 * If there is no memory for a request, an answer or a token, a call returns MINBEARER_NO_MEMORY, the request counts as
 * failed, and an old token stays. If there is none for the little that settings and messages take,
 * minbearer_out_of_memory is called; and for a bug in the library, which ends the program like a failed assertion, too.
 * The library tries whether there is enough, and releases it, before the work: a task on the same heap that takes it in
 * between brings minbearer_out_of_memory, too.
 *
 * On x86_64 a handle takes 1.7 KiB and its token, and during a request 3 KiB and 2.3 times the answer; less where a
 * pointer has 32 bits.
 */
void *minbearer_allocate(size_t size);
void minbearer_release(void *memory);
void minbearer_out_of_memory(void);

#ifdef __cplusplus
}
#endif

#endif
