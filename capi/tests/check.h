/* What the tests share: checks that count, and a server on loopback whose answers the test writes. */
#ifndef CHECK_H
#define CHECK_H

#include "minbearer.h"
#include <stdbool.h>
#include <stddef.h>

/* Whether the library was built with its feature `std`. */
#ifdef WITHOUT_SYSTEM
#define HAS_SYSTEM 0
#else
#define HAS_SYSTEM 1
#endif

/* Counts a check, and prints it if it failed. */
#define CHECK(condition, ...) check_that((condition), __FILE__, __LINE__, #condition, __VA_ARGS__)
void check_that(bool holds, const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Prints `N passed, N failed`; what main returns. */
int check_summary(void);

/* Milliseconds on a clock that only moves forward. */
long long now_ms(void);
void sleep_ms(long ms);

/* A server of one thread. `answer` writes what to send for a request, and returns its length; with 0 the connection is
 * kept open, and nothing is sent. */
typedef struct server server;
typedef size_t answer_function(server *, const char *request, char *answer, size_t room);
server *server_start(answer_function *answer, const void *data);
void server_stop(server *);
const void *server_data(const server *);
/* `http://127.0.0.1:<port>` */
const char *server_url(const server *);
/* How many requests came. */
int server_requests(const server *);

/* An HTTP answer around a body. */
size_t answer_with(char *answer, size_t room, const char *status, const char *body);
/* 200 and a token that no other request gets: `token-<request>-`, and 40 letters. */
answer_function fresh_token;
/* 200 and a token of that many bytes; `data` points to an int. */
answer_function long_token;
/* The status line and body that `data` points to: `const char *[2]`. */
answer_function canned;
answer_function silence;

/* A JSA handle for the server. */
minbearer *jsa_at(const server *);

/* A shell script in a folder of its own, to be freed; `end_script` deletes it. */
char *write_script(const char *text);
void end_script(char *path);

/* How many descriptors are open. */
int open_descriptors(void);

void test_misuse(void);
void test_values(void);
void test_statuses(void);
void test_threads(void);
void test_fork(void);
void test_time(void);
void test_signals(void);
void test_transport(void);
void test_steps(void);

#endif
