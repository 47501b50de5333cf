"""Where the project's numbers come from: `./run bench NAME` runs `python -m bench.NAME`.

clip  -> brand -> ways (ours, sequential, floor) -> costs, interleaved -> report (ratios, bars, exit code)
               -> quality (VMAF against a pristine overlay)
"""
