# Sourced by the other tools: where things are, and who does what.
#
# A PostgreSQL server refuses to run as root.  So when root calls, the server alone (initdb, pg_ctl) runs as an ordinary user: the one who
# called sudo, else "postgres", which Debian's package creates.  Everything else, clients included, runs as the caller.
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

# The user that the server runs as.
server_user()
{
	if ! is_root; then id -un
	elif [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && id "$SUDO_USER" >/dev/null 2>&1; then echo "$SUDO_USER"
	else echo postgres
	fi
}

# Runs a command as that user, in a directory that it can read.
as_server()
{
	if is_root; then
		local user
		user=$(server_user)
		(cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups "$@")
	else
		"$@"
	fi
}

# The caller's own files in a checkout: with sudo they shall still be the caller's, not root's.
as_builder()
{
	if is_root && [ "$(server_user)" = "${SUDO_USER:-}" ] && [ "$(stat -c %U "$ROOT")" = "$SUDO_USER" ]; then
		setpriv --reuid="$SUDO_USER" --regid="$(id -g "$SUDO_USER")" --init-groups "$@"
	else
		"$@"
	fi
}

# Sets HOME_DIR, where the server's programs and clusters lie.  The longest name under it is that of a socket: /cluster/NAME/socket/.s.PGSQL.PORT
find_home()
{
	as_builder mkdir -p "$ROOT/build"
	HOME_DIR=$ROOT/build
	if [ ${#HOME_DIR} -le 60 ] && as_server test -x "$HOME_DIR" 2>/dev/null; then
		return
	fi
	HOME_DIR=$(readlink "$ROOT/build/home" 2>/dev/null || true)
	if [ -z "$HOME_DIR" ] || [ ! -d "$HOME_DIR" ] || [ "$(stat -c %u "$HOME_DIR")" != "$(as_builder id -u)" ]; then
		HOME_DIR=$(as_builder mktemp -d /tmp/adama-XXXXXXXX)
		as_builder chmod 755 "$HOME_DIR"
		as_builder ln -sfn "$HOME_DIR" "$ROOT/build/home"
	fi
}

# One demo or test run at a time in a checkout; the lock ends with the process that called this.  Servers are started without it.
lock_checkout()
{
	as_builder mkdir -p "$ROOT/build"
	exec 9>>"$ROOT/build/lock"
	if ! flock -n 9; then
		say "another run in this checkout is at work; waiting for it"
		flock 9
	fi
}
