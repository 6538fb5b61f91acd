package delivery

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"concierge/metrics"
)

// trace notes when a request got how far. The transport calls it concurrently,
// also when the request is over already.
type trace struct {
	began                      time.Time
	connected, sent, responded atomic.Int64 // nanoseconds since began; 0: not so far
}

// traced returns a context whose request is noted.
func traced(ctx context.Context) (context.Context, *trace) {
	t := &trace{began: time.Now()}
	note := func(at *atomic.Int64) { at.Store(max(1, int64(time.Since(t.began)))) }
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { note(&t.connected) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&t.sent) },
		GotFirstResponseByte: func() { note(&t.responded) },
	}), t
}

// stages is how long each step took. The one that was not finished has all the
// time until now.
func (t *trace) stages() metrics.Stages {
	var s metrics.Stages
	var before time.Duration
	for _, step := range []struct {
		end  *atomic.Int64
		took *time.Duration
	}{{&t.connected, &s.Connect}, {&t.sent, &s.Send}, {&t.responded, &s.Wait}} {
		at := time.Duration(step.end.Load())
		if at == 0 {
			*step.took = max(0, time.Since(t.began)-before)
			return s
		}
		*step.took = max(0, at-before)
		before = at
	}
	return s
}
