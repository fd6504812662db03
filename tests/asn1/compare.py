"""Reads messages with an independent ASN.1 decoder and compares.

Standard input: one JSON object a line,
  {"type": name in the ASN.1 module, "hex": DER, "fields": [[name, hex], …] or null, "tree": node or null}
where "fields" are the leaves that esim-lab found, in order: the field's name
and its content octets, and "tree" is what it shows: {name, type, text, children}.
For each message the module of SGP.22 v2.6 (PyPI: asn1play, run by pycrate) must
decode it, encode it to the same octets and find the same leaves; and every name
of a field, a type, a number or a bit in the tree must be the module's, letter
for letter, at that place. One object more,
  {"codes": {field: {name: number}}},
holds every name of a number or bit that may be shown.
Prints what differs, then a closing line; exit code 1 if anything differs, 2 if
the decoder is not there.
"""

import importlib.util
import json
import re
import sys
from collections import Counter
from pathlib import Path

# Fields that are X.509: one side opens them, the other names what is inside.
OPAQUE = {
    "euiccCertificate",
    "eumCertificate",
    "serverCertificate",
    "smdpCertificate",
    "crl",
}


def load_module():
    """The generated module alone: its package would import much more."""
    spec = importlib.util.find_spec("asn1_play")
    if spec is None or importlib.util.find_spec("pycrate_asn1rt") is None:
        print("asn1play and pycrate are not installed for this Python", file=sys.stderr)
        sys.exit(2)
    folder = Path(spec.submodule_search_locations[0], "generated_code/asn1/GSMA/SGP_22/v2_6/python_gen/sgp22")
    spec = importlib.util.spec_from_file_location("sgp22", folder / "sgp22.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named_types(module):
    """Types by name."""
    types = {}
    for definitions in (module.PEDefinitions, module.RSPDefinitions):
        for name in dir(definitions):
            if not name.startswith("_"):
                types[name.replace("_", "-")] = getattr(definitions, name)
    return types


def base128(number):
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))


def content(kind, value):
    """Content octets of a primitive value."""
    if kind == "BOOLEAN":
        return b"\xff" if value else b"\x00"
    if kind == "NULL":
        return b""
    if kind in ("INTEGER", "ENUMERATED"):
        return value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True)
    if kind == "BIT STRING":
        number, length = value
        unused = -length % 8
        return bytes([unused]) + (number << unused).to_bytes((length + 7) // 8, "big")
    if kind == "OBJECT IDENTIFIER":
        return base128(value[0] * 40 + value[1]) + b"".join(map(base128, value[2:]))
    if isinstance(value, str):
        return value.encode()
    return bytes(value)


def leaves(decoded, name=""):
    """Leaves of a decoded object in the order of the encoding: name and content octets."""
    kind, value = decoded.TYPE, decoded._val
    if kind in ("SEQUENCE", "SET"):
        for field in decoded._cont:
            if field in value and field in OPAQUE:
                yield field, None
            elif field in value:
                yield from inner(decoded._cont[field], value[field], field)
        return
    if kind == "CHOICE":
        yield from inner(decoded._cont[value[0]], value[1], value[0])
    elif kind in ("SEQUENCE OF", "SET OF"):
        for item in value:
            yield from inner(decoded._cont, item, name)
    else:
        yield name, content(kind, value)


def inner(component, value, name):
    component.set_val(value)
    yield from leaves(component, name)


def compare(types, message):
    """What differs, in a sentence; None if nothing does."""
    octets = bytes.fromhex(message["hex"])
    kind = types.get(message["type"])
    if kind is None:
        return "the module has no such type"
    try:
        kind.from_ber(octets)
    except Exception as error:  # the decoder raises its own and others'
        return f"the module does not decode it: {error!r}"
    # Encoding first: comparing leaves sets values in place.
    again = kind.to_der()
    if again != octets:
        return f"encoded again it is {again.hex()}"
    if message["tree"] is not None:
        wrong = wrong_names(message["tree"], kind)
        if wrong:
            return wrong
    if message["fields"] is None:
        return None
    theirs = [(name, value) for name, value in leaves(kind)]
    ours = [(name, None if name in OPAQUE else bytes.fromhex(value)) for name, value in message["fields"]]
    if len(theirs) != len(ours):
        return f"{len(ours)} leaves here, {len(theirs)} there:\n  {ours}\n  {theirs}"
    for (our_name, our_value), (their_name, their_value) in zip(ours, theirs):
        if our_value != their_value or (our_name and our_name != their_name):
            return f"{our_name} {our_value and our_value.hex()}, there {their_name} {their_value and their_value.hex()}"
    return None


def type_of(component):
    """The name of a component's type, if it has one."""
    reference = component._typeref
    return reference.called[-1] if reference is not None else None


def wrong_names(node, kind):
    """What name in a tree is not the module's at that place; None if all are."""
    found = wrong_code(node, kind)
    if found or node["name"] in OPAQUE:
        return found
    for child in node["children"]:
        component = component_of(child, kind)
        if component is None:
            return f"{child['name']!r} is no field of {node['type'] or node['name']}"
        shown, theirs = child["type"], type_of(component)
        if shown not in ("", "SEQUENCE OF", component.TYPE) and shown != theirs:
            return f"{child['name']} is of type {shown}, there {theirs}"
        found = wrong_names(child, component)
        if found:
            return found
    return None


def component_of(child, kind):
    """What a child is, by its name; by its place where it has none."""
    name = child["name"]
    if kind.TYPE in ("SEQUENCE OF", "SET OF"):
        element = kind._cont
        return dict(element._cont).get(name) if name and element.TYPE == "CHOICE" else element
    if kind.TYPE not in ("SEQUENCE", "SET", "CHOICE") or not name and kind.TYPE == "CHOICE":
        # Octets that hold a message, or a tag around a value.
        return kind
    if name in kind._cont:
        return kind._cont[name]
    # An alternative of a CHOICE without a tag of its own stands in the CHOICE's place.
    inner = [component for component in kind._cont.values() if component.TYPE == "CHOICE"]
    return next((component._cont[name] for component in inner if name in component._cont), None)


def wrong_code(node, kind):
    """What name of a number or of bits is not the module's."""
    named = dict(kind._cont or {}) if kind.TYPE in ("INTEGER", "BIT STRING") else {}
    # What has blanks is no name: what the number says, in words.
    number = re.fullmatch(r"(\d+) \(([^ ]+)\)", node["text"])
    if number and kind.TYPE == "INTEGER" and named.get(number[2]) != int(number[1]):
        return f"{node['name']} {node['text']}, there {kind._cont}"
    bits = re.fullmatch(r"bits \{(.*)\} \((.+)\)", node["text"])
    if bits and kind.TYPE == "BIT STRING":
        set_bits = {int(bit) for bit in bits[1].split(", ")}
        if not {named.get(name) for name in bits[2].split(", ")} <= set_bits:
            return f"{node['name']} {node['text']}, there {kind._cont}"
    return None


def compare_codes(types, codes):
    """What names of numbers and bits no component of that name has."""
    theirs = {}

    def collect(kind, seen):
        if id(kind) in seen:
            return
        seen.add(id(kind))
        if kind.TYPE in ("SEQUENCE", "SET", "CHOICE"):
            for name, component in kind._cont.items():
                if component.TYPE in ("INTEGER", "BIT STRING") and component._cont:
                    theirs.setdefault(name, []).append(dict(component._cont))
                collect(component, seen)
        elif kind.TYPE in ("SEQUENCE OF", "SET OF"):
            collect(kind._cont, seen)

    for kind in types.values():
        if hasattr(kind, "TYPE"):
            collect(kind, set())
    for field, names in codes.items():
        known = theirs.get(field.split(".")[-1], [])
        for name, number in names.items():
            if not any(named.get(name) == number for named in known):
                yield f"{field} {number} is {name} here, there {[{v: k for k, v in n.items()}.get(number) for n in known]}"


def main():
    types = named_types(load_module())
    counts, wrong = Counter(), 0
    for line in sys.stdin:
        message = json.loads(line)
        if "codes" in message:
            for difference in compare_codes(types, message["codes"]):
                wrong += 1
                print(difference)
            continue
        counts[message["type"]] += 1
        difference = compare(types, message)
        if difference:
            wrong += 1
            print(f"{message['type']} {message['hex'][:200]}: {difference}")
    print(f"{sum(counts.values())} messages of {len(counts)} types compared, {wrong} differ")
    print(" ".join(sorted(counts)))
    sys.exit(1 if wrong else 0)


main()
