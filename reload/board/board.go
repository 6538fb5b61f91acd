// Package board keeps what happened: events in order, and how often each
// happened. Those who look after things record, others read: status pages,
// metrics, the membership of a cluster.
package board

import (
	"sync"
	"time"
)

// kept is how many events are kept.
const kept = 256

// The kinds of things that events are about.
const (
	Job      = "job"
	Set      = "set"
	Instance = "instance"
)

// Event is something that happened to a thing.
type Event struct {
	Seq    uint64    `json:"seq"` // from 1, without gaps
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"` // of the thing: job, set or instance
	Name   string    `json:"name"` // of the thing
	What   string    `json:"what"` // in one or two words: started, rolled back, …
	Detail string    `json:"detail,omitempty"`
}

// Counter is what is counted: every event of one kind, name and what.
type Counter struct{ Kind, Name, What string }

// Board has the last 256 events. Its methods may be called concurrently, and on
// nil, where nothing is kept.
type Board struct {
	mu      sync.Mutex
	seq     uint64
	events  []Event
	counts  map[Counter]uint64
	changed chan struct{} // closed with the next event
	redact  func(string) string
	show    func(Event)
}

// New returns an empty board. Details pass through redact; nil changes nothing.
// Every event is shown to show, in order and before Record returns, unless that
// is nil.
func New(redact func(string) string, show func(Event)) *Board {
	if redact == nil {
		redact = func(text string) string { return text }
	}
	return &Board{counts: make(map[Counter]uint64), changed: make(chan struct{}), redact: redact, show: show}
}

// Record notes an event.
func (b *Board) Record(kind, name, what, detail string) {
	if b == nil {
		return
	}
	detail = b.redact(detail)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	e := Event{Seq: b.seq, At: time.Now(), Kind: kind, Name: name, What: what, Detail: detail}
	if len(b.events) == kept {
		b.events = append(b.events[:0:0], b.events[1:]...)
	}
	b.events = append(b.events, e)
	b.counts[Counter{kind, name, what}]++
	close(b.changed)
	b.changed = make(chan struct{})
	if b.show != nil {
		b.show(e)
	}
}

// Since returns the events after the one with that number, as far as they are
// still kept, and a channel that is closed when there is another one.
func (b *Board) Since(seq uint64) ([]Event, <-chan struct{}) {
	if b == nil {
		return nil, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, e := range b.events {
		if e.Seq > seq {
			return append([]Event(nil), b.events[i:]...), b.changed
		}
	}
	return nil, b.changed
}

// Counts returns how often each thing happened.
func (b *Board) Counts() map[Counter]uint64 {
	all := make(map[Counter]uint64)
	if b == nil {
		return all
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for c, n := range b.counts {
		all[c] = n
	}
	return all
}
