# refused.pl NUMBER: what the manual says is not supported yet is refused as that, and what this test knows to be refused is in the manual.
use strict;
use warnings;
use Session;

my ($number) = @ARGV;
my $session = Session->new('checker');
my $failed = 0;

sub report
{
	my ($holds, $what, @about) = @_;
	$number++;
	print $holds ? 'ok' : 'not ok', " $number - $what\n";
	print map { "#   $_\n" } @about if !$holds;
	$failed = 1 if !$holds;
}

sub slurp
{
	my ($path) = @_;
	open my $in, '<:encoding(UTF-8)', $path or die "$path: $!\n";
	local $/;
	return scalar <$in>;
}

binmode STDOUT, ':encoding(UTF-8)';
$session->ask('SET client_min_messages = warning;', 'CREATE EXTENSION IF NOT EXISTS adama;');
my ($section) = slurp('docs/language.md') =~ /^## Not supported yet\n(.*?)(?=^## |\z)/ms or die "docs/language.md has no section \"Not supported yet\"\n";
my %named;
while ($section =~ /`([^`]+)`/g)
{
	# Several words in one pair of backticks are several names, if none of them is a piece of program.
	my $names = $1;
	$named{$_} = 1 for $names =~ /[<{]/ ? $names : split / /, $names;
}
delete @named{qw(0A000 String Math)};

my (%tested, @wrong, @unnamed);
for (split /\n/, slurp('test/docs/refused.list'))
{
	next if /^# / || /^$/;
	my ($name, $program) = /^(.*?)\t+(.*)$/ or die "test/docs/refused.list: $_\n";
	$tested{$name} = 1;
	my $said = $session->value("SELECT coalesce(string_agg(code || ' ' || message, '; '), 'nothing') FROM adama.check(\$program\$$program\$program\$) WHERE severity = 'error'");
	push @wrong, "$name: $program", "    $said" if $said !~ /^not_supported /;
	push @unnamed, $name if !$named{$name};
}
report(!@wrong, 'what is not supported yet is refused as that', @wrong);
report(!@unnamed, 'the manual names what is not supported yet', @unnamed);
my @untested = sort grep { !$tested{$_} } keys %named;
report(!@untested, 'what the manual says is not supported yet is tried', @untested);
$session->quit();
open my $count, '>', "$ENV{BUILD}/.n" or die "$ENV{BUILD}/.n: $!\n";
print $count $number;
close $count;
exit $failed;
