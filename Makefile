# SPDX-License-Identifier: MIT
# The front door: scripts/setup.sh, then the presets of CMakePresets.json.
JOBS ?= $(shell nproc)
SANITIZED = cmake --preset $(1) && cmake --build --preset $(1) -j $(JOBS) && ctest --preset $(1) -j $(JOBS)

# CUDA's kernels are a quarter of the build and run on a GPU alone.
define CONFIGURE
@cuda=$${JOULE_CUDA:-}; \
if [ -z "$$cuda" ] && nvidia-smi -L >/dev/null 2>&1; then cuda=AUTO; fi; \
if [ -z "$$cuda" ]; then cuda=OFF; echo "make $@: no GPU here (nvidia-smi -L), so CUDA is left out; JOULE_CUDA=ON make $@ builds it"; fi; \
cmake --preset release -DJOULE_TESTS=OFF -DJOULE_BENCHMARKS=$(1) -DJOULE_CUDA=$$cuda
endef

.PHONY: help demo build course test test-all bench asan tsan fuzz docs package tidy format clean
.DEFAULT_GOAL := help

help:
	@echo "Joule: a deep-learning framework that accounts for energy and skips zeros"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo "All but the last three install what is missing first (Debian's apt-get)."
	@echo "JOBS=n: parallel compilers and tests.  ARGS=\"...\": further arguments of joule demo."

demo: ## train SmallCnn on Fashion-MNIST, standard and with the L0 penalty, and compare
	@scripts/setup.sh demo
	$(call CONFIGURE,OFF)
	@cmake --build --preset release -j $(JOBS)
	@build/release/cli/joule demo $(ARGS)

build: ## the libraries and the program build/release/cli/joule
	@scripts/setup.sh build
	$(call CONFIGURE,OFF)
	@cmake --build --preset release -j $(JOBS)

course: ## the program, and build/release/examples/course/ for the lessons of docs/course
	@scripts/setup.sh demo
	$(call CONFIGURE,OFF) -DJOULE_COURSE=ON
	@cmake --build --preset release -j $(JOBS)

# All runs, even when one fails; the closing lines are those of the last.
test: ## every test: C++ under ASan and UBSan, what computes at -O3 as well and with one thread, threads under TSan
	@scripts/setup.sh test
	@cmake --preset release -DJOULE_TESTS=ON -DJOULE_TESTS_ONLY=$(ONLY) -DJOULE_BENCHMARKS=OFF -DJOULE_CUDA=$${JOULE_CUDA:-AUTO}
	@cmake --build --preset release -j $(JOBS)
	@failed=; \
	{ $(call SANITIZED,asan); } || failed="make test: the run under the sanitizers failed (above)"; \
	if ! scripts/fuzz.sh available; then echo "make test: no clang with its sanitizers here: no test ran under ThreadSanitizer$(if $(FUZZ_SECONDS), and make fuzz did not run)"; \
	else $(if $(FUZZ_SECONDS),$(MAKE) --no-print-directory fuzz SECONDS=$(FUZZ_SECONDS) || failed="$${failed:-make test: make fuzz failed (above)}";) \
	  { cmake --preset tsan-threads && cmake --build --preset tsan-threads -j $(JOBS) && ctest --preset tsan-threads -j $(JOBS); } || \
	    failed="$${failed:-make test: the run under ThreadSanitizer failed (above)}"; fi; \
	ctest --preset thread-limit -j $(JOBS) || failed="$${failed:-make test: the run with OMP_THREAD_LIMIT=1 failed (above)}"; \
	ctest --preset release -j $(JOBS) || failed="$${failed:-make test: a test failed}"; \
	if [ "$$failed" ]; then echo "$$failed" >&2; exit 1; fi

# What only test-all does: under -O3 the C++ tests of all folders, and make fuzz, which finds something else every time.
ONLY = optimised
FUZZ_SECONDS =
test-all: ## make test with nothing left out: all at -O3 too, all cases on the executor, make fuzz for a minute a reader
	@JOULE_TESTS=all $(MAKE) --no-print-directory test ONLY= FUZZ_SECONDS=60

bench: ## the benchmarks, with the peers that are installed
	@scripts/setup.sh bench
	$(call CONFIGURE,ON)
	@cmake --build --preset release -j $(JOBS)
	@benchmarks/run.sh build/release

asan: ## the CPU tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/setup.sh test
	@$(call SANITIZED,asan)

tsan: ## the CPU tests under ThreadSanitizer
	@scripts/setup.sh tsan
	@$(call SANITIZED,tsan)

SECONDS ?= 10
fuzz: ## the readers of files under libFuzzer (Clang), SECONDS=n each
	@scripts/setup.sh fuzz
	@cmake --preset fuzz && cmake --build --preset fuzz -j $(JOBS)
	@scripts/fuzz.sh build/fuzz/tests/fuzz/fuzz_readers $(SECONDS)

docs: ## the site build/site/index.html: the guide, the studies and the API reference, searchable without a network
	@scripts/setup.sh docs
	@scripts/site/build.py

package: ## Debian packages of the program, the libraries and the headers: build/package/*.deb
	@scripts/setup.sh package
	@cmake --preset package
	@cmake --build --preset package -j $(JOBS)
	@cd build/package && rm -f *.deb && cpack -G DEB

tidy: ## clang-tidy on the sources that differ from main (all of them: FILES=all)
	@scripts/tidy.sh $(FILES)

format: ## clang-format on every source
	@scripts/format.sh -i

clean: ## remove build/
	@rm -rf build
