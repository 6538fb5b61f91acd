package board

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestEventsHaveNumbersWithoutGaps(t *testing.T) {
	b := New(nil, nil)
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for range 50 {
				b.Record(Job, fmt.Sprint(n), "started", "")
			}
		})
	}
	all.Wait()
	events, _ := b.Since(0)
	for i, e := range events {
		if e.Seq != uint64(i+1) || i > 0 && e.At.Before(events[i-1].At) {
			t.Fatalf("event %d is %+v", i, e)
		}
	}
	if len(events) != 200 {
		t.Errorf("%d events", len(events))
	}
	if some, _ := b.Since(190); len(some) != 10 || some[0].Seq != 191 {
		t.Errorf("since 190: %+v", some)
	}
}

func TestTheLastEventsAreKeptAndAllAreCounted(t *testing.T) {
	b := New(nil, nil)
	for n := range 3 * kept {
		b.Record(Set, "app", fmt.Sprint("what", n%3), "")
	}
	events, _ := b.Since(0)
	if len(events) != kept || events[0].Seq != 2*kept+1 {
		t.Errorf("%d events from %d", len(events), events[0].Seq)
	}
	counts := b.Counts()
	if len(counts) != 3 || counts[Counter{Set, "app", "what0"}] != kept {
		t.Errorf("counts %v", counts)
	}
	counts[Counter{Set, "app", "what0"}] = 0
	if b.Counts()[Counter{Set, "app", "what0"}] != kept {
		t.Error("the caller's table is the board's")
	}
}

func TestWhoWaitsHearsOfTheNextEvent(t *testing.T) {
	b := New(nil, nil)
	events, more := b.Since(0)
	if len(events) != 0 {
		t.Errorf("events %v", events)
	}
	go b.Record(Instance, "concierge", "reloaded", "")
	<-more
	events, more = b.Since(0)
	if len(events) != 1 {
		t.Errorf("events %v", events)
	}
	select {
	case <-more:
		t.Error("there is no other event")
	default:
	}
	if events, _ = b.Since(1 << 60); len(events) != 0 {
		t.Errorf("from the future: %v", events)
	}
}

func TestDetailsAreRedacted(t *testing.T) {
	b := New(func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }, nil)
	b.Record(Job, "app", "failed", "password hunter2 is wrong")
	if events, _ := b.Since(0); events[0].Detail != "password *** is wrong" {
		t.Errorf("event %+v", events[0])
	}
}

func TestWithoutABoardNothingIsKept(t *testing.T) {
	var b *Board
	b.Record(Job, "app", "started", "")
	if events, more := b.Since(0); events != nil || more != nil || len(b.Counts()) != 0 {
		t.Error("something was kept")
	}
}
