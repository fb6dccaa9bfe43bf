# did-optimizer-sync. `make demo` shows the program at work, `make test` runs every test. Both install missing packages.
#
#   make                 build build/did-optimizer-sync
#   make demo            forward real rows from a throw-away MariaDB to a local stand-in of the API
#   make demo-routes     VICIdial to PostgreSQL and Asterisk to a webhook, side by side
#   make demo-callcenter a hosted PBX's calls into a table of SQLite, their recordings into Google Drive
#   make demo-callio     the calls, customers, staff and groups of Callio's tenants into tables of BigQuery
#   make test            every test, on the plain and on the ASan+UBSan build      (make test T=name: those that match)
#   make soak            hours of crashes, kills, failures and simulated days, with measurements (make soak T=name)
#   make check           the unit tests alone, in seconds                           (make check T=name)
#   make install         into $(DESTDIR)$(PREFIX); uninstall takes it away again
#   make deb             build/deb/did-optimizer-sync_VERSION_ARCH.deb, and did-optimizer-sync-serve_VERSION_ARCH.deb
#   make bench           what the program costs, beside the lowest possible cost: one table  (make bench ROWS=name)
#   make test-deb        install, upgrade and remove these packages in bare Debian systems; as root
#   make dist            the source as build/did-optimizer-sync-VERSION.tar.xz
#   make lint            static analysis, banned functions, layers, long lines        (make lint T=check)
#   make fuzz            random bytes for every parser of foreign input               (make fuzz SECONDS=600 T=url)
#   make memcheck        every run of the integration tests under valgrind             (make memcheck T=poll)
#   make coverage        the lines and branches that no test runs
#   make mutants         whether a unit test notices each small change of the code      (make mutants N=100 T=when)
#   make check-clang     the unit tests, compiled by clang
#   make check-releases  the unit tests on other Debian releases, by both compilers    (make check-releases RELEASES=trixie)
#   make clean
#
# WITHOUT="postgresql" builds without libpq. The types that need libpq then say so. WITHOUT="serve" leaves out the live
# page, and libmicrohttpd with it. WITHOUT="postgresql serve" does both.

NAME    := did-optimizer-sync
VERSION := $(shell sed -n 's/^.define VERSION "\(.*\)"/\1/p' poller/base/version.h)

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR    ?= $(PREFIX)/sbin
DATADIR    ?= $(PREFIX)/share/$(NAME)
DOCDIR     ?= $(PREFIX)/share/doc/$(NAME)
MANDIR     ?= $(PREFIX)/share/man
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SERVE_DOCDIR ?= $(PREFIX)/share/doc/$(NAME)-serve
LOG_GROUP  ?= $(shell getent group adm >/dev/null && echo adm || echo root)

# Debian's names of the packages that each target needs.
BUILD_PACKAGES := gcc libc6-dev pkg-config libmariadb-dev libcurl4-openssl-dev libcjson-dev libinih-dev libsqlite3-dev \
                  libssl-dev $(if $(filter postgresql,$(WITHOUT)),,libpq-dev) \
                  $(if $(filter serve,$(WITHOUT)),,libmicrohttpd-dev)
# In Debian 11 these packages have a version in their names.
MARIADB_PACKAGES := 'mariadb-server-core|mariadb-server-core-10.5' 'mariadb-client-core|mariadb-client-core-10.5'
DEMO_PACKAGES  := $(BUILD_PACKAGES) libmicrohttpd-dev $(MARIADB_PACKAGES) python3 python3-pymysql
DEMO_ROUTES_PACKAGES := $(DEMO_PACKAGES) postgresql
DEMO_CALLCENTER_PACKAGES := $(BUILD_PACKAGES) python3 openssl tzdata
UNIT_PACKAGES  := $(BUILD_PACKAGES) libcmocka-dev python3 tzdata
TEST_PACKAGES  := $(sort $(DEMO_PACKAGES) $(UNIT_PACKAGES)) python3-pytest python3-pytest-xdist openssl ca-certificates \
                  curl faketime groff-base postgresql lld
BROWSER_PACKAGES := chromium chromium-driver
BENCH_PACKAGES := $(DEMO_PACKAGES) postgresql openssl ca-certificates wrk valgrind binutils
DEB_PACKAGES   := $(BUILD_PACKAGES) build-essential debhelper
DEB_TEST_PACKAGES := $(DEB_PACKAGES) $(DEMO_PACKAGES) python3-pytest lintian mandoc mmdebstrap zstd

# User flags (CC CPPFLAGS CFLAGS LDFLAGS) come after ours and win.
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wformat=2 -Wvla
HARDENING := -fstack-protector-strong -fPIE
CC        ?= cc
# Optimized for size: the libraries take most of the time. Nothing unwinds the stack, and a debugger needs only -g's data.
CFLAGS    ?= -Os -g -fno-asynchronous-unwind-tables
LIBRARIES := libmariadb libcurl libcjson inih sqlite3 libcrypto $(if $(filter postgresql,$(WITHOUT)),,libpq)
# A left-out type has no file, and a macro tells the files that name it.
LEFT_OUT  := $(if $(filter postgresql,$(WITHOUT)),recorder_pq recorder_postgresql recorder_row_pq)
LEFT_OUT_FLAGS := $(if $(filter postgresql,$(WITHOUT)),-DWITHOUT_POSTGRESQL)
LIB_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES))
# Before glibc 2.34, as in Debian 11, threads are a library of their own.
LIB_LIBS   = $(shell pkg-config --libs $(LIBRARIES)) -lpthread
# Source fortification needs optimisation, and the sanitizers bring their own checks.
FORTIFY    = $(if $(filter -O0 -fsanitize%,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -iquote poller $(WARNINGS) $(HARDENING) $(FORTIFY) $(LIB_CFLAGS) $(LEFT_OUT_FLAGS) \
             $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)

# As many compilers at once as there are processors, unless the user named a number.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# The sanitizer build has a directory of its own. `make test` makes it with `make BUILD=build/asan SANITIZE=1`.
BUILD ?= build
ifdef SANITIZE
override CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif

SOURCES      := $(filter-out $(LEFT_OUT:%=poller/sink/%.c) poller/serve/%,$(sort $(wildcard poller/*.c poller/*/*.c)))
OBJECTS      := $(SOURCES:%.c=$(BUILD)/%.o)
# The live page is a program of its own: the dialer's program does not link it.
SERVE_SOURCES := $(if $(filter serve,$(WITHOUT)),,$(sort $(wildcard poller/serve/*.c)))
SERVE_OBJECTS := $(SERVE_SOURCES:%.c=$(BUILD)/%.o)
SERVE         := $(if $(SERVE_SOURCES),$(BUILD)/$(NAME)-serve)
SERVE_LIBS     = $(if $(SERVE_SOURCES),$(shell pkg-config --libs libmicrohttpd))
UNIT_SOURCES := $(filter-out $(LEFT_OUT:%=tests/unit/sink/test_%.c) $(if $(SERVE),,tests/unit/serve/%), \
                $(sort $(wildcard tests/unit/*/test_*.c)))
UNIT_HELPERS := $(sort $(wildcard tests/unit/*.c))
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)

.PHONY: all demo demo-routes demo-callcenter demo-callio test check install uninstall clean need-build need-demo need-unit need-test binaries unit-tests standin shim soak need-browser FORCE
.PHONY: install-dialer install-serve uninstall-serve dist deb test-deb need-deb need-deb-test bench need-bench bench-programs
.DELETE_ON_ERROR:

all: need-build
	@$(MAKE) --no-print-directory $(JOBS) binaries

need-build:
	@sh tests/need-packages.sh $(BUILD_PACKAGES)
need-demo:
	@sh tests/need-packages.sh $(DEMO_PACKAGES)
need-demo-routes:
	@sh tests/need-packages.sh $(DEMO_ROUTES_PACKAGES)
need-demo-callcenter:
	@sh tests/need-packages.sh $(DEMO_CALLCENTER_PACKAGES)
need-unit:
	@sh tests/need-packages.sh $(UNIT_PACKAGES)
need-test:
	@sh tests/need-packages.sh $(TEST_PACKAGES)
# Not every system offers a browser. Without a browser, the tests that need one are skipped.
need-browser:
	@sh tests/need-packages.sh $(BROWSER_PACKAGES) || echo "Without them the tests of the report's page are skipped."
need-bench:
	@sh tests/need-packages.sh $(BENCH_PACKAGES)
need-deb:
	@sh tests/need-packages.sh $(DEB_PACKAGES)
need-deb-test:
	@sh tests/need-packages.sh $(DEB_TEST_PACKAGES)

$(BUILD)/$(NAME): $(OBJECTS) $(BUILD)/left-out
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJECTS) $(LIB_LIBS)

$(BUILD)/$(NAME)-serve: $(filter-out $(BUILD)/poller/main.o,$(OBJECTS)) $(SERVE_OBJECTS) $(BUILD)/left-out
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_LIBS) $(SERVE_LIBS)

$(BUILD)/poller/%.o: poller/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The program contains its installation directory, so a change of that directory rebuilds the files that name it.
KNOW_DATADIR := $(BUILD)/poller/config/options.o $(BUILD)/poller/commands/report.o $(BUILD)/poller/serve/serve_options.o
$(KNOW_DATADIR): ALL_CFLAGS += -DDATA_DIR='"$(DATADIR)"'
$(KNOW_DATADIR): $(BUILD)/datadir
$(BUILD)/datadir: FORCE
	@mkdir -p $(@D)
	@echo '$(DATADIR)' | cmp -s - $@ || echo '$(DATADIR)' >$@
# The same for left-out types.
$(BUILD)/poller/sink/recorder.o: $(BUILD)/left-out
$(BUILD)/left-out: FORCE
	@mkdir -p $(@D)
	@echo '$(WITHOUT)' | cmp -s - $@ || echo '$(WITHOUT)' >$@
FORCE:

# A unit test links every module except the files with main, and the source and sink in memory. The test can make
# SQLite's calls fail.
UNIT_LDFLAGS := -Wl,--wrap=sqlite3_step,--wrap=sqlite3_exec
# Clang's linker takes a third of the time for each of some hundred programs.
TEST_LINKER  := $(if $(shell command -v ld.lld),-fuse-ld=lld)
UNIT_OBJECTS = $(filter-out $(BUILD)/poller/main.o $(BUILD)/poller/serve/serve_main.o,$(OBJECTS) $(SERVE_OBJECTS)) \
               $(UNIT_HELPERS:tests/unit/%.c=$(BUILD)/unit/%.o)
# An archive, so that a test is linked with the modules that it uses and no others, which takes a fraction of the time.
UNIT_ARCHIVE := $(BUILD)/unit/modules.a
$(BUILD)/unit/%.o: tests/unit/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(shell pkg-config --cflags cmocka) -MMD -MP -c -o $@ $<
$(UNIT_ARCHIVE): $(UNIT_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^
$(UNIT_TESTS): $(BUILD)/unit/%: $(BUILD)/unit/%.o $(UNIT_ARCHIVE) Makefile
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(UNIT_LDFLAGS) $(TEST_LINKER) -o $@ $< $(UNIT_ARCHIVE) $(LIB_LIBS) $(SERVE_LIBS) \
	    $(shell pkg-config --libs cmocka)

build/standin: tests/standin/standin.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -o $@ $< $(shell pkg-config --cflags --libs libmicrohttpd libcjson) \
	    -lpthread

build/fault-shim.so: tests/fault/shim.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -U_FORTIFY_SOURCE -fPIC -shared -o $@ $< -ldl -lrt

# Prometheus' checker of metrics and rules. Without the checker, the tests that need it are skipped. The package is
# unpacked and not installed, because its installation starts a server.
build/promtool:
	@mkdir -p build/prometheus
	@cd build/prometheus && { apt-get download -qq prometheus || { apt-get update -q && apt-get download -qq prometheus; } && \
	    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool >../promtool.new && \
	    chmod +x ../promtool.new && mv ../promtool.new ../promtool; } >/dev/null 2>&1 || \
	    { echo "promtool could not be fetched (apt-get download prometheus): what it checks is not checked"; exit 1; }
	@rm -rf build/prometheus

standin: build/standin
shim: build/fault-shim.so
binaries: $(BUILD)/$(NAME) $(SERVE)
unit-tests: $(UNIT_TESTS)

demo: need-demo
	@$(MAKE) --no-print-directory $(JOBS) -s binaries standin
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/demo.py

demo-routes: need-demo-routes
	@$(MAKE) --no-print-directory $(JOBS) -s binaries
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/demo_routes.py

demo-callcenter: need-demo-callcenter
	@$(MAKE) --no-print-directory $(JOBS) -s binaries
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/demo_callcenter.py

demo-callio: need-demo-callcenter
	@$(MAKE) --no-print-directory $(JOBS) -s binaries
	@PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/demo_callio.py

test: need-test need-fuzz need-browser
	@$(MAKE) --no-print-directory $(JOBS) binaries standin shim unit-tests
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/asan SANITIZE=1 binaries unit-tests
	@$(MAKE) --no-print-directory $(JOBS) fuzz-targets
	-@$(MAKE) --no-print-directory build/promtool
	@/usr/bin/python3 -B tests/run.py all '$(T)'

soak: need-test
	@$(MAKE) --no-print-directory $(JOBS) binaries standin shim build/bench/timed
	@/usr/bin/python3 -B tests/soak.py '$(T)'

check: need-unit
	@$(MAKE) --no-print-directory $(JOBS) unit-tests
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/asan SANITIZE=1 unit-tests
	@/usr/bin/python3 -B tests/run.py unit '$(T)'

# The bench sends to nginx. The package is unpacked and not installed, because its installation starts a server.
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,build/bench/%,$(wildcard tests/bench/*.c))
BENCH_NGINX    := build/bench/nginx/usr/sbin/nginx

build/bench/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $< -Wl,--no-as-needed $(LIB_CFLAGS) $(LIB_LIBS)

$(BENCH_NGINX):
	@mkdir -p build/bench/nginx
	@cd build/bench/nginx && { apt-get download -qq nginx || { apt-get update -q && apt-get download -qq nginx; } && \
	    dpkg-deb -x nginx_*.deb .; } >/dev/null 2>&1 || { echo "nginx could not be fetched: apt-get download nginx"; exit 1; }

# This one measures a part of the program itself.
build/bench/view_queries: tests/bench/view_queries.c $(OBJECTS) $(SERVE_OBJECTS) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(filter-out %/main.o %/serve_main.o,$(OBJECTS) $(SERVE_OBJECTS)) \
	    $(LIB_LIBS) $(SERVE_LIBS)

# And this one is the page's lower bound.
build/bench/hello_http: tests/bench/hello_http.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -o $@ $< $(shell pkg-config --cflags --libs libmicrohttpd)

bench-programs: $(BENCH_PROGRAMS) $(BENCH_NGINX)

bench: need-bench
	@$(MAKE) --no-print-directory $(JOBS) -s binaries standin bench-programs
	@/usr/bin/python3 -B tests/bench/bench.py '$(ROWS)'

# The shipped files name Debian's directories. Elsewhere the program may be in another one, and there may be no group adm.
LOCAL_PLACES = 's|/usr/sbin/$(NAME)|$(SBINDIR)/$(NAME)|g; s| root adm$$| root $(LOG_GROUP)|'

# $(call install_etc,FROM,TO): installs a file unless it exists, because somebody may have changed it.
define install_etc
test -e $(DESTDIR)$(SYSCONFDIR)/$(2) || { install -D -m 0644 $(1) $(DESTDIR)$(SYSCONFDIR)/$(2) && \
	    sed -i $(LOCAL_PLACES) $(DESTDIR)$(SYSCONFDIR)/$(2); }
endef

STATE = $(DESTDIR)/var/lib/$(NAME)
SERVE_EXAMPLES := $(wildcard packaging/examples/serve-*)

install: install-dialer $(if $(SERVE),install-serve)

install-dialer: all
	install -D -m 0755 $(BUILD)/$(NAME) $(DESTDIR)$(SBINDIR)/$(NAME)
	$(call install_etc,conf/$(NAME).conf,$(NAME).conf)
	$(call install_etc,packaging/cron.d/$(NAME),cron.d/$(NAME))
	$(call install_etc,logrotate/$(NAME),logrotate.d/$(NAME))
	install -D -m 0644 packaging/man/$(NAME).8 $(DESTDIR)$(MANDIR)/man8/$(NAME).8
	install -D -m 0644 packaging/man/$(NAME).conf.5 $(DESTDIR)$(MANDIR)/man5/$(NAME).conf.5
	install -D -m 0644 packaging/bash-completion/$(NAME) $(DESTDIR)$(COMPLETIONDIR)/$(NAME)
	install -D -m 0644 packaging/report.html $(DESTDIR)$(DATADIR)/report.html
	install -d $(DESTDIR)$(DOCDIR)/examples
	install -m 0644 README.md packaging/CHANGELOG.md $(DESTDIR)$(DOCDIR)
	install -m 0644 conf/$(NAME).conf conf/dids.conf.example \
	    $(filter-out $(SERVE_EXAMPLES),$(wildcard packaging/examples/*)) $(DESTDIR)$(DOCDIR)/examples
	sed -i $(LOCAL_PLACES) $(DESTDIR)$(DOCDIR)/examples/$(NAME).service $(DESTDIR)$(DOCDIR)/examples/*.cron
	install -d -m 0750 $(STATE)
	@test -e $(STATE)/enabled || test -e $(STATE)/ledger.db || \
	    echo "$(NAME) sends nothing yet. Run \`$(NAME) check', then let cron send: $(NAME) enable"

# Nothing of the live page is enabled: the operator makes the first user, and then starts the page.
install-serve: all
	install -D -m 0755 $(SERVE) $(DESTDIR)$(SBINDIR)/$(NAME)-serve
	$(call install_etc,conf/$(NAME)-serve.conf,$(NAME)-serve.conf)
	install -D -m 0644 packaging/man/$(NAME)-serve.8 $(DESTDIR)$(MANDIR)/man8/$(NAME)-serve.8
	install -D -m 0644 packaging/bash-completion/$(NAME)-serve $(DESTDIR)$(COMPLETIONDIR)/$(NAME)-serve
	install -d $(DESTDIR)$(DATADIR)/serve $(DESTDIR)$(SERVE_DOCDIR)/examples $(DESTDIR)$(UNITDIR)
	install -m 0644 $(filter-out %/README.md,$(wildcard packaging/serve/*)) $(DESTDIR)$(DATADIR)/serve
	install -m 0644 conf/$(NAME)-serve.conf $(SERVE_EXAMPLES) $(DESTDIR)$(SERVE_DOCDIR)/examples
	install -m 0644 packaging/systemd/* $(DESTDIR)$(UNITDIR)
	sed -i $(LOCAL_PLACES) $(DESTDIR)$(UNITDIR)/$(NAME)-serve.service
	install -d -m 0750 $(STATE)-serve

# On this host, and not below DESTDIR: the page ends, and the ledgers note no changes for it any more.
uninstall-serve:
	@test -n "$(DESTDIR)" || ! test -x $(SBINDIR)/$(NAME)-serve || { \
	    systemctl disable --now $(NAME)-serve.service $(NAME)-serve.socket 2>/dev/null; \
	    $(SBINDIR)/$(NAME)-serve forget || true; }
	rm -f $(DESTDIR)$(COMPLETIONDIR)/$(NAME)-serve
	rm -f $(DESTDIR)$(SBINDIR)/$(NAME)-serve $(DESTDIR)$(MANDIR)/man8/$(NAME)-serve.8
	rm -f $(DESTDIR)$(UNITDIR)/$(NAME)-serve.service $(DESTDIR)$(UNITDIR)/$(NAME)-serve.socket
	rm -rf $(DESTDIR)$(SERVE_DOCDIR)

# Settings and state stay, because they belong to the operator.
uninstall: uninstall-serve
	rm -f $(DESTDIR)$(SYSCONFDIR)/cron.d/$(NAME) $(DESTDIR)$(SYSCONFDIR)/logrotate.d/$(NAME)
	rm -f $(DESTDIR)$(SBINDIR)/$(NAME) $(DESTDIR)$(COMPLETIONDIR)/$(NAME)
	rm -f $(DESTDIR)$(MANDIR)/man8/$(NAME).8 $(DESTDIR)$(MANDIR)/man5/$(NAME).conf.5
	rm -rf $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DATADIR)

# The source tree as one archive, identical to the byte on every machine. packaging/deb is copied to the place where
# Debian's tools expect it, so that the checkout stays clean.
DIST_FILES := $(wildcard .github .gitignore LICENSE Makefile README.md conf logrotate packaging poller tests)
DIST_DATE   = $(shell sed -n 's/^ -- .*>  //p' packaging/deb/changelog | head -n 1)
DEB_STAGE  := build/deb/$(NAME)-$(VERSION)

dist:
	@mkdir -p build
	tar --sort=name --mtime='$(DIST_DATE)' --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --exclude=__pycache__ \
	    --transform='s,^,$(NAME)-$(VERSION)/,' -cJf build/$(NAME)-$(VERSION).tar.xz $(DIST_FILES)

deb: need-deb dist
	@grep -q '^$(NAME) ($(VERSION)) ' packaging/deb/changelog || \
	    { echo "packaging/deb/changelog does not begin with version $(VERSION), which poller/base/version.h names"; exit 1; }
	rm -rf build/deb && mkdir -p build/deb
	tar -C build/deb -xJf build/$(NAME)-$(VERSION).tar.xz
	cp -R packaging/deb $(DEB_STAGE)/debian
	cd $(DEB_STAGE) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc
	@ls build/deb/*.deb

# Install, upgrade and remove the packages in bare Debian systems under build/. Needs root.
test-deb: need-deb-test deb
	@$(MAKE) --no-print-directory $(JOBS) standin
	@/usr/bin/python3 -B -m pytest -c tests/pytest.ini -q tests/deb $(if $(T),-k '$(T)')

include tests/quality.mk

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(SERVE_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(UNIT_HELPERS:tests/unit/%.c=$(BUILD)/unit/%.d)
