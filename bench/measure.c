#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lines.h"

struct counts counts;

static int watched[MOST_WATCHED], watched_count;

/* 32 buckets for each power of two. */
#define BUCKETS (64 * 32)
static uint64_t histogram[BUCKETS], latencies, longest;

void note_latency(uint64_t ns)
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

void watch_process(int pid)
{
    if (watched_count < MOST_WATCHED)
        watched[watched_count++] = pid;
}

static double processor_seconds(int pid)
{
    clockid_t clock;
    struct timespec t;
    if ((errno = clock_getcpuclockid(pid, &clock)) || clock_gettime(clock, &t))
        die("processor time");
    return t.tv_sec + t.tv_nsec / (double)SECOND;
}

long resident_bytes(void)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/statm", watched[0]);
    FILE *file = fopen(name, "r");
    long pages = 0;
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        die(name);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static usage take_usage(void)
{
    usage u = {.at = now() / (double)SECOND, .own = processor_seconds(getpid())};
    for (int i = 0; i < watched_count; i++)
        u.watched[i] = processor_seconds(watched[i]);
    return u;
}

usage forget(void)
{
    memset(&counts, 0, sizeof counts);
    memset(histogram, 0, sizeof histogram);
    latencies = longest = 0;
    return take_usage();
}

void report(const usage *from)
{
    usage to = take_usage();
    printf("{\"seconds\":%.6f,\"deliveries\":%lu,\"logins\":%lu", to.at - from->at, counts.deliveries,
           counts.logins);
    printf(",\"generator_cpu\":%.6f,\"watched_cpu\":[", to.own - from->own);
    for (int i = 0; i < watched_count; i++)
        printf("%s%.6f", i ? "," : "", to.watched[i] - from->watched[i]);
    printf("],\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%lu,\"histogram\":[", percentile(0.5),
           percentile(0.99), percentile(0.999), longest);
    for (int bucket = 0, shown = 0; bucket < BUCKETS; bucket++)
        if (histogram[bucket])
            printf("%s[%.0f,%lu]", shown++ ? "," : "", latency_of(bucket), histogram[bucket]);
    printf("]");
}
