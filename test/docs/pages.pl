# Runs a page of the manual: pages.pl [--write] PAGE DIRECTORY NUMBER; the first test has the number after NUMBER.
#
# What stands in fences is read by the first word behind the fence:
#
#	```sql			statements, typed into psql; a second word names the session, of which a page may have several
#	```text			what psql answers to the statements right before; must be so, but for what can't be the same twice (see mask)
#	```text varies	what psql may answer
#	```adama		a whole program, about which adama.check has nothing to say; or, with a second word, the file of that name
#	others			are not looked at
#
# Statements without an answer on the page must not fail.  An answer may end in notifications: these are waited for, and must be all that came since the
# session's last answer with notifications.  With --write the page gets the answers that came (to be looked at before they are committed); then
# notifications stand behind a lone ";".
use strict;
use warnings;
use Session;

my $write = @ARGV && $ARGV[0] eq '--write' ? shift @ARGV : '';
my ($path, $directory, $number) = @ARGV;
my $PATIENCE = 15;				# seconds for a notification to come
my $top = `pwd`;
chomp $top;

open my $in, '<:encoding(UTF-8)', $path or die "$path: $!\n";
my @lines = <$in>;
close $in;
chdir $directory or die "$directory: $!\n";
symlink "$top/examples", 'examples';
binmode STDOUT, ':encoding(UTF-8)';

(my $name = $path) =~ s{^\Q$top\E/}{};
my %session;
my $checker = 'of the programs';		# the session that checks them
my $failed = 0;

sub report
{
	my ($holds, $line, $what, @about) = @_;
	$number++;
	print $holds ? 'ok' : 'not ok', " $number - $name:$line: $what\n";
	print map { "#   $_\n" } @about if !$holds;
	$failed = 1 if !$holds;
}

# The fences: [kind, rest of the fence, number of its first line from 0, number of lines]
sub fences
{
	my @found;
	for (my $i = 0; $i < @lines; $i++)
	{
		my ($kind, $rest) = $lines[$i] =~ /^```(\w+)[ \t]*(.*?)\s*$/ or next;
		my $start = $i + 1;
		my $end = $start;
		$end++ while $end < @lines && $lines[$end] !~ /^```\s*$/;
		die "$name:$i: a fence is not closed\n" if $end == @lines;
		push @found, [$kind, $rest, $start, $end - $start];
		$i = $end;
	}
	return @found;
}

sub text_of { my ($f) = @_; return @lines[$f->[2] .. $f->[2] + $f->[3] - 1]; }

# What differs from run to run, and the widths of columns that follow from it.
sub mask
{
	my ($line) = @_;
	$line =~ s/\s+$//;
	$line =~ s/adama_[0-9a-f]{32}/adama_ID/g;
	$line =~ s/server process with PID \d+/server process with PID N/;
	$line =~ s/\b1\d{12}\b/MILLISECONDS/g;
	$line =~ s/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+\d\d\b/TIME/g;
	$line =~ s/"__entropy": ?"-?\d+"/"__entropy":"N"/g;
	$line =~ s/"entropy": ?"-?\d+"/"entropy":"N"/g;
	$line =~ s/ {2,}/ /g;
	$line =~ s/-{2,}/--/g;
	$line =~ s/\s+$//;
	return $line;
}

sub session
{
	my ($who) = @_;
	if (!$session{$who})
	{
		$session{$who} = Session->new($who);
		$session{$who}->ask('\set QUIET off') if $who ne $checker;
	}
	return $session{$who};
}

# At least as many notifications as are wanted, and all that come until it is quiet.
sub told
{
	my ($session, $wanted, $quiet) = @_;
	my @told = $session->notifications($quiet);
	my $deadline = time + $PATIENCE;
	push @told, $session->notifications(0.2) while @told < $wanted && time < $deadline;
	while ($quiet && (my @more = $session->notifications($quiet)))
	{
		push @told, @more;
	}
	return map { qq(Asynchronous notification "$_->{channel}" with payload "$_->{payload}" received from server process with PID $_->{pid}.) } @told;
}

# Types the statements; what psql answers, and what the session is told, if the page is about that here.
sub run
{
	my ($f, $answer) = @_;
	my $session = session($f->[1] || 'one');
	my @typed = map { s/\n//r } text_of($f);
	my @got = $session->ask(@typed);
	return @got if !$answer;
	my $varies = $answer->[1] eq 'varies';
	my $wanted = grep { /^Asynchronous notification/ } text_of($answer);
	$wanted = 1 if $varies && $wanted;
	my $looks = join('', @typed) eq ';';
	return (@got, told($session, $wanted, $varies || $write ? 1 : 0)) if $wanted || $looks;
	return @got;
}

sub first_line
{
	my ($f) = @_;
	my ($line) = grep { /\S/ } text_of($f);
	$line //= '';
	$line =~ s/\s+$//;
	return length $line > 70 ? substr($line, 0, 67) . '...' : $line;
}

sub check_statements
{
	my ($f, $answer) = @_;
	my @got = run($f, $answer);
	shift @got while @got && $got[0] eq '';
	pop @got while @got && $got[-1] eq '';
	my $varies = $answer && $answer->[1] eq 'varies';
	if (!$answer || $varies)
	{
		my @errors = grep { /^(?:psql:.*)?(?:ERROR|FATAL|PANIC|WARNING|invalid command|\\\w+:)/ } @got;
		report(!@errors, $f->[2] + 1, first_line($f), @got);
		return if !$varies;
	}
	else
	{
		my @expected = text_of($answer);
		my $same = join("\n", grep { $_ ne '' } map { mask($_) } @expected) eq join("\n", grep { $_ ne '' } map { mask($_) } @got);
		report($same, $f->[2] + 1, first_line($f), 'psql answered:', @got) if !$write;
		return if $same;
	}
	return if !$write || ($varies && $answer->[3] > 0);
	return [$answer, map { s/\s+$//r . "\n" } @got];
}

# A program in a file is looked at when it is deployed.
sub keep_program
{
	my ($f) = @_;
	open my $out, '>:encoding(UTF-8)', $f->[1] or die "$f->[1]: $!\n";
	print $out text_of($f);
	close $out;
}

# Whether there is nothing to be said about a program.
sub check_program
{
	my ($f) = @_;
	my $program = join '', text_of($f);
	my $session = session($checker);
	my $said = $session->value("SELECT format('%s:%s: %s', line, col, message) FROM adama.check(\$program\$$program\$program\$)");
	report($said eq '', $f->[2] + 1, 'a program that is right', split /\n/, $said);
}

my @fences = fences();
my @written;
session($checker)->ask('SET client_min_messages = warning;', 'CREATE EXTENSION adama;')
	if !grep { $_->[0] eq 'sql' && join('', text_of($_)) =~ /CREATE EXTENSION adama/ } @fences;
for (my $i = 0; $i < @fences; $i++)
{
	my $f = $fences[$i];
	if ($f->[0] eq 'adama')
	{
		$f->[1] eq '' ? check_program($f) : keep_program($f);
	}
	next if $f->[0] ne 'sql';
	# An answer stands right behind its statements: nothing but blank lines between.
	my $answer = $fences[$i + 1];
	$answer = undef if $answer && ($answer->[0] ne 'text' || grep { /\S/ } @lines[$f->[2] + $f->[3] + 1 .. $answer->[2] - 2]);
	my $change = check_statements($f, $answer);
	push @written, $change if $change;
}

$_->quit() for values %session;
if (@written)
{
	for (reverse @written)
	{
		my ($answer, @new) = @$_;
		splice @lines, $answer->[2], $answer->[3], @new;
	}
	open my $out, '>:encoding(UTF-8)', $path or die "$path: $!\n";
	print $out @lines;
	close $out;
}
open my $count, '>', '.n' or die ".n: $!\n";
print $count $number;
close $count;
exit $failed;
