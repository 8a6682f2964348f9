#!/bin/sh
# The networks of docs/benchmark.md, on the paper's blurs and a small budget: scripts/train_peers.sh PHOTOGRAPHS WEIGHTS
# Each of configs/peers/NAME-budget.toml. Stop it at any time; it goes on where it was. The third argument, if given, names the nets:
# "nafnet srn".
set -eu
photographs=$1 weights=$2
for net in ${3:-nafnet udbd udbd-flat udbd-fwd deepdeblur srn dwdn swift}; do
    run="$weights/$net-budget"
    set -- --set "root=$photographs" --set "run.folder=$run"
    if [ -f "$run/checkpoint.pt" ]; then set -- "$@" --resume; fi
    pinsharp train "configs/peers/$net-budget.toml" "$@"
done
