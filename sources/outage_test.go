package sources_test

import (
	"testing"
	"testing/synctest"
	"time"

	"concierge/sources"
)

func TestOutageBeginsOnceAndEndsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o sources.Outage
		now := func() time.Time { time.Sleep(time.Second); return time.Now() }
		if o.Ends(now()) {
			t.Error("an answer ends an outage that there is not")
		}
		early := now()
		if !o.Begins(now()) || o.Begins(now()) || !o.On() {
			t.Error("two failures do not begin one outage")
		}
		if o.Ends(early) {
			t.Error("a request from before the outage ends it")
		}
		during := now()
		if !o.Ends(now()) || o.Ends(now()) || o.On() {
			t.Error("two answers do not end one outage")
		}
		if o.Begins(during) {
			t.Error("a request from before the return begins another outage")
		}
		if !o.Begins(now()) {
			t.Error("a second outage does not begin")
		}
	})
}
