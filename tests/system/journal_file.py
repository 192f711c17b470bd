"""The journal as anybody can read it who has authd/store/journal.h at hand: an independent reader of its records, and
the tree of RFC 6962 over them, with hashlib alone."""

import hashlib
import struct

REQUEST, DELIVERY, OFFICER, CHECKPOINT, EVENT = range(1, 6)
HEADER_BYTES, CHECK_BYTES = 4096, 8
FIXED = struct.Struct(">IQqHH")


class Record:
    def __init__(self, segment, offset, whole):
        self.segment, self.offset, self.whole = segment, offset, whole
        _, self.sequence, self.wall_ms, self.kind, self.place = FIXED.unpack_from(whole)
        self.payload = whole[FIXED.size:-CHECK_BYTES]
        self.leaf = hashlib.sha256(b"\0" + whole[:-CHECK_BYTES]).digest()


def records(folder):
    """All whole records, in order; stops at the first that is none."""
    found = []
    for segment in sorted(folder.glob("*.journal")):
        data = segment.read_bytes()
        at = HEADER_BYTES
        while at + FIXED.size + CHECK_BYTES <= len(data):
            length, = struct.unpack_from(">I", data, at)
            if length < FIXED.size + CHECK_BYTES or at + length > len(data):
                break
            record = Record(segment, at, data[at:at + length])
            if record.sequence != len(found) + 1 or record.leaf[:CHECK_BYTES] != record.whole[-CHECK_BYTES:]:
                break
            found.append(record)
            at += length
    return found


def note(checkpoint):
    """The fields of a checkpoint's signed note, by name."""
    text, _ = checkpoint.payload[:-1].rsplit(b"\n", 1)
    return dict(line.split(" ", 1) for line in text.decode().split("\n")[1:])


def tree_size(checkpoint):
    return int(note(checkpoint)["tree-size"])


def root(leaves):
    """RFC 6962 §2.1."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()
