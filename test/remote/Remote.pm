# Another system that tables lie in: a PostgreSQL through postgres_fdw, a MariaDB through mysql_fdw.
#
#	my $far = Remote->postgres();			# also Remote->mariadb()
#	$far->make('app');						# there: the user "app", password "secret", and tables; here: server, mapping, foreign tables of the role
#	$far->kill(); $far->start();			# also stop, freeze, thaw
#	$far->sql('DELETE FROM games');			# there, as its superuser
#	$far->password('wrong');				# what the mapping here says from now on
#
# Tables: games(game, title, score, moves, rate), seats(id, game, who, points); the foreign tables are named "far_games", "maria_seats", ….
package Remote;

use strict;
use warnings;
use Server;

sub postgres { return bless { name => 'far' }, $_[0]; }
sub mariadb { return bless { name => 'maria' }, $_[0]; }

sub name { return $_[0]{name}; }
sub is_postgres { return $_[0]{name} eq 'far'; }

sub tool
{
	my ($self, @arguments) = @_;
	command($self->is_postgres() ? ('tools/cluster', '-n', 'far') : 'tools/mariadb', @arguments);
}

sub start { $_[0]->tool('start'); }
sub stop { $_[0]->tool('stop'); }
sub kill { $_[0]->tool('kill'); }
sub freeze { $_[0]->tool('freeze'); }
sub thaw { $_[0]->tool('thaw'); }

sub sql
{
	my ($self, @statements) = @_;
	if ($self->is_postgres())
	{
		command('tools/cluster', '-n', 'far', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', map { ('-c', $_) } @statements);
	}
	else
	{
		command('tools/mariadb', 'sql', join('; ', map { /^CREATE (?:DATABASE|USER)|^GRANT/ ? $_ : "USE shop; $_" } @statements));
	}
}

# As root types them in at a MariaDB.
sub type_in { command('tools/mariadb', 'sql', $_[1]); }

# Whoever is not the superuser of a PostgreSQL gives a password.
sub ask_for_passwords
{
	my ($self) = @_;
	my $hba = query_far('SHOW hba_file');
	open(my $file, '>', $hba) or die "$hba: $!\n";
	print $file "local all postgres trust\nlocal all all scram-sha-256\n";
	close $file;
	$self->sql('SELECT pg_reload_conf()');
}

my $COLUMNS = 'title text, score bigint, moves bigint, rate double precision';

sub make
{
	my ($self, $role) = @_;
	my $name = $self->{name};
	if ($self->is_postgres())
	{
		$self->ask_for_passwords();
		$self->sql(q{CREATE ROLE app LOGIN PASSWORD 'secret'}, "CREATE TABLE games (game text PRIMARY KEY, $COLUMNS)",
			'CREATE TABLE seats (id text PRIMARY KEY, game text NOT NULL, who text, points bigint)', 'GRANT ALL ON games, seats TO app');
	}
	else
	{
		# Another test may have left them.
		$self->type_in(q{DROP DATABASE IF EXISTS shop; DROP USER IF EXISTS app@'127.0.0.1'});
		$self->sql('CREATE DATABASE shop', q{CREATE USER app@'127.0.0.1' IDENTIFIED BY 'secret'}, q{GRANT ALL ON shop.* TO app@'127.0.0.1'});
		my $key = 'varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin';
		$self->sql("CREATE TABLE games (game $key PRIMARY KEY, $COLUMNS)", "CREATE TABLE seats (id $key PRIMARY KEY, game text NOT NULL, who text, points bigint)");
	}
	my ($wrapper, $options, $user, $place) = $self->is_postgres() ?
		('postgres_fdw', "host '$ENV{FAR_HOST}', port '$ENV{FAR_PORT}', dbname 'postgres', connect_timeout '3'", 'user', '') :
		('mysql_fdw', "host '127.0.0.1', port '$ENV{MARIA_PORT}', sql_mode 'ANSI_QUOTES,STRICT_ALL_TABLES', character_set 'utf8mb4'", 'username', "dbname 'shop', ");
	my $said = query('postgres', "CREATE SERVER $name FOREIGN DATA WRAPPER $wrapper OPTIONS ($options)", "GRANT USAGE ON FOREIGN SERVER $name TO $role",
		"CREATE USER MAPPING FOR $role SERVER $name OPTIONS ($user 'app', password 'secret')",
		"CREATE USER MAPPING FOR postgres SERVER $name OPTIONS ($user 'app', password 'secret'" . ($self->is_postgres() ? q{, password_required 'false'} : '') . ')',
		"CREATE FOREIGN TABLE ${name}_games (game text NOT NULL, $COLUMNS) SERVER $name OPTIONS (${place}table_name 'games')",
		"CREATE FOREIGN TABLE ${name}_seats (id text NOT NULL, game text NOT NULL, who text, points bigint) SERVER $name OPTIONS (${place}table_name 'seats')",
		"GRANT ALL ON ${name}_games, ${name}_seats TO $role");
	die "$said\n" if $said ne '';
	$self->{role} = $role;
}

sub query_far
{
	my ($statement) = @_;
	open(my $out, '-|', 'tools/cluster', '-n', 'far', 'psql', '-X', '-q', '-A', '-t', '-c', $statement) or die "psql: $!\n";
	my $answer = join('', <$out>);
	close $out;
	chomp $answer;
	return $answer;
}

sub password
{
	my ($self, $password) = @_;
	query('postgres', "ALTER USER MAPPING FOR $self->{role} SERVER $self->{name} OPTIONS (SET password '$password')");
}

1;
