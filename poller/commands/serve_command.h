/* serve_command: `did-optimizer-sync serve`, which starts did-optimizer-sync-serve. */
#ifndef SERVE_COMMAND_H
#define SERVE_COMMAND_H

/* serve_command: becomes did-optimizer-sync-serve, beside this program, with the words of argv after `serve`. Returns
 * the exit code only if that fails. */
int serve_command(char **argv);

#endif
