package metrics

import (
	"context"
	"errors"
	"time"
)

// Collector reads one endpoint. Its methods are called by one goroutine.
type Collector interface {
	// Collect reads once and appends to samples. At an error what was appended
	// counts as not read. It ends with ctx; memory and time are bounded also
	// when the other side lies or never ends.
	Collect(ctx context.Context, samples []Sample) ([]Sample, error)
}

// Reading is what became of one reading of an endpoint.
type Reading struct {
	Samples int // 0 if it failed
	Bytes   int // of the answer, inflated; 0 where that is not known
	Took    time.Duration
	Err     error // why it failed
}

// Target delivers snapshots to one monitoring server or service. Its methods
// are called by one goroutine, which is not that of other targets.
type Target interface {
	// Push delivers everything in s, which nobody changes meanwhile. A receipt
	// comes with an error, too: it says how far it got. An error that wraps
	// [ErrTimeout] is told as -1, any other as 0.
	Push(ctx context.Context, s *Snapshot) (Receipt, error)
}

// Beater is a [Target] that can deliver a heartbeat, on a connection of its own.
type Beater interface {
	// Beat delivers a few samples at once, also while a Push hangs; it may be
	// called concurrently with it.
	Beat(ctx context.Context, s *Snapshot) (Receipt, error)
}

// Receipt is what became of the samples of one push.
type Receipt struct {
	Sent       int // left for the target
	Accepted   int // the target says so; equal to Sent where it says nothing
	Rejected   int // the target says so
	Filtered   int // not finite, or without a name that the target could take
	NotNumeric int // texts, for a target of numbers
	PlainBytes int // before compression
	WireBytes  int // that left
	// Server is the time that the server says it has spent; 0 if it says nothing.
	Server    time.Duration
	Failovers Failovers
	// Stages is where the time went, as far as the target knows.
	Stages Stages
	// Learning is how many of Rejected were expected: the server was still making
	// room for new metrics.
	Learning  int
	Announced Announcement
}

// Failovers counts the addresses that were tried in vain before another was.
type Failovers struct {
	Refused    int // no connection, or one that was closed without an answer
	TimedOut   int
	Redirected int
}

// Stages is how long the steps of a delivery took together.
type Stages struct {
	Connect time.Duration // until there was a connection, with TLS
	Send    time.Duration // until everything had left
	Wait    time.Duration // until the answer was there
}

// Add adds the time of another request of the same delivery.
func (s *Stages) Add(more Stages) {
	s.Connect += more.Connect
	s.Send += more.Send
	s.Wait += more.Wait
}

// Announcement is what a target that has to be told has been told of which
// metrics there are.
type Announcement struct {
	Entities int  // that are announced, with this push or before
	Sent     bool // with this push
	Taken    bool // and the target has taken it
}

// Learner is a [Target] whose server needs time for new metrics.
type Learner interface {
	// Learning returns when the server should know all metrics: before, rejected
	// values are expected; then, everything is worth a push out of turn. It is
	// zero when there is nothing to be learned. Not concurrently with Push.
	Learning() time.Time
}

// Closer is a [Target] that keeps connections.
type Closer interface {
	// Close lets go of them. Nothing else runs then or later.
	Close()
}

// Withdrawer is a [Target] that can take back what must not outlast the
// instance.
type Withdrawer interface {
	// Withdraw does so, within ctx. Neither Push nor Beat runs meanwhile.
	Withdraw(ctx context.Context) error
}

// ErrTimeout says that a target did not answer in time.
var ErrTimeout = errors.New("no answer in time")

// ErrTooBig says that an endpoint has more to say than it may.
var ErrTooBig = errors.New("it is too big")

// Elapsed is the verdict on a delivery as one number: its milliseconds, at least
// 1; 0 if it failed; -1 if there was no answer in time.
func Elapsed(took time.Duration, err error) int64 {
	switch {
	case errors.Is(err, ErrTimeout) || errors.Is(err, context.DeadlineExceeded):
		return -1
	case err != nil:
		return 0
	}
	return max(1, took.Milliseconds())
}
