#!/usr/bin/env python3
"""IMPORT SHARPS, with every keyword and its error computed, a patch and an embedding made and all of it committed,
beside astropy and numpy that only decode the same segments.

    pip install numpy astropy
    helioql -c "EXPORT SHARPS TO 'segments' AS SELECT * FROM SIMULATE(n => 100, seed => 7)"
    python tests/benches/import_peers.py target/release/helioql segments

Both are given one core, then two. The files are in the page cache when they are timed.
"""

import glob
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from astropy.io import fits


def decode(path):
    """The image of a segment in memory, in numbers of the machine."""
    with fits.open(path, memmap=False) as file:
        image = np.ascontiguousarray(file[1].data, dtype="f4")
        return dict(file[1].header), float(np.nansum(image))


def astropy(paths, cores):
    with multiprocessing.Pool(cores) as pool:
        pool.map(len, ["warm"] * cores)
        start = time.perf_counter()
        pool.map(decode, paths, chunksize=8)
        return time.perf_counter() - start


def helioql(program, folder):
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        command = f"IMPORT SHARPS FROM '{folder}/*.fits'"
        subprocess.run(
            [program, os.path.join(place, "c.helio"), "-c", command], check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - start


def main():
    program, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    paths = sorted(glob.glob(os.path.join(folder, "*.fits")))
    records = len({path.rsplit(".", 2)[0] for path in paths})
    for path in paths:
        with open(path, "rb") as file:
            file.read()
    usable = sorted(os.sched_getaffinity(0))
    print(f"{records} records, {len(paths)} files")
    for cores in (1, 2):
        os.sched_setaffinity(0, set(usable[:cores]))
        peers = {
            "astropy + numpy, decoding": lambda: astropy(paths, cores),
            "helioql, IMPORT": lambda: helioql(program, folder),
        }
        for name, run in peers.items():
            seconds = min(run() for _ in range(2))
            print(f"{cores} core(s)  {name:26} {records / seconds:6.1f} records/s")


main()
