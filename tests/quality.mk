# What looks at the code itself: included by the Makefile, which names the targets.

LINT_PACKAGES := $(TEST_PACKAGES) clang clang-tidy clang-tools cppcheck shellcheck iwyu

.PHONY: need-lint lint

need-lint:
	@sh tests/need-packages.sh $(LINT_PACKAGES)

lint: need-lint
	@LINT_FLAGS='$(filter-out -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2,$(ALL_CFLAGS))' /usr/bin/python3 -B tests/lint/lint.py $(T)
