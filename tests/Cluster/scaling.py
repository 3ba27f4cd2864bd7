#!/usr/bin/env python3
"""The tables of docs/scaling.md: what several processes in one run, and several runs at once, may bring. Arithmetic, no measurement.

A step of N processes takes the time of one process plus that of summing the gradient over a ring:
    t(N) = compute + 2 (N - 1) / N * bytes / bandwidth + 2 (N - 1) * latency
"""

HOURS_OF_PAPER = 12.0            # "approximately 12 hours on a NVIDIA P100", 500 epochs
CASES_OF_PAPER = 190             # two of three folds of 285
STEP = HOURS_OF_PAPER * 3600 / 500 / CASES_OF_PAPER
GRADIENT = 75e6                  # bytes: U-Net of width 30 with 5 levels, float32

LINKS = [("10 Gb/s Ethernet", 1.25e9, 50e-6), ("100 Gb/s network", 12.5e9, 5e-6), ("within one machine, 100 GB/s", 100e9, 5e-6)]
NETWORKS = [("64³, P100", STEP), ("64³, ten times as fast", STEP / 10), ("128³, P100", 8 * STEP), ("128³, ten times as fast", 8 * STEP / 10)]
PROCESSES = [2, 4, 8, 16, 32, 64]


def sum_time(processes, bandwidth, latency):
    return 2 * (processes - 1) / processes * GRADIENT / bandwidth + 2 * (processes - 1) * latency


print(f"step of the paper's network on its P100: {STEP:.3f} s\n")
print("| Network and device | Step | Link | " + " | ".join(str(n) for n in PROCESSES) + " |")
print("|---|---|---|" + "---|" * len(PROCESSES))
for network, step in NETWORKS:
    for link, bandwidth, latency in LINKS:
        shares = [step / (step + sum_time(n, bandwidth, latency)) for n in PROCESSES]
        print(f"| {network} | {step:.3f} s | {link} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")

print("\nBraTS 2021: 1,251 cases, 5 folds, 12 systems, 500 epochs, batch 1, every run as long as KD-Net's student with a cached teacher\n")
cases = 1251 * 4 / 5
for network, step in NETWORKS:
    run = 500 * cases * step / 3600
    runs = 5 * 12
    times = [-(-runs // gpus) * run for gpus in (1, 8, 64)]
    print(f"| {network} | {run:.0f} h | {runs * run:,.0f} | " + " | ".join(f"{time:.0f} h" if time < 48 else f"{time / 24:.0f} d" for time in times) + " |")
