/* People's connections: what they send, and whether what comes is right. */

#ifndef CLIENTS_H
#define CLIENTS_H

#include "lines.h"

enum { ONE_CHAT = 5, GROUP_CHAT = 9, SIGNAL = 18 };

typedef struct {
    long id;
    char token[64];
} person;

typedef struct stream stream;

/* Somebody's connection. */
typedef struct {
    connection line;
    bool is_logged_in;
    int64_t pending; /* messages that still belong to the login */
    uint64_t begun;
    stream *sends, *receives;
    int64_t last_number, conv, seq; /* of the last push */
    int unacknowledged;
} client;

/* The messages of one sender, numbered from 1. */
struct stream {
    client *sender;
    int receivers;
    bool is_touched, has_base;
    int64_t sent, answered, delivered;
    int64_t base; /* message n has the seq base + n */
    int64_t mask;
    struct {
        uint64_t sent_at;
        int missing;
    } *flights; /* a ring, by number */
};

/* How often something was wrong. */
extern struct faults {
    int64_t lost, repeated, holes, wrong_seq, misled, refused, closed, odd;
} faults;

extern person *people;
extern int people_count, logged_in;

/* What is sent: SIGNAL, ONE_CHAT or GROUP_CHAT. */
extern int msgid;

extern stream *streams;
extern int stream_count;

/* Nothing new is sent any more. */
extern bool is_stopping;

void read_people(const char *file);

/* Open a connection, and log in as soon as it stands. */
void log_in(client *c, const person *who, int port);

/* Clients that are not logged in: the senders of so many streams, then as many receivers, shared out
   among the streams. */
client *make_streams(int count, int receivers);

/* Have a stream's window filled at the end of the turn. */
void touch(stream *s);

/* Tell the server up to where messages have come. */
void acknowledge(client *c);

/* The messages of all streams that are under way. */
int64_t under_way(void);

/* Whether nothing came for as long as options.patience. */
bool is_silent(void);

#endif
