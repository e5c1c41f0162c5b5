/* What is measured: latencies, and the time and memory that processes use. */

#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

enum { MOST_WATCHED = 8 };

/* How much was done since forget(). */
extern struct counts {
    uint64_t deliveries, logins;
} counts;

typedef struct {
    double at, own, watched[MOST_WATCHED]; /* seconds */
} usage;

/* Have a process's time measured. */
void watch_process(int pid);

/* The memory that the first watched process has, in bytes. */
long resident_bytes(void);

void note_latency(uint64_t ns);

/* Begin to count anew, from now. */
usage forget(void);

/* Print, as the beginning of a JSON object, what was counted until now. */
void report(const usage *from);

#endif
