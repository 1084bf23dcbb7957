# Between two interfaces of its own, each packet waits for a time of its own, up to $most ms, so that they overtake
# each other. The kernel of a lab may lack netem; a TUN device is everywhere, and so are these modules.
use strict;
use warnings;
use Fcntl;

my ($near, $far, $most) = @ARGV;
my $tick = 0.004;    # seconds

sub tun {
  my ($name) = @_;
  sysopen(my $tun, '/dev/net/tun', O_RDWR) or die "/dev/net/tun: $!\n";
  my $request = pack('a16 s x22', $name, 0x1001);    # IFF_TUN | IFF_NO_PI
  ioctl($tun, 0x400454ca, $request) or die "TUNSETIFF $name: $!\n";
  return $tun;
}

my @tuns = (tun($near), tun($far));
$| = 1;
print "ready\n";
my @held;    # [seconds left, to which, packet]
while (1) {
  my $wanted = '';
  vec($wanted, fileno($_), 1) = 1 for @tuns;
  my ($found, $left) = select(my $ready = $wanted, undef, undef, @held ? $tick : undef);
  # Linux says how much of the time is left.
  my $passed = @held ? $tick - $left : 0;
  $_->[0] -= $passed for @held;
  syswrite($tuns[$_->[1]], $_->[2]) for sort { $a->[0] <=> $b->[0] } grep { $_->[0] <= 0 } @held;
  @held = grep { $_->[0] > 0 } @held;
  next unless $found > 0;
  for my $from (0, 1) {
    next unless vec($ready, fileno($tuns[$from]), 1);
    sysread($tuns[$from], my $packet, 65536) or next;
    push @held, [rand($most) / 1000, 1 - $from, $packet];
  }
}
