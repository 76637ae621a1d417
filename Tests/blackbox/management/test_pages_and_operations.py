"""Issue 3, Done when: nothing can be done by page that the API cannot do, or by API that an account's role forbids on the page."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from latchkey_server import Browser
from operations import OPERATIONS, ROLES, Operation, Target, World, role_may
from page_forms import FORMS, IN_PERSON, WITHOUT_FORM, Filled, PageForm, form_token, forms_in_sources, signed_in

CALLERS = (*ROLES, "stranger")
_BY_ID = {operation.id: operation for operation in OPERATIONS}


def test_every_form_of_every_page_has_an_operation() -> None:
    """What the sources answer to a POST is in one of the two tables, and nothing else is."""
    rows = [(form.path, form.action) for form in FORMS]
    assert len(set(rows)) == len(rows)
    listed = set(rows) | set(IN_PERSON)
    assert forms_in_sources() - listed == set(), "add it to page_forms.py"
    assert listed - forms_in_sources() == set(), "no page has it"
    assert {form.operation for form in FORMS} <= set(_BY_ID)


def test_every_change_that_the_api_makes_has_a_form() -> None:
    """The other way round: who has no program is kept from nothing."""
    changes = {operation.id for operation in OPERATIONS if operation.method != "GET"}
    assert changes - {form.operation for form in FORMS} == set(WITHOUT_FORM)


def may(operation: Operation, caller: str) -> bool:
    """Whether the table of operations lets them."""
    if operation.takes.startswith("latchkey.user.") or not operation.takes.startswith("latchkey."):
        return True
    return caller in ROLES and role_may(caller, operation.takes)


def by_page(world: World, form: PageForm, browser: Browser, filled: Filled) -> requests.Response:
    fields = list(filled.fields)
    if form.action:
        fields.append(("action", form.action))
    fields.append(("csrf", form_token(browser)))
    path = form.path.format(**{"account": world.account, **filled.path})
    return browser.session.post(world.server.issuer + path, data=fields)


def by_api(world: World, form: PageForm, caller: str, target: Target) -> requests.Response:
    operation = _BY_ID[form.operation]
    path = operation.path.format(account_id=world.account, **target.path)
    body = form.body or target.body
    options: dict[str, Any] = {} if body is None else {"json": body}
    return world.server.manage(operation.method, path, world.people[caller].token, params=target.query, **options)


def outcome(answer: requests.Response) -> str:
    """What became of it, in words that pages and API share."""
    if answer.status_code in (400, 403, 404):
        return {400: "wrong", 403: "forbidden", 404: "not there"}[answer.status_code]
    # Too soon after the last time is let through too: the thing is what is not ready.
    assert answer.status_code in (200, 303, 409, 429), f"{answer.status_code} {answer.text[-1500:]}"
    return "done"


@pytest.mark.parametrize("form", FORMS, ids=[f"{form.path} {form.action}".strip() for form in FORMS])
def test_page_and_api_let_the_same_people(world: World, form: PageForm) -> None:
    """The same thing done in both ways: with one that stays as it is by all who may not, with one of their own by each who may."""
    operation = _BY_ID[form.operation]
    outcomes: dict[str, tuple[str, str]] = {}
    filled: Filled | None = None
    target: Target | None = None
    for caller in sorted(CALLERS, key=lambda name: may(operation, name)):
        person = world.people[caller]
        browser = signed_in(world, person)
        if filled is None or may(operation, caller):
            filled = form.fill(world, person, browser)
        page = outcome(by_page(world, form, browser, filled))
        # Made once the page has done its own, since both may be about the same authorization.
        if target is None or may(operation, caller):
            target = operation.prepare(world, person)
        outcomes[caller] = (page, outcome(by_api(world, form, caller, target)))
    assert {caller: pair for caller, pair in outcomes.items() if pair[0] != pair[1]} == {}, "page, API"
    assert outcomes["Administrator"] == (form.comes_to, form.comes_to)


@pytest.mark.parametrize("form", FORMS, ids=[f"{form.path} {form.action}".strip() for form in FORMS])
def test_without_a_session_or_its_token_nothing_is_done(world: World, form: PageForm) -> None:
    """A form that is right but for whose it is: nobody signed in is led to sign in, and one without the token is refused."""
    person = world.people["Administrator"]
    browser = signed_in(world, person)
    filled = form.fill(world, person, browser)
    url = world.server.issuer + form.path.format(**{"account": world.account, **filled.path})
    fields = [*filled.fields, *([("action", form.action)] if form.action else [])]
    answer = Browser(world.server).session.post(url, data=fields)
    if form.path == "/sign-out":
        assert answer.status_code == 200, "whoever is signed out already is told so"
    else:
        assert answer.status_code == 303 and "/login" in answer.headers["Location"], f"{answer.status_code} {answer.text[:300]}"
    for token in ("", form_token(signed_in(world, world.people["Viewer"]))):
        assert browser.session.post(url, data=[*fields, ("csrf", token)]).status_code == 403
