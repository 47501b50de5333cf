"""What can go wrong with media, as one tree and one table.

    MediaError
    +-- FetchError       the address, or the way from there to here
    +-- SourceError      the file that came in
    +-- DocumentError    a list (YAML, JSON) or an archive that somebody brought
    +-- ArtworkError     a brand's plate
    +-- ToolError        ffmpeg itself, or the way we called it
    +-- RenderError      a run that ended without the file it should have made
    +-- ResourceError    this machine: disk, memory, permission, storage

Callers catch as broadly as they mean to. Rows keep only the code (with detail and log tail); the sentence for people
is looked up when it is shown, so a better sentence reaches old rows too.
"""

import re
from dataclasses import dataclass

from wtfsite.lib import names, process

TAIL_LENGTH = 4000


class MediaError(Exception):
    """One failure: `sentence` says what happened, `remedy` what to do, `retryable` whether the same again can end well.

    `detail` is a short fact (the codec's name, the lengths that differ), `tail` the end of the tool's log.
    `retry_after` are seconds, where the other side has said when to come again.
    """

    retry_after: float | None = None

    def __init__(self, code: str, detail: str = "", tail: str = "") -> None:
        cause = explain(code)
        super().__init__(f"{code}: {detail or cause.sentence}")
        self.code = code
        self.detail = names.kept(detail)[:500]
        self.tail = names.kept(tail)[-TAIL_LENGTH:]
        self.sentence = cause.sentence
        self.remedy = cause.remedy
        self.retryable = cause.retryable


class FetchError(MediaError):
    """The address, or the way from there to here."""


class SourceError(MediaError):
    """The file that came in."""


class DocumentError(MediaError):
    """A list (YAML, JSON) or an archive that somebody brought."""


class ArtworkError(MediaError):
    """A brand's plate."""


class ToolError(MediaError):
    """ffmpeg itself, or the way it was called."""


class RenderError(MediaError):
    """A run that ended without the file it should have made."""


class ResourceError(MediaError):
    """This machine: disk, memory, permission, storage."""


@dataclass(frozen=True)
class Cause:
    kind: type[MediaError]
    sentence: str
    remedy: str
    retryable: bool = False
    refines: str = ""  # the wider code that this one is a case of


_OTHER_FILE = "Choose another file, or export this one again as MP4 (H.264 and AAC)."
_ADMIN = "Tell whoever looks after this installation; its log says what FFmpeg answered."
_LATER = "Try again. If it happens twice, look at its log."
_SAVE_IT = "Save it in a browser that may see it, then upload the file."

CODES: dict[str, Cause] = {
    # the way here
    "bad_url": Cause(
        FetchError, "This is not an address of a video.", "Enter a full http(s) address.", refines="blocked_address"
    ),
    "blocked_address": Cause(
        FetchError,
        "The address leads into a private network and is not opened.",
        "Use a public address, or have its network added to EGRESS_ALLOW_CIDRS.",
    ),
    "not_a_video_page": Cause(
        FetchError,
        "No video was found at this address.",
        "Open the address in a browser and copy the video's own link.",
    ),
    "live_stream": Cause(
        FetchError, "This is a live stream; it has no end to wait for.", "Fetch the recording when the stream is over."
    ),
    "login_required": Cause(
        FetchError,
        "The site shows this video only to people who are signed in, invited or paying.",
        _SAVE_IT,
        refines="not_a_video_page",
    ),
    "age_limited": Cause(
        FetchError,
        "The site shows this video only to adults who are signed in.",
        _SAVE_IT,
        refines="not_a_video_page",
    ),
    "removed": Cause(
        FetchError,
        "There is no video at this address any more: it was deleted or hidden.",
        "Open the address in a browser. If the video is gone there too, ask its author for the file.",
        refines="not_a_video_page",
    ),
    "not_here": Cause(
        FetchError,
        "The site does not show this video in the country where this machine is.",
        "Save it where it can be seen, then upload the file.",
        refines="not_a_video_page",
    ),
    "protected": Cause(
        FetchError,
        "The video is copy-protected (DRM) and cannot be fetched.",
        "Ask its owner for the file.",
        refines="not_a_video_page",
    ),
    "not_ready": Cause(
        FetchError, "The site is still preparing this video.", "Try again in an hour.", True, refines="not_a_video_page"
    ),
    "site_unsupported": Cause(
        FetchError,
        "Videos of this site, or of this kind, cannot be fetched.",
        "Save the video in a browser, then upload the file.",
        refines="not_a_video_page",
    ),
    "site_refused": Cause(
        FetchError,
        "The site refuses to hand this video to this machine.",
        "If it plays in a browser, save it there and upload the file. If that happens often, have yt-dlp updated.",
        refines="not_a_video_page",
    ),
    "fetcher_outdated": Cause(
        FetchError,
        "yt-dlp does not understand what the site answered; mostly the site has changed.",
        "Have yt-dlp updated, then try again. Until then save the video in a browser and upload the file.",
        refines="not_a_video_page",
    ),
    "network": Cause(FetchError, "The other side did not answer as it should.", "Try again in a few minutes.", True),
    "rate_limited": Cause(
        FetchError,
        "The site takes no more requests from this machine for a while.",
        "Wait an hour, then try again with fewer videos at once.",
        True,
        refines="network",
    ),
    "site_paced": Cause(
        FetchError, "The site is not asked twice within seconds.", "Wait: it is fetched at its turn.", True, "network"
    ),
    "site_closed": Cause(
        FetchError,
        "The site did not answer several times and is left alone for a while.",
        "Wait: it is tried again by itself. Whoever looks after the installation can open it again under Sites.",
        True,
        "network",
    ),
    # the file
    "missing_file": Cause(
        SourceError, "The file is not there.", "Check the path, or upload or fetch the video once more."
    ),
    "empty_file": Cause(
        SourceError, "The file is empty (0 bytes).", "Upload the video once more.", refines="corrupt_media"
    ),
    "unsupported_format": Cause(SourceError, "The file is of a kind that is not taken.", _OTHER_FILE),
    "still_picture": Cause(
        SourceError, "This is a still picture, not a video.", "Choose a video file.", refines="unsupported_format"
    ),
    "corrupt_media": Cause(
        SourceError,
        "The video cannot be read: it is damaged, or its index is missing.",
        "Usually an upload or a recording broke off. Bring the original file in again.",
    ),
    "truncated": Cause(
        SourceError,
        "The video ends earlier than it says: a piece of the file is missing.",
        "Bring the complete file in again.",
        refines="corrupt_media",
    ),
    "too_large": Cause(SourceError, "The file is larger than allowed.", "Export it with a lower bit rate or cut it."),
    "too_long": Cause(SourceError, "The video is longer than allowed.", "Cut it into shorter pieces."),
    "too_many_streams": Cause(SourceError, "The file holds more tracks than a video has.", _OTHER_FILE),
    "no_video": Cause(SourceError, "The file has no moving picture, at most sound or a cover.", "Choose a video file."),
    "bad_picture_size": Cause(
        SourceError,
        "The picture is too small, too large or of an impossible shape.",
        _OTHER_FILE,
        refines="too_large",
    ),
    "bad_rate": Cause(
        SourceError,
        "The video claims more frames a second than a camera makes.",
        "Export it at 60 frames a second.",
        refines="resource_limit",
    ),
    "bad_name": Cause(
        SourceError, "The file's name cannot be used.", "Give the file a plain name, then bring it in again."
    ),
    # lists and archives
    "bad_manifest": Cause(
        DocumentError,
        "The list cannot be read.",
        "Correct what is named here in the YAML or JSON file, then try again.",
    ),
    "bad_archive": Cause(
        DocumentError, "The archive cannot be read.", "Make a plain ZIP file of the files themselves, then try again."
    ),
    # artwork
    "artwork_missing": Cause(
        ArtworkError, "The brand has no such picture, or its file is gone.", "Upload it in the brand's artwork."
    ),
    "artwork_unreadable": Cause(
        ArtworkError,
        "The brand's artwork cannot be read as a picture.",
        "Replace it in the brand's artwork with a PNG, JPEG or WebP file.",
        refines="corrupt_media",
    ),
    "artwork_format": Cause(
        ArtworkError,
        "The artwork is of a kind that is not taken.",
        "Export it as a PNG, JPEG or WebP file.",
        refines="unsupported_format",
    ),
    "artwork_too_large": Cause(
        ArtworkError, "The artwork is larger than allowed.", "Export it smaller.", refines="too_large"
    ),
    "artwork_invisible": Cause(
        ArtworkError,
        "Less than one percent of the picture can be seen.",
        "Lower the strength or remove no ground. If it is as empty without that, export it anew, close to its edges.",
        refines="artwork_unreadable",
    ),
    "artwork_ground": Cause(
        ArtworkError,
        "The picture does not stand on a plain ground that could be removed.",
        "Take it as it is, or choose a picture on one dark or light colour.",
        refines="artwork_unreadable",
    ),
    "font_missing": Cause(
        ArtworkError, "The font of a text is not there, or its file is gone.", "Upload it again under Fonts."
    ),
    "font_unreadable": Cause(
        ArtworkError,
        "The font cannot be used: it is damaged, or not as a font has to be.",
        "Ask whoever made it for an intact OpenType or TrueType file, or export it again.",
        refines="corrupt_media",
    ),
    "font_format": Cause(
        ArtworkError,
        "The font is of a kind that is not taken.",
        "Export it as an OpenType (.otf) or TrueType (.ttf) file.",
        refines="unsupported_format",
    ),
    "font_too_large": Cause(
        ArtworkError,
        "The font is larger than allowed.",
        "Export one with fewer characters.",
        refines="too_large",
    ),
    "clip_missing": Cause(
        ArtworkError,
        "The brand has no such clip, or its file is gone.",
        "Upload it among the clips of the brand, or hide the layer that shows it.",
        refines="artwork_missing",
    ),
    "clip_unreadable": Cause(
        ArtworkError,
        "The brand's clip cannot be used.",
        "Replace it among the clips of the brand.",
        refines="artwork_unreadable",
    ),
    "brand_removed": Cause(
        ArtworkError, "The brand is no longer there.", "Order the video again for the brands that are."
    ),
    # the tool
    "tool_missing": Cause(
        ToolError,
        "FFmpeg or ffprobe is not installed.",
        "Install both (Debian and Ubuntu: apt-get install ffmpeg), or set FFMPEG_PATH and FFPROBE_PATH.",
    ),
    "fetcher_missing": Cause(
        ToolError, "yt-dlp is not installed.", "Install what the studio needs again: ./run setup."
    ),
    "sandbox_refused": Cause(
        ToolError,
        "The sandbox did not let the program start.",
        "Tell whoever looks after this installation: ./run manage check names the sandbox of this machine, and"
        " docs/security.md says what it needs.",
    ),
    "unknown_encoder": Cause(
        ToolError, "This FFmpeg lacks an encoder that is needed.", "Install a full build: it needs libx264 and aac."
    ),
    "unknown_filter": Cause(
        ToolError, "This FFmpeg does not know a filter that is needed.", "Install a full build of version 5.1 or later."
    ),
    "bad_filter": Cause(ToolError, "FFmpeg refused the filters it was given.", _ADMIN),
    "bad_option": Cause(ToolError, "FFmpeg refused the options it was given.", _ADMIN),
    "odd_size": Cause(ToolError, "The picture size is not divisible by two.", _ADMIN),
    # the run
    "killed": Cause(
        RenderError,
        "The program was stopped from outside, perhaps because memory ran out.",
        "Try again.",
        True,
        refines="resource_limit",
    ),
    "crashed": Cause(
        RenderError,
        "The program crashed: damaged material, or too little memory.",
        _LATER,
        True,
        refines="corrupt_media",
    ),
    "stalled": Cause(
        RenderError,
        "The program made no progress for too long and was stopped.",
        _LATER,
        True,
        refines="resource_limit",
    ),
    "timeout": Cause(
        RenderError, "The work took longer than allowed and was stopped.", _LATER, True, refines="resource_limit"
    ),
    "abandoned": Cause(
        RenderError,
        "The worker stopped in the middle of this, and it will not start again by itself.",
        "Retry it. If it happens again, the worker's log says why it stops.",
        True,
    ),
    "cancelled": Cause(RenderError, "Cancelled.", "Order it again if it is wanted after all."),
    "encoder_failed": Cause(RenderError, "The encoder could not be started.", _LATER, True),
    "wrong_result": Cause(RenderError, "The finished file is not as ordered and was thrown away.", _LATER, True),
    "wrong_length": Cause(
        RenderError, "The finished file has another length than the video.", _LATER, True, refines="corrupt_media"
    ),
    "missing_sound": Cause(
        RenderError, "The finished file has no sound though the video has.", _LATER, True, refines="corrupt_media"
    ),
    "unknown": Cause(
        RenderError,
        "It failed for a reason that has no name yet.",
        "Try again. If it happens twice, look at its log; whoever understands it can name it under Failures to name.",
        True,
    ),
    # the machine
    "permission": Cause(
        ResourceError, "A file or folder may not be read or written.", "Check the rights of the media and temp folders."
    ),
    "bad_output": Cause(
        ResourceError,
        "The finished file cannot be written where it belongs: its folder is missing, or the name is taken.",
        "Check that the media and temp folders are there.",
    ),
    "disk_full": Cause(ResourceError, "The disk is full.", "Make room (manage.py prune helps), then try again.", True),
    "disk_floor": Cause(
        ResourceError,
        "There is too little free disk space to start.",
        "Make room (manage.py prune helps), or lower DISK_FLOOR_MB.",
        True,
    ),
    "resource_limit": Cause(
        ResourceError,
        "The work needed more memory, processor time or space than it may take.",
        "Bring in a smaller file, or this one exported again. If that ends like this too, give the worker more memory.",
        True,
    ),
    "storage": Cause(ResourceError, "The storage did not take or give the file.", "Try again in a few minutes.", True),
}


def explain(code: str) -> Cause:
    """The cause behind a stored code; a code of another version of the program is explained as unknown."""
    return CODES.get(code, CODES["unknown"])


def told(sentence: str, detail: str, remedy: str) -> str:
    """A failure for people in one line: what happened, the detail in brackets, what to do."""
    happened = f"{sentence.rstrip('.')} ({detail.rstrip('.')})." if detail else sentence
    return f"{happened} {remedy}"


def fail(code: str, detail: str = "", tail: str = "") -> MediaError:
    """The error for this code, of the class the table names."""
    return explain(code).kind(code, detail, tail)


# Told apart by text: 5.1 exits with 1 for nearly everything. The first row that is found counts, so causes stand before
# their consequences ("No space left" before "Error writing trailer"; "moov atom not found" comes with "Invalid data").
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        # the machine
        (r"No space left on device|Disk quota exceeded", "disk_full"),
        (r"File too large", "resource_limit"),
        (r"Number of streams exceeds max_streams", "too_many_streams"),  # "Cannot allocate memory" follows
        (r"Resource temporarily unavailable|Cannot allocate memory|Out of memory", "resource_limit"),
        (r"failed to map segment|malloc of size \d+ failed|Too many open files", "resource_limit"),
        (r"Permission denied|Operation not permitted|Read-only file system", "permission"),
        # what is not taken
        (r"Codec \((?P<detail>[\w.-]+)\) not on whitelist", "unsupported_format"),
        (r"(Format|Protocol|Demuxer|Decoder)\b.{0,99} not on whitelist|patches welcome", "unsupported_format"),
        (r"Too many channels: \d+|Invalid channel layout|Unsupported (codec|pixel format)", "unsupported_format"),
        (r"Connection (refused|reset|timed out)|Failed to resolve|(Network|Host) (is )?unreachable", "network"),
        # the program, and how it was called
        (r"Unknown encoder '(?P<detail>[\w.-]+)'|Encoder not found", "unknown_encoder"),
        (r"Unknown decoder '(?P<detail>[\w.-]+)'|Decoder \(codec (?P<codec>[\w.-]+)\) not found", "unsupported_format"),
        (r"No such filter: '(?P<detail>[\w.-]+)'|No option name near", "unknown_filter"),
        (r"(width|height) not divisible by 2", "odd_size"),
        (r"matches no streams|does not contain any stream", "no_video"),
        (r"[Ii]nvalid (preset|profile|duration|input file index)|Error setting (preset|profile|option)", "bad_option"),
        (
            r"Error setting option \w+ to value|Unable to parse .{0,99}option value|incompatible with 2pass",
            "bad_option",
        ),
        (r"Unrecognized option|Error configuring the a?trim filter|-t value must|Missing argument", "bad_option"),
        (r"[Oo]utput format '.{0,99}' is not|suitable output format|choose an output format", "bad_option"),
        (
            r"Unknown input format|are supported for (WebM|MP4)|tag .{0,99} not currently supported in container",
            "bad_option",
        ),
        (r"max_pixels|max pixel count|Picture size .{0,99} is invalid", "bad_picture_size"),
        (
            r"Error (re)?initiali[sz]ing (complex |a simple )?filter|Error applying option .{0,99} to filter",
            "bad_filter",
        ),
        (r"Error parsing (a )?filter|Cannot parse expression|between colorspaces", "bad_filter"),
        (r"unconnected|label '.{0,99}' does not exist", "bad_filter"),
        # the place for the result
        (r"All tee outputs failed|(Is|Not) a directory|already exists\. Exiting", "bad_output"),
        (r"Error opening output .{0,99}: No such file", "bad_output"),
        # the source
        (r"moov atom not found", "corrupt_media"),
        (r"partial file|File ended prematurely|Truncating packet of size", "truncated"),
        (r"Invalid data found when processing input|End of file", "corrupt_media"),
        (r"Cannot determine format of input stream|Failed to read frame size", "corrupt_media"),
        (r"No such file or directory", "missing_file"),
        (r"error while loading shared libraries", "tool_missing"),
        (r"Input/output error", "storage"),
        (r"Error while opening encoder|Could not open encoder", "encoder_failed"),
    )
)

# Without a telling text. Negative numbers are signals; 128 + n is how a shell reports them; 256 - errno is how later
# versions of ffmpeg end; 183 and 8 are their "invalid data" and "encoder not found".
_EXITS: dict[int, str] = {
    -9: "killed",
    137: "killed",
    -15: "killed",
    143: "killed",
    255: "killed",
    -24: "resource_limit",
    152: "resource_limit",
    -25: "resource_limit",
    153: "resource_limit",
    -6: "crashed",
    134: "crashed",
    -11: "crashed",
    139: "crashed",
    -7: "crashed",
    135: "crashed",
    127: "tool_missing",
    8: "unknown_encoder",
    145: "network",
    183: "corrupt_media",
    187: "encoder_failed",
    222: "bad_option",
    228: "disk_full",
    229: "resource_limit",
    234: "bad_option",
    235: "bad_output",
    243: "permission",
    244: "resource_limit",
    245: "resource_limit",
    251: "storage",
    254: "missing_file",
}
# These say more than any text: what was written before is about the material, or a consequence.
_CERTAIN = {-9, -24, -25, 228, 229, 244, 245}


def classify(finished: "process.Finished | None", default: str = "unknown") -> MediaError:
    """The error behind a run of ffmpeg or ffprobe that did not end with 0; texts of 5.1 to 9.0 are known."""
    if finished is None:
        return fail(default)
    if finished.returncode not in _CERTAIN:
        for pattern, code in _TEXTS:
            if found := pattern.search(finished.stderr):
                return fail(code, _named(found), finished.stderr)
    said = finished.stderr if finished.stderr.strip() else f"It ended with {finished.returncode} and said nothing."
    return fail(_EXITS.get(finished.returncode, default), f"exit {finished.returncode}", said)


def translate(error: "process.ProcessError", default: str = "unknown") -> MediaError:
    """The media error for a runner's error. Not for `process.Cancelled`: nothing went wrong there; it rises.

    `default` is for a tool that failed with words that nobody knows yet.
    """
    finished: process.Finished | None = getattr(error, "finished", None)
    tail = finished.stderr if finished else ""
    if isinstance(error, process.NotStarted):
        return fail(_not_started(finished), str(error), tail)
    if isinstance(error, process.TimedOut):
        return fail("timeout", str(error), tail)
    if isinstance(error, process.Stalled):
        return fail("stalled", str(error), tail)
    return classify(finished, default)


def _not_started(finished: "process.Finished | None") -> str:
    """Only 127 means that the program is not there. All else kept it, or the sandbox around it, from starting."""
    if finished and finished.returncode == 127:
        return "tool_missing"
    short = finished and re.search(r"Cannot allocate memory|Resource temporarily unavailable", finished.stderr)
    return "resource_limit" if short else "sandbox_refused"


def _named(found: re.Match[str]) -> str:
    return next((value for value in found.groupdict().values() if value), "")
