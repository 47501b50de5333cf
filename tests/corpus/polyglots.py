"""Files that are two things at once, and files that are something else than their name says."""

import io
import zipfile

from PIL import Image

from tests.corpus.cases import Group, Kit
from tests.corpus.writers import box, encoded, jpeg, movie, plain

group = Group("polyglots")
case = group.case
HTML = b"<!doctype html><html><script>alert(document.domain)</script></html>"


@case("accepted", door="render")
def a_film_with_a_page_at_its_end(kit: Kit) -> bytes:
    return kit.clips.mp4 + HTML


@case("accepted")
def a_film_with_a_page_in_its_first_bytes(kit: Kit) -> bytes:
    return movie(plain(), front=box("free", HTML))


@case("accepted", door="render")
def a_film_with_an_archive_at_its_end(kit: Kit) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../evil.sh", "touch owned")
    return kit.clips.mp4 + target.getvalue()


@case("still_picture")
def a_picture_with_a_film_behind_it(kit: Kit) -> bytes:
    return jpeg() + kit.clips.mp4


@case("still_picture", file="gifar.mp4")
def a_gif_with_an_archive_behind_it(kit: Kit) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("Evil.class", bytes(1000))
    return encoded(Image.new("P", (64, 64)), "GIF") + target.getvalue()


@case("unsupported_format")
def a_pdf_with_a_film_behind_it(kit: Kit) -> bytes:
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n" + kit.clips.mp4


@case("accepted", door="render")
def a_matroska_called_mp4(kit: Kit) -> bytes:
    return kit.clips.mkv


@case("accepted", file="clip.avi")
def a_webm_called_avi(kit: Kit) -> bytes:
    return kit.clips.webm


@case("accepted", file="clip.html")
def a_film_called_a_page(kit: Kit) -> bytes:
    return kit.clips.mp4


@case("unsupported_format")
def a_page_called_mp4(kit: Kit) -> bytes:
    return HTML + b" " * 1000


@case("unsupported_format", file="clip.svg")
def a_drawing(kit: Kit) -> bytes:
    link = f'<image href="{kit.secret.as_uri()}"/><image href="{kit.bird.url("x.png")}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">{link}{" " * 1000}</svg>'.encode()


@case("unsupported_format")
def a_program(kit: Kit) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(4000)


@case("unsupported_format", file="clip.exe")
def a_windows_program(kit: Kit) -> bytes:
    return b"MZ\x90\0" + bytes(60) + b"PE\0\0" + bytes(4000)


@case("unsupported_format", file="clip.sh")
def a_shell_script(kit: Kit) -> bytes:
    return b"#!/bin/sh\ntouch owned\n" + b"# x\n" * 400


@case("unsupported_format")
def an_archive(kit: Kit) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("clip.mp4", kit.clips.mp4)
    return target.getvalue()


@case("unsupported_format", file="clip.eps")
def a_postscript(kit: Kit) -> bytes:
    return f"%!PS-Adobe-3.0 EPSF-3.0\n({kit.secret}) run\n".encode() + b"% x\n" * 400


@case("unsupported_format", file="clip.ts")
def a_transport_stream(kit: Kit) -> bytes:
    """A kind that is off the list unless a setting adds it."""
    return (b"\x47\x40\x00\x10" + bytes(184)) * 50


@case("unsupported_format", file="clip.flv")
def a_flash_video(kit: Kit) -> bytes:
    return b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + bytes(2000)


@case("unsupported_format", file="clip.wmv")
def a_windows_media_file(kit: Kit) -> bytes:
    return bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(2000)
