# A real psql session, driven through pipes: for the demo and for tests that need several sessions at once.
#
#	my $one = Session->new('one');			# connects as PGHOST, PGPORT, … say
#	my @lines = $one->ask('SELECT 1');		# what psql printed for it, errors included
#	$one->start('SELECT pg_sleep(2)');		# does not wait
#	@lines = $one->finish();				# waits for what was started
#	my $n = $one->value('SELECT count(*) FROM t');
#	my @told = $one->notifications();		# what arrived since the last call: {channel, payload, pid}
#
# psql prints a notification after the statement during which it learned of it.  notifications() lets it run an empty one for that.  A session
# that does not answer within its time limit, or that ends, dies with a message.
package Session;

use strict;
use warnings;
use Encode ();
use IO::Handle;
use IO::Select;
use IPC::Open2;
use Time::HiRes qw(time sleep);

my $marks = 0;

sub new
{
	my ($class, $name, %option) = @_;
	my $self = bless { name => $name, limit => $option{limit} // 60, buffer => '', told => [] }, $class;
	my @command = ('psql', '-X', '-q', '-P', 'pager=off', '-v', 'VERBOSITY=default', @{ $option{arguments} // [] });
	# Standard error goes where standard output goes, so that both come in the order in which they were written.
	$self->{pid} = open2($self->{out}, $self->{in}, 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command);
	binmode $self->{in}, ':encoding(UTF-8)';
	binmode $self->{out};
	$self->{in}->autoflush(1);
	$self->{select} = IO::Select->new($self->{out});
	$self->{backend} = ($self->ask('\t on', 'SELECT pg_backend_pid();', '\t off'))[0] // '';
	$self->{backend} =~ s/\D//g;
	die "$name: could not connect\n" if $self->{backend} eq '';
	return $self;
}

# The server process behind the session.
sub backend { return $_[0]{backend}; }

# Sends statements (each ends in a semicolon or is a psql command) without waiting.
sub start
{
	my ($self, @statements) = @_;
	$self->{mark} = 'mark ' . ++$marks . ' of ' . $$;
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{in} } map("$_\n", @statements), "\\echo $self->{mark}\n";
}

# Waits until what was started is done; the lines that were printed, without notifications.
sub finish
{
	my ($self) = @_;
	my $deadline = time + $self->{limit};
	my $end;
	until (($end = index($self->{buffer}, "$self->{mark}\n")) >= 0)
	{
		my $left = $deadline - time;
		die "$self->{name}: no answer within $self->{limit} s\n" if $left <= 0 || !$self->{select}->can_read($left);
		sysread $self->{out}, $self->{buffer}, 65536, length $self->{buffer} or die "$self->{name}: the session ended: $self->{buffer}\n";
	}
	my @lines = split /\n/, Encode::decode('UTF-8', substr($self->{buffer}, 0, $end));
	substr($self->{buffer}, 0, $end + length($self->{mark}) + 1) = '';
	my @printed;
	for (@lines)
	{
		if (/^Asynchronous notification "(.*?)"(?: with payload "(.*)")? received from server process with PID (\d+)\.$/)
		{
			push @{ $self->{told} }, { channel => $1, payload => $2 // '', pid => $3 };
		}
		else
		{
			push @printed, $_;
		}
	}
	return @printed;
}

sub ask
{
	my ($self, @statements) = @_;
	$self->start(@statements);
	return $self->finish();
}

# The single value of a query, as text; dies of an error.
sub value
{
	my ($self, $query) = @_;
	my @lines = $self->ask('\pset tuples_only on', '\pset format unaligned', "$query;", '\pset tuples_only off', '\pset format aligned');
	die "$self->{name}: " . join("\n", @lines) . "\n" if grep { /^(?:ERROR|FATAL|PANIC):/ } @lines;
	return join "\n", @lines;
}

# What arrived; waits up to $patience seconds for the first.
sub notifications
{
	my ($self, $patience) = @_;
	my $deadline = time + ($patience // 0);
	$self->ask('SELECT 1 \g /dev/null');
	while (!@{ $self->{told} } && time < $deadline)
	{
		sleep 0.02;
		$self->ask('SELECT 1 \g /dev/null');
	}
	my @told = @{ $self->{told} };
	$self->{told} = [];
	return @told;
}

sub quit
{
	my ($self) = @_;
	close $self->{in};
	close $self->{out};
	waitpid $self->{pid}, 0;
}

1;
