"""Reads {"schema": …, "instances": […]} and prints, instance by instance, what is wrong with it."""
import json
import sys

import jsonschema

request = json.load(sys.stdin)
jsonschema.Draft7Validator.check_schema(request["schema"])
validator = jsonschema.Draft7Validator(request["schema"])
json.dump([[error.message for error in validator.iter_errors(instance)]
           for instance in request["instances"]], sys.stdout)
