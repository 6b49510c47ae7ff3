"""What one process of a test run compiles, pytest takes in the others."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests import compiled


def test_pytest_takes_the_modules_that_another_process_compiled(
    pytestconfig: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = [tmp_path / name for name in ("conftest.py", "test_a.py", "b/test_b.py", "b/lab.py")]
    (tmp_path / "b").mkdir()
    for path in modules:
        path.write_text("def fails():\n    given = 1\n    assert given == 2\n")
    compiled.share(pytestconfig, tmp_path, 1, 2)
    assert [compiled.kept(path).exists() for path in modules] == [True, True, True, False]

    def again(*_: object) -> None:
        raise AssertionError("it is compiled once more")

    monkeypatch.setattr(compiled.rewrite, "_rewrite_test", again)
    compiled.share(pytestconfig, tmp_path, 0, 2)
    hook = pytestconfig.pluginmanager.rewrite_hook
    spec = importlib.util.spec_from_file_location("test_b", modules[2], loader=hook)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    hook.exec_module(module)
    with pytest.raises(AssertionError, match=r"assert 1 == 2"):
        module.fails()
