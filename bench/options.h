/* What the generator is told on its command line. */

#ifndef OPTIONS_H
#define OPTIONS_H

extern struct options {
    int ports[2], port_count;
    const char *people;
    int pairs, window, receivers, at_once, step, size, ack_every, cids;
    long group;
    double seconds, warm_up, patience; /* after a silence so long, what has not come is lost */
} options;

/* Take an option; one that there is not ends the program. */
void read_option(const char *name, const char *value);

#endif
