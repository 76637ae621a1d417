"""Reads HTML as a browser without scripts does: forms with their successful controls (HTML §4.10.22.4), links, text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Control:
    """One input, button, select or textarea."""

    kind: str
    name: str
    value: str
    is_checked: bool = False
    is_disabled: bool = False
    options: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form with its controls in document order."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)
    text: str = ""

    def fields(self) -> list[tuple[str, str]]:
        """What is submitted when nothing was touched, without a button."""
        return [
            (control.name, control.value)
            for control in self.controls
            if control.name
            and not control.is_disabled
            and control.kind not in ("submit", "button", "image", "reset")
            and (control.kind not in ("checkbox", "radio") or control.is_checked)
        ]

    def all(self, name: str) -> list[Control]:
        return [control for control in self.controls if control.name == name]

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.fields() if key == name), None)

    def choices(self, name: str) -> list[str]:
        """Values that a user can have in the form: hidden ones and boxes that are not disabled."""
        return [control.value for control in self.all(name) if not control.is_disabled]

    def chosen(self, name: str) -> list[str]:
        return [value for key, value in self.fields() if key == name]

    def buttons(self) -> list[Control]:
        return [control for control in self.controls if control.kind in ("submit", "image")]

    def has(self, name: str) -> bool:
        return bool(self.all(name))


@dataclass
class Link:
    href: str
    text: str = ""


class Document(HTMLParser):
    """A parsed page."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[Link] = []
        self.title = ""
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._form: Form | None = None
        self._link: Link | None = None
        self._select: Control | None = None
        self._textarea: Control | None = None
        self._skipping: str | None = None
        self._in_title = False
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        if tag in ("script", "style"):
            self._skipping = tag
        elif tag == "title":
            self._in_title = True
        elif tag == "form":
            self._form = Form(values.get("action") or "", (values.get("method") or "get").lower())
            self.forms.append(self._form)
        elif tag == "a" and values.get("href") is not None:
            self._link = Link(values["href"] or "")
            self.links.append(self._link)
        elif tag in ("input", "button", "select", "textarea") and self._form is not None:
            default = "submit" if tag == "button" else "text"
            kind = (values.get("type") or default).lower()
            fallback = "on" if kind in ("checkbox", "radio") else ""
            value = values.get("value")
            control = Control(
                kind, values.get("name") or "", fallback if value is None else value, "checked" in values, "disabled" in values
            )
            self._form.controls.append(control)
            if tag == "select":
                control.kind, self._select = "select", control
            elif tag == "textarea":
                control.kind, self._textarea = "textarea", control
        elif tag == "option" and self._select is not None:
            value = values.get("value") or ""
            # The first option is chosen where none says that it is.
            if "selected" in values or not self._select.options:
                self._select.value = value
            self._select.options.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._skipping:
            self._skipping = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "title":
            self._in_title = False
        elif tag == "form":
            self._form = None
        elif tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        if self._skipping or self._in_title:
            return
        if self._textarea is not None:
            self._textarea.value += data
        self.text += data
        if self._link is not None:
            self._link.text += data
        if self._form is not None:
            self._form.text += data

    def form_with(self, name: str, value: str | None = None) -> Form:
        """The first form that has a control of this name (and value)."""
        for form in self.forms:
            for control in form.all(name):
                if value is None or control.value == value:
                    return form
        raise AssertionError(f"no form with {name}={value} on the page {self.title!r}: {self.text[:400]!r}")

    def has_form_with(self, name: str, value: str | None = None) -> bool:
        return any(value is None or control.value == value for form in self.forms for control in form.all(name))

    def link_with(self, text: str) -> str:
        """The address of the link that bears this text."""
        for link in self.links:
            if text in " ".join(link.text.split()):
                return link.href
        raise AssertionError(f"no link {text!r} on the page {self.title!r}: {[link.text for link in self.links]}")
