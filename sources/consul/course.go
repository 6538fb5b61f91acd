package consul

import (
	"context"
	"math/rand/v2"
	"time"

	"concierge/sources"
)

// course is how far a poll has come. It belongs to the goroutine of the poll.
type course struct {
	source  *Source
	reading reader // the watcher knows the poll by its reader, which may be another one
	index   uint64 // Consul's, of last; 0 asks for an answer at once
	last    answer // nil while there is none
	fresh   bool   // the next answer is the first, or the first after a failure
	first   bool   // the next request that is held is the first of a row
	lost    bool   // Consul went away since the last answer
	retry   sources.Backoff
	pace    pace
}

func newCourse(p *poll, s *Source) *course {
	return &course{
		source: s, reading: p.first, index: p.seed.index, last: p.seed.last,
		fresh: p.seed.last == nil, first: true, retry: s.retry.Backoff(),
	}
}

// ask asks once, after a loss only if Consul is there: without a leader its
// servers keep a request for some seconds, and a fleet would be answered in step
// when there is one again.
func (c *course) ask(ctx context.Context, wait time.Duration) (answer, uint64, error) {
	if c.lost {
		if err := c.source.comeback.check(ctx, c.source.there); err != nil {
			return nil, 0, err
		}
	}
	return c.source.read(ctx, c.reading, c.index, hold(wait, c.first), c.last)
}

// advance takes an answer to a request that began at since.
func (c *course) advance(a answer, got uint64, since time.Time) {
	c.retry.Reset()
	c.source.comeback.answered(since)
	c.first = c.index == 0
	c.index, c.last, c.fresh, c.lost = nextIndex(c.index, got), a, false, false
}

// lose returns how long to wait after Consul went away while a request was held
// that began at since. The server may be another one then, or one whose data was
// reset below our index; it would hold the poll in vain.
func (c *course) lose(since time.Time) time.Duration {
	c.index, c.fresh, c.lost = 0, true, c.last != nil
	return c.source.comeback.after(since)
}

// fail returns how long to wait after a failure. The first one after an answer
// may be one that a whole fleet met, say when a leader went; if there is a leader
// and it fails again, that is a trouble of this poll alone. So is a refusal.
func (c *course) fail(r report) time.Duration {
	pause, alone := c.retry.Next(), refused(r.err) || c.fresh && r.led
	c.index, c.fresh = 0, true
	if alone {
		return pause
	}
	return max(pause, c.lose(r.since))
}

// hold draws how long Consul is asked to hold a request, within a twelfth of
// wait. The first one of a row is drawn from all of it: what a start or a return
// brought into step would otherwise come back together when the requests end.
func hold(wait time.Duration, first bool) time.Duration {
	if first {
		return wait/6 + rand.N(wait-wait/6+1)
	}
	return wait - rand.N(wait/12+1)
}
