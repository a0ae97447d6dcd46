#!/usr/bin/env bash
# down.sh: stops what up.sh started and removes the pods, mounts, cgroups, networks and state. Only log/ stays.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# What was taken down before holds its log only; the cgroups may be those of another cluster that is up by now.
[ -e "$marker" ] && [ -d "$KUBE_STATE/nodes" ] || { say "nothing to take down in $KUBE_STATE"; exit 0; }

ours() { # a process id may have gone to another program since: only one that was started with our state is ours
  grep -qzxF "KUBE_STATE=$KUBE_STATE" "/proc/$1/environ" 2>/dev/null
}
stop() { # stop NAME...: asks each to end, waits up to 10 s, then kills
  local name pid
  local -A pids=()
  for name; do
    [ -e "$KUBE_STATE/pid/$name" ] || continue
    pid=$(cat "$KUBE_STATE/pid/$name")
    if ours "$pid" && kill "$pid" 2>/dev/null; then pids[$pid]=$name; fi
  done
  for _ in $(seq 100); do
    for pid in "${!pids[@]}"; do ours "$pid" || unset "pids[$pid]"; done
    [ ${#pids[@]} -gt 0 ] || return 0
    sleep 0.1
  done
  for pid in "${!pids[@]}"; do say "killing ${pids[$pid]}"; kill -9 "$pid" 2>/dev/null || true; done
}
all() { local node; for node in $(nodes); do echo "$1-$node"; done; }

# The kubelets first: they would start the pods again.
stop $(all kubelet) kube-scheduler kube-controller-manager
for node in $(nodes); do
  if [ -e "$KUBE_STATE/pid/containerd-$node" ] && ours "$(cat "$KUBE_STATE/pid/containerd-$node")"; then
    "$(cat "$KUBE_STATE/bin")/kubernetes" remove-pods "unix://$(node_dir "$node")/containerd.sock" ||
      say "pods of $node: not all removed in good order"
  fi
done
stop $(all containerd) api-proxy kube-apiserver etcd

# What a containerd that was gone already could not be asked for: its shims, then the containers in our cgroups.
for pid in $(pgrep -f "containerd-shim.* -address $KUBE_STATE/nodes/" || true); do
  if ours "$pid"; then kill -9 "$pid" 2>/dev/null || true; fi
done
kill_containers

awk -v state="$KUBE_STATE/" 'index($5, state) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount -l
remove_cgroups
find /var/log/containers -lname "$KUBE_STATE/*" -delete 2>/dev/null || true # the kubelet's links to the pods' logs
for node in $(nodes); do remove_network "$node"; done
if [ -e "$KUBE_STATE/sysctls" ]; then
  while IFS=: read -r name value; do echo "$value" >"/proc/sys/$name"; done <"$KUBE_STATE/sysctls"
fi

rmdir /var/lib/edgeloop 2>/dev/null || true
rm -rf --one-file-system "$KUBE_STATE"/{pid,control,nodes,kubeconfig,sysctls,bin}
say "down; logs are in $KUBE_STATE/log"
