#define _GNU_SOURCE
#include "lines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EVENTS = 1024, MOST_READ = 1 << 20, BACKLOG = 1024 };

uint64_t arrived_at;

static int poller = -1, listener;
static connection **dirty;
static int dirty_count, dirty_room;

uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

void die(const char *what)
{
    fprintf(stderr, errno ? "%s: %s\n" : "%s\n", what, strerror(errno));
    exit(2);
}

static void *sized(void *memory, size_t size)
{
    if (!(memory = realloc(memory, size)))
        die("memory");
    return memory;
}

void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        die("memory");
    return memory;
}

/* The listener is watched for nobody. */
static void watch(int fd, int operation, uint32_t wanted, connection *c)
{
    struct epoll_event event = {.events = wanted, .data.ptr = c};
    if (poller < 0)
        poller = epoll_create1(0);
    if (epoll_ctl(poller, operation, fd, &event))
        die("epoll");
}

static void arm(connection *c, int operation)
{
    watch(c->fd, operation, EPOLLIN | (c->is_blocked ? EPOLLOUT : 0), c);
}

static void begin(connection *c, int fd)
{
    int on = 1;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    arm(c, EPOLL_CTL_ADD);
}

static struct sockaddr_in local(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void listen_at(int port)
{
    struct sockaddr_in address = local(port);
    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, BACKLOG))
        die("listen");
    watch(listener, EPOLL_CTL_ADD, EPOLLIN, NULL);
}

static void welcome(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd >= 0)
        begin(zeroed(1, sizeof(connection)), fd);
}

void connect_to(connection *c, int port)
{
    struct sockaddr_in address = local(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        die("connect");
    c->is_blocked = true;
    begin(c, fd);
}

void put(connection *c, const char *text, size_t size)
{
    if (c->out_size + size > c->out_room)
        c->out = sized(c->out, c->out_room = 2 * (c->out_size + size));
    memcpy(c->out + c->out_size, text, size);
    c->out_size += size;
    if (c->is_dirty)
        return;
    c->is_dirty = true;
    if (dirty_count == dirty_room)
        dirty = sized(dirty, (dirty_room = 2 * dirty_room + 64) * sizeof *dirty);
    dirty[dirty_count++] = c;
}

static void flush(connection *c)
{
    size_t done = 0;
    while (done < c->out_size) {
        ssize_t count = send(c->fd, c->out + done, c->out_size - done, MSG_NOSIGNAL);
        if (count < 0)
            break; /* not now; what is wrong with the connection shows when it is read */
        done += count;
    }
    memmove(c->out, c->out + done, c->out_size -= done);
    if (c->is_blocked != (c->out_size > 0)) {
        c->is_blocked = !c->is_blocked;
        arm(c, EPOLL_CTL_MOD);
    }
}

void hang_up(connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->out_size = c->rest_size = 0;
}

static void read_lines(connection *c)
{
    static char buffer[MOST_READ];
    if (c->rest_size)
        memcpy(buffer, c->rest, c->rest_size);
    ssize_t count = recv(c->fd, buffer + c->rest_size, sizeof buffer - c->rest_size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        hang_up(c);
        take_end(c);
        return;
    }
    arrived_at = now();
    char *line = buffer, *end = buffer + c->rest_size + count, *stop;
    for (; (stop = memchr(line, '\n', end - line)); line = stop + 1)
        take_line(c, line, stop - line);
    c->rest_size = end - line;
    if (c->rest_size)
        memcpy(c->rest = sized(c->rest, c->rest_size), line, c->rest_size);
}

void turn(int milliseconds)
{
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(poller, events, MOST_EVENTS, milliseconds);
    for (int i = 0; i < count; i++) {
        connection *c = events[i].data.ptr;
        if (!c) {
            welcome();
            continue;
        }
        if (events[i].events & EPOLLOUT)
            flush(c);
        if (events[i].events & ~EPOLLOUT)
            read_lines(c);
    }
    end_turn();
    for (int i = 0; i < dirty_count; i++) {
        dirty[i]->is_dirty = false;
        if (dirty[i]->fd >= 0 && !dirty[i]->is_blocked)
            flush(dirty[i]);
    }
    dirty_count = 0;
}
