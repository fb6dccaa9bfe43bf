# The targets that check the code itself. The Makefile includes this file and lists its targets.

LINT_PACKAGES := $(TEST_PACKAGES) clang clang-tidy clang-tools cppcheck shellcheck iwyu

.PHONY: need-lint lint

need-lint:
	@sh tests/need-packages.sh $(LINT_PACKAGES)

lint: need-lint
	@LINT_FLAGS='$(filter-out -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2,$(ALL_CFLAGS)) -DDATA_DIR=\"$(DATADIR)\"' /usr/bin/python3 -B tests/lint/lint.py $(T)

# ---- fuzzing: libFuzzer with the sanitizers, on a build of its own ----

# In Debian 11, installing clang also installs its runtime.
CLANG_PACKAGES := clang 'libclang-rt-dev|libclang-common-11-dev'
FUZZ_PACKAGES := $(TEST_PACKAGES) $(CLANG_PACKAGES)
FUZZ_CFLAGS   := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_TARGETS  := $(patsubst tests/fuzz/%.c,build/fuzz/targets/%,\
                 $(filter-out $(if $(SERVE_SOURCES),,tests/fuzz/graphql.c),$(wildcard tests/fuzz/*.c)))
# What the targets link. Clang needs long for the other files, which no target uses. A target that calls a file which is
# not named here does not link.
FUZZ_MODULES  := base/% domain/% sink/% ledger/checkpoint ledger/legacy serve/graphql% \
                 $(addprefix config/,astguiclient config environment inifile) \
                 $(addprefix source/,api_settings api_value api_words callio_accounts callio_page callio_person callio_row \
                 callio_session pbx_page pbx_row pbx_time session stretch throttle vicidial_finality vicidial_table zone)
FUZZ_OBJECTS  := $(patsubst %.c,build/fuzz/%.o,$(filter $(FUZZ_MODULES:%=poller/%.c),$(SOURCES) $(SERVE_SOURCES)))
FUZZ_ARCHIVE  := build/fuzz/modules.a
SECONDS       ?= 60

.PHONY: need-fuzz fuzz fuzz-targets fuzz-link

need-fuzz:
	@sh tests/need-packages.sh $(FUZZ_PACKAGES)

build/fuzz/targets/%: tests/fuzz/%.c tests/fuzz/fuzz.h $(FUZZ_ARCHIVE)
	@mkdir -p $(@D)
	clang $(ALL_CFLAGS) -fsanitize=fuzzer $(TEST_LINKER) $(LDFLAGS) -o $@ $< $(FUZZ_ARCHIVE) $(LIB_LIBS)

$(FUZZ_ARCHIVE): $(FUZZ_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

fuzz-link: $(FUZZ_TARGETS)

fuzz-targets:
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build/fuzz CC=clang CFLAGS='$(FUZZ_CFLAGS)' fuzz-link

fuzz: need-fuzz
	@$(MAKE) --no-print-directory $(JOBS) -s fuzz-targets
	@/usr/bin/python3 -B tests/fuzz/fuzz.py $(SECONDS) $(T)

# ---- valgrind: every run of the integration tests ----

.PHONY: need-memcheck memcheck

need-memcheck:
	@sh tests/need-packages.sh $(TEST_PACKAGES) valgrind

memcheck: need-memcheck
	@$(MAKE) --no-print-directory $(JOBS) -s binaries standin shim
	@/usr/bin/python3 -B tests/memcheck.py '$(T)'

# ---- coverage: the lines of poller/ that the unit and integration tests run ----

COVERAGE := build/coverage
GCOVR     = gcovr --root . --filter poller/ --object-directory $(COVERAGE) --exclude-unreachable-branches $(COVERAGE)

.PHONY: need-coverage coverage

need-coverage:
	@sh tests/need-packages.sh $(TEST_PACKAGES) gcovr

# A process that ends with _exit (out of memory) is counted too. The files of the counts are made before a run becomes
# another user, because that user could not make them. `make test` says whether the tests pass: here the fault shim counts
# the writing of the counts as steps of the program.
coverage: need-coverage
	@$(MAKE) --no-print-directory $(JOBS) -s standin shim
	@$(MAKE) --no-print-directory $(JOBS) -s BUILD=$(COVERAGE) CC=gcc CFLAGS='-O0 -g --coverage' CPPFLAGS='-D_exit=exit' binaries
	@$(MAKE) --no-print-directory $(JOBS) -s BUILD=$(COVERAGE) CC=gcc CFLAGS='-O0 -g --coverage' unit-tests
	@find $(COVERAGE) -name '*.gcda' -delete
	@$(COVERAGE)/$(NAME) --version >/dev/null && chmod -R a+rwX $(COVERAGE)
	-@/usr/bin/python3 -B tests/run.py all '' $(COVERAGE)
	@$(GCOVR) | sed -n '/^File/,$$p'
	@$(GCOVR) --branches | sed -n '/^File/,$$p'
	@$(GCOVR) --print-summary --fail-under-line 95 --fail-under-branch 85 -o $(COVERAGE)/lines >$(COVERAGE)/summary; ended=$$?; \
	    sed -n '/^lines\|^branches/p' $(COVERAGE)/summary; exit $$ended

# ---- the unit tests with the other compiler ----

.PHONY: need-clang check-clang

need-clang:
	@sh tests/need-packages.sh $(UNIT_PACKAGES) $(CLANG_PACKAGES)

check-clang: need-clang
	@$(MAKE) --no-print-directory $(JOBS) -s BUILD=build/clang CC=clang CFLAGS='-O2 -g -Werror' binaries unit-tests
	@/usr/bin/python3 -B tests/run.py unit '$(T)' build/clang

# ---- the unit tests on other Debian releases, in bare systems under build/roots; needs root ----

RELEASES ?= bullseye bookworm trixie forky

.PHONY: check-releases

check-releases: dist
	@sh tests/need-packages.sh python3 mmdebstrap zstd
	@/usr/bin/python3 -B tests/releases.py $(RELEASES)

# ---- mutants: whether the unit tests notice each small change ----

MUTANTS_CFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -DDATA_DIR=\"$(DATADIR)\"

.PHONY: mutants

mutants: need-test
	@MUTANTS_FLAGS='$(filter-out -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 $(WARNINGS) $(CFLAGS),$(ALL_CFLAGS)) -w $(MUTANTS_CFLAGS)' \
	    MUTANTS_LIBS='$(LIB_LIBS) $(SERVE_LIBS) $(shell pkg-config --libs cmocka)' MUTANTS_LDFLAGS='$(UNIT_LDFLAGS)' \
	    /usr/bin/python3 -B tests/mutants/mutants.py $(if $(N),-n $(N)) $(if $(SEED),-s $(SEED)) $(if $(J),-j $(J)) $(T)
