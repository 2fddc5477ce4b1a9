from __future__ import annotations

import json

from tests.support.daemon import Home


def test_init_writes_a_configuration_that_loads(home: Home) -> None:
    done = home.run("init")
    file = home.config_dir / "ccproxy.yaml"
    assert (done.returncode, done.stderr) == (0, "")
    assert file.is_file()
    assert str(file) in done.stdout
    assert "ccproxy start" in done.stdout
    assert json.loads(home.run("status", "--json").stdout)["problems"] == []


def test_init_keeps_what_is_there(home: Home) -> None:
    file = home.write({"port": 4999})
    before = file.read_bytes()
    done = home.run("init")
    assert done.returncode == 0
    assert "--force" in done.stdout
    assert file.read_bytes() == before
    assert home.run("init", "--force").returncode == 0
    assert file.read_bytes() != before


def test_config_beats_the_environment(home: Home) -> None:
    other = home.root / "elsewhere"
    assert home.run("--config", str(other), "init").returncode == 0
    assert (other / "ccproxy.yaml").is_file()
    assert not (home.config_dir / "ccproxy.yaml").exists()
    value = json.loads(home.run("--config", str(other), "status", "--json").stdout)
    assert value["config"] == {"ccproxy.yaml": str(other / "ccproxy.yaml")}


def test_init_where_nothing_can_be_written(home: Home) -> None:
    (home.root / "file").touch()
    done = home.run("--config", str(home.root / "file" / "below"), "init")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
