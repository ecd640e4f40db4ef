# What docs/replication.md says of other systems is done as it is written there, with other hosts and ports.
#
#	```psql there		typed in at the other PostgreSQL, by its superuser
#	```mariadb			typed in at the MariaDB, by its root
#	```psql here		typed in here, by the superuser
#	```psql app			here, by the owner of the space
use strict;
use warnings;
use Test::More;
use Remote;
use Server;

my $far = Remote->postgres();
my $maria = Remote->mariadb();

query('postgres', 'DROP EXTENSION postgres_fdw', 'DROP EXTENSION mysql_fdw', 'CREATE ROLE app LOGIN', 'GRANT CREATE ON DATABASE postgres TO app', 'GRANT USAGE ON SCHEMA adama TO app');
open(my $example, '<', 'examples/league.adama') or die "examples/league.adama: $!\n";
my $program = do { local $/; <$example> };
my $said = query('postgres', 'SET ROLE app', qq{SELECT adama.deploy('game', \$p\$$program\$p\$)}, q{SELECT adama.create('game', 'g' || i, '{"town": "Köln 😀"}') FROM generate_series(1, 3) i},
	q{SELECT game.join('g1', name => 'ada'), game.join('g1', name => 'o''bob \ "x"'), game.join('g2', name => 'cyd')}, q{SELECT game.shoot('g1', name => 'ada', points => 3)});
die $said if $said =~ /ERROR/;
$far->ask_for_passwords();

sub type_in
{
	my ($where, $statements) = @_;
	for ($statements)
	{
		s/host 'reports\.example', port '5432', dbname 'app'/host '$ENV{FAR_HOST}', port '$ENV{FAR_PORT}', dbname 'postgres'/;
		s/host 'shop\.example', port '3306'/host '127.0.0.1', port '$ENV{MARIA_PORT}'/;
	}
	return query('postgres', ($where eq 'app' ? 'SET ROLE app' : ()), $statements) if $where eq 'here' || $where eq 'app';
	eval { $where eq 'there' ? $far->sql($statements) : $maria->type_in($statements); };
	return $@;
}

open(my $page, '<', 'docs/replication.md') or die "docs/replication.md: $!\n";
my ($where, $text, $line) = ('', '', 0);
while (<$page>)
{
	if ($where ne '')
	{
		if (!/^```/) { $text .= $_; next; }
		my $answer = type_in($where, $text);
		unlike($answer, qr/ERROR|FATAL|WARNING|failed/, "docs/replication.md:$line: what is typed in " . ($where =~ /there|maria/ ? 'there' : 'here'));
		($where, $text) = ('', '');
	}
	elsif (/^```(?:psql (there|here|app)|(mariadb))$/)
	{
		$where = $1 // $2;
		$line = $.;
	}
}

my $OPEN = q{SELECT count(*) FROM adama.replication_status WHERE pending > 0 OR parked > 0 OR state <> 'current'};
my %rows = (
	'reports.games' => q{SELECT game, town, points, players, is_over, updated FROM reports.games EXCEPT SELECT key, value->>'town', (value->>'points')::int, (value->>'players')::int, (value->>'is_over')::bool, at FROM game.replica WHERE name = 'games'},
	'reports.players' => q{SELECT id, game, name, points FROM reports.players EXCEPT SELECT 'game/' || key || '/players/' || "row", key, value->>'name', (value->>'points')::int FROM game.replica WHERE name = 'players'},
	'shop.players' => q{SELECT id, game, name, points, details::jsonb FROM shop.players EXCEPT SELECT 'game/' || key || '/players/' || "row", key, value->>'name', (value->>'points')::int, value FROM game.replica WHERE name = 'players'});
my $look = sub {
	my ($what) = @_;
	is(settles('postgres', $OPEN, 0, 60), 0, "$what is brought over");
	for (sort keys %rows)
	{
		is(query('postgres', "GRANT USAGE ON SCHEMA reports, shop TO app", 'SET ROLE app', $rows{$_}), '', "$what: nothing wrong is in $_");
		my $name = /(\w+)$/ ? $1 : '';
		is(query('postgres', 'SET ROLE app', "SELECT count(*) FROM $_"), query('postgres', "SELECT count(*) FROM game.replica WHERE name = '$name'"), "$what: all is in $_");
	}
};
is(query('postgres', q{SELECT count(*) FROM game.replica WHERE name = 'players'}), 3, 'documents publish something');
$look->('what was there');
query('postgres', q{SELECT game.join('g2', name => 'new'), game.join('g3', name => 'dee')}, q{SELECT game.shoot('g1', name => 'ada')}, q{SELECT game.shoot('g2', name => 'cyd', points => 3)});
$look->('what is new');
query('postgres', q{SELECT adama.delete('game', 'g1')});
$look->('what goes');

# ---- what would not work is refused ----

sub refused
{
	my ($what, $table, $columns, $match, %option) = @_;
	my @mode = $option{mode} ? ("mode => '$option{mode}'") : ();
	my $said = query('postgres', $option{table} // (), "GRANT ALL ON $table TO app", 'SET ROLE app', 'SELECT adama.replicate(' . join(', ', "'game'", "'$option{name}'", "'$table'", "'$columns'", @mode) . ')');
	like($said, $match, $what);
}

my $PLACE = q{SERVER shop OPTIONS (dbname 'league', table_name 'players')};
refused('mysql_fdw finds rows by one column', 'shop.two', '{"game": "$key", "seat": "$row", "name": "name"}', qr/ERROR.*first column/s, name => 'players',
	table => "CREATE FOREIGN TABLE shop.two (game text NOT NULL, seat int, name text) $PLACE");
refused('which is the first', 'shop.second', '{"id": "$id", "name": "name"}', qr/ERROR.*first column, "name"/s, name => 'players', table => "CREATE FOREIGN TABLE shop.second (name text, id text NOT NULL) $PLACE");
refused('and whose name it does not quote', 'shop.reserved', '{"key": "$id", "name": "name"}', qr/ERROR.*without quotes/s, name => 'players', table => "CREATE FOREIGN TABLE shop.reserved (key text NOT NULL, name text) $PLACE");
refused('mysql_fdw writes no jsonb', 'shop.jsonb', '{"id": "$id", "details": "$value"}', qr/ERROR.*jsonb.*json/s, name => 'players', table => "CREATE FOREIGN TABLE shop.jsonb (id text NOT NULL, details jsonb) $PLACE");
refused('messages do not wait for other systems', 'reports.games', '{"game": "$key", "town": "town"}', qr/ERROR.*foreign table/s, name => 'games', mode => 'sync');
query('postgres', 'ALTER SERVER shop OPTIONS (DROP sql_mode, DROP character_set)', q{CREATE FOREIGN TABLE shop.again (id text NOT NULL, name text) SERVER shop OPTIONS (dbname 'league', table_name 'again')});
refused('a MySQL that is not strict is warned of', 'shop.again', '{"id": "$id", "name": "name"}', qr/WARNING.*strict.*WARNING.*character set.*\d\z/s, name => 'players');

done_testing();
