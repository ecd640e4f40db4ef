# What the guards know of the house: its rooms, its files, and C text without comments.
package House;

use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(%MAY_INCLUDE @PURE source_files all_files room_of slurp code_lines offend finish);

# Who may include whom; every room may include itself.  Pure rooms first, each knows those before it.
our %MAY_INCLUDE = (
	port => [qw(port)],
	kit => [qw(port kit)],
	doc => [qw(port kit doc)],
	lang => [qw(port kit doc lang)],
	vm => [qw(port kit doc lang vm)],
	live => [qw(port kit doc lang vm live)],
	store => [qw(port kit doc lang vm live store worker)],
	worker => [qw(port kit doc lang vm live store worker)],
	sqlapi => [qw(port kit doc lang vm live store worker sqlapi)],
	cli => [qw(port kit doc lang vm live cli)],
	gateway => [qw(port kit doc gateway)],
);
our @PURE = qw(kit doc lang vm live);

my $offences = 0;

# C files and lists of the rooms, as paths from the top.
sub source_files
{
	my @files = sort(glob('src/*.[ch] src/*.def src/*/*.[ch] src/*/*.def'));
	return @_ ? grep { my $room = room_of($_); grep { $_ eq $room } @_ } @files : @files;
}

# Every text file of the project, tracked or about to be.
sub all_files
{
	my @files = split /\0/, `git ls-files -z -co --exclude-standard 2>/dev/null`;
	@files = split /\0/, `find . -type f -not -path './.git/*' -not -path './build/*' -not -name adama.so -printf '%P\\0'` unless @files;
	return sort grep { -f $_ && -T $_ } @files;
}

# "kit" for src/kit/buf.c, "" for src/adama.c
sub room_of
{
	my ($path) = @_;
	return $path =~ m{^src/([^/]+)/} ? $1 : '';
}

sub slurp
{
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	local $/;
	return scalar <$file>;
}

# The lines of a C file with comments blanked and, unless asked for, the insides of string literals too; [number, text] each.
sub code_lines
{
	my ($path, %want) = @_;
	my $text = slurp($path);
	my $out = '';
	while ($text =~ m{\G(?:(/\*.*?\*/|//[^\n]*)|("(?:[^"\\\n]|\\.)*")|('(?:[^'\\\n]|\\.)*')|(.))}gs)
	{
		if (defined $1) { (my $blank = $1) =~ s/[^\n]//g; $out .= " $blank"; }
		elsif (defined $2) { $out .= $want{strings} ? $2 : '""'; }
		else { $out .= $3 // $4; }
	}
	my $n = 0;
	return map { [++$n, $_] } split /\n/, $out, -1;
}

sub offend
{
	my ($path, $line, $why) = @_;
	print $line ? "$path:$line: $why\n" : "$path: $why\n";
	$offences++;
}

sub finish { exit($offences ? 1 : 0); }

1;
