#!/bin/sh
# A journald of the lab's own, in a private mount namespace: $1 stands for /run, so that its sockets and its
# journal lie there. It reads no kernel log and no audit, and forwards nothing.
set -eu
mkdir -p "$1/log/journal" "$1/systemd/journal"
mount -t cgroup2 none /sys/fs/cgroup
mount --bind "$1" /run
mount -t tmpfs tmpfs /etc/systemd
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToSyslog=no\nForwardToWall=no\n' >/etc/systemd/journald.conf
exec /lib/systemd/systemd-journald
