#include "measure.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
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
    char name[64], text[1024];
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    FILE *file = fopen(name, "r");
    if (!file)
        die(name);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    unsigned long user = 0, system = 0;
    const char *fields = strrchr(text, ')');
    if (fields)
        sscanf(fields + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (user + system) / (double)sysconf(_SC_CLK_TCK);
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

static double in_seconds(struct timeval t)
{
    return t.tv_sec + t.tv_usec / 1e6;
}

static usage take_usage(void)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    usage u = {.at = now() / (double)SECOND, .own = in_seconds(own.ru_utime) + in_seconds(own.ru_stime)};
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
        printf("%s%.2f", i ? "," : "", to.watched[i] - from->watched[i]);
    printf("],\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%lu,\"histogram\":[", percentile(0.5),
           percentile(0.99), percentile(0.999), longest);
    for (int bucket = 0, shown = 0; bucket < BUCKETS; bucket++)
        if (histogram[bucket])
            printf("%s[%.0f,%lu]", shown++ ? "," : "", latency_of(bucket), histogram[bucket]);
    printf("]");
}
