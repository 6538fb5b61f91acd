package sources

import "time"

// Outage makes one story of what many requests to one store tell: it begins
// once and ends once, however many of them fail and succeed. The zero value
// means that the store is there. It is owned by one goroutine.
//
// What a request tells counts only if the request began after the last turn.
// When a server restarts, some requests notice late, and an answer that was
// under way when it stopped proves nothing.
type Outage struct {
	on   bool
	turn time.Time
}

// On reports whether the store is away.
func (o *Outage) On() bool { return o.on }

// Begins takes note of a failure of a request that began at since, and reports
// whether it begins an outage.
func (o *Outage) Begins(since time.Time) bool { return o.switchTo(true, since) }

// Ends takes note of an answer to a request that began at since, and reports
// whether it ends an outage.
func (o *Outage) Ends(since time.Time) bool { return o.switchTo(false, since) }

func (o *Outage) switchTo(on bool, since time.Time) bool {
	if o.on == on || since.Before(o.turn) {
		return false
	}
	o.on, o.turn = on, time.Now()
	return true
}
