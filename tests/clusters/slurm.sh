#!/usr/bin/env bash
# Runs in namespaces of its own: three hosts of Slurm with names and boots of their own, the workers of a study on them,
# one host killed in the middle.
#   slurm.sh FOLDER ARGUMENTS-OF-THE-STUDY...
set -euo pipefail
at="$1"; shift
mkdir -p "$at"/{state,spool,log}
hostname controller
ip link set lo up
# Slurm needs addresses other than those of the loopback interface.
ip link add veth0 type veth peer name veth1
ip addr add 10.77.0.1/24 dev veth0
ip link set veth0 up
ip link set veth1 up
cp /etc/hosts "$at/hosts"
printf '10.77.0.1 controller h1 h2 h3\n' >>"$at/hosts"
mount --bind "$at/hosts" /etc/hosts
export SLURM_CONF="$at/slurm.conf"
cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=controller(10.77.0.1)
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$at/state
SlurmdSpoolDir=$at/spool/%n
SlurmctldPidFile=$at/slurmctld.pid
SlurmdPidFile=$at/slurmd-%n.pid
SlurmctldLogFile=$at/log/slurmctld
SlurmdLogFile=$at/log/slurmd-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
KillWait=5
MpiDefault=none
NodeName=h1 NodeHostname=h1 NodeAddr=10.77.0.1 Port=17001 CPUs=1 State=UNKNOWN
NodeName=h2 NodeHostname=h2 NodeAddr=10.77.0.1 Port=17002 CPUs=1 State=UNKNOWN
NodeName=h3 NodeHostname=h3 NodeAddr=10.77.0.1 Port=17003 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=h1,h2,h3 Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p "$at"/spool/{h1,h2,h3}
slurmctld -D >"$at/log/slurmctld.out" 2>&1 &
for host in h1 h2 h3; do
    # Of another boot, so that a claim is known to be over by its heartbeat alone, as on another machine.
    cat /proc/sys/kernel/random/uuid >"$at/$host.boot"
    unshare --uts --mount sh -c "hostname $host && mount --bind $at/$host.boot /proc/sys/kernel/random/boot_id &&
        exec slurmd -D -N $host" >"$at/log/$host.out" 2>&1 &
    echo $! >"$at/$host.pid"
done
for _ in $(seq 100); do
    [ "$(sinfo -h -t idle -o %D 2>/dev/null || true)" = 3 ] && break
    sleep 0.3
done
sinfo
cd "$at"
"$STRATA" plan "$@" --runs "$at/runs" --format sbatch --workers 3 >study.sbatch
sbatch study.sbatch
# Until a network is done and the host that is killed trains another.
held() { # prints the networks that a host has and has not released
    grep -l "^host = \"$1\"" "$at"/runs/default/*/claim-* 2>/dev/null | xargs -r grep -l '^released = false' || true
}
until compgen -G "$at/runs/default/*/manifest.toml" >/dev/null && [ "$(held h2)" ]; do sleep 0.05; done
echo "h2 is killed with $(find "$at/runs/default" -name manifest.toml | wc -l) networks done, while it has $(held h2)"
# The host with everything on it: its daemon, the shell of the job and the worker.
kill -KILL "$(cat "$at/h2.pid")" || true
for process in /proc/[0-9]*; do
    if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -q '^SLURMD_NODENAME=h2$'; then
        kill -KILL "${process#/proc/}" || true
    fi
done
for _ in $(seq 1200); do
    [ -f "$at/runs/default/report/report.html" ] && break
    sleep 0.5
done
squeue
[ -f "$at/runs/default/report/report.html" ] || { tail -n 20 "$at"/strata-*.log; exit 1; }
echo "claims by host:"
grep -h '^host = ' "$at"/runs/default/*/claim-* | sort | uniq -c
echo "networks that h2 left without a word: $(held h2)"
