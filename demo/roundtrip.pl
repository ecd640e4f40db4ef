#!/usr/bin/env perl
# One visit of the chat over a real WebSocket: demo/roundtrip.pl PORT.  Joins the room, says something, and waits until it is seen.
use strict;
use warnings;
use IO::Socket::INET;

my $port = shift // die "demo/roundtrip.pl PORT\n";
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp', Timeout => 5) or die "cannot connect to port $port: $!\n";
local $SIG{ALRM} = sub { die "no answer within 20 s\n" };
alarm 20;

print $socket join("\r\n", 'GET /~s HTTP/1.1', "Host: 127.0.0.1:$port", 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
	'Sec-WebSocket-Version: 13', '', '');
$socket->flush();
my $head = '';
$head .= exact(1) until $head =~ /\r\n\r\n\z/;
die "the gateway says: $head" unless $head =~ m{^HTTP/1\.1 101 };

my $who = '"identity":"anonymous:demo","space":"chat","key":"lobby"';
wait_for(qr/"status":"connected"/);
request(qq({"method":"document/create","id":1,$who,"arg":{"title":"Lobby","name":"demo"}}));
wait_for(qr/"(?:deliver|failure)":1\b/);
request(qq({"method":"connection/create","id":2,$who}));
wait_for(qr/"deliver":2,.*"reset":true/);
request('{"method":"connection/send","id":3,"connection":2,"channel":"say","message":{"text":"Welcome. Open this page in a second window."}}');
wait_for(qr/"deliver":2,.*"text":"Welcome/);
print "   a WebSocket connected, said something, and was sent the change\n";

sub exact
{
	my ($n) = @_;
	my $data = '';
	while (length $data < $n)
	{
		sysread($socket, $data, $n - length $data, length $data) or die "the gateway closed the connection\n";
	}
	return $data;
}

# A text frame, masked with zeros.
sub request
{
	my ($text) = @_;
	my $len = length $text;
	syswrite $socket, pack('C', 0x81) . ($len < 126 ? pack('C', 0x80 | $len) : pack('Cn', 0x80 | 126, $len)) . "\0\0\0\0" . $text;
}

sub wait_for
{
	my ($pattern) = @_;
	for (;;)
	{
		my (undef, $len) = unpack 'CC', exact(2);
		$len = $len == 126 ? unpack('n', exact(2)) : $len == 127 ? unpack('Q>', exact(8)) : $len;
		my $text = $len > 0 ? exact($len) : '';
		return if $text =~ $pattern;
		die "refused: $text\n" if $text =~ /^\{"failure":[23]\b/;
	}
}
