#!/usr/bin/env bash
# Installs the Debian packages that are missing and builds the Kubernetes binary once, into
# ${XDG_CACHE_HOME:-$HOME/.cache}/edgeloop-kubernetes/HASH/. Prints that directory; everything else goes to stderr.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# program:package, for what has to be there at run time
needs=(etcd:etcd-server containerd:containerd runc:runc socat:socat ip:iproute2
  iptables:iptables /usr/lib/cni/bridge:containernetworking-plugins)
missing=()
for need in "${needs[@]}"; do command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}"); done
if [ ${#missing[@]} -gt 0 ]; then
  policy=/usr/sbin/policy-rc.d # keeps apt from starting etcd and containerd as services of this machine
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
    trap 'rm -f $policy' EXIT
  fi
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

cd "$here/go"
hash=$(cat go.mod go.sum main.go pause/main.go | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/edgeloop-kubernetes
out=$cache/$hash
if [ ! -e "$out/kubernetes" ]; then
  version=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' go.mod) # v1.33.13
  minor=${version#v1.} minor=${minor%%.*}
  package=k8s.io/component-base/version # unset, every program calls itself v0.0.0-master
  flags="-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
  echo "building Kubernetes $version into $out (5 to 10 minutes on two cores, 3 GB of Go build cache)" >&2
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/new.XXXXXX")
  export CGO_ENABLED=0
  go build -trimpath -buildvcs=false -ldflags "$flags" -o "$new/kubernetes" . >&2
  go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$new/pause" ./pause >&2
  python3 "$here/make-image.py" "$new/pause.tar" registry.local/pause:1 --file "$new/pause:/pause" -- /pause >&2
  for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
    ln -s kubernetes "$new/$name"
  done
  chmod 755 "$new"
  mv -T "$new" "$out"
fi
echo "$out"
