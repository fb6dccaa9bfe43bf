/* program: the profile of this process: its name for log lines, and its option for commands in messages. */
#ifndef PROGRAM_H
#define PROGRAM_H

/* program_set_profile: option is " --profile NAME" of the one profile that this process works for, or "". Ownership:
 * option is borrowed for the rest of the process. A process for several profiles does not call it. */
void program_set_profile(const char *option);

/* program_option: that option, to write behind did-optimizer-sync in a message; "": none. A message without it would
 * name a command for the default profile. */
const char *program_option(void);

/* program_profile: the profile's name; "": the default profile, or several. */
const char *program_profile(void);

#endif
