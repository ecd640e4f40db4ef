# Rows of bench/run that need adama-gateway and those that it is measured beside: many sockets, one load generator (bench/sockets.c) for all.  Sourced by it.

SOCKET_PORT=54396
PEER_PORT=54397

start_gateway()
{
	[ -z "${gateway_pid:-}" ] || return 0
	"$MAKE" -C "$ROOT" --no-print-directory gateway >"$out/gateway-build.log" 2>&1 || { cat "$out/gateway-build.log" >&2; fail "the gateway does not build"; }
	as_builder gcc -O2 -Wall -Wextra -Wno-unused-parameter -o "$out/sockets" "$ROOT/bench/sockets.c"
	sql -v room="$(cat "$ROOT/bench/room.adama")" -f - >/dev/null <<-'END'
		SELECT adama.deploy('pubsub', :'room'), adama.create('pubsub', 'room');
	END
	ulimit -n "$(ulimit -Hn)"
	"$ROOT/build/adama-gateway" --listen "127.0.0.1:$SOCKET_PORT" --anonymous yes --database '' --max_sockets_per_address 100000 --message_rate 1000000 --address_rate 1000000 --log warning 2>"$out/gateway.log" &
	gateway_pid=$!
	trap 'kill $gateway_pid ${peer_pid:-} 2>/dev/null; cluster stop' EXIT
	sleep 1
}

# apt's package, without starting its service.
bring()
{
	local program=$1 package=$2
	command -v "$program" >/dev/null && return
	echo "installing $package" >&2
	printf '#!/bin/sh\nexit 101\n' >"$out/policy"
	as_root install -m 755 "$out/policy" /usr/sbin/policy-rc.d
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >"$out/apt.log" 2>&1 || { cat "$out/apt.log" >&2; fail "$package cannot be installed"; }
	as_root rm -f /usr/sbin/policy-rc.d
}

start_peer()
{
	case $1 in
		redis)
			bring redis-server redis-server
			redis-server --port "$PEER_PORT" --bind 127.0.0.1 --save '' --appendonly no --maxclients 20000 --client-output-buffer-limit pubsub 0 0 0 >"$out/$1.log" 2>&1 & ;;
		nats)
			bring nats-server nats-server
			nats-server -a 127.0.0.1 -p "$PEER_PORT" >"$out/$1.log" 2>&1 & ;;
		mqtt)
			bring mosquitto mosquitto
			printf 'listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n' "$PEER_PORT" >"$out/mosquitto.conf"
			PATH=$PATH:/usr/sbin mosquitto -c "$out/mosquitto.conf" >"$out/$1.log" 2>&1 & ;;
	esac
	peer_pid=$!
	sleep 1
}

stop_peer() { kill "$peer_pid" 2>/dev/null; wait "$peer_pid" 2>/dev/null || true; peer_pid=; }

cpu_of() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.3f\n", ($12 + $13) / hz }' "/proc/$1/stat"; }
our_cpu() { awk -v a="$(server_cpu)" -v b="$(cpu_of "$gateway_pid")" 'BEGIN { print a + b }'; }
peer_cpu() { cpu_of "$peer_pid"; }

# The room with N clients: prints what the load generator does, and the server's CPU seconds per second.
room()
{
	local cpu=$1 peer=$2 port=$3 n=$4 before after
	shift 4
	before=$($cpu)
	timeout $((SECONDS_EACH + 90)) "$out/sockets" room "$peer" 127.0.0.1 "$port" "$n" "$SECONDS_EACH" "$@" >"$out/room" 2>"$out/room.err" || { echo "0 0 0 0 0 0 0 0 0"; return; }
	after=$($cpu)
	echo "$(cat "$out/room") $(awk -v a="$before" -v b="$after" -v s="$((SECONDS_EACH + 1))" 'BEGIN { printf "%.2f", (b - a) / s }')"
}

room_lines()
{
	local row=$1 n=$2 peer=$3 i what
	shift 3
	i=0
	for what in "$n clients, a message a second each: sent|/s" "  deliveries|/s" "  bytes received|/s" "  to seeing one's own, p50|ms" "  p99|ms" "  to others seeing it, p50|ms" "  p99|ms" "  |" "  CPU of the servers|s/s"; do
		[ $i = 7 ] || line "$row" "${what%|*}" "$(median ${mine[i]})" "${what#*|}" "$(median ${theirs[i]})" "$peer" "$(ratio "$(median ${theirs[i]})" "$(median ${mine[i]})")"
		i=$((i + 1))
	done
}

row_s()
{
	local n peer x y i mine theirs
	start_gateway
	for n in ${CLIENTS:-1000}; do
		for peer in redis nats mqtt; do
			for i in 0 1 2 3 4 5 6 7 8; do mine[i]='' theirs[i]=''; done
			start_peer "$peer"
			for _ in $(seq "$ROUNDS"); do
				x=($(room our_cpu adama "$SOCKET_PORT" "$n")) y=($(room peer_cpu "$peer" "$PEER_PORT" "$n"))
				for i in 0 1 2 3 4 5 6 7 8; do mine[i]+=" ${x[i]}" theirs[i]+=" ${y[i]}"; done
			done
			stop_peer
			room_lines s "$n" "$peer"
		done
	done
}

# Until each breaks: all that was sent is not answered, or nothing is delivered any more.
row_t()
{
	local n x name
	start_gateway
	for name in adama redis nats mqtt; do
		[ $name = adama ] || start_peer $name
		for n in 100 300 1000 3000 10000; do
			if [ $name = adama ]; then x=($(room our_cpu adama "$SOCKET_PORT" "$n")); else x=($(room peer_cpu $name "$PEER_PORT" "$n")); fi
			line t "$name, $n clients: deliveries/s, p99 to others" "${x[1]}" "/s" "${x[6]}" "ms; CPU ${x[8]} s/s; sent ${x[0]}/s" ""
			[ "${x[0]}" != 0 ] || break
		done
		[ $name = adama ] || stop_peer
	done
}

row_i()
{
	local n=${IDLE:-10000} before after ms
	start_gateway
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$gateway_pid/status")
	coproc idle_io { exec "$out/sockets" idle 127.0.0.1 "$SOCKET_PORT" "$n"; }
	read -r ms _ <&"${idle_io[0]}" || fail "not all could connect: $(cat "$out/gateway.log" | tail -1)"
	sleep 3
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$gateway_pid/status")
	line i "$n idle sockets: memory of each" "$(awk -v a="$before" -v b="$after" -v n="$n" 'BEGIN { printf "%.1f", (b - a) / n }')" "kB" 12 "the goal" ""
	line i "  until all were connected" "$ms" "ms" "" "" ""
	kill "$idle_io_PID"
	wait "$idle_io_PID" 2>/dev/null || true
}

# A tenth of the viewers reads nothing for a while.
row_j()
{
	local n=${CLIENTS:-1000} x y calm='' stalled='' rss
	start_gateway
	[ "$SECONDS_EACH" -ge 5 ] || SECONDS_EACH=5
	for _ in $(seq "$ROUNDS"); do
		x=($(room our_cpu adama "$SOCKET_PORT" "$n")) y=($(room our_cpu adama "$SOCKET_PORT" "$n" $((n / 10)) "$SECONDS_EACH"))
		calm+=" ${x[4]}" stalled+=" ${y[4]}"
		rss=$(awk '/VmHWM/ { print $2 }' "/proc/$gateway_pid/status")
	done
	line j "$n viewers, a tenth takes nothing: own p99 of all others" "$(median $stalled)" "ms" "$(median $calm)" "nobody stalls" "$(ratio "$(median $stalled)" "$(median $calm)")"
	line j "  most memory of the gateway so far" "$((rss / 1024))" "MB" "" "" ""
}

row_k()
{
	local mine='' theirs='' x
	start_gateway
	# Whoever is at the other end of a socket may open a bank here.
	sql -v bank="$(cat "$ROOT/examples/bank.adama"; echo '@static { create { return true; } }')" -f - >/dev/null <<-'END'
		SELECT adama.deploy('bank', :'bank');
	END
	sql -f - >/dev/null <<-'END'
		DELETE FROM bank.document WHERE key = 'bank1';
		DELETE FROM bank.log WHERE key = 'bank1';
		BEGIN;
		SELECT adama.assume('teller', 'anonymous');
		SELECT adama.create('bank', 'bank1', '{"accounts":100000,"balance":"1000000000"}');
		COMMIT;
	END
	sql -f "$ROOT/bench/bank.sql" >/dev/null 2>&1 || true
	sql -c "SELECT money.open('teller', 100000) WHERE NOT EXISTS (SELECT FROM money.bank WHERE key = 'teller')" >/dev/null
	script k_table "\\set a random(1, 100000)
\\set b random(1, 100000)
SELECT money.transfer('teller', :a, :b, 1);" >/dev/null
	for _ in $(seq "$ROUNDS"); do
		x=($("$out/sockets" flight 127.0.0.1 "$SOCKET_PORT" 4 40 "$SECONDS_EACH"))
		mine+=" ${x[0]}"
		x=($(pgb 4 "$out/k_table.sql"))
		theirs+=" ${x[0]}"
	done
	line k "transfers over WebSocket, 4 clients with 40 in flight" "$(median $mine)" "msg/s" "$(median $theirs)" "pgbench, 4 clients, PL/pgSQL on a table" "$(ratio "$(median $mine)" "$(median $theirs)")"
}
