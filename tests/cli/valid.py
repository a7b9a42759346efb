"""Holds JSON documents to the schemas that they name: valid.py SCHEMAS DOCUMENT..., where a document is a file."""

import json
import sys
from pathlib import Path

import jsonschema

schemas = Path(sys.argv[1])
for name in sys.argv[2:]:
    document = json.loads(Path(name).read_text())
    schema = json.loads((schemas / f"{document['schema']}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    print(document["schema"])
