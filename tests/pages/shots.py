"""Screenshots on request (`./run shots`), and one sheet with all of them to look at."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "var" / "shots"
FONT = ROOT / "brands" / "fonts" / "Inter-SemiBold.otf"
TILE = 500, 340  # the sheet shows each shot inside this box
COLUMNS = 6
TALLEST = 2.2  # times its width; of a longer page the sheet shows the top
EDGE = 24
LABEL = 30


class Shots:
    """Takes numbered pictures of pages; does nothing unless asked to."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.taken: list[Path] = []

    def take(self, page, name: str, whole: bool = False) -> None:
        if not self.wanted:
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{len(self.taken) + 1:02d}-{name}.png"
        page.screenshot(path=path, full_page=whole, animations="disabled")
        self.taken.append(path)

    def sheet(self) -> None:
        """All pictures of this run on one, in their order; what an earlier run left behind goes."""
        if not self.taken:
            return
        for old in set(FOLDER.glob("*.png")) - set(self.taken):
            old.unlink()
        rows = -(-len(self.taken) // COLUMNS)
        width, height = TILE[0] + EDGE, TILE[1] + EDGE + LABEL
        sheet = Image.new("RGB", (COLUMNS * width + EDGE, rows * height + EDGE), "#d4d4d8")
        font = ImageFont.truetype(FONT, 18)
        for number, path in enumerate(self.taken):
            left, top = EDGE + number % COLUMNS * width, EDGE + number // COLUMNS * height
            ImageDraw.Draw(sheet).text((left, top), path.stem, fill="black", font=font)
            with Image.open(path) as shot:
                small = shot.crop((0, 0, shot.width, min(shot.height, int(TALLEST * shot.width))))
            small.thumbnail(TILE)
            sheet.paste(small, (left, top + LABEL))
        sheet.save(FOLDER / "sheet.png")
