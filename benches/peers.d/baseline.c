/* minbearer jsa with nothing but the system calls it takes: run the locator, read the port, connect, send,
 * receive, print. It trusts its environment and the answer, looks at no clock and wipes nothing. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *what) {
    perror(what);
    return 1;
}

static int read_all(int from, char *into, size_t room) {
    size_t had = 0;
    ssize_t got;
    while (had < room && (got = read(from, into + had, room - had)) > 0) had += got;
    into[had] = 0;
    return had > 0;
}

static int locate(void) {
    char *arguments[] = {getenv("SERVICE_PORT_LOCATOR"), "qoauth.service.consul", NULL}, port[32];
    int ends[2], status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe(ends)) return 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    if (posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ)) return 0;
    close(ends[1]);
    int printed = read_all(ends[0], port, sizeof port - 1);
    close(ends[0]);
    return waitpid(child, &status, 0) == child && !status && printed ? atoi(port) : 0;
}

int main(void) {
    const char *url = getenv("QOAUTH_URL");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons(url ? atoi(strrchr(url, ':') + 1) : locate());
    static char text[4096];
    int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || connect(socket_, (struct sockaddr *)&to, sizeof to)) return fail("connect");
    int length = snprintf(text, sizeof text,
        "GET /token?grant_type=client_credentials&client_id=%s&client_secret=%s HTTP/1.1\r\n"
        "Host: 127.0.0.1:%d\r\nConnection: close\r\n\r\n",
        getenv("CLIENT_ID"), getenv("CLIENT_SECRET"), ntohs(to.sin_port));
    if (write(socket_, text, length) != length) return fail("write");
    if (!read_all(socket_, text, sizeof text - 1)) return fail("read");
    close(socket_);
    char *token = strstr(text, "\"access_token\": \""), *end = token ? strchr(token += 17, '"') : NULL;
    if (!end) return fail("no token");
    *end = '\n';
    return write(1, token, end + 1 - token) < 0;
}
