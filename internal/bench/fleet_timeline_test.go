package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// sampleEvery is how often the requests that a server has counted are read.
const sampleEvery = 250 * time.Millisecond

// sample is how many requests a server had counted at a time.
type sample struct {
	at       time.Time
	requests int64
}

// timeline is the samples of one life of a server, oldest first.
type timeline []sample

// recorder samples a server until it is stopped.
type recorder struct {
	cancel    context.CancelFunc
	recording sync.WaitGroup
	line      timeline     // of the recording goroutine until that has ended
	taken     atomic.Int64 // samples so far
}

// record starts a recorder. A server that does not answer yet is asked again.
func (b backend) record(ctx context.Context) *recorder {
	ctx, cancel := context.WithCancel(ctx)
	r := &recorder{cancel: cancel}
	r.recording.Go(func() {
		for pause(ctx, sampleEvery) == nil {
			if t, err := b.read(ctx); err == nil {
				r.line = append(r.line, sample{time.Now(), t.requests})
				r.taken.Add(1)
			}
		}
	})
	return r
}

// stop ends the recording and returns it.
func (r *recorder) stop() timeline {
	r.cancel()
	r.recording.Wait()
	return r.line
}

// busiest returns the most requests that came within one second (and up to
// sampleEvery more, since there is no closer look).
func (l timeline) busiest() (most int64) {
	for _, s := range l {
		most = max(most, s.requests-l.by(s.at.Add(-time.Second)))
	}
	return most
}

// by returns how many requests had come by a time.
func (l timeline) by(t time.Time) (requests int64) {
	for _, s := range l {
		if s.at.After(t) {
			break
		}
		requests = s.requests
	}
	return requests
}

// perSecond returns how many requests came in each whole second from a time on.
func (l timeline) perSecond(begin time.Time) (counts []int64) {
	if len(l) == 0 {
		return nil
	}
	end := l[len(l)-1].at
	for t := begin; !t.Add(time.Second).After(end); t = t.Add(time.Second) {
		counts = append(counts, l.by(t.Add(time.Second))-l.by(t))
	}
	return counts
}
