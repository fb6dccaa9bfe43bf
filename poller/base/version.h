/* version: the program's version, in this one place; packaging/deb/changelog is held against it by a test. */
#ifndef VERSION_H
#define VERSION_H

#define VERSION "0.1.0"

#endif
