#!/usr/bin/env bash
# up.sh [N]: a Kubernetes control plane, the node "cloud" and N edge nodes "edge-1" ... (default 1) on this machine.
# Prints shell lines to evaluate (KUBECONFIG, PATH, node addresses); everything else goes to stderr.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
edges=${1:-1}
[[ $edges =~ ^[0-9]+$ ]] && [ "$edges" -le 99 ] || die "N is a number of edge nodes, 0 to 99"

# Another cluster's networks: it is up while a node's runtime or kubelet is in one of them. Without any, it was killed
# without down.sh, and its state may be gone: only what is not below it is in the way.
left=$(ip netns list | awk '/^kt-/ { print substr($1, 4) }')
for node in $left; do
  [ -z "$(ip netns pids "kt-$node")" ] || die "a cluster is up already on this machine: run down.sh first"
done
if [ -n "$left" ]; then
  say "removing what a killed cluster has left behind"
  kill_containers
  for node in $left; do remove_network "$node"; done
  remove_cgroups
fi
if [ -d "$KUBE_STATE/nodes" ]; then die "$KUBE_STATE holds an earlier cluster: run down.sh first"; fi
if [ -d "$KUBE_STATE" ] && [ ! -e "$marker" ] && [ -n "$(ls -A "$KUBE_STATE")" ]; then
  die "$KUBE_STATE holds something else"
fi
bin=$("$here/build.sh")
export PATH=$bin:$PATH
mkdir -p "$KUBE_STATE"/{log,pid,control,nodes}
touch "$marker"
echo "$bin" >"$KUBE_STATE/bin"
control=$KUBE_STATE/control
began=$EPOCHREALTIME
step() { say "$(LC_ALL=C awk -v from="$began" -v to="$EPOCHREALTIME" 'BEGIN { printf "%5.1f s", to - from }')  $*"; }

# start NAME COMMAND...: in the background, its output in log/NAME.log and its process id in pid/NAME.
start() {
  local name=$1
  shift
  setsid nohup "$@" >"$KUBE_STATE/log/$name.log" 2>&1 </dev/null &
  echo $! >"$KUBE_STATE/pid/$name"
}
start_on() { # start_on NODE NAME COMMAND...: the same in the node's network
  local node=$1 name=$2
  shift 2
  start "$name-$node" nsenter --net="/run/netns/$(node_link "$node")" "$@"
}
# until_ok SECONDS WHAT COMMAND...: repeats the command until it succeeds, unless a program that was started has ended.
until_ok() {
  local deadline=$((SECONDS + $1)) what=$2 name
  shift 2
  until "$@" >/dev/null 2>&1; do
    for name in $(ls "$KUBE_STATE/pid"); do
      kill -0 "$(cat "$KUBE_STATE/pid/$name")" 2>/dev/null && continue
      tail -n 5 "$KUBE_STATE/log/$name.log" >&2
      die "$name has ended, see $KUBE_STATE/log/$name.log; then run down.sh"
    done
    [ $SECONDS -lt $deadline ] || die "$what: not within the time; see $KUBE_STATE/log, then run down.sh"
    sleep 0.2
  done
}

# --- network: one namespace a node, one veth pair from it to here ---------------------------------------------------
# The kubelet sets the last three; down.sh puts all of them back.
(cd /proc/sys && grep -H . net/ipv4/ip_forward vm/overcommit_memory kernel/panic{,_on_oops}) >"$KUBE_STATE/sysctls"
echo 1 >/proc/sys/net/ipv4/ip_forward # nodes reach each other through here
start_network() {
  local node=$1 n=$2 link
  link=$(node_link "$node")
  mkdir -p "$(node_dir "$node")"
  ip netns add "$link"
  ip link add "$link" type veth peer name eth0 netns "$link"
  ip addr add "10.77.$n.1/24" dev "$link"
  ip link set "$link" up
  on_node "$node" ip link set lo up
  on_node "$node" ip addr add "10.77.$n.2/24" dev eth0
  on_node "$node" ip link set eth0 up
  on_node "$node" ip route add default via "10.77.$n.1"
  ip route add "10.79.$n.0/24" via "10.77.$n.2"
  # While the link is cut its routes are gone: without these, packets for the node would leave by the default route.
  ip route add unreachable "10.77.$n.0/24" metric 4096
  ip route add unreachable "10.79.$n.0/24" metric 4096
}
for n in $(seq 0 "$edges"); do start_network "$(node_name "$n")" "$n"; done
ip addr add $service/32 dev "$(node_link cloud)"

# --- control plane, on loopback ---------------------------------------------------------------------------------------
token() { od -An -tx1 -N16 /dev/urandom | tr -d ' \n'; }
admin=$(token)
echo "$admin,admin,admin,system:masters" >"$control/tokens.csv"
for n in $(seq 0 "$edges"); do
  node=$(node_name "$n")
  token >"$(node_dir "$node")/token"
  echo "$(cat "$(node_dir "$node")/token"),system:node:$node,$node,system:nodes" >>"$control/tokens.csv"
done
chmod 600 "$control/tokens.csv"
kubeconfig() { # kubeconfig SERVER TOKEN
  cat <<END
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "$1", certificate-authority: "$control/certs/apiserver.crt"}}]
users: [{name: user, user: {token: "$2"}}]
contexts: [{name: test, context: {cluster: test, user: user}}]
current-context: test
END
}
kubeconfig https://127.0.0.1:16443 "$admin" >"$KUBECONFIG"
chmod 600 "$KUBECONFIG"
openssl genrsa -out "$control/service-accounts.key" 2048 2>/dev/null

start etcd etcd --data-dir "$control/etcd" --unsafe-no-fsync \
  --listen-client-urls http://127.0.0.1:12379 --advertise-client-urls http://127.0.0.1:12379 \
  --listen-peer-urls http://127.0.0.1:12380 --initial-advertise-peer-urls http://127.0.0.1:12380 \
  --initial-cluster default=http://127.0.0.1:12380
start kube-apiserver kube-apiserver --etcd-servers=http://127.0.0.1:12379 \
  --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port=16443 --cert-dir="$control/certs" \
  --service-cluster-ip-range=10.78.0.0/16 --endpoint-reconciler-type=none \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$control/service-accounts.key" \
  --service-account-signing-key-file="$control/service-accounts.key" --token-auth-file="$control/tokens.csv" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --kubelet-preferred-address-types=InternalIP # so that kubectl logs and exec find the nodes
start api-proxy socat TCP-LISTEN:443,bind=$service,fork,reuseaddr TCP:127.0.0.1:16443

# --- nodes: containerd and the pause image ------------------------------------------------------------------------------
start_runtime() {
  local node=$1 n=$2 dir
  dir=$(node_dir "$node")
  mkdir -p "$dir/cni"
  cat >"$dir/cni/10-pods.conflist" <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipam": {"type": "host-local", "dataDir": "$dir/cni-addresses",
    "ranges": [[{"subnet": "10.79.$n.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
  cat >"$dir/containerd.toml" <<END
version = 2
root = "$dir/containerd"
state = "$dir/containerd-state"
[grpc]
  address = "$dir/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$dir/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.local/pause:1"
  # so that it also runs where the hugetlb cgroup is missing and the OOM score may not be lowered
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "$dir/runc"
      SystemdCgroup = false
END
  # Pods with hostNetwork get the network that containerd itself runs in, and host paths come from its mounts: each node
  # has a disk of its own below /var/lib/edgeloop.
  mkdir -p "$dir/disk"
  start_on "$node" containerd unshare --mount bash -c \
    'mount --bind "$0" /var/lib/edgeloop && exec containerd --config "$1"' "$dir/disk" "$dir/containerd.toml"
}
make_cgroup() { # every level of it, where cgroup v2 wants the controllers handed down
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup/$cgroups/$1"
    for level in "" "$cgroups/" "$cgroups/$1/"; do
      for controller in cpu cpuset memory pids hugetlb io; do
        echo "+$controller" >"/sys/fs/cgroup/${level}cgroup.subtree_control" 2>/dev/null || true
      done
    done
  else
    for controller in cpu cpuacct cpuset memory pids devices freezer blkio systemd; do
      [ ! -d /sys/fs/cgroup/$controller ] || mkdir -p "/sys/fs/cgroup/$controller/$cgroups/$1"
    done
  fi
}
start_kubelet() {
  local node=$1 n=$2 dir
  dir=$(node_dir "$node")
  make_cgroup "$node"
  kubeconfig "https://$service" "$(cat "$dir/token")" >"$dir/kubeconfig"
  cat >"$dir/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 10.77.$n.2
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$dir/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$cgroups/$node
failCgroupV1: false
failSwapOn: false
podLogsDir: /var/lib/edgeloop/pod-logs # of the node's own disk
volumePluginDir: $dir/volume-plugins
nodeStatusUpdateFrequency: 5s
makeIPTablesUtilChains: false
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100 # never: an image that was imported cannot be pulled again
END
  start_on "$node" kubelet nsenter --mount="/proc/$(cat "$KUBE_STATE/pid/containerd-$node")/ns/mnt" \
    kubelet --config "$dir/kubelet.yaml" --kubeconfig "$dir/kubeconfig" \
    --root-dir "$dir/kubelet" --cert-dir "$dir/kubelet-certs" --hostname-override "$node" --node-ip "10.77.$n.2"
}
mkdir -p /var/lib/edgeloop # what each node mounts its own disk on
for n in $(seq 0 "$edges"); do start_runtime "$(node_name "$n")" "$n"; done

until_ok 120 "API server" kubectl get --raw /readyz
step "API server ready"
start kube-controller-manager kube-controller-manager --kubeconfig="$KUBECONFIG" --leader-elect=false \
  --bind-address=127.0.0.1 --secure-port=16257 --cert-dir="$control/certs-controllers" \
  --service-account-private-key-file="$control/service-accounts.key" --root-ca-file="$control/certs/apiserver.crt"
start kube-scheduler kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false \
  --bind-address=127.0.0.1 --secure-port=16259 --cert-dir="$control/certs-scheduler"

for n in $(seq 0 "$edges"); do
  node=$(node_name "$n")
  until_ok 60 "containerd of $node" ctr -a "$(node_dir "$node")/containerd.sock" version
  "$here/load-image.sh" "$bin/pause.tar" "$node"
  start_kubelet "$node" "$n"
done
step "containerd and the kubelets started"
for n in $(seq 0 "$edges"); do
  node=$(node_name "$n")
  role=${node%%-*} # cloud or edge; a kubelet may not give itself this label
  until_ok 60 "registration of $node" kubectl label --overwrite node "$node" "node-role.kubernetes.io/$role="
done
kubectl wait --for=condition=Ready nodes --all --timeout=120s >/dev/null || die "nodes not ready; see $KUBE_STATE/log"
until_ok 60 "default service account" kubectl get serviceaccount default
step "$((edges + 1)) nodes ready"

echo "export KUBE_STATE='$KUBE_STATE' KUBECONFIG='$KUBECONFIG' PATH='$bin':\"\$PATH\""
for n in $(seq 0 "$edges"); do
  variable=$(node_name "$n" | tr 'a-z-' 'A-Z_')
  echo "export ${variable}_ADDRESS=10.77.$n.2"
done
