# For the tools that make parts of the manual from the code: reading, tables, writing what changed.
package Docs;

use strict;
use warnings;
use Cwd ();
use Exporter 'import';
use File::Basename ();
our @EXPORT = qw(slurp table rewrite finish);

chdir File::Basename::dirname(Cwd::abs_path(__FILE__)) . '/..' or die "chdir: $!\n";

sub slurp
{
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	local $/;
	return scalar <$file>;
}

# A table: the head, then the rows, all lists of cells.
sub table
{
	my ($head, @rows) = @_;
	return join '', map { '| ' . join(' | ', map { s/\|/\\|/gr } @$_) . " |\n" } $head, [map { '---' } @$head], @rows;
}

# The page with each marked part replaced by what make returns for it.
sub rewrite
{
	my ($path, $tool, $make) = @_;
	my $page = slurp($path);
	my $n = $page =~ s{^(<!-- made by \Q$tool\E: (.*?) -->\n).*?^(<!-- end -->)$}{$1 . $make->($2) . $3}gems;
	die "$path: nothing in it is marked as made by $tool\n" if !$n;
	return $page;
}

# Writes the page; with --check only tells, and ends with status 1, when it is not as it should be.
sub finish
{
	my ($path, $page) = @_;
	return if slurp($path) eq $page;
	if (grep { $_ eq '--check' } @ARGV)
	{
		print "$path is not up to date: run $0\n";
		exit 1;
	}
	open my $file, '>', $path or die "$path: $!\n";
	print $file $page;
	close $file or die "$path: $!\n";
}

1;
