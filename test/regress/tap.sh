# Sourced: turns what pg_regress and pg_isolation_regress print into TAP.  Up to version 15 it is "test NAME ... ok  12 ms" (or FAILED), from
# 16 on "ok 1 - NAME  12 ms".

# regress_to_tap OUTPUT DIRECTORY TESTS STATUS
regress_to_tap()
{
	local output=$1 directory=$2 tests=$3 status=$4 ran
	ran=$(sed -n -E \
		-e 's/^(test| ) *([^ ]+) +\.\.\. ok.*/ok - \2/p' \
		-e 's/^(test| ) *([^ ]+) +\.\.\. FAILED(.*)/not ok - \2/p' \
		-e 's/^(ok|not ok) [0-9]+ +[-+] ([^ ]+).*/\1 - \2/p' "$output")
	[ -z "$ran" ] || echo "$ran"
	if [ "$status" != 0 ]; then
		if [ -s "$directory/regression.diffs" ]; then
			sed 's/^/# /' "$directory/regression.diffs"
		fi
		if ! grep -q '^not ok' <<<"$ran"; then
			sed 's/^/# /' "$output"
		fi
	fi
	echo "1..$(wc -w <<<"$tests")"
	return "$status"
}
