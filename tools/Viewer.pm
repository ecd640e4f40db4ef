# Somebody who watches a document from a session of psql, for tests: it connects, keeps what it is told, and can say what it knows of the document.
#
#	my $viewer = Viewer->new('bob', 'chat', 'lobby');		# a session that has run adama.connect; options: session, later, viewer, window
#	$viewer->look_with('{"limit":2}');						# adama.update
#	my @changes = $viewer->changes(5);						# told since the last call, parts put together; waits up to 5 s for the first
#	@changes = $viewer->changes_to(12, 10);					# … until one with seq 12 (or more) came
#	ok($viewer->knows_all($checker));						# what it was told adds up to what adama.view shows to $checker
#
# A change is the decoded payload ({seq, reset, data}, {closed}, {failed, message}) with "raw", its text.
package Viewer;

use strict;
use warnings;
use JSON::PP ();
use Time::HiRes qw(time);
use Session;

my $json = JSON::PP->new->allow_nonref;

sub new
{
	my ($class, $name, $space, $key, %option) = @_;
	my $session = $option{session} // Session->new($name);
	my $self = bless { name => $name, session => $session, space => $space, key => $key, heard => [], parts => [], viewer => $option{viewer} // '{}',
		window => $option{window} }, $class;
	$self->join() if !$option{later};
	return $self;
}

# Connects; the channel's name.
sub join
{
	my ($self) = @_;
	my $window = $self->{window} // 'NULL';
	$self->{channel} = $self->{session}->value(qq{SELECT adama.connect('$self->{space}', '$self->{key}', '$self->{viewer}', $window)});
	return $self->{channel};
}

# Looks with another viewer state; what psql printed.
sub look_with
{
	my ($self, $viewer) = @_;
	$self->{viewer} = $viewer;
	return grep { /\S/ } $self->{session}->ask(qq{SELECT adama.update('$self->{channel}', '$viewer') \\g /dev/null});
}

sub session { return $_[0]{session}; }
sub channel { return $_[0]{channel}; }

# The last seq it was told of.
sub seq
{
	my ($self) = @_;
	for (reverse @{ $self->{heard} })
	{
		return $_->{seq} if defined $_->{seq};
	}
	return 0;
}

# All it was told, in order.
sub heard { return @{ $_[0]{heard} }; }

sub changes
{
	my ($self, $patience) = @_;
	my @new;
	for ($self->{session}->notifications($patience))
	{
		next if $_->{channel} ne $self->{channel};
		my $change = $json->decode($_->{payload});
		$change->{raw} = $_->{payload};
		if (exists $change->{part})
		{
			$change = $self->part($change) or next;
		}
		push @new, $change;
	}
	push @{ $self->{heard} }, @new;
	return @new;
}

# Parts come in order and without anything between them; the change when it is complete.
sub part
{
	my ($self, $part) = @_;
	my $parts = $self->{parts};
	die "$self->{name}: part $part->{part} of $part->{parts} came after " . @$parts . " parts\n" if $part->{part} != @$parts + 1;
	die "$self->{name}: a part of $part->{seq} came among those of $parts->[0]{seq}\n" if @$parts && $parts->[0]{seq} != $part->{seq};
	push @$parts, $part;
	return if @$parts < $part->{parts};
	my $text = CORE::join('', map { $_->{text} } @$parts);
	my $change = { %{ $json->decode($text) }, raw => $text, n_parts => scalar @$parts };
	$self->{parts} = [];
	return $change;
}

sub changes_to
{
	my ($self, $seq, $patience) = @_;
	my $deadline = time + $patience;
	my @new;
	do
	{
		push @new, $self->changes(0.2);
	} until ($self->seq() >= $seq || time > $deadline);
	return @new;
}

# What it was told since it last started over, added up.
sub knows_all
{
	my ($self, $checker) = @_;
	my @changes;
	for (@{ $self->{heard} })
	{
		@changes = () if $_->{reset};
		push @changes, $_ if exists $_->{data};
	}
	return 0 if !@changes || !$changes[0]{reset};
	my @rows = map { (my $text = $_->{raw}) =~ s/\\/\\\\/g; $text } @changes;
	$checker->ask('CREATE TEMP TABLE IF NOT EXISTS heard (n int GENERATED ALWAYS AS IDENTITY, payload json);', 'TRUNCATE heard RESTART IDENTITY;');
	$checker->ask('COPY heard (payload) FROM STDIN;', @rows, '\.');
	my $same = $checker->value(<<"SQL");
WITH RECURSIVE state AS (
  SELECT 0 AS i, '{}'::adama.document AS doc
  UNION ALL
  SELECT n, doc OPERATOR(adama.+) (payload->'data')::text::adama.delta FROM state JOIN heard ON n = i + 1
)
SELECT adama.plain(doc) = adama.view('$self->{space}', '$self->{key}', '$self->{viewer}') FROM state ORDER BY i DESC LIMIT 1
SQL
	return $same eq 't';
}

sub quit
{
	my ($self) = @_;
	$self->{session}->quit();
}

1;
