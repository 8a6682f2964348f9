#!/bin/sh
# All records, tables and pictures of docs/benchmark.md: scripts/benchmark.sh TEST_SETS PHOTOGRAPHS WEIGHTS OUT
# TEST_SETS holds kodak24, div2k_crops, div2k_full and gopro; PHOTOGRAPHS is the training corpus; WEIGHTS is what scripts/train_peers.sh
# left. Stop it at any time; it goes on where it was. A fifth argument limits every test set to its first images, for a rehearsal that
# leaves the page as it is.
set -eu
sets=$1 photographs=$2 weights=$3 out=$4 limit=${5:-}
here=$(dirname "$0")

measure() { # a test set, and what is measured on it
    set_=$1
    shift
    pinsharp bench run --data "$sets/$set_" ${limit:+--limit "$limit"} "$@"
}

discs="--kernels disk:2,disk:4,disk:6 --boundary valid --noise 1"
rows=blurred,linear-limit,wiener,richardson-lucy:15,ftvd,udbd,swift,sharp
measure kodak24 --methods $rows --true-kernel -o "$out/all"
# shellcheck disable=SC2086  # several options
measure kodak24 --methods $rows --true-kernel $discs -o "$out/all"

nets=blurred
for net in nafnet srn deepdeblur dwdn udbd udbd-fwd udbd-flat; do
    nets="$nets,$net-budget=$weights/$net-budget/model.safetensors"
done
for set_ in kodak24 gopro div2k_crops div2k_full; do
    measure "$set_" --methods "$nets" -o "$out/budget"
done

pinsharp bench cameras -o "$out/cameras" --root "$photographs" --held-out --pairs "${limit:-16}" --images 2
pinsharp bench speed "$out/speed" --methods swift,sharp,udbd,wiener,richardson-lucy:15,ftvd --untrained nafnet,dwdn --megapixels 1 --threads 1

pinsharp bench table1 "$out/all"
pinsharp bench table1 "$out/budget"
pinsharp bench fig5 "$out/all"
pinsharp bench crops "$out/all" --image "$([ -n "$limit" ] && echo 01.png || echo 19.png)" --kernel 2.4
[ -n "$limit" ] || python "$here/fill_page.py" "$here/../docs/benchmark.md" "$out"
