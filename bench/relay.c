/* A yardstick: the least that a relay of JSON lines has to do, in C.

   usage: relay PORT

   {"msgid":1,"token":"7",...} makes the connection number 7's. Any other line goes, as it is, to the
   number behind its "toid":. Nothing is checked, stored or bounded. */

#define _GNU_SOURCE
#include "lines.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_NUMBERS = 1 << 20 };

static connection *by_number[MOST_NUMBERS];

void take_line(connection *c, const char *line, size_t size)
{
    static const char login[] = "{\"msgid\":1,\"token\":\"", to[] = "\"toid\":";
    static const char answer[] = "{\"msgid\":2,\"errno\":0,\"pending\":0}\n";
    if (size > sizeof login && !memcmp(line, login, sizeof login - 1)) {
        by_number[atoi(line + sizeof login - 1) % MOST_NUMBERS] = c;
        put(c, answer, sizeof answer - 1);
        return;
    }
    const char *found = memmem(line, size, to, sizeof to - 1);
    connection *target = found ? by_number[atoi(found + sizeof to - 1) % MOST_NUMBERS] : NULL;
    if (target && target->fd >= 0)
        put(target, line, size + 1); /* its end stands behind it */
}

void take_end(connection *c)
{
    (void)c; /* it stays where it is: somebody may write to its number */
}

void end_turn(void)
{
}

int main(int count, char **words)
{
    listen_at(count > 1 ? atoi(words[1]) : 0);
    for (;;)
        turn(-1);
}
