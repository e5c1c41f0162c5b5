/* Load for a chat server, and what became of it: one thread, epoll, JSON lines.

   usage: generator MODE --port PORT [--port PORT] --people FILE [OPTION VALUE]...

   FILE has a line "ID TOKEN" for each account. Everything is sent over connections that are logged
   in by token, with "ack":true. MODE is one of

     signal  chat   --pairs senders, each to a receiver of its own; receivers log in at the last port
     offline        --pairs senders to all other people of the file, who are not logged in
     group          one sender, in the group --group, to --receivers members
     login          logins, --at-once of them under way, each on a new connection
     idle           all people log in and stay; --step N has the server's memory noted every N

   and its result one JSON object. A message is under way until its receivers have it and its sender
   has the reply; each sender has --window of them under way. All that comes is checked: each push
   once, in order, without holes, under the seq of its reply; the sums of what was wrong are "faults". */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOGIN_ACK = 2, ONE_CHAT = 5, GROUP_CHAT = 9, REPLY = 11, PING = 13, PRESENCE = 16, SIGNAL = 18 };

#define SECOND 1000000000ull
#define SILENCE (5 * SECOND) /* after which what has not come is lost */
#define MOST_EVENTS 1024
#define MOST_WATCHED 8
#define NUMBERS 10000000000ull /* a text begins with its stream's number times this, plus its own */

static struct {
    const char *mode, *people;
    int ports[2], port_count;
    int pairs, window, receivers, at_once, step, size, ack_every;
    double seconds, warm_up;
    long group;
    bool cids;
    int watched[MOST_WATCHED], watched_count;
} options = {.pairs = 50, .window = 1, .receivers = 99, .at_once = 50, .step = 1000, .size = 140,
             .ack_every = 64, .seconds = 2, .warm_up = 0.5};

typedef struct {
    long id;
    char token[64];
} person;

typedef struct stream stream;

typedef struct {
    int fd;
    const person *person;
    bool is_logged_in, is_dirty, is_blocked;
    long pending; /* pushes that still belong to the login */
    uint64_t begun;
    char *rest, *out; /* an unfinished line; what is not sent yet */
    size_t rest_size, out_size, out_room;
    stream *sends, *receives;
    uint64_t last_number, seq, conv;
    int unacknowledged;
} connection;

/* The messages of one sender, numbered from 1. */
struct stream {
    connection *sender;
    int receivers;
    bool is_answered, is_touched;
    uint64_t sent, answered, delivered;
    uint64_t base; /* message n has the seq base + n */
    bool has_base;
    struct {
        uint64_t sent_at;
        int missing;
    } *flights; /* a ring, by number */
    uint64_t mask;
};

static struct {
    uint64_t lost, repeated, holes, wrong_seq, misled, refused, closed, odd;
} faults;

static struct {
    uint64_t messages, deliveries, logins;
} counts;

static person *people;
static int people_count;
static connection **dirty;
static int dirty_count;
static stream *streams, **touched;
static int stream_count, touched_count, poller;
static bool is_stopping;
static int msgid;
static uint64_t last_arrival;
static long logged_in;

/* ---- small things ---- */

static void die(const char *what)
{
    fprintf(stderr, "generator: %s: %s\n", what, errno ? strerror(errno) : "unusable");
    exit(2);
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        die("memory");
    return memory;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/* The number behind a key, or -1. */
static int64_t number_after(const char *line, size_t size, const char *key)
{
    size_t length = strlen(key);
    const char *found = memmem(line, size, key, length);
    return found ? strtoll(found + length, NULL, 10) : -1;
}

/* ---- latencies: a histogram of 32 buckets for each power of two ---- */

#define BUCKETS (64 * 32)
static uint64_t histogram[BUCKETS], latencies, longest;

static void note_latency(uint64_t ns)
{
    int shift = ns < 64 ? 0 : 58 - __builtin_clzll(ns);
    histogram[shift * 32 + (ns >> shift)]++;
    latencies++;
    if (ns > longest)
        longest = ns;
}

/* The middle of a bucket. */
static double latency_of(int bucket)
{
    int shift = bucket < 64 ? 0 : bucket / 32 - 1;
    return ((uint64_t)(bucket - shift * 32) << shift) + ((1ull << shift) - 1) / 2.0;
}

static double percentile(double share)
{
    uint64_t seen = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        if ((seen += histogram[bucket]) > share * latencies)
            return latency_of(bucket);
    return longest;
}

/* ---- connections ---- */

static void arm(connection *c, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (c->is_blocked ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poller, operation, c->fd, &event))
        die("epoll");
}

static void put(connection *c, const char *text, size_t size)
{
    if (c->out_size + size > c->out_room) {
        c->out_room = 2 * (c->out_size + size);
        if (!(c->out = realloc(c->out, c->out_room)))
            die("memory");
    }
    memcpy(c->out + c->out_size, text, size);
    c->out_size += size;
    if (!c->is_dirty) {
        c->is_dirty = true;
        dirty[dirty_count++] = c;
    }
}

static void hang_up(connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->out_size = c->rest_size = 0;
}

/* Open a connection, and log in as soon as it stands. */
static void log_in(connection *c, const person *who, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        die("socket");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->begun = now();
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)
        die("connect");
    c->person = who;
    c->is_logged_in = false;
    c->is_blocked = true;
    char line[128];
    put(c, line, sprintf(line, "{\"msgid\":1,\"token\":\"%s\",\"ack\":true}\n", who->token));
    arm(c, EPOLL_CTL_ADD);
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

static void acknowledge(connection *c)
{
    char line[96];
    if (c->unacknowledged)
        put(c, line,
            sprintf(line, "{\"msgid\":12,\"conv\":%lu,\"seq\":%lu}\n", (unsigned long)c->conv,
                    (unsigned long)c->seq));
    c->unacknowledged = 0;
}

/* ---- streams ---- */

static void touch(stream *s)
{
    if (!s->is_touched) {
        s->is_touched = true;
        touched[touched_count++] = s;
    }
}

static uint64_t finished(const stream *s)
{
    if (!s->receivers || (s->is_answered && s->answered < s->delivered))
        return s->answered;
    return s->delivered;
}

/* Whom an offline stream writes to: each sender begins with another one. */
static long addressee(const stream *s)
{
    int others = people_count - options.pairs;
    if (!s->receivers)
        return people[options.pairs + (s->sent + (s - streams) * 7) % others].id;
    return people[options.pairs + (s - streams)].id;
}

static void send_one(stream *s)
{
    static char filler[65536];
    char line[70000];
    if (!filler[0])
        memset(filler, 'x', sizeof filler - 1);
    s->sent++;
    const char *field = msgid == SIGNAL ? "data" : "msg";
    int size = msgid == GROUP_CHAT ? sprintf(line, "{\"msgid\":9,\"groupid\":%ld", options.group)
                                   : sprintf(line, "{\"msgid\":%d,\"toid\":%ld", msgid, addressee(s));
    unsigned long long number = (s - streams) * NUMBERS + s->sent;
    if (options.cids)
        size += sprintf(line + size, ",\"cid\":\"%d-%llu-%llu\"", getpid(), number,
                        (unsigned long long)s->sender->begun);
    size += sprintf(line + size, ",\"%s\":\"%015llu ", field, number);
    int room = options.size - size - 3;
    size += sprintf(line + size, "%.*s\"}\n", room > 0 ? room : 0, filler);
    put(s->sender, line, size);
}

/* Send until the window is full. */
static void fill(stream *s)
{
    s->is_touched = false;
    if (is_stopping)
        return;
    uint64_t at = now();
    while (s->sent - finished(s) < (uint64_t)options.window) {
        send_one(s);
        s->flights[s->sent & s->mask].sent_at = at;
        s->flights[s->sent & s->mask].missing = s->receivers;
    }
}

static void check_seq(stream *s, uint64_t number, uint64_t seq)
{
    if (!s->has_base) {
        s->has_base = true;
        s->base = seq - number;
    } else if (seq != s->base + number)
        faults.wrong_seq++;
}

static void take_reply(connection *c, const char *line, size_t size)
{
    stream *s = c->sends;
    if (!s || number_after(line, size, "\"errno\":") != 0) {
        if (!faults.refused++)
            fprintf(stderr, "generator: refused: %.*s\n", (int)size, line);
        return;
    }
    s->answered++;
    if (s->receivers) {
        check_seq(s, s->answered, number_after(line, size, "\"seq\":"));
    } else {
        note_latency(last_arrival - s->flights[s->answered & s->mask].sent_at);
        counts.deliveries++;
        counts.messages++;
    }
    touch(s);
}

static void arrive(stream *s, uint64_t number)
{
    note_latency(last_arrival - s->flights[number & s->mask].sent_at);
    counts.deliveries++;
    if (!--s->flights[number & s->mask].missing) {
        s->delivered++;
        counts.messages++;
        touch(s);
    }
}

static void take_push(connection *c, const char *line, size_t size)
{
    if (c->pending > 0) { /* older than this run */
        c->pending--;
        return;
    }
    stream *s = c->receives;
    int64_t text = number_after(line, size, msgid == SIGNAL ? "\"data\":\"" : "\"msg\":\"");
    if (!s || text < 0 || text / NUMBERS != (uint64_t)(s - streams)) {
        faults.misled++;
        return;
    }
    uint64_t number = text % NUMBERS;
    if (number <= c->last_number || number > s->sent) {
        faults.repeated++;
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

static void take_login(connection *c, const char *line, size_t size)
{
    c->pending = number_after(line, size, "\"pending\":");
    if (number_after(line, size, "\"errno\":") != 0 || c->pending < 0) {
        if (!faults.refused++)
            fprintf(stderr, "generator: login refused: %.*s\n", (int)size, line);
        return;
    }
    c->is_logged_in = true;
    logged_in++;
}

static void take_line(connection *c, const char *line, size_t size)
{
    int kind = size > 11 && !memcmp(line, "{\"msgid\":", 9) ? atoi(line + 9) : 0;
    if (kind == msgid || (kind == ONE_CHAT && c->pending > 0) || (kind == GROUP_CHAT && c->pending > 0))
        take_push(c, line, size);
    else if (kind == REPLY)
        take_reply(c, line, size);
    else if (kind == LOGIN_ACK)
        take_login(c, line, size);
    else if (kind != PRESENCE && kind != PING && !faults.odd++)
        fprintf(stderr, "generator: odd: %.*s\n", (int)size, line);
}

static void read_lines(connection *c)
{
    static char buffer[1 << 20];
    if (c->rest_size)
        memcpy(buffer, c->rest, c->rest_size);
    ssize_t count = recv(c->fd, buffer + c->rest_size, sizeof buffer - c->rest_size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        faults.closed++;
        hang_up(c);
        return;
    }
    last_arrival = now();
    char *line = buffer, *end = buffer + c->rest_size + count, *stop;
    for (; (stop = memchr(line, '\n', end - line)); line = stop + 1)
        take_line(c, line, stop - line);
    c->rest_size = end - line;
    if (c->rest_size && !(c->rest = realloc(c->rest, c->rest_size)))
        die("memory");
    if (c->rest_size)
        memcpy(c->rest, line, c->rest_size);
}

/* Take what has come, answer it, and send all that is to be sent, joined by connection. */
static void turn(int milliseconds)
{
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(poller, events, MOST_EVENTS, milliseconds);
    for (int i = 0; i < count; i++) {
        connection *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            flush(c);
        if (c->fd >= 0 && events[i].events & ~EPOLLOUT)
            read_lines(c);
    }
    for (int i = 0; i < touched_count; i++)
        fill(touched[i]);
    touched_count = 0;
    for (int i = 0; i < dirty_count; i++) {
        dirty[i]->is_dirty = false;
        if (dirty[i]->fd >= 0 && !dirty[i]->is_blocked)
            flush(dirty[i]);
    }
    dirty_count = 0;
}

/* ---- what is measured ---- */

typedef struct {
    double at, own, watched[MOST_WATCHED];
} usage;

static double processor_seconds(int pid)
{
    char name[64], text[1024];
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    FILE *file = fopen(name, "r");
    if (!file)
        die(name);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    unsigned long user = 0, system = 0;
    char *fields = strrchr(text, ')');
    if (fields)
        sscanf(fields + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

static long resident_bytes(int pid)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/statm", pid);
    FILE *file = fopen(name, "r");
    long pages = 0;
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        die(name);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static usage take_usage(void)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    usage u = {.at = now() / (double)SECOND};
    u.own = own.ru_utime.tv_sec + own.ru_stime.tv_sec + (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
    for (int i = 0; i < options.watched_count; i++)
        u.watched[i] = processor_seconds(options.watched[i]);
    return u;
}

static void report(const usage *from, const usage *to)
{
    printf("{\"seconds\":%.6f,\"messages\":%lu,\"deliveries\":%lu,\"logins\":%lu", to->at - from->at,
           counts.messages, counts.deliveries, counts.logins);
    printf(",\"generator_cpu\":%.6f,\"watched_cpu\":[", to->own - from->own);
    for (int i = 0; i < options.watched_count; i++)
        printf("%s%.2f", i ? "," : "", to->watched[i] - from->watched[i]);
    printf("],\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%lu,\"histogram\":[", percentile(0.5),
           percentile(0.99), percentile(0.999), longest);
    for (int bucket = 0, shown = 0; bucket < BUCKETS; bucket++)
        if (histogram[bucket])
            printf("%s[%.0f,%lu]", shown++ ? "," : "", latency_of(bucket), histogram[bucket]);
    printf("]");
}

static void report_faults(void)
{
    printf(",\"faults\":{\"lost\":%lu,\"repeated\":%lu,\"holes\":%lu,\"wrong_seq\":%lu,\"misled\":%lu,"
           "\"refused\":%lu,\"closed\":%lu,\"odd\":%lu}}\n",
           faults.lost, faults.repeated, faults.holes, faults.wrong_seq, faults.misled, faults.refused,
           faults.closed, faults.odd);
}

static void forget_counts(void)
{
    memset(&counts, 0, sizeof counts);
    memset(histogram, 0, sizeof histogram);
    latencies = longest = 0;
}

static void run_for(double seconds)
{
    uint64_t until = now() + (uint64_t)(seconds * SECOND);
    while (now() < until)
        turn(5);
}

/* Log so many people in, from the first that is not; receivers at the last port. */
static void log_in_all(connection *connections, int count, int first_receiver)
{
    int next = logged_in;
    last_arrival = now();
    while (logged_in < count) {
        for (; next < count && next - logged_in < options.at_once; next++)
            log_in(&connections[next], &people[next],
                   options.ports[next < first_receiver ? 0 : options.port_count - 1]);
        turn(100);
        if (faults.refused || faults.closed || now() - last_arrival > 2 * SILENCE) {
            fprintf(stderr, "generator: %ld of %d logged in\n", logged_in, count);
            exit(2);
        }
    }
}

static bool is_all_there(void)
{
    for (stream *s = streams; s < streams + stream_count; s++)
        if (s->sent > s->delivered * (s->receivers > 0) + s->answered * !s->receivers ||
            (s->is_answered && s->sent > s->answered))
            return false;
    return true;
}

static void run_streams(void)
{
    bool is_group = msgid == GROUP_CHAT, is_offline = !strcmp(options.mode, "offline");
    stream_count = is_group ? 1 : options.pairs;
    int receivers = is_offline ? 0 : is_group ? options.receivers : options.pairs;
    int count = stream_count + receivers;
    if (people_count < count + is_offline)
        die("not enough people");
    connection *connections = zeroed(count, sizeof *connections);
    dirty = zeroed(count, sizeof *dirty);
    streams = zeroed(stream_count, sizeof *streams);
    touched = zeroed(stream_count, sizeof *touched);
    log_in_all(connections, count, stream_count);
    run_for(0.2);
    uint64_t ring = 1;
    while (ring <= (uint64_t)options.window)
        ring *= 2;
    for (int i = 0; i < stream_count; i++) {
        streams[i] = (stream){.sender = &connections[i], .receivers = receivers / stream_count,
                              .is_answered = msgid != SIGNAL, .mask = ring - 1,
                              .flights = zeroed(ring, sizeof *streams->flights)};
        connections[i].sends = &streams[i];
        touch(&streams[i]);
    }
    for (int i = stream_count; i < count; i++)
        connections[i].receives = &streams[is_group ? 0 : i - stream_count];
    run_for(options.warm_up);
    forget_counts();
    usage from = take_usage();
    run_for(options.seconds);
    usage to = take_usage();
    report(&from, &to);
    is_stopping = true;
    last_arrival = now();
    while (!is_all_there() && now() - last_arrival < SILENCE)
        turn(5);
    for (stream *s = streams; s < streams + stream_count; s++)
        faults.lost += s->sent - finished(s);
    for (connection *c = connections; c < connections + count; c++)
        acknowledge(c);
    run_for(0.1);
    report_faults();
}

static void run_logins(void)
{
    connection *connections = zeroed(options.at_once, sizeof *connections);
    dirty = zeroed(options.at_once, sizeof *dirty);
    uint64_t next = 0, begun = now(), measured = begun + (uint64_t)(options.warm_up * SECOND);
    uint64_t end = measured + (uint64_t)(options.seconds * SECOND);
    usage from = take_usage();
    bool is_measuring = false;
    for (; next < (uint64_t)options.at_once; next++)
        log_in(&connections[next], &people[next % people_count], options.ports[next % options.port_count]);
    while (now() < end && !faults.refused && !faults.closed) {
        turn(5);
        if (!is_measuring && now() >= measured) {
            is_measuring = true;
            forget_counts();
            from = take_usage();
        }
        for (connection *c = connections; c < connections + options.at_once; c++)
            if (c->is_logged_in && !c->pending) {
                note_latency(last_arrival - c->begun);
                counts.logins++;
                hang_up(c);
                log_in(c, &people[next % people_count], options.ports[next % options.port_count]);
                next++;
            }
    }
    usage to = take_usage();
    report(&from, &to);
    report_faults();
}

static void run_idle(void)
{
    connection *connections = zeroed(people_count, sizeof *connections);
    dirty = zeroed(people_count, sizeof *dirty);
    usage from = take_usage();
    long before = resident_bytes(options.watched[0]);
    char *steps = NULL;
    size_t size;
    FILE *text = open_memstream(&steps, &size);
    fprintf(text, "[0,%ld]", before);
    for (int count = options.step; count <= people_count; count += options.step) {
        log_in_all(connections, count, count);
        run_for(1.5);
        fprintf(text, ",[%d,%ld]", count, resident_bytes(options.watched[0]));
    }
    fclose(text);
    usage to = take_usage();
    report(&from, &to);
    printf(",\"memory\":[%s]", steps);
    report_faults();
}

/* ---- the command line ---- */

static void read_people(void)
{
    FILE *file = fopen(options.people, "r");
    if (!file)
        die(options.people);
    int room = 0;
    person one;
    while (fscanf(file, "%ld %63s", &one.id, one.token) == 2) {
        if (people_count == room && !(people = realloc(people, (room = 2 * room + 64) * sizeof *people)))
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
                   {"--ack-every", &options.ack_every}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(name, numbers[i].name)) {
            *numbers[i].value = atoi(value);
            return;
        }
    if (!strcmp(name, "--port") && options.port_count < 2)
        options.ports[options.port_count++] = atoi(value);
    else if (!strcmp(name, "--watch") && options.watched_count < MOST_WATCHED)
        options.watched[options.watched_count++] = atoi(value);
    else if (!strcmp(name, "--people"))
        options.people = value;
    else if (!strcmp(name, "--group"))
        options.group = atol(value);
    else if (!strcmp(name, "--seconds"))
        options.seconds = atof(value);
    else if (!strcmp(name, "--warm-up"))
        options.warm_up = atof(value);
    else if (!strcmp(name, "--cids"))
        options.cids = atoi(value);
    else
        die(name);
}

int main(int count, char **words)
{
    options.mode = count > 1 ? words[1] : "";
    for (int i = 2; i + 1 < count; i += 2)
        read_option(words[i], words[i + 1]);
    if (!options.port_count || !options.people || count % 2)
        die("usage: generator MODE --port PORT --people FILE [OPTION VALUE]...; options");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    read_people();
    poller = epoll_create1(0);
    const char *mode = options.mode;
    msgid = !strcmp(mode, "signal") ? SIGNAL : !strcmp(mode, "group") ? GROUP_CHAT : ONE_CHAT;
    if (msgid != ONE_CHAT || !strcmp(mode, "chat") || !strcmp(mode, "offline"))
        run_streams();
    else if (!strcmp(mode, "login"))
        run_logins();
    else if (!strcmp(mode, "idle"))
        run_idle();
    else
        die(mode);
    return 0;
}
