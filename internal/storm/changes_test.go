package storm

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// changer makes changes and looks what becomes of them.
type changer struct {
	t        *testing.T
	setup    setup
	instance *instance
	random   *rand.Rand
	n        int     // number of the version that was written last
	good     version // that is to be in place
	goodMark int     // place in the log when that was first served
	twin     *twin   // nil: none
	figures  figures
	bad      []span // when bad versions were about
}

// newChanger starts concierge on a setup whose store has a good version, and
// returns when that is served.
func newChanger(t *testing.T, s setup, binary string, random *rand.Rand) *changer {
	t.Helper()
	c := &changer{t: t, setup: s, random: random, n: 1, good: s.good(1)}
	c.write(c.good)
	c.instance = launch(t, s, binary)
	s.await(t, 1)
	return c
}

// write puts a version into the store.
func (c *changer) write(v version) {
	c.t.Helper()
	if err := c.setup.store.put(v.keys); err != nil {
		c.t.Fatal(err)
	}
}

// next returns the next version with that flaw.
func (c *changer) next(f flaw) version {
	c.n++
	return c.setup.version(c.n, f)
}

// pause waits a random time.
func (c *changer) pause(most time.Duration) { time.Sleep(time.Duration(c.random.Int64N(int64(most)))) }

// change makes a good change. The one before may still be watched.
func (c *changer) change() {
	c.t.Helper()
	c.pause(c.setup.window * 12 / 10)
	c.good = c.next(flaw{})
	began := time.Now()
	c.write(c.good)
	c.reloadTwin()
	c.setup.await(c.t, c.good.n)
	c.figures.applied = append(c.figures.applied, time.Since(began))
	c.goodMark = c.instance.log.mark() // the one before is not watched any more
}

// reloadTwin does by hand what concierge is about to do.
func (c *changer) reloadTwin() {
	if c.twin != nil {
		c.twin.change(c.t, c.twin.good(c.n))
		c.figures.reloads++
	}
}

// refuse makes a change that the check does not let through.
func (c *changer) refuse(f flaw) {
	c.t.Helper()
	mark, began := c.instance.log.mark(), time.Now()
	c.write(c.next(f))
	c.instance.log.await(c.t, mark, sayRefused)
	c.figures.refused = append(c.figures.refused, time.Since(began))
	c.holds(f)
}

// overlap is how long a server that was reloaded may go on to answer as before:
// nginx lets its old workers go on for 100 ms beside the new ones.
const overlap = 300 * time.Millisecond

// undo makes a change that is only seen to be bad once it is made. It waits
// until nothing else is watched, so that the time is its own.
func (c *changer) undo(f flaw) {
	c.t.Helper()
	c.instance.log.await(c.t, c.goodMark, sayApplied)
	v, mark, began := c.next(f), c.instance.log.mark(), time.Now()
	c.write(v)
	c.reloadTwin()
	if !until(longest, func() bool { return c.setup.onDisk() == v.n }) {
		c.t.Fatalf("%s: version %d was never tried", f.name, v.n)
	}
	if !until(longest, func() bool { return c.setup.onDisk() == c.good.n && c.setup.served() == c.good.n }) {
		c.t.Fatalf("%s: version %d did not come back: %d is on disk, %d is served", f.name, c.good.n, c.setup.onDisk(), c.setup.served())
	}
	back := time.Now()
	c.reloadTwin()
	c.bad = append(c.bad, span{began, back.Add(overlap)})
	c.instance.log.await(c.t, mark, sayUndone)
	if c.instance.log.since(mark, sayToldAgain) > 0 {
		c.figures.toldAgain = append(c.figures.toldAgain, back.Sub(began))
	} else {
		c.figures.undone = append(c.figures.undone, back.Sub(began))
	}
	c.holds(f)
	time.Sleep(f.deaf)
}

// holds checks that the last good version is in place to the byte, and served.
func (c *changer) holds(f flaw) {
	c.t.Helper()
	if text := c.setup.differs(c.good); text != "" {
		c.t.Fatalf("after %q: %s", f.name, text)
	}
	if n := c.setup.served(); n != c.good.n {
		c.t.Fatalf("after %q: version %d is served, want %d", f.name, n, c.good.n)
	}
}

// step is one change of a run.
type step func()

// script is a run in a random order that begins with a good change and ends
// with a bad one.
func (c *changer) script(p plan) []step {
	var bad []step
	software := c.setup.software
	for n := range p.refused {
		bad = append(bad, func() { c.refuse(software.refused[n%len(software.refused)]) })
	}
	for n := range p.unhealthy {
		bad = append(bad, func() { c.undo(software.unhealthy[n%len(software.unhealthy)]) })
	}
	shuffle := func(s []step) { c.random.Shuffle(len(s), func(a, b int) { s[a], s[b] = s[b], s[a] }) }
	shuffle(bad)
	last := bad[len(bad)-1]
	steps := bad[: len(bad)-1 : len(bad)-1]
	for range p.changes - p.refused - p.unhealthy - 1 {
		steps = append(steps, c.change)
	}
	shuffle(steps)
	return slices.Concat([]step{c.change}, steps, []step{last})
}

// underLoad runs a whole script beside a twin, both under load.
func (c *changer) underLoad(p plan) figures {
	c.t.Helper()
	began, twin := time.Now(), newSite(c.t, c.setup.software)
	c.twin = outside(c.t, twin, twin.good(1))
	own, plain := begin(c.t, c.setup.site, p), begin(c.t, twin, p)
	for _, do := range c.script(p) {
		do()
	}
	c.figures.ours, c.figures.plain, c.figures.bad, c.figures.took = own.end(), plain.end(), c.bad, time.Since(began)
	c.twin = nil
	return c.figures
}
