/* Connections of lines on the loopback interface: one thread, epoll, writes joined by turn. */

#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECOND 1000000000ull /* nanoseconds */

typedef struct {
    int fd; /* -1: closed */
    bool is_dirty, is_blocked;
    char *rest, *out; /* the beginning of a line; what is not sent yet */
    size_t rest_size, out_size, out_room;
} connection;

/* Nanoseconds of a clock that nobody sets. */
uint64_t now(void);

/* When the line that is being taken came. */
extern uint64_t arrived_at;

/* End the program: something that it needs can't be had. */
void die(const char *what) __attribute__((noreturn));

/* Zeroed memory. */
void *zeroed(size_t count, size_t size);

/* Take connections; each is in memory of its own, for ever. */
void listen_at(int port);

/* Begin to connect; what is put is sent as soon as the connection stands. */
void connect_to(connection *c, int port);

/* Send a text at the end of the turn. */
void put(connection *c, const char *text, size_t size);

void hang_up(connection *c);

/* Take what has come or comes within so many milliseconds, and send all that was put. */
void turn(int milliseconds);

/* What the program defines: a line came, without its end; the other side has hung up; all that
   came in this turn was taken. */
void take_line(connection *c, const char *line, size_t size);
void take_end(connection *c);
void end_turn(void);

#endif
