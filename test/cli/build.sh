# Sourced by tests that need the command line program: builds it, under sanitizers, as $ADAMA.

mkdir -p build/cli
ADAMA=$PWD/build/cli/adama
export ADAMA
if ! "${MAKE:-make}" -s --no-print-directory -j2 -f test/cli/Makefile BUILD=build/cli build/cli/adama >build/cli/build.log 2>&1; then
	sed 's/^/# /' build/cli/build.log
	echo "not ok 1 - the command line program is built"
	echo "1..1"
	exit 1
fi
