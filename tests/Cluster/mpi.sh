#!/usr/bin/env bash
# One fit in several processes, over Open MPI and over MPICH on this machine: against one process, with a process that is killed, and resumed by another
# number of processes. As root it installs what is missing (Debian). Takes some five minutes; the last line is "all as expected". Arguments: openmpi, mpich;
# both by default.
set -euo pipefail
export TERM=dumb
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
flavors=("$@")
(($# > 0)) || flavors=(openmpi mpich)

work=$(mktemp -d)
running=''
trap '[[ -z $running ]] || kill -9 "$running" 2> /dev/null || true; rm -rf "$work"' EXIT

fail() { echo "FAILED: $*"; exit 1; }

install_mpi() {
  local packages=(openmpi-bin)
  [[ $1 == openmpi ]] || packages=(mpich)
  command -v "mpirun.$1" > /dev/null && return
  timeout 300 apt-get install -y --no-install-recommends "${packages[@]}" > "$work/apt.log" 2>&1 || { tail -5 "$work/apt.log"; fail "installing ${packages[*]}"; }
}

# run FLAVOR PROCESSES COMMAND...
run() {
  local flavor=$1 processes=$2
  shift 2
  case $flavor in
    openmpi) set -- mpirun.openmpi --oversubscribe --bind-to none --mca btl self,vader --mca oob_tcp_if_include lo -n "$processes" "$@" ;;
    mpich) set -- mpirun.mpich -launcher fork -iface lo -n "$processes" "$@" ;;
  esac
  timeout 300 "$@"
}

dotnet build samples/BraTS -v q -nologo > "$work/build.log" 2>&1 || { tail -5 "$work/build.log"; fail "build of kdnet"; }
dotnet build tests/Cluster/MpiProbe -v q -nologo > "$work/build.log" 2>&1 || { tail -5 "$work/build.log"; fail "build of MpiProbe"; }
kdnet=$(find "$PWD/samples/BraTS/bin" -name kdnet -type f -path '*Debug*' | head -1)
probe=$(find "$PWD/tests/Cluster/MpiProbe/bin" -name MpiProbe -type f -path '*Debug*' | head -1)

data=$work/data
"$kdnet" phantom --cases 9 --size 32 --out "$data" > "$work/phantom.log"
common=(--data "$data" --cache "$work/cache" --crop 32 --subsample 1 --levels 3 --width 4 --threads 1 --learning-rate 1e-4)

# train SYSTEM FOLDER OPTIONS...: the arguments of kdnet
train() { echo train --system "$1" --out "$work/$2" "${common[@]}" "${@:3}"; }

weights() { echo "$work/$1/last/weights.safetensors"; }

compare() { python3 tests/Cluster/compare_weights.py "$1" "$2" "${3:-5e-6}" || fail "the weights differ: $1 $2"; }

same() { cmp --silent "$1" "$2" || fail "$1 and $2 differ"; echo "the same bytes: ${1#"$work/"} and ${2#"$work/"}"; }

echo "== one process"
"$kdnet" $(train teacher teacher --epochs 3 --batch 2) | tail -2
"$kdnet" $(train kd-net kd-one --teacher "$work/teacher" --epochs 5 --batch 2) | tail -2
"$kdnet" $(train kd-net kd-steps --teacher "$work/teacher" --epochs 5 --batch 1 --batches-per-step 2) | tail -2
"$kdnet" $(train feature-matching learnable-steps --teacher "$work/teacher" --epochs 3 --batch 1 --batches-per-step 2) | tail -2

# kill_one FLAVOR: kills one of two processes in mid-training and measures how long the others live.
kill_one() {
  local log=$work/$1-killed.log folder=$1-killed victim begun code=0
  run "$1" 2 "$kdnet" $(train kd-net "$folder" --teacher "$work/teacher" --epochs 100000 --batch 1) > "$log" 2>&1 &
  running=$!
  for _ in $(seq 120); do
    [[ -f $work/$folder/history.csv ]] && (($(wc -l < "$work/$folder/history.csv") > 3)) && break
    sleep 0.5
  done
  victim=$(pgrep -n -f "^$kdnet .*$work/$folder")
  begun=$SECONDS
  kill -9 "$victim"
  wait "$running" || code=$?
  running=''
  ((code != 0)) || fail "killed, but the exit code is 0"
  ((SECONDS - begun <= 30)) || fail "the others lived on for $((SECONDS - begun)) s"
  sleep 1
  ! pgrep -f "^$kdnet .*$work/$folder" > /dev/null || fail "a process lives on"
  echo "all ended $((SECONDS - begun)) s after one was killed, exit code $code:"
  grep -iE 'killed|signal|terminat' "$log" | head -2 | sed 's/^/  /'
  begun=$(wc -l < "$work/$folder/history.csv")
  run "$1" 2 "$kdnet" $(train kd-net "$folder" --teacher "$work/teacher" --epochs $((begun + 2)) --batch 1 --resume) > "$log" 2>&1 \
    || { tail -5 "$log"; fail "resume after the kill"; }
  echo "resumed from epoch $((begun - 1)): $(tail -2 "$log" | head -1)"
}

for flavor in "${flavors[@]}"; do
  install_mpi "$flavor"
  echo "== $flavor: $("mpirun.$flavor" --version 2>&1 | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1)"
  for processes in 2 3; do run "$flavor" "$processes" "$probe" check; done
  run "$flavor" 2 "$probe" time 6000000
  run "$flavor" 2 "$probe" time 18776464
  ! run "$flavor" 2 "$probe" fail > "$work/fail.log" 2>&1 || fail "a process that fails must end all"
  grep 'This process fails' "$work/fail.log"
  run "$flavor" 2 "$probe" example "$work/$flavor-example"

  echo "-- two processes with batches of one against one process with batches of two, and with two batches in a step"
  run "$flavor" 2 "$kdnet" $(train kd-net "$flavor-kd" --teacher "$work/teacher" --epochs 5 --batch 1) > "$work/run.log"
  grep 'process 1 of 2' "$work/run.log"
  compare "$(weights "$flavor-kd")" "$(weights kd-one)"
  same "$(weights "$flavor-kd")" "$(weights kd-steps)"
  echo "-- with a loss that learns"
  run "$flavor" 2 "$kdnet" $(train feature-matching "$flavor-learnable" --teacher "$work/teacher" --epochs 3 --batch 1) > "$work/run.log"
  for file in "$work/$flavor-learnable/last"/*.safetensors; do same "$file" "$work/learnable-steps/last/$(basename "$file")"; done
  echo "-- with a critic, in one go and resumed"
  run "$flavor" 2 "$kdnet" $(train structured "$flavor-critic" --teacher "$work/teacher" --epochs 3 --batch 1) > "$work/run.log"
  run "$flavor" 2 "$kdnet" $(train structured "$flavor-critic-resumed" --teacher "$work/teacher" --epochs 1 --batch 1) > "$work/run.log"
  run "$flavor" 2 "$kdnet" $(train structured "$flavor-critic-resumed" --teacher "$work/teacher" --epochs 3 --batch 1 --resume) > "$work/run.log"
  for file in "$work/$flavor-critic/last"/*.safetensors; do same "$file" "$work/$flavor-critic-resumed/last/$(basename "$file")"; done
  echo "-- two processes, then one, then three"
  run "$flavor" 2 "$kdnet" $(train kd-net "$flavor-mixed" --teacher "$work/teacher" --epochs 2 --batch 1) > "$work/run.log"
  "$kdnet" $(train kd-net "$flavor-mixed" --teacher "$work/teacher" --epochs 3 --batch 1 --resume) > "$work/run.log"
  run "$flavor" 3 "$kdnet" $(train kd-net "$flavor-mixed" --teacher "$work/teacher" --epochs 4 --batch 1 --resume) | tail -2 | head -1
  echo "-- a process is killed"
  kill_one "$flavor"
done
echo "all as expected"
