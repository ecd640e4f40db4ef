# Rows of bench/run that are about the log: what it gives, and what it costs.  Sourced by it.

IS_QUICK=$([ "$SECONDS_EACH" -gt 2 ] || echo 1)

# Statements, one after the other, in one session, or (each) a new one for each of them: psql's times in ms, the median and the worst.
times() { sql -c '\timing on' -f - | middle; }
times_each() { local statement; while read -r statement; do sql -c '\timing on' -c "$statement"; done | middle; }
middle() { awk '/^Time:/ { print $2 }' | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)], v[NR] }'; }

# CPU seconds that a session takes for a statement, its second run.
session_cpu()
{
	sql -f - <<-END | awk 'NF == 3 { v[++n] = $1 } END { printf "%.4f\n", (v[2] - v[1]) / 1e9 }'
		SELECT pg_backend_pid() AS pid \gset
		\setenv PID :pid
		$1 \g /dev/null
		\! cat /proc/\$PID/schedstat
		$1 \g /dev/null
		\! cat /proc/\$PID/schedstat
	END
}

# N messages to a document of the pub/sub program, SIZE a batch (1: sent singly), in transactions of a thousand or so.
fill()
{
	local key=$1 n=$2 size=$3 each
	if [ "$size" = 1 ]; then
		each="count(chat.publish('$key', payload => '$PAYLOAD ' || i || g)) FROM generate_series(1, 1000) g"
	else
		each="count(*) FROM generate_series(1, $((1000 / size))) g, LATERAL adama.ingest('chat', array_fill('$key'::text, '{$size}'), array_fill('publish'::text, '{$size}'),
			array_fill(json_build_object('payload', '$PAYLOAD ' || i || g), '{$size}'))"
	fi
	sql -c "SELECT adama.create('chat', '$key')" -c "SET synchronous_commit = off" -c "DO \$\$ BEGIN FOR i IN 1 .. $((n / 1000)) LOOP PERFORM $each; COMMIT; END LOOP; END \$\$" >/dev/null
}

row_l()
{
	local n=1000000 fold x size name what seconds
	local warm='' cold='' warm_worst='' cold_worst='' theirs=''
	[ -z "$IS_QUICK" ] || n=100000
	for size in 1 10 1000; do
		fill "long$size" "$n" "$size"
	done
	sql -c "VACUUM ANALYZE chat.log" -c "VACUUM ANALYZE chat.document"
	fold="SELECT adama.fold('{}', array_agg(delta ORDER BY seq)) FROM chat.log WHERE key = 'long10' AND seq <="
	for size in 1 10; do
		warm='' cold='' warm_worst='' cold_worst='' theirs=''
		for _ in $(seq "$ROUNDS"); do
			x=($(anywhere "long$size" "$n" 40 | times)) && warm+=" ${x[0]}" && warm_worst+=" ${x[1]}"
			x=($(anywhere "long$size" "$n" 20 | times_each)) && cold+=" ${x[0]}" && cold_worst+=" ${x[1]}"
		done
		name=$([ "$size" = 1 ] && echo "sent singly" || echo "in batches of $size")
		line l "adama.at, any place in $n messages $name: median" "$(median $warm)" "ms" 50 "the goal" "$(ratio 50 "$(median $warm)")"
		line l "  the worst of 40" "$(median $warm_worst)" "ms" 50 "the goal" "$(ratio 50 "$(median $warm_worst)")"
		line l "  by a session that has just begun: median" "$(median $cold)" "ms" 50 "the goal" "$(ratio 50 "$(median $cold)")"
		line l "  the worst of 20" "$(median $cold_worst)" "ms" 50 "the goal" "$(ratio 50 "$(median $cold_worst)")"
	done
	x=($(echo "SELECT ($fold $((n / 2 / 10 * 10 + 1))) IS NULL;" | times))
	line l "  folding the first half of its deltas instead" "${x[0]}" "ms" "$(median $warm)" "adama.at" "$(ratio "${x[0]}" "$(median $warm)")"
	for size in 1 10 1000; do
		name=$([ "$size" = 1 ] && echo "sent singly" || echo "in batches of $size")
		for what in replay verify; do
			seconds=''
			for _ in $(seq "$ROUNDS"); do
				seconds+=" $(session_cpu "SELECT x IS NULL FROM adama.$what('chat', 'long$size') x")"
			done
			x=$(awk -v n="$n" -v t="$(median $seconds)" 'BEGIN { printf "%.0f", n / t }')
			line l "adama.$what: messages $name, per CPU second" "$x" "msg/s" 500000 "the goal" "$(ratio "$x" 500000)"
		done
	done
	line l "  of what the log takes, states that it keeps" "$(sql -c "SELECT round(100.0 * sum(pg_column_size(state)) / sum(pg_column_size(l.*)), 1) FROM chat.log l WHERE key LIKE 'long%'")" "%" "" "" ""
}

# Statements for adama.at, M of them, of a document of N messages.
anywhere()
{
	awk -v key="$1" -v n="$2" -v m="$3" -v seed="$RANDOM" 'BEGIN { srand(seed); for (i = 0; i < m; i++) printf "SELECT adama.at(\047chat\047, \047%s\047, %d) IS NULL;\n", key, 1 + rand() * n }'
}
