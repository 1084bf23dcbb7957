# A syslog of our own, as rsyslog would write it: "Nov 22 07:20:01 home sshd[77]: text". Perl is part of every Debian.
use strict;
use Socket;
my ($path, $file) = @ARGV;
socket(my $in, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($in, sockaddr_un($path)) or die "bind: $!";
open(my $out, '>>', $file) or die "open: $!";
$| = 1;
print "ready\n";
while (defined(recv($in, my $line, 65536, 0))) {
    # glibc's syslog(3) writes "<priority>stamp program[pid]: text" and leaves the host to the daemon.
    $line =~ s/^<\d+>(\w{3} [ \d]\d \d\d:\d\d:\d\d) /$1 home /;
    syswrite($out, "$line\n");
}
