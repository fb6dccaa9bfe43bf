/* floor_multi: what libcurl's multi interface can do at best. Posts the bodies in FILE, one a line, over so many
 * connections; nothing is read from a database, recorded or logged. Prints the seconds from the first request to the
 * last answer. (With epoll and curl_multi_socket_action it is slower: for a handful of sockets the bookkeeping costs
 * more than poll.)
 *
 *     floor_multi URL FILE COUNT CONNECTIONS [CA_FILE] */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_CONNECTIONS 64

struct slot {
    CURL *easy;
    char key[64];
    struct curl_slist key_header;
    char answer[1024];
    size_t length;
};

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "floor_multi: %s failed\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct slot *slot = context;
    check(slot->length + size * count < sizeof slot->answer, "keeping the answer");
    memcpy(slot->answer + slot->length, bytes, size * count);
    slot->length += size * count;
    return size * count;
}

static char **read_lines(const char *path, size_t count)
{
    char **lines = calloc(count, sizeof *lines);
    FILE *in = fopen(path, "r");
    check(in != NULL && lines != NULL, "opening the bodies");
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        ssize_t length = getline(&lines[i], &size, in);
        check(length > 0, "reading the bodies");
        lines[i][length - 1] = '\0';
    }
    fclose(in);
    return lines;
}

static void prepare(struct slot *slot, const char *url, const char *ca_file)
{
    slot->easy = curl_easy_init();
    curl_easy_setopt(slot->easy, CURLOPT_URL, url);
    curl_easy_setopt(slot->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(slot->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(slot->easy, CURLOPT_USERAGENT, "floor_multi/1");
    curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(slot->easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot);
    if (ca_file != NULL) {
        curl_easy_setopt(slot->easy, CURLOPT_CAINFO, ca_file);
        curl_easy_setopt(slot->easy, CURLOPT_CAPATH,
                         NULL); /* with one, each connection would parse the whole file again */
    }
}

static void start(CURLM *multi, struct slot *slot, struct curl_slist *headers, char *body, size_t number)
{
    snprintf(slot->key, sizeof slot->key, "Idempotency-Key: 1700000000.1234567-%016zx", number);
    slot->key_header = (struct curl_slist){ .data = slot->key, .next = headers };
    slot->length = 0;
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, &slot->key_header);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    check(curl_multi_add_handle(multi, slot->easy) == CURLM_OK, "starting a request");
}

/* Ends the request that got its answer, and returns its slot. */
static struct slot *finish(CURLM *multi, const CURLMsg *message)
{
    struct slot *slot = NULL;
    long status = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    check(message->data.result == CURLE_OK && status == 200, "a request");
    curl_multi_remove_handle(multi, slot->easy);
    return slot;
}

int main(int argc, char **argv)
{
    static struct slot slots[MOST_CONNECTIONS];
    static const char *const lines[] = { "x-api-key: test-key", "Content-Type: application/json",
                                         "Accept: application/json", "Expect:" };
    check(argc == 5 || argc == 6, "usage: floor_multi URL FILE COUNT CONNECTIONS [CA_FILE];");
    size_t count = strtoul(argv[3], NULL, 10), connections = strtoul(argv[4], NULL, 10), next = 0, done = 0;
    check(connections > 0 && connections <= MOST_CONNECTIONS && count >= connections, "so many connections");
    char **bodies = read_lines(argv[2], count);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)connections);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        headers = curl_slist_append(headers, lines[i]);

    double began = now();
    for (; next < connections; next++) {
        prepare(&slots[next], argv[1], argc == 6 ? argv[5] : NULL);
        start(multi, &slots[next], headers, bodies[next], next);
    }
    while (done < count) {
        size_t before = done;
        int left = 0;
        check(curl_multi_perform(multi, &left) == CURLM_OK, "curl_multi_perform");
        for (CURLMsg *message = NULL; (message = curl_multi_info_read(multi, &left)) != NULL; done++) {
            struct slot *slot = finish(multi, message);
            if (next < count) {
                start(multi, slot, headers, bodies[next], next);
                next++;
            }
        }
        if (done == before)
            check(curl_multi_poll(multi, NULL, 0, 1000, NULL) == CURLM_OK, "curl_multi_poll");
    }
    printf("%.6f\n", now() - began);

    for (size_t i = 0; i < connections; i++)
        curl_easy_cleanup(slots[i].easy);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    for (size_t i = 0; i < count; i++)
        free(bodies[i]);
    free(bodies);
    return 0;
}
