#!/bin/sh
# Runs in a private mount namespace: what is mounted here is seen by this sshd and its children alone.
# sshd wants a user `sshd`, /run/sshd and /dev/log; the machine gets none of them.
set -eu
dir=$1
shift
if [ -d "$dir/etc" ]; then
  cp -an /etc/. "$dir/etc"
  mount --bind "$dir/etc" /etc
fi
mount --bind "$dir/passwd" /etc/passwd
mount --bind "$dir/group" /etc/group
mount --bind "$dir/shadow" /etc/shadow
mount -t tmpfs tmpfs /run
mkdir -m 0755 /run/sshd
dev=$dir/dev
mkdir "$dev"
mount -t tmpfs -o mode=0755 tmpfs "$dev"
for node in null zero full random urandom tty ptmx; do
  touch "$dev/$node"
  mount --bind "/dev/$node" "$dev/$node"
done
mkdir "$dev/pts"
mount --bind /dev/pts "$dev/pts"
ln -s "$dir/log.socket" "$dev/log"
mount --move "$dev" /dev
exec "$@"
