# Sourced by the other tools: where things are, and who does what.
#
# A PostgreSQL server refuses to run as root.  So when root calls, the server alone (initdb, pg_ctl) runs as the user "postgres", which
# Debian's package creates.  Everything else, clients included, runs as the caller.
#
# The server's user must be able to reach its files.  They lie in build/ when it can, otherwise (a clone under /root, a path too long for a
# socket) in a directory under /tmp that build/home points to.

set -euo pipefail
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
PG=${PG:-15}
PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/$PG/bin/pg_config}
MAKE=${MAKE:-make}
export PG PG_CONFIG

say()  { printf '%s\n' "$*"; }
fail() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

is_root() { [ "$(id -u)" = 0 ]; }

# Runs a command with root's rights, through sudo when that takes.
as_root()
{
	if is_root; then "$@"
	elif command -v sudo >/dev/null; then sudo "$@"
	else return 127
	fi
}

# Called first by every tool but prepare, with its own name and arguments: under sudo, in a checkout of the one who called sudo, there is no
# need to be root, and what is built should not belong to root.
drop_root()
{
	if is_root && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && [ "$(stat -c %U "$ROOT")" = "$SUDO_USER" ]; then
		exec setpriv --reuid="$SUDO_USER" --regid="$(id -g "$SUDO_USER")" --init-groups "$@"
	fi
}

# Builds on behalf of whom the checkout belongs to: since drop_root, the caller.  Used by bench/run.
as_builder() { "$@"; }

# The user that the server runs as.
server_user() { if is_root; then echo postgres; else id -un; fi; }

# Runs a command as that user, in a directory that it can read.
as_server()
{
	if is_root; then
		(cd / && exec setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups "$@")
	else
		"$@"
	fi
}

# Makes build/, if this user may.
make_build()
{
	mkdir -p "$ROOT/build" 2>/dev/null && [ -w "$ROOT/build" ] ||
		fail "cannot write to $ROOT/build: it belongs to $(stat -c %U "$ROOT/build" 2>/dev/null || stat -c %U "$ROOT"), who should run this"
}

# Sets HOME_DIR, where the server's programs and clusters lie.  The longest name under it is that of a
# socket, /cluster/NAME/socket/.s.PGSQL.PORT, which must stay below 108 bytes.
find_home()
{
	make_build
	HOME_DIR=$ROOT/build
	if [[ $HOME_DIR =~ ^[A-Za-z0-9_./+-]{1,60}$ ]] && as_server test -x "$HOME_DIR" 2>/dev/null; then
		return
	fi
	HOME_DIR=$(readlink "$ROOT/build/home" 2>/dev/null || true)
	if [ -z "$HOME_DIR" ] || [ ! -d "$HOME_DIR" ] || [ "$(stat -c %u "$HOME_DIR")" != "$(id -u)" ]; then
		HOME_DIR=$(mktemp -d /tmp/adama-XXXXXXXX)
		chmod 755 "$HOME_DIR"
		ln -sfn "$HOME_DIR" "$ROOT/build/home"
	fi
}

# One demo or test run at a time in a checkout; the lock ends with the process that called this.  Servers are started without it.
lock_checkout()
{
	make_build
	exec 9>>"$ROOT/build/lock"
	if ! flock -n 9; then
		say "another run in this checkout is at work; waiting for it"
		flock 9
	fi
}
