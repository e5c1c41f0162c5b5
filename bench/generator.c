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

#include "clients.h"
#include "measure.h"
#include "options.h"

enum { WAVES = 4, LONGEST = 6 }; /* times --seconds */

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

/* Whether it was measured for the time that was asked for, and until what was under way has changed
   several times: at high windows and low rates, answers come in waves. */
static bool is_enough(uint64_t begun, uint64_t done, uint64_t wave)
{
    double past = (now() - begun) / (double)SECOND;
    return past >= options.seconds && (done >= WAVES * wave || past >= LONGEST * options.seconds);
}

static void run_streams(bool is_offline)
{
    int senders = msgid == GROUP_CHAT ? 1 : options.pairs;
    int receivers = is_offline ? 0 : msgid == GROUP_CHAT ? options.receivers : options.pairs;
    int count = senders + receivers;
    if (people_count < count + is_offline)
        die("people: not enough");
    client *clients = make_streams(senders, receivers);
    log_in_all(clients, count, senders);
    run_for(0.2);
    for (stream *s = streams; s < streams + stream_count; s++)
        touch(s);
    run_for(options.warm_up);
    usage from = forget();
    uint64_t begun = now(), wave = (uint64_t)options.window * (receivers > senders ? receivers : senders);
    while (!is_enough(begun, counts.deliveries, wave))
        turn(5);
    report(&from);
    is_stopping = true;
    for (arrived_at = now(); under_way() && !is_silent();)
        turn(5);
    faults.lost = under_way();
    for (client *c = clients; c < clients + count; c++)
        acknowledge(c);
    run_for(0.1);
}

/* Count the logins that are complete, and begin others. */
static void log_in_anew(client *clients)
{
    static uint64_t next;
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

static void run_logins(void)
{
    client *clients = zeroed(options.at_once, sizeof *clients);
    uint64_t begun, warm = now() + (uint64_t)(options.warm_up * SECOND);
    for (; now() < warm && !faults.refused && !faults.closed; turn(5))
        log_in_anew(clients);
    usage from = forget();
    begun = now();
    for (; !is_enough(begun, counts.logins, options.at_once) && !faults.refused && !faults.closed; turn(5))
        log_in_anew(clients);
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
    read_people(options.people);
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
