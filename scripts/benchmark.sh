#!/bin/sh
# All records, tables and figures of the model cards and docs/benchmark.md: scripts/benchmark.sh TEST_SETS WEIGHTS OUT
# TEST_SETS holds kodak24, div2k_crops, div2k_full and gopro; WEIGHTS is what scripts/train_peers.sh left. Stop it at any time; it goes on where
# it was. A fourth argument limits every test set to its first images, for a rehearsal that leaves the pages as they are.
set -eu
sets=$1 weights=$2 out=$3 limit=${4:-}
few=${limit:-6}
here=$(dirname "$0")

# How many images of a set are taken: all that there are, or as many as the rehearsal allows.
measure() {
    set_=$1
    shift
    pinsharp bench run --data "$sets/$set_" ${limit:+--limit "$limit"} "$@"
}

nets() { # the rows of the nets that train_peers.sh left with an ending: nafnet-budget=WEIGHTS/nafnet-budget/model.safetensors,...
    ending=$1
    shift
    for net in "$@"; do
        printf ',%s=%s' "$net-$ending" "$weights/$net-$ending/model.safetensors"
    done
}

ours=blurred,linear-limit,swift,sharp,wiener
peers="nafnet srn deepdeblur dwdn"

# The tables of the model cards.
card() {
    name=$1
    shift
    measure kodak24 --true-kernel --methods blurred,linear-limit,swift,sharp -o "$out/cards" --json "$@" >"$out/kodak-$name.json"
}
mkdir -p "$out"
card reflect
card valid --boundary valid
card disks --boundary valid --noise 1 --kernels disk:2,disk:4,disk:6
python "$here/kodak_tables.py" "$out"

# The paper's protocol.
# shellcheck disable=SC2086  # a list
rows=$ours$(nets budget $peers udbd udbd-fwd udbd-flat swift)
measure kodak24 --methods "$rows" --true-kernel -o "$out/all"
measure gopro --methods "$rows" --true-kernel -o "$out/all"
measure div2k_crops --methods "$rows" --true-kernel -o "$out/all"
measure div2k_full --methods "$rows" -o "$out/all"
# What a lens and a sensor do, and none of these small nets has seen.
pinsharp bench run --data "$sets/kodak24" --limit "$few" --methods "$rows" --kernels disk:2,disk:4,disk:6 --boundary valid --noise 1 -o "$out/all"

# The same, all of them trained for it.
# shellcheck disable=SC2086
rows=$ours$(nets wide $peers udbd swift)
wide() {
    pinsharp bench run --data "$sets/kodak24" --limit "$few" --boundary valid --methods "$rows" -o "$out/wide" "$@"
}
wide --kernels disk:2,disk:3,disk:4,disk:5,disk:6
wide --kernels gaussian:1,gaussian:2,gaussian:3,gaussian:4
wide --kernels disk:3,disk:5,gaussian:2,gaussian:3 --noise 1
wide --kernels disk:4,gaussian:2.4 --bits 12

# Against classical methods that know the kernel; a disc of radius 0.4 is no blur at all.
classical=blurred,linear-limit,swift,sharp,wiener,richardson-lucy,ftvd
discs=disk:2,disk:3,disk:4,disk:5,disk:6,disk:7
for noise in 1 2; do
    pinsharp bench run --data "$sets/kodak24" --limit "$few" --methods $classical --true-kernel --boundary valid --noise $noise \
        --kernels $discs,gaussian:1,gaussian:2,gaussian:3,gaussian:4 -o "$out/robust"
done
measure kodak24 --methods swift,sharp --kernels disk:0.4 -o "$out/untouched"

# Slow methods, and all that need no weights, at one width.
part=blurred,linear-limit,swift,sharp,wiener,wiener-constant,unsupervised-wiener,richardson-lucy,ftvd
middle=gaussian:2.4:21
measure div2k_crops --methods $part --kernels $middle -o "$out/slow"
measure kodak24 --methods $part --true-kernel --kernels $middle -o "$out/slow"
measure gopro --methods $part --kernels $middle -o "$out/slow"
measure div2k_full --methods $part --kernels $middle -o "$out/slow"
pinsharp bench run --data "$sets/div2k_crops" --limit 2 --methods blurred,swift,ftvd,selfdeblur-small:500 --kernels $middle -o "$out/slow"

pinsharp bench table1 "$out/all"
pinsharp bench table2 "$out/all" --methods udbd-budget,udbd-flat-budget,udbd-fwd-budget
pinsharp bench oracle "$out/all"
pinsharp bench margins "$out/all" --aggregate --methods swift-budget,udbd-budget --over nafnet-budget,srn-budget,deepdeblur-budget,dwdn-budget
pinsharp bench margins "$out/wide" --methods udbd-wide,swift-wide,swift,sharp --over nafnet-wide,srn-wide,deepdeblur-wide
pinsharp bench margins "$out/robust" --methods swift,sharp
pinsharp bench table1 "$out/untouched"
pinsharp bench table1 "$out/slow"
pinsharp bench fig5 "$out/all"
pinsharp bench crops "$out/all" --image "$([ -n "$limit" ] && echo 01.png || echo 19.png)" --kernel 2.4
mkdir -p "$out/fig4"
pinsharp bench fig4 "$out/fig4" --data "$sets/kodak24" --limit "${limit:-4}" --overwrite >"$out/fig4/fig4.md"
for blurs in budget wide; do
    python "$here/plot_learning.py" "$out/learning-$blurs.png" "$weights"/*-$blurs/log.jsonl
done
for page in docs/swift.md docs/sharp.md docs/benchmark.md docs/training.md; do
    [ -n "$limit" ] || python "$here/fill_page.py" "$here/../$page" "$out"
done
