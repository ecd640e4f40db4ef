# examples.pl NUMBER: each program of examples/ can be deployed, and makes the document that its script makes.
use strict;
use warnings;
use Session;

my ($number) = @ARGV;
my $session = Session->new('owner');
my $failed = 0;

sub slurp
{
	my ($path) = @_;
	open my $in, '<:encoding(UTF-8)', $path or die "$path: $!\n";
	local $/;
	return scalar <$in>;
}

binmode STDOUT, ':encoding(UTF-8)';
$session->ask('SET client_min_messages = warning;', 'CREATE EXTENSION IF NOT EXISTS adama;');
for my $path (sort glob 'examples/*.adama')
{
	my ($name) = $path =~ m{([^/]+)\.adama$};
	(my $space = $name) =~ tr/-/_/;
	my $program = slurp($path);
	my ($argument) = slurp("examples/$name.script") =~ /^\{"create":(\{.*?\})[,}]/m;
	my @said = ($session->value("SELECT adama.deploy('$space', \$program\$$program\$program\$)"));
	push @said, $session->value("SELECT adama.create('$space', 'example', \$arg\$" . ($argument // '{}') . "\$arg\$)");
	push @said, $session->value("SELECT jsonb_typeof(adama.view('$space', 'example'))");
	$number++;
	my $holds = "@said" eq '1 1 object';
	print $holds ? 'ok' : 'not ok', " $number - $name is deployed\n";
	print map { "#   $_\n" } @said if !$holds;
	$failed = 1 if !$holds;
}
$session->quit();
open my $count, '>', "$ENV{BUILD}/.n" or die "$ENV{BUILD}/.n: $!\n";
print $count $number;
close $count;
exit $failed;
