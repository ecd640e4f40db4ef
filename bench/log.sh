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

# Bytes of a space: prints "all log+index document toast kept", what PostgreSQL has files for, and what rows and values have in them.
space_bytes()
{
	local table
	for table in log document; do
		sql -c "SELECT format('SELECT coalesce(sum(32 + %s), 0) FROM $1.$table', string_agg(format('coalesce(pg_column_size(%I), 0)', attname), ' + ' ORDER BY attnum))
			FROM pg_attribute WHERE attrelid = '$1.$table'::regclass AND attnum > 0 AND NOT attisdropped" | sql -f -
	done | awk '{ s += $1 } END { printf "%.0f", s }' >"$out/kept"
	sql -c "SELECT pg_total_relation_size(l.oid) + pg_total_relation_size(d.oid), pg_relation_size(l.oid), pg_indexes_size(l.oid) + pg_indexes_size(d.oid), pg_relation_size(d.oid),
		pg_total_relation_size(nullif(l.reltoastrelid, 0)) + pg_total_relation_size(nullif(d.reltoastrelid, 0)), $(cat "$out/kept")
		FROM pg_class l, pg_class d WHERE l.oid = '$1.log'::regclass AND d.oid = '$1.document'::regclass" | tr '|' ' '
}

# A space whose logs keep 200 messages and what they need, its documents filled by SCRIPT, N times COUNT messages: a line for each.
row_y_fill()
{
	local space=$1 documents=$2 samples=$3 count=$4 per=$5 clients=$6 script=$7 i start x now
	sql -v space="$space" -v n="$documents" -v program="@static { maximum_history = 200; } $(cat "$ROOT/examples/pubsub.adama")" -f - >/dev/null <<-'END'
		SELECT adama.deploy(:'space', :'program');
		SELECT count(adama.create(:'space', 'doc' || g)) FROM generate_series(0, :n - 1) g;
	END
	for i in $(seq "$samples"); do
		start=$(date +%s.%N)
		pgbench -n -M prepared -c "$clients" -j 2 -t $((count / per / clients)) -f "$script" >"$out/pgbench.log" 2>&1 || { cat "$out/pgbench.log" >&2; exit 1; }
		now=$(date +%s.%N)
		x=($(space_bytes "$space"))
		line y "after $((i * count)) messages: all files of log and documents" "$(mb "${x[0]}")" "MB" "$(mb "${x[5]}")" "what the rows hold (ours / theirs)" "$(ratio "${x[0]}" "${x[5]}")"
	done
	line y "  of these log, indexes, documents, out of line" "$(mb "${x[1]}")/$(mb "${x[2]}")/$(mb "${x[3]}")/$(mb "${x[4]}")" "MB" "" "" ""
	line y "  messages at the end" "$(awk -v n="$count" -v a="$start" -v b="$now" 'BEGIN { printf "%.0f", n / (b - a) }')" "/s" "" "" ""
}
mb() { awk -v n="$1" 'BEGIN { printf n < 1e7 ? "%.1f" : "%.0f", n / 1e6 }'; }

row_y()
{
	local samples=10 count=1000000 singles=100000 tens=10
	# a tenth of the documents, too, so that each is trimmed a few times
	[ -z "$IS_QUICK" ] || samples=5 count=100000 singles=10000 tens=1
	line y "$((tens * 100)) documents, logs of 200 messages, batches of ten:" "" "" "" "" ""
	row_y_fill kept $((tens * 100)) "$samples" "$count" 250 4 "$(script y "\\set first random(0, $((tens - 1)))
SELECT count(*) FROM adama.ingest('kept', (SELECT array_agg('doc' || (:client_id + 4 * (:first * 25 + g / 10))) FROM generate_series(0, 249) g), array_fill('publish'::text, '{250}'), (SELECT array_agg(json_build_object('payload', 'hello world, this is ' || md5(random()::text))) FROM generate_series(0, 249) g));")"
	line y "$((tens * 10)) documents, sent singly:" "" "" "" "" ""
	PGOPTIONS='-c synchronous_commit=off' row_y_fill kept1 $((tens * 10)) 5 "$singles" 1 8 "$(script y1 "\\set d random(0, $((tens * 10 - 1)))
SELECT kept1.publish('doc' || :d, payload => 'hello world, this is ' || md5(random()::text));")"
}

# All documents of a space run again in one query, by one process and by two.
row_p()
{
	local workers query n x y
	local -a found=('' '') cpu=('' '')
	sql -v program="$(cat "$ROOT/examples/pubsub.adama")" -f - >/dev/null <<-'END'
		SELECT adama.deploy('many', :'program');
		SELECT count(adama.create('many', 'doc' || g)) FROM generate_series(0, 199) g;
	END
	sql -c "SET synchronous_commit = off" -c "DO \$\$ BEGIN FOR i IN 1 .. 100 LOOP PERFORM count(*) FROM adama.ingest('many',
		(SELECT array_agg('doc' || g / 50) FROM generate_series(0, 9999) g), array_fill('publish'::text, '{10000}'), array_fill('{\"payload\":\"$PAYLOAD\"}'::json, '{10000}')); COMMIT; END LOOP; END \$\$"
	sql -c "VACUUM ANALYZE many.document" -c "VACUUM ANALYZE many.log"
	query="SELECT key, program, (v).seq, (v).problem FROM (SELECT key, program, adama.verify('many', key) AS v FROM many.document OFFSET 0) x WHERE NOT (v).ok"
	for _ in $(seq "$ROUNDS"); do
		for workers in 0 1; do
			x=($(printf '%s;\n' "$query" "$query" "$query" | PGOPTIONS="-c max_parallel_workers_per_gather=$workers" times))
			found[workers]+=" ${x[0]}"
			cpu[workers]+=" $(PGOPTIONS="-c max_parallel_workers_per_gather=$workers" session_cpu "$query")"
		done
	done
	n=$(sql -c "SELECT sum(seq) FROM many.document")
	x=$(rate_of "$n" "$(median ${found[1]})") y=$(rate_of "$n" "$(median ${found[0]})")
	line p "verify of 200 documents in one query, two processes" "$x" "msg/s" "$y" "one process" "$(ratio "$x" "$y")"
	line p "  CPU of the session that asks" "$(median ${cpu[1]})" "s" "$(median ${cpu[0]})" "one process (theirs / ours)" "$(ratio "$(median ${cpu[0]})" "$(median ${cpu[1]})")"
}
rate_of() { awk -v n="$1" -v t="$2" 'BEGIN { printf "%.0f", n / t * 1000 }'; }

# A build that keeps no log and writes the state with every message, beside the normal one: a checkout of links with a build, programs and a server of its own.
start_without_log()
{
	local name
	without=$out/nolog
	as_builder mkdir -p "$without"
	for name in Makefile adama.control "$(basename "$ROOT"/adama--*.sql)" src tools examples sql expected; do
		as_builder ln -sfn "$ROOT/$name" "$without/$name"
	done
	COPT=-DADAMA_NO_LOG "$without/tools/stage"
	ADAMA_CLUSTER=nolog "$without/tools/cluster" fresh "shared_buffers = 256MB" "max_wal_size = 4GB" "checkpoint_timeout = 30min" "autovacuum_naptime = 10s"
	trap 'ADAMA_CLUSTER=nolog "$without/tools/cluster" stop; cluster stop' EXIT
}
without_log() { (eval "$(ADAMA_CLUSTER=nolog "$without/tools/cluster" env)" && "$@"); }

# Documents doc0 to doc3 of N lines.
make_lines()
{
	sql -c 'CREATE EXTENSION IF NOT EXISTS adama' -v space="lines$1" -v program="$(cat "$ROOT/bench/lines.adama")" -f - >/dev/null 2>&1 <<-'END'
		SELECT adama.deploy(:'space', :'program');
		SELECT adama.create(:'space', 'doc' || g) FROM generate_series(0, 3) g;
	END
	sql -c "SELECT count(*) FROM adama.ingest('lines$1', (SELECT array_agg('doc' || g % 4) FROM generate_series(0, 4 * $1 - 1) g), array_fill('put'::text, ARRAY[4 * $1]),
		(SELECT array_agg(json_build_object('text', md5(random()::text) || md5(random()::text))) FROM generate_series(1, 4 * $1)))" >/dev/null
}

# Four clients, each with a document of its own: prints "transactions-per-second WAL-bytes-per-transaction".
wal_of()
{
	local script=$1 before after n tps
	before=$(sql -c "SELECT pg_current_wal_insert_lsn() - '0/0'")
	pgbench -n -M prepared -c 4 -j 2 -T "$SECONDS_EACH" -f "$script" >"$out/pgbench.log" 2>&1 || { cat "$out/pgbench.log" >&2; exit 1; }
	after=$(sql -c "SELECT pg_current_wal_insert_lsn() - '0/0'")
	n=$(awk '/^number of transactions actually processed/ { split($6, x, "/"); print x[1] }' "$out/pgbench.log")
	tps=$(awk '/^tps/ { print $3 }' "$out/pgbench.log")
	awk -v n="$n" -v tps="$tps" -v a="$before" -v b="$after" 'BEGIN { printf "%.1f %.0f\n", tps, (b - a) / n }'
}

row_m()
{
	local lines size each script name x y
	local mine theirs my_wal their_wal
	start_without_log
	for lines in 10 100 1000; do
		make_lines "$lines"
		without_log make_lines "$lines"
		size=$(sql -c "SELECT round(pg_column_size(adama.at('lines$lines', 'doc0', seq)) / 1000.0, 1) FROM lines$lines.document WHERE key = 'doc0'")
		for each in 1 100; do
			if [ "$each" = 1 ]; then
				name="sent singly"
				script=$(script "m$lines" "\\set i random(1, $lines)
SELECT lines$lines.change('doc' || :client_id, line => :i::int, text => md5(random()::text) || md5(random()::text));")
			else
				name="in batches of $each"
				script=$(script "m$lines" "SELECT count(*) FROM adama.ingest('lines$lines', array_fill('doc' || :client_id, '{$each}'), array_fill('change'::text, '{$each}'), (SELECT array_agg(json_build_object('line', 1 + floor(random() * $lines), 'text', md5(random()::text) || md5(random()::text))) FROM generate_series(1, $each)));")
			fi
			mine='' theirs='' my_wal='' their_wal=''
			wal_of "$script" >/dev/null && without_log wal_of "$script" >/dev/null
			for _ in $(seq "$ROUNDS"); do
				x=($(wal_of "$script")) y=($(without_log wal_of "$script"))
				mine+=" ${x[0]}" my_wal+=" ${x[1]}" theirs+=" ${y[0]}" their_wal+=" ${y[1]}"
			done
			mine=$(per "$(median $mine)" "$each") theirs=$(per "$(median $theirs)" "$each")
			my_wal=$(awk -v w="$(median $my_wal)" -v n="$each" 'BEGIN { printf "%.0f", w / n }') their_wal=$(awk -v w="$(median $their_wal)" -v n="$each" 'BEGIN { printf "%.0f", w / n }')
			line m "documents of $size kB, 4 clients, $name: messages" "$mine" "msg/s" "$theirs" "no log, the state each time" "$(ratio "$mine" "$theirs")"
			line m "  WAL for a message" "$my_wal" "bytes" "$their_wal" "no log (theirs / ours)" "$(ratio "$their_wal" "$my_wal")"
		done
	done
	ADAMA_CLUSTER=nolog "$without/tools/cluster" stop
	trap 'cluster stop' EXIT
}
per() { awk -v t="$1" -v n="$2" 'BEGIN { printf "%.0f", t * n }'; }
