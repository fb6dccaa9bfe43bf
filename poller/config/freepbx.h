/* freepbx: the database account in the files of FreePBX, Issabel and Asterisk. */
#ifndef FREEPBX_H
#define FREEPBX_H

/* The values in a file; NULL: the file has no such value. */
struct freepbx_account {
    char *host, *user, *password, *name, *socket, *port;
};

/* freepbx_read: reads text in any of three languages: PHP's $amp_conf["AMPDBUSER"] = "..."; (/etc/freepbx.conf),
 * AMPDBUSER=... (/etc/amportal.conf), and user = ... or username => ... (/etc/asterisk/cdr_mysql.conf and
 * res_odbc_additional.conf; there in no section, [global] or [asteriskcdrdb]). The CDRDB keys win over the
 * AMPDB keys, as in FreePBX. Ownership: freepbx_free. */
void freepbx_read(const char *text, struct freepbx_account *ret_account);

/* freepbx_free: overwrites the password, and frees all texts. */
void freepbx_free(struct freepbx_account *account);

#endif
