# SPDX-License-Identifier: MIT
# Boots layers with a kernel of their own, user-mode-linux, and no network but what the guest makes; systemd is the
# first process, and powers it off. In a mount and a process namespace of its own.
# usage: uml.sh LAYERS FOLDER
set -eu
mount --make-rprivate /
mkdir "$2/upper" "$2/work" "$2/root" "$2/uml"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mkdir -p "$2/root/lib/modules"
cp -a /usr/lib/uml/modules/* "$2/root/lib/modules/"
exec linux.uml mem=512M rootfstype=hostfs "rootflags=$2/root" rw init=/lib/systemd/systemd con=null con0=null,fd:1 \
	umid=guest "uml_dir=$2/uml" </dev/null
