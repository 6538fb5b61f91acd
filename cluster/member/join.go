package member

import (
	"log/slog"
	"strings"

	"concierge/cluster"
)

// joiner puts the two prefixes of a service together, and decodes of each what
// was written since it did so last. It is owned by one goroutine at a time.
type joiner struct {
	inst cluster.Memo[*Peer]   // nil: it cannot be read
	stat cluster.Memo[*Status] // nil: it cannot be read
}

// join returns those who are there. What cannot be read is left out, and said
// once: one bad record hides one instance.
func (j *joiner) join(service string, inst, stat cluster.View, log *slog.Logger) []Peer {
	said := j.stat.Read(stat, func(e cluster.Entry) *Status {
		s, err := parseStatus(e)
		if err != nil {
			log.Warn("a record is left out", "error", err)
			return nil
		}
		return &s
	})
	there := j.inst.Read(inst, func(e cluster.Entry) *Peer {
		i, err := parseInstance(e)
		if err != nil {
			log.Warn("a record is left out", "error", err)
			return nil
		}
		return &Peer{Instance: i, Announced: e.Version}
	})
	peers := make([]Peer, 0, len(there))
	for n, p := range there {
		if p == nil {
			continue
		}
		peer := *p
		at := key("stat", service) + strings.TrimPrefix(inst.Entries[n].Key, key("inst", service))
		if of, found := stat.Find(at); found {
			peer.Status, peer.Reported = said[of].by(peer.Instance), stat.Entries[of].Version
		}
		peers = append(peers, peer)
	}
	return peers
}

// by is the status of this life, not what an earlier one left.
func (s *Status) by(of Instance) *Status {
	if s == nil || s.Incarnation != of.Incarnation {
		return nil
	}
	return s
}
