"""What an author writes about a document in YAML: front matter and sidecars."""

import yaml

_NULL = "tag:yaml.org,2002:null"
_VALUES = [f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp")]


class _Loader(yaml.SafeLoader):
    """Every value is read as it is written: `0123`, `1.10` and `!!bool no` are ids, not numbers.

    Aliases are refused: a few lines of them unfold to gigabytes.
    """

    yaml_implicit_resolvers = {
        first: [resolver for resolver in resolvers if resolver[0] == _NULL]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {
        tag: yaml.SafeLoader.construct_yaml_str if tag in _VALUES else constructor
        for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=self.get_mark())
        return super().compose_node(parent, index)


def read_mapping(text: str) -> dict[str, object]:
    """The `key: value` lines of a YAML text.

    Raises:
        ValueError: it is something else; the message says what, and in which line.
    """
    try:
        loader = _Loader(text)
        found = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"not YAML{line} ({error.problem})") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError("not YAML") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError("not a list of `key: value` lines")
    return {str(key): value for key, value in found.items()}
