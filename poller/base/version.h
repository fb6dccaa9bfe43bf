/* version: the program's version. A test compares packaging/deb/changelog with it. */
#ifndef VERSION_H
#define VERSION_H

#define VERSION "0.1.0"

#endif
