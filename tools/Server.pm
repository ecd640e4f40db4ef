# Whole servers and databases, for tests that dump, copy and restore them.
#
#	command('createdb', 'other');				# dies unless it succeeds
#	my $rows = query('other', 'SELECT 1');		# in a session of its own; columns separated by |, rows by newlines; an error is "ERROR:  …"
#	cluster('stop', 'fast');					# tools/cluster
#	my $session = returned();					# when it takes connections again; the arguments are Session's, without the name
#	becomes($session, 'SELECT …', 7, 30, 'name of the test');	# within so many seconds
package Server;

use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(command query cluster settles returned becomes);
use Test::More ();
use Time::HiRes qw(sleep time);
use Session;

sub command { system(@_) == 0 or die "@_ failed\n"; }
sub cluster { command('tools/cluster', @_); }

sub query
{
	my ($database, @statements) = @_;
	open(my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'psql', '-X', '-q', '-A', '-t', '-d', $database, map { ('-c', $_) } @statements) or die "psql: $!\n";
	my $answer = join('', <$out>);
	close $out;
	chomp $answer;
	return $answer;
}

# Waits until the query has this answer; the last answer.
sub settles
{
	my ($database, $statement, $wanted, $patience) = @_;
	my $deadline = time + $patience;
	my $answer;
	while (($answer = query($database, $statement)) ne $wanted && time < $deadline) { sleep 0.1; }
	return $answer;
}

sub returned
{
	my @options = @_;
	my $deadline = time + 60;
	my $session;
	until ($session = eval { local $SIG{__DIE__}; Session->new('prober', @options) })
	{
		die "the server did not come back\n" if time > $deadline;
		sleep 0.2;
	}
	return $session;
}

sub becomes
{
	my ($on, $query, $value, $patience, $name) = @_;
	my $deadline = time + $patience;
	my $got;
	while (($got = $on->value($query)) ne $value && time < $deadline) { sleep 0.05; }
	Test::More::is($got, $value, $name);
}

1;
