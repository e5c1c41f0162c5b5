#define _GNU_SOURCE
#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "options.h"

enum { LOGIN_ACK = 2, REPLY = 11, PING = 13, PRESENCE = 16 };

#define NUMBERS 10000000000ll /* a text begins with its stream's number times this, plus its own */

struct faults faults;
person *people;
stream *streams;
int people_count, logged_in, stream_count, msgid;
bool is_stopping;

static stream **touched;
static int touched_count;

void read_people(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        die(name);
    person one;
    while (fscanf(file, "%ld %63s", &one.id, one.token) == 2) {
        if (!(people = realloc(people, (people_count + 1) * sizeof *people)))
            die("memory");
        people[people_count++] = one;
    }
    fclose(file);
}

/* The number behind a key, or -1. */
static int64_t number_after(const char *line, size_t size, const char *key)
{
    size_t length = strlen(key);
    const char *found = memmem(line, size, key, length);
    return found ? strtoll(found + length, NULL, 10) : -1;
}

bool is_silent(void)
{
    return now() - arrived_at > (uint64_t)(options.patience * SECOND);
}

static void complain(int64_t *fault, const char *line, size_t size)
{
    if (!(*fault)++)
        fprintf(stderr, "generator: unexpected: %.*s\n", (int)size, line);
}

/* ---- logins ---- */

void log_in(client *c, const person *who, int port)
{
    char line[128];
    c->is_logged_in = false;
    c->begun = now();
    connect_to(&c->line, port);
    put(&c->line, line, sprintf(line, "{\"msgid\":1,\"token\":\"%s\",\"ack\":true}\n", who->token));
}

static void take_login(client *c, const char *line, size_t size)
{
    c->pending = number_after(line, size, "\"pending\":");
    if (number_after(line, size, "\"errno\":") != 0 || c->pending < 0) {
        complain(&faults.refused, line, size);
        return;
    }
    c->is_logged_in = true;
    logged_in++;
}

/* ---- streams ---- */

void touch(stream *s)
{
    if (!s->is_touched)
        touched[touched_count++] = s;
    s->is_touched = true;
}

/* How many messages are no longer under way. */
static int64_t finished(const stream *s)
{
    if (!s->receivers)
        return s->answered;
    return msgid != SIGNAL && s->answered < s->delivered ? s->answered : s->delivered;
}

/* Whom a sender writes to: its receiver, or one after the other of those who are offline. */
static long addressee(const stream *s)
{
    long number = s - streams;
    if (!s->receivers)
        number = (number * 7 + s->sent) % (people_count - options.pairs);
    return people[options.pairs + number].id;
}

static void send_one(stream *s)
{
    static char filler[65536], line[70000];
    if (!*filler)
        memset(filler, 'x', sizeof filler - 1);
    s->sent++;
    long long number = (s - streams) * NUMBERS + s->sent;
    bool is_group = msgid == GROUP_CHAT;
    int size = sprintf(line, "{\"msgid\":%d,\"%s\":%ld", msgid, is_group ? "groupid" : "toid",
                       is_group ? options.group : addressee(s));
    if (options.cids) /* connections begin at times of their own */
        size += sprintf(line + size, ",\"cid\":\"%lu-%lld\"", s->sender->begun, number);
    size += sprintf(line + size, ",\"%s\":\"%015lld ", msgid == SIGNAL ? "data" : "msg", number);
    int room = options.size - size - 3;
    size += sprintf(line + size, "%.*s\"}\n", room > 0 ? room : 0, filler);
    put(&s->sender->line, line, size);
}

/* Send until the window is full. */
static void fill(stream *s)
{
    uint64_t at = now();
    s->is_touched = false;
    while (!is_stopping && s->sent - finished(s) < options.window) {
        send_one(s);
        s->flights[s->sent & s->mask].sent_at = at;
        s->flights[s->sent & s->mask].missing = s->receivers;
    }
}

void end_turn(void)
{
    for (int i = 0; i < touched_count; i++)
        fill(touched[i]);
    touched_count = 0;
}

static void count(const stream *s, int64_t number)
{
    note_latency(arrived_at - s->flights[number & s->mask].sent_at);
    counts.deliveries++;
}

static void check_seq(stream *s, int64_t number, int64_t seq)
{
    if (!s->has_base)
        s->base = seq - number;
    s->has_base = true;
    if (seq != s->base + number)
        faults.wrong_seq++;
}

static void take_reply(client *c, const char *line, size_t size)
{
    stream *s = c->sends;
    if (!s || number_after(line, size, "\"errno\":") != 0) {
        complain(&faults.refused, line, size);
        return;
    }
    s->answered++;
    if (s->receivers)
        check_seq(s, s->answered, number_after(line, size, "\"seq\":"));
    else
        count(s, s->answered);
    touch(s);
}

static void arrive(stream *s, int64_t number)
{
    count(s, number);
    if (--s->flights[number & s->mask].missing == 0) {
        s->delivered++;
        touch(s);
    }
}

void acknowledge(client *c)
{
    char line[96];
    if (c->unacknowledged)
        put(&c->line, line,
            sprintf(line, "{\"msgid\":12,\"conv\":%ld,\"seq\":%ld}\n", c->conv, c->seq));
    c->unacknowledged = 0;
}

static void take_push(client *c, const char *line, size_t size)
{
    stream *s = c->receives;
    int64_t text = number_after(line, size, msgid == SIGNAL ? "\"data\":\"" : "\"msg\":\"");
    if (!s || text / NUMBERS != s - streams) {
        complain(&faults.misled, line, size);
        return;
    }
    int64_t number = text % NUMBERS;
    if (number <= c->last_number || number > s->sent) {
        complain(&faults.repeated, line, size);
        return;
    }
    faults.holes += number - c->last_number - 1;
    while (c->last_number < number)
        arrive(s, ++c->last_number);
    if (msgid == SIGNAL)
        return;
    c->conv = number_after(line, size, "\"conv\":");
    c->seq = number_after(line, size, "\"seq\":");
    check_seq(s, number, c->seq);
    if (++c->unacknowledged == options.ack_every)
        acknowledge(c);
}

void take_line(connection *line_of, const char *line, size_t size)
{
    client *c = (client *)line_of;
    int kind = size > 11 && !memcmp(line, "{\"msgid\":", 9) ? atoi(line + 9) : 0;
    if (c->pending > 0 && (kind == ONE_CHAT || kind == GROUP_CHAT))
        c->pending--;
    else if (kind == msgid)
        take_push(c, line, size);
    else if (kind == REPLY)
        take_reply(c, line, size);
    else if (kind == LOGIN_ACK)
        take_login(c, line, size);
    else if (kind != PRESENCE && kind != PING)
        complain(&faults.odd, line, size);
}

void take_end(connection *c)
{
    (void)c;
    faults.closed++;
}

int64_t under_way(void)
{
    int64_t sum = 0;
    for (stream *s = streams; s < streams + stream_count; s++)
        sum += s->sent - finished(s);
    return sum;
}

client *make_streams(int count, int receivers)
{
    stream_count = count;
    int64_t ring = 1;
    while (ring <= options.window)
        ring *= 2;
    client *clients = zeroed(stream_count + receivers, sizeof *clients);
    streams = zeroed(stream_count, sizeof *streams);
    touched = zeroed(stream_count, sizeof *touched);
    for (int i = 0; i < stream_count; i++) {
        streams[i] = (stream){.sender = &clients[i], .receivers = receivers / stream_count, .mask = ring - 1,
                              .flights = zeroed(ring, sizeof *streams->flights)};
        clients[i].sends = &streams[i];
    }
    for (int i = 0; i < receivers; i++)
        clients[stream_count + i].receives = &streams[i % stream_count];
    return clients;
}
