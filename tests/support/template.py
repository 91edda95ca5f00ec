"""The CloudFormation template with parameters, conditions and references resolved, as far as it can be without AWS."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from tests.support.paths import ROOT

TEMPLATE = ROOT / "infrastructure" / "template.yaml"
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "query-generator",
}
NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """YAML in which `!Name x` is `{"Fn::Name": x}`, and `!Ref x` is `{"Ref": x}`."""


def _tagged(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)


@cache
def _template() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(encoding="utf-8"), _Loader)
    return template


class Template:
    """The template with these parameters. What only AWS knows reads `<Resource>` or `<Resource.Attribute>`,
    or as `references` say.
    """

    def __init__(self, references: Mapping[str, str] | None = None, **parameters: str) -> None:
        self.raw = _template()
        defaults = {name: str(given.get("Default", name)) for name, given in self.raw["Parameters"].items()}
        self._known = {**PSEUDO, **defaults, **parameters, **(references or {})}
        self.resources: dict[str, dict[str, Any]] = {
            name: {**resource, "Properties": self._resolve(resource["Properties"])}
            for name, resource in self.raw["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }

    def properties(self, name: str) -> dict[str, Any]:
        """Return the properties of a resource."""
        properties: dict[str, Any] = self.resources[name]["Properties"]
        return properties

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type, by name."""
        return {name: self.properties(name) for name, resource in self.resources.items() if resource["Type"] == kind}

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return the statements of a role's own policies, with `Action` and `Resource` as lists."""
        policies = self.properties(role)["Policies"]
        return [
            {**statement, "Action": _listed(statement["Action"]), "Resource": _listed(statement["Resource"])}
            for policy in policies
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def _holds(self, condition: str) -> bool:
        return bool(self._resolve(self.raw["Conditions"][condition]))

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for item in node if (value := self._resolve(item)) is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, value), *_ = node.items()
            if name == "Ref":
                return NO_VALUE if value == "AWS::NoValue" else self._reference(value)
            if name == "Condition" and isinstance(value, str):
                return self._holds(value)
            if name.startswith("Fn::"):
                return self._function(name.removeprefix("Fn::"), value)
        resolved = {name: self._resolve(value) for name, value in node.items()}
        return {name: value for name, value in resolved.items() if value is not NO_VALUE}

    def _function(self, name: str, value: Any) -> Any:
        if name == "If":
            return self._resolve(value[1] if self._holds(value[0]) else value[2])
        if name == "Equals":
            left, right = self._resolve(value)
            return str(left) == str(right)
        if name == "Not":
            return not self._resolve(value[0])
        if name == "GetAtt":
            return self._reference(value)
        assert name == "Sub", name
        return re.sub(r"\$\{([^}]+)\}", lambda found: self._reference(found[1]), value)

    def _reference(self, name: str) -> str:
        return self._known.get(name, f"<{name}>")


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def lower_first(node: Any) -> Any:
    """Return CloudFormation's `LogDriver` as the API's `logDriver`; keys that are names of one's own stay."""
    if isinstance(node, list):
        return [lower_first(item) for item in node]
    if isinstance(node, dict):
        return {
            key[:1].lower() + key[1:]: value if key in ("Options", "Tags") else lower_first(value)
            for key, value in node.items()
        }
    return node
