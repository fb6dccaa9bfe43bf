# did-optimizer-sync. `make demo` shows it at work, `make test` runs every test; both install what they lack.
#
#   make                 build build/did-optimizer-sync
#   make demo            forward real rows from a throw-away MariaDB to a local stand-in of the API
#   make test            every test, on the plain and on the ASan+UBSan build      (make test T=name: those that match)
#   make check           the unit tests alone, in seconds                           (make check T=name)
#   make install         into $(DESTDIR)$(PREFIX); uninstall takes it away again
#   make clean

NAME    := did-optimizer-sync
VERSION := $(shell sed -n 's/^.define VERSION "\(.*\)"/\1/p' poller/version.h)

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
DOCDIR     ?= $(PREFIX)/share/doc/$(NAME)

# What Debian calls the packages that each kind of work needs.
BUILD_PACKAGES := gcc libc6-dev pkg-config libmariadb-dev libcurl4-openssl-dev libcjson-dev libinih-dev libsqlite3-dev
DEMO_PACKAGES  := $(BUILD_PACKAGES) libmicrohttpd-dev mariadb-server-core mariadb-client-core python3 python3-pymysql
TEST_PACKAGES  := $(DEMO_PACKAGES) libcmocka-dev python3-pytest python3-pytest-xdist openssl faketime

# User flags (CC CPPFLAGS CFLAGS LDFLAGS) come after ours and win.
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wformat=2 -Wvla
HARDENING := -fstack-protector-strong -fPIE
CC        ?= cc
CFLAGS    ?= -O2 -g
LIBRARIES := libmariadb libcurl libcjson inih sqlite3
LIB_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES))
LIB_LIBS   = $(shell pkg-config --libs $(LIBRARIES))
# Source fortification needs optimisation, and the sanitizers bring their own checks.
FORTIFY    = $(if $(filter -O0 -fsanitize%,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Ipoller $(WARNINGS) $(HARDENING) $(FORTIFY) $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)

# The sanitizer build lives beside the plain one: `make BUILD=build/asan SANITIZE=1` is what `make test` uses.
BUILD ?= build
ifdef SANITIZE
override CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif

SOURCES      := $(sort $(wildcard poller/*.c))
OBJECTS      := $(SOURCES:%.c=$(BUILD)/%.o)
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)

.PHONY: all demo test check install uninstall clean need-build need-demo need-test binaries unit-tests standin
.DELETE_ON_ERROR:

all: need-build
	@$(MAKE) --no-print-directory $(BUILD)/$(NAME)

need-build:
	@sh tests/need-packages.sh $(BUILD_PACKAGES)
need-demo:
	@sh tests/need-packages.sh $(DEMO_PACKAGES)
need-test:
	@sh tests/need-packages.sh $(TEST_PACKAGES)

$(BUILD)/$(NAME): $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJECTS) $(LIB_LIBS)

$(BUILD)/poller/%.o: poller/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# A unit test links every module but main.c.
$(BUILD)/unit/%: tests/unit/%.c $(filter-out $(BUILD)/poller/main.o,$(OBJECTS)) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(filter-out $(BUILD)/poller/main.o,$(OBJECTS)) \
	    $(LIB_LIBS) $(shell pkg-config --cflags --libs cmocka)

build/standin: tests/standin/standin.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -o $@ $< $(shell pkg-config --cflags --libs libmicrohttpd libcjson) \
	    -lpthread

standin: build/standin
binaries: $(BUILD)/$(NAME)
unit-tests: $(UNIT_TESTS)

demo: need-demo
	@$(MAKE) --no-print-directory -s binaries standin
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/demo.py

test: need-test
	@$(MAKE) --no-print-directory binaries standin unit-tests
	@$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=1 binaries unit-tests
	@/usr/bin/python3 -B tests/run.py all '$(T)'

check: need-test
	@$(MAKE) --no-print-directory unit-tests
	@$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=1 unit-tests
	@/usr/bin/python3 -B tests/run.py unit '$(T)'

install: all
	install -D -m 0755 $(BUILD)/$(NAME) $(DESTDIR)$(SBINDIR)/$(NAME)
	test -e $(DESTDIR)$(SYSCONFDIR)/$(NAME).conf || \
	    install -D -m 0644 conf/$(NAME).conf $(DESTDIR)$(SYSCONFDIR)/$(NAME).conf
	install -D -m 0644 logrotate/$(NAME) $(DESTDIR)$(SYSCONFDIR)/logrotate.d/$(NAME)
	install -D -m 0644 conf/$(NAME).conf $(DESTDIR)$(DOCDIR)/examples/$(NAME).conf
	install -D -m 0644 conf/dids.conf.example $(DESTDIR)$(DOCDIR)/examples/dids.conf.example
	install -D -m 0644 README.md $(DESTDIR)$(DOCDIR)/README.md
	install -d -m 0750 $(DESTDIR)/var/lib/$(NAME)

# Configuration and state stay: they are the operator's.
uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/$(NAME) $(DESTDIR)$(SYSCONFDIR)/logrotate.d/$(NAME)
	rm -rf $(DESTDIR)$(DOCDIR)

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d)
