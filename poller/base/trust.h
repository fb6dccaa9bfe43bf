/* trust: where the trusted certificates are. One of them must have signed a server's certificate. */
#ifndef TRUST_H
#define TRUST_H

/* Borrowed texts. Both NULL: the library's own defaults. */
struct trust {
    const char *file;      /* all certificates in one file, which is read as a whole; NULL: none */
    const char *directory; /* a file for each certificate, named by its hash; only needed ones are read; NULL: none */
};

/* trust_of: the place that the setting ca_file names, a file or a directory. "" means the system's certificates: then
 * it prefers the system's directory to the system's file, if the files there are named by hashes. A connection needs
 * one certificate, but the file has about 140 of them, which take 3 MiB and 20 ms. NULL: the system has no such place.
 * *ret_other: the place to try next, because an administrator may have added a certificate there. Both NULL: none. */
struct trust trust_of(const char *ca_file, const char *system_file, const char *system_directory,
                      struct trust *ret_other);

#endif
