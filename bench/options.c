#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "measure.h"

struct options options = {.pairs = 50, .window = 1, .receivers = 99, .at_once = 50, .step = 1000,
                          .size = 140, .ack_every = 64, .seconds = 2, .warm_up = 0.5, .patience = 5};

void read_option(const char *name, const char *value)
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
