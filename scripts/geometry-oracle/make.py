"""Geofences and points, with what shapely (planar geometry) and pyproj (geodesics) say of them.

Two lines a geofence: the geofence as the API takes it, then points as `longitude latitude answer` with
commas between. An answer is `i` (inside) or `o` (outside), in capitals if the border is less than NEAR_M
away, where rounding decides and either answer is right. A number after it is the distance in metres to
the geofence from outside.
"""

import json
import math
import random
import sys

import numpy
import pyproj
import shapely

NEAR_M = 0.001
# A degree of latitude or longitude is at most so many metres.
DEGREE_M = 111_700.0
WGS84 = pyproj.Geod(ellps="WGS84")


def wrapped(longitude):
    """A longitude as a device tells it."""
    longitude = (longitude + 180.0) % 360.0 - 180.0
    return longitude


def rounded(longitude, latitude):
    """To 0.1 mm, and where there are such positions."""
    return round(wrapped(longitude), 9), round(max(-90.0, min(90.0, latitude)), 9)


def away(longitude, latitude, longitudes, latitudes):
    """Geodesic distances from one point to others."""
    count = len(longitudes)
    return WGS84.inv([longitude] * count, [latitude] * count, longitudes, latitudes)[2]


# Circles.


def some_center(dice):
    return dice.choice(
        [
            lambda: (dice.uniform(-180, 180), math.degrees(math.asin(dice.uniform(-1, 1)))),
            lambda: (dice.choice([180.0, -180.0, 179.9999, -179.9999]), dice.uniform(-89, 89)),
            lambda: (dice.uniform(-180, 180), dice.choice([90.0, -90.0, 89.9999, -89.9, 89.5])),
            lambda: (dice.choice([0.0, 90.0, -90.0, 180.0]), 0.0),
            lambda: (dice.uniform(-10, 20), dice.uniform(36, 60)),
        ]
    )()


def circle(dice):
    longitude, latitude = rounded(*some_center(dice))
    radius = dice.choice([1.0, 100_000.0, round(10 ** dice.uniform(0, 5), 3), round(10 ** dice.uniform(1, 3), 3)])
    points = []
    for _ in range(40):
        gap = dice.choice([0.0, 0.0002, 0.002, 0.02, 0.2, 2.0, 20.0, 0.3 * radius])
        at = dice.choice([radius + gap, max(0.0, radius - gap), radius * dice.uniform(0, 2)])
        azimuth = dice.choice([0.0, 90.0, 180.0, 270.0, dice.uniform(0, 360)])
        x, y, _ = WGS84.fwd(longitude, latitude, azimuth, at)
        points.append(rounded(x, y))
    points += [rounded(longitude + 180.0, latitude), rounded(longitude, -latitude), (0.0, 90.0), (-180.0, -90.0)]
    answers = []
    for x, y in points:
        gap = WGS84.inv(longitude, latitude, x, y)[2] - radius
        answers.append((x, y, gap <= 0, abs(gap), gap if NEAR_M <= gap < 1e5 else None))
    return {"type": "Circle", "latitude": latitude, "longitude": longitude, "radius": radius}, answers


# Polygons, in the plane of longitude and latitude with longitudes counted on, as RFC 7946 has it.


def star(dice, x, y, reach, count, inner=0.3):
    """A ring around a point, with corners nearer and farther."""
    turns = sorted(dice.uniform(0, 2 * math.pi) for _ in range(count))
    reaches = [reach * dice.uniform(inner, 1) for _ in turns]
    return [(x + r * math.cos(t), y + r * math.sin(t)) for t, r in zip(turns, reaches)]


def sliver(dice, x, y, reach):
    turn = dice.uniform(0, math.pi)
    along = (reach * math.cos(turn), reach * math.sin(turn))
    thin = reach * 10 ** dice.uniform(-6, -2)
    return [
        (x - along[0], y - along[1]),
        (x + along[0], y + along[1]),
        (x + along[0] + thin, y + along[1] + thin),
        (x - along[0] + thin, y - along[1] + thin),
    ]


def comb(x, y, reach, teeth):
    """Teeth with level and upright sides: many corners on one parallel."""
    width = 2 * reach / teeth
    ring = [(x + reach, y - reach), (x - reach, y - reach)]
    for tooth in range(teeth):
        left = x - reach + tooth * width
        ring += [(left, y + reach), (left + width / 2, y + reach), (left + width / 2, y), (left + width, y)]
    ring.pop()
    ring[-1] = (x + reach, y)
    return ring


def in_plane(dice):
    """Polygons as lists of rings, in the plane."""
    reach = 10 ** dice.uniform(-4, 0.5)
    x, y = dice.choice(
        [
            lambda: (dice.uniform(-170, 170), dice.uniform(-80, 80)),
            lambda: (180.0, dice.uniform(-80, 80)),
            lambda: (-180.0 + reach * dice.uniform(-1, 1), dice.uniform(-60, 60)),
            lambda: (dice.uniform(-170, 170), dice.choice([-1, 1]) * (90.0 - reach)),
            lambda: (0.0, 0.0),
        ]
    )()
    kind = dice.randrange(7)
    if kind == 0:
        return [[sliver(dice, x, min(y, 85.0), min(reach, 2.0))]]
    if kind == 1:
        return [[comb(x, y, reach, dice.randrange(2, 12))]]
    if kind == 2:
        # With a pole in it: along the antimeridian to the pole and back.
        side = dice.choice([-1, 1])
        edge = side * (90.0 - reach)
        return [[[(-180.0, edge), (180.0, edge), (180.0, side * 90.0), (-180.0, side * 90.0)]]]
    if kind == 3:
        shell = star(dice, x, y, reach, dice.randrange(12, 40), 0.7)
        holes = [star(dice, x + dx * reach, y + dy * reach, 0.12 * reach, 7) for dx, dy in [(0, 0), (0.3, 0), (0, -0.35)]]
        return [[shell, *holes]]
    if kind == 4:
        parts = [star(dice, x + 2.5 * reach * step, y, reach, dice.randrange(3, 30)) for step in range(dice.randrange(2, 5))]
        return [[part] for part in parts]
    return [[star(dice, x, y, reach, dice.choice([3, 4, 8, 30, 300]))]]


def area(dice):
    while True:
        digits = dice.choice([9, 9, 6])
        polygons = [
            [[(round(x, digits), max(-90.0, min(90.0, round(y, digits)))) for x, y in ring] for ring in rings]
            for rings in in_plane(dice)
        ]
        shapes = [shapely.Polygon(rings[0], rings[1:]) for rings in polygons]
        shape = shapely.MultiPolygon(shapes) if len(shapes) > 1 else shapes[0]
        if shape.is_valid and all(len(set(ring)) == len(ring) > 2 for rings in polygons for ring in rings):
            break
    west, south, east, north = shape.bounds
    width, height = east - west, north - south
    corners = [corner for rings in polygons for ring in rings for corner in ring]
    edges = [edge for rings in polygons for ring in rings for edge in zip(ring, ring[1:] + ring[:1])]
    points = []
    for _ in range(20):
        points.append((dice.uniform(west - width / 4, east + width / 4), dice.uniform(south - height / 4, north + height / 4)))
    for _ in range(8):
        points.append(dice.choice(corners))
        # Level with a corner, and beside it.
        points.append((dice.uniform(west, east), dice.choice(corners)[1]))
        x, y = dice.choice(corners)
        points.append((x + dice.choice([-1, 0, 1]) * 1e-7, y + dice.choice([-1, 0, 1]) * 1e-7))
        (x, y), (to_x, to_y) = dice.choice(edges)
        share = dice.choice([0.5, dice.random()])
        aside = dice.choice([0.0, 1e-8, -1e-8, 1e-6, -1e-6])
        points.append((x + share * (to_x - x) + aside, y + share * (to_y - y) + aside))
    points += [(0.0, 90.0), (57.0, -90.0), ((west + east) / 2 + 180.0, (south + north) / 2)]
    answers = []
    for index, point in enumerate(points):
        x, y = rounded(*point)
        # Which turn a longitude means is not said; at a pole it means nothing.
        at = [shapely.Point(x + turn, y) for turn in (-720, -360, 0, 360, 720)]
        inside = any(shape.intersects(one) for one in at)
        if abs(y) == 90.0:
            inside = inside or y in (south, north)
            near = math.inf
        else:
            # Where it is a millimetre the earth is flat, and degrees of longitude are shorter.
            shrink = math.cos(math.radians(y))
            flat = shapely.transform(shape.boundary, lambda corners: corners * [shrink, 1.0])
            near = DEGREE_M * min(flat.distance(shapely.Point(shrink * one.x, y)) for one in at)
        distance = None
        if not inside and index % 5 == 0 and near >= NEAR_M:
            distance = to_edges(x, y, edges)
            distance = distance if distance < 1e5 else None
        answers.append((x, y, inside, near, distance))
    return as_json(polygons), answers


def to_edges(x, y, edges):
    """Geodesic distance to the nearest point of edges that are straight in longitude and latitude: sampled
    finely, then more finely about the nearest."""
    nearest = math.inf
    # The ends of an edge around the globe are one point: its nearest sample may be that of the wrong end.
    quarters = [(edge, quarter / 4) for edge in edges for quarter in range(4)]
    for ((x1, y1), (x2, y2)), start in quarters:
        low, high = start, start + 0.25
        best = math.inf
        for _ in range(12):
            shares = numpy.linspace(low, high, 65)
            distances = away(x, y, x1 + shares * (x2 - x1), y1 + shares * (y2 - y1))
            index = int(numpy.argmin(distances))
            best = min(best, float(distances[index]))
            low, high = shares[max(0, index - 1)], shares[min(64, index + 1)]
        nearest = min(nearest, best)
    return nearest


def as_json(polygons):
    def ring(corners):
        return [[wrapped_edge(x), y] for x, y in corners + corners[:1]]

    coordinates = [[ring(corners) for corners in rings] for rings in polygons]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def wrapped_edge(longitude):
    """As a client would send it, but that ±180 keeps its sign."""
    return longitude if -180.0 <= longitude <= 180.0 else round(wrapped(longitude), 9)


def text(answer):
    x, y, inside, near, distance = answer
    letter = "i" if inside else "o"
    letter = letter.upper() if near < NEAR_M else letter
    number = lambda value: f"{value:.9f}".rstrip("0").rstrip(".")
    told = "" if distance is None else f"{distance:.3f}"
    return f"{number(x)} {number(y)} {letter}{told}"


def main():
    seed, times = int(sys.argv[1]), int(sys.argv[2])
    dice = random.Random(seed)
    print(
        f"# Made by scripts/geometry-oracle/run {seed} {times} with shapely {shapely.__version__} (GEOS "
        f"{shapely.geos_version_string}) and pyproj {pyproj.__version__} (PROJ {pyproj.proj_version_str}); make.py says what it is."
    )
    for make, count in [(circle, 100), (area, 140)]:
        for _ in range(count * times):
            geofence, answers = make(dice)
            print(json.dumps(geofence, separators=(",", ":")))
            print(",".join(text(answer) for answer in answers))


main()
