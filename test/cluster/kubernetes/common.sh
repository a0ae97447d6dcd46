# Sourced by the other scripts: where the cluster's state lives, and the names that follow from it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() { echo "$(basename "$0"): $*" >&2; exit 1; }
say() { echo "$*" >&2; }

[ "$(id -u)" = 0 ] || die "must run as root"

# Absolute, because the kubelet and containerd want it so. The programs started carry it in their environment, which is
# how down.sh knows that a pid is still theirs.
KUBE_STATE=$(realpath -m "${KUBE_STATE:-.kube-test}")
export KUBE_STATE KUBECONFIG=$KUBE_STATE/kubeconfig
[ ${#KUBE_STATE} -le 70 ] || die "KUBE_STATE is too long for the sockets in it (108 bytes a path): $KUBE_STATE"
marker=$KUBE_STATE/.edgeloop-kubernetes # only a directory with this file in it is ours to empty

# Addresses. N is 0 for the cloud node and 1, 2, ... for the edges.
#   10.77.N.1    this side of the link to node N; the way out for everything on the node
#   10.77.N.2    the node: its kubelet, its pods with hostNetwork
#   10.79.N.0/24 the node's pods without hostNetwork
#   10.78.0.1    the API server, as the Service "kubernetes" in every pod; an address of the cloud end
service=10.78.0.1
cgroups=edgeloop-kubernetes

node_name() { if [ "$1" = 0 ]; then echo cloud; else echo "edge-$1"; fi; }
node_number() {
  case $1 in
    cloud) echo 0 ;;
    edge-[1-9]*) echo "${1#edge-}" ;;
    *) die "no such node: $1" ;;
  esac
}
node_dir() { echo "$KUBE_STATE/nodes/$1"; }
node_link() { echo "kt-$1"; } # the network namespace, and the end of its link on this side (at most 15 characters)
nodes() { if [ -d "$KUBE_STATE/nodes" ]; then ls "$KUBE_STATE/nodes"; fi; }

# A program inside a node's network. Not `ip netns exec`: it mounts a new /sys, without the cgroups.
on_node() {
  local node=$1
  shift
  nsenter --net="/run/netns/$(node_link "$node")" "$@"
}

cgroup_trees() { # where there are any
  local tree
  for tree in /sys/fs/cgroup/*/$cgroups /sys/fs/cgroup/$cgroups; do if [ -d "$tree" ]; then echo "$tree"; fi; done
}
kill_containers() {
  local tree
  for tree in $(cgroup_trees); do
    find "$tree" -name cgroup.procs -exec cat {} + | xargs -r kill -9 2>/dev/null || true
  done
}
remove_cgroups() {
  local tree
  for tree in $(cgroup_trees); do find "$tree" -depth -type d -exec rmdir {} +; done
}
remove_network() { # remove_network NODE: its namespace, which takes the link with it, and the routes to it
  local n link
  n=$(node_number "$1") link=$(node_link "$1")
  ip netns del "$link" 2>/dev/null || true
  ip link del "$link" 2>/dev/null || true
  ip route del unreachable "10.77.$n.0/24" 2>/dev/null || true
  ip route del unreachable "10.79.$n.0/24" 2>/dev/null || true
}
