#!/bin/sh
# The small nets of docs/benchmark.md: scripts/train_peers.sh PHOTOGRAPHS WEIGHTS
# Each of configs/peers/NAME-budget.toml twice: NAME-budget as the file says, with the paper's blurs, and NAME-wide with those of `wide`:
# Gaussians to sigma 4 at full support, discs to radius 8, both convolved, 8 to 16 bits, noise. Stop it at any time; it goes on where it was.
# The third argument, if given, names the nets: "nafnet srn".
set -eu
photographs=$1 weights=$2
for net in ${3:-nafnet udbd udbd-flat udbd-fwd deepdeblur srn dwdn swift}; do
    for blurs in budget wide; do
        set -- --set "root=$photographs" --set "run.folder=$weights/$net-$blurs"
        if [ "$blurs" = wide ]; then
            case $net in udbd-f*) continue ;; esac  # the ablations are about the paper's protocol
            set -- "$@" --set "name=$net-wide" --set data.distribution=wide
            # Kernels of 37 x 37 pixels; its 21 x 21 hold neither a disc of radius 8 nor a Gaussian of sigma 4.
            case $net in udbd) set -- "$@" --set 'config.filter_sizes=[19, 11, 7, 3]' ;; esac
        fi
        if [ -f "$weights/$net-$blurs/checkpoint.pt" ]; then set -- "$@" --resume; fi
        pinsharp train "configs/peers/$net-budget.toml" "$@"
    done
done
