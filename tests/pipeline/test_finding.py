"""Hooks that the configuration lists: what a name means, in which order they stand, and what is wrong where."""

from __future__ import annotations

import pytest

from ccproxy.config import Config
from ccproxy.pipeline.settling import find_steps
from tests.pipeline.users import User, a_hook


def test_without_a_configuration_there_are_the_built_in_hooks(user: User) -> None:
    assert [(step.stage, step.name, step.source) for step in user.steps()] == [
        ("inbound", "extract_session_id", "default"),
        ("outbound", "inject_auth", "default"),
        ("outbound", "verbose_mode", "default"),
    ]


def test_a_configuration_that_was_not_loaded_will_do(tmp_path: object) -> None:
    config = Config.model_validate({"hooks": {"hooks_dir": None, "entry_points": False}})
    assert [step.name for step in find_steps(config).steps] == ["extract_session_id", "inject_auth", "verbose_mode"]


def test_the_guard_of_the_credentials_is_there_without_being_listed(user: User) -> None:
    user.says("""
        inbound: []
        outbound: [ccproxy.hooks.verbose_mode]
    """)
    assert [(step.name, step.source) for step in user.steps()] == [
        ("inject_auth", "built in"),
        ("verbose_mode", "hooks.outbound[0]"),
    ]
    assert [(step.on_error, step.overridable) for step in user.steps()] == [("fail", False), ("continue", True)]


def test_where_the_guard_is_listed_it_stays(user: User) -> None:
    user.says("""
        inbound: []
        outbound: [ccproxy.hooks.verbose_mode, "ccproxy.hooks.inject_auth:inject_auth"]
    """)
    assert [step.name for step in user.steps()] == ["verbose_mode", "inject_auth"]


def test_a_module_is_all_hooks_that_it_defines_in_its_order(user: User) -> None:
    other = user.installs("UNIQUE.py", a_hook("imported"))
    code = f"from {other} import imported\n" + a_hook("b") + a_hook("a", "response") + "c = b\n"
    user.says(f"inbound: [{user.installs('UNIQUE.py', code)}]")
    assert [(step.name, step.stage) for step in find_steps(user.config).steps if step.name in "abc imported"] == [
        ("b", "inbound"),
        ("a", "response"),
    ]


def test_a_package_is_the_hooks_that_it_takes_from_its_inside(user: User) -> None:
    package = user.installs("UNIQUE/__init__.py", "from .inner import a\n" + a_hook("b"))
    user.installs(f"{package}/inner.py", a_hook("a") + a_hook("not_taken"))
    user.says(f"inbound: [{package}]")
    assert user.own() == ["a", "b"]


def test_one_function_of_a_module(user: User) -> None:
    module = user.installs("UNIQUE.py", a_hook("a") + a_hook("b"))
    user.says(f"inbound: ['{module}:b']")
    assert user.own() == ["b"]


def test_a_name_means_the_users_own_file_before_a_module(user: User) -> None:
    module = user.installs("UNIQUE.py", a_hook("theirs"))
    user.has(f"{module}.py", a_hook("mine"))
    user.says(f"inbound: [{module}]")
    assert user.own() == ["mine"]


def test_what_is_built_in_cannot_be_replaced_by_a_file(user: User) -> None:
    user.has("ccproxy/__init__.py", "")
    user.has("ccproxy/hooks/__init__.py", "")
    user.has("ccproxy/hooks/inject_auth.py", a_hook("inject_auth", "outbound"))
    user.says("outbound: [ccproxy.hooks.inject_auth]")
    assert [step.hook.module for step in user.steps() if step.name == "inject_auth"] == ["ccproxy.hooks.inject_auth"]


def test_what_is_listed_takes_the_place_of_the_default(user: User) -> None:
    user.says("""
        inbound: [ccproxy.hooks.inject_auth]
        response: [ccproxy.hooks.extract_session_id]
    """)
    assert [(step.stage, step.name, step.source) for step in user.steps()] == [
        ("outbound", "inject_auth", "hooks.inbound[0]"),
        ("outbound", "verbose_mode", "default"),
        ("inbound", "extract_session_id", "hooks.response[0]"),
    ]


def test_what_the_list_says_about_a_hook_is_said_once_and_counts(user: User) -> None:
    user.has("a.py", a_hook("unlisted") + a_hook("a", security="True"))
    user.says("inbound: [{hook: 'a:a', on_error: continue, overridable: true}]")
    found = {step.name: step for step in user.steps()}
    assert (found["a"].source, found["a"].on_error, found["a"].overridable) == ("hooks.inbound[0]", "continue", True)
    assert found["unlisted"].source == "hooks/a.py"
    assert user.own() == ["a", "unlisted"]


def test_what_the_list_does_not_say_is_left_to_the_hook(user: User) -> None:
    user.has("a.py", a_hook("a", security="True") + a_hook("b", on_error="'fail'", overridable="False"))
    user.says("inbound: [a]")
    found = {step.name: (step.on_error, step.overridable) for step in user.steps()}
    assert (found["a"], found["b"]) == (("fail", False), ("fail", False))


def test_the_order_is_that_of_the_list_then_of_files_then_of_their_lines(user: User) -> None:
    user.has("b.py", a_hook("b2") + a_hook("b1"))
    user.has("a.py", a_hook("a1"))
    user.has("z.py", a_hook("z"))
    user.says(f"inbound: [z, {user.installs('UNIQUE.py', a_hook('listed'))}]")
    assert user.own() == ["z", "listed", "a1", "b2", "b1"]


def test_a_hook_runs_in_its_own_stage_wherever_it_is_listed(user: User) -> None:
    user.has("a.py", a_hook("outgoing", "outbound"))
    user.has("b.py", a_hook("either", "outbound").replace("'outbound'", "['inbound', 'response']"))
    user.says("""
        inbound: [a]
        outbound: ["b:either"]
        response: []
    """)
    found = find_steps(user.config)
    assert {step.name: step.stage for step in found.steps if step.name in ("outgoing", "either")} == {
        "outgoing": "outbound",
        "either": "inbound",
    }
    assert [line.removeprefix(f"{user.base}/") for line in found.warnings] == [
        "ccproxy.yaml:3:15: hooks.inbound[0]: outgoing runs in the outbound stage: list it under hooks.outbound",
        "ccproxy.yaml:4:16: hooks.outbound[0]: either runs in the inbound stage: list it under hooks.inbound",
    ]


@pytest.mark.parametrize("stage", ["inbound", "outbound", "response"])
def test_of_several_stages_the_list_chooses(user: User, stage: str) -> None:
    user.has("a.py", a_hook("a").replace("'inbound'", "['outbound', 'response', 'inbound']"))
    user.says(f"{stage}: [a]")
    found = find_steps(user.config)
    assert ([step.stage for step in found.steps if step.name == "a"], found.warnings) == ([stage], [])


def test_without_a_list_it_is_the_first_stage(user: User) -> None:
    user.has("a.py", a_hook("a").replace("'inbound'", "['response', 'inbound']"))
    assert [step.stage for step in user.steps() if step.name == "a"] == ["response"]


def test_a_disabled_hook_does_not_run_wherever_it_comes_from(user: User) -> None:
    user.has("a.py", a_hook("a") + a_hook("b"))
    user.says("disabled: [verbose_mode, a, gemini_cli, commitbee_compat]")
    assert [step.name for step in user.steps()] == ["extract_session_id", "inject_auth", "b"]


def test_a_disabled_hook_leaves_its_name_to_another(user: User) -> None:
    user.has("a.py", a_hook("verbose_mode"))
    user.says("disabled: [verbose_mode]")
    assert user.own() == []


def test_hooks_of_later_versions_have_no_effect(user: User) -> None:
    user.says("""
        outbound:
          - {hook: ccproxy.hooks.inject_mcp_notifications, params: {any: thing}}
          - ccproxy.hooks.inject_mcp_notifications:inject_mcp_notifications
    """)
    assert [step.name for step in user.steps()] == ["inject_auth", "extract_session_id"]


WRONG = [
    (
        "outbound: [ccproxy.hooks.verbos_mode]",
        "ccproxy.yaml:3:16: hooks.outbound[0]: there is no module 'ccproxy.hooks.verbos_mode'; "
        "did you mean ccproxy.hooks.verbose_mode?",
    ),
    (
        "inbound: [verbose_mode]",
        "ccproxy.yaml:3:15: hooks.inbound[0]: there is no module 'verbose_mode'; "
        "did you mean ccproxy.hooks.verbose_mode?",
    ),
    (
        "inbound: [acme.hooks.redact]",
        "ccproxy.yaml:3:15: hooks.inbound[0]: there is no module 'acme.hooks.redact'; "
        "install it beside ccproxy, or put it into hooks_dir",
    ),
    (
        "inbound: [ccproxy.hooks]",
        "ccproxy.yaml:3:15: hooks.inbound[0]: module 'ccproxy.hooks' defines no hooks; "
        "put @hook(…) above a function of it",
    ),
    (
        "inbound: ['ccproxy.hooks.verbose_mode:verbose']",
        "ccproxy.yaml:3:15: hooks.inbound[0]: module 'ccproxy.hooks.verbose_mode' has no 'verbose'; "
        "its hooks are verbose_mode",
    ),
    (
        "inbound: ['json:loads']",
        "ccproxy.yaml:3:15: hooks.inbound[0]: 'loads' in module 'json' is not a hook; put @hook(…) above the function",
    ),
    (
        "inbound: ['json:no']",
        "ccproxy.yaml:3:15: hooks.inbound[0]: module 'json' has no 'no'; it defines no hooks at all",
    ),
    (
        "outbound:\n  - ccproxy.hooks.verbose_mode\n  - hook: ccproxy.hooks.verbose_mode:verbose_mode",
        "ccproxy.yaml:5:9: hooks.outbound[1]: hook verbose_mode is listed twice, first as hooks.outbound[0]; "
        "keep one of the two",
    ),
    (
        "disabled: [verbose_mode, verbos]",
        "ccproxy.yaml:3:30: hooks.disabled[1]: there is no hook 'verbos'; did you mean verbose_mode?",
    ),
    (
        "disabled: [zzz]",
        "ccproxy.yaml:3:16: hooks.disabled[0]: there is no hook 'zzz'; "
        "there are extract_session_id, inject_auth, verbose_mode",
    ),
    (
        "disabled: [inject_auth]",
        "ccproxy.yaml:3:16: hooks.disabled[0]: inject_auth cannot be disabled; remove it",
    ),
    (
        "outbound:\n  - hook: ccproxy.hooks.inject_auth\n    overridable: true",
        "ccproxy.yaml:5:9: hooks.outbound[0].overridable: nothing goes to a provider without inject_auth; "
        "remove this line",
    ),
    (
        "outbound: [{hook: ccproxy.hooks.inject_auth, on_error: continue}]",
        "ccproxy.yaml:3:50: hooks.outbound[0].on_error: nothing goes to a provider without inject_auth; "
        "remove this line",
    ),
]


@pytest.mark.parametrize(("hooks", "expected"), WRONG, ids=[hooks for hooks, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(user: User, hooks: str, expected: str) -> None:
    user.says(hooks)
    assert user.complaints() == [expected]


def test_params_are_for_one_hook(user: User) -> None:
    user.has("a.py", a_hook("a") + a_hook("b"))
    user.says("inbound: [{hook: a, params: {x: 1}}]")
    assert user.complaints() == [
        "ccproxy.yaml:3:15: hooks.inbound[0]: params are for one hook, and module 'a' defines a, b; "
        "write for example hook: a:a"
    ]


def test_two_hooks_cannot_have_one_name(user: User) -> None:
    user.has("a.py", a_hook("same"))
    user.has("b.py", a_hook("same"))
    assert user.complaints() == [
        "hooks/b.py: the name 'same' is taken by the hook of hooks/a.py (hooks/a.py); give the function another name"
    ]


def test_everything_that_is_wrong_at_once(user: User) -> None:
    user.has("broken.py", "x = \n")
    user.has("fine.py", a_hook("fine"))
    user.says("""
        inbound:
          - acme.nothing
          - hook: fine
            params: {x: 1}
        outbound:
          - hook: ccproxy.hooks.inject_auth
            on_error: continue
        disabled: [inject_auth]
    """)
    assert [line.partition(": ")[0] for line in user.complaints()] == [
        "ccproxy.yaml:4:9",
        "ccproxy.yaml:6:9",
        "ccproxy.yaml:9:9",
        "ccproxy.yaml:10:16",
        "hooks/broken.py:1:5",
    ]


def test_an_unknown_name_is_not_blamed_where_its_hook_may_be_in_a_file_that_does_not_load(user: User) -> None:
    user.has("broken.py", "x = \n")
    user.says("disabled: [broken]")
    assert len(user.complaints()) == 1


def test_the_place_may_be_a_variable(user: User) -> None:
    from ccproxy.config import ConfigError, load_config

    config = load_config(None, user.base, {"CCPROXY_HOOKS__INBOUND": "[acme.nothing]"})
    with pytest.raises(ConfigError, match=r"^CCPROXY_HOOKS__INBOUND: hooks\.inbound\[0\]: there is no module"):
        find_steps(config)
