"""What providers with an SDK over httpx share: checks of the settings, the client, and the course of a call."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any, ClassVar

from query_generator.errors import ConfigurationError, QueryGeneratorError
from query_generator.llm.adapter import Adapter, CallLimits
from query_generator.llm.answer_form import OutputLimit
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage, billed
from query_generator.llm.endpoints import check_address, check_api_key
from query_generator.llm.http_errors import ErrorStatus, error_inside, expected_shape
from query_generator.llm.optional_parameters import ParameterSets
from query_generator.llm.reply import read_json
from query_generator.llm.reported import measured, model_of
from query_generator.llm.sdk import sdk_of
from query_generator.llm.vendor import Vendor
from query_generator.models import QueryType


class HttpProvider(ABC):
    """Base of a provider that asks one model for all questions. Make it after any fork.

    Threads share one client and at most `pool_size` connections. `base_url` is the address of a service with the same
    interface, empty for the vendor's own. `timeout_seconds` bounds each wait for the network, `deadline_seconds` a
    whole call. The key may be empty for a service that needs none, if the vendor's entry allows it.
    """

    name: ClassVar[str]
    vendor: ClassVar[Vendor]
    answer_field: ClassVar[str]
    package: ClassVar[str]
    """Name of the SDK, for pip and for import."""

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        base_url: str = "",
        pool_size: int = 32,
        timeout_seconds: float = 60.0,
        deadline_seconds: float = 120.0,
    ) -> None:
        """Make the client; no call is made yet.

        Raises:
            ConfigurationError: the key, the model's name or the address cannot be right, or the SDK is not installed.
        """
        vendor = self.vendor
        if api_key or not (base_url and vendor.may_lack_key):
            check_api_key(api_key, vendor.key_settings)
        if base_url:
            check_address(base_url, vendor.address_setting, path_allowed=True, shows_key=bool(api_key))
        if not model.strip():
            raise ConfigurationError(f"the model's name is empty; check the setting {vendor.name.upper()}_MODEL")
        with sdk_of(self.name, self.package):
            import_module(self.package)

            from query_generator.llm.http_client import make_client

        url = base_url or vendor.own_address
        self.model = model
        self._http = make_client(
            url, api_key, pool_size=pool_size, timeout_seconds=timeout_seconds, deadline_seconds=deadline_seconds
        )
        self._create = self._sdk_method(
            {
                "api_key": api_key,
                "base_url": url,
                "timeout": timeout_seconds,
                "max_retries": 0,
                "http_client": self._http,
            }
        )
        self._limit = OutputLimit(thinks=None if base_url else True)
        self._parameter_sets = self._optional_parameters(base_url)

    @classmethod
    def adapter(cls, parameters: Mapping[str, Any]) -> Adapter:
        """Return the adapter of this class, with these parameters."""

        def make(api_key: str, models: Mapping[QueryType, str], address: str, limits: CallLimits) -> HttpProvider:
            return cls(api_key, models[QueryType.PRODUCT], base_url=address, **limits)

        return Adapter(make, parameters)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call; the errors are those of `Provider.generate`."""
        try:
            reply = self._parameter_sets.call(request, partial(self._sent, request))
        except ErrorStatus as exc:
            with billed(self.model, self._usage(exc.usage) if exc.usage else Usage()):
                raise self._error(exc) from exc
        with expected_shape(self.vendor):
            usage = measured(self._usage(reply.get("usage")), reply.get(self.answer_field))
            model = model_of(reply.get("model"), self.model)
            with billed(model, usage):
                return self._read(reply, model, usage, request)

    def _sent(self, request: GenerationRequest, optional: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its reply; an error in a reply with status 200 is raised as any other."""
        body, headers = self._post(request, optional)
        with expected_shape(self.vendor):
            reply = read_json(body)
            error = None if self._has_answer(reply) else self._error_inside(reply, headers)
        if error:
            raise error
        with expected_shape(self.vendor):
            return {**reply}

    def _has_answer(self, reply: Any) -> bool:
        return isinstance(reply, dict) and bool(reply.get(self.answer_field))

    def _error_inside(self, reply: Any, headers: Mapping[str, str]) -> ErrorStatus | None:
        return error_inside(reply, headers)

    @abstractmethod
    def _sdk_method(self, options: dict[str, Any]) -> Any:
        """Make the SDK's client with these options; returns the method of it that makes a call."""

    @abstractmethod
    def _optional_parameters(self, base_url: str) -> ParameterSets:
        """Return the parameters that the service at this address, empty for the vendor's own, may refuse."""

    @abstractmethod
    def _post(self, request: GenerationRequest, optional: dict[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        """Send a request with these optional parameters; returns the body of the reply, and its headers.

        Raises:
            ErrorStatus: the service replied with an error.
            RetryableError, SkippableError: there was no reply, or the prompt cannot be sent.
        """

    @abstractmethod
    def _error(self, reply: ErrorStatus) -> QueryGeneratorError:
        """Return the error that a reply means, by what the caller does about it."""

    @abstractmethod
    def _read(self, reply: dict[str, Any], model: str, usage: Usage, request: GenerationRequest) -> GenerationReply:
        """Read a reply, which need not have the expected shape.

        Raises:
            SkippableError: the model refuses to answer.
            UnusableReplyError: it holds no questions.
        """

    @abstractmethod
    def _usage(self, usage: object) -> Usage:
        """Read the tokens that a reply bills."""
