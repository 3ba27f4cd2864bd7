#!/usr/bin/env bash
# A reproduction under a real Slurm on this machine, over the loopback interface alone: written by kdnet, submitted, one task preempted, the programs of
# others killed, what is missing submitted again, and its tables compared with those of the same reproduction without Slurm.
# Needs root on Debian or Ubuntu; installs slurm-wlm and munge where they are missing. Ends by itself within 20 minutes.
#   tests/Cluster/slurm.sh [KDNET...]   how to start kdnet; built from the sources where it is not given
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
say() { echo "$(date '+%T') $*"; }
fail() { say "FAILED: $*"; tail -n 20 "$work"/out/slurm/logs/* 2> /dev/null || true; exit 1; }
stop() {
  if [ -s "$work/slurmctld.pid" ]; then
    scancel --user=root --full --signal=KILL 2> /dev/null || true
    sleep 2
  fi
  for name in slurmd slurmctld munged; do
    if [ -s "$work/$name.pid" ]; then kill "$(cat "$work/$name.pid")" 2> /dev/null || true; fi
  done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 143' TERM INT

command -v sbatch slurmctld slurmd munged > /dev/null || apt-get install -y -qq slurm-wlm munge > /dev/null
if [ $# -gt 0 ]; then
  kdnet=("$@")
else
  say "building kdnet"
  dotnet publish "$root/samples/BraTS" -v q -o "$work/kdnet" > "$work/publish.log" || { cat "$work/publish.log"; exit 1; }
  kdnet=(dotnet "$work/kdnet/kdnet.dll")
fi

say "starting Slurm with two cores"
dd if=/dev/urandom of="$work/munge.key" bs=1024 count=1 status=none
chmod 400 "$work/munge.key"
chmod 755 "$work"
munged --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed" --force
mkdir "$work/state" "$work/spool"
cat > "$work/slurm.conf" << CONF
ClusterName=trial
SlurmctldHost=$(hostname -s)(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
SlurmUser=root
SlurmdUser=root
SlurmctldPort=26817
SlurmdPort=26818
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MailProg=/bin/true
JobRequeue=1
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000
PartitionName=trial Nodes=$(hostname -s) Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
slurmctld -f "$SLURM_CONF"
slurmd -f "$SLURM_CONF" -N "$(hostname -s)"
for _ in $(seq 30); do sinfo -h -o %T 2> /dev/null | grep -q idle && break; sleep 1; done
sinfo -h -o %T | grep -q idle || { cat "$work"/slurm*.log; fail "no node is idle"; }

study=(reproduce --preset quick --cases 8 --size 16 --width 4 --levels 3 --folds 2 --epochs 40 --seed 3)
only=(--only 'teacher-*' 'baseline-*' 'gt-kd-*' 'kd-net-*')
cd "$work"
say "the same without Slurm"
"${kdnet[@]}" "${study[@]}" "${only[@]}" --out alone --threads 1 > alone.log || { cat alone.log; exit 1; }

say "writing and submitting"
"${kdnet[@]}" "${study[@]}" "${only[@]}" --out "$work/out" --threads 1 --slurm > plan.log || { cat plan.log; exit 1; }
cat out/slurm/submit.sh
bash out/slurm/submit.sh > submitted.log
squeue -o '%.12i %.24j %.10T %.30E'

waitfor() { for _ in $(seq "$1"); do if eval "$2"; then return 0; fi; sleep 1; done; return 1; }
waitfor 120 "grep -qsE 'epoch [0-9]+/' out/slurm/logs/first-0.log" || fail "the first task did not begin to train"
victim=$(squeue -h -t R -r -o '%i %j' | awk '/kdnet-first/ && $1 ~ /_0$/ { print $1; exit }')
[ -n "$victim" ] || fail "the first task does not run"
say "preempting $victim"
begin=$(date +%s%N)
scontrol requeue "$victim"
waitfor 30 "! pgrep -f -- '$work/out.* --only fold-1/teacher-2-skips' > /dev/null" || fail "a task that was asked to stop did not end within 30 seconds"
say "it ended after $((($(date +%s%N) - begin) / 1000000)) ms"
# Slurm lets a requeued job wait for two minutes.
scontrol update jobid="$victim" starttime=now 2> /dev/null || true
waitfor 120 "pgrep -f -- '$work/out.* --shard 1/1' > /dev/null" || fail "no other task runs"
say "killing the program of $(squeue -h -t R -r -o %i | tr '\n' ' ')"
pkill -KILL -f -- "$work/out.* --shard 1/1"

say "waiting for all jobs"
waitfor 900 '[ -z "$(squeue -h)" ]' || { squeue; fail "not all jobs ended in 15 minutes"; }
grep -h "start " out/slurm/logs/*.log
grep -q "start 2" out/slurm/logs/*.log || fail "no task was started again"

if ! "${kdnet[@]}" "${study[@]}" "${only[@]}" --out "$work/out" --publish > publish.log; then
  say "what was killed is missing, as it should be; submitting the rest"
  cat publish.log
  "${kdnet[@]}" "${study[@]}" "${only[@]}" --out "$work/out" --threads 1 --slurm --submit > again.log
  waitfor 900 '[ -z "$(squeue -h)" ]' || { squeue; fail "not all jobs ended in 15 minutes"; }
fi

say "comparing tables"
"${kdnet[@]}" "${study[@]}" "${only[@]}" --out "$work/out" --publish > publish.log || { cat publish.log; fail "runs are missing"; }
for table in alone/results/*.csv; do
  cmp "$table" "out/results/$(basename "$table")" || fail "$(basename "$table") differs"
done
say "PASSED: $(ls alone/results/*.csv | wc -l) tables are the same byte by byte"
