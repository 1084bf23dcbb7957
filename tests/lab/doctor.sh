#!/bin/sh
# Runs in a private mount namespace: a machine's own /etc and programs, which no other process sees.
set -eu
dir=$1
shift
mount --bind "$dir/etc" /etc
mount -t overlay -o "lowerdir=$dir/usr:/usr" overlay /usr
mount -t tmpfs tmpfs /run
mkdir -m 0755 /run/sshd
exec "$@"
