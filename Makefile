# adama: the extension, its demo and its tests.
#
#   make            build adama.so against the PostgreSQL that PG names (default 15)
#   make install    install it into that PostgreSQL (as root), the command line program "adama" beside its other programs
#   make cli        build only build/adama, the command line program, which needs no PostgreSQL; make install-cli puts it into $(PREFIX)/bin (/usr/local)
#   make gateway    build only build/adama-gateway, which serves browsers; make install-gateway puts it into $(PREFIX)/bin
#   make demo       two psql sessions and a document between them, on a private server in build/
#   make test       every test, fastest first; PARTS="unit regress" runs only some
#   make bench      measure it against what stands beside it, on a private server; ROWS="a c" measures only some rows
#   make fuzz       search for inputs that break the language, with libFuzzer; SECONDS=600 TARGETS="source run" say how long and which
#   make clean      remove what was built, private servers included
#
# Neither demo nor test touches an existing server: they install what they need by apt when it is missing, build, and stage a private copy
# of the server's programs with the extension under build/stage (tools/stage says how).
#
# ADAMA_WERROR=1 makes warnings errors, ADAMA_ASSERT=1 checks invariants at run time; the test build has both.  V=1 shows whole command lines.

PG ?= 15
PG_CONFIG ?= /usr/lib/postgresql/$(PG)/bin/pg_config
export PG PG_CONFIG

MODULE_big = adama
EXTENSION = adama
DATA = $(wildcard adama--*.sql)
PGFILEDESC = "adama - documents that reduce messages and tell who watches"

PURE_ROOMS = kit doc lang vm live
ROOMS = $(PURE_ROOMS) store worker sqlapi
SOURCES = $(wildcard src/*.c $(ROOMS:%=src/%/*.c)) src/port/port_server.c src/port/shared_memory.c src/port/password.c

# Objects of builds with different switches live side by side.
FLAVOUR = $(PG)$(if $(filter 1,$(ADAMA_WERROR)),-werror)$(if $(filter 1,$(ADAMA_ASSERT)),-assert)
OBJDIR = build/obj-$(FLAVOUR)
OBJS = $(SOURCES:src/%.c=$(OBJDIR)/%.o)

PG_CPPFLAGS = -I$(srcdir)/src $(if $(filter 1,$(ADAMA_ASSERT)),-DADAMA_ASSERT_ON)
WARNINGS = -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-missing-field-initializers $(if $(filter 1,$(ADAMA_WERROR)),-Werror)
PG_CFLAGS = -std=gnu11 -O2 -ffp-contract=off $(WARNINGS) -Wno-declaration-after-statement
SHLIB_LINK = -lm -lcrypto -Wl,--version-script=$(srcdir)/src/adama.map

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=adama
EXTRA_CLEAN = build

# The command line program is made of the pure rooms, compiled for a process of their own.
CLI = build/adama
CLI_OBJDIR = build/obj-cli$(subst $(PG),,$(FLAVOUR))
CLI_SOURCES = $(wildcard $(PURE_ROOMS:%=src/%/*.c) src/cli/*.c) src/port/port_alone.c src/port/password.c
CLI_OBJS = $(CLI_SOURCES:src/%.c=$(CLI_OBJDIR)/%.o)
CLI_CFLAGS = -std=gnu11 -O2 -ffp-contract=off -g $(WARNINGS) -DADAMA_VERSION='"$(CLI_VERSION)"' $(if $(filter 1,$(ADAMA_ASSERT)),-DADAMA_ASSERT_ON) -Isrc
CLI_VERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" adama.control)
PREFIX ?= /usr/local
SCRIPTS_built = $(CLI)

# The gateway is made of two of them, and of libraries: libwebsockets, libuv, libpq, OpenSSL, inih, uthash (tools/prepare says the packages).
GATEWAY = build/adama-gateway
GATEWAY_SOURCES = $(wildcard src/kit/*.c src/doc/*.c src/gateway/*.c) src/port/port_alone.c
GATEWAY_OBJS = $(GATEWAY_SOURCES:src/%.c=$(CLI_OBJDIR)/%.o)
GATEWAY_LIBS = -lwebsockets -luv -lpq -lssl -lcrypto -linih -lm
PQ_INCLUDE = /usr/include/postgresql

# Bitcode would only serve to inline SQL functions into compiled queries; ours are not of that kind.
override with_llvm = no

ifneq ($(wildcard $(PG_CONFIG)),)
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJDIR)/%.o: src/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "$(CC) $<"; )$(CC) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MT $@ -c -o $@ $<

-include $(OBJS:.o=.d)

# adama.so is linked again when the switches changed, not only when an object did.
$(shlib): src/adama.map build/flavour
build/flavour: FORCE
	@mkdir -p build && { [ "$$(cat $@ 2>/dev/null)" = "$(FLAVOUR)" ] || echo "$(FLAVOUR)" > $@; }

clean: stop-private-servers
else
all install uninstall installcheck:
	@echo "$(PG_CONFIG) is not there: install postgresql-server-dev-$(PG) (tools/prepare does), or set PG or PG_CONFIG." >&2; exit 1
clean: stop-private-servers
	rm -rf build
endif

.DEFAULT_GOAL := all

cli: $(CLI)

$(CLI): $(CLI_OBJS) build/cli-flavour
	$(if $(V),,@echo "$(CC) -o $@"; )$(CC) $(CLI_CFLAGS) $(LDFLAGS) -o $@ $(CLI_OBJS) -lm -lcrypto

$(CLI_OBJDIR)/%.o: src/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "$(CC) $<"; )$(CC) $(CLI_CFLAGS) -MMD -MP -MT $@ -c -o $@ $<

-include $(CLI_OBJS:.o=.d)

build/cli-flavour: FORCE
	@mkdir -p build && { [ "$$(cat $@ 2>/dev/null)" = "$(CLI_OBJDIR)" ] || echo "$(CLI_OBJDIR)" > $@; }

gateway: $(GATEWAY)

$(GATEWAY): $(GATEWAY_OBJS) build/cli-flavour
	$(if $(V),,@echo "$(CC) -o $@"; )$(CC) $(CLI_CFLAGS) $(LDFLAGS) -o $@ $(GATEWAY_OBJS) $(GATEWAY_LIBS)

$(CLI_OBJDIR)/gateway/%.o: src/gateway/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "$(CC) $<"; )$(CC) $(CLI_CFLAGS) -I$(PQ_INCLUDE) -MMD -MP -MT $@ -c -o $@ $<

-include $(GATEWAY_OBJS:.o=.d)

install-gateway: gateway
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install $(GATEWAY) '$(DESTDIR)$(PREFIX)/bin/adama-gateway'

install-cli: cli
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install $(CLI) '$(DESTDIR)$(PREFIX)/bin/adama'

demo:
	+@MAKE="$(MAKE)" demo/run

test:
	+@MAKE="$(MAKE)" test/run $(PARTS)

bench:
	+@MAKE="$(MAKE)" bench/run $(ROWS)

fuzz:
	+@MAKE="$(MAKE)" test/fuzz/long -t $(or $(SECONDS),60) $(TARGETS)

stop-private-servers:
	@tools/mariadb remove; tools/cluster remove-all

FORCE:

.PHONY: all cli install-cli gateway install-gateway demo test fuzz clean stop-private-servers FORCE
