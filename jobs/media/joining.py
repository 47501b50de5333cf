"""Films in front of the video and behind it. As `graph`: filters as data.

Each segment's sound is exactly as long as its picture, to the sample: `concat` would hold the last frame until a longer
sound ends, and let all that follows come late.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import ffmpeg

from jobs.media import graph
from jobs.media.encode import AUDIO_RATE
from jobs.media.graph import Stream
from jobs.media.probe import AudioFacts, Probe
from jobs.media.reframe import Frame

FILM_FRAME = Frame("blur")  # nothing of a film is cut away, and the bars are no black gap


@dataclass(frozen=True)
class Segment:
    """One of the pieces that are joined: a picture for each output, and one sound; None where no piece has any."""

    pictures: Sequence[Stream]
    sound: Stream | None


def film_input(path: Path, probe: Probe, taken: Iterable[str], number: int) -> Stream:
    seconds = f"{probe.duration_us / 1_000_000:.6f}"
    return ffmpeg.input(f"file:{path.absolute()}", **graph.reading(taken, number), threads=1, t=seconds)


def film(source: Stream, probe: Probe, width: int, height: int, rate: Fraction, frames: int) -> Stream:
    """The picture of an intro or an outro on the canvas: so many frames and no more."""
    assert probe.video is not None, "the gate lets no film without a picture through"
    picture = source[str(probe.video.index)]
    return graph.normalise(picture, probe, width, height, rate, FILM_FRAME).filter("trim", end_frame=frames)


def sound(source: Stream, audio: AudioFacts | None, frames: int, rate: Fraction, number: int) -> Stream:
    """The sound of so many frames of a film: cut, filled up with silence, or nothing but that."""
    samples = round(frames * AUDIO_RATE / rate)
    if audio is None:
        return silence(number).filter("atrim", end_sample=samples)
    return graph.sound(source[str(audio.index)], audio.channels).filter("apad").filter("atrim", end_sample=samples)


def main_sound(source: Stream, audio: AudioFacts | None, frames: int, rate: Fraction, number: int) -> Stream:
    """The same of the video itself, which is not filled up: a video that ends early has to be found out by its length.
    `concat` fills the gap up to a film that follows.
    """
    if audio is None:
        return sound(source, audio, frames, rate, number)
    samples = round(frames * AUDIO_RATE / rate)
    return graph.sound(source[str(audio.index)], audio.channels).filter("atrim", end_sample=samples)


def silence(number: int) -> Stream:
    empty = ffmpeg.input(f"anullsrc=r={AUDIO_RATE}:cl=stereo", f="lavfi", thread_queue_size=graph.QUEUE + number)
    return empty.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")


def joined(segments: Sequence[Segment], rate: Fraction) -> tuple[list[Stream], Stream | None]:
    """The pictures and the sound of all pieces, one after the other, in step."""
    wide, heard = len(segments[0].pictures), all(segment.sound is not None for segment in segments)
    streams: list[Stream] = []
    for segment in segments:
        streams += [*segment.pictures, segment.sound] if heard else segment.pictures
    made = ffmpeg.filter_multi_output(streams, "concat", n=len(segments), v=wide, a=int(heard))
    # it counts in microseconds; back to frames
    pictures = [made.stream(number).filter("settb", f"{rate.denominator}/{rate.numerator}") for number in range(wide)]
    return pictures, made.stream(wide) if heard else None
