package rollout

import (
	"fmt"
	"strconv"
	"strings"
)

// What decides about a set is below one prefix, roll/<set>/, so that it is read
// and watched as of one revision: the record, the last good release, the holds
// and the slots. The acknowledgements, one per instance, are apart: only the
// leader reads all of them, and a fleet of n instances would else be told n*n.

// Prefix is what an instance reads and watches of a set.
func Prefix(set string) string { return "roll/" + Escape(set) + "/" }

// AckPrefix is what the leader reads and watches besides.
func AckPrefix(set string) string { return "ack/" + Escape(set) + "/" }

// EventPrefix is where the audit trail of a set is.
func EventPrefix(set string) string { return "evt/" + Escape(set) + "/" }

func recordKey(set string) string { return Prefix(set) + "record" }

func goodKey(set string) string { return Prefix(set) + "good" }

func troubleKey(set string) string { return Prefix(set) + "trouble" }

func holdKey(set, id string) string {
	if id == "" {
		return Prefix(set) + "hold"
	}
	return Prefix(set) + "hold/" + Escape(id)
}

func slotKey(set, domain string, n int) string {
	return Prefix(set) + "slot/" + Escape(domain) + "/" + strconv.Itoa(n)
}

func ackKey(set, id string) string { return AckPrefix(set) + Escape(id) }

// eventKey has the epoch for a name: each write of the record raises it, so the
// trail is in order, has no two entries of one name, and the entry that falls
// out of it is known without a look.
func eventKey(set string, epoch uint64) string {
	return EventPrefix(set) + fmt.Sprintf("%020d", epoch)
}

func releasePrefix(set string) string { return "rel/" + Escape(set) + "/" }

func manifestKey(set, id string) string { return releasePrefix(set) + Escape(id) }

func partKey(set, id string, n int) string {
	return fmt.Sprintf("%s/%04d", manifestKey(set, id), n)
}

// Escape makes a name one part of a key: letters, digits, '-', '_' and '.' stay
// (a '.' at the beginning does not, because "." and ".." mean something on the
// way to a store), everything else becomes %XX; the empty name is "%".
func Escape(name string) string {
	if name == "" {
		return "%"
	}
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; plain(c) && (c != '.' || i > 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.", c) >= 0
}

// Unescape undoes [Escape]; ok is false for what Escape never writes.
func Unescape(part string) (name string, ok bool) {
	if part == "%" {
		return "", true
	}
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		if part[i] != '%' {
			b.WriteByte(part[i])
			continue
		}
		if i+3 > len(part) {
			return "", false
		}
		c, err := strconv.ParseUint(part[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String(), Escape(b.String()) == part
}
