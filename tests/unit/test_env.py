"""Settings: read once, named when they are bad, suggested when they are misspelt."""

from pathlib import Path

import pytest

from zhiheng.site import env


def test_without_any_setting_everything_has_a_value():
    environment = env.read({})
    assert environment.is_embedded
    assert environment.port == 8000
    assert environment.key_file == environment.data / "keyring.json"
    assert environment.hosts == ("localhost", "127.0.0.1")


def test_an_empty_setting_is_no_setting():
    assert env.read({"ZHIHENG_PORT": ""}).port == 8000


def test_lists_are_written_with_commas():
    assert env.read({"ZHIHENG_HOSTS": "zhiheng.hospital.cn, 10.0.0.5"}).hosts == ("zhiheng.hospital.cn", "10.0.0.5")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ZHIHENG_PORT", "http"),
        ("ZHIHENG_PORT", "70000"),
        ("ZHIHENG_DEBUG", "yes"),
        ("ZHIHENG_HOSTS", " , "),
        ("ZHIHENG_LOG_LEVEL", "loud"),
        ("ZHIHENG_WEB_WORKERS", "0"),
        ("ZHIHENG_KEEP_JOBS_DAYS", "0"),
        ("DATABASE_URL", "mysql://root@db/zhiheng"),
        ("DATABASE_URL", "postgresql://db/zhiheng?sslmoed=require"),
        ("ZHIHENG_SECRET_KEY", "short"),
    ],
)
def test_a_bad_setting_is_named_with_what_is_accepted(name, value):
    with pytest.raises(env.BadSettings) as problem:
        env.read({name: value})
    assert str(problem.value).startswith(f"{name}：")
    assert env.declared()[name].json_schema_extra["accepts"] in str(problem.value)


def test_all_bad_settings_are_named_at_once():
    with pytest.raises(env.BadSettings) as problem:
        env.read({"ZHIHENG_PORT": "a", "ZHIHENG_DEBUG": "b", "ZHIHENG_PROT": "8000"})
    assert len(str(problem.value).splitlines()) == 3


def test_what_was_found_is_shown():
    with pytest.raises(env.BadSettings, match="“http”"):
        env.read({"ZHIHENG_PORT": "http"})


@pytest.mark.parametrize("name", [name for name, field in env.declared().items() if field.json_schema_extra["secret"]])
def test_a_secret_is_never_shown(name):
    secret = "mysql://zhiheng:verysecret@db"
    with pytest.raises(env.BadSettings) as problem:
        env.read({name: secret})
    assert "verysecret" not in str(problem.value)


def test_secrets_are_masked_in_the_list():
    environment = env.read({"DATABASE_URL": "postgresql://zhiheng:verysecret@db/zhiheng"})
    shown = {name: value for name, value, _ in env.shown(environment)}
    assert shown["DATABASE_URL"] == "******"
    assert "verysecret" not in f"{shown} {environment!r}"


def test_an_unknown_setting_is_refused_and_the_nearest_named():
    with pytest.raises(env.BadSettings, match=r"ZHIHENG_PROT.*ZHIHENG_PORT"):
        env.read({"ZHIHENG_PROT": "8000"})


def test_the_keys_may_not_stand_in_the_database_folder():
    with pytest.raises(env.BadSettings, match="ZHIHENG_KEY_FILE"):
        env.read({"ZHIHENG_DATA": "/srv/zhiheng", "ZHIHENG_KEY_FILE": "/srv/zhiheng/postgres/keyring.json"})


def test_the_secret_comes_from_its_file(tmp_path):
    (tmp_path / "secret").write_text("s" * 60 + "\n")
    assert env.read({"ZHIHENG_DATA": str(tmp_path)}).secret_key == "s" * 60


def test_a_relative_folder_is_made_absolute():
    assert env.read({"ZHIHENG_DATA": "data"}).data == Path.cwd() / "data"


def test_every_setting_says_what_it_is():
    for name, field in env.declared().items():
        assert field.description, name
        assert field.json_schema_extra["accepts"], name


def test_deliveries_come_into_the_data_folder_unless_a_setting_says():
    assert env.read({"ZHIHENG_DATA": "/srv/zhiheng"}).inboxes == (Path("/srv/zhiheng/inbox"),)
    several = env.read({"ZHIHENG_INBOX": "/data/export, /mnt/his"}).inboxes
    assert several == (Path("/data/export"), Path("/mnt/his"))


@pytest.mark.parametrize("inbox", ["/", "/srv", "/srv/zhiheng", "/srv/zhiheng/postgres", "/data,/etc/zhiheng"])
def test_no_inbox_holds_what_is_ours(inbox):
    ours = {"ZHIHENG_DATA": "/srv/zhiheng", "ZHIHENG_KEY_FILE": "/etc/zhiheng/keyring.json"}
    with pytest.raises(env.BadSettings, match="ZHIHENG_INBOX"):
        env.read({**ours, "ZHIHENG_INBOX": inbox})
