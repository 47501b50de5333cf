from functools import partial

import pytest

from wtfsite.lib.env import BadSetting, Env


def env(**values: str) -> Env:
    return Env(values)


@pytest.mark.parametrize("value", ["1", "true", "True", "YES", "on", " 1 "])
def test_a_flag_is_on(value):
    assert env(A=value).flag("A")


@pytest.mark.parametrize("value", ["0", "false", "No", "OFF"])
def test_a_flag_is_off_whatever_its_default(value):
    assert not env(A=value).flag("A", default=True)


@pytest.mark.parametrize("value", ["2", "maybe", "ja", "truee"])
def test_an_unclear_flag_is_refused(value):
    with pytest.raises(BadSetting, match="1 or 0"):
        env(A=value).flag("A")


@pytest.mark.parametrize(
    ("value", "wanted"), [("0", 0), ("7", 7), ("007", 7), (" 12 ", 12), ("999999999999999", 999999999999999)]
)
def test_it_reads_whole_numbers(value, wanted):
    assert env(A=value).integer("A", 5) == wanted


@pytest.mark.parametrize("value", ["-1", "+1", "1.5", "1e3", "1_000", "٣", "0x10", "five", "1" * 16])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(BadSetting, match="whole number of at least 0"):
        env(A=value).integer("A", 5)


def test_a_whole_number_below_its_minimum_is_refused():
    with pytest.raises(BadSetting, match="at least 1"):
        env(A="0").integer("A", 5, minimum=1)


@pytest.mark.parametrize(("value", "wanted"), [("0.5", 0.5), ("2", 2.0), ("10.125", 10.125)])
def test_it_reads_numbers(value, wanted):
    assert env(A=value).number("A", 1.0) == wanted


@pytest.mark.parametrize("value", ["-0.5", ".5", "1,5", "nan", "inf", "1e3"])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(BadSetting, match="number of at least"):
        env(A=value).number("A", 1.0)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("500MB", 500_000_000),
        ("500mb", 500_000_000),
        ("2 GiB", 2 * 2**30),
        ("1.5GB", 1_500_000_000),
        ("10KiB", 10_240),
        ("4096", 4096),
        ("4096B", 4096),
        ("0", 0),
    ],
)
def test_it_reads_sizes(value, wanted):
    assert env(A=value).size("A", "1MB") == wanted


@pytest.mark.parametrize("value", ["500M", "MB", "-1MB", "1TB", "1 000 MB", "five MB", "1.2345MB"])
def test_an_unclear_size_is_refused(value):
    with pytest.raises(BadSetting, match="500MB or 2GiB"):
        env(A=value).size("A", "1MB")


def test_it_reads_lists_and_drops_empty_entries():
    assert env(A=" one, two ,,three,").words("A") == ("one", "two", "three")
    assert env().words("A", "x,y") == ("x", "y")
    assert env().words("A") == ()


def test_it_reads_networks():
    assert env(A="127.0.0.0/8, ::1/128,10.1.2.3").networks("A") == ("127.0.0.0/8", "::1/128", "10.1.2.3")


@pytest.mark.parametrize("value", ["localhost", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8;::1"])
def test_an_unclear_network_is_refused(value):
    with pytest.raises(BadSetting, match=r"127\.0\.0\.0/8"):
        env(A=value).networks("A")


def test_it_reads_choices():
    assert env(A="json").choice("A", "text", ("text", "json")) == "json"
    with pytest.raises(BadSetting, match="one of text, json"):
        env(A="xml").choice("A", "text", ("text", "json"))


def test_it_reads_a_choice_of_several():
    read = partial(env(A="mov, flv").subset, "A", ("mov", "avi"))
    assert read(("mov", "avi", "flv"), ("mov",)) == ("mov", "flv")
    assert env().subset("A", ("mov", "avi"), ("mov", "avi", "flv"), ("mov",)) == ("mov", "avi")


@pytest.mark.parametrize("value", ["mov,hls", "avi", "MOV", "mov;avi", "mov,mov,concat"])
def test_an_unknown_or_a_missing_choice_is_refused(value):
    with pytest.raises(BadSetting, match="a comma-separated list of mov, avi, with mov"):
        env(A=value).subset("A", ("mov", "avi"), ("mov", "avi"), ("mov",))


def test_it_reads_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    default = tmp_path / "default"
    assert env().folder("A", default) == default
    assert env(A="sub/../media").folder("A", default) == tmp_path / "media"
    assert env(A="~/media").folder("A", default) == tmp_path / "media"


@pytest.mark.parametrize("value", ["", "  ", "\t\n"])
def test_an_empty_value_means_the_default(value):
    found = env(A=value)
    assert found.text("A", "x") == "x"
    assert found.integer("A", 5) == 5
    assert found.flag("A", default=True)
    assert found.size("A", "1MB") == 1_000_000


def test_a_secret_may_lie_in_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hush\n", encoding="utf-8")
    assert env(A_FILE=str(secret)).text("A") == "hush"
    assert env(A_FILE=str(secret), A="loud").text("A") == "loud"


def test_a_secret_whose_file_is_missing_is_not_an_empty_one(tmp_path):
    with pytest.raises(BadSetting, match=r"A_FILE=.* is not a readable file"):
        env(A_FILE=str(tmp_path / "none")).text("A", "default")


def test_a_refusal_names_variable_value_and_remedy():
    with pytest.raises(BadSetting) as caught:
        env(MAX_UPLOAD_SIZE="lots").size("MAX_UPLOAD_SIZE", "500MB")
    assert str(caught.value) == (
        "MAX_UPLOAD_SIZE='lots' is not a size such as 500MB or 2GiB. "
        "Set MAX_UPLOAD_SIZE to a size such as 500MB or 2GiB, or unset it for the default."
    )


def test_it_reads_the_process_unless_told_otherwise(monkeypatch):
    monkeypatch.setenv("WTF_TEST_ONLY", "here")
    assert Env().text("WTF_TEST_ONLY") == "here"


def test_a_server_is_the_default_or_an_address_and_its_password_is_not_shown():
    assert env().server("A", "orm", ("redis", "unix")) == "orm"
    assert env(A="unix:///run/redis").server("A", "orm", ("redis", "unix")) == "unix:///run/redis"
    for wrong in ("redis", "redis://", "http://:secret@host"):
        with pytest.raises(BadSetting, match="orm, or an address such as redis://") as caught:
            env(A=wrong).server("A", "orm", ("redis", "unix"))
        assert "secret" not in str(caught.value)
