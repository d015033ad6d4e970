# SPDX-License-Identifier: GPL-2.0
# Top Makefile of listenq; Kbuild lists what the module is made of.

.DEFAULT_GOAL := modules

KDIR ?= /lib/modules/$(shell uname -r)/build
V ?= 0

help:
	@echo 'On a machine that can load modules:'
	@echo '  make                build listenq.ko for the running kernel (or KDIR=its build folder)'
	@echo '  sudo make test      load it and run the harness here, in network namespaces'
	@echo '  sudo make install   install through dkms; sudo make uninstall undoes it'
	@echo 'On any Debian machine (a VM is booted where modules cannot be loaded):'
	@echo '  sudo make demo      real clients against nginx, and who was refused why'
	@echo '  sudo make check     unit tests, then the harness'
	@echo '  sudo make wire      the same wire with and without listenq: LISTENQ_SEED=n'
	@echo '  make unit           unit tests alone: no root, seconds'
	@echo '  make vm             a shell in the VM; scripts/vm runs one command there'
	@echo '  sudo make debug     the harness and 100 load/unload cycles on a debug kernel (hours)'
	@echo '  sudo make kernels   build for 5.10, 6.1, 6.12, 7.2, 7.3; smoke test on 5.10 and 7.3'
	@echo '  sudo make bench     what it costs, in instructions, against bpftrace too'
	@echo '  make lint           checkpatch, sparse, W=1, layers, shellcheck, pyflakes'
	@echo '  make clean          remove what was built'

# Headers first: everything after this line may rely on them.
$(KDIR)/Makefile:
	@echo 'No kernel headers in $(KDIR).' >&2
	@echo 'Install them (apt-get install linux-headers-$(shell uname -r)) or name others: make KDIR=/lib/modules/VERSION/build' >&2
	@false

# One kbuild answers all questions to the headers. A question that fails for any
# other reason than its own code stops the build with the log.
PROBES := $(filter-out must_%,$(basename $(notdir $(wildcard src/probe/*.c))))
probes: | $(KDIR)/Makefile
	@mkdir -p include/generated
	@rm -f $(patsubst src/probe/%.c,src/probe/%.o,$(wildcard src/probe/*.c))
	@$(MAKE) -k -C $(KDIR) M=$(CURDIR)/src/probe modules >src/probe/log 2>&1 || true
	@test -e src/probe/must_pass.o -a ! -e src/probe/must_fail.o || \
		{ cat src/probe/log >&2; echo 'The kernel headers in $(KDIR) do not compile: see above.' >&2; false; }
	@for p in $(PROBES); do \
		upper=$$(echo $$p | tr a-z A-Z); \
		if [ -e src/probe/$$p.o ]; then echo "#define LQ_HAVE_$$upper 1"; \
		elif grep -q "[/ ]$$p\.o\] Error 1" src/probe/log; then echo "#define LQ_HAVE_$$upper 0"; \
		else cat src/probe/log >&2; echo "Asking the kernel headers for $$p failed: see above." >&2; exit 1; fi; \
	done >include/generated/probes.tmp
	@cmp -s include/generated/probes.tmp include/generated/probes.h || \
		mv include/generated/probes.tmp include/generated/probes.h
	@rm -f include/generated/probes.tmp

modules: probes
	$(MAKE) -C $(KDIR) M=$(CURDIR) V=$(V) modules

# What the harness runs beside the module: for the kernel that KDIR is for.
harness:
	$(MAKE) -s -C tests/drive
	$(MAKE) -s -C tests/tools
	$(MAKE) -C $(KDIR) M=$(CURDIR)/tests/kmod V=$(V) modules

test: modules harness
	tests/run

unit:
	$(MAKE) -C tests/unit check
	$(MAKE) -C tests/unit coverage
	$(MAKE) -C tests/unit mutants
	python3 tests/cli/test_listenq.py
	@for t in tests/scripts/test_*; do $$t || exit 1; done

lint:
	scripts/lint

check:
	scripts/check unit harness wire

wire:
	scripts/check wire

debug:
	scripts/check debug

kernels:
	scripts/check kernels

demo:
	scripts/demo

bench:
	scripts/bench

vm:
	scripts/vm

VERSION := $(shell sed -n 's/^\#define LQ_VERSION "\(.*\)"/\1/p' src/main.c)
install:
	scripts/need dkms linux-headers-$(shell uname -r)
	mkdir -p /usr/src/listenq-$(VERSION)
	cp -r COPYING Kbuild Makefile README.md docs dkms.conf include src /usr/src/listenq-$(VERSION)/
	dkms install listenq/$(VERSION)
	install -m 755 scripts/listenq /usr/local/sbin/listenq

uninstall:
	dkms remove listenq/$(VERSION) --all
	rm -rf /usr/src/listenq-$(VERSION) /usr/local/sbin/listenq

clean:
	@rm -rf include/generated
	@for d in tests/unit tests/fuzz tests/drive tests/tools tests/bench; do $(MAKE) -s -C $$d clean; done
	@find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.symvers' \
		-o -name 'modules.order' -o -name '.tmp_versions' -o -name log \) -exec rm -rf {} +

.PHONY: help probes modules harness test unit lint check wire debug kernels demo bench vm install uninstall clean
