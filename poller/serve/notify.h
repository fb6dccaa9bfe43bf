/* notify: tells systemd how the program is (sd_notify), without libsystemd. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

/* notify_begin: reads what systemd has put into the environment. Call it before the environment is cleaned. */
void notify_begin(void);

/* notify_say: sends a state, such as "READY=1" or "STOPPING=1". Does nothing without systemd. */
void notify_say(const char *state);

/* notify_alive: tells the watchdog, if half of its time has passed. Call it in the loop whose life it proves. */
void notify_alive(int64_t now_ms);

/* notify_pause: how long that loop may wait: at most most_ms, and a quarter of the watchdog's time. */
int notify_pause(int most_ms);

#endif
