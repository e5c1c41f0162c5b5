/* Load for a chat server, and what became of it.

   usage: generator MODE --port PORT [--port PORT] --people FILE [OPTION VALUE]...

   FILE has a line "ID TOKEN" for each account. Everything goes over connections that are logged in by
   token, with "ack":true. MODE is one of

     signal  chat   --pairs senders, each to a receiver of its own; receivers log in at the last port
     offline        --pairs senders to all other people of the file, who are not logged in
     group          one sender, in the group --group, to --receivers members, at all ports in turn
     login          logins, --at-once of them under way, each on a new connection
     idle           all people log in and stay; the server's memory is noted every --step of them

   and its result one JSON object. A message is under way until its receivers have it and its sender has
   the reply; each sender has --window of them under way. All that comes is checked: each push comes
   once, in order, without holes, and under the seq of its reply; "faults" counts what was wrong. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lines.h"
#include "measure.h"

enum { LOGIN_ACK = 2, ONE_CHAT = 5, GROUP_CHAT = 9, REPLY = 11, PING = 13, PRESENCE = 16, SIGNAL = 18 };

enum { WAVES = 4, LONGEST = 6 }; /* times --seconds */

#define NUMBERS 10000000000ll /* a text begins with its stream's number times this, plus its own */

static struct {
    int ports[2], port_count;
    const char *people;
    int pairs, window, receivers, at_once, step, size, ack_every, cids;
    long group;
    double seconds, warm_up, patience; /* after a silence so long, what has not come is lost */
} options = {.pairs = 50, .window = 1, .receivers = 99, .at_once = 50, .step = 1000,
             .size = 140, .ack_every = 64, .seconds = 2, .warm_up = 0.5, .patience = 5};

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

static struct {
    int64_t lost, repeated, holes, wrong_seq, misled, refused, closed, odd;
} faults;

static person *people;
static int people_count, stream_count, touched_count, logged_in, msgid;
static stream *streams, **touched;
static bool is_stopping;

/* The number behind a key, or -1. */
static int64_t number_after(const char *line, size_t size, const char *key)
{
    size_t length = strlen(key);
    const char *found = memmem(line, size, key, length);
    return found ? strtoll(found + length, NULL, 10) : -1;
}

static bool is_silent(void)
{
    return now() - arrived_at > (uint64_t)(options.patience * SECOND);
}

static void complain(int64_t *fault, const char *line, size_t size)
{
    if (!(*fault)++)
        fprintf(stderr, "generator: unexpected: %.*s\n", (int)size, line);
}

/* ---- logins ---- */

static void log_in(client *c, const person *who, int port)
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

static void touch(stream *s)
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

static void acknowledge(client *c)
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

/* ---- modes ---- */

static void run_for(double seconds)
{
    uint64_t until = now() + (uint64_t)(seconds * SECOND);
    while (now() < until)
        turn(5);
}

static int port_of(int number, int senders)
{
    if (msgid == GROUP_CHAT)
        return options.ports[number % options.port_count];
    return options.ports[number < senders ? 0 : options.port_count - 1];
}

/* Log people in until there are so many; those behind the senders at the last port. */
static void log_in_all(client *clients, int most, int senders)
{
    arrived_at = now();
    for (int next = logged_in; logged_in < most; turn(100)) {
        for (; next < most && next - logged_in < options.at_once; next++)
            log_in(&clients[next], &people[next], port_of(next, senders));
        if (faults.refused || faults.closed || is_silent()) {
            fprintf(stderr, "generator: %d of %d logged in\n", logged_in, most);
            exit(2);
        }
    }
}

/* Run for the time that was asked for, and on until what was under way has changed several times:
   at high windows and low rates, answers come in waves. */
static void run_measured(int receivers)
{
    int each = receivers > stream_count ? receivers : stream_count;
    uint64_t begun = now(), wave = (uint64_t)options.window * each;
    run_for(options.seconds);
    while (counts.deliveries < WAVES * wave && now() - begun < LONGEST * options.seconds * SECOND)
        turn(5);
}

static int64_t under_way(void)
{
    int64_t sum = 0;
    for (stream *s = streams; s < streams + stream_count; s++)
        sum += s->sent - finished(s);
    return sum;
}

static client *make_streams(int receivers)
{
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

static void run_streams(bool is_offline)
{
    stream_count = msgid == GROUP_CHAT ? 1 : options.pairs;
    int receivers = is_offline ? 0 : msgid == GROUP_CHAT ? options.receivers : options.pairs;
    int count = stream_count + receivers;
    if (people_count < count + is_offline)
        die("people: not enough");
    client *clients = make_streams(receivers);
    log_in_all(clients, count, stream_count);
    run_for(0.2);
    for (stream *s = streams; s < streams + stream_count; s++)
        touch(s);
    run_for(options.warm_up);
    usage from = forget();
    run_measured(receivers);
    report(&from);
    is_stopping = true;
    for (arrived_at = now(); under_way() && !is_silent();)
        turn(5);
    faults.lost = under_way();
    for (client *c = clients; c < clients + count; c++)
        acknowledge(c);
    run_for(0.1);
}

static void run_logins(void)
{
    client *clients = zeroed(options.at_once, sizeof *clients);
    uint64_t next = 0, begun = now();
    usage from = forget();
    for (bool is_warm = false; !faults.refused && !faults.closed; turn(5)) {
        double past = (now() - begun) / (double)SECOND;
        if (!is_warm && past >= options.warm_up) {
            is_warm = true;
            from = forget();
        }
        if (past >= options.warm_up + options.seconds)
            break;
        for (client *c = clients; c < clients + options.at_once; c++) {
            if (c->begun && (!c->is_logged_in || c->pending))
                continue;
            if (c->begun) {
                note_latency(arrived_at - c->begun);
                counts.logins++;
                hang_up(&c->line);
            }
            log_in(c, &people[next % people_count], options.ports[next % options.port_count]);
            next++;
        }
    }
    report(&from);
}

static void run_idle(void)
{
    client *clients = zeroed(people_count, sizeof *clients);
    usage from = forget();
    char *steps = NULL;
    size_t size;
    FILE *text = open_memstream(&steps, &size);
    fprintf(text, "[0,%ld]", resident_bytes());
    for (int count = options.step; count <= people_count; count += options.step) {
        log_in_all(clients, count, count);
        run_for(1.5);
        fprintf(text, ",[%d,%ld]", count, resident_bytes());
    }
    fclose(text);
    report(&from);
    printf(",\"memory\":[%s]", steps);
}

/* ---- the command line ---- */

static void read_people(void)
{
    FILE *file = fopen(options.people, "r");
    if (!file)
        die(options.people);
    person one;
    while (fscanf(file, "%ld %63s", &one.id, one.token) == 2) {
        if (!(people = realloc(people, (people_count + 1) * sizeof *people)))
            die("memory");
        people[people_count++] = one;
    }
    fclose(file);
}

static void read_option(const char *name, const char *value)
{
    struct {
        const char *name;
        int *value;
    } numbers[] = {{"--pairs", &options.pairs},         {"--window", &options.window},
                   {"--receivers", &options.receivers}, {"--at-once", &options.at_once},
                   {"--step", &options.step},           {"--size", &options.size},
                   {"--ack-every", &options.ack_every}, {"--cids", &options.cids}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(name, numbers[i].name)) {
            *numbers[i].value = atoi(value);
            return;
        }
    if (!strcmp(name, "--port") && options.port_count < 2)
        options.ports[options.port_count++] = atoi(value);
    else if (!strcmp(name, "--watch"))
        watch_process(atoi(value));
    else if (!strcmp(name, "--people"))
        options.people = value;
    else if (!strcmp(name, "--group"))
        options.group = atol(value);
    else if (!strcmp(name, "--seconds"))
        options.seconds = atof(value);
    else if (!strcmp(name, "--warm-up"))
        options.warm_up = atof(value);
    else if (!strcmp(name, "--patience"))
        options.patience = atof(value);
    else
        die(name);
}

static void allow_many_connections(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int main(int count, char **words)
{
    for (int i = 2; i + 1 < count; i += 2)
        read_option(words[i], words[i + 1]);
    if (count < 2 || count % 2 || !options.port_count || !options.people)
        die("usage: generator MODE --port PORT --people FILE [OPTION VALUE]...");
    allow_many_connections();
    read_people();
    const char *mode = words[1];
    msgid = !strcmp(mode, "signal") ? SIGNAL : !strcmp(mode, "group") ? GROUP_CHAT : ONE_CHAT;
    if (!strcmp(mode, "login"))
        run_logins();
    else if (!strcmp(mode, "idle"))
        run_idle();
    else if (!strcmp(mode, "offline") || !strcmp(mode, "chat") || msgid != ONE_CHAT)
        run_streams(!strcmp(mode, "offline"));
    else
        die(mode);
    printf(",\"faults\":{\"lost\":%ld,\"repeated\":%ld,\"holes\":%ld,\"wrong_seq\":%ld,\"misled\":%ld,"
           "\"refused\":%ld,\"closed\":%ld,\"odd\":%ld}}\n",
           faults.lost, faults.repeated, faults.holes, faults.wrong_seq, faults.misled, faults.refused,
           faults.closed, faults.odd);
    return 0;
}
