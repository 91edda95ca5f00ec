"""All settings in one table.

The options and their help (`cli`), the checks and their messages (`config`) and docs/reference/configuration.md
(`make reference`) are made from here, in this order. A type whose import takes long stands in quotes: `--help` does
without it, and `config` knows it.
"""

from query_generator.declaration import declarations, declared_in
from query_generator.settings.places import PlaceSettings
from query_generator.settings.providers import ProviderSettings
from query_generator.settings.running import RunningSettings
from query_generator.settings.work import WorkSettings


@declarations
class JobConfig(WorkSettings, ProviderSettings, PlaceSettings, RunningSettings):
    """The settings of a run. `config.load_config` makes one and checks it; absent ones are None or have the default."""


SETTINGS = declared_in(JobConfig)
