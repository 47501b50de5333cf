"""Lists in YAML and JSON: small files that become large, run code, or mean two things at once."""

from tests.corpus.cases import Group

YAML = Group("yaml", door="yaml", file="list.yaml")
JSON = Group("json", door="json", file="list.json")
GROUPS = (YAML, JSON)
BAD = "bad_manifest"
LIMIT = 64 * 1024


def _aliases() -> bytes:
    """The billion laughs: 460 bytes that become ten to the ninth words."""
    lines = ['a0: &a0 ["lol"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines).encode()


YAML.add("alias bomb", BAD, _aliases())
YAML.add("one alias", BAD, b"a: &x 1\nb: *x\n")
YAML.add("a list that holds itself", BAD, b"&a [*a]\n")
YAML.add("merge of a map", BAD, b"a: &x {b: 1}\nc:\n  <<: *x\n")
YAML.add("twenty thousand brackets", BAD, b"[" * 20_000)
YAML.add("twenty thousand closed brackets", BAD, b"[" * 20_000 + b"]" * 20_000)
YAML.add("a hundred levels of maps", BAD, "".join(f"{' ' * n}a:\n" for n in range(100)).encode())
YAML.add("a key twice", BAD, b"title: one\ntitle: two\n")
YAML.add("a key twice within", BAD, b"videos:\n  - title: one\n    title: two\n")
YAML.add("python call", BAD, b"!!python/object/apply:os.system ['touch owned']\n")
YAML.add("python object", BAD, b"!!python/object/new:subprocess.Popen [['touch', 'owned']]\n")
YAML.add("python name", BAD, b"a: !!python/name:os.system\n")
YAML.add("a tag of its own", BAD, b"a: !secret b\n")
YAML.add("infinity", BAD, b"a: .inf\n")
YAML.add("no number", BAD, b"a: .nan\n")
YAML.add("a number of five thousand digits", BAD, b"a: " + b"9" * 5000)
YAML.add("a number of base sixty", "accepted", b"a: " + b"1:" * 3000 + b"1")
YAML.add("half a character", BAD, b'a: "\\ud800"\n')
YAML.add("NUL", BAD, b'a: "\\0"\n')
YAML.add("a raw NUL", BAD, b"a: b\0c\n")
YAML.add("more than 64 KiB", BAD, b"#" * LIMIT + b"\n")
YAML.add("not UTF-8", BAD, b"a: \xff\xfe\xfa\n")
YAML.add("UTF-16", BAD, "a: [1]\n".encode("utf-16"))
YAML.add("two documents", BAD, b"a: 1\n---\nb: 2\n")
YAML.add("a map as a key", BAD, b"? {a: 1}\n: 2\n")
YAML.add("a tab for a space", BAD, b"a:\n\t- b\n")
YAML.add("a film", BAD, lambda kit: kit.clips.mp4[:LIMIT])
YAML.add("nothing but a comment", "accepted", b"# no more\n")
YAML.add("words that look like no words", "accepted", b"a: 'NO'\nb: \"12:30:45\"\n")

JSON.add("twenty thousand brackets", BAD, b"[" * 20_000 + b"]" * 20_000)
JSON.add("a hundred levels", BAD, b'{"a":' * 100 + b"1" + b"}" * 100)
JSON.add("a key twice", BAD, b'{"title": "one", "title": "two"}')
JSON.add("a key twice within", BAD, b'{"a": [{"b": 1, "b": 2}]}')
JSON.add("NaN", BAD, b'{"a": NaN}')
JSON.add("Infinity", BAD, b'{"a": -Infinity}')
JSON.add("a number beyond all numbers", BAD, b'{"a": 1e999}')
JSON.add("a number of five thousand digits", BAD, b'{"a": ' + b"9" * 5000 + b"}")
JSON.add("half a character", BAD, b'{"a": "\\ud800"}')
JSON.add("half a character as a key", BAD, b'{"\\udfff": 1}')
JSON.add("NUL", BAD, b'{"a": "\\u0000"}')
JSON.add("more than a mebibyte", BAD, b'{"a": "' + b"x" * (1 << 20) + b'"}')
JSON.add("not UTF-8", BAD, b'{"a": "\xff\xfe"}')
JSON.add("UTF-32", BAD, '{"a": 1}'.encode("utf-32"))
JSON.add("two documents", BAD, b'{"a": 1}{"b": 2}')
JSON.add("a comma too many", BAD, b'{"a": 1,}')
JSON.add("nothing", BAD, b"")
JSON.add("a page", BAD, b"<!doctype html><script>alert(1)</script>")
JSON.add("keys that mean something elsewhere", "accepted", b'{"__proto__": {"a": 1}, "constructor": "x"}')
