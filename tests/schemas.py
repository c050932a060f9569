"""jsonschema without its check of internationalized addresses, whose grammars take two seconds to be built."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as if it were not installed

import jsonschema  # noqa: E402

Draft7Validator, validate = jsonschema.Draft7Validator, jsonschema.validate
