"""What schemathesis cannot know from the description: values of formats, which things exist, what to leave alone."""

import json
import os
import re
from urllib.request import Request, urlopen
from base64 import b64encode
from ssl import create_default_context

import schemathesis
from hypothesis import strategies as st

BASE = os.environ["MOCA_BASE"]
# The credentials of this run hang on these; whoever deletes or lowers them tests nothing any more.
KEPT = set(os.environ["MOCA_KEPT"].split(","))
NOTHING = "AAAAAAAAAAAAAAAAAAAAAA"

# --- formats

for name, values in {
    "iana-time-zone": ["UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires", "Asia/Kathmandu"],
    "web-url": ["https://example.com/a?b=c#d", "http://localhost:8080/"],
    "absolute-url": ["myapp://offers/7", "https://example.com/", "tel:112"],
    "https-url": ["https://push.example.com/send/8d4f", "https://localhost:8443/a?b=c"],
    "origin": ["https://a.example", "https://b.example:8443", "http://localhost:3000"],
    "address": ["ada@example.com", "o'neil+x@sub.example.com"],
    "template-text": ["Hi", "{{ user.name | default('you') }}: {{ place.name }}"],
    "template-line": ["default", "chime-{{ tag.level }}.wav"],
    "template-url": ["myapp://offers/7", "https://e.example/{{ property.tier }}?v={{ tag.v }}"],
    "template-web-url": ["https://e.example/a.mp4", "http://e.example/{{ device.lang }}.png"],
    "event-verb": ["purchase", "view_item"],
    "tag-expression": ["+1", "-2.5", "3", "=3", "=.5", "10."],
    "contact-url": ["mailto:push@example.com", "https://example.com/contact"],
    "near": ["40.4,-3.7,500", "-90,180,1", "0,0,100000"],
    "event-query-text": ['{"value":{"$gte":20}}', '{"$any":[{"item":"map"},{"property.gift":true}]}'],
    "segment-query-text": ['{"os":"Android"}', '{"$any":[{"lang":"es"},{"appVersion":{"$gt":"3.9"}}]}'],
    "bbox": ["-4,40,-3,41", "179,-10,-179,10", "-180,-90,180,90"],
}.items():
    schemathesis.openapi.format(name, st.sampled_from(values))

SQUARE = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], [[0.2, 0.2], [0.2, 0.8], [0.8, 0.8], [0.8, 0.2], [0.2, 0.2]]]
YEAR_2100 = 4_102_444_800_000
HOUR = 3_600_000
SHAPES = {"Polygon": SQUARE, "MultiPolygon": [SQUARE]}


# Triggers that hold for a moment.
MOMENTARY = ("EventTrigger", "CustomTrigger")

# The newest object of each kind, by the name that its id has.
known = {}


def is_left(part, kinds):
    """Whether a part of a composite trigger waits for the exit of what another part may wait for the entry of."""
    kind = part.get("@type") if isinstance(part, dict) else None
    return isinstance(kind, str) and kind.startswith("Exit") and kind.replace("Exit", "Enter") in kinds


def sensible(value):
    """The same with ids of what exists, rings that make a shape, and times in order.

    Hardly any that are made up are.
    """
    if isinstance(value, list):
        return [sensible(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, field in value.items():
        if isinstance(field, str) and name in known:
            made[name] = known[name]
        elif isinstance(field, list) and field and name in ("labelIds", "beaconIds", "instanceIds", "userIds") and name[:-1] in known:
            made[name] = [known[name[:-1]]]
        elif name == "query" and isinstance(field, dict):
            # Few objects are a query of a segment.
            made[name] = {"$all": [{"os": "Android"}, {"$not": {"lang": {"$in": ["es", "pt"]}}}]}
        elif name == "where" and isinstance(field, dict):
            made[name] = {"$any": [{"value": {"$gte": 20}}, {"property.gift": True}]}
        elif name == "list" and value.get("@type") == "CompositeTrigger" and isinstance(field, list):
            # Two events have no moment in common, and nobody is in a place and has left it.
            kinds = {part.get("@type") for part in field if isinstance(part, dict)}
            events = [part for part in field if isinstance(part, dict) and part.get("@type") in MOMENTARY]
            made[name] = [sensible(part) for part in field if part not in events[1:] and not is_left(part, kinds)]
        else:
            made[name] = sensible(field)
    if made.get("type") in SHAPES and "coordinates" in made:
        made["coordinates"] = SHAPES[made["type"]]
    times = [made.get("startAt"), made.get("endAt")]
    if all(isinstance(time, (int, float)) for time in times) and times[0] >= times[1]:
        made["startAt"], made["endAt"] = 0, YEAR_2100
    range_of = [made.get("from"), made.get("to")]
    if all(isinstance(time, (int, float)) for time in range_of) and range_of[0] >= range_of[1]:
        made["from"], made["to"] = 0, YEAR_2100
    if isinstance(made.get("expiresAt"), (int, float)):
        made["expiresAt"] = YEAR_2100
    return made


@schemathesis.serializer("application/x-ndjson", "text/csv", "application/geo+json")
def text(context, value):
    return value.encode(errors="replace") if isinstance(value, str) else json.dumps(value).encode()


instance_token = {"first": os.environ["MOCA_INSTANCE_TOKEN"], "now": os.environ["MOCA_INSTANCE_TOKEN"]}


# Of these a call takes one.
EXCLUSIVE = ("placeId", "zoneId", "beaconId", "groupBy")


def sensible_query(query):
    """The same with a range that is neither empty nor too long, a whole position, and without what excludes each other."""
    made = dict(query)
    # For CSV alone, and only of columns that the file has.
    made.pop("map", None)
    # A position is two numbers.
    if ("lat" in made) != ("lon" in made):
        made.pop("lat", None)
        made.pop("lon", None)
    if "waitMs" in made:
        # A minute for nothing is a minute lost.
        made["waitMs"] = min(int(made["waitMs"]), 10)
    if "from" in made and "to" in made:
        first, last = int(made["from"]), int(made["to"])
        if not 0 < last - first <= HOUR:
            first = min(first, YEAR_2100)
            made["from"], made["to"] = first, first + HOUR
    if "from" in made:
        for name in [name for name in EXCLUSIVE if name in made][1:]:
            del made[name]
    return made


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is not None and case.meta.generation.mode.is_positive:
        if isinstance(case.body, (dict, list)):
            case.body = sensible(case.body)
        if case.query:
            case.query = sensible_query(case.query)
        for name in ("If-Match", "If-None-Match"):
            if case.headers.get(name) == "":
                # The tool makes it of the pattern, which has no empty text.
                case.headers[name] = "*"
    for name, value in list((case.path_parameters or {}).items()):
        # What a request sent in a field that the server does not read is no id.
        is_made_up = name.endswith("Id") and name not in ("externalId", "userId") and not re.fullmatch(r"[\w%-]+", str(value))
        changes = case.method.upper() in ("PUT", "DELETE")
        if is_made_up or (changes and value in KEPT):
            case.path_parameters[name] = NOTHING
    if case.headers.get("Authorization") == f"Bearer {instance_token['first']}":
        case.headers["Authorization"] = f"Bearer {instance_token['now']}"


@schemathesis.hook
def after_call(context, case, response):
    """Notes what was made, and registers a new device when the one that calls was erased."""
    if response.status_code == 201 and "location" in response.headers:
        made = response.json()
        known.update({name: made[name] for name in made if name.endswith("Id")})
    erases = ("/device/v1/instance", "/v2/users/{userId}", "/v2/instances/{instanceId}")
    if case.method.upper() == "DELETE" and case.operation.path in erases and response.status_code == 200:
        credentials = f"{os.environ['MOCA_APP_ID']}:{os.environ['MOCA_APP_SECRET']}".encode()
        headers = {
            "Authorization": "Basic " + b64encode(credentials).decode(),
            "Content-Type": "application/json",
        }
        request = Request(f"{BASE}/device/v1/instances", data=b"{}", headers=headers)
        with urlopen(request, context=create_default_context(cafile=os.environ["MOCA_CA"])) as answer:
            instance_token["now"] = json.load(answer)["instanceToken"]


# --- what the contract says otherwise

@schemathesis.check
def wrong_verb(ctx, response, case):
    """A verb that a path does not have is 400 `method_not_allowed` with `Allow`, not 405."""
    verbs = {method.upper() for method in case.operation.schema[case.operation.path]}
    if case.method.upper() in verbs or case.method.upper() == "OPTIONS":
        return
    assert response.status_code == 400, f"{case.method} answered {response.status_code}, not 400"
    if case.method.upper() != "HEAD":
        assert response.json()["code"] == "method_not_allowed"
    allowed = {verb.strip() for verb in ",".join(response.headers.get("allow", [])).split(",")}
    assert allowed == verbs, f"Allow: {allowed}, described: {verbs}"


# Faults that no schema can rule out: a reference to nothing, what clashes with what is there, and what is
# no key or certificate, is named twice, or does not fit the other one.
BEYOND = {"not_found", "immutable"}
CREDENTIAL = re.compile(r"/targets/\d+/(targetId|\w*[kK]ey|certificate|serviceAccount)\b|/push/keys/p256dh$")
# The latest moment of a receipt is that of the server's clock.
MOMENT = "/at"


def is_beyond(fault):
    is_ahead = fault["code"] == "out_of_range" and fault["pointer"] == MOMENT
    return fault["code"] in BEYOND or is_ahead or CREDENTIAL.match(fault["pointer"])


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "MissingHeaderNotRejected" and failure.header_name.lower() == "authorization":
        # The check knows 401 only.
        return response.status_code != 403
    if kind == "RejectedPositiveData" and response.status_code == 400:
        problem = response.json()
        # No schema knows which places are marked at the moment.
        if problem["code"] == "sensitive_place":
            return False
        faults = problem.get("errors", [])
        return not faults or not all(is_beyond(fault) for fault in faults)
    return True
