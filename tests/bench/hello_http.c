/* hello_http: what libmicrohttpd can do at best, with one thread as in the live page. Answers every request with the
 * same BYTES bytes; no path is read, nobody is identified, no file or database is open. Prints the port, and serves
 * until standard input ends.   hello_http BYTES */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *body, size_t *size, void **request)
{
    static int seen;
    (void)url;
    (void)method;
    (void)version;
    (void)body;
    (void)size;
    if (*request == NULL) { /* the headers; the answer comes with the next call */
        *request = &seen;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

int main(int argc, char **argv)
{
    size_t length = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    char *text = malloc(length + 1);
    if (text == NULL || length == 0)
        return 64;
    memset(text, 'x', length);
    struct MHD_Response *response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
    const struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                                                 MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    (void)printf("%u\n", (unsigned int)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    while (getchar() != EOF)
        continue;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
