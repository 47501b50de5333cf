"""Pictures for the artwork of a brand: what is let in comes out as a new PNG, and nothing of the bytes is kept."""

import io
import struct
import zipfile
import zlib

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import big_png, chunk, element, encoded, jpeg, png

group = Group("pictures", door="artwork", file="logo.png")
case = group.case
HEAD = b"\x89PNG\r\n\x1a\n"


def grey(size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert("RGB")


# PNG


@case("artwork_too_large")
def a_bomb_of_169_megapixels(kit: Kit) -> bytes:
    return big_png(13_000, 13_000)


@case("artwork_too_large")
def a_long_thin_line(kit: Kit) -> bytes:
    return big_png(100_000, 1)


@case("artwork_too_large")
def a_claim_of_two_billion_pixels_a_side(kit: Kit) -> bytes:
    return png(8, 8, claim=(2**31 - 1, 2**31 - 1))


@case("artwork_unreadable")
def larger_than_it_says(kit: Kit) -> bytes:
    """Its rows are longer than the header says, and there are not enough of them."""
    return png(64, 64, claim=(63, 4000))


@case("artwork_unreadable")
def no_pixels(kit: Kit) -> bytes:
    return png(8, 8, claim=(0, 0))


@case("artwork_unreadable")
def a_wrong_checksum(kit: Kit) -> bytes:
    data = png(64, 64)
    place = data.index(b"IDAT")
    return data[: place + 4] + bytes([data[place + 4] ^ 0xFF]) + data[place + 5 :]


@case("artwork_unreadable")
def text_that_unpacks_to_200_megabytes(kit: Kit) -> bytes:
    return png(64, 64, 1, chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(200_000_000), 1)))


@case("artwork_unreadable")
def a_profile_that_unpacks_to_200_megabytes(kit: Kit) -> bytes:
    return png(64, 64, 1, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 1)))


@case("accepted")
def a_profile_of_nonsense(kit: Kit) -> bytes:
    return png(64, 64, 1, chunk(b"iCCP", b"x\0\0" + zlib.compress(b"acsp" * 1000)))


@case("accepted")
def a_script_in_its_text(kit: Kit) -> bytes:
    info = PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    return encoded(grey(), "PNG", pnginfo=info)


@case("accepted")
def an_animation_of_two_billion_frames(kit: Kit) -> bytes:
    return png(64, 64, 1, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)))


@case("artwork_unreadable")
def a_chunk_of_four_gigabytes(kit: Kit) -> bytes:
    return png(64, 64)[:33] + b"\xff\xff\xff\xffIDAT" + bytes(1000)


@case("artwork_unreadable")
def only_a_header(kit: Kit) -> bytes:
    return png(64, 64)[:33]


@case("accepted")
def a_page_behind_a_png(kit: Kit) -> bytes:
    return png(64, 64) + b"<script>alert(1)</script>"


# The other kinds that are taken


@case("artwork_unreadable", file="logo.jpg")
def a_jpeg_that_breaks_off(kit: Kit) -> bytes:
    data = jpeg(256, 256)
    return data[: len(data) * 2 // 3]


@case("artwork_too_large", file="logo.jpg")
def a_jpeg_of_four_billion_pixels(kit: Kit) -> bytes:
    data = jpeg()
    place = data.index(b"\xff\xc0")
    return data[: place + 5] + b"\xff\xff\xff\xff" + data[place + 9 :]


@case("accepted", file="logo.jpg")
def a_jpeg_with_a_place(kit: Kit) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    exif[0x010E] = "canary@example.com"
    return encoded(grey(), "JPEG", exif=exif)


@case("accepted", file="logo.jpg")
def a_film_behind_a_jpeg(kit: Kit) -> bytes:
    return jpeg() + kit.clips.mp4


@case("accepted", file="logo.gif")
def an_archive_behind_a_gif(kit: Kit) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("Evil.class", bytes(1000))
    return encoded(Image.new("P", (64, 64)), "GIF") + target.getvalue()


@case("accepted", file="logo.gif")
def a_gif_of_twenty_thousand_frames(kit: Kit) -> bytes:
    """One frame of it is looked at."""
    start = encoded(Image.new("P", (64, 64)), "GIF")[:-1]
    picture = start[start.index(b"\x2c", 13) :]
    return start + picture * 20_000 + b";"


@case("artwork_too_large", file="logo.gif")
def a_gif_of_64_megapixels(kit: Kit) -> bytes:
    start = encoded(Image.new("P", (64, 64)), "GIF")
    return start[:6] + struct.pack("<HH", 8000, 8000) + start[10:]


@case("accepted", file="logo.webp")
def a_moving_webp(kit: Kit) -> bytes:
    frames = [Image.new("RGB", (64, 64), (n, 0, 0)) for n in range(60)]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=1)


@case("artwork_unreadable", file="logo.webp")
def a_webp_that_breaks_off(kit: Kit) -> bytes:
    data = encoded(Image.effect_noise((128, 128), 90).convert("RGB"), "WEBP", lossless=True)
    return data[: len(data) // 2]


@case("artwork_too_large", file="logo.webp")
def a_webp_of_169_megapixels(kit: Kit) -> bytes:
    header = bytes(4) + (12_999).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + header + encoded(grey(), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


# The kinds that are not


@case("artwork_format", file="logo.svg")
def a_drawing_with_a_foreign_picture(kit: Kit) -> bytes:
    link = f'<image href="{kit.secret.as_uri()}"/><image href="{kit.bird.url("x.png")}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">{link}</svg>'.encode()


@case("artwork_format")
def a_drawing_with_entities(kit: Kit) -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "ha">{entities}]><svg>&a9;</svg>'.encode()


@case("artwork_format", file="logo.eps")
def a_postscript(kit: Kit) -> bytes:
    return f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({kit.secret}) (r) file\n".encode()


@case("artwork_format", file="logo.tif")
def a_tiff(kit: Kit) -> bytes:
    return encoded(grey(), "TIFF")


@case("artwork_format", file="logo.ico")
def an_icon(kit: Kit) -> bytes:
    return encoded(grey(), "ICO")


@case("artwork_format", file="logo.bmp")
def a_bitmap(kit: Kit) -> bytes:
    return encoded(grey(), "BMP")


@case("artwork_format", file="logo.psd")
def a_photoshop_file(kit: Kit) -> bytes:
    return b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 30_000, 30_000, 8, 3) + bytes(1000)


@case("artwork_format")
def a_film_called_png(kit: Kit) -> bytes:
    return kit.clips.mp4


@case("artwork_format")
def a_page_called_png(kit: Kit) -> bytes:
    return b"<!doctype html><script>alert(1)</script>"


@case("artwork_format")
def a_pdf_called_png(kit: Kit) -> bytes:
    return b"%PDF-1.7\n" + bytes(1000)


@case("artwork_format")
def a_matroska_called_png(kit: Kit) -> bytes:
    return element("1a45dfa3", element("4282", b"webm")) + bytes(1000)
