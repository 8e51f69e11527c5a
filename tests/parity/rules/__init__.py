"""Small files, one for each rule of the configuration: `validate` asks both programs about them."""

from . import data, service

assert not data.RULES.keys() & service.RULES.keys(), "two rules have one name"
RULES = {**data.RULES, **service.RULES}
