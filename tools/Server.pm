# Whole servers and databases, for tests that dump, copy and restore them.
#
#	command('createdb', 'other');				# dies unless it succeeds
#	my $rows = query('other', 'SELECT 1');		# in a session of its own; columns separated by |, rows by newlines; an error is "ERROR:  …"
#	cluster('stop', 'fast');					# tools/cluster
package Server;

use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(command query cluster settles);
use Time::HiRes qw(sleep time);

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

1;
