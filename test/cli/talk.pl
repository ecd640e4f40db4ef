# talk.pl [-w] FILE ...: what one types, and what is answered.  Prints TAP, one test for each file.
#
# A test is text.  A line that begins with "$ " is a command of the shell, with the lines after it that begin with "> "; then follows what it says, stdout and
# stderr together, and "? N" when its exit status is N, not 0.  Lines that begin with "// ", and blank lines at the end of an answer, are comments.  The
# commands of a file run one after the other in one directory, which is empty at first; "adama" is the program, $TOP the checkout.  -w writes what was said into the file.
#
# In a page (.md) that holds for what is fenced as console.  What is fenced as adama or json with a name
# becomes a file of that name.
use strict;
use warnings;
use Cwd 'getcwd';
use File::Path qw(make_path remove_tree);

my $writes = @ARGV && $ARGV[0] eq '-w';
shift @ARGV if $writes;
my $top = getcwd();
my $place = "$top/build/cli/place";
$ENV{TOP} = $top;
$ENV{LC_ALL} = 'C.UTF-8';

sub answer
{
	my ($command) = @_;
	open my $file, '>', "$place.command" or die "$place.command: $!\n";
	print $file "adama() { \"\$ADAMA\" \"\$@\"; }\n$command";
	close $file;
	my $said = `cd "$place" && bash "$place.command" 2>&1 </dev/null`;
	my $status = $? >> 8;
	$said =~ s/\n*\z/\n/ if $said ne '';
	$said =~ s/\Q$top\E/TOP/g;
	return $said . ($status ? "? $status\n" : '');
}

my ($n, $n_failed) = (0, 0);
for my $path (@ARGV)
{
	open my $in, '<', $path or die "$path: $!\n";
	my @lines = <$in>;
	close $in;
	remove_tree($place);
	make_path($place);
	my ($out, @wrong) = ('');
	my $is_page = $path =~ /\.md$/;
	my $is_talk = !$is_page;
	while (@lines)
	{
		my $line = shift @lines;
		$out .= $line;
		$is_talk = $line =~ /^```console$/ if $is_page && $line =~ /^```/;
		if ($is_page && $line =~ /^```(?:adama|json) (\S+)$/)
		{
			open my $file, '>', "$place/$1" or die "$place/$1: $!\n";
			while (@lines && $lines[0] !~ /^```/) { print $file $lines[0]; $out .= shift @lines; }
			$out .= shift @lines;
		}
		next if !$is_talk || $line !~ /^\$ (.*\n?)/;
		my $command = $1;
		while (@lines && $lines[0] =~ /^> ?(.*\n?)/)
		{
			$command .= $1;
			$out .= shift @lines;
		}
		my $expected = '';
		$expected .= shift @lines while @lines && $lines[0] !~ m{^(?:\$ |// |```)};
		my $after = '';
		($expected, $after) = ($1, $2) if $expected =~ /\A((?:.*[^\n]\n)?)(\n*)\z/s;
		my $said = answer($command);
		$out .= $said . $after;
		push @wrong, "\$ $command", (map { "- $_\n" } split /\n/, $expected), (map { "+ $_\n" } split /\n/, $said) if $said ne $expected;
	}
	if ($writes)
	{
		open my $file, '>', $path or die "$path: $!\n";
		print $file $out;
		close $file;
		@wrong = ();
	}
	$n++;
	$n_failed += @wrong > 0;
	my ($name) = $path =~ m{([^/]+?)(?:\.test)?$};
	print "# $_" for @wrong;
	print @wrong ? 'not ok' : 'ok', " $n - $name\n";
}
remove_tree($place);
print "1..$n\n";
exit($n_failed > 0);
