# A physical copy of a server, with the log of what was written since: documents come back as of any time.
use strict;
use warnings;
use Test::More;
use Server;

# Beside the server's own directory, and its user's: who runs the test may be another.
my $data = query('postgres', 'SHOW data_directory');
my $archive = "$data.archive";
my $base = "$data.base";
my $home = $data =~ s{/[^/]*$}{}r;
sub to_server { command('chown', '-R', "--reference=$home", @_); }
command('mkdir', $archive);
to_server($archive);

query('postgres', qq{ALTER SYSTEM SET archive_mode = on}, qq{ALTER SYSTEM SET archive_command = 'cp %p "$archive/%f"'});
cluster('stop', 'fast');
cluster('start');

query('postgres', q{SELECT adama.deploy('room', 'public int n; public double chance; message Add { int by; } channel add(Add m) { n += m.by; chance = Random.genDouble(); }')},
	q{SELECT adama.create('room', 'd' || i) FROM generate_series(1, 5) i}, q{SELECT room.add('d' || (1 + i % 5), i) FROM generate_series(1, 500) i});
command('pg_basebackup', '-D', $base, '-c', 'fast', '-X', 'stream');
query('postgres', q{SELECT room.add('d' || (1 + i % 5), i) FROM generate_series(1, 500) i});

my $STATES = q{SELECT string_agg(key || ' ' || seq || ' ' || state, E'\n' ORDER BY key) FROM room.documents};
my $PROOF = q{SELECT count(*), bool_and(v.ok) FROM room.document d, adama.verify('room', d.key) v};
my $wanted = query('postgres', $STATES);
my $time = query('postgres', 'SELECT pg_sleep(0.2)', 'SELECT clock_timestamp()') =~ s/^\s+//r;
query('postgres', 'SELECT pg_sleep(0.2)');
# The mishap.
query('postgres', q{SELECT room.add('d1', 7)}, q{SELECT adama.delete('room', 'd2')}, q{SELECT room.add('d3', 1)}, 'SELECT pg_switch_wal()', 'CHECKPOINT');
isnt(query('postgres', $STATES), $wanted, 'something was lost');
my $after = query('postgres', $STATES);

sub restore
{
	my (@settings) = @_;
	cluster('stop', 'fast');
	command('rm', '-rf', "$data.lost");
	command('mv', $data, "$data.lost");
	command('cp', '-a', $base, $data);
	open(my $conf, '>>', "$data/postgresql.auto.conf") or die "$data: $!\n";
	print $conf "restore_command = 'cp \"$archive/%f\" %p'\narchive_mode = off\n", map { "$_\n" } @settings;
	close $conf;
	open(my $signal, '>', "$data/recovery.signal") or die "$data: $!\n";
	close $signal;
	to_server($data);
	cluster('start');
}

# It stops there, and can be read: so can any standby.
restore("recovery_target_time = '$time'", "recovery_target_action = 'pause'");
is(settles('postgres', $STATES, $wanted, 60), $wanted, 'to a time: documents are as they were then');
is(query('postgres', 'SELECT pg_is_in_recovery()'), 't', 'to a time: before the copy takes writers');
is(query('postgres', $PROOF), '5|t', 'to a time: each log makes its document');
is(query('postgres', q{SELECT adama.view('room', 'd1')->>'n'}), query('postgres', q{SELECT state OPERATOR(adama.->>) 'n' FROM room.documents WHERE key = 'd1'}), 'to a time: views are shown');
like(query('postgres', q{SELECT room.add('d2', 1)}), qr/ERROR:.*(read-only|recovery)/, 'to a time: nothing is written');
query('postgres', 'SELECT pg_wal_replay_resume()');
is(settles('postgres', 'SELECT pg_is_in_recovery()', 'f', 60), 'f', 'to a time: then it does');
like(query('postgres', q{SELECT room.add('d2', 1)}), qr/^[0-9]+$/, 'to a time: they go on');
is(query('postgres', $PROOF), '5|t', 'to a time: as they should');

restore();
is(settles('postgres', 'SELECT pg_is_in_recovery()', 'f', 60), 'f', 'to the end: the copy has come up');
is(query('postgres', $STATES), $after, 'to the end: nothing that was archived is lost');
is(query('postgres', $PROOF), '4|t', 'to the end: each log makes its document');
like(query('postgres', q{SELECT room.add('d1', 1)}), qr/^[0-9]+$/, 'to the end: they go on');

done_testing();
