"""Write the models of form.yaml and packs/common as YAML that a clinician can read and change."""

from collections.abc import Iterable, Iterator, Mapping

from zhiheng.lib.yaml import resolve, write_scalar

from .specs.form import AmendmentSpec, Expressions, FormSpec, ItemSpec, LimitSpec, SectionSpec, SetsSpec, UseSpec

LINE = 110


def form_yaml(form: FormSpec, heading: str = "") -> str:
    """Return form.yaml; reading it back gives an equal model."""
    lines = [f"# {line}" for line in heading.splitlines()]
    lines += [f"form: {write_scalar(form.form)}"]
    if form.edition:
        lines.append(f"edition: {_quoted_number(form.edition)}")
    lines += _mapping("aliases", form.aliases)
    lines += _named_lists(form.options)
    lines.append("sections:" if form.sections else "sections: []")
    for section in form.sections:
        lines += ["", *_section(section, "")]
    if form.amendments:
        lines += ["", "# 国家表单之外的补充，与原文分开；每条都有来源。", "amendments:"]
        for amendment in form.amendments:
            lines += _amendment(amendment)
    return "\n".join(lines) + "\n"


def items_yaml(items: Iterable[ItemSpec], heading: str = "") -> str:
    """Return packs/common/items.yaml."""
    lines = [f"# {line}" for line in heading.splitlines()] + ["items:"]
    for item in items:
        lines += _item(item, "")
    return "\n".join(lines) + "\n"


def options_yaml(options: Mapping[str, Mapping[str, str]], heading: str = "") -> str:
    """Return packs/common/options.yaml."""
    lines = [f"# {line}" for line in heading.splitlines()] + list(_named_lists(options))
    return "\n".join(lines) + "\n"


def _section(section: SectionSpec, indent: str) -> Iterator[str]:
    yield f"{indent}- section: {write_scalar(section.section)}"
    inside = indent + "  "
    yield from _expressions("show", section.show, inside)
    yield f"{inside}items:" if section.items else f"{inside}items: []"
    for entry in section.items:
        if isinstance(entry, SectionSpec):
            yield from _section(entry, inside)
        elif isinstance(entry, UseSpec):
            yield f"{inside}- use: {write_scalar(entry.use)}"
        else:
            yield from _item(entry, inside)


def _item(item: ItemSpec, indent: str) -> Iterator[str]:
    yield f"{indent}- item: {write_scalar(item.item)}"
    inside = indent + "  "
    yield f"{inside}label: {write_scalar(item.label)}"
    yield f"{inside}type: {item.type_}"
    if item.alias:
        yield f"{inside}alias: {item.alias}"
    for key in ("required", "readonly", "hidden"):
        if getattr(item, key):
            yield f"{inside}{key}: true"
    if item.default is not None:
        yield f"{inside}default: {write_scalar(item.default)}"
    if item.max_length is not None:
        yield f"{inside}max_length: {item.max_length}"
    if isinstance(item.options, str):
        yield f"{inside}options: {write_scalar(item.options)}"
    elif item.options is not None:
        yield from _options("options", item.options, inside)
    yield from _expressions("show", item.show, inside)
    if item.computed is not None:
        yield f"{inside}computed: {write_scalar(item.computed)}"
    if item.sets:
        yield f"{inside}sets:"
        for rule in item.sets:
            yield from _sets(rule, inside)
    if item.limits:
        yield f"{inside}limits:"
        for limit in item.limits:
            yield from _limit(limit, inside)
    for key in ("source", "notes"):
        if getattr(item, key) is not None:
            yield f"{inside}{key}: {write_scalar(getattr(item, key))}"
    if item.unresolved:
        yield f"{inside}unresolved:"
        for said in item.unresolved:
            yield f"{inside}- {write_scalar(said)}"


def _sets(rule: SetsSpec, indent: str) -> Iterator[str]:
    parts = (("when", rule.when), ("item", rule.item), ("to", rule.to))
    yield f"{indent}- {{{', '.join(f'{key}: {write_scalar(said, inside_braces=True)}' for key, said in parts)}}}"


def _limit(limit: LimitSpec, indent: str) -> Iterator[str]:
    yield f"{indent}- holds: {write_scalar(limit.holds)}"
    yield f"{indent}  message: {write_scalar(limit.message)}"
    for key in ("id", "source"):
        if getattr(limit, key) is not None:
            yield f"{indent}  {key}: {write_scalar(getattr(limit, key))}"
    if limit.severity != "error":
        yield f"{indent}  severity: {limit.severity}"


def _amendment(amendment: AmendmentSpec) -> Iterator[str]:
    yield f"- item: {write_scalar(amendment.item)}"
    yield from _options("add_options", amendment.add_options, "  ")
    yield f"  source: {write_scalar(amendment.source)}"
    yield f"  confidence: {write_scalar(amendment.confidence)}"


def _expressions(key: str, said: Expressions | None, indent: str) -> Iterator[str]:
    if said is None:
        return
    if isinstance(said, str):
        yield f"{indent}{key}: {write_scalar(said)}"
        return
    yield f"{indent}{key}:"
    for text in said:
        yield f"{indent}- {write_scalar(text)}"


def _named_lists(options: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    if options:
        yield "options:"
    for name, listed in options.items():
        yield from _options(name, listed, "  ")


def _options(key: str, options: Mapping[str, str], indent: str) -> Iterator[str]:
    pairs = [f"{_key(value)}: {write_scalar(label, inside_braces=True)}" for value, label in options.items()]
    line = f"{indent}{key}: {{{', '.join(pairs)}}}"
    if sum(2 if ord(character) > 0x2E80 else 1 for character in line) <= LINE:
        yield line
        return
    yield f"{indent}{key}:"
    for value, label in options.items():
        yield f"{indent}  {_key(value)}: {write_scalar(label)}"


def _mapping(key: str, pairs: Mapping[str, str]) -> Iterator[str]:
    if pairs:
        yield f"{key}:"
    for name, said in pairs.items():
        yield f"  {name}: {write_scalar(said)}"


def _key(value: str) -> str:
    # Keys are text whatever they look like: 1, y and null need no quotes.
    return value if resolve(value) != value and value not in ("", "~") else write_scalar(value, inside_braces=True)


def _quoted_number(text: str) -> str:
    return write_scalar(text) if resolve(text) == text and not text[0].isdigit() else f'"{text}"'
