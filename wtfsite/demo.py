"""What `manage.py demo` shows: a clip made on the spot, three fictional brands, a real worker, nine files."""

from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw, ImageFilter

from jobs.media import errors
from jobs.media.tools import Tools
from wtfsite.lib import process

SECONDS = 12
WIDTH, HEIGHT = 1080, 1920
SUN = 420


def clip(tools: Tools) -> Path:
    """A 12-second vertical clip with sound: a sun that wanders over a changing sky, and some grain.

    Made once and kept; the same ffmpeg makes the same bytes, so that a second demo recognises it.
    """
    target: Path = settings.DATA_DIR / "demo" / "harbour-at-dawn.mp4"
    if target.exists():
        return target
    work = target.parent
    work.mkdir(parents=True, exist_ok=True)
    sun = work / "sun.png"
    _draw_sun(sun)
    part = work / "part.mp4"
    try:
        tools.run(_command(tools, sun, part), work=work, reads=[sun], timeout=300)
    except process.ProcessError as error:
        raise errors.translate(error) from error
    part.replace(target)
    return target


def _draw_sun(path: Path) -> None:
    image = Image.new("RGBA", (SUN, SUN), (255, 214, 122, 0))
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, 60, SUN - 60, SUN - 60), fill=(255, 226, 150, 235))
    image.filter(ImageFilter.GaussianBlur(18)).save(path)


def _command(tools: Tools, sun: Path, target: Path) -> list[str]:
    sky = f"gradients=s=270x480:r=30:d={SECONDS}:c0=0x13264d:c1=0xe8744f:c2=0x5b2a6b:n=3:speed=0.03:seed=7"
    path = f"overlay=x='(W-w)/2+300*sin(t*0.7)':y='H*0.30+420*cos(t*0.5)':shortest=1,noise=alls=7:allf=t:all_seed=7"
    chord = "0.12*sin(2*PI*220*t)+0.09*sin(2*PI*277.18*t)+0.09*sin(2*PI*329.63*t)+0.05*sin(2*PI*440*t)*sin(PI*t/2)"
    return [
        *(tools.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-y"),
        *("-f", "lavfi", "-i", sky, "-loop", "1", "-framerate", "30", "-i", f"file:{sun}"),
        *("-f", "lavfi", "-i", f"aevalsrc={chord}|{chord}:s=48000:d={SECONDS}"),
        *("-filter_complex", f"[0:v]scale={WIDTH}:{HEIGHT}[sky];[sky][1:v]{path},format=yuv420p[v]"),
        *("-map", "[v]", "-map", "2:a", "-t", str(SECONDS), "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-threads", "1", "-c:a", "aac", "-b:a", "128k", "-fflags", "+bitexact", "-map_metadata", "-1"),
        *("-movflags", "+faststart", f"file:{target}"),
    ]
