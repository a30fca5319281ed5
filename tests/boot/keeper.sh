# SPDX-License-Identifier: MIT
# The surroundings in which systemd-nspawn runs a root: mount, process and control group namespaces of their own, in
# which the root TOOLS, that has systemd-nspawn, is the root, and the layers to boot lie at /mnt/r.
# usage: keeper.sh group NAME COMMAND...   then in new namespaces   keeper.sh mounts TOOLS LAYERS UPPER WORK
set -eu

# systemd wants cgroup2, whatever the machine has; the group is ours and is removed by guest.py.
group() {
	mount --make-rprivate /
	mount -t cgroup2 cgroup2 /mnt
	mkdir "/mnt/$1"
	echo 0 >"/mnt/$1/cgroup.procs"
	umount /mnt
	shift
	exec unshare -C -m -p -n --fork --kill-child --mount-proc "$@"
}

mounts() {
	mount -t tmpfs tmpfs /mnt
	mkdir /mnt/tools /mnt/upper /mnt/work
	t=/mnt/tools
	mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" $t
	mkdir -p $t/oldroot $t/mnt/r
	mount -t overlay overlay -o "lowerdir=$2,upperdir=$3,workdir=$4" $t/mnt/r
	mount -t proc proc $t/proc
	mount -t sysfs sysfs $t/sys
	mount -t cgroup2 cgroup2 $t/sys/fs/cgroup
	mount --rbind /dev $t/dev
	mount -t tmpfs tmpfs $t/run
	[ -s $t/etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >$t/etc/machine-id
	# pivot_root, not chroot: nsenter would find the way back out of one.
	cd $t
	pivot_root . oldroot
	cd /
	umount -l /oldroot
	rmdir /oldroot
	# A group with groups below it may have no processes of its own.
	mkdir /sys/fs/cgroup/keeper
	echo 0 >/sys/fs/cgroup/keeper/cgroup.procs
	echo ready
	exec cat
}

"$@"
