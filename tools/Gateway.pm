# A gateway, for tests: one session that listens, one that calls, and what each of its connections was told.
#
#	my $gateway = Gateway->new('gate');
#	my @answers = $gateway->connect('chat', { id => 1, key => 'lobby', agent => 'ada' }, …);	# also authority, viewer, since, life
#	@answers = $gateway->disconnect('chat', 1, 2);					# an answer: "" or the SQLSTATE; an error of the call dies
#	@answers = $gateway->update('chat', { id => 1, viewer => '{}' });
#	$gateway->listen(5);											# waits up to 5 s for something to be told, and routes it
#	my @changes = $gateway->told(1);								# what connection 1 was told since the last call
#	ok($gateway->wait_for(1, 12, 10));								# until connection 1 was told of seq 12, at most 10 s
#	ok($gateway->knows_all(1, $checker));							# what it was told adds up to what its principal may see
#
# A change is the decoded payload, with "raw", its text without what routes it.
package Gateway;

use strict;
use warnings;
use JSON::PP ();
use Time::HiRes qw(time);
use Session;

my $json = JSON::PP->new->allow_nonref;

sub new
{
	my ($class, $name, %option) = @_;
	my $self = bless { name => $name, ears => Session->new("$name ears"), hand => Session->new("$name hand"), connections => {}, classes => {},
		parts => [], n_payloads => 0 }, $class;
	$self->{listener} = $self->{ears}->value('SELECT adama.gateway_listen()');
	return $self;
}

sub ears { return $_[0]{ears}; }
sub hand { return $_[0]{hand}; }
sub listener { return $_[0]{listener}; }
# Payloads that arrived, each counted once, however many connections it was for.
sub n_payloads { return $_[0]{n_payloads}; }
sub class_of { return $_[0]{connections}{ $_[1] }{class}; }

sub quoted { return join ',', map { defined $_ ? "'" . s/'/''/gr . "'" : 'NULL' } @_; }

# The SQLSTATEs of the rows that answer.
sub answers
{
	my ($self, $call) = @_;
	return map { (split /\|/, $_, -1)[1] // '' } split /\n/, $self->{hand}->value("SELECT ord, sqlstate FROM $call ORDER BY ord");
}

sub connect
{
	my ($self, $space, @wanted) = @_;
	for (@wanted)
	{
		my %connection = (authority => 'jwt', %$_, space => $space, told => [], heard => []);
		$self->{connections}{ $_->{id} } = \%connection;
		$_ = \%connection;
	}
	my $array = sub { my ($member) = @_; return 'ARRAY[' . quoted(map { $_->{$member} } @wanted) . ']'; };
	return $self->answers("adama.gateway_connect('$self->{listener}', '$space', " . $array->('id') . '::bigint[], ' . $array->('key') . '::text[], ' .
		$array->('agent') . '::text[], ' . $array->('authority') . '::text[], ' . $array->('viewer') . '::json[], ' . $array->('since') .
		'::bigint[], NULL, NULL, ' . $array->('life') . '::bigint[])');
}

sub disconnect
{
	my ($self, $space, @ids) = @_;
	return $self->answers("adama.gateway_disconnect('$self->{listener}', '$space', ARRAY[" . join(',', @ids) . "]::bigint[])");
}

sub update
{
	my ($self, $space, @wanted) = @_;
	my @answers = $self->answers("adama.gateway_update('$self->{listener}', '$space', ARRAY[" . join(',', map { $_->{id} } @wanted) . ']::bigint[], ARRAY[' .
		quoted(map { $_->{viewer} } @wanted) . ']::json[])');
	for (0 .. $#wanted)
	{
		$self->{connections}{ $wanted[$_]{id} }{viewer} = $wanted[$_]{viewer} if $answers[$_] eq '';
	}
	return @answers;
}

# Parts of one payload come in order, with nothing between them.
sub part
{
	my ($self, $part) = @_;
	my $parts = $self->{parts};
	die "$self->{name}: part $part->{part} of $part->{parts} came after " . @$parts . " parts\n" if $part->{part} != @$parts + 1;
	die "$self->{name}: parts of two payloads are mixed\n" if @$parts && $parts->[0]{of} != $part->{of};
	push @$parts, $part;
	return if @$parts < $part->{parts};
	my $text = CORE::join('', map { $_->{text} } @$parts);
	$self->{parts} = [];
	return $text;
}

sub route
{
	my ($self, $text) = @_;
	$text =~ s/^\{(?:"class":(\d+),)?(?:"ids":\[([\d,]+)\],)?(?=")/{/ or die "$self->{name}: can't route $text\n";
	my ($class, $ids) = ($1, $2);
	my @ids = defined $ids ? split /,/, $ids : sort { $a <=> $b } keys %{ $self->{classes}{$class} // {} };
	die "$self->{name}: nobody is told $text\n" if !@ids;
	my $change = $json->decode($text);
	$change->{raw} = $text;
	$self->{n_payloads}++;
	for my $id (@ids)
	{
		my $connection = $self->{connections}{$id} or die "$self->{name}: there is no connection $id\n";
		if (defined $class && defined $ids)
		{
			delete $self->{classes}{ $connection->{class} }{$id} if defined $connection->{class};
			$connection->{class} = $class;
			$self->{classes}{$class}{$id} = 1;
		}
		push @{ $connection->{told} }, $change;
		push @{ $connection->{heard} }, $change;
		$connection->{seq} = $change->{seq} if defined $change->{seq};
		$connection->{life} = $change->{life} if defined $change->{life};
		delete $self->{classes}{ delete $connection->{class} }{$id} if $change->{closed} && defined $connection->{class};
	}
}

# Whether anything came.
sub listen
{
	my ($self, $patience) = @_;
	my @told = $self->{ears}->notifications($patience);
	for (@told)
	{
		die "$self->{name}: a notification on $_->{channel}\n" if $_->{channel} ne $self->{listener};
		my $text = $_->{payload};
		if ($text =~ /^\{"seq":\d+,"part":/)
		{
			$text = $self->part($json->decode($text)) // next;
		}
		$self->route($text);
	}
	return scalar @told;
}

sub told
{
	my ($self, $id) = @_;
	my @told = @{ $self->{connections}{$id}{told} };
	$self->{connections}{$id}{told} = [];
	return @told;
}

sub seq { return $_[0]{connections}{ $_[1] }{seq} // 0; }
sub life { return $_[0]{connections}{ $_[1] }{life}; }

sub wait_for
{
	my ($self, $id, $seq, $patience) = @_;
	my $deadline = time + $patience;
	while ($self->seq($id) < $seq && time < $deadline) { $self->listen(0.2); }
	return $self->seq($id) >= $seq;
}

# Waits until each of these was told something that is not of before.
sub wait_told
{
	my ($self, $patience, @ids) = @_;
	my $deadline = time + $patience;
	while (time < $deadline && grep { !@{ $self->{connections}{$_}{told} } } @ids) { $self->listen(0.2); }
	return !grep { !@{ $self->{connections}{$_}{told} } } @ids;
}

# heard: instead of what this connection was told, and what was before it, when it resumed.
sub knows_all
{
	my ($self, $id, $checker, @before) = @_;
	my $c = $self->{connections}{$id};
	my @changes;
	for (@before, @{ $c->{heard} })
	{
		@changes = () if $_->{reset};
		push @changes, $_ if exists $_->{data};
	}
	return 0 if !@changes || !$changes[0]{reset};
	my @rows = map { (my $text = $_->{raw}) =~ s/\\/\\\\/g; $text } @changes;
	my $viewer = quoted($c->{viewer} // '{}');
	my ($agent, $authority, $key) = map { quoted($_) } @$c{qw(agent authority key)};
	$checker->ask('CREATE TEMP TABLE IF NOT EXISTS heard (n int GENERATED ALWAYS AS IDENTITY, payload json);', 'TRUNCATE heard RESTART IDENTITY;');
	$checker->ask('COPY heard (payload) FROM STDIN;', @rows, '\.');
	$checker->ask('BEGIN;', "SELECT adama.assume($agent, $authority) \\g /dev/null");
	my $same = $checker->value(<<"SQL");
WITH RECURSIVE state AS (
  SELECT 0 AS i, '{}'::adama.document AS doc
  UNION ALL
  SELECT n, doc OPERATOR(adama.+) (payload->'data')::text::adama.delta FROM state JOIN heard ON n = i + 1
)
SELECT adama.plain(doc) = adama.view('$c->{space}', $key, $viewer) FROM state ORDER BY i DESC LIMIT 1
SQL
	$checker->ask('COMMIT;');
	return $same eq 't';
}

# All that it was told.
sub heard { return @{ $_[0]{connections}{ $_[1] }{heard} }; }

sub quit
{
	my ($self) = @_;
	$_->quit() for $self->{ears}, $self->{hand};
}

1;
