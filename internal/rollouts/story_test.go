package rollouts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// happening is one kind of what an instance does, or what is done to it.
type happening string

const (
	renamed   happening = "file is"     // to a value: what others see of a change
	admitted  happening = "has a slot"  // by its log
	over      happening = "change over" // by its log
	started   happening = "started"
	killed    happening = "killed"
	paused    happening = "paused"
	resumed   happening = "resumed"
	separated happening = "cut off"
	rejoined  happening = "joined"
	reloaded  happening = "reads its configuration again"
	reclaimed happening = "slot is gone" // by the store
)

// event is that something happened.
type event struct {
	at   time.Time
	what happening
	text string
}

// story is all that happened to one instance. Its methods may be called
// concurrently.
type story struct {
	name string

	mu     sync.Mutex
	events []event // guarded by mu; by when they were told, not by when they were
}

func (s *story) add(what happening, text string) { s.note(event{time.Now(), what, text}) }

func (s *story) note(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// told is the story in order.
func (s *story) told() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(s.events), func(a, b event) int { return a.at.Compare(b.at) })
}

// stories of a fleet.
type stories struct {
	mu  sync.Mutex
	all map[string]*story // guarded by mu; by name
}

func newStories() *stories { return &stories{all: make(map[string]*story)} }

func (s *stories) of(name string) *story {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[name] == nil {
		s.all[name] = &story{name: name}
	}
	return s.all[name]
}

func (s *stories) each() []*story {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*story
	for _, one := range s.all {
		all = append(all, one)
	}
	return slices.SortedFunc(slices.Values(all), func(a, b *story) int { return cmp.Compare(a.name, b.name) })
}

// String is all of them in one list, by time.
func (s *stories) String() string {
	type line struct {
		event
		name string
	}
	var lines []line
	for _, one := range s.each() {
		for _, e := range one.told() {
			lines = append(lines, line{e, one.name})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s %s %s\n", l.at.Format("04:05.000"), l.name, l.what, oneLine(l.text))
	}
	return b.String()
}
