/* minbearer jsa as someone would write it over libcurl, the system's, linked dynamically. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char answer[65536];

static size_t keep(char *bytes, size_t one, size_t count, void *had) {
    size_t *length = had;
    if (*length + count >= sizeof answer) return 0;
    memcpy(answer + *length, bytes, count);
    *length += count;
    return one * count;
}

static int located(void) {
    char command[4096];
    int port = 0;
    snprintf(command, sizeof command, "'%s' qoauth.service.consul", getenv("SERVICE_PORT_LOCATOR"));
    FILE *locator = popen(command, "r");
    return locator && fscanf(locator, "%d", &port) == 1 && !pclose(locator) ? port : 0;
}

int main(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *curl = curl_easy_init();
    char origin[256], url[4096], *given = getenv("QOAUTH_URL");
    if (!given) snprintf(origin, sizeof origin, "http://127.0.0.1:%d", located());
    snprintf(url, sizeof url, "%s/token?grant_type=client_credentials&client_id=%s&client_secret=%s",
        given ? given : origin, curl_easy_escape(curl, getenv("CLIENT_ID"), 0),
        curl_easy_escape(curl, getenv("CLIENT_SECRET"), 0));
    size_t length = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &length);
    if (getenv("SSL_CERT_FILE")) curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    CURLcode code = curl_easy_perform(curl);
    if (code) {
        fprintf(stderr, "libcurl_client: %s\n", curl_easy_strerror(code));
        return 1;
    }
    char *token = strstr(answer, "\"access_token\": \""), *end = token ? strchr(token += 17, '"') : NULL;
    if (!end) return 1;
    *end = 0;
    puts(token);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return 0;
}
