#!/bin/sh
# The records and tables of docs/benchmark.md: scripts/benchmark.sh TEST_SETS WEIGHTS OUT
# TEST_SETS holds kodak24, div2k_crops, div2k_full and gopro; WEIGHTS holds NAME-budget/model.safetensors of the nets that
# configs/peers/NAME-budget.toml trains. Stop it at any time; it goes on where it was.
set -eu
sets=$1 weights=$2 out=$3
rows=blurred,linear-limit,swift,wiener
for net in nafnet srn deepdeblur dwdn udbd udbd-fwd udbd-flat; do
    rows=$rows,$net-budget=$weights/$net-budget/model.safetensors
done

pinsharp bench run --data "$sets/kodak24" --methods "$rows" --true-kernel -o "$out/all"
pinsharp bench run --data "$sets/gopro" --methods "$rows" -o "$out/all"
pinsharp bench run --data "$sets/div2k_crops" --methods "$rows" --true-kernel -o "$out/all"
pinsharp bench run --data "$sets/div2k_full" --methods "$rows" -o "$out/all"
# What a lens and a sensor do, and none of the small nets has seen.
pinsharp bench run --data "$sets/kodak24" --limit 6 --methods "$rows" --kernels disk:2,disk:4,disk:6 --boundary valid --noise 1 -o "$out/all"
# Slow methods, and all that need no weights, at one width.
part=blurred,linear-limit,swift,wiener,wiener-constant,unsupervised-wiener,richardson-lucy,ftvd
middle=gaussian:2.4:21
pinsharp bench run --data "$sets/div2k_crops" --methods $part --kernels $middle -o "$out/slow"
pinsharp bench run --data "$sets/kodak24" --methods $part --true-kernel --kernels $middle -o "$out/slow"
pinsharp bench run --data "$sets/gopro" --methods $part --kernels $middle -o "$out/slow"
pinsharp bench run --data "$sets/div2k_full" --methods $part --kernels $middle -o "$out/slow"
pinsharp bench run --data "$sets/div2k_crops" --limit 2 --methods blurred,swift,ftvd,selfdeblur-small:500 \
    --kernels $middle -o "$out/slow"

pinsharp bench table1 "$out/all"
pinsharp bench table2 "$out/all" --methods udbd-budget,udbd-flat-budget,udbd-fwd-budget
pinsharp bench oracle "$out/all"
pinsharp bench fig5 "$out/all"
pinsharp bench crops "$out/all" --image 19.png --kernel 2.4
pinsharp bench table1 "$out/slow"
pinsharp bench fig4 "$out/fig4" --data "$sets/kodak24" --limit 4
