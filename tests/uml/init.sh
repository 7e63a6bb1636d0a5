#!/bin/sh
# Process 1 of the guest. The kernel has mounted the machine's files, read-only, as root (hostfs).
# usage: init.sh PYTHON AGENT SHARED MODULES
#   PYTHON   the interpreter that runs AGENT, the program that then takes this process's place
#   SHARED   the one directory of the machine that the guest may write to; it keeps its path
#   MODULES  kernel modules to load, separated by blanks
# Nothing else that the guest writes leaves it: it lands in a tmpfs laid over the machine's files.
set -eu
python=$1 agent=$2 shared=$3 modules=$4
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
trap 'echo "init.sh: giving up" >/dev/console' EXIT

mount -t proc proc /proc
version=$(cat /proc/sys/kernel/osrelease)
modules_home=/usr/lib/uml/modules/$version
# modprobe looks in /lib/modules, which has no folder for this kernel before the overlay is there.
insmod "$modules_home/kernel/fs/overlayfs/overlay.ko"

mount -t tmpfs -o mode=0755 scratch /run
mkdir /run/upper /run/work /run/root
mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work overlay /run/root
cd /run/root
mkdir -p "lib/modules" "./$shared" old-root
[ -e "lib/modules/$version" ] || ln -s "$modules_home" "lib/modules/$version"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs dev dev
mkdir -p dev/pts dev/shm
mount -t devpts devpts dev/pts
mount -t tmpfs shm dev/shm
mount -t tmpfs -o mode=0755 run run
mount -t hostfs -o "$shared" shared "./$shared"
pivot_root . old-root
cd /
umount -l /old-root
rmdir /old-root

# shellcheck disable=SC2086  # a list of names
[ -z "$modules" ] || modprobe -a $modules
exec "$python" -I -B "$agent" </dev/tty1 >/dev/tty1 2>/dev/console
