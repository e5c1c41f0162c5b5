/* A yardstick: the least that a relay of JSON lines has to do, in C with a bare epoll.

   usage: relay PORT

   {"msgid":1,"token":"7",...} makes the connection number 7's. Any other line goes, as it is, to the
   number behind its "toid":. What is to be written to a connection is joined for each turn. Nothing is
   checked, stored or bounded. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_EVENTS = 1024, MOST_NUMBERS = 1 << 20 };

typedef struct {
    int fd;
    bool is_dirty, is_blocked;
    char *rest, *out; /* an unfinished line; what is not sent yet */
    size_t rest_size, out_size, out_room;
} connection;

static connection *by_number[MOST_NUMBERS], *dirty[MOST_NUMBERS];
static int dirty_count, poller;

static void arm(connection *c, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (c->is_blocked ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(poller, operation, c->fd, &event);
}

static void put(connection *c, const char *text, size_t size)
{
    if (c->out_size + size > c->out_room)
        c->out = realloc(c->out, c->out_room = 2 * (c->out_size + size));
    memcpy(c->out + c->out_size, text, size);
    c->out_size += size;
    if (!c->is_dirty)
        dirty[dirty_count++] = c;
    c->is_dirty = true;
}

static void flush(connection *c)
{
    size_t done = 0;
    ssize_t count;
    while (done < c->out_size && (count = send(c->fd, c->out + done, c->out_size - done, MSG_NOSIGNAL)) > 0)
        done += count;
    memmove(c->out, c->out + done, c->out_size -= done);
    if (c->is_blocked != (c->out_size > 0)) {
        c->is_blocked = !c->is_blocked;
        arm(c, EPOLL_CTL_MOD);
    }
}

static void hang_up(connection *c)
{
    close(c->fd);
    c->fd = -1; /* the memory stays: somebody may write to this number */
}

static void take_line(connection *c, const char *line, size_t size)
{
    static const char LOGIN[] = "{\"msgid\":1,\"token\":\"", ANSWER[] = "{\"msgid\":2,\"errno\":0,\"pending\":0}\n";
    static const char TO[] = "\"toid\":";
    if (size > sizeof LOGIN && !memcmp(line, LOGIN, sizeof LOGIN - 1)) {
        by_number[atoi(line + sizeof LOGIN - 1) % MOST_NUMBERS] = c;
        put(c, ANSWER, sizeof ANSWER - 1);
        return;
    }
    const char *to = memmem(line, size, TO, sizeof TO - 1);
    connection *target = to ? by_number[atoi(to + sizeof TO - 1) % MOST_NUMBERS] : NULL;
    if (target && target->fd >= 0)
        put(target, line, size);
}

static void read_lines(connection *c)
{
    static char buffer[1 << 20];
    if (c->rest_size)
        memcpy(buffer, c->rest, c->rest_size);
    ssize_t count = recv(c->fd, buffer + c->rest_size, sizeof buffer - c->rest_size, 0);
    if (count <= 0) {
        hang_up(c);
        return;
    }
    char *line = buffer, *end = buffer + c->rest_size + count, *stop;
    for (; (stop = memchr(line, '\n', end - line)); line = stop + 1)
        take_line(c, line, stop + 1 - line);
    c->rest_size = end - line;
    if (c->rest_size)
        memcpy(c->rest = realloc(c->rest, c->rest_size), line, c->rest_size);
}

static void welcome(int listener)
{
    int on = 1;
    connection *c = calloc(1, sizeof *c);
    c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (c->fd < 0) {
        free(c);
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    arm(c, EPOLL_CTL_ADD);
}

int main(int count, char **words)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("relay");
        return 1;
    }
    poller = epoll_create1(0);
    struct epoll_event events[MOST_EVENTS] = {{.events = EPOLLIN}};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &events[0]);
    for (;;) {
        int ready = epoll_wait(poller, events, MOST_EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            connection *c = events[i].data.ptr;
            if (!c)
                welcome(listener);
            else if (c->fd >= 0 && events[i].events & ~EPOLLOUT)
                read_lines(c);
            if (c && c->fd >= 0 && events[i].events & EPOLLOUT)
                flush(c);
        }
        for (int i = 0; i < dirty_count; i++) {
            dirty[i]->is_dirty = false;
            if (dirty[i]->fd >= 0 && !dirty[i]->is_blocked)
                flush(dirty[i]);
        }
        dirty_count = 0;
    }
}
