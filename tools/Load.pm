# Clients that send messages as fast as they can and remember what was acknowledged, for tests of what survives a crash.
#
#	my $load = Load->new(4, sub { my ($client, $i) = @_; return "SELECT …" });	# 4 processes; each runs the statements it is given, one by one
#	… something happens to the server …
#	my %acknowledged = $load->stop();		# client => the last i whose statement succeeded; all before it did too
#
# A client ends when its session does.
package Load;

use strict;
use warnings;
use IO::Handle;
use POSIX ();
use Time::HiRes qw(sleep);
use Session;

sub new
{
	my ($class, $n, $statement) = @_;
	my $self = bless { clients => {} }, $class;
	for my $client (1 .. $n)
	{
		pipe my $read, my $write or die "pipe: $!\n";
		my $pid = fork // die "fork: $!\n";
		if ($pid == 0)
		{
			close $read;
			$write->autoflush(1);
			eval { run($client, $statement, $write) };
			# Not the end of the test that forked.
			POSIX::_exit(0);
		}
		close $write;
		$self->{clients}{$client} = { pid => $pid, read => $read, last => 0 };
	}
	return $self;
}

sub run
{
	my ($client, $statement, $write) = @_;
	my $is_over = 0;
	local $SIG{TERM} = sub { $is_over = 1 };
	open STDERR, '>', '/dev/null';
	my $session = Session->new("client $client");
	for (my $i = 1; !$is_over; $i++)
	{
		my @said = $session->ask($statement->($client, $i) . ';');
		last if grep { /ERROR|FATAL|server closed|connection/ } @said;
		print $write "$i\n";
	}
}

# The last acknowledged number of each client so far.
sub acknowledged
{
	my ($self) = @_;
	for my $client (values %{ $self->{clients} })
	{
		my $in = '';
		vec($in, fileno($client->{read}), 1) = 1;
		while (select(my $ready = $in, undef, undef, 0))
		{
			sysread $client->{read}, my $text, 65536 or last;
			$client->{text} .= $text;
		}
		$client->{last} = $1 if defined $client->{text} && $client->{text} =~ /(\d+)\n[^\n]*\z/;
	}
	return map { $_ => $self->{clients}{$_}{last} } keys %{ $self->{clients} };
}

sub stop
{
	my ($self) = @_;
	my %running = map { $_->{pid} => 1 } values %{ $self->{clients} };
	kill TERM => keys %running;
	# A client whose acknowledgements nobody reads can't end: they fill its pipe.
	while (%running)
	{
		$self->acknowledged();
		waitpid($_, POSIX::WNOHANG) == 0 or delete $running{$_} for keys %running;
		sleep 0.02 if %running;
	}
	return $self->acknowledged();
}

1;
