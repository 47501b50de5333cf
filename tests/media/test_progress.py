from jobs.media.progress import FfmpegMeter, Progress

BLOCK = ["frame=30", "fps=60.0", "total_size=1000", "out_time_us=1000000", "speed=2.0x", "progress=continue"]


def feed(meter: FfmpegMeter, *lines: str) -> None:
    for line in lines:
        meter.feed(line + "\n")


def test_it_reports_once_a_block():
    seen: list[Progress] = []
    times = iter([0.0, 3.0])
    meter = FfmpegMeter(4_000_000, seen.append, lambda: next(times))

    feed(meter, *BLOCK)

    assert seen == [Progress(0.25, 2.0, 60.0, 1000, 1_000_000, 9.0)]
    assert meter.mark == 1_000_000


def test_it_bears_what_is_not_yet_known():
    seen: list[Progress] = []
    meter = FfmpegMeter(4_000_000, seen.append)

    feed(meter, "bitrate=N/A", "total_size=N/A", "out_time_us=-21333", "speed=N/A", "noise", "progress=continue")
    feed(meter, "out_time_us=N/A", "progress=continue")

    assert [(one.fraction, one.eta_seconds) for one in seen] == [(0.0, None), (0.0, None)]


def test_it_never_passes_the_end():
    seen: list[Progress] = []
    feed(FfmpegMeter(1, seen.append), "out_time_us=50", "progress=continue", "progress=end")

    assert [one.fraction for one in seen] == [1.0, 1.0]


def test_the_mark_stands_still_when_nothing_comes_out():
    meter = FfmpegMeter(4_000_000)
    feed(meter, *BLOCK)
    feed(meter, *BLOCK)

    assert meter.mark == 1_000_000
