"""What the project declares of a vendor and of a provider. Plain data: no SDK, no client, no configuration."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from query_generator.llm.adapter import Adapter


class Vendor(NamedTuple):
    """A company whose models are asked, and whose key that takes. Several providers may ask the same vendor.

    Attributes:
        name: short, in lower case; the fields `<name>_secret_name` and `<name>_api_key` of `JobConfig` hold its key.
        title: the name as people write it.
        own_address: of its service, where no other is configured.
        address_field: field of `JobConfig` with the address of a service that stands in for its own.
        key_settings: the settings that hold its key, for messages.
        model_settings: the settings that hold its models, for messages.
        default_model: asked for where no setting names one.
        may_lack_key: a service that stands in for its own may need no key.
    """

    name: str
    title: str
    own_address: str
    address_field: str
    key_settings: str
    model_settings: str
    default_model: str
    may_lack_key: bool = False

    @property
    def secret_field(self) -> str:
        """Field of `JobConfig` with the name of the secret that holds the key."""
        return f"{self.name}_secret_name"

    @property
    def key_field(self) -> str:
        """Field of `JobConfig` with the key itself."""
        return f"{self.name}_api_key"

    @property
    def required_fields(self) -> tuple[str, ...]:
        """Fields of `JobConfig` of which one must be given before the vendor can be asked."""
        return (self.secret_field, self.key_field, *((self.address_field,) if self.may_lack_key else ()))

    @property
    def address_setting(self) -> str:
        """Variable of the address, for messages."""
        return self.address_field.upper()


class ProviderEntry(NamedTuple):
    """A provider that `LLM_PROVIDERS` can name.

    Attributes:
        name: in `LLM_PROVIDERS`.
        vendor: who is asked; None: nobody is, and it costs nothing.
        module: name of its file in this package, which is loaded when it is first needed.
        model_fields: fields of `JobConfig` with its model and, optionally, with another one for market questions.
        fixed_model: the model of a provider whose model is no setting.
        loggers: those of its SDK, which are silenced below WARNING.
        begin_import: begins the import of its SDK in the background, when its turn has come; for one that takes long.
    """

    name: str
    vendor: Vendor | None
    module: str
    model_fields: tuple[str, ...] = ()
    fixed_model: str = ""
    loggers: tuple[str, ...] = ()
    begin_import: "Callable[[AbstractContextManager[None] | None], None] | None" = None

    def adapter(self) -> "Adapter":
        """Load the provider's file, though not yet its SDK."""
        adapter: Adapter = import_module(f"{__package__}.{self.module}").ADAPTER
        return adapter
