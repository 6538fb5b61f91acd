package storm

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// killer kills concierge amid changes.
type killer struct {
	*changer
	// good versions that may be in place when the last one written is bad: the
	// one that was found healthy last, and those that were written since.
	fallbacks []version
	last      version // written last
	born      int     // place in the log when concierge was started last
}

// killed kills concierge so many times, and looks after each restart whether
// all is whole.
func (c *changer) killed(kills int, moment func(*killer, int)) killFigures {
	c.t.Helper()
	k := &killer{changer: c, last: c.good, fallbacks: []version{c.good}}
	var f killFigures
	for n := range kills {
		moment(k, n)
		c.instance.kill()
		k.prove()
		if c.setup.onDisk() == 0 {
			f.torn++
		}
		began := time.Now()
		k.born = c.instance.log.mark()
		c.instance.start()
		f.settled = append(f.settled, k.settle().Sub(began))
		if !k.last.good() {
			f.bad++
		}
		if !k.instance.own {
			time.Sleep(k.last.flaw.deaf)
		}
		f.kills++
	}
	return f
}

// prove forgets what was before the version that concierge had in place during
// its life, if it lived long enough to find that healthy: it says so only then.
func (k *killer) prove() {
	if k.instance.log.since(k.born, sayApplied) > 0 {
		k.fallbacks = k.fallbacks[slices.IndexFunc(k.fallbacks, func(v version) bool { return v.n == k.good.n }):]
	}
}

// anyMoment makes one change or two and returns at a random moment of them.
func anyMoment(k *killer, _ int) {
	k.makeChange()
	k.pause(k.setup.window * 14 / 10)
	if k.last.flaw.deaf == 0 && k.random.IntN(2) == 0 {
		k.makeChange()
		k.pause(k.setup.window * 14 / 10)
	}
}

// randomMoments are any moment, and every fourth time one amid a commit, which
// is too short to be met by chance.
func randomMoments(k *killer, n int) {
	if n%4 != 3 {
		anyMoment(k, n)
		return
	}
	first := filepath.Join(k.setup.dir, k.setup.software.files[0].name)
	before, err := os.Stat(first)
	k.put(flaw{})
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); { // without a pause
		if now, _ := os.Stat(first); err != nil || now == nil || !os.SameFile(before, now) {
			return
		}
	}
}

// onceCommitted makes a good change and returns as soon as its files are in
// place, while the server outside is not told yet; every other time it returns
// at any moment.
func onceCommitted(k *killer, n int) {
	if n%2 == 1 {
		anyMoment(k, n)
		return
	}
	k.put(flaw{})
	if !until(longest, func() bool { return k.setup.onDisk() == k.last.n }) {
		k.t.Fatalf("version %d never came", k.last.n)
	}
}

// makeChange writes a version, which may be good or not.
func (k *killer) makeChange() {
	k.t.Helper()
	software, f := k.setup.software, flaw{}
	switch k.random.IntN(10) {
	case 0, 1:
		f = software.refused[k.random.IntN(len(software.refused))]
	case 2, 3, 4:
		f = software.unhealthy[k.random.IntN(len(software.unhealthy))]
	}
	k.put(f)
}

func (k *killer) put(f flaw) {
	k.t.Helper()
	k.last = k.next(f)
	k.write(k.last)
	if f.name == "" {
		k.fallbacks = append(k.fallbacks, k.last)
	}
}

// settle waits until concierge, which was started again, has done what there
// was to do, and checks that a whole good version is in place and served: the
// newest one if that is good. It returns when it came to that.
func (k *killer) settle() time.Time {
	k.t.Helper()
	allowed := k.fallbacks
	if k.last.good() {
		allowed = []version{k.last}
	} else {
		k.instance.log.await(k.t, k.born, sayRefused, sayNotPut, sayUndone, sayKnownBad)
	}
	found := 0
	whole := func() bool {
		i := slices.IndexFunc(allowed, func(v version) bool { return k.setup.onDisk() == v.n && k.setup.served() == v.n })
		found = max(i, 0)
		return i >= 0
	}
	if !until(longest, whole) {
		k.t.Fatalf("version %d (%s) was written last, good ones are %v: %d is on disk, %d is served",
			k.last.n, k.last.flaw.name, numbers(allowed), k.setup.onDisk(), k.setup.served())
	}
	at := time.Now()
	k.good = allowed[found]
	time.Sleep(overlap)
	k.holds(flaw{name: "a kill amid " + k.last.flaw.name})
	return at
}

func numbers(versions []version) (all []int) {
	for _, v := range versions {
		all = append(all, v.n)
	}
	return all
}
